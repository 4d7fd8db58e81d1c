"""Who can reach whom on S3NS: what rules, routes, the way to the APIs and public addresses come to, as a packet meets them (`wires`).

Names and labels mean nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from hdh_infra.clouds.doors import SESSIONS, observe_doors
from hdh_infra.clouds.exit_reading import Stores, Through, observe_exits, of_exits
from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import (
    ANYWHERE,
    PROTOCOLS,
    Network,
    Ports,
    intersect,
    network_of,
    ports_of,
    subtract,
    written,
)
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.clouds.s3ns.bastion import UPDATES, level
from hdh_infra.clouds.s3ns.exits import told
from hdh_infra.clouds.s3ns.grants import Rights
from hdh_infra.clouds.s3ns.naming import BUCKET, KEY
from hdh_infra.clouds.s3ns.reading import Reader, is_bastion, is_beside
from hdh_infra.clouds.s3ns.storage import is_public, lets_in
from hdh_infra.clouds.s3ns.wires import METADATA, Wire, Wires
from hdh_infra.clouds.traffic import Way, crossings
from hdh_infra.graph.observation import Flows, Native, ObservedFlow

_HTTPS: Ports = ((443, 443),)


@final
@dataclass(frozen=True)
class Traffic:
    """What is open: between elements, to the outside, and from it."""

    flows: Flows
    egress: tuple[ObservedFlow, ...]
    entry: tuple[ObservedFlow, ...]
    public: Mapping[str, bool]
    """By native path of an instance, whether it has a public address."""
    logged: Mapping[str, bool]
    """By native path of a subnet, whether every rule for its machines writes down what it decides."""
    reaching: frozenset[str]
    """Machines that reach the APIs over HTTPS."""
    people: Mapping[str, str]
    """By network, how people get into it."""
    service_flows: tuple[ObservedFlow, ...]
    """People in, updates out, and what proxies reach for what they let pass."""


@final
@dataclass(frozen=True)
class _Beside:
    """What people come in by and machines get out by, as `doors` and `exit_reading` ask for it."""

    doors: list[tuple[Native, Interface]]
    exits: list[tuple[Native, Interface]]
    interfaces: list[Interface]
    """Those of machines."""
    public: frozenset[int]
    inside: tuple[Network, ...]

    def has_way_out(self, one: Interface) -> bool:
        """What no route takes outside, the rules of an interface deny already."""
        del one
        return True


def observe_traffic(reader: Reader, rights: Rights) -> Traffic:
    """Compute it from the native rules."""
    return _World(reader, rights).traffic()


class _World:
    """What is open in the networks of a deployment, and to whom."""

    def __init__(self, reader: Reader, rights: Rights) -> None:
        self.reader, self.rights, self.wires = reader, rights, Wires(reader)
        self.api_host = f"storage.{reader.universe}"

    def traffic(self) -> Traffic:
        machines = [wire for wire in self.wires.all if not is_beside(wire.server)]
        beside = _Beside(
            [(wire.server, wire.interface) for wire in self.wires.all if is_bastion(wire.server)],
            [(wire.server, wire.interface) for wire in self.wires.all if exit_of(wire.server) is not None],
            [wire.interface for wire in machines],
            frozenset(id(wire.interface) for wire in self.wires.all if wire.public),
            self.wires.inside,
        )
        remark = self.reader.remarks.add
        servers = [(path, wire.server) for wire in self.wires.all if (path := exit_of(wire.server)) is not None]
        exits = observe_exits(servers, beside, told, remark)
        through = Through(beside, exits, self._behind(machines))
        between = through.beside(flows([wire.interface for wire in self.wires.all], self.wires.routed))
        doors = observe_doors(
            beside, between, lambda one: level(one, remark), beyond=METADATA, remark=remark, updates=UPDATES
        )
        to_stores, lost = self._to_stores(machines)
        ways = outside(beside.interfaces, (*self.wires.inside, METADATA, *self.wires.apis), lambda _: True)
        apart = (*self.wires.apis, METADATA)
        return Traffic(
            flows=Flows((*doors.flows, *through.kept), crossings((*to_stores, *through.to_stores))),
            egress=through.with_egress((*ways, *lost, *doors.egress)),
            entry=tuple(sorted(self._entry())),
            public=dict.fromkeys((wire.server.path for wire in self.wires.all if wire.public), True),
            logged=self.wires.logged(),
            reaching=frozenset(
                wire.interface.element for wire in machines if intersect(self.wires.to_apis(wire, "tcp"), _HTTPS)
            ),
            people=doors.people,
            service_flows=tuple(sorted({*doors.service_flows, *of_exits(exits, beside, apart)})),
        )

    def _behind(self, machines: Iterable[Wire]) -> Stores:
        """The stores that a way through a proxy leads to: those that an account opens, where the bucket lets the proxy's network in."""
        buckets = list(self.reader.natives.of_type(BUCKET))
        to_all = {bucket.path for bucket in buckets if is_public(bucket, self.rights)}
        accounts = {wire.interface.element: wire.account for wire in machines}

        def opened(element: str) -> set[str]:
            mine = accounts.get(element)
            return to_all | {one.path for one in buckets if mine is not None and mine in self.rights.accesses(one)}

        elements = {bucket.path: bucket.element for bucket in buckets}
        return Stores(elements, opened, self.api_host, self.api_host, addresses=self.wires.apis[:1])

    def _to_stores(self, machines: Sequence[Wire]) -> tuple[list[Way], list[ObservedFlow]]:
        """Flows to buckets, and openings to the APIs of machines that may do nothing with any bucket or key, which are ways out."""
        buckets = list(self.reader.natives.of_type(BUCKET))
        by_account: dict[str, list[Native]] = {}
        to_all = [bucket for bucket in buckets if is_public(bucket, self.rights)]
        sources = {bucket.path: lets_in(self.reader, bucket) for bucket in buckets}
        for bucket in buckets:
            for account in self.rights.accesses(bucket):
                by_account.setdefault(account, []).append(bucket)
        using = {account for key in self.reader.natives.of_type(KEY) for account in self.rights.using(key)}
        beyond = frozenset({f"every bucket behind {self.api_host} that lets the network in"})
        found: list[Way] = []
        lost: list[ObservedFlow] = []
        counts: dict[str, int] = {}
        for wire in machines:
            counts[wire.interface.element] = counts.get(wire.interface.element, 0) + 1
        each: dict[tuple[str, str, str], list[tuple[int, Ports]]] = {}
        index: dict[str, int] = {}
        for wire in machines:
            element = wire.interface.element
            number = index[element] = index.get(element, -1) + 1
            mine = [*(by_account.get(wire.account, ()) if wire.account else ()), *to_all]
            for protocol in PROTOCOLS:
                ports = self.wires.to_apis(wire, protocol)
                if not ports:
                    continue
                reached = {one.element for one in mine if self._lets(wire, sources[one.path])}
                for store in reached:
                    each.setdefault((element, store, protocol), []).append((number, ports))
                if not reached and not (wire.account in using and protocol == "tcp" and ports == _HTTPS):
                    lost.append(ObservedFlow(element, str(self.wires.apis[0]), protocol, written(ports)))
        for (element, store, protocol), some in each.items():
            if len(some) == counts[element] and len({ports for _, ports in some}) == 1:
                found.append(Way(element, frozenset({store}), protocol, some[0][1], beyond))
            else:
                found += [Way(f"{element}[{n}]", frozenset({store}), protocol, ports, beyond) for n, ports in some]
        return found, sorted(set(lost))

    def _lets(self, wire: Wire, sources: Mapping[str, list[str]] | None) -> bool:
        if sources is None:
            return True
        ranges = sources.get(wire.interface.network, [])
        return any(wire.interface.address in network_of(one) for one in ranges if ":" not in one)

    def _entry(self) -> Iterator[ObservedFlow]:
        """What anyone outside can open to a machine with a public address."""
        mirrored = [
            replace(
                wire.interface,
                rules=tuple(replace(rule, direction="out" if rule.direction == "in" else "in") for rule in wire.plain),
            )
            for wire in self.wires.all
            if wire.public
        ]
        entered = {wire.interface.element for wire in self.wires.all if is_bastion(wire.server)}
        for flow in outside(mirrored, self.wires.inside, lambda _: True):
            ports = ports_of(flow.ports)
            if flow.source in entered and flow.protocol == "tcp":
                # That people come in by it is how the network's entry is told.
                ports = subtract(ports, SESSIONS)
            if ports:
                source = INTERNET if flow.to == str(ANYWHERE) else flow.to
                yield flow._replace(source=source, to=flow.source, ports=written(ports))
