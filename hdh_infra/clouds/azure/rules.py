"""Filters: security groups and their rules, from links to rules and from rules to what a packet meets.

A rule is a node named after its place and not after what it opens: `.../rule/zone.lake.endpoints/in/0` has one
fixed priority for ever, and what it opens may change in place. A rule named after its flow would be made
with a priority that the rule it replaces still holds, which ARM refuses. Each space has its own places in
the filters of others, derived from its address range, which the lock never gives to another; so a space
added or removed changes no other space's rule (law 4). Links of one space with the same ends share a rule.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hdh_infra.clouds.azure.audit import lower_diagnostics
from hdh_infra.clouds.azure.naming import dashed, dotted, filter_name, group, make
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.azure.ways import PORT
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ALL_PORTS, Ports, union
from hdh_infra.errors import SpecError
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value
from hdh_infra.model.links import Link
from hdh_infra.model.paths import kind_of, network_path

Direction: TypeAlias = Literal["in", "out"]
PARTS = ("machines", "endpoints")
FIRST_PRIORITY = 100
LAST_PRIORITY = 4096
PLACES = 3
"""How many rules a space has in each direction of a filter that is not its own."""
OWNERS = 1200
"""How many spaces have places in one filter; Azure itself allows 1,000 rules in it and 500 peerings of its network."""
RESIDENT_PRIORITY = FIRST_PRIORITY + OWNERS * PLACES
"""From here on are the rules that belong to the filter's own network, or to the zones."""
ENTRY_PRIORITY = LAST_PRIORITY - 1
"""The rule that lets people in, by whatever the network has for them."""
EXIT_PRIORITY = ENTRY_PRIORITY - 1
"""The rule that lets packets to named hosts out, to a firewall that knows names."""
RESIDENTS = EXIT_PRIORITY - RESIDENT_PRIORITY
_WORDS = {"in": "Inbound", "out": "Outbound"}
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One direction of one filter, with whoever's rules are meant."""

    network: str
    part: str
    direction: Direction
    owner: str
    """The space whose rules they are; the network itself for its own and for those of zones."""


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """What one rule opens; ends are paths of elements, or an address range outside."""

    protocol: str
    ports: tuple[str, ...]
    sources: tuple[str, ...]
    to: tuple[str, ...]


def lower_rules(context: Context) -> Iterator[Node]:
    """Every rule of every filter, from all links, ways to keys and egress in one pass."""
    places: dict[Place, list[Opening]] = {}
    for link in context.expanded.links:
        opening = _opening(link)
        source, to = network_path(link.source) or "", network_path(link.to) or ""
        part = "endpoints" if kind_of(link.to) == "store" else "machines"
        places.setdefault(_place(source, "machines", "out", link.owner), []).append(opening)
        places.setdefault(_place(to, part, "in", link.owner), []).append(opening)
    for link in context.expanded.egress:
        source = network_path(link.source) or ""
        places.setdefault(_place(source, "machines", "out", source), []).append(_opening(link))
    for network, mine in shared(context).ways.items():
        for path, way in mine.items():
            opening = Opening("tcp", (str(PORT),), way.machines, (path,))
            places.setdefault(_place(network, "machines", "out", network), []).append(opening)
            places.setdefault(_place(network, "endpoints", "in", network), []).append(opening)
    indexes = _indexes(context)
    for place, openings in sorted(places.items()):
        resident = place.owner == place.network
        first = RESIDENT_PRIORITY if resident else FIRST_PRIORITY + indexes[place.owner] * PLACES
        rules = fitted(joined(openings), RESIDENTS if resident else PLACES)
        for number, opening in enumerate(rules):
            yield _rule(context, place, number, first + number, opening)


def lower_filter(context: Context, network: str, part: str) -> Iterator[Node]:
    """A network's filter with its last word: nothing passes, so that Azure's own default rules never speak."""
    path = f"{network}/filter/{part}"
    group_path = f"{network}/group" if network.startswith("space/") else "platform/group"
    common: dict[str, Value] = {"resourceGroupName": group(context, network)}
    yield make(
        context,
        path,
        "network:NetworkSecurityGroup",
        {
            **common,
            "networkSecurityGroupName": filter_name(context, network, part),
            "location": context.site.region.name,
        },
        after=(group_path,),
    )
    yield from lower_diagnostics(context, path, "network:NetworkSecurityGroup")
    for direction, word in _WORDS.items():
        yield make(
            context,
            f"{path}/deny-{direction}",
            "network:SecurityRule",
            {
                **common,
                "networkSecurityGroupName": filter_name(context, network, part),
                "securityRuleName": f"deny-{direction}",
                "priority": LAST_PRIORITY,
                "direction": word,
                "access": "Deny",
                "protocol": "*",
                "sourceAddressPrefix": "*",
                "sourcePortRange": "*",
                "destinationAddressPrefix": "*",
                "destinationPortRange": "*",
            },
            after=(path,),
        )


def closed(network: str, part: str) -> tuple[str, ...]:
    """Paths that a subnet waits for, so that none is ever open."""
    return tuple(f"{network}/filter/{part}{end}" for end in ("", "/deny-in", "/deny-out"))


