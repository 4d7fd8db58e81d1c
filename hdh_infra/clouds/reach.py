"""Who can reach whom, computed as a packet would fare: rules of both ends, routes, ports.

Shared by the clouds' readers, which translate their own rules to `Rule`; it knows no cloud. Work is done
per rule and not per pair of machines, so that many isolated spaces cost little.
"""

from __future__ import annotations

import bisect
import functools
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

from hdh_infra.graph.observation import ObservedFlow

Ports: TypeAlias = tuple[tuple[int, int], ...]
"""Sorted, disjoint ranges, both ends included."""
Network: TypeAlias = ipaddress.IPv4Network
ALL_PORTS: Ports = ((1, 65535),)
ANYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
PROTOCOLS = ("tcp", "udp")
INTERNET = "internet"
_TWO = 2


def ports_of(values: Iterable[int | str]) -> Ports:
    """Ports from the model's form: `443`, `"8000-8010"`."""
    return _ports_of(tuple(values))


@functools.lru_cache(maxsize=4096)
def _ports_of(values: tuple[int | str, ...]) -> Ports:
    ranges = []
    for value in values:
        low, _, high = str(value).partition("-")
        ranges.append((int(low), int(high or low)))
    return union(tuple(ranges))


def union(ranges: Iterable[tuple[int, int]]) -> Ports:
    """The ranges sorted and joined."""
    ranges = tuple(ranges)
    if len(ranges) < _TWO:
        return ranges
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def intersect(one: Ports, other: Ports) -> Ports:
    """What is in both."""
    if one in (ALL_PORTS, other):
        return other
    if other == ALL_PORTS:
        return one
    return union((max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) <= min(b, d))


def subtract(one: Ports, other: Ports) -> Ports:
    """What is in the first only."""
    for low, high in other:
        kept = []
        for a, b in one:
            if b < low or a > high:
                kept.append((a, b))
                continue
            if a < low:
                kept.append((a, low - 1))
            if b > high:
                kept.append((high + 1, b))
        one = tuple(kept)
    return one


@functools.lru_cache(maxsize=4096)
def written(ports: Ports) -> tuple[int | str, ...]:
    """Ports in the model's form."""
    return tuple(low if low == high else f"{low}-{high}" for low, high in ports)


