"""What holds for the whole platform or for one target: residency, addresses, audit, naming, backup, targets."""

from __future__ import annotations

import ipaddress
import re
import string
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from hdh_infra.model.base import Name, Size, Spec
from hdh_infra.model.machine import Gpu
from hdh_infra.model.store import Backup
from hdh_infra.model.target import Target


def _target(text: str) -> str:
    return str(Target.parse(text))


def _network(text: str) -> str:
    return str(ipaddress.IPv4Network(text))


_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_LONGEST_HOST = 253
NAMING_FIELDS = frozenset({"platform", "kind", "network", "name"})


def _outside(text: str) -> str:
    """An address range or a host name, `*.` before it for all below it."""
    if _HOST.fullmatch(text) and len(text) <= _LONGEST_HOST:
        return text
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError:
        raise ValueError(
            f"{text!r} is neither an address range nor a host name: write 192.0.2.0/24, pypi.org or *.debian.org"
        ) from None


def _domain(text: str) -> str:
    if not _HOST.fullmatch(text) or text.startswith("*"):
        raise ValueError(f"{text!r} is not a domain: write small letters and dots, such as hdh.internal")
    return text


def _naming(text: str) -> str:
    try:
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        raise ValueError(f"{text!r} is no pattern: {error}; write {{platform}}-{{network}}-{{name}}") from None
    unknown = sorted(fields - NAMING_FIELDS)
    if unknown:
        allowed = ", ".join(f"{{{one}}}" for one in sorted(NAMING_FIELDS))
        raise ValueError(f"{text!r} names {{{unknown[0]}}}, which is not known; allowed: {allowed}")
    plain = string.Formatter().vformat(text, (), dict.fromkeys(NAMING_FIELDS, "a"))
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", plain):
        raise ValueError(
            f"{text!r} has more than small letters, digits and hyphens between its fields: every cloud takes those only"
        )
    return text


TargetName = Annotated[str, AfterValidator(_target)]
AddressRange = Annotated[str, AfterValidator(_network)]
Outside = Annotated[str, AfterValidator(_outside)]
Domain = Annotated[str, AfterValidator(_domain)]
NamePattern = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_naming)]
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]


def is_host(to: str) -> bool:
    """Whether the other end of an egress is a host name, and not an address range."""
    return not to[:1].isdigit() or _HOST.fullmatch(to) is not None


class Residency(Spec):
    """Where data may lie; it can never be waived."""

    countries: tuple[Country, ...] = Field(
        min_length=1, description="ISO 3166 codes. HDS 2.0, EXI 28: in the EEA; the national platform's own policy: FR."
    )


class NetworkSettings(Spec):
    """Addresses and names of the whole platform."""

    address_space: AddressRange = Field(
        default="10.64.0.0/12", description="Private range that zones and spaces get their own ranges from."
    )
    prefix_length: int = Field(
        default=24, ge=16, le=27, description="Size of each zone's and space's range; fixed once deployed."
    )
    domain: Domain | None = Field(
        default=None,
        description="Machines find each other under it by their names, inside the platform only: `hdh.internal`.",
    )
    flow_logs: bool = Field(
        default=False,
        description="What every zone and space lets through and refuses is logged; `audit.flows` asks it too.",
    )


class Audit(Spec):
    """Logs of what is done, kept apart from what they watch; nobody who writes them can delete them."""

    store: str = Field(
        description="Path of the store that keeps them: with retention in compliance mode, in a zone of its own. SecNumCloud 3.2, 12.6-12.7."
    )
    stores: bool = Field(default=True, description="Each access to an object of every other store.")
    keys: bool = Field(default=True, description="Each use and each change of every key.")
    administration: bool = Field(default=True, description="Each change of the platform's resources and rights.")
    flows: bool = Field(default=True, description="Connections that were let through or refused, of every network.")


class BackupSettings(Spec):
    """What is backed up unless a store or machine says otherwise."""

    stores: Backup | None = Field(default=None, description="Every store.")
    disks: Backup | None = Field(default=None, description="Every data disk.")


class Naming(Spec):
    """How native names are made: of {platform}, {kind} (zone or space), {network} and {name}.

    Clouds cut what is too long for them, and add letters and digits of the lock where a name is shared with the world.
    """

    network: NamePattern | None = Field(default=None, description="Networks; {name} is that of the zone or space.")
    store: NamePattern | None = Field(default=None, description="Stores.")
    machine: NamePattern | None = Field(default=None, description="Machines.")
    key: NamePattern | None = Field(default=None, description="Keys; {network} of a platform's own key is `platform`.")

    @model_validator(mode="after")
    def check_names_differ(self) -> Self:
        """A pattern without what tells two things apart gives them one name."""
        for kind in ("network", "store", "machine", "key"):
            pattern = getattr(self, kind)
            needed = {"network": ("name", "kind")}.get(kind, ("name", "network", "kind"))
            missing = [one for one in needed if pattern and f"{{{one}}}" not in pattern]
            if missing:
                raise ValueError(
                    f"{kind} is {pattern!r}, which gives several {kind}s one name: put {', '.join(f'{{{one}}}' for one in missing)} into it"
                )
        return self


