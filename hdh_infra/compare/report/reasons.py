"""Why each side does not reach what is asked, grouped so that somebody reads it: the same sentence once a side.

Every verdict that is not met is in exactly one group, and a group counts them, so that the counts add up to those of the
tables (law 3). Which element has which verdict, word for word, stands in JSON and in the full list (`content.findings`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from hdh_infra.compare.report.content import waiver_words
from hdh_infra.compare.report.families import EVERY_SPACE, space_of
from hdh_infra.compare.report.sentences import generic, reason_of, room_of
from hdh_infra.compare.side import Side
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.model.wording import value_words
from hdh_infra.planning.capacity import REQUIREMENT
from hdh_infra.planning.refusing import DEPLOYABLE

EVERY_SIDE = "on every target that has a plan"
_FEW = 2
"""Names that are told before they are only counted."""
_WORDS = 60
"""Characters of a value that a line still holds."""
_RANKS = {requirement: rank for rank, requirement in enumerate(REQUIREMENTS)}


@final
@dataclass(frozen=True, slots=True)
class Why:
    """Verdicts of one side that have one reason.

    Attributes:
        verdict: what they all are.
        elements: by requirement, the elements that it is said of.
        rows: how many verdicts these are; one element may have several of one requirement.
        places: the elements, the first few by name; empty where it is said of the whole.
        asked: what is asked, where it is one short value; else empty.
        given: what is given instead.
        reason: why, each clause once, with the number of elements where it is not said of all.
        means: by what other means it is met.
        remedy: what would reach more.
        source: where it was read.
        as_of: when.
        confidence: how well it is known.
        waiver: the waiver, in words; empty where there is none.
    """

    verdict: Verdict
    elements: tuple[tuple[str, frozenset[str]], ...]
    rows: int
    places: str
    asked: str
    given: str
    reason: str
    means: str | None
    remedy: str | None
    source: str
    as_of: str
    confidence: Confidence
    waiver: str

    def what(self, unit: str = " verdicts") -> str:
        """The requirements, each with how many elements miss it; of a refused offer everything else as one.

        Args:
            unit: what stands after the number of verdicts, where that is not the number of elements.
        """
        counts = {requirement: len(some) for requirement, some in self.elements}
        if DEPLOYABLE in counts and len(counts) > 1:
            return f"{DEPLOYABLE}, and everything else ({self.rows - 1:,}{unit})"
        whole = self.rows == len(counts) and all(some == {PLATFORM} for _, some in self.elements)
        alike: dict[tuple[str, int], list[str]] = {}
        for requirement, count in counts.items():
            kind, _, name = requirement.partition(".")
            alike.setdefault((kind, count), []).append(name)
        told = ", ".join(
            f"{kind}.{', '.join(names)}" + ("" if whole else f" {count:,}{' each' if len(names) > 1 else ''}")
            for (kind, count), names in alike.items()
        )
        return told if self.rows == sum(counts.values()) else f"{told} ({self.rows:,}{unit})"

    @property
    def read(self) -> str:
        """Where it was read, when, and how well it is known."""
        return f"{self.source} ({self.as_of}, {self.confidence})"


@final
@dataclass(frozen=True, slots=True)
class Section:
    """What is said of one side, of some that answer alike, or of all.

    Attributes:
        sides: the sides; none where it is said of all that have a plan.
        title: how they are called.
        counts: how many verdicts are what, on each.
        whys: the reasons, what blocks first, the worst first.
    """

    sides: tuple[Side, ...]
    title: str
    counts: str
    whys: tuple[Why, ...]


def sections(sides: Sequence[Side]) -> list[Section]:
    """Why nothing more is met, side by side: what all have alike first, and sides that answer alike together."""
    by_side = [(side, _whys(side)) for side in sides]
    planned = [whys for side, whys in by_side if not side.unplanned and side.refused is None]
    common = [why for why in planned[0] if all(why in others for others in planned)] if len(planned) > 1 else []
    found: dict[tuple[Why, ...], list[Side]] = {}
    for side, whys in by_side:
        own = whys if side.refused else tuple(why for why in whys if why not in common)
        if own:
            found.setdefault(own, []).append(side)
    shared = [Section((), EVERY_SIDE, "", tuple(common))] if common else []
    return shared + [
        Section(tuple(these), ", ".join(side.label for side in these), _counts(these), whys)
        for whys, these in found.items()
    ]


def _counts(sides: Sequence[Side]) -> str:
    counts = [
        f"{count:,} {verdict.value.replace('-', ' ')}"
        for verdict in (Verdict.not_met, Verdict.unknown, Verdict.differs)
        if (count := sides[0].count(verdict))
    ]
    waived = f"; {len(sides[0].waived):,} waived" if sides[0].waived else ""
    return f"{', '.join(counts)}{' each' if len(sides) > 1 else ''}{waived}"


def _whys(side: Side) -> tuple[Why, ...]:
    """The reasons of one side: by what they rest on and what is to be done, then by what they say."""
    refused = side.refused
    groups: dict[tuple[Hashable, ...], list[VerdictRow]] = {}
    for row in side.verdicts:
        if row.verdict is Verdict.met:
            continue
        rests = (row.verdict, waiver_words(row.waiver), row.source, row.as_of, row.confidence, row.means)
        if refused is not None and row.reason == refused.reason and row.verdict is refused.verdict:
            key: tuple[Hashable, ...] = (DEPLOYABLE,)
        elif row.requirement.startswith(REQUIREMENT):
            key = (*rests, REQUIREMENT)
        else:
            key = (*rests, row.remedy, row.requirement)
        groups.setdefault(key, []).append(row)
    alike: dict[tuple[Hashable, ...], list[VerdictRow]] = {}
    for key, rows in groups.items():
        if key == (DEPLOYABLE,):
            said = (rows[0].reason, rows[0].remedy)
        else:
            said = room_of(rows) if key[-1] == REQUIREMENT else (reason_of(rows), rows[0].remedy)
        alike.setdefault((*key[:-1], *said), []).extend(rows)
    return tuple(sorted((_why(rows, key[-2], key[-1]) for key, rows in alike.items()), key=_order))


def _order(why: Why) -> tuple[object, ...]:
    ranks = [_RANKS[requirement] for requirement, _ in why.elements]
    return bool(why.waiver), -why.verdict.rank, ranks, why.reason, why.source, why.as_of


def _why(rows: Sequence[VerdictRow], reason: Hashable, remedy: Hashable) -> Why:
    row = rows[0]
    elements: dict[str, dict[str, None]] = {}
    for one in rows:
        elements.setdefault(one.requirement, {})[one.element] = None
    paths = dict.fromkeys(path for some in elements.values() for path in some)
    untold = row.requirement.startswith(("flow.", "egress.", REQUIREMENT)) or DEPLOYABLE in elements
    asked, given = ("", "") if untold else _values(rows)
    return Why(
        verdict=row.verdict,
        elements=tuple((name, frozenset(elements[name])) for name in sorted(elements, key=_RANKS.__getitem__)),
        rows=len(rows),
        places=_places(paths),
        asked=asked,
        given=given,
        reason=str(reason),
        means=row.means,
        remedy=None if remedy is None else str(remedy),
        source=row.source,
        as_of=row.as_of,
        confidence=row.confidence,
        waiver=waiver_words(row.waiver),
    )


def _values(rows: Iterable[VerdictRow]) -> tuple[str, str]:
    """What is asked and what is given, where all rows have the same of both and a line holds it."""
    found: tuple[str, str] | None = None
    for row in rows:
        here = (
            generic(value_words(row.measure, row.asked), row),
            generic(value_words(row.measure, row.given), row),
        )
        if found is not None and here != found:
            return "", ""
        found = here
    if found is None or found[0] == found[1] or max(map(len, found)) > _WORDS:
        return "", ""
    return found


def _places(paths: Iterable[str]) -> str:
    """The elements: those that spaces have alike as one with their number, the first few, and how many more there are."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        space = space_of(path)
        alike.setdefault(f"{EVERY_SPACE}{path[len(space) :]}" if space else path, []).append(path)
    if list(alike) == [PLATFORM]:
        return ""
    # By their number, else as they come: what most of them are says most.
    found: Mapping[str, list[str]] = dict(sorted(alike.items(), key=lambda one: -len(one[1])))
    names = [these[0] if len(these) == 1 else f"{name} ({len(these):,})" for name, these in found.items()]
    rest = sum(len(these) for these in list(found.values())[_FEW:])
    return ", ".join(names[:_FEW]) + (f" and {rest:,} more" if rest else "")


__all__ = ["EVERY_SIDE", "Section", "Why", "sections"]