def joined(openings: Sequence[Opening]) -> tuple[Opening, ...]:
    """The same openings in as few rules as say exactly the same: destinations with the same sources become one."""
    by_end: dict[tuple[str, tuple[str, ...], str], set[str]] = {}
    for opening in openings:
        for to in opening.to:
            by_end.setdefault((opening.protocol, opening.ports, to), set()).update(opening.sources)
    by_sources: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (protocol, ports, to), sources in sorted(by_end.items()):
        by_sources.setdefault((protocol, ports, tuple(sorted(sources))), []).append(to)
    return tuple(
        Opening(protocol, ports, sources, tuple(to)) for (protocol, ports, sources), to in sorted(by_sources.items())
    )


def fitted(openings: Sequence[Opening], room: int) -> tuple[Opening, ...]:
    """The openings in at most so many rules.

    Where a space has more in another's filter than it has places there, this side says them together, one
    rule a protocol. The other end of each is the space's own filter, which says them one by one, and a packet
    passes only what both let through: so the flows stay exact.
    """
    if len(openings) <= room:
        return tuple(openings)
    by_protocol: dict[str, list[Opening]] = {}
    for opening in openings:
        by_protocol.setdefault(opening.protocol, []).append(opening)
    return tuple(
        Opening(
            protocol,
            tuple(sorted({port for one in some for port in one.ports})),
            tuple(sorted({source for one in some for source in one.sources})),
            tuple(sorted({to for one in some for to in one.to})),
        )
        for protocol, some in sorted(by_protocol.items())
    )


def destination_ports(rule: Mapping[str, Any]) -> Ports:
    """The ports that a rule is about at the destination; those of the source are the sender's to choose."""
    given = [str(one) for one in rule.get("destinationPortRanges") or ()]
    if rule.get("destinationPortRange"):
        given.append(str(rule["destinationPortRange"]))
    if not given or "*" in given:
        return ALL_PORTS
    pairs: list[tuple[int, int]] = []
    for one in given:
        low, _, high = one.partition("-")
        pairs.append((max(1, int(low)), min(_LAST_PORT, int(high or low))))
    return union(pairs)


def _opening(link: Link) -> Opening:
    return Opening(link.protocol, tuple(str(port) for port in link.ports), (link.source,), (link.to,))


def _place(network: str, part: str, direction: Direction, owner: str) -> Place:
    resident = owner == network or not owner.startswith("space/")
    return Place(network, part, direction, network if resident else owner)


def _rule(context: Context, place: Place, number: int, priority: int, opening: Opening) -> Node:
    path = f"{place.owner}/rule/{dotted(place.network)}.{place.part}/{place.direction}/{number}"
    return make(
        context,
        path,
        "network:SecurityRule",
        {
            "resourceGroupName": group(context, place.network),
            "networkSecurityGroupName": filter_name(context, place.network, place.part),
            "securityRuleName": f"allow-{dashed(place.owner)}-{place.direction}-{number}",
            "priority": priority,
            "direction": _WORDS[place.direction],
            "access": "Allow",
            "protocol": opening.protocol.capitalize(),
            "sourceAddressPrefixes": _addresses(context, opening.sources),
            "sourcePortRange": "*",
            "destinationAddressPrefixes": _addresses(context, opening.to),
            "destinationPortRanges": list(opening.ports),
        },
        after=closed(place.network, place.part),
    )


def _addresses(context: Context, ends: Sequence[str]) -> list[str]:
    found: set[ipaddress.IPv4Network] = set()
    for end in ends:
        if network_path(end) is None:
            found.add(ipaddress.IPv4Network(end))
        else:
            found.update(ipaddress.IPv4Network(address) for address in context.addresses(end))
    return [str(one) for one in sorted(found)]


def _indexes(context: Context) -> Mapping[str, int]:
    """Each space's number in the filters of others: its place in the address space, which never changes.

    A range of one's own choice may lie beyond the numbers or between two of them; it takes the next free
    number from a digest of its path, after all others have theirs.
    """
    settings = context.expanded.platform.network
    base = int(ipaddress.IPv4Network(settings.address_space).network_address)
    size = 2 ** (32 - settings.prefix_length)
    taken: dict[int, str] = {}
    others: list[str] = []
    for network in context.expanded.networks:
        if not network.startswith("space/"):
            continue
        number, rest = divmod(int(context.address_range(network).network_address) - base, size)
        if rest == 0 and 0 <= number < OWNERS and number not in taken:
            taken[number] = network
        else:
            others.append(network)
    if len(taken) + len(others) > OWNERS:
        what = f"{len(taken) + len(others)} spaces, and a filter of Azure has places for {OWNERS}: use more platforms"
        raise SpecError([context.expanded.platform.problem(("spaces", "projects"), what)])
    for network in others:
        number = int(hashlib.sha256(network.encode()).hexdigest(), 16) % OWNERS
        while number in taken:
            number = (number + 1) % OWNERS
        taken[number] = network
    return {network: number for number, network in taken.items()}
