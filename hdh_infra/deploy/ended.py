"""Waivers past their end, in a deployment: what they were for is not changed any more, and everything else is (law 3).

What a plan changes is told by the state before an engine runs (`refuse`). A program under plain `pulumi` has no state at
hand: there the engine itself asks, by a hook, before it makes or changes a native resource (`why`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from hdh_infra.errors import RefusedError
from hdh_infra.graph.diff import Change, Effect
from hdh_infra.model.paths import PLATFORM, element_of, network_path
from hdh_infra.model.wording import listed, value_words
from hdh_infra.planning.waiving import behind

if TYPE_CHECKING:
    from hdh_infra.graph.node import Node
    from hdh_infra.graph.plan import Plan, VerdictRow
    from hdh_infra.model.platform import Platform

_MOST_NAMED = 12
"""Elements, or native resources, that a message names before it only counts."""


@final
@dataclass(frozen=True)
class Ended:
    """What the ended waivers of a whole plan hold fast; nothing where none has ended, or all are passed today.

    Attributes:
        rows: the verdicts whose waivers have ended.
        waivers: of each verdict, its waiver in words: place in the description, what was accepted, and its end.
        today: the day that they are judged by.
    """

    rows: tuple[VerdictRow, ...] = ()
    waivers: tuple[str, ...] = ()
    today: str = ""
    _whole: tuple[int, ...] = ()
    _by_element: Mapping[str, list[int]] = field(default_factory=dict)
    _by_path: Mapping[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, platform: Platform) -> Ended:
        """What is held fast of a plan; asked of the whole plan, also where it is deployed in parts."""
        rows = tuple(row for row in plan.verdicts if row.ended)
        if not rows:
            return cls()
        there = {node.element for node in plan.nodes}
        users = _users(plan.nodes) if any(_is_flow(row) for row in rows) else {}
        whole: list[int] = []
        by_element: dict[str, list[int]] = {}
        by_path: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            elements = _elements(row, there)
            if not elements:
                whole.append(number)
            for element in elements:
                by_element.setdefault(element, []).append(number)
            for path in users.get(row.element, ()) if _is_flow(row) else ():
                by_path.setdefault(path, []).append(number)
        waivers = tuple(_waiver(row, platform, plan.target) for row in rows)
        return cls(rows, waivers, plan.digests.get("today", ""), tuple(whole), by_element, by_path)

    def refuse(self, changes: Iterable[Change], where: str) -> None:
        """Refuse changes to what an ended waiver was for.

        Args:
            changes: what a plan changes in a state.
            where: the stack, for the message.

        Raises:
            RefusedError: one touches such a thing; with the waiver, its place and its end, the elements, and what to do.
        """
        found: dict[int, list[Change]] = {}
        for change in changes if self.rows else ():
            if touches(change):
                for number in dict.fromkeys(
                    n for path in (change.path, change.was) if path for n in self._holding(path)
                ):
                    found.setdefault(number, []).append(change)
        if found:
            raise self._error(where, found, "Nothing was changed")

    def why(self, path: str) -> RefusedError | None:
        """Why a native resource is neither made nor changed; None where it may be."""
        found: dict[int, list[Change]] = {number: [] for number in self._holding(path)}
        if not found:
            return None
        return self._error(path, found, "It was not changed")

    def _holding(self, path: str) -> list[int]:
        """The verdicts that hold a native resource fast."""
        return [*self._whole, *self._by_element.get(element_of(path), ()), *self._by_path.get(path, ())]

    def _error(self, where: str, found: Mapping[int, Iterable[Change]], done: str) -> RefusedError:
        lines = "\n".join(self._lines(found))
        return RefusedError(
            where, f"a waiver has ended, and what it was for would be changed:\n{lines}\n{done}", self._remedy
        )

    def _lines(self, found: Mapping[int, Iterable[Change]]) -> Iterator[str]:
        """What is held, each waiver once: the verdict, its elements, the waiver, and what would be changed."""
        alike: dict[tuple[str, str], list[int]] = {}
        for number in sorted(found):
            alike.setdefault((_verdict(self.rows[number]), self.waivers[number]), []).append(number)
        for (verdict, waiver), numbers in alike.items():
            changes = dict.fromkeys(f"{one.path} ({one.effect})" for number in numbers for one in found[number])
            yield f"  {verdict}"
            yield f"    for {listed(list(dict.fromkeys(self.rows[number].element for number in numbers)), _MOST_NAMED)}"
            yield f"    {waiver}"
            if changes:
                yield f"    would change: {listed(list(changes), _MOST_NAMED)}"

    @property
    def _remedy(self) -> str:
        return (
            "Take the change back, or reach what is asked; or have the waiver renewed (until), or its end passed for one day, "
            f"in the spec: passed: [{{on: {self.today}, reason: ...}}]"
        )


NONE_ENDED = Ended()
"""Nothing is held fast."""


def touches(change: Change) -> bool:
    """Whether a change makes a native resource, or has the engine change it; what the cloud then ignores counts as well."""
    if change.effect is Effect.ignored:
        return not all(one.by_option for one in change.properties)
    return change.effect is Effect.make or change.effect.rank >= Effect.update.rank


def _is_flow(row: VerdictRow) -> bool:
    return row.requirement == "flow.exact" and row.attribute == "flows"


def _elements(row: VerdictRow, there: set[str]) -> frozenset[str]:
    """The elements whose native resources a verdict is of; none where it is of the whole.

    A way out is opened by the network of who takes it. Where an element is no native resource of its own, as a key is
    where a cloud has no key service, what it lies in stands for it: everything is then held rather than nothing.
    """
    network = network_path(row.element)
    if row.element == PLATFORM:
        return frozenset()
    found = {row.element}
    if network and (row.requirement.startswith("egress.") or row.attribute.startswith("egress ")):
        found.add(network)
    if found & there:
        return frozenset(found)
    return frozenset(one for one in there if network_path(one) == network) if network else frozenset()


def _users(nodes: Iterable[Node]) -> Mapping[str, list[str]]:
    """By element, the native resources elsewhere that refer to one of its own or come after it.

    Who may reach an element is said there as well, since what opens a flow lies under who asks for it (law 4).
    """
    found: dict[str, dict[str, None]] = {}
    for node in nodes:
        for path in (*(path for path, _ in node.refs()), *node.depends_on):
            if element_of(path) != node.element:
                found.setdefault(element_of(path), {})[node.path] = None
    return {element: list(paths) for element, paths in found.items()}


def _verdict(row: VerdictRow) -> str:
    if row.requirement.startswith("flow."):
        return f"{row.requirement} ({row.verdict})"
    asked, given = (value_words(row.measure, value) for value in (row.asked, row.given))
    return f"{row.requirement} ({row.verdict}): asked {asked}, given {given}"


def _waiver(row: VerdictRow, platform: Platform, target: str) -> str:
    """The waiver of a verdict: `platform.yaml:78:5 waivers[8]: software was accepted until 2027-11-30 (why)`."""
    index, waiver = behind(row, platform, target)
    what = f"{value_words(row.measure, waiver.accept)} was accepted until {waiver.until} ({waiver.reason})"
    return str(platform.problem(("waivers", index), what))
