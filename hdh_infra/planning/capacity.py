"""What a plan needs against the offer's limits, as verdicts `capacity.*` of the platform.

A limit that the plan needs nothing of gives no row. A granted quota (`quotas` of the target) stands in for the
limit of its key and is shown as declared; one that was measured stands in for both, and what others take of it
counts. Without a measurement only what the plan makes is counted: what else lives in the subscription or project
nobody knows then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import final

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Limit
from hdh_infra.errors import Problem
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.names import told
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.planning.counting import Need, needs

REQUIREMENT = "capacity."
_PLURAL = re.compile(r"(?<=ss)es(?= of | in |$)|s(?= of | in |$)")
GRANTED = "; then write what was granted under targets."
"""What a remedy goes on with where a quota can be asked for: the place in the description, `TARGET: quotas: {KEY: NUMBER}`."""
UNLIMITED = "unlimited"
"""The given value of a quota that was granted without a limit: OpenStack writes it as -1."""


def capacity(nodes: Iterable[Node], place: Site) -> Iterator[VerdictRow]:
    """One verdict for each limit of the offer that the plan needs something of, in the catalogue's order.

    Args:
        nodes: of the plan, overrides included.
        place: the offer and region, with what was granted of its limits.
    """
    for limit, need in needs(place.offer.limits, nodes, place):
        # The size of a range is nothing that anybody grants.
        granted = None if limit.size_of else _granted(limit, place)
        yield _row(limit, need, place, granted)


@final
@dataclass(frozen=True, slots=True)
class _Granted:
    """A quota in the place of a limit's own number."""

    value: int
    source: str
    as_of: str
    confidence: Confidence
    taken: int | None = None
    """By others than this platform; None where nobody counted."""


def _granted(limit: Limit, place: Site) -> _Granted | None:
    measured = place.measured.limits.get(limit.key) if place.measured else None
    if place.measured and measured:
        as_of = str(place.measured.as_of)
        return _Granted(measured.value, measured.source, as_of, Confidence.measured, measured.others)
    declared = place.settings.quotas.get(limit.key)
    if declared is None:
        return None
    source = f"the description, targets.{place.target}.quotas"
    return _Granted(declared, source, str(limit.as_of), Confidence.declared)


def check_quotas(platform: Platform, place: Site) -> Iterator[Problem]:
    """Every granted quota of a target is one of a limit that the offer has."""
    keys = {limit.key for limit in place.offer.limits if not limit.size_of}
    target = str(place.target)
    for key in platform.settings(place.target).quotas:
        if key not in keys:
            what = told(f"{target} has no limit {key!r}", key, keys)
            yield platform.problem(("targets", target, "quotas", key), what)


def _row(limit: Limit, need: Need, place: Site, granted: _Granted | None) -> VerdictRow:
    given = need.room if limit.size_of else limit.value
    given = given if granted is None else granted.value
    unlimited = granted is not None and granted.value < 0
    verdict = Verdict.met if unlimited else _verdict(limit, need, given, granted)
    return VerdictRow(
        element=PLATFORM,
        requirement=f"{REQUIREMENT}{limit.name}",
        attribute=limit.key,
        asked=None if need.unsized else need.amount,
        given=UNLIMITED if unlimited else given,
        verdict=verdict,
        reason=_reason(limit, need, given, granted),
        source=limit.source if granted is None else granted.source,
        as_of=str(limit.as_of) if granted is None else granted.as_of,
        confidence=limit.confidence if granted is None else granted.confidence,
        remedy=None if verdict is Verdict.met else _remedy(limit, need, given, place, granted),
    )


def _taken(limit: Limit, granted: _Granted | None) -> int:
    """What is taken before the plan takes anything: what others have where that was counted, with what the cloud itself takes."""
    return limit.reserved if granted is None or granted.taken is None else granted.taken


def _verdict(limit: Limit, need: Need, given: int | None, granted: _Granted | None) -> Verdict:
    if need.unsized or given is None:
        return Verdict.unknown
    wanted = need.amount + _taken(limit, granted)
    if wanted <= given:
        return Verdict.met
    # A number that was inferred says what is surely enough, not what is surely too much: that is the maximum.
    guessed = limit.confidence is Confidence.inferred and granted is None
    within = limit.raised_by is not None and (limit.maximum is None or wanted <= limit.maximum)
    return Verdict.unknown if guessed and within else Verdict.not_met


def _reason(limit: Limit, need: Need, given: int | None, granted: _Granted | None) -> str:
    if need.unsized:
        return f"how much {need.unsized} takes of it is not known, so {limit.what} cannot be counted"
    needed = f"{need.holder} needs" if need.holder else "needs"
    said = f"{needed} {_counted(need.amount, limit.what)}, and "
    if granted is not None:
        of = "no limit" if granted.value < 0 else f"{granted.value:,}"
        others = f", of which others take {granted.taken:,}" if granted.taken else ""
        return f"{said}{limit.scope} was granted {of}{others}"
    if given is None:
        return f"{said}how many {limit.scope} has is not known"
    taken = f", of which the cloud takes {limit.reserved:,}" if limit.reserved else ""
    if limit.confidence is Confidence.inferred:
        most = "" if limit.maximum is None else f", {limit.maximum:,} at most"
        return f"{said}{limit.scope} is taken to have {given:,}{most}{taken}: its own number is not published"
    default = " by default" if limit.raised_by else ""
    most = "" if limit.maximum is None else f", {limit.maximum:,} at most"
    return f"{said}{limit.scope} has {given:,}{default}{most}{taken}"


def _counted(amount: int, what: str) -> str:
    """`3 links of networks`, `1 link of networks`."""
    return f"{amount:,} {_PLURAL.sub('', what, count=1) if amount == 1 else what}"


def _remedy(limit: Limit, need: Need, given: int | None, place: Site, granted: _Granted | None) -> str:
    if need.unsized:
        return "Use a size that the catalogue has, or declare it for the target."
    wanted = need.amount + _taken(limit, granted)
    if limit.raised_by is not None and (limit.maximum is None or wanted <= limit.maximum):
        asked = limit.raised_by.replace("{need}", f"{wanted:,}")
        if granted is not None and granted.confidence is Confidence.measured:
            return f"{asked}; then measure again with `hdh assess --live`"
        return f"{asked}{GRANTED}{place.target}: quotas: {{{limit.key}: {wanted}}}"
    most = max(limit.maximum or 0, given or 0) - _taken(limit, granted)
    parts = -(-need.amount // most) if most > 0 else 2
    return limit.remedy.replace("{parts}", f"{parts:,}")


__all__ = ["capacity", "check_quotas"]
