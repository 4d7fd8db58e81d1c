"""The airlock of a project space: the only way for data in and out, as stores that data passes one after the other.

Each stage is a store of its own, with rights of its own, so that nothing gets past a stage but by whoever
moves it. The review itself is people's work and happens outside the library. The stages follow AzureTRE's
airlock (draft, in review, approved, rejected, blocked); TEHDAS2 D7.4 and SATRE 2.0, 3.1.12 ask for the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from hdh_infra.model.base import Name, Size, Spec
from hdh_infra.model.rights import Grant
from hdh_infra.model.scales import Access, Encryption
from hdh_infra.model.store import Store, check_key_is_used

Direction: TypeAlias = Literal["import", "export"]
DIRECTIONS: tuple[Direction, ...] = ("import", "export")
STAGES = ("draft", "in-review", "approved", "rejected", "blocked")
RESERVED = "airlock-"
"""Where the names of the stages' stores begin; no other store of a space may be named so."""


class Gate(Spec):
    """One direction of an airlock."""

    reviewers: int = Field(
        default=1,
        ge=1,
        le=9,
        description="How many people must agree; their agreement is outside the library and is reported so.",
    )
    outside: str | None = Field(
        default=None,
        description="Who hands in what is imported, or takes out what is exported: path or pattern of machines, or `group/NAME`.",
    )


class Airlock(Spec):
    """Both directions, who moves data between the stages, and what the stages' stores are."""

    imports: Gate | bool = Field(
        default=False, alias="import", description="Data may come in by review: `true`, or what is asked of it."
    )
    exports: Gate | bool = Field(
        default=False, alias="export", description="Data may go out by review: `true`, or what is asked of it."
    )
    review: str | None = Field(
        default=None,
        description="Who reads what is in review and what was blocked: path or pattern of machines, or `group/NAME`.",
    )
    mover: str | None = Field(
        default=None,
        description="What moves data from stage to stage once reviewed: path or pattern of machines; without one, whoever reviews.",
    )
    size: Size = Field(
        default=TypeAdapter(Size).validate_python("100GB"), description="Expected in each stage, for cost and capacity."
    )
    encryption: Encryption = Field(default=Encryption.customer_key, description="Floor of each stage.")
    key: Name | None = Field(default=None, description="As for a store; without a name the space's own key.")

    @model_validator(mode="after")
    def check_key_is_used(self) -> Self:
        """As for a store, which each stage is."""
        check_key_is_used(self.key, self.encryption)
        return self

    def gate(self, direction: Direction) -> Gate | None:
        """What is asked of a direction; None where nothing passes."""
        found = self.imports if direction == "import" else self.exports
        if isinstance(found, Gate):
            return found
        return Gate() if found else None

    @property
    def named(self) -> bool:
        """Whether somebody is named who can move what was reviewed."""
        return bool(self.mover or self.review)

    def stores(self, space: str) -> Iterator[tuple[str, Store]]:
        """The stages as stores: name and what is asked.

        Args:
            space: path of the space, whose machines hand in exports and read imports.
        """
        for direction in DIRECTIONS:
            gate = self.gate(direction)
            if gate is None:
                continue
            for stage in STAGES:
                yield (
                    f"{RESERVED}{direction}-{stage}",
                    Store(
                        size=self.size,
                        encryption=self.encryption,
                        key=self.key,
                        grants=self._grants(direction, stage, gate.outside, space),
                    ),
                )

    def _grants(self, direction: Direction, stage: str, outside: str | None, space: str) -> tuple[Grant, ...]:
        mover = self.mover or self.review
        inside, outer = (outside, space) if direction == "import" else (space, outside)
        # From whom data come, to whom approved data go, and who sees what was not let through.
        given: dict[str, tuple[tuple[str | None, Access], ...]] = {
            "draft": ((inside, Access.write), (mover, Access.read)),
            "in-review": ((mover, Access.append), (self.review, Access.read)),
            "approved": ((mover, Access.append), (outer, Access.read)),
            "rejected": ((mover, Access.append), (inside, Access.read)),
            "blocked": ((mover, Access.append), (self.review, Access.read)),
        }
        return tuple(Grant(to=to, access=access) for to, access in given[stage] if to)
