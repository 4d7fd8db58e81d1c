"""Where a description was written: the place of each of its parts, for messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def dotted(location: tuple[str | int, ...]) -> str:
    """A location as people write it: `zones.lake.stores.snds`, `flows[2].to`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


@dataclass(frozen=True)
class Origin:
    """Where a platform was written: its file, and line and column (from 1) of every part."""

    file: Path
    positions: Mapping[tuple[str | int, ...], tuple[int, int]]

    def position(self, location: tuple[str | int, ...]) -> tuple[int, int]:
        """Line and column of the nearest part that the file has."""
        while location and location not in self.positions:
            location = location[:-1]
        return self.positions.get(location, (1, 1))
