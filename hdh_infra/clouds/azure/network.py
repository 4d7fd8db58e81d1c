"""Zones and spaces as virtual networks, what joins them, and the way out where one is asked.

Subnets, rules, peerings and links of names are resources of their own and never stand inside another's
properties, where two writers would undo each other's work. This module reads networks back; who can reach
whom is read in `traffic`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hdh_infra.clouds.azure.addresses import lower_public_address
from hdh_infra.clouds.azure.audit import lower_administration_log, lower_diagnostics
from hdh_infra.clouds.azure.backup import lower_vaults
from hdh_infra.clouds.azure.bastion import PART as ENTRY
from hdh_infra.clouds.azure.bastion import SUBNET as ENTRY_SUBNET
from hdh_infra.clouds.azure.bastion import has_bastion, lower_bastion
from hdh_infra.clouds.azure.firewall import PART as EXIT
from hdh_infra.clouds.azure.firewall import SUBNET as EXIT_SUBNET
from hdh_infra.clouds.azure.firewall import has_firewall, lower_firewall_subnet, next_hop
from hdh_infra.clouds.azure.flow_logs import lower_flow_log, lower_flow_log_writer
from hdh_infra.clouds.azure.hosts import blob_zone
from hdh_infra.clouds.azure.log_search import SEARCH, is_searched, lower_log_search
from hdh_infra.clouds.azure.names import lower_domain, lower_domain_link, lower_link_of_names, observe_domains
from hdh_infra.clouds.azure.naming import (
    PLATFORM_GROUP,
    dashed,
    dotted,
    group,
    home,
    make,
    network_group,
    network_words,
    region,
    shortened,
    virtual_network,
)
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.clouds.azure.roles import lower_roles
from hdh_infra.clouds.azure.routes import CLOSED, lower_closed_routes, lower_routes
from hdh_infra.clouds.azure.rules import closed, lower_filter, lower_rules
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.azure.subnets import lower_subnet
from hdh_infra.clouds.azure.ways import lower_ways
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.services import entry_range, exit_range

BLOB_ZONE = f"{PLATFORM}/blob-zone"
_LONGEST_NAME = 80
_SERVICES = frozenset({ENTRY_SUBNET.lower(), EXIT_SUBNET.lower()})
"""Names of the subnets, in small letters, that a service of Azure has to itself."""


def lower_platform(context: Context) -> Iterator[Node]:
    """The platform's group and zone of names; and all peerings and rules, each under the space that it is for.

    The zone of names is always there, so that the first store of a space changes nothing shared (law 4).
    """
    existing = context.existing("group")
    read = existing is not None and not existing.adopt
    yield make(
        context,
        PLATFORM_GROUP,
        "resources:ResourceGroup",
        {
            "resourceGroupName": group(context, PLATFORM),
            **({} if read else {"location": region(context)}),
        },
        existing=existing.id if existing and read else None,
        adopt=existing.id if existing and not read else None,
    )
    yield make(
        context,
        BLOB_ZONE,
        "privatedns:PrivateZone",
        {
            "resourceGroupName": group(context, PLATFORM),
            "privateZoneName": blob_zone(context.site),
            "location": "Global",
        },
        after=(PLATFORM_GROUP,),
    )
    yield lower_closed_routes(context)
    yield from lower_domain(context)
    yield from lower_roles(context)
    yield from lower_administration_log(context)
    yield from lower_log_search(context)
    if is_searched(context):
        yield from lower_diagnostics(context, SEARCH, "operationalinsights:Workspace")
    yield from lower_vaults(context, PLATFORM)
    yield from lower_flow_log_writer(context, PLATFORM)
    yield from _peerings(context)
    yield from lower_rules(context)


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space: its group, virtual network, filters and subnets, and the way out where one is asked."""
    name, common = group(context, network), {"resourceGroupName": group(context, network)}
    if home(network) != PLATFORM_GROUP:
        yield make(
            context,
            home(network),
            "resources:ResourceGroup",
            {"resourceGroupName": name, "location": region(context)},
        )
        yield from lower_vaults(context, network)
    spec = context.expanded.networks[network]
    halves = list(context.address_range(network).subnets(prefixlen_diff=1))
    yield _network(context, network)
    if not (existing := context.existing(network)) or existing.adopt:
        yield from lower_diagnostics(context, f"{network}/network", "network:VirtualNetwork")
    named = has_firewall(context, network)
    exits = network in context.egress_networks and not named
    if exits:
        yield from _way_out(context, network, common)
    yield from lower_firewall_subnet(context, network)
    yield from lower_routes(context, network, exits=exits, hop=next_hop(network) if named else None)
    yield from lower_filter(context, network, "machines")
    own = f"{network}/routes" if exits or named else CLOSED
    yield _subnet(context, network, "machines", halves[0], after=(), exits=exits, table=own)
    if network in shared(context).with_stores:
        yield from lower_filter(context, network, "endpoints")
        # Two writers of one virtual network at a time are refused, so the subnets wait for each other.
        yield _subnet(
            context, network, "endpoints", halves[1], after=(f"{network}/subnet/machines",), exits=False, table=CLOSED
        )
    yield from lower_bastion(context, network, after=_subnets(context, network)[-2:-1])
    if spec.machines:
        yield lower_link_of_names(context, f"{network}/names", blob_zone(context.site), network, after=BLOB_ZONE)
    yield from lower_domain_link(context, network)
    yield from lower_ways(context, network, shared(context).ways.get(network, {}))
    yield from lower_flow_log(context, network)


