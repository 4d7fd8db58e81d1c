"""What the model's validator finds wrong, in words: the part as it was written, what is allowed, the nearest right word.

It deliberately validates nothing; specs and locks are both explained here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hdh_infra.errors import Problem
from hdh_infra.model.names import told
from hdh_infra.model.origin import Location, Origin

_LONG = 60


def explained(
    detail: ErrorDetails, at: Location, value: Any, origin: Origin, model: type[BaseModel], *, also: Iterable[str] = ()
) -> Problem:
    """One error of the validator as a problem.

    Args:
        detail: the error.
        at: where it stands in the written value, with the validator's own labels.
        value: the written value.
        origin: where that was written.
        model: the model of the whole, whose fields are told.
        also: what a file may have at its top beside these fields.
    """
    location = real(value, at)
    kind, found = detail["type"], detail.get("input")
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = [*fields(model, location[:-1]), *(also if len(location) == 1 else ())]
        what = told(f"{shown(location[-1])} is no field here", str(location[-1]), allowed)
    elif kind == "missing":
        what = "is missing: it has no default"
    elif kind in {"enum", "literal_error"}:
        allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        what = told(f"{shown(found)} is not known here", str(found), allowed)
    elif kind == "value_error":
        what = str(context.get("error", detail["msg"]))
    else:
        what = f"found {shown(found)}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
    return origin.problem(location, what)


def shown(found: Any) -> str:
    """A value in a message: a text in quotes and cut where it is long; of what has parts its kind only."""
    if isinstance(found, (dict, list)):
        return f"a {'mapping' if isinstance(found, dict) else 'list'}"
    text = repr(found)
    return text if len(text) <= _LONG else f"{text[:_LONG]}... ({len(text)} characters)"


def real(value: Any, location: Location) -> Location:
    """The part of a validator's location that the file has: its own labels (`[key]`, union members) left out."""
    at: list[str | int] = []
    here = value
    for part in location:
        if has(here, part):
            here = here[part]
            at.append(part)
        elif isinstance(here, dict) and isinstance(part, str) and part != "[key]" and not part.startswith("function-"):
            at.append(part)
            break
    return tuple(at)


def has(value: Any, part: str | int) -> bool:
    """Whether a mapping or a list has a part."""
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def part_at(value: Any, location: Location) -> Any:
    """The part of a value at a location; None where there is none."""
    for part in location:
        value = value[part] if has(value, part) else None
    return value


@functools.cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def fields(model: type[BaseModel], location: Location) -> list[str]:
    """Names of the fields that a model has at a location, by its own JSON Schema."""
    schema = _schema(model)

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        while True:
            options = [
                option for option in node.get("anyOf", []) + node.get("allOf", []) if option.get("type") != "null"
            ]
            if "$ref" in node:
                node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
            elif len(options) == 1:
                node = options[0]
            else:
                return node

    here = resolved(schema)
    for part in location:
        if isinstance(part, int):
            items = here.get("items", {})
            here = resolved(items if isinstance(items, dict) else {})
        elif part in here.get("properties", {}):
            here = resolved(here["properties"][part])
        else:
            inner: Any = here.get("additionalProperties") or next(iter(here.get("patternProperties", {}).values()), {})
            here = resolved(inner if isinstance(inner, dict) else {})
    return list(here.get("properties", {}))
