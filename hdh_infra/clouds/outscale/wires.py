"""What packets pass: interfaces of VMs with their filters, routes, peerings, ways out and to stores, public addresses.

Read for the worse where something cannot be read: a group that is not among the resources lets everything through.
What follows from it is worked out in `traffic`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import ALL_PORTS, PROTOCOLS, Network, Ports, Rule, network_of
from hdh_infra.clouds.outscale.compute import section_of
from hdh_infra.clouds.outscale.naming import (
    ADDRESS_ASSOCIATION,
    ENDPOINT,
    GROUP,
    INSTANCE,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    RULE,
    SUBNET,
    VPC,
)
from hdh_infra.clouds.outscale.network import FILTERED
from hdh_infra.clouds.outscale.reading import Reader, tags_of
from hdh_infra.clouds.reach import Interface
from hdh_infra.clouds.traffic import EVERYTHING, filter_of
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value

AUTO_ATTACH: Final = "osc.fcu.eip.auto-attach"
"""Tag of a VM by which OUTSCALE gives it a public address when it starts (github.com/outscale/goutils k8s/tags, read 2026-11-25)."""
BASTION: Final = "/bastion/"
"""Between a network and the parts of its entry for people, in their paths."""
_NUMBERS: Final = {"6": "tcp", "17": "udp", "-1": None, "all": None, "": None}
_LISTS: Final = "list of prefixes: "


@final
@dataclass(frozen=True, slots=True)
class Hop:
    """One route of a table."""

    to: Network
    peering: str | None = None
    """Path of the peering that it leads into."""
    out: str | None = None
    """`nat`, `internet` or `unread`, where it leads outside."""


@final
@dataclass
class Table:
    """A route table: its routes beside the one to its own Net, and the services that it has a way to."""

    hops: list[Hop] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    """Names of services that it has access points of."""

    def hop_to(self, address: ipaddress.IPv4Address) -> Hop | None:
        """The route of the longest prefix."""
        fits = [hop for hop in self.hops if address in hop.to]
        return max(fits, key=lambda hop: hop.to.prefixlen, default=None)


class Wires:
    """Everything that packets pass."""

    def __init__(self, reader: Reader) -> None:
        """Read it all once."""
        self.reader = reader
        self.nets: dict[str, list[Network]] = {}
        """Ranges by the path of a Net."""
        for net in reader.natives.of_type(VPC):
            cidr = str(net.properties.get("cidrBlock") or "")
            self.nets[net.path] = [network_of(cidr)] if cidr else []
            if FILTERED not in tags_of(net):
                reader.remarks.add(
                    f"{net.path} has no tag {FILTERED}: within a Subnet no filter counts, and every port is open"
                )
        self.inside = tuple(ipaddress.collapse_addresses(one for some in self.nets.values() for one in some))
        self.peers: dict[str, frozenset[str]] = {}
        """By the path of a peering, the paths of its Nets."""
        for native in reader.natives.of_type(PEERING):
            ends = [reader.follow(native.properties.get(name), VPC) for name in ("vpcId", "peerVpcId")]
            self.peers[native.path] = frozenset(end.path for end in ends if end is not None)
            if None in ends:
                reader.remarks.add(f"{native.path} joins a Net that is not among the resources")
        self._tables()
        self.rules = self._rules()
        self._publics = self._public_instances()
        self.interfaces: list[Interface] = []
        self.doors: list[tuple[Native, Interface]] = []
        """Those of bastions, whose element is a network."""
        self.exits: list[tuple[Native, Interface]] = []
        """Those of proxies, whose element is the proxy's path."""
        self.tables: dict[int, Table] = {}
        """By the identity of an interface."""
        self.subnets: dict[int, tuple[Network, ...]] = {}
        self.public: set[int] = set()
        for instance in reader.natives.of_type(INSTANCE):
            for interface, subnet in self._interface(instance):
                if instance.path == f"{instance.element}{BASTION}server":
                    self.doors.append((instance, interface))
                elif exit_of(instance) is not None:
                    self.exits.append((instance, interface))
                else:
                    self.interfaces.append(interface)
                self.tables[id(interface)] = self._table_of.get(subnet.path if subnet else "", Table())
                if instance.path in self._publics or (
                    subnet is not None and subnet.properties.get("mapPublicIpOnLaunch") is True
                ):
                    self.public.add(id(interface))

    def routed(self, one: Interface, other: Interface) -> bool:
        """Whether packets find their way between two interfaces, and back."""
        if one.network == other.network:
            return True
        return self._leads(one, other) and self._leads(other, one)

    def _leads(self, one: Interface, other: Interface) -> bool:
        hop = self.tables[id(one)].hop_to(other.address)
        return hop is not None and hop.peering is not None and self.peers[hop.peering] >= {one.network, other.network}

    def has_way_out(self, one: Interface) -> bool:
        """Whether packets find their way outside: by a NAT service, or by an internet service with a public address."""
        ways = {hop.out for hop in self.tables[id(one)].hops}
        return bool(ways & {"nat", "unread"}) or ("internet" in ways and id(one) in self.public)

    def store_ports(self, one: Interface, protocol: str) -> tuple[Ports, bool]:
        """The ports on which an interface is let out to object storage, and whether the same opening leads everywhere."""
        ways = self.tables[id(one)].services
        listed_ports: list[tuple[int, int]] = []
        wide: list[tuple[int, int]] = []
        for rule in one.rules if one.rules is not None else EVERYTHING:
            if rule.direction != "out" or rule.protocol not in {None, protocol}:
                continue
            if ways and any(f"{_LISTS}{way}" in rule.groups for way in ways):
                listed_ports.extend(rule.ports)
            if self._everybody(rule) and (ways or self.has_way_out(one)):
                wide.extend(rule.ports)
        return tuple(sorted({*listed_ports, *wide})), bool(wide)

    @staticmethod
    def _everybody(rule: Rule) -> bool:
        return not rule.groups and (not rule.peers or any(peer.prefixlen == 0 for peer in rule.peers))

    def _tables(self) -> None:
        tables = {native.path: Table() for native in self.reader.natives.of_type(ROUTE_TABLE)}
        for native in self.reader.natives.of_type(ROUTE):
            table = self.reader.follow(native.properties.get("routeTableId"), ROUTE_TABLE)
            if table is None:
                self.reader.remarks.add(f"{native.path} belongs to a route table that is not among the resources")
                continue
            tables[table.path].hops.append(self._hop(native))
        for native in self.reader.natives.of_type(ENDPOINT):
            if not str(native.properties.get("serviceName") or "").endswith(".oos"):
                self.reader.remarks.add(f"{native.path} leads to {native.properties.get('serviceName')}")
                continue
            for value in listed(native.properties.get("routeTableIds")):
                table = self.reader.follow(value, ROUTE_TABLE)
                if table is not None:
                    tables[table.path].services.add(str(native.properties["serviceName"]))
        self._table_of: dict[str, Table] = {}
        for native in self.reader.natives.of_type(ROUTE_TABLE_ASSOCIATION):
            subnet = self.reader.follow(native.properties.get("subnetId"), SUBNET)
            table = self.reader.follow(native.properties.get("routeTableId"), ROUTE_TABLE)
            if subnet is not None:
                known = tables[table.path] if table is not None else None
                self._table_of[subnet.path] = known or Table([Hop(network_of("0.0.0.0/0"), out="unread")])

    def _hop(self, native: Native) -> Hop:
        properties = native.properties
        to = network_of(str(properties.get("destinationCidrBlock") or "0.0.0.0/0"))
        peering = self.reader.follow(properties.get("vpcPeeringConnectionId"), PEERING)
        if peering is not None:
            return Hop(to, peering=peering.path)
        if self.reader.follow(properties.get("natGatewayId"), NAT_GATEWAY) is not None:
            return Hop(to, out="nat")
        if self.reader.follow(properties.get("gatewayId"), INTERNET_GATEWAY) is not None:
            return Hop(to, out="internet")
        self.reader.remarks.add(f"{native.path} leads to something that is not among the resources")
        return Hop(to, out="unread")

    def _rules(self) -> dict[str, tuple[Rule, ...]]:
        found: dict[str, list[Rule]] = {group.path: [] for group in self.reader.natives.of_type(GROUP)}
        for native in self.reader.natives.of_type(RULE):
            owner = self.reader.follow(native.properties.get("groupId"), GROUP)
            if owner is None:
                self.reader.remarks.add(f"{native.path} belongs to a security group that is not among the resources")
            elif (rule := self._rule(native)) is not None:
                found[owner.path].append(rule)
        return {path: tuple(some) for path, some in found.items()}

    def _rule(self, native: Native) -> Rule | None:
        properties = native.properties
        word = str(properties.get("protocol") or "").lower()
        protocol = _NUMBERS.get(word, word)
        if protocol not in {*PROTOCOLS, None}:
            return None
        low, high = int(properties.get("fromPort") or 0), int(properties.get("toPort") or 0)
        peers: tuple[Network, ...] = ()
        groups: frozenset[str] = frozenset()
        if properties.get("cidrBlock"):
            peers = (network_of(str(properties["cidrBlock"])),)
        elif (value := properties.get("peerGroupId")) is not None:
            group = self.reader.follow(value, GROUP)
            groups = frozenset({group.path if group is not None else str(value)})
        elif (value := properties.get("prefixListId")) is not None:
            service = self._service(value)
            if service is None:
                self.reader.remarks.add(f"{native.path} names prefixes that are not known: taken for everywhere")
            else:
                groups = frozenset({f"{_LISTS}{service}"})
        return Rule(
            "in" if properties.get("direction") == "ingress" else "out",
            protocol,
            ports=((max(low, 1), high),) if high > 0 and protocol is not None else ALL_PORTS,
            peers=peers,
            groups=groups,
        )

    def _service(self, value: Value) -> str | None:
        """The service whose list of prefixes a rule names: by reference in a plan, elsewhere by the list's id, which is one for all Nets."""
        way = self.reader.follow(value, ENDPOINT)
        if way is None:
            ways = (one for one in self.reader.natives.of_type(ENDPOINT) if isinstance(value, str))
            way = next((one for one in ways if one.properties.get("prefixListId") == value), None)
        return str(way.properties.get("serviceName")) if way is not None else None

    def _public_instances(self) -> frozenset[str]:
        found = set()
        for native in self.reader.natives.of_type(ADDRESS_ASSOCIATION):
            instance = self.reader.follow(native.properties.get("instanceId"), INSTANCE)
            if instance is not None:
                found.add(instance.path)
            else:
                self.reader.remarks.add(
                    f"{native.path} gives a public address to a machine that is not among the resources"
                )
        for instance in self.reader.natives.of_type(INSTANCE):
            if instance.properties.get("publicIp") or AUTO_ATTACH in section_of(instance):
                found.add(instance.path)
        return frozenset(found)

    def _interface(self, instance: Native) -> Iterator[tuple[Interface, Native | None]]:
        properties = instance.properties
        subnet = self.reader.follow(properties.get("subnetId"), SUBNET)
        net = self.reader.follow(subnet.properties.get("vpcId"), VPC) if subnet is not None else None
        address = properties.get("privateIpAddress") or properties.get("privateIp")
        if subnet is None or net is None or not isinstance(address, str):
            self.reader.remarks.add(f"{instance.path} has no Subnet or no fixed address among the resources: not read")
            self.reader.unread.add(instance.element)
            return
        names, rules = filter_of(self.reader, instance, listed(properties.get("securityGroupIds")), GROUP, self.rules)
        if FILTERED not in tags_of(net):
            around = (network_of(str(subnet.properties.get("cidrBlock"))),)
            rules += (Rule("out", None, peers=around), Rule("in", None, peers=around))
        yield (
            Interface(exit_of(instance) or instance.element, ipaddress.IPv4Address(address), net.path, rules, names),
            subnet,
        )
