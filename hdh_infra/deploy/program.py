"""`deploy`: a platform inside a Pulumi program, refused before anything is registered or registered whole.

The engine is not called from here: this runs in a program that the engine runs, under plain `pulumi up`
and in the tests of users alike.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from hdh_infra.deploy.ended import Ended
from hdh_infra.deploy.forms import SECRETS, secrets_of
from hdh_infra.deploy.foundation import Foundation, part_of_stack, stack_of
from hdh_infra.deploy.guards import check_state_place, read_current_lock, refuse_blocked
from hdh_infra.deploy.realising import Deployed, realise
from hdh_infra.deploy.world import check_backend
from hdh_infra.errors import HdhError, Problem, SpecError
from hdh_infra.graph.diff import Change, Effect
from hdh_infra.graph.parts import FOUNDATION, empty_part
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.model.words import nearest
from hdh_infra.planning.state_place import NO_KEY_SERVICE

if TYPE_CHECKING:
    from hdh_infra.graph.plan import Plan


def deploy(
    platform: Platform | str | Path,
    target: Target | str,
    *,
    lock: Lock | Path | None = None,
    today: datetime.date | None = None,
    part: str | None = None,
) -> Deployed:
    """Realise a platform on a target, inside a Pulumi program; or one part of it, where the lock's layout is `parts`.

    Args:
        platform: the spec, or the file that it stands in.
        target: where to, such as `openstack:RegionOne`.
        lock: the lock, or its file; without it the file beside the spec, if the platform came from one.
        today: the day that waivers are judged by; without it `hdh:today` of the stack's configuration, else the current day.
        part: `foundation` or `space/NAME`; without it `hdh:part` of the stack's configuration, else what the stack is called
            after (`ovhcloud-GRA.foundation`, `ovhcloud-GRA.space.darwin-eu`). A space reads the outputs of the stack that
            `hdh:foundation` names, else of the one that is called as its own is.

    Returns:
        The native resources and components that were registered.

    Raises:
        SpecError: the spec, the lock or the target is wrong.
        RefusedError: a verdict is not met and not waived, the lock is not up to date, a data holder would be lost,
            or the state belongs to another world. Nothing was registered. Where a waiver has ended, all is registered, and the
            engine is refused to make or change what it was for; under mocks there is no state, so that all would be made.
        WaitingError: a step that only a person can do is not proved. What does not wait for it was registered; the program
            must end with this error, or the engine would delete what waits and is there already.
    """
    try:
        plan, current, ended = plan_to_deploy(platform, target, lock=lock, today=today)
        if current.layout == "one" and not part:
            check_secrets(plan)
            deployed = realise(plan, ended=ended)
        else:
            deployed = _realised(plan, current, part, ended)
    except HdhError as error:
        raise clean(error) from None
    for line in plan.remarks:
        pulumi.log.warn(line)
    for one in deployed.open:
        pulumi.log.warn(f"not done yet by hand: {one.step.what}. Who: {one.step.who}. How: {one.step.command}")
    return deployed


def plan_to_deploy(
    platform: Platform | str | Path, target: Target | str, *, lock: Lock | Path | None, today: datetime.date | None
) -> tuple[Plan, Lock, Ended]:
    """The whole plan of what `deploy` realises, its lock, and what ended waivers hold fast; with everything checked that it checks.

    Raises as `deploy` does.
    """
    from hdh_infra.planning import load, make_plan

    where = _target(target)
    spec = platform if isinstance(platform, Platform) else load(platform, on=[str(where)])
    current = read_current_lock(spec, where, lock)
    plan = make_plan(spec, where, lock=current, today=today or _today())
    refuse_blocked(plan)
    ended = Ended.of(plan, spec)
    if isinstance(get_monitor(), MockMonitor):
        ended.refuse(
            (Change(node.path, node.type, Effect.make) for node in plan.nodes), f"{plan.platform} on {plan.target}"
        )
    backend = backend_of(os.environ.get("PULUMI_BACKEND_URL"))
    check_backend(os.environ, backend)
    if backend is not None:
        for what in check_state_place(spec, where, backend, NO_KEY_SERVICE, os.environ):
            pulumi.log.warn(what)
    return plan, current, ended


def _realised(plan: Plan, lock: Lock, said: str | None, ended: Ended) -> Deployed:
    """One part of a plan, or all of it where the lock has one stack. Raises `SpecError` where it is not clear which part it is."""
    config, stack = pulumi.Config(SECRETS), pulumi.get_stack()
    called = part_of_stack(stack)
    name = said or config.get("part") or (called[1] if called else None)
    if lock.layout == "one":
        raise _wrong(
            "hdh:part", f"is {name}, and the lock says that the platform is one stack (`hdh lock --layout parts`)"
        )
    if name is None:
        raise _wrong(
            "hdh:part",
            f"is not set, and the platform is in parts: call the stack {stack_of(stack, FOUNDATION)} or "
            f"{stack_of(stack, 'space/NAME')}, or say `pulumi config set hdh:part foundation`",
        )
    parts = {one.name: one for one in plan.parts()}
    # A space that is gone has its range in the lock; its stack is emptied by an `up` like any other change.
    if name not in parts and name not in lock.addresses:
        raise _wrong("hdh:part", f"is {name!r}, which the platform does not have; {nearest(name, parts)}")
    part = parts.get(name) or empty_part(plan, name)
    check_secrets(part.plan)
    if name == FOUNDATION:
        return realise(part.plan, exports=plan.interface(), ended=ended)
    foundation = config.get("foundation") or (stack_of(called[0], FOUNDATION) if called else None)
    if foundation is None:
        raise _wrong("hdh:foundation", f"is not set: the stack of the foundation, which {name} reads")
    return realise(part.plan, Foundation(foundation), ended=ended)


def _wrong(setting: str, what: str) -> SpecError:
    return SpecError([Problem("stack configuration", None, None, setting, what)])


def check_secrets(plan: Plan) -> None:
    """Every secret that a plan names is in the stack's configuration. Raises `SpecError` naming all that are not."""
    config = pulumi.Config(SECRETS)
    wanted = sorted(set().union(*(secrets_of(dict(node.properties)) for node in plan.nodes)))
    missing = [name for name in wanted if config.get_secret(name) is None]
    if missing:
        raise SpecError(
            [
                Problem(
                    "stack configuration",
                    None,
                    None,
                    f"{SECRETS}:{name}",
                    f"is not set: pulumi config set --secret {SECRETS}:{name}",
                )
                for name in missing
            ]
        )


