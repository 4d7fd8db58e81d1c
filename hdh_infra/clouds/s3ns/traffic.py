"""Who can reach whom: rules of the network, routes, the way to the APIs and public addresses, as a packet meets them.

What Google does by itself is here too: in a network everything is let out that no rule speaks of and nothing in; every subnet of a
network is routed to every other; of equal rules a denial comes first. Where a rule cannot be read to the end, what allows counts as
open to all and what denies as nothing. Names and labels mean nothing here.

Sources, read 2026-11-25: cloud.google.com/firewall/docs/firewalls, cloud.google.com/vpc/docs/routes, cloud.google.com/vpc/docs/private-google-access.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from hdh_infra.clouds.doors import SESSIONS, observe_doors
from hdh_infra.clouds.exit_reading import Stores, Through, element_of_end, observe_exits, of_exits
from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import (
    ALL_PORTS,
    ANYWHERE,
    PROTOCOLS,
    Network,
    Ports,
    Rule,
    intersect,
    network_of,
    passes,
    ports_of,
    subtract,
    written,
)
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.clouds.s3ns.bastion import UPDATES, level
from hdh_infra.clouds.s3ns.exits import told
from hdh_infra.clouds.s3ns.grants import Rights
from hdh_infra.clouds.s3ns.naming import (
    BUCKET,
    FIREWALL,
    FIREWALL_POLICY,
    INSTANCE,
    KEY,
    NAT,
    NETWORK,
    PEERING,
    ROUTE,
    SUBNET,
)
from hdh_infra.clouds.s3ns.reading import Reader, is_bastion, is_beside, last, listed
from hdh_infra.clouds.s3ns.storage import is_public, lets_in
from hdh_infra.clouds.traffic import Way, crossings
from hdh_infra.graph.observation import Flows, Native, ObservedFlow

_NUMBERS = {"6": "tcp", "17": "udp", "all": None}
_IMPLIED = Rule("out", None, priority=2 * 65536)
_METADATA = ipaddress.IPv4Network("169.254.169.254/32")
_HTTPS: Ports = ((443, 443),)
_FIRST = -2


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
class _Line:
    """One rule of a network: which machines it is for, what it says, and whether that is written down."""

    rules: tuple[Rule, ...]
    targets: frozenset[str]
    """Empty is every machine of the network."""
    logged: bool


@final
@dataclass(frozen=True)
class _Wire:
    """One interface of an instance, with what the cloud knows of it."""

    interface: Interface
    """With the rules of the network and of its routes."""
    plain: tuple[Rule, ...]
    """The rules of the network alone."""
    server: Native
    subnet: Native
    account: str | None
    public: bool
    to_apis: bool
    """Whether packets to the APIs' guarded addresses find their way."""


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
    """The networks of a deployment, read once."""

    def __init__(self, reader: Reader, rights: Rights) -> None:
        self.reader, self.rights = reader, rights
        native = reader.site.offer.native
        self.apis = [network_of(str(native[name])) for name in ("restricted_range", "private_range")]
        self.api_host = f"storage.{reader.universe}"
        self.subnets: dict[str, list[Native]] = {}
        for subnet in reader.natives.of_type(SUBNET):
            network = reader.follow(subnet.properties.get("network"))
            if network is None or network.type != NETWORK:
                reader.remarks.add(f"{subnet.path}: lies in a network that is not the platform's")
            else:
                self.subnets.setdefault(network.path, []).append(subnet)
        self.ranges = {path: tuple(self._ranges(some)) for path, some in self.subnets.items()}
        self.inside = tuple(one for some in self.ranges.values() for one in some)
        self.lines = self._lines()
        self.routes = self._routes()
        """By network, ranges that it sends outside, each with the network tags of the machines for which it does; without any, of all."""
        self.peers = self._peers()
        self.nats = self._nats()
        self.kept: dict[tuple[Any, ...], tuple[Rule, ...]] = {}
        self.wires = list(self._wires())
        for one in reader.natives.of_type(FIREWALL_POLICY):
            reader.remarks.add(f"{one.path}: puts a policy on a network, whose rules were not read")

    def traffic(self) -> Traffic:
        machines = [wire for wire in self.wires if not is_beside(wire.server)]
        beside = _Beside(
            [(wire.server, wire.interface) for wire in self.wires if is_bastion(wire.server)],
            [(wire.server, wire.interface) for wire in self.wires if exit_of(wire.server) is not None],
            [wire.interface for wire in machines],
            frozenset(id(wire.interface) for wire in self.wires if wire.public),
            self.inside,
        )
        remark = self.reader.remarks.add
        servers = [(path, wire.server) for wire in self.wires if (path := exit_of(wire.server)) is not None]
        exits = observe_exits(servers, beside, told, remark)
        through, between = Through(beside, exits, self._behind(machines)), []
        for flow in flows([wire.interface for wire in self.wires], self._routed):
            if exits and element_of_end(flow.to) in exits:
                through.follow(flow)
            else:
                between.append(flow)
        doors = observe_doors(
            beside, between, lambda one: level(one, remark), beyond=_METADATA, remark=remark, updates=UPDATES
        )
        to_stores, lost = self._to_stores(machines)
        ways = outside(beside.interfaces, (*self.inside, _METADATA, *self.apis), lambda _: True)
        apart = (*self.apis, _METADATA)
        return Traffic(
            flows=Flows((*doors.flows, *through.kept), crossings((*to_stores, *through.to_stores))),
            egress=through.with_egress((*ways, *lost, *doors.egress)),
            entry=tuple(sorted(self._entry())),
            public=dict.fromkeys((wire.server.path for wire in self.wires if wire.public), True),
            logged=self._logged(),
            reaching=frozenset(
                wire.interface.element for wire in machines if intersect(self._to_apis(wire, "tcp"), _HTTPS)
            ),
            people=doors.people,
            service_flows=tuple(sorted({*doors.service_flows, *of_exits(exits, beside, apart)})),
        )

    def _behind(self, machines: Iterable[_Wire]) -> Stores:
        """The stores that a way through a proxy leads to: those that an account opens, where the bucket lets the proxy's network in."""
        buckets = list(self.reader.natives.of_type(BUCKET))
        to_all = {bucket.path for bucket in buckets if is_public(bucket, self.rights)}
        accounts = {wire.interface.element: wire.account for wire in machines}

        def opened(element: str) -> set[str]:
            mine = accounts.get(element)
            return to_all | {one.path for one in buckets if mine is not None and mine in self.rights.accesses(one)}

        elements = {bucket.path: bucket.element for bucket in buckets}
        return Stores(elements, opened, self.api_host, self.api_host, addresses=self.apis[:1])

    def _ranges(self, subnets: Iterable[Native]) -> Iterator[Network]:
        for subnet in subnets:
            given = [subnet.properties.get("ipCidrRange")]
            given += [one.get("ipCidrRange") for one in listed(subnet.properties.get("secondaryIpRanges"))]
            yield from (network_of(str(one)) for one in given if one and ":" not in str(one))

    def _routed(self, one: Interface, other: Interface) -> bool:
        return one.network == other.network or other.network in self.peers.get(one.network, ())

    def _peers(self) -> Mapping[str, set[str]]:
        """Networks that a packet passes between: each half of a peering is there."""
        halves: set[tuple[str, str]] = set()
        for native in self.reader.natives.of_type(PEERING):
            source = self.reader.follow(native.properties.get("network"))
            to = self.reader.follow(native.properties.get("peerNetwork"))
            if source is None or to is None:
                self.reader.remarks.add(f"{native.path}: joins a network that is not the platform's")
            else:
                halves.add((source.path, to.path))
        found: dict[str, set[str]] = {}
        for a, b in halves:
            if (b, a) in halves:
                found.setdefault(a, set()).add(b)
        return found

    def _routes(self) -> Mapping[str, list[tuple[Network, frozenset[str]]]]:
        """Google's own default route is there where nobody deleted it."""
        found: dict[str, list[tuple[Network, frozenset[str]]]] = {}
        for network in self.reader.natives.of_type(NETWORK):
            if network.properties.get("deleteDefaultRoutesOnCreate") is not True:
                found.setdefault(network.path, []).append((ANYWHERE, frozenset()))
        for native in self.reader.natives.of_type(ROUTE):
            target = self.reader.follow(native.properties.get("network"))
            prefix = str(native.properties.get("destRange") or "")
            if target is None or ":" in prefix or not prefix:
                continue
            if last(native.properties.get("nextHopGateway")) != "default-internet-gateway":
                self.reader.remarks.add(f"{native.path}: leads to {prefix} by another hop than the way outside")
            tags = frozenset(f"tag {one}" for one in listed(native.properties.get("tags")))
            found.setdefault(target.path, []).append((network_of(prefix), tags))
        return found

    def _ways(self, network: str, names: frozenset[str]) -> list[Network]:
        """Ranges that a network sends outside for a machine with these names."""
        return [to for to, tags in self.routes.get(network, ()) if not tags or tags & names]

    def _nats(self) -> set[str]:
        """Native paths of subnets that have addresses outside lent to them."""
        found: set[str] = set()
        for native in self.reader.natives.of_type(NAT):
            if native.properties.get("sourceSubnetworkIpRangesToNat") != "LIST_OF_SUBNETWORKS":
                found.update(subnet.path for some in self.subnets.values() for subnet in some)
            for one in listed(native.properties.get("subnetworks")):
                subnet = self.reader.follow(one.get("name"))
                if subnet is not None:
                    found.add(subnet.path)
        return found

    def _lines(self) -> Mapping[str, list[_Line]]:
        found: dict[str, list[_Line]] = {}
        for native in self.reader.natives.of_type(FIREWALL):
            network = self.reader.follow(native.properties.get("network"))
            if network is None:
                self.reader.remarks.add(f"{native.path}: is a rule of a network that is not the platform's")
            elif native.properties.get("disabled") is not True:
                found.setdefault(network.path, []).append(self._line(native, network.path))
        return found

    def _line(self, native: Native, network: str) -> _Line:
        given = native.properties
        inward = given.get("direction", "INGRESS") != "EGRESS"
        allowed = listed(given.get("allows"))
        allow = bool(allowed)
        targets = {f"account {self._account(one)}" for one in listed(given.get("targetServiceAccounts"))}
        targets |= {f"tag {one}" for one in listed(given.get("targetTags"))}
        groups: set[str] = set()
        if inward:
            groups = {f"{network} account {self._account(one)}" for one in listed(given.get("sourceServiceAccounts"))}
            groups |= {f"{network} tag {one}" for one in listed(given.get("sourceTags"))}
        texts = [str(one) for one in listed(given.get("sourceRanges" if inward else "destinationRanges"))]
        ranges = tuple(network_of(one) for one in texts if ":" not in one)
        if texts and not ranges and not groups:
            return _Line((), frozenset(targets), logged=True)  # of addresses that no machine here has
        if ANYWHERE in ranges:
            ranges, groups = (), set()
        rules = []
        for one in allowed or listed(given.get("denies")):
            word = str(one.get("protocol", "all")).lower()
            protocol = _NUMBERS.get(word, word)
            if protocol not in {None, *PROTOCOLS}:
                continue
            ports = listed(one.get("ports"))
            rules.append(
                Rule(
                    "in" if inward else "out",
                    protocol,
                    ports_of(ports) if ports else ALL_PORTS,
                    peers=ranges,
                    groups=frozenset(groups),
                    allow=allow,
                    # Of equal ones a denial is looked at first.
                    priority=2 * int(given.get("priority", 1000)) + int(allow),
                )
            )
        logged = bool(given.get("logConfig")) or given.get("enableLogging") is True
        return _Line(tuple(rules), frozenset(targets), logged)

    def _account(self, value: Any) -> str:
        """An account as rules and machines name it alike: its native path, or the address of one that is none of the platform's."""
        account = self.reader.account(value)
        return account.path if account is not None else str(value).lower()

    def _wires(self) -> Iterator[_Wire]:
        for server in self.reader.natives.of_type(INSTANCE):
            given = server.properties.get("serviceAccount") or {}
            account = self._account(given["email"]) if given.get("email") else None
            names = {f"tag {one}" for one in listed(server.properties.get("tags"))}
            names |= {f"account {account}"} if account else set()
            scoped = account if listed(given.get("scopes")) else None
            attached = listed(server.properties.get("networkInterfaces"))
            if not attached:
                self.reader.remarks.add(f"{server.path}: its interfaces cannot be seen, and so who reaches it")
                self.reader.unread.add(server.element)
            for one in attached:
                subnet = self.reader.follow(one.get("subnetwork"))
                network = self.reader.follow(subnet.properties.get("network")) if subnet is not None else None
                address = one.get("networkIp")
                if subnet is None or network is None or not isinstance(address, str):
                    self.reader.remarks.add(
                        f"{server.path}: its address or subnet cannot be read, and so who reaches it"
                    )
                    self.reader.unread.add(server.element)
                    continue
                public = bool(listed(one.get("accessConfigs")) or listed(one.get("ipv6AccessConfigs")))
                yield self._wire(server, subnet, network.path, address, frozenset(names), scoped, public=public)

    def _wire(
        self,
        server: Native,
        subnet: Native,
        network: str,
        address: str,
        names: frozenset[str],
        account: str | None,
        *,
        public: bool,
    ) -> _Wire:
        plain = self._rules(network, names)
        outward = public or subnet.path in self.nats
        api = subnet.properties.get("privateIpGoogleAccess") is True or public
        ways = self._ways(network, names)
        key = network, names, outward, api
        whole = self.kept.get(key)
        if whole is None:
            whole = self.kept[key] = (*self._unrouted(network, ways, outward=outward, api=api), *plain)
        to_apis = api and any(one.subnet_of(way) for one in self.apis[:1] for way in ways)
        interface = Interface(
            exit_of(server) or server.element,
            ipaddress.IPv4Address(address),
            network,
            whole,
            frozenset(f"{network} {name}" for name in names),
        )
        return _Wire(interface, plain, server, subnet, account, public, to_apis)

    def _rules(self, network: str, names: frozenset[str]) -> tuple[Rule, ...]:
        """The rules of a network for machines with these names, and the implied one at their end."""
        key = network, names
        found = self.kept.get(key)
        if found is None:
            lines = self.lines.get(network, [])
            rules = [rule for line in lines if not line.targets or line.targets & names for rule in line.rules]
            found = self.kept[key] = (*rules, _IMPLIED)
        return found

    def _unrouted(self, network: str, routed: Sequence[Network], *, outward: bool, api: bool) -> Iterator[Rule]:
        """What no route takes anywhere is denied before every rule; and what one takes outside is asked about by itself."""
        ways = list(routed) if outward else []
        if api:
            # Without an address outside, only the APIs answer on a way outside.
            ways += [one for one in self.apis if any(one.subnet_of(way) for way in routed)]
        if ANYWHERE in ways:
            return
        near = [one for path in (network, *sorted(self.peers.get(network, ()))) for one in self.ranges.get(path, ())]
        yield Rule("out", None, peers=(ANYWHERE,), apart=(*near, _METADATA, *ways), allow=False, priority=_FIRST)
        if ways:
            yield Rule("out", None, ports=(), peers=tuple(ways), allow=False, priority=_FIRST)

    def _to_apis(self, wire: _Wire, protocol: str) -> Ports:
        if not wire.to_apis:
            return ()
        return passes(wire.interface.rules, "out", protocol, self.apis[0][0], frozenset())

    def _to_stores(self, machines: Sequence[_Wire]) -> tuple[list[Way], list[ObservedFlow]]:
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
                ports = self._to_apis(wire, protocol)
                if not ports:
                    continue
                reached = {one.element for one in mine if self._lets(wire, sources[one.path])}
                for store in reached:
                    each.setdefault((element, store, protocol), []).append((number, ports))
                if not reached and not (wire.account in using and protocol == "tcp" and ports == _HTTPS):
                    lost.append(ObservedFlow(element, str(self.apis[0]), protocol, written(ports)))
        for (element, store, protocol), some in each.items():
            if len(some) == counts[element] and len({ports for _, ports in some}) == 1:
                found.append(Way(element, frozenset({store}), protocol, some[0][1], beyond))
            else:
                found += [Way(f"{element}[{n}]", frozenset({store}), protocol, ports, beyond) for n, ports in some]
        return found, sorted(set(lost))

    def _lets(self, wire: _Wire, sources: Mapping[str, list[str]] | None) -> bool:
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
            for wire in self.wires
            if wire.public
        ]
        entered = {wire.interface.element for wire in self.wires if is_bastion(wire.server)}
        for flow in outside(mirrored, self.inside, lambda _: True):
            ports = ports_of(flow.ports)
            if flow.source in entered and flow.protocol == "tcp":
                # That people come in by it is how the network's entry is told.
                ports = subtract(ports, SESSIONS)
            if ports:
                source = INTERNET if flow.to == str(ANYWHERE) else flow.to
                yield flow._replace(source=source, to=flow.source, ports=written(ports))

    def _logged(self) -> Mapping[str, bool]:
        """By subnet, whether every rule that speaks for its machines writes down what it decides, and every packet meets one."""
        found: dict[str, bool] = {}
        wires: dict[str, list[_Wire]] = {}
        for wire in self.wires:
            wires.setdefault(wire.subnet.path, []).append(wire)
        for network, subnets in self.subnets.items():
            lines = self.lines.get(network, [])
            common = [line for line in lines if not line.targets]
            last_words = {
                rule.direction
                for line in common
                for rule in line.rules
                if not rule.allow and rule.protocol is None and not rule.peers and rule.ports == ALL_PORTS
            }
            whole = last_words == {"in", "out"} and all(line.logged for line in common)
            quiet = frozenset(name for line in lines if not line.logged for name in line.targets)
            for subnet in subnets:
                prefix = f"{network} "
                names = {
                    name.removeprefix(prefix) for wire in wires.get(subnet.path, ()) for name in wire.interface.groups
                }
                found[subnet.path] = whole and not names & quiet
        return found
