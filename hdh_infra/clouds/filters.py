"""What a filter lets through: ports, address ranges and rules as numbers, and one packet asked about after another.

Shared by the clouds' readers, which translate their own rules to `Rule`; it knows no cloud, no route and no machine.
"""

from __future__ import annotations

import bisect
import functools
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

Ports: TypeAlias = tuple[tuple[int, int], ...]
"""Sorted, disjoint ranges, both ends included."""
Network: TypeAlias = ipaddress.IPv4Network
ALL_PORTS: Ports = ((1, 65535),)
ANYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
PROTOCOLS = ("tcp", "udp")
_TWO = 2


@functools.lru_cache(maxsize=1 << 16)
def network_of(text: str) -> Network:
    """A range in its written form, made once: rules name the same few over and over. Raises `ValueError` for what is none."""
    return ipaddress.IPv4Network(text, strict=False)


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


@functools.lru_cache(maxsize=4096)
def intersect(one: Ports, other: Ports) -> Ports:
    """What is in both."""
    if one in (ALL_PORTS, other):
        return other
    if other == ALL_PORTS:
        return one
    return union((max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) <= min(b, d))


@functools.lru_cache(maxsize=4096)
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


def span_name(span: tuple[int, int]) -> str:
    """One range of ports as a part of a path."""
    low, high = span
    return str(low) if low == high else f"{low}-{high}"


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
    apart: tuple[Network, ...] = ()
    """Ranges that it does not mean, although the peers hold them."""
    spans: Spans = field(init=False, compare=False, repr=False)
    others: Spans | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Work the numbers out once."""
        object.__setattr__(self, "spans", Spans(self.peers))
        object.__setattr__(self, "others", Spans(self.apart) if self.apart else None)

    def means(self, protocol: str, address: ipaddress.IPv4Address, groups: frozenset[str]) -> bool:
        """Whether it speaks of a packet of this protocol to or from this peer."""
        if self.protocol not in {None, protocol}:
            return False
        if not self.peers and not self.groups:
            return True
        if self.others is not None and int(address) in self.others:
            return bool(self.groups & groups)
        return bool(self.groups & groups) or int(address) in self.spans


def passes(
    rules: tuple[Rule, ...] | None,
    direction: str,
    protocol: str,
    address: ipaddress.IPv4Address,
    groups: frozenset[str],
) -> Ports:
    """The ports that a filter lets through to or from a peer; what no rule speaks of is denied."""
    return ALL_PORTS if rules is None else _decide(ordered(rules, direction), protocol, address, groups)


def ordered(rules: Iterable[Rule], direction: str) -> tuple[Rule, ...]:
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
        self._ordered = ordered(rules, direction)
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
        self._of_all = tuple(self._ordered[place] for place in wide)

    def about(self, address: int, groups: frozenset[str]) -> tuple[Rule, ...]:
        """The rules that can speak of a peer, the first to be looked at first."""
        about = self._narrow.get(address, ())
        if groups:
            about = [*about, *(place for group in groups for place in self._narrow.get(group, ()))]
        if not about:
            return self._of_all
        return tuple(self._ordered[place] for place in sorted({*self._wide, *about}))
