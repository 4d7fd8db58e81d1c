"""What every cloud is given and must answer: `Context` in, nodes and observations out.

Nothing here knows a cloud. A cloud is one `Cloud` value, made of functions that each of its files holds
under the same name: `lower_*` beside the `observe_*` that reads the same native properties back.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Flavour, Image
from hdh_infra.clouds.credentials import Right as NeededRight
from hdh_infra.clouds.credentials import Service
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Provider
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link, Right
from hdh_infra.model.lock import Kept, Lock
from hdh_infra.model.machine import Machine
from hdh_infra.model.paths import PLATFORM, element_of, kind_of, network_path
from hdh_infra.model.settings import Existing, TargetSettings


@final
@dataclass(frozen=True)
class Context:
    """Everything that a lowering may read: the platform worked out, the site, and what the lock gave."""

    expanded: Expanded
    site: Site
    lock: Lock

    @property
    def name(self) -> str:
        """Name of the platform."""
        return self.expanded.platform.name

    @cached_property
    def settings(self) -> TargetSettings:
        """What the spec says of this target."""
        return self.expanded.platform.settings(self.site.target)

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """Tags of every native resource that can carry them."""
        return {"hdh-platform": self.name, **self.expanded.platform.tags}

    @cached_property
    def naming(self) -> Mapping[str, str | None]:
        """Patterns of native names by kind of element; null where a cloud's own form is used."""
        return self.expanded.platform.naming.model_dump()

    def named(self, path: str, default: str) -> str:
        """The words of an element's native names: by the spec's pattern for its kind, else a cloud's own form.

        Args:
            path: the element, or a part of one (`zone/lake/machine/spark/0`), whose rest is added with a hyphen.
            default: the cloud's own form.
        """
        element = element_of(path)
        pattern = self.naming.get(kind_of(element)) if element != PLATFORM else None
        if pattern is None:
            return default
        parts = element.split("/")
        own = parts[0] == "key"
        words = pattern.format(
            platform=self.name,
            kind="platform" if own else parts[0],
            network="platform" if own else parts[1],
            name=parts[-1],
        )
        rest = path.removeprefix(element).strip("/").replace("/", "-")
        return f"{words}-{rest}" if rest else words

    def existing(self, path: str) -> Existing | None:
        """The native thing that is named instead of made for an element, if there is one."""
        return self.settings.existing_of(path)

    @cached_property
    def egress_networks(self) -> frozenset[str]:
        """Zones and spaces whose machines may reach something outside the platform."""
        return frozenset(network_path(link.source) or "" for link in self.expanded.egress)

    def address_range(self, network: str) -> ipaddress.IPv4Network:
        """Range of a zone or space."""
        known = self._ranges.get(network)
        if known is None:
            known = self._ranges[network] = ipaddress.IPv4Network(self.lock.addresses[network])
        return known

    def service_range(self, path: str) -> ipaddress.IPv4Network:
        """Range of a service of a network, `zone/x/entry`: see `model.services`."""
        return self.address_range(path)

    def addresses(self, path: str) -> tuple[ipaddress.IPv4Address, ...]:
        """Fixed addresses of a machine, one a replica, in the lower half of its network's range; or, one, of a store's endpoint or of a way to a key, in the upper half."""
        known = self._addresses.get(path)
        if known is None:
            first = int(self.address_range(network_path(path) or "").network_address)
            known = tuple(ipaddress.IPv4Address(first + number) for number in self.lock.hosts[path])
            self._addresses[path] = known
        return known

    # Each is asked for once a resource, and a network's own word for an address is slow.
    @cached_property
    def _ranges(self) -> dict[str, ipaddress.IPv4Network]:
        return {}

    @cached_property
    def _addresses(self) -> dict[str, tuple[ipaddress.IPv4Address, ...]]:
        return {}

    def short(self, path: str) -> str:
        """Eight letters and digits that stand for an element in names shared with the world; they change with its name generation."""
        generation = self.lock.generation(str(self.site.target), path)
        return hashlib.sha256(
            f"{self.lock.salt}/{self.name}/{self.site.target}/{path}/{generation}".encode()
        ).hexdigest()[:8]

    def flavour(self, machine: str) -> Flavour:
        """The flavour that the lock chose for a machine."""
        chosen = self.lock.flavours[str(self.site.target)][machine]
        found = self.site.flavour_named(chosen)
        if found is None:
            raise KeyError(f"{machine}: the catalogue of {self.site.target} has no flavour {chosen}")
        return found

    def image(self, machine: str) -> Image:
        """The image that the lock chose for a machine."""
        return self.site.offer.images[self.lock.images[str(self.site.target)][machine]]


