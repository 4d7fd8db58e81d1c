"""Telling native resources line by line, what is alike once.

What has the shape of something that was told before (the same types and property names) is told by what differs from
it, but for names that follow from its own: an element by its native resources, and a native resource by its
properties. Of a space, what has the shape of a space that was told before is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, final

from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.values import Value
from hdh_infra.graph.words import inline, leaf_lines, property_lines
from hdh_infra.model.paths import PLATFORM, network_path

Shape: TypeAlias = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Path from the owner on, type and property names of each node."""
_MANY = 8
"""Texts of a list from which on those that differ by the space are told once."""
_FEW = 3
_NAME = re.compile(r"([nN]ame|bucket)$")
_MADE = re.compile(r"[0-9a-f]{8}$")
"""The end of a native name that is made of the path and that nobody can read it in."""


@final
@dataclass(frozen=True, slots=True)
class _Told:
    """A node as it was told: its leaves, and the same without the names of its own element."""

    leaves: tuple[str, ...]
    plain: tuple[str, ...]

    def against(self, other: _Told) -> list[str]:
        """The leaves that another one has not, and a line for what it has more."""
        known = set(other.plain)
        lines = [leaf for leaf, plain in zip(self.leaves, self.plain, strict=True) if plain not in known]
        heads = {_head(leaf) for leaf in self.plain}
        missing = [head for head in map(_head, other.plain) if not any(one.startswith(head) for one in heads)]
        if missing:
            more = f" and {len(missing) - _FEW} more" if len(missing) > _FEW else ""
            lines.append(f"no {', '.join(missing[:_FEW])}{more}")
        return lines


@final
class Teller:
    """Tells the nodes of one plan, and remembers what it told."""

    def __init__(self, plan: Plan) -> None:
        packages = Counter(provider.package for provider in plan.providers.values())
        self._alone = {key: one.package for key, one in plan.providers.items() if packages[one.package] == 1}
        self._own = _names_of_spaces(plan)
        self._spaces: dict[str, Shape] = {}
        self._elements: dict[Shape, tuple[str, list[_Told]]] = {}
        self._nodes: dict[tuple[str, tuple[str, ...]], tuple[str, _Told]] = {}

    def nodes(self, nodes: Iterable[Node]) -> Iterator[str]:
        """Nodes by element and path."""
        ordered = sorted(nodes, key=lambda node: (node.element, node.path))
        for element, group in groupby(ordered, key=lambda node: node.element):
            yield from self._element(element, list(group))

    def space(self, space: str, nodes: Sequence[Node]) -> Iterator[str]:
        """The nodes of a space; against the nearest that was told, where half of it is alike."""
        shape = shape_of(space, nodes)
        near = max(self._spaces, key=lambda one: len({*self._spaces[one]} & {*shape}), default=None)
        known = set(self._spaces[near]) if near else set()
        self._spaces[space] = shape
        if near is None or 2 * len(known & {*shape}) < len(shape):
            yield from self.nodes(nodes)
            return
        mine = {path for path, _, _ in shape}
        without = [path for path, _, _ in sorted(known) if path not in mine]
        yield f"as {near}, but for what follows" + (f"; without {', '.join(without)}" if without else "")
        yield from self.nodes(node for node in nodes if shape_of(space, [node])[0] not in known)

    def _element(self, element: str, nodes: Sequence[Node]) -> Iterator[str]:
        plainly = _without_names(element, nodes)
        told = [self._told(node, plainly) for node in nodes]
        if element not in {PLATFORM, network_path(element)}:
            name, others = self._elements.setdefault(shape_of(element, nodes), (element, told))
            if name != element:
                data = "  * holds data" if any(node.protect for node in nodes) else ""
                yield f"{element}  as {name}{data}"
                for node, one, other in zip(nodes, told, others, strict=True):
                    inner = node.path.removeprefix(f"{element}/")
                    yield from (f"  {inner}: {line}" for line in one.against(other))
                return
        for node, one in zip(nodes, told, strict=True):
            yield from self._node(node, one)

    def _node(self, node: Node, told: _Told) -> Iterator[str]:
        path, other = self._nodes.setdefault((node.type, tuple(sorted(node.properties))), (node.path, told))
        differing = told.against(other)
        if path != node.path and 2 * len(differing) <= len(told.leaves):
            yield "  ".join([node.path, f"as {path}", *self._marks(node)])
            yield from (f"  {line}" for line in differing)
            return
        yield "  ".join([node.path, node.type, *self._marks(node)])
        for name, value in node.properties.items():
            yield from (f"  {line}" for line in property_lines(name, self._once(value)))
        yield from (f"  {line}" for line in _lists(node))

    def _told(self, node: Node, plainly: Callable[[str], str]) -> _Told:
        leaves = [line for name, value in node.properties.items() for line in leaf_lines(name, self._once(value))]
        leaves += _lists(node)
        return _Told(tuple(leaves), tuple(map(plainly, leaves)))

    def _marks(self, node: Node) -> list[str]:
        marks = [
            "* holds data" if node.protect else "",
            f"existing {inline(node.existing)}" if node.existing else "",
            f"takes over {node.adopt}" if node.adopt else "",
            "delete first" if node.delete_before_replace else "",
            "" if node.type.split(":", 1)[0] == self._alone.get(node.provider) else f"by {node.provider}",
        ]
        return [mark for mark in marks if mark]

    def _once(self, value: Value) -> Value:
        """A value in which texts of a long list that differ by a space's name only are one, with how many more there are."""
        if isinstance(value, Mapping):
            return {key: self._once(item) for key, item in value.items()}
        if not isinstance(value, list) or len(value) <= _MANY or not all(isinstance(one, str) for one in value):
            return [self._once(one) for one in value] if isinstance(value, list) else value
        alike: dict[str, list[str]] = {}
        for one in value:
            alike.setdefault(self._own.sub("*", one), []).append(one)
        return [
            line
            for same in alike.values()
            for line in (same if len(same) <= _FEW else [f"{same[0]} and {len(same) - 1} more of spaces"])
        ]


