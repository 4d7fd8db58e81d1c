"""What each target answers to each requirement: the verdicts of plans, with waivers and when they end.

Verdicts are taken from the plans as they are; nothing is judged here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from hdh_infra.catalogue.load import site
from hdh_infra.catalogue.measuring import Difference
from hdh_infra.compare.overview import Overview, overview
from hdh_infra.compare.side import Side
from hdh_infra.errors import SpecError
from hdh_infra.graph.plan import Plan, VerdictRow
from hdh_infra.model.lock import Lock
from hdh_infra.model.measured import Measured, form
from hdh_infra.model.platform import Platform, Waiver
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import make_plan, observe_plan
from hdh_infra.planning.capacity import REQUIREMENT
from hdh_infra.planning.waiving import ending_words, ends_soon

FORMAT = "hdh-assessment/1"


@final
@dataclass(frozen=True, slots=True)
class MeasuredSide:
    """What was measured of one target.

    Attributes:
        target: which.
        measured: what its endpoints answered.
        differences: where that contradicts the catalogue or a declaration.
        room: what the plan needs of each quota.
    """

    target: str
    measured: Measured
    differences: tuple[Difference, ...]
    room: tuple[VerdictRow, ...]

    def to_json(self) -> dict[str, Any]:
        """As it stands in an assessment."""
        return {**form(self.measured), "differences": [one.to_json() for one in self.differences]}


@final
@dataclass(frozen=True)
class Assessment:
    """The verdicts of a platform on several targets.

    Attributes:
        platform: the spec.
        sides: the plans, with their verdicts.
        today: the day that waivers were judged by.
    """

    platform: Platform
    sides: tuple[Side, ...]
    today: datetime.date

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The spec's waivers for these targets, the first to end first."""
        targets = {side.target for side in self.sides}
        return tuple(sorted((one for one in self.platform.waivers if one.target in targets), key=lambda one: one.until))

    @property
    def measured(self) -> tuple[MeasuredSide, ...]:
        """What was measured of the targets, where anything was."""
        sites = (site(Target.parse(side.target), self.platform) for side in self.sides)
        rooms = {
            side.target: [row for row in side.verdicts if row.requirement.startswith(REQUIREMENT)]
            for side in self.sides
        }
        return tuple(
            MeasuredSide(str(place.target), place.measured, place.differences, tuple(rooms[str(place.target)]))
            for place in sites
            if place.measured is not None
        )

    @property
    def ending(self) -> tuple[Waiver, ...]:
        """Waivers that ended already or end within thirty days."""
        return tuple(waiver for waiver in self.waivers if ends_soon(waiver, self.today))

    @cached_property
    def overview(self) -> Overview:
        """Every requirement, every target."""
        return overview(self.sides)

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-assessment/1`."""
        return {name: dict(part) if isinstance(part, Iterator) else part for name, part in self.parts().items()}

    def parts(self) -> dict[str, Any]:
        """The same, with the targets one after the other: all verdicts of all offers at once are more than is needed to write them."""
        return {
            "format": FORMAT,
            "platform": self.platform.name,
            "today": str(self.today),
            "targets": ((side.label, _of_side(side)) for side in self.sides),
            "requirements": self.overview.to_json(),
            **({"measured": {one.target: one.to_json() for one in self.measured}} if self.measured else {}),
            "waivers": [waiver.model_dump(mode="json") for waiver in self.waivers],
            "ending": [ending_words(waiver, self.today) for waiver in self.ending],
        }


def _of_side(side: Side) -> dict[str, Any]:
    """What is known of one target."""
    return {
        "deployable": side.deployable,
        **({"unplanned": side.unplanned} if side.unplanned else {}),
        **({"refused": side.refused.reason} if side.refused else {}),
        "verdicts": [row.to_json() for row in side.verdicts],
        "overrides": list(side.overrides),
        "remarks": list(side.remarks),
        "due": list(side.due),
        "raised": [dict(one) for one in side.raised],
    }


def assessment(platform: Platform, plans: Iterable[Plan | Side], *, today: datetime.date) -> Assessment:
    """The verdicts of plans of one platform; each plan is let go before the next is taken.

    Args:
        platform: the spec.
        plans: one a target, in the order in which they are shown; or a side in the place of one that could not be made.
        today: the day that waivers are judged by.
    """
    sides = []
    for plan in plans:
        sides.append(_side(plan, platform))
        # A platform of national size is a hundred megabytes a plan.
        del plan
    return Assessment(platform, tuple(sides), today)


def _side(plan: Plan | Side, platform: Platform) -> Side:
    if isinstance(plan, Side):
        return plan
    return Side.of_plan(plan, observe_plan(plan, platform)).verdicts_only()


def plan_all(
    platform: Platform, targets: Iterable[Target], lock: Lock | None, today: datetime.date
) -> Iterator[Plan | Side]:
    """The plan of each target, one at a time; of one that the platform cannot be placed on, a side that says why."""
    for target in targets:
        try:
            yield make_plan(platform, target, lock=lock, today=today, nearest=True)
        except SpecError as error:
            yield Side.not_planned(str(target), "; ".join(one.what for one in error.problems))
