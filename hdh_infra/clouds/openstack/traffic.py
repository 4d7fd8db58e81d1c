"""Who can reach whom, as a packet would fare through what `wires` read: machines, stores, outwards, from outside.

Names and tags mean nothing here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from hdh_infra.clouds.endpoint import endpoint_ranges, to_endpoint
from hdh_infra.clouds.exit_reading import Through, of_exits
from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import Ports
from hdh_infra.clouds.openstack.bastion import observe_bastions
from hdh_infra.clouds.openstack.exit_reading import observe_exits, stores_behind
from hdh_infra.clouds.openstack.identities import Rights
from hdh_infra.clouds.openstack.naming import INSTANCE
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.rules import METADATA, OWN_SUBNET, SERVICE_FLOWS
from hdh_infra.clouds.openstack.storage import endpoint_name, is_public
from hdh_infra.clouds.openstack.wires import Wires
from hdh_infra.clouds.reach import Interface, flows, outside
from hdh_infra.clouds.traffic import Traffic, Way, crossings, entry, entry_of_stores, service_flows, to_stores
from hdh_infra.graph.observation import Flows, ObservedFlow


def observe_traffic(reader: Reader, rights: Mapping[str, Rights]) -> Traffic:
    """What the native rules let through, between machines, to stores, outwards and from outside."""
    wires = Wires(reader)
    servers = {native.element for native in reader.natives.of_type(INSTANCE) if exit_of(native) is None}
    public = {one.element for one in wires.interfaces if id(one) in wires.public}
    exits = observe_exits(reader, wires)
    to_all = [bucket.path for bucket in reader.buckets.values() if is_public(bucket)]
    through = Through(wires, exits, stores_behind(reader, rights, to_all))
    near = {*wires.subnets, *(one.network for one in wires.interfaces)}
    # A proxy's port on the outside itself is no second replica of it: no machine is on that network.
    beside = [one for _, one in (*wires.doors, *wires.exits) if one.network in near]
    between = through.beside(flows([*wires.interfaces, *beside], wires.routed))
    filtered = (*wires.interfaces, *(one for _, one in (*wires.doors, *wires.exits)))
    doors = observe_bastions(wires, between)
    ways = (*outside(wires.interfaces, (*wires.inside, METADATA), wires.has_way_out), *doors.egress)
    own = service_flows(filtered, SERVICE_FLOWS, OWN_SUBNET, lambda one: _near(wires, one))
    come_in = entry(filtered, wires.public, wires.inside, {id(door) for _, door in wires.doors})
    return Traffic(
        flows=Flows((*doors.flows, *through.kept), crossings((*_to_stores(wires, rights), *through.to_stores))),
        service_flows=tuple(sorted({*own, *doors.service_flows, *of_exits(exits, wires, (METADATA,))})),
        egress=through.with_egress(ways),
        entry=tuple(sorted((*come_in, *_entry_of_stores(reader)))),
        public={element: element in public for element in servers},
        people=doors.people,
        apart=doors.apart | {server.path for server, _ in wires.exits},
    )


def _near(wires: Wires, one: Interface) -> ipaddress.IPv4Address | None:
    """Where Neutron's own servers answer in the subnet of an interface; None where none is known."""
    ranges = wires.subnets.get(one.network, [])
    return ranges[0][1] if ranges else None


def _entry_of_stores(reader: Reader) -> Iterator[ObservedFlow]:
    """Who can knock at the endpoint; of a private offer only its operator knows."""
    words = endpoint_name(reader.site)
    if not reader.site.offer.private:
        yield from entry_of_stores(reader.buckets.values(), words)
    elif reader.buckets:
        reader.remarks.add(f"whether {words} of this private offer can be reached from outside is not known")


def _to_stores(wires: Wires, rights: Mapping[str, Rights]) -> Iterator[Way]:
    """A machine reaches a store by itself where its filter and a route lead to the endpoint and its credentials open the bucket."""
    reader = wires.reader
    stores = {bucket.path: bucket.element for bucket in reader.buckets.values()}
    to_all = {bucket.path for bucket in reader.buckets.values() if is_public(bucket)}
    every = frozenset(stores.values())
    known, words, private = endpoint_ranges(reader.site), endpoint_name(reader.site), reader.site.offer.private

    def opened(element: str) -> Iterable[str]:
        mine = rights.get(element, Rights())
        return every if mine.everything else {stores[path] for path in mine.buckets | to_all}

    def reached(one: Interface, protocol: str) -> tuple[Ports, tuple[str, ...]]:
        if not wires.has_way_out(one):
            return (), ()
        return to_endpoint(one.rules, protocol, known, (*wires.inside, METADATA), words, private=private)

    yield from to_stores(wires.interfaces, opened, reached)
