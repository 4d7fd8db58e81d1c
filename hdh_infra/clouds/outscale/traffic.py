"""Who can reach whom, as a packet would fare through what `wires` read: machines, stores, outwards, from outside.

Names mean nothing here; tags only where OUTSCALE itself acts on them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from hdh_infra.clouds.buckets import is_public
from hdh_infra.clouds.endpoint import beyond_store, endpoint_name
from hdh_infra.clouds.exit_reading import Through, of_exits
from hdh_infra.clouds.filters import Ports
from hdh_infra.clouds.outscale.bastion import observe_bastions
from hdh_infra.clouds.outscale.exits import observe_exits, stores_behind
from hdh_infra.clouds.outscale.identities import Rights
from hdh_infra.clouds.outscale.naming import INSTANCE
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.clouds.outscale.rules import METADATA, OWN_NET, SERVICE_FLOWS
from hdh_infra.clouds.outscale.wires import Wires
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.clouds.traffic import Traffic, Way, crossings, entry, entry_of_stores, service_flows, to_stores
from hdh_infra.graph.observation import Flows


def observe_traffic(reader: Reader, rights: Mapping[str, Rights]) -> Traffic:
    """What the native rules let through, between machines, to stores, outwards and from outside."""
    wires = Wires(reader)
    public = {one.element for one in wires.interfaces if id(one) in wires.public}
    exits = observe_exits(reader, wires)
    to_all = [bucket.path for bucket in reader.buckets.values() if is_public(bucket)]
    through = Through(wires, exits, stores_behind(reader, rights, to_all))
    filtered = (*wires.interfaces, *(one for _, one in (*wires.doors, *wires.exits)))
    between = through.beside(flows(filtered, wires.routed))
    doors = observe_bastions(wires, between)
    own = service_flows(filtered, SERVICE_FLOWS, OWN_NET, lambda one: _near(wires, one))
    come_in = entry(filtered, wires.public, wires.inside, {id(door) for _, door in wires.doors})
    knocks = entry_of_stores(reader.buckets.values(), endpoint_name(reader.site))
    ways = (*outside(wires.interfaces, (*wires.inside, METADATA), wires.has_way_out), *doors.egress)
    apart = doors.apart | {path for server, one in wires.exits for path in (server.path, one.network)}
    return Traffic(
        flows=Flows((*doors.flows, *through.kept), crossings((*_to_stores(wires, rights), *through.to_stores))),
        service_flows=tuple(sorted({*own, *doors.service_flows, *of_exits(exits, wires, (METADATA,))})),
        egress=through.with_egress(ways),
        entry=tuple(sorted((*come_in, *knocks))),
        public={
            one.element: one.element in public for one in reader.natives.of_type(INSTANCE) if one.path not in apart
        },
        people=doors.people,
        apart=apart,
    )


def _near(wires: Wires, one: Interface) -> ipaddress.IPv4Address | None:
    """Where OUTSCALE's own servers answer in the Net of an interface; None where its range is not known."""
    ranges = wires.nets[one.network]
    return ranges[0][1] if ranges else None


def _to_stores(wires: Wires, rights: Mapping[str, Rights]) -> Iterator[Way]:
    """A machine reaches a store by itself where its filter and a route lead to object storage and its key opens the bucket."""
    reader = wires.reader
    stores = {bucket.path: bucket.element for bucket in reader.buckets.values()}
    to_all = {bucket.path for bucket in reader.buckets.values() if is_public(bucket)}
    behind = beyond_store(endpoint_name(reader.site))

    def opened(element: str) -> Iterable[str]:
        return {stores[path] for path in to_all | (rights[element].accesses.keys() if element in rights else set())}

    def reached(one: Interface, protocol: str) -> tuple[Ports, tuple[str, ...]]:
        ports, wide = wires.store_ports(one, protocol)
        return ports, (behind, INTERNET) if wide else (behind,)

    yield from to_stores(wires.interfaces, opened, reached)
