"""Who can reach whom, as a packet would fare through what `wires` read: machines, stores, outwards, from outside.

Names mean nothing here; tags only where OUTSCALE itself acts on them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import final

from hdh_infra.clouds.buckets import is_public
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
from hdh_infra.clouds.outscale.bastion import observe_bastions
from hdh_infra.clouds.outscale.identities import Rights
from hdh_infra.clouds.outscale.naming import INSTANCE
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.clouds.outscale.rules import METADATA, OWN_NET, SERVICE_FLOWS
from hdh_infra.clouds.outscale.storage import endpoint_name
from hdh_infra.clouds.outscale.wires import Wires
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.graph.observation import ObservedFlow

_STRANGERS = tuple(ipaddress.IPv4Address(one) for one in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8"))
"""Addresses that stand for anyone outside; the first that no rule names is taken."""


@final
@dataclass(frozen=True)
class Traffic:
    """What a packet can do."""

    flows: tuple[ObservedFlow, ...]
    service_flows: tuple[ObservedFlow, ...]
    egress: tuple[ObservedFlow, ...]
    entry: tuple[ObservedFlow, ...]
    public: Mapping[str, bool]
    """By element with a VM, whether a public address leads to it."""
    people: Mapping[str, str]
    """By network, how people get into it."""
    apart: frozenset[str]
    """Native paths of the bastions' VMs and Nets."""


def observe_traffic(reader: Reader, rights: Mapping[str, Rights]) -> Traffic:
    """What the native rules let through, between machines, to stores, outwards and from outside."""
    wires = Wires(reader)
    public = {one.element for one in wires.interfaces if id(one) in wires.public}
    beside = [one for _, one in wires.doors]
    doors = observe_bastions(wires, flows([*wires.interfaces, *beside], wires.routed))
    return Traffic(
        flows=tuple(sorted((*doors.flows, *_to_stores(wires, rights)))),
        service_flows=tuple(sorted({*_service_flows(wires), *doors.service_flows})),
        egress=tuple(sorted((*outside(wires.interfaces, (*wires.inside, METADATA), wires.has_way_out), *doors.egress))),
        entry=tuple(sorted((*_entry(wires), *_entry_of_stores(reader)))),
        public={
            one.element: one.element in public
            for one in reader.natives.of_type(INSTANCE)
            if one.path not in doors.apart
        },
        people=doors.people,
        apart=doors.apart,
    )


def _service_flows(wires: Wires) -> Iterator[ObservedFlow]:
    for one in (*wires.interfaces, *(one for _, one in wires.doors)):
        ranges = wires.nets[one.network]
        for flow in SERVICE_FLOWS:
            own = flow.address == OWN_NET
            probe = METADATA[0] if not own else (ranges[0][1] if ranges else None)
            if probe is None:
                continue
            ports = passes(one.rules, "out", flow.protocol, probe, frozenset())
            if ports := intersect(ports, ports_of(flow.ports)):
                yield ObservedFlow(one.element, f"{flow.address} ({flow.to})", flow.protocol, written(ports))


def _entry(wires: Wires) -> Iterator[ObservedFlow]:
    """What anyone outside can open to a machine with a public address."""
    found: dict[tuple[str, str], Ports] = {}
    doors = {id(door) for _, door in wires.doors}
    for one in (*wires.interfaces, *(one for _, one in wires.doors)):
        if id(one) not in wires.public:
            continue
        for protocol in PROTOCOLS:
            for probe in _strangers(one.rules, wires.inside):
                ports = passes(one.rules, "in", protocol, probe, frozenset())
                if id(one) in doors and protocol == "tcp":
                    # That people come in by it is how the network's entry is told.
                    ports = subtract(ports, SESSIONS)
                if ports:
                    key = (one.element, protocol)
                    found[key] = union((*found.get(key, ()), *ports))
    for (element, protocol), ports in found.items():
        yield ObservedFlow(INTERNET, element, protocol, written(ports))


def _strangers(rules: tuple[Rule, ...] | None, inside: Iterable[Network]) -> list[ipaddress.IPv4Address]:
    """An address of every range beyond `inside` that rules let in; of the whole world, one that no narrower rule names."""
    own = tuple(inside)
    ranges = {peer for rule in rules or () if rule.direction == "in" for peer in rule.peers}
    narrow = [one for one in ranges if one != ANYWHERE and not any(one.subnet_of(mine) for mine in own)]
    free = next((one for one in _STRANGERS if not any(one in peer for peer in (*narrow, *own))), _STRANGERS[-1])
    return [free, *(one[0] for one in sorted(narrow))]


def _entry_of_stores(reader: Reader) -> Iterator[ObservedFlow]:
    """Who can knock at the endpoint; keys and policies decide who is let in."""
    for bucket in reader.buckets.values():
        yield ObservedFlow(
            INTERNET, bucket.element, "tcp", (443,), (f"every bucket behind {endpoint_name(reader.site)}",)
        )


def _to_stores(wires: Wires, rights: Mapping[str, Rights]) -> Iterator[ObservedFlow]:
    """A machine reaches a store by itself where its filter and a route lead to object storage and its key opens the bucket."""
    reader = wires.reader
    stores = {bucket.path: bucket.element for bucket in reader.buckets.values()}
    to_all = {bucket.path for bucket in reader.buckets.values() if is_public(bucket)}
    if not rights and not to_all:
        return
    by_element: dict[str, list[Interface]] = {}
    for one in wires.interfaces:
        by_element.setdefault(one.element, []).append(one)
    for element, interfaces in by_element.items():
        opened = to_all | (rights[element].accesses.keys() if element in rights else set())
        if not opened:
            continue
        for protocol in PROTOCOLS:
            found = [wires.store_ports(one, protocol) for one in interfaces]
            alike = all(one == found[0] for one in found)
            for index, (ports, wide) in enumerate(found[:1] if alike else found):
                if not ports:
                    continue
                beyond = {f"every bucket behind {endpoint_name(reader.site)}"} | ({INTERNET} if wide else set())
                name = element if alike else f"{element}[{index}]"
                for store in sorted({stores[path] for path in opened}):
                    yield ObservedFlow(name, store, protocol, written(union(ports)), tuple(sorted(beyond)))
