"""The verdicts: for every attribute of every element, the worse of what the catalogue says and what is observed.

It judges and refuses nothing: a plan carries its verdicts, and who deploys refuses (law 3). What no
observation can see (an observed null) is answered by the catalogue alone, and said so by its source.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Fact
from hdh_infra.clouds.reach import ports_of, written
from hdh_infra.graph.observation import Observation, ObservedFlow
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, REQUIREMENTS, answers, asked
from hdh_infra.model.expand import Expanded
from hdh_infra.model.lock import Lock
from hdh_infra.model.paths import Kind, kind_of, matches
from hdh_infra.model.platform import Waiver
from hdh_infra.model.scales import Confidence, Encryption, Protection, Relation, RetentionMode, Verdict


def assess(
    expanded: Expanded, lock: Lock, place: Site, observed: Observation, today: datetime.date
) -> tuple[VerdictRow, ...]:
    """Every verdict, by element and attribute, with the waiver that covers it; flows last."""
    rows = [*_attributes(expanded, lock, place, observed), *_flows(expanded, place, observed)]
    waivers = [waiver for waiver in expanded.platform.waivers if waiver.target == str(place.target)]
    return tuple(_waived(row, waivers, today) for row in rows)


def _attributes(expanded: Expanded, lock: Lock, place: Site, observed: Observation) -> Iterator[VerdictRow]:
    for path in expanded.elements:
        kind = kind_of(path)
        wanted = asked(expanded, path, lock.addresses.get(path, ""))
        given = observed.elements.get(path)
        if given is None:
            yield VerdictRow(
                path, f"{kind}.public" if kind in {"store", "machine"} else "flow.exact" if kind == "network" else "key.protection",
                "native", "present", None, Verdict.not_met, f"{path} has no native resource in the {observed.source}",
                f"observed in the {observed.source}", str(place.region.as_of), Confidence.measured,
            )  # fmt: skip
            continue
        for attribute in ATTRIBUTES[kind]:
            yield _judged(
                path, kind, attribute, wanted[attribute], given.get(attribute), given.get("encryption"), place, observed
            )


def _judged(
    path: str, kind: Kind, attribute: str, wanted: Any, seen: Any, encryption: Any, place: Site, observed: Observation
) -> VerdictRow:
    rule = ATTRIBUTES[kind][attribute]
    fact = place.facts.get(rule.requirement)
    given = seen
    if (
        attribute == "key"
        and wanted is not None
        and encryption is not None
        and not Encryption(encryption).reaches(Encryption.customer_key)
    ):
        # A lower level has no customer's key; the encryption's own verdict says so, once.
        given = wanted = None
    answer = answers(kind, attribute, wanted, given)
    if fact is None or rule.relation is Relation.untraceable or (answer and given is None):
        return _row(path, rule.requirement, attribute, wanted, given, _of(answer), fact, place, observed)
    offered = _offered(attribute, wanted, fact)
    if given is None and attribute not in {"key", "retention", "rotation_days"}:
        given = fact.value
        verdict = offered
    elif fact.means and given == fact.value:
        verdict = offered
    else:
        verdict = Verdict.worst(_of(answer), offered)
    return _row(path, rule.requirement, attribute, wanted, given, verdict, fact, place, observed)


def _of(answer: bool | None) -> Verdict:
    return Verdict.unknown if answer is None else Verdict.met if answer else Verdict.not_met


def _offered(attribute: str, wanted: Any, fact: Fact) -> Verdict:
    """What the catalogue answers, by itself, to one attribute."""
    value = fact.value
    if attribute == "key" or wanted is None:
        return Verdict.met
    if value is None:
        return Verdict.unknown
    match attribute:
        case "encryption":
            reached = Encryption(str(value)).reaches(Encryption(wanted))
        case "protection":
            reached = Protection(str(value)).reaches(Protection(wanted))
        case "retention":
            reached = value is not False and RetentionMode(str(value)).reaches(RetentionMode(wanted["mode"]))
        case "rotation_days":
            reached = value is True
        case "versioning":
            reached = value is True or wanted is False
        case "country":
            reached = value in wanted
        case _:
            reached = value == wanted
    if reached:
        return Verdict.met
    return Verdict.differs if fact.means else Verdict.not_met


def _row(
    path: str,
    requirement: str,
    attribute: str,
    wanted: Any,
    given: Any,
    verdict: Verdict,
    fact: Fact | None,
    place: Site,
    observed: Observation,
) -> VerdictRow:
    if fact is not None:
        if verdict is Verdict.met:
            reason = "what is planned reaches it" if observed.source == "plan" else "what is deployed reaches it"
        else:
            reason = fact.reason
        return VerdictRow(
            path,
            requirement,
            attribute,
            wanted,
            given,
            verdict,
            reason,
            fact.source,
            str(fact.as_of),
            fact.confidence,
            fact.means if verdict is Verdict.differs else None,
            fact.remedy if verdict is not Verdict.met else None,
        )
    reason = (
        REQUIREMENTS[requirement].title if verdict is Verdict.met else f"{attribute} is {given!r}, asked was {wanted!r}"
    )
    return VerdictRow(
        path,
        requirement,
        attribute,
        wanted,
        given,
        verdict,
        reason,
        f"observed in the {observed.source}",
        str(place.region.as_of),
        Confidence.measured,
    )


def _flows(expanded: Expanded, place: Site, observed: Observation) -> Iterator[VerdictRow]:
    """One row a destination: the sources that reach it, against those that were asked."""
    wanted = {(link.source, link.to, link.protocol): _joined(link.ports) for link in expanded.links}
    given = {(flow.source, flow.to, flow.protocol): replace(flow, ports=_joined(flow.ports)) for flow in observed.flows}
    fact = place.facts["flow.exact"]
    destinations = sorted({key[1] for key in (*wanted, *given)})
    for to in destinations:
        asked_here = {key: ports for key, ports in wanted.items() if key[1] == to}
        given_here = {key: flow for key, flow in given.items() if key[1] == to}
        faults = list(_faults(asked_here, given_here))
        exact = not faults
        verdict = Verdict.met if exact else Verdict.not_met
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
            "the native rules open exactly what was asked"
            if exact
            else "; ".join(dict.fromkeys(faults))
            + (f". {fact.reason}" if any(flow.also_reaches for flow in given_here.values()) else ""),
            fact.source,
            str(fact.as_of),
            fact.confidence,
            None,
            None if exact else fact.remedy,
        )
    wanted_out = {(link.source, link.to, link.protocol): _joined(link.ports) for link in expanded.egress}
    allowed_by_flows = {(flow.source, flow.protocol) for flow in observed.flows if flow.also_reaches}
    for flow in observed.egress:
        if (
            wanted_out.get((flow.source, flow.to, flow.protocol)) != _joined(flow.ports)
            and (flow.source, flow.protocol) not in allowed_by_flows
        ):
            yield VerdictRow(
                flow.source,
                "flow.exact",
                "egress",
                None,
                _words(flow.source, flow.to, flow.protocol, flow.ports),
                Verdict.not_met,
                f"{flow.source} can reach {flow.to}, which nothing asks",
                f"observed in the {observed.source}",
                str(place.region.as_of),
                Confidence.measured,
            )
    out = {(flow.source, flow.to, flow.protocol): _joined(flow.ports) for flow in observed.egress}
    for key, ports in wanted_out.items():
        missing = out.get(key) != ports
        yield VerdictRow(
            key[0],
            "flow.exact",
            "egress",
            _words(*key, ports),
            _words(*key, out[key]) if key in out else None,
            Verdict.not_met if missing else Verdict.met,
            f"{key[0]} cannot reach {key[1]}" if missing else "the native rules open exactly what was asked",
            f"observed in the {observed.source}",
            str(place.region.as_of),
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


def _waived(row: VerdictRow, waivers: Iterable[Waiver], today: datetime.date) -> VerdictRow:
    if row.verdict in {Verdict.met, Verdict.differs} or not REQUIREMENTS[row.requirement].waivable:
        return row
    for waiver in waivers:
        if waiver.requirement == row.requirement and matches(waiver.element, row.element) and _accepts(row, waiver):
            shown = {
                "accept": waiver.accept,
                "reason": waiver.reason,
                "until": str(waiver.until),
                "in_force": today <= waiver.until,
            }
            found = replace(row, waiver=shown)
            if shown["in_force"]:
                return found
            row = found
    return row


def _accepts(row: VerdictRow, waiver: Waiver) -> bool:
    """Whether what is given is what the waiver accepts, or better: a waiver is no blank cheque."""
    if row.verdict is Verdict.unknown:
        return waiver.accept in {"unknown", None} if not isinstance(waiver.accept, (list, dict)) else False
    if row.requirement == "flow.exact":
        return waiver.accept == "wider" and _only_wider(row)
    if row.attribute in {"encryption", "protection"} and isinstance(waiver.accept, str) and row.given is not None:
        scale = Encryption if row.attribute == "encryption" else Protection
        known = {str(level) for level in scale}
        return waiver.accept in known and row.given in known and scale(row.given).reaches(scale(waiver.accept))  # type: ignore[arg-type]  # one scale
    return bool(row.given == waiver.accept)


def _only_wider(row: VerdictRow) -> bool:
    """A flow that opens what was asked and, by the cloud's own grain, more behind the same endpoint."""
    return "nothing asks" not in row.reason and "cannot reach" not in row.reason and "not on" not in row.reason
