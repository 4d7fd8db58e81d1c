"""One side of a comparison: a plan, what an engine's state holds, or what servers answer; all in the same words.

It judges nothing by itself: a deployed side has no verdicts before it is held against a spec.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

from hdh_infra.graph.observation import Native, Natives, Observation, Origin
from hdh_infra.graph.plan import Plan, VerdictRow
from hdh_infra.graph.values import form_of
from hdh_infra.model.paths import element_of
from hdh_infra.model.scales import Verdict
from hdh_infra.planning.refusing import DEPLOYABLE

UNMANAGED = "platform/unmanaged/"
"""Where the paths of resources begin that lie in the project and that no state knows."""
LOOKED_UP = "platform/looked-up/"
"""Where the paths of things begin that are only looked up, such as an image: never counted among the resources."""
_TELLING = (
    "name",
    "direction",
    "protocol",
    "portRangeMin",
    "portRangeMax",
    "remoteIpPrefix",
    "remoteGroupId",
    "securityGroupId",
    "address",
    "allFixedIps",
    "networkId",
)


@final
@dataclass(frozen=True)
class Side:
    """What is compared.

    Attributes:
        label: how reports name it: the target, with `state` or `live` for what is deployed.
        target: the target.
        source: where it was read.
        observation: what it gives, in the spec's words.
        natives: native type of every resource by its path.
        verdicts: what it answers to the spec; empty until it was held against one.
        overrides: `path: property` of every native override.
        remarks: what a reader should know that no attribute says.
        due: spaces past their end whose data wait for the word to go.
        raised: floors that frameworks raised, with their clauses.
        count_of_natives: how many there are, of a side that no longer has them.
        unplanned: why no plan of it could be made; it answers nothing then.
    """

    label: str
    target: str
    source: Origin
    observation: Observation
    natives: Mapping[str, str]
    verdicts: tuple[VerdictRow, ...] = ()
    overrides: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    due: tuple[str, ...] = ()
    raised: tuple[Mapping[str, Any], ...] = ()
    count_of_natives: int | None = None
    unplanned: str = ""

    @classmethod
    def not_planned(cls, target: str, why: str) -> Side:
        """A target that a platform cannot be placed on at all, and why."""
        return cls(target, target, "plan", Observation(target, "plan", {}), {}, unplanned=why)

    @classmethod
    def of_plan(cls, plan: Plan, observation: Observation) -> Side:
        """A plan and what its native resources give."""
        natives = {node.path: node.type for node in plan.nodes}
        return cls(
            plan.target, plan.target, "plan", observation, natives, plan.verdicts, plan.overridden,
            (*plan.remarks, *plan.added_words(), *plan.unverified_words(), *observation.remarks), plan.due, plan.raised,
        )  # fmt: skip

    @classmethod
    def of_deployed(cls, target: str, natives: Natives, observation: Observation) -> Side:
        """What is deployed on a target, from its state or from its servers, and what it gives."""
        strange = [f"{_described(one)} is in the project and not in the state" for one in natives if is_unmanaged(one)]
        return cls(
            f"{target} {observation.source}",
            target,
            observation.source,
            observation,
            {native.path: native.type for native in natives if not native.path.startswith(LOOKED_UP)},
            remarks=tuple(dict.fromkeys((*observation.remarks, *strange))),
        )

    def verdicts_only(self) -> Side:
        """The side without what its resources give, which no assessment reads: so that many of them can be held."""
        bare = Observation(self.observation.target, self.observation.source, {})
        return replace(self, observation=bare, natives={}, count_of_natives=self.resources)

    @property
    def resources(self) -> int:
        """How many native resources it has."""
        return len(self.natives) if self.count_of_natives is None else self.count_of_natives

    @cached_property
    def refused(self) -> VerdictRow | None:
        """The verdict of an offer that nothing can be deployed to; None of every other."""
        return next((row for row in self.verdicts if row.requirement == DEPLOYABLE), None)

    @cached_property
    def deployable(self) -> bool:
        """Whether no verdict stands in the way."""
        return not self.unplanned and not any(row.blocks for row in self.verdicts)

    def count(self, verdict: Verdict) -> int:
        """How many of its verdicts are this one."""
        return self._counts[verdict]

    @cached_property
    def _counts(self) -> Counter[Verdict]:
        return Counter(row.verdict for row in self.verdicts)

    @cached_property
    def waived(self) -> tuple[VerdictRow, ...]:
        """The verdicts that a waiver in force covers."""
        return tuple(row for row in self.verdicts if row.waiver and row.waiver["in_force"])

    def types(self) -> Mapping[str, int]:
        """How many native resources there are of each type, sorted."""
        return _counted(self.natives.values())

    def types_by_element(self) -> Mapping[str, Mapping[str, int]]:
        """The same, element by element; `platform` for what serves the whole."""
        found: dict[str, list[str]] = {}
        for path, token in self.natives.items():
            found.setdefault(element_of(path), []).append(token)
        return {element: _counted(tokens) for element, tokens in sorted(found.items())}


def is_unmanaged(native: Native) -> bool:
    """Whether a resource lies in the project and in no state."""
    return native.path.startswith(UNMANAGED)


def _counted(tokens: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(tokens).items()))


def _described(native: Native) -> str:
    """A resource nobody manages, with what tells a person which one it is."""
    telling = {name: native.properties.get(name) for name in _TELLING}
    words = ", ".join(f"{name} {_plain(value)}" for name, value in telling.items() if value not in (None, "", [], 0))
    return f"{native.type} {native.path.removeprefix(UNMANAGED)}" + (f" ({words})" if words else "")


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "..." if form_of(value) else str(value)
