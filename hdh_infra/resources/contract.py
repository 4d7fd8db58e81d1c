"""What each type takes and gives, as data, and the check of inputs against it.

The check reports every problem with its property path and the nearest right word. It deliberately holds
no rule of a single type (a bucket's name, a lock that needs versions): those stand with the type.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdh_infra.resources.values import is_unknown, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PACKAGE = "hdh"
"""The package name in type tokens and in `pulumi plugin install resource hdh ...`."""
VERSION = "0.1.0"
"""The plugin's version; it is the version of the Python package."""

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One wrong input: the property's path as the engine prints it, and the reason with the remedy."""

    path: str
    reason: str


@cache
def contracts() -> Mapping[str, Mapping[str, Any]]:
    """The whole contract by type token, read once from `contract.json` beside this module."""
    text = Path(__file__).with_name("contract.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return loaded


def nearest(word: str, allowed: Iterable[str]) -> str:
    """` (did you mean X?)` for a misspelt word, with what is allowed; for the end of a message."""
    known = sorted(allowed)
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    hint = f"did you mean {folded[close[0]]!r}? " if close else ""
    return f"{hint}allowed: {', '.join(known)}"


def check(token: str, inputs: Mapping[str, Any]) -> list[Failure]:
    """Hold `inputs` against the contract of `token`; all problems at once, in the order of the inputs.

    Unknown values pass: they are checked again once they are known. Null is the same as absent.
    """
    shape = {"type": "object", "properties": contracts()[token]["inputs"]}
    return list(_check(shape, dict(inputs), ""))


def _check(shape: Mapping[str, Any], value: Any, path: str) -> Iterator[Failure]:
    wanted = shape["type"]
    if is_unknown(value) or wanted == "any":
        return
    if not _is(wanted, value):
        yield Failure(path, f"must be of type {wanted}, not {_name(value)}")
        return
    if "enum" in shape and value not in shape["enum"]:
        yield Failure(path, f"{value!r} is not known; {nearest(str(value), shape['enum'])}")
    if wanted == "array":
        for index, item in enumerate(value):
            yield from _check(shape.get("items", {"type": "any"}), item, f"{path}[{index}]")
    elif wanted == "object":
        yield from _check_members(shape, value, path)


def _check_members(shape: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[Failure]:
    properties: Mapping[str, Any] = shape.get("properties", {})
    for key, member in value.items():
        inner = properties.get(key, shape.get("additional"))
        if inner is None:
            yield Failure(join(path, key), f"unknown property; {nearest(key, properties)}")
        elif member is not None:
            yield from _check(inner, member, join(path, key))
        elif key not in properties:
            yield Failure(join(path, key), f"must be of type {inner['type']}, not null")
    for key, inner in properties.items():
        if inner.get("required") and value.get(key) is None:
            yield Failure(join(path, key), "is required")


def _is(wanted: str, value: Any) -> bool:
    """Whether `value` has the type; a boolean is no number, although Python says so."""
    return isinstance(value, _PYTHON_TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _name(value: Any) -> str:
    """The contract's own word for a value's type."""
    return next((name for name in _PYTHON_TYPES if _is(name, value)), type(value).__name__)
