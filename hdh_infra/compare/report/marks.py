"""What cells of a table of verdicts say, the same in every layout: a mark, a number, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hdh_infra.compare.overview import Cell
from hdh_infra.compare.side import Side
from hdh_infra.model.scales import Verdict

_THOUSAND = 1000

MEANINGS: Mapping[Verdict, str] = {
    Verdict.met: "met",
    Verdict.differs: "differs: met by a named other means",
    Verdict.unknown: "unknown",
    Verdict.not_met: "not met",
}
"""What the marks of a table mean, in words."""
NUMBERS = "the number is of how many elements; i: rests on what is inferred, and no page says; w: waived by the description; nothing: not asked; -: no plan can be made"


def cell_words(cell: Cell | None, mark: str, side: Side) -> str:
    """A cell: its mark, `i` where it is inferred, of how many elements it is where it is one to act on, and whether that is waived."""
    if cell is None:
        return "-" if side.unplanned else ""
    if cell.inferred:
        mark = f"{mark}i"
    if cell.verdict is Verdict.met or side.refused:
        return mark
    count = f" {_short(cell.elements)}" if cell.asked > 1 else ""
    return f"{mark}{count}{' w' if cell.waived else ''}"


def _short(count: int) -> str:
    """At most four characters."""
    if count < _THOUSAND:
        return str(count)
    if count < 10 * _THOUSAND:
        return f"{math.floor(count / 100) / 10:.1f}k"
    return f"{count // _THOUSAND}k"


__all__ = ["MEANINGS", "NUMBERS", "cell_words"]
