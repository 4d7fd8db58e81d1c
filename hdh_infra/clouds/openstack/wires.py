"""What packets pass in Neutron: interfaces of servers with their filters, routes, ranges, public addresses.

Read for the worse where something cannot be read: a group that is not among the resources lets everything
through, and so does an interface whose port is not known. What follows from it is worked out in `traffic`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.endpoint import STRANGERS
from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.filters import ALL_PORTS, PROTOCOLS, Network, Rule
from hdh_infra.clouds.openstack.naming import (
    ADDRESS_GROUP,
    BASTION,
    FLOATING_IP,
    FLOATING_IP_ASSOCIATE,
    GROUP,
    INSTANCE,
    INTERFACE_ATTACH,
    NETWORK,
    PORT,
    PORT_FORWARDING,
    PORT_GROUPS,
    RBAC_POLICY,
    ROUTER,
    ROUTER_INTERFACE,
    RULE,
    SUBNET,
)
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.reach import Interface
from hdh_infra.clouds.traffic import filter_of
from hdh_infra.clouds.values import listed, looked_up
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, form_of

DEFAULT_GROUP = "default"
LOCAL = tuple(
    ipaddress.IPv4Network(one)
    for one in ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
)
"""Ranges that lead nowhere outside (RFC 1918, RFC 6598, RFC 3927)."""
_NOBODY = ipaddress.IPv4Network("0.0.0.0/32")
_NUMBERS = {"6": "tcp", "17": "udp", "": None, "any": None}


class Wires:
    """Everything that packets pass: interfaces of servers, routes, ranges."""

    def __init__(self, reader: Reader) -> None:
        """Read it all once."""
        self.reader = reader
        self.subnets: dict[str, list[Network]] = {}
        for subnet in reader.natives.of_type(SUBNET):
            network = reader.follow(subnet.properties.get("networkId"), NETWORK)
            cidr = str(subnet.properties.get("cidr") or "")
            if network is not None and "." in cidr:
                self.subnets.setdefault(network.path, []).append(ipaddress.IPv4Network(cidr))
            elif cidr:
                reader.remarks.add(f"{subnet.path} is not read: {cidr} is no IPv4 range of a network here")
        self.inside = tuple(ipaddress.collapse_addresses(one for some in self.subnets.values() for one in some))
        self.rules = self._rules()
        self.more_groups = self._more_groups()
        self.public_ports = set(self._public_ports())
        self._shared()
        self.interfaces: list[Interface] = []
        self.doors: list[tuple[Native, Interface]] = []
        """Those of bastions, whose element is a network."""
        self.exits: list[tuple[Native, Interface]] = []
        """Those of proxies, whose element is the proxy's path."""
        self.public: set[int] = set()
        for server in reader.natives.of_type(INSTANCE):
            door = server.path == f"{server.element}{BASTION}server"
            for interface, public in self._server(server):
                if door:
                    self.doors.append((server, interface))
                elif exit_of(server) is not None:
                    self.exits.append((server, interface))
                else:
                    self.interfaces.append(interface)
                if public:
                    self.public.add(id(interface))
        self.routers: dict[str, set[str]] = {}
        self.ways_out: set[str] = set()
        self._routes()

    def routed(self, one: Interface, other: Interface) -> bool:
        """Whether packets find their way between two interfaces."""
        return one.network == other.network or bool(
            self.routers.get(one.network, set()) & self.routers.get(other.network, set())
        )

    def has_way_out(self, one: Interface) -> bool:
        """Whether packets find their way outside: by a router with a gateway, or by a public address."""
        return id(one) in self.public or bool(self.routers.get(one.network, set()) & self.ways_out)

    def _rules(self) -> dict[str, tuple[Rule, ...]]:
        found: dict[str, list[Rule]] = {}
        for group in self.reader.natives.of_type(GROUP):
            # Neutron puts these two rules into each new group; live servers list them like any other.
            default = self.reader.natives.source != "live" and group.properties.get("deleteDefaultRules") is not True
            found[group.path] = [Rule("out", None)] if default else []
        for native in self.reader.natives.of_type(RULE):
            owner = self.reader.follow(native.properties.get("securityGroupId"), GROUP)
            if owner is None:
                self.reader.remarks.add(f"{native.path} belongs to a security group that is not among the resources")
                continue
            rule = self._rule(native)
            if rule is not None:
                found[owner.path].append(rule)
        return {path: tuple(some) for path, some in found.items()}

    def _rule(self, native: Native) -> Rule | None:
        properties = native.properties
        if str(properties.get("ethertype") or "IPv4") != "IPv4":
            self.reader.remarks.add(f"{native.path} speaks of IPv6, which no subnet here has")
            return None
        word = str(properties.get("protocol") or "").lower()
        protocol = _NUMBERS.get(word, word)
        if protocol not in {*PROTOCOLS, None}:
            return None
        low, high = int(properties.get("portRangeMin") or 0), int(properties.get("portRangeMax") or 0)
        prefix, remote = properties.get("remoteIpPrefix"), properties.get("remoteGroupId")
        groups: frozenset[str] = frozenset()
        peers: tuple[Network, ...] = (ipaddress.IPv4Network(str(prefix), strict=False),) if prefix else ()
        if remote:
            group = self.reader.follow(remote, GROUP)
            groups, peers = frozenset({group.path if group is not None else str(remote)}), ()
        elif properties.get("remoteAddressGroupId"):
            peers = self._address_group(native, properties["remoteAddressGroupId"])
        return Rule(
            "in" if properties.get("direction") == "ingress" else "out",
            protocol,
            ports=((max(low, 1), high),) if high else ALL_PORTS,
            peers=peers,
            groups=groups,
        )

    def _address_group(self, rule: Native, value: Value) -> tuple[Network, ...]:
        """The addresses of a group that a rule names; none of one that cannot be read, which is taken for everyone."""
        group = self.reader.follow(value, ADDRESS_GROUP)
        if group is None:
            self.reader.remarks.add(
                f"{rule.path} names an address group that is not among the resources: taken for all"
            )
            return ()
        addresses = [str(one) for one in listed(group.properties.get("addresses")) if "." in str(one)]
        # A group of no address lets nobody through; without peers a rule would mean everyone.
        return tuple(ipaddress.IPv4Network(one, strict=False) for one in addresses) or (_NOBODY,)

    def _shared(self) -> None:
        """Networks that other projects may put machines on: no resource of ours shows what they do there."""
        for native in self.reader.natives.of_type(RBAC_POLICY):
            properties = native.properties
            if properties.get("objectType") != "network":
                continue
            network = self.reader.follow(properties.get("objectId"), NETWORK)
            name = network.path if network is not None else str(properties.get("objectId"))
            whom = str(properties.get("targetTenant"))
            others = "every project" if whom == "*" else f"project {whom}"
            self.reader.remarks.add(f"{native.path} lets {others} put machines on {name} ({properties.get('action')})")
        for network in self.reader.natives.of_type(NETWORK):
            if network.properties.get("shared") is True:
                self.reader.remarks.add(f"{network.path} is shared: every project may put machines on it")

    def _more_groups(self) -> dict[str, list[Value]]:
        found: dict[str, list[Value]] = {}
        for native in self.reader.natives.of_type(PORT_GROUPS):
            port = self.reader.follow(native.properties.get("portId"), PORT)
            if port is not None:
                found.setdefault(port.path, []).extend(listed(native.properties.get("securityGroupIds")))
        return found

    def _public_ports(self) -> Iterator[str]:
        for native in self.reader.natives.of_type(FLOATING_IP, FLOATING_IP_ASSOCIATE, PORT_FORWARDING):
            value = native.properties.get("portId") or native.properties.get("internalPortId")
            port = self.reader.follow(value, PORT)
            if port is not None:
                yield port.path
            elif value:
                self.reader.remarks.add(
                    f"{native.path} gives a public address to a port that is not among the resources"
                )

    def _server(self, server: Native) -> Iterator[tuple[Interface, bool]]:
        attached = [
            native.properties
            for native in self.reader.natives.of_type(INTERFACE_ATTACH)
            if self.reader.follow(native.properties.get("instanceId"), INSTANCE) is server
        ]
        wires = [(one.get("port"), one) for one in listed(server.properties.get("networks"))]
        wires += [(one.get("portId"), one) for one in attached]
        if not wires:
            self.reader.remarks.add(f"{server.path} names no network: the cloud gives it one by itself")
            self.reader.unread.add(server.element)
        for value, wire in wires:
            port = self.reader.follow(value, PORT)
            if port is not None:
                yield from self._port(server, port)
            elif value:
                self.reader.remarks.add(f"{server.path} has a port that is not among the resources")
                self.reader.unread.add(server.element)
            else:
                yield from self._without_port(server, wire)

    def _port(self, server: Native, port: Native) -> Iterator[tuple[Interface, bool]]:
        properties = port.properties
        if properties.get("adminStateUp") is False:
            return
        network, key, external = self._network(properties.get("networkId"))
        guarded = properties.get("portSecurityEnabled")
        if guarded is None and network is not None:
            guarded = network.properties.get("portSecurityEnabled")
        groups, rules = self._filter(port) if guarded is not False else (frozenset[str](), None)
        if properties.get("allowedAddressPairs"):
            self.reader.remarks.add(f"{port.path} may send from other addresses than its own (allowedAddressPairs)")
        addresses = [*self._addresses(port, key)]
        if external and not addresses:
            # What the outside hands out is known once it is there.
            addresses = [STRANGERS[0]]
        for address in addresses:
            # Of a network that is none of ours only the address tells whether it leads outside.
            foreign = network is None and not any(address in one for one in LOCAL)
            public = external or foreign or port.path in self.public_ports or address.is_global
            yield Interface(exit_of(server) or server.element, address, key, rules, groups), public

    def _addresses(self, port: Native, network: str) -> Iterator[ipaddress.IPv4Address]:
        given = [one.get("ipAddress") for one in listed(port.properties.get("fixedIps"))]
        given = [one for one in given if one] or listed(port.properties.get("allFixedIps"))
        found = [ipaddress.IPv4Address(one) for one in given if isinstance(one, str) and "." in one]
        if not found and network in self.subnets:
            self.reader.remarks.add(f"{port.path} has no fixed address: it is taken for the last of its range")
            found = [self.subnets[network][0][-2]]
        yield from found

    def _without_port(self, server: Native, wire: Mapping[str, Any]) -> Iterator[tuple[Interface, bool]]:
        """A network that the server is put on by itself: its port is made by Nova, with the server's groups."""
        _, key, external = self._network(wire.get("uuid") or wire.get("networkId") or wire.get("name"))
        address = wire.get("fixedIpV4") or wire.get("fixedIp")
        ranges = self.subnets.get(key)
        if not address and ranges:
            address = str(ranges[0][-2])
        if not address:
            address = str(STRANGERS[0])
        self.reader.remarks.add(f"{server.path} has an interface without a port of its own: its filter is not known")
        parsed = ipaddress.IPv4Address(address)
        yield (
            Interface(exit_of(server) or server.element, parsed, key, None),
            external or parsed.is_global or not ranges,
        )

    def _network(self, value: Value) -> tuple[Native | None, str, bool]:
        """A network, the key that it goes by, and whether it leads outside by itself."""
        network = self.reader.follow(value, NETWORK)
        if network is not None:
            return network, network.path, network.properties.get("external") is True
        outer = self.reader.site.offer.native["external_network"]
        by_lookup = form_of(value) == "$lookup" and (looked_up(value, "external") is True or looked_up(value) == outer)
        return None, str(looked_up(value) or value), by_lookup or value == outer

    def _filter(self, port: Native) -> tuple[frozenset[str], tuple[Rule, ...]]:
        values = [*listed(port.properties.get("securityGroupIds")), *self.more_groups.get(port.path, [])]
        if not values:
            if port.properties.get("noSecurityGroups") is True:
                return frozenset(), ()
            open_to_all = self.reader.site.offer.native["default_group"] == "everything"
            inward = Rule("in", None) if open_to_all else Rule("in", None, groups=frozenset({DEFAULT_GROUP}))
            lets = "everything in and out" if open_to_all else "everything out, and in what is in it"
            self.reader.remarks.add(f"{port.path} has the project's default group, which lets {lets}")
            return frozenset({DEFAULT_GROUP}), (Rule("out", None), inward)
        return filter_of(self.reader, port, values, GROUP, self.rules)

    def _routes(self) -> None:
        for native in self.reader.natives.of_type(ROUTER_INTERFACE):
            router = self.reader.follow(native.properties.get("routerId"), ROUTER)
            subnet = self.reader.follow(native.properties.get("subnetId"), SUBNET)
            end = subnet or self.reader.follow(native.properties.get("portId"), PORT)
            network = self.reader.follow(end.properties.get("networkId"), NETWORK) if end is not None else None
            if network is None:
                self.reader.remarks.add(f"{native.path} leads to a network that is not among the resources")
            elif router is None or router.properties.get("adminStateUp") is not False:
                key = router.path if router is not None else str(native.properties.get("routerId"))
                self.routers.setdefault(network.path, set()).add(key)
                if router is None or router.properties.get("externalNetworkId"):
                    self.ways_out.add(key)
