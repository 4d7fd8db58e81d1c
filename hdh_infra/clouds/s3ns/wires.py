"""What packets pass on S3NS: rules of the networks, routes, the ways outside and to the APIs, each as a machine's interface meets them.

In a network everything is let out that no rule speaks of and nothing in; every subnet of a network is routed to every other; of equal
rules a denial comes first. Where a rule cannot be read to the end, what allows counts as open to all and what denies as nothing.

Sources, read 2026-11-25: cloud.google.com/firewall/docs/firewalls, cloud.google.com/vpc/docs/routes, cloud.google.com/vpc/docs/private-google-access.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import ALL_PORTS, ANYWHERE, PROTOCOLS, Network, Ports, Rule, network_of, passes, ports_of
from hdh_infra.clouds.reach import Interface
from hdh_infra.clouds.s3ns.naming import FIREWALL, FIREWALL_POLICY, INSTANCE, NAT, NETWORK, PEERING, ROUTE, SUBNET
from hdh_infra.clouds.s3ns.reading import Reader, last, listed
from hdh_infra.graph.observation import Native

METADATA = ipaddress.IPv4Network("169.254.169.254/32")
_NUMBERS = {"6": "tcp", "17": "udp", "all": None}
_IMPLIED = Rule("out", None, priority=2 * 65536)
_FIRST = -2


@final
@dataclass(frozen=True)
class Line:
    """One rule of a network: which machines it is for, what it says, and whether that is written down."""

    rules: tuple[Rule, ...]
    targets: frozenset[str]
    """Empty is every machine of the network."""
    logged: bool


@final
@dataclass(frozen=True)
class Wire:
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
class Wires:
    """The networks of a deployment and the interfaces on them, read once."""

    def __init__(self, reader: Reader) -> None:
        """Read them of `reader`'s natives; what cannot be read is remarked on there."""
        self.reader = reader
        native = reader.site.offer.native
        self.apis = [network_of(str(native[name])) for name in ("restricted_range", "private_range")]
        self.subnets: dict[str, list[Native]] = {}
        for subnet in reader.natives.of_type(SUBNET):
            network = reader.follow(subnet.properties.get("network"))
            if network is None or network.type != NETWORK:
                reader.remarks.add(f"{subnet.path}: lies in a network that is not the platform's")
            else:
                self.subnets.setdefault(network.path, []).append(subnet)
        self._ranges_of = {path: tuple(self._ranges(some)) for path, some in self.subnets.items()}
        self.inside = tuple(one for some in self._ranges_of.values() for one in some)
        self._lines_of = self._lines()
        self._routes_of = self._routes()
        """By network, ranges that it sends outside, each with the network tags of the machines for which it does; without any, of all."""
        self._peers_of = self._peers()
        self._lent = self._nats()
        self._kept: dict[tuple[Any, ...], tuple[Rule, ...]] = {}
        self.all = list(self._wires())
        for one in reader.natives.of_type(FIREWALL_POLICY):
            reader.remarks.add(f"{one.path}: puts a policy on a network, whose rules were not read")

    def routed(self, one: Interface, other: Interface) -> bool:
        """Whether packets find their way from one interface to another."""
        return one.network == other.network or other.network in self._peers_of.get(one.network, ())

    def to_apis(self, wire: Wire, protocol: str) -> Ports:
        """The ports on which a machine gets to the APIs."""
        if not wire.to_apis:
            return ()
        return passes(wire.interface.rules, "out", protocol, self.apis[0][0], frozenset())

    def logged(self) -> Mapping[str, bool]:
        """By subnet, whether every rule that speaks for its machines writes down what it decides, and every packet meets one."""
        found: dict[str, bool] = {}
        wires: dict[str, list[Wire]] = {}
        for wire in self.all:
            wires.setdefault(wire.subnet.path, []).append(wire)
        for network, subnets in self.subnets.items():
            lines = self._lines_of.get(network, [])
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

    def _ranges(self, subnets: Iterable[Native]) -> Iterator[Network]:
        for subnet in subnets:
            given = [subnet.properties.get("ipCidrRange")]
            given += [one.get("ipCidrRange") for one in listed(subnet.properties.get("secondaryIpRanges"))]
            yield from (network_of(str(one)) for one in given if one and ":" not in str(one))

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
        return [to for to, tags in self._routes_of.get(network, ()) if not tags or tags & names]

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

    def _lines(self) -> Mapping[str, list[Line]]:
        found: dict[str, list[Line]] = {}
        for native in self.reader.natives.of_type(FIREWALL):
            network = self.reader.follow(native.properties.get("network"))
            if network is None:
                self.reader.remarks.add(f"{native.path}: is a rule of a network that is not the platform's")
            elif native.properties.get("disabled") is not True:
                found.setdefault(network.path, []).append(self._line(native, network.path))
        return found

    def _line(self, native: Native, network: str) -> Line:
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
            return Line((), frozenset(targets), logged=True)  # of addresses that no machine here has
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
        return Line(tuple(rules), frozenset(targets), logged)

    def _account(self, value: Any) -> str:
        """An account as rules and machines name it alike: its native path, or the address of one that is none of the platform's."""
        account = self.reader.account(value)
        return account.path if account is not None else str(value).lower()

    def _wires(self) -> Iterator[Wire]:
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
    ) -> Wire:
        plain = self._rules(network, names)
        outward = public or subnet.path in self._lent
        api = subnet.properties.get("privateIpGoogleAccess") is True or public
        ways = self._ways(network, names)
        key = network, names, outward, api
        whole = self._kept.get(key)
        if whole is None:
            whole = self._kept[key] = (*self._unrouted(network, ways, outward=outward, api=api), *plain)
        to_apis = api and any(one.subnet_of(way) for one in self.apis[:1] for way in ways)
        interface = Interface(
            exit_of(server) or server.element,
            ipaddress.IPv4Address(address),
            network,
            whole,
            frozenset(f"{network} {name}" for name in names),
        )
        return Wire(interface, plain, server, subnet, account, public, to_apis)

    def _rules(self, network: str, names: frozenset[str]) -> tuple[Rule, ...]:
        """The rules of a network for machines with these names, and the implied one at their end."""
        key = network, names
        found = self._kept.get(key)
        if found is None:
            lines = self._lines_of.get(network, [])
            rules = [rule for line in lines if not line.targets or line.targets & names for rule in line.rules]
            found = self._kept[key] = (*rules, _IMPLIED)
        return found

    def _unrouted(self, network: str, routed: Sequence[Network], *, outward: bool, api: bool) -> Iterator[Rule]:
        """What no route takes anywhere is denied before every rule; and what one takes outside is asked about by itself."""
        ways = list(routed) if outward else []
        if api:
            # Without an address outside, only the APIs answer on a way outside.
            ways += [one for one in self.apis if any(one.subnet_of(way) for way in routed)]
        if ANYWHERE in ways:
            return
        near = [
            one for path in (network, *sorted(self._peers_of.get(network, ()))) for one in self._ranges_of.get(path, ())
        ]
        yield Rule("out", None, peers=(ANYWHERE,), apart=(*near, METADATA, *ways), allow=False, priority=_FIRST)
        if ways:
            yield Rule("out", None, ports=(), peers=tuple(ways), allow=False, priority=_FIRST)
