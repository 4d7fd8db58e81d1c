"""Who can reach whom, judged: what the native rules open, against what the flows ask.

One verdict a destination, and one for each way out. A host name that nothing opens is a verdict of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds import of
from hdh_infra.clouds.filters import PROTOCOLS, ports_of, written
from hdh_infra.clouds.reach import EVERYTHING
from hdh_infra.graph.observation import Observation, ObservedFlow
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.expand import Expanded
from hdh_infra.model.scales import Confidence, Verdict

HOST_NAMES = "egress.host_names"
_EVERYWHERE = "0.0.0.0/0"
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
    given = {(flow.source, flow.to, flow.protocol): replace(flow, ports=_joined(flow.ports)) for flow in observed.flows}
    fact = place.facts["flow.exact"]
    asked_of: dict[str, dict[tuple[str, str, str], tuple[int | str, ...]]] = {}
    given_to: dict[str, dict[tuple[str, str, str], ObservedFlow]] = {}
    for key, ports in wanted.items():
        asked_of.setdefault(key[1], {})[key] = ports
    for key, flow in given.items():
        given_to.setdefault(key[1], {})[key] = flow
    for to in sorted(asked_of.keys() | given_to.keys()):
        asked_here, given_here = asked_of.get(to, {}), given_to.get(to, {})
        faults = list(_faults(asked_here, given_here))
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
            [_words(*key, ports) for key, ports in asked_here.items()],
            [
                _words(*key, flow.ports) + (f" and also {', '.join(flow.also_reaches)}" if flow.also_reaches else "")
                for key, flow in given_here.items()
            ],
            verdict,
            fact.reason
            if means or unsure
            else _EXACTLY
            if exact
            else "; ".join(dict.fromkeys(faults))
            + (f". {fact.reason}" if any(flow.also_reaches for flow in given_here.values()) else ""),
            fact.source,
            str(fact.as_of),
            fact.confidence,
            means,
            None if exact and not unsure else fact.remedy,
        )
    wanted_out = {(link.source, link.to, link.protocol): _joined(link.ports) for link in expanded.egress}
    allowed_by_flows = {(flow.source, flow.protocol) for flow in observed.flows if flow.also_reaches}
    allowed_by_flows |= {
        (flow.source, protocol) for flow in observed.flows if EVERYTHING in flow.also_reaches for protocol in PROTOCOLS
    }
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


def _faults(
    wanted: Mapping[tuple[str, str, str], tuple[int | str, ...]], given: Mapping[tuple[str, str, str], ObservedFlow]
) -> Iterator[str]:
    for key, ports in wanted.items():
        if key not in given:
            yield f"{key[0]} cannot reach it"
        elif given[key].ports != ports:
            yield f"{key[0]} reaches it on {_ports(given[key].ports)}, not on {_ports(ports)}"
    for key, flow in given.items():
        if key not in wanted:
            yield f"{key[0]} reaches it on {_ports(flow.ports)}, which nothing asks"
        if flow.also_reaches:
            yield f"what lets machines reach it also lets them reach {', '.join(flow.also_reaches)}"


def _ports(ports: Iterable[int | str]) -> str:
    return ", ".join(map(str, ports))


def _words(source: str, to: str, protocol: str, ports: Iterable[int | str]) -> str:
    return f"{source} -> {to} {protocol}/{_ports(ports)}"
