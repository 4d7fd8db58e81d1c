"""Who can reach whom, as a packet would fare at Scaleway: machines, stores, outwards, from outside.

The VPC's list decides between Private Networks, and not within one nor towards the internet (pages/vpc/reference-content/
understanding-nacls.mdx, 2025-03-26). So whoever has a default route reaches everything outside, whatever the list says. Security
groups filter public addresses only (pages/instances/how-to/use-security-groups.mdx, 2025-03-03). Names and tags mean nothing here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, final

from hdh_infra.clouds.buckets import is_public
from hdh_infra.clouds.endpoint import beyond_store, endpoint_name
from hdh_infra.clouds.filters import ANYWHERE, PROTOCOLS, Network, Ports, network_of, ports_of, subtract, union, written
from hdh_infra.clouds.reach import EVERYTHING, INTERNET, Interface, flows
from hdh_infra.clouds.scaleway.bastion import observe_gateways
from hdh_infra.clouds.scaleway.filter import Lists
from hdh_infra.clouds.scaleway.naming import (
    CONNECTOR,
    GATEWAY,
    GATEWAY_NETWORK,
    INGRESS_RULE,
    IPAM_IP,
    PAT_RULE,
    PRIVATE_NETWORK,
    PRIVATE_NIC,
    ROUTE,
    SECURITY_GROUP,
    SERVER,
    VPC,
)
from hdh_infra.clouds.scaleway.network import ranges_of
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.scaleway.rights import Opened
from hdh_infra.clouds.scaleway.rules import SERVICE_FLOWS
from hdh_infra.clouds.traffic import Traffic, entry_of_stores
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.model.scales import Access

_EVERYTHING = ("1-65535",)
_HTTPS = (443,)


@final
class _Wires:
    """Interfaces of machines, with the networks that they are in."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.lists = Lists(reader)
        self.networks = {one.path: one for one in reader.natives.of_type(PRIVATE_NETWORK)}
        self.ranges: dict[str, tuple[Network, ...]] = {
            path: tuple(ranges_of(one.properties)) for path, one in self.networks.items()
        }
        self.vpcs = {path: self.lists.name(one.properties.get("vpcId")) for path, one in self.networks.items()}
        self.interfaces = [one for nic in self._nics() for one in self._interfaces(*nic)]
        self.with_answers = [self._answering(one) for one in self.interfaces]
        used = {self.vpcs[one.network] for one in self.interfaces if one.network in self.vpcs}
        for vpc in sorted(used):
            if not self.lists.is_closed_by_ipv6(vpc):
                reader.remarks.add(f"{vpc}: no list drops IPv6, by which every network of it reaches every other")

    def routed(self, one: Interface, other: Interface) -> bool:
        """Networks of one VPC are routed, always."""
        return one.network == other.network or (
            self.vpcs.get(one.network, one.network) == self.vpcs.get(other.network, other.network)
        )

    def _nics(self) -> Iterator[tuple[Native, Native, Any]]:
        for nic in self.reader.natives.of_type(PRIVATE_NIC):
            server = self.reader.follow(nic.properties.get("serverId"), SERVER)
            if server is None:
                self.reader.remarks.add(f"{nic.path}: an interface of a machine that is none of the platform's")
            else:
                yield nic, server, nic.properties.get("privateNetworkId")
        for server in self.reader.natives.of_type(SERVER):
            for inline in listed(server.properties.get("privateNetworks")):
                if self.reader.natives.source == "plan":
                    yield server, server, inline.get("pnId")

    def _interfaces(self, nic: Native, server: Native, value: Any) -> Iterator[Interface]:
        network = self.reader.follow(value, PRIVATE_NETWORK)
        if network is None:
            self.reader.remarks.add(f"{nic.path}: joins {server.element} to a network that is none of the platform's")
            self.reader.unread.add(server.element)
            return
        addresses = list(self._addresses(nic, server, network))
        if not addresses:
            self.reader.remarks.add(f"{nic.path}: its address cannot be seen, nor who reaches it")
            self.reader.unread.add(server.element)
        for address in addresses:
            own = self.ranges[network.path]
            rules = self.lists.rules(self.vpcs[network.path], address, own, answers=False)
            yield Interface(server.element, address, network.path, rules)

    def _answering(self, one: Interface) -> Interface:
        """The interface with the lines for answers, by which whoever answers may open connections too."""
        rules = self.lists.rules(self.vpcs[one.network], one.address, self.ranges[one.network], answers=True)
        return replace(one, rules=rules)

    def _addresses(self, nic: Native, server: Native, network: Native) -> Iterable[ipaddress.IPv4Address]:
        """Addresses by IPv4: those that are reserved for it, else those that a cloud tells and that lie in its network."""
        reserved = [self.reader.follow(one, IPAM_IP) for one in listed(nic.properties.get("ipamIpIds"))]
        texts = [str(one.properties.get("address")) for one in reserved if one is not None]
        if not texts:
            told = (*listed(nic.properties.get("privateIps")), *listed(server.properties.get("privateIps")))
            texts = [str(one.get("address")) for one in told]
        found = []
        for one in texts:
            try:
                address = ipaddress.IPv4Address(one.partition("/")[0])
            except ValueError:
                continue
            if any(address in mine for mine in self.ranges[network.path]):
                found.append(address)
        return dict.fromkeys(found)


