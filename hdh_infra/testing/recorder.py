"""The recorder: Pulumi's mocks that write everything down, hold it against its contract, and count what was checked.

Two tests whose only assertion is `assert False` pass under plain mocks: one on an output that is unknown in a
preview, one whose outputs nobody waited for. Here a check that did not run is a failure.
"""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import pulumi
from pulumi.output import Unknown
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource

from hdh_infra.contracts import check as violations
from hdh_infra.contracts import contract
from hdh_infra.graph.values import form_of, walk
from hdh_infra.testing.outputs import on_wire, outputs_of
from hdh_infra.testing.seen import Seen

if TYPE_CHECKING:
    from hdh_infra.deploy.realising import Deployed
    from hdh_infra.graph.plan import Plan
    from hdh_infra.model.lock import Lock
    from hdh_infra.model.platform import Platform
    from hdh_infra.model.target import Target


class ContractBrokenError(AssertionError):
    """Raised when a registered resource breaks the contract of its type."""


class UndeclaredInvokeError(AssertionError):
    """Raised when a program asks a data source that the test gave no answer for."""


@final
class Recorder(mocks.Mocks):
    """Mocks of every native type; see `run` and `deploy`.

    Attributes:
        answers: what a data source answers: token to the answer, or to a function of the arguments.
        preview: whether outputs are unknown, as in `pulumi preview`.
        seen: every resource by its name; components too.
        calls: every (token, arguments) that was asked of a data source.
        unverified: types that were registered and have no contract.
        written: how many checks were written.
        ran: how many of them ran.
    """

    def __init__(
        self,
        answers: Mapping[str, Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]] | None = None,
        *,
        preview: bool = False,
    ) -> None:
        """Start with nothing seen."""
        self.answers = dict(answers or {})
        self.preview = preview
        self.seen: dict[str, Seen] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.unverified: set[str] = set()
        self.written = 0
        self.ran = 0

    def run(self, program: Callable[[], Any], *, project: str = "hdh-platform", stack: str = "test") -> None:
        """Run a program to its end: every registration and every output is waited for, every error is raised.

        Args:
            program: what registers resources and makes checks.
            project: name of the project.
            stack: name of the stack.
        """
        try:
            contextvars.copy_context().run(self._run, program, project, stack)
        except Exception as error:
            root = _root(error)
            if root is error or not isinstance(root, AssertionError | pulumi.RunError):
                raise
            # The runtime wraps it once for every resource that waited for it.
            raise root from None

    def _run(self, program: Callable[[], Any], project: str, stack: str) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # What fails is raised by this run, once; outputs made of it need no report of their own.
        loop.set_exception_handler(lambda *_: None)
        monitor = _Monitor(self)
        try:
            # The root of an earlier run belongs to that run's event loop.
            set_root_resource(None)  # type: ignore[arg-type]  # what the runtime itself starts with
            pulumi.runtime.set_mocks(self, project, stack, self.preview, monitor=monitor)
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi gives it no types
        finally:
            waiting = asyncio.all_tasks(loop)
            for task in waiting:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_default_executor())
            monitor.close()
            loop.close()
            asyncio.set_event_loop(None)

    def deploy(
        self,
        platform: Platform,
        target: Target | str,
        *,
        today: datetime.date,
        lock: Lock | None = None,
        then: Callable[[Deployed], Any] | None = None,
    ) -> None:
        """Deploy a platform as `hdh.deploy` does, with the lock that it would have and an answer to all that it looks up.

        Args:
            platform: the spec.
            target: where to.
            today: the day that waivers are judged by.
            lock: what was given before.
            then: gets what was registered, to make checks on outputs.

        Raises:
            RefusedError: the plan is not deployable; nothing was registered.
        """
        from hdh_infra.deploy.program import deploy
        from hdh_infra.model.target import Target as Place
        from hdh_infra.planning import make_plan
        from hdh_infra.planning.lock import update_lock

        where = Place.parse(target) if isinstance(target, str) else target
        given = update_lock(lock, platform, [where])
        planned = make_plan(platform, where, lock=given, today=today)
        self.answers = {**answers_of(planned), **self.answers}

        def program() -> None:
            deployed = deploy(platform, where, lock=given, today=today)
            if then is not None:
                then(deployed)

        self.run(program, stack=where.stack)

    def check(self, output: pulumi.Output[Any], test: Callable[[Any], bool]) -> None:
        """Assert on an output, and count that the assertion ran; in a preview the value may be unknown (`is_unknown`)."""
        self.written += 1

        def look(value: Any) -> None:
            self.ran += 1
            if not test(value):
                raise AssertionError(
                    f"the check does not hold for {'an unknown value' if is_unknown(value) else repr(value)}"
                )

        output.apply(look, run_with_unknowns=True)

    @property
    def natives(self) -> dict[str, Seen]:
        """The resources of clouds by name, without components and providers."""
        return {name: one for name, one in self.seen.items() if one.native}

    def of_type(self, token: str) -> list[Seen]:
        """All of one type, by name."""
        return [one for _, one in sorted(self.seen.items()) if one.type == token]

    def verify(self) -> None:
        """Fail if nothing was registered or a check never ran. The pytest plugin calls it after each test."""
        if not self.seen:
            raise AssertionError("nothing was registered: the test proved nothing; register inside `run` or `deploy`")
        if self.ran != self.written:
            raise AssertionError(
                f"{self.written} checks were written and {self.ran} ran: an output never resolved, or nobody waited for it; "
                "make checks inside `run`, or in `then` of `deploy`"
            )

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Called by the runtime for every resource: write it down, and answer as the cloud would."""
        inputs = {name: value for name, value in args.inputs.items() if value is not None}
        identity = args.resource_id or ("" if self.preview else f"id-of-{args.name}")
        seen = Seen(args.name, args.typ, inputs, identity, bool(args.custom or args.resource_id), args.provider or "")
        before = self.seen.get(args.name)
        if before is not None and before.type == args.typ:
            raise AssertionError(f"{args.name} ({args.typ}) was registered twice")
        self.seen[args.name] = seen
        if not seen.native:
            return identity, on_wire(inputs)
        found = contract(args.typ)
        if found is None:
            self.unverified.add(args.typ)
        elif not args.resource_id:
            # What an SDK calls known values the cloud may have outgrown; the rest is broken for certain.
            # Limits are the cloud's: what stands for an output here is made up, and keeps none.
            found_wrong = violations(args.typ, on_wire(inputs), limits=False)
            broken = [str(one) for one in found_wrong if one.kind != "open-enum"]
            if broken:
                raise ContractBrokenError(f"{args.name} ({args.typ}): " + "; ".join(broken))
        return identity, outputs_of(found, args.name, on_wire(inputs), preview=self.preview)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Called by the runtime for every data source: answer what the test declared, or fail."""
        self.calls.append((args.token, args.args))
        if args.token not in self.answers:
            raise UndeclaredInvokeError(
                f"{args.token} was asked {dict(args.args)} and the test declares no answer: Recorder(answers={{{args.token!r}: ...}})"
            )
        answer = self.answers[args.token]
        return dict(answer(args.args) if callable(answer) else answer), []


