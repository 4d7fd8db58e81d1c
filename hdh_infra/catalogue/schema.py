"""The form of the catalogue: clouds, offers, regions, facts, flavours, images.

A blank is not a no: a value of null is *unknown*, with the place where it was looked for.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol, Self, TypeAlias, get_args

from pydantic import Field, JsonValue, StringConstraints, model_validator

from hdh_infra.catalogue.forms import FORMS, check_value
from hdh_infra.catalogue.quirks import check_quirks
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
    def check_form(self) -> Self:
        """The value is of its attribute's form."""
        if wrong := check_value(self.attribute, self.value):
            raise ValueError(wrong)
        return self

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


QualificationStatus: TypeAlias = Literal["qualified", "in-progress", "not-qualified"]
PriceUnit: TypeAlias = Literal["object-gb-month", "block-gb-month", "egress-gb", "key-month"]
PRICE_UNITS: tuple[PriceUnit, ...] = get_args(PriceUnit)
"""What an offer has a price row for, beside its flavours."""


class Qualification(Sourced):
    """What a body has found of one offer: of the offer itself, never of its company."""

    framework: str = Field(pattern=r"^\S+$", description="As in `frameworks`: SecNumCloud-3.2, HDS-2.0.")
    status: QualificationStatus | None = Field(description="How far it is; null is unknown.")
    decision: str | None = Field(default=None, description="Number of the decision, as its register has it.")
    certificate: str | None = Field(default=None, description="Number of the certificate.")
    version: str | None = Field(
        default=None, description="Version of the text that it was judged by, where it is told."
    )
    scope: str | None = Field(default=None, description="What of the offer it covers.")
    valid_from: datetime.date | None = Field(default=None, description="First day; null where it is not told.")
    valid_until: datetime.date | None = Field(default=None, description="Last day; null where it is not told.")
    reason: str = Field(min_length=10, description="In one sentence for the people who decide.")

    @model_validator(mode="after")
    def check_said(self) -> Self:
        """A null is unknown, and days are those of something qualified."""
        if (self.status is None) != (self.confidence is Confidence.unknown):
            raise ValueError(f"{self.framework}: status null and confidence unknown go together")
        if self.valid_until is not None and self.status != "qualified":
            raise ValueError(f"{self.framework}: valid_until {self.valid_until} of what is {self.status or 'unknown'}")
        if self.valid_from is not None and self.valid_until is not None and self.valid_from >= self.valid_until:
            raise ValueError(f"{self.framework}: valid_from {self.valid_from} is not before {self.valid_until}")
        return self


class LegalExposure(Sourced):
    """Whose law reaches the operator of an offer."""

    operator_country: str | None = Field(
        pattern=r"^[A-Z]{2}$", description="ISO 3166, where the operator is established; null is unknown."
    )
    parent_country: str | None = Field(
        pattern=r"^[A-Z]{2}$", description="ISO 3166, of who controls it in the end; null is unknown."
    )
    reached_by: tuple[str, ...] | None = Field(
        description="Laws of countries outside the European Economic Area by which data may be demanded of it; empty where none is known to, null is unknown."
    )
    reason: str = Field(min_length=10, description="In one sentence for the people who decide.")


class Price(Sourced):
    """A list price without VAT."""

    eur: float | None = Field(ge=0, description="Euro a unit; null is unknown.")

    @model_validator(mode="after")
    def check_unknown_is_said(self) -> Self:
        """A null is unknown, and what is unknown is null."""
        if (self.eur is None) != (self.confidence is Confidence.unknown):
            raise ValueError(f"price {self.eur!r} with confidence {self.confidence}: null and unknown go together")
        return self


class Refusal(Sourced):
    """Why nothing can be deployed to an offer: it is compared, and refused."""

    reason: str = Field(min_length=10, description="In one sentence for the people who decide.")
    remedy: str | None = Field(default=None, description="What would serve in its place.")


class AskedGpu(Protocol):
    """What is asked of graphics processors: as a machine of the model asks it."""

    @property
    def model(self) -> str | None:
        """Maker's word; None where any will do."""

    @property
    def count(self) -> int:
        """How many, at least."""

    @property
    def memory(self) -> int | None:
        """Bytes of each, at least."""


class FlavourGpu(Spec):
    """The graphics processors of a flavour, whole ones: a share of one has no row."""

    model: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Its maker's word, in small letters and dashes: a100, l40s; null where an operator does not say.",
    )
    count: int = Field(ge=1, description="How many.")
    memory: Size | None = Field(
        default=None, description="Memory of each, as its maker states it; null where an operator does not say."
    )

    def holds(self, asked: AskedGpu) -> bool:
        """Whether these are enough; what is not known is not enough."""
        return (
            self.count >= asked.count
            and asked.model in {None, self.model}
            and (asked.memory is None or (self.memory is not None and int(self.memory) >= int(asked.memory)))
        )


class Flavour(Sourced):
    """One size of machine."""

    name: str = Field(description="The cloud's own name.")
    vcpus: int = Field(ge=1, description="Virtual processors.")
    memory: Size = Field(description="Main memory.")
    gpu: FlavourGpu | None = Field(default=None, description="Its graphics processors, if it has any.")
    price_eur_hour: float | None = Field(default=None, ge=0, description="List price without VAT; null is unknown.")

    def holds(self, asked: AskedGpu | None) -> bool:
        """Whether it has the graphics processors that are asked; without any asked it holds."""
        return asked is None or (self.gpu is not None and self.gpu.holds(asked))


