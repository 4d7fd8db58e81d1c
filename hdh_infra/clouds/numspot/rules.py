"""Filters: one security group a machine element, closed at first, and each opening as a resource of its own.

Both ends of a flow open for it. The provider's rules know address ranges and no groups (`numspot_security_group_rule` has
`ip_range` alone), so each names the other end's machines by their fixed addresses. A group of a VPC is born with a rule that
lets everything out; the provider deletes it when it makes the group (internal/core/security_groups.go, CreateSecurityGroup,
read 2026-11-25). `inboundRules` and `outboundRules` of a group are not stated: they are the whole list, and would
take away what the single rules add.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hdh_infra.clouds.base import Context, ServiceFlow
from hdh_infra.clouds.crossing import need_path, needs_of, openings_outside, store_openings
from hdh_infra.clouds.endpoint import store_addresses
from hdh_infra.clouds.filters import ports_of, span_name
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.numspot.naming import GROUP, RULE, make
from hdh_infra.clouds.numspot.network import vpc_path
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path

IN, OUT = "Inbound", "Outbound"
OWN_SUBNET = "the machine's own subnet"
METADATA = ipaddress.IPv4Network("169.254.169.254/32")
_READ = "2026-11-25"
_VPC = "numspot/docs docs/docs/network/vpc/concepts.mdx: the second address of a subnet is the VPC's router, the third its name server"
_METADATA = "numspot/docs docs/docs/compute/vms/actions/metadata-user-data.mdx"
SERVICE_FLOWS = (
    ServiceFlow("name resolution", OWN_SUBNET, "udp", (53,), _VPC, _READ),
    ServiceFlow("name resolution", OWN_SUBNET, "tcp", (53,), _VPC, _READ),
    ServiceFlow("addresses by DHCP", OWN_SUBNET, "udp", (67,), _VPC, _READ),
    ServiceFlow("metadata", str(METADATA), "tcp", (80,), _METADATA, _READ),
)
"""What each machine needs of NumSpot itself; its clock is the customer's matter: time servers lie outside (same page)."""
_SERVERS = 4
"""Addresses of a subnet that are NumSpot's own, the first ones: the router and the name server are among them."""


def group_path(machine: str) -> str:
    """Path of a machine element's security group."""
    return f"{machine}/filter"


def lower_filter(context: Context, machine: str) -> Iterator[Node]:
    """A machine's group, what the cloud itself needs, and what is beyond the platform."""
    network = network_path(machine) or ""
    yield make(
        context,
        group_path(machine),
        GROUP,
        {
            "name": native_name(context, machine),
            "description": f"Filter of {machine}",
            "vpcId": ref(vpc_path(context, network)),
        },
        name=native_name(context, machine),
        fixed=True,
    )
    servers = own_servers(context.address_range(network))
    for flow in SERVICE_FLOWS:
        peer = servers if flow.address == OWN_SUBNET else flow.address
        path = f"{machine}/service/{flow.to.replace(' ', '-')}-{flow.protocol}"
        (span, *_) = ports_of(flow.ports)
        yield lower_rule(context, path, machine, OUT, flow.protocol, span, peer)
    outside = openings_outside(context, machine, store_openings(context, machine), store_addresses(context))
    for (prefix, protocol), ports in sorted(outside.items()):
        for span in ports:
            path = f"{machine}/outside/{protocol}-{span_name(span)}-{prefix.replace('/', '-')}"
            yield lower_rule(context, path, machine, OUT, protocol, span, prefix)


def own_servers(subnet: ipaddress.IPv4Network) -> str:
    """The addresses of a subnet that NumSpot answers at itself: no machine ever has one."""
    return f"{subnet.network_address}/{32 - (_SERVERS.bit_length() - 1)}"


def lower_needs(context: Context, space: str) -> Iterator[Node]:
    """What a space alone lets a zone's machine reach: rules of the space's own in the machine's group."""
    for machine, need in needs_of(context, space).items():
        base = need_path(space, machine)
        for protocol, ports in sorted(need.openings.items()):
            for span in ports:
                for prefix in store_addresses(context):
                    path = f"{base}/outside/{protocol}-{span_name(span)}-{prefix.replace('/', '-')}"
                    yield lower_rule(context, path, machine, OUT, protocol, span, prefix)


def lower_link(context: Context, link: Link) -> Iterator[Node]:
    """Both openings of a flow between machines: one rule for each replica at the other end."""
    if link.to in context.expanded.stores:
        return
    base = f"{link.owner}/flow/{link.slug}"
    for span in ports_of(link.ports):
        for direction, here, there in ((OUT, link.source, link.to), (IN, link.to, link.source)):
            for index, address in enumerate(context.addresses(there)):
                path = f"{base}/{'out' if direction == OUT else 'in'}/{span_name(span)}/{index}"
                yield lower_rule(context, path, here, direction, link.protocol, span, f"{address}/32")


def lower_rule(
    context: Context, path: str, machine: str, direction: str, protocol: str, span: tuple[int, int], peer: str
) -> Node:
    """One opening of a machine's group, for one range of ports and one range of addresses."""
    low, high = span
    return make(
        context,
        path,
        RULE,
        {
            "securityGroupId": ref(group_path(machine)),
            "flow": direction,
            "ipProtocol": protocol,
            "fromPortRange": low,
            "toPortRange": high,
            "ipRange": peer,
        },
        fixed=True,
    )