def expect(recorder: Recorder, *, checks: int, resources: int) -> None:
    """Call last: a test whose assertions never ran is red, not green.

    Args:
        recorder: what the program ran against.
        checks: how many checks must have run.
        resources: how many native resources must have been registered.
    """
    recorder.verify()
    if recorder.ran != checks:
        raise AssertionError(f"{recorder.ran} checks ran, {checks} were expected")
    if len(recorder.natives) != resources:
        raise AssertionError(f"{len(recorder.natives)} native resources were registered, {resources} were expected")


def answers_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """An answer to every data source that a plan asks: what it reads of it, and the proof of each manual step."""
    found: dict[str, dict[str, Any]] = {}
    for node in plan.nodes:
        for _, form in walk(dict(node.properties)):
            if form_of(form) == "$lookup":
                _put(found.setdefault(form["$lookup"], {}), form["output"], f"{form['$lookup']}#{form['output']}")
    for check in (check for step in plan.manual for check in step.checks):
        proof = f"{check.token}#{check.output}" if check.value is None else check.value
        _put(found.setdefault(check.token, {}), check.output, proof)
    return found


def _put(answer: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a property path such as `networks[0].id`."""
    here: Any = answer
    parts = re.findall(r"[^.\[\]]+", path)
    for part, following in itertools.pairwise(parts):
        inner: Any = [] if following.isdigit() else {}
        if isinstance(here, list):
            here.extend({} for _ in range(len(here), int(part) + 1))
            here = here[int(part)]
        else:
            here = here.setdefault(part, inner)
    if isinstance(here, list):
        here.extend("" for _ in range(len(here), int(parts[-1]) + 1))
        here[int(parts[-1])] = value
    else:
        here[parts[-1]] = value


def _root(error: BaseException) -> BaseException:
    """The first cause; the runtime raises an error from itself, so that a chain may be a ring."""
    seen = {id(error)}
    while error.__cause__ is not None and id(error.__cause__) not in seen:
        error = error.__cause__
        seen.add(id(error))
    return error


def is_unknown(value: Any) -> bool:
    """Whether a checked value is known only after `pulumi up`."""
    return isinstance(value, Unknown)


@final
class _Monitor(mocks.MockMonitor):
    """Pulumi's mocked monitor, which also keeps the options of each registration."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._loops: list[asyncio.AbstractEventLoop] = []

    def close(self) -> None:
        """Close what the worker threads were given."""
        for loop in self._loops:
            loop.close()

    def _prepare(self) -> None:
        """Give a worker thread an event loop that is closed in the end; the runtime's own never are."""
        try:
            asyncio.get_event_loop()
        except RuntimeError:
            loop = asyncio.new_event_loop()
            self._loops.append(loop)
            asyncio.set_event_loop(loop)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the engine's own name
        self._prepare()
        return super().Invoke(request)  # type: ignore[no-untyped-call]  # Pulumi gives it no types

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's own name
        self._prepare()
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi gives it no types
        recorder = self.mocks
        assert isinstance(recorder, Recorder)
        seen = recorder.seen.get(request.name)
        if seen is not None and seen.type == request.type:
            recorder.seen[request.name] = replace(
                seen,
                protect=request.protect,
                delete_before_replace=request.deleteBeforeReplace,
                ignore_changes=tuple(request.ignoreChanges),
                secret_outputs=tuple(request.additionalSecretOutputs),
                aliases=tuple(alias.spec.name for alias in request.aliases if alias.HasField("spec")),
                parent=request.parent.rsplit("::", 1)[-1],
                version=request.version,
            )
        return answer

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the engine's own name
        self._prepare()
        answer = super().ReadResource(request)  # type: ignore[no-untyped-call]  # Pulumi gives it no types
        recorder = self.mocks
        assert isinstance(recorder, Recorder)
        recorder.seen[request.name] = replace(
            recorder.seen[request.name], existing=request.id, parent=request.parent.rsplit("::", 1)[-1]
        )
        return answer
