"""Who can reach whom, as a packet would fare through what `wires` read: machines, stores, outwards, from outside.

Names mean nothing here. Whose S3 key a machine holds no resource says: keys are made in NumSpot's console. So each machine
whose packets reach the endpoint is taken to reach every store (read for the worse).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

from hdh_infra.clouds.endpoint import strangers, to_endpoint
from hdh_infra.clouds.filters import PROTOCOLS, Ports, intersect, passes, ports_of, union, written
from hdh_infra.clouds.numspot.naming import VM
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.clouds.numspot.rules import METADATA, OWN_SUBNET, SERVICE_FLOWS
from hdh_infra.clouds.numspot.wires import Wires
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.graph.observation import ObservedFlow

STORES = "object_store"


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


def observe_traffic(reader: Reader) -> Traffic:
    """What the native rules let through, between machines, to stores, outwards and from outside."""
    wires = Wires(reader)
    public = {one.element for one in wires.interfaces if id(one) in wires.public}
    return Traffic(
        flows=tuple(sorted((*flows(wires.interfaces, wires.routed), *_to_stores(wires)))),
        service_flows=tuple(sorted({*_service_flows(wires)})),
        egress=outside(wires.interfaces, (*wires.inside, METADATA), wires.has_way_out),
        entry=tuple(sorted((*_entry(wires), *_entry_of_stores(reader)))),
        public={native.element: native.element in public for native in reader.natives.of_type(VM)},
    )


def endpoint_name(reader: Reader) -> str:
    """The endpoint of stores in words."""
    url = reader.site.endpoint(STORES)
    return url.partition("://")[2] if url else "the S3 endpoint"


def _to_stores(wires: Wires) -> Iterator[ObservedFlow]:
    reader = wires.reader
    stores = sorted({bucket.element for bucket in reader.buckets.values()})
    known = reader.site.fact("object_store.addresses").value
    ranges = [ipaddress.IPv4Network(str(one)) for one in known] if isinstance(known, list) else []
    words = endpoint_name(reader)
    by_element: dict[str, list[Interface]] = {}
    for one in wires.interfaces:
        by_element.setdefault(one.element, []).append(one)

    def reached(one: Interface, protocol: str) -> tuple[Ports, tuple[str, ...]]:
        if not wires.has_way_out(one):
            return (), ()
        return to_endpoint(one.rules, protocol, ranges, (*wires.inside, METADATA), words)

    for element, interfaces in by_element.items():
        for protocol in PROTOCOLS:
            found = [reached(one, protocol) for one in interfaces]
            alike = all(one == found[0] for one in found)
            for index, (ports, beyond) in enumerate(found[:1] if alike else found):
                if ports:
                    name = element if alike else f"{element}[{index}]"
                    for store in stores:
                        yield ObservedFlow(name, store, protocol, written(ports), beyond)


def _service_flows(wires: Wires) -> Iterator[ObservedFlow]:
    for one in wires.interfaces:
        for flow in SERVICE_FLOWS:
            subnet = wires.subnets.get(one.network)
            probe = METADATA[0] if flow.address != OWN_SUBNET else (subnet[2] if subnet is not None else None)
            if probe is not None:
                ports = passes(one.rules, "out", flow.protocol, probe, frozenset())
                if ports := intersect(ports, ports_of(flow.ports)):
                    yield ObservedFlow(one.element, f"{flow.address} ({flow.to})", flow.protocol, written(ports))


def _entry(wires: Wires) -> Iterator[ObservedFlow]:
    """What anyone outside can open to a machine with a public address."""
    found: dict[tuple[str, str], Ports] = {}
    for one in wires.interfaces:
        if id(one) not in wires.public:
            continue
        for protocol in PROTOCOLS:
            for probe in strangers(one.rules, "in", wires.inside):
                ports = passes(one.rules, "in", protocol, probe, frozenset())
                if ports:
                    key = (one.element, protocol)
                    found[key] = union((*found.get(key, ()), *ports))
    for (element, protocol), ports in found.items():
        yield ObservedFlow(INTERNET, element, protocol, written(ports))


def _entry_of_stores(reader: Reader) -> Iterator[ObservedFlow]:
    """Who can knock at the endpoint; credentials and lists decide who is let in."""
    for bucket in reader.buckets.values():
        yield ObservedFlow(INTERNET, bucket.element, "tcp", (443,), (f"every bucket behind {endpoint_name(reader)}",))
