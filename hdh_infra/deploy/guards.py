"""What must hold before anything is deployed: verdicts met or waived, a lock that is up to date, nothing lost or wiped.

Pure checks over a plan, a lock and an exported state; no engine, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdh_infra.catalogue.load import site
from hdh_infra.contracts.changing import CONTRACTS
from hdh_infra.deploy.held import as_planned
from hdh_infra.deploy.world import sandbox_of
from hdh_infra.errors import RefusedError
from hdh_infra.graph.diff import Change, Effect, diff_nodes
from hdh_infra.graph.words import changed
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.changes import judged
from hdh_infra.planning.refusing import refuse_plan
from hdh_infra.planning.state_place import state_outside, state_unknown

if TYPE_CHECKING:
    from hdh_infra.graph.plan import Plan


def refuse_blocked(plan: Plan) -> None:
    """Refuse a plan with a verdict that nobody waived. Raises `RefusedError` with all of them, each with its remedy.

    One whose waiver has ended blocks changes to its element only (`hdh_infra.deploy.ended`).
    """
    refuse_plan(plan)
    blocking = [row for row in plan.verdicts if row.blocks and not row.ended]
    if not blocking:
        return
    alike: dict[tuple[str, str], list[str]] = {}
    for row in blocking:
        values = (
            "" if row.requirement.startswith("flow.") else f": asked {_words(row.asked)}, given {_words(row.given)}"
        )
        remedy = row.remedy or "Change the spec, or waive it with a reason."
        head = f"  {row.requirement} ({row.verdict}){values}"
        alike.setdefault((head, f"    {row.reason.rstrip('.')}. {remedy}"), []).append(row.element)
    lines = [f"{head}\n    for {', '.join(elements)}\n{why}" for (head, why), elements in alike.items()]
    count = "1 requirement is" if len(blocking) == 1 else f"{len(blocking)} requirements are"
    raise RefusedError(
        f"{plan.platform} on {plan.target}",
        f"{count} not met and not waived:\n" + "\n".join(lines) + "\nNothing was changed",
        "Do what each line says, or accept it in the spec: waivers: [{requirement, element, target, accept, reason, until}]",
    )


def read_current_lock(platform: Platform, target: Target, lock: Lock | Path | None) -> Lock:
    """The lock to deploy with.

    Raises:
        RefusedError: there is none, it is not up to date for the target, or a data holder of it is missing from the spec.
        SpecError: it is damaged.
    """
    from hdh_infra.planning.lock import update_lock
    from hdh_infra.planning.lock_file import lock_file, lock_status, read_lock

    file = lock if isinstance(lock, Path) else lock_file(platform.source) if lock is None and platform.source else None
    found = read_lock(file) if file is not None else lock if isinstance(lock, Lock) else None
    stale = lock_status(found, update_lock(found, platform, [target]))
    if found is None or stale:
        what = "there is no lock" if found is None else f"the lock is not up to date for {target}: {', '.join(stale)}"
        spec = platform.source or "SPEC"
        raise RefusedError(
            str(file or f"platform {platform.name}"), what, f"Run `hdh lock {spec} --on {target}`; nothing was changed"
        )
    return found


def check_state_place(
    platform: Platform, target: Target, backend: str, secrets: str, environment: Mapping[str, str]
) -> list[str]:
    """Refuse a state that would lie outside the residency, or nobody knows where.

    Args:
        platform: the spec, for its residency and what it declares.
        target: which is deployed.
        backend: URL of the backend.
        secrets: `passphrase`, or the URL of a key service.
        environment: the variables that the operation runs with, for endpoints and regions that a URL leaves to them.

    Returns:
        What is not known and does not block, for a person to read.

    Raises:
        RefusedError: a place is known and outside, or that of a backend is not known. It can never be waived.
    """
    if sandbox_of(environment) is not None:
        return []
    place = site(target, platform)
    outside = [what for _, what in state_outside(platform, place, backend, secrets, environment)]
    unknown = list(state_unknown(place, backend, secrets, environment))
    outside += [what for blocks, what in unknown if blocks]
    if outside:
        raise RefusedError(
            f"{platform.name} on {target}",
            f"the state would hold the topology of the platform outside of where its data may lie, or nobody knows where: {'; '.join(outside)}",
            f'Name a backend there, targets: {{"{target}": {{state: {{backend: ...}}}}}}; where its URL does not tell, declare state.country '
            "beside it; nothing was changed",
        )
    return [what for blocks, what in unknown if not blocks]


def check_nothing_lost(plan: Plan, platform: Platform, protected: Iterable[str], stack: str) -> Mapping[str, str]:
    """Refuse a plan without a data holder that the state protects.

    Args:
        plan: what is to be.
        platform: its spec, for what was retired.
        protected: paths that the state protects.
        stack: its name, for the message.

    Returns:
        The protected paths that go, with the word for each: `keep` or `delete`.

    Raises:
        RefusedError: one is neither in the plan nor retired.
    """
    stays = {path for node in plan.nodes for path in (node.path, *node.aliases)}
    gone = [Change(path, "", Effect.remove, holds_data=True) for path in sorted(set(protected)) if path not in stays]
    found = list(judged(gone, platform, {node.element for node in plan.nodes}))
    lost = [one.change.path for one in found if one.refused]
    if lost:
        raise RefusedError(
            f"stack {stack}",
            f"it holds data that the spec no longer has: {', '.join(lost)}",
            "Put it back, or say under retire: {element, reason, data: keep|delete}; where its element stays with fewer "
            "of them, under replace: {element, reason}; nothing was changed",
        )
    return {one.change.path: str(one.word) for one in found}


def changes_of(plan: Plan, deployment: Mapping[str, Any]) -> tuple[Change, ...]:
    """What a plan changes in an exported state, as far as the state tells; before the engine says it."""
    return diff_nodes(as_planned(deployment, plan), plan.nodes, CONTRACTS)


def done_in_vain(changes: Iterable[Change]) -> list[str]:
    """A line for each property that is changed and that the cloud accepts and does not carry out."""
    return [
        f"{change.path}: {one.path} stays as it was: {one.why}"
        for change in changes
        for one in change.properties
        if one.effect is Effect.ignored and not one.by_option
    ]


def check_nothing_replaced(changes: Iterable[Change], platform: Platform, stack: str) -> Mapping[str, Effect]:
    """Refuse a plan that would replace or wipe a data holder of the state; some of it the engine shows as an update.

    Args:
        changes: what the plan changes in the state.
        platform: its spec, for what it says under `replace`.
        stack: its name, for the message.

    Returns:
        The data holders that the spec lets be made anew, and what is done to each; by their path, and by the one
        that they had.

    Raises:
        RefusedError: one is not named under `replace`.
    """
    # What the plan no longer has is judged by `check_nothing_lost`.
    stays = (one for one in changes if one.effect is not Effect.remove)
    found = [one for one in judged(stays, platform, ()) if one.endangers]
    refused = [one.change for one in found if one.refused]
    if refused:
        lines = [f"  {one.path} ({_DONE[one.effect]}): {'; '.join(_reasons(one))}" for one in refused]
        elements = ", ".join(dict.fromkeys(one.element for one in refused))
        raise RefusedError(
            f"stack {stack}",
            "it holds data that the plan would replace or wipe:\n" + "\n".join(lines) + "\nNothing was changed",
            f"Take the change back, or move the data elsewhere and say under replace: {{element, reason}} for {elements}",
        )
    return {path: one.change.effect for one in found for path in (one.change.was, one.change.path) if path}


def _reasons(change: Change) -> Iterator[str]:
    """Why a data holder is made anew, with old and new value where a property of its own differs."""
    values = {one.path: f": {changed(one.old, one.new)}" for one in change.properties if one.old != one.new}
    for reason in change.because:
        yield reason + values.get(reason, "")


_DONE: Mapping[Effect, str] = {
    Effect.replace: "replaced",
    Effect.maybe_replace: "may be replaced",
    Effect.wipe: "wiped, though the engine shows an update or nothing",
    Effect.unknown: "nobody knows what the change does",
}


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)
