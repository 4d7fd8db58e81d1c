"""Which networks have a proxy machine on OpenStack: for hosts by name, and for flows to stores.

An edge belongs to the space at either end, else to the source's zone, and it passes the proxy of its owner. So no proxy of a zone
names a space, and nothing that a space asks is let through by another's (law 4). Doors are `clouds.exits`'; what is made of a
proxy is in `exit_machine`, what runs on it in `clouds.exit_program`, and how it is read back in `exit_reading`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.endpoint import endpoint_host
from hdh_infra.clouds.exits import EXIT, PLACE, Door, asked_of_hosts, doors_for
from hdh_infra.clouds.filters import Ports, written
from hdh_infra.clouds.openstack.lacks import has_routers
from hdh_infra.clouds.openstack.object_store import uses_swift
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption

VIRTUAL = "virtual"


def passes_stores(site: Site) -> bool:
    """Whether flows to stores go through proxies: where the endpoint knows a bucket by its host name, and nobody says no."""
    virtual = site.fact("object_store.addressing").value == VIRTUAL
    return site.settings.store_proxy and virtual and not uses_swift(site) and endpoint_host(site) is not None


def passes_endpoint(site: Site) -> bool:
    """Whether flows to stores go through proxies that let pass the endpoint as a whole: where nothing else leads out of a network, and nobody says no."""
    return (
        not has_routers(site) and site.settings.store_proxy and not uses_swift(site) and endpoint_host(site) is not None
    )


_latest: list[tuple[Expanded, Site, Mapping[str, Mapping[str, Door]]]] = []


def exits_of(expanded: Expanded, site: Site) -> Mapping[str, Mapping[str, Door]]:
    """By network that has a proxy, and by machine, the door that it comes in at; worked out once for a platform and site."""
    if not _latest or _latest[0][0] is not expanded or _latest[0][1] is not site:
        _latest[:] = [(expanded, site, _worked_out(expanded, site))]
    return _latest[0][2]


def _worked_out(expanded: Expanded, site: Site) -> Mapping[str, Mapping[str, Door]]:
    asked = asked_of_hosts(expanded)
    endpoint = endpoint_host(site) if passes_endpoint(site) and not passes_stores(site) else None
    if endpoint or passes_stores(site):
        for link in expanded.links:
            if link.protocol == "tcp" and link.to in expanded.stores:
                asked.setdefault(link.owner, {}).setdefault(link.source, []).append(link)
    return {network: doors_for(by_source, expanded, endpoint) for network, by_source in sorted(asked.items())}


def doors_of(context: Context, network: str) -> Mapping[str, Door]:
    """By machine, the doors of a network's proxy; empty where it has none."""
    return exits_of(context.expanded, context.site).get(network, {})


def has_exit(context: Context, network: str) -> bool:
    """Whether a network has a proxy."""
    return network in exits_of(context.expanded, context.site)


def exit_address(context: Context, network: str) -> ipaddress.IPv4Address:
    """The fixed address of a network's proxy."""
    return context.address_range(network)[PLACE]


def exit_floor(context: Context, network: str) -> Encryption:
    """What a proxy's disk must reach: the highest of what is asked of the disks and stores of its network."""
    expanded = context.expanded
    floors = [expanded.system_encryption(path) for path in expanded.machines if network_path(path) == network]
    floors += [store.encryption for path, store in expanded.stores.items() if network_path(path) == network]
    return max(floors, key=lambda one: one.rank, default=Encryption.provider_key)


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
    "PLACE",
    "Door",
    "doors_of",
    "exit_address",
    "exit_floor",
    "exits_of",
    "has_exit",
    "passes_endpoint",
    "passes_stores",
    "ports_text",
    "proxy_of",
]
