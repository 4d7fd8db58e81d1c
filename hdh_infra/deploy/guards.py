"""What must hold before anything is deployed: verdicts met or waived, a lock that is up to date, nothing lost or wiped.

Pure checks over a plan, a lock and an exported state; no engine, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdh_infra.contracts.changing import CONTRACTS
from hdh_infra.deploy.held import as_planned
from hdh_infra.errors import RefusedError
from hdh_infra.graph.diff import Change, Effect, diff_nodes
from hdh_infra.graph.words import short
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.changes import judged

if TYPE_CHECKING:
    from hdh_infra.graph.plan import Plan


def refuse_blocked(plan: Plan) -> None:
    """Refuse a plan with a verdict that blocks. Raises `RefusedError` with all of them, each with its remedy."""
    blocking = [row for row in plan.verdicts if row.blocks]
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
    from hdh_infra.planning.lock import retired

    stays = {path for node in plan.nodes for path in (node.path, *node.aliases)}
    goes = [path for path in sorted(set(protected)) if path not in stays]
    words = {path: retired(platform, element_of(path)) for path in goes}
    lost = [path for path, word in words.items() if word is None]
    if lost:
        raise RefusedError(
            f"stack {stack}",
            f"it holds data that the spec no longer has: {', '.join(lost)}",
            "Put it back, or say under retire: {element, reason, data: keep|delete}; nothing was changed",
        )
    return {path: word for path, word in words.items() if word is not None}


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value)
