"""Who can reach whom, as a packet would fare through what `wires` read: machines, stores, outwards, from outside.

Names mean nothing here. Whose S3 key a machine holds no resource says: keys are made in NumSpot's console. So each machine
whose packets reach the endpoint is taken to reach every store (read for the worse).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hdh_infra.clouds.endpoint import endpoint_name, endpoint_ranges, to_endpoint
from hdh_infra.clouds.exit_reading import Through, of_exits
from hdh_infra.clouds.filters import Ports
from hdh_infra.clouds.numspot.bastion import observe_bastions
from hdh_infra.clouds.numspot.exits import observe_exits, stores_behind
from hdh_infra.clouds.numspot.naming import VM
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.clouds.numspot.rules import METADATA, OWN_SUBNET, SERVICE_FLOWS
from hdh_infra.clouds.numspot.wires import Wires
from hdh_infra.clouds.reach import Interface, flows, outside
from hdh_infra.clouds.traffic import Traffic, Way, crossings, entry, entry_of_stores, service_flows, to_stores
from hdh_infra.graph.observation import Flows


def observe_traffic(reader: Reader) -> Traffic:
    """What the native rules let through, between machines, to stores, outwards and from outside."""
    wires = Wires(reader)
    public = {one.element for one in wires.interfaces if id(one) in wires.public}
    exits = observe_exits(reader, wires)
    through = Through(wires, exits, stores_behind(reader))
    filtered = (*wires.interfaces, *(one for _, one in (*wires.doors, *wires.exits)))
    between = through.beside(flows(filtered, wires.routed))
    doors = observe_bastions(wires, between)
    own = service_flows(filtered, SERVICE_FLOWS, OWN_SUBNET, lambda one: _near(wires, one))
    come_in = entry(filtered, wires.public, wires.inside, {id(door) for _, door in wires.doors})
    knocks = entry_of_stores(reader.buckets.values(), endpoint_name(reader.site))
    ways = (*outside(wires.interfaces, (*wires.inside, METADATA), wires.has_way_out), *doors.egress)
    apart = doors.apart | {path for server, one in wires.exits for path in (server.path, one.network)}
    return Traffic(
        flows=Flows((*doors.flows, *through.kept), crossings((*_to_stores(wires), *through.to_stores))),
        service_flows=tuple(sorted({*own, *doors.service_flows, *of_exits(exits, wires, (METADATA,))})),
        egress=through.with_egress(ways),
        entry=tuple(sorted((*come_in, *knocks))),
        public={
            native.element: native.element in public
            for native in reader.natives.of_type(VM)
            if native.path not in apart
        },
        people=doors.people,
        apart=apart,
    )


def _near(wires: Wires, one: Interface) -> ipaddress.IPv4Address | None:
    """Where NumSpot's own name server answers in the subnet of an interface; None where it is not known."""
    subnet = wires.subnets.get(one.network)
    return subnet[2] if subnet is not None else None


def _to_stores(wires: Wires) -> Iterator[Way]:
    site = wires.reader.site
    stores = frozenset(bucket.element for bucket in wires.reader.buckets.values())
    known, words = endpoint_ranges(site), endpoint_name(site)

    def reached(one: Interface, protocol: str) -> tuple[Ports, tuple[str, ...]]:
        if not wires.has_way_out(one):
            return (), ()
        return to_endpoint(one.rules, protocol, known, (*wires.inside, METADATA), words)

    yield from to_stores(wires.interfaces, lambda _: stores, reached)
