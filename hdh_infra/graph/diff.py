"""What happens to deployed nodes when others take their place: made, changed, replaced, wiped, removed.

What the change of a property does is knowledge of the types, which comes in as a `Knowledge`; nothing is refused here. As
the engine does, a node is replaced with another one where a property that forces replacement refers to it,
however long the chain; an order alone (`depends_on`) replaces nothing (Pulumi, dependent replacements).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol, final

from hdh_infra.graph.differences import differences, renamed
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, walk
from hdh_infra.model.paths import element_of

OPTIONS = (
    "protect", "delete_before_replace", "depends_on", "ignore_changes", "replace_on_changes", "outputs", "secret_outputs", "timeouts", "adopt",
)  # fmt: skip
"""Options of a node whose change changes nothing in the cloud; `aliases` only say what moved."""
IDENTITY = ("type", "provider", "existing", "adopt")
"""What makes it another resource to the engine."""


class Effect(Enum):
    """What is done to a node, or what the change of one of its properties does; in the order of how much is at stake."""

    make = "make"
    move = "move"
    """Another path, the same thing."""
    options = "options"
    """Nothing in the cloud; only what the engine is told of it."""
    ignored = "ignored"
    """Accepted, and nothing happens."""
    update = "update"
    unknown = "unknown"
    """Nobody has read what it does."""
    maybe_replace = "maybe-replace"
    wipe = "wipe"
    """The engine shows an update, or nothing at all, and what it held is lost."""
    replace = "replace"
    remove = "remove"

    @property
    def rank(self) -> int:
        """Its place in the order of what is at stake."""
        return _RANKS[self]

    @property
    def loses(self) -> bool:
        """Whether what a node holds is lost by it, or may be."""
        return self.rank >= Effect.unknown.rank

    def __str__(self) -> str:
        """The word, as it is written in JSON and in tables."""
        return str(self.value)


_RANKS: Mapping[Effect, int] = {effect: place for place, effect in enumerate(Effect)}
_ANEW = {
    Effect.replace: Effect.replace,
    Effect.maybe_replace: Effect.maybe_replace,
    Effect.unknown: Effect.maybe_replace,
}
"""What becomes of others that a replacing property refers to: a node that may be replaced may replace them."""


@final
@dataclass(frozen=True, slots=True)
class Judgement:
    """What the change of a property does, and under which condition or why."""

    effect: Effect
    why: str = ""


class Knowledge(Protocol):
    """What is known of the types."""

    def judge(self, token: str, path: str, leaves: Sequence[str]) -> Judgement:
        """What a change of the property at `path`, with these leaves, does to a resource of a type."""

    def members(self, token: str) -> str:
        """The property by which others lie in a resource of a type and are deleted with it; empty for none."""


@final
@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One changed property; where it only refers to what is replaced, old and new are the same."""

    path: str
    old: Value
    new: Value
    effect: Effect
    why: str = ""
    by_option: bool = False
    """Ignored because the plan itself leaves it to the cloud."""


@final
@dataclass(frozen=True, slots=True)
class OptionChange:
    """One changed option."""

    name: str
    old: Any
    new: Any


@final
@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one node."""

    path: str
    """As it is to be; of a removed one, as it was."""
    type: str
    effect: Effect
    was: str | None = None
    """The path that it had, where it moved."""
    holds_data: bool = False
    """It is protected, before or after."""
    beside_data: bool = False
    """Another native resource of its element is."""
    properties: tuple[PropertyChange, ...] = ()
    options: tuple[OptionChange, ...] = ()
    because: tuple[str, ...] = ()
    """What brings the effect about, one reason each: properties that force it, what it lies in."""
    delete_first: bool = False
    """Of a replaced one: the old one goes before the new one is made."""

    @property
    def element(self) -> str:
        """The element that it is there for."""
        return element_of(self.path)


def diff_nodes(old: Iterable[Node], new: Sequence[Node], knowledge: Knowledge) -> tuple[Change, ...]:
    """Everything that happens when `new`, in dependency order, takes the place of `old`; by path, nothing for what stays."""
    before, after = {node.path: node for node in old}, {node.path: node for node in new}
    moved = dict(_moved(before, after))
    names = {was: path for path, was in moved.items()}
    pairs = {path: (before.get(moved.get(path, path)), node) for path, node in after.items()}
    holders = {node.path for node in (*before.values(), *after.values()) if node.protect}
    elements = {element_of(path) for path in holders}
    anew: dict[str, Effect] = {}
    found: dict[str, Change] = {}

    def add(change: Change) -> None:
        holds = change.path in holders or change.was in holders
        beside = not holds and (change.element in elements or element_of(change.was or change.path) in elements)
        # Most nodes hold no data: those are kept as they are.
        found[change.path] = replace(change, holds_data=holds, beside_data=beside) if holds or beside else change

    for path, (was, node) in pairs.items():
        if was is None:
            taken = (f"taken over, not made: {node.adopt}",) if node.adopt else ()
            add(Change(path, node.type, Effect.make, because=taken))
            continue
        change = _change(was, node, names, anew, knowledge)
        if change is not None:
            add(change)
            if change.effect in _ANEW:
                anew[path] = _ANEW[change.effect]
    for path, node in before.items():
        if path not in after and path not in names:
            add(Change(path, node.type, Effect.remove))
    lost = {names.get(path, path): node for path, node in before.items()}
    for change in list(_taken_along(pairs, found, lost, knowledge)):
        add(change)
    return tuple(found[path] for path in sorted(found))


def _moved(before: Mapping[str, Node], after: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """New path and old path of every node that an alias says is the same."""
    taken: set[str] = set()
    for path, node in after.items():
        if path in before:
            continue
        was = next((one for one in node.aliases if one in before and one not in after and one not in taken), None)
        if was is not None:
            taken.add(was)
            yield path, was


def _change(
    was: Node, node: Node, names: Mapping[str, str], anew: Mapping[str, Effect], knowledge: Knowledge
) -> Change | None:
    before = renamed(was.properties, names) if names else was.properties
    properties = [] if _only_referred_to(was, node) else list(_properties(before, node, anew, knowledge))
    identity = [
        OptionChange(name, getattr(was, name), getattr(node, name)) for name in IDENTITY if _is_other(name, was, node)
    ]
    options = [*identity, *(one for one in _options(was, node, names) if one not in identity)]
    if identity:
        effect = Effect.replace
        because = [f"{one.name}: {one.old or 'none'} -> {one.new or 'none'}" for one in identity]
    elif properties:
        effect = max((one.effect for one in properties), key=lambda one: one.rank)
        because = [f"{one.path}: {one.why}" if one.why else one.path for one in properties if one.effect is effect]
    elif was.path != node.path:
        effect, because = Effect.move, []
    elif options:
        effect, because = Effect.options, []
    else:
        return None
    return Change(
        path=node.path,
        type=node.type,
        effect=effect,
        was=was.path if was.path != node.path else None,
        properties=tuple(properties),
        options=tuple(options),
        because=tuple(dict.fromkeys(because)) if effect is not Effect.update else (),
        delete_first=node.delete_before_replace and effect in {Effect.replace, Effect.maybe_replace, Effect.unknown},
    )


def _is_other(name: str, was: Node, node: Node) -> bool:
    """Whether a node is another resource by one of its options; one that is taken over stays the one that it was."""
    old, new = getattr(was, name), getattr(node, name)
    if name == "existing":
        return bool(old != new and not (new is None and node.adopt == old))
    return bool(old != new and (name != "adopt" or (old and new)))


def _only_referred_to(was: Node, node: Node) -> bool:
    """Whether the stack does not manage it, before at least: what it is then is the cloud's matter."""
    return was.existing is not None and was.existing in (node.existing, node.adopt)


