"""Changes of native properties to weaker ones, of every leaf of every resource of a plan: what an observation has to see.

A change is made to all resources of a type at once: of two filters that both have to let a packet through, one alone opens nothing.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hdh_infra.contracts import contract
from hdh_infra.graph.values import form_of

_CIDR = re.compile(r"\d+\.\d+\.\d+\.\d+/\d+")
_NONE = object()
Path = tuple[Any, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every property below a value with its path; references are leaves, documents are not."""
    if path:
        yield path, value
    form = form_of(value)
    if form and form != "$json":
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from leaves(item, (*path, name))


def name_of(path: Path) -> str:
    """A path without its indexes."""
    return ".".join("[]" if isinstance(one, int) else str(one) for one in path)


def weaker(value: Any, enum: list[Any]) -> Iterator[tuple[str, Any]]:
    """What could stand there instead, by a word for the change."""
    yield "removed", _NONE
    if isinstance(value, bool):
        yield "turned", not value
    elif isinstance(value, str) and enum:
        yield from ((f"{one}", one) for one in enum if one != value)
    elif isinstance(value, str) and _CIDR.fullmatch(value):
        yield "everywhere", "0.0.0.0/0"
    elif isinstance(value, list) and value:
        yield "emptied", []


def changes(
    nodes: dict[str, Any], types: dict[str, str]
) -> dict[tuple[str, str, str], dict[str, list[tuple[Path, Any]]]]:
    """By type, name of the property and change: the nodes' own places of it with what comes there."""
    found: dict[tuple[str, str, str], dict[str, list[tuple[Path, Any]]]] = defaultdict(lambda: defaultdict(list))
    for node, properties in nodes.items():
        for path, value in leaves(properties):
            for word, item in weaker(value, _enum(types[node], path)):
                found[types[node], name_of(path), word][node].append((path, item))
    return found


def changed(nodes: dict[str, Any], places: dict[str, list[tuple[Path, Any]]]) -> dict[str, Any]:
    """The nodes with one change made wherever it can be."""
    new = dict(nodes)
    for node, some in places.items():
        new[node] = copy.deepcopy(nodes[node])
        # From the last on, so that indexes stay true.
        for path, item in reversed(some):
            here = new[node]
            for one in path[:-1]:
                here = here[one]
            if item is _NONE:
                del here[path[-1]]
            else:
                here[path[-1]] = item
    return new


def _enum(token: str, path: Path) -> list[Any]:
    found = contract(token)
    shape: Any = {"type": "object", "properties": found.inputs} if found else {}
    for one in path:
        shape = shape.get("items") if isinstance(one, int) else (shape.get("properties") or {}).get(one)
        if not shape:
            return []
        shape = {**found.resolve(shape), **({"enum": shape["enum"]} if "enum" in shape else {})}
    return list(shape.get("enum", ()))
