"""The abstract things of a platform: store, machine (with its disk) and key, and what is asked of each.

Each field that a cloud answers carries a `Relation` among its annotations: `exact`, `floor` or
`untraceable` (law 2). What is asked of every element without being written (nothing public, keys that
cannot be exported, the country) stands in `attributes.py`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from hdh_infra.model.base import Days, Exact, Floor, Name, Size, Spec, Untraceable
from hdh_infra.model.scales import Encryption, KeyOrigin, Protection, RetentionMode


class Retention(Spec):
    """For how long nothing in a store may be changed or deleted."""

    days: Days = Field(
        description="Each object is kept for so many days from its writing; storage is billed for as long."
    )
    mode: RetentionMode = Field(
        default=RetentionMode.compliance,
        description="`compliance`: nobody can shorten it, not even the owner; `governance`: a privileged user can.",
    )

    def reaches(self, floor: Retention) -> bool:
        """Whether this retention is at least as long and as strict as `floor`."""
        return self.days >= floor.days and self.mode.reaches(floor.mode)


def _check_key_is_used(key: str | None, encryption: Encryption) -> None:
    if key and not encryption.reaches(Encryption.customer_key):
        raise ValueError(f"key is {key} but encryption is {encryption}: set encryption to customer-key, or drop key")


class Store(Spec):
    """A place for objects."""

    size: Annotated[Size, Untraceable] = Field(
        description="What is expected to be kept, for cost and capacity; no cloud of the catalogue reserves it, so it has no native trace."
    )
    encryption: Annotated[Encryption, Floor] = Field(
        default=Encryption.customer_key,
        description=(
            "Floor, not a wish: a plan that does not reach it is not deployable. Above `provider-key`, losing the "
            "key loses the data. SecNumCloud 3.2, 10.1 and 10.5: at rest, at least one key a customer."
        ),
    )
    key: Annotated[Name | None, Exact] = Field(
        default=None,
        description="The key of the platform that encrypts it; without a name it is a key of its own zone or space, `.../key/default`.",
    )
    versioning: Annotated[bool, Exact] = Field(
        default=True, description="Overwritten and deleted objects can be had back. Old versions are billed as data."
    )
    retention: Annotated[Retention | None, Floor] = Field(
        default=None,
        description="WORM: EHDS 2025/327, 73(1)(e) asks a year of access logs; SecNumCloud 3.2, 12.6.c six months.",
    )

    @model_validator(mode="after")
    def check_retention_needs_versioning(self) -> Self:
        """A lock protects a version, so there must be versions."""
        if self.retention and not self.versioning:
            raise ValueError(
                f"versioning is false but retention is {self.retention.days} days: set versioning to true, or drop retention"
            )
        return self

    @model_validator(mode="after")
    def check_key_is_used(self) -> Self:
        """A key that encrypts nothing is a mistake of the reader or of the writer."""
        _check_key_is_used(self.key, self.encryption)
        return self


class Disk(Spec):
    """What a machine's disks are: the floor and the key hold for the system disk too."""

    size: Annotated[Size | None, Floor] = Field(
        default=None, description="Of the data disk; without it the machine has its system disk only."
    )
    encryption: Annotated[Encryption, Floor] = Field(
        default=Encryption.customer_key, description="Floor for every disk of the machine. SecNumCloud 3.2, 10.1."
    )
    key: Annotated[Name | None, Exact] = Field(default=None, description="As for a store.")

    @model_validator(mode="after")
    def check_key_is_used(self) -> Self:
        """As for a store."""
        _check_key_is_used(self.key, self.encryption)
        return self


class Machine(Spec):
    """One or more machines alike, without a public address."""

    count: Annotated[int, Exact] = Field(
        default=1, ge=1, le=200, description="How many; each has an address of its own in the lock."
    )
    vcpus: Annotated[int, Floor] = Field(
        ge=1, le=512, description="Virtual processors; the smallest flavour that holds all that is asked is chosen."
    )
    memory: Annotated[Size, Floor] = Field(description="Main memory, with its unit: 16GB.")
    disk: Disk = Field(
        default=Disk(), description="A data disk where a size is given; encryption and key of all disks."
    )
    image: Annotated[Name, Exact] = Field(
        default="debian-12", description="Family of the system image; the catalogue names it on each cloud."
    )


class Key(Spec):
    """A key that the platform's data are encrypted with; its material never leaves the service that keeps it."""

    protection: Annotated[Protection, Floor] = Field(
        default=Protection.software,
        description="`hsm`: made and kept in a certified module, billed higher. SecNumCloud 3.2, 10.5: security container.",
    )
    origin: Annotated[KeyOrigin, Exact] = Field(
        default=KeyOrigin.generated, description="Where the material is made; only `generated` is lowered so far."
    )
    rotation_days: Annotated[Days | None, Floor] = Field(
        default=None,
        description="A new version is made at the latest after so many days; without it nobody rotates the key.",
    )

    @model_validator(mode="after")
    def check_origin_is_lowered(self) -> Self:
        """Imported and external keys have no lowering yet, and must not be taken for generated ones."""
        if self.origin is not KeyOrigin.generated:
            raise ValueError(f"origin is {self.origin}: only generated is supported")
        return self
