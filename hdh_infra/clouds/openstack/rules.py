"""Filters: one security group a machine element, closed at first, and each opening as a resource of its own.

Both ends of a flow open for it: the source's group lets it out and the destination's lets it in, each naming
the other group, so that no address is trusted. What a machine may reach beyond the platform is one set of
rules a machine, because Neutron refuses a second rule that says the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from hdh_infra.clouds.base import Context, ServiceFlow
from hdh_infra.clouds.crossing import openings_outside
from hdh_infra.clouds.endpoint import store_addresses
from hdh_infra.clouds.filters import Ports, ports_of, span_name
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.crossing import need_path, needs_of, store_openings
from hdh_infra.clouds.openstack.exits import passes_endpoint, passes_stores
from hdh_infra.clouds.openstack.lacks import has_address_groups
from hdh_infra.clouds.openstack.naming import ADDRESS_GROUP, GROUP, RULE, make
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path

OWN_SUBNET = "the machine's own subnet"
_READ = "2026-11-23"
_METADATA_SOURCE = "docs.openstack.org/nova/latest/user/metadata.html"
_DHCP = "docs.openstack.org/neutron/latest/admin/intro-os-networking.html: the DHCP agent answers in the subnet"
SERVICE_FLOWS = (
    ServiceFlow("name resolution", OWN_SUBNET, "udp", (53,), _DHCP, _READ),
    ServiceFlow("name resolution", OWN_SUBNET, "tcp", (53,), _DHCP, _READ),
    ServiceFlow("addresses by DHCP", OWN_SUBNET, "udp", (67,), _DHCP, _READ),
    ServiceFlow("metadata", "169.254.169.254/32", "tcp", (80,), _METADATA_SOURCE, _READ),
)
"""What each machine needs of OpenStack itself; the clock comes from the host."""
METADATA = ipaddress.IPv4Network("169.254.169.254/32")
ANYWHERE = "0.0.0.0/0"


def group_path(machine: str) -> str:
    """Path of a machine element's security group."""
    return f"{machine}/filter"


def lower_filter(context: Context, machine: str) -> Iterator[Node]:
    """A machine's group, what the cloud itself needs, and what is beyond the platform."""
    yield make(
        context,
        group_path(machine),
        GROUP,
        {
            "name": native_name(context, machine),
            "description": f"Filter of {machine}",
            # Without this word Neutron adds rules that let everything out.
            "deleteDefaultRules": True,
        },
    )
    yield from lower_service_rules(context, machine)
    stores = _direct(context, store_openings(context, machine))
    outside = openings_outside(context, machine, stores, store_addresses(context))
    for (prefix, protocol), ports in sorted(outside.items()):
        for low, high in ports:
            path = f"{machine}/outside/{protocol}-{span_name((low, high))}-{prefix.replace('/', '-')}"
            peer = {"remoteIpPrefix": prefix}
            yield lower_rule(
                context, path, group_path(machine), "egress", protocol=protocol, ports=(low, high), peer=peer
            )


def lower_service_rules(context: Context, machine: str) -> Iterator[Node]:
    """What the cloud itself needs, out of the group of a machine or of a network's proxy."""
    subnet = str(context.address_range(network_path(machine) or ""))
    for flow in SERVICE_FLOWS:
        peer = {"remoteIpPrefix": subnet if flow.address == OWN_SUBNET else flow.address}
        path = f"{machine}/service/{flow.to.replace(' ', '-')}-{flow.protocol}"
        (span, *_) = ports_of(flow.ports)
        yield lower_rule(context, path, group_path(machine), "egress", protocol=flow.protocol, ports=span, peer=peer)


def lower_needs(context: Context, space: str) -> Iterator[Node]:
    """What a space alone lets a zone's machine reach: rules of the space's own in the machine's group.

    Neutron refuses a second rule that says the same, so that two spaces could not both open a range. Each names a group
    of addresses of its own, with the endpoint's in it: no two rules are then the same. Where there are no such groups
    nothing is opened.
    """
    if not has_address_groups(context.site):
        return
    for machine, need in needs_of(context, space).items():
        openings = _direct(context, need.openings)
        if not openings:
            continue
        base = need_path(space, machine)
        addresses = f"{base}/addresses"
        yield make(
            context,
            addresses,
            ADDRESS_GROUP,
            {
                "name": native_name(context, addresses),
                "description": f"What {space} lets {machine} reach",
                "addresses": list(store_addresses(context)),
            },
        )
        for protocol, ports in sorted(openings.items()):
            for low, high in ports:
                path = f"{base}/outside/{protocol}-{span_name((low, high))}"
                peer = {"remoteAddressGroupId": ref(addresses)}
                yield lower_rule(
                    context, path, group_path(machine), "egress", protocol=protocol, ports=(low, high), peer=peer
                )


def lower_link(context: Context, link: Link) -> Iterator[Node]:
    """Both openings of a flow between machines."""
    base = f"{link.owner}/flow/{link.slug}"
    mine, theirs = group_path(link.source), group_path(link.to)
    to, source = {"remoteGroupId": ref(theirs)}, {"remoteGroupId": ref(mine)}
    for low, high in ports_of(link.ports):
        name, ports = span_name((low, high)), (low, high)
        yield lower_rule(context, f"{base}/out/{name}", mine, "egress", protocol=link.protocol, ports=ports, peer=to)
        yield lower_rule(
            context, f"{base}/in/{name}", theirs, "ingress", protocol=link.protocol, ports=ports, peer=source
        )


def _direct(context: Context, openings: Mapping[str, Ports]) -> Mapping[str, Ports]:
    """Openings to stores, by protocol, that machines have themselves: none of those that go through a proxy."""
    proxied = passes_stores(context.site) or passes_endpoint(context.site)
    return {protocol: ports for protocol, ports in openings.items() if not (proxied and protocol == "tcp")}


def lower_rule(
    context: Context,
    path: str,
    group: str,
    direction: str,
    *,
    protocol: str,
    ports: tuple[int, int],
    peer: Mapping[str, Value],
) -> Node:
    """One opening of a group, for one range of ports and one peer: a range, a group, or a group of addresses."""
    low, high = ports
    return make(
        context,
        path,
        RULE,
        {
            "securityGroupId": ref(group),
            "direction": direction,
            "ethertype": "IPv4",
            "protocol": protocol,
            "portRangeMin": low,
            "portRangeMax": high,
            **peer,
        },
        fixed=True,
    )
