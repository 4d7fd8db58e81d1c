"""preview, up, refresh, destroy and state: what a person asks of a stack, with what must hold before each.

Every refusal comes before the engine changes anything. How the engine is driven stands in `engine`, what
is refused in `guards` and `world`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hdh_infra.deploy import stored, unfinished
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
from hdh_infra.errors import EngineError, HdhError, RefusedError, SpecError, WaitingError
from hdh_infra.graph.diff import Effect
from hdh_infra.model.paths import PLATFORM, element_of, network_path
from hdh_infra.model.target import Target
from hdh_infra.model.wording import listed

if TYPE_CHECKING:
    from hdh_infra.deploy.engine import Engine
    from hdh_infra.deploy.watching import Watch
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
        RefusedError: a verdict blocks, the lock is not up to date, data would be lost or wiped, or the state is of another world.
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
    from hdh_infra.deploy.engine import opened
    from hdh_infra.deploy.watching import Watch

    watch = Watch("refresh", observer)
    with opened(request, observer, create=False) as engine:
        if engine is None:
            return _nothing(request, "refresh")
        deployment = _checked(engine, request)
        observer.total(len(stored.resources(deployment)))
        engine.run(
            lambda stack: stack.refresh(on_event=watch, clear_pending_creates=True, color="never", show_secrets=False),
            watch,
        )
        left = unfinished.kept_through(engine, request, deployment)
        return watch.result(request, engine.remarks + left)


def destroy(request: Request, observer: Observer, *, delete_data: bool) -> Result:
    """Take a deployment down.

    Args:
        request: which.
        observer: who watches.
        delete_data: the explicit word: stores, keys and disks go, with what they hold.

    Raises:
        RefusedError: there is data and the word was not given, or the state is of another world. Nothing was changed.
        EngineError: as `up`.
    """
    from hdh_infra.deploy.engine import opened
    from hdh_infra.deploy.watching import Watch

    watch = Watch("destroy", observer)
    with opened(request, observer, create=False) as engine:
        if engine is None:
            return _nothing(request, "destroy")
        deployment = _checked(engine, request)
        holders = stored.protected(deployment)
        if holders and not delete_data:
            raise RefusedError(
                f"stack {request.stack}",
                f"it holds data: {_elements(holders)}",
                "Say --delete-data to destroy it with the data; nothing was changed",
            )
        deployment, settled = unfinished.settle(engine, request, deployment)
        changed = stored.released(deployment, None)
        if changed != deployment:
            engine.replace_state(changed)
        observer.total(len(stored.resources(deployment)))
        engine.run(lambda stack: stack.destroy(on_event=watch, color="never", show_secrets=False), watch)
        return watch.result(request, engine.remarks + settled)


def state(request: Request) -> dict[str, Any]:
    """The exported state, without its secrets; an empty one where the stack does not exist."""
    from hdh_infra.deploy.engine import opened

    with opened(request, Silent(), create=False) as engine:
        return {} if engine is None else stored.without_secrets(_checked(engine, request))


def plan_of(request: Request) -> Plan:
    """The plan that a request deploys. Raises as `up` does for a spec, a lock or a verdict."""
    from hdh_infra.planning import make_plan

    lock = read_current_lock(request.platform, request.target, request.lock or request.lock_file)
    plan = make_plan(request.platform, request.target, lock=lock, today=request.today)
    refuse_blocked(plan)
    return plan


def _deploy(request: Request, observer: Observer, operation: str) -> Result:
    from hdh_infra.deploy.engine import backend_of, opened, secrets_of
    from hdh_infra.deploy.watching import Watch

    plan = registered = plan_of(request)
    told = check_state_place(
        request.platform, request.target, backend_of(request), secrets_of(request), request.environment
    )
    stopped: list[OpenStep] = []
    left: list[OpenStep] = []

    def program() -> None:
        from hdh_infra.deploy.program import check_secrets, clean
        from hdh_infra.deploy.realising import realise

        try:
            check_secrets(plan)
            left.extend(realise(registered).open)
        except SpecError as error:
            raise clean(error) from None
        except WaitingError as error:
            stopped.extend(one for one in error.steps if isinstance(one, OpenStep))
            raise clean(error) from None

    watch = Watch(operation, observer)
    with opened(request, observer, program, create=True) as engine:
        assert engine is not None
        deployment = unfinished.tainted(_checked(engine, request))
        half = unfinished.made_anew(deployment)
        begun: list[str] = []
        retired = check_nothing_lost(plan, request.platform, stored.protected(deployment), request.stack)
        retired = {**retired, **_needed(plan, deployment, retired)}
        changes = changes_of(plan, deployment)
        anew = check_nothing_replaced(changes, request.platform, request.stack)
        observer.total(_count(plan))
        try:
            if operation == "preview":
                registered = _unprotected(plan, {*anew, *half})
                excluded = _urns(deployment, retired) or None
                begun = _begun(deployment)
                with saving(request, plan) as file:
                    engine.run(
                        lambda stack: stack.preview(on_event=watch, color="never", exclude=excluded, plan=file), watch
                    )
            else:
                with saved(request, plan) as file:
                    deployment, begun = unfinished.settle(engine, request, deployment)
                    kept = {path for path, effect in anew.items() if effect is not Effect.wipe}
                    _prepare(engine, deployment, retired, {*kept, *half})
                    engine.run(
                        lambda stack: stack.up(on_event=watch, color="never", show_secrets=False, plan=file), watch
                    )
        except EngineError:
            # The program ends with an error where a step is open, so that nothing is deleted; that is no failure.
            if watch.failed or not stopped:
                if operation == "up":
                    _remember(engine, watch)
                raise
        remarks = (
            told + engine.remarks + begun + unfinished.anew(half) + _remarks(retired, anew) + done_in_vain(changes)
        )
        return replace(watch.result(request, remarks), stopped=tuple(stopped), open=tuple(left))


def _checked(engine: Engine, request: Request) -> dict[str, Any]:
    """The state, of this world."""
    deployment = engine.export()
    check_state(request.environment, request.stack, stored.mark(deployment))
    held = stored.platform_of(deployment)
    if held is not None and held != request.platform.name:
        raise RefusedError(
            f"stack {request.stack}",
            f"it holds the platform {held}, not {request.platform.name}",
            "Give this platform a stack of its own: --stack NAME; nothing was changed",
        )
    return deployment


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
    from hdh_infra.clouds import cloud

    kept = {path for path, word in retired.items() if word == "keep"}
    stays = {path for node in plan.nodes for path in (node.path, *node.aliases)}
    settings = cloud(Target.parse(plan.target).cloud).protecting
    return dict.fromkeys(stored.needed_by(deployment, kept, stays, settings), "needed")


def _begun(deployment: Mapping[str, Any]) -> list[str]:
    return [
        f"{path}: an interrupted operation was {word} it and its end was not seen; it is taken up again"
        + (": look whether the cloud holds it twice" if word == "creating" else "")
        for path, word in stored.pending(deployment).items()
    ]


def _urns(deployment: Mapping[str, Any], paths: Mapping[str, str]) -> list[str]:
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


def _count(plan: Plan) -> int:
    """Resources of a plan as the engine counts them: natives, providers and components."""
    elements = {node.element for node in plan.nodes} | {network_path(node.path) for node in plan.nodes} | {PLATFORM}
    return len(plan.nodes) + len(plan.providers) + len(elements - {None})


def _nothing(request: Request, operation: str) -> Result:
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
