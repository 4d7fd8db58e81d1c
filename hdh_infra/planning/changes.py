"""What a change of the spec does to what is deployed, judged: two plans of one platform on one target, side by side.

A change that would replace, wipe or remove a data holder is refused unless the spec says so: `retire` for one that
goes, `replace` for one that is made anew. Plans are compared, no state is read; at deployment the same
judgement is made of the state (`hdh_infra.deploy.guards`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

from hdh_infra.contracts.changing import CONTRACTS
from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.diff import Change, Effect, diff_nodes
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.graph.words import short
from hdh_infra.model.paths import matches
from hdh_infra.model.platform import Platform
from hdh_infra.planning.lock import retired

FORMAT = "hdh-plan-diff/1"
Word: TypeAlias = Literal["keep", "delete", "replace"]
_VALUE = 120
"""Characters that a value gets in JSON."""


@final
@dataclass(frozen=True, slots=True)
class Judged:
    """A change, with the spec's word for what it does to data."""

    change: Change
    endangers: bool
    """It may lose what a data holder holds."""
    word: Word | None
    described: bool
    """The new plan still has its element."""

    @property
    def remedy(self) -> str:
        """What to write into the spec so that it may happen."""
        if self.change.effect is not Effect.remove:
            return "Take the change back, or move the data elsewhere and say under replace: {element, reason}"
        if self.described:
            # What the spec still describes cannot be retired: a machine that becomes fewer.
            return "Ask for as many as before, or move the data elsewhere and say under replace: {element, reason}"
        return "Put it back, or say under retire: {element, reason, data: keep|delete}"

    @property
    def refused(self) -> bool:
        """Whether it loses data and the spec does not say so."""
        return self.endangers and self.word is None


@final
@dataclass(frozen=True)
class PlanDiff:
    """Everything that the new plan changes."""

    platform: str
    target: str
    changes: tuple[Judged, ...]
    providers: Mapping[str, tuple[Provider | None, Provider | None]]
    """Providers that differ by their key: old and new."""

    @property
    def refused(self) -> tuple[Judged, ...]:
        """What loses data without a word."""
        return tuple(one for one in self.changes if one.refused)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many nodes of each effect; effects that there are not are left out."""
        counted = Counter(one.change.effect for one in self.changes)
        return {str(effect): counted[effect] for effect in Effect if counted[effect]}

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-plan-diff/1`; values are in words, and cut."""
        return {
            "format": FORMAT,
            "platform": self.platform,
            "target": self.target,
            "providers": {
                key: {"old": old and old.to_json(), "new": new and new.to_json()}
                for key, (old, new) in self.providers.items()
            },
            "changes": [_json(one) for one in self.changes],
            "counts": dict(self.counts),
            "refused": [
                {
                    "path": one.change.path,
                    "change": str(one.change.effect),
                    "because": list(one.change.because),
                    "remedy": one.remedy,
                }
                for one in self.refused
            ],
        }


def diff_plans(old: Plan, new: Plan, platform: Platform, *, file: str = "the old plan") -> PlanDiff:
    """What happens when a plan takes the place of another.

    Args:
        old: what is deployed, or was planned before.
        new: what is to be.
        platform: the spec of the new plan, for its words.
        file: where the old plan was read from, for messages.

    Raises:
        SpecError: they are not of one platform and one target.
    """
    other = [
        Problem(file, None, None, name, f"is of {before}, and the new plan is of {after}: compare plans of one {name}")
        for name, before, after in (("platform", old.platform, new.platform), ("target", old.target, new.target))
        if before != after
    ]
    if other:
        raise SpecError(other)
    changes = diff_nodes(old.nodes, new.nodes, CONTRACTS)
    described = {node.element for node in new.nodes}
    keys = sorted({*old.providers, *new.providers})
    return PlanDiff(
        new.platform,
        new.target,
        tuple(judged(changes, platform, described)),
        {
            key: (old.providers.get(key), new.providers.get(key))
            for key in keys
            if old.providers.get(key) != new.providers.get(key)
        },
    )


def judged(changes: Iterable[Change], platform: Platform, described: Collection[str]) -> Iterator[Judged]:
    """Every change with the spec's word for it.

    Args:
        changes: what happens.
        platform: the spec, with its words.
        described: elements that the new plan has.
    """
    patterns = [one.element for one in platform.replace]
    for change in changes:
        effect, stays = change.effect, change.element in described
        # A machine that is rebuilt loses its own disk under the eyes of nobody: that counts for all of its element.
        endangers = (change.holds_data and effect.loses) or (change.beside_data and effect is Effect.wipe)
        word: Word | None = None
        if endangers:
            named = any(matches(one, change.element) or matches(one, change.path) for one in patterns)
            if effect is Effect.remove:
                word = retired(platform, change.element) or ("delete" if named and stays else None)
            elif named:
                word = "replace"
        yield Judged(change, endangers, word, stays)


def _json(one: Judged) -> dict[str, Any]:
    change = one.change
    return {
        "path": change.path,
        "was": change.was,
        "element": change.element,
        "type": change.type,
        "change": str(change.effect),
        "holds_data": change.holds_data,
        "element_holds_data": change.holds_data or change.beside_data,
        "because": list(change.because),
        "delete_first": change.delete_first,
        "properties": [
            {
                "path": each.path,
                "old": None if each.old is None else short(each.old, _VALUE),
                "new": None if each.new is None else short(each.new, _VALUE),
                "effect": str(each.effect),
                "why": each.why,
            }
            for each in change.properties
        ],
        "options": [{"name": each.name, "old": each.old, "new": each.new} for each in change.options],
        "word": one.word,
        "refused": one.refused,
    }
