"""Who can reach whom, judged: what the native rules open, against what the flows ask.

One verdict a destination, and one for each way out. A host name that nothing opens is a verdict of its own.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, final

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds import of
from hdh_infra.clouds.filters import PROTOCOLS, ports_of, written
from hdh_infra.clouds.reach import EVERYTHING
from hdh_infra.graph.observation import Flows, Observation
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Confidence, Verdict

HOST_NAMES = "egress.host_names"
_EVERYWHERE = "0.0.0.0/0"
_From: TypeAlias = tuple[str, str]
"""Who comes, and by which protocol."""
UNREAD = "its address or its network cannot be read, and so not who reaches it"
_EXACTLY = "the native rules open exactly what was asked"


def flow_rows(expanded: Expanded, place: Site, observed: Observation, today: datetime.date) -> Iterator[VerdictRow]:
    """Every verdict on flows, on ways out by address, and on ways out by host name; what is observed is of `today`."""
    yield from _flows(expanded, place, observed, str(today))
    yield from _unread(observed, str(today))
    yield from _hosts(expanded, place, observed)


def _unread(observed: Observation, today: str) -> Iterator[VerdictRow]:
    """One row a machine of which nobody sees where it is attached: that nothing is open to it is not known."""
    for machine in observed.unread:
        yield VerdictRow(
            machine, "flow.exact", "attachment", "readable", None, Verdict.unknown, UNREAD,
            f"observed in the {observed.source}", today, Confidence.measured,
        )  # fmt: skip


def _hosts(expanded: Expanded, place: Site, observed: Observation) -> Iterator[VerdictRow]:
    """One row a source and host name: met only where the observation shows that way and no other.

    Where the offer itself knows no host names, what is observed is its other means.
    """
    fact = place.facts[HOST_NAMES]
    unlowered = of(place.target).unlowered.get(HOST_NAMES)
    found = {(flow.source, flow.to, flow.protocol): _joined(flow.ports) for flow in observed.egress}
    asked = {(link.source, link.to, link.protocol) for link in expanded.egress}
    for link in expanded.egress_hosts:
        key = (link.source, link.to, link.protocol)
        everywhere = (link.source, _EVERYWHERE, link.protocol)
        wider = everywhere in found and everywhere not in asked
        reached = found.get(key) == _joined(link.ports) and not wider
        means = fact.means if reached and fact.value is not True else None
        # A plan that has it is worth what the offer is known to have: nothing is met by a service that nobody knows of.
        met = reached and (fact.value is not None or means is not None)
        verdict = Verdict.unknown if fact.value is None else Verdict.not_met
        if met:
            verdict = Verdict.differs if means else Verdict.met
        reason = fact.reason if unlowered is None or fact.value is None else f"{unlowered}: nothing is opened for it"
        if wider:
            reason = f"{link.source} also reaches {_EVERYWHERE} by another opening, and so every host"
        yield VerdictRow(
            link.source,
            HOST_NAMES,
            f"to {link.to} {link.protocol}",
            _words(*key, link.ports),
            _words(*key, found[key]) + (f" and also {_EVERYWHERE}" if wider else "") if key in found else None,
            verdict,
            fact.reason if means else _EXACTLY if met else reason,
            fact.source,
            str(fact.as_of),
            fact.confidence,
            means,
            None if met else fact.remedy,
        )


def _flows(expanded: Expanded, place: Site, observed: Observation, today: str) -> Iterator[VerdictRow]:
    """One row a destination: the sources that reach it, against those that were asked."""
    wanted = {(link.source, link.to, link.protocol): _joined(link.ports) for link in expanded.links}
    fact = place.facts["flow.exact"]
    asked_of: dict[str, dict[_From, tuple[int | str, ...]]] = {}
    for (source, to, protocol), ports in wanted.items():
        asked_of.setdefault(to, {})[source, protocol] = ports
    flows = observed.flows if isinstance(observed.flows, Flows) else Flows(observed.flows)
    coming = _Coming(flows)
    for to in sorted(asked_of.keys() | coming.ends):
        asked_here, given_here = asked_of.get(to, {}), coming.to(to)
        faults = _faults(asked_here, given_here)
        exact = not faults
        # Where the offer's own rules cannot tell stores apart, what is exact is so by its other means.
        told_apart = exact and given_here and to in expanded.stores
        means = fact.means if told_apart and fact.value is False else None
        unsure = bool(told_apart) and fact.value is None
        verdict = (
            Verdict.not_met if not exact else Verdict.differs if means else Verdict.unknown if unsure else Verdict.met
        )
        yield VerdictRow(
            to,
            "flow.exact",
            "flows",
            [_words(source, to, protocol, ports) for (source, protocol), ports in asked_here.items()],
            [f"{one.source} -> {to} {one.way.words}" for one in given_here],
            verdict,
            fact.reason
            if means or unsure
            else _EXACTLY
            if exact
            else "; ".join(_in_order(to, faults))
            + (f". {fact.reason}" if any(one.way.beyond for one in given_here) else ""),
            fact.source,
            str(fact.as_of),
            fact.confidence,
            means,
            None if exact and not unsure else fact.remedy,
        )
    wanted_out = {(link.source, link.to, link.protocol): _joined(link.ports) for link in expanded.egress}
    allowed_by_flows = set(_allowed_beyond(flows))
    judged = wanted_out.keys() | {(link.source, link.to, link.protocol) for link in expanded.egress_hosts}
    for flow in observed.egress:
        unasked = (flow.source, flow.to, flow.protocol) not in judged
        if unasked and (flow.source, flow.protocol) not in allowed_by_flows:
            yield VerdictRow(
                flow.source,
                "flow.exact",
                f"egress to {flow.to} {flow.protocol}",
                None,
                _words(flow.source, flow.to, flow.protocol, flow.ports),
                Verdict.not_met,
                f"{flow.source} can reach {flow.to}, which nothing asks",
                f"observed in the {observed.source}",
                today,
                Confidence.measured,
            )
    out = {(flow.source, flow.to, flow.protocol): _joined(flow.ports) for flow in observed.egress}
    for key, ports in wanted_out.items():
        missing = out.get(key) != ports
        told = f"{key[0]} cannot reach {key[1]}"
        if key in out:
            told = f"{key[0]} reaches {key[1]} on {_ports(out[key])}, not on {_ports(ports)}"
        elif (key[0], _EVERYWHERE, key[2]) in out:
            told = f"{key[0]} reaches {_EVERYWHERE}, and so more than {key[1]}"
        yield VerdictRow(
            key[0],
            "flow.exact",
            f"egress to {key[1]} {key[2]}",
            _words(*key, ports),
            _words(*key, out[key]) if key in out else None,
            Verdict.not_met if missing else Verdict.met,
            told if missing else _EXACTLY,
            f"observed in the {observed.source}",
            today,
            Confidence.measured,
        )


def _joined(ports: Iterable[int | str]) -> tuple[int | str, ...]:
    """Ports in the fewest words: 80, 81 and 80-81 are the same."""
    return written(ports_of(ports))


def _allowed_beyond(flows: Flows) -> Iterator[_From]:
    """Who reaches more than a destination by the opening to it, and by which protocols."""
    ends = (
        *((one.source, one.protocol, one.also_reaches) for one in flows.single),
        *((source, one.protocol, one.also_reaches) for one in flows.crossings for source in one.sources),
    )
    for source, protocol, also in ends:
        if EVERYTHING in also:
            yield from ((source, every) for every in PROTOCOLS)
        if also:
            yield source, protocol


@final
class _Way(NamedTuple):
    """What one way opens: its ports in the fewest words, as text, with the protocol and what is beyond, and the fault that this is."""

    ports: tuple[int | str, ...]
    text: str
    words: str
    beyond: str


@final
class _Comer(NamedTuple):
    """Who comes to a destination, by which protocol and way, and the fault that this is where nothing asks for it."""

    source: str
    protocol: str
    way: _Way
    unasked: str


@final
class _Coming:
    """Who comes to each destination, worked out once for all destinations that the same flows of many to many lead to."""

    def __init__(self, flows: Flows) -> None:
        self._ways: dict[tuple[str, tuple[int | str, ...], tuple[str, ...]], _Way] = {}
        self._single: dict[str, list[_Comer]] = {}
        for flow in flows.single:
            self._single.setdefault(flow.to, []).append(self._comer(flow.source, *flow[2:]))
        self._crossings = flows.crossings
        self._crossed: dict[str, list[int]] = {}
        for place, crossing in enumerate(flows.crossings):
            for to in crossing.to:
                self._crossed.setdefault(to, []).append(place)
        self._many: dict[tuple[int, ...], tuple[_Comer, ...]] = {}
        self._sources = {source for crossing in flows.crossings for source in crossing.sources}

    @property
    def ends(self) -> set[str]:
        """Every destination."""
        return {*self._single, *self._crossed}

    def to(self, to: str) -> Sequence[_Comer]:
        """All who come to a destination, sorted."""
        single: Sequence[_Comer] = self._single.get(to, ())
        places = tuple(self._crossed.get(to, ()))
        if not places:
            return single
        many = self._many.get(places)
        if many is None:
            crossings = [self._crossings[place] for place in places]
            found = (self._comer(source, *crossing[2:]) for crossing in crossings for source in crossing.sources)
            many = self._many[places] = tuple(sorted(found))
        if to in self._sources:
            many = tuple(one for one in many if one.source != to)
        return sorted((*single, *many)) if single else many

    def _comer(self, source: str, protocol: str, ports: tuple[int | str, ...], also: tuple[str, ...]) -> _Comer:
        way = self._ways.get((protocol, ports, also))
        if way is None:
            joined, others = _joined(ports), ", ".join(also)
            way = self._ways[protocol, ports, also] = _Way(
                joined,
                _ports(joined),
                f"{protocol}/{_ports(joined)}" + (f" and also {others}" if also else ""),
                f"what lets machines reach it also lets them reach {others}" if also else "",
            )
        return _Comer(source, protocol, way, f"{source} reaches it on {way.text}, which nothing asks")


def _faults(wanted: Mapping[_From, tuple[int | str, ...]], given: Sequence[_Comer]) -> list[str]:
    seen = {(one.source, one.protocol): one for one in given} if wanted else {}
    faults: list[str] = []
    for key, ports in wanted.items():
        found = seen.get(key)
        if found is None:
            faults.append(f"{key[0]} cannot reach it")
        elif found.way.ports != ports:
            faults.append(f"{key[0]} reaches it on {found.way.text}, not on {_ports(ports)}")
    for source, protocol, way, unasked in given:
        # No call in it: where stores cannot be told apart this is done for each machine and store.
        if (source, protocol) not in wanted:
            faults += (unasked,)
        if way.beyond:
            faults += (way.beyond,)
    return faults


def _ports(ports: Iterable[int | str]) -> str:
    return ", ".join(map(str, ports))


def _words(source: str, to: str, protocol: str, ports: Iterable[int | str]) -> str:
    return f"{source} -> {to} {protocol}/{_ports(ports)}"


# How faults are worded that come last.
_UNASKED = "which nothing asks"
_BEYOND = "what lets machines reach it"


def _in_order(to: str, faults: Iterable[str]) -> list[str]:
    """What is wrong, each once and in one order for every destination, whatever order rules come in.

    What is missing or opened otherwise comes first, then what nothing asks, then what else is reached; in each of them
    sources of the destination's own network, then the others by what they are: so that alike spaces are told alike.
    """
    own = network_path(to)
    places = {fault: _place(fault) for fault in faults}
    return sorted(places, key=lambda fault: (places[fault][0], places[fault][1] != own, places[fault][2]))


@functools.lru_cache(maxsize=1 << 16)
def _place(fault: str) -> tuple[int, str | None, tuple[str, str]]:
    """What kind of fault it is, the network of its source, and the source by what it is before where it lies."""
    if fault.startswith(_BEYOND):
        return 2, None, (fault, "")
    source = fault.partition(" ")[0]
    network = network_path(source)
    return int(fault.endswith(_UNASKED)), network, (source.removeprefix(network or ""), fault)
