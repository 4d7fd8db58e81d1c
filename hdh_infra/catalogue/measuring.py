"""What an offer is once it was asked: measured facts, flavours, images and volume types in the place of what was said.

Measured is what is: it fills an unknown, and it counts against the catalogue and against a declaration, for better or
worse. It can speak only of `MEASURABLE`; where data lie and who qualified an offer stay as their documents have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, final

from pydantic import JsonValue

from hdh_infra.catalogue.schema import Fact, Flavour, Image, Offer
from hdh_infra.model.base import write_size
from hdh_infra.model.measured import Measured, MeasuredFact, MeasuredFlavour
from hdh_infra.model.scales import Confidence
from hdh_infra.model.settings import TargetSettings

IMAGES = "machine.image"
"""The row that only a measured offer has: which families of images there are."""
MEASURABLE = frozenset(
    {
        "machine.encryption",
        "network.flow_logs",
        "network.names",
        "object_store.identities",
        "requires.kubernetes",
        "requires.postgresql",
        "store.access_log",
        "store.encryption",
        "store.expiry",
        "store.public",
        "store.retention",
        "store.versioning",
    }
)
"""Attributes that an endpoint can answer for."""
QUIRKS = frozenset({"addressingStyle", "checksum", "contentMd5", "publicAccessBlock", "tags"})
"""What a probe can find out about how an S3 endpoint wants to be spoken to."""
_MIB = 2**20
_GB_OF_GIB = 1.08
"""A GiB is 7.4 % more than a GB."""
_AGAIN = "Ask the operator for it, and measure again with `hdh assess --live`."


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """Where what was measured is not what was said before."""

    what: str
    said: JsonValue
    """By the catalogue, or by the description's declaration."""
    by: str
    """Who said it: the confidence of the fact, or `declared`."""
    measured: JsonValue
    source: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in assessments."""
        return asdict(self)


def with_measured(offer: Offer, facts: Mapping[str, Fact], measured: Measured) -> tuple[Offer, dict[str, Fact]]:
    """The offer and its facts with what was measured of them.

    Args:
        offer: as the catalogue has it, with flavours that its operator declared.
        facts: its rows, with what its operator declared.
        measured: the answers.
    """
    rows = dict(facts)
    for said in _told(measured):
        rows[said.attribute] = _row(rows[said.attribute], said, measured)
    changes: dict[str, Any] = {}
    if measured.flavours is not None:
        changes["flavours"] = tuple(_flavours(offer, measured))
    if measured.images is not None:
        rows[IMAGES] = _images_row(offer, measured)
        changes["images"] = {family: _image(image, family, measured) for family, image in offer.images.items()}
    if measured.volume_types is not None:
        changes["native"] = {**offer.native, **_volume_types(offer, measured.volume_types)}
    if measured.quirks:
        changes["quirks"] = {**offer.quirks, **measured.quirks}
    return offer.model_copy(update=changes), rows


def _told(measured: Measured) -> Iterator[MeasuredFact]:
    """What an endpoint can answer for; of anything else it is no witness."""
    return (said for said in measured.facts if said.attribute in MEASURABLE)


def _row(row: Fact, said: MeasuredFact, measured: Measured) -> Fact:
    if row.value == said.value:
        sure = row.confidence is Confidence.primary
        return row.model_copy(
            update={
                "source": f"{row.source}; measured the same on {measured.as_of}: {said.source}",
                "as_of": row.as_of if sure else measured.as_of,
                "confidence": row.confidence if sure else Confidence.measured,
            }
        )
    before = "" if row.value is None else f", although {_words(row.value)} was said ({row.source})"
    return row.model_copy(
        update={
            "value": said.value,
            "source": said.source,
            "as_of": measured.as_of,
            "confidence": Confidence.measured,
            "means": None,
            "reason": f"So the endpoint answered{before}.",
            "remedy": _AGAIN,
        }
    )


def _flavours(offer: Offer, measured: Measured) -> Iterator[Flavour]:
    """What Nova lists, with the graphics processors and prices that are known of a flavour of that name."""
    known = {flavour.name: flavour for flavour in offer.flavours}
    for one in measured.flavours or ():
        said = known.get(one.name)
        if said is not None and _same(said, one):
            yield said
            continue
        found = {
            "memory": one.memory,
            "source": measured.source("flavours"),
            "as_of": measured.as_of,
            "confidence": Confidence.measured,
        }
        if said is not None and _near(said, one):
            yield said.model_copy(update=found)
        else:
            yield Flavour(name=one.name, vcpus=one.vcpus, **found)


def _same(said: Flavour, one: MeasuredFlavour) -> bool:
    """Whether a flavour is of the size that was said: Nova counts memory in whole MiB."""
    return said.vcpus == one.vcpus and abs(int(said.memory) - int(one.memory)) < _MIB


def _near(said: Flavour, one: MeasuredFlavour) -> bool:
    """Whether it is the flavour that was said and only its memory is told otherwise: makers write GB where Nova has GiB."""
    low, high = sorted((int(said.memory), int(one.memory)))
    return said.vcpus == one.vcpus and high / low < _GB_OF_GIB


def _image(image: Image, family: str, measured: Measured) -> Image:
    name = (measured.images or {}).get(family)
    if name is None or name == image.native.get("name"):
        return image
    return image.model_copy(
        update={
            "native": {**image.native, "name": name},
            "source": measured.source("images"),
            "as_of": measured.as_of,
            "confidence": Confidence.measured,
        }
    )


def _images_row(offer: Offer, measured: Measured) -> Fact:
    images = measured.images or {}
    # A family that nobody asked about is not said to be missing.
    there = sorted(family for family in offer.images if images.get(family, "") is not None)
    return Fact(
        attribute=IMAGES,
        value=[*there],
        source=measured.source("images"),
        as_of=measured.as_of,
        confidence=Confidence.measured,
        reason=f"The project finds images of these families and no other: {', '.join(there) or 'none'}.",
        remedy="Put the image there under the name that the catalogue has, or name one by its id: existing: {image/FAMILY: ID}.",
    )


def _volume_types(offer: Offer, types: Mapping[str, bool | None]) -> dict[str, Any]:
    """Volume types as Cinder lists them; the encrypted one is the catalogue's while it is there, else the first that is."""
    native = offer.native
    flags = {name: native["volume_types"].get(name) if flag is None else flag for name, flag in types.items()}
    usual, default = native["encrypted_volume_type"], native["default_volume_type"]
    encrypted = sorted(name for name, flag in flags.items() if flag)
    first = encrypted[0] if encrypted else None
    return {
        "volume_types": {name: flag for name, flag in flags.items() if flag is not None},
        "encrypted_volume_type": usual if usual in flags and flags[usual] is not False else first,
        "default_volume_type": default if default in flags else None,
    }


