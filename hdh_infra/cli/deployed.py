"""Reading what is deployed: from the engine's state, and from the servers themselves where there is a reader."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hdh_infra.cli.options import find_lock, read_spec
from hdh_infra.errors import Problem, SpecError

if TYPE_CHECKING:
    from hdh_infra.compare.comparison import Comparison
    from hdh_infra.deploy.operations import Request
    from hdh_infra.graph.observation import Natives, Observation
    from hdh_infra.model.target import Target


def observe_planned(spec: Path, on: list[str], lock_file: Path | None, now: datetime.date) -> list[Observation]:
    """What the plans give."""
    from hdh_infra.planning import make_plan
    from hdh_infra.planning.assemble import observe_plan

    platform, chosen = read_spec(spec, on)
    _, lock = find_lock(spec, lock_file)
    return [observe_plan(make_plan(platform, target, lock=lock, today=now), platform) for target in chosen]


def state_natives(request: Request) -> Natives:
    """The native resources that the engine's state holds."""
    from hdh_infra.clouds import of
    from hdh_infra.deploy import operations

    return operations.natives_of_state(operations.state(request), of(request.target).identifiers)


def observe_deployed(request: Request, *, live: bool) -> Observation:
    """What is deployed gives."""
    from hdh_infra.catalogue.load import site
    from hdh_infra.clouds import of

    natives = state_natives(request)
    if live:
        from hdh_infra.live import read_live

        natives = read_live(request.target, request.environment, natives, platform=request.platform)
    return of(request.target).observe(natives, site(request.target, request.platform))


def compare_deployed(
    spec: Path | None,
    stacks: list[str],
    on: list[str],
    lock_file: Path | None,
    now: datetime.date,
    *,
    sandbox: bool,
    files: Sequence[Path] = (),
) -> Comparison:
    """Deployed stacks side by side: the states, and for OpenStack and S3 the servers' own answers.

    Plans for the targets of `on` stand beside them: what another cloud would give.
    """
    from hdh_infra.catalogue.load import site
    from hdh_infra.cli.requests import requests
    from hdh_infra.clouds import of
    from hdh_infra.compare.comparison import compare_sides
    from hdh_infra.compare.side import Side
    from hdh_infra.live import has_reader, named, read_live
    from hdh_infra.planning import make_plan
    from hdh_infra.planning.assemble import observe_plan
    from hdh_infra.planning.lock import update_lock

    targeted = _targets_of(stacks)
    if spec is None:
        raise SpecError([Problem("SPEC", None, None, "", "is missing: name the description that was deployed")])
    planned = read_spec(spec, on)[1] if on else []
    every = [*dict.fromkeys(str(target) for target in (*targeted.values(), *planned))]
    platform, _ = read_spec(spec, every, files=files)
    _, lock = find_lock(spec, lock_file)
    sides: list[Side] = []
    for name, target in targeted.items():
        (request,) = requests(
            spec,
            [str(target)],
            stack=name,
            lock_file=lock_file,
            now=now,
            sandbox=sandbox,
            update_lock=False,
            checked=False,
        )
        place, reader = site(target, platform), of(target)
        natives = state_natives(request)
        live = read_live(target, request.environment, natives, platform=platform) if has_reader(target) else None
        if live is not None:
            natives = named(target, natives, live)
        sides.extend(
            Side.of_deployed(str(target), one, reader.observe(one, place)) for one in (natives, live) if one is not None
        )
    given = update_lock(lock, platform, [*targeted.values(), *planned])
    for target in planned:
        plan = make_plan(platform, target, lock=given, today=now)
        sides.append(Side.of_plan(plan, observe_plan(plan, platform)))
    return compare_sides(platform, sides, given, today=now)


def _targets_of(stacks: list[str]) -> dict[str, Target]:
    """The target of each stack: `STACK=TARGET`, or a stack that has a target's own name. Raises `SpecError`."""
    from hdh_infra.catalogue.load import targets
    from hdh_infra.model.words import nearest

    by_stack = {target.stack: target for target in targets()}
    by_name = {str(target): target for target in targets()}
    found, problems = {}, []
    for written in stacks:
        stack, _, named = written.partition("=")
        target = by_name.get(named) if named else by_stack.get(stack)
        if target is not None:
            found[stack] = target
        elif named:
            what = f"no target is {named!r}; {nearest(named, by_name)}".rstrip("; ")
            problems.append(Problem("--deployed", None, None, "", what))
        else:
            what = f"no target has a stack {stack!r}; {nearest(stack, by_stack)} Or say which it is of: {stack}=TARGET"
            problems.append(Problem("--deployed", None, None, "", what))
    if problems:
        raise SpecError(problems)
    return found
