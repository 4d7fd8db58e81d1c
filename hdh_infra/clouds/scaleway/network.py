"""One VPC for the platform, a Private Network for each zone and space, the way outside, and reading them back.

Private Networks of a VPC are always routed among each other: what keeps them apart is the VPC's list alone (`rules`). A default
route comes from a Public Gateway in a network of its own, and only to networks that opt in
(scaleway/docs-content pages/vpc/how-to/manage-routing.mdx, 2025-05-02).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import store_openings
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.scaleway.naming import (
    GATEWAY,
    GATEWAY_IP,
    GATEWAY_NETWORK,
    PRIVATE_NETWORK,
    SECURITY_GROUP,
    SSH_KEY,
    VPC,
    make,
    zones,
)
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import PLATFORM, network_path

VPC_PATH = f"{PLATFORM}/vpc"
FILTER_PATH = f"{PLATFORM}/filter"
FILTERS = (FILTER_PATH, f"{FILTER_PATH}-v6")
"""Both lists of the VPC: a network comes after them and goes before them, so that none is open at any time."""
OUTSIDE = f"{PLATFORM}/outside"
"""Where the way outside has its parts."""
_EXITS = tuple(map(ipaddress.IPv4Network, ("192.168.255.240/28", "172.31.255.240/28", "10.255.255.240/28")))
"""Ranges for the gateway's own network: the first that the platform's addresses leave free."""


def lower_platform(context: Context) -> Iterator[Node]:
    """What serves the whole; always there, for no space's flow must change it."""
    yield make(
        context,
        VPC_PATH,
        VPC,
        # Said, although it is the default: packets of other VPCs find no way through this one.
        {"name": native_name(context, VPC_PATH), "enableTransitivity": False},
    )
    yield make(
        context,
        f"{OUTSIDE}/network",
        PRIVATE_NETWORK,
        {
            "name": native_name(context, OUTSIDE),
            "vpcId": ref(VPC_PATH),
            "ipv4Subnet": {"subnet": str(exit_network(context))},
            "enableDefaultRoutePropagation": False,
        },
        fixed=True,
        after=FILTERS,
    )
    yield make(context, f"{OUTSIDE}/address", GATEWAY_IP, {})
    yield make(
        context,
        f"{OUTSIDE}/gateway",
        GATEWAY,
        {
            "name": native_name(context, OUTSIDE),
            "type": str(context.site.offer.native["gateway_type"]),
            "ipId": ref(f"{OUTSIDE}/address"),
            "bastionEnabled": False,
            "enableSmtp": False,
        },
        timeouts={"create": "30m", "delete": "30m"},
    )
    yield make(
        context,
        f"{OUTSIDE}/attachment",
        GATEWAY_NETWORK,
        {
            "gatewayId": ref(f"{OUTSIDE}/gateway"),
            "privateNetworkId": ref(f"{OUTSIDE}/network"),
            "enableMasquerade": True,
            "ipamConfigs": [{"pushDefaultRoute": True}],
        },
        fixed=True,
    )
    for zone in zones(context):
        yield make(
            context,
            closed_group(zone),
            SECURITY_GROUP,
            {
                "name": native_name(context, closed_group(zone)),
                "description": "Lets nothing in or out by a public address",
                "inboundDefaultPolicy": "drop",
                "outboundDefaultPolicy": "drop",
                "stateful": True,
                "enableDefaultSecurity": True,
                "externalRules": False,
            },
            zone=zone,
        )
    for number, key in enumerate(context.expanded.platform.ssh_keys):
        path = ssh_key_path(number)
        yield make(
            context,
            path,
            SSH_KEY,
            {"name": native_name(context, path), "publicKey": key, "disabled": False},
            fixed=True,
        )


def ssh_key_path(number: int) -> str:
    """Path of an administrator's public key: the project's keys are what bastions know."""
    return f"{PLATFORM}/ssh-key/{number}"


def closed_group(zone: str) -> str:
    """Path of the security group of a zone that is closed: machines have no public address, and where one came it would open nothing."""
    return f"{PLATFORM}/closed/{zone}"


def exit_network(context: Context) -> ipaddress.IPv4Network:
    """Range of the gateway's own network."""
    inside = ipaddress.IPv4Network(context.expanded.platform.network.address_space)
    return next(one for one in _EXITS if not one.overlaps(inside))


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space as a Private Network; one that is named instead of made is only referred to, or taken over where the spec says so."""
    existing = context.existing(network)
    path = f"{network}/network"
    if existing is not None and not existing.adopt:
        yield make(context, path, PRIVATE_NETWORK, {}, existing=existing.id)
        return
    yield make(
        context,
        path,
        PRIVATE_NETWORK,
        {
            "name": native_name(context, network),
            "vpcId": ref(VPC_PATH),
            "ipv4Subnet": {"subnet": str(context.address_range(network))},
            "enableDefaultRoutePropagation": goes_out(context, network),
        },
        fixed=True,
        after=FILTERS,
        adopt=existing.id if existing else None,
    )


def goes_out(context: Context, network: str) -> bool:
    """Whether a network opts in to the default route: a machine of it may reach a store or a range outside, by what no other space says."""
    if context.expanded.is_closed(network):
        return False
    return network in context.egress_networks or any(
        store_openings(context, machine) for machine in machines_of(context.expanded, network)
    )


_latest: list[tuple[Expanded, dict[str, list[str]]]] = []
"""Machines by network, of the platform that is being lowered."""


def machines_of(expanded: Expanded, network: str) -> list[str]:
    """Machines of a network, sorted."""
    if not _latest or _latest[0][0] is not expanded:
        found: dict[str, list[str]] = {}
        for machine in expanded.machines:
            found.setdefault(network_path(machine) or "", []).append(machine)
        _latest[:] = [(expanded, found)]
    return _latest[0][1].get(network, [])


def observe_networks(reader: Reader, people: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Every network element: its ranges, where it lies, and how people get in.

    Args:
        reader: the native resources.
        people: by network, how people get into it.
    """
    found = {}
    for element, natives in reader.elements(PRIVATE_NETWORK, "network", frozenset({f"{OUTSIDE}/network"})).items():
        ranges = sorted({str(one) for native in natives for one in ranges_of(native.properties)})
        found[element] = {
            "kind": "network",
            "address_range": ", ".join(ranges) or None,
            # Names lie below `internal`, which is no domain of one's own.
            "domain": None,
            "entry": people.get(element),
            "flow_logs": False,
            "members": None,
            **reader.place(natives),
            "native": reader.paths(element),
        }
    return found


def ranges_of(properties: Mapping[str, Any]) -> list[ipaddress.IPv4Network]:
    """The IPv4 range of a Private Network; a state has more beside it."""
    subnet = (properties.get("ipv4Subnet") or {}).get("subnet")
    return [ipaddress.IPv4Network(subnet, strict=False)] if isinstance(subnet, str) and subnet else []
