"""Faults, and what the provider and the cloud do with them together: tried again inside the call, or told.

What is tried again is data (`provider` in the package's facts), read from the real provider's source. Time is
scaled: a second of the cloud takes `1 / pace` of a second here, so that minutes can be tried. What two writes
at one time do to each other is no fault but how the cloud is (`exclusive`): it shows where a write takes its time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from hdh_infra.sandbox.simulator.facts import Exclusive, matches
from hdh_infra.sandbox.simulator.paths import every
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.wire import plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
    from hdh_infra.sandbox.simulator.facts import Conduct
    from hdh_infra.sandbox.simulator.store import Fault, Store

CODES: Final[Mapping[str, str]] = {
    "408": "RequestTimeout",
    "429": "TooManyRequests",
    "500": "InternalServerError",
    "502": "BadGateway",
    "503": "ServerBusy",
    "504": "GatewayTimeout",
}
"""Answers that are known by their number, with the cloud's usual word."""
KINDS: Final = ("slow", "conflict", "not-found", "ineffective", "partial", *CODES)
"""What can be asked for, beside `NUMBER Code` for any answer and `partial Code` for any end of an operation."""
_CONFLICT: Final = ("409", "AnotherOperationInProgress")
_Result = TypeVar("_Result")


@final
@dataclass(slots=True)
class Effects:
    """What faults do to a call that goes through.

    Attributes:
        seconds: of the cloud that it takes longer.
        half: the code that its operation ends with after it was begun; empty where it ends well.
        until: by what of it comes later, `hidden` or `effective`, in how many seconds of the cloud.
    """

    seconds: float = 0.0
    half: str = ""
    until: dict[str, float] = field(default_factory=dict)


@final
class Calls:
    """The calls of one provider: what is due happens to them, and is tried again as the real provider does."""

    def __init__(
        self,
        cloud: SimulatedCloud,
        store: Store,
        conduct: Conduct,
        exclusive: tuple[Exclusive, ...],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take faults from `store`; wait by `sleep`."""
        self._cloud, self._store, self._conduct, self._exclusive, self._sleep = cloud, store, conduct, exclusive, sleep
        self._busy: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def run(
        self, operation: str, token: str, identity: str, inputs: Mapping[str, Any], act: Callable[[Effects], _Result]
    ) -> tuple[_Result, Effects]:
        """Do it, again where the provider would. Raises `RefusedByCloudError` where it gives up."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._once(operation, token, identity, inputs, act)
            except RefusedByCloudError as error:
                seconds = self._conduct.wait(tries, error.status, error.code, error.retry_after)
                if seconds is None:
                    raise
            self._wait(seconds)

    def _once(
        self, operation: str, token: str, identity: str, inputs: Mapping[str, Any], act: Callable[[Effects], _Result]
    ) -> tuple[_Result, Effects]:
        effects = Effects()
        last = 0
        while fault := self._store.take_fault(operation, lambda types: matches([types], token), after=last):
            last = fault.number
            self._suffer(fault, effects)
        with self._alone(operation, token, identity, inputs, holds=bool(effects.seconds)):
            result = act(effects)
            self._wait(effects.seconds)
        return result, effects

    def _suffer(self, fault: Fault, effects: Effects) -> None:
        word, _, code = fault.kind.partition(" ")
        match word:
            case "slow":
                effects.seconds += fault.seconds
            case "partial":
                effects.half = code or "InternalServerError"
            case "not-found":
                effects.until["hidden"] = fault.seconds
            case "ineffective":
                effects.until["effective"] = fault.seconds
            case _:
                status, code = _CONFLICT if word == "conflict" else (word, code or CODES[word])
                words = "a fault was injected"
                raise self._cloud.refusal("", int(status), code, words, retry_after=fault.seconds or None)

    @contextmanager
    def _alone(
        self, operation: str, token: str, identity: str, inputs: Mapping[str, Any], *, holds: bool
    ) -> Iterator[None]:
        """Refuse a write where another holds the place; hold it, where this one takes its time."""
        places = [] if operation == "read" else list(self._places(token, identity, inputs))
        with self._lock:
            for place, rule in places:
                other, kind = self._busy.get(place, ("", ""))
                if other and matches(rule.by, kind):
                    words = rule.message.format(place=place, other=other)
                    raise self._cloud.refusal(rule.id, rule.status, rule.code, words)
            mine = {place: (identity, token) for place, rule in places if holds and rule.path is None}
            self._busy |= mine
        try:
            yield
        finally:
            with self._lock:
                for place in mine:
                    self._busy.pop(place, None)

    def _places(self, token: str, identity: str, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Exclusive]]:
        for rule in self._exclusive:
            if matches(rule.types, token):
                ids = [identity] if rule.path is None else every(plain(dict(inputs)), rule.path)
                for one in ids:
                    above, found, rest = str(one).lower().partition(rule.segment.lower())
                    if found:
                        yield f"{above}{found}{rest.split('/', 1)[0]}", rule

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._sleep(seconds / self._store.pace)
