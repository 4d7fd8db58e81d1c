"""Remarks for people: what is said of one space after another is said once, with how many it is said of.

JSON keeps each by itself; only what is read by people is folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from hdh_infra.compare.report.families import EVERY_SPACE
from hdh_infra.compare.side import Side

_SPACE = re.compile(r"\bspace/[a-z0-9-]+")
_FEW = 3
"""So many alike are still told one by one."""


def told(sides: Sequence[Side]) -> Iterator[str]:
    """Each side's remarks, under its name."""
    for side in sides:
        yield from (f"{side.label}: {line}" for line in folded(side.remarks))


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
