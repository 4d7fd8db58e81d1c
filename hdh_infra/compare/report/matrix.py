"""The table of every requirement and every side in a terminal: as few blocks of columns as fit, with marks, numbers and a legend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from hdh_infra.compare.report.marks import MEANINGS, NUMBERS, SHORT_NUMBERS, cell_words
from hdh_infra.model.scales import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.compare.overview import Overview
    from hdh_infra.compare.side import Side

_NARROWEST = 7
"""Columns of a side: a mark, a number, a space."""
_MARKS_ONLY = 5
"""The same where a number is told only if it is not that of all who ask."""
_WHOLE_NAME = 14
"""Columns from which on a side is named whole."""


def print_matrix(
    overview: Overview, console: Console, marks: Mapping[Verdict, str], styles: Mapping[Verdict, str]
) -> None:
    """Every requirement against every side.

    Args:
        overview: what is shown.
        console: where; its width decides how many columns stand beside each other.
        marks: of the verdicts.
        styles: of the verdicts; colour says nothing that a mark does not.
    """
    longest = max((len(line.name) for line in overview.lines), default=0) + 1
    count, widest = len(overview.sides), console.width // 3
    indent, least = 2, _NARROWEST
    if count * least > console.width - min(max(longest + indent, 14), widest):
        # Marks beside each other say more than numbers below each other, which the list of reasons has too.
        indent, least = 1, _MARKS_ONLY
    names = min(max(longest + indent, 14), widest)
    blocks = math.ceil(count / max(1, (console.width - names) // least))
    for block in range(blocks):
        first, last = block * count // blocks, (block + 1) * count // blocks
        _block(overview, range(first, last), names, " " * indent, console, marks, styles, short=least == _MARKS_ONLY)
        console.print()
    legend = Text()
    for verdict, words in MEANINGS.items():
        legend.append(f"{marks[verdict]} ", style=styles[verdict])
        legend.append(f"{words}   ")
    console.print(legend)
    console.print(Text(SHORT_NUMBERS if least == _MARKS_ONLY else NUMBERS, style="dim"))


def _block(
    overview: Overview,
    shown: range,
    names: int,
    indent: str,
    console: Console,
    marks: Mapping[Verdict, str],
    styles: Mapping[Verdict, str],
    *,
    short: bool,
) -> None:
    width = min((console.width - names) // len(shown), 26)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", width=names - 1, overflow="fold")
    for index in shown:
        table.add_column(str(index + 1), width=width - 1, overflow="fold")
    # In a row of their own, so that the numbers stand in one line; where there is no room, the numbers stand for the names.
    if not short:
        table.add_row("", *(Text(_name(overview.sides[index], width), style="bold") for index in shown))
    for group, lines in overview.grouped():
        table.add_row(Text(group, style="bold cyan"))
        for line in lines:
            cells = []
            for index in shown:
                cell = line.cells[index]
                words = cell_words(cell, marks[cell.verdict] if cell else "", overview.sides[index], short=short)
                bold = cell is not None and cell.verdict is not Verdict.met and not cell.waived
                cells.append(Text(words, style=f"{'bold ' if bold else ''}{styles[cell.verdict]}" if cell else "dim"))
            table.add_row(f"{indent}{line.name}", *cells)
    console.print(table)


def _name(side: Side, width: int) -> str:
    """A side's name: whole where there is room, else without its region."""
    return (
        side.label.replace(":", ":\n", 1) if width >= _WHOLE_NAME else side.label.partition(":")[0].replace("/", "/\n")
    )


__all__ = ["print_matrix"]
