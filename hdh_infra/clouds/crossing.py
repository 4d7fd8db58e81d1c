"""What the flows and rights of a spec could ever ask of a machine, by their patterns alone; no cloud is known here.

A zone's openings to stores are shared things: were they made from the links that exist today, one more space would
change them (law 4). So they follow what no space says: the patterns of the platform and of the defaults of spaces. What a
space alone asks of a zone's machine is the space's own (`needs_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias, final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import Ports, ports_of, subtract, union
from hdh_infra.graph.observation import Native
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link, Right
from hdh_infra.model.paths import GROUP, matches, network_path
from hdh_infra.model.platform import Flow

_WILD = frozenset("*")
_STORE_PART = 2
_SPACE = "space/"
_WAY = "/way/"
"""In the path of what a space alone asks of a zone's machine; the machine's own path follows, with dots."""
_EVERY_SPACE = "space/*"
_INSIDE = ("machine/", "store/")
_HERE = ""
"""Stands for the network of a destination that is no machine."""
Opening: TypeAlias = tuple[str, tuple[int | str, ...]]
"""Protocol and ports."""


def may_be_store(pattern: str) -> bool:
    """Whether a flow's destination could be a store: only a store's own path is one, never its network's."""
    parts = pattern.split("/")
    if "**" in parts:
        return True
    return len(parts) > _STORE_PART and (parts[_STORE_PART] == "store" or bool(_WILD & set(parts[_STORE_PART])))


def _may_be_machine(pattern: str) -> bool:
    parts = pattern.split("/")
    return len(parts) <= _STORE_PART or "**" in parts or parts[_STORE_PART] != "store"


def _home(pattern: str) -> str | None:
    """The one network that everything meant by a pattern lies in; None where it may be several."""
    network = network_path(pattern)
    return None if network is None or _WILD & set(network) else network


def _means(pattern: str, machine: str) -> bool:
    return matches(pattern, machine) or matches(pattern, network_path(machine) or "")


@dataclass
class _Ways:
    """What the flows from one pattern, or to one, ask; with 1,000 spaces many flows have the same end."""

    stores: set[Opening] = field(default_factory=set)
    """Openings that lead to stores."""
    networks: set[str | None] = field(default_factory=set)
    """The one network that each other end's machines lie in; None where they may lie in several."""


_Ends: TypeAlias = dict[str | None, dict[str, _Ways]]
"""Ways by the one network that a pattern lies in (None: several may), and by the pattern."""


@final
@dataclass
class Need:
    """What a space alone asks of one machine of a zone."""

    openings: dict[str, Ports] = field(default_factory=dict)
    """By protocol, ports to stores that no pattern opens to it."""
    credentials: bool = False
    """A right, where no pattern gives it credentials."""


