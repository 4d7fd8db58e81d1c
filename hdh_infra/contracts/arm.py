"""What Azure Resource Manager says of its types beyond the SDK: limits of values, and the body of a request.

The facts are data (`data/azure-arm.yaml`), each with where it was read. Values that are known only later are
not judged. The provider flattens ARM's `properties`, renames some names and takes path parameters as properties:
`body` undoes that, so that a node can be held against ARM's own definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, final

from hdh_infra.contracts.load import SIGNATURE, UNKNOWN
from hdh_infra.graph.values import form_of

PREFIX = "azure-native:"
_ENVELOPE = ("location", "tags", "identity", "sku", "kind", "zones", "plan", "extendedLocation", "etag", "placement")
_ITEM_ENVELOPE = ("name", "id", "type", "zones")
_STEPS = re.compile(r"\[\]|\{\}|#|[^.\[{#]+")
_LATER = frozenset({"$ref", "$lookup", "$secret", "$format", "$json", "$base64"})


@final
@dataclass(frozen=True, slots=True)
class Fact:
    """One limit, at a path in azure-native's names."""

    path: str
    length: tuple[int, int] | None = None
    between: tuple[int | None, int | None] | None = None
    items: tuple[int, int] | None = None
    pattern: str | None = None
    values: tuple[Any, ...] | None = None
    known: tuple[Any, ...] | None = None
    """Values that are known where Azure may take others, as a newer version of it would."""
    refused: tuple[Any, ...] | None = None
    variants: Mapping[str, Any] | None = None
    source: str = ""
    """Key of where it was read, in `sources`."""
    steps: tuple[str, ...] = ()
    """The path in its parts: names, `[]`, `{}`, `#`."""

    def breach(self, value: Any) -> str | None:
        """What is wrong with a value, for people; None where nothing is."""
        if self.items and isinstance(value, (list, tuple, Mapping)):
            return _beyond(len(value), self.items, "entries")
        if self.variants and isinstance(value, Mapping):
            return self._stranger(value)
        if self.length and isinstance(value, str) and (found := _beyond(len(value), self.length, "characters")):
            return found
        if self.between and isinstance(value, int | float) and not isinstance(value, bool):
            return _beyond(value, self.between, "")
        if self.pattern and isinstance(value, str) and not re.search(self.pattern, value, re.ASCII):
            return f"{value!r:.80} is not of the form {self.pattern}"
        allowed = self.known if self.values is None else self.values
        if allowed is not None and not _is_collection(value) and value not in allowed:
            return f"{value!r:.80} is not one of {', '.join(map(str, allowed))}"
        if self.refused is not None and value in self.refused:
            return f"{value!r:.80} is a word that Azure refuses here"
        return None

    def _stranger(self, value: Mapping[str, Any]) -> str | None:
        """Of an object that says itself which of several kinds it is: an unknown kind, or a name that its kind has not."""
        assert self.variants is not None
        by = self.variants["by"]
        kind = value.get(by)
        known = self.variants.get(str(kind)) if kind != "by" else None
        if known is None:
            return f"{by} is {kind!r}, not one of {', '.join(name for name in self.variants if name != 'by')}"
        strange = sorted(set(value) - set(known))
        return f"{kind} has no {', '.join(strange)}" if strange else None


@final
@dataclass(frozen=True, slots=True)
class ArmType:
    """One type of Azure Resource Manager, as azure-native writes it."""

    token: str
    arm: str
    """`Microsoft.Storage/storageAccounts`."""
    api: str
    source: str
    name: str
    """The property that is the resource's name."""
    path: tuple[str, ...]
    """Properties that are parameters of the address and no part of the body."""
    renamed: Mapping[str, str]
    wrapped: frozenset[str]
    properties: frozenset[str] | None
    """Names that may be written under ARM's `properties`; None where nobody has read them."""
    required: tuple[Fact, ...]
    """What must be there, wherever the object around it is."""
    facts: tuple[Fact, ...]


@cache
def sources() -> Mapping[str, Mapping[str, str]]:
    """Where the facts were read: the place, its edition, the day."""
    found: Mapping[str, Mapping[str, str]] = _data()["sources"]
    return found


@cache
def _data() -> Mapping[str, Any]:
    import yaml  # as the catalogue does: only who needs the facts pays for the parser

    text = (resources.files("hdh_infra.contracts") / "data/azure-arm.yaml").read_text(encoding="utf-8")
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    found: Mapping[str, Any] = loader(text).get_single_data()
    return found


def arm_tokens() -> tuple[str, ...]:
    """Tokens of the types that are known, sorted."""
    return tuple(sorted(PREFIX + name for name in _data()["types"]))


