"""The way out by names: an Azure Firewall in the network whose machines may reach named hosts, and how it is read back.

A security group knows addresses only. Where a host name is asked, all that leaves the network goes through a firewall of
its own, in `AzureFirewallSubnet`, and no NAT gateway is made: host names become application rules, address ranges
network rules, both for the single addresses of the machines that may. What no rule names is refused, by a last word
too: without one Azure's own hosts (images, disks, diagnostics) would pass by a rule that is built in. Each network
has its own firewall: none is shared, so that no packet of one network ever passes through another's.

An application rule knows HTTP (port 80) and TLS by the name in it; so what is asked of a host by UDP, or on a range
of ports, is not lowered. Nor is anything in a network that was there before, whose ranges are not the platform's.

Sources: MicrosoftDocs/azure-docs articles/firewall/rule-processing.md (2020-04-10: order, network rules before
application rules, what is not named is denied), infrastructure-fqdns.md (2019-11-19: the rule that is built in);
microsoft/azure-skills, azure-enterprise-infra-planner/references/constraints (2026-08-21: /26, no filter on the
subnet); pulumi_azure_native 3.29.0, network.AzureFirewall, FirewallPolicy and its rules (ports up to 64000).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

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
from hdh_infra.clouds.azure.rules import EXIT_PRIORITY, closed
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.azure.subnets import lower_subnet
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import (
    ALL_PORTS,
    ANYWHERE,
    Network,
    Ports,
    intersect,
    passes,
    ports_of,
    subtract,
    union,
    written,
)
from hdh_infra.clouds.reach import Interface
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import exit_range

SUBNET = "AzureFirewallSubnet"
PART = "exit"
FIREWALL = "exit/firewall"
"""What follows a network in the path of its firewall."""
POLICY = "exit/policy"
_HIGHEST_PORT = 64000
_HTTP = 80
_LONGEST_NAME = 80
_LAST_PRIORITY = 65000
_LAST_WORD: Value = {
    "ruleType": "ApplicationRule",
    "name": "nothing-else",
    "sourceAddresses": ["*"],
    "targetFqdns": ["*"],
    "protocols": [{"protocolType": "Http", "port": 80}, {"protocolType": "Https", "port": 443}],
    "terminateTLS": False,
}
"""Before the rule that Azure has built in for hosts of its own."""
_WEB: Ports = ((80, 80), (443, 443))
_PROBE = ipaddress.IPv4Address("8.8.8.8")
"""Some address of the Internet, that no rule of a platform names by itself."""


def is_expressible(link: Link) -> bool:
    """Whether an application rule can say a way to a host."""
    return link.protocol == "tcp" and all(isinstance(port, int) and port <= _HIGHEST_PORT for port in link.ports)


def has_firewall(context: Context, network: str) -> bool:
    """Whether a plan makes a firewall in a network: where a host is asked that a rule can name."""
    return network in shared(context).with_hosts and context.existing(network) is None


def lower_firewall_subnet(context: Context, network: str) -> Iterator[Node]:
    """The firewall with its address, subnet, policy and rules; before the subnets of machines, whose routes lead to it."""
    if not has_firewall(context, network):
        return
    words, common, zones = (
        network_words(context, network),
        {"resourceGroupName": group(context, network)},
        shared(context).zones,
    )
    policy = shortened(f"afwp-{words}", _LONGEST_NAME)
    yield lower_subnet(context, network, PART, context.service_range(exit_range(network)), {}, after=(), name=SUBNET)
    yield from lower_public_address(context, network, f"{network}/exit/address", "pip-afw")
    yield make(
        context,
        f"{network}/{POLICY}",
        "network:FirewallPolicy",
        {
            **common,
            "firewallPolicyName": policy,
            "location": region(context),
            "sku": {"tier": "Standard"},
            "threatIntelMode": "Deny",
            # Application rules go by the name in the request; machines keep Azure's own name servers.
            "dnsSettings": {"enableProxy": False, "servers": []},
            "sql": {"allowSqlRedirect": False},
        },
        after=(home(network),),
    )
    yield make(
        context,
        f"{network}/exit/rules",
        "network:FirewallPolicyRuleCollectionGroup",
        {
            **common,
            "firewallPolicyName": policy,
            "ruleCollectionGroupName": "egress",
            "priority": 200,
            "ruleCollections": _collections(context, network),
        },
        after=(f"{network}/{POLICY}",),
    )
    yield make(
        context,
        f"{network}/{FIREWALL}",
        "network:AzureFirewall",
        {
            **common,
            "azureFirewallName": shortened(f"afw-{words}", _LONGEST_NAME),
            "location": region(context),
            "sku": {"name": "AZFW_VNet", "tier": "Standard"},
            "firewallPolicy": {"id": ref(f"{network}/{POLICY}")},
            "ipConfigurations": [
                {
                    "name": "exit",
                    "subnet": {"id": ref(f"{network}/subnet/{PART}")},
                    "publicIPAddress": {"id": ref(f"{network}/exit/address")},
                }
            ],
            **({"zones": zones} if zones else {}),
        },
        outputs=("ipConfigurations",),
        # Two writers of one policy at a time are refused: its rules first, then who takes them up.
        after=(home(network), f"{network}/exit/rules"),
    )
    yield from lower_diagnostics(context, f"{network}/{FIREWALL}", "network:AzureFirewall")
    yield _filter_rule(context, network)


def next_hop(network: str) -> Value:
    """The address that a network's routes send what leaves to."""
    return ref(f"{network}/{FIREWALL}", "ipConfigurations[0].privateIPAddress")


