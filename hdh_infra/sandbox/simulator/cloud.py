"""The simulated cloud: what happens when a resource is checked, made, changed, read or deleted.

It speaks plain Python; the engine's protocol is `servicer`'s. A write is judged by the contract, then by the
rules, and only then done: all under one lock, so that judging and doing are one step. It never does anything
in a real cloud; the one thing that it may do outside is a backing's (`backings`), on this machine.
"""

from __future__ import annotations

import copy
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.added import known
from hdh_infra.sandbox.simulator.echoing import Echo
from hdh_infra.sandbox.simulator.facts import Rule
from hdh_infra.sandbox.simulator.kinds import KINDS, Event
from hdh_infra.sandbox.simulator.making import UNTIL, Maker
from hdh_infra.sandbox.simulator.paths import first
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.store import Row
from hdh_infra.sandbox.simulator.templates import fits
from hdh_infra.sandbox.simulator.wire import plain
from hdh_infra.sandbox.simulator.world import World

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.backings import Backings
    from hdh_infra.sandbox.simulator.store import Store

LIMIT: Final = "azure.limit"
"""The rule's name of what is beyond a limit of a type (`contracts/data/azure-arm.yaml`)."""
_DAY: Final = 86400.0


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """One input that is wrong, as a check says it."""

    path: str
    reason: str
    rule: str = ""


