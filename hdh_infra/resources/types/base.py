"""What a resource type must answer, and the two errors that a type may raise on purpose."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hdh_infra.resources.values import Change, differences, without_nulls

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping

    from hdh_infra.resources.clients import Clients
    from hdh_infra.resources.config import Limits
    from hdh_infra.resources.contract import Failure

MARK_TAG = "hdh-urn"
"""The tag that says which resource of which stack a server's thing was made for."""


class ResourceError(Exception):
    """Raised when an operation cannot be done; the message is one line and ends with the remedy."""


class HalfMadeError(Exception):
    """Raised when a thing exists on the server but is not as asked: it is kept in state and repaired later.

    Attributes:
        identity: the id under which the state keeps it.
        outputs: what is really on the server.
        reason: why it is not finished, one line with the remedy.
    """

    def __init__(self, identity: str, outputs: dict[str, Any], reason: str) -> None:
        """Keep the three parts."""
        self.identity, self.outputs, self.reason = identity, outputs, reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of one operation.

    Attributes:
        clients: the clients of the configured provider.
        urn: the resource's name in its stack.
        cancelled: set once the engine wants to stop; long operations look at it between two steps.
    """

    clients: Clients
    urn: str
    cancelled: threading.Event

    def stop_if_cancelled(self) -> None:
        """Raise `ResourceError` once the engine has asked to stop."""
        if self.cancelled.is_set():
            raise ResourceError("stopped on request: run the command again to finish")

    @property
    def mark(self) -> str:
        """The value of the mark tag: a digest, as a URN holds characters that tags may not and names nobody should read."""
        return hashlib.sha256(self.urn.encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Live:
    """A thing as the server describes it: its outputs, and the mark of who made it (None for no mark)."""

    outputs: dict[str, Any]
    mark: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


class ResourceType:
    """One type. Subclasses are stateless: everything an operation needs comes in its arguments."""

    token: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Inputs that are meant when they are absent; an absent input without a default is "not asked"."""

    def complete(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs with what is meant where nothing is said."""
        return {**self.defaults, **without_nulls(inputs)}

    def check(self, inputs: Mapping[str, Any]) -> Iterable[Failure]:
        """Rules of this type beyond the contract; called only when the contract holds. May meet unknowns."""
        del inputs
        return ()

    def check_limits(self, inputs: Mapping[str, Any], limits: Limits) -> Iterable[Failure]:
        """What of the inputs the endpoint does not have. May meet unknowns."""
        del inputs, limits
        return ()

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """What names the thing on its server; a replacement of the same identity must be deleted first."""
        raise NotImplementedError

    def changes(
        self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> list[Change]:
        """What must change so that a thing with `outputs` becomes as `inputs` ask (both completed).

        An input that is not asked changes nothing, unless the old inputs asked for it.
        """
        found: list[Change] = []
        for name in self.asked(inputs, old_inputs):
            found += differences(outputs.get(name), inputs.get(name), name)
        return found

    def asked(self, inputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> list[str]:
        """The inputs to be compared: those given now, and those given before."""
        return sorted({*inputs, *without_nulls(old_inputs)})

    def replaces(self, outputs: Mapping[str, Any], inputs: Mapping[str, Any], change: Change) -> bool:
        """Whether this change, beyond the contract's `replace`, needs a new thing."""
        del outputs, inputs, change
        return False

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs that a creation will have, as far as they are known before it."""
        raise NotImplementedError

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make the thing; its id and its outputs. Raises `ResourceError` or `HalfMadeError`."""
        raise NotImplementedError

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the server holds now; None where it is gone. `outputs` are the state's last ones, {} on an import."""
        raise NotImplementedError

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs that describe what was read: the old ones brought up to date; on an import, all."""
        raise NotImplementedError

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Bring the thing to what `inputs` ask; its outputs. Raises `ResourceError` or `HalfMadeError`."""
        raise NotImplementedError

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove the thing; one that is gone already is well. Raises `ResourceError`."""
        raise NotImplementedError
