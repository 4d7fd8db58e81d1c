"""From the words of a call to a request of the engine: spec, target, lock, environment, engine.

It deliberately checks deployability before anything of the engine is looked for, so that a refusal is
quick and needs no engine.
"""

from __future__ import annotations

import datetime
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hdh_infra.cli.options import find_lock, read_spec, save_lock
from hdh_infra.cli.output import Waiting
from hdh_infra.errors import RefusedError

ON_PATH = "found on PATH"
"""The user's own engine, whose home and plugins stay as they are."""

if TYPE_CHECKING:
    from hdh_infra.deploy.operations import Request
    from hdh_infra.model.target import Target


def requests(
    spec: Path,
    on: list[str],
    *,
    stack: str,
    lock_file: Path | None,
    now: datetime.date,
    sandbox: bool,
    update_lock: bool,
    checked: bool,
    parallel: int | None = None,
) -> list[Request]:
    """One request a target.

    Raises:
        SpecError: the description or a target is wrong.
        RefusedError: the plan is not deployable, or the lock is not up to date.
        EngineError: there is no engine and none can be had.
    """
    from hdh_infra.catalogue.load import site
    from hdh_infra.deploy.guards import refuse_blocked
    from hdh_infra.deploy.operations import Request
    from hdh_infra.planning import make_plan
    from hdh_infra.planning.lock import update_lock as updated
    from hdh_infra.planning.lock_file import lock_status, new_salt
    from hdh_infra.planning.refusing import refuse_offer

    platform, chosen = read_spec(spec, on)
    for target in chosen:
        refuse_offer(site(target, platform))
    file, lock = find_lock(spec, lock_file)
    if update_lock:
        lock = updated(lock, platform, chosen, salt=new_salt())
        save_lock(lock, file)
    if checked:
        # Verdicts first: what answers them is a change of the spec, and the lock follows the spec.
        for target in chosen:
            refuse_blocked(make_plan(platform, target, lock=lock, today=now))
        stale = lock_status(lock, updated(lock, platform, chosen))
        if stale or lock is None:
            words = ["hdh", "lock", str(spec), *(word for target in chosen for word in ("--on", str(target)))]
            words += ["--lock", str(lock_file)] if lock_file else []
            raise RefusedError(
                str(file),
                "; ".join(stale),
                f"Nothing was changed. Bring it up to date with `{shlex.join(words)}`, or say --update-lock",
            )
    found = []
    for target in chosen:
        environment, command = _environment(target, sandbox=sandbox)
        found.append(
            Request(
                platform=platform,
                target=target,
                lock=lock,
                lock_file=file,
                stack=stack or target.stack,
                today=now,
                environment=environment,
                engine_command=command,
                work_dir=_work_dir(stack or target.stack, sandbox=sandbox),
                parallel=parallel,
            )
        )
    return found


def _work_dir(stack: str, *, sandbox: bool) -> Path | None:
    """The engine's working files of a sandbox stack lie in the sandbox, and go with it."""
    if not sandbox:
        return None
    from hdh_infra.sandbox.paths import sandbox_dir

    return sandbox_dir() / "work" / stack


def _environment(target: Target, *, sandbox: bool) -> tuple[dict[str, str], Path]:
    """The variables of a deployment, and the engine's command."""
    from hdh_infra.sandbox import engine

    with Waiting() as say:
        if sandbox:
            from hdh_infra.sandbox import box

            box.up([target], say)
            return {**box.stripped(os.environ), **box.environment(target, say)}, engine.ensure(say).command
        found = engine.ensure(say)
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    if found.origin != ON_PATH:
        environment |= engine.environment(found, Path(sys.executable).parent)
    return environment, found.command