def _hosts(context: Context, network: str) -> list[Link]:
    return [one for one in context.expanded.egress_hosts if network_path(one.source) == network and is_expressible(one)]


def _collections(context: Context, network: str) -> list[Value]:
    names = [
        {
            "ruleType": "ApplicationRule",
            "name": f"host-{number}",
            "sourceAddresses": [str(one) for one in context.addresses(link.source)],
            "targetFqdns": [link.to],
            "protocols": [{"protocolType": "Http" if port == _HTTP else "Https", "port": port} for port in link.ports],
            "terminateTLS": False,
        }
        for number, link in enumerate(_hosts(context, network))
    ]
    ranges = [
        {
            "ruleType": "NetworkRule",
            "name": f"range-{number}",
            "ipProtocols": [link.protocol.upper()],
            "sourceAddresses": [str(one) for one in context.addresses(link.source)],
            "destinationAddresses": [link.to],
            "destinationPorts": [str(port) for port in link.ports],
        }
        for number, link in enumerate(one for one in context.expanded.egress if network_path(one.source) == network)
    ]
    return [
        {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": name,
            "priority": priority,
            "action": {"type": action},
            "rules": rules,
        }
        for name, priority, action, rules in (
            ("ranges", 200, "Allow", ranges),
            ("hosts", 300, "Allow", names),
            ("nothing-else", _LAST_PRIORITY, "Deny", [_LAST_WORD]),
        )
        if rules
    ]


def _filter_rule(context: Context, network: str) -> Node:
    """What lets the machines' packets to hosts out of their subnet; which hosts, the firewall says."""
    links = _hosts(context, network)
    return make(
        context,
        f"{network}/exit/rule",
        "network:SecurityRule",
        {
            "resourceGroupName": group(context, network),
            "networkSecurityGroupName": filter_name(context, network, "machines"),
            "securityRuleName": "allow-hosts-out",
            "priority": EXIT_PRIORITY,
            "direction": "Outbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefixes": sorted(
                {str(ipaddress.IPv4Network(one)) for link in links for one in context.addresses(link.source)}
            ),
            "sourcePortRange": "*",
            "destinationAddressPrefix": "Internet",
            "destinationPortRanges": [
                str(port) for port in sorted({int(port) for link in links for port in link.ports})
            ],
        },
        after=closed(network, "machines"),
    )


