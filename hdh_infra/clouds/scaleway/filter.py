"""What the VPC's list lets an interface send and receive, translated to rules that are looked at one packet after another.

The first rule of the list that means a packet decides it. Within one Private Network nothing is filtered. Where a VPC has no list
for IPv4, or none that drops by default for IPv6, everything passes between its networks: every one of them has a range of IPv6.
A line that accepts from some source ports only is one for answers: whoever answers may open connections from that port, which is
read apart (`answers`) from what the other lines open. A line that closes only some source ports closes nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

from hdh_infra.clouds.filters import ALL_PORTS, Network, Ports, Rule, network_of
from hdh_infra.clouds.scaleway.naming import ACL, VPC
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native

_Direction: TypeAlias = Literal["in", "out"]
_PROTOCOLS = {"TCP": "tcp", "UDP": "udp", "ANY": None}
_LAST = 65535
_SLACK = 1_000_000
"""After every rule of a list: its default."""


@final
@dataclass(frozen=True, slots=True)
class _Line:
    """One rule of a list."""

    place: int
    protocol: str | None
    source: Network
    to: Network
    ports: Ports
    allow: bool
    answers: bool
    """Whether it is for some source ports only."""

    def rule(self, direction: _Direction) -> Rule:
        """As one end of it sees it."""
        peer = self.to if direction == "out" else self.source
        return Rule(direction, self.protocol, self.ports, (peer,), allow=self.allow, priority=self.place)


class Lists:
    """The lists of every VPC."""

    def __init__(self, reader: Reader) -> None:
        """Read them once."""
        self.reader = reader
        v4: dict[str, Native] = {}
        v6: dict[str, Native] = {}
        for acl in reader.natives.of_type(ACL):
            (v6 if acl.properties.get("isIpv6") is True else v4)[self.name(acl.properties.get("vpcId"))] = acl
        self._sixth = {name for name, acl in v6.items() if _is_closed(acl)}
        self._fourth = {name: _List(acl) for name, acl in v4.items()}
        self._made: dict[tuple[str, ipaddress.IPv4Address, tuple[Network, ...], bool], tuple[Rule, ...]] = {}

    def name(self, value: Any) -> str:
        """What a VPC is known by here: the path of one of ours, else what stands there."""
        vpc = self.reader.follow(value, VPC)
        return vpc.path if vpc is not None else str(value)

    def is_closed_by_ipv6(self, vpc: str) -> bool:
        """Whether a list drops what goes between networks by IPv6."""
        return vpc in self._sixth

    def rules(
        self, vpc: str, address: ipaddress.IPv4Address, own: tuple[Network, ...], *, answers: bool
    ) -> tuple[Rule, ...] | None:
        """What an interface of a VPC may send and receive; None where nothing filters.

        Args:
            vpc: by its name here.
            address: of the interface.
            own: ranges of its Private Network.
            answers: whether lines for answers count, by which connections can be opened too.
        """
        found = self._fourth.get(vpc)
        if found is None or vpc not in self._sixth:
            return None
        key = (vpc, address, own, answers)
        if key not in self._made:
            self._made[key] = found.rules(address, own, answers=answers)
        return self._made[key]


class _List:
    """One list for IPv4, its lines found by address."""

    def __init__(self, acl: Native) -> None:
        self.open = str(acl.properties.get("defaultPolicy") or "accept") != "drop"
        self._sides: dict[_Direction, _Lines] = {"out": _Lines("out"), "in": _Lines("in")}
        closed: list[_Line] = []
        for place, rule in enumerate(listed(acl.properties.get("rules"))):
            line = _line(place, rule)
            if line is None:
                continue
            for side in self._sides.values():
                side.add(line, closed)
            if not line.allow and line.protocol is None and line.ports == ALL_PORTS:
                closed.append(line)

    def rules(self, address: ipaddress.IPv4Address, own: tuple[Network, ...], *, answers: bool) -> tuple[Rule, ...]:
        """Both directions, for one address."""
        found: list[Rule] = []
        for direction, lines in self._sides.items():
            found.append(Rule(direction, None, ALL_PORTS, own, priority=-1))
            found += [rule for line, rule in lines.about(address) if answers or not line.answers]
            if self.open:
                found.append(Rule(direction, None, priority=_SLACK))
        return tuple(found)


class _Lines:
    """The lines of a list as one end of them sees them, found by its address.

    A line that an earlier one closes for all of some range is not looked at for an address in it: the lines for answers, one a
    machine that goes outside, would otherwise be every machine's.
    """

    def __init__(self, direction: _Direction) -> None:
        self._direction: _Direction = direction
        self._open: dict[int, dict[int, list[tuple[_Line, Rule]]]] = {}
        self._closed: dict[Network, dict[int, dict[int, list[tuple[_Line, Rule]]]]] = {}

    def add(self, line: _Line, closed: Iterable[_Line]) -> None:
        """Keep a line, which comes after those that close everything between two ranges."""
        own, other = self._ends(line)
        within = None
        for before in closed:
            mine, theirs = self._ends(before)
            if other.subnet_of(theirs):
                if own.subnet_of(mine):
                    return
                within = mine
                break
        index = self._open if within is None else self._closed.setdefault(within, {})
        kept = index.setdefault(own.prefixlen, {}).setdefault(int(own.network_address), [])
        kept.append((line, line.rule(self._direction)))

    def about(self, address: ipaddress.IPv4Address) -> list[tuple[_Line, Rule]]:
        """The lines that can decide a packet of this end, the first to be looked at first."""
        found: list[tuple[_Line, Rule]] = []
        for index in (self._open, *(index for within, index in self._closed.items() if address not in within)):
            for length, networks in index.items():
                shift = address.max_prefixlen - length
                found += networks.get(int(address) >> shift << shift, ())
        return sorted(found, key=lambda one: one[0].place)

    def _ends(self, line: _Line) -> tuple[Network, Network]:
        return (line.source, line.to) if self._direction == "out" else (line.to, line.source)


def _line(place: int, rule: Mapping[str, Any]) -> _Line | None:
    """One rule that speaks of TCP or UDP; None of others, and of what closes some source ports only."""
    word = str(rule.get("protocol") or "ANY").upper()
    allow = str(rule.get("action") or "accept").lower() != "drop"
    whole = int(rule.get("srcPortLow") or 0) <= 1 and int(rule.get("srcPortHigh") or 0) == _LAST
    if word not in _PROTOCOLS or not (allow or whole):
        return None
    low, high = int(rule.get("dstPortLow") or 0), int(rule.get("dstPortHigh") or 0)
    if high == 0 and not allow:
        return None
    ports = ((max(low, 1), high or _LAST),)
    try:
        source, to = (network_of(str(rule.get(end) or "0.0.0.0/0")) for end in ("source", "destination"))
    except ValueError:
        return None
    return _Line(place, _PROTOCOLS[word], source, to, ports, allow, not whole)


def _is_closed(acl: Native) -> bool:
    """Whether a list lets nothing at all pass."""
    accepts = any(str(rule.get("action") or "accept").lower() != "drop" for rule in listed(acl.properties.get("rules")))
    return str(acl.properties.get("defaultPolicy") or "accept") == "drop" and not accepts
