"""A plan cut into a foundation and one part a space, so that a large platform is many small stacks.

The engine writes its whole state at every step, so that one stack of n resources costs n squared. Nothing is
lowered again here: a part's nodes are the plan's own, and its bytes depend on no other space.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra.errors import RefusedError
from hdh_infra.graph.steps import ManualStep
from hdh_infra.graph.values import refs, walk
from hdh_infra.model.paths import network_path

if TYPE_CHECKING:
    from hdh_infra.graph.node import Node
    from hdh_infra.graph.plan import Addition, Plan

FORMAT: Final = "hdh-plan-part/1"
FOUNDATION: Final = "foundation"
"""The part that holds the platform and its zones; every other part is called as its space, `space/NAME`."""
_SPACE: Final = "space/"


@final
@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One output of a foundation's node that a space reads."""

    path: str
    output: str

    @property
    def name(self) -> str:
        """Name of the output of the foundation's stack that holds it."""
        return f"{self.path}#{self.output}"


@final
@dataclass(frozen=True)
class Part:
    """One part of a plan.

    Attributes:
        name: `foundation`, or the path of its space.
        plan: the plan with this part's nodes only, the providers that they need and the steps that concern them. Its
            verdicts and digests stay with the whole plan.
        needs: what its nodes read of the foundation.
    """

    name: str
    plan: Plan
    needs: tuple[Reference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-plan-part/1`."""
        return {
            "format": FORMAT,
            "platform": self.plan.platform,
            "target": self.plan.target,
            "part": self.name,
            "providers": {key: provider.to_json() for key, provider in sorted(self.plan.providers.items())},
            "nodes": [node.to_json() for node in self.plan.nodes],
            "manual": [asdict(step) for step in self.plan.manual],
            "needs": [asdict(one) for one in self.needs],
        }

    def dumps(self) -> str:
        """The bytes of the part: another space more or less changes none of them."""
        return json.dumps(self.to_json(), indent=1, sort_keys=False, ensure_ascii=False) + "\n"


def part_of(path: str) -> str:
    """The part that a node's or an element's path lies in."""
    network = network_path(path)
    return network if network and network.startswith(_SPACE) else FOUNDATION


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """The foundation, then each space by name. See `Plan.parts`."""
    if crossing := list(_crossing(plan)):
        raise RefusedError(
            f"{plan.platform} on {plan.target}",
            "it cannot be deployed in parts, since a part may refer to its own nodes and to the foundation's only:\n"
            + "\n".join(f"  {line}" for line in crossing),
            "Let the two meet in a zone, or deploy the platform as one stack (`layout: one` in the lock); nothing was changed",
        )
    nodes: dict[str, list[Node]] = {FOUNDATION: []}
    for node in plan.nodes:
        nodes.setdefault(part_of(node.path), []).append(node)
    steps: dict[str, list[ManualStep]] = {}
    for step in plan.manual:
        for name, cut in _steps(step):
            steps.setdefault(name, []).append(cut)
    spaces = sorted({*nodes, *steps} - {FOUNDATION})
    return tuple(_part(plan, name, nodes.get(name, []), steps.get(name, [])) for name in (FOUNDATION, *spaces))


def interface_of(plan: Plan) -> tuple[Reference, ...]:
    """What the spaces of a plan read of its foundation, sorted. See `Plan.interface`."""
    found = {one for node in plan.nodes if part_of(node.path) != FOUNDATION for one in _outside(node.refs())}
    for step in plan.manual:
        found.update(one for name, cut in _steps(step) if name != FOUNDATION for one in _outside(_asked(cut)))
    return tuple(sorted(found))


def empty_part(plan: Plan, name: str) -> Part:
    """A part that the plan has no more: without any node."""
    return _part(plan, name, (), ())


def _part(plan: Plan, name: str, nodes: Iterable[Node], steps: Iterable[ManualStep]) -> Part:
    mine, manual = tuple(nodes), tuple(steps)
    used = {node.provider for node in mine} | {check.provider for step in manual for check in step.checks}
    used |= {form["provider"] for node in mine for _, form in node.forms() if "$lookup" in form}
    used |= {
        form["provider"]
        for step in manual
        for check in step.checks
        for _, form in walk(dict(check.args))
        if "$lookup" in form
    }
    read = {one for node in mine for one in _outside(node.refs())} | {
        one for step in manual for one in _outside(_asked(step))
    }
    cut = replace(
        plan,
        digests={},
        providers={key: provider for key, provider in plan.providers.items() if key in used},
        nodes=mine,
        verdicts=(),
        manual=manual,
        overridden=(),
        due=(),
        raised=(),
        remarks=(),
        flavours=(),
        unverified=tuple(sorted({node.type for node in mine} & set(plan.unverified))),
        added=tuple(_added(plan, {node.type for node in mine})),
        read=None,
    )
    return Part(name, cut, tuple(sorted(read)) if name != FOUNDATION else ())


def _added(plan: Plan, types: Collection[str]) -> Iterator[Addition]:
    """What of a part is the word of other packages: the contracts of its own types alone."""
    for one in plan.added:
        mine = replace(one, contracts=tuple(token for token in one.contracts if token in types))
        if mine.cloud or mine.contracts or mine.wrong:
            yield mine


def _outside(found: Iterable[tuple[str, str]]) -> Iterator[Reference]:
    return (Reference(path, output) for path, output in found if part_of(path) == FOUNDATION)


def _asked(step: ManualStep) -> Iterator[tuple[str, str]]:
    for check in step.checks:
        yield from refs(dict(check.args))


def _steps(step: ManualStep) -> Iterator[tuple[str, ManualStep]]:
    """A step as each part has it: with what waits for it there. What is told only is the whole plan's, and no part's."""
    if not step.checks:
        return
    needed = {path for check in step.checks for path in check.needs}
    mine: Mapping[str, tuple[str, ...]] = {}
    if step.before:
        mine = {
            name: tuple(path for path in step.before if part_of(path) == name) for name in map(part_of, step.before)
        }
    else:
        mine = dict.fromkeys(sorted({part_of(path) for path in needed} - {FOUNDATION}) or [FOUNDATION], ())
    for name, before in mine.items():
        checks = tuple(
            replace(check, after=tuple(path for path in check.after if part_of(path) == name)) for check in step.checks
        )
        yield name, replace(step, before=before, checks=checks)


def _crossing(plan: Plan) -> Iterator[str]:
    """A line for each node, and each step, that refers to a part that it may not."""
    for node in plan.nodes:
        mine = part_of(node.path)
        for path in dict.fromkeys((*node.depends_on, *(path for path, _ in node.refs()))):
            if part_of(path) not in {mine, FOUNDATION}:
                yield f"{node.path} refers to {path}"
    for step in plan.manual:
        for name, cut in _steps(step):
            for path in sorted({path for check in cut.checks for path in check.needs}):
                if part_of(path) not in {name, FOUNDATION}:
                    yield f"the step {step.id} refers to {path}"
