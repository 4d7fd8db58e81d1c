"""Remarks for people: what is said of one space after another is said once, with how many it is said of.

JSON keeps each by itself; only what is read by people is folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from hdh_infra.compare.report.families import EVERY_SPACE
from hdh_infra.compare.side import Side

_SPACE = re.compile(r"\bspace/[a-z0-9-]+")
_ZONE = re.compile(r"\bzone/[a-z0-9-]+")
_ANY = "\0"
"""Stands for the one zone that a remark is about."""
_FEW = 3
"""So many alike are still told one by one."""


def told(sides: Sequence[Side]) -> Iterator[str]:
    """Each remark once, under the names of the sides that it is told of."""
    found: dict[str, list[str]] = {}
    for side in sides:
        for line in _zones(folded(side.remarks)):
            found.setdefault(line, []).append(side.label)
    for line, labels in found.items():
        yield f"{', '.join(dict.fromkeys(labels))}: {line}"


def _zones(remarks: Iterable[str]) -> Iterator[str]:
    """Remarks that differ in the name of a zone alone, said once with all of these names."""
    alike: dict[str, list[str]] = {}
    for remark in remarks:
        names = set(_ZONE.findall(remark))
        only = next(iter(names)) if len(names) == 1 else ""
        alike.setdefault(_ZONE.sub(_ANY, remark) if only else remark, []).append(only)
    for line, zones in alike.items():
        bare = [zone.removeprefix("zone/") for zone in zones]
        yield line.replace(_ANY, f"zone/{bare[0]}" if len(bare) == 1 else f"zone/{{{', '.join(bare)}}}")


def folded(remarks: Iterable[str]) -> list[str]:
    """Remarks in their order; of those that differ in the name of a space alone, the first stands for all where they are many."""
    alike: dict[str, list[str]] = {}
    for remark in remarks:
        names = set(_SPACE.findall(remark))
        # What names two spaces says something of both, and is nobody else's.
        alike.setdefault(_SPACE.sub(EVERY_SPACE, remark) if len(names) == 1 else remark, []).append(remark)
    found = []
    for pattern, some in alike.items():
        found += some if len(some) <= _FEW else [f"{pattern} ({len(some)} spaces)"]
    return found