def _properties(
    before: Mapping[str, Value], node: Node, anew: Mapping[str, Effect], knowledge: Knowledge
) -> Iterator[PropertyChange]:
    told: set[str] = set()
    for one in differences(before, node.properties):
        told.add(one.path)
        if _left(node, one.path):
            why = "the plan leaves it to the cloud"
            yield PropertyChange(one.path, one.old, one.new, Effect.ignored, why, by_option=True)
            continue
        if _listed(node.replace_on_changes, one.path):
            why = "the plan makes it anew for that"
            yield PropertyChange(one.path, one.old, one.new, Effect.replace, why)
            continue
        judged = knowledge.judge(node.type, one.path, one.leaves)
        yield PropertyChange(one.path, one.old, one.new, judged.effect, judged.why)
    if not anew:
        return
    for at, form in walk(node.properties):
        other = form.get("$ref")
        if other not in anew or at in told or _left(node, at):
            continue
        told.add(at)
        judged = knowledge.judge(node.type, at, (at,))
        sure = anew[other] is Effect.replace
        if judged.effect is Effect.replace and not sure:
            judged = Judgement(Effect.maybe_replace)
        if sure or judged.effect.loses:
            yield PropertyChange(at, form, form, judged.effect, f"{other} {'is' if sure else 'may be'} replaced")


def _left(node: Node, path: str) -> bool:
    """Whether the cloud or a person changes it (`ignore_changes`), so that the engine keeps the old value."""
    return _listed(node.ignore_changes, path)


def _listed(names: Iterable[str], path: str) -> bool:
    """Whether a property, or what holds it, is one of some."""
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in names)


def _options(was: Node, node: Node, names: Mapping[str, str]) -> Iterator[OptionChange]:
    for name in OPTIONS:
        old, new = getattr(was, name), getattr(node, name)
        if name == "depends_on":
            old = tuple(names.get(one, one) for one in old)
        if old != new:
            yield OptionChange(name, old, new)


def _taken_along(
    pairs: Mapping[str, tuple[Node | None, Node]],
    found: Mapping[str, Change],
    lost: Mapping[str, Node],
    knowledge: Knowledge,
) -> Iterator[Change]:
    """What lies in something that is deleted and is not itself made anew: the engine says nothing of it, and it is gone."""
    holes: dict[tuple[str, str], str] = {}
    for path, change in found.items():
        if change.effect in {Effect.replace, Effect.remove}:
            name = knowledge.members(lost[path].type)
            if name and isinstance(lost[path].properties.get(name), str):
                holes[name, lost[path].properties[name]] = (
                    f"{path} is {'replaced' if change.effect is Effect.replace else 'removed'}, and what lies in it goes with it"
                )
    if not holes:
        return
    for path, (was, node) in pairs.items():
        change = found.get(path, Change(path, node.type, Effect.update))
        if was is None or change.effect is Effect.replace:
            continue
        for (name, value), why in holes.items():
            if was.properties.get(name) == value:
                yield Change(
                    path, node.type, Effect.wipe, change.was, properties=change.properties, options=change.options, because=(f"{name}: {why}",),
                )  # fmt: skip
                break
