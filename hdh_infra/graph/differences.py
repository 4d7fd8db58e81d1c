"""What differs between the old and the new properties of a node, leaf by leaf. A form of a plan is a leaf.

A null and an absent property are the same, as they are to the engine. What a difference does is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.graph.values import Value, form_of


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """One property that differs."""

    path: str
    """Where: `a.b`, `a[0].b`."""
    old: Value
    """None where it was added."""
    new: Value
    """None where it was taken out."""
    leaves: tuple[str, ...]
    """Paths of what is in a whole object or item that came or went; its own path where it is a leaf."""


def differences(old: Value, new: Value, at: str = "") -> Iterator[Difference]:
    """Every difference, by name; lists are compared place by place."""
    if old == new:
        return
    kind = form_of(old)
    if kind != form_of(new):
        yield _difference(old, new, at)
    elif kind == "$json":
        yield from differences(old["$json"], new.get("$json"), at)
    elif kind is None and isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            before, after = old.get(name), new.get(name)
            if before != after:
                yield from differences(before, after, f"{at}.{name}" if at else str(name))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before, after = (side[index] if index < len(side) else None for side in (old, new))
            yield from differences(before, after, f"{at}[{index}]")
    else:
        yield _difference(old, new, at)


def renamed(value: Value, names: Mapping[str, str]) -> Value:
    """The value with every reference to a path of `names` led to the path that it has now."""
    if isinstance(value, Mapping):
        changed: dict[str, Any] = {key: renamed(item, names) for key, item in value.items()}
        if isinstance(changed.get("$ref"), str):
            changed["$ref"] = names.get(changed["$ref"], changed["$ref"])
        return changed
    return [renamed(item, names) for item in value] if isinstance(value, list) else value


def _difference(old: Value, new: Value, at: str) -> Difference:
    found = dict.fromkeys(path for value in (old, new) if value is not None for path in _leaves(value, at))
    return Difference(at, old, new, tuple(found))


def _leaves(value: Value, at: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value and form_of(value) is None:
        for name, item in value.items():
            yield from _leaves(item, f"{at}.{name}" if at else str(name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{at}[{index}]")
    else:
        yield at
