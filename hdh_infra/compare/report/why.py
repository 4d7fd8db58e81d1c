"""Why something is not met, in a terminal: each reason in a line, or whole with its remedy, waiver and source.

What is said stands in `reasons`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hdh_infra.compare.report.marks import cut
from hdh_infra.model.scales import Confidence, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.compare.report.reasons import Section, Why

SHORTENED = (
    "A line a reason (two on a narrow terminal), and only its beginning where it is longer: `--detail reasons` tells each whole, with what would reach more and "
    "its source, as a single target named with --on does; `--detail all`, or `--format json`, tells verdict by verdict."
)
_LETTERS = {
    Confidence.primary: "",
    Confidence.secondary: "s",
    Confidence.inferred: "i",
    Confidence.declared: "d",
    Confidence.measured: "m",
    Confidence.unknown: "u",
}
"""How well a reason is known, beside the day that it was read; nothing where the offer's own pages say it."""
READ = "the number is of elements, in brackets of verdicts where an element has several; after the day that it was read: s secondary, i inferred, d declared, m measured or seen in the plan, u unknown; nothing: primary"
_LABEL, _READ = 33, 13
_READABLE = 60
"""Columns that say enough of a reason in one line; of fewer it takes two."""


def print_short(
    found: Sequence[Section], console: Console, mark: Callable[[Verdict], str], styles: Mapping[Verdict, str]
) -> None:
    """A line a reason.

    Args:
        found: what is said.
        console: where; its width decides where a reason is cut.
        mark: of a verdict.
        styles: of the verdicts.
    """
    label = min(_LABEL, console.width // 3)
    rest = console.width - label - _READ - 2
    least = 1 if rest >= _READABLE else 2
    for section in found:
        console.print(_heading(section))
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
        for width in (1, label - 1, _READ - 1, rest):
            table.add_column(width=width, overflow="fold")
        for why in section.whys:
            what = Text(why.what(""), style="bold")
            lines = max(least, len(textwrap.wrap(what.plain, label - 1, break_on_hyphens=False)))
            table.add_row(
                Text(mark(why.verdict), style=styles[why.verdict]),
                what,
                Text(f"{why.as_of} {_LETTERS[why.confidence]}", style="dim"),
                Text(cut(_told(why), rest, lines)),
            )
        console.print(table)
    console.print()
    console.print(Text(READ, style="dim"))
    console.print(Text(SHORTENED))


def print_whole(
    found: Sequence[Section], console: Console, mark: Callable[[Verdict], str], styles: Mapping[Verdict, str]
) -> None:
    """Each reason with all that belongs to it; arguments as those of `print_short`."""
    for section in found:
        console.print(_heading(section))
        for why in section.whys:
            heading = Text.assemble(
                (f"{mark(why.verdict)} {why.verdict.value.replace('-', ' ')} ", f"bold {styles[why.verdict]}"),
                (why.what(), "bold"),
            )
            if why.asked:
                heading.append(f": asked {why.asked}, given {why.given}")
            console.print(heading)
            grid = Table.grid(padding=(0, 1))
            grid.add_column(style="dim", min_width=8)
            grid.add_column(overflow="fold")
            for name, text in (
                ("for", why.places), ("why", why.reason), ("means", why.means),
                ("remedy", why.remedy), ("waiver", why.waiver), ("source", why.read),
            ):  # fmt: skip
                if text:
                    grid.add_row(name, Text(text, style="bold" if name == "waiver" else ""))
            console.print(Padding(grid, (0, 0, 1, 2)))


def _told(why: Why) -> str:
    """What a line says of a reason: how it is met otherwise, who accepts it, or why it is not met."""
    if why.waiver:
        return why.waiver
    return why.means if why.means and why.verdict is Verdict.differs else why.reason


def _heading(section: Section) -> Text:
    return Text.assemble((section.title, "bold cyan"), f": {section.counts}" if section.counts else "")


__all__ = ["print_short", "print_whole"]
