"""Values of a plan: JSON, and at any depth a closed set of forms that stand for what is known later.

A form is a mapping whose first key starts with `$`; the functions here make them and nothing else does.
Plain mappings, so that a plan is its own JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""JSON, with forms at any depth."""

FORMS: Mapping[str, frozenset[str]] = {
    "$ref": frozenset({"$ref", "output"}),
    "$format": frozenset({"$format", "args"}),
    "$json": frozenset({"$json"}),
    "$base64": frozenset({"$base64"}),
    "$lookup": frozenset({"$lookup", "args", "output", "provider"}),
    "$secret": frozenset({"$secret"}),
}
_SLOT = re.compile(r"\{\{|\}\}|\{(\d+)\}")


def ref(path: str, output: str = "id") -> Value:
    """An output of another node: a property path such as `id` or `properties.vaultUri`."""
    return {"$ref": path, "output": output}


def text(template: str, *args: Value) -> Value:
    """A text with values in it: `{0}` is the first, `{{` and `}}` are braces."""
    return {"$format": template, "args": list(args)}


def json_text(value: Value) -> Value:
    """The JSON text of a value, for properties that want a document as a string."""
    return {"$json": value}


def base64_text(value: Value) -> Value:
    """The base64 of a text."""
    return {"$base64": value}


def lookup(token: str, args: Value, output: str, provider: str) -> Value:
    """An answer of a data source, asked at deploy time."""
    return {"$lookup": token, "args": args, "output": output, "provider": provider}


def secret(name: str) -> Value:
    """A secret of the stack's configuration."""
    return {"$secret": name}


def form_of(value: Value) -> str | None:
    """Which form a value is; None of plain JSON."""
    # Plans hold plain dictionaries: asking for their type is many times faster than for an interface.
    if type(value) is dict or isinstance(value, Mapping):
        for key in value:
            if isinstance(key, str) and key.startswith("$"):
                return key
    return None


_INNER = {"$format": "args", "$lookup": "args", "$json": "$json", "$base64": "$base64"}
_SCALARS = frozenset({str, int, bool, float, type(None)})


def walk(value: Value, at: str = "") -> Iterator[tuple[str, Value]]:
    """Every form in a value with its property path, outermost first."""
    found: list[tuple[str, Value]] = []
    _walk(value, at, found)
    return iter(found)


def _walk(value: Value, at: str, found: list[tuple[str, Value]]) -> None:
    if type(value) is dict or isinstance(value, Mapping):
        before = len(found)
        # Whether it is a form, and what is in it, in one pass: a plan has a hundred thousand mappings, and few are forms.
        for key, item in value.items():
            if isinstance(key, str) and key.startswith("$"):
                del found[before:]
                found.append((at, value))
                inner = _INNER.get(key)
                if inner is not None:
                    _walk(value.get(inner), at, found)
                return
            if type(item) not in _SCALARS:
                _walk(item, f"{at}.{key}" if at else str(key), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if type(item) not in _SCALARS:
                _walk(item, f"{at}[{index}]", found)


def refs(value: Value) -> Iterator[tuple[str, str]]:
    """Every (path, output) that a value refers to."""
    for _, form in walk(value):
        if "$ref" in form:
            yield form["$ref"], form["output"]


def slots(template: str) -> set[int]:
    """The arguments that a template names."""
    return {int(found[1]) for found in _SLOT.finditer(template) if found[1] is not None}


def fill(template: str, args: list[str]) -> str:
    """The text of a template with its arguments."""

    def one(found: re.Match[str]) -> str:
        return args[int(found[1])] if found[1] is not None else found[0][0]

    return _SLOT.sub(one, template)


def get_output(outputs: Any, path: str) -> Any:
    """A property path's value in a node's outputs: `a.b[0].c`; None where a part is missing."""
    here = outputs
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def transform(value: Value, change: Callable[[str, Value], Value]) -> Value:
    """The value with every outermost form replaced by `change(form, value)`."""
    kind = form_of(value)
    if kind:
        return change(kind, value)
    if isinstance(value, Mapping):
        return {key: transform(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [transform(item, change) for item in value]
    return value
