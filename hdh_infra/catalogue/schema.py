"""The form of the catalogue: clouds, offers, regions, facts, flavours, images.

A blank is not a no: a value of null is *unknown*, with the place where it was looked for.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from hdh_infra.model.base import Name, Size, Spec
from hdh_infra.model.scales import Confidence

Source = Annotated[str, StringConstraints(min_length=3)]


class Sourced(Spec):
    """Anything that was read somewhere."""

    source: Source = Field(description="Document, package or page that says so.")
    as_of: datetime.date = Field(description="The day it was read or published.")
    confidence: Confidence = Field(description="How well it is known.")


class Fact(Sourced):
    """One attribute of an offer."""

    attribute: str = Field(description="Which attribute; one of ATTRIBUTES.")
    value: JsonValue = Field(description="The highest level reached, in the observation's own values; null is unknown.")
    means: str | None = Field(
        default=None, description="A named other means by which the requirement is answered (*differs*)."
    )
    reason: str = Field(min_length=10, description="Why, in one sentence for the people who decide.")
    remedy: str | None = Field(default=None, description="What would reach more.")

    @model_validator(mode="after")
    def check_unknown_is_said(self) -> Self:
        """A null is unknown, and what is unknown is null."""
        if (self.value is None) != (self.confidence is Confidence.unknown):
            raise ValueError(
                f"{self.attribute}: value {self.value!r} with confidence {self.confidence}: null and unknown go together"
            )
        return self


class Region(Sourced):
    """One region of an offer, with the names that its services give it."""

    name: str = Field(description="As in a target.")
    country: str | None = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166; null where the operator must declare it.")
    names: dict[str, str] = Field(
        default_factory=dict, description="Names that services use for it: compute, storage, keys."
    )


class Flavour(Sourced):
    """One size of machine."""

    name: str = Field(description="The cloud's own name.")
    vcpus: int = Field(ge=1, description="Virtual processors.")
    memory: Size = Field(description="Main memory.")
    price_eur_hour: float | None = Field(default=None, ge=0, description="List price without VAT; null is unknown.")


class Image(Sourced):
    """What a family of system images is called on a cloud."""

    native: dict[str, str] = Field(
        description="The cloud's own words for it: a name to look up, or publisher, offer and sku."
    )
    default_user: str = Field(description="The account that the image makes for the first key.")


class Offer(Spec):
    """One offer of a cloud: what its qualifications and gaps belong to."""

    name: Name = Field(description="Name of the offer in a target.")
    title: str = Field(description="As its maker calls it.")
    jurisdiction: Fact | None = Field(default=None, description="Which law reaches its operator.")
    private: bool = Field(default=False, description="Run by whoever owns it: its operator declares facts in the spec.")
    regions: tuple[Region, ...] = Field(min_length=1, description="Its regions.")
    facts: tuple[Fact, ...] = Field(description="One row an attribute.")
    flavours: tuple[Flavour, ...] = Field(description="Sizes of machines.")
    images: dict[str, Image] = Field(description="Image families.")
    endpoints: dict[str, str] = Field(
        default_factory=dict, description="Service to URL; {region} stands for the service's name of the region."
    )
    native: dict[str, Any] = Field(
        default_factory=dict, description="Other words of the cloud that its lowering needs: volume types, networks."
    )
    quirks: dict[str, JsonValue] = Field(
        default_factory=dict, description="How its S3 endpoint differs from S3, for our plugin."
    )


class Catalogue(Spec):
    """One cloud's file."""

    cloud: str = Field(pattern=r"^[a-z0-9]+$", description="Name of the cloud in a target.")
    title: str = Field(description="As people call it.")
    offers: tuple[Offer, ...] = Field(
        min_length=1, description="Its offers; the first is the one a target means without naming one."
    )


ATTRIBUTES: frozenset[str] = frozenset(
    {
        "store.encryption",
        "store.versioning",
        "store.retention",
        "store.public",
        "machine.encryption",
        "machine.public",
        "machine.identity",
        "key.protection",
        "key.origin",
        "key.rotation",
        "key.exportable",
        "flow.exact",
        "region.country",
        "object_store.addresses",
        "object_store.identities",
    }
)
"""Every attribute that an offer has a row for; `region.country` and `object_store.*` may also be declared."""
