"""The engine's events as counts, steps and one-line causes, passed on to whoever watches."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final, final

from hdh_infra.deploy.request import CHANGES, Observer, Result, Step
from hdh_infra.deploy.stored import path_of
from hdh_infra.errors import EngineError, HdhError

if TYPE_CHECKING:
    from pulumi.automation.errors import CommandError
    from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventStateMetadata

    from hdh_infra.clouds.base import Cloud
    from hdh_infra.deploy.request import Request

STACK: Final = "pulumi:pulumi:Stack"
_SILENT: Final = frozenset({STACK, "hdh:platform:Begun"})
"""The engine's own, and what `unfinished` keeps: neither is anything of the platform."""
_COLOUR = re.compile(r"<\{%.*?%\}>")
_NOISE = re.compile(
    r"^python inline source runtime error: |^sdk-v2/\S+: sdk\.helper_schema: |: provider=\S+@\S+$"
    r"|^(?:(?:creating|updating|deleting) urn:\S+: )?1 error occurred: \* |\.? last error: %!s\(<nil>\)"
)
"""What the bridge to Terraform providers puts around their own words, and says twice."""
_AGAINST_PLAN = re.compile(r"^resource urn:\S+ violates plan: ")
_NOT_IN_PLAN = re.compile(r"allowed by the plan|expected resource operations|violates plan")
_OTHER_PLAN: Final = "the saved plan has it otherwise: "
_WORDS: Final = {
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "discard": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
    "read-replacement": "replace",
    "discard-replaced": "replace",
    "remove-pending-replace": "replace",
}
"""Operations of the engine in our five words; every other one changes nothing."""
_ORDER: Final = ("same", "update", "create", "delete", "replace")


@final
class Watch:
    """Listens to one operation."""

    def __init__(self, operation: str, observer: Observer) -> None:
        """Start the clock."""
        self._operation = operation
        self._observer = observer
        self._began = time.monotonic()
        self._found: dict[str, Step] = {}
        self._causes: dict[str, list[str]] = {}
        self._own: list[str] = []
        self.only_deletions = True
        """Whether nothing but deletions failed."""
        self.unmade: list[StepEventStateMetadata] = []
        """What failed to be created, as the engine's events have it."""

    def __call__(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        if event.resource_pre_event:
            step = event.resource_pre_event.metadata
            if step.type not in _SILENT:
                self._observer.started(_word(step.op), path_of(step.urn), step.type)
        elif event.res_outputs_event:
            step = event.res_outputs_event.metadata
            # A component ends twice: when it is registered and when its outputs are.
            if step.type not in _SILENT and self._count(_word(step.op), step.urn, step.type):
                self._observer.done(_word(step.op), path_of(step.urn), step.type)
        elif event.res_op_failed_event:
            step = event.res_op_failed_event.metadata
            if _word(step.op) != "delete" and str(getattr(step.op, "value", step.op)) != "delete-replaced":
                self.only_deletions = False
            if _word(step.op) in {"create", "replace"} and step.new is not None:
                self.unmade.append(step.new)
            self._observer.failed(path_of(step.urn), "; ".join(self._causes.get(step.urn, ["failed"])))
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            self._diagnose(event.diagnostic_event)

    @property
    def failed(self) -> bool:
        """Whether a resource failed."""
        return bool(self._causes)

    def result(self, request: Request, remarks: list[str]) -> Result:
        """What was done, after the operation ended."""
        changes = dict.fromkeys(CHANGES, 0)
        for step in self._found.values():
            changes[step.operation] += 1
        steps = sorted(step for step in self._found.values() if step.operation != "same")
        seconds = time.monotonic() - self._began
        return Result(
            self._operation, str(request.target), request.stack, changes, seconds, tuple(steps), tuple(remarks)
        )

    def error(self, where: str, error: CommandError, cloud: Cloud | None = None) -> HdhError:
        """What went wrong: one line a failed resource, else what the engine itself says; then what the cloud's errors ask for."""
        from hdh_infra.deploy.engine import explained

        lines = [f"  {path_of(urn)}: {'; '.join(causes)}" for urn, causes in self._causes.items()]
        lines += [f"  {line}" for line in self._own if not any(line in other for other in lines)]
        if not lines:
            return explained(where, error)
        count = len(self._causes)
        what = f"{count} resource{'s' if count != 1 else ''} failed" if count else "the program failed"
        if any(_OTHER_PLAN in line for line in lines):
            what = f"{what}: the state or the cloud has changed since the plan was saved"
            remedy = "Run `hdh preview --save-plan` again and have it looked at"
            return EngineError(where, f"{what}:\n" + "\n".join(lines) + "\nState is kept", remedy)
        known = [cloud.remedy("; ".join(causes)) if cloud else None for causes in self._causes.values()]
        lines += [f"What to do: {one.words}" for one in dict.fromkeys(known) if one]
        mend = "Then" if known and all(known) else "Mend what each line says and"
        remedy = f"{mend} run `hdh {self._operation}` again: what was done is in the state and is not done twice"
        return EngineError(where, f"{what}:\n" + "\n".join(lines) + "\nState is kept", remedy)

    def _count(self, operation: str, urn: str, type_: str) -> bool:
        """Keep the strongest operation of a resource; whether it is the first."""
        before = self._found.get(urn)
        if before is None or _ORDER.index(operation) > _ORDER.index(before.operation):
            self._found[urn] = Step(path_of(urn), type_, operation)
        return before is None

    def _diagnose(self, event: DiagnosticEvent) -> None:
        message = " ".join(_COLOUR.sub("", event.message).split())
        message = _NOISE.sub("", message.removeprefix("error: ")).split(" Traceback (most recent call last)")[0]
        if _NOT_IN_PLAN.search(message):
            message = _OTHER_PLAN + _AGAINST_PLAN.sub("", message)
        if not message or message in {"update failed", "preview failed", "refresh failed", "destroy failed"}:
            return
        if event.urn and f":{STACK}::" not in event.urn:
            causes = self._causes.setdefault(event.urn, [])
            if message not in causes:
                causes.append(message)
        elif message not in self._own and not message.startswith("Resource monitor has terminated"):
            self._own.append(message)


def _word(operation: str) -> str:
    return _WORDS.get(str(getattr(operation, "value", operation)), "same")
