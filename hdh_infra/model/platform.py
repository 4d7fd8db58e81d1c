"""The platform: zones, project spaces, keys, allowed flows, and what is accepted, declared and retired.

It deliberately holds no credential and nothing that only one cloud knows, but for `targets`, which
belongs to the target it names. What holds for the whole of it stands in `settings`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, PrivateAttr, StringConstraints

from hdh_infra.errors import Problem
from hdh_infra.model.airlock import Airlock
from hdh_infra.model.base import Name, Port, Spec, check_name
from hdh_infra.model.elements import Group, Key, Machine, Store
from hdh_infra.model.frameworks import Framework
from hdh_infra.model.measured import Measured
from hdh_infra.model.origin import Origin, dotted
from hdh_infra.model.settings import (
    AddressRange,
    Audit,
    BackupSettings,
    DeclaredFlavour,
    Existing,
    Managed,
    Naming,
    NetworkSettings,
    Outside,
    Reason,
    Residency,
    StateSettings,
    TargetName,
    TargetSettings,
)
from hdh_infra.model.target import Target

SshKey = Annotated[
    str, StringConstraints(pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( .*)?$")
]
Protocol = Literal["tcp", "udp"]
Entry = Literal["bastion"]


class Zone(Spec):
    """A central, isolated network with what lives in it."""

    stores: dict[Name, Store] = Field(default_factory=dict, description="Stores by name.")
    machines: dict[Name, Machine] = Field(default_factory=dict, description="Machines by name.")
    address_range: AddressRange | None = Field(
        default=None, description="A range of one's own choice; without it the lock gives one."
    )
    entry: Entry | None = Field(
        default=None,
        description="`bastion`: people reach its machines through a bastion, which names and logs them; without it nobody gets in from outside.",
    )
    flow_logs: bool = Field(
        default=False, description="What it lets through and refuses is logged; `network.flow_logs` asks it of all."
    )


class SpaceFlow(Spec):
    """A flow of a space's own: where an end begins with `machine/` or `store/` it is that of the space itself."""

    source: str = Field(
        default="machine/*", alias="from", description="The space's machines: `machine/desktop`, `machine/*`."
    )
    to: str = Field(description="`store/work` or `machine/*` of the same space, or any path: `zone/lake/store/snds`.")
    ports: tuple[Port, ...] = Field(default=(443,), min_length=1, description="Ports or ranges.")
    protocol: Protocol = Field(default="tcp", description="tcp or udp.")


class Space(Zone):
    """A project space: an isolated zone of one authorised project. What it names is added to the defaults."""

    stores: dict[Name, Store | None] = Field(  # type: ignore[assignment]  # a null takes a default out, in a space only
        default_factory=dict,
        description="Stores by name; one of a default's name takes its place, `null` takes it out.",
    )
    machines: dict[Name, Machine | None] = Field(  # type: ignore[assignment]  # as for stores
        default_factory=dict, description="Machines by name; likewise."
    )
    flows: tuple[SpaceFlow, ...] = Field(default=(), description="Flows of its own, beside the defaults'.")
    airlock: Airlock | None = Field(default=None, description="Its own airlock in the place of the defaults'.")
    key: Key | None = Field(default=None, description="What is asked of its own key, in the place of the defaults'.")
    ends: datetime.date | None = Field(
        default=None,
        description="Last day of the authorisation; after it the space is closed: no entry, no compute, data kept. Nothing is ever deleted by date.",
    )
    members: int | None = Field(default=None, ge=0, description="People of the project, for capacity and reports.")
    groups: tuple[Name, ...] = Field(
        default=(), description="Groups of its people; who they are is the identity provider's."
    )


