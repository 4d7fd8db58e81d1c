"""What reports say, as plain rows and words: one content for every layout, so that none leaves anything out.

It deliberately knows neither a terminal nor Markdown. What project spaces have alike is said once (see
`families`); JSON has every element by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.compare.comparison import Cell, Comparison
from hdh_infra.compare.reach import Opening, Row, by_space
from hdh_infra.compare.report.families import EVERY_SPACE, OWN, Families, general, hidden, space_of
from hdh_infra.compare.side import Side
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.model.wording import listed, ports_words, short_type, value_words

NO_TRACE = "no native trace"
_EACH_ITS_OWN = frozenset({"address_range"})
"""Attributes that no two elements have alike, so that their values tell nothing of many at once."""


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """A value with its verdict and whether a waiver covers it; `note` says where a value that nothing shows comes from."""

    text: str
    verdict: Verdict
    waived: bool = False
    note: str = ""

    @property
    def words(self) -> str:
        """The verdict in words; empty where it is met."""
        if self.verdict is Verdict.met:
            return ""
        return str(self.verdict).replace("-", " ") + (", waived" if self.waived else "")


@final
@dataclass(frozen=True, slots=True)
class Group:
    """One element, or several that are alike on every side."""

    title: str
    rows: tuple[tuple[str, str, tuple[Mark, ...]], ...]
    """Attribute, what is asked, one mark a side."""


@final
@dataclass(frozen=True, slots=True)
class Passage:
    """What passes on one side, in words, and whether that is what is asked."""

    text: str
    as_asked: bool


@final
@dataclass(frozen=True, slots=True)
class Reach:
    """Who can reach whom: rows of the two ends, what is asked and what each side lets pass; and the numbered notes of cells."""

    rows: tuple[tuple[str, str, str, tuple[Passage, ...]], ...]
    notes: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict that is not met, with all elements and sides that it is the same for."""

    requirement: str
    verdict: Verdict
    sides: tuple[str, ...]
    elements: tuple[str, ...]
    places: tuple[str, ...]
    """The elements, with those that spaces have alike said once."""
    asked: str
    given: str
    reason: str
    means: str | None
    remedy: str | None
    source: str
    waiver: Mapping[str, Any] | None

    @property
    def waiver_words(self) -> str:
        """The waiver in words; empty where there is none."""
        if not self.waiver:
            return ""
        state = "waived until" if self.waiver["in_force"] else "the waiver ended on"
        passed = "".join(f"; passed on {one['on']}: {one['reason']}" for one in self.waiver.get("passed", ()))
        return f"{state} {self.waiver['until']}: {self.waiver['reason']}{passed}"


@final
@dataclass(frozen=True, slots=True)
class Summary:
    """One side in one line."""

    label: str
    deployable: bool
    answer: str
    """Whether it can be deployed, in words."""
    met: int
    differs: int
    unknown: int
    not_met: int
    waived: int
    natives: int


def summary(side: Side) -> Summary:
    """The counts of one side."""
    return Summary(
        side.label,
        side.deployable,
        answer(side),
        side.count(Verdict.met),
        side.count(Verdict.differs),
        side.count(Verdict.unknown),
        side.count(Verdict.not_met),
        len(side.waived),
        side.resources,
    )


def answer(side: Side) -> str:
    """Whether a side can be deployed, in words: no waiver changes what stands behind the NO."""
    if side.unplanned:
        return "NO plan"
    if side.refused:
        return "NO, refused"
    if any(row.requirement == "region.country" and row.verdict is Verdict.not_met for row in side.verdicts):
        return "NO, country"
    return "yes" if side.deployable else "NO"


def not_planned(sides: Iterable[Side]) -> list[str]:
    """Sides that the platform cannot be placed on, each with why."""
    return [f"{side.label}: no plan can be made: {side.unplanned}" for side in sides if side.unplanned]


def groups(comparison: Comparison, families: Families) -> list[Group]:
    """Every element with what is asked and given; spaces' elements that are alike stand together."""
    alike: dict[tuple[Any, ...], list[str]] = {}
    shown: dict[str, Group] = {}
    for path, attributes in comparison.elements.items():
        rows = tuple(
            _row(name, wanted, cells)
            for name, (wanted, cells) in attributes.items()
            if wanted is not None or not all(_is_nothing(cell) for cell in cells)
        )
        shown[path] = Group(path, rows)
        space = space_of(path)
        signature: tuple[Any, ...] = (path,)
        if space:
            signature = (path.removeprefix(space), tuple(_alike(row, space) for row in rows))
        alike.setdefault(signature, []).append(path)
    return [_group(paths, shown, families) for paths in alike.values()]


