"""Ways out by name: which networks have a proxy machine, who comes to it at which door, and what each door lets pass.

One a network, where a host name is asked of it, or where a flow to a store is its own: an edge belongs to the space at
either end, else to the source's zone, and it passes the proxy of its owner. So no proxy of a zone names a space, and
nothing that a space asks is let through by another's (law 4). A machine comes in at a door of its own, a port; which
machine reaches which door is said by both their filters, what a door lets pass by the proxy's metadata. What is made of it
is in `exit_machine`, what runs on it in `exit_program`, and how it is read back in `exit_reading`.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import final
from urllib.parse import urlsplit

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.endpoint import STORES
from hdh_infra.clouds.filters import Ports, ports_of, union, written
from hdh_infra.clouds.openstack.lacks import has_routers
from hdh_infra.clouds.openstack.object_store import uses_swift
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.machine import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption

EXIT = "exit"
PLACE = 3
"""Of the proxy's address in its network's range: the lock gives machines theirs from the fourth on, and the gateway has the first."""
VIRTUAL = "virtual"
_FIRST_DOOR, _DOORS = 10_000, 22_000
"""Below the ports that a system takes for connections of its own (Linux: from 32768)."""
_HOSTS_ALONE = {"vcpus": 1, "memory": "2GB"}
_WITH_STORES = {"vcpus": 2, "memory": "4GB"}
"""At least; what goes to a store is encrypted twice there."""
_IMAGE = "debian-12"
_HTTPS = 443


@final
@dataclass
class Door:
    """Where one machine comes in, and what it is let pass to."""

    port: int
    hosts: dict[str, Ports] = field(default_factory=dict)
    stores: dict[str, Ports] = field(default_factory=dict)
    """By path of a store."""


def exit_path(network: str) -> str:
    """Path of a network's proxy."""
    return f"{network}/{EXIT}"


def endpoint_host(site: Site) -> str | None:
    """Host name of the S3 endpoint, where it is known and answers on the port of HTTPS."""
    url = urlsplit(site.settings.object_store_endpoint or site.endpoint(STORES) or "")
    return url.hostname if url.scheme == "https" and url.port in {None, _HTTPS} else None


def passes_stores(site: Site) -> bool:
    """Whether flows to stores go through proxies: where the endpoint knows a bucket by its host name, and nobody says no."""
    virtual = site.fact("object_store.addressing").value == VIRTUAL
    return site.settings.store_proxy and virtual and not uses_swift(site) and endpoint_host(site) is not None


def passes_endpoint(site: Site) -> bool:
    """Whether flows to stores go through proxies that let pass the endpoint as a whole: where nothing else leads out of a network, and nobody says no."""
    return (
        not has_routers(site) and site.settings.store_proxy and not uses_swift(site) and endpoint_host(site) is not None
    )


def is_expressible(link: Link) -> bool:
    """Whether a proxy can be told a way to a host."""
    return link.protocol == "tcp"


_latest: list[tuple[Expanded, Site, Mapping[str, Mapping[str, Door]]]] = []


def exits_of(expanded: Expanded, site: Site) -> Mapping[str, Mapping[str, Door]]:
    """By network that has a proxy, and by machine, the door that it comes in at; worked out once for a platform and site."""
    if not _latest or _latest[0][0] is not expanded or _latest[0][1] is not site:
        _latest[:] = [(expanded, site, _worked_out(expanded, site))]
    return _latest[0][2]


def _worked_out(expanded: Expanded, site: Site) -> Mapping[str, Mapping[str, Door]]:
    asked: dict[str, dict[str, list[Link]]] = {}
    for link in expanded.egress_hosts:
        if is_expressible(link):
            asked.setdefault(network_path(link.source) or "", {}).setdefault(link.source, []).append(link)
    endpoint = endpoint_host(site) if passes_endpoint(site) and not passes_stores(site) else None
    if endpoint or passes_stores(site):
        for link in expanded.links:
            if link.protocol == "tcp" and link.to in expanded.stores:
                asked.setdefault(link.owner, {}).setdefault(link.source, []).append(link)
    return {network: _doors(by_source, expanded, endpoint) for network, by_source in sorted(asked.items())}


def _doors(
    by_source: Mapping[str, Iterable[Link]], expanded: Expanded, endpoint: str | None = None
) -> Mapping[str, Door]:
    taken: set[int] = set()
    found = {}
    for source, links in sorted(by_source.items()):
        number = int.from_bytes(hashlib.sha256(source.encode()).digest()[:4], "big") % _DOORS
        while _FIRST_DOOR + number in taken:
            number = (number + 1) % _DOORS
        taken.add(_FIRST_DOOR + number)
        door = found[source] = Door(_FIRST_DOOR + number)
        for link in links:
            to_store = link.to in expanded.stores
            some = door.stores if to_store and endpoint is None else door.hosts
            # An endpoint that knows no bucket by its host name is let pass whole.
            to = endpoint if to_store and endpoint is not None else link.to
            some[to] = union((*some.get(to, ()), *ports_of(link.ports)))
    return found


def doors_of(context: Context, network: str) -> Mapping[str, Door]:
    """By machine, the doors of a network's proxy; empty where it has none."""
    return exits_of(context.expanded, context.site).get(network, {})


def has_exit(context: Context, network: str) -> bool:
    """Whether a network has a proxy."""
    return network in exits_of(context.expanded, context.site)


def exit_address(context: Context, network: str) -> ipaddress.IPv4Address:
    """The fixed address of a network's proxy."""
    return context.address_range(network)[PLACE]


def outside_ports(doors: Mapping[str, Door]) -> Ports:
    """The ports on which a proxy reaches outside: those of the web, which its own updates need, and what is asked beside."""
    hosts = (span for door in doors.values() for ports in door.hosts.values() for span in ports)
    return union(((80, 80), (_HTTPS, _HTTPS), *hosts))


def exit_floor(context: Context, network: str) -> Encryption:
    """What a proxy's disk must reach: the highest of what is asked of the disks and stores of its network."""
    expanded = context.expanded
    floors = [expanded.system_encryption(path) for path in expanded.machines if network_path(path) == network]
    floors += [store.encryption for path, store in expanded.stores.items() if network_path(path) == network]
    return max(floors, key=lambda one: one.rank, default=Encryption.provider_key)


def exit_machines(expanded: Expanded, site: Site) -> Mapping[str, Machine]:
    """What is asked of each proxy, by its path: the lock chooses flavour and image for it as for any machine."""
    image = _IMAGE if _IMAGE in site.offer.images else min(site.offer.images)
    return {
        exit_path(network): Machine.model_validate(
            {**(_WITH_STORES if any(door.stores for door in doors.values()) else _HOSTS_ALONE), "image": image}
        )
        for network, doors in exits_of(expanded, site).items()
    }


def proxy_of(context: Context, machine: str) -> str | None:
    """The proxy that a machine is to use for what its own network lets it reach, as `HTTPS_PROXY` has it; None where it needs none."""
    network = network_path(machine) or ""
    door = doors_of(context, network).get(machine)
    return f"http://{exit_address(context, network)}:{door.port}" if door else None


def ports_text(ports: Ports) -> str:
    """Ports as an item of metadata has them: `80,443,8000-8010`."""
    return ",".join(str(one) for one in written(ports))


__all__ = [
    "EXIT",
    "Door",
    "doors_of",
    "endpoint_host",
    "exit_address",
    "exit_floor",
    "exit_machines",
    "exit_path",
    "exits_of",
    "has_exit",
    "is_expressible",
    "outside_ports",
    "passes_endpoint",
    "passes_stores",
    "ports_text",
    "proxy_of",
]
