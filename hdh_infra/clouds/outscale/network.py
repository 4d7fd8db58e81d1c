"""Zones and spaces as Nets, the ways between them and outwards, and reading them back.

Each zone and space is a Net of its own, and not a subnet of one Net: a Net's range is between /16 and /28 and can
neither be changed nor added to, so that an address space of /12 fits into none; and the Subnets of one Net always have
a route to each other, while two Nets have none until a peering and a route on both sides give them one
(docs.outscale.com/en/userguide: About-Nets, About-Net-Peerings, read 2026-11-25). Peerings lead to the two Nets only,
to no third one, and to no internet service of the other. Who can reach whom is read in `traffic`.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import has_machines, reaches_stores
from hdh_infra.clouds.naming import dotted
from hdh_infra.clouds.outscale.naming import (
    ADDRESS,
    ENDPOINT,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    VPC,
    make,
    subregion,
)
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path

FILTERED = "osc.fcu.enable_lan_security_groups"
"""Tag of a Net by which security groups count between machines of one Subnet too, whatever its value; it has to be there
before the first Subnet (docs.outscale.com/en/userguide/About-Security-Groups.html; github.com/outscale tests of TINA
and Terraform modules, read 2026-11-25). Without it machines of one Subnet reach each other on every port."""
EVERYWHERE = "0.0.0.0/0"
LAN: Mapping[str, str] = {FILTERED: "1"}
"""The tags of every Net."""


def network_node(network: str) -> str:
    """Path of a network's Net."""
    return f"{network}/network"


def subnet_path(network: str) -> str:
    """Path of the Subnet of a network's machines."""
    return f"{network}/subnet"


def table_path(network: str) -> str:
    """Path of the route table of a network's machines."""
    return f"{network}/routes"


def store_way(network: str) -> str:
    """Path of a network's access point of object storage."""
    return f"{network}/store-way"


def lower_platform(context: Context) -> Iterator[Node]:
    """All peerings with the routes on both sides, each under the space that it is for: a zone's table names no space of itself."""
    for (one, other), links in sorted(_joined(context).items()):
        owner = _owner(one, links)
        far = other if owner == one else one
        path = f"{owner}/peering/{dotted(far)}"
        nets: dict[str, Value] = {"vpcId": ref(network_node(owner)), "peerVpcId": ref(network_node(far))}
        yield make(context, path, PEERING, nets, fixed=True)
        for word, source, to in (("out", owner, far), ("back", far, owner)):
            yield make(
                context,
                f"{path}/{word}",
                ROUTE,
                {
                    "routeTableId": ref(table_path(source)),
                    "destinationCidrBlock": str(context.address_range(to)),
                    "vpcPeeringConnectionId": ref(path),
                },
                fixed=True,
            )


def _joined(context: Context) -> dict[tuple[str, str], list[Link]]:
    """Links between machines of two networks, by the two."""
    found: dict[tuple[str, str], list[Link]] = {}
    for link in context.expanded.links:
        if link.to not in context.expanded.stores:
            one, other = sorted((network_path(link.source) or "", network_path(link.to) or ""))
            if one != other:
                found.setdefault((one, other), []).append(link)
    return found


def _owner(one: str, links: Sequence[Link]) -> str:
    """Whose a peering is: the space's that asks the links; of two that ask, theirs who asks more of them, for two Nets have one peering only."""
    asked = Counter(link.owner if link.owner.startswith("space/") else one for link in links)
    return min(asked, key=lambda owner: (-asked[owner], owner))