class _Index:
    """What flows ask, by their ends; links by their source."""

    def __init__(self, expanded: Expanded) -> None:
        self.expanded = expanded
        latent = tuple(_beyond_one_space(expanded))
        # What the defaults ask of a space's own machines stands among its flows, exactly.
        shared = tuple(flow for flow in latent if network_path(flow.source) != _EVERY_SPACE)
        self.of_zones = self._sources((*expanded.platform.flows, *shared))
        self.of_spaces = self._sources((*expanded.flows, *shared))
        self.into: _Ends = {}
        for flow in (*expanded.flows, *latent):
            self._add(self.into, flow.to, _home(flow.source), None)
        stores = [*expanded.platform.spaces.defaults.stores.values()]
        stores += [store for zone in expanded.platform.zones.values() for store in zone.stores.values()]
        self.principals = sorted(
            {grant.to for store in stores for grant in store.grants or () if not grant.to.startswith(GROUP)}
        )
        self.links: dict[str, list[Link]] = {}
        for link in (*expanded.links, *expanded.egress):
            self.links.setdefault(link.source, []).append(link)
        self.machines: dict[str | None, list[str]] = {}
        for machine in expanded.machines:
            self.machines.setdefault(network_path(machine), []).append(machine)
        self.leaving: dict[str, bool] = {}
        self.entitled: dict[str, bool] = {}

    @classmethod
    def _sources(cls, flows: Iterable[Flow]) -> _Ends:
        found: _Ends = {}
        for flow in flows:
            opening = (flow.protocol, flow.ports) if may_be_store(flow.to) else None
            cls._add(found, flow.source, _home(flow.to) if _may_be_machine(flow.to) else _HERE, opening)
        return found

    def out(self, machine: str) -> Iterator[_Ways]:
        """What is asked of a machine as a source."""
        return self.of(self.of_spaces if machine.startswith(_SPACE) else self.of_zones, machine)

    def openings(self, machine: str) -> set[Opening]:
        """Protocols and ports on which patterns let a machine open connections to stores."""
        return {opening for ways in self.out(machine) for opening in ways.stores}

    @cached_property
    def needs(self) -> Mapping[str, Mapping[str, Need]]:
        """By space and machine of a zone, what the space alone asks of it."""
        found: dict[str, dict[str, Need]] = {}
        known: dict[str, dict[str, Ports]] = {}
        for link in self.expanded.links:
            if link.source.startswith(_SPACE) or not (link.to.startswith(_SPACE) and link.to in self.expanded.stores):
                continue
            if link.source not in known:
                known[link.source] = by_protocol(self.openings(link.source))
            if left := subtract(ports_of(link.ports), known[link.source].get(link.protocol, ())):
                need = found.setdefault(link.owner, {}).setdefault(link.source, Need())
                need.openings[link.protocol] = union((*need.openings.get(link.protocol, ()), *left))
        for right in self.expanded.rights:
            machine = self.expanded.machines.get(right.principal)
            if machine is None or not machine.identity or right.principal.startswith(_SPACE):
                continue
            if right.owner.startswith(_SPACE) and not self.may_have_rights(right.principal):
                found.setdefault(right.owner, {}).setdefault(right.principal, Need()).credentials = True
        return found

    @cached_property
    def rights(self) -> Mapping[tuple[str, str], tuple[Right, ...]]:
        """Rights by whose nodes they are, and by who has them."""
        found: dict[tuple[str, str], list[Right]] = {}
        for right in self.expanded.rights:
            found.setdefault((right.owner, right.principal), []).append(right)
        return {ends: tuple(some) for ends, some in found.items()}

    def may_have_rights(self, machine: str) -> bool:
        """Whether a right on a store may be a machine's: by a pattern; of a space's machine, by any right of today too."""
        if machine not in self.entitled:
            self.entitled[machine] = (
                any(ways.stores for ways in self.out(machine))
                or any(_means(one, machine) for one in self.principals)
                or (machine.startswith(_SPACE) and machine in self.expanded.rights_of)
            )
        return self.entitled[machine]

    @staticmethod
    def _add(ends: _Ends, pattern: str, other: str | None, opening: Opening | None) -> None:
        ways = ends.setdefault(_home(pattern), {}).setdefault(pattern, _Ways())
        if other != _HERE:
            ways.networks.add(other)
        if opening:
            ways.stores.add(opening)

    @staticmethod
    def of(ends: _Ends, machine: str) -> Iterator[_Ways]:
        """What is asked of a machine at one end."""
        for home in (network_path(machine), None):
            yield from (ways for pattern, ways in ends.get(home, {}).items() if _means(pattern, machine))

    def leaves(self, network: str) -> bool:
        """Whether a machine of a network has a flow beyond it."""
        if network not in self.leaving:
            self.leaving[network] = any(
                any(ways.stores or ways.networks - {network} for ways in self.out(machine))
                or any(ways.networks - {network} for ways in self.of(self.into, machine))
                for machine in self.machines.get(network, ())
            )
        return self.leaving[network]


