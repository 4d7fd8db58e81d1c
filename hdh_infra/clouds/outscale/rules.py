"""Filters: one security group a machine element, made empty, and each opening as a resource of its own.

Both ends of a flow open for it. Within a Net a rule names the other group; across a peering the fixed address of each
replica, because a group is known in its own Net only (FCU, AuthorizeSecurityGroupEgress: "destination security groups
for the same VPC", read 2026-11-25). What a machine may reach beyond the platform, and its stores, is one set of rules a
machine, because EC2 refuses a second rule that says the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from hdh_infra.clouds.base import Context, ServiceFlow
from hdh_infra.clouds.crossing import openings_outside, store_openings
from hdh_infra.clouds.filters import ports_of, span_name
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.outscale.naming import GROUP, RULE, make
from hdh_infra.clouds.outscale.network import network_node, store_way
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path

OWN_NET = "the machine's own Net"
METADATA = ipaddress.IPv4Network("169.254.169.254/32")
_READ = "2026-11-25"
_NAMES = "docs.outscale.com/en/userguide/About-Nets.html: of each Subnet the first addresses are OUTSCALE's own; About-DHCP-Options.html: OutscaleProvidedDNS"
_DHCP = "docs.outscale.com/en/userguide/About-DHCP-Options.html"
_METADATA = "docs.outscale.com/en/userguide/Configuring-a-VM-with-User-Data-and-OUTSCALE-Tags.html; official OMIs: datasource Ec2 at http://169.254.169.254:80"
SERVICE_FLOWS = (
    ServiceFlow("name resolution", OWN_NET, "udp", (53,), _NAMES, _READ),
    ServiceFlow("name resolution", OWN_NET, "tcp", (53,), _NAMES, _READ),
    ServiceFlow("addresses by DHCP", OWN_NET, "udp", (67,), _DHCP, _READ),
    ServiceFlow("metadata", str(METADATA), "tcp", (80,), _METADATA, _READ),
)
"""What each machine needs of OUTSCALE itself."""


def group_path(machine: str) -> str:
    """Path of a machine element's security group."""
    return f"{machine}/filter"


def lower_filter(context: Context, machine: str) -> Iterator[Node]:
    """A machine's group, what the cloud itself needs, its way to stores, and what is beyond the platform."""
    network = network_path(machine) or ""
    yield make(
        context,
        group_path(machine),
        GROUP,
        {
            "vpcId": ref(network_node(network)),
            "groupName": native_name(context, machine),
            "description": f"Filter of {machine}",
        },
        fixed=True,
    )
    for flow in SERVICE_FLOWS:
        peer = str(context.address_range(network)) if flow.address == OWN_NET else flow.address
        path = f"{machine}/service/{flow.to.replace(' ', '-')}-{flow.protocol}"
        (span, *_) = ports_of(flow.ports)
        yield lower_rule(context, path, machine, "egress", flow.protocol, span, {"cidrBlock": peer})
    for protocol, ports in sorted(store_openings(context, machine).items()):
        for span in ports:
            path = f"{machine}/stores/{protocol}-{span_name(span)}"
            peers = {"prefixListId": ref(store_way(network), "prefixListId")}
            yield lower_rule(context, path, machine, "egress", protocol, span, peers)
    for (prefix, protocol), ports in sorted(openings_outside(context, machine, {}).items()):
        for span in ports:
            path = f"{machine}/outside/{protocol}-{span_name(span)}-{prefix.replace('/', '-')}"
            yield lower_rule(context, path, machine, "egress", protocol, span, {"cidrBlock": prefix})


def lower_link(context: Context, link: Link) -> Iterator[Node]:
    """Both openings of a flow between machines; one to a store is the machine's own, by its way to stores."""
    if link.to in context.expanded.stores:
        return
    base = f"{link.owner}/flow/{link.slug}"
    near = network_path(link.source) == network_path(link.to)
    for span in ports_of(link.ports):
        for word, direction, mine, theirs in (
            ("out", "egress", link.source, link.to),
            ("in", "ingress", link.to, link.source),
        ):
            path = f"{base}/{word}/{span_name(span)}"
            if near:
                peer = {"peerGroupId": ref(group_path(theirs))}
                yield lower_rule(context, path, mine, direction, link.protocol, span, peer)
                continue
            for index, address in enumerate(context.addresses(theirs)):
                far = {"cidrBlock": f"{address}/32"}
                yield lower_rule(context, f"{path}/{index}", mine, direction, link.protocol, span, far)


def lower_rule(
    context: Context,
    path: str,
    machine: str,
    direction: str,
    protocol: str,
    ports: tuple[int, int],
    peer: Mapping[str, Value],
) -> Node:
    """One opening of a machine's group, for one range of ports and one peer: a range, a group, or a service's list of prefixes."""
    low, high = ports
    return make(
        context,
        path,
        RULE,
        {
            "groupId": ref(group_path(machine)),
            "direction": direction,
            "protocol": protocol,
            "fromPort": low,
            "toPort": high,
            **peer,
        },
        fixed=True,
    )
