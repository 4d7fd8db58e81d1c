"""Who may reach whom and who may do what, worked out: from flows and grants between patterns to pairs of elements.

An edge between two spaces, or between a space and a zone, belongs to the space (law 4). It deliberately
knows no address and no native rule.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import final

from hdh_infra.model.paths import GROUP, PLATFORM, matches, network_path
from hdh_infra.model.scales import Access


def owner_of(*ends: str) -> str:
    """Whose nodes an edge's are: the first space among its ends, else the first zone, else the platform."""
    networks = [network for end in ends if (network := network_path(end))]
    spaces = [network for network in networks if network.startswith("space/")]
    return next(iter([*spaces, *networks]), PLATFORM)


@final
@dataclass(frozen=True, slots=True)
class Link:
    """One allowed connection between two elements, worked out from the flows."""

    source: str
    """Path of a machine."""
    to: str
    """Path of a store or machine; of an egress, an address range or host name."""
    protocol: str
    ports: tuple[int | str, ...]

    @property
    def owner(self) -> str:
        """Whose nodes its edges are: the space at either end (the source's first), else the source's zone (law 4)."""
        return owner_of(self.source, self.to)

    @property
    def slug(self) -> str:
        """A stable name of the link within its owner, made of its ends, protocol and ports."""
        ports = "-".join(str(port) for port in self.ports)
        return f"{self.source.replace('/', '.')}-to-{self.to.replace('/', '.')}-{self.protocol}-{ports}"


@final
@dataclass(frozen=True, slots=True, order=True)
class KeyWay:
    """That machines of one network use a key themselves, and so must reach what keeps it."""

    network: str
    key: str
    machines: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, order=True)
class Right:
    """What one machine or group may do with one store."""

    principal: str
    """Path of a machine, or `group/NAME`."""
    store: str
    access: Access

    @property
    def owner(self) -> str:
        """Whose nodes it is made of: a space at either end, else the machine's zone or, of a group, the store's."""
        return owner_of(self.principal, self.store)

    @property
    def of_group(self) -> bool:
        """Whether people hold it, and not a machine."""
        return self.principal.startswith(GROUP)

    @property
    def slug(self) -> str:
        """A stable name of it within its owner."""
        return f"{self.principal.replace('/', '.')}-{self.store.replace('/', '.')}"

    def words(self) -> str:
        """As observations and reports say it: `zone/lake/machine/spark write`."""
        return f"{self.principal} {self.access}"


@final
class Paths:
    """Sorted paths, found by pattern: with 1,000 spaces a flow must not look at the elements of all the others."""

    def __init__(self, paths: Iterable[str], *, networks: bool) -> None:
        """Keep them.

        Args:
            paths: of elements of one kind.
            networks: whether a pattern of a network means what is in it.
        """
        self._paths = sorted(paths)
        self._networks = networks
        self._found: dict[str, list[str]] = {}

    def matching(self, pattern: str) -> list[str]:
        """Those that a pattern means, sorted."""
        known = self._found.get(pattern)
        if known is None:
            literal = pattern.split("*", maxsplit=1)[0]
            near = self._paths[
                bisect_left(self._paths, literal) : bisect_left(self._paths, literal + chr(sys.maxunicode))
            ]
            known = [
                path
                for path in near
                if matches(pattern, path) or (self._networks and matches(pattern, network_path(path) or ""))
            ]
            self._found[pattern] = known
        return known


def _port_order(port: int | str) -> tuple[int, int]:
    low, _, high = str(port).partition("-")
    return int(low), int(high or low)


def merged(found: Iterator[tuple[str, str, str, tuple[int | str, ...]]]) -> tuple[Link, ...]:
    """Links from (source, to, protocol, ports), sorted, each pair of ends and protocol once."""
    ports: dict[tuple[str, str, str], set[int | str]] = {}
    for source, to, protocol, allowed in found:
        ports.setdefault((source, to, protocol), set()).update(allowed)
    return tuple(
        Link(source, to, protocol, tuple(sorted(allowed, key=_port_order)))
        for (source, to, protocol), allowed in sorted(ports.items())
    )


def strongest(found: Iterable[Right]) -> tuple[Right, ...]:
    """Rights sorted, each once; who may write needs no word for reading or appending."""
    by_ends: dict[tuple[str, str], set[Access]] = {}
    for right in found:
        by_ends.setdefault((right.principal, right.store), set()).add(right.access)
    return tuple(
        Right(principal, store, access)
        for (principal, store), accesses in sorted(by_ends.items())
        for access in sorted({Access.write} if Access.write in accesses else accesses)
    )


def grouped(rights: Iterable[Right], by: str) -> Mapping[str, tuple[Right, ...]]:
    """Rights by one of their ends, `principal` or `store`."""
    found: dict[str, list[Right]] = {}
    for right in rights:
        found.setdefault(getattr(right, by), []).append(right)
    return {end: tuple(some) for end, some in found.items()}
