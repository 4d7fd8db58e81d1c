"""Who can reach whom, computed as a packet would fare: rules of both ends, routes, ports.

Shared by the clouds' readers; what one filter lets through is `filters`' matter. Work is done per rule and
not per pair of machines, so that many isolated spaces cost little.
"""

from __future__ import annotations

import bisect
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from hdh_infra.clouds.filters import (
    ALL_PORTS,
    ANYWHERE,
    PROTOCOLS,
    Filters,
    Network,
    Ports,
    Rule,
    intersect,
    ordered,
    passes,
    union,
    written,
)
from hdh_infra.graph.observation import ObservedFlow

INTERNET = "internet"
"""Where a way in from outside begins."""
EVERYTHING = "internet, by every protocol"
"""What a way out reaches that nothing narrows."""


@final
@dataclass(frozen=True)
class Interface:
    """One network interface of a machine or of a store's private endpoint."""

    element: str
    address: ipaddress.IPv4Address
    network: str
    """The native network that it is attached to."""
    rules: tuple[Rule, ...] | None
    """Its filter; None where there is no filter at all: everything passes."""
    groups: frozenset[str] = frozenset()


def flows(interfaces: Sequence[Interface], routed: Callable[[Interface, Interface], bool]) -> tuple[ObservedFlow, ...]:
    """Every flow between two interfaces that a route joins and both filters let through, by element.

    Where the replicas of an element differ, each stands for itself as `path[n]`: what only some can do is
    not what the element can do.
    """
    names, index, filters = _replicas(interfaces), _Index(interfaces), Filters()
    found: dict[tuple[str, str, str], dict[tuple[str, str], Ports]] = {}
    for to in interfaces:
        inward = filters.speaks(to.rules, "in")
        for source in _candidates(to, interfaces, index):
            if source is to or not routed(source, to):
                continue
            for protocol in inward & filters.speaks(source.rules, "out"):
                out = filters.passes(source.rules, "out", protocol, to.address, to.groups)
                back = filters.passes(to.rules, "in", protocol, source.address, source.groups) if out else ()
                ports = intersect(out, back)
                if ports:
                    key = (source.element, to.element, protocol)
                    found.setdefault(key, {})[names[id(source)], names[id(to)]] = ports
    counts = _counts(interfaces)
    result = []
    for (source_path, to_path, protocol), pairs in found.items():
        same = source_path == to_path
        expected = counts[source_path] * (counts[to_path] - 1 if same else counts[to_path])
        if len(pairs) == expected and len(set(pairs.values())) == 1:
            result.append(ObservedFlow(source_path, to_path, protocol, written(next(iter(pairs.values())))))
        else:
            result.extend(ObservedFlow(a, b, protocol, written(ports)) for (a, b), ports in pairs.items())
    return tuple(sorted(result, key=_order))


def outside(
    interfaces: Sequence[Interface], inside: Sequence[Network], routed: Callable[[Interface], bool]
) -> tuple[ObservedFlow, ...]:
    """Every opening to addresses beyond `inside` of interfaces that have a way out, one for each range named by a rule.

    Args:
        interfaces: those of the machines.
        inside: the platform's own ranges; openings to parts of them are flows, not egress.
        routed: whether an interface has a route to the outside.
    """
    found: dict[tuple[str, str, str], Ports] = {}
    own = _Ranges(inside)
    for one in interfaces:
        if not routed(one):
            continue
        ranges = (
            {ANYWHERE}
            if one.rules is None
            else {
                peer
                for rule in one.rules
                if rule.direction == "out"
                for peer in rule.peers or (ANYWHERE,)
                if not rule.groups or rule.peers
            }
        )
        for peer in ranges:
            if own.hold(peer):
                continue
            probe = _probe(peer, own)
            for protocol in PROTOCOLS:
                ports = passes(one.rules, "out", protocol, probe, frozenset())
                if ports:
                    key = (one.element, str(peer), protocol)
                    found[key] = union((*found.get(key, ()), *ports))
    return tuple(
        sorted(
            (ObservedFlow(source, to, protocol, written(ports)) for (source, to, protocol), ports in found.items()),
            key=_order,
        )
    )


def _probe(peer: Network, own: _Ranges) -> ipaddress.IPv4Address:
    """An address of a range that is not the platform's own, so that no rule about the inside speaks of it."""
    for candidate in (peer[0], peer[-1], peer[peer.num_addresses // 2]):
        if candidate not in own:
            return candidate
    return peer[0]


class _Ranges:
    """Address ranges by their length, since each machine's ways out are held against every network of a platform."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._by_length: dict[int, set[int]] = {}
        for one in networks:
            self._by_length.setdefault(one.prefixlen, set()).add(int(one.network_address))

    def hold(self, network: Network) -> bool:
        """Whether a range lies within one of them."""
        return self._found(int(network.network_address), network.prefixlen)

    def __contains__(self, address: ipaddress.IPv4Address) -> bool:
        return self._found(int(address), address.max_prefixlen)

    def _found(self, first: int, length: int) -> bool:
        bits = ANYWHERE.max_prefixlen
        return any(
            first >> (bits - wide) << (bits - wide) in starts
            for wide, starts in self._by_length.items()
            if wide <= length
        )


def _order(flow: ObservedFlow) -> tuple[str, str, str]:
    return flow.source, flow.to, flow.protocol


def _replicas(interfaces: Sequence[Interface]) -> Mapping[int, str]:
    seen: dict[str, int] = {}
    names = {}
    for one in sorted(interfaces, key=lambda one: (one.element, one.address)):
        index = seen.get(one.element, 0)
        seen[one.element] = index + 1
        names[id(one)] = f"{one.element}[{index}]"
    return names


def _counts(interfaces: Sequence[Interface]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for one in interfaces:
        counts[one.element] = counts.get(one.element, 0) + 1
    return counts


def _candidates(to: Interface, interfaces: Sequence[Interface], index: _Index) -> Iterable[Interface]:
    """Those that some rule of the receiver lets in; all where nothing filters."""
    if to.rules is None:
        return interfaces
    found: dict[int, Interface] = {}
    for rule in ordered(to.rules, "in"):
        if not rule.allow:
            if index.all_meant_by(rule):
                # What comes after it says nothing more of any of them, as wide as it may be.
                break
            continue
        if not rule.peers and not rule.groups:
            return interfaces
        for group in rule.groups:
            found |= {id(one): one for one in index.by_group.get(group, ())}
        for peer in rule.peers:
            found |= {id(one): one for one in index.within(peer)}
    return found.values()


class _Index:
    """Interfaces by group and by address, made once for a list."""

    def __init__(self, interfaces: Sequence[Interface]) -> None:
        self.by_group: dict[str, list[Interface]] = {}
        self._sorted = sorted(interfaces, key=lambda one: int(one.address))
        self._addresses = [int(one.address) for one in self._sorted]
        for one in interfaces:
            for group in one.groups:
                self.by_group.setdefault(group, []).append(one)

    def all_meant_by(self, rule: Rule) -> bool:
        """Whether a rule speaks of every packet from any of them."""
        if rule.protocol is not None or rule.ports != ALL_PORTS or rule.groups or rule.apart:
            return False
        if not rule.peers or not self._addresses:
            return True
        low, high = self._addresses[0], self._addresses[-1]
        return any(int(one.network_address) <= low and high <= int(one.broadcast_address) for one in rule.peers)

    def within(self, peer: Network) -> list[Interface]:
        low = bisect.bisect_left(self._addresses, int(peer.network_address))
        high = bisect.bisect_right(self._addresses, int(peer.broadcast_address))
        return self._sorted[low:high]
