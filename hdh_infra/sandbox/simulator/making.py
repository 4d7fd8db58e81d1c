"""What the cloud makes of what it is given: ids, outputs, and answers of functions, from templates in data.

A template is JSON whose texts may hold names in braces: an input's path, `id`, `name`, `arm`, `api`,
`box.X` (a fact of this box), `new.X` (made once and kept), `item.X` (in a list), or `word:path` for the few
functions below. A text that is one name alone keeps that value's type. What cannot be known in a preview
becomes the engine's unknown, leaf by leaf. Nothing here refuses anything: see `rules`.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.indexes import ancestors
from hdh_infra.sandbox.simulator.paths import first, parts, places, put
from hdh_infra.sandbox.simulator.store import Row
from hdh_infra.sandbox.simulator.wire import UNKNOWN, Secret, copied, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.knowledge import Kind, Knowledge
    from hdh_infra.sandbox.simulator.store import Store

OVERRIDE: Final = "="
"""Before the path of an output that somebody changed by hand."""
UNTIL: Final = "until "
"""Before the name of what of a resource comes later than its making; the value is the time."""
_NAME: Final = re.compile(r"\{([^{}]+)\}")
_FIRST_HOST: Final = 4
"""The first address of a subnet that Azure gives away; those before are its own."""


class _MissingError(Exception):
    """A template names what is not there."""


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
            found = _Filling(self, row, kind, preview=preview).value(kind.template, "id")
        except _MissingError:
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
        filling = _Filling(self, row, kind, preview=preview)
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
        found = _Filling(self, Row("", token, dict(arguments)), None, preview=False).value(dict(template), token)
        return dict(found)

    def fact(self, name: str) -> str:
        """A fact of this box, made at the first question."""
        makers: Mapping[str, Callable[[], str]] = {"projectId": lambda: secrets.token_hex(16)}
        return self._store.fact(name, makers.get(name, lambda: str(uuid.uuid4())))

    def _set(
        self, answered: dict[str, Any], path: str, template: Any, filling: _Filling, *, only_missing: bool
    ) -> None:
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
            except _MissingError:
                continue
        if isinstance(whole, Secret):
            answered[head] = Secret(opened[head])

    def principal(self, identity: str) -> dict[str, Any] | None:
        """The outputs of a living resource."""
        row = self._store.get(identity)
        return plain(self.outputs(row)) if row is not None and row.alive else None

    def free_address(self, subnet: str) -> str:
        """The first address of a subnet that nothing has."""
        row = self._store.get(subnet)
        prefix = first(row.inputs, "addressPrefix") if row else None
        if not isinstance(prefix, str):
            raise _MissingError(subnet)
        # Ids are never secret, and neither are addresses: the inputs are taken as they are.
        taken = {
            value for one in naming(self._store, subnet) for source in (one.inputs, one.kept) for value in texts(source)
        }
        hosts = ipaddress.ip_network(prefix)
        for offset in range(_FIRST_HOST, hosts.num_addresses - 1):
            if str(hosts[offset]) not in taken:
                return str(hosts[offset])
        raise _MissingError(prefix)

    def peered(self, row: Row, remote: str) -> str:
        """The state of one half of a peering: whether the other half is there."""
        mine = row.id.rsplit("/virtualNetworkPeerings/", 1)[0].lower()
        for other in self._store.below(f"{remote}/virtualNetworkPeerings"):
            back = str(first(plain(other.inputs), "remoteVirtualNetwork.id", "")).lower()
            if other.alive and back == mine:
                return "Connected"
        return "Initiated"

    def waits(self, row: Row, what: str) -> bool:
        """Whether something of a resource has not come yet."""
        until = row.kept.get(f"{UNTIL}{what}")
        return until is not None and until > self._clock()

    def now(self) -> str:
        """The time, as APIs write it."""
        return datetime.datetime.fromtimestamp(self._clock(), datetime.UTC).isoformat(timespec="seconds")


@final
class _Filling:
    """Fills templates for one row."""

    def __init__(self, maker: Maker, row: Row, kind: Kind | None, *, preview: bool) -> None:
        self._maker, self._row, self._kind, self._preview = maker, row, kind, preview
        self._inputs = plain(row.inputs)

    @property
    def before(self) -> bool:
        """Whether this is a preview of a resource that is not there yet."""
        return self._preview and not self._row.id

    def value(self, template: Any, at: str, item: Any = None) -> Any:
        """The template's value for the place `at`. Raises `_MissingError`."""
        if isinstance(template, Mapping):
            return {name: self.value(one, f"{at}.{name}", item) for name, one in template.items()}
        if isinstance(template, list):
            return [self.value(one, f"{at}[{index}]", item) for index, one in enumerate(template)]
        if not isinstance(template, str):
            return template
        whole = _NAME.fullmatch(template)
        if whole:
            return self._named(whole[1], at, item)
        values = [self._named(name, at, item) for name in _NAME.findall(template)]
        if any(value == UNKNOWN for value in values):
            return UNKNOWN
        rest = iter(values)
        return _NAME.sub(lambda _: str(next(rest)), template)

    def _named(self, name: str, at: str, item: Any) -> Any:
        head, _, tail = name.partition(".")
        if head == "new":
            return self._kept(at, tail)
        if head == "box":
            return self._maker.fact(tail)
        if name == "subscriptionId":
            return self._maker.fact("subscriptionId")
        if name == "id":
            return self._row.id or UNKNOWN
        if name == "arm" and self._kind:
            return self._native()
        if name == "api":
            contract = contracts.contract(self._row.type)
            return contract.api if contract else ""
        if name == "name" and self._kind and self._kind.parameters and "name" not in self._inputs:
            return self._input(self._kind.parameters[-1], item)
        word, colon, path = name.partition(":")
        return self._function(word, path, at, item) if colon else self._input(name, item)

    def _native(self) -> str:
        """The type; a record set's has the kind of its records in the id's place of a name."""
        native = self._kind.native if self._kind else ""
        return _NAME.sub(lambda found: str(self._input(found[1], None)), native)

    def _input(self, path: str, item: Any) -> Any:
        value = first({"item": item} if path.startswith("item.") else self._inputs, path)
        if value is None:
            raise _MissingError(path)
        return value

    def _kept(self, at: str, kind: str) -> Any:
        key = f"{at} {kind}"
        if key not in self._row.kept:
            if self._preview:
                return UNKNOWN
            makers: Mapping[str, Callable[[], Any]] = {
                "uuid": lambda: str(uuid.uuid4()),
                "hex": lambda: secrets.token_hex(16),
                "number": lambda: str(secrets.randbelow(900_000) + 100_000),
                "octet": lambda: str(secrets.randbelow(254) + 1),
                "word": lambda: secrets.token_hex(6),
                "password": lambda: secrets.token_urlsafe(24),
                "now": self._maker.now,
            }
            value = makers[kind]()
            self._row.kept[key] = Secret(value) if kind == "password" else value
        return plain(self._row.kept[key])

    def _function(self, word: str, path: str, at: str, item: Any) -> Any:
        value = self._input(path, item)
        if value == UNKNOWN:
            return UNKNOWN
        match word:
            case "lower":
                return str(value).lower()
            case "host":
                return str(value).lower().replace("_", "-")
            case "last":
                return str(value).rsplit("/", 1)[-1]
            case "document":
                return _document(str(value))
            case "identities":
                return {one: self._identity(one) for one in value} if isinstance(value, list) else value
            case "address":
                return self._once(at, lambda: self._maker.free_address(str(value)))
            case "peering":
                return self._maker.peered(self._row, str(value)) if self._row.id else UNKNOWN
            case _:
                raise ValueError(f"no template function {word}")

    def _identity(self, identity: Any) -> Any:
        found = self._maker.principal(str(identity))
        if found is None:
            return UNKNOWN if self._preview else {}
        return {name: found[name] for name in ("principalId", "clientId")}

    def _once(self, at: str, make: Callable[[], Any]) -> Any:
        if at not in self._row.kept:
            if self._preview:
                return UNKNOWN
            self._row.kept[at] = make()
        return self._row.kept[at]


