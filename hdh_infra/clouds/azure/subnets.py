"""Subnets: of machines, of private endpoints, and of services that want one to themselves; closed in the same way."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from hdh_infra.clouds.azure.naming import make, network_group, virtual_network
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value


def lower_subnet(
    context: Context,
    network: str,
    part: str,
    addresses: ipaddress.IPv4Network,
    further: Mapping[str, Value],
    *,
    after: Sequence[str],
    name: str | None = None,
) -> Node:
    """One subnet of a network.

    Args:
        context: what the lowering reads.
        network: zone or space.
        part: the last part of its path.
        addresses: its range.
        further: what is its own: filter, routes, gateway.
        after: what must be there before it, beside the network.
        name: its native name, where that is not the part's.
    """
    return make(
        context,
        f"{network}/subnet/{part}",
        "network:Subnet",
        {
            "resourceGroupName": network_group(context, network),
            "virtualNetworkName": virtual_network(context, network),
            "subnetName": name or part,
            "addressPrefix": str(addresses),
            **further,
            # Without this word every machine of the subnet has an address of Azure's to reach the Internet from.
            "defaultOutboundAccess": False,
            # With Azure's default, Disabled, no rule of the filter would act on a private endpoint.
            "privateEndpointNetworkPolicies": "Enabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        },
        after=(f"{network}/network", *after),
    )
