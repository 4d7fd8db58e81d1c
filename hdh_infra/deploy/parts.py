"""A platform as many stacks: the foundation's, and one a space. What is asked of one stack in `operations`, for all of them.

Every guard of every part is asked before any part changes anything. Then the foundation comes first, because the spaces
read it, and last where something of it goes; spaces are worked on side by side, and one that fails stops no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra.deploy import moving, operations, stored
from hdh_infra.deploy.ended import NONE_ENDED, Ended
from hdh_infra.deploy.foundation import Foundation, part_of_stack, stack_of
from hdh_infra.deploy.operations import Judged, Work
from hdh_infra.deploy.request import Observer, OpenStep, Request, Result
from hdh_infra.deploy.together import Together, added, each, failure, workers
from hdh_infra.deploy.watching import STACK
from hdh_infra.errors import EngineError, HdhError, RefusedError, UndeletedError
from hdh_infra.graph.diff import Effect
from hdh_infra.graph.parts import FOUNDATION, Part, empty_part
from hdh_infra.graph.steps import waiting
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.wording import listed

if TYPE_CHECKING:
    from hdh_infra.graph.observation import Native
    from hdh_infra.graph.plan import Plan

_MADE: Final = frozenset({"create", "replace"})


@final
@dataclass(frozen=True)
class _Held:
    """What the backend holds of a platform."""

    whole: dict[str, Any] | None
    """The state of the one stack that it was before, while it is the one that holds the resources."""
    parts: Mapping[str, dict[str, Any]]
    """The state of each part's stack, by part; empty where the stack holds nothing."""


def deploy(request: Request, plan: Plan, observer: Observer, operation: str) -> Result:
    """Deploy or preview a platform in parts. Raises as `operations.up` does; an `EngineError` names the parts that failed."""
    began = time.monotonic()
    if file := request.save_plan or request.saved_plan:
        raise RefusedError(
            str(file),
            "a saved plan is of one stack, and this platform is in parts",
            "Without it `hdh preview` shows what `hdh up` would do; nothing was changed",
        )
    parts = {part.name: part for part in plan.parts()}
    held = _held(request)
    ended = Ended.of(plan, request.platform)
    remarks: list[str] = []
    if held.whole is not None:
        if operation == "preview":
            found = operations.deploy_stack(request, observer, operation, Work(plan, ended=ended))
            remark = f"the next `up` cuts it into {len(parts)} stacks first; that touches no resource"
            return replace(found, remarks=(remark, *found.remarks))
        if ended.rows:
            operations.judge(plan, held.whole, request, ended)
        moving.move(request, plan, held.whole, observer)
        remarks.append(f"cut into {len(parts)} stacks; no resource was touched")
        held = _held(request)
    gone = [name for name in held.parts if name not in parts and stored.resources(held.parts[name])]
    parts |= {name: empty_part(plan, name) for name in gone}
    judged = _judged(request, parts, held.parts, ended)
    # A space that reads the foundation has one provider more, the engine's own.
    observer.total(sum(operations.count(part.plan) + bool(part.needs) for part in parts.values()))
    run = _Run(request, plan, parts, judged, Together(observer), operation, ended)
    if operation == "preview":
        run.preview(held)
    else:
        run.up(gone)
    if run.failed:
        raise failure(request, run.failed, len(parts), operation)
    return added(operation, request, run.results, time.monotonic() - began, [*remarks, *run.remarks])


def refresh(request: Request, observer: Observer) -> Result:
    """Refresh every stack of a platform. Raises as `operations.refresh` does."""
    held = _held(request)
    if held.whole is not None:
        return operations.refresh_stack(request, observer)
    return _every(request, held, observer, "refresh", operations.refresh_stack)


def destroy(
    request: Request, observer: Observer, *, delete_data: bool, found: Callable[[list[Native]], object]
) -> Result:
    """Take a platform in parts down: the spaces first. Raises as `operations.destroy` does."""
    held = _held(request)
    if held.whole is not None:
        if not delete_data:
            operations.refuse_data(stored.protected(held.whole), request.stack)
        # Copies of a move that did not come to its end: what they name is the one stack's.
        moving.drop(request, held.parts)
        return operations.destroy_stack(request, observer, delete_data=delete_data, found=found)
    if not delete_data:
        operations.refuse_data([path for one in held.parts.values() for path in stored.protected(one)], request.stack)
    return _every(
        request,
        held,
        observer,
        "destroy",
        lambda one, watch: operations.destroy_stack(one, watch, delete_data=delete_data, found=found),
        foundation_last=True,
    )


def state(request: Request) -> dict[str, Any]:
    """The resources of all stacks of a platform as one exported state, without secrets."""
    held = _held(request)
    if held.whole is not None:
        return stored.without_secrets(held.whole)
    found = [one for part in held.parts.values() for one in stored.resources(part)]
    return stored.without_secrets({"version": 3, "deployment": {"resources": found}}) if held.parts else {}


