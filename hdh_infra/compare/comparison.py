"""The comparison: plans or deployments of one platform held against the spec and against each other.

It takes verdicts and observations as they are and judges nothing anew but two questions: whether the
same can reach the same on all sides, and whether what is deployed is what is planned. Layout and colours
stand in `report`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final

from hdh_infra.catalogue.load import site
from hdh_infra.compare.drift import drift
from hdh_infra.compare.reach import Cells, Ends, Members, Row, asked_flows, differences, equal, flows_json, rows
from hdh_infra.compare.side import Side
from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.observation import ObservedFlow
from hdh_infra.graph.plan import Plan, VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, asked
from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.lock import Lock
from hdh_infra.model.paths import kind_of
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Relation, Verdict
from hdh_infra.model.target import Target
from hdh_infra.model.wording import value_words
from hdh_infra.planning.assemble import make_plan, observe_plan
from hdh_infra.planning.assess import assess
from hdh_infra.planning.lock import update_lock

FORMAT = "hdh-comparison/1"
REQUIREMENTS_TO_EXIT = ("deployable", "equal-flows", "no-drift")
"""The questions that `answers` knows."""


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """One attribute of one element on one side.

    Attributes:
        given: the value that the verdict was found for.
        verdict: the worst that was found.
        basis: `observed` in the native resources, `catalogue` where no native resource shows it, `none` where nobody says.
        row: the verdict with its reason, source and date; None where the side does not answer at all.
    """

    given: Any
    verdict: Verdict
    basis: str
    row: VerdictRow | None


@final
@dataclass(frozen=True)
class Comparison:
    """Sides of one platform, compared; made by `compare_plans` and `compare_sides`.

    Attributes:
        platform: the platform, worked out.
        addresses: the range of each zone and space, as the lock has it.
        sides: what is compared, in the order in which it was asked for.
        today: the day that waivers were judged by.
        drift: of every deployed side, how it differs from the plan of the spec, in words; no entry for a plan.
    """

    platform: Expanded
    addresses: Mapping[str, str]
    sides: tuple[Side, ...]
    today: datetime.date
    drift: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The sides' names, each once."""
        return tuple(side.label for side in self.sides)

    @cached_property
    def elements(self) -> Mapping[str, Mapping[str, tuple[Any, tuple[Cell, ...]]]]:
        """By element and attribute: what is asked, and one cell a side."""
        verdicts = [{(row.element, row.attribute): row for row in side.verdicts} for side in self.sides]
        found: dict[str, dict[str, tuple[Any, tuple[Cell, ...]]]] = {}
        for path in self.platform.elements:
            wanted = asked(self.platform, path, self.addresses.get(path, ""))
            found[path] = {
                attribute: (
                    wanted[attribute],
                    tuple(
                        _cell(side, rows_of, path, attribute, wanted[attribute])
                        for side, rows_of in zip(self.sides, verdicts, strict=True)
                    ),
                )
                for attribute in ATTRIBUTES[kind_of(path)]
            }
        return found

    @cached_property
    def members(self) -> Members:
        """The machines of each zone and space."""
        return Members(self.platform, [side.observation for side in self.sides])

    @cached_property
    def asked_flows(self) -> tuple[ObservedFlow, ...]:
        """What the spec allows, machine by machine."""
        return asked_flows(self.platform.links)

    @cached_property
    def asked_egress(self) -> tuple[ObservedFlow, ...]:
        """What the spec allows to the outside, machine by machine."""
        return asked_flows(self.platform.egress)

    @cached_property
    def reach(self) -> tuple[Row, ...]:
        """Who can reach whom: the first cell of a row is what is asked, then one a side."""
        return tuple(self.members.condense(rows([self.asked_flows, *self._given("flows")])))

    @cached_property
    def reach_out(self) -> tuple[Row, ...]:
        """Who can reach what outside the platform, as `reach`."""
        return tuple(self.members.condense(rows([self.asked_egress, *self._given("egress")])))

    @cached_property
    def reach_in(self) -> tuple[Row, ...]:
        """What the outside can reach, as `reach`; nothing is ever asked."""
        return tuple(self.members.condense(rows([(), *self._given("entry")])))

    @cached_property
    def equal_flows(self) -> bool:
        """Whether all sides let the same pass: flows, what they also reach, egress and entry."""
        return all(equal(rows(self._given(name))) for name in ("flows", "egress", "entry"))

    def as_asked(self, side: Side) -> bool:
        """Whether a side lets exactly the asked flows pass, in both directions and to the outside."""
        seen = side.observation
        return (
            equal(rows([self.asked_flows, seen.flows]))
            and equal(rows([self.asked_egress, seen.egress]))
            and not seen.entry
        )

    @cached_property
    def flow_differences(self) -> tuple[str, ...]:
        """Where the sides let different things pass, in words."""
        found: list[str] = []
        for name, verb in (("flows", "reaches"), ("egress", "can reach, outside the platform,"), ("entry", "reaches")):
            found.extend(differences(self._condensed(name), self.labels, verb))
        return tuple(dict.fromkeys(found))

    @cached_property
    def attribute_differences(self) -> tuple[str, ...]:
        """Where the sides give different values for the same thing, in words."""
        found = []
        for path, attributes in self.elements.items():
            for attribute, (_, cells) in attributes.items():
                values = [value_words(attribute, cell.given) for cell in cells]
                if len(set(values)) > 1:
                    by_value: dict[str, list[str]] = {}
                    for label, value in zip(self.labels, values, strict=True):
                        by_value.setdefault(value, []).append(label)
                    words = "; ".join(f"{value} on {', '.join(these)}" for value, these in by_value.items())
                    found.append(f"{path} {attribute}: {words}")
        return tuple(found)

    @property
    def differences(self) -> tuple[str, ...]:
        """Every way in which the sides differ, in words: first what can be reached, then what elements are."""
        return (*self.flow_differences, *self.attribute_differences)

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-comparison/1`."""
        members, reasons = self.members, _Reasons()
        return {
            "format": FORMAT,
            "platform": self.platform.platform.name,
            "today": str(self.today),
            "targets": list(self.labels),
            "sides": {side.label: {"target": side.target, "source": side.source} for side in self.sides},
            "deployable": {side.label: side.deployable for side in self.sides},
            "elements": self._elements_json(reasons),
            "reasons": reasons.found,
            "flows": {
                "asked": flows_json(self.asked_flows, members),
                "given": {side.label: flows_json(side.observation.flows, members) for side in self.sides},
                "equal": self.equal_flows,
                "as_asked": {side.label: self.as_asked(side) for side in self.sides},
                "differences": list(self.flow_differences),
            },
            "egress": {
                "asked": flows_json(self.asked_egress, members),
                "given": {side.label: flows_json(side.observation.egress, members) for side in self.sides},
            },
            "entry": {side.label: flows_json(side.observation.entry, members) for side in self.sides},
            "service_flows": {
                side.label: [flow.to_json() for flow in side.observation.service_flows] for side in self.sides
            },
            "natives": {side.label: dict(side.types()) for side in self.sides},
            "natives_by_element": self._natives_json(),
            "verdicts": {side.label: self._verdicts_json(side) for side in self.sides},
            "differences": list(self.differences),
            "overrides": {side.label: list(side.overrides) for side in self.sides},
            "remarks": {side.label: list(side.remarks) for side in self.sides},
            "due": {side.label: list(side.due) for side in self.sides},
            "raised": {side.label: [dict(one) for one in side.raised] for side in self.sides},
            "drift": {label: list(lines) for label, lines in self.drift.items()},
        }

    def natives_by_element(self) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
        """Native types with their number, by element and side."""
        by_side = {side.label: side.types_by_element() for side in self.sides}
        elements = sorted({element for types in by_side.values() for element in types})
        return {element: {label: types.get(element, {}) for label, types in by_side.items()} for element in elements}

    def _given(self, name: str) -> list[tuple[ObservedFlow, ...]]:
        return [getattr(side.observation, name) for side in self.sides]

    def _condensed(self, name: str) -> list[Row]:
        found: Mapping[Ends, Cells] = rows(self._given(name))
        return self.members.condense(found)

    def _elements_json(self, reasons: _Reasons) -> dict[str, Any]:
        labels = self.labels
        return {
            path: {
                attribute: {
                    "asked": wanted,
                    "given": {label: cell.given for label, cell in zip(labels, cells, strict=True)},
                    "verdict": {label: cell.verdict.value for label, cell in zip(labels, cells, strict=True)},
                    "why": {label: reasons.place(cell) for label, cell in zip(labels, cells, strict=True)},
                }
                for attribute, (wanted, cells) in attributes.items()
            }
            for path, attributes in self.elements.items()
        }

    def _verdicts_json(self, side: Side) -> list[dict[str, Any]]:
        """What is not met, and what no attribute of an element says: flows, the whole. The rest stands in `elements`."""
        return [
            row.to_json()
            for row in side.verdicts
            if row.verdict is not Verdict.met or row.attribute not in self.elements.get(row.element, {})
        ]

    def _natives_json(self) -> dict[str, Any]:
        return {
            element: {label: dict(types) for label, types in sides.items()}
            for element, sides in self.natives_by_element().items()
        }


def compare_plans(platform: Platform, plans: Sequence[Plan], lock: Lock | None = None) -> Comparison:
    """Plans of one platform, side by side; `hdh compare` without `--deployed`.

    Args:
        platform: the spec that they were made of.
        plans: one a target, in the order in which they are shown.
        lock: the lock that they were made with, if any.

    Raises:
        SpecError: there is no plan, or two are of one target.
    """
    _check_labels([plan.target for plan in plans])
    given = update_lock(lock, platform, [Target.parse(plan.target) for plan in plans])
    today = datetime.date.fromisoformat(plans[0].digests["today"])
    return Comparison(
        expand(platform, today),
        given.addresses,
        tuple(Side.of_plan(plan, observe_plan(plan, platform)) for plan in plans),
        today,
    )


def compare_sides(
    platform: Platform, sides: Sequence[Side], lock: Lock | None = None, *, today: datetime.date
) -> Comparison:
    """Deployments of one platform, side by side, each held against the plan of the spec as well.

    Args:
        platform: the spec that was deployed.
        sides: as `Side.of_deployed` makes them; plans may be among them.
        lock: the lock beside the spec.
        today: the day that waivers are judged by.

    Raises:
        SpecError: there is no side, two have one name, or the platform cannot be placed on a target.
    """
    _check_labels([side.label for side in sides])
    given = update_lock(lock, platform, [Target.parse(side.target) for side in sides])
    expanded = expand(platform, today)
    judged: list[Side] = []
    drifted: dict[str, tuple[str, ...]] = {}
    plans: dict[str, Plan] = {}
    for side in sides:
        if side.source == "plan":
            judged.append(side)
            continue
        target = Target.parse(side.target)
        if side.target not in plans:
            plans[side.target] = make_plan(platform, target, lock=given, today=today)
        plan = plans[side.target]
        verdicts = assess(expanded, given, site(target, platform), side.observation, today)
        held = replace(side, verdicts=verdicts, overrides=plan.overridden, remarks=(*plan.remarks, *side.remarks))
        judged.append(held)
        drifted[side.label] = tuple(drift(Side.of_plan(plan, observe_plan(plan, platform)), held, expanded))
    return Comparison(expanded, given.addresses, tuple(judged), today, drifted)


def answers(comparison: Comparison, require: str) -> bool:
    """Whether the answer to one of `REQUIREMENTS_TO_EXIT` is yes.

    `deployable`: every side. `equal-flows`: all sides let the same pass. `no-drift`: what is deployed is what is planned.

    Raises:
        SpecError: the question is not known, or it asks for deployed sides and there is none.
    """
    if require == "deployable":
        return all(side.deployable for side in comparison.sides)
    if require == "equal-flows":
        return comparison.equal_flows
    if require == "no-drift":
        if not comparison.drift:
            what = "no-drift asks whether what is deployed is what is planned, and only plans are compared: name stacks with --deployed"
            raise SpecError([Problem("--require", None, None, "", what)])
        return not any(comparison.drift.values())
    what = f"{require!r} is not known: {', '.join(REQUIREMENTS_TO_EXIT)}"
    raise SpecError([Problem("--require", None, None, "", what)])


def _check_labels(labels: Iterable[str]) -> None:
    names = list(labels)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecError([Problem("--on", None, None, "", f"{', '.join(twice)} is named twice: name each target once")])
    if not names:
        raise SpecError(
            [Problem("--on", None, None, "", "nothing to compare: name a target, --on azure:francecentral")]
        )


def _cell(side: Side, verdicts: Mapping[tuple[str, str], VerdictRow], path: str, attribute: str, wanted: Any) -> Cell:
    row = verdicts.get((path, attribute))
    seen = side.observation.elements.get(path, {}).get(attribute)
    if attribute in {"key", "system_key"} and wanted is not None and row is not None and row.asked is None:
        # Where the encryption does not reach a customer's key there is none to ask for: its verdict is this one's.
        row = verdicts[path, attribute.replace("key", "encryption")]
        return Cell(seen, row.verdict, "none" if seen is None else "observed", row)
    given = row.given if row is not None else seen
    basis = "observed" if seen is not None else "catalogue" if given is not None else "none"
    if given is None and ATTRIBUTES[kind_of(path)][attribute].relation is Relation.untraceable:
        basis = "untraceable"
    # Of what nothing is asked nothing is missing, even where nothing answers.
    unsaid = Verdict.unknown if wanted is not None else Verdict.met
    return Cell(given, row.verdict if row is not None else unsaid, basis, row)


@final
class _Reasons:
    """Why verdicts are what they are, each said once: ten thousand cells of a platform share some hundred reasons."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self._places: dict[tuple[Any, ...], int] = {}

    def place(self, cell: Cell) -> int | None:
        """Where the reason of a cell stands in `found`; None where the side does not answer at all."""
        row = cell.row
        if row is None:
            return None
        waiver = repr(row.waiver) if row.waiver else None
        key = (cell.basis, row.reason, row.source, row.as_of, row.confidence, row.means, row.remedy, waiver)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.found)
            self.found.append(
                {
                    "reason": row.reason,
                    "basis": cell.basis,
                    "source": row.source,
                    "as_of": row.as_of,
                    "confidence": row.confidence.value,
                    "means": row.means,
                    "remedy": row.remedy,
                    "waiver": row.waiver,
                }
            )
        return place