def _document(text: str) -> str:
    """A policy document with the version that IAM servers want and OVHcloud leaves out."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return json.dumps({"Version": "2012-10-17", **found}) if isinstance(found, dict) else text


def fits(when: Mapping[str, str], inputs: Mapping[str, Any]) -> bool:
    """Whether every path's value matches its pattern; a missing value is the empty text."""
    for path, pattern in when.items():
        value = first(inputs, path, "")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if value == UNKNOWN or not re.fullmatch(pattern, text):
            return False
    return True


def texts(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in texts(item)]
    return [text for item in value for text in texts(item)] if isinstance(value, list) else []


def naming(store: Store, identity: str) -> list[Row]:
    """Living resources whose inputs name a resource's id, or that of something in it."""
    index = store.index("names", None, _named_by)
    return [row for row in index.find(identity.lower().rstrip("/")) if row.alive]


def _named_by(row: Row) -> set[str]:
    # Ids are never secret: the inputs are taken as they are.
    return {above for one in texts(row.inputs) if one.startswith("/subscriptions/") for above in ancestors(one)}


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A template filled from values alone, without a resource's own names."""
    if isinstance(template, Mapping):
        return {name: filled(one, values) for name, one in template.items()}

    def one(found: re.Match[str]) -> str:
        word, colon, path = found[1].partition(":")
        value = str(first(values, path if colon else word, ""))
        return _document(value) if colon and word == "document" else value

    return _NAME.sub(one, template) if isinstance(template, str) else template
