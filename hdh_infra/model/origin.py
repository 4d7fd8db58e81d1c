"""Where a description was written: file, line and column of each of its parts, for messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from hdh_infra.errors import Problem

Location: TypeAlias = tuple[str | int, ...]
"""A part of a description, from the top: names of fields and elements, and indexes of lists."""


class Place(NamedTuple):
    """Where something is written; line and column count from 1."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        """`file:line`, as messages speak of another place than their own."""
        return f"{self.file}:{self.line}"

    def problem(self, location: Location, what: str) -> Problem:
        """A problem with what is written here."""
        return Problem(str(self.file), self.line, self.column, dotted(location), what)


def dotted(location: Location) -> str:
    """A location as people write it: `zones.lake.stores.snds`, `flows[2].to`; a name that is none in brackets."""
    return "".join(
        f"[{part!r}]"
        if isinstance(part, int) or not part or any(sign.isspace() for sign in part) or not part.isprintable()
        else f".{part}"
        for part in location
    ).lstrip(".")


@dataclass(frozen=True)
class Origin:
    """Where a platform was written: its file, the files that this one includes, and the place of every part.

    Attributes:
        file: the file that was named; the lock lies beside it.
        positions: the place of every part of the composed description.
        files: all that were read: this one first, then what it includes, in that order.
    """

    file: Path
    positions: Mapping[Location, Place]
    files: tuple[Path, ...] = field(default=())

    def place(self, location: Location) -> Place:
        """The place of the nearest part that a file has; the beginning of the first file where none has any."""
        while location and location not in self.positions:
            location = location[:-1]
        return self.positions.get(location, Place(self.file, 1, 1))

    def position(self, location: Location) -> tuple[int, int]:
        """Line and column of the nearest part that a file has; which file, `place` tells."""
        return self.place(location)[1:]

    def problem(self, location: Location, what: str) -> Problem:
        """A problem with the part at a location, in the file that has it."""
        found = self.place(location)
        return Problem(str(found.file), found.line, found.column, dotted(location), what)

    def in_order(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems each once, file by file and from top to bottom; what stands in no file comes last."""
        order = {str(file): index for index, file in enumerate(self.files or (self.file,))}
        once = {str(problem): problem for problem in problems}
        return sorted(
            once.values(),
            key=lambda one: (one.line is None, order.get(one.file, len(order)), one.line or 0, one.column or 0),
        )
