"""Property values as a reader meets them: lookups, JSON documents and lists, in a plan's form or in a state's. It knows no cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hdh_infra.graph.values import Value, form_of


def looked_up(value: Value, name: str = "name") -> Any:
    """An argument of the lookup that a value is; None of any other value."""
    return value["args"].get(name) if form_of(value) == "$lookup" else None


def document(value: Value) -> Mapping[str, Any]:
    """A JSON document of a property, in a plan or as text; empty where there is none or it is no JSON."""
    if form_of(value) == "$json":
        value = value["$json"]
    elif isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def is_unreadable(value: Value) -> bool:
    """Whether something stands where a JSON document is wanted, and it cannot be read: what it says is not known."""
    if value in (None, "", {}):
        return False
    return form_of(value) not in {None, "$json"} or not document(value)


def listed(value: Value) -> list[Any]:
    """A list, whether a document wrote one thing or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
