"""Waivers: which verdicts a spec accepts, until when, and which of its waivers accept nothing.

A waiver is no blank cheque: it names the given value that is accepted, and a worse one is not covered.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.errors import Problem
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, REQUIREMENTS, SCALES, reaches
from hdh_infra.model.paths import matches
from hdh_infra.model.platform import Platform, Waiver
from hdh_infra.model.scales import Confidence, Relation, Verdict
from hdh_infra.model.wording import in_days

NOTICE = datetime.timedelta(days=30)
"""How long before its end a waiver is announced."""
_EXACT = frozenset(
    name for kind in ATTRIBUTES.values() for name, rule in kind.items() if rule.relation is not Relation.floor
)
"""Attributes of which no value is better than another."""


def waived(rows: Iterable[VerdictRow], platform: Platform, place: Site, today: datetime.date) -> tuple[VerdictRow, ...]:
    """The rows with the waivers of a target that cover them."""
    waivers = [waiver for waiver in platform.waivers if waiver.target == str(place.target)]
    return tuple(_waived(row, waivers, today) for row in rows)


def idle_waivers(
    rows: Sequence[VerdictRow], platform: Platform, place: Site, today: datetime.date
) -> Iterator[Problem]:
    """Waivers of a target that waive nothing there: every verdict that they mean is met. Each is told by its place, and stops nothing.

    A cloud or this library may have got better since it was written. One past its end is told by that, and one whose
    verdict is met by what was measured is not idle: another day may measure less.
    """
    for index, waiver, needed in _needed(rows, platform, place):
        if not needed and waiver.until >= today:
            what = (
                f"waives nothing: every {waiver.requirement} of {waiver.element} is met on {waiver.target}; take it out"
            )
            yield platform.problem(("waivers", index), what)


def _needed(rows: Sequence[VerdictRow], platform: Platform, place: Site) -> Iterator[tuple[int, Waiver, bool]]:
    """Every waiver of a target with its place, and whether a verdict that it means is open, or met by what was measured only."""
    measured = [row for row in rows if place.measured is not None and row.confidence is Confidence.measured]
    meant = (*(row for row in rows if _waivable(row)), *measured)
    for index, waiver in enumerate(platform.waivers):
        if waiver.target == str(place.target):
            yield index, waiver, any(_means(waiver, row) for row in meant)


def futile_waivers(platform: Platform, place: Site, today: datetime.date) -> Iterator[Problem]:
    """Waivers of an offer that is refused: what they say can never be, whatever the catalogue learns of its attributes."""
    refused = place.offer.refused
    if refused is None:
        return
    for index, waiver in enumerate(platform.waivers):
        if waiver.target == str(place.target) and waiver.until >= today:
            what = f"waives nothing: {waiver.target} is refused, and no waiver changes that ({refused.reason.rstrip('.')}); take it out"
            yield platform.problem(("waivers", index), what)


def waiver_remarks(rows: Sequence[VerdictRow], platform: Platform, place: Site, today: datetime.date) -> Iterator[str]:
    """What is to be known of the waivers of a target on a day: those that waive nothing, that end soon, that have ended."""
    for _, waiver, needed in _needed(rows, platform, place):
        soon = ends_soon(waiver, today)
        told = f"{_named(waiver)}{f' {_when(waiver, today)}' if soon else ''}"
        if not needed:
            yield f"{told}{' and' if soon else ''} waives nothing, since all that it means is met: take it out"
        elif waiver.until < today:
            passed = "".join(f"; passed on {one.on}: {one.reason}" for one in waiver.passed)
            yield f"{told}: changes to what it was for are refused{passed}"
        elif soon:
            yield told


def ends_soon(waiver: Waiver, today: datetime.date) -> bool:
    """Whether a waiver has ended or ends within thirty days."""
    return waiver.until <= today + NOTICE


def ending_words(waiver: Waiver, today: datetime.date) -> str:
    """When a waiver ends or has ended, with its target."""
    return f"{_named(waiver)} on {waiver.target} {_when(waiver, today)}"


def _when(waiver: Waiver, today: datetime.date) -> str:
    days = (waiver.until - today).days
    return f"ends {in_days(days)}, on {waiver.until}" if days >= 0 else f"ended on {waiver.until}"


def behind(row: VerdictRow, platform: Platform, target: str) -> tuple[int, Waiver]:
    """The waiver that a verdict carries, with its place in the description. Raises `LookupError` where it carries none of it."""
    for index, waiver in enumerate(platform.waivers):
        if waiver.target == target and _means(waiver, row) and _told(row.waiver) == _told(_shown(waiver, waiver.until)):
            return index, waiver
    raise LookupError(f"no waiver of {platform.name} is that of {row.requirement} of {row.element}")


def _named(waiver: Waiver) -> str:
    return f"the waiver of {waiver.requirement} for {waiver.element}"


def _told(shown: Mapping[str, Any] | None) -> tuple[Any, ...]:
    return tuple((shown or {}).get(name) for name in ("accept", "reason", "until"))


def _shown(waiver: Waiver, today: datetime.date) -> dict[str, Any]:
    """A waiver as its verdict carries it."""
    shown: dict[str, Any] = {
        "accept": waiver.accept,
        "reason": waiver.reason,
        "until": str(waiver.until),
        "in_force": today <= waiver.until,
    }
    if waiver.passed:
        shown["passed"] = [{"on": str(one.on), "reason": one.reason} for one in waiver.passed]
        shown["passed_today"] = any(one.on == today for one in waiver.passed)
    return shown


def _waivable(row: VerdictRow) -> bool:
    return row.verdict not in {Verdict.met, Verdict.differs} and REQUIREMENTS[row.requirement].waivable


def _means(waiver: Waiver, row: VerdictRow) -> bool:
    return waiver.requirement == row.requirement and matches(waiver.element, row.element)


def _waived(row: VerdictRow, waivers: Iterable[Waiver], today: datetime.date) -> VerdictRow:
    if not _waivable(row):
        return row
    for waiver in waivers:
        if _means(waiver, row) and _accepts(row, waiver):
            found = replace(row, waiver=_shown(waiver, today))
            if not found.blocks:
                return found
            row = found
    return row


def _accepts(row: VerdictRow, waiver: Waiver) -> bool:
    """Whether what is given is what the waiver accepts, or better: a waiver is no blank cheque."""
    if row.verdict is Verdict.unknown:
        return waiver.accept in {"unknown", None} if not isinstance(waiver.accept, (list, dict)) else False
    if row.requirement == "flow.exact":
        return waiver.accept == "wider" and _only_wider(row)
    if row.requirement == "egress.host_names" and row.given is not None:
        # What was asked, and more: the row says what more.
        return waiver.accept == "wider" and str(row.given).startswith(f"{row.asked} and also ")
    scale = SCALES.get(row.attribute)
    if scale and isinstance(waiver.accept, str) and row.given is not None:
        known = {str(level) for level in scale}
        return waiver.accept in known and row.given in known and scale(row.given).reaches(scale(waiver.accept))
    if row.given is None or row.given is False or (row.given == [] and waiver.accept != []):
        # Nothing is given: `false`, `none` and null are the ways to say so.
        return waiver.accept in {False, "none", None} if not isinstance(waiver.accept, (list, dict)) else False
    return bool(row.given == waiver.accept) or _better(row, waiver.accept)


def _better(row: VerdictRow, accept: object) -> bool:
    """Whether what is given is more than what is accepted, of an attribute that is a floor: days, sizes, whole forms."""
    numbers = all(isinstance(one, int) and not isinstance(one, bool) for one in (row.given, accept))
    forms = isinstance(row.given, dict) and isinstance(accept, dict) and row.given.keys() == accept.keys()
    return (numbers or forms) and row.attribute not in _EXACT and reaches(row.attribute, accept, row.given)


def _only_wider(row: VerdictRow) -> bool:
    """A flow that opens what was asked and, by the cloud's own grain, more behind the same endpoint."""
    return "nothing asks" not in row.reason and "cannot reach" not in row.reason and "not on" not in row.reason
