"""preview, up, refresh, destroy and state: what a person asks of a stack, with what must hold before each.

Every refusal comes before the engine changes anything. How the engine is driven stands in `engine`, what
is refused in `guards` and `world`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

from hdh_infra.deploy import stored, unfinished
from hdh_infra.deploy.ended import NONE_ENDED, Ended
from hdh_infra.deploy.guards import (
    changes_of,
    check_nothing_lost,
    check_nothing_replaced,
    check_state_place,
    done_in_vain,
    read_current_lock,
    refuse_blocked,
)
from hdh_infra.deploy.request import Observer, OpenStep, Request, Result, Silent, Step
from hdh_infra.deploy.saved import saved, saving
from hdh_infra.deploy.stored import natives_of_state
from hdh_infra.deploy.world import check_state
from hdh_infra.errors import EngineError, HdhError, RefusedError, SpecError, UndeletedError, WaitingError
from hdh_infra.graph.diff import Change, Effect
from hdh_infra.model.paths import PLATFORM, element_of, network_path
from hdh_infra.model.target import Target
from hdh_infra.model.wording import listed

if TYPE_CHECKING:
    from hdh_infra.deploy.engine import Engine
    from hdh_infra.deploy.foundation import Foundation
    from hdh_infra.deploy.watching import Watch
    from hdh_infra.graph.observation import Native
    from hdh_infra.graph.parts import Reference
    from hdh_infra.graph.plan import Plan

__all__ = [
    "Observer",
    "Request",
    "Result",
    "Silent",
    "Step",
    "destroy",
    "natives_of_state",
    "preview",
    "refresh",
    "state",
    "up",
]

_MOST_NAMED = 12
"""Elements that a message names before it only counts."""


def preview(request: Request, observer: Observer) -> Result:
    """What `up` would change; nothing is changed. Raises as `up` does."""
    return _deploy(request, observer, "preview")


def up(request: Request, observer: Observer) -> Result:
    """Deploy the platform of a request.

    Raises:
        SpecError: the lock or the target is wrong.
        RefusedError: a verdict blocks, what an ended waiver was for would be changed, the lock is not up to date, data would
            be lost or wiped, or the state is of another world.
            Nothing was changed.
        EngineError: the engine could not start, or resources failed; state is kept.

    Where a step that only a person can do comes before some of it and is not proved, the rest is made and the result
    names the step under `stopped`; a later `up` goes on.
    """
    return _deploy(request, observer, "up")


def refresh(request: Request, observer: Observer) -> Result:
    """Bring the state up to date with what the cloud has; never refused for a verdict.

    What an interrupted operation had begun is cleared: a thing that was made is found again by the next `up`.
    """
    if in_parts(request):
        from hdh_infra.deploy import parts

        return parts.refresh(request, observer)
    return refresh_stack(request, observer)


def refresh_stack(request: Request, observer: Observer) -> Result:
    """Refresh one stack, as `refresh` does."""
    from hdh_infra.deploy.engine import opened
    from hdh_infra.deploy.watching import Watch

    watch = Watch("refresh", observer)
    with opened(request, observer, create=False) as engine:
        if engine is None:
            return nothing(request, "refresh")
        deployment = checked(engine.export(), request)
        engine.check_room()
        observer.total(len(stored.resources(deployment)))
        engine.run(
            lambda stack: stack.refresh(on_event=watch, clear_pending_creates=True, color="never", show_secrets=False),
            watch,
        )
        left = unfinished.kept_through(engine, request, deployment)
        return watch.result(request, engine.remarks + left)


def destroy(
    request: Request,
    observer: Observer,
    *,
    delete_data: bool,
    found: Callable[[list[Native]], object] = lambda _: None,
) -> Result:
    """Take a deployment down.

    Args:
        request: which.
        observer: who watches.
        delete_data: the explicit word: stores, keys and disks go, with what they hold.
        found: told what the state did not hold, since an interrupted operation had only begun it, and what now goes as well.

    Raises:
        RefusedError: there is data and the word was not given, or the state is of another world. Nothing was changed.
        EngineError: as `up`.
    """
    if in_parts(request):
        from hdh_infra.deploy import parts

        return parts.destroy(request, observer, delete_data=delete_data, found=found)
    return destroy_stack(request, observer, delete_data=delete_data, found=found)


def destroy_stack(
    request: Request, observer: Observer, *, delete_data: bool, found: Callable[[list[Native]], object]
) -> Result:
    """Destroy one stack, as `destroy` does."""
    from hdh_infra.deploy.engine import opened
    from hdh_infra.deploy.watching import Watch

    watch = Watch("destroy", observer)
    with opened(request, observer, create=False) as engine:
        if engine is None:
            return nothing(request, "destroy")
        deployment = checked(engine.export(), request)
        engine.check_room()
        if not delete_data:
            refuse_data(stored.protected(deployment), request.stack)
        known = {native.path for native in natives_of_state(deployment)}
        deployment, settled = unfinished.settle(engine, request, deployment)
        found([native for native in natives_of_state(deployment) if native.path not in known])
        changed = stored.released(deployment, None)
        if changed != deployment:
            engine.replace_state(changed)
        observer.total(len(stored.resources(deployment)))
        engine.run(lambda stack: stack.destroy(on_event=watch, color="never", show_secrets=False), watch)
        return watch.result(request, engine.remarks + settled)


def state(request: Request) -> dict[str, Any]:
    """The exported state, without its secrets; an empty one where the stack does not exist.

    Of a platform in parts it is the resources of all its stacks together.
    """
    from hdh_infra.deploy.engine import opened

    if in_parts(request):
        from hdh_infra.deploy import parts

        return parts.state(request)
    with opened(request, Silent(), create=False) as engine:
        return {} if engine is None else stored.without_secrets(checked(engine.export(), request))


def plan_of(request: Request) -> Plan:
    """The plan that a request deploys. Raises as `up` does for a spec, a lock or a verdict."""
    from hdh_infra.planning import make_plan

    lock = read_current_lock(request.platform, request.target, request.lock or request.lock_file)
    plan = make_plan(request.platform, request.target, lock=lock, today=request.today)
    refuse_blocked(plan)
    return plan


def in_parts(request: Request) -> bool:
    """Whether a request's platform is deployed as a foundation and its spaces, by the lock's layout."""
    from hdh_infra.planning.lock_file import read_lock

    lock = request.lock or (read_lock(request.lock_file) if request.lock_file is not None else None)
    return lock is not None and lock.layout == "parts"


def _deploy(request: Request, observer: Observer, operation: str) -> Result:
    from hdh_infra.deploy.engine import backend_of, secrets_of

    plan = plan_of(request)
    told = check_state_place(
        request.platform, request.target, backend_of(request), secrets_of(request), request.environment
    )
    if in_parts(request):
        from hdh_infra.deploy import parts

        found = parts.deploy(request, plan, observer, operation)
    else:
        found = deploy_stack(request, observer, operation, Work(plan, ended=Ended.of(plan, request.platform)))
    return replace(found, remarks=(*told, *plan.remarks, *plan.added_words(), *plan.unverified_words(), *found.remarks))


@final
@dataclass(frozen=True)
class Work:
    """What one stack is to hold.

    Attributes:
        plan: its plan, or that of its part.
        foundation: of a space's stack, where it reads the foundation's outputs.
        exports: of the foundation's stack, what the spaces read of it.
        later: paths that are not in the plan any more and are let be for now.
        ended: what the ended waivers of the whole platform hold fast.
    """

    plan: Plan
    foundation: Foundation | None = None
    exports: tuple[Reference, ...] = ()
    later: frozenset[str] = frozenset()
    ended: Ended = NONE_ENDED


@final
@dataclass(frozen=True)
class Judged:
    """A plan held against the state of its stack: what the spec lets go and lets be made anew, and all that changes."""

    deployment: dict[str, Any]
    retired: Mapping[str, str]
    anew: Mapping[str, Effect]
    changes: tuple[Change, ...]


def judge(plan: Plan, deployment: dict[str, Any], request: Request, ended: Ended) -> Judged:
    """Hold a plan against a state.

    Raises:
        RefusedError: data would be lost, replaced or wiped without a word, or what an ended waiver was for would be changed.
    """
    deployment = unfinished.tainted(deployment)
    retired = check_nothing_lost(plan, request.platform, stored.protected(deployment), request.stack)
    retired = {**retired, **_needed(plan, deployment, retired)}
    changes = changes_of(plan, deployment)
    ended.refuse(changes, f"{plan.platform} on {plan.target} (stack {request.stack})")
    return Judged(deployment, retired, check_nothing_replaced(changes, request.platform, request.stack), changes)


def deploy_stack(
    request: Request, observer: Observer, operation: str, work: Work, judged: Judged | None = None
) -> Result:
    """Deploy or preview one stack; what is already judged is not judged again. Raises as `up` does."""
    from hdh_infra.deploy.engine import opened
    from hdh_infra.deploy.watching import Watch

    plan = registered = work.plan
    stopped: list[OpenStep] = []
    left: list[OpenStep] = []

    def program() -> None:
        from hdh_infra.deploy.program import check_secrets, clean
        from hdh_infra.deploy.realising import realise

        try:
            check_secrets(plan)
            left.extend(realise(registered, work.foundation, work.exports, work.ended).open)
        except SpecError as error:
            raise clean(error) from None
        except WaitingError as error:
            stopped.extend(one for one in error.steps if isinstance(one, OpenStep))
            raise clean(error) from None

    watch = Watch(operation, observer)
    with opened(request, observer, program, create=True) as engine:
        assert engine is not None
        found = judged or judge(plan, checked(engine.export(), request), request, work.ended)
        deployment, retired, anew = found.deployment, found.retired, found.anew
        half = unfinished.made_anew(deployment)
        begun: list[str] = []
        observer.total(count(plan))
        try:
            if operation == "preview":
                registered = _unprotected(plan, {*anew, *half})
                excluded = _urns(deployment, retired) or None
                begun = unfinished.lines(deployment)
                with saving(request, plan) as file:
                    engine.run(
                        lambda stack: stack.preview(on_event=watch, color="never", exclude=excluded, plan=file), watch
                    )
            else:
                later = _urns(deployment, work.later) or None
                with saved(request, plan) as file:
                    deployment, begun = unfinished.settle(engine, request, deployment)
                    kept = {path for path, effect in anew.items() if effect is not Effect.wipe}
                    _prepare(engine, deployment, retired, {*kept, *half})
                    engine.run(
                        lambda stack: stack.up(
                            on_event=watch, color="never", show_secrets=False, exclude=later, plan=file
                        ),
                        watch,
                    )
        except EngineError as error:
            if watch.failed and watch.only_deletions:
                raise UndeletedError(error.where, error.what, error.remedy) from None
            # The program ends with an error where a step is open, so that nothing is deleted; that is no failure.
            if watch.failed or not stopped:
                if operation == "up":
                    _remember(engine, watch)
                raise
        remarks = engine.remarks + begun + unfinished.anew(half) + _remarks(retired, anew) + done_in_vain(found.changes)
        return replace(watch.result(request, remarks), stopped=tuple(stopped), open=tuple(left))


def checked(deployment: dict[str, Any], request: Request) -> dict[str, Any]:
    """A state, of this world and this platform. Raises `RefusedError` for one of another."""
    check_state(request.environment, request.stack, stored.mark(deployment))
    held = stored.platform_of(deployment)
    if held is not None and held != request.platform.name:
        raise RefusedError(
            f"stack {request.stack}",
            f"it holds the platform {held}, not {request.platform.name}",
            "Give this platform a stack of its own: --stack NAME; nothing was changed",
        )
    if stored.moved(deployment) and not in_parts(request):
        raise RefusedError(
            f"stack {request.stack}",
            "it was cut into a foundation and a stack a space, and the lock says that the platform is one stack",
            "Take the lock from its history (`layout: parts`); nothing was changed",
        )
    return deployment


def refuse_data(holders: Collection[str], stack: str) -> None:
    """Refuse to destroy data without the explicit word. Raises `RefusedError`."""
    if holders:
        raise RefusedError(
            f"stack {stack}",
            f"it holds data: {_elements(holders)}",
            "Say --delete-data to destroy it with the data; nothing was changed",
        )


def _unprotected(plan: Plan, paths: Collection[str]) -> Plan:
    """The plan as a preview registers it: the engine shows no replacement of what both plan and state protect."""
    nodes = tuple(replace(node, protect=False) if node.path in paths else node for node in plan.nodes)
    return replace(plan, nodes=nodes) if paths else plan


def _prepare(engine: Engine, deployment: dict[str, Any], retired: Mapping[str, str], replaced: Collection[str]) -> None:
    """Let go what the spec retires (deleted by the engine, or out of the state and kept) or lets be made anew; settle the rest.

    What is made anew is protected again as soon as it is registered: the engine refuses to replace only what
    was protected before as well.
    """
    gone = {path for path, word in retired.items() if word == "delete"}
    changed = stored.released(deployment, gone | set(replaced)) if retired or replaced else deployment
    changed = (
        stored.without(changed, {path for path, word in retired.items() if word != "delete"}) if retired else changed
    )
    if changed is not deployment:
        engine.replace_state(changed)


def _remember(engine: Engine, watch: Watch) -> None:
    """Write down what is unfinished; where even that fails, the error that came first is the one to tell."""
    with contextlib.suppress(HdhError):
        unfinished.remember(engine, watch.unmade)


def _elements(paths: Collection[str]) -> str:
    """The elements that paths belong to, counted, for a message that a person reads."""
    elements = sorted({element_of(path) for path in paths})
    return f"{len(elements)} elements, {listed(elements, _MOST_NAMED)}" if len(elements) > 1 else elements[0]


def _needed(plan: Plan, deployment: Mapping[str, Any], retired: Mapping[str, str]) -> dict[str, str]:
    """What retired data that is kept needs, even where a word says that it goes."""
    from hdh_infra.clouds import of

    kept = {path for path, word in retired.items() if word == "keep"}
    stays = {path for node in plan.nodes for path in (node.path, *node.aliases)}
    settings = of(Target.parse(plan.target)).protecting
    return dict.fromkeys(stored.needed_by(deployment, kept, stays, settings), "needed")


def _urns(deployment: Mapping[str, Any], paths: Collection[str]) -> list[str]:
    return [one["urn"] for one in stored.resources(deployment) if stored.path_of(one["urn"]) in paths]


def _remarks(retired: Mapping[str, str], anew: Collection[str]) -> list[str]:
    words = {
        "keep": "retired: left in the cloud, no longer in the stack",
        "needed": "left in the cloud too, since what is kept there needs it; no longer in the stack",
        "delete": "retired: deleted with what it held",
    }
    return [f"{path}: {words[word]}" for path, word in retired.items()] + [
        f"{path}: made anew without what it held, as the spec says under replace; take that line out once it is done"
        for path in anew
    ]


def count(plan: Plan) -> int:
    """Resources of a plan as the engine counts them: natives, providers and components."""
    elements = {node.element for node in plan.nodes} | {network_path(node.path) for node in plan.nodes} | {PLATFORM}
    return len(plan.nodes) + len(plan.providers) + len(elements - {None})


def nothing(request: Request, operation: str) -> Result:
    remark = f"there is no stack {request.stack}: nothing is deployed"
    return Result(
        operation,
        str(request.target),
        request.stack,
        dict.fromkeys(("create", "update", "replace", "delete", "same"), 0),
        0.0,
        (),
        (remark,),
    )
