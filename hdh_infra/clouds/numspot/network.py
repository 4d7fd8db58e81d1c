"""Networks as subnets of one VPC, their ways out, and reading them back.

One VPC, because a bridge between two has its routes inside the route tables of both ends, so that a zone's table would
name each space's bridge (law 4); and because a bridge wants a machine in each. Within it every subnet reaches every
other by the local route: the filters keep them apart, also within a subnet, which a tag of the VPC switches on
(numspot/docs, network/vpc/concepts.mdx, read 2026-11-25). A VPC is as wide as a /16 at most; a network whose range lies
outside it has a VPC of its own, and no way to the others.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import has_machines, reaches_stores
from hdh_infra.clouds.filters import ANYWHERE, Network
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.numspot.naming import (
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    PUBLIC_IP,
    ROUTE_TABLE,
    SUBNET,
    VPC,
    make,
    zone,
)
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM

VPC_PATH = f"{PLATFORM}/vpc"
GATEWAY_PATH = f"{PLATFORM}/gateway"
NAT_PATH = f"{PLATFORM}/nat"
FILTERED = "osc.fcu.enable_lan_security_groups"
"""The tag by which security groups hold between machines of one subnet too; its value means nothing, and it must be there
before the first subnet. The provider tags a VPC before it says that it is made."""
_WIDEST = 16
_EXIT_LENGTH = 28
"""Sixteen addresses: the smallest subnet that there is (docs.outscale.com, About VPCs: NumSpot's API is Outscale's)."""


def vpc_range(context: Context) -> Network:
    """The range of the platform's VPC: its address space, or the first /16 of a wider one."""
    space = ipaddress.IPv4Network(context.expanded.platform.network.address_space)
    return space if space.prefixlen >= _WIDEST else next(space.subnets(new_prefix=_WIDEST))


def exit_range(context: Context) -> Network:
    """The range of the subnet that the NAT gateway stands in: the last of the VPC's, which the lock gives away last."""
    whole = vpc_range(context)
    size = 2 ** (32 - max(_EXIT_LENGTH, whole.prefixlen))
    return ipaddress.IPv4Network((int(whole.broadcast_address) + 1 - size, 32 - size.bit_length() + 1))


def is_inside(context: Context, network: str) -> bool:
    """Whether a network lies in the platform's VPC: not with a range beyond it, and not on the NAT gateway's."""
    own = context.address_range(network)
    return own.subnet_of(vpc_range(context)) and not own.overlaps(exit_range(context))


def vpc_path(context: Context, network: str) -> str:
    """Path of the VPC that a network lies in."""
    return VPC_PATH if is_inside(context, network) else f"{network}/vpc"


def leads_out(context: Context, network: str) -> bool:
    """Whether a network's table has a route to the NAT gateway: a zone with machines, for a space's own flow may ask it; a space whose machines go outside or to stores."""
    if not is_inside(context, network):
        return False
    if not network.startswith("space/"):
        return has_machines(context, network)
    return network in context.egress_networks or reaches_stores(context, network)


def lower_platform(context: Context) -> Iterator[Node]:
    """The VPC and its one way outside: always there, for it opens nothing by itself and no space's flow must change it."""
    yield _vpc(context, VPC_PATH, vpc_range(context))
    name = native_name(context, PLATFORM)
    yield make(context, GATEWAY_PATH, INTERNET_GATEWAY, {"vpcId": ref(VPC_PATH)}, name=name)
    subnet, table, address = (f"{NAT_PATH}/{part}" for part in ("subnet", "routes", "address"))
    yield _subnet(context, subnet, VPC_PATH, exit_range(context), f"{name}-nat")
    route = {"destinationIpRange": str(ANYWHERE), "gatewayId": ref(GATEWAY_PATH)}
    yield make(
        context,
        table,
        ROUTE_TABLE,
        {"vpcId": ref(VPC_PATH), "subnetIds": [ref(subnet)], "routes": [route]},
        name=f"{name}-nat",
    )
    yield make(context, address, PUBLIC_IP, {}, name=f"{name}-nat")
    yield make(
        context,
        f"{NAT_PATH}/gateway",
        NAT_GATEWAY,
        {"publicIpId": ref(address), "subnetId": ref(subnet)},
        name=name,
        # Without the route to the internet gateway it would stay pending.
        after=(table,),
        fixed=True,
    )


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space: its subnet, and a table of its own where it leads outside; without one, the VPC's main table, which is local."""
    vpc = vpc_path(context, network)
    name = native_name(context, network)
    if vpc != VPC_PATH:
        yield _vpc(context, vpc, context.address_range(network))
    subnet = f"{network}/subnet"
    yield _subnet(context, subnet, vpc, context.address_range(network), name)
    if leads_out(context, network):
        route = {"destinationIpRange": str(ANYWHERE), "natGatewayId": ref(f"{NAT_PATH}/gateway")}
        yield make(
            context,
            f"{network}/routes",
            ROUTE_TABLE,
            {"vpcId": ref(vpc), "subnetIds": [ref(subnet)], "routes": [route]},
            name=name,
        )


def _vpc(context: Context, path: str, addresses: Network) -> Node:
    return make(
        context,
        path,
        VPC,
        {"ipRange": str(addresses), "tenancy": "default", "tags": [{"key": FILTERED, "value": "true"}]},
        name=native_name(context, path),
    )


def _subnet(context: Context, path: str, vpc: str, addresses: Network, name: str) -> Node:
    return make(
        context,
        path,
        SUBNET,
        {
            "vpcId": ref(vpc),
            "ipRange": str(addresses),
            "availabilityZoneName": zone(context),
            "mapPublicIpOnLaunch": False,
        },
        name=name,
        fixed=True,
    )


def observe_networks(
    reader: Reader, people: Mapping[str, str], apart: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every network element: the ranges of its subnets, where they lie, and how people get in.

    Args:
        reader: the native resources.
        people: by network, how people get into it.
        apart: native paths of subnets that a bastion or proxy has to itself: no machine has addresses there.
    """
    return {
        element: {
            "kind": "network",
            "address_range": ", ".join(sorted(str(one.properties.get("ipRange")) for one in subnets)) or None,
            "domain": None,
            "entry": people.get(element),
            "flow_logs": False,
            "members": None,
            **reader.place(subnets),
            "native": reader.paths(element),
        }
        for element, subnets in reader.elements(SUBNET, "network", apart).items()
    }
