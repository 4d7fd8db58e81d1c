"""One network for the platform with a subnet for each zone and space, its routes and names, and reading networks back.

One network, because a rule knows machines by their accounts inside one network only, and because a bucket's filter of sources names
networks: with a network a space each bucket of a zone would have to name every space (law 4), and a network has 25 peerings. Google
routes between all subnets of a network, so that what keeps spaces apart are the rules (`rules`), which are there before any subnet.
A network of one's own has no way outside but by routes that are asked: Google's default route is deleted as the network is made.
Of a bastion and a proxy (`beside`) the routes are their own.

Sources, read 2026-11-25: documentation.s3ns.fr/vpc/docs/tpc-differences (2026-08-11: no default network, addresses of the APIs),
cloud.google.com/vpc/docs/configure-private-google-access, cloud.google.com/vpc/docs/quota.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.s3ns.identities import lower_disk_agent
from hdh_infra.clouds.s3ns.names import lower_domain, observe_domains
from hdh_infra.clouds.s3ns.naming import (
    NAT,
    NETWORK,
    RECORD,
    ROUTE,
    ROUTER,
    SUBNET,
    ZONE,
    make,
    native_name,
    region,
    rule_name,
)
from hdh_infra.clouds.s3ns.reading import Reader, listed
from hdh_infra.clouds.s3ns.roles import lower_roles
from hdh_infra.clouds.s3ns.rules import CLOSED, NETWORK_PATH, lower_closed, lower_key_ways
from hdh_infra.clouds.s3ns.shared import outside_ranges, services_range
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.paths import PLATFORM

ROUTER_PATH = f"{PLATFORM}/router"
SERVICES_PATH = f"{PLATFORM}/services"
GATEWAY = "default-internet-gateway"
_SECONDS = 300


def lower_platform(context: Context) -> Iterator[Node]:
    """The network, closed, and what all of it shares: the way to the APIs, their names, agents, roles."""
    yield make(
        context,
        NETWORK_PATH,
        NETWORK,
        {
            "name": native_name(context, NETWORK_PATH),
            "autoCreateSubnetworks": False,
            "deleteDefaultRoutesOnCreate": True,
            "routingMode": "REGIONAL",
            "enableUlaInternalIpv6": False,
            # Said, although it is the default: the last word of the rules is then the last word of all.
            "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
        },
    )
    yield from lower_closed(context)
    yield _route(context, f"{PLATFORM}/route/services", services_range(context))
    yield from _service_names(context)
    yield from lower_domain(context)
    yield lower_disk_agent(context)
    yield from lower_roles(context)
    ranges = outside_ranges(context)
    if ranges:
        yield make(
            context,
            ROUTER_PATH,
            ROUTER,
            {"name": native_name(context, ROUTER_PATH), "network": ref(NETWORK_PATH), "region": region(context)},
        )
        for one in ranges:
            yield _route(context, f"{PLATFORM}/route/{one.replace('/', '-')}", one)


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space: its subnet, its way out where one is asked, and its machines' ways to keys."""
    subnet = subnet_path(network)
    yield make(
        context,
        subnet,
        SUBNET,
        {
            "name": native_name(context, network),
            "network": ref(NETWORK_PATH),
            "region": region(context),
            "ipCidrRange": str(context.address_range(network)),
            "privateIpGoogleAccess": True,
            "stackType": "IPV4_ONLY",
        },
        after=CLOSED,
    )
    if network in context.egress_networks:
        path = f"{network}/outbound/nat"
        yield make(
            context,
            path,
            NAT,
            {
                "name": rule_name(context, path),
                "router": ref(ROUTER_PATH, "name"),
                "region": region(context),
                "natIpAllocateOption": "AUTO_ONLY",
                "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
                "subnetworks": [{"name": ref(subnet), "sourceIpRangesToNats": ["PRIMARY_IP_RANGE"]}],
            },
        )
    yield from lower_key_ways(context, network)


def subnet_path(network: str) -> str:
    """Path of a network element's subnet."""
    return f"{network}/subnet"


def _route(context: Context, path: str, to: str) -> Node:
    return make(
        context,
        path,
        ROUTE,
        {
            "name": rule_name(context, path),
            "network": ref(NETWORK_PATH),
            "destRange": to,
            "nextHopGateway": GATEWAY,
            "priority": 1000,
        },
    )


def _service_names(context: Context) -> Iterator[Node]:
    """Names of the APIs, answered inside the network with their guarded addresses and not with public ones."""
    domain = str(context.site.offer.native["universe_domain"])
    own = f"restricted.{domain}."
    yield make(
        context,
        SERVICES_PATH,
        ZONE,
        {
            "name": native_name(context, SERVICES_PATH),
            "dnsName": f"{domain}.",
            "visibility": "private",
            "privateVisibilityConfig": {"networks": [{"networkUrl": ref(NETWORK_PATH)}]},
            "forceDestroy": False,
        },
        outputs=("name",),
    )
    addresses = [str(one) for one in ipaddress.IPv4Network(services_range(context))]
    for label, name, kind, data in (
        ("addresses", own, "A", addresses),
        ("all", f"*.{domain}.", "CNAME", [own]),
    ):
        properties: dict[str, Value] = {
            "managedZone": ref(SERVICES_PATH, "name"),
            "name": name,
            "type": kind,
            "ttl": _SECONDS,
            "rrdatas": data,
        }
        yield make(context, f"{SERVICES_PATH}/{label}", RECORD, properties)


def observe_networks(
    reader: Reader, logged: Mapping[str, bool], people: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Every network element: the ranges of its subnet, where it lies, and whether its connections are written down.

    Args:
        reader: the native resources.
        logged: by native path of a subnet, whether every rule for it writes down what it decides.
        people: by network, how people get into it.
    """
    domains = observe_domains(reader)
    found: dict[str, dict[str, Any]] = {}
    for native in reader.natives.of_type(SUBNET):
        more = [str(one.get("ipCidrRange")) for one in listed(native.properties.get("secondaryIpRanges"))]
        found[native.element] = {
            "kind": "network",
            "address_range": ", ".join([str(native.properties.get("ipCidrRange")), *more]),
            "domain": domains.get(native.element),
            "entry": people.get(native.element),
            "flow_logs": logged.get(native.path, False),
            "members": None,
            **reader.place([native]),
            "native": reader.paths(native.element),
        }
    return found
