"""Who can reach whom on Azure: subnets, filters, peerings, private endpoints and public addresses as a packet meets them.

What Azure does by itself is here too: the default rules of every filter, which let whole virtual networks
and the Internet through where no rule before them speaks, and the way out that a subnet has unless it is
said to have none. Where a rule cannot be read to the end (a service's own word for its addresses), what
allows counts as open to all and what denies counts as nothing, so that no opening is missed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hdh_infra.clouds.azure.bastion_reading import Door, observe_doors, observe_entry
from hdh_infra.clouds.azure.compute_reading import interfaces
from hdh_infra.clouds.azure.firewall_reading import Opening, firewall_at, observe_hosts, observe_openings
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.reading import Reader, got, listed
from hdh_infra.clouds.azure.routes import Routes, observe_routes
from hdh_infra.clouds.azure.rules import destination_ports
from hdh_infra.clouds.filters import (
    ALL_PORTS,
    ANYWHERE,
    PROTOCOLS,
    Filters,
    Network,
    Rule,
    Spans,
    network_of,
    subtract,
)
from hdh_infra.clouds.reach import INTERNET, Interface, flows, outside
from hdh_infra.graph.observation import Native, ObservedFlow

_HOST = ipaddress.IPv4Network("168.63.129.16/32")
_EVERYTHING = frozenset({"*", "Any", "any", "0.0.0.0/0"})


@dataclass(frozen=True, slots=True)
class _Line:
    """One security rule: its rule towards peers, and which of the subnet's own addresses it is about."""

    rule: Rule
    own: tuple[Network, ...] | None
    """None is every address of the subnet."""
    path: str | None = None
    """The rule's own node; None of what Azure does by itself."""
    spans: Spans = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Work the numbers of the own addresses out once."""
        object.__setattr__(self, "spans", Spans(self.own or ()))


@dataclass(frozen=True)
class Traffic:
    """What is open: between elements, to the outside, and from it."""

    flows: tuple[ObservedFlow, ...]
    egress: tuple[ObservedFlow, ...]
    entry: tuple[ObservedFlow, ...]
    remarks: tuple[str, ...]
    people: Mapping[str, str]
    """By native path of a network, how people get in, in the model's words."""
    vaults: Mapping[str, tuple[ObservedFlow, ...]] = field(default_factory=dict)
    """By native path of a vault, which machines reach it by its private endpoints; no flow of the platform's."""


def observe_traffic(reader: Reader) -> Traffic:
    """Compute it from the native rules."""
    return _Network(reader).traffic()