@cache
def arm_type(token: str) -> ArmType | None:
    """What is known of a type; None for one of another provider, or that nobody has read."""
    raw = _data()["types"].get(token.removeprefix(PREFIX)) if token.startswith(PREFIX) else None
    if raw is None:
        return None
    stated = {**_data()["everywhere"], **raw["facts"]}
    return ArmType(
        token=token,
        arm=raw["arm"],
        api=str(raw["api"]),
        source=raw["source"],
        name=raw["name"],
        path=tuple(raw.get("path", ())),
        renamed=raw.get("renamed", {}),
        wrapped=frozenset(raw.get("wrapped", ())),
        properties=frozenset(raw["body"]) if "body" in raw else None,
        required=tuple(_fact(path, {}, raw["source"]) for path in raw.get("required", ())),
        facts=tuple(_fact(path, one, raw["source"]) for path, one in stated.items()),
    )


def _fact(path: str, raw: Mapping[str, Any], source: str) -> Fact:
    given: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in raw.items()}
    path = path.removesuffix("@")  # a second fact of one property is written `name@`
    given = {"source": source, **given, "path": path, "steps": tuple(_STEPS.findall(path))}
    return Fact(**given)


def breaches(token: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str, Fact]]:
    """Every value that Azure would refuse: its path, what is wrong, and the fact. Values that are known later are passed over."""
    found = arm_type(token)
    for fact in found.required if found else ():
        for path, around in _at(properties, fact.steps[:-1]):
            if isinstance(around, Mapping) and not _is_later(around) and around.get(fact.steps[-1]) is None:
                yield f"{path}.{fact.steps[-1]}" if path else fact.steps[-1], "is required and missing", fact
    for fact in found.facts if found else ():
        for path, value in _at(properties, fact.steps):
            if _is_later(value):
                continue
            wrong = fact.breach(value)
            if wrong is not None:
                yield path, wrong, fact


def _at(value: Any, steps: tuple[str, ...], at: str = "") -> Iterator[tuple[str, Any]]:
    """The values at a path of names, `[]` for each item, `{}` for each value of a map, `#` for each of its names."""
    if not steps:
        yield at, value
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for index, item in enumerate(value if isinstance(value, (list, tuple)) else ()):
            yield from _at(item, rest, f"{at}[{index}]")
    elif not isinstance(value, Mapping) or form_of(value):
        return
    elif step in {"#", "{}"}:
        for key, item in value.items():
            yield f'{at}["{key}"]', key if step == "#" else item
    elif value.get(step) is not None:
        yield from _at(value[step], rest, f"{at}.{step}" if at else step)


def _is_later(value: Any) -> bool:
    return value == UNKNOWN or (isinstance(value, Mapping) and (SIGNATURE in value or form_of(value) in _LATER))


def _is_collection(value: Any) -> bool:
    return isinstance(value, (list, tuple, Mapping))


def _beyond(number: float, limits: tuple[int | None, int | None], what: str) -> str | None:
    low, high = limits
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    return (
        f"{number} {what}".strip() + f", allowed are {'-' if low is None else low} to {'any' if high is None else high}"
    )


def body(token: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the request that azure-native makes of a node, with `name` beside it.

    Raises:
        KeyError: nobody has read the type.
    """
    found = arm_type(token)
    if found is None:
        raise KeyError(token)
    written: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for name, value in properties.items():
        if name == found.name:
            written["name"] = value
        elif name == "properties" and isinstance(value, Mapping) and not form_of(value):
            inner.update(
                {_named(found, name, one): _within(found, item, f"{name}.{one}") for one, item in value.items()}
            )
        elif name not in found.path:
            top = name in _ENVELOPE and name not in (found.properties or ())
            (written if top else inner)[_named(found, "", name)] = _within(found, value, name)
    return {**written, **({"properties": inner} if inner else {})}


def _named(found: ArmType, at: str, name: str) -> str:
    return found.renamed.get(f"{at}.{name}" if at else name, name)


def _within(found: ArmType, value: Any, at: str) -> Any:
    if form_of(value) or not _is_collection(value):
        return value
    if isinstance(value, (list, tuple)):
        if at == "identity.userAssignedIdentities":
            # A list of ids here; in ARM the names of a map, whose values may be empty.
            return {str(item): {} for item in value}
        items = [_within(found, item, f"{at}[]") for item in value]
        return [_wrapped(item) for item in items] if at in found.wrapped else items
    return {_named(found, at, name): _within(found, item, f"{at}.{name}") for name, item in value.items()}


def _wrapped(item: Any) -> Any:
    if not isinstance(item, Mapping) or form_of(item):
        return item
    outer = {name: one for name, one in item.items() if name in _ITEM_ENVELOPE}
    inner = {name: one for name, one in item.items() if name not in _ITEM_ENVELOPE}
    return {**outer, **({"properties": inner} if inner else {})}
