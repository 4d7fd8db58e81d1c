"""What the flows of a spec could ever ask of a machine towards stores, by their patterns alone; and which networks are joined.

A machine's opening to object storage is one rule of its group, which EC2 refuses to hold twice. Were it made from the
links that exist today, one more space would change it (law 4): so it follows the patterns of the platform's flows, of
the spaces' defaults and of their airlock. Joined are two networks by the links between their machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import Ports, ports_of, union
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.paths import matches, network_path
from hdh_infra.model.platform import Flow

_WILD = frozenset("*")
_STORE_PART = 2
_SPACE = "space/"
_EVERY_SPACE = "space/*"
_Flows: TypeAlias = dict[str | None, list[Flow]]
"""Flows by the one network that their source lies in (None: several may)."""


def _may_be_store(pattern: str) -> bool:
    """Whether a flow's destination could be a store: only a store's own path is one, never its network's."""
    parts = pattern.split("/")
    if "**" in parts:
        return True
    return len(parts) > _STORE_PART and (parts[_STORE_PART] == "store" or bool(_WILD & set(parts[_STORE_PART])))


def _home(pattern: str) -> str | None:
    network = network_path(pattern)
    return None if network is None or _WILD & set(network) else network


class _Index:
    """Flows to stores by where they begin, and links between machines by the networks that they join."""

    def __init__(self, expanded: Expanded) -> None:
        # What the defaults ask of a space's own machines stands among its flows, exactly.
        shared = [flow for flow in expanded.latent_flows if network_path(flow.source) != _EVERY_SPACE]
        self._of_zones = self._by_home((*expanded.platform.flows, *shared))
        self._of_spaces = self._by_home((*expanded.flows, *shared))
        self.joined: dict[tuple[str, str], list[Link]] = {}
        self.links: dict[str, list[Link]] = {}
        for link in expanded.links:
            self.links.setdefault(link.source, []).append(link)
            if link.to in expanded.stores:
                continue
            one, other = sorted((network_path(link.source) or "", network_path(link.to) or ""))
            if one != other:
                self.joined.setdefault((one, other), []).append(link)
        self.machines: dict[str, list[str]] = {}
        for machine in expanded.machines:
            self.machines.setdefault(network_path(machine) or "", []).append(machine)
        self.outwards: dict[str, list[Link]] = {}
        for link in expanded.egress:
            self.outwards.setdefault(link.source, []).append(link)

    @staticmethod
    def _by_home(flows: Iterable[Flow]) -> _Flows:
        found: _Flows = {}
        for flow in flows:
            if _may_be_store(flow.to):
                found.setdefault(_home(flow.source), []).append(flow)
        return found

    def openings(self, machine: str) -> Mapping[str, Ports]:
        network = network_path(machine) or ""
        flows = self._of_spaces if network.startswith(_SPACE) else self._of_zones
        found: dict[str, Ports] = {}
        for flow in (*flows.get(network, ()), *flows.get(None, ())):
            if matches(flow.source, machine) or matches(flow.source, network):
                found[flow.protocol] = union((*found.get(flow.protocol, ()), *ports_of(flow.ports)))
        return found


_latest: list[tuple[Expanded, _Index]] = []
"""The index of the platform that is being lowered: asked once for each machine, made once."""


def _index(context: Context) -> _Index:
    if not _latest or _latest[0][0] is not context.expanded:
        _latest[:] = [(context.expanded, _Index(context.expanded))]
    return _latest[0][1]


def store_openings(context: Context, machine: str) -> Mapping[str, Ports]:
    """By protocol, the ports on which a machine may open connections to stores."""
    return _index(context).openings(machine)


def machines_of(context: Context, network: str) -> list[str]:
    """Running machines of a network."""
    return _index(context).machines.get(network, [])


def outwards(context: Context, machine: str) -> list[Link]:
    """What a machine may reach outside, by address."""
    return _index(context).outwards.get(machine, [])


def joined(context: Context) -> Mapping[tuple[str, str], list[Link]]:
    """Links between machines of two networks, by the two, sorted."""
    return _index(context).joined


def has_store_way(context: Context, network: str) -> bool:
    """Whether a network has a way of its own to object storage: a zone with machines always, for a way opens nothing by itself; a space where a flow asks it."""
    machines = machines_of(context, network)
    if not network.startswith(_SPACE):
        return bool(machines)
    return any(store_openings(context, machine) for machine in machines)