def findings(sides: Iterable[Side], families: Families) -> list[Finding]:
    """Every verdict that is not met, the worst first, each said once."""
    found: dict[tuple[Any, ...], tuple[VerdictRow, dict[str, None], dict[str, None]]] = {}
    for side in sides:
        refused = side.refused
        for row in side.verdicts:
            if row.verdict is Verdict.met or (refused and row is not refused and row.reason == refused.reason):
                # What a refused offer does not answer is said once, by the refusal.
                continue
            space = space_of(row.element)
            alike = row.requirement == "flow.exact" or row.attribute in _EACH_ITS_OWN
            values = () if alike else (general(str(row.asked), space), general(str(row.given), space), row.attribute)
            waiver = str(row.waiver) if row.waiver else ""
            key = (row.requirement, row.verdict, general(_reason(row), space), row.source, row.as_of, waiver, *values)
            _, labels, elements = found.setdefault(key, (row, {}, {}))
            labels[side.label] = None
            elements[row.element] = None
    result = [_finding(row, list(labels), list(elements), families) for row, labels, elements in found.values()]
    return sorted(
        result, key=lambda one: (bool(one.waiver), -one.verdict.rank, one.requirement, one.sides, one.elements)
    )


def reach(comparison: Comparison, families: Families) -> Reach:
    """Who can reach whom."""
    return _reach(comparison.reach, families)


def reach_out(comparison: Comparison, families: Families) -> Reach:
    """Who can reach what outside the platform."""
    return _reach(comparison.reach_out, families)


def reach_in(comparison: Comparison, families: Families) -> Reach:
    """What can be reached from outside."""
    return _reach(comparison.reach_in, families)


def service_flows(side: Side) -> list[str]:
    """What every machine of a side needs of the cloud itself."""
    merged: dict[str, list[str]] = {}
    for flow in side.observation.service_flows:
        merged.setdefault(flow.to, []).append(f"{flow.protocol} {', '.join(map(str, flow.ports))}")
    return [f"{to}: {', '.join(dict.fromkeys(ports))}" for to, ports in merged.items()]


def natives(comparison: Comparison, families: Families) -> list[tuple[str, tuple[str, ...]]]:
    """By element, the native resources that each side uses, in words; spaces that are alike are said once."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for element, sides in comparison.natives_by_element().items():
        cells = tuple(_types(types) for types in sides.values())
        space = space_of(element)
        alike.setdefault((element.removeprefix(space) if space else f"={element}", cells), []).append(element)
    return [(families.title(elements), cells) for (_, cells), elements in alike.items()]


def native_totals(comparison: Comparison) -> list[tuple[str, tuple[int, ...]]]:
    """By native type, how many each side has."""
    by_side = [side.types() for side in comparison.sides]
    return [
        (token, tuple(types.get(token, 0) for types in by_side))
        for token in sorted({token for types in by_side for token in types})
    ]


def differences(comparison: Comparison, families: Families) -> list[str]:
    """Every way in which the sides differ in what can be reached; values stand side by side in the groups."""
    return list(families.lines(comparison.flow_differences))


def drift(lines: Iterable[str], families: Families) -> list[str]:
    """How a deployed side differs from its plan, each way said once."""
    return list(families.lines(lines))


def flows_answer(comparison: Comparison) -> str:
    """Whether the same can reach the same, in one sentence."""
    as_asked = [side.label for side in comparison.sides if comparison.as_asked(side)]
    others = [side.label for side in comparison.sides if side.label not in as_asked]
    asked = "Exactly what is asked passes"
    told = f"{asked} on every side." if not others else f"{asked} on {', '.join(as_asked) or 'no side'}."
    if len(comparison.sides) == 1:
        return told
    return ("Flows are EQUAL on all sides. " if comparison.equal_flows else "Flows are NOT EQUAL. ") + told


def sources(sides: Iterable[Side]) -> list[tuple[str, str, str, str]]:
    """Where the verdicts that are met come from: requirement, sides, reason, and source with its date; each once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for side in sides:
        for row in side.verdicts:
            if row.verdict is Verdict.met:
                labels = found.setdefault(
                    (row.requirement, row.reason, f"{row.source} ({row.as_of}, {row.confidence})"), []
                )
                if side.label not in labels:
                    labels.append(side.label)
    return [
        (requirement, ", ".join(labels), reason, source)
        for (requirement, reason, source), labels in sorted(found.items())
    ]


def raised(sides: Iterable[Side]) -> list[str]:
    """Floors that frameworks raised, in words; each clause once, with what it raised and for how much."""
    found: dict[tuple[str, ...], set[str]] = {}
    for side in sides:
        for one in side.raised:
            name = str(one["attribute"])
            before = "nothing" if one["before"] in (None, []) else value_words(name, one["before"])
            key = (
                f"{one['framework']} {one['clause']}",
                str(one["says"]),
                name,
                before,
                value_words(name, one["after"]),
            )
            found.setdefault(key, set()).add(str(one["element"]))
    return [
        f"{clause} ({says}): {name} raised from {before} to {after} for {listed(sorted(elements), 4)}"
        for (clause, says, name, before, after), elements in found.items()
    ]


def due(sides: Iterable[Side]) -> list[str]:
    """What waits for the word to go, each line once."""
    return list(dict.fromkeys(line for side in sides for line in side.due))


