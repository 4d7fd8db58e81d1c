"""The verdicts of an offer that is refused: everything that is asked is not met, by the refusal's own reason and source.

No waiver changes that: there is nothing to deploy to. Managed services are judged as on every offer, since they are
assessed and never deployed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Refusal
from hdh_infra.errors import RefusedError
from hdh_infra.graph.observation import Observation
from hdh_infra.graph.plan import Plan, VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, asked
from hdh_infra.model.expand import Expanded
from hdh_infra.model.lock import Lock
from hdh_infra.model.paths import PLATFORM, kind_of
from hdh_infra.model.scales import Verdict
from hdh_infra.planning.reaching import flow_rows
from hdh_infra.planning.whole import whole

DEPLOYABLE = "offer.deployable"
"""The requirement that a refused offer does not meet, whatever else is asked."""


def refused_rows(
    expanded: Expanded, lock: Lock, place: Site, refused: Refusal, observed: Observation, today: datetime.date
) -> Iterator[VerdictRow]:
    """Every verdict of a refused offer: on the whole first, then element by element, then flows.

    Args:
        expanded: what is asked.
        lock: what was given.
        place: where.
        refused: why nothing is deployed there.
        observed: nothing.
        today: the day of the verdicts that no source has.
    """
    yield _row(refused, PLATFORM, DEPLOYABLE, "deployable", asked=True)
    for path in expanded.elements:
        wanted = asked(expanded, path, lock.addresses.get(path, ""))
        for attribute, rule in ATTRIBUTES[kind_of(path)].items():
            if wanted[attribute] is not None:
                yield _row(refused, path, rule.requirement, attribute, asked=wanted[attribute])
    for row in (*whole(expanded, place, observed, today), *flow_rows(expanded, place, observed, today)):
        yield row if row.requirement.startswith("requires.") else _refused(row, refused)


def _row(refused: Refusal, element: str, requirement: str, attribute: str, *, asked: object) -> VerdictRow:
    return VerdictRow(
        element, requirement, attribute, asked, None, Verdict.not_met, refused.reason, refused.source,
        str(refused.as_of), refused.confidence, None, refused.remedy,
    )  # fmt: skip


def _refused(row: VerdictRow, refused: Refusal) -> VerdictRow:
    made = _row(refused, row.element, row.requirement, row.attribute, asked=row.asked)
    return replace(row, **{name: getattr(made, name) for name in ("given", "verdict", "reason", "source", "as_of", "confidence", "means", "remedy")})  # fmt: skip


def refuse_offer(place: Site) -> None:
    """Refuse what would be deployed to a refused offer, before anything is done.

    Raises:
        RefusedError: the offer is refused, with its reason.
    """
    refused = place.offer.refused
    if refused is not None:
        raise _error(str(place.target), refused.reason, refused.remedy)


def refuse_plan(plan: Plan) -> None:
    """Refuse the plan of a refused offer. Raises `RefusedError`."""
    found = next((row for row in plan.verdicts if row.requirement == DEPLOYABLE and row.blocks), None)
    if found is not None:
        raise _error(plan.target, found.reason, found.remedy)


def _error(target: str, reason: str, remedy: str | None) -> RefusedError:
    said = f"{remedy.rstrip('.')}. " if remedy else ""
    return RefusedError(
        target,
        f"nothing can be deployed there: {reason.rstrip('.')}",
        f"{said}No waiver changes that; nothing was changed",
    )


__all__ = ["DEPLOYABLE", "refuse_offer", "refuse_plan", "refused_rows"]
