"""The form of a file of contracts and of a file of changes: everything in them that is not of it, each with its place.

What this package ships is made by `extract` and held by tests; what another package brings is read here before
it counts, because a contract that says too little is a tick that nothing stands behind.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from hdh_infra.contracts.shipped import FILES, OWN_PLUGIN, shipped, shipped_changes
from hdh_infra.model.origin import Location
from hdh_infra.model.words import nearest

Wrong: TypeAlias = Iterator[tuple[Location, str]]
"""What is wrong, by its place from the top of the file."""

TYPES = ("any", "array", "boolean", "integer", "number", "object", "string")
_SHAPE = ("additional", "by", "default", "enum", "items", "kinds", "open", "properties", "ref", "required", "type")
_CONTRACT = ("api", "inputs", "outputs", "replace", "secrets")
_FILE = ("server", "tokens", "types", "version")
_CHANGES = ("as_of", "note", "sources", "tokens")
_PATHS = ("filled", "ignored", "replace", "secret", "unknown", "wipes")
"""Lists of properties in a line of changes."""
_LINE = (*_PATHS, "members", "replace_if")
_EITHER = ("ignored", "replace", "replace_if", "unknown", "wipes")
"""Of these one alone is true of a property."""
_TOKEN = re.compile(r"[a-z][a-z0-9-]*:[\w/.-]*:\w+")
_SERVER = re.compile(r"(https|github|gitlab)://\S+")
"""Where the engine takes plugins from (Pulumi, `pulumi plugin install --server`); never without TLS."""


def wrong_contracts(value: Any, package: str) -> Wrong:
    """What of a file of contracts is not of the form, or contradicts what this package knows.

    Args:
        value: what the file holds.
        package: the package of the engine that the file's name says.
    """
    if not isinstance(value, Mapping):
        yield (), f"holds {_shown(value)}, and no contracts: version, tokens, types"
        return
    yield from _names(value, _FILE, ())
    yield from _version(value, package)
    types = value.get("types", {})
    if not isinstance(types, Mapping):
        yield ("types",), f"is {_shown(types)}, wanted are nested objects by name"
        types = {}
    for name, shapes in types.items():
        yield from _shapes(shapes, ("types", name), types)
    tokens = value.get("tokens")
    if not isinstance(tokens, Mapping) or not tokens:
        yield ("tokens",), f"is {_shown(tokens)}, wanted are contracts by the token of their type"
        return
    for token, found in tokens.items():
        at: Location = ("tokens", token)
        if package == OWN_PLUGIN:
            yield at, "is of hdh_infra's own plugin, which nobody else adds types to"
        elif token in shipped(package)["tokens"]:
            yield at, "is a type that hdh_infra has a contract of: nobody else's counts, take it out"
        elif not _TOKEN.fullmatch(token) or token.split(":", 1)[0] != package:
            yield at, f"is no token of a type of {package}, such as {package}:index/thing:Thing"
        yield from _contract(found, at, types)


def _version(value: Mapping[str, Any], package: str) -> Wrong:
    version, server = value.get("version"), value.get("server")
    if not isinstance(version, str) or not version:
        yield ("version",), f"is {_shown(version)}, wanted is that of the package that the contracts were read from"
    elif package in FILES and package != OWN_PLUGIN and version != shipped(package)["version"]:
        known = shipped(package)["version"]
        yield (
            ("version",),
            f"is {version}, and hdh_infra has contracts of {package} {known}, which it deploys with: read them from that version",
        )
    if server is not None and package in FILES:
        yield (
            ("server",),
            f"is where the plugin of {package} would be taken from, and hdh_infra knows that: take it out",
        )
    elif server is not None and not (isinstance(server, str) and _SERVER.fullmatch(server)):
        yield (
            ("server",),
            f"is {_shown(server)}, wanted is an address that begins with https://, github:// or gitlab://",
        )


def _contract(found: Any, at: Location, types: Mapping[str, Any]) -> Wrong:
    if not isinstance(found, Mapping):
        yield at, f"is {_shown(found)}, and no contract: inputs, outputs, secrets"
        return
    yield from _names(found, _CONTRACT, at)
    yield from _unlisted(found, ("replace", "secrets"), at)
    for name in ("inputs", "outputs"):
        if name not in found:
            yield at, f"has no {name}"
        else:
            yield from _shapes(found[name], (*at, name), types)
    outputs = found.get("outputs")
    for index, name in _listed(found.get("secrets", [])):
        if not isinstance(outputs, Mapping) or not isinstance(name, str) or name not in outputs:
            yield (*at, "secrets", *index), f"is {_shown(name)}, which is none of its outputs"
    inputs = found.get("inputs")
    for index, name in _listed(found.get("replace", [])):
        if not isinstance(name, str) or not isinstance(inputs, Mapping) or _leads(name, inputs, types) is not None:
            yield (*at, "replace", *index), f"is {_shown(name)}, which is none of its inputs"
    if "api" in found and not isinstance(found["api"], str):
        yield (*at, "api"), f"is {_shown(found['api'])}, wanted is text"


def _shapes(shapes: Any, at: Location, types: Mapping[str, Any]) -> Wrong:
    if not isinstance(shapes, Mapping):
        yield at, f"is {_shown(shapes)}, wanted are shapes by the name of their property"
        return
    for name, shape in shapes.items():
        yield from _shape(shape, (*at, name), types)


def _shape(shape: Any, at: Location, types: Mapping[str, Any]) -> Wrong:
    if not isinstance(shape, Mapping):
        yield at, f"is {_shown(shape)}, and no shape, such as {{'type': 'string'}}"
        return
    yield from _names(shape, _SHAPE, at)
    kind = shape.get("type")
    if kind not in TYPES:
        right = nearest(str(kind), TYPES) or f"one of {', '.join(TYPES)}"
        yield (*at, "type"), f"is {_shown(kind)}, which is no type of a value; {right}"
    for name in ("required", "open"):
        if name in shape and not isinstance(shape[name], bool):
            yield (*at, name), f"is {_shown(shape[name])}, wanted is true or false"
    if "enum" in shape and (not isinstance(shape["enum"], list) or not shape["enum"]):
        yield (*at, "enum"), f"is {_shown(shape['enum'])}, wanted is a list of values"
    if "ref" in shape and (not isinstance(shape["ref"], str) or shape["ref"] not in types):
        yield (*at, "ref"), f"is {_shown(shape['ref'])}, which is none of the types of this file"
    if "ref" in shape and kind != "object":
        yield (*at, "type"), "is of a nested object, and so must be 'object'"
    for name in ("items", "additional"):
        if name in shape:
            yield from _shape(shape[name], (*at, name), types)
    if "properties" in shape:
        yield from _shapes(shape["properties"], (*at, "properties"), types)
    if "kinds" in shape or "by" in shape:
        kinds = shape.get("kinds")
        whole = isinstance(kinds, Mapping) and all(isinstance(one, str) and one in types for one in kinds.values())
        if not whole or not isinstance(shape.get("by"), str):
            yield (
                at,
                "is of several kinds: `by` names the property that says which, and each of `kinds` one of the types",
            )


def wrong_changes(value: Any, contracts: Mapping[str, Mapping[str, Any]]) -> Wrong:
    """What of a file of changes is not of the form, or contradicts what is known.

    Args:
        value: what the file holds.
        contracts: the files of contracts that lie beside it, by their package.
    """
    if not isinstance(value, Mapping):
        yield (), f"holds {_shown(value)}, and no changes: as_of, sources, tokens"
        return
    yield from _names(value, _CHANGES, ())
    try:
        datetime.date.fromisoformat(str(value.get("as_of")))
    except ValueError:
        yield (
            ("as_of",),
            f"is {_shown(value.get('as_of'))}, wanted is the day on which the sources were read, such as '2026-11-26'",
        )
    tokens, sources = value.get("tokens"), value.get("sources")
    if not isinstance(tokens, Mapping):
        yield ("tokens",), f"is {_shown(tokens)}, wanted is what changes do by the token of the type"
        return
    named = sources if isinstance(sources, Mapping) else {}
    for package in sorted({token.split(":", 1)[0] for token in tokens}):
        if not named.get(package):
            yield ("sources",), f"says not where the changes of types of {package} were read"
    for token, line in tokens.items():
        at: Location = ("tokens", token)
        package = token.split(":", 1)[0]
        file = next(
            (one for one in (shipped(package), contracts.get(package, {})) if token in one.get("tokens", {})), None
        )
        if token in shipped_changes():
            yield at, "is a type of whose changes hdh_infra knows: nobody else's line counts, take it out"
        elif file is None:
            known = [*shipped(package)["tokens"], *contracts.get(package, {}).get("tokens", {})]
            yield at, f"is a type without a contract; {nearest(token, known)}".rstrip("; ")
        else:
            yield from _line(line, at, file["tokens"][token], file["types"])


def _line(line: Any, at: Location, contract: Mapping[str, Any], types: Mapping[str, Any]) -> Wrong:
    if not isinstance(line, Mapping):
        yield at, f"is {_shown(line)}, wanted is what changes of its properties do"
        return
    yield from _names(line, _LINE, at)
    yield from _unlisted(line, _PATHS, at)
    inputs, outputs = contract["inputs"], contract.get("outputs", {})
    told: dict[str, str] = {}
    for name in (*_PATHS, "replace_if"):
        given = line.get(name, {} if name == "replace_if" else [])
        if name == "replace_if" and not isinstance(given, Mapping):
            yield (*at, name), f"is {_shown(given)}, wanted is in which case, by the property"
            continue
        for index, path in [((one,), one) for one in given] if isinstance(given, Mapping) else _listed(given):
            here = (*at, name, *index)
            if not isinstance(path, str):
                yield here, f"is {_shown(path)}, wanted is the name of a property"
                continue
            lost = _leads(path, {**outputs, **inputs} if name in {"secret", "filled"} else inputs, types)
            if lost is not None:
                yield here, f"{lost[0]} is none of its properties; {nearest(lost[0], lost[1])}".rstrip("; ")
            elif name in _EITHER and told.setdefault(path, name) != name:
                yield here, f"{path} stands under {told[path]}, too: one of the two is true of it"
    members = line.get("members", "")
    if not isinstance(members, str):
        yield (*at, "members"), f"is {_shown(members)}, wanted is the name of the property by which others lie in it"


def _leads(path: str, shapes: Mapping[str, Any], types: Mapping[str, Any]) -> tuple[str, Collection[str]] | None:
    """Where a property path leads to no property, and what there is; None where it leads to one, or into what has no names."""
    at: Any = shapes
    for part in path.removesuffix("#").split("."):
        if not isinstance(at, Mapping):
            return None
        if part not in at:
            return part, list(at)
        shape = at[part]
        while isinstance(shape, Mapping) and "items" in shape:
            shape = shape["items"]
        if not isinstance(shape, Mapping):
            return None
        at = types.get(shape["ref"]) if "ref" in shape else shape.get("properties")
    return None


def _listed(value: Any) -> list[tuple[Location, Any]]:
    """The items of a list with their place; what is no list has none, and is told by `_unlisted`."""
    return [((index,), one) for index, one in enumerate(value)] if isinstance(value, list) else []


def _unlisted(found: Mapping[str, Any], names: Iterable[str], at: Location) -> Wrong:
    for name in names:
        if name in found and not isinstance(found[name], list):
            yield (*at, name), f"is {_shown(found[name])}, wanted is a list of names"


def _names(value: Mapping[str, Any], known: Collection[str], at: Location) -> Wrong:
    for name in value:
        if name not in known:
            yield (*at, name), f"is no word here; {nearest(str(name), known) or 'known are ' + ', '.join(known)}"


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    if isinstance(value, Mapping):
        return "an object" if value else "an empty object"
    return f"{type(value).__name__} {value!r:.60}"
