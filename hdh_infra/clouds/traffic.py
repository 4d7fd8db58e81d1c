"""What packets can do, told for one interface after another, and an observation made of it: the same wherever filters are machines' own.

A cloud reads its rules, routes and addresses; here nothing is read of any native property but a bucket's element.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple, final

from hdh_infra.clouds.base import ServiceFlow
from hdh_infra.clouds.buckets import BUCKET, remarks_on
from hdh_infra.clouds.doors import SESSIONS
from hdh_infra.clouds.endpoint import beyond_store, strangers
from hdh_infra.clouds.filters import (
    PROTOCOLS,
    Network,
    Ports,
    Rule,
    intersect,
    network_of,
    passes,
    ports_of,
    subtract,
    union,
    written,
)
from hdh_infra.clouds.reach import INTERNET, Interface
from hdh_infra.clouds.reading import Reader, Resources
from hdh_infra.graph.observation import Crossing, Native, Observation, ObservedFlow
from hdh_infra.graph.values import Value

EVERYTHING = (Rule("out", None), Rule("in", None))
"""Of an interface whose filter cannot be read."""


@final
@dataclass(frozen=True)
class Traffic:
    """What a packet can do."""

    flows: Sequence[ObservedFlow]
    egress: tuple[ObservedFlow, ...]
    entry: tuple[ObservedFlow, ...]
    public: Mapping[str, bool]
    """By element with a server, whether a public address leads to it."""
    service_flows: tuple[ObservedFlow, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    """By network, how people get into it."""
    apart: frozenset[str] = frozenset()
    """Native paths of servers and networks that are no machines and no elements: of bastions, of proxies."""


def observation(reader: Resources, elements: Mapping[str, dict[str, Any]], traffic: Traffic) -> Observation:
    """What native resources give, put together; elements and remarks sorted."""
    return Observation(
        target=str(reader.site.target),
        source=reader.natives.source,
        elements=dict(sorted(elements.items())),
        flows=traffic.flows,
        service_flows=traffic.service_flows,
        egress=traffic.egress,
        entry=traffic.entry,
        remarks=tuple(sorted({*reader.remarks, *remarks_on(reader.natives.of_type(BUCKET))})),
        unread=tuple(sorted(reader.unread)),
    )


def filter_of(
    reader: Reader, owner: Native, groups: Iterable[Value], token: str, rules: Mapping[str, tuple[Rule, ...]]
) -> tuple[frozenset[str], tuple[Rule, ...]]:
    """The groups that filter an interface, and all that they let through; one that cannot be read is taken for open.

    Args:
        reader: the native resources.
        owner: what has the groups.
        groups: what names them.
        token: the type of a group.
        rules: by the native path of a group.
    """
    names: set[str] = set()
    found: list[Rule] = []
    for value in groups:
        group = reader.follow(value, token)
        if group is None:
            reader.remarks.add(f"{owner.path} has a security group that is not among the resources: taken for open")
            found.extend(EVERYTHING)
        else:
            names.add(group.path)
            found.extend(rules[group.path])
    return frozenset(names), tuple(found)


def service_flows(
    interfaces: Iterable[Interface],
    known: Iterable[ServiceFlow],
    own: str,
    near: Callable[[Interface], ipaddress.IPv4Address | None],
) -> Iterator[ObservedFlow]:
    """What of the flows that a cloud itself needs the filters let out.

    Args:
        interfaces: of machines and of what is no machine.
        known: the cloud's own.
        own: its word for the range that an interface lies in.
        near: where in that range the cloud answers; None where no range is known.
    """
    needed = tuple(known)
    for one in interfaces:
        for flow in needed:
            probe = near(one) if flow.address == own else network_of(flow.address)[0]
            if probe is not None:
                ports = passes(one.rules, "out", flow.protocol, probe, frozenset())
                if ports := intersect(ports, ports_of(flow.ports)):
                    yield ObservedFlow(one.element, f"{flow.address} ({flow.to})", flow.protocol, written(ports))


def entry(
    interfaces: Iterable[Interface], public: AbstractSet[int], inside: Iterable[Network], doors: AbstractSet[int]
) -> Iterator[ObservedFlow]:
    """What anyone outside can open to a machine with a public address.

    Args:
        interfaces: of machines and of what is no machine.
        public: identities of those that a public address leads to.
        inside: the platform's own ranges.
        doors: identities of those of bastions.
    """
    own = tuple(inside)
    found: dict[tuple[str, str], Ports] = {}
    for one in interfaces:
        if id(one) not in public:
            continue
        for protocol in PROTOCOLS:
            for probe in strangers(one.rules, "in", own):
                ports = passes(one.rules, "in", protocol, probe, frozenset())
                if id(one) in doors and protocol == "tcp":
                    # That people come in by it is how the network's entry is told.
                    ports = subtract(ports, SESSIONS)
                if ports:
                    key = (one.element, protocol)
                    found[key] = union((*found.get(key, ()), *ports))
    for (element, protocol), ports in found.items():
        yield ObservedFlow(INTERNET, element, protocol, written(ports))


def entry_of_stores(buckets: Iterable[Native], endpoint: str) -> Iterator[ObservedFlow]:
    """Who can knock at a public endpoint: everybody; credentials, policies and lists decide who is let in."""
    for bucket in buckets:
        yield ObservedFlow(INTERNET, bucket.element, "tcp", (443,), (beyond_store(endpoint),))


@final
class Way(NamedTuple):
    """From one machine to some stores: ports, and what the same opening reaches beyond them."""

    source: str
    stores: frozenset[str]
    protocol: str
    ports: Ports
    beyond: frozenset[str]


def to_stores(
    interfaces: Iterable[Interface],
    opened: Callable[[str], Iterable[str]],
    reached: Callable[[Interface, str], tuple[Ports, tuple[str, ...]]],
) -> Iterator[Way]:
    """A machine reaches a store by itself where its packets come to the endpoint and its credentials open the bucket.

    Args:
        interfaces: of machines.
        opened: the stores that a machine may open.
        reached: by an interface and a protocol the ports of the endpoint, and what the same opening reaches beyond the store.
    """
    by_element: dict[str, list[Interface]] = {}
    for one in interfaces:
        by_element.setdefault(one.element, []).append(one)
    for element, mine in by_element.items():
        stores = frozenset(opened(element))
        if not stores:
            continue
        for protocol in PROTOCOLS:
            found = [reached(one, protocol) for one in mine]
            alike = all(one == found[0] for one in found)
            for index, (ports, beyond) in enumerate(found[:1] if alike else found):
                if ports:
                    name = element if alike else f"{element}[{index}]"
                    yield Way(name, stores, protocol, union(ports), frozenset(beyond))


def crossings(ways: Iterable[Way]) -> Iterator[Crossing]:
    """Ways to stores put together: one for each pair of ends and protocol, said once for all sources that have the same."""
    mine: dict[tuple[str, str], list[Way]] = {}
    for way in ways:
        mine.setdefault((way.source, way.protocol), []).append(way)
    alike: dict[tuple[frozenset[str], str, Ports, frozenset[str]], list[str]] = {}
    for (source, _), several in mine.items():
        for way in _apart(several) if len(several) > 1 else several:
            alike.setdefault(way[1:], []).append(source)
    for (stores, protocol, ports, beyond), sources in alike.items():
        yield Crossing(tuple(sorted(sources)), tuple(sorted(stores)), protocol, written(ports), tuple(sorted(beyond)))


def _apart(ways: Iterable[Way]) -> list[Way]:
    """The ways of one source by one protocol, so that no store is in two of them."""
    alike: dict[tuple[Ports, frozenset[str]], list[Way]] = {}
    for way in ways:
        alike.setdefault((way.ports, way.beyond), []).append(way)
    found: list[Way] = []
    for same in alike.values():
        way = same[0]._replace(stores=frozenset().union(*(one.stores for one in same)))
        left, split = way.stores, []
        for one in found:
            both = one.stores & left
            if rest := one.stores - both if both else one.stores:
                split.append(one._replace(stores=rest))
            if both:
                ports, beyond = union((*one.ports, *way.ports)), one.beyond | way.beyond
                split.append(one._replace(stores=both, ports=ports, beyond=beyond))
                left -= both
        if left:
            split.append(way._replace(stores=left))
        found = split
    return found
