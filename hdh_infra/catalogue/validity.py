"""How long what the catalogue says holds: how old a row is, and whether a qualification still holds on a day.

The day is an input. Nothing here judges an offer: a row that is old may still be true, and says so by its date.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias, final

from hdh_infra.catalogue.schema import Offer, Qualification, Region, Sourced
from hdh_infra.model.wording import in_days

Kind: TypeAlias = Literal[
    "fact", "flavour", "image", "limit", "region", "exposure", "qualification", "price", "refusal"
]
"""What a row of the catalogue is."""

STALE_AFTER: Mapping[Kind, int] = {
    # What a service can do is told by its documentation and its package, which are read anew with each release of ours.
    "fact": 365,
    "image": 365,
    "limit": 365,
    "region": 365,
    "exposure": 365,
    "refusal": 365,
    # Registers of qualifications come out anew several times a year, and an entry may go at once.
    "qualification": 92,
    # Price lists change about twice a year.
    "flavour": 183,
    "price": 183,
}
"""Days after which a row has to be read again."""

SOON, VERY_SOON = 90, 30
"""Days before its end from which a qualification is announced: first beside it, then before everything else."""


class Standing(StrEnum):
    """What a qualification is worth on one day."""

    valid = "valid"
    undated = "valid, end not told"
    ends_soon = "ends soon"
    ends_very_soon = "ends very soon"
    expired = "expired"
    not_yet = "not valid yet"
    in_progress = "in progress"
    not_qualified = "not qualified"
    unknown = "unknown"

    @property
    def holds(self) -> bool:
        """Whether the offer is qualified on the day."""
        return self in {Standing.valid, Standing.undated, Standing.ends_soon, Standing.ends_very_soon}

    @property
    def warns(self) -> bool:
        """Whether somebody has to act: it ended, or is about to."""
        return self in {Standing.ends_soon, Standing.ends_very_soon, Standing.expired}


_BY_STATUS = {
    None: Standing.unknown,
    "in-progress": Standing.in_progress,
    "not-qualified": Standing.not_qualified,
}


def standing(row: Qualification, today: datetime.date) -> Standing:
    """What a qualification is worth on a day; its last day is a day on which it holds."""
    if row.status != "qualified":
        return _BY_STATUS[row.status]
    if row.valid_from is not None and today < row.valid_from:
        return Standing.not_yet
    left = days_left(row, today)
    if left is None:
        return Standing.undated
    if left < 0:
        return Standing.expired
    return Standing.ends_very_soon if left <= VERY_SOON else Standing.ends_soon if left <= SOON else Standing.valid


def days_left(row: Qualification, today: datetime.date) -> int | None:
    """Days until the last day of a qualification, below 0 after it; None where the end is not told."""
    return None if row.valid_until is None else (row.valid_until - today).days


def standing_words(row: Qualification, today: datetime.date) -> str:
    """What a qualification is worth on a day, for people: `until 2029-07-31`, `EXPIRED on 2026-11-30`."""
    found, left = standing(row, today), days_left(row, today)
    match found:
        case Standing.valid:
            return f"qualified until {row.valid_until}"
        case Standing.undated:
            return "qualified, end not told"
        case Standing.ends_soon | Standing.ends_very_soon:
            return f"ENDS {in_days(left or 0)}, on {row.valid_until}"
        case Standing.expired:
            return f"EXPIRED on {row.valid_until}"
        case Standing.not_yet:
            return f"qualified from {row.valid_from} on"
        case _:
            return found.value


@final
@dataclass(frozen=True, slots=True)
class Stale:
    """A row that has to be read again."""

    what: str
    """Which: `fact store.encryption`, `price egress-gb`."""
    as_of: datetime.date
    days: int
    """How old it is."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the JSON of `hdh targets`."""
        return {"what": self.what, "as_of": str(self.as_of), "days": self.days}


def is_stale(row: Sourced, kind: Kind, today: datetime.date) -> bool:
    """Whether a row is older than its kind may be."""
    return (today - row.as_of).days > STALE_AFTER[kind]


def stale(offer: Offer, region: Region, today: datetime.date) -> tuple[Stale, ...]:
    """Every row of an offer that has to be read again, in the order of the file.

    Args:
        offer: the offer.
        region: the region that is shown.
        today: the day.
    """
    return tuple(
        Stale(f"{kind} {name}".rstrip(), row.as_of, (today - row.as_of).days)
        for kind, name, row in _rows(offer, region)
        if is_stale(row, kind, today)
    )


def _rows(offer: Offer, region: Region) -> Iterator[tuple[Kind, str, Sourced]]:
    yield from (("qualification", row.framework, row) for row in offer.qualifications)
    if offer.exposure is not None:
        yield "exposure", "", offer.exposure
    if offer.refused is not None:
        yield "refusal", "", offer.refused
    yield "region", region.name, region
    # What is unknown was looked for on its day, and has to be looked for again as well; what a refused offer is never asked has not.
    yield from (("price", unit, row) for unit, row in offer.prices.items())
    yield from (("fact", row.attribute, row) for row in offer.facts if offer.refused is None or row.value is not None)
    yield from (("flavour", row.name, row) for row in offer.flavours)
    yield from (("image", name, row) for name, row in offer.images.items())
    yield from (("limit", row.key, row) for row in offer.limits)