@final
@dataclass(frozen=True, slots=True)
class Opening:
    """What a rule of a firewall lets through."""

    sources: tuple[Network, ...]
    """Empty is everyone."""
    to: str
    """A host name, an address range, or Azure's own word for hosts."""
    protocol: str
    ports: Ports

    def ways(self, one: Interface) -> Iterator[ObservedFlow]:
        """What an interface reaches by it, after its own filter."""
        if self.sources and not any(one.address in source for source in self.sources):
            return
        is_range = self.to[:1].isdigit() and "/" in self.to
        probe = ipaddress.IPv4Network(self.to)[0] if is_range and self.to != str(ANYWHERE) else _PROBE
        ports = intersect(passes(one.rules, "out", self.protocol, probe, frozenset()), self.ports)
        if ports:
            yield ObservedFlow(one.element, self.to, self.protocol, written(ports))


def firewall_at(reader: Reader, address: Value) -> Native | None:
    """The firewall that has an address: stated, or of those that Azure gave."""
    if address is None:
        return None
    found = reader.follow(address) if isinstance(address, Mapping) else None
    for native in reader.of("network:AzureFirewall"):
        given = [one.get("privateIPAddress") for one in listed(got(native, "ipConfigurations"))]
        if native is found or address in given:
            return native
    return None


def observe_openings(reader: Reader, firewall: Native) -> list[Opening]:
    """What a firewall lets out, by the rules of its policy.

    A rule that refuses every host ends what application rules behind it let through; what one refuses in part is
    not taken off, and remarked on.
    """
    policy, found = reader.follow(firewall.properties.get("firewallPolicy")), []
    refused: Ports = ()
    for collection in _collected(reader, policy):
        sources_of = [(rule, _sources(rule)) for rule in listed(collection.get("rules"))]
        if _allows(collection):
            found += [
                replace(one, ports=subtract(one.ports, refused)) if rule.get("ruleType") == "ApplicationRule" else one
                for rule, sources in sources_of
                for one in _of_rule(rule, sources)
            ]
        else:
            refused = union((*refused, *(port for rule, _ in sources_of for port in _last_word(rule))))
    return [one for one in found if one.ports]


def firewall_remarks(reader: Reader) -> Iterator[str]:
    """What a firewall's rules do that no plan asks: lead in, or stand where they were not read."""
    for native in reader.of("network:AzureFirewall"):
        policy = reader.follow(native.properties.get("firewallPolicy"))
        for one in listed(native.properties.get("ipConfigurations")):
            subnet = reader.follow(one.get("subnet"))
            if subnet is None or reader.name(subnet).lower() != SUBNET.lower():
                yield f"{native.path}: stands in a subnet that cannot be read"
            if reader.follow(one.get("publicIPAddress")) is None:
                yield f"{native.path}: has an address that is not the platform's, or none"
        if policy is None:
            yield f"{native.path}: has no policy that can be read"
        refused = [one for one in _collected(reader, policy) if not _allows(one)]
        ports = union(port for one in refused for rule in listed(one.get("rules")) for port in _last_word(rule))
        if policy is not None and subtract(_WEB, ports):
            yield f"{native.path}: has no last word, and lets hosts of Azure's own pass"
        for name in ("natRuleCollections", "networkRuleCollections", "applicationRuleCollections"):
            if listed(native.properties.get(name)):
                yield f"{native.path}: has {name} of its own, which were not read"
    for native in reader.of("network:FirewallPolicyRuleCollectionGroup"):
        for collection in listed(native.properties.get("ruleCollections")):
            for rule in listed(collection.get("rules")):
                yield from (f"{native.path}: {words}" for words in _unusual(rule, allows=_allows(collection)))
            filters = str(collection.get("ruleCollectionType")) == "FirewallPolicyFilterRuleCollection"
            partly = [one for one in listed(collection.get("rules")) if not _last_word(one)]
            if filters and not _allows(collection) and partly:
                yield f"{native.path}: refuses a part of what is let through, which was not taken off"
            if str(collection.get("ruleCollectionType")) != "FirewallPolicyFilterRuleCollection":
                yield f"{native.path}: leads from outside to machines"


