"""What is asked of the whole platform and of its spaces beside their elements: audit, managed services, ends, airlocks.

Each is one verdict. The room that a platform needs is judged by `capacity`, which counts a plan's resources.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds import of
from hdh_infra.graph.observation import Observation
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.airlock import DIRECTIONS
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.scales import Confidence, Verdict

ADMINISTRATION = "audit.administration"
REVIEW_MEANS = "people agree outside the library; the rights on the stages leave no other way"
_DESCRIPTION = "the description"


def whole(expanded: Expanded, place: Site, observed: Observation, today: datetime.date) -> Iterator[VerdictRow]:
    """Every verdict on the whole and on spaces, in a fixed order."""
    yield from _audit(expanded, place, observed, today)
    yield from _managed(expanded, place)
    yield from _airlocks(expanded, today)
    yield from _closed(expanded, observed, today)


def _audit(expanded: Expanded, place: Site, observed: Observation, today: datetime.date) -> Iterator[VerdictRow]:
    if expanded.audit and expanded.platform.audit is None:
        asking = ", ".join(f"{one.framework} {one.clause}" for one in expanded.raised if one.attribute == "audit")
        yield _said(
            PLATFORM,
            "audit.store",
            "store",
            sorted(expanded.audit),
            None,
            Verdict.not_met,
            f"{asking} ask for logs, and the description names no store that keeps them",
            today,
            remedy="Name one: audit: {store: zone/audit/store/logs}",
        )
    if "administration" not in expanded.audit:
        return
    fact = place.facts[ADMINISTRATION]
    seen = bool(observed.elements.get(PLATFORM, {}).get("administration_log"))
    verdict = Verdict.met if seen else Verdict.unknown if fact.value is None else Verdict.not_met
    unlowered = of(place.target).unlowered.get(ADMINISTRATION)
    reason = "what is planned reaches it" if seen else unlowered if unlowered and fact.value else fact.reason
    yield VerdictRow(
        PLATFORM, ADMINISTRATION, "administration_log", True, seen, verdict, reason, fact.source, str(fact.as_of),
        fact.confidence, None, None if seen else fact.remedy,
    )  # fmt: skip


def _managed(expanded: Expanded, place: Site) -> Iterator[VerdictRow]:
    for name in sorted(expanded.platform.requires):
        requirement = f"requires.{name}"
        fact = place.facts[requirement]
        verdict = Verdict.unknown if fact.value is None else Verdict.met if fact.value else Verdict.not_met
        yield VerdictRow(
            PLATFORM, requirement, requirement, True, fact.value, verdict, fact.reason, fact.source, str(fact.as_of),
            fact.confidence, None, fact.remedy if verdict is not Verdict.met else None,
        )  # fmt: skip


def _airlocks(expanded: Expanded, today: datetime.date) -> Iterator[VerdictRow]:
    for space, airlock in expanded.airlocks.items():
        reviewers = {
            direction: gate.reviewers for direction in DIRECTIONS if (gate := airlock.gate(direction)) is not None
        }
        if airlock.named:
            yield _said(
                space, "airlock.review", "airlock", reviewers, reviewers, Verdict.differs,
                "the review is people's work: the library makes the stages and their rights, and counts no votes",
                today, means=REVIEW_MEANS,
            )  # fmt: skip
        else:
            yield _said(
                space, "airlock.review", "airlock", reviewers, None, Verdict.not_met,
                "nobody is named who reviews or moves data, so that none can pass", today,
                remedy="Name them: airlock: {review: PATH or group/NAME, mover: PATH}",
            )  # fmt: skip


def _closed(expanded: Expanded, observed: Observation, today: datetime.date) -> Iterator[VerdictRow]:
    """A space past its end has nothing that runs, nothing that is reached and nobody who gets in."""
    # Written out once: flows of many to many are kept as such.
    ways = [*observed.flows, *observed.egress, *observed.entry] if expanded.closed else []
    for space in sorted(expanded.closed):
        busy = [
            path
            for path, given in observed.elements.items()
            if network_path(path) == space and (given.get("kind") == "machine" or given.get("entry"))
        ]
        busy += [
            f"{flow.source} -> {flow.to}"
            for flow in ways
            if space in {network_path(flow.source), network_path(flow.to)} and flow.source != "internet"
        ]
        yield _said(
            space,
            "space.closed",
            "closed",
            True,
            not busy,
            Verdict.not_met if busy else Verdict.met,
            f"it ended, and still has {', '.join(busy)}"
            if busy
            else "nothing runs, and nothing is reached; data are kept",
            today,
            remedy="Deploy the plan: it takes compute and entry away and keeps the data." if busy else None,
        )


def _said(
    element: str,
    requirement: str,
    attribute: str,
    wanted: object,
    given: object,
    verdict: Verdict,
    reason: str,
    today: datetime.date,
    *,
    means: str | None = None,
    remedy: str | None = None,
) -> VerdictRow:
    return VerdictRow(
        element, requirement, attribute, wanted, given, verdict, reason, _DESCRIPTION, str(today),
        Confidence.primary, means, remedy,
    )  # fmt: skip


def due(expanded: Expanded) -> Iterator[str]:
    """What waits for the word to go: the data of closed spaces, one line a space."""
    for space in sorted(expanded.closed):
        project = expanded.platform.spaces.projects[space.split("/", 1)[1]]
        kinds: dict[str, int] = {}
        for path, kind in expanded.data_holders.items():
            if network_path(path) == space:
                kinds[kind] = kinds.get(kind, 0) + 1
        what = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items()))
        yield (
            f"{space} ended on {project.ends}: {what or 'nothing that holds data'} due; take it out of the spec and say "
            f"retire: {{element: {space}/**, reason: ..., data: keep|delete}}"
        )
