"""Zones and spaces as networks with one subnet each, the router that joins those with flows, and reading them back.

Security groups and their rules are in `rules`; who can reach whom is read in `traffic`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.crossing import leaves
from hdh_infra.clouds.openstack.lacks import has_routers
from hdh_infra.clouds.openstack.names import lower_domain, observe_domains
from hdh_infra.clouds.openstack.naming import GET_NETWORK, NETWORK, PROVIDER, ROUTER, ROUTER_INTERFACE, SUBNET, make
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, lookup, ref
from hdh_infra.model.paths import PLATFORM

ROUTER_PATH = f"{PLATFORM}/router"
_GATEWAY = 1


def external_network(context: Context, output: str = "id") -> Value:
    """Id or name of the network that leads outside, asked at deploy time: by its name where one is known, else by what it is."""
    native = context.site.offer.native
    name = context.settings.external_network
    if name is None and native["external_network_by"] == "name":
        name = native["external_network"]
    args: dict[str, Value] = {"external": True} if name is None else {"name": name, "external": True}
    return lookup(GET_NETWORK, args, output, PROVIDER)


def lower_platform(context: Context) -> Iterator[Node]:
    """The zone of names, and the one router with a way outside; always there, for it opens nothing by itself and no space's flow must change it."""
    if has_routers(context.site):
        properties: dict[str, Value] = {
            "name": native_name(context, ROUTER_PATH),
            "adminStateUp": True,
            "externalNetworkId": external_network(context),
        }
        yield make(context, ROUTER_PATH, ROUTER, properties)
    yield from lower_domain(context)


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space: its network, its subnet, and its interface on the router where a flow leaves it.

    A network that is named instead of made is only referred to, or taken over where the spec says so; the subnet, and
    what hangs on it, are the plan's.
    """
    addresses = context.address_range(network)
    existing = context.existing(network)
    if existing is not None and not existing.adopt:
        yield make(context, f"{network}/network", NETWORK, {}, existing=existing.id)
    else:
        yield make(
            context,
            f"{network}/network",
            NETWORK,
            {
                "name": native_name(context, network),
                "adminStateUp": True,
                # Said, although it is Neutron's default: older projects of some clouds have networks without it.
                "portSecurityEnabled": True,
            },
            adopt=existing.id if existing else None,
        )
    yield make(
        context,
        f"{network}/subnet",
        SUBNET,
        {
            "name": native_name(context, network),
            "networkId": ref(f"{network}/network"),
            "cidr": str(addresses),
            "ipVersion": 4,
            # Where nothing joins networks, a gateway would be an address that nobody answers at.
            **({"gatewayIp": str(addresses[_GATEWAY])} if has_routers(context.site) else {"noGateway": True}),
            "enableDhcp": True,
            # Machines have fixed addresses in the lower half; what Neutron gives by itself comes from the upper.
            "allocationPools": [
                {
                    "start": str(ipaddress.IPv4Address(int(addresses.network_address) + addresses.num_addresses // 2)),
                    "end": str(ipaddress.IPv4Address(int(addresses.broadcast_address) - 1)),
                }
            ],
        },
        fixed=True,
    )
    if leaves(context, network):
        yield make(
            context,
            interface_path(network),
            ROUTER_INTERFACE,
            {"routerId": ref(ROUTER_PATH), "subnetId": ref(f"{network}/subnet")},
            fixed=True,
        )


def interface_path(network: str) -> str:
    """Path of a network's interface on the router."""
    return f"{network}/route"


def observe_networks(
    reader: Reader, people: Mapping[str, str], apart: Collection[str] = frozenset()
) -> dict[str, dict[str, Any]]:
    """Every network element: the ranges of its subnets, where it lies, and how people get in.

    Args:
        reader: the native resources.
        people: by network, how people get into it.
        apart: native paths of networks that a bastion has to itself: no machine has addresses there.
    """
    ranges: dict[str, list[str]] = {}
    for subnet in reader.natives.of_type(SUBNET):
        network = reader.follow(subnet.properties.get("networkId"), NETWORK)
        cidr = subnet.properties.get("cidr")
        if network is not None and network.path not in apart and cidr:
            ranges.setdefault(network.element, []).append(str(cidr))
    networks = reader.elements(NETWORK, "network", apart)
    domains = observe_domains(reader, networks)
    return {
        element: {
            "kind": "network",
            "address_range": ", ".join(sorted(ranges.get(element, []))) or None,
            "domain": domains.get(element),
            "entry": people.get(element),
            "flow_logs": False,
            "members": None,
            **reader.place(natives),
            "native": reader.paths(element),
        }
        for element, natives in networks.items()
    }