def _row(name: str, wanted: Any, cells: Sequence[Cell]) -> tuple[str, str, tuple[Mark, ...]]:
    words = "nothing" if wanted is None else value_words(name, wanted)
    return name, words, tuple(_mark(name, cell) for cell in cells)


def _is_nothing(cell: Cell) -> bool:
    """Whether a side gives nothing of which nothing is asked: told in JSON only."""
    return cell.verdict is Verdict.met and (cell.given is None or cell.given is False)


def _mark(name: str, cell: Cell) -> Mark:
    waived = bool(cell.row and cell.row.waiver and cell.row.waiver["in_force"])
    if cell.basis == "untraceable":
        return Mark(NO_TRACE, cell.verdict)
    declared = cell.row is not None and cell.row.confidence is Confidence.declared
    note = "" if cell.basis != "catalogue" else "declared" if declared else "by the catalogue"
    return Mark(value_words(name, cell.given), cell.verdict, waived, note)


def _alike(row: tuple[str, str, tuple[Mark, ...]], space: str) -> tuple[Any, ...]:
    """What must be the same for two spaces' rows to be one: all but their own names and addresses."""
    name, wanted, marks = row
    if name == "address_range" and all(mark.verdict is Verdict.met for mark in marks):
        return (name,)
    return (
        name,
        hidden(wanted, space),
        tuple((hidden(mark.text, space), mark.verdict, mark.waived, mark.note) for mark in marks),
    )


def _group(paths: Sequence[str], shown: Mapping[str, Group], families: Families) -> Group:
    first = shown[paths[0]]
    if len(paths) == 1:
        return first
    space, name = space_of(paths[0]), families.name([space_of(path) for path in paths])

    def said(text: str) -> str:
        return hidden(text, space).replace(OWN, name)

    rows = tuple(
        (
            attribute,
            "each its own" if attribute == "address_range" else said(wanted),
            tuple(
                Mark(
                    "each its own" if attribute == "address_range" else said(mark.text),
                    mark.verdict,
                    mark.waived,
                    mark.note,
                )
                for mark in marks
            ),
        )
        for attribute, wanted, marks in first.rows
    )
    return Group(families.title(paths), rows)


def _finding(row: VerdictRow, labels: Sequence[str], elements: Sequence[str], families: Families) -> Finding:
    untold = row.requirement == "flow.exact" or (row.attribute in _EACH_ITS_OWN and len(elements) > 1)
    space = space_of(row.element)
    name = families.name([space_of(path) for path in elements]) if space and len(elements) > 1 else space

    def said(text: str) -> str:
        return general(text, space).replace(OWN, name)

    return Finding(
        row.requirement,
        row.verdict,
        tuple(labels),
        tuple(elements),
        tuple(families.together(elements)),
        "" if untold else said(value_words(row.measure, row.asked)),
        "" if untold else said(value_words(row.measure, row.given)),
        said(_reason(row) if len(elements) > 1 else row.reason),
        row.means,
        row.remedy,
        f"{row.source} ({row.as_of}, {row.confidence})",
        row.waiver,
    )


def _reason(row: VerdictRow) -> str:
    """Why, without a value that no two elements have alike."""
    own = row.attribute in _EACH_ITS_OWN and isinstance(row.asked, str)
    return row.reason.replace(row.asked, "its own") if own else row.reason


def _reach(found: Sequence[Row], families: Families) -> Reach:
    numbers: dict[tuple[str, ...], int] = {}
    rows = []
    for row in by_space(found, families.spaces, families.name):
        asked, *given = row.cells
        cells = tuple(_passage(row.protocol, cell, asked, numbers) for cell in given)
        words = asked.words(row.protocol) if asked else "-"
        rows.append((row.source, _own(row.source, row.to), words, cells))
    notes = tuple(f"[{number}] also reaches {' and '.join(also)}" for also, number in numbers.items())
    return Reach(tuple(rows), notes)


def _passage(
    protocol: str, cell: Opening | None, asked: Opening | None, numbers: dict[tuple[str, ...], int]
) -> Passage:
    if cell is None:
        return Passage("-" if asked is None else "nothing", as_asked=asked is None)
    words = f"{protocol} {ports_words(cell.ports)}"
    if cell.also_reaches:
        words += f" and more [{numbers.setdefault(cell.also_reaches, len(numbers) + 1)}]"
    return Passage(words, as_asked=cell == asked)


def _own(source: str, to: str) -> str:
    """A destination in each space's own: `space/* -> space/*/store/work` means no other space's."""
    several, _, rest = to.partition("/store/") if "/store/" in to else to.partition("/machine/")
    if several.startswith((EVERY_SPACE, "space/{")) and source.startswith(several) and rest:
        return f"its own {to[len(several) + 1 :]}"
    return to


def _types(types: Mapping[str, int]) -> str:
    counted: dict[str, int] = {}
    for token, count in types.items():
        counted[short_type(token)] = counted.get(short_type(token), 0) + count
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in sorted(counted.items()))
