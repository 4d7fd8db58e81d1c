"""What was measured of a target: answers of its own endpoints as facts, with the day and the call of each.

An input of a plan beside spec and lock, in a file of its own that `hdh assess --live --out` writes. It deliberately
has no place for where data lie and for who qualified what: no endpoint can tell that.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from hdh_infra.model.base import Name, Size, Spec
from hdh_infra.model.target import Target

FORMAT = "hdh-measured/1"
Call = Annotated[str, StringConstraints(min_length=3)]


def _target(text: str) -> str:
    return str(Target.parse(text))


class MeasuredFact(Spec):
    """The value of one attribute of the catalogue, as the endpoints have it."""

    attribute: str = Field(description="Attribute of the catalogue.")
    value: JsonValue = Field(description="The value, in the attribute's own form.")
    source: Call = Field(description="Which call on which endpoint.")


class MeasuredFlavour(Spec):
    """A size of machine that the project may use."""

    name: str = Field(min_length=1, description="The cloud's own name.")
    vcpus: int = Field(ge=1, description="Virtual processors.")
    memory: Size = Field(description="Main memory.")


class MeasuredLimit(Spec):
    """A quota of the project, and what is taken of it."""

    value: int = Field(ge=-1, description="So many; -1 is no limit.")
    used: int | None = Field(default=None, ge=0, description="So many are taken, this platform's own among them.")
    own: int = Field(default=0, ge=0, description="So many of them are this platform's own.")
    source: Call = Field(description="Which call on which endpoint.")

    @property
    def others(self) -> int | None:
        """What is taken by others; None where nobody says."""
        return None if self.used is None else max(0, self.used - self.own)


class Measured(Spec):
    """Everything that was measured of one target on one day. What was not answered is left out, and stays as it was."""

    as_of: datetime.date = Field(description="The day.")
    facts: tuple[MeasuredFact, ...] = Field(default=(), description="Attributes of the catalogue.")
    flavours: tuple[MeasuredFlavour, ...] | None = Field(default=None, description="All that the project may use.")
    images: dict[str, str | None] | None = Field(
        default=None, description="Family of images to the name that the cloud has for it; null where it has none."
    )
    volume_types: dict[str, bool | None] | None = Field(
        default=None, description="All that the project may use, and whether each is encrypted; null where nobody says."
    )
    limits: dict[Name, MeasuredLimit] = Field(default_factory=dict, description="Quotas by the catalogue's own keys.")
    quirks: dict[str, JsonValue] = Field(
        default_factory=dict, description="How the S3 endpoint wants to be spoken to, where the catalogue errs."
    )
    sources: dict[str, str] = Field(
        default_factory=dict, description="Which call gave flavours, images, volume types and quirks."
    )
    seen: dict[str, JsonValue] = Field(
        default_factory=dict, description="What else was answered; for people, no plan reads it."
    )
    remarks: tuple[str, ...] = Field(default=(), description="What could not be asked, and what a person should know.")

    def source(self, part: str) -> str:
        """Which call gave a part."""
        return self.sources.get(part, "the endpoints of the target")


class MeasuredFile(Spec):
    """The file: one entry a target."""

    format: Literal["hdh-measured/1"] = Field(description="The form of the file.")
    targets: dict[Annotated[str, AfterValidator(_target)], Measured] = Field(description="By target.")


def form(value: Measured) -> dict[str, Any]:
    """As it stands in files: without what is empty."""
    return {name: part for name, part in value.model_dump(mode="json").items() if part not in (None, (), [], {})}


__all__ = ["FORMAT", "Measured", "MeasuredFact", "MeasuredFile", "MeasuredFlavour", "MeasuredLimit", "form"]
