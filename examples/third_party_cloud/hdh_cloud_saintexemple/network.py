"""Networks: OpenStack's, with the size of frames that the hospital's tunnels leave, and a passage through its inner firewall.

A passage lets a network's range out to the other hall. Left to itself the firewall would let the hospital's own networks in,
too, so that `inbound` is stated; what is read back says where it is not as the plan states it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.cloud import lower_network as lower_on_openstack
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives
from hdh_infra.graph.values import ref

PROVIDER = "saintexemple"
NETWORK = "openstack:networking/network:Network"
SUBNET = "openstack:networking/subnet:Subnet"
PASSAGE = "saintexemple:index/passage:Passage"


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space as on OpenStack; a network that the plan makes says its size of frames, which the offer knows."""
    frames = context.site.offer.native["mtu"]
    for node in lower_on_openstack(context, network):
        made = node.type == NETWORK and node.existing is None
        yield dataclasses.replace(node, properties={**node.properties, "mtu": frames}) if made else node
        if node.type == NETWORK:
            yield Node(
                path=f"{network}/passage",
                type=PASSAGE,
                provider=PROVIDER,
                properties={
                    "name": context.named(network, f"{context.name}-{network.replace('/', '-')}"),
                    "networkId": ref(node.path, "id"),
                    "range": str(context.address_range(network)),
                    "inbound": False,
                },
            )


def observe_passages(natives: Natives) -> Iterator[str]:
    """What of the passages is not as a platform wants it: remarks, since no element has a word for a firewall outside of it."""
    for passage in natives.of_type(PASSAGE):
        if passage.properties.get("inbound") is not False:
            yield f"{passage.path} lets the hospital's own networks in as far as the platform's filters do"
        owner = natives.follow(passage.properties.get("networkId"))
        ranges = [
            subnet.properties.get("cidr")
            for subnet in natives.of_type(SUBNET)
            if owner is not None and natives.follow(subnet.properties.get("networkId")) is owner
        ]
        if passage.properties.get("range") not in ranges:
            yield f"{passage.path} is of a range that its network does not have"