def observe_traffic(reader: Reader, opened: Opened) -> Traffic:
    """What passes between machines, to stores, outwards and from outside."""
    wires, gateways = _Wires(reader), observe_gateways(reader)
    servers = reader.natives.of_type(SERVER)
    exposed = {server.path: server for server in servers if _is_public(server)}
    out = {one.element for one in wires.interfaces if one.network in gateways.routed}
    egress: dict[tuple[str, str, str], Ports] = {}
    for element in out:
        for protocol in PROTOCOLS:
            egress[element, str(ANYWHERE), protocol] = ports_of(_EVERYTHING)
    entry: dict[tuple[str, str, str], Ports] = {}
    for server in exposed.values():
        for way, found in (("outbound", egress), ("inbound", entry)):
            for peer, protocol, ports in _by_public_address(reader, server, way):
                key = (server.element, peer, protocol) if way == "outbound" else (peer, server.element, protocol)
                found[key] = union((*found.get(key, ()), *ports))
    forwarded = _forwarded(wires)
    for element, protocol, ports in forwarded:
        key = (INTERNET, element, protocol)
        entry[key] = union((*entry.get(key, ()), *ports))
    public = {server.element for server in exposed.values()} | {element for element, *_ in forwarded}
    for vpc in reader.natives.of_type(VPC):
        if vpc.properties.get("enableTransitivity") is True:
            reader.remarks.add(f"{vpc.path}: lets packets of other VPCs through to a third one (enableTransitivity)")
    for native in reader.natives.of_type(CONNECTOR, ROUTE, INGRESS_RULE):
        reader.remarks.add(f"{native.path} ({native.type}): a way between networks that is not followed here")
    services = [
        ObservedFlow(element, f"{flow.address} ({flow.to})", flow.protocol, flow.ports)
        for element in {server.element for server in servers}
        for flow in SERVICE_FLOWS
    ]
    beyond = {flow.source for flow in (*_flows_of(egress),) if flow.to == str(ANYWHERE)}
    return Traffic(
        flows=tuple(sorted((*_between(wires), *_to_stores(reader, opened, beyond)))),
        service_flows=tuple(sorted({*services, *gateways.service_flows})),
        egress=_flows_of(egress),
        entry=tuple(sorted((*_flows_of(entry), *entry_of_stores(reader.buckets.values(), endpoint_name(reader.site))))),
        public={server.element: server.element in public for server in servers},
        people=gateways.people,
    )


def _between(wires: _Wires) -> Iterator[ObservedFlow]:
    """Flows between machines; what the lines for answers open besides is a part of the flow that they answer, else a flow of its own."""
    found = {(flow.source, flow.to, flow.protocol): flow for flow in flows(wires.interfaces, wires.routed)}
    also: dict[tuple[str, str, str], set[str]] = {}
    for flow in flows(wires.with_answers, wires.routed):
        key, answered = (flow.source, flow.to, flow.protocol), (flow.to, flow.source, flow.protocol)
        before = ports_of(found[key].ports) if key in found else ()
        more = subtract(ports_of(flow.ports), before)
        if not more:
            continue
        if answered in found:
            ports = ", ".join(map(str, written(more)))
            also.setdefault(answered, set()).add(f"{flow.to} from there, on {flow.protocol} {ports} (answers)")
        else:
            yield flow
    for key, flow in found.items():
        yield flow._replace(also_reaches=tuple(sorted(also.get(key, ()))))


