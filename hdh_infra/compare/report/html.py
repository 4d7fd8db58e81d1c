"""An assessment as one page for a browser or a printer: no script, nothing loaded, the same content as in a terminal.

What is said stands in `content`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from hdh_infra.compare.report import content, remarks
from hdh_infra.compare.report.detail import Detail
from hdh_infra.compare.report.families import Families
from hdh_infra.compare.report.marks import MEANINGS, NUMBERS, cell_words, cut
from hdh_infra.compare.report.offers import HEADERS, offered
from hdh_infra.compare.report.reasons import sections
from hdh_infra.model.expand import expand
from hdh_infra.model.scales import Verdict
from hdh_infra.planning.refusing import DEPLOYABLE

if TYPE_CHECKING:
    from hdh_infra.compare.assessment import Assessment
    from hdh_infra.compare.overview import Cell, Overview
    from hdh_infra.compare.report.reasons import Section, Why
    from hdh_infra.compare.side import Side

    _Anchors: TypeAlias = Mapping[tuple[str, str], Sequence[Why]]

_MARKS = {Verdict.met: "✓", Verdict.differs: "≈", Verdict.unknown: "?", Verdict.not_met: "✗"}
_HINT = 400
"""Characters of a cell's hint; the whole stands below the table."""
_STYLE = """
:root { --met: #1a7f37; --differs: #9a6700; --unknown: #6639ba; --not-met: #b3261e; --line: #d0d7de; --dim: #57606a; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 104rem; padding: 0 1.2rem; color: #1f2328; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; } h3 { font-size: 1.02rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; margin: .6rem 0; } th, td { padding: .25rem .6rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); } tbody td, tbody th { border-bottom: 1px solid var(--line); font-weight: normal; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.matrix { overflow-x: auto; } .matrix table { font-size: .92rem; } .matrix thead th { vertical-align: bottom; position: sticky; top: 0; background: #fff; }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; font-weight: 600; }
.matrix td { text-align: center; min-width: 2.7rem; font-size: .8rem; padding: .2rem .2rem; white-space: nowrap; } .matrix thead th { padding: .2rem .15rem; } .matrix tr.group th { font-weight: 700; background: #f6f8fa; }
.matrix tbody th { min-width: 15rem; max-width: 34rem; } .matrix a { color: inherit; text-decoration: none; display: block; } .matrix a:hover { text-decoration: underline; }
.met { color: var(--met); } .differs { color: var(--differs); background: #fff8e5; } .unknown { color: var(--unknown); background: #f5f0ff; }
.not-met { color: var(--not-met); background: #ffebe9; font-weight: 600; } .waived { background: repeating-linear-gradient(45deg, #fff, #fff 5px, #f0f1f3 5px, #f0f1f3 10px); font-weight: normal; }
.no { color: var(--not-met); font-weight: 700; } .yes { color: var(--met); font-weight: 700; } .dim { color: var(--dim); } .warn { color: var(--not-met); font-weight: 600; }
dl { display: grid; grid-template-columns: 5.5rem 1fr; gap: .1rem .8rem; margin: .2rem 0 1rem 1rem; } dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
table.why { table-layout: fixed; width: 100%; font-size: .92rem; } .why th:nth-child(1) { width: 22%; } .why th:nth-child(2) { width: 32%; } .why th:nth-child(3) { width: 21%; } .why td { overflow-wrap: anywhere; } .why td.dim { font-size: .8rem; } .small { font-size: .85rem; color: var(--dim); }
h3 .dim { font-weight: normal; font-size: .92rem; } .why tr { break-inside: avoid; } :target { scroll-margin-top: 12rem; } tr:has(a:target) { outline: 2px solid var(--differs); }
.finding { border-left: 4px solid var(--line); padding-left: .8rem; margin: .8rem 0; } .finding p { margin: 0; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } .matrix { overflow: visible; } .matrix thead th { position: static; } .finding { break-inside: avoid; } }
"""


def assessment_html(assessment: Assessment, detail: Detail = Detail.reasons) -> str:
    """What an assessment says, as a page that ends with a line break; with `Detail.all` verdict by verdict as well."""
    return "\n".join(_page(assessment, detail)) + "\n"