def request_of(request: Request, part: str) -> Request:
    """The request of one part: the same, on its own stack and in a folder of its own."""
    from hdh_infra.deploy.engine import work_dir_of

    stack = stack_of(request.stack, part)
    return replace(request, stack=stack, work_dir=work_dir_of(request) / stack)


def _held(request: Request) -> _Held:
    """What the backend holds. Raises `RefusedError` where a state is of another world or another platform."""
    from hdh_infra.deploy import engine

    there = engine.stacks(request)
    names = {
        found[1]: count
        for stack, count in there.items()
        if (found := part_of_stack(stack)) and found[0] == request.stack
    }
    whole: dict[str, Any] | None = None
    if there.get(request.stack):
        old = operations.checked(engine.export_of(request), request)
        whole = old if any(map(stored.is_native, stored.resources(old))) else None

    def export(name: str) -> dict[str, Any]:
        one = request_of(request, name)
        return operations.checked(engine.export_of(one), one)

    order = sorted(names, key=lambda name: (name != FOUNDATION, name))
    states, failed = each((name for name in order if names[name]), export, workers(request.parallel))
    for error in failed.values():
        raise error
    return _Held(whole, {name: states.get(name, {}) for name in order})


def _judged(
    request: Request, parts: Mapping[str, Part], held: Mapping[str, dict[str, Any]], ended: Ended = NONE_ENDED
) -> dict[str, Judged]:
    """Every part held against its state. Raises `RefusedError` with all that is refused."""
    found: dict[str, Judged] = {}
    refused: list[RefusedError] = []
    for name, part in parts.items():
        try:
            found[name] = operations.judge(part.plan, held.get(name, {}), request_of(request, name), ended)
        except RefusedError as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        lines = "\n".join(f"{one.where}: {one.what}" for one in refused)
        raise RefusedError(
            f"{request.target} (stack {request.stack})",
            f"{len(refused)} stacks are refused:\n{lines}",
            refused[0].remedy,
        )
    foundation = found[FOUNDATION]
    needed = _needed(parts, found)
    return {**found, FOUNDATION: replace(foundation, retired={**foundation.retired, **dict.fromkeys(needed, "needed")})}


def _needed(parts: Mapping[str, Part], judged: Mapping[str, Judged]) -> list[str]:
    """Paths of the foundation that would go, and that data which a space leaves in the cloud cannot do without.

    The states of two stacks know nothing of each other, so that it is told by the values that the foundation exports.
    """
    kept = {
        one["urn"]: one
        for name, found in judged.items()
        if name != FOUNDATION
        for one in stored.resources(found.deployment)
        if found.retired.get(stored.path_of(one["urn"])) in {"keep", "needed"}
    }
    texts = [text for one in kept.values() for text in stored.texts(one.get("inputs"))]
    if not texts:
        return []
    deployment = judged[FOUNDATION].deployment
    stays = {path for node in parts[FOUNDATION].plan.nodes for path in (node.path, *node.aliases)}
    used = {
        name.split("#", 1)[0]
        for name, value in stored.outputs(deployment).items()
        if "#" in name and isinstance(value, str) and value and any(value in text for text in texts)
    } - stays
    return sorted({*used, *stored.needed_by(deployment, used, stays, ())})