@final
class SimulatedCloud:
    """One package's part of the cloud of a box."""

    def __init__(
        self,
        package: str,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        backings: Backings | None = None,
    ) -> None:
        """Serve `package` from `store`.

        Args:
            package: `azure-native`, `ovh` or `scaleway`.
            store: where resources are kept.
            clock: seconds of the epoch; what was deleted goes for good by it.
            backings: what makes real things on this machine for some types.
        """
        self.package, self._store, self._backings = package, store, backings

        def now() -> float:
            return clock() + store.later

        self._clock: Callable[[], float] = now
        self._known = known(package)
        self._maker = Maker(store, self._known, self._clock)
        self._world = World(store, self._known, self._maker)
        self._echo = Echo(store, self._known, self._maker)

    # --- what the engine asks

    def check(
        self, token: str, name: str, seed: bytes, olds: Mapping[str, Any], news: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[Failure]]:
        """The inputs with a name where none was given, and all that is wrong with them."""
        inputs = {key: value for key, value in news.items() if not key.startswith("__")}
        contract = contracts.contract(token)
        if contract is None:
            return inputs, [Failure("", f"{token} is not simulated: it has no contract")]
        self._name(token, name, seed, olds, inputs)
        asked = plain(inputs)
        failures = [
            Failure(found.path, f"{found.found}. {found.remedy}")
            for found in contracts.check(token, asked, limits=False)
            if found.kind != "open-enum"
        ]
        if failures:
            return inputs, failures
        event = Event("check", token, self._maker.identity(token, asked, preview=True) or "", asked, None, self._world)
        broken = [
            Failure(str(rule.parameters.get("path", "")), self._message(rule, found, asked), rule.id)
            for rule, found in self._broken(event)
        ]
        return inputs, broken or [Failure(one.path, one.found, LIMIT) for one in _beyond(token, asked)]

    def identity(self, token: str, inputs: Mapping[str, Any]) -> str | None:
        """The id that a resource with these inputs has; None where it is the cloud's to choose, or not known yet."""
        return self._maker.identity(token, plain(inputs), preview=True)

    def preview(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of a resource before it is made: computed leaves are unknown."""
        return self._maker.outputs(Row("", token, dict(inputs)), preview=True)

    def preview_change(self, identity: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of a resource before it is changed; what the cloud has made stays known."""
        with self._store.session():
            row = self._living(identity)
            return self._maker.outputs(Row(row.id, row.type, dict(inputs), dict(row.kept)), preview=True)

    def create(self, token: str, inputs: Mapping[str, Any], until: Mapping[str, float] | None = None) -> Row:
        """Make a resource; `until` says what of it comes in how many seconds of the cloud (`hidden`, `effective`).

        Raises:
            RefusedByCloudError: the cloud refuses.
        """
        with self._store.session():
            self._purge()
            row = Row("", token, dict(inputs))
            row.id = self._maker.identity(token, plain(inputs)) or ""
            if not row.id:
                raise self.refusal("", 400, "InvalidRequest", f"{token} has no id with these inputs")
            self._judge(Event("create", token, row.id, plain(inputs), None, self._world))
            before = self._store.get(row.id)
            kind = self._known.kind(token)
            if before is not None and before.alive and not (kind and kind.singleton):
                raise self.refusal("", 409, "Conflict", f"cannot create already existing resource '{row.id}'")
            if before is not None and not before.alive:
                row.kept = dict(before.kept)
                self._bring_back(before)
            if self._backings is not None:
                self._backings.create(row, self._maker.outputs(row))
            for what, seconds in (until or {}).items():
                row.kept[f"{UNTIL}{what}"] = self._clock() + seconds / self._store.pace
            self._keep(row)
            return row

    def read(self, identity: str) -> Row | None:
        """A living resource."""
        with self._store.session():
            self._purge()
            row = self._store.get(identity)
            return row if row is not None and row.alive and not self._maker.waits(row, "hidden") else None

    def update(self, identity: str, inputs: Mapping[str, Any]) -> Row:
        """Change a resource. Raises `RefusedByCloudError`."""
        with self._store.session():
            old = self._living(identity)
            before = {**plain(old.inputs), **plain(self._maker.outputs(old))}
            self._judge(Event("update", old.type, old.id, plain(inputs), before, self._world))
            kept = {path: value for path, value in old.kept.items() if not path.startswith("=")}
            row = Row(old.id, old.type, dict(inputs), kept)
            if self._backings is not None:
                self._backings.update(row, self._maker.outputs(row))
            self._keep(row)
            return row

    def delete(self, identity: str) -> None:
        """Delete a resource with all that lies in it; one that is gone is well. Raises `RefusedByCloudError`."""
        with self._store.session():
            self._purge()
            row = self._store.get(identity)
            if row is None or not row.alive:
                return
            before = {**plain(row.inputs), **plain(self._maker.outputs(row))}
            self._judge(Event("delete", row.type, row.id, plain(row.inputs), before, self._world))
            self._delete(row)

    def outputs(self, row: Row) -> dict[str, Any]:
        """What the cloud answers of a resource; secrets marked."""
        with self._store.session():
            kept = len(row.kept)
            found = self._maker.outputs(row)
            if len(row.kept) != kept:
                self._store.put(row)
            return self._echo.add(row, found)

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """A function's answer; None for one that is not simulated. Raises `RefusedByCloudError` where nothing is there."""
        with self._store.session():
            asked = plain(arguments)
            answer = self._maker.answer(token, asked)
            looked = self._world.looker.answer(token, asked) if answer is None else None
            if looked is not None and looked[1] is None:
                raise self.refusal("", 404, "ResourceNotFound", f"The Resource '{looked[0]}' was not found.")
            return looked[1] if looked is not None else answer

    # --- how

    def _judge(self, event: Event) -> None:
        for rule, found in self._broken(event):
            message = self._message(rule, found, event.inputs)
            raise self.refusal(rule.id, rule.status, rule.code, message)
        for one in _beyond(event.token, event.inputs) if event.operation != "delete" else ():
            raise self.refusal(LIMIT, 400, "InvalidParameter", f"{one.path}: {one.found}")

    def _broken(self, event: Event) -> list[tuple[Rule, str]]:
        kinds = KINDS[event.operation]
        broken = []
        for rule in self._known.rules_of(event.token):
            kind = kinds.get(rule.kind)
            if kind and fits(rule.when, event.inputs):
                found = kind(rule, event)
                if found is not None:
                    broken.append((rule, found))
        return broken

    @staticmethod
    def _message(rule: Rule, found: str, inputs: Mapping[str, Any]) -> str:
        def one(name: re.Match[str]) -> str:
            return found if name[1] == "found" else str(first(inputs, name[1], ""))

        return re.sub(r"\{([^{}]+)\}", one, rule.message)

    def refusal(
        self, rule: str, status: int, code: str, message: str, *, retry_after: float | None = None
    ) -> RefusedByCloudError:
        """What the cloud answers where it refuses, in its provider's words."""
        text = self._known.error.format(status=status, code=code, message=message)
        return RefusedByCloudError(
            rule, status, code, f"{text} [simulated{': ' + rule if rule else ''}]", retry_after=retry_after
        )

    def _living(self, identity: str) -> Row:
        row = self._store.get(identity)
        if row is None or not row.alive:
            raise self.refusal("", 404, "ResourceNotFound", f"The resource '{identity}' was not found.")
        return row

    def _keep(self, row: Row) -> None:
        self._maker.outputs(row)
        self._store.put(row)

    def _name(self, token: str, name: str, seed: bytes, olds: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """A name of the engine's choosing where none is given: stable between preview and `up`, and kept after."""
        kind = self._known.kind(token)
        parameter = kind.parameters[-1] if kind and kind.parameters else ""
        contract = contracts.contract(token)
        if not parameter or inputs.get(parameter) or not contract or contract.inputs[parameter].get("required"):
            return
        made = re.sub(r"[^a-z0-9]", "", name.lower())[:16] + hashlib.sha256(seed).hexdigest()[:8]
        inputs[parameter] = olds.get(parameter) or made

    def _retention(self, row: Row) -> float | None:
        """How many days a resource is kept after its deletion; None where it goes at once."""
        for rule in self._known.rules_of(row.type):
            if rule.kind == "kept" and fits(rule.when, plain(row.inputs)):
                source = row
                if rule.parameters.get("days_of") == "parent":
                    source = self._store.get(row.id.rsplit("/", 2)[0]) or row
                stated = first(plain(source.inputs), str(rule.parameters.get("days_path", "")))
                return float(stated if isinstance(stated, int | float) else rule.parameters["days"])
        return None

    def _delete(self, row: Row) -> None:
        days = self._retention(row)
        if days is None:
            # What lies in it goes with it, but what is kept is kept: vaults of a resource group.
            for below in self._store.below(row.id):
                inner = self._store.get(below.id)
                if inner is not None and inner.alive:
                    self._delete(inner)
            self._remove(row)
            return
        until = self._clock() + days * _DAY
        for below in self._store.below(row.id):
            if "/providers/" in below.id[len(row.id) :].lower():
                self._remove(below)
            elif below.alive:
                self._store.put(_changed(below, deleted_until=until, deleted_with=row.id))
        self._store.put(_changed(row, deleted_until=until, deleted_with=None))

    def _bring_back(self, row: Row) -> None:
        for below in self._store.below(row.id):
            if (below.deleted_with or "").lower() == row.id.lower():
                self._store.put(_changed(below, deleted_until=None, deleted_with=None))

    def _purge(self) -> None:
        now = self._clock()
        for row in self._store.deleted():
            if row.deleted_until is not None and row.deleted_until <= now:
                for below in self._store.below(row.id):
                    self._store.remove(below.id)
                self._store.remove(row.id)

    def _remove(self, row: Row) -> None:
        if self._backings is not None:
            self._backings.delete(row, self._maker.outputs(row))
        self._store.remove(row.id)


def _beyond(token: str, inputs: Mapping[str, Any]) -> list[contracts.Violation]:
    """What is beyond the limits that the cloud's published types set to values."""
    return [one for one in contracts.check(token, inputs) if one.kind == "limit"]


def _changed(row: Row, *, deleted_until: float | None, deleted_with: str | None) -> Row:
    other = copy.copy(row)
    other.deleted_until, other.deleted_with = deleted_until, deleted_with
    return other
