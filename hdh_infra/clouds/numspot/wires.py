"""What packets pass on NumSpot: interfaces of VMs with their filters, subnets, routes, public addresses.

Read for the worse where something cannot be read: a group that is not among the resources lets everything through.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import ALL_PORTS, ANYWHERE, PROTOCOLS, Network, Rule, network_of
from hdh_infra.clouds.numspot.naming import (
    BRIDGE,
    GROUP,
    NAT_GATEWAY,
    NIC,
    PUBLIC_IP,
    ROUTE_TABLE,
    RULE,
    SUBNET,
    VM,
    VPC,
)
from hdh_infra.clouds.numspot.network import FILTERED
from hdh_infra.clouds.numspot.reading import BASTION, Reader, has_tag
from hdh_infra.clouds.numspot.rules import IN
from hdh_infra.clouds.reach import Interface
from hdh_infra.clouds.traffic import filter_of
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value

_NUMBERS = {"6": "tcp", "17": "udp", "-1": None, "any": None, "": None}
_DEFAULT = "default group of "


class Wires:
    """Everything that packets pass."""

    def __init__(self, reader: Reader) -> None:
        """Read it all once."""
        self.reader = reader
        natives = reader.natives
        self.vpcs = {one.path: one for one in natives.of_type(VPC)}
        self.subnets = {
            one.path: network_of(str(one.properties["ipRange"]))
            for one in natives.of_type(SUBNET)
            if one.properties.get("ipRange")
        }
        self.vpc_of = {one.path: self._vpc(one.properties.get("vpcId")) for one in natives.of_type(SUBNET)}
        self.inside = tuple(ipaddress.collapse_addresses(self.subnets.values()))
        self.rules = self._rules()
        self.ways_out = set(self._ways_out())
        self.with_gateway = set(self._tables_with("gatewayId"))
        self.bridged = {
            frozenset(self._vpc(one.properties.get(end)) for end in ("sourceVpcId", "destinationVpcId"))
            for one in natives.of_type(BRIDGE)
        }
        public = {self._target(one) for one in natives.of_type(PUBLIC_IP)} - {None}
        self.interfaces: list[Interface] = []
        self.doors: list[tuple[Native, Interface]] = []
        """Those of bastions, whose element is a network."""
        self.exits: list[tuple[Native, Interface]] = []
        """Those of proxies, whose element is the proxy's path."""
        self.public: set[int] = set()
        self._vpc_of_interface: dict[int, str] = {}
        for machine in natives.of_type(VM):
            for interface, subnet in self._interfaces(machine):
                if machine.path == f"{machine.element}{BASTION}/server":
                    self.doors.append((machine, interface))
                elif exit_of(machine) is not None:
                    self.exits.append((machine, interface))
                else:
                    self.interfaces.append(interface)
                self._vpc_of_interface[id(interface)] = self.vpc_of.get(interface.network, interface.network)
                mapped = subnet is not None and subnet.properties.get("mapPublicIpOnLaunch") is True
                if (
                    machine.path in public
                    or mapped
                    or machine.properties.get("publicIp")
                    or interface.address.is_global
                ):
                    self.public.add(id(interface))
        for card in natives.of_type(NIC):
            reader.remarks.add(
                f"{card.path} is a further network card, which is not read: what it reaches is not known"
            )

    def routed(self, one: Interface, other: Interface) -> bool:
        """Whether packets find their way between two interfaces: within a VPC always, between two by a bridge."""
        here, there = self._vpc_of_interface[id(one)], self._vpc_of_interface[id(other)]
        return here == there or frozenset({here, there}) in self.bridged

    def has_way_out(self, one: Interface) -> bool:
        """Whether packets find their way outside: by a NAT gateway, or by a public address and an internet gateway."""
        return one.network in self.ways_out or (id(one) in self.public and one.network in self.with_gateway)

    def _vpc(self, value: Value) -> str:
        found = self.reader.follow(value, VPC)
        return found.path if found is not None else str(value)

    def _target(self, address: Native) -> str | None:
        value = address.properties.get("vmId")
        machine = self.reader.follow(value, VM)
        if machine is None and (value or address.properties.get("nicId")):
            self.reader.remarks.add(f"{address.path} leads to a machine that is not among the resources")
        return machine.path if machine is not None else None

    def _rules(self) -> dict[str, tuple[Rule, ...]]:
        found: dict[str, list[Rule]] = {}
        for group in self.reader.natives.of_type(GROUP):
            # What stands in the group itself is the whole list: a state's tells the single rules too.
            inline = [
                (direction, one)
                for name, direction in (("inboundRules", "in"), ("outboundRules", "out"))
                for one in listed(group.properties.get(name))
            ]
            found[group.path] = [
                rule
                for direction, one in inline
                if isinstance(one, Mapping)
                for rule in self._inline(group, direction, one)
            ]
        for native in self.reader.natives.of_type(RULE):
            owner = self.reader.follow(native.properties.get("securityGroupId"), GROUP)
            if owner is None:
                self.reader.remarks.add(f"{native.path} belongs to a security group that is not among the resources")
                continue
            properties = native.properties
            direction = "in" if str(properties.get("flow")) == IN else "out"
            rule = _rule(direction, properties, (network_of(str(properties.get("ipRange") or ANYWHERE)),))
            if rule is not None:
                found[owner.path].append(rule)
        return {path: tuple(some) for path, some in found.items()}

    def _inline(self, group: Native, direction: str, one: Mapping[str, Any]) -> Iterator[Rule]:
        peers = tuple(network_of(str(each)) for each in listed(one.get("ipRanges")))
        if listed(one.get("serviceIds")):
            self.reader.remarks.add(f"{group.path} lets a service of NumSpot's through by its id: taken for everyone")
            peers = (ANYWHERE,)
        if not peers:
            return
        rule = _rule(direction, one, peers)
        if rule is not None:
            yield rule

    def _tables_with(self, name: str) -> Iterator[str]:
        """Subnets whose table has a route to the world by something."""
        for table in self.reader.natives.of_type(ROUTE_TABLE):
            routes = [one for one in listed(table.properties.get("routes")) if isinstance(one, Mapping)]
            if any(_leads_out(one) and one.get(name) and one.get(name) != "local" for one in routes):
                yield from self._subnets_of(table)

    def _subnets_of(self, table: Native) -> Iterator[str]:
        values = [*listed(table.properties.get("subnetIds")), table.properties.get("subnetId")]
        values += [
            one.get("subnetId") for one in listed(table.properties.get("linkRouteTables")) if isinstance(one, Mapping)
        ]
        for value in values:
            subnet = self.reader.follow(value, SUBNET)
            if subnet is not None:
                yield subnet.path

    def _ways_out(self) -> Iterator[str]:
        """Subnets whose packets leave by a NAT gateway that has a public address; what stands behind another thing is taken for one."""
        standing = {one.path for one in self.reader.natives.of_type(NAT_GATEWAY)}
        for table in self.reader.natives.of_type(ROUTE_TABLE):
            for route in listed(table.properties.get("routes")):
                if not isinstance(route, Mapping) or not _leads_out(route):
                    continue
                nat = self.reader.natives.follow(route.get("natGatewayId"))
                if route.get("natGatewayId") and nat is None and not standing:
                    self.reader.remarks.add(f"{table.path} leads to a NAT gateway that is not among the resources")
                if route.get("natGatewayId") or route.get("nicId") or route.get("vmId") or route.get("vpcPeeringId"):
                    yield from self._subnets_of(table)

    def _interfaces(self, machine: Native) -> Iterator[tuple[Interface, Native | None]]:
        properties = machine.properties
        subnet = self.reader.follow(properties.get("subnetId"), SUBNET)
        network = subnet.path if subnet is not None else str(properties.get("subnetId"))
        if subnet is None:
            # Whether it gives public addresses by itself is not known.
            self.reader.remarks.add(f"{machine.path} is in a subnet that is not among the resources")
            self.reader.unread.add(machine.element)
        addresses = [str(one) for one in listed(properties.get("privateIps")) if isinstance(one, str)]
        if not addresses:
            self.reader.remarks.add(f"{machine.path} has no fixed address: it is taken for the last of its subnet")
            addresses = [str(self.subnets[network][-2])] if network in self.subnets else ["192.0.2.1"]
        groups, rules = self._filter(machine, network)
        if network in self.subnets and not self._is_filtered(network):
            own = (self.subnets[network],)
            rules = (*rules, Rule("in", None, peers=own), Rule("out", None, peers=own))
        for address in addresses:
            yield (
                Interface(exit_of(machine) or machine.element, ipaddress.IPv4Address(address), network, rules, groups),
                subnet,
            )

    def _is_filtered(self, subnet: str) -> bool:
        vpc = self.vpcs.get(self.vpc_of[subnet])
        if vpc is not None and has_tag(vpc, FILTERED):
            return True
        self.reader.remarks.add(
            f"{self.vpc_of[subnet]} has no tag {FILTERED}: machines of one subnet reach each other whatever their groups say"
        )
        return False

    def _filter(self, machine: Native, network: str) -> tuple[frozenset[str], tuple[Rule, ...]]:
        # Groups by their names are groups of the VPC that no id tells.
        values = [
            *listed(machine.properties.get("securityGroupIds")),
            *(listed(machine.properties.get("securityGroups")) if self.reader.natives.source == "plan" else ()),
        ]
        if not values:
            default = f"{_DEFAULT}{self.vpc_of.get(network, network)}"
            self.reader.remarks.add(
                f"{machine.path} has the VPC's default group, which lets everything out, and in what is in it"
            )
            return frozenset({default}), (Rule("out", None), Rule("in", None, groups=frozenset({default})))
        return filter_of(self.reader, machine, values, GROUP, self.rules)


def _leads_out(route: Mapping[str, Any]) -> bool:
    """Whether a route is for addresses of the world: for all of them, or for some that are nobody's own."""
    try:
        destination = network_of(str(route.get("destinationIpRange")))
    except ValueError:
        return False
    return destination == ANYWHERE or not destination.is_private


def _rule(direction: str, properties: Mapping[str, Any], peers: tuple[Network, ...]) -> Rule | None:
    word = str(properties.get("ipProtocol") if properties.get("ipProtocol") is not None else "-1").lower()
    protocol = _NUMBERS.get(word, word)
    if protocol not in {*PROTOCOLS, None}:
        return None
    low, high = int(properties.get("fromPortRange") or 0), int(properties.get("toPortRange") or 0)
    ports = ((max(low, 1), high),) if high > 0 and protocol is not None else ALL_PORTS
    return Rule("in" if direction == "in" else "out", protocol, ports=ports, peers=peers)
