"""Public addresses: of a way out, a firewall or a bastion; no machine and no store has one."""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.azure.audit import lower_diagnostics
from hdh_infra.clouds.azure.naming import group, home, make, network_words, region, shortened
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node

_LONGEST_NAME = 80


def lower_public_address(context: Context, network: str, path: str, prefix: str) -> Iterator[Node]:
    """One standard address in all zones of the region, with its log.

    Args:
        context: what the lowering reads.
        network: zone or space that it is for.
        path: of its node.
        prefix: what its native name begins with.
    """
    zones = shared(context).zones
    yield make(
        context,
        path,
        "network:PublicIPAddress",
        {
            "resourceGroupName": group(context, network),
            "publicIpAddressName": shortened(f"{prefix}-{network_words(context, network)}", _LONGEST_NAME),
            "location": region(context),
            "sku": {"name": "Standard", "tier": "Regional"},
            "publicIPAllocationMethod": "Static",
            "publicIPAddressVersion": "IPv4",
            "idleTimeoutInMinutes": 4,
            **({"zones": zones} if zones else {}),
        },
        after=(home(network),),
    )
    yield from lower_diagnostics(context, path, "network:PublicIPAddress")
