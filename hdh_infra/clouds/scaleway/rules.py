"""The VPC's list: the one document that decides what passes between Private Networks, made from all flows.

Rules are read from the top and the first that means a packet decides; they are stateless, so each opening has one more rule for
the answers (scaleway/docs-content pages/vpc/reference-content/understanding-nacls.mdx, 2025-03-26). A rule names its source ports,
since the provider sends 0 to 0 for none, which no packet has (measured by a public lab of 2026-08 on a real account). Every Private
Network also has a range of IPv6 that nobody can refuse: a second list drops all of it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from hdh_infra.clouds.base import Context, ServiceFlow
from hdh_infra.clouds.crossing import store_openings
from hdh_infra.clouds.filters import ANYWHERE, ports_of
from hdh_infra.clouds.scaleway.naming import ACL, make
from hdh_infra.clouds.scaleway.network import FILTERS, VPC_PATH, goes_out
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path

ANSWERS = (32768, 65535)
"""Ports that Linux opens connections from, and so gets answers on (net.ipv4.ip_local_port_range)."""
EVERY_PORT = (0, 65535)
SERVICE_ADDRESS = "169.254.169.254/32"
METADATA_ADDRESS = "169.254.42.42/32"
_DNS = "scaleway/docs-content pages/vpc/reference-content/dns.mdx and concepts.mdx: DHCP and names at 169.254.169.254, which no list filters"
_READ = "2026-11-25"
SERVICE_FLOWS = (
    ServiceFlow("name resolution", SERVICE_ADDRESS, "udp", (53,), _DNS, _READ),
    ServiceFlow("name resolution", SERVICE_ADDRESS, "tcp", (53,), _DNS, _READ),
    ServiceFlow("addresses by DHCP", SERVICE_ADDRESS, "udp", (67,), _DNS, _READ),
    ServiceFlow("metadata", METADATA_ADDRESS, "tcp", (80,), "scaleway/docs-content pages/instances/how-to/use-cloud-init.mdx", _READ),
)  # fmt: skip
"""What each machine needs of Scaleway itself; none of it can be filtered."""
_Range = ipaddress.IPv4Network


def lower_filter(context: Context) -> Iterator[Node]:
    """Both lists of the VPC: what the flows ask by IPv4, and nothing by IPv6."""
    yield make(
        context,
        FILTERS[0],
        ACL,
        {"vpcId": ref(VPC_PATH), "isIpv6": False, "defaultPolicy": "drop", "rules": list(_rules(context))},
    )
    yield make(
        context,
        FILTERS[1],
        ACL,
        {
            "vpcId": ref(VPC_PATH),
            "isIpv6": True,
            "defaultPolicy": "drop",
            "rules": [_rule("ANY", "::/0", EVERY_PORT, "::/0", EVERY_PORT, "drop")],
        },
    )


def _rules(context: Context) -> Iterator[Value]:
    """Openings between machines, then the platform's addresses closed to each other, then the ways outside."""
    inside = {one for link in context.expanded.links for one in _between(context, link)}
    for protocol, source, to, ports in sorted(inside):
        yield from _both(protocol, source, to, ports)
    outside = {one for link in context.expanded.egress for one in _outwards(context, link)} | set(_to_stores(context))
    if not outside:
        return
    # A way outside is written to every address, and must not mean the platform's own.
    space = context.expanded.platform.network.address_space
    yield _rule("ANY", space, EVERY_PORT, space, EVERY_PORT, "drop")
    for protocol, source, to, ports in sorted(outside):
        yield from _both(protocol, source, to, ports)


_Opening = tuple[str, str, str, tuple[int, int]]


def _between(context: Context, link: Link) -> Iterator[_Opening]:
    """One flow between machines of two networks; inside one network nothing filters."""
    if link.to in context.expanded.stores or network_path(link.source) == network_path(link.to):
        return
    for source in _ranges(context, link.source):
        for to in _ranges(context, link.to):
            for ports in ports_of(link.ports):
                yield link.protocol.upper(), str(source), str(to), ports


def _outwards(context: Context, link: Link) -> Iterator[_Opening]:
    for source in _ranges(context, link.source):
        for ports in ports_of(link.ports):
            yield link.protocol.upper(), str(source), link.to, ports


def _to_stores(context: Context) -> Iterator[_Opening]:
    """By patterns, as the default route itself, so that a network's way is whole; the endpoint's addresses are not known."""
    for machine in context.expanded.machines:
        if not goes_out(context, network_path(machine) or ""):
            continue
        for protocol, spans in store_openings(context, machine).items():
            for source in _ranges(context, machine):
                for ports in spans:
                    yield protocol.upper(), str(source), str(ANYWHERE), ports


def _ranges(context: Context, machine: str) -> Iterable[_Range]:
    """Addresses of a machine in the fewest ranges: the list has room for few rules."""
    return ipaddress.collapse_addresses(_Range(int(one)) for one in context.addresses(machine))


def _both(protocol: str, source: str, to: str, ports: tuple[int, int]) -> Iterator[Value]:
    yield _rule(protocol, source, EVERY_PORT, to, ports, "accept")
    yield _rule(protocol, to, ports, source, ANSWERS, "accept")


def _rule(
    protocol: str, source: str, source_ports: tuple[int, int], to: str, ports: tuple[int, int], action: str
) -> Value:
    return {
        "protocol": protocol,
        "source": source,
        "srcPortLow": source_ports[0],
        "srcPortHigh": source_ports[1],
        "destination": to,
        "dstPortLow": ports[0],
        "dstPortHigh": ports[1],
        "action": action,
    }