class SpaceDefaults(Spec):
    """What each project space has unless it says otherwise."""

    stores: dict[Name, Store] = Field(default_factory=dict, description="Stores by name.")
    machines: dict[Name, Machine] = Field(default_factory=dict, description="Machines by name.")
    flows: tuple[SpaceFlow, ...] = Field(default=(), description="Flows of each space.")
    airlock: Airlock | None = Field(default=None, description="The only way for data in and out; none without it.")
    key: Key | None = Field(
        default=None,
        description="What is asked of each space's own key, `space/NAME/key/default`, which encrypts what names no key.",
    )
    entry: Entry | None = Field(default=None, description="As for a zone.")
    groups: tuple[Name, ...] = Field(default=(), description="Groups of people of every space.")


class Spaces(Spec):
    """The project spaces."""

    defaults: SpaceDefaults = Field(default=SpaceDefaults(), description="What each space has.")
    projects: dict[Name, Space] = Field(default_factory=dict, description="Spaces by the project's name.")


class Flow(Spec):
    """One permission to open connections; everything that no flow lists is denied, in both directions."""

    source: str = Field(
        alias="from", description="Path or pattern of a machine, zone or space (a network means its machines)."
    )
    to: str = Field(
        description="Path or pattern of a store or machine, or of a zone or space (its machines; a store is reached only by its own path)."
    )
    ports: tuple[Port, ...] = Field(min_length=1, description="Ports or ranges.")
    protocol: Protocol = Field(default="tcp", description="tcp or udp.")


class Egress(Spec):
    """One permission to open connections to the outside of the platform."""

    source: str = Field(alias="from", description="Path or pattern of a machine, zone or space.")
    to: Outside = Field(
        description="Address range outside the platform, or a host name (`pypi.org`, `*.debian.org`), whose addresses nobody need know."
    )
    ports: tuple[Port, ...] = Field(min_length=1, description="Ports or ranges.")
    protocol: Protocol = Field(default="tcp", description="tcp or udp.")


class DeclaredFact(Spec):
    """What an operator declares of a private offer: fills an unknown, never overrides a primary fact."""

    target: TargetName = Field(description="The target it is about.")
    attribute: str = Field(description="Attribute of the catalogue.")
    value: JsonValue = Field(description="The value, in the attribute's own form.")
    source: Reason = Field(description="Document or contract that says so.")
    as_of: datetime.date = Field(description="The day it was read.")
    by: str = Field(min_length=1, description="Who declares it.")


class Passing(Spec):
    """One day on which changes go past the end of a waiver; kept as the record of it, and shown in every report."""

    on: datetime.date = Field(description="The day; before and after it the end holds.")
    reason: Reason = Field(description="Why the change could not wait, and who said so.")


class Waiver(Spec):
    """The spec's own acceptance of one verdict; shown in every report."""

    requirement: str = Field(description="Which requirement, as in the verdict: store.encryption, flow.exact.")
    element: str = Field(description="Path or pattern of the elements.")
    target: TargetName = Field(description="The target it holds for.")
    accept: JsonValue = Field(
        description="The given value that is accepted, or a better one; unknown for what nobody could find out."
    )
    reason: Reason = Field(description="Why, for the people who decide.")
    until: datetime.date = Field(
        description="Its last day; after it changes to the element are refused, and no others."
    )
    passed: tuple[Passing, ...] = Field(
        default=(), description="Days on which changes to the element go past its end, each with its reason."
    )


class Retirement(Spec):
    """The explicit word that a data holder may go."""

    element: str = Field(description="Path or pattern of data holders that are no longer in the spec: `space/x/**`.")
    reason: Reason = Field(description="Why.")
    data: Literal["keep", "delete"] = Field(
        description="`keep` leaves it in the cloud, out of the stack; `delete` destroys it."
    )


class Replacement(Spec):
    """The explicit word that a data holder may be made anew, and lose what it holds."""

    element: str = Field(description="Path or pattern of the data holders.")
    reason: Reason = Field(description="Why, and where its data are meanwhile.")


