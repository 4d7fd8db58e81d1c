"""Who can reach whom, as a packet would fare through what `wires` read: machines, stores, outwards, from outside.

Names and tags mean nothing here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import final

from hdh_infra.clouds.doors import SESSIONS
from hdh_infra.clouds.filters import (
    ANYWHERE,
    PROTOCOLS,
    Network,
    Ports,
    Rule,
    intersect,
    passes,
    ports_of,
    subtract,
    union,
    written,
)
from hdh_infra.clouds.openstack.bastion import observe_bastions
from hdh_infra.clouds.openstack.exit_reading import Exit, Through, element_of_end, joined, observe_exits
from hdh_infra.clouds.openstack.identities import Rights
from hdh_infra.clouds.openstack.naming import INSTANCE
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.rules import METADATA, OWN_SUBNET, SERVICE_FLOWS
from hdh_infra.clouds.openstack.storage import endpoint_name, is_public
from hdh_infra.clouds.openstack.wires import STRANGERS, Wires, exit_of
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.graph.observation import ObservedFlow

_HTTPS: Ports = ((443, 443),)
_LOCAL = tuple(ipaddress.IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918: no endpoint of a public offer has such an address."""


@final
@dataclass(frozen=True)
class Traffic:
    """What a packet can do."""

    flows: tuple[ObservedFlow, ...]
    service_flows: tuple[ObservedFlow, ...]
    egress: tuple[ObservedFlow, ...]
    entry: tuple[ObservedFlow, ...]
    public: Mapping[str, bool]
    """By element with a server, whether a public address leads to it."""
    people: Mapping[str, str]
    """By network, how people get into it."""
    apart: frozenset[str]
    """Native paths of the bastions' servers and networks, and of the proxies' servers."""


def observe_traffic(reader: Reader, rights: Mapping[str, Rights]) -> Traffic:
    """What the native rules let through, between machines, to stores, outwards and from outside."""
    wires = Wires(reader)
    servers = {native.element for native in reader.natives.of_type(INSTANCE) if exit_of(native) is None}
    public = {one.element for one in wires.interfaces if id(one) in wires.public}
    exits = observe_exits(reader, wires)
    to_all = [bucket.path for bucket in reader.buckets.values() if is_public(bucket)]
    through, between = Through(wires, exits, rights, to_all), []
    near = {*wires.subnets, *(one.network for one in wires.interfaces)}
    # A proxy's port on the outside itself is no second replica of it: no machine is on that network.
    beside = [one for _, one in (*wires.doors, *wires.exits) if one.network in near]
    for flow in flows([*wires.interfaces, *beside], wires.routed):
        if exits and element_of_end(flow.to) in exits:
            through.follow(flow)
        else:
            between.append(flow)
    doors = observe_bastions(wires, between)
    egress: dict[tuple[str, str, str], Ports] = dict(through.egress)
    for flow in (*outside(wires.interfaces, (*wires.inside, METADATA), wires.has_way_out), *doors.egress):
        key = (flow.source, flow.to, flow.protocol)
        egress[key] = union((*egress.get(key, ()), *ports_of(flow.ports)))
    return Traffic(
        flows=tuple(sorted((*doors.flows, *through.kept, *joined(_to_stores(wires, rights), through.to_stores)))),
        service_flows=tuple(sorted({*_service_flows(wires), *doors.service_flows, *_of_exits(wires, exits)})),
        egress=tuple(sorted(ObservedFlow(*key, written(ports)) for key, ports in egress.items())),
        entry=tuple(sorted((*_entry(wires), *_entry_of_stores(reader)))),
        public={element: element in public for element in servers},
        people=doors.people,
        apart=doors.apart | {server.path for server, _ in wires.exits},
    )


def _of_exits(wires: Wires, exits: Mapping[str, Exit]) -> Iterator[ObservedFlow]:
    """What the proxies themselves reach outside: for what they let pass, and for their own updates."""
    for way in exits.values():
        for flow in outside(way.interfaces, (*wires.inside, METADATA), wires.has_way_out):
            yield ObservedFlow(
                flow.source, f"{flow.to} (what it lets pass, and its updates)", flow.protocol, flow.ports
            )


def _service_flows(wires: Wires) -> Iterator[ObservedFlow]:
    for one in (*wires.interfaces, *(one for _, one in (*wires.doors, *wires.exits))):
        for flow in SERVICE_FLOWS:
            ranges = wires.subnets.get(one.network, [])
            probe = METADATA[0] if flow.address != OWN_SUBNET else (ranges[0][1] if ranges else None)
            if probe is not None:
                ports = passes(one.rules, "out", flow.protocol, probe, frozenset())
                if ports := intersect(ports, ports_of(flow.ports)):
                    words = f"{flow.address} ({flow.to})"
                    yield ObservedFlow(one.element, words, flow.protocol, written(ports))


