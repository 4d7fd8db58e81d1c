"""Who can reach whom: whoever shares a network, on every port, since there is no filter of any kind.

A network of the backbone is a segment by itself. The networks of the VPC are joined by its router, and by its gateway to the
world: which VPC they lie in, and whether its gateway is on, no resource says, so that all of them are taken for joined
and for open to the outside (read for the worse).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.cloudtemple.naming import ADAPTER, BINDING, BUCKET, STATIC_IP, VM
from hdh_infra.clouds.cloudtemple.reading import Reader, is_on, place_of
from hdh_infra.clouds.endpoint import beyond_store, endpoint_name
from hdh_infra.clouds.filters import ALL_PORTS, ANYWHERE, PROTOCOLS, written
from hdh_infra.clouds.reach import INTERNET
from hdh_infra.clouds.traffic import Traffic, entry_of_stores
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Crossing, Flows, ObservedFlow
from hdh_infra.model.scales import Access

_VPC = "the VPC"
_EVERYTHING = written(ALL_PORTS)
_HTTPS = (443,)
"""All that the object store answers on: TLS is imposed (docs/storage/oss/concepts.md)."""


def observe_traffic(reader: Reader, rights: Mapping[str, Mapping[str, Access]]) -> Traffic:
    """What passes between machines, to stores, outwards and from outside."""
    networks = _networks(reader)
    among, between = _between(networks)
    public = set(_public(reader))
    outside = sorted(element for element, machines in networks.items() if any(_VPC in one for one in machines))
    return Traffic(
        flows=Flows((*among, *_to_stores(reader, outside, rights)), between),
        egress=tuple(
            ObservedFlow(element, str(ANYWHERE), protocol, _EVERYTHING) for element in outside for protocol in PROTOCOLS
        ),
        entry=tuple(sorted((*_entry(public), *entry_of_stores(reader.buckets.values(), endpoint_name(reader.site))))),
        public={element: element in public for element in networks},
    )


def _networks(reader: Reader) -> dict[str, list[set[str]]]:
    """By element, the networks of each of its machines that run."""
    machines = {one.path: one for one in reader.natives.of_type(VM) if is_on(one)}
    found = {
        path: {place_of(one.get("networkId")) for one in listed(machine.properties.get("osNetworkAdapters"))}
        for path, machine in machines.items()
    }
    for adapter in reader.natives.of_type(ADAPTER):
        owner = reader.follow(adapter.properties.get("virtualMachineId"), VM)
        if owner is None:
            reader.remarks.add(f"{adapter.path} belongs to a machine that is not among the resources")
        elif owner.path in found:
            # What the cloud tells of a state; a plan puts adapters of its own on the VPC alone.
            backbone = adapter.properties.get("type") == "private_backbone"
            found[owner.path].add(place_of(adapter.properties.get("networkId")) if backbone else _VPC)
    by_element: dict[str, list[set[str]]] = {}
    for path, machine in machines.items():
        by_element.setdefault(machine.element, []).append(found[path])
    return by_element


def _between(networks: Mapping[str, list[set[str]]]) -> tuple[list[ObservedFlow], list[Crossing]]:
    """Every two machines that share a network; replicas that differ each stand for themselves."""
    found: list[ObservedFlow] = []
    ends = [
        (element if all(one == machines[0] for one in machines) else f"{element}[{index}]", element, one, len(machines))
        for element, machines in networks.items()
        for index, one in enumerate(machines[:1] if all(one == machines[0] for one in machines) else machines)
    ]
    members: dict[str, list[tuple[str, set[str]]]] = {}
    for name, element, mine, count in ends:
        for network in mine:
            members.setdefault(network, []).append((name, mine))
        if name == element and count > 1 and mine:
            # Its replicas reach each other.
            found.extend(ObservedFlow(name, name, protocol, _EVERYTHING) for protocol in PROTOCOLS)
    together: list[Crossing] = []
    told: set[str] = set()
    # The widest first: of two machines that share several networks it is told once, and mostly they share the VPC.
    for network in sorted(members, key=lambda one: (-len(members[one]), one)):
        alike: dict[frozenset[str], list[str]] = {}
        for name, mine in members[network]:
            alike.setdefault(frozenset(mine & told), []).append(name)
        together.extend(
            Crossing(tuple(sorted(names)), tuple(sorted(others)), protocol, _EVERYTHING)
            for before, names in alike.items()
            for theirs, others in alike.items()
            if not before & theirs
            for protocol in PROTOCOLS
        )
        told.add(network)
    return found, together


def _to_stores(
    reader: Reader, outside: list[str], rights: Mapping[str, Mapping[str, Access]]
) -> Iterator[ObservedFlow]:
    """A machine reaches a store where it comes outside at all and its account is on the bucket's list."""
    stores = {bucket.path: bucket.element for bucket in reader.natives.of_type(BUCKET)}
    beyond = (beyond_store(endpoint_name(reader.site)), INTERNET)
    for element in outside:
        for store in sorted({stores[path] for path in rights.get(element, ())}):
            yield ObservedFlow(element, store, "tcp", _HTTPS, beyond)


def _public(reader: Reader) -> Iterator[str]:
    """Elements that a floating address leads to: by the static address that it is bound to, and the adapter that has that."""
    for binding in reader.natives.of_type(BINDING):
        address = reader.follow(binding.properties.get("staticIpId"), STATIC_IP)
        machine = None
        if address is not None:
            adapter = reader.natives.follow(address.properties.get("macAddress"))
            value = adapter.properties.get("virtualMachineId") if adapter is not None else None
            machine = reader.follow(value or address.properties.get("virtualMachineId"), VM)
        if machine is None:
            reader.remarks.add(f"{binding.path} gives a public address to something that is not among the resources")
        else:
            yield machine.element


def _entry(public: set[str]) -> Iterator[ObservedFlow]:
    """What anyone outside can open to a machine with a public address: everything."""
    for element in sorted(public):
        for protocol in PROTOCOLS:
            yield ObservedFlow(INTERNET, element, protocol, _EVERYTHING)