def _subnets(context: Context, network: str) -> tuple[str, ...]:
    """Paths of a network's subnets, in the order in which they are made."""
    parts = [EXIT] if has_firewall(context, network) else []
    parts.append("machines")
    if network in shared(context).with_stores:
        parts.append("endpoints")
    if has_bastion(context, network):
        parts.append(ENTRY)
    return tuple(f"{network}/subnet/{part}" for part in parts)


def _ranges(context: Context, network: str) -> list[str]:
    """The ranges of a virtual network: its own, and one of each service that stands in it."""
    services = [entry_range(network)] if has_bastion(context, network) else []
    services += [exit_range(network)] if has_firewall(context, network) else []
    return [str(context.address_range(network)), *(str(context.service_range(one)) for one in services)]


def _network(context: Context, network: str) -> Node:
    """The virtual network; of one that is there already only its names, so that nothing of it is changed."""
    names: dict[str, Value] = {
        "resourceGroupName": network_group(context, network),
        "virtualNetworkName": virtual_network(context, network),
    }
    path, kind, existing = f"{network}/network", "network:VirtualNetwork", context.existing(network)
    if existing and not existing.adopt:
        return make(context, path, kind, names, existing=existing.id)
    return make(
        context,
        path,
        kind,
        {
            **names,
            "location": region(context),
            "addressSpace": {"addressPrefixes": _ranges(context, network)},
            "enableDdosProtection": False,
            "privateEndpointVNetPolicies": "Disabled",
        },
        after=(home(network),),
        adopt=existing.id if existing else None,
    )


