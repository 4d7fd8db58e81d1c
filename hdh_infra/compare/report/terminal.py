"""Reports in a terminal, from 80 columns on: marks and words, colour only beside them.

What is said stands in `content`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hdh_infra.compare.report import content, measured, remarks
from hdh_infra.compare.report.detail import Detail
from hdh_infra.compare.report.families import Families
from hdh_infra.compare.report.matrix import print_matrix
from hdh_infra.compare.report.offers import HEADERS, offered
from hdh_infra.compare.report.reasons import sections
from hdh_infra.compare.report.why import print_short, print_whole
from hdh_infra.model.expand import expand
from hdh_infra.model.scales import Verdict
from hdh_infra.model.wording import listed

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.compare.assessment import Assessment, MeasuredSide
    from hdh_infra.compare.comparison import Comparison
    from hdh_infra.compare.side import Side

_STYLES = {Verdict.met: "green", Verdict.differs: "yellow", Verdict.unknown: "magenta", Verdict.not_met: "red"}
_MARKS = {Verdict.met: "✓", Verdict.differs: "≈", Verdict.unknown: "?", Verdict.not_met: "✗"}
_PLAIN_MARKS = {Verdict.met: "+", Verdict.differs: "~", Verdict.unknown: "?", Verdict.not_met: "x"}
_NAME_WIDTH = 15
ALL_MET = "Everything that is asked is met on every side."


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Everything a comparison says, on a console.

    Args:
        comparison: what is said.
        console: where; its width decides the columns.
    """
    labels = comparison.labels
    families = Families(comparison.platform)
    _title(f"{comparison.platform.platform.name}: {', '.join(labels)}", console)
    _summary(comparison.sides, console)
    _line(content.flows_answer(comparison), console, style="bold" if comparison.equal_flows else "bold red")
    _notices(comparison.sides, console)

    _title("What is asked, and what each side gives", console)
    _legend(console)
    _widths = [_NAME_WIDTH, *_even(console.width - _NAME_WIDTH, len(labels) + 1)]
    console.print(_fixed(["", "asked", *map(_header, labels)], [], _widths, header=True))
    for group in content.groups(comparison, families):
        console.print(Text(group.title, style="bold cyan"))
        rows = [
            [Text(name), Text(asked), *(_marked(mark, console) for mark in marks)] for name, asked, marks in group.rows
        ]
        console.print(_fixed([], rows, _widths))

    _findings(comparison.sides, families, console)

    _title("Who can reach whom", console)
    _reach(content.reach(comparison, families), labels, console, "Nothing can reach anything.")
    _line("What is not listed passes on no side.", console, style="dim")
    for title, rows_of in (
        ("Out of the platform", content.reach_out(comparison, families)),
        ("Into the platform", content.reach_in(comparison, families)),
    ):
        _line(title, console, style="bold cyan")
        _reach(rows_of, labels, console, "Nothing is asked, and nothing passes on any side.")
    different = content.differences(comparison, families)
    if len(labels) > 1:
        _line("How the sides differ in this", console, style="bold cyan")
        _bullets(different or ["In nothing: flows, what they also reach, ways out and ways in are equal."], console)
    _line("What every machine needs of the cloud itself (not counted above)", console, style="bold cyan")
    for side in comparison.sides:
        _bullets([f"{side.label}: {'; '.join(content.service_flows(side)) or 'nothing is declared'}"], console)

    _title("Native resources", console)
    by_element = content.natives(comparison, families)
    first = min(max(len(title) for title, _ in by_element) + 1, console.width // 3)
    widths = [first, *_even(console.width - first, len(labels))]
    native_rows = [[Text(title), *(Text(cell or "-") for cell in cells)] for title, cells in by_element]
    native_rows.append(
        [Text("in all", style="bold"), *(Text(str(len(side.natives)), style="bold") for side in comparison.sides)]
    )
    console.print(_fixed(["element", *map(_header, labels)], native_rows, widths, header=True, lines=True))
    _drift(comparison, families, console)
    _families(families, console)
    _sources(comparison.sides, console)


def print_assessment(assessment: Assessment, console: Console, detail: Detail = Detail.reasons) -> None:
    """What an assessment says, on a console.

    Args:
        assessment: what is said.
        console: where; its width decides the columns.
        detail: how much of the reasons is told; every verdict is counted in any of them.
    """
    _title(f"{assessment.platform.name}: what each target answers", console)
    _summary(assessment.sides, console, numbered=True)
    _offers(assessment, console)
    _title("Every requirement, every target", console)
    marks = {verdict: _mark(verdict, console) for verdict in Verdict}
    print_matrix(assessment.overview, console, marks, _STYLES)
    console.print()
    _bullets(content.not_planned(assessment.sides), console, style="bold red")
    _notices(assessment.sides, console)
    _measured(assessment.measured, console)
    if detail is Detail.all:
        families = Families(expand(assessment.platform, assessment.today))
        _findings(assessment.sides, families, console)
        _families(families, console)
        _sources(assessment.sides, console)
        return
    _title("What is not met, why, and what to do" if detail is Detail.reasons else "What is not met, and why", console)
    found = sections(assessment.sides)
    if not found:
        _line(ALL_MET, console, style="green")
    elif detail is Detail.reasons:
        print_whole(found, console, lambda verdict: _mark(verdict, console), _STYLES)
    else:
        print_short(found, console, lambda verdict: _mark(verdict, console), _STYLES)


def _summary(sides: Sequence[Side], console: Console, *, numbered: bool = False) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    if numbered:
        table.add_column("", justify="right", style="bold", no_wrap=True)
    for name in ("", "deployable", "met", "differs", "unknown", "not met", "waived", "resources"):
        left = name in {"", "deployable"}
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for number, side in enumerate(sides, 1):
        one = content.summary(side)
        table.add_row(
            *([str(number)] if numbered else []),
            Text(one.label, style="bold"),
            Text(one.answer, style="green" if one.deployable else "bold red"),
            Text(str(one.met), style="green"),
            _number(one.differs, Verdict.differs),
            _number(one.unknown, Verdict.unknown),
            _number(one.not_met, Verdict.not_met),
            Text(str(one.waived)),
            Text(str(one.natives)),
        )
    console.print(table)
    console.print()


def _offers(assessment: Assessment, console: Console) -> None:
    """What the offers are, beside what they answer."""
    found = offered(assessment.sides, assessment.platform, assessment.today)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", justify="right", style="bold", no_wrap=True)
    for name in HEADERS[1:]:
        table.add_column(name, overflow="fold")
    for number, one in enumerate(found, 1):
        table.add_row(str(number), *map(Text, one.cells))
    console.print(table)
    _bullets((f"{one.label}: {line}" for one in found for line in one.warns), console, style="bold red")


def _notices(sides: Sequence[Side], console: Console) -> None:
    """Overrides and remarks: what must not be overlooked behind the tables."""
    for side in sides:
        _bullets((f"{side.label}: native override of {what}" for what in side.overrides), console, style="yellow")
    _bullets(remarks.told(sides), console, style="yellow")
    _bullets((f"due: {line}" for line in content.due(sides)), console, style="bold yellow")
    if found := content.raised(sides):
        _line("Floors that the frameworks raise", console, style="bold cyan")
        _bullets(found, console)


def _measured(sides: Sequence[MeasuredSide], console: Console) -> None:
    for side in sides:
        _title(measured.title(side), console)
        for one in measured.tables(side):
            if not one.rows and not one.nothing:
                continue
            if one.title:
                _line(one.title, console, style="bold cyan")
            if not one.rows:
                _line(one.nothing, console)
                continue
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
            for name in one.columns:
                table.add_column(name, overflow="fold")
            for row in one.rows:
                table.add_row(*map(Text, row))
            console.print(table)
    _bullets(measured.remarks(sides), console, style="yellow")


def _findings(sides: Sequence[Side], families: Families, console: Console) -> None:
    found = content.findings(sides, families)
    _title("What is not met, why, and what to do", console)
    if not found:
        _line(ALL_MET, console, style="green")
    for one in found:
        heading = Text.assemble(
            (f"{_mark(one.verdict, console)} {str(one.verdict).replace('-', ' ')} ", f"bold {_STYLES[one.verdict]}"),
            (one.requirement, "bold"),
            f" on {', '.join(one.sides)}",
        )
        if one.asked:
            heading.append(f": asked {one.asked}, given {one.given}")
        console.print(heading)
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim", min_width=8)
        grid.add_column(overflow="fold")
        grid.add_row("for", listed(one.places))
        grid.add_row("why", Text(one.reason))
        for name, text in (("means", one.means), ("remedy", one.remedy), ("waiver", one.waiver_words)):
            if text:
                grid.add_row(name, Text(text, style="bold" if name == "waiver" else ""))
        grid.add_row("source", Text(one.source))
        console.print(Padding(grid, (0, 0, 1, 2)))


def _drift(comparison: Comparison, families: Families, console: Console) -> None:
    if comparison.drift:
        _title("What is deployed, against what is planned", console)
    for label, lines in comparison.drift.items():
        _line(f"{label}: {'as planned' if not lines else f'{len(lines)} differences'}", console, style="bold cyan")
        _bullets(content.drift(lines, families), console)


def _families(families: Families, console: Console) -> None:
    """What the letters mean that spaces are told together by."""
    if legend := list(families.legend()):
        _title("Which spaces are meant", console)
        _bullets(legend, console)


def _sources(sides: Sequence[Side], console: Console) -> None:
    found = content.sources(sides)
    if not found:
        return
    _title("Where the verdicts that are met come from", console)
    before = ""
    for requirement, labels, reason, source in found:
        if requirement != before:
            _line(requirement, console, style="bold")
        before = requirement
        _bullets([f"{labels}: {reason}; {source}"], console, style="dim")


def _reach(found: content.Reach, labels: Sequence[str], console: Console, nothing: str) -> None:
    if not found.rows:
        _line(nothing, console)
        return
    longest = 1 + max(len(end) for source, to, *_ in found.rows for end in (source, to))
    ends = min(longest, max(22, console.width // 4))
    widths = [ends, ends, *_even(console.width - 2 * ends, len(labels) + 1)]
    rows = [
        [
            Text(source),
            Text(to),
            Text(asked),
            *(Text(cell.text, style="green" if cell.as_asked else "red") for cell in cells),
        ]
        for source, to, asked, cells in found.rows
    ]
    console.print(_fixed(["from", "to", "asked", *map(_header, labels)], rows, widths, header=True))
    for note in found.notes:
        _line(note, console, style="red")


def _fixed(
    headers: Sequence[str],
    rows: Iterable[Sequence[Text]],
    widths: Sequence[int],
    *,
    header: bool = False,
    lines: bool = False,
) -> Table:
    """A table of given widths, so that several under each other stand in the same columns."""
    table = Table(
        box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=header, header_style="bold", leading=int(lines)
    )
    for index, width in enumerate(widths):
        table.add_column(headers[index] if headers else "", width=width - 1, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _even(width: int, columns: int) -> list[int]:
    return [max(10, width // columns)] * columns


def _header(label: str) -> str:
    """A side's name in two lines where it has two parts."""
    return label.replace(":", ":\n", 1)


def _marked(mark: content.Mark, console: Console) -> Text:
    notes = ", ".join(part for part in (mark.words, mark.note) if part)
    text = Text(f"{_mark(mark.verdict, console)} ", style=_STYLES[mark.verdict])
    text.append(mark.text, style="dim" if mark.text == content.NO_TRACE else "")
    if notes:
        text.append(f" ({notes})", style="dim" if mark.verdict is Verdict.met else "bold")
    return text


def _mark(verdict: Verdict, console: Console) -> str:
    known = _MARKS if (console.encoding or "").lower().startswith("utf") else _PLAIN_MARKS
    return known[verdict]


def _legend(console: Console) -> None:
    words = (
        (Verdict.met, "met"),
        (Verdict.differs, "differs (met otherwise)"),
        (Verdict.unknown, "unknown"),
        (Verdict.not_met, "not met"),
    )
    text = Text()
    for verdict, what in words:
        text.append(f"{_mark(verdict, console)} ", style=_STYLES[verdict])
        text.append(f"{what}   ")
    text.append("(by the catalogue, declared): no resource shows it", style="dim")
    console.print(text)
    console.print()


def _number(count: int, verdict: Verdict) -> Text:
    return Text(str(count), style=_STYLES[verdict] if count else "dim")


def _title(text: str, console: Console) -> None:
    console.print()
    console.rule(Text(text, style="bold"), align="left", characters="-")


def _line(text: str, console: Console, *, style: str = "") -> None:
    console.print(Text(text, style=style))


def _bullets(lines: Iterable[str], console: Console, *, style: str = "") -> None:
    for line in lines:
        grid = Table.grid()
        grid.add_column(width=4)
        grid.add_column(overflow="fold")
        grid.add_row("  -", Text(line, style=style))
        console.print(grid)