class _Network:
    """The networks of a deployment, read once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.remarks: list[str] = []
        # By address within a network: interfaces are values, and two of them can be equal only by having both.
        self.exits: set[tuple[str, ipaddress.IPv4Address]] = set()
        self.vaults: dict[str, str] = {}
        """By private endpoint that leads to a vault, that vault."""
        self.public: set[tuple[str, ipaddress.IPv4Address]] = set()
        self.ranges = {native.path: self._ranges(native) for native in reader.of("network:VirtualNetwork")}
        self.peers = self._peered()
        self.doors: list[Door] = list(observe_doors(reader, self.peers, self.remarks.append))
        named = self._named()
        self.tags = {
            path: (*own, *(one for other in named.get(path, ()) for one in self.ranges.get(other, ())))
            for path, own in self.ranges.items()
        }
        self.near = {path: Spans(some) for path, some in self.tags.items()}
        self.routes: dict[str, Routes] = {}
        self.firewalls: dict[str, list[Opening]] = {}
        self.named: list[tuple[Interface, Sequence[Opening]]] = []
        self.lines: dict[tuple[str, str], tuple[_Line, ...]] = {}

    def traffic(self) -> Traffic:
        machines, endpoints = list(self._machines()), list(self._endpoints())
        inside = [one for own in self.ranges.values() for one in own]
        mirrored = [
            replace(one, rules=one.rules and tuple(replace(rule, direction=_turned(rule)) for rule in one.rules))
            for one in machines
            if (one.network, one.address) in self.public
        ]
        self.remarks.extend(self._lopsided([*machines, *endpoints], inside))
        entry = [
            flow._replace(source=INTERNET if flow.to == str(ANYWHERE) else flow.to, to=flow.source)
            for flow in outside(mirrored, inside, lambda _: True)
            if flow.to != str(_HOST)
        ]
        between = flows([*machines, *endpoints], self._routed)
        vaults: dict[str, list[ObservedFlow]] = {}
        for flow in between:
            if flow.to in self.vaults:
                vaults.setdefault(self.vaults[flow.to], []).append(flow)
        ways = outside(machines, inside, lambda one: (one.network, one.address) in self.exits)
        return Traffic(
            tuple(flow for flow in between if flow.to not in self.vaults),
            tuple(sorted((*ways, *observe_hosts(self.named)))),
            tuple(sorted(entry)),
            tuple(self.remarks),
            observe_entry(self.doors, machines, list(self.ranges)),
            {path: tuple(found) for path, found in vaults.items()},
        )

    def _lopsided(self, interfaces: Sequence[Interface], inside: Sequence[Network]) -> Iterator[str]:
        """Rules that open more than the other end does: no flow yet, but one mistake away from being one."""
        by_address = {one.address: one for one in interfaces}
        filters, within = Filters(), Spans(inside)
        seen: dict[str, bool] = {}
        for (_, network), lines in self.lines.items():
            for line in lines:
                if line.path and line.rule.allow and not seen.get(line.path):
                    seen[line.path] = self._opens_alone(line, network, by_address, within, filters)
        yield from (f"{path}: opens more than the other end does" for path, alone in seen.items() if alone)

    def _opens_alone(
        self,
        line: _Line,
        network: str,
        by_address: Mapping[ipaddress.IPv4Address, Interface],
        inside: Spans,
        filters: Filters,
    ) -> bool:
        if line.own is None or not line.rule.peers:
            return True
        if any(own.num_addresses > 1 or own.network_address not in by_address for own in line.own):
            return True
        for peer in line.rule.peers:
            if line.rule.apart and line.rule.direction == "out":
                continue  # the Internet: there is no other end
            if not self.near[network].overlaps(peer):
                if line.rule.direction == "out" and not inside.overlaps(peer):
                    continue  # to the outside there is no other end
                return True
            if lets := next((one for door in self.doors if (one := door.lets(network, peer))), None):
                if line.rule.protocol != "tcp" or subtract(line.rule.ports, lets):
                    return True
                continue
            for own in line.own:
                here, there = by_address[own.network_address], by_address.get(peer.network_address)
                if peer.num_addresses > 1 or there is None:
                    return True
                opposite = "in" if line.rule.direction == "out" else "out"
                for protocol in (line.rule.protocol,) if line.rule.protocol else PROTOCOLS:
                    let = filters.passes(there.rules, opposite, protocol, here.address, here.groups)
                    if subtract(line.rule.ports, let):
                        return True
        return False

    def _routed(self, source: Interface, to: Interface) -> bool:
        return source.network == to.network or to.network in self.peers.get(source.network, ())

    def _peered(self) -> dict[str, set[str]]:
        """Networks that a packet passes between: each half of a peering is there and connected."""
        halves: set[tuple[str, str]] = set()
        for native in self.reader.of("network:VirtualNetworkPeering"):
            source = self.reader.parent(native)
            to = self.reader.follow(native.properties.get("remoteVirtualNetwork"))
            if source is None or to is None:
                self.remarks.append(f"{native.path}: joins a network that is not the platform's")
            elif native.properties.get("peeringState", "Connected") in self._connected():
                halves.add((source.path, to.path))
        found: dict[str, set[str]] = {}
        for source_path, to_path in halves:
            if (to_path, source_path) in halves:
                found.setdefault(source_path, set()).add(to_path)
        return found

    def _ranges(self, native: Native) -> tuple[Network, ...]:
        """The addresses of a network; of one that is only named, those of the subnets that are known."""
        subnets = self.reader.children(native, "network:Subnet")
        given = listed(got(native, "addressSpace.addressPrefixes")) or [
            one.properties.get("addressPrefix") for one in subnets
        ]
        return tuple(network_of(one) for one in given if isinstance(one, str) and ":" not in one)

    def _connected(self) -> set[str]:
        """States of a half that a packet passes, once the other half is there.

        An engine's state records the first half before the second one is made: `Initiated`, until a refresh.
        """
        return {"Connected", "Initiated"} if self.reader.natives.source == "state" else {"Connected"}

    def _named(self) -> dict[str, set[str]]:
        """For each network the others that `VirtualNetwork` means in its rules."""
        found: dict[str, set[str]] = {}
        for native in self.reader.of("network:VirtualNetworkPeering"):
            source = self.reader.parent(native)
            to = self.reader.follow(native.properties.get("remoteVirtualNetwork"))
            if source and to and got(native, "allowVirtualNetworkAccess", default=True):
                found.setdefault(source.path, set()).add(to.path)
        return found

    def _machines(self) -> Iterator[Interface]:
        seen: set[str] = set()
        for machine in self.reader.of("compute:VirtualMachine"):
            attached = list(interfaces(self.reader, machine))
            known = len(attached) == len(listed(got(machine, "networkProfile.networkInterfaces")))
            if not attached or not known or not all(listed(got(one, "ipConfigurations")) for one in attached):
                self.remarks.append(f"{machine.path}: an interface of it cannot be seen, and so who reaches it")
                self.reader.unread.add(machine.element)
            for native in attached:
                if native.path not in seen:
                    seen.add(native.path)
                    yield from self._of_machine(machine, native)

    def _of_machine(self, machine: Native, native: Native) -> Iterator[Interface]:
        for configuration in listed(got(native, "ipConfigurations")):
            subnet = self.reader.follow(configuration.get("subnet"))
            network = self.reader.parent(subnet) if subnet else None
            own = _address(configuration.get("privateIPAddress"))
            if subnet is None or network is None or own is None:
                self.remarks.append(f"{native.path}: its address or subnet cannot be read, and so who reaches it")
                self.reader.unread.add(machine.element)
                continue
            # A filter on the interface itself can only take away from what the subnet's lets through.
            filtering = subnet.properties.get("networkSecurityGroup") or native.properties.get("networkSecurityGroup")
            routes = self._routes(subnet)
            rules = routes.before(self._rules(filtering, network.path, own))
            found = Interface(machine.element, own, network.path, rules)
            public = bool(configuration.get("publicIPAddress"))
            if public:
                self.public.add((network.path, own))
            own_way = (
                subnet.properties.get("natGateway") or got(subnet, "defaultOutboundAccess", default=True) is not False
            )
            firewall = self._firewall(routes)
            if firewall is not None:
                self.named.append((found, self._openings(firewall)))
            elif ((public or own_way) and not routes.closed) or routes.leads_out(self._system(network.path)):
                self.exits.add((network.path, own))
            yield found

    def _firewall(self, routes: Routes) -> Native | None:
        """The firewall that all goes to which leaves; none where part of it goes elsewhere."""
        only = routes.hops[0] if len(routes.hops) == 1 else None
        if only is None or only.to != ANYWHERE or only.kind != "virtualappliance":
            return None
        return firewall_at(self.reader, only.address)

    def _openings(self, firewall: Native) -> list[Opening]:
        if firewall.path not in self.firewalls:
            self.firewalls[firewall.path] = observe_openings(self.reader, firewall)
        return self.firewalls[firewall.path]

    def _routes(self, subnet: Native) -> Routes:
        if subnet.path not in self.routes:
            self.routes[subnet.path] = observe_routes(self.reader, subnet)
        return self.routes[subnet.path]

    def _system(self, network: str) -> tuple[Network, ...]:
        """The ranges that Azure has routes of its own to: those of a network and of the ones joined to it."""
        return tuple(one for path in (network, *sorted(self.peers.get(network, ()))) for one in self.ranges[path])

    def _endpoints(self) -> Iterator[Interface]:
        for native in self.reader.of("network:PrivateEndpoint"):
            subnet = self.reader.follow(native.properties.get("subnet"))
            network = self.reader.parent(subnet) if subnet else None
            addresses = list(_endpoint_addresses(native))
            if subnet is None or network is None or not addresses:
                self.remarks.append(f"{native.path}: its address or subnet cannot be read, and so who reaches it")
                continue
            for connection in listed(got(native, "privateLinkServiceConnections")):
                state = (connection.get("privateLinkServiceConnectionState") or {}).get("status", "Approved")
                service = self.reader.follow(connection.get("privateLinkServiceId"))
                if service is None:
                    self.remarks.append(f"{native.path}: leads to something that is not the platform's")
                elif state == "Approved":
                    end = service.element
                    if service.type == token("keyvault:Vault"):
                        # No element that flows lead to: it keeps a key, whose users are judged by what they reach. Each
                        # endpoint of it stands for itself, in a network of its own.
                        end = native.path
                        self.vaults[end] = service.path
                    for own in addresses:
                        yield Interface(end, own, network.path, self._inward(subnet, network.path, own))

    def _inward(self, subnet: Native, network: str, own: ipaddress.IPv4Address) -> tuple[Rule, ...]:
        """The rules before a private endpoint, which answers and never opens a connection.

        Filters act on it only where the subnet says so; Azure's default is that they do not.
        """
        acts = got(subnet, "privateEndpointNetworkPolicies", "Disabled") in {"Enabled", "NetworkSecurityGroupEnabled"}
        filtering = subnet.properties.get("networkSecurityGroup")
        rules = self._rules(filtering, network, own) if acts and filtering else None
        return tuple(rule for rule in rules if rule.direction == "in") if rules is not None else (Rule("in", None),)

    def _rules(self, filtering: Any, network: str, own: ipaddress.IPv4Address) -> tuple[Rule, ...] | None:
        if not filtering:
            return None
        native = self.reader.follow(filtering)
        if native is None:
            self.remarks.append(f"{network}: has a filter that cannot be read; taken as none")
            return None
        key = native.path, network
        if key not in self.lines:
            self.lines[key] = tuple(self._read(native, network))
        number = int(own)
        return tuple(line.rule for line in self.lines[key] if line.own is None or number in line.spans)

    def _read(self, native: Native, network: str) -> Iterator[_Line]:
        read: list[_Line] = []
        for child in self.reader.children(native, "network:SecurityRule"):
            read.extend(self._line(child.properties, network, child.path))
        for inline in listed(native.properties.get("securityRules")):
            # A state keeps what the cloud echoed when the filter was last read; its rules are resources there.
            if self.reader.natives.source != "state" or "provisioningState" not in inline:
                read.extend(self._line(inline, network, native.path))
        yield from read
        tag = self.tags.get(network, ())
        defaults: Mapping[Literal["in", "out"], tuple[Network, ...]] = {"in": (_HOST,), "out": (ANYWHERE,)}
        for direction, others in defaults.items():
            # After a last word they never speak.
            if not any(_is_last_word(line, direction) for line in read):
                self.remarks.append(f"{native.path}: has no last word, {direction}: Azure's default rules hold")
                yield _Line(Rule(direction, None, peers=tag, priority=65000), None)
                yield _Line(Rule(direction, None, peers=others, priority=65001), None)

    def _line(self, rule: Mapping[str, Any], network: str, path: str) -> Iterator[_Line]:
        allow = rule.get("access") == "Allow"
        protocol = str(rule.get("protocol", "*")).lower()
        if protocol not in {"*", "tcp", "udp"}:
            return
        direction: Literal["in", "out"] = "in" if rule.get("direction") == "Inbound" else "out"
        far, near = ("source", "destination") if direction == "in" else ("destination", "source")
        peers, own = self._side(rule, far, network, allow=allow), self._side(rule, near, network, allow=allow)
        if peers is None or own is None:
            return
        yield _Line(
            Rule(
                direction,
                None if protocol == "*" else protocol,
                destination_ports(rule),
                peers=peers,
                allow=allow,
                priority=int(rule.get("priority", 0)),
                apart=self.tags.get(network, ()) if peers == (ANYWHERE,) else (),
            ),
            own or None,
            path,
        )

    def _side(self, rule: Mapping[str, Any], side: str, network: str, *, allow: bool) -> tuple[Network, ...] | None:
        """One side of a rule as ranges; empty is everyone, None is nobody that can be named."""
        prefixes = [str(one) for one in rule.get(f"{side}AddressPrefixes") or ()]
        if rule.get(f"{side}AddressPrefix"):
            prefixes.append(str(rule[f"{side}AddressPrefix"]))
        if not prefixes or rule.get(f"{side}ApplicationSecurityGroups"):
            return () if allow else None
        found: list[Network] = []
        for prefix in prefixes:
            if prefix in _EVERYTHING:
                return ()
            if prefix == "VirtualNetwork":
                found.extend(self.tags.get(network, ()))
            elif prefix == "AzureLoadBalancer":
                found.append(_HOST)
            elif prefix == "Internet":
                found.append(ANYWHERE)
            elif prefix[:1].isdigit() and ":" not in prefix:
                found.append(network_of(prefix))
            elif allow:
                return ()
        return tuple(found) or None


def _is_last_word(line: _Line, direction: str) -> bool:
    """Whether a rule denies everything in a direction, to and from everyone."""
    rule = line.rule
    everything = rule.protocol is None and rule.ports == ALL_PORTS and not rule.peers and line.own is None
    return not rule.allow and rule.direction == direction and everything


def _turned(rule: Rule) -> Literal["in", "out"]:
    return "out" if rule.direction == "in" else "in"


def _endpoint_addresses(native: Native) -> Sequence[ipaddress.IPv4Address]:
    """Addresses of a private endpoint: those that were asked, else those that the cloud gave."""
    asked = [one.get("privateIPAddress") for one in listed(got(native, "ipConfigurations"))]
    given = [address for one in listed(got(native, "customDnsConfigs")) for address in listed(one.get("ipAddresses"))]
    return [found for one in asked or given if (found := _address(one)) is not None]


def _address(value: Any) -> ipaddress.IPv4Address | None:
    """An address; None of what is none, as a whole block that an interface has."""
    try:
        return ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        return None
