"""The platform: zones, project spaces, keys, allowed flows, and what is accepted, declared and retired.

It deliberately holds no credential and nothing that only one cloud knows, but for `targets`, which
belongs to the target it names.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, PrivateAttr, StringConstraints

from hdh_infra.errors import Problem
from hdh_infra.model.base import Name, Port, Spec, check_name
from hdh_infra.model.elements import Key, Machine, Store
from hdh_infra.model.origin import Origin, dotted
from hdh_infra.model.target import Target


def _target(text: str) -> str:
    return str(Target.parse(text))


def _network(text: str) -> str:
    return str(ipaddress.IPv4Network(text))


TargetName = Annotated[str, AfterValidator(_target)]
AddressRange = Annotated[str, AfterValidator(_network)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
SshKey = Annotated[
    str, StringConstraints(pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( .*)?$")
]
Protocol = Literal["tcp", "udp"]


class Residency(Spec):
    """Where data may lie; it can never be waived."""

    countries: tuple[Country, ...] = Field(
        min_length=1, description="ISO 3166 codes. HDS 2.0, EXI 28: in the EEA; the national platform's own policy: FR."
    )


class NetworkSettings(Spec):
    """Addresses of the whole platform."""

    address_space: AddressRange = Field(
        default="10.64.0.0/12", description="Private range that zones and spaces get their own ranges from."
    )
    prefix_length: int = Field(
        default=24, ge=16, le=27, description="Size of each zone's and space's range; fixed once deployed."
    )


class Zone(Spec):
    """A central, isolated network with what lives in it."""

    stores: dict[Name, Store] = Field(default_factory=dict, description="Stores by name.")
    machines: dict[Name, Machine] = Field(default_factory=dict, description="Machines by name.")
    address_range: AddressRange | None = Field(
        default=None, description="A range of one's own choice; without it the lock gives one."
    )


class Space(Zone):
    """A project space: an isolated zone of one authorised project. What it names is added to the defaults."""

    ends: datetime.date | None = Field(
        default=None, description="End of the authorisation; nothing is ever deleted by date."
    )
    members: int | None = Field(default=None, ge=0, description="People of the project, for capacity and reports.")


class SpaceDefaults(Spec):
    """What each project space has unless it says otherwise."""

    stores: dict[Name, Store] = Field(default_factory=dict, description="Stores by name.")
    machines: dict[Name, Machine] = Field(default_factory=dict, description="Machines by name.")


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
    """One permission to open connections to addresses outside the platform."""

    source: str = Field(alias="from", description="Path or pattern of a machine, zone or space.")
    to: AddressRange = Field(description="Address range outside the platform.")
    ports: tuple[Port, ...] = Field(min_length=1, description="Ports or ranges.")
    protocol: Protocol = Field(default="tcp", description="tcp or udp.")


class StateSettings(Spec):
    """Where the engine keeps the state of a target's stack; never chosen silently."""

    backend: str = Field(
        description="A Pulumi backend URL: s3://..., azblob://..., file://...; it holds the topology and, encrypted, secrets."
    )
    secrets: str = Field(
        default="passphrase", description="Pulumi's secrets provider: passphrase, or a key service's URL."
    )


class TargetSettings(Spec):
    """What belongs to one target only; never a credential."""

    project: str | None = Field(
        default=None, description="The cloud's own project or subscription, where it is not in the environment."
    )
    external_network: str | None = Field(
        default=None, description="OpenStack: name of the external network; without it the only one there is."
    )
    object_store_endpoint: str | None = Field(default=None, description="URL of the S3 endpoint of a private offer.")
    object_store_addresses: tuple[AddressRange, ...] = Field(
        default=(),
        description="Addresses of the S3 endpoint; without them a flow to a store opens port 443 to the whole Internet.",
    )
    administrators: tuple[str, ...] = Field(default=(), description="Object ids of those who administer keys (Azure).")
    state: StateSettings | None = Field(default=None, description="Where the state is kept.")


class DeclaredFact(Spec):
    """What an operator declares of a private offer: fills an unknown, never overrides a primary fact."""

    target: TargetName = Field(description="The target it is about.")
    attribute: str = Field(description="Attribute of the catalogue.")
    value: JsonValue = Field(description="The value, in the attribute's own form.")
    source: Reason = Field(description="Document or contract that says so.")
    as_of: datetime.date = Field(description="The day it was read.")
    by: str = Field(min_length=1, description="Who declares it.")


class Waiver(Spec):
    """The spec's own acceptance of one verdict; shown in every report."""

    requirement: str = Field(description="Which requirement, as in the verdict: store.encryption, flow.exact.")
    element: str = Field(description="Path or pattern of the elements.")
    target: TargetName = Field(description="The target it holds for.")
    accept: JsonValue = Field(
        description="The given value that is accepted, or a better one; unknown for what nobody could find out."
    )
    reason: Reason = Field(description="Why, for the people who decide.")
    until: datetime.date = Field(description="Its last day; from then on changes to the element are blocked.")


class Retirement(Spec):
    """The explicit word that a data holder may go."""

    element: str = Field(description="Path of the data holder that is no longer in the spec.")
    reason: Reason = Field(description="Why.")
    data: Literal["keep", "delete"] = Field(
        description="`keep` leaves it in the cloud, out of the stack; `delete` destroys it."
    )


class Platform(Spec):
    """The whole, as one value: equal descriptions are equal, whether from YAML or written in Python."""

    name: Name = Field(description="Name of the platform; part of native names.")
    residency: Residency = Field(description="Where data may lie.")
    network: NetworkSettings = Field(default=NetworkSettings(), description="Addresses.")
    tags: dict[Annotated[str, AfterValidator(check_name)], Annotated[str, StringConstraints(max_length=63)]] = Field(
        default_factory=dict, description="Put on every native resource that can carry tags; never secret."
    )
    ssh_keys: tuple[SshKey, ...] = Field(
        default=(), description="Public keys of those who administer the machines; without one nobody can log in."
    )
    keys: dict[Name, Key] = Field(default_factory=dict, description="Keys by name.")
    zones: dict[Name, Zone] = Field(default_factory=dict, description="Zones by name.")
    spaces: Spaces = Field(default=Spaces(), description="Project spaces.")
    flows: tuple[Flow, ...] = Field(default=(), description="Everything not listed is denied, in both directions.")
    egress: tuple[Egress, ...] = Field(default=(), description="Connections to the outside; none by default.")
    targets: dict[TargetName, TargetSettings] = Field(default_factory=dict, description="What belongs to one target.")
    facts: tuple[DeclaredFact, ...] = Field(default=(), description="What operators declare.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Accepted verdicts.")
    retire: tuple[Retirement, ...] = Field(default=(), description="Data holders that may go.")
    overrides: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Native properties by node path, merged over what the library says; shown in every comparison.",
    )

    _origin: Origin | None = PrivateAttr(default=None)

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

    def settings(self, target: Target) -> TargetSettings:
        """What the spec says of one target; empty where it says nothing."""
        return self.targets.get(str(target), TargetSettings())
