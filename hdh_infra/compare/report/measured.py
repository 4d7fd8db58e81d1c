"""What was measured of a target, as plain tables and words for every layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.compare.assessment import MeasuredSide
from hdh_infra.model.base import write_size
from hdh_infra.model.wording import value_words
from hdh_infra.planning.capacity import UNLIMITED

NO_LIMIT = "no limit"
_WORDS = {True: "encrypted", False: "not encrypted", None: "encryption not shown"}


@final
@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    nothing: str = ""
    """What is said where it has no rows."""


def title(side: MeasuredSide) -> str:
    """What stands above all of it."""
    return f"What was measured on {side.target} on {side.measured.as_of}"


def tables(side: MeasuredSide) -> Iterator[Table]:
    """What the endpoints answered; where that is not what was said before; what the plan needs of the quotas."""
    measured = side.measured
    known = [(fact.attribute, _value(fact.value), fact.source) for fact in measured.facts]
    yield Table("", ("what", "measured", "by"), (*known, *_parts(side)), "Nothing was answered.")
    yield Table(
        "Differences from the catalogue and the description",
        ("what", "said", "by", "measured", "source"),
        tuple(
            (one.what, _value(one.said, one.what), one.by, _value(one.measured, one.what), one.source)
            for one in side.differences
        ),
        "None: what was measured is what was said, or fills what nobody knew.",
    )
    yield Table("Room in the quotas", ("quota", "the plan needs", "others use", "granted"), tuple(_room(side)))


def _parts(side: MeasuredSide) -> Iterator[tuple[str, str, str]]:
    measured = side.measured
    if measured.flavours is not None:
        words = ", ".join(f"{one.name} ({one.vcpus} vCPU, {write_size(int(one.memory))})" for one in measured.flavours)
        yield f"{len(measured.flavours)} flavours", words or "none", measured.source("flavours")
    if measured.images is not None:
        words = ", ".join(f"{family}: {name or 'none'}" for family, name in sorted(measured.images.items()))
        yield "images", words, measured.source("images")
    if measured.volume_types is not None:
        words = ", ".join(f"{name} ({_WORDS[flag]})" for name, flag in sorted(measured.volume_types.items()))
        yield "volume types", words or "none", measured.source("volume_types")
    for name, what in (("availability_zones", "availability zones"), ("external_networks", "external networks")):
        if name in measured.seen:
            yield what, _value(measured.seen[name]), ""
    features = measured.seen.get("s3")
    if isinstance(features, dict):
        for word, wanted in (("has", True), ("has not", False), ("not known", None)):
            if names := sorted(name for name, value in features.items() if value is wanted and name != "anonymous"):
                yield f"S3 {word}", ", ".join(names), measured.source("quirks")


def _room(side: MeasuredSide) -> Iterator[tuple[str, ...]]:
    for row in side.room:
        limit = side.measured.limits.get(row.attribute)
        if limit is not None:
            needs = "not known" if row.asked is None else f"{row.asked:,}"
            others = "not known" if limit.others is None else f"{limit.others:,}"
            yield row.attribute, needs, others, NO_LIMIT if row.given == UNLIMITED else f"{limit.value:,}"


def _value(value: Any, what: str = "") -> str:
    if value is None:
        return "none"
    if what.startswith("capacity.") and isinstance(value, int):
        return NO_LIMIT if value < 0 else f"{value:,}"
    return value_words("", value)


def remarks(sides: Sequence[MeasuredSide]) -> Iterator[str]:
    """What could not be asked, and what a person should know."""
    for side in sides:
        yield from (f"{side.target}: {line}" for line in side.measured.remarks)


__all__ = ["Table", "remarks", "tables", "title"]
