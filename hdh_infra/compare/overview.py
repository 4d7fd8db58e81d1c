"""One table that answers which requirement which offer does not meet: every requirement, every side, the worst verdict of its elements.

It judges nothing: verdicts are those of the plans. What a cell says stands below the table with its reason, source and day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.compare.report.families import general, space_of
from hdh_infra.compare.side import Side
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.scales import Confidence, Verdict

GROUPS: Mapping[str, str] = {
    "offer": "The offer",
    "region": "The offer",
    "store": "Stores",
    "machine": "Machines",
    "key": "Keys",
    "network": "Networks",
    "flow": "Who reaches whom",
    "egress": "Who reaches whom",
    "audit": "Logs",
    "space": "Projects",
    "airlock": "Projects",
    "requires": "Managed services",
    "capacity": "Room",
}
"""How the first word of a requirement is called above its rows."""


_GOOD = frozenset({Verdict.met, Verdict.differs})


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """What one side answers to one requirement.

    Attributes:
        verdict: the worst over its elements.
        elements: how many elements it is the verdict of.
        asked: how many elements are asked.
        waived: whether waivers in force cover all of these.
        counts: elements by their own worst verdict.
        unmet: every verdict that is not met.
        inferred: whether a verdict that is met, or met by other means, rests on what nobody wrote but somebody concluded.
    """

    verdict: Verdict
    elements: int
    asked: int
    waived: bool
    counts: Mapping[Verdict, int]
    unmet: tuple[VerdictRow, ...]
    inferred: bool = False

    @property
    def reasons(self) -> tuple[VerdictRow, ...]:
        """Why, of every verdict that is not met, each once, the worst first; worked out when it is asked for."""
        found: dict[tuple[Any, ...], VerdictRow] = {}
        for row in self.unmet:
            # What differs by the space only is one reason; the first stands for all.
            said = general(row.reason, space_of(row.element))
            found.setdefault((row.verdict, said, row.source, row.as_of, row.means), row)
        return tuple(sorted(found.values(), key=lambda row: -row.verdict.rank))

    def to_json(self) -> dict[str, Any]:
        """As it stands in an assessment."""
        return {
            "verdict": self.verdict.value,
            "elements": self.elements,
            "asked": self.asked,
            "waived": self.waived,
            "inferred": self.inferred,
            "counts": {verdict.value: count for verdict, count in self.counts.items()},
            "reasons": [
                {
                    "verdict": row.verdict.value,
                    "reason": row.reason,
                    "source": row.source,
                    "as_of": row.as_of,
                    "confidence": row.confidence.value,
                    "means": row.means,
                    "remedy": row.remedy,
                }
                for row in self.reasons
            ],
        }


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One requirement: one cell a column; None where a side is asked nothing of it, or could not be planned."""

    requirement: str
    cells: tuple[Cell | None, ...]

    @property
    def title(self) -> str:
        """What is required, in words."""
        return REQUIREMENTS[self.requirement].title

    @property
    def group(self) -> str:
        """What it stands under."""
        return GROUPS[self.requirement.partition(".")[0]]

    @property
    def name(self) -> str:
        """The requirement under its group."""
        return self.requirement.partition(".")[2]


@final
@dataclass(frozen=True)
class Overview:
    """The table: a column a side, a line a requirement that any of them is asked."""

    sides: tuple[Side, ...]
    lines: tuple[Line, ...]

    def grouped(self) -> Iterator[tuple[str, list[Line]]]:
        """The lines under the names of their groups."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.group, []).append(line)
        yield from found.items()

    def to_json(self) -> dict[str, Any]:
        """As it stands in an assessment: by requirement and target."""
        return {
            line.requirement: {
                "title": line.title,
                "targets": {
                    side.label: cell.to_json() if cell else None
                    for side, cell in zip(self.sides, line.cells, strict=True)
                },
            }
            for line in self.lines
        }


def overview(sides: Sequence[Side]) -> Overview:
    """The table of some sides, requirements in the order in which they are listed."""
    columns = [_column(side.verdicts) for side in sides]
    asked = {requirement for column in columns for requirement in column}
    lines = [
        Line(requirement, tuple(column.get(requirement) for column in columns))
        for requirement in REQUIREMENTS
        if requirement in asked
    ]
    return Overview(tuple(sides), tuple(lines))


def _column(rows: Iterable[VerdictRow]) -> Mapping[str, Cell]:
    """The cells of one side, by requirement; of rows that ask nothing only what is wrong counts.

    What asks for nothing of what is not there, such as a key that must not be exported where there are no keys, is met, and
    is no tick: whoever reads the table would take it for something that the offer has.
    """
    found: dict[str, list[VerdictRow]] = {}
    for row in rows:
        nothing = row.asked is None or (not row.asked and row.given is None)
        if not nothing or row.verdict is not Verdict.met:
            found.setdefault(row.requirement, []).append(row)
    return {requirement: _cell(of_it) for requirement, of_it in found.items()}


def _cell(rows: Sequence[VerdictRow]) -> Cell:
    by_element: dict[str, Verdict] = {}
    for row in rows:
        before = by_element.get(row.element)
        if before is None or (row.verdict is not before and row.verdict.rank > before.rank):
            by_element[row.element] = row.verdict
    found = Counter(by_element.values())
    worst = Verdict.worst(*found)
    waived = worst in {Verdict.not_met, Verdict.unknown} and not any(row.blocks for row in rows)
    return Cell(
        worst,
        found[worst],
        len(by_element),
        waived,
        {verdict: found[verdict] for verdict in Verdict if found[verdict]},
        tuple(row for row in rows if row.verdict is not Verdict.met),
        worst in _GOOD and any(row.confidence is Confidence.inferred for row in rows),
    )


__all__ = ["Cell", "Line", "Overview", "overview"]