def _halves(context: Context, network: str) -> tuple[ipaddress.IPv4Network, ipaddress.IPv4Network]:
    """The range of machines, and the one that a way out stands in; both are there from the first day, for a Subnet cannot change."""
    lower, upper = context.address_range(network).subnets(prefixlen_diff=1)
    return lower, upper


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space: its Net, the Subnet and routes of its machines, its way to stores, and a way out where one is asked."""
    lower, _ = _halves(context, network)
    net, subnet, table = network_node(network), subnet_path(network), table_path(network)
    yield make(
        context,
        net,
        VPC,
        {"cidrBlock": str(context.address_range(network)), "instanceTenancy": "default"},
        tags=LAN,
    )
    yield _subnet(context, subnet, network, lower)
    yield make(context, table, ROUTE_TABLE, {"vpcId": ref(net)})
    yield _association(context, f"{network}/routes-link", table, subnet)
    # A zone's is there with its machines: it opens nothing by itself, and no space's flow must change it.
    if reaches_stores(context, network) if network.startswith("space/") else has_machines(context, network):
        yield make(
            context,
            store_way(network),
            ENDPOINT,
            {
                "vpcId": ref(net),
                "serviceName": f"com.outscale.{context.site.service_region('compute')}.oos",
                "routeTableIds": [ref(table)],
            },
            outputs=("prefixListId",),
            fixed=True,
        )
    if network in context.egress_networks:
        yield from _way_out(context, network)


def _subnet(context: Context, path: str, network: str, addresses: ipaddress.IPv4Network) -> Node:
    return make(
        context,
        path,
        SUBNET,
        {
            "vpcId": ref(network_node(network)),
            "cidrBlock": str(addresses),
            "availabilityZone": subregion(context),
            "mapPublicIpOnLaunch": False,
        },
        fixed=True,
    )


def _association(context: Context, path: str, table: str, subnet: str) -> Node:
    return make(
        context, path, ROUTE_TABLE_ASSOCIATION, {"routeTableId": ref(table), "subnetId": ref(subnet)}, fixed=True
    )


def _way_out(context: Context, network: str) -> Iterator[Node]:
    """A NAT service in a Subnet of its own, which alone has a route to the internet service: machines get no public address."""
    _, upper = _halves(context, network)
    base = f"{network}/outbound"
    gateway, subnet, table = f"{base}/internet", f"{base}/subnet", f"{base}/routes"
    yield make(context, gateway, INTERNET_GATEWAY, {"vpcId": ref(network_node(network))}, fixed=True)
    yield _subnet(context, subnet, network, upper)
    yield make(context, table, ROUTE_TABLE, {"vpcId": ref(network_node(network))})
    yield _association(context, f"{base}/routes-link", table, subnet)
    yield make(
        context,
        f"{base}/route",
        ROUTE,
        {"routeTableId": ref(table), "destinationCidrBlock": EVERYWHERE, "gatewayId": ref(gateway)},
        fixed=True,
    )
    yield make(context, f"{base}/address", ADDRESS, {"domain": "vpc"}, outputs=("allocationId",))
    yield make(
        context,
        f"{base}/nat",
        NAT_GATEWAY,
        {"subnetId": ref(subnet), "allocationId": ref(f"{base}/address", "allocationId")},
        # A NAT service is refused where its Subnet has no route to the internet service yet.
        after=(f"{base}/route", f"{base}/routes-link"),
        fixed=True,
        timeouts={"create": "15m", "delete": "15m"},
    )
    yield make(
        context,
        f"{network}/way-out",
        ROUTE,
        {
            "routeTableId": ref(table_path(network)),
            "destinationCidrBlock": EVERYWHERE,
            "natGatewayId": ref(f"{base}/nat"),
        },
        fixed=True,
    )


def observe_networks(
    reader: Reader, people: Mapping[str, str], apart: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every network element: the range of its Net, where its Subnets lie, and how people get in.

    Args:
        reader: the native resources.
        people: by network, how people get into it.
        apart: native paths of Nets that a bastion has to itself: no machine has addresses there.
    """
    subnets: dict[str, list[Any]] = {}
    for subnet in reader.natives.of_type(SUBNET):
        net = reader.follow(subnet.properties.get("vpcId"), VPC)
        if net is not None:
            subnets.setdefault(net.path, []).append(subnet)
    found = {}
    for element, nets in reader.elements(VPC, "network", apart).items():
        for net in nets:
            if net.properties.get("instanceTenancy") == "dedicated":
                reader.remarks.add(f"{net.path}: its machines run on hosts of the account's own, at another price")
        ranges = sorted(str(net.properties["cidrBlock"]) for net in nets if net.properties.get("cidrBlock"))
        found[element] = {
            "kind": "network",
            "address_range": ", ".join(ranges) or None,
            "domain": None,
            "entry": people.get(element),
            "flow_logs": False,
            "members": None,
            **reader.place([one for net in nets for one in subnets.get(net.path, ())] or nets),
            "native": reader.paths(element),
        }
    return found
