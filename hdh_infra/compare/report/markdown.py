"""Reports as Markdown, for a merge request or a file: the same content as in a terminal, marks with words.

What is said stands in `content`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hdh_infra.compare.report import content, measured, remarks
from hdh_infra.compare.report.detail import Detail
from hdh_infra.compare.report.families import Families
from hdh_infra.compare.report.marks import MEANINGS, NUMBERS, cell_words
from hdh_infra.compare.report.offers import HEADERS, offered
from hdh_infra.compare.report.reasons import sections
from hdh_infra.model.expand import expand
from hdh_infra.model.scales import Verdict

if TYPE_CHECKING:
    from hdh_infra.compare.assessment import Assessment, MeasuredSide
    from hdh_infra.compare.comparison import Comparison
    from hdh_infra.compare.overview import Overview
    from hdh_infra.compare.report.reasons import Section
    from hdh_infra.compare.side import Side

_MARKS = {Verdict.met: "✓", Verdict.differs: "≈", Verdict.unknown: "?", Verdict.not_met: "✗"}
_LEGEND = "✓ met · ≈ differs (met by a named other means) · ? unknown · ✗ not met · *by the catalogue*, *declared*: no native resource shows it"


def comparison_markdown(comparison: Comparison) -> str:
    """Everything a comparison says, as Markdown that ends with a line break."""
    return "\n".join(_comparison(comparison)) + "\n"


def assessment_markdown(assessment: Assessment, detail: Detail = Detail.reasons) -> str:
    """What an assessment says, as Markdown that ends with a line break; with `Detail.all` verdict by verdict."""
    return "\n".join(_assessment(assessment, detail)) + "\n"


def _comparison(comparison: Comparison) -> Iterator[str]:
    labels = comparison.labels
    families = Families(comparison.platform)
    yield f"# {comparison.platform.platform.name}: {', '.join(labels)}"
    yield ""
    yield from _summary(comparison.sides)
    yield f"**{content.flows_answer(comparison)}** Waivers are judged by {comparison.today}."
    yield ""
    yield from _notices(comparison.sides)
    yield "## What is asked, and what each side gives"
    yield ""
    yield _LEGEND
    yield ""
    rows = [
        [f"`{group.title}`" if index == 0 else "", name, _text(asked), *map(_marked, marks)]
        for group in content.groups(comparison, families)
        for index, (name, asked, marks) in enumerate(group.rows)
    ]
    yield from _table(["element", "attribute", "asked", *labels], rows)
    yield from _findings(comparison.sides, families)
    yield "## Who can reach whom"
    yield ""
    yield from _reach(content.reach(comparison, families), labels, "Nothing can reach anything.")
    yield "What is not listed passes on no side."
    yield ""
    for title, found in (
        ("Out of the platform", content.reach_out(comparison, families)),
        ("Into the platform", content.reach_in(comparison, families)),
    ):
        yield f"### {title}"
        yield ""
        yield from _reach(found, labels, "Nothing is asked, and nothing passes on any side.")
    if len(labels) > 1:
        yield "### How the sides differ in this"
        yield ""
        yield from _bullets(
            content.differences(comparison, families)
            or ["In nothing: flows, what they also reach, ways out and ways in are equal."]
        )
    yield "### What every machine needs of the cloud itself (not counted above)"
    yield ""
    yield from _bullets(
        f"{side.label}: {'; '.join(content.service_flows(side)) or 'nothing is declared'}" for side in comparison.sides
    )
    yield from _native(comparison, families)
    if comparison.drift:
        yield "## What is deployed, against what is planned"
        yield ""
        for label, lines in comparison.drift.items():
            yield f"**{label}**: {'as planned' if not lines else f'{len(lines)} differences'}"
            yield ""
            yield from _bullets(content.drift(lines, families))
    yield from _legend(families)
    yield from _sources(comparison.sides)


def _assessment(assessment: Assessment, detail: Detail) -> Iterator[str]:
    yield f"# {assessment.platform.name}: what each target answers"
    yield ""
    yield from _summary(assessment.sides)
    yield from _offers(assessment)
    yield from _overview(assessment.overview)
    yield from _bullets(f"**{line}**" for line in content.not_planned(assessment.sides))
    yield from _notices(assessment.sides)
    yield from _measured(assessment.measured)
    if detail is Detail.all:
        families = Families(expand(assessment.platform, assessment.today))
        yield from _findings(assessment.sides, families)
        yield from _legend(families)
    else:
        yield from _reasons(sections(assessment.sides))
    yield from _sources(assessment.sides)


def _summary(sides: Sequence[Side]) -> Iterator[str]:
    rows = []
    for side in sides:
        one = content.summary(side)
        counts = (one.met, one.differs, one.unknown, one.not_met, one.waived, one.natives)
        rows.append([f"**{one.label}**", one.answer if one.deployable else f"**{one.answer}**", *map(str, counts)])
    yield from _table(["", "deployable", "met", "differs", "unknown", "not met", "waived", "native resources"], rows)


def _offers(assessment: Assessment) -> Iterator[str]:
    """What the offers are, beside what they answer."""
    found = offered(assessment.sides, assessment.platform, assessment.today)
    yield from _table(HEADERS, [[f"**{one.label}**", *map(_text, one.cells)] for one in found])
    yield from _bullets(f"**{one.label}: {line}**" for one in found for line in one.warns)


def _overview(found: Overview) -> Iterator[str]:
    """Every requirement against every side."""
    yield "## Every requirement, every target"
    yield ""
    yield f"{' · '.join(f'{_MARKS[verdict]} {words}' for verdict, words in MEANINGS.items())} · {NUMBERS}"
    yield ""
    rows = [
        [
            f"`{line.requirement}`",
            _text(line.title),
            *(
                cell_words(cell, _MARKS[cell.verdict] if cell else "", side)
                for cell, side in zip(line.cells, found.sides, strict=True)
            ),
        ]
        for line in found.lines
    ]
    yield from _table(["requirement", "", *(side.label for side in found.sides)], rows)


def _notices(sides: Sequence[Side]) -> Iterator[str]:
    yield from _bullets(
        [
            *(f"{side.label}: native override of {what}" for side in sides for what in side.overrides),
            *remarks.told(sides),
            *(f"**due**: {line}" for line in content.due(sides)),
        ]
    )
    if found := content.raised(sides):
        yield "### Floors that the frameworks raise"
        yield ""
        yield from _bullets(found)


def _measured(sides: Sequence[MeasuredSide]) -> Iterator[str]:
    for side in sides:
        yield f"## {measured.title(side)}"
        yield ""
        for one in measured.tables(side):
            if one.title and (one.rows or one.nothing):
                yield f"### {one.title}"
                yield ""
            if one.rows:
                yield from _table([*one.columns], [list(map(_text, row)) for row in one.rows])
            elif one.nothing:
                yield one.nothing
                yield ""
    yield from _bullets([*measured.remarks(sides)])


def _findings(sides: Sequence[Side], families: Families) -> Iterator[str]:
    yield "## What is not met, why, and what to do"
    yield ""
    found = content.findings(sides, families)
    if not found:
        yield "Everything that is asked is met on every side."
        yield ""
    for one in found:
        values = f": asked {_text(one.asked)}, given {_text(one.given)}" if one.asked else ""
        words = str(one.verdict).replace("-", " ")
        yield f"- {_MARKS[one.verdict]} **{words}: {one.requirement}** on {', '.join(one.sides)}{values}"
        yield f"  - for {', '.join(f'`{path}`' for path in one.places)}"
        yield f"  - why: {_text(one.reason)}"
        for name, text in (("means", one.means), ("remedy", one.remedy), ("waiver", one.waiver_words)):
            if text:
                yield f"  - {name}: {_text(text)}"
        yield f"  - source: {_text(one.source)}"
    if found:
        yield ""


def _reasons(found: Sequence[Section]) -> Iterator[str]:
    yield "## What is not met, why, and what to do"
    yield ""
    if not found:
        yield "Everything that is asked is met on every side."
        yield ""
    for section in found:
        yield f"### {section.title}"
        yield ""
        if section.counts:
            yield section.counts
            yield ""
        for why in section.whys:
            values = f": asked {_text(why.asked)}, given {_text(why.given)}" if why.asked else ""
            places = f" ({_text(why.places)})" if why.places else ""
            words = str(why.verdict).replace("-", " ")
            yield f"- {_MARKS[why.verdict]} **{words}: {_text(why.what())}**{places}{values}"
            yield f"  - why: {_text(why.reason)}"
            for name, text in (("means", why.means), ("remedy", why.remedy), ("waiver", why.waiver)):
                if text:
                    yield f"  - {name}: {_text(text)}"
            yield f"  - source: {_text(why.read)}"
        yield ""


def _legend(families: Families) -> Iterator[str]:
    """What the letters mean that spaces are told together by."""
    if found := list(families.legend()):
        yield "## Which spaces are meant"
        yield ""
        yield from _bullets(found)


def _native(comparison: Comparison, families: Families) -> Iterator[str]:
    labels = comparison.labels
    yield "## Native resources"
    yield ""
    rows = [[f"`{title}`", *(cell or "-" for cell in cells)] for title, cells in content.natives(comparison, families)]
    rows.append(["**in all**", *(f"**{len(side.natives)}**" for side in comparison.sides)])
    yield from _table(["element", *labels], rows)
    yield "<details><summary>by type</summary>"
    yield ""
    totals = [
        [f"`{token}`", *(str(count or "-") for count in counts)] for token, counts in content.native_totals(comparison)
    ]
    yield from _table(["type", *labels], totals)
    yield "</details>"
    yield ""


def _sources(sides: Sequence[Side]) -> Iterator[str]:
    found = content.sources(sides)
    if found:
        yield "<details><summary>Where the verdicts that are met come from</summary>"
        yield ""
        yield from _table(["requirement", "side", "reason", "source"], found)
        yield "</details>"
        yield ""


def _reach(found: content.Reach, labels: Sequence[str], nothing: str) -> Iterator[str]:
    if not found.rows:
        yield nothing
        yield ""
        return
    rows = [
        [f"`{source}`", _end(to), asked, *(cell.text if cell.as_asked else f"**{cell.text}**" for cell in cells)]
        for source, to, asked, cells in found.rows
    ]
    yield from _table(["from", "to", "asked", *labels], rows)
    yield from _bullets(found.notes)


def _end(to: str) -> str:
    return _text(to) if to.startswith("its own ") else f"`{to}`"


def _marked(mark: content.Mark) -> str:
    words = f" **({mark.words})**" if mark.words else ""
    note = f" *{mark.note}*" if mark.note else ""
    return f"{_MARKS[mark.verdict]} {_text(mark.text)}{words}{note}"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headers)} |"
    yield f"|{'---|' * len(headers)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    written = [f"- {line}" for line in lines]
    if written:
        yield from written
        yield ""


def _text(text: str) -> str:
    """Plain words: no line break, and nothing that Markdown would read as its own."""
    return " ".join(text.split()).replace("*", "\\*").replace("<", "&lt;")
