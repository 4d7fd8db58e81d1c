"""Reading the simulated cloud back, and disturbing it: what is there, drift by hand, faults.

It reads the box's file and needs neither the engine nor the running process, which notices every change.
Secrets are never shown.
"""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypedDict, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.lifecycle import DATABASE, KEY

_OPERATIONS: Final = ("create", "read", "update", "delete")
_ANSWER: Final = re.compile(r"([45]\d\d|partial) [A-Za-z_]+")
"""Any answer of the cloud by number and code; any end of an operation that it had begun."""


class Resource(TypedDict):
    """A resource as the cloud has it; `deleted_until` is the day on which a deleted one goes for good."""

    id: str
    type: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    deleted_until: str | None


@final
class Cloud:
    """The cloud of one box."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        """Look at the box in `directory`; a box without a cloud has no resources."""
        self._directory, self._clock = directory, clock

    def resources(self, *, include_deleted: bool = False) -> list[Resource]:
        """Every resource in the order of ids; with `include_deleted` those too that the cloud still keeps."""
        from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
        from hdh_infra.sandbox.simulator.store import Store
        from hdh_infra.sandbox.simulator.wire import masked

        if not (self._directory / DATABASE).exists():
            return []
        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            clouds: dict[str, SimulatedCloud] = {}
            found: list[Resource] = []
            for row in store.all():
                gone = row.deleted_until is not None and row.deleted_until <= self._clock() + store.later
                if gone or not (row.alive or include_deleted):
                    continue
                package = row.type.split(":", 1)[0]
                cloud = clouds.setdefault(package, SimulatedCloud(package, store, clock=self._clock))
                until = row.deleted_until
                found.append(
                    Resource(
                        id=row.id,
                        type=row.type,
                        inputs=masked(row.inputs),
                        outputs=masked(cloud.outputs(row)),
                        deleted_until=None
                        if until is None
                        else datetime.datetime.fromtimestamp(until, datetime.UTC).date().isoformat(),
                    )
                )
            return found

    def change(self, identity: str, path: str, value: Any) -> None:
        """Change a property as somebody would by hand; None takes it away. Raises `KeyError` for an id that is not there."""
        from hdh_infra.sandbox.simulator.paths import parts, put
        from hdh_infra.sandbox.simulator.store import Store

        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            row = store.get(identity)
            if row is None:
                raise KeyError(identity)
            contract = contracts.contract(row.type)
            if contract is not None and parts(path)[0] in contract.inputs:
                put(row.inputs, path, value)
            else:
                row.kept[f"={path}"] = value
            store.put(row)

    def let_pass(self, seconds: float) -> None:
        """Let time pass in the cloud: what was deleted goes for good, what had not come yet is there."""
        from hdh_infra.sandbox.simulator.store import Store

        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            store.say("later", store.later + seconds)

    def set_pace(self, seconds: float) -> None:
        """How many seconds of the cloud pass in a second here, for what takes its time there: waits, `slow`, `seconds`."""
        from hdh_infra.sandbox.simulator.store import Store

        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            store.say("pace", seconds)

    def clear_faults(self) -> None:
        """Let no fault happen that has not happened yet."""
        from hdh_infra.sandbox.simulator.store import Store

        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            store.clear_faults()

    def create(self, token: str, inputs: Mapping[str, Any]) -> str:
        """Make a resource as somebody would by hand, under the cloud's rules, and give its id.

        Raises:
            RefusedByCloudError: the cloud refuses it.
        """
        from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
        from hdh_infra.sandbox.simulator.store import Store

        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            return SimulatedCloud(token.split(":", 1)[0], store, clock=self._clock).create(token, inputs).id

    def remove(self, identity: str) -> None:
        """Take a resource away without asking any rule, with all that lies in it."""
        from hdh_infra.sandbox.simulator.store import Store

        with closing(Store(self._directory / DATABASE, self._directory / KEY)) as store:
            for row in store.below(identity):
                store.remove(row.id)
            store.remove(identity)


def fault(directory: Path, types: str, operation: str, kind: str, *, count: int = 1, seconds: float = 0.0) -> None:
    """Let a fault happen to the next operations on some types.

    Args:
        directory: the box.
        types: a pattern of type tokens, `azure-native:storage:*`.
        operation: create, read, update or delete.
        kind: `429`, `500` and the like, or `NUMBER Code` for any answer (`409 SkuNotAvailable`); `conflict` (409
            AnotherOperationInProgress); `slow`; `not-found` (made, but not seen for `seconds`); `ineffective` (a role
            assignment that counts after `seconds`); `partial`, or `partial Code` (begun, and ended badly). The table
            in docs/simulator.md says what the provider does with each.
        count: how many answers or operations.
        seconds: of the cloud; `Retry-After` of an answer, how long a slow one takes longer, until when it is not there.

    Raises:
        ValueError: the operation or the kind is none of these.
    """
    from hdh_infra.sandbox.simulator.faults import KINDS

    if operation not in _OPERATIONS or not (kind in KINDS or _ANSWER.fullmatch(kind)):
        raise ValueError(f"operation: {', '.join(_OPERATIONS)}; kind: {', '.join(KINDS)}, NUMBER Code, partial Code")
    from hdh_infra.sandbox.simulator.store import Store

    with closing(Store(directory / DATABASE, directory / KEY)) as store:
        store.add_fault(types, operation, kind, count, seconds)
