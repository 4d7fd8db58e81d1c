"""A subnet of its own beside a network, for the one machine by which people come in, or by which the network's machines get out.

It lies in the platform's VPC, within which every subnet reaches every other: what passes, the groups of both ends say, which name
addresses. A network that lies beyond that VPC, or whose further range does, has no such machine, for no way outside leads there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ANYWHERE, Network, ports_of
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.numspot.compute import image_id
from hdh_infra.clouds.numspot.naming import GROUP, ROUTE_TABLE, SUBNET, VM, make, zone
from hdh_infra.clouds.numspot.network import GATEWAY_PATH, NAT_PATH, VPC_PATH, is_inside
from hdh_infra.clouds.numspot.rules import OUT, OWN_SUBNET, SERVICE_FLOWS, lower_rule, own_servers
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import base64_text, ref

_OWN = 4
"""Of a subnet the first four addresses are NumSpot's own."""
_MINUTES = {"create": "30m", "update": "30m", "delete": "30m"}


def has_place(context: Context, network: str, beside: str) -> bool:
    """Whether such a machine can stand beside a network.

    Args:
        context: what the lowering reads.
        network: the zone or space.
        beside: where the lock has the further range.
    """
    return is_inside(context, network) and beside in context.lock.addresses and is_inside(context, beside)


def own_address(addresses: Network) -> ipaddress.IPv4Address:
    """Where the machine stands in the range of its subnet."""
    return addresses[_OWN]


def lower_place(context: Context, base: str, addresses: Network, *, public: bool) -> Iterator[Node]:
    """The subnet with a way outside, and the machine's group with what the cloud itself needs.

    Args:
        context: what the lowering reads.
        base: what all paths begin with, without the last slash.
        addresses: of the subnet.
        public: whether the way outside is by an address of the machine's own; else by the platform's NAT gateway.
    """
    name = native_name(context, base)
    yield make(
        context,
        f"{base}/subnet",
        SUBNET,
        {
            "vpcId": ref(VPC_PATH),
            "ipRange": str(addresses),
            "availabilityZoneName": zone(context),
            "mapPublicIpOnLaunch": False,
        },
        name=name,
        fixed=True,
    )
    way = {"gatewayId": ref(GATEWAY_PATH)} if public else {"natGatewayId": ref(f"{NAT_PATH}/gateway")}
    yield make(
        context,
        f"{base}/routes",
        ROUTE_TABLE,
        {
            "vpcId": ref(VPC_PATH),
            "subnetIds": [ref(f"{base}/subnet")],
            "routes": [{"destinationIpRange": str(ANYWHERE), **way}],
        },
        name=name,
    )
    yield make(
        context,
        f"{base}/filter",
        GROUP,
        {"name": name, "description": f"Filter of {base}", "vpcId": ref(VPC_PATH)},
        name=name,
        fixed=True,
    )
    servers = own_servers(addresses)
    for flow in SERVICE_FLOWS:
        peer = servers if flow.address == OWN_SUBNET else flow.address
        path = f"{base}/service/{flow.to.replace(' ', '-')}-{flow.protocol}"
        (span, *_) = ports_of(flow.ports)
        yield lower_rule(context, path, base, OUT, flow.protocol, span, peer)


def lower_server(context: Context, base: str, addresses: Network, chosen: str, user_data: str) -> Node:
    """The machine; other user data make it anew.

    The provider would stop the VM, write them down and start it (internal/core/vm.go, UpdateVMAttributes, read 2026-11-26), while
    cloud-init reads them at the first start only: what is told would no more be what runs.

    Args:
        context: what the lowering reads.
        base: what all paths begin with, without the last slash.
        addresses: of its subnet.
        chosen: the path by which the lock chose flavour and image.
        user_data: what its first start is told.
    """
    return make(
        context,
        f"{base}/server",
        VM,
        {
            "imageId": image_id(context, chosen),
            "type": context.flavour(chosen).name,
            "subnetId": ref(f"{base}/subnet"),
            "privateIps": [str(own_address(addresses))],
            "securityGroupIds": [ref(f"{base}/filter")],
            "placement": {"availabilityZoneName": zone(context), "tenancy": "default"},
            "initiatedShutdownBehavior": "stop",
            "nestedVirtualization": False,
            "userData": base64_text(user_data),
        },
        name=native_name(context, base),
        after=(f"{base}/routes",),
        fixed=True,
        ignore=("imageId",),
        anew=("userData",),
        timeouts=_MINUTES,
    )
