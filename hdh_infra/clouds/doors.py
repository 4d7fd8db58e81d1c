"""What people can do by bastions, and what bastions let pass beyond that: the same wherever a bastion is a machine.

A cloud says which of its machines are bastions and what packets pass; what a bastion was told at its first start is `hardening`'s.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol, final

from hdh_infra.clouds.endpoint import strangers
from hdh_infra.clouds.filters import ANYWHERE, Network, Ports, intersect, passes, ports_of, subtract, written
from hdh_infra.clouds.hardening import SESSION_PORT, observe_start_up
from hdh_infra.clouds.reach import INTERNET, Interface, outside
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import network_path

SESSIONS: Ports = ((SESSION_PORT, SESSION_PORT),)
UPDATES_PORT = 443
_UPDATES: Ports = ((UPDATES_PORT, UPDATES_PORT),)
_MORE = ", open to more than passing through"
LEVEL = "machine"
"""The model's word, as the catalogue has it, for a bastion that is a machine and no service of the cloud."""


class Wired(Protocol):
    """What a cloud read of all that packets pass."""

    @property
    def doors(self) -> Sequence[tuple[Native, Interface]]:
        """Bastions, whose element is a network."""

    @property
    def interfaces(self) -> Sequence[Interface]:
        """Those of machines."""

    @property
    def public(self) -> AbstractSet[int]:
        """Identities of the interfaces that a public address leads to."""

    @property
    def inside(self) -> tuple[Network, ...]:
        """The platform's own ranges."""

    def has_way_out(self, one: Interface, /) -> bool:
        """Whether packets find their way outside."""


@final
@dataclass
class Doors:
    """What the bastions of a deployment let people do, and what they let pass beyond that."""

    people: dict[str, str] = field(default_factory=dict)
    """By network, how people get into it, in the model's words."""
    apart: frozenset[str] = frozenset()
    """Native paths of the bastions' servers and networks: no machine stands there."""
    open_to_all: set[str] = field(default_factory=set)
    """Networks into which people come from anywhere."""
    service_flows: list[ObservedFlow] = field(default_factory=list)
    """People in, and updates out: their work, which no flow of the platform asks."""
    egress: list[ObservedFlow] = field(default_factory=list)
    flows: list[ObservedFlow] = field(default_factory=list)
    """All between machines; of the bastions', what is more than sessions to machines."""


def observe_doors(
    wires: Wired,
    flows: Iterable[ObservedFlow],
    level: Callable[[Native], str],
    *,
    beyond: Network,
    remark: Callable[[str], None],
    updates: Ports = _UPDATES,
) -> Doors:
    """Where people get in, and what else a bastion opens.

    Args:
        wires: what packets pass.
        flows: between all machines and bastions.
        level: the model's word for one bastion, by what it was told.
        beyond: the range of metadata, which is no outside.
        remark: what to do with what is worth a word.
        updates: the ports on which a bastion gets its own updates.
    """
    found = Doors()
    if not wires.doors:
        found.flows = list(flows)
        return found
    found.apart = frozenset(
        path
        for server, one in wires.doors
        for path in (server.path, one.network)
        if path != f"{server.element}/network"
    )
    elements = {server.element for server, _ in wires.doors}
    levels = {
        server.element: level(server) for server, one in wires.doors if _sources(found, wires, server, one, remark)
    }
    reached: dict[str, dict[str, str]] = {}
    for flow in flows:
        source, to = _whole(flow.source), _whole(flow.to)
        if source not in elements and to not in elements:
            found.flows.append(flow)
            continue
        more = ports_of(flow.ports)
        if to not in elements and flow.protocol == "tcp":
            if source in levels and intersect(more, SESSIONS):
                reached.setdefault(network_path(to) or "", {})[flow.to] = levels[source]
            more = subtract(more, SESSIONS)
        if to in found.open_to_all and flow.protocol == "tcp":
            # Whoever may come from anywhere may come from inside: that people come in is told already.
            more = subtract(more, SESSIONS)
        if more:
            found.flows.append(flow._replace(ports=written(more)))
    found.people = _people(wires.interfaces, levels, reached)
    for flow in outside([one for _, one in wires.doors], (*wires.inside, beyond), wires.has_way_out):
        if (flow.to, flow.protocol, flow.ports) == (str(ANYWHERE), "tcp", written(updates)):
            found.service_flows.append(flow._replace(to=f"{flow.to} (updates of the bastion)"))
        else:
            found.egress.append(flow)
    return found


def _people(
    machines: Iterable[Interface], levels: Mapping[str, str], reached: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    each = Counter(one.element for one in machines)
    all_of = Counter(network_path(element) or "" for element in each.elements())
    # Without a machine there is nobody to be reached yet, and the way in is there all the same.
    found = {network: level for network, level in levels.items() if not all_of[network]}
    for network, entered in reached.items():
        some = sum(each[to] or 1 for to in entered)
        # The weakest of several ways in.
        level = max(entered.values(), key=len)
        whole = some == all_of[network]
        found[network] = level if whole else f"{level}, to {some} of {all_of[network]} machines"
    return found


def level_of(data: Value, path: str, remark: Callable[[str], None]) -> str:
    """The word for one bastion, by what it was told at its first start.

    Args:
        data: its user data.
        path: the native path, for remarks.
        remark: what to do with what is worth a word.
    """
    told = observe_start_up(data)
    if told is None:
        remark(f"{path}: what it was told at its first start cannot be read back, and is taken as planned")
        return LEVEL
    if not told.keys:
        remark(f"{path}: no key opens it, since the description has no ssh_keys")
    for fault in told.faults:
        remark(f"{path}: {fault}")
    return more_than(LEVEL) if told.faults else LEVEL


def more_than(level: str) -> str:
    """The word for a bastion that lets people do more than pass through."""
    return level if level.endswith(_MORE) else f"{level}{_MORE}"


def _sources(found: Doors, wires: Wired, server: Native, one: Interface, remark: Callable[[str], None]) -> bool:
    """Whether people come in from outside; from where, is written down."""
    if id(one) not in wires.public:
        remark(f"{server.path}: has no address that people outside reach")
        return False
    ranges = {
        peer
        for rule in one.rules or ()
        if rule.direction == "in" and rule.allow and rule.protocol in {None, "tcp"} and intersect(rule.ports, SESSIONS)
        for peer in rule.peers or (() if rule.groups else (ANYWHERE,))
        if not any(peer.subnet_of(own) for own in wires.inside)
        # What lets them in may come after what refuses them.
        and intersect(passes(one.rules, "in", "tcp", _somebody(one, peer, wires.inside), frozenset()), SESSIONS)
    }
    if one.rules is None:
        ranges.add(ANYWHERE)
    if ANYWHERE in ranges:
        found.open_to_all.add(server.element)
    for peer in ranges:
        source = INTERNET if peer == ANYWHERE else str(peer)
        found.service_flows.append(ObservedFlow(source, f"{server.element} (entry for people)", "tcp", (SESSION_PORT,)))
    if not ranges:
        remark(f"{server.path}: lets nobody in from outside")
    return bool(ranges)


def _somebody(one: Interface, peer: Network, inside: Iterable[Network]) -> ipaddress.IPv4Address:
    """An address of a range: of the whole world, one that no narrower rule names."""
    return strangers(one.rules, "in", inside)[0] if peer == ANYWHERE else peer[0]


def _whole(element: str) -> str:
    """The element of a flow's end, which may be one replica of it."""
    return element.partition("[")[0]
