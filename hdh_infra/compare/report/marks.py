"""What cells of a table of verdicts say, the same in every layout: a mark, a number, and what they mean."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

from hdh_infra.compare.overview import Cell
from hdh_infra.compare.side import Side
from hdh_infra.model.scales import Verdict

_THOUSAND = 1000
_SHORT = 4
_MORE = " ..."

MEANINGS: Mapping[Verdict, str] = {
    Verdict.met: "met",
    Verdict.differs: "differs: met by a named other means",
    Verdict.unknown: "unknown",
    Verdict.not_met: "not met",
}
"""What the marks of a table mean, in words."""
_LETTERS = "i: rests on what is inferred, and no page says; w: waived by the description; nothing: not asked; -: no plan can be made"
NUMBERS = f"the number is of how many elements; {_LETTERS}"
SHORT_NUMBERS = f"columns are the targets as numbered above; a number is of how many elements where it is not all that ask; {_LETTERS}"


def cell_words(cell: Cell | None, mark: str, side: Side, *, short: bool = False) -> str:
    """A cell: its mark, `i` where it is inferred, of how many elements it is where it is one to act on, and whether that is waived.

    Args:
        cell: what is told; None where nothing is asked.
        mark: of its verdict.
        side: whose it is.
        short: whether four characters have to do, so that a number stands only where it is not that of all who ask.
    """
    if cell is None:
        return "-" if side.unplanned else ""
    if cell.inferred:
        mark = f"{mark}i"
    if cell.verdict is Verdict.met or side.refused:
        return mark
    if short:
        some = f"{cell.elements}" if cell.elements < min(cell.asked, _THOUSAND) else ""
        return f"{mark}{some}{'w' if cell.waived else ''}" if len(some) + cell.waived < _SHORT else f"{mark}w"
    count = f" {_short(cell.elements)}" if cell.asked > 1 else ""
    return f"{mark}{count}{' w' if cell.waived else ''}"


def cut(text: str, width: int, lines: int = 1) -> str:
    """The beginning of a text that so many lines hold, to the end of a word, marked where it goes on."""
    wrapped = textwrap.wrap(text, width, break_on_hyphens=False)
    if len(wrapped) <= lines:
        return text
    kept = " ".join(wrapped[: lines - 1])
    last = wrapped[lines - 1]
    if len(last) + len(_MORE) > width:
        last = last[: max(0, width - len(_MORE))].rpartition(" ")[0] or last[: max(0, width - len(_MORE))]
    return f"{kept} {last}".strip().rstrip(";.,:") + _MORE


def _short(count: int) -> str:
    """At most four characters."""
    if count < _THOUSAND:
        return str(count)
    if count < 10 * _THOUSAND:
        return f"{math.floor(count / 100) / 10:.1f}k"
    return f"{count // _THOUSAND}k"


__all__ = ["MEANINGS", "NUMBERS", "SHORT_NUMBERS", "cell_words", "cut"]
