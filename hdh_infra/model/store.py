"""A store: a place for objects, and what is asked of it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from hdh_infra.model.base import Days, Exact, Floor, Name, Size, Spec, Untraceable
from hdh_infra.model.rights import Grant
from hdh_infra.model.scales import Encryption, Redundancy, RetentionMode


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


class Expiry(Spec):
    """A rule that deletes what has become old."""

    prefix: str = Field(
        default="", max_length=512, description="Objects whose name begins so; without it all of the store."
    )
    days: Days | None = Field(default=None, description="Objects go so many days after their last change.")
    old_versions_days: Days | None = Field(
        default=None,
        description="What was overwritten or deleted goes so many days after that; until then it is billed.",
    )

    @model_validator(mode="after")
    def check_something_expires(self) -> Self:
        """A rule without a number of days does nothing."""
        if self.days is None and self.old_versions_days is None:
            raise ValueError(
                "neither days nor old_versions_days is given: say when something goes, or take the rule out"
            )
        return self


class Backup(Spec):
    """Copies apart from the original, so that its loss or its owner's mistake is not theirs; always inside the residency."""

    every_days: Days = Field(default=1, description="How often. SecNumCloud 3.2, 12.5.a: daily.")
    keep_days: Days = Field(default=30, description="How long each copy is kept; billed for as long.")
    where: Redundancy = Field(
        default=Redundancy.zone,
        description="How far from the original. SecNumCloud 3.2, 12.5.d: a distant site with the same localisation.",
    )

    @model_validator(mode="after")
    def check_copies_overlap(self) -> Self:
        """A copy that goes before the next one is made leaves nothing to restore from."""
        if self.keep_days < self.every_days:
            raise ValueError(
                f"keep_days is {self.keep_days} and every_days {self.every_days}: keep a copy at least until the next one"
            )
        return self


def check_key_is_used(key: str | None, encryption: Encryption) -> None:
    """A key that encrypts nothing is a mistake of the reader or of the writer. Raises `ValueError`."""
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
    client_side: Annotated[bool, Untraceable] = Field(
        default=False,
        description=(
            "Who writes encrypts before writing, with the store's key; so whoever has a right on the store may use that key. Where a cloud's "
            "storage takes no customer's key, this is the other means that answers a floor of `customer-key`: *differs*, never *met*, for no "
            "property shows that an application keeps to it. See `examples/client_side`."
        ),
    )
    versioning: Annotated[bool, Exact] = Field(
        default=True, description="Overwritten and deleted objects can be had back. Old versions are billed as data."
    )
    retention: Annotated[Retention | None, Floor] = Field(
        default=None,
        description="WORM: EHDS 2025/327, 73(1)(e) asks a year of access logs; SecNumCloud 3.2, 12.6.c six months.",
    )
    expiry: Annotated[tuple[Expiry, ...], Exact] = Field(
        default=(), description="What goes by its age; nothing does by default."
    )
    soft_delete_days: Annotated[Days | None, Floor] = Field(
        default=None, description="For how long at least what was deleted can be had back, whoever deleted it."
    )
    redundancy: Annotated[Redundancy, Floor] = Field(
        default=Redundancy.local,
        description="How far apart its copies lie; `region` means a second region inside the residency, and doubles the price.",
    )
    private: Annotated[bool, Floor] = Field(
        default=True,
        description="It can be reached from the platform's own networks only. `false` asks nothing: an endpoint that the Internet reaches, and credentials before it.",
    )
    grants: Annotated[tuple[Grant, ...] | None, Exact] = Field(
        default=None,
        description="Who may read, append or write; an empty list gives nobody anything. Without it each machine that a flow leads here may read and write.",
    )
    access_log: Annotated[bool, Floor] = Field(
        default=False, description="Each access is logged into the audit store; `audit.stores` asks it of every store."
    )
    backup: Annotated[Backup | None, Floor] = Field(
        default=None, description="Copies apart from it; without it what `backup.stores` of the platform says."
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
        check_key_is_used(self.key, self.encryption)
        return self

    @model_validator(mode="after")
    def check_client_side_has_a_key(self) -> Self:
        """A store below `customer-key` has no key of the platform that anybody could encrypt with."""
        if self.client_side and not self.encryption.reaches(Encryption.customer_key):
            raise ValueError(
                f"client_side is true but encryption is {self.encryption}, which has no key of the platform: set encryption to customer-key"
            )
        return self

    @model_validator(mode="after")
    def check_expiry_waits_for_retention(self) -> Self:
        """What is locked cannot go: a rule that comes earlier would fail, day after day."""
        for rule in self.expiry:
            for name in ("days", "old_versions_days"):
                days = getattr(rule, name)
                if self.retention and days is not None and days < self.retention.days:
                    raise ValueError(
                        f"expiry has {name} {days} but retention is {self.retention.days} days: what is locked cannot go; raise {name}"
                    )
        return self

    @model_validator(mode="after")
    def check_expiry_rules_differ(self) -> Self:
        """Two rules for one prefix: clouds would take either."""
        prefixes = [rule.prefix for rule in self.expiry]
        twice = sorted({one for one in prefixes if prefixes.count(one) > 1})
        if twice:
            raise ValueError(f"expiry has two rules for the prefix {twice[0]!r}: make them one")
        return self

    @model_validator(mode="after")
    def check_old_versions_exist(self) -> Self:
        """Without versions there are no old ones that could go."""
        if not self.versioning and any(rule.old_versions_days for rule in self.expiry):
            raise ValueError(
                "expiry has old_versions_days but versioning is false: set versioning to true, or drop old_versions_days"
            )
        return self