def shape_of(owner: str, nodes: Iterable[Node]) -> Shape:
    """What owners have in common that differ in names and values only; edges carry the name of their own owner."""
    dotted = owner.replace("/", ".")
    return tuple(
        sorted(
            (node.path.removeprefix(f"{owner}/").replace(dotted, "*"), node.type, tuple(sorted(node.properties)))
            for node in nodes
        )
    )


def _head(line: str) -> str:
    return line.partition(": ")[0]


def _lists(node: Node) -> list[str]:
    """A line for each option that is not the default, beside those that are marks."""
    options: Mapping[str, Sequence[str]] = {
        "after": node.depends_on,
        "outputs": node.outputs,
        "secret outputs": node.secret_outputs,
        "left to the cloud": node.ignore_changes,
        "anew with": node.replace_on_changes,
        "timeouts": [f"{name} {limit}" for name, limit in node.timeouts.items()],
        "was": node.aliases,
    }
    return [f"({name}: {', '.join(listed)})" for name, listed in options.items() if listed]


def _names_of_spaces(plan: Plan) -> re.Pattern[str]:
    """What differs in native names of spaces: the space's own name, and the eight digits that keep short names apart."""
    spaces = {network_path(node.path) or "" for node in plan.nodes if node.path.startswith("space/")}
    names = sorted((one.removeprefix("space/") for one in spaces), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join([*map(re.escape, names), '[0-9a-f]{8}'])})(?![a-z0-9])")


def _without_names(element: str, nodes: Iterable[Node]) -> Callable[[str], str]:
    """A line without what follows from the element's own name: its paths, and the native names of its resources."""
    network = network_path(element) or element
    swaps = {
        one.replace("/", by): mark for one, mark in ((element, "<element>"), (network, "<network>")) for by in "/."
    }
    parts = element.split("/")
    if parts[0] != "key":
        kept = [part for at, part in enumerate(parts) if at != 2]  # noqa: PLR2004 - zone, NAME, store, NAME
        swaps |= {"-".join(one): "<name>" for one in (parts, kept, kept[1:]) if len(one) > 1}
    names = {parts[-1]: "<name>"}
    made: Counter[str] = Counter()
    for node in nodes:
        for name, value in node.properties.items():
            if isinstance(value, str) and value not in names and _MADE.search(value) and _NAME.search(name):
                # Numbered, so that what bears the name of something else does not pass for its own.
                made[name] += 1
                names[value] = f"<{name} {made[name]}>"
    swaps |= {value: mark for value, mark in names.items() if _MADE.search(value)}

    def plainly(line: str) -> str:
        for own, mark in swaps.items():
            line = line.replace(own, mark)
        head, joint, value = line.partition(": ")
        return f"{head}{joint}{names.get(value, value)}"

    return plainly