@final
class Spans:
    """Address ranges as numbers, joined and sorted: asked about a million times, which a network's own word is too slow for."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, networks: Iterable[Network]) -> None:
        """Join what touches."""
        starts: list[int] = []
        ends: list[int] = []
        for low, high in sorted((int(one.network_address), int(one.broadcast_address)) for one in networks):
            if ends and low <= ends[-1] + 1:
                ends[-1] = max(ends[-1], high)
            else:
                starts.append(low)
                ends.append(high)
        self._starts, self._ends = starts, ends

    def __contains__(self, address: int) -> bool:
        """Whether an address lies in one of them."""
        at = bisect.bisect_right(self._starts, address) - 1
        return at >= 0 and address <= self._ends[at]

    def overlaps(self, network: Network) -> bool:
        """Whether a range shares an address with one of them."""
        at = bisect.bisect_right(self._starts, int(network.broadcast_address)) - 1
        return at >= 0 and self._ends[at] >= int(network.network_address)


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a filter. Peers are address ranges, or groups of interfaces; with neither it is everyone."""

    direction: Literal["in", "out"]
    protocol: str | None
    """tcp, udp; None is any."""
    ports: Ports = ALL_PORTS
    peers: tuple[Network, ...] = ()
    groups: frozenset[str] = frozenset()
    """Groups whose members are meant."""
    allow: bool = True
    priority: int = 0
    """Smaller is looked at first; equal ones are all allowed or all denied."""
    spans: Spans = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Work the numbers out once."""
        object.__setattr__(self, "spans", Spans(self.peers))

    def means(self, protocol: str, address: ipaddress.IPv4Address, groups: frozenset[str]) -> bool:
        """Whether it speaks of a packet of this protocol to or from this peer."""
        if self.protocol not in {None, protocol}:
            return False
        if not self.peers and not self.groups:
            return True
        return bool(self.groups & groups) or int(address) in self.spans


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


def passes(
    rules: tuple[Rule, ...] | None,
    direction: str,
    protocol: str,
    address: ipaddress.IPv4Address,
    groups: frozenset[str],
) -> Ports:
    """The ports that a filter lets through to or from a peer; what no rule speaks of is denied."""
    return ALL_PORTS if rules is None else _decide(_ordered(rules, direction), protocol, address, groups)


def _ordered(rules: Iterable[Rule], direction: str) -> tuple[Rule, ...]:
    """The rules of a direction, the first to be looked at first."""
    return tuple(sorted((rule for rule in rules if rule.direction == direction), key=lambda rule: rule.priority))


def _decide(ordered: Iterable[Rule], protocol: str, address: ipaddress.IPv4Address, groups: frozenset[str]) -> Ports:
    left = ALL_PORTS
    allowed: list[tuple[int, int]] = []
    for rule in ordered:
        if rule.means(protocol, address, groups):
            hit = intersect(left, rule.ports)
            if rule.allow:
                allowed.extend(hit)
            left = subtract(left, hit)
            if not left:
                break
    return union(allowed)


def flows(interfaces: Sequence[Interface], routed: Callable[[Interface, Interface], bool]) -> tuple[ObservedFlow, ...]:
    """Every flow between two interfaces that a route joins and both filters let through, by element.

    Where the replicas of an element differ, each stands for itself as `path[n]`: what only some can do is
    not what the element can do.
    """
    names, index, filters = _replicas(interfaces), _Index(interfaces), Filters()
    found: dict[tuple[str, str, str], dict[tuple[str, str], Ports]] = {}
    for to in interfaces:
        for source in _candidates(to, interfaces, index):
            if source is to or not routed(source, to):
                continue
            for protocol in filters.speaks(source.rules, "out") & filters.speaks(to.rules, "in"):
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
            if any(peer.subnet_of(own) for own in inside):
                continue
            probe = _probe(peer, inside)
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


def _probe(peer: Network, inside: Sequence[Network]) -> ipaddress.IPv4Address:
    """An address of a range that is not the platform's own, so that no rule about the inside speaks of it."""
    for candidate in (peer[0], peer[-1], peer[peer.num_addresses // 2]):
        if not any(candidate in own for own in inside):
            return candidate
    return peer[0]


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
    for rule in to.rules:
        if rule.direction != "in" or not rule.allow:
            continue
        if not rule.peers and not rule.groups:
            return interfaces
        for group in rule.groups:
            found |= {id(one): one for one in index.by_group.get(group, ())}
        for peer in rule.peers:
            found |= {id(one): one for one in index.within(peer)}
    return found.values()


class Filters:
    """Filters with many rules about single addresses or groups, such as a shared store's, asked once a packet and not once a rule."""

    def __init__(self) -> None:
        """Nothing is indexed before it is asked about."""
        # By identity: the interfaces that hold the rules outlive this object.
        self._protocols: dict[tuple[int, str], frozenset[str]] = {}
        self._sides: dict[tuple[int, str], _Side] = {}

    def passes(
        self,
        rules: tuple[Rule, ...] | None,
        direction: str,
        protocol: str,
        address: ipaddress.IPv4Address,
        groups: frozenset[str],
    ) -> Ports:
        """As `passes`, looking only at the rules that can speak of this address or of its groups."""
        if rules is None:
            return ALL_PORTS
        side = self._sides.get((id(rules), direction))
        if side is None:
            side = self._sides[id(rules), direction] = _Side(rules, direction)
        return _decide(side.about(int(address), groups), protocol, address, groups)

    def speaks(self, rules: tuple[Rule, ...] | None, direction: str) -> frozenset[str]:
        """The protocols that a filter lets through to or from anybody at all."""
        if rules is None:
            return frozenset(PROTOCOLS)
        known = self._protocols.get((id(rules), direction))
        if known is None:
            allowed = [rule.protocol for rule in rules if rule.direction == direction and rule.allow]
            known = frozenset(PROTOCOLS if None in allowed else (one for one in allowed if one))
            self._protocols[id(rules), direction] = known
        return known


class _Side:
    """One direction of one filter: rules about whole ranges or everybody, and those about one address or group."""

    def __init__(self, rules: Iterable[Rule], direction: str) -> None:
        self._ordered = _ordered(rules, direction)
        wide: list[int] = []
        self._narrow: dict[int | str, list[int]] = {}
        for place, rule in enumerate(self._ordered):
            if (not rule.groups and not rule.peers) or any(peer.num_addresses > 1 for peer in rule.peers):
                wide.append(place)
                continue
            for group in rule.groups:
                self._narrow.setdefault(group, []).append(place)
            for peer in rule.peers:
                self._narrow.setdefault(int(peer.network_address), []).append(place)
        self._wide = wide
        self._known: dict[tuple[int, frozenset[str]], tuple[Rule, ...]] = {}

    def about(self, address: int, groups: frozenset[str]) -> tuple[Rule, ...]:
        """The rules that can speak of a peer, the first to be looked at first."""
        known = self._known.get((address, groups))
        if known is None:
            places = set(self._wide)
            places.update(self._narrow.get(address, ()))
            for group in groups:
                places.update(self._narrow.get(group, ()))
            known = tuple(self._ordered[place] for place in sorted(places))
            self._known[address, groups] = known
        return known


class _Index:
    """Interfaces by group and by address, made once for a list."""

    def __init__(self, interfaces: Sequence[Interface]) -> None:
        self.by_group: dict[str, list[Interface]] = {}
        self._sorted = sorted(interfaces, key=lambda one: int(one.address))
        self._addresses = [int(one.address) for one in self._sorted]
        for one in interfaces:
            for group in one.groups:
                self.by_group.setdefault(group, []).append(one)

    def within(self, peer: Network) -> list[Interface]:
        low = bisect.bisect_left(self._addresses, int(peer[0]))
        high = bisect.bisect_right(self._addresses, int(peer[-1]))
        return self._sorted[low:high]