def _entry(wires: Wires) -> Iterator[ObservedFlow]:
    """What anyone outside can open to a machine with a public address."""
    found: dict[tuple[str, str], Ports] = {}
    doors = {id(door) for _, door in wires.doors}
    for one in (*wires.interfaces, *(one for _, one in (*wires.doors, *wires.exits))):
        if id(one) not in wires.public:
            continue
        for protocol in PROTOCOLS:
            for probe in _strangers(one.rules, "in", wires.inside):
                ports = passes(one.rules, "in", protocol, probe, frozenset())
                if id(one) in doors and protocol == "tcp":
                    # That people come in by it is how the network's entry is told.
                    ports = subtract(ports, SESSIONS)
                if ports:
                    key = (one.element, protocol)
                    found[key] = union((*found.get(key, ()), *ports))
    for (element, protocol), ports in found.items():
        yield ObservedFlow(INTERNET, element, protocol, written(ports))


def _strangers(
    rules: tuple[Rule, ...] | None, direction: str, inside: Iterable[Network]
) -> list[ipaddress.IPv4Address]:
    """An address of every range beyond `inside` that rules name; of the whole world, one that no narrower rule names."""
    own = tuple(inside)
    ranges = {peer for rule in rules or () if rule.direction == direction for peer in rule.peers}
    narrow = [one for one in ranges if one != ANYWHERE and not any(one.subnet_of(mine) for mine in own)]
    free = next((one for one in STRANGERS if not any(one in peer for peer in (*narrow, *own))), STRANGERS[-1])
    return [free, *(one[0] for one in sorted(narrow))]


def _entry_of_stores(reader: Reader) -> Iterator[ObservedFlow]:
    """Who can knock at the endpoint; credentials and policies decide who is let in."""
    if reader.site.offer.private:
        if reader.buckets:
            reader.remarks.add(
                f"whether {endpoint_name(reader.site)} of this private offer can be reached from outside is not known"
            )
        return
    for bucket in reader.buckets.values():
        yield ObservedFlow(
            INTERNET, bucket.element, "tcp", (443,), (f"every bucket behind {endpoint_name(reader.site)}",)
        )


def _to_stores(wires: Wires, rights: Mapping[str, Rights]) -> Iterator[ObservedFlow]:
    """A machine reaches a store by itself where its filter and a route lead to the endpoint and its credentials open the bucket."""
    reader = wires.reader
    stores = {bucket.path: bucket.element for bucket in reader.buckets.values()}
    to_all = {bucket.path for bucket in reader.buckets.values() if is_public(bucket)}
    known = reader.site.fact("object_store.addresses").value
    ranges = [ipaddress.IPv4Network(str(one)) for one in known] if isinstance(known, list) else []
    by_element: dict[str, list[Interface]] = {}
    for one in wires.interfaces:
        by_element.setdefault(one.element, []).append(one)
    for element, interfaces in by_element.items():
        mine = rights.get(element, Rights())
        opened = stores.keys() if mine.everything else mine.buckets | to_all
        if not opened:
            continue
        for protocol in PROTOCOLS:
            found = [_to_endpoint(wires, one, protocol, ranges) for one in interfaces]
            alike = all(one == found[0] for one in found)
            for index, (ports, beyond) in enumerate(found[:1] if alike else found):
                if ports:
                    name = element if alike else f"{element}[{index}]"
                    for store in sorted({stores[path] for path in opened}):
                        yield ObservedFlow(name, store, protocol, written(ports), beyond)


def _to_endpoint(wires: Wires, one: Interface, protocol: str, known: list[Network]) -> tuple[Ports, tuple[str, ...]]:
    """The ports on which an interface reaches the S3 endpoint, and what the same opening reaches beyond the store.

    Where the endpoint's addresses are not known, it is somewhere outside: what leads everywhere leads there, and
    what leads to a part of the outside may; but for private ranges, where the offer is sold to everybody.
    """
    if not wires.has_way_out(one):
        return (), ()
    elsewhere = () if wires.reader.site.offer.private else _LOCAL
    free, *narrow = _strangers(one.rules, "out", (*wires.inside, METADATA, *elsewhere))
    probes = [one[0] for one in known] if known else [free, *narrow]

    def through(probe: ipaddress.IPv4Address) -> Ports:
        ports = passes(one.rules, "out", protocol, probe, frozenset())
        # An opening to a part of the outside may lead there, and then by HTTPS: its other ports are an egress's.
        return ports if known or probe == free else intersect(ports, _HTTPS)

    ports = union(span for probe in probes for span in through(probe))
    return (ports, tuple(sorted(_beyond(wires, one, protocol, probes, known)))) if ports else ((), ())


def _beyond(
    wires: Wires, one: Interface, protocol: str, probes: list[ipaddress.IPv4Address], known: list[Network]
) -> set[str]:
    found = {f"every bucket behind {endpoint_name(wires.reader.site)}"}
    if one.rules is None:
        return {*found, INTERNET}
    for rule in one.rules:
        if rule.direction != "out":
            continue
        for probe in probes:
            if not rule.means(protocol, probe, frozenset()):
                continue
            for peer in rule.peers or (ANYWHERE,):
                if peer == ANYWHERE:
                    found.add(INTERNET)
                elif probe in peer and not any(peer.subnet_of(own) for own in known):
                    found.add(str(peer))
    return found
