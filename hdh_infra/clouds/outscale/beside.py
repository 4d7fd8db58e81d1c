"""A Net of its own beside a network, for the one machine by which people come in, or by which the network's machines get out.

Joined by a peering, which leads to no third Net: even where that machine is taken over, it reaches the network's machines alone, and
these only where their groups let its address in. It has the only public address, and what its group does not say passes nowhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import Network, ports_of
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.outscale.compute import image_id, system_disk
from hdh_infra.clouds.outscale.naming import (
    ADDRESS,
    ADDRESS_ASSOCIATION,
    GROUP,
    INSTANCE,
    INTERNET_GATEWAY,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    VPC,
    make,
    subregion,
)
from hdh_infra.clouds.outscale.network import EVERYWHERE, LAN, network_node, table_path
from hdh_infra.clouds.outscale.rules import OWN_NET, SERVICE_FLOWS, lower_rule
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref

_OWN = 4
"""Of a Subnet the first four addresses are OUTSCALE's own."""


def own_address(addresses: Network) -> ipaddress.IPv4Address:
    """Where the machine stands in the range of its Net."""
    return addresses[_OWN]


def lower_net(context: Context, network: str, base: str, addresses: Network, *, joined: bool) -> Iterator[Node]:
    """The Net with its Subnet, a way outside, and a way to the network's.

    Args:
        context: what the lowering reads.
        network: the zone or space.
        base: what all paths begin with, with the last slash.
        addresses: of the Net.
        joined: whether the network has machines to which, or from which, a way has to lead.
    """
    net, table = f"{base}network", f"{base}routes"
    yield make(context, net, VPC, {"cidrBlock": str(addresses), "instanceTenancy": "default"}, tags=LAN)
    yield make(
        context,
        f"{base}subnet",
        SUBNET,
        {
            "vpcId": ref(net),
            "cidrBlock": str(addresses),
            "availabilityZone": subregion(context),
            "mapPublicIpOnLaunch": False,
        },
        fixed=True,
    )
    yield make(context, f"{base}internet", INTERNET_GATEWAY, {"vpcId": ref(net)}, fixed=True)
    yield make(context, table, ROUTE_TABLE, {"vpcId": ref(net)})
    ends = {"routeTableId": ref(table), "subnetId": ref(f"{base}subnet")}
    yield make(context, f"{base}routes-link", ROUTE_TABLE_ASSOCIATION, ends, fixed=True)
    out = {"routeTableId": ref(table), "destinationCidrBlock": EVERYWHERE, "gatewayId": ref(f"{base}internet")}
    yield make(context, f"{base}way-out", ROUTE, out, fixed=True)
    if not joined:
        return
    peering = f"{base}peering"
    yield make(context, peering, PEERING, {"vpcId": ref(net), "peerVpcId": ref(network_node(network))}, fixed=True)
    for word, source, to in (
        ("out", table, str(context.address_range(network))),
        ("back", table_path(network), str(addresses)),
    ):
        way = {"routeTableId": ref(source), "destinationCidrBlock": to, "vpcPeeringConnectionId": ref(peering)}
        yield make(context, f"{peering}/{word}", ROUTE, way, fixed=True)


def lower_group(context: Context, base: str, addresses: Network, description: str) -> Iterator[Node]:
    """The machine's group, with what the cloud itself needs."""
    mine = base.rstrip("/")
    yield make(
        context,
        f"{base}filter",
        GROUP,
        {"vpcId": ref(f"{base}network"), "groupName": native_name(context, mine), "description": description},
        fixed=True,
    )
    for flow in SERVICE_FLOWS:
        peer = str(addresses) if flow.address == OWN_NET else flow.address
        path = f"{base}service/{flow.to.replace(' ', '-')}-{flow.protocol}"
        (span, *_) = ports_of(flow.ports)
        yield lower_rule(context, path, mine, "egress", flow.protocol, span, {"cidrBlock": peer})


def lower_server(context: Context, base: str, addresses: Network, chosen: str, user_data: Value) -> Iterator[Node]:
    """The machine and its public address.

    Args:
        context: what the lowering reads.
        base: what all paths begin with, with the last slash.
        addresses: of the Net.
        chosen: the path by which the lock chose flavour and image.
        user_data: what its first start is told.
    """
    properties: Mapping[str, Value] = {
        "imageId": image_id(context, chosen),
        "instanceType": context.flavour(chosen).name,
        "subnetId": ref(f"{base}subnet"),
        "privateIpAddress": str(own_address(addresses)),
        "securityGroupIds": [ref(f"{base}filter")],
        "placement": {"availabilityZone": subregion(context), "tenancy": "default"},
        "blockDeviceMappings": [system_disk(context, 0)],
        "sourceDestCheck": True,
        "disableApiTermination": False,
        "instanceInitiatedShutdownBehavior": "stop",
        "userData": user_data,
    }
    yield make(
        context,
        f"{base}server",
        INSTANCE,
        properties,
        after=(f"{base}routes-link", f"{base}way-out"),
        fixed=True,
        ignore=("imageId",),
        timeouts={"create": "30m", "delete": "30m"},
    )
    yield make(context, f"{base}address", ADDRESS, {"domain": "vpc"}, outputs=("allocationId",))
    yield make(
        context,
        f"{base}address-link",
        ADDRESS_ASSOCIATION,
        {"allocationId": ref(f"{base}address", "allocationId"), "instanceId": ref(f"{base}server")},
        # A public address is refused where no internet service belongs to the Net yet.
        after=(f"{base}internet",),
        fixed=True,
    )