def differences(
    offer: Offer, facts: Mapping[str, Fact], settings: TargetSettings, measured: Measured
) -> tuple[Difference, ...]:
    """Where what was measured contradicts what was said; what fills an unknown is no difference.

    Args:
        offer: as `with_measured` takes it.
        facts: likewise.
        settings: the target's, for quotas that the operator granted.
        measured: the answers.
    """
    return (
        *_of_facts(facts, measured),
        *_of_flavours(offer, measured),
        *_of_images(offer, measured),
        *_of_types(offer, measured),
        *_of_limits(offer, settings, measured),
        *_of_quirks(offer, measured),
    )


def _of_facts(facts: Mapping[str, Fact], measured: Measured) -> Iterator[Difference]:
    for said in _told(measured):
        row = facts[said.attribute]
        if row.value is not None and row.value != said.value:
            yield Difference(said.attribute, row.value, str(row.confidence), said.value, said.source)


def _of_flavours(offer: Offer, measured: Measured) -> Iterator[Difference]:
    if measured.flavours is None:
        return
    there = {one.name: one for one in measured.flavours}
    source = measured.source("flavours")
    for said in offer.flavours:
        one = there.get(said.name)
        if one is None or not _same(said, one):
            yield Difference(
                f"flavour {said.name}", _size(said), str(said.confidence), _size(one) if one else None, source
            )
    known = {said.name for said in offer.flavours}
    for name, one in sorted(there.items()):
        if name not in known:
            yield Difference(f"flavour {name}", None, "catalogue", _size(one), source)


def _size(flavour: Flavour | MeasuredFlavour) -> str:
    return f"{flavour.vcpus} vCPU, {write_size(int(flavour.memory))}"


def _of_images(offer: Offer, measured: Measured) -> Iterator[Difference]:
    for family, name in sorted((measured.images or {}).items()):
        image = offer.images.get(family)
        if image is not None and image.native.get("name") != name:
            said = image.native.get("name")
            yield Difference(f"image {family}", said, str(image.confidence), name, measured.source("images"))


def _of_types(offer: Offer, measured: Measured) -> Iterator[Difference]:
    types = measured.volume_types
    if types is None:
        return
    words = {True: "encrypted", False: "not encrypted", None: "encryption not shown"}
    said = offer.native["volume_types"]
    for name in sorted({*types, *said}):
        now = words[types[name]] if name in types else None
        before = words[said[name]] if name in said else None
        if now != before and not (before is not None and types.get(name, False) is None):
            yield Difference(f"volume type {name}", before, "catalogue", now, measured.source("volume_types"))


def _of_limits(offer: Offer, settings: TargetSettings, measured: Measured) -> Iterator[Difference]:
    for limit in offer.limits:
        now = measured.limits.get(limit.key)
        granted = settings.quotas.get(limit.key)
        said = limit.value if granted is None else granted
        if now is not None and said is not None and max(now.value, -1) != max(said, -1):
            by = str(limit.confidence) if granted is None else str(Confidence.declared)
            yield Difference(f"capacity.{limit.key}", said, by, now.value, now.source)


def _of_quirks(offer: Offer, measured: Measured) -> Iterator[Difference]:
    for name, value in sorted(measured.quirks.items()):
        if offer.quirks.get(name) != value:
            yield Difference(f"S3 {name}", offer.quirks.get(name), "catalogue", value, measured.source("quirks"))


def _words(value: JsonValue) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


__all__ = ["IMAGES", "MEASURABLE", "QUIRKS", "Difference", "differences", "with_measured"]
