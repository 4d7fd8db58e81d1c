"""What the cloud makes of what it is given: ids, outputs, and answers of functions, from templates in data.

What a template may hold: `templates`. Nothing here refuses anything: see `kinds`.
"""

from __future__ import annotations

import datetime
import ipaddress
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.indexes import ancestors
from hdh_infra.sandbox.simulator.paths import first, parts, places, put
from hdh_infra.sandbox.simulator.store import Row
from hdh_infra.sandbox.simulator.templates import Filling, MissingError, fits, texts
from hdh_infra.sandbox.simulator.wire import UNKNOWN, Secret, copied, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Knowledge
    from hdh_infra.sandbox.simulator.store import Store

OVERRIDE: Final = "="
"""Before the path of an output that somebody changed by hand."""
CONNECTED: Final = "was connected"
"""Of a half of a peering whose other half has been there."""
UNTIL: Final = "until "
"""Before the name of what of a resource comes later than its making; the value is the time."""
_IDS: Final = ("/subscriptions/", "projects/")
"""Where ids of resources begin, at Azure and at Google."""
_FIRST_HOST: Final = 4
"""The first address of a subnet that Azure gives away; those before are its own."""


@final
class Maker:
    """Makes ids and outputs of one package's resources."""

    def __init__(self, store: Store, known: Knowledge, clock: Callable[[], float]) -> None:
        """Read other resources from the store, templates from what is known, the time from the clock."""
        self._store, self._known, self._clock = store, known, clock

    def identity(self, token: str, inputs: Mapping[str, Any], *, preview: bool = False) -> str | None:
        """The id of a resource with these inputs; None where it is not known yet or an input of it is missing."""
        kind = self._known.kind(token)
        if kind is None:
            return None
        if preview and "{new." in kind.template:
            return None
        row = Row("", token, dict(inputs))
        try:
            found = Filling(self, row, kind, preview=preview).value(kind.template, "id")
        except MissingError:
            return None
        return (
            None
            if UNKNOWN in str(found)
            else "/" + str(found).strip("/")
            if kind.template.startswith("/")
            else str(found)
        )

    def outputs(self, row: Row, *, preview: bool = False) -> dict[str, Any]:
        """What the cloud answers of a resource. Values that are made once are put into `row.kept`."""
        contract = contracts.contract(row.type)
        assert contract is not None, row.type
        answered = {
            name: copied(value) for name, value in row.inputs.items() if name in contract.outputs and value is not None
        }
        kind = self._known.kind(row.type)
        filling = Filling(self, row, kind, preview=preview)
        asked = plain(row.inputs)
        for rule in self._known.outputs_of(row.type):
            if not rule.when or fits(rule.when, asked):
                for path, template in rule.defaults.items():
                    self._set(answered, path, template, filling, only_missing=True)
                for path, template in rule.values.items():
                    self._set(answered, path, template, filling, only_missing=False)
        for path, value in row.kept.items():
            if path.startswith(OVERRIDE):
                put(answered, path[1:], value)
        if preview and not row.id:
            answered |= {name: UNKNOWN for name in contract.outputs if name not in answered}
        return {
            name: Secret(plain(value)) if name in contract.secrets and value != UNKNOWN else value
            for name, value in answered.items()
            if name in contract.outputs
        }

    def answer(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a function gives; None for one that is not simulated."""
        template = self._known.functions.get(token)
        if template is None:
            return None
        found = Filling(self, Row("", token, dict(arguments)), None, preview=False).value(dict(template), token)
        return dict(found)

    def fact(self, name: str) -> str:
        """A fact of this box, made at the first question."""
        makers: Mapping[str, Callable[[], str]] = {"projectId": lambda: secrets.token_hex(16)}
        return self._store.fact(name, makers.get(name, lambda: str(uuid.uuid4())))

    def _set(self, answered: dict[str, Any], path: str, template: Any, filling: Filling, *, only_missing: bool) -> None:
        head = parts(path)[0]
        whole = answered.get(head)
        opened = {head: plain(whole)} if isinstance(whole, Secret) else answered
        base, star, rest = path.partition("[*]")
        targets = [(path, None)] if not star else [(f"{at}{rest}", item) for at, item in places(opened, f"{base}[*]")]
        for at, item in targets:
            if only_missing and first(opened, at) is not None:
                continue
            try:
                # Before a resource is made, its provider knows nothing that the cloud computes.
                put(opened, at, UNKNOWN if filling.before else filling.value(template, at, plain(item)))
            except MissingError:
                continue
        if isinstance(whole, Secret):
            answered[head] = Secret(opened[head])

    def principal(self, identity: str) -> dict[str, Any] | None:
        """The outputs of a living resource."""
        row = self._store.get(identity)
        return plain(self.outputs(row)) if row is not None and row.alive else None

    def suffix(self, row: Row, service: str) -> str:
        """What the hosts of a service end in where a resource lies, or what it lies in."""
        location = first(plain(row.inputs), "location")
        for above in ancestors(row.id) if location is None else ():
            holder = self._store.get(above)
            location = first(plain(holder.inputs), "location") if holder is not None else None
            if location is not None:
                break
        if location is None:
            raise MissingError("location")
        return self._known.suffix(service, str(location))

    def free_address(self, subnet: str) -> str:
        """The first address of a subnet that nothing has."""
        row = self._store.get(subnet)
        prefix = first(row.inputs, "addressPrefix") if row else None
        if not isinstance(prefix, str):
            raise MissingError(subnet)
        # Ids are never secret, and neither are addresses: the inputs are taken as they are.
        taken = {
            value for one in naming(self._store, subnet) for source in (one.inputs, one.kept) for value in texts(source)
        }
        hosts = ipaddress.ip_network(prefix)
        for offset in range(_FIRST_HOST, hosts.num_addresses - 1):
            if str(hosts[offset]) not in taken:
                return str(hosts[offset])
        raise MissingError(prefix)

    def peered(self, row: Row, remote: str) -> str:
        """The state of one half of a peering: whether the other half is there, or was."""
        mine = row.id.rsplit("/virtualNetworkPeerings/", 1)[0].lower()
        for other in self._store.below(f"{remote}/virtualNetworkPeerings"):
            back = str(first(plain(other.inputs), "remoteVirtualNetwork.id", "")).lower()
            if other.alive and other.type == row.type and back == mine:
                for half in (row, other):
                    if CONNECTED not in half.kept:
                        half.kept[CONNECTED] = True
                        if half is other:
                            self._store.put(half)
                return "Connected"
        return "Disconnected" if CONNECTED in row.kept else "Initiated"

    def waits(self, row: Row, what: str) -> bool:
        """Whether something of a resource has not come yet."""
        until = row.kept.get(f"{UNTIL}{what}")
        return until is not None and until > self._clock()

    def now(self) -> str:
        """The time, as APIs write it."""
        return datetime.datetime.fromtimestamp(self._clock(), datetime.UTC).isoformat(timespec="seconds")


def naming(store: Store, identity: str) -> list[Row]:
    """Living resources whose inputs name a resource's id, or that of something in it."""
    index = store.index("names", None, _named_by)
    return [row for row in index.find(identity.lower().rstrip("/")) if row.alive]


def _named_by(row: Row) -> set[str]:
    # Ids are never secret: the inputs are taken as they are.
    return {above for one in texts(row.inputs) if one.startswith(_IDS) for above in ancestors(one)}
