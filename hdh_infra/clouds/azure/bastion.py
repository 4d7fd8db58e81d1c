"""The entry for people: an Azure Bastion in a network of its own choice of machines, and how it is read back.

It stands in a subnet of its own, `AzureBastionSubnet`, whose range the lock gives beside the network's. What it
lets people do is pared down to a terminal: no copying, no files, no tunnels, no links to share. It records no
session, which the dearer Premium kind does into a store by a signed link; that is not planned. A network that was
there before gets none, since a further range of it is not the platform's to give.

Sources: learn.microsoft.com/azure/bastion/bastion-nsg (2026-02-24), bastion-sku-comparison (2025-11-24),
configuration-settings, bastion-faq; zones of it: availability-zone-regions-include (2025-10-21).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from hdh_infra.clouds.azure.addresses import lower_public_address
from hdh_infra.clouds.azure.audit import lower_diagnostics
from hdh_infra.clouds.azure.naming import (
    filter_name,
    group,
    home,
    make,
    network_words,
    region,
    shortened,
)
from hdh_infra.clouds.azure.reading import Reader, got, listed
from hdh_infra.clouds.azure.rules import ENTRY_PRIORITY, FIRST_PRIORITY, closed, destination_ports, lower_filter
from hdh_infra.clouds.azure.subnets import lower_subnet
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ALL_PORTS, Network, Ports, intersect, passes, ports_of, subtract
from hdh_infra.clouds.reach import Interface
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import entry_range

SUBNET = "AzureBastionSubnet"
PART = "entry"
HOST = "bastion"
"""What follows a network in the path of its bastion: `zone/administration/bastion`."""
SESSION_PORT = 22
"""Every image of the catalogue is a Linux: people come by SSH."""
SESSION_PORTS: Ports = ((SESSION_PORT, SESSION_PORT),)
_LONGEST_NAME = 80
_ANY = "*"
_EVERYONE = frozenset({"*", "any", "0.0.0.0/0"})


@final
@dataclass(frozen=True, slots=True)
class Need:
    """One rule that Azure wants in the filter before a bastion."""

    name: str
    direction: Literal["Inbound", "Outbound"]
    source: str
    to: str
    ports: tuple[int, ...]
    protocol: str

    @property
    def far(self) -> str:
        """The end that is not the bastion."""
        return self.source if self.direction == "Inbound" else self.to


NEEDS = (
    Need("AllowHttpsInbound", "Inbound", "Internet", _ANY, (443,), "Tcp"),
    Need("AllowGatewayManagerInbound", "Inbound", "GatewayManager", _ANY, (443,), "Tcp"),
    Need("AllowAzureLoadBalancerInbound", "Inbound", "AzureLoadBalancer", _ANY, (443,), "Tcp"),
    Need("AllowBastionHostCommunication", "Inbound", "VirtualNetwork", "VirtualNetwork", (8080, 5701), _ANY),
    # To all that is joined, and both ports: Azure refuses a filter without this rule. What it leads to is
    # decided by the filters of the machines, which let a bastion in by one rule of their own or not at all.
    Need("AllowSshRdpOutbound", "Outbound", _ANY, "VirtualNetwork", (22, 3389), _ANY),
    Need("AllowAzureCloudOutbound", "Outbound", _ANY, "AzureCloud", (443,), "Tcp"),
    Need("AllowBastionCommunication", "Outbound", "VirtualNetwork", "VirtualNetwork", (8080, 5701), _ANY),
    Need("AllowHttpOutbound", "Outbound", _ANY, "Internet", (80,), _ANY),
)
"""All that the filter of a bastion must have, and all that it has. Source: learn.microsoft.com/azure/bastion/bastion-nsg, 2026-02-24."""


def has_bastion(context: Context, network: str) -> bool:
    """Whether a plan makes a bastion in a network: not in one that ended, nor in one that was there before."""
    spec = context.expanded.networks[network]
    return spec.entry == "bastion" and not context.expanded.is_closed(network) and context.existing(network) is None


def lower_bastion(context: Context, network: str, after: Sequence[str]) -> Iterator[Node]:
    """A network's bastion with its filter, subnet and address, and the rule that lets it reach the machines.

    Args:
        context: what the lowering reads.
        network: zone or space.
        after: the subnet that was made last, since two writers of one network at a time are refused.
    """
    if not has_bastion(context, network):
        return
    words, common = network_words(context, network), {"resourceGroupName": group(context, network)}
    filtering = f"{network}/filter/{PART}"
    yield from lower_filter(context, network, PART)
    for number, need in enumerate(NEEDS):
        yield make(
            context,
            f"{filtering}/{need.name}",
            "network:SecurityRule",
            {
                **common,
                "networkSecurityGroupName": filter_name(context, network, PART),
                "securityRuleName": need.name,
                "priority": FIRST_PRIORITY + number,
                "direction": need.direction,
                "access": "Allow",
                "protocol": need.protocol,
                "sourceAddressPrefix": need.source,
                "sourcePortRange": "*",
                "destinationAddressPrefix": need.to,
                "destinationPortRanges": [str(port) for port in need.ports],
            },
            after=(filtering,),
        )
    yield lower_subnet(
        context,
        network,
        PART,
        context.service_range(entry_range(network)),
        {"networkSecurityGroup": {"id": ref(filtering)}},
        after=(*closed(network, PART), *(f"{filtering}/{need.name}" for need in NEEDS), *after),
        name=SUBNET,
    )
    yield from lower_public_address(context, network, f"{network}/{HOST}/address", "pip-bas")
    yield from lower_diagnostics(context, f"{network}/{HOST}", "network:BastionHost")
    yield make(
        context,
        f"{network}/{HOST}",
        "network:BastionHost",
        {
            **common,
            "bastionHostName": shortened(f"bas-{words}", _LONGEST_NAME),
            "location": region(context),
            # Of the kinds with a subnet of their own the first that can be kept from copying out.
            "sku": {"name": "Standard"},
            "scaleUnits": 2,
            "disableCopyPaste": True,
            "enableFileCopy": False,
            "enableIpConnect": False,
            "enableKerberos": False,
            "enablePrivateOnlyBastion": False,
            "enableSessionRecording": False,
            "enableShareableLink": False,
            "enableTunneling": False,
            "ipConfigurations": [
                {
                    "name": "entry",
                    "subnet": {"id": ref(f"{network}/subnet/{PART}")},
                    "publicIPAddress": {"id": ref(f"{network}/{HOST}/address")},
                    "privateIPAllocationMethod": "Dynamic",
                }
            ],
        },
        after=(home(network),),
    )
    machines = [path for path in context.expanded.machines if network_path(path) == network]
    if machines:
        yield make(
            context,
            f"{network}/{HOST}/rule",
            "network:SecurityRule",
            {
                **common,
                "networkSecurityGroupName": filter_name(context, network, "machines"),
                "securityRuleName": "allow-entry-in",
                "priority": ENTRY_PRIORITY,
                "direction": "Inbound",
                "access": "Allow",
                "protocol": "Tcp",
                "sourceAddressPrefixes": [str(context.service_range(entry_range(network)))],
                "sourcePortRange": "*",
                "destinationAddressPrefixes": [
                    str(ipaddress.IPv4Network(one))
                    for one in sorted(one for path in machines for one in context.addresses(path))
                ],
                "destinationPortRanges": [str(SESSION_PORT)],
            },
            after=closed(network, "machines"),
        )


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
            and (need.source == _ANY or self.sources == {need.source.lower()})
            and (need.to == _ANY or self.to == {need.to.lower()})
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


__all__ = [
    "HOST",
    "NEEDS",
    "SUBNET",
    "Door",
    "has_bastion",
    "lower_bastion",
    "observe_doors",
    "observe_entry",
]