class StateSettings(Spec):
    """Where the engine keeps the state of a target's stack; never chosen silently."""

    backend: str = Field(
        description="A Pulumi backend URL: s3://..., azblob://..., file://...; it holds the topology and, encrypted, secrets."
    )
    secrets: str = Field(
        default="passphrase", description="Pulumi's secrets provider: passphrase, or a key service's URL."
    )
    country: Country | None = Field(
        default=None,
        description="Where the backend stands, for one whose URL does not tell; shown as declared. It has to be one of `residency.countries`.",
    )


class DeclaredFlavour(Spec):
    """A size of machine that the operator of a private offer has."""

    name: str = Field(min_length=1, description="The cloud's own name.")
    vcpus: int = Field(ge=1, description="Virtual processors.")
    memory: Size = Field(description="Main memory.")
    gpu: Gpu | None = Field(default=None, description="Graphics processors.")


class Existing(Spec):
    """A native thing that is there already and is named instead of made."""

    id: str = Field(min_length=1, description="Its native id.")
    adopt: bool = Field(
        default=False,
        description="`true`: the stack takes it over and manages it from then on; otherwise it is never changed and never destroyed.",
    )


class TargetSettings(Spec):
    """What belongs to one target only; never a credential."""

    project: str | None = Field(
        default=None, description="The cloud's own project or subscription, where it is not in the environment."
    )
    external_network: str | None = Field(
        default=None, description="OpenStack: name of the external network; without it the only one there is."
    )
    region_name: str | None = Field(
        default=None,
        min_length=1,
        description="OpenStack: what its catalogue of services calls the region, where that is told at delivery (`region_name` of `clouds.yaml`).",
    )
    vrack: str | None = Field(
        default=None,
        pattern=r"^pn-[0-9]+$",
        description="OVHcloud: the vRack that the plan attaches the project to; without it a person does, before any network is made.",
    )
    entry_from: tuple[AddressRange, ...] = Field(
        default=(),
        description="OpenStack, OVHcloud and OUTSCALE: ranges that people come from to a bastion; without them from anywhere, with a key.",
    )
    object_store_endpoint: str | None = Field(default=None, description="URL of the S3 endpoint of a private offer.")
    object_store_addresses: tuple[AddressRange, ...] = Field(
        default=(),
        description="Addresses of the S3 endpoint; without them a flow to a store opens port 443 to the whole Internet.",
    )
    store_proxy: bool = Field(
        default=True,
        description="OpenStack: flows to stores go through a proxy machine that lets only the named buckets pass, where the S3 endpoint knows buckets by host name; `false` opens the endpoint's port to the machines instead.",
    )
    administrators: tuple[str, ...] = Field(
        default=(),
        description="Object ids of those who administer keys (Azure); who administers buckets, as application_id:ID or user_id:ID (Scaleway).",
    )
    groups: dict[Name, str] = Field(
        default_factory=dict,
        description="The cloud's own id of each group of people; on OpenStack, where keys know no groups, the ids of its users with spaces between.",
    )
    accounts: dict[str, AccountId] = Field(
        default_factory=dict,
        description="OUTSCALE: id of the account whose access key machines have for stores, by the path of a machine, zone or space; object storage knows accounts only, and a key of the account that owns the buckets belongs in no machine.",
    )
    log_search_days: int | None = Field(
        default=None,
        ge=30,
        le=730,
        description="Azure: logs also go to a Log Analytics workspace, which keeps them so many days for people who search, under Microsoft's own key; without it to the audit store only.",
    )
    quotas: dict[Name, int] = Field(
        default_factory=dict,
        description="Limits that were raised on request: `capacity.stores` is written `stores`; shown as declared.",
    )
    flavours: tuple[DeclaredFlavour, ...] = Field(
        default=(), description="Sizes of machines of a private offer, as its operator made them."
    )
    existing: dict[str, Existing | str] = Field(
        default_factory=dict,
        description="Native things named instead of made: path of a zone, space or key, `image/FAMILY`, `project`, `group` (of resources) or `network-watcher` to its id.",
    )
    measured: str | None = Field(
        default=None,
        min_length=1,
        description="File of what was measured of the target, beside this one, as `hdh assess --live --out FILE` writes it.",
    )
    state: StateSettings | None = Field(default=None, description="Where the state is kept.")

    def existing_of(self, path: str) -> Existing | None:
        """The native thing that stands for an element, if one is named."""
        found = self.existing.get(path)
        return Existing(id=found) if isinstance(found, str) else found


Managed = Literal["kubernetes", "postgresql", "spark", "log-analysis", "identity-provider"]
"""Managed services that a platform can need beside what is lowered."""
