"""What the flows of a spec could ever ask of a network or machine, by their patterns alone.

Routers, a network's way to them, and a machine's credentials are shared things: were they made from the
links that exist today, one more space would change them (law 4). So they follow the patterns, which one
more space does not change.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.paths import matches, network_path
from hdh_infra.model.platform import Flow

_WILD = frozenset("*")
_STORE_PART = 2


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


def _crosses(flow: Flow) -> bool:
    source, to = _home(flow.source), _home(flow.to)
    return source is None or to is None or source != to


class _Index:
    """Flows by the one network that either end lies in (None: several may), links by their source."""

    def __init__(self, expanded: Expanded) -> None:
        self.out: dict[str | None, list[Flow]] = {}
        self.into: dict[str | None, list[Flow]] = {}
        for flow in expanded.flows:
            self.out.setdefault(_home(flow.source), []).append(flow)
            self.into.setdefault(_home(flow.to), []).append(flow)
        for flow in expanded.latent_flows:
            # What the defaults ask of a space's own machines stands among its flows, exactly.
            if not flow.source.startswith("space/"):
                self.out.setdefault(_home(flow.source), []).append(flow)
            self.into.setdefault(_home(flow.to), []).append(flow)
        self.links: dict[str, list[Link]] = {}
        for link in (*expanded.links, *expanded.egress):
            self.links.setdefault(link.source, []).append(link)
        self.machines: dict[str | None, list[str]] = {}
        for machine in expanded.machines:
            self.machines.setdefault(network_path(machine), []).append(machine)

    def sources(self, machine: str) -> Iterator[Flow]:
        for home in (network_path(machine), None):
            yield from (flow for flow in self.out.get(home, ()) if _means(flow.source, machine))

    def destinations(self, machine: str) -> Iterator[Flow]:
        for home in (network_path(machine), None):
            yield from (flow for flow in self.into.get(home, ()) if _means(flow.to, machine))


_latest: list[tuple[Expanded, _Index]] = []
"""The index of the platform that is being lowered: asked once for each machine, made once."""


def _index(context: Context) -> _Index:
    if not _latest or _latest[0][0] is not context.expanded:
        _latest[:] = [(context.expanded, _Index(context.expanded))]
    return _latest[0][1]


def links_from(context: Context, machine: str) -> list[Link]:
    """What a machine may reach today: machines, stores and ranges outside."""
    return _index(context).links.get(machine, [])


def store_flows(context: Context, machine: str) -> Iterator[Flow]:
    """Flows that let a machine open connections to stores."""
    yield from (flow for flow in _index(context).sources(machine) if may_be_store(flow.to))


def needs_outside(context: Context) -> bool:
    """Whether anything may be reached beyond the platform's own networks; stores are."""
    expanded = context.expanded
    return bool(expanded.platform.egress) or any(may_be_store(flow.to) for flow in _all_flows(expanded))


def needs_router(context: Context) -> bool:
    """Whether anything may leave a network."""
    return needs_outside(context) or any(
        _crosses(flow) for flow in _all_flows(context.expanded) if _may_be_machine(flow.to)
    )


def _all_flows(expanded: Expanded) -> tuple[Flow, ...]:
    return (*expanded.flows, *expanded.latent_flows)


def leaves(context: Context, network: str) -> bool:
    """Whether machines of a network may reach something outside it, or be reached from there: else it has no route."""
    if network in context.egress_networks:
        return True
    index = _index(context)
    return any(
        any(
            may_be_store(flow.to) or (_may_be_machine(flow.to) and _home(flow.to) != network)
            for flow in index.sources(machine)
        )
        or any(_home(flow.source) != network for flow in index.destinations(machine))
        for machine in index.machines.get(network, ())
    )
