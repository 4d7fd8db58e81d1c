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

from hdh_infra.deploy.forms import SECRETS, secrets_of
from hdh_infra.deploy.guards import check_state_place, read_current_lock, refuse_blocked
from hdh_infra.deploy.realising import Deployed, realise
from hdh_infra.deploy.world import check_backend
from hdh_infra.errors import HdhError, Problem, SpecError
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.state_place import NO_KEY_SERVICE

if TYPE_CHECKING:
    from hdh_infra.graph.plan import Plan


def deploy(
    platform: Platform | str | Path,
    target: Target | str,
    *,
    lock: Lock | Path | None = None,
    today: datetime.date | None = None,
) -> Deployed:
    """Realise a platform on a target, inside a Pulumi program.

    Args:
        platform: the spec, or the file that it stands in.
        target: where to, such as `openstack:RegionOne`.
        lock: the lock, or its file; without it the file beside the spec, if the platform came from one.
        today: the day that waivers are judged by; without it `hdh:today` of the stack's configuration, else the current day.

    Returns:
        The native resources and components that were registered.

    Raises:
        SpecError: the spec, the lock or the target is wrong.
        RefusedError: a verdict is not met and not waived, the lock is not up to date, a data holder would be lost,
            or the state belongs to another world. Nothing was registered.
        WaitingError: a step that only a person can do is not proved. What does not wait for it was registered; the program
            must end with this error, or the engine would delete what waits and is there already.
    """
    try:
        deployed = realise(plan_to_deploy(platform, target, lock=lock, today=today))
    except HdhError as error:
        raise clean(error) from None
    for one in deployed.open:
        pulumi.log.warn(f"not done yet by hand: {one.step.what}. Who: {one.step.who}. How: {one.step.command}")
    return deployed


def plan_to_deploy(
    platform: Platform | str | Path, target: Target | str, *, lock: Lock | Path | None, today: datetime.date | None
) -> Plan:
    """The plan that `deploy` realises, with everything checked that it checks. Raises as `deploy` does."""
    from hdh_infra.planning import load, make_plan

    where = _target(target)
    spec = platform if isinstance(platform, Platform) else load(platform, on=[str(where)])
    current = read_current_lock(spec, where, lock)
    plan = make_plan(spec, where, lock=current, today=today or _today())
    refuse_blocked(plan)
    backend = backend_of(os.environ.get("PULUMI_BACKEND_URL"))
    check_backend(os.environ, backend)
    if backend is not None:
        for what in check_state_place(spec, where, backend, NO_KEY_SERVICE, os.environ):
            pulumi.log.warn(what)
    check_secrets(plan)
    return plan


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