@final
@dataclass(frozen=True, slots=True)
class ServiceFlow:
    """What every machine needs of the cloud itself; data, with its source."""

    to: str
    """Words for people: `name resolution`."""
    address: str
    """Address range, or the cloud's own word for one."""
    protocol: str
    ports: tuple[int | str, ...]
    source: str
    as_of: str


@final
@dataclass(frozen=True, slots=True)
class Remedy:
    """What a person does about an error of the cloud; data, with its source."""

    pattern: str
    """What stands in the message: the cloud's own word for the error."""
    words: str
    source: str
    as_of: str


@final
@dataclass(frozen=True)
class Cloud:
    """One cloud: how a platform becomes its native resources, and how these are read back."""

    name: str
    providers: Callable[[Context], Mapping[str, Provider]]
    lower_platform: Callable[[Context], Iterable[Node]]
    """What serves the whole: resource group, router, zones of names; paths under `platform/`."""
    lower_network: Callable[[Context, str], Iterable[Node]]
    lower_key: Callable[[Context, str], Iterable[Node]]
    lower_store: Callable[[Context, str], Iterable[Node]]
    lower_machine: Callable[[Context, str], Iterable[Node]]
    lower_link: Callable[[Context, Link], Iterable[Node]]
    """One allowed connection; its nodes are pathed under `link.owner`."""
    lower_right: Callable[[Context, Right], Iterable[Node]]
    """What one machine or group may do with one store; its nodes are pathed under `right.owner`."""
    lower_egress: Callable[[Context, Link], Iterable[Node]]
    observe: Callable[[Natives, Site], Observation]
    """Written from the cloud's meaning of native properties; reads no spec and no lock."""
    service_flows: tuple[ServiceFlow, ...]
    identifiers: tuple[str, ...] = ()
    """Properties that, like the id, others use to point at a resource."""
    shared_documents: frozenset[str] = frozenset()
    """Types that are one document for all spaces."""
    protecting: frozenset[str] = frozenset()
    """Types that protect the data of what they depend on, as resources of their own: they stay where the data stay."""
    existing: frozenset[str] = frozenset({"network", "key", "image", "project", "group"})
    """Kinds of things that can be named instead of made on this cloud."""
    unlowered: Mapping[str, str] = field(default_factory=dict)
    """Requirements that no plan of this cloud answers yet, whatever the offer has; with the reason, for people."""
    credentials: tuple[Service, ...] = ()
    """What a deployment signs in to, and how."""
    rights: tuple[NeededRight, ...] = ()
    """The least rights that a deployment needs there."""
    too_much: Mapping[str, str] = field(default_factory=dict)
    """Roles that a deployment should not have, and why."""
    manual: Callable[[Context], Iterable[ManualStep]] = lambda _: ()
    service_machines: Callable[[Expanded, Site], Mapping[str, Machine]] = lambda _, __: {}
    """Machines of a plan that are no elements, such as a network's proxy, by path: the lock chooses their sizes too."""
    remedies: tuple[Remedy, ...] = ()
    """For the cloud's own errors, in the order in which they are looked for."""
    kept: Callable[[Natives, datetime.date], Iterable[Kept]] = lambda _, __: ()
    """What the cloud keeps of resources after their deletion on a day, with the day it goes."""

    def remedy(self, message: str) -> Remedy | None:
        """What to do about an error that the cloud tells; None for one that is not known."""
        return next((one for one in self.remedies if re.search(one.pattern, message)), None)

    def lower(self, context: Context) -> Iterator[Node]:
        """Every native resource of a platform, in no particular order."""
        expanded = context.expanded
        yield from self.lower_platform(context)
        steps: tuple[tuple[Callable[[Context, Any], Iterable[Node]], Iterable[Any]], ...] = (
            (self.lower_network, expanded.networks),
            (self.lower_key, expanded.keys),
            (self.lower_store, expanded.stores),
            # Of a closed space the data disks alone are lowered, by the same function (`Expanded.is_closed`).
            (self.lower_machine, (*expanded.machines, *expanded.kept_disks)),
            (self.lower_link, expanded.links),
            (self.lower_right, expanded.rights),
            (self.lower_egress, expanded.egress),
        )
        for lower, things in steps:
            for thing in things:
                yield from lower(context, thing)