def _page(assessment: Assessment, detail: Detail) -> Iterator[str]:
    title = f"{assessment.platform.name}: what each target answers"
    found = sections(assessment.sides)
    yield f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>\n</head>\n<body>'
    yield f"<h1>{escape(title)}</h1>"
    yield f'<p class="dim">Waivers and qualifications are judged by {assessment.today}.</p>'
    yield from _summary(assessment.sides)
    yield from _offers(assessment)
    yield "<h2>Every requirement, every target</h2>"
    yield from _matrix(assessment.overview, _anchors(assessment.sides, found))
    yield from _list(content.not_planned(assessment.sides), "warn")
    yield from _list(_notices(assessment.sides), "")
    if raised := content.raised(assessment.sides):
        yield "<h3>Floors that the frameworks raise</h3>"
        yield from _list(raised, "")
    yield "<h2>What is not met, why, and what to do</h2>"
    yield from _findings(assessment.sides, found)
    if detail is Detail.all:
        yield from _all(assessment.sides, Families(expand(assessment.platform, assessment.today)))
    yield "<details><summary>Where the verdicts that are met come from</summary>"
    yield from _table(("requirement", "targets", "reason", "source"), content.sources(assessment.sides))
    yield "</details>\n</body>\n</html>"


def _summary(sides: Sequence[Side]) -> Iterator[str]:
    yield "<table><thead><tr>"
    yield "".join(f"<th>{name}</th>" for name in ("", "target", "deployable", "met", "differs", "unknown", "not met", "waived", "resources"))  # fmt: skip
    yield "</tr></thead><tbody>"
    for number, side in enumerate(sides, 1):
        one = content.summary(side)
        counts = (one.met, one.differs, one.unknown, one.not_met, one.waived, one.natives)
        cells = "".join(f'<td class="number">{count:,}</td>' for count in counts)
        answer = f'<td class="{"yes" if one.deployable else "no"}">{escape(one.answer)}</td>'
        yield f"<tr><td>{number}</td><th>{escape(one.label)}</th>{answer}{cells}</tr>"
    yield "</tbody></table>"


def _offers(assessment: Assessment) -> Iterator[str]:
    found = offered(assessment.sides, assessment.platform, assessment.today)
    yield "<h2>What the offers are</h2>"
    yield from _table(HEADERS, [(one.label, *one.cells) for one in found])
    yield from _list([f"{one.label}: {line}" for one in found for line in one.warns], "warn")


def _matrix(overview: Overview, found: _Anchors) -> Iterator[str]:
    legend = " &nbsp; ".join(
        f'<span class="{verdict.value}">{_MARKS[verdict]} {escape(words)}</span>' for verdict, words in MEANINGS.items()
    )
    yield f'<p>{legend} &nbsp; <span class="dim">{escape(NUMBERS)}</span></p>'
    yield '<div class="matrix"><table><thead><tr><th>requirement</th>'
    yield "".join(f"<th><span>{escape(side.label)}</span></th>" for side in overview.sides)
    yield "</tr></thead><tbody>"
    for group, lines in overview.grouped():
        yield f'<tr class="group"><th colspan="{len(overview.sides) + 1}">{escape(group)}</th></tr>'
        for line in lines:
            name = f'<code>{escape(line.requirement)}</code> <span class="dim">{escape(line.title)}</span>'
            yield f"<tr><th>{name}</th>{''.join(_cell(cell, line.requirement, side, found) for cell, side in zip(line.cells, overview.sides, strict=True))}</tr>"
    yield "</tbody></table></div>"


def _cell(cell: Cell | None, requirement: str, side: Side, found: _Anchors) -> str:
    if cell is None:
        return f"<td>{cell_words(cell, '', side)}</td>"
    text = escape(cell_words(cell, _MARKS[cell.verdict], side))
    if cell.verdict is Verdict.met:
        return f'<td class="met" title="met">{text}</td>'
    waived = " waived" if cell.waived else ""
    words = (
        f"{cell.verdict.value.replace('-', ' ')}{', waived' if cell.waived else ''}, {cell.elements} of {cell.asked}"
    )
    name = DEPLOYABLE if side.refused and not requirement.startswith("requires.") else requirement
    why = cut("; ".join(f"{one.reason} ({one.as_of})" for one in found.get((side.label, name), ())), _HINT)
    return f'<td class="{cell.verdict.value}{waived}" title="{escape(f"{words}: {why}")}"><a href="#{escape(_anchor(side.label, name))}">{text}</a></td>'


