"""A stack that is deployed, cut into a foundation and one stack a space, without one question to a cloud.

The state of the one stack counts until all parts are in place and each is looked at with the engine; then a mark takes its place. So
whatever interrupts it, the next `up` begins again, and nothing has two owners: while the old state holds resources, what stands in the
parts' stacks are copies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hdh_infra.deploy import operations, stored
from hdh_infra.deploy.foundation import Foundation, stack_of
from hdh_infra.deploy.operations import Work
from hdh_infra.deploy.request import Observer, Request, Silent, Step
from hdh_infra.deploy.splitting import emptied, identities, split
from hdh_infra.deploy.together import each, workers
from hdh_infra.errors import RefusedError
from hdh_infra.graph.parts import FOUNDATION, part_of
from hdh_infra.model.wording import listed

if TYPE_CHECKING:
    from hdh_infra.graph.plan import Plan

_MOST_NAMED = 12


def move(request: Request, plan: Plan, whole: dict[str, Any], observer: Observer) -> None:
    """Cut the one stack of a request into its parts.

    Args:
        request: of the whole platform.
        plan: what is to be deployed.
        whole: the state of the one stack.
        observer: who watches.

    Raises:
        RefusedError: an operation was interrupted in it, a part's stack holds other resources, or a part would change what the one
            stack would not. The one stack is as it was.
    """
    from hdh_infra.deploy.engine import opened, work_dir_of
    from hdh_infra.deploy.parts import request_of

    if begun := stored.pending(whole):
        raise RefusedError(
            f"stack {request.stack}",
            f"an interrupted operation had begun {listed(sorted(begun), _MOST_NAMED)}, so that it cannot be cut yet",
            "Run `hdh refresh` first; nothing was changed",
        )
    parts = {part.name: part for part in plan.parts()}
    names = [FOUNDATION, *sorted({part_of(path) for path in identities(whole)} - {FOUNDATION})]
    stacks = {name: stack_of(request.stack, name) for name in names}
    keys = {name: parts[name].plan.providers for name in names if name in parts}
    cut = split(whole, stacks, keys, plan.interface(), [name for name in names if name in parts and parts[name].needs])
    at_once = workers(request.parallel)
    observer.say(f"cutting stack {request.stack} into {len(names)} stacks")
    folder = work_dir_of(request)
    folder.mkdir(parents=True, exist_ok=True)
    # A last copy beside the backend's own; its secrets are encrypted as they are there.
    copy = folder / f"{request.stack}.before-parts.json"
    copy.touch(mode=0o600)
    copy.write_text(json.dumps(whole), encoding="utf-8")

    def put(name: str) -> None:
        one = request_of(request, name)
        with opened(one, Silent(), create=True) as engine:
            assert engine is not None
            there = engine.export()
            strange = {path for path, what in identities(there).items() if identities(cut[name]).get(path) != what}
            if strange:
                raise RefusedError(
                    f"stack {one.stack}",
                    f"it holds {listed(sorted(strange), _MOST_NAMED)}, which stack {request.stack} does not",
                    "Look which of the two is deployed, and take the other away (`pulumi stack rm`); nothing was changed",
                )
            engine.replace_state(cut[name])
            if identities(engine.export()) != identities(cut[name]):
                raise RefusedError(
                    f"stack {one.stack}", "its backend does not give back what was written", "Nothing was changed"
                )

    _raise(each(names, put, at_once)[1].values())
    observer.say(f"looking at {len(names)} stacks before {request.stack} gives up what it holds")
    expected = _changes(operations.deploy_stack(request, Silent(), "preview", Work(plan)).steps)
    foundation = Foundation(stacks[FOUNDATION])

    def look(name: str) -> set[Step]:
        part = parts.get(name)
        if part is None:
            return set()
        work = Work(
            part.plan, None if name == FOUNDATION else foundation, plan.interface() if name == FOUNDATION else ()
        )
        return _changes(operations.deploy_stack(request_of(request, name), Silent(), "preview", work).steps) - expected

    looked, failed = each(names, look, at_once)
    _raise(failed.values())
    if more := sorted(step for found in looked.values() for step in found):
        drop(request, names)
        lines = "\n".join(f"  {step.operation} {step.path}" for step in more[:_MOST_NAMED])
        raise RefusedError(
            f"stack {request.stack}",
            f"cut into parts it would change what it would not change as one stack ({len(more)} in all):\n{lines}",
            "Deploy it as one stack first (`layout: one` in the lock), then cut it; nothing was changed",
        )
    with opened(request, Silent(), create=False) as engine:
        assert engine is not None
        if identities(engine.export()) != identities(whole):
            raise RefusedError(
                f"stack {request.stack}", "somebody changed it meanwhile", "Run it again; nothing was changed"
            )
        engine.replace_state(emptied(whole, stacks.values()))


def drop(request: Request, names: Iterable[str] | Mapping[str, Any]) -> None:
    """Take away the copies that a move left which did not come to its end; what they name is the one stack's."""
    from hdh_infra.deploy import engine
    from hdh_infra.deploy.parts import request_of

    there = engine.stacks(request)
    copies = [name for name in names if stack_of(request.stack, name) in there]
    _raise(each(copies, lambda name: engine.remove(request_of(request, name)), workers(request.parallel))[1].values())


def _changes(steps: Iterable[Step]) -> set[Step]:
    """What is changed of the cloud's; components and providers are the engine's own."""
    return {step for step in steps if not step.type.startswith(("hdh:platform:", "pulumi:"))}


def _raise(errors: Iterable[BaseException]) -> None:
    for error in errors:
        raise error
