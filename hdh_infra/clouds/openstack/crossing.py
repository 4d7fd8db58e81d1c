"""What the flows and rights of a spec could ever ask of a network or machine, by their patterns alone.

A zone's way to the router and its machines' credentials are shared things: were they made from the links that exist
today, one more space would change them (law 4). So they follow what no space says: a zone's way is there where it has
machines, and credentials follow the patterns of flows and grants, those of the defaults of spaces too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from hdh_infra.clouds.base import Context
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.paths import GROUP, matches, network_path
from hdh_infra.model.platform import Flow

_WILD = frozenset("*")
_STORE_PART = 2
_SPACE = "space/"
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


class _Index:
    """What flows ask, by their ends; links by their source."""

    def __init__(self, expanded: Expanded) -> None:
        self.out: _Ends = {}
        self.into: _Ends = {}
        latent = tuple(_beyond_one_space(expanded))
        for flow in (*expanded.flows, *latent):
            self._add(self.into, flow.to, _home(flow.source), None)
        # What the defaults ask of a space's own machines stands among its flows, exactly.
        for flow in (*expanded.flows, *(one for one in latent if network_path(one.source) != _EVERY_SPACE)):
            opening = (flow.protocol, flow.ports) if may_be_store(flow.to) else None
            self._add(self.out, flow.source, _home(flow.to) if _may_be_machine(flow.to) else _HERE, opening)
        self.principals = tuple(
            grant.to
            for store in expanded.platform.spaces.defaults.stores.values()
            for grant in store.grants or ()
            if not grant.to.startswith(GROUP)
        )
        self.links: dict[str, list[Link]] = {}
        for link in (*expanded.links, *expanded.egress):
            self.links.setdefault(link.source, []).append(link)
        self.machines: dict[str | None, list[str]] = {}
        for machine in expanded.machines:
            self.machines.setdefault(network_path(machine), []).append(machine)
        self.leaving: dict[str, bool] = {}
        self.entitled: dict[str, bool] = {}

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
                any(ways.stores or ways.networks - {network} for ways in self.of(self.out, machine))
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


def store_openings(context: Context, machine: str) -> set[Opening]:
    """Protocols and ports on which flows let a machine open connections to stores."""
    index = _index(context)
    return {opening for ways in index.of(index.out, machine) for opening in ways.stores}


def may_have_rights(context: Context, machine: str) -> bool:
    """Whether a right on a store may be a machine's: by a flow, by a grant of today, or by one that every space's store has."""
    index = _index(context)
    if machine not in index.entitled:
        index.entitled[machine] = (
            machine in context.expanded.rights_of
            or any(ways.stores for ways in index.of(index.out, machine))
            or any(_means(one, machine) for one in index.principals)
        )
    return index.entitled[machine]


def leaves(context: Context, network: str) -> bool:
    """Whether a network is on the router: a zone with machines, for a space's own flow may lead there; a space with a flow beyond it."""
    if not network.startswith(_SPACE):
        return network in _index(context).machines
    return network in context.egress_networks or _index(context).leaves(network)
