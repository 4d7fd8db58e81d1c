"""What goes through networks' proxies, read back: who comes to which door, and what it lets pass; the same on every cloud.

A cloud says which of its machines are proxies, what each was told, and what packets pass.

A door counts where both filters lead to it, where the server's start-up data are those of a program that is known, and where the
proxy has a way outside. A proxy with another program, or one that cannot be read, is read for the worse: whoever comes to
it at all reaches everything that its own filter lets out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, final

from hdh_infra.clouds.endpoint import strangers
from hdh_infra.clouds.exit_program import Passing, doors
from hdh_infra.clouds.filters import (
    ANYWHERE,
    PROTOCOLS,
    Network,
    Ports,
    intersect,
    passes,
    ports_of,
    subtract,
    union,
    written,
)
from hdh_infra.clouds.reach import INTERNET, Interface, outside
from hdh_infra.clouds.traffic import Way
from hdh_infra.graph.observation import Native, ObservedFlow

_ALL_BELOW = "*."


@final
@dataclass
class Exit:
    """One proxy: what its doors let pass, and what its own filter lets out."""

    doors: Mapping[int, Passing] | None
    """None where nobody knows what its program does."""
    interfaces: list[Interface] = field(default_factory=list)


class Wired(Protocol):
    """What a cloud read of all that packets pass."""

    @property
    def exits(self) -> Sequence[tuple[Native, Interface]]:
        """Those of proxies, whose element is the proxy's path."""

    @property
    def inside(self) -> tuple[Network, ...]:
        """The platform's own ranges."""

    def has_way_out(self, one: Interface, /) -> bool:
        """Whether packets find their way outside."""


def observe_exits(
    servers: Iterable[tuple[str, Native]],
    wires: Wired,
    told: Callable[[Native], Mapping[str, object] | None],
    remark: Callable[[str], None],
) -> dict[str, Exit]:
    """Every proxy by its path.

    Args:
        servers: each with the path of the proxy that it is.
        wires: what packets pass.
        told: what a server was told to let pass, as items; None where its program is not a known one.
        remark: what to do with what is worth a word.
    """
    found: dict[str, Exit] = {}
    for path, server in servers:
        said = told(server)
        if said is None:
            remark(f"{server.path} runs a program that is not known: taken for one that lets everything pass")
        lets = doors(said) if said is not None else None
        # Two servers under one path are no proxy of ours: the worse of them counts.
        found[path] = Exit(lets if path not in found else None)
    for _, one in wires.exits:
        found[one.element].interfaces.append(one)
    return found


