"""What an Azure Firewall lets out, read from the rules of its policy as packets meet them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from hdh_infra.clouds.azure.firewall import HTTP, SUBNET
from hdh_infra.clouds.azure.reading import Reader, got, listed
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
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import Value

_WEB: Ports = ((80, 80), (443, 443))
_PROBE = ipaddress.IPv4Address("8.8.8.8")
"""Some address of the Internet, that no rule of a platform names by itself."""


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
        if one.get("protocolType") != ("Http" if one.get("port") == HTTP else "Https"):
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
