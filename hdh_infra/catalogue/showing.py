"""What the catalogue says of one target on one day, as `hdh targets` shows it: with what is unknown, old, or about to end."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Fact, Qualification
from hdh_infra.catalogue.sources import owner_of
from hdh_infra.catalogue.validity import (
    Kind,
    Stale,
    Standing,
    days_left,
    is_stale,
    stale,
    standing,
    standing_words,
)


@final
@dataclass(frozen=True)
class Sheet:
    """One target on one day.

    Attributes:
        place: the offer in its region.
        today: the day that age and validity are judged by.
    """

    place: Site
    today: datetime.date

    @property
    def added_by(self) -> str | None:
        """The package whose facts they are, where it is another than this one."""
        return owner_of(self.place.target.cloud)

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Attributes that nobody could find out, sorted."""
        return tuple(sorted(name for name, fact in self.place.facts.items() if fact.value is None))

    @cached_property
    def stale(self) -> tuple[Stale, ...]:
        """Rows that have to be read again."""
        return stale(self.place.offer, self.place.region, self.today)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts by attribute; of a refused offer those that are known, since it answers nothing else."""
        found = sorted(self.place.facts.values(), key=lambda fact: fact.attribute)
        return tuple(fact for fact in found if self.place.offer.refused is None or fact.value is not None)

    def standing(self, begins: str) -> list[tuple[Qualification, Standing]]:
        """The qualifications whose framework begins so, the one that is worth most first."""
        order = list(Standing)
        rows = [row for row in self.place.offer.qualifications if row.framework.startswith(begins)]
        found = [(row, standing(row, self.today)) for row in rows]
        return sorted(found, key=lambda one: order.index(one[1]))

    @property
    def notices(self) -> tuple[str, ...]:
        """What somebody has to act on: qualifications that ended or are about to."""
        return tuple(
            f"{row.framework}{f' (decision {row.decision})' if row.decision else ''} {standing_words(row, self.today)}"
            for row in self.place.offer.qualifications
            if standing(row, self.today).warns
        )

    def to_json(self) -> dict[str, Any]:
        """As it stands in the JSON of `hdh targets`."""
        place, offer = self.place, self.place.offer
        return {
            "target": str(place.target),
            "offer": offer.title,
            "added_by": self.added_by,
            "country": place.country,
            "flavours": len(offer.flavours),
            "facts": [self._dump(fact, "fact") for fact in self.facts],
            "private": offer.private,
            "refused": self._dump(offer.refused, "refusal") if offer.refused else None,
            "qualifications": [self._qualification(row) for row in offer.qualifications],
            "exposure": self._dump(offer.exposure, "exposure") if offer.exposure else None,
            "prices": {unit: self._dump(row, "price") for unit, row in offer.prices.items()},
            "sizes": [self._dump(row, "flavour") for row in offer.flavours],
            "images": {name: self._dump(row, "image") for name, row in offer.images.items()},
            "limits": [self._dump(row, "limit") for row in offer.limits],
            "unknown": list(self.unknown),
            "stale": [one.to_json() for one in self.stale],
            "notices": list(self.notices),
            "today": str(self.today),
        }

    def _dump(self, row: Any, kind: Kind) -> dict[str, Any]:
        return {**row.model_dump(mode="json"), "stale": is_stale(row, kind, self.today)}

    def _qualification(self, row: Qualification) -> dict[str, Any]:
        return {
            **self._dump(row, "qualification"),
            "standing": standing(row, self.today).value,
            "days_left": days_left(row, self.today),
        }


__all__ = ["Sheet"]