class Image(Sourced):
    """What a family of system images is called on a cloud."""

    native: dict[str, str] = Field(
        description="The cloud's own words for it: a name to look up, or publisher, offer and sku."
    )
    default_user: str = Field(description="The account that the image makes for the first key.")


class Limit(Sourced):
    """How much of something an offer gives to one subscription, project, network or group."""

    name: Name = Field(description="The requirement it belongs to, without `capacity.`: stores, rules, vcpus.")
    key: Name = Field(
        default="",
        description="What verdicts and `quotas` call it: its name, unless the offer has several of that name.",
    )
    what: str = Field(min_length=3, description="What is counted, in the plural: storage accounts.")
    scope: str = Field(min_length=3, description="What the limit belongs to: a subscription and region.")
    value: int | None = Field(ge=0, description="So many without asking anybody; null is unknown.")
    maximum: int | None = Field(
        default=None, ge=0, description="So many on request; null where it cannot be raised or is not published."
    )
    raised_by: str | None = Field(
        default=None,
        description="The request that raises it, {need} standing for the number; null where nothing does.",
    )
    remedy: str = Field(min_length=10, description="How to do with less of it, {parts} standing for so many scopes.")
    counts: tuple[str, ...] = Field(min_length=1, description="Type tokens of the resources that are counted.")
    per: tuple[str, ...] = Field(
        default=(),
        description="What the counted are grouped by; the fullest group is judged. `a.b` is a property (of each item of a list; a "
        "reference is the path it refers to), `a>b` a property of what it refers to, `a|b` the first that is there; `family` and "
        "`network-and-peers` are worked out.",
    )
    sum: Literal["memory", "vcpus", "volume-size", "sources", "destinations"] | None = Field(
        default=None, description="How much each counted resource weighs; without it, 1. Memory and volumes in GiB."
    )
    reserved: int = Field(default=0, ge=0, description="What the cloud itself takes of it.")
    size_of: str | None = Field(
        default=None,
        description="The limit is the size of the address range in this property of what is grouped by; value is null.",
    )

    @model_validator(mode="before")
    @classmethod
    def fill_key(cls, written: Any) -> Any:
        """A limit is called by its name unless it says otherwise."""
        return {"key": written.get("name"), **written} if isinstance(written, Mapping) else written

    @model_validator(mode="after")
    def check_numbers(self) -> Self:
        """Null and unknown go together, and only what can be raised has a maximum, above its value."""
        if self.size_of is None and (self.value is None) != (self.confidence is Confidence.unknown):
            raise ValueError(f"{self.key}: null and unknown go together")
        if self.size_of is not None and (self.value is not None or len(self.per) != 1):
            raise ValueError(f"{self.key}: sized by {self.size_of}, it has no value and is grouped by one reference")
        if self.maximum is not None and (self.raised_by is None or self.maximum <= (self.value or 0)):
            raise ValueError(f"{self.key}: a maximum of {self.maximum} says who raises it, and is above {self.value}")
        return self


class Offer(Spec):
    """One offer of a cloud: what its qualifications and gaps belong to."""

    name: Name = Field(description="Name of the offer in a target.")
    title: str = Field(description="As its maker calls it.")
    lowering: str | None = Field(
        default=None, pattern=r"^[a-z0-9]+$", description="The cloud whose lowering serves it; null is its own cloud's."
    )
    refused: Refusal | None = Field(default=None, description="Why nothing is deployed to it; null where something is.")
    qualifications: tuple[Qualification, ...] = Field(default=(), description="One row a framework and scope.")
    exposure: LegalExposure | None = Field(default=None, description="Which law reaches its operator.")
    prices: dict[PriceUnit, Price] = Field(default_factory=dict, description="List prices of what is no machine.")
    private: bool = Field(default=False, description="Run by whoever owns it: its operator declares facts in the spec.")
    regions: tuple[Region, ...] = Field(min_length=1, description="Its regions.")
    facts: tuple[Fact, ...] = Field(description="One row an attribute.")
    flavours: tuple[Flavour, ...] = Field(description="Sizes of machines.")
    images: dict[str, Image] = Field(description="Image families.")
    limits: tuple[Limit, ...] = Field(default=(), description="How much of what it gives; a key occurs once.")
    endpoints: dict[str, str] = Field(
        default_factory=dict, description="Service to URL; {region} stands for the service's name of the region."
    )
    native: dict[str, Any] = Field(
        default_factory=dict, description="Other words of the cloud that its lowering needs: volume types, networks."
    )
    quirks: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="How its S3 endpoint differs from S3: names and values of `catalogue.quirks.QUIRKS`.",
    )

    @model_validator(mode="after")
    def check_known_quirks(self) -> Self:
        """Every quirk is one that code asks for."""
        if wrong := check_quirks(self.quirks):
            raise ValueError(f"offer {self.name}: {wrong}")
        return self

    @model_validator(mode="after")
    def check_limits(self) -> Self:
        """Every limit has a key of its own: verdicts and granted quotas are told apart by it."""
        keys = [limit.key for limit in self.limits]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"offer {self.name}: several limits are called {', '.join(twice)}; give each its own key")
        return self


class Catalogue(Spec):
    """One cloud's file."""

    cloud: str = Field(pattern=r"^[a-z0-9]+$", description="Name of the cloud in a target.")
    title: str = Field(description="As people call it.")
    offers: tuple[Offer, ...] = Field(
        min_length=1, description="Its offers; the first is the one a target means without naming one."
    )


ATTRIBUTES: frozenset[str] = frozenset(FORMS)
"""Every attribute that an offer has a row for; any of them that is unknown may be declared by an operator."""
