"""Networks: OpenStack's, with the size of frames that the hospital's tunnels between its two halls leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.cloud import lower_network as lower_on_openstack
from hdh_infra.graph.node import Node

NETWORK = "openstack:networking/network:Network"


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space as on OpenStack; a network that the plan makes says its size of frames, which the offer knows."""
    frames = context.site.offer.native["mtu"]
    for node in lower_on_openstack(context, network):
        made = node.type == NETWORK and node.existing is None
        yield dataclasses.replace(node, properties={**node.properties, "mtu": frames}) if made else node
