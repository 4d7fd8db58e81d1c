"""Templates of the data: JSON whose texts may hold names in braces, and the texts in a value.

Names: an input's path, `id`, `name`, `arm`, `api`, `box.X` (a fact of this box), `new.X` (made once and kept),
`item.X` (in a list), `suffix:X` (what hosts of a service end in there), or `word:path` for the few functions below. A text that is one name alone keeps that value's
type. What cannot be known in a preview becomes the engine's unknown, leaf by leaf.
"""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.paths import first
from hdh_infra.sandbox.simulator.wire import UNKNOWN, Secret, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Kind
    from hdh_infra.sandbox.simulator.making import Maker
    from hdh_infra.sandbox.simulator.store import Row

_NAME: Final = re.compile(r"\{([^{}]+)\}")


class MissingError(Exception):
    """A template names what is not there."""


@final
class Filling:
    """Fills templates for one row."""

    def __init__(self, maker: Maker, row: Row, kind: Kind | None, *, preview: bool) -> None:
        self._maker, self._row, self._kind, self._preview = maker, row, kind, preview
        self._inputs = plain(row.inputs)

    @property
    def before(self) -> bool:
        """Whether this is a preview of a resource that is not there yet."""
        return self._preview and not self._row.id

    def value(self, template: Any, at: str, item: Any = None) -> Any:
        """The template's value for the place `at`. Raises `MissingError`."""
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
        if word == "suffix":
            return self._maker.suffix(self._row, path)
        return self._function(word, path, at, item) if colon else self._input(name, item)

    def _native(self) -> str:
        """The type; a record set's has the kind of its records in the id's place of a name."""
        native = self._kind.native if self._kind else ""
        return _NAME.sub(lambda found: str(self._input(found[1], None)), native)

    def _input(self, path: str, item: Any) -> Any:
        value = first({"item": item} if path.startswith("item.") else self._inputs, path)
        if value is None:
            raise MissingError(path)
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
                "hextet": lambda: secrets.token_hex(2),
                "pair": lambda: secrets.token_hex(1),
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


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A template filled from values alone, without a resource's own names."""
    if isinstance(template, Mapping):
        return {name: filled(one, values) for name, one in template.items()}
    if isinstance(template, list):
        return [filled(one, values) for one in template]

    def one(found: re.Match[str]) -> str:
        word, colon, path = found[1].partition(":")
        value = str(first(values, path if colon else word, ""))
        if colon and word == "last":
            return value.rsplit("/", 1)[-1]
        return _document(value) if colon and word == "document" else value

    return _NAME.sub(one, template) if isinstance(template, str) else template