def _flows_of(found: Mapping[tuple[str, str, str], Ports]) -> tuple[ObservedFlow, ...]:
    return tuple(sorted(ObservedFlow(*key, written(ports)) for key, ports in found.items() if ports))


def _is_public(server: Native) -> bool:
    """Whether a flexible or dynamic address leads to a server."""
    properties = server.properties
    given = (properties.get("ipId"), properties.get("ipIds"), properties.get("publicIps"))
    return any(map(bool, given)) or properties.get("enableDynamicIp") is True


def _by_public_address(reader: Reader, server: Native, way: str) -> Iterator[tuple[str, str, Ports]]:
    """What the security group lets pass by a public address: peer, protocol and ports; everything where none is seen."""
    group = reader.follow(server.properties.get("securityGroupId"), SECURITY_GROUP)
    everywhere = str(ANYWHERE) if way == "outbound" else INTERNET
    if group is None:
        yield from ((everywhere, protocol, ports_of(_EVERYTHING)) for protocol in PROTOCOLS)
        return
    if str(group.properties.get(f"{way}DefaultPolicy") or "accept") != "drop" or group.properties.get("externalRules"):
        yield from ((everywhere, protocol, ports_of(_EVERYTHING)) for protocol in PROTOCOLS)
        return
    for rule in listed(group.properties.get(f"{way}Rules")):
        if str(rule.get("action")) != "accept":
            continue
        peer = str(rule.get("ipRange") or rule.get("ip") or everywhere)
        word = str(rule.get("protocol") or "TCP").lower()
        named = rule.get("portRange") or rule.get("port")
        ports = ports_of((str(named),)) if named and str(named) not in {"0", "0-0"} else ports_of(_EVERYTHING)
        for protocol in PROTOCOLS if word == "any" else (word,) if word in PROTOCOLS else ():
            yield (everywhere if peer in {"0.0.0.0/0", everywhere} else str(network_of(peer))), protocol, ports


def _forwarded(wires: _Wires) -> list[tuple[str, str, Ports]]:
    """Ports that a Public Gateway passes to machines: element, protocol and the machine's own port."""
    found = []
    by_address: dict[tuple[str, str], str] = {
        (wires.vpcs[one.network], str(one.address)): one.element for one in wires.interfaces
    }
    attached: dict[str, set[str]] = {}
    for native in wires.reader.natives.of_type(GATEWAY_NETWORK):
        gateway = wires.reader.follow(native.properties.get("gatewayId"), GATEWAY)
        network = wires.reader.follow(native.properties.get("privateNetworkId"), PRIVATE_NETWORK)
        if gateway is not None and network is not None:
            attached.setdefault(gateway.path, set()).add(wires.vpcs[network.path])
    for rule in wires.reader.natives.of_type(PAT_RULE):
        gateway = wires.reader.follow(rule.properties.get("gatewayId"), GATEWAY)
        value = rule.properties.get("privateIp")
        ip = wires.reader.follow(value, IPAM_IP)
        address = str(ip.properties.get("address") if ip is not None else value).partition("/")[0]
        vpcs = attached.get(gateway.path, set()) if gateway is not None else set()
        elements = {by_address[vpc, address] for vpc in vpcs if (vpc, address) in by_address}
        if not elements:
            wires.reader.remarks.add(
                f"{rule.path}: passes a port from outside to {address}, which is no machine that can be seen"
            )
        word = str(rule.properties.get("protocol") or "both").lower()
        port = int(rule.properties.get("privatePort") or 0)
        ports = ports_of((port,)) if port else ports_of(_EVERYTHING)
        for element in sorted(elements):
            for protocol in (word,) if word in PROTOCOLS else PROTOCOLS:
                found.append((element, protocol, ports))
    return found


def _to_stores(reader: Reader, opened: Opened, out: set[str]) -> Iterator[ObservedFlow]:
    """A machine reaches a store where it has a way outside and its API keys open the bucket; the endpoint serves every bucket."""
    also = (beyond_store(endpoint_name(reader.site)), EVERYTHING)
    to_all = [bucket for bucket in reader.buckets.values() if is_public(bucket)]
    by_path: Mapping[str, Native] = {bucket.path: bucket for bucket in reader.buckets.values()}
    for machine in sorted(out):
        mine: Mapping[str, frozenset[Access]] = opened.machines.get(machine, {})
        elements = {by_path[path].element for path in mine} | {bucket.element for bucket in to_all}
        for element in sorted(elements):
            yield ObservedFlow(machine, element, "tcp", _HTTPS, also)
