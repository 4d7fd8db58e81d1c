"""What is asked of the engine and what it answers: requests, results, and who watches.

Plain data: neither Pulumi nor an engine is needed to make, read or print these.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, final

from hdh_infra.graph.steps import ManualStep
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

FORMAT = "hdh-deployment/1"
CHANGES = ("create", "update", "replace", "delete", "same")


@final
@dataclass(frozen=True)
class Request:
    """One operation on one stack.

    Attributes:
        platform: the spec.
        target: where to.
        lock: what was given before; `preview` and `up` want it up to date.
        lock_file: where it stands, for messages.
        stack: name of the stack, by default the target's own.
        today: the day that waivers are judged by.
        environment: every variable that the engine and its plugins see; nothing of the caller's own environment is added.
        engine_command: the `pulumi` command.
        work_dir: folder for the engine's working files; by default one of this stack's own in the user's cache.
        settings: the stack's own `Pulumi.STACK.yaml`, for secrets that the plan names; it is copied, never written.
        save_plan: where `preview` writes what it would do, for a later `up`.
        saved_plan: what `preview` wrote: `up` does that and nothing else.
    """

    platform: Platform
    target: Target
    lock: Lock | None
    lock_file: Path | None
    stack: str
    today: datetime.date
    environment: Mapping[str, str]
    engine_command: Path
    work_dir: Path | None = None
    settings: Path | None = None
    save_plan: Path | None = None
    saved_plan: Path | None = None


@final
@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that only a person can do and that is not proved.

    Attributes:
        step: which.
        why: what was found instead of its proof.
        waiting: paths of the native resources that are not made before it.
    """

    step: ManualStep
    why: str
    waiting: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it stands in a result."""
        return {
            "id": self.step.id,
            "what": self.step.what,
            "who": self.step.who,
            "command": self.step.command,
            "proof": self.step.proof,
            "found": self.why,
            "waiting": list(self.waiting),
        }


@final
@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One change: what is done to which resource."""

    path: str
    type: str
    operation: str


@final
@dataclass(frozen=True)
class Result:
    """What an operation changed; counts are of all resources of the stack but the stack itself."""

    operation: str
    target: str
    stack: str
    changes: Mapping[str, int]
    seconds: float
    steps: tuple[Step, ...] = ()
    """What changes (in a preview, would change), by path; what stays the same is only counted."""
    remarks: tuple[str, ...] = field(default=())
    """What a person should know: data that was kept in the cloud, a stale lock that was taken away."""
    stopped: tuple[OpenStep, ...] = field(default=())
    """Steps that only a person can do and that it stopped (in a preview, would stop) at: the rest was made."""
    open: tuple[OpenStep, ...] = field(default=())
    """The same of steps that nothing waits for."""

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-deployment/1`."""
        return {
            "format": FORMAT,
            "operation": self.operation,
            "target": self.target,
            "stack": self.stack,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 1),
            "steps": [{"operation": step.operation, "path": step.path, "type": step.type} for step in self.steps],
            "remarks": list(self.remarks),
            "stopped": [one.to_json() for one in self.stopped],
            "open": [one.to_json() for one in self.open],
        }


class Observer(Protocol):
    """Who watches an operation; called from another thread than the one that started it."""

    def total(self, count: int) -> None:
        """How many resources the operation is about to look at."""

    def started(self, operation: str, path: str, type_: str) -> None:
        """Work on a resource began."""

    def done(self, operation: str, path: str, type_: str) -> None:
        """Work on a resource ended well; `same` for one that needed none."""

    def failed(self, path: str, message: str) -> None:
        """Work on a resource ended with an error."""

    def say(self, line: str) -> None:
        """What is being waited for."""


@final
class Silent:
    """An observer that watches nothing."""

    def total(self, count: int) -> None:
        """Nothing."""

    def started(self, operation: str, path: str, type_: str) -> None:
        """Nothing."""

    def done(self, operation: str, path: str, type_: str) -> None:
        """Nothing."""

    def failed(self, path: str, message: str) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""