@final
class _Run:
    """One `up` or `preview` of all parts."""

    def __init__(
        self,
        request: Request,
        plan: Plan,
        parts: Mapping[str, Part],
        judged: Mapping[str, Judged],
        observer: Observer,
        operation: str,
        ended: Ended = NONE_ENDED,
    ) -> None:
        self._request = request
        self._plan = plan
        self._parts = parts
        self._judged = judged
        self._observer = observer
        self._operation = operation
        self._ended = ended
        self._at_once = workers(request.parallel)
        self._foundation = Foundation(stack_of(request.stack, FOUNDATION))
        self.results: list[tuple[str, Result]] = []
        self.failed: dict[str, HdhError] = {}
        self.remarks: list[str] = []

    def preview(self, held: _Held) -> None:
        """What `up` would do: a space sees as unknown what the foundation would make or make anew."""
        self._stacks([FOUNDATION])
        if self.failed:
            return
        changing = {step.path for _, one in self.results for step in one.steps if step.operation in _MADE}
        there = bool(stored.resources(held.parts.get(FOUNDATION, {})))
        self._foundation = replace(self._foundation, changing=frozenset(changing) if there else None)
        self._stacks(name for name in self._parts if name != FOUNDATION)

    def up(self, gone: Iterable[str]) -> None:
        """Empty what the plan has no more, then the foundation, then the spaces; last what goes of the foundation."""
        emptied = set(gone)
        self._stacks(emptied)
        for name in emptied - set(self.failed):
            self._remove(name)
        later = self._later()
        try:
            self.results.append((FOUNDATION, self._one(FOUNDATION, later)))
            again = bool(later)
        except UndeletedError as error:
            self.remarks.append(
                f"{FOUNDATION}: what goes was still in use, and was tried again after the spaces: {error.what}"
            )
            again = True
        except HdhError as error:
            raise EngineError(
                error.where, f"the foundation failed, so that no space was begun: {error.what}", error.remedy
            ) from None
        waits = self._waiting()
        self._stacks(name for name in self._parts if name not in {FOUNDATION, *emptied, *waits})
        if again and not self.failed and not any(one.stopped for _, one in self.results):
            # What it held was judged before, and what was in use then is free now.
            self._judged = {**self._judged, FOUNDATION: self._fresh()}
            self._stacks([FOUNDATION])

    def _later(self) -> frozenset[str]:
        """What goes of the foundation once the spaces do not use it any more, with what it lies in or is made by."""
        judged, plan = self._judged[FOUNDATION], self._parts[FOUNDATION].plan
        kept = {path for path, word in judged.retired.items() if word != "delete"}
        found = {change.path for change in judged.changes if change.effect is Effect.remove} - kept
        if not found:
            return frozenset()
        stays = {node.element for node in plan.nodes} | {network_path(node.path) for node in plan.nodes} | {PLATFORM}
        stays |= plan.providers.keys()
        entries = {one["urn"]: one for one in stored.resources(judged.deployment)}
        left = [one for one in entries.values() if stored.path_of(one["urn"]) in found]
        while left:
            one = left.pop()
            for urn in (one.get("parent"), str(one.get("provider") or "").rsplit("::", 1)[0]):
                path = stored.path_of(urn or "")
                if urn in entries and path not in found | stays and entries[urn]["type"] != STACK:
                    found.add(path)
                    left.append(entries[urn])
        return frozenset(found)

    def _stacks(self, names: Iterable[str]) -> None:
        done, failed = each(names, self._one, self._at_once)
        self.results += done.items()
        self.failed |= failed

    def _one(self, name: str, later: frozenset[str] = frozenset()) -> Result:
        request = request_of(self._request, name)
        if name == FOUNDATION:
            work = Work(self._parts[name].plan, exports=self._plan.interface(), later=later, ended=self._ended)
        else:
            work = Work(self._parts[name].plan, self._foundation, ended=self._ended)
        return operations.deploy_stack(request, self._observer, self._operation, work, self._judged[name])

    def _fresh(self) -> Judged:
        from hdh_infra.deploy import engine

        request = request_of(self._request, FOUNDATION)
        found = operations.judge(self._parts[FOUNDATION].plan, engine.export_of(request), request, self._ended)
        needed = self._judged[FOUNDATION].retired
        return replace(
            found, retired={**found.retired, **{path: word for path, word in needed.items() if word == "needed"}}
        )

    def _remove(self, name: str) -> None:
        """Take away the stack of a space that is gone, once it holds nothing."""
        from hdh_infra.deploy import engine

        request = request_of(self._request, name)
        try:
            if not any(map(stored.is_native, stored.resources(engine.export_of(request)))):
                engine.remove(request)
        except HdhError as error:
            self.failed[name] = error

    def _waiting(self) -> set[str]:
        """Spaces that read what waits for a person; the steps are told with what waits in them."""
        stopped = [step for _, one in self.results for step in one.stopped]
        held = waiting(self._plan.nodes, [one.step for one in stopped])
        spaces = {
            name
            for name, part in self._parts.items()
            if name != FOUNDATION and any(one.path in held for one in part.needs)
        }
        if spaces:
            self.remarks.append(
                f"{listed(sorted(spaces), 12)}: not begun, since what they read of the foundation waits for a person"
            )
            self.results = [
                (name, replace(one, stopped=tuple(self._with(step, spaces) for step in one.stopped)))
                for name, one in self.results
            ]
        return spaces

    def _with(self, step: OpenStep, spaces: set[str]) -> OpenStep:
        mine = tuple(node.path for name in sorted(spaces) for node in self._parts[name].plan.nodes)
        return replace(step, waiting=(*step.waiting, *mine))


def _every(
    request: Request,
    held: _Held,
    observer: Observer,
    operation: str,
    action: Callable[[Request, Observer], Result],
    *,
    foundation_last: bool = False,
) -> Result:
    """Do it to each stack that holds something."""
    began = time.monotonic()
    names = [name for name, one in held.parts.items() if stored.resources(one)]
    if not names:
        return operations.nothing(request, operation)
    observer.total(sum(len(stored.resources(held.parts[name])) for name in names))
    watch, at_once = Together(observer), workers(request.parallel)

    def one(name: str) -> Result:
        return action(request_of(request, name), watch)

    first = [name for name in names if not foundation_last or name != FOUNDATION]
    done, failed = each(first, one, at_once)
    if foundation_last and FOUNDATION in names and not failed:
        last, failed = each([FOUNDATION], one, at_once)
        done = {**done, **last}
    if failed:
        raise failure(request, failed, len(names), operation)
    return added(operation, request, list(done.items()), time.monotonic() - began, ())


__all__ = ["EngineError", "deploy", "destroy", "refresh", "request_of", "state"]
