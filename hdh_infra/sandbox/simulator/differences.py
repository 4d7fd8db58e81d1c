"""What differs between old and new inputs, leaf by leaf, and which of it makes a new resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from hdh_infra import contracts


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """One changed property: its path, how it changed, and whether that makes a new resource."""

    path: str
    kind: Literal["add", "delete", "update"]
    replaces: bool

    @property
    def top(self) -> str:
        """The top-level property that it lies in."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def differences(
    token: str, old: Mapping[str, Any], new: Mapping[str, Any], ignored: Sequence[str] = ()
) -> list[Difference]:
    """Every difference, in the order of the properties' names."""
    found = []
    for path, kind, leaves in _changes(old, new, ""):
        if not any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in ignored):
            found.append(Difference(path, kind, bool(contracts.replaces(token, [path, *leaves]))))
    return found


def _changes(old: Any, new: Any, at: str) -> Iterator[tuple[str, Literal["add", "delete", "update"], list[str]]]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _changes(old.get(name), new.get(name), f"{at}.{name}" if at else name)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _changes(
                old[index] if index < len(old) else None, new[index] if index < len(new) else None, f"{at}[{index}]"
            )
    else:
        kind: Literal["add", "delete", "update"] = "add" if old is None else "delete" if new is None else "update"
        yield at, kind, [path for value in (old, new) for path in _leaves(value, at)]


def _leaves(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{at}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{at}[{index}]")
    else:
        yield at
