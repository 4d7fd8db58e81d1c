"""Waivers: which verdicts a spec accepts, and which of its waivers accept nothing.

A waiver is no blank cheque: it names the given value that is accepted, and a worse one is not covered.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hdh_infra.catalogue.load import Site
from hdh_infra.errors import Problem
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, REQUIREMENTS, SCALES, reaches
from hdh_infra.model.paths import matches
from hdh_infra.model.platform import Platform, Waiver
from hdh_infra.model.scales import Confidence, Relation, Verdict

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
    """Waivers of a target that waive nothing there: every verdict that they mean is met. One past its end is a verdict.

    One whose verdict is met by what was measured is no mistake of the description: another day may measure less.
    """
    measured = [row for row in rows if place.measured is not None and row.confidence is Confidence.measured]
    open_rows = [row for row in rows if _waivable(row)]
    for index, waiver in enumerate(platform.waivers):
        if waiver.target != str(place.target) or waiver.until < today:
            continue
        if place.offer.refused is not None:
            what = f"waives nothing: {waiver.target} is refused, and no waiver changes that ({place.offer.refused.reason.rstrip('.')}); take it out"
            yield platform.problem(("waivers", index), what)
        elif not any(_means(waiver, row) for row in (*open_rows, *measured)):
            yield platform.problem(
                ("waivers", index),
                f"waives nothing: every {waiver.requirement} of {waiver.element} is met on {waiver.target}; take it out",
            )


def _waivable(row: VerdictRow) -> bool:
    return row.verdict not in {Verdict.met, Verdict.differs} and REQUIREMENTS[row.requirement].waivable


def _means(waiver: Waiver, row: VerdictRow) -> bool:
    return waiver.requirement == row.requirement and matches(waiver.element, row.element)


def _waived(row: VerdictRow, waivers: Iterable[Waiver], today: datetime.date) -> VerdictRow:
    if not _waivable(row):
        return row
    for waiver in waivers:
        if _means(waiver, row) and _accepts(row, waiver):
            shown = {
                "accept": waiver.accept,
                "reason": waiver.reason,
                "until": str(waiver.until),
                "in_force": today <= waiver.until,
            }
            found = replace(row, waiver=shown)
            if shown["in_force"]:
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
