"""Every literal of every planned node, changed one at a time: what the observation makes of it.

A leaf is a value that is no object, or a reference. It is removed; a truth is turned, a number raised, a word of an
enumeration put in place of another, a text or a reference replaced by another. Nodes of one shape stand for each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hdh_infra import contracts
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import form_of

ELSEWHERE = (
    "/subscriptions/00000000-0000-4000-8000-00000000000f/resourceGroups/other/providers/Microsoft.Other/things/other"
)
GONE = object()
MOST = 2
"""How many nodes of one type and of different shapes are looked at for one property."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one node."""

    node: Node
    path: str
    """Names, `[]` for an item of a list."""
    label: str
    """`removed`, or `=VALUE`."""

    @property
    def kind(self) -> str:
        return self.node.type.removeprefix("azure-native:")


def mutations(nodes: list[Node]) -> Iterator[tuple[Mutation, Node]]:
    """Every change, with the node that it gives."""
    seen: dict[tuple[str, str], set[str]] = {}
    for node in nodes:
        if node.existing is not None:
            continue
        shape = json.dumps(_shape(node.properties), sort_keys=True)
        for path, steps, value in _leaves(node.properties, "", ()):
            shapes = seen.setdefault((node.type, path), set())
            if shape in shapes or len(shapes) == MOST:
                continue
            shapes.add(shape)
            for label, other in _others(node.type, path, value):
                changed = _put(node.properties, steps, other)
                yield Mutation(node, path, label), replace(node, properties=changed)


def _shape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "form" if form_of(value) else {name: _shape(one) for name, one in value.items() if name != "tags"}
    if isinstance(value, (list, tuple)):
        return [_shape(one) for one in value][:1]
    return value if isinstance(value, bool) else type(value).__name__


def _leaves(value: Any, at: str, steps: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    if isinstance(value, Mapping) and not form_of(value) and value:
        for name, one in value.items():
            yield from _leaves(one, f"{at}.{name}" if at else name, (*steps, name))
    elif isinstance(value, (list, tuple)) and value:
        for index, one in enumerate(value[:1]):
            yield from _leaves(one, f"{at}[]", (*steps, index))
    else:
        yield at, steps, value


def _others(token: str, path: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield "removed", GONE
    if isinstance(value, bool):
        yield f"={not value}", not value
    elif isinstance(value, int):
        yield "=more", value + 1
        yield "=less", max(value - 1, 0)
        yield "=much more", value * 10 + 1
    elif isinstance(value, (list, tuple, Mapping)) and not form_of(value):
        return  # what is empty has nothing that could be changed; what is put in is for tests of its own
    elif isinstance(value, Mapping):
        yield "=other", ELSEWHERE
    else:
        words = [one for one in _enum(token, path) if one != value]
        for word in words:
            yield f"={word}", word
        if not words:
            yield "=other", _text(path, value)


def _text(path: str, value: str) -> str:
    """Another text of the same kind."""
    if "PortRange" in path:
        return "25"
    if value[:1].isdigit() and value.count(".") == 3:
        return "203.0.113.0/28" if "/" in value else "203.0.113.9"
    return "other"


def _enum(token: str, path: str) -> list[str]:
    found = contracts.contract(token)
    assert found is not None, token
    shape: Mapping[str, Any] = {"type": "object", "properties": found.inputs}
    for part in path.replace("[]", ".[]").split("."):
        shape = found.resolve(shape)
        shape = shape.get("items", {}) if part == "[]" else shape.get("properties", {}).get(part, {})
        if not shape:
            return []
    return [str(one) for one in found.resolve(shape).get("enum", ())]


def _put(value: Any, steps: tuple[Any, ...], other: Any) -> Any:
    step, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        if not rest and other is GONE:
            return {name: one for name, one in value.items() if name != step}
        return {**value, step: _put(value[step], rest, other) if rest else other}
    if not rest and other is GONE:
        return [one for index, one in enumerate(value) if index != step]
    return [(_put(one, rest, other) if rest else other) if index == step else one for index, one in enumerate(value)]