def backend_of(variable: str | None) -> str | None:
    """The backend that a plain `pulumi` uses: the variable, else the project's, else the one that was logged in to."""
    if variable:
        return variable
    from ruamel.yaml import YAML

    try:
        project = YAML(typ="safe").load(Path(pulumi.get_root_directory(), "Pulumi.yaml").read_text(encoding="utf-8"))
        url = ((project or {}).get("backend") or {}).get("url")
    except (OSError, ValueError, AttributeError):
        url = None
    if url:
        return str(url)
    import json

    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        current = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
    except (OSError, ValueError, AttributeError):
        return None
    return str(current) if current else None


def _target(target: Target | str) -> Target:
    if isinstance(target, Target):
        return target
    try:
        return Target.parse(target)
    except ValueError as error:
        raise SpecError([Problem("target", None, None, "", str(error))]) from None


def _today() -> datetime.date:
    said = pulumi.Config(SECRETS).get("today")
    if said is None:
        return datetime.datetime.now(tz=datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(said)
    except ValueError:
        raise SpecError(
            [Problem("stack configuration", None, None, "hdh:today", f"{said!r} is no day: write it as 2026-11-23")]
        ) from None


def clean(error: HdhError) -> HdhError:
    """The same error, ending a program without a traceback: the engine prints its message only."""
    kind = type(error)
    both: type[HdhError] = type(
        kind.__name__, (kind, pulumi.RunError), {"__doc__": kind.__doc__, "__module__": kind.__module__}
    )
    made: HdhError = both.__new__(both, *error.args)
    made.__dict__.update(error.__dict__)
    made.args = error.args
    return made
