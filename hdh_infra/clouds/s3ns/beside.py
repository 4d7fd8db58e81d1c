"""The machines of a network that are no elements: its bastion, by which people come in, and its proxy, by which machines get out.

Each has an account of its own, by which rules know it, without any scope: it gets no token. It stands at one of the two addresses of the network's
range that Google and the lock leave free, has a public address, and the only route outside that leads everywhere, which is its own by a
network tag: a route knows machines by nothing else. Whoever may edit machines could give the tag to another one; without a
public address that one gets nowhere by it, and rules say what passes by accounts.

Sources, read 2026-11-26: documentation.s3ns.fr/vpc/docs/tpc-differences (2026-08-11: external addresses are regional, Premium Tier
alone), cloud.google.com/vpc/docs/routes (tags of a route; a way to the default gateway wants an external address),
cloud.google.com/vpc/docs/subnets (the first two and the last two addresses are Google's).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ANYWHERE
from hdh_infra.clouds.s3ns.identities import lower_account
from hdh_infra.clouds.s3ns.naming import ADDRESS, ROUTE, make, native_name, region, rule_name
from hdh_infra.clouds.s3ns.network import GATEWAY, subnet_path
from hdh_infra.clouds.s3ns.rules import CLOSED, NETWORK_PATH
from hdh_infra.clouds.s3ns.servers import METADATA, USER_DATA, instance_node, zone_of
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref

IMAGE = "ubuntu-24-04"
"""Of Debian's images it is not documented there that they run cloud-init, which reads what these machines are told."""
_TIER = "PREMIUM"
_DIGEST = 6


def lower_beside(
    context: Context,
    network: str,
    base: str,
    *,
    chosen: str,
    place: int,
    user_data: str,
    more: Mapping[str, Value] | None = None,
    anew: bool,
) -> Iterator[Node]:
    """Such a machine with its account, its public address and its route.

    Args:
        context: what the lowering reads.
        network: the zone or space.
        base: its path.
        chosen: the path by which the lock chose flavour and image.
        place: of its address in the network's range.
        user_data: what its first start is told.
        more: what it is told beside, that changes in place.
        anew: whether other user data make it anew; else a machine that is there keeps its own.
    """
    name = native_name(context, base)
    yield lower_account(context, base)
    yield make(
        context,
        f"{base}/address",
        ADDRESS,
        {
            "name": rule_name(context, f"{base}/address"),
            "region": region(context),
            "addressType": "EXTERNAL",
            "networkTier": _TIER,
            "ipVersion": "IPV4",
        },
        outputs=("address",),
    )
    route, tag = f"{base}/route", rule_name(context, base)
    yield make(
        context,
        route,
        ROUTE,
        {
            "name": rule_name(context, route),
            "network": ref(NETWORK_PATH),
            "destRange": str(ANYWHERE),
            "nextHopGateway": GATEWAY,
            "priority": 1000,
            "tags": [tag],
        },
    )
    if anew:
        # Metadata change in place, and cloud-init reads them once: another name is another machine.
        name = f"{name[:56]}-{hashlib.sha256(user_data.encode()).hexdigest()[:_DIGEST]}"
    yield instance_node(
        context,
        f"{base}/server",
        name=name,
        zone=zone_of(context, base),
        chosen=chosen,
        place={
            "subnetwork": ref(subnet_path(network)),
            "networkIp": str(beside_address(context, network, place)),
            "accessConfigs": [{"natIp": ref(f"{base}/address", "address"), "networkTier": _TIER}],
        },
        account=base,
        metadata={**METADATA, USER_DATA: user_data, **(more or {})},
        tags=[tag],
        after=(route, *CLOSED),
        ignore=() if anew else (f"metadata.{USER_DATA}",),
    )


def beside_address(context: Context, network: str, place: int) -> ipaddress.IPv4Address:
    """Where such a machine stands."""
    return context.address_range(network)[place]


def others_told(metadata: Mapping[str, Value], known: Sequence[str] = ()) -> list[str]:
    """What a machine is told beside what every one is told and what is known of it."""
    return sorted(metadata.keys() - {*METADATA, USER_DATA, *known})