def _anchor(label: str, requirement: str) -> str:
    return f"{label}/{requirement}".replace(" ", "-")


def _anchors(sides: Sequence[Side], found: Sequence[Section]) -> _Anchors:
    """What is said of each side and requirement."""
    told: dict[tuple[str, str], list[Why]] = {}
    for section in found:
        these = section.sides or [side for side in sides if not side.unplanned and side.refused is None]
        for why in section.whys:
            for requirement, _ in why.elements:
                for side in these:
                    told.setdefault((side.label, requirement), []).append(why)
    return told


def _findings(sides: Sequence[Side], found: Sequence[Section]) -> Iterator[str]:
    """A table a target: what, why, what would reach more, and where that was read."""
    if not found:
        yield "<p>Everything that is asked is met on every side.</p>"
    told: set[str] = set()
    for section in found:
        counts = f' <span class="dim">{escape(section.counts)}</span>' if section.counts else ""
        yield f"<h3>{escape(section.title)}{counts}</h3>"
        yield '<table class="why"><thead><tr><th>what</th><th>why</th><th>what would reach more</th><th>source</th></tr></thead><tbody>'
        these = section.sides or [side for side in sides if not side.unplanned and side.refused is None]
        for why in section.whys:
            names = [_anchor(side.label, requirement) for side in these for requirement, _ in why.elements]
            anchors = "".join(f'<a id="{escape(name)}"></a>' for name in dict.fromkeys(names) if name not in told)
            told.update(names)
            yield f'<tr>{anchors.join(("<td>", _what(why)))}</td><td>{_lines(why.reason, ("by other means:", why.means), ("", why.waiver))}</td><td>{escape(why.remedy or "")}</td><td class="dim">{escape(why.read)}</td></tr>'
        yield "</tbody></table>"


def _what(why: Why) -> str:
    waived = " waived" if why.waiver else ""
    values = f"asked {why.asked}, given {why.given}" if why.asked else ""
    return (
        f'<span class="{why.verdict.value}{waived}">{_MARKS[why.verdict]} {why.verdict.value.replace("-", " ")}</span> '
        f"<code>{escape(why.what())}</code>{_lines('', ('', values), ('', why.places))}"
    )


def _lines(first: str, *others: tuple[str, str | None]) -> str:
    """A text, and those that there are of some smaller ones below it."""
    more = "".join(f'<div class="small">{escape(f"{name} {text}".strip())}</div>' for name, text in others if text)
    return escape(first) + more


def _all(sides: Sequence[Side], families: Families) -> Iterator[str]:
    """Verdict by verdict, by every element that has it."""
    yield "<h2>Verdict by verdict</h2>"
    for one in content.findings(sides, families):
        values = f": asked {one.asked}, given {one.given}" if one.asked else ""
        words = f"{_MARKS[one.verdict]} {one.verdict.value.replace('-', ' ')}"
        yield f'<div class="finding"><p><span class="{one.verdict.value}">{words}</span> <code>{escape(one.requirement)}</code> on <strong>{escape(", ".join(one.sides))}</strong>{escape(values)}</p><dl>'
        told = (("for", ", ".join(one.places)), ("why", one.reason), ("means", one.means), ("remedy", one.remedy), ("waiver", one.waiver_words), ("source", one.source))  # fmt: skip
        yield "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in told if text) + "</dl></div>"
    if legend := list(families.legend()):
        yield "<h2>Which spaces are meant</h2>"
        yield from _list(legend, "")


def _notices(sides: Sequence[Side]) -> list[str]:
    return [
        *(f"{side.label}: native override of {what}" for side in sides for what in side.overrides),
        *remarks.told(sides),
        *(f"due: {line}" for line in content.due(sides)),
    ]


def _list(lines: Iterable[str], style: str) -> Iterator[str]:
    written = [f"<li>{escape(line)}</li>" for line in lines]
    if written:
        yield f'<ul class="{style}">{"".join(written)}</ul>' if style else f"<ul>{''.join(written)}</ul>"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"<table><thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in headers)}</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody></table>"


__all__ = ["assessment_html"]
