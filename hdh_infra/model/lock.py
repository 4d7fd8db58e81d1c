"""The lock: what was given once and must stay: addresses, short names, flavours, images, data holders.

Only its form and its reading stand here; `planning.lock` makes it, as a pure function of the old one and
the spec. It is YAML made for merging: one line a thing, sorted.
"""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field, PrivateAttr

from hdh_infra.errors import Problem
from hdh_infra.model.base import Name, Spec
from hdh_infra.model.origin import Location, Origin, dotted
from hdh_infra.model.platform import AddressRange, TargetName


class Kept(Spec):
    """Something that a cloud keeps after its deletion, such as a soft-deleted vault."""

    what: str = Field(description="Native type and name.")
    element: str = Field(description="Element it belonged to.")
    until: datetime.date | None = Field(description="The day it goes; null where the cloud does not say.")


class Lock(Spec):
    """The file beside the spec."""

    format: Literal["hdh-lock/1"] = "hdh-lock/1"
    platform: Name = Field(description="Name of the platform; a lock of another one is refused.")
    salt: str = Field(
        pattern=r"^[0-9a-f]{8}$",
        description="Made once: bucket, account and vault names are shared with the whole world.",
    )
    layout: Literal["one", "parts"] = Field(
        default="one",
        description="How it is deployed: as one stack, or as many, a foundation and one for each space.",
    )
    addresses: dict[str, AddressRange] = Field(
        default_factory=dict,
        description="Range of each zone and space, and of each service in one (`zone/x/entry`); never given to another.",
    )
    hosts: dict[str, tuple[int, ...]] = Field(
        default_factory=dict,
        description="Place of each machine (and of each store's endpoint, and of each way of a network's machines to a key) in its network's range, one a replica.",
    )
    flavours: dict[TargetName, dict[str, str]] = Field(
        default_factory=dict, description="Flavour chosen for each machine."
    )
    images: dict[TargetName, dict[str, str]] = Field(default_factory=dict, description="Image chosen for each machine.")
    generations: dict[TargetName, dict[str, int]] = Field(
        default_factory=dict, description="Name generation of an element whose earlier name the cloud still holds."
    )
    data_holders: dict[str, str] = Field(
        default_factory=dict, description="What must not be lost: path to store, key or disk."
    )
    kept: dict[TargetName, tuple[Kept, ...]] = Field(
        default_factory=dict, description="What the clouds keep of what was destroyed."
    )

    _origin: Origin | None = PrivateAttr(default=None)

    def __eq__(self, other: object) -> bool:
        """Equal locks are equal, whether from a file or just made."""
        return isinstance(other, Lock) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # holds mappings

    def at(self, origin: Origin) -> Lock:
        """The same lock, knowing where it is written."""
        self._origin = origin
        return self

    def problem(self, location: Location, what: str) -> Problem:
        """A problem with a part of the lock, in its file where it came from one."""
        if self._origin is None:
            return Problem("lock", None, None, dotted(location), what)
        return self._origin.problem(location, what)

    def generation(self, target: str, element: str) -> int:
        """How often the element's native name had to change on a target; 0 at first."""
        return self.generations.get(target, {}).get(element, 0)