class Platform(Spec):
    """The whole, as one value: equal descriptions are equal, whether from YAML or written in Python."""

    name: Name = Field(description="Name of the platform; part of native names.")
    residency: Residency = Field(description="Where data may lie.")
    frameworks: tuple[Framework, ...] = Field(
        default=(),
        description="Texts that the platform answers to; each raises floors by its clauses, and reports show which.",
    )
    network: NetworkSettings = Field(default=NetworkSettings(), description="Addresses.")
    tags: dict[Annotated[str, AfterValidator(check_name)], Annotated[str, StringConstraints(max_length=63)]] = Field(
        default_factory=dict, description="Put on every native resource that can carry tags; never secret."
    )
    ssh_keys: tuple[SshKey, ...] = Field(
        default=(), description="Public keys of those who administer the machines; without one nobody can log in."
    )
    groups: dict[Name, Group] = Field(default_factory=dict, description="Groups of people by name.")
    naming: Naming = Field(default=Naming(), description="Patterns of native names.")
    keys: dict[Name, Key] = Field(default_factory=dict, description="Keys by name.")
    zones: dict[Name, Zone] = Field(default_factory=dict, description="Zones by name.")
    spaces: Spaces = Field(default=Spaces(), description="Project spaces.")
    flows: tuple[Flow, ...] = Field(default=(), description="Everything not listed is denied, in both directions.")
    egress: tuple[Egress, ...] = Field(default=(), description="Connections to the outside; none by default.")
    audit: Audit | None = Field(default=None, description="What is logged, and where to.")
    backup: BackupSettings = Field(default=BackupSettings(), description="What is backed up.")
    requires: tuple[Managed, ...] = Field(
        default=(), description="Managed services that are needed beside: assessed on each offer, never made."
    )
    targets: dict[TargetName, TargetSettings] = Field(default_factory=dict, description="What belongs to one target.")
    facts: tuple[DeclaredFact, ...] = Field(default=(), description="What operators declare.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Accepted verdicts.")
    retire: tuple[Retirement, ...] = Field(default=(), description="Data holders that may go.")
    replace: tuple[Replacement, ...] = Field(default=(), description="Data holders that may be made anew.")
    overrides: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Native properties by node path, merged over what the library says; shown in every comparison.",
    )

    _origin: Origin | None = PrivateAttr(default=None)
    _measured: Mapping[str, Measured] = PrivateAttr(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Equal descriptions are equal, wherever they were written."""
        return isinstance(other, Platform) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # holds mappings

    @property
    def source(self) -> Path | None:
        """The file it was loaded from, for the lock beside it; None of a platform written in Python."""
        return self._origin.file if self._origin else None

    def at(self, origin: Origin) -> Platform:
        """The same platform, knowing where it was written."""
        self._origin = origin
        return self

    def problem(self, location: tuple[str | int, ...], what: str) -> Problem:
        """A problem with the part of the description at a location (keys and indexes from the top)."""
        if self._origin is None:
            return Problem(f"platform {self.name}", None, None, dotted(location), what)
        return self._origin.problem(location, what)

    def with_measured(self, found: Mapping[str, Measured]) -> Platform:
        """The same description beside what was measured of targets: an input of its own, with a digest of its own."""
        made = self.model_copy()
        made._measured = {**self._measured, **found}  # noqa: SLF001 - of the same class
        return made

    def measured(self, target: Target) -> Measured | None:
        """What was measured of a target; None where nothing was, or nobody read the file that the spec names."""
        return self._measured.get(str(target))

    def settings(self, target: Target) -> TargetSettings:
        """What the spec says of one target; empty where it says nothing."""
        return self.targets.get(str(target), TargetSettings())


__all__ = [
    "AddressRange",
    "Airlock",
    "Audit",
    "BackupSettings",
    "DeclaredFact",
    "DeclaredFlavour",
    "Egress",
    "Existing",
    "Flow",
    "Naming",
    "NetworkSettings",
    "Origin",
    "Passing",
    "Platform",
    "Reason",
    "Replacement",
    "Residency",
    "Retirement",
    "Space",
    "SpaceDefaults",
    "SpaceFlow",
    "Spaces",
    "StateSettings",
    "TargetName",
    "TargetSettings",
    "Waiver",
    "Zone",
    "dotted",
]
