"""Property paths in JSON: `a.b[0].c`, and `a[*].b` for every item of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

_PART = re.compile(r"[^.\[\]]+")


@cache
def parts(path: str) -> tuple[str, ...]:
    """The names and indexes of a path."""
    return tuple(_PART.findall(path))


def every(value: Any, path: str) -> list[Any]:
    """Every value that a path leads to; none where a part is missing or null."""
    return [found for _, found in places(value, path)]


def places(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that a path leads to, with the path that leads to it alone."""
    yield from _places(value, parts(path), "")


def _places(value: Any, rest: tuple[str, ...], at: str) -> Iterator[tuple[str, Any]]:
    if value is None:
        return
    if not rest:
        yield at, value
        return
    part, further = rest[0], rest[1:]
    if isinstance(value, list):
        chosen = range(len(value)) if part == "*" else [int(part)] if part.isdigit() and int(part) < len(value) else []
        for index in chosen:
            yield from _places(value[index], further, f"{at}[{index}]")
    elif isinstance(value, Mapping):
        yield from _places(value.get(part), further, f"{at}.{part}" if at else part)


def first(value: Any, path: str, default: Any = None) -> Any:
    """The first value that a path leads to."""
    found = every(value, path)
    return found[0] if found else default


def put(value: dict[str, Any], path: str, new: Any) -> None:
    """Set what a path without `[*]` leads to, making the objects on the way; None takes it away."""
    here: Any = value
    *way, last = parts(path)
    for part in way:
        if isinstance(here, list):
            here = here[int(part)]
        else:
            if not isinstance(here.get(part), dict | list):
                here[part] = {}
            here = here[part]
    if isinstance(here, list):
        here[int(last)] = new
    elif new is None:
        here.pop(last, None)
    else:
        here[last] = new
