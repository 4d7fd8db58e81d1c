"""The verdicts on keys where an offer has no key service: nothing stands for a key, so that nothing of it is given.

Such an offer says so by `key.protection: false`. What is asked of a key is then not met, each attribute by the
catalogue's own row; what asks for nothing (no group that administers it, no key that could leave) is met.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES
from hdh_infra.model.scales import Verdict

_COUNTRY = "country"
_NOTHING = "nothing of it is asked, and there is no key that could have it"


def is_keyless(place: Site) -> bool:
    """Whether an offer has no key service that a plan could make keys in."""
    return place.fact("key.protection").value is False


def keyless_rows(path: str, wanted: Mapping[str, Any], place: Site, today: datetime.date) -> Iterator[VerdictRow]:
    """Every verdict on one key that has no native resource.

    Args:
        path: the key.
        wanted: what is asked of it, by attribute.
        place: where.
        today: the day of a verdict that no source has.
    """
    for attribute, rule in ATTRIBUTES["key"].items():
        asked, fact = wanted[attribute], place.facts.get(rule.requirement)
        if attribute == _COUNTRY:
            # It lies nowhere, and so not outside: whether the region fits is told by what lies there.
            met, given, reason = True, place.country, "there is no key that could lie elsewhere"
        else:
            met, given, reason = not asked, None, _NOTHING if fact is None or not asked else fact.reason
        yield VerdictRow(
            path,
            rule.requirement,
            attribute,
            asked,
            given,
            Verdict.met if met else Verdict.not_met,
            reason,
            fact.source if fact else "the description",
            str(fact.as_of if fact else today),
            place.fact("key.protection").confidence if fact is None else fact.confidence,
            None,
            None if met or fact is None else fact.remedy,
        )
