"""What the offers of a report are, beside what they answer: country, qualifications, whose law reaches them; for every layout."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from hdh_infra.catalogue.load import site
from hdh_infra.catalogue.showing import Sheet
from hdh_infra.catalogue.validity import standing_words
from hdh_infra.compare.side import Side
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

HEADERS = ("", "offer", "country", "SecNumCloud", "HDS", "law of others", "unknown")


@final
@dataclass(frozen=True, slots=True)
class Offered:
    """One offer in words; `warns` where a qualification ended or is about to."""

    label: str
    cells: tuple[str, ...]
    warns: tuple[str, ...]


def offered(sides: Iterable[Side], platform: Platform, today: datetime.date) -> list[Offered]:
    """The offers of some sides on a day, with what the description declares of them."""
    return [_offered(side.label, Sheet(site(Target.parse(side.target), platform), today)) for side in sides]


def _offered(label: str, sheet: Sheet) -> Offered:
    place = sheet.place
    exposure = place.offer.exposure
    laws = exposure.reached_by if exposure else None
    return Offered(
        label,
        (
            place.offer.title,
            place.country or "unknown",
            _standing(sheet, "SecNumCloud"),
            _standing(sheet, "HDS"),
            "unknown" if laws is None else ", ".join(laws) or "none known",
            str(len(sheet.unknown)) if place.offer.refused is None else "-",
        ),
        sheet.notices,
    )


def _standing(sheet: Sheet, begins: str) -> str:
    found = sheet.standing(begins)
    return standing_words(found[0][0], sheet.today) if found else "unknown"


__all__ = ["HEADERS", "Offered", "offered"]