def lower_egress(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing of its own: the way out is the network's, and the rule stands among the network's rules."""
    del context, link
    return ()


def _subnet(
    context: Context,
    network: str,
    part: str,
    addresses: ipaddress.IPv4Network,
    *,
    after: tuple[str, ...],
    exits: bool,
    table: str,
) -> Node:
    further: dict[str, Value] = {
        "networkSecurityGroup": {"id": ref(f"{network}/filter/{part}")},
        "routeTable": {"id": ref(table)},
    }
    node = lower_subnet(context, network, part, addresses, further, after=(*closed(network, part), *after))
    if not exits:
        return node
    return replace(node, properties={**node.properties, "natGateway": {"id": ref(f"{network}/outbound/gateway")}})


def _way_out(context: Context, network: str, common: Mapping[str, Value]) -> Iterator[Node]:
    address, gateway = f"{network}/outbound/address", f"{network}/outbound/gateway"
    words = network_words(context, network)
    yield from lower_public_address(context, network, address, "pip")
    yield make(
        context,
        gateway,
        "network:NatGateway",
        {
            **common,
            "natGatewayName": shortened(f"nat-{words}", _LONGEST_NAME),
            "location": region(context),
            "sku": {"name": "Standard"},
            "idleTimeoutInMinutes": 4,
            "publicIpAddresses": [{"id": ref(address)}],
        },
        after=(home(network),),
    )


def _peerings(context: Context) -> Iterator[Node]:
    """Both halves of a peering for every two networks that a link joins, each once and each whose the links are.

    Between two spaces that both open connections to the other, each has the half that lies in its own network.
    """
    pairs: dict[tuple[str, str], set[str]] = {}
    for link in context.expanded.links:
        source, to = network_path(link.source) or "", network_path(link.to) or ""
        if source != to:
            one, other = sorted((source, to))
            owner = link.owner if link.owner.startswith("space/") else one
            pairs.setdefault((one, other), set()).add(owner)
    for (one, other), owners in sorted(pairs.items()):
        first, *more = sorted(owners)
        far = other if first == one else one
        subnets = (*_subnets(context, one), *_subnets(context, other))
        there = _half(first, first, far, "there")
        back = _half(far, far, first, "there") if more else _half(first, first, far, "back")
        yield _peering(context, there, first, far, subnets)
        yield _peering(context, back, far, first, (*subnets, there))


def _half(owner: str, source: str, to: str, which: str) -> str:
    return f"{owner}/peering/{dotted(source)}-{dotted(to)}/{which}"


def _peering(context: Context, path: str, source: str, to: str, after: tuple[str, ...]) -> Node:
    one, other = sorted((source, to))
    before = _half(one, one, other, "there" if source == one else "back")
    node = make(
        context,
        path,
        "network:VirtualNetworkPeering",
        {
            "resourceGroupName": network_group(context, source),
            "virtualNetworkName": virtual_network(context, source),
            "virtualNetworkPeeringName": f"to-{dashed(to)}",
            "remoteVirtualNetwork": {"id": ref(f"{to}/network")},
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": False,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
        },
        after=(f"{source}/network", *after),
    )
    # Those of two spaces were once all with the first by name.
    return node if path == before else replace(node, aliases=(before,))


def observe_networks(reader: Reader, people: Mapping[str, str], logged: Collection[str]) -> dict[str, dict[str, Any]]:
    """Every network element: the addresses and the place of its virtual network, and the names in it.

    Args:
        reader: the native resources.
        people: by native path, how people get into a network.
        logged: native paths of the networks whose connections are written down.
    """
    found: dict[str, dict[str, Any]] = {}
    domains = observe_domains(reader)
    for native in reader.of("network:VirtualNetwork"):
        location = native.properties.get("location")
        services = {
            one.properties.get("addressPrefix")
            for one in reader.children(native, "network:Subnet")
            if reader.name(one).lower() in _SERVICES
        }
        # A range that one of Azure's own services has to itself is none that machines have addresses in.
        given = [str(one) for one in listed(got(native, "addressSpace.addressPrefixes"))]
        prefixes = [one for one in given if one not in services]
        found[native.element] = {
            "kind": "network",
            "address_range": ", ".join(prefixes) or None,
            "domain": domains.get(native.path),
            "entry": people.get(native.path),
            "flow_logs": native.path in logged,
            "members": None,
            "country": reader.country(location),
            "region": place(location),
            "native": reader.paths(native.element),
        }
    return found


__all__ = [
    "BLOB_ZONE",
    "blob_zone",
    "lower_egress",
    "lower_network",
    "lower_platform",
    "observe_networks",
]