def observe_hosts(ways: Sequence[tuple[Interface, Sequence[Opening]]]) -> list[ObservedFlow]:
    """What interfaces reach through firewalls, by element."""
    found: dict[tuple[str, str, str], Ports] = {}
    for one, openings in ways:
        for opening in openings:
            for flow in opening.ways(one):
                key = (flow.source, flow.to, flow.protocol)
                found[key] = union((*found.get(key, ()), *ports_of(flow.ports)))
    return [ObservedFlow(*key, written(ports)) for key, ports in found.items()]


def _unusual(rule: Mapping[str, Any], *, allows: bool) -> Iterator[str]:
    """What a rule does beside letting named machines to named hosts."""
    if rule.get("terminateTLS") is True:
        yield "opens what is encrypted"
    if allows and not _sources(rule):
        yield "lets everyone through, whom no filter stops"
    for one in listed(rule.get("protocols")):
        if one.get("protocolType") != ("Http" if one.get("port") == _HTTP else "Https"):
            yield f"takes {one.get('protocolType')} on port {one.get('port')}"


def _collected(reader: Reader, policy: Native | None) -> list[Mapping[str, Any]]:
    """The collections of a policy in the order in which a packet meets those of one kind."""
    groups = reader.children(policy, "network:FirewallPolicyRuleCollectionGroup") if policy else []
    found = [
        (int(group_.properties.get("priority") or 0), int(one.get("priority") or 0), number, one)
        for group_ in groups
        for number, one in enumerate(listed(group_.properties.get("ruleCollections")))
        if str(one.get("ruleCollectionType")) == "FirewallPolicyFilterRuleCollection"
    ]
    return [one for *_, one in sorted(found, key=lambda it: it[:3])]


def _allows(collection: Mapping[str, Any]) -> bool:
    return bool((collection.get("action") or {}).get("type") == "Allow")


def _last_word(rule: Mapping[str, Any]) -> Ports:
    """The ports on which a rule means every host, for everyone."""
    everything = listed(rule.get("sourceAddresses")) == ["*"] and listed(rule.get("targetFqdns")) == ["*"]
    if rule.get("ruleType") != "ApplicationRule" or not everything:
        return ()
    return union((int(one.get("port") or 0),) * 2 for one in listed(rule.get("protocols")))


def _sources(rule: Mapping[str, Any]) -> tuple[Network, ...]:
    """Whom a rule speaks of; empty is everyone, and addresses that cannot be read to the end are everyone's."""
    given = [str(one) for one in listed(rule.get("sourceAddresses"))]
    if rule.get("sourceIpGroups") or any(not one[:1].isdigit() or "-" in one for one in given):
        return ()
    return tuple(ipaddress.IPv4Network(one, strict=False) for one in given)


def _of_rule(rule: Mapping[str, Any], sources: tuple[Network, ...]) -> Iterator[Opening]:
    if rule.get("ruleType") == "ApplicationRule":
        ports = union((int(one.get("port") or 0),) * 2 for one in listed(rule.get("protocols")))
        to = [
            *listed(rule.get("targetFqdns")),
            *listed(rule.get("targetUrls")),
            *(f"{name} {one}" for name in ("fqdnTags", "webCategories") for one in listed(rule.get(name))),
        ]
        yield from (Opening(sources, str(one), "tcp", ports) for one in to)
        return
    named = [str(one) for one in listed(rule.get("destinationPorts"))]
    ports = ALL_PORTS if "*" in named else ports_of(named)
    to = [
        *listed(rule.get("destinationAddresses")),
        *listed(rule.get("destinationFqdns")),
        *(f"ip group {one}" for one in listed(rule.get("destinationIpGroups"))),
    ]
    for protocol in listed(rule.get("ipProtocols")):
        for kind in ("tcp", "udp") if str(protocol).lower() == "any" else (str(protocol).lower(),):
            for one in to:
                yield Opening(sources, str(ANYWHERE) if one == "*" else str(one), kind, ports)


__all__ = [
    "FIREWALL",
    "PART",
    "POLICY",
    "SUBNET",
    "Opening",
    "firewall_at",
    "firewall_remarks",
    "has_firewall",
    "is_expressible",
    "lower_firewall_subnet",
    "next_hop",
    "observe_hosts",
    "observe_openings",
]
