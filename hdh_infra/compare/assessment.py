"""What each target answers to each requirement: the verdicts of plans, with waivers and when they end.

Verdicts are taken from the plans as they are; nothing is judged here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.catalogue.load import site
from hdh_infra.catalogue.measuring import Difference
from hdh_infra.compare.side import Side
from hdh_infra.graph.plan import Plan, VerdictRow
from hdh_infra.model.measured import Measured, form
from hdh_infra.model.platform import Platform, Waiver
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.planning.capacity import REQUIREMENT

FORMAT = "hdh-assessment/1"
NOTICE = datetime.timedelta(days=30)
"""How long before its end a waiver is announced."""


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
        return tuple(waiver for waiver in self.waivers if waiver.until <= self.today + NOTICE)

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-assessment/1`."""
        return {
            "format": FORMAT,
            "platform": self.platform.name,
            "today": str(self.today),
            "targets": {
                side.label: {
                    "deployable": side.deployable,
                    "verdicts": [row.to_json() for row in side.verdicts],
                    "overrides": list(side.overrides),
                    "remarks": list(side.remarks),
                    "due": list(side.due),
                    "raised": [dict(one) for one in side.raised],
                }
                for side in self.sides
            },
            **({"measured": {one.target: one.to_json() for one in self.measured}} if self.measured else {}),
            "waivers": [waiver.model_dump(mode="json") for waiver in self.waivers],
            "ending": list(ending_words(self.ending, self.today)),
        }


def assessment(platform: Platform, plans: Sequence[Plan], *, today: datetime.date) -> Assessment:
    """The verdicts of plans of one platform.

    Args:
        platform: the spec.
        plans: one a target, in the order in which they are shown.
        today: the day that waivers are judged by.
    """
    return Assessment(platform, tuple(Side.of_plan(plan, observe_plan(plan, platform)) for plan in plans), today)


def ending_words(waivers: Sequence[Waiver], today: datetime.date) -> Iterator[str]:
    """Each waiver that ended or is about to, in words."""
    for waiver in waivers:
        days = (waiver.until - today).days
        when = f"ends in {days} days, on {waiver.until}" if days >= 0 else f"ended on {waiver.until}"
        yield f"the waiver of {waiver.requirement} for {waiver.element} on {waiver.target} {when}"