@final
@dataclass(frozen=True)
class Stores:
    """The stores behind an endpoint outside, as far as a way through a proxy can lead there."""

    elements: Mapping[str, str]
    """By native path of a bucket."""
    opened: Callable[[str], set[str]]
    """Native paths of the buckets that an element's credentials open."""
    endpoint: str | None = None
    """Host name of the endpoint."""
    words: str = "the endpoint of stores"
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Native paths of buckets by the host name that each is known by."""
    addresses: Sequence[Network] = ()
    """Of the endpoint, where they are known."""


@final
class Through:
    """What machines reach through proxies."""

    def __init__(self, wires: Wired, exits: Mapping[str, Exit], stores: Stores) -> None:
        """Keep what is read.

        Args:
            wires: interfaces and routes.
            exits: the proxies.
            stores: what they may lead to beside hosts.
        """
        self.wires, self.exits, self.stores = wires, exits, stores
        self.everything = f"every bucket behind {stores.words}"
        self.beyond = tuple(wires.inside)
        self.kept: list[ObservedFlow] = []
        """Flows to a proxy itself that are no door of it."""
        self.egress: dict[tuple[str, str, str], Ports] = {}
        self.to_stores: list[Way] = []

    def beside(self, found: Iterable[ObservedFlow]) -> list[ObservedFlow]:
        """The flows that lead to no proxy; what one to a proxy comes to is taken."""
        left = []
        for flow in found:
            if self.exits and element_of_end(flow.to) in self.exits:
                self.follow(flow)
            else:
                left.append(flow)
        return left

    def follow(self, flow: ObservedFlow) -> None:
        """Take what one observed flow to a proxy comes to."""
        way = self.exits[element_of_end(flow.to)]
        left = ports_of(flow.ports)
        if way.doors is None:
            self._everything(flow.source, way)
            return
        for port, passing in way.doors.items() if flow.protocol == "tcp" else ():
            if intersect(left, ((port, port),)):
                left = subtract(left, ((port, port),))
                self._passing(flow.source, way, passing)
        if left:
            self.kept.append(ObservedFlow(flow.source, flow.to, flow.protocol, written(left)))

    def with_egress(self, ways: Iterable[ObservedFlow]) -> tuple[ObservedFlow, ...]:
        """Ways outside, those that machines have themselves and those through proxies, sorted."""
        found = dict(self.egress)
        for flow in ways:
            key = (flow.source, flow.to, flow.protocol)
            found[key] = union((*found.get(key, ()), *ports_of(flow.ports)))
        return tuple(sorted(ObservedFlow(*key, written(ports)) for key, ports in found.items()))

    def _passing(self, source: str, way: Exit, passing: Passing) -> None:
        for host, ports in passing.hosts.items():
            if out := intersect(ports, self._out(way, "tcp", ())):
                self._egress(source, host, "tcp", out)
            # Which bucket is asked for, nobody looks at on the way to a host.
            if self._is_endpoint(host) and (out := intersect(ports, self._out(way, "tcp", self.stores.addresses))):
                self._stores(source, self._opened(source), "tcp", out, {self.everything})
        for host, ports in passing.stores.items():
            bucket = self.stores.hosts.get(host)
            if out := intersect(ports, self._out(way, "tcp", self.stores.addresses)):
                if bucket is not None:
                    self._stores(source, self._opened(source) & {bucket}, "tcp", out, set())
                elif self._covers_endpoint(host):
                    self._stores(source, self._opened(source), "tcp", out, {self.everything})
                    self._egress(source, host, "tcp", out)
                else:
                    self._egress(source, host, "tcp", out)

    def _everything(self, source: str, way: Exit) -> None:
        """Whatever a proxy's own filter lets out, for whoever comes to it."""
        for flow in outside(way.interfaces, self.beyond, self.wires.has_way_out):
            self._egress(source, flow.to, flow.protocol, ports_of(flow.ports))
        for protocol in PROTOCOLS:
            if out := self._out(way, protocol, self.stores.addresses):
                self._stores(source, self._opened(source), protocol, out, {self.everything, INTERNET})

    def _out(self, way: Exit, protocol: str, known: Iterable[Network]) -> Ports:
        """The ports on which a proxy gets outside, or to known addresses."""
        found: Ports = ()
        for one in way.interfaces:
            if not self.wires.has_way_out(one):
                continue
            named = {peer for rule in one.rules or () if rule.direction == "out" and rule.allow for peer in rule.peers}
            elsewhere = [peer[0] for peer in named - {ANYWHERE} if not any(peer.subnet_of(own) for own in self.beyond)]
            probes = [network[0] for network in known] or [*strangers(one.rules, "out", self.beyond)[:1], *elsewhere]
            found = union(
                (*found, *(span for probe in probes for span in passes(one.rules, "out", protocol, probe, frozenset())))
            )
        return found

    def _opened(self, source: str) -> set[str]:
        return self.stores.opened(element_of_end(source))

    def _is_endpoint(self, host: str) -> bool:
        name = host.removeprefix(_ALL_BELOW)
        return self.stores.endpoint is not None and (
            name == self.stores.endpoint or name.endswith(f".{self.stores.endpoint}") or self._covers_endpoint(host)
        )

    def _covers_endpoint(self, host: str) -> bool:
        """Whether a name means every bucket: the endpoint's own, or all below it or below a part of its name."""
        below = host.removeprefix(_ALL_BELOW)
        whole = f".{self.stores.endpoint}"
        return self.stores.endpoint is not None and (
            host == self.stores.endpoint or (below != host and whole.endswith(f".{below}"))
        )

    def _egress(self, source: str, to: str, protocol: str, ports: Ports) -> None:
        key = (source, to, protocol)
        self.egress[key] = union((*self.egress.get(key, ()), *ports))

    def _stores(self, source: str, buckets: Iterable[str], protocol: str, ports: Ports, beyond: set[str]) -> None:
        if stores := frozenset(self.stores.elements[bucket] for bucket in buckets):
            self.to_stores.append(Way(source, stores, protocol, ports, frozenset(beyond)))


def element_of_end(end: str) -> str:
    """The element of an end of an observed flow, where one replica stands for itself: `path[1]`."""
    return end.partition("[")[0]


def of_exits(exits: Mapping[str, Exit], wires: Wired, beyond: Sequence[Network]) -> Iterator[ObservedFlow]:
    """What the proxies themselves reach outside: for what they let pass, and for their own updates.

    Args:
        exits: the proxies.
        wires: interfaces and routes.
        beyond: ranges that are no outside, beside the platform's own.
    """
    for way in exits.values():
        for flow in outside(way.interfaces, (*wires.inside, *beyond), wires.has_way_out):
            yield ObservedFlow(
                flow.source, f"{flow.to} (what it lets pass, and its updates)", flow.protocol, flow.ports
            )


__all__ = ["Exit", "Stores", "Through", "Wired", "element_of_end", "observe_exits", "of_exits"]