def _beyond_one_space(expanded: Expanded) -> Iterator[Flow]:
    """What the defaults ask, without what stays between the machines of one space: it needs no way out of it."""
    own = {
        (f"{_EVERY_SPACE}/{flow.source}", f"{_EVERY_SPACE}/{flow.to}")
        for flow in expanded.platform.spaces.defaults.flows
        if flow.to.startswith(_INSIDE)
    }
    yield from (flow for flow in expanded.latent_flows if (flow.source, flow.to) not in own)


_latest: list[tuple[Expanded, _Index]] = []
"""The index of the platform that is being lowered: asked once for each machine, made once."""


def _index(context: Context) -> _Index:
    if not _latest or _latest[0][0] is not context.expanded:
        _latest[:] = [(context.expanded, _Index(context.expanded))]
    return _latest[0][1]


def links_from(context: Context, machine: str) -> list[Link]:
    """What a machine may reach today: machines, stores and ranges outside."""
    return _index(context).links.get(machine, [])


def openings_outside(
    context: Context, machine: str, stores: Mapping[str, Ports], addresses: Iterable[str] = ()
) -> dict[tuple[str, str], Ports]:
    """What a machine may reach beyond the platform, by range and protocol: a filter takes a second rule that says the same for a mistake.

    Args:
        context: what the lowering reads.
        machine: the machine.
        stores: by protocol, its openings to stores that lie outside.
        addresses: ranges of their endpoint.
    """
    found: dict[tuple[str, str], Ports] = {
        (prefix, protocol): ports for protocol, ports in stores.items() for prefix in addresses
    }
    for link in links_from(context, machine):
        if network_path(link.to) is None:
            key = (link.to, link.protocol)
            found[key] = union((*found.get(key, ()), *ports_of(link.ports)))
    return found


def store_openings(context: Context, machine: str) -> Mapping[str, Ports]:
    """By protocol, the ports on which a machine may open connections to stores, by what no other space's own says."""
    return by_protocol(_index(context).openings(machine))


def by_protocol(openings: Iterable[Opening]) -> dict[str, Ports]:
    """Openings by their protocol, ports joined."""
    found: dict[str, Ports] = {}
    for protocol, ports in sorted(openings, key=str):
        found[protocol] = union((*found.get(protocol, ()), *ports_of(ports)))
    return found


def may_have_rights(context: Context, machine: str) -> bool:
    """Whether a machine is one that may come to a right on a store, and so is given credentials of its own."""
    return _index(context).may_have_rights(machine)


def needs_of(context: Context, space: str) -> Mapping[str, Need]:
    """By machine of a zone, what a space alone asks of it; sorted."""
    return dict(sorted(_index(context).needs.get(space, {}).items()))


def rights_of_need(context: Context, space: str, machine: str) -> tuple[Right, ...]:
    """The rights that a space alone gives a zone's machine."""
    return _index(context).rights.get((space, machine), ())


def has_machines(context: Context, network: str) -> bool:
    """Whether anything runs in a network."""
    return network in _index(context).machines


def crosses(context: Context, network: str) -> bool:
    """Whether a machine of a network has a flow beyond it, to a store or to another network's machine."""
    return _index(context).leaves(network)


def reaches_stores(context: Context, network: str) -> bool:
    """Whether a machine of a network may open connections to stores, by what no other space's own says."""
    return any(store_openings(context, machine) for machine in _index(context).machines.get(network, ()))


def need_path(space: str, machine: str) -> str:
    """Where what a space alone asks of a zone's machine has its paths; the machine stands in it, with dots."""
    return f"{space}{_WAY}{machine.replace('/', '.')}"


def machine_of(native: Native) -> str:
    """The machine that credentials are for, by the label of their path: its own, or that of what a space asks of it."""
    _, _, rest = native.path.partition(_WAY)
    return rest.split("/", 1)[0].replace(".", "/") if rest else native.element
