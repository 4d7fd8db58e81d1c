"""Who gets in by an Azure Bastion: what its filter lets through, and which machines let it in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.clouds.azure.bastion import ANYTHING, NEEDS, SESSION_PORT, SUBNET, Need
from hdh_infra.clouds.azure.reading import Reader, got, listed
from hdh_infra.clouds.azure.rules import destination_ports
from hdh_infra.clouds.filters import ALL_PORTS, Network, Ports, intersect, passes, ports_of, subtract
from hdh_infra.clouds.reach import Interface
from hdh_infra.graph.observation import Native

SESSION_PORTS: Ports = ((SESSION_PORT, SESSION_PORT),)
_EVERYONE = frozenset({"*", "any", "0.0.0.0/0"})


@final
@dataclass(frozen=True, slots=True)
class Door:
    """A bastion that people get in by: where it comes from, and which networks it reaches into."""

    path: str
    network: str
    """Native path of its network."""
    addresses: Network
    reaches: frozenset[str]
    """Native paths of its network and of those that are joined to it."""

    def lets(self, network: str, peer: Network) -> Ports:
        """The ports on which it comes from a range into a network."""
        return SESSION_PORTS if network in self.reaches and peer.subnet_of(self.addresses) else ()


def observe_doors(reader: Reader, peers: Mapping[str, set[str]], remark: Callable[[str], None]) -> Iterator[Door]:
    """Every bastion that has an address to be reached at, and a filter that lets through what it needs."""
    for native in reader.of("network:BastionHost"):
        for configuration in listed(got(native, "ipConfigurations")):
            subnet = reader.follow(configuration.get("subnet"))
            network = reader.parent(subnet) if subnet else None
            if subnet is None or network is None or reader.name(subnet).lower() != SUBNET.lower():
                remark(f"{native.path}: stands in a subnet that cannot be read, and so where it leads")
                continue
            lacking = list(_lacking(reader, subnet, remark))
            if lacking:
                remark(f"{native.path}: lets nobody in; its filter lacks {', '.join(lacking)}")
            if not configuration.get("publicIPAddress"):
                remark(f"{native.path}: has no address that people outside reach")
            elif not lacking:
                addresses = ipaddress.IPv4Network(str(subnet.properties.get("addressPrefix")))
                yield Door(
                    native.path, network.path, addresses, frozenset({network.path, *peers.get(network.path, ())})
                )


def observe_entry(doors: Sequence[Door], interfaces: Sequence[Interface], networks: Sequence[str]) -> dict[str, str]:
    """By native path of a network, how people get in: `bastion` where one reaches every machine of it."""
    found: dict[str, str] = {}
    for network in networks:
        machines = [one for one in interfaces if one.network == network]
        near = [door for door in doors if network in door.reaches]
        entered = [one for one in machines if any(_reaches(door, one) for door in near)]
        own = [door for door in near if door.network == network]
        if entered or (own and not machines):
            whole = len(entered) == len(machines)
            found[network] = "bastion" if whole else f"bastion, to {len(entered)} of {len(machines)} machines"
    return found


def _reaches(door: Door, machine: Interface) -> bool:
    """Whether a machine's filter lets a bastion in on a port of sessions, from wherever in its subnet it comes."""
    return all(
        intersect(passes(machine.rules, "in", "tcp", address, frozenset()), SESSION_PORTS)
        for address in (door.addresses[4], door.addresses[-2])
    )


@final
@dataclass(frozen=True, slots=True)
class _Read:
    """A rule of a bastion's filter, with service tags as they are: `traffic` takes them as addresses."""

    direction: str
    allow: bool
    priority: int
    protocol: str
    sources: frozenset[str]
    to: frozenset[str]
    ports: Ports

    def means(self, need: Need) -> bool:
        """Whether it speaks of something that is needed."""
        return (
            self.direction == need.direction
            and self.protocol in {"*", need.protocol.lower()}
            and bool({need.source.lower(), *_EVERYONE} & self.sources)
            and bool({need.to.lower(), *_EVERYONE} & self.to)
            and bool(intersect(self.ports, ports_of(need.ports)))
        )

    def within(self, need: Need) -> bool:
        """Whether it lets nothing through but what is needed."""
        return (
            self.direction == need.direction
            and need.protocol.lower() in {"*", self.protocol}
            and (need.source == ANYTHING or self.sources == {need.source.lower()})
            and (need.to == ANYTHING or self.to == {need.to.lower()})
            and not subtract(self.ports, ports_of(need.ports))
        )

    @property
    def last(self) -> bool:
        """Whether it denies everything in its direction."""
        every = _EVERYONE & self.sources and _EVERYONE & self.to
        return not self.allow and bool(every) and self.protocol == "*" and self.ports == ALL_PORTS


def _lacking(reader: Reader, subnet: Native, remark: Callable[[str], None]) -> Iterator[str]:
    """What a bastion needs and its filter does not let through; what it opens besides is remarked on."""
    pointer = subnet.properties.get("networkSecurityGroup")
    filtering = reader.follow(pointer) if pointer else None
    if filtering is None:
        if pointer:
            remark(f"{subnet.path}: has a filter that cannot be read; taken as none")
        return  # everything passes; that a subnet has no filter is a remark of every subnet
    children = reader.children(filtering, "network:SecurityRule")
    rules = {child.path: _read(child.properties) for child in children}
    if reader.natives.source != "state":
        rules |= {
            f"{filtering.path}#{number}": _read(one)
            for number, one in enumerate(listed(filtering.properties.get("securityRules")))
        }
    for path, rule in rules.items():
        if rule.allow and not any(rule.within(need) for need in NEEDS):
            remark(f"{path}: opens more than a bastion needs")
    for direction in ("Inbound", "Outbound"):
        if not any(rule.last and rule.direction == direction for rule in rules.values()):
            remark(f"{filtering.path}: has no last word, {direction.lower()}: Azure's default rules hold")
    ordered = sorted(rules.values(), key=lambda one: one.priority)
    for need in NEEDS:
        left = ports_of(need.ports)
        for rule in ordered:
            if rule.means(need):
                if not rule.allow:
                    break
                left = subtract(left, rule.ports)
        if left:
            yield need.name


def _read(properties: Mapping[str, Any]) -> _Read:
    def side(name: str) -> frozenset[str]:
        many = [str(one) for one in properties.get(f"{name}AddressPrefixes") or ()]
        one = properties.get(f"{name}AddressPrefix")
        return frozenset(prefix.lower() for prefix in (*many, *((str(one),) if one else ())))

    return _Read(
        str(properties.get("direction")),
        properties.get("access") == "Allow",
        int(properties.get("priority", 0)),
        str(properties.get("protocol", "*")).lower(),
        side("source"),
        side("destination"),
        destination_ports(properties),
    )
