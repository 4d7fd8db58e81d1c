"""A plan as text that a person can review and compare line by line: what is made, what a person does, what is not met.

Spaces of one shape (the same nodes, types and property names) are said once: the first by name in full, the others
by name. The digests are left out, since they change with every comment; equal plans give equal text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep, Plan, VerdictRow
from hdh_infra.graph.words import inline, property_lines
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Verdict

_SPACE = re.compile(r"\bspace/[^/\s,;]+")
_FEW = 3
"""Elements or steps of different spaces that are listed one by one."""


def text_of(plan: Plan) -> str:
    """The whole plan; ends with a line break."""
    parts = [_head(plan), _shared(plan), *_spaces(plan), _by_hand(plan.manual), _not_met(plan.verdicts)]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    yield f"{plan.platform} on {plan.target}: {'deployable' if plan.deployable else 'not deployable'}"
    for key, provider in sorted(plan.providers.items()):
        config = f" {inline(dict(provider.config))}" if provider.config else ""
        yield f"provider {key}: {provider.package} {provider.version}{config}"
    yield f"{len(plan.nodes)} native resources"
    for token, count in sorted(Counter(node.type for node in plan.nodes).items()):
        yield f"{count:7} {token}"
    yield from (f"overridden: {line}" for line in plan.overridden)


def _shared(plan: Plan) -> Iterator[str]:
    """What belongs to no space."""
    yield "== shared"
    yield from _nodes((node for node in plan.nodes if _space(node) is None), plan)


def _spaces(plan: Plan) -> Iterator[Iterator[str]]:
    """The spaces, each shape once."""
    nodes: dict[str, list[Node]] = {}
    for node in plan.nodes:
        space = _space(node)
        if space is not None:
            nodes.setdefault(space, []).append(node)
    shapes: dict[tuple[Any, ...], list[str]] = {}
    for space in sorted(nodes):
        shapes.setdefault(_shape(space, nodes[space]), []).append(space)
    for alike in shapes.values():
        yield _of_one_shape(alike, nodes[alike[0]], plan)


def _of_one_shape(spaces: Sequence[str], nodes: Sequence[Node], plan: Plan) -> Iterator[str]:
    first, *others = spaces
    yield f"== {first}"
    if others:
        yield f"and {len(others)} more of this shape: {', '.join(one.removeprefix('space/') for one in others)}"
    yield from _nodes(nodes, plan)


def _space(node: Node) -> str | None:
    network = network_path(node.path)
    return network if network and network.startswith("space/") else None


def _shape(space: str, nodes: Iterable[Node]) -> tuple[Any, ...]:
    """What spaces have in common that differ in names and values only; edges carry the name of their own space."""
    dotted = space.replace("/", ".")
    return tuple(
        sorted(
            (node.path.removeprefix(space).replace(dotted, "space.*"), node.type, tuple(sorted(node.properties)))
            for node in nodes
        )
    )


def _nodes(nodes: Iterable[Node], plan: Plan) -> Iterator[str]:
    packages = Counter(provider.package for provider in plan.providers.values())
    for node in sorted(nodes, key=lambda node: node.path):
        provider = plan.providers.get(node.provider)
        alone = (
            provider is not None and packages[provider.package] == 1 and node.type.startswith(f"{provider.package}:")
        )
        marks = [
            "* holds data" if node.protect else "",
            f"existing {node.existing}" if node.existing else "",
            "delete first" if node.delete_before_replace else "",
            "" if alone else f"by {node.provider}",
        ]
        yield "  ".join([node.path, node.type, *filter(None, marks)])
        for name, value in node.properties.items():
            yield from (f"  {line}" for line in property_lines(name, value))
        for name, listed in _lists(node).items():
            if listed:
                yield f"  ({name}: {', '.join(listed)})"


def _lists(node: Node) -> Mapping[str, Sequence[str]]:
    """Options that are not the default, beside those that are marks."""
    return {
        "after": node.depends_on,
        "outputs": node.outputs,
        "secret outputs": node.secret_outputs,
        "left to the cloud": node.ignore_changes,
        "timeouts": [f"{name} {limit}" for name, limit in node.timeouts.items()],
        "was": node.aliases,
    }


def _by_hand(steps: Iterable[ManualStep]) -> Iterator[str]:
    """The steps in their order; those of one way stand together, and those that differ by the space once."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for step in steps:
        alike.setdefault((step.who, step.command, step.proof), []).append(step.what)
    if alike:
        yield "== by hand, in this order"
    for number, ((who, command, proof), whats) in enumerate(alike.items(), 1):
        for index, what in enumerate(_once(whats)):
            yield f"{f'{number}.' if index == 0 else '':<4}{what}"
        yield from (
            f"    {name}: {' '.join(text.split())}" for name, text in (("who", who), ("how", command), ("proof", proof))
        )


def _not_met(rows: Sequence[VerdictRow]) -> Iterator[str]:
    """Every verdict that is not met, those that say the same together."""
    alike: dict[tuple[str, ...], list[VerdictRow]] = {}
    for row in rows:
        if row.verdict is not Verdict.met:
            alike.setdefault(tuple(_verdict(row)), []).append(row)
    if alike:
        yield f"== verdicts that are not met: {sum(map(len, alike.values()))} of {len(rows)}"
    for (head, *lines), same in alike.items():
        yield head
        yield f"  for {', '.join(_once(row.element for row in same))}"
        yield from (f"  {line}" for line in lines)


def _verdict(row: VerdictRow) -> Iterator[str]:
    """The lines of a verdict but its element, with no name of a space in them."""
    state = ", blocks" if row.blocks else ", waived" if row.waiver else ""
    yield f"{row.requirement}: {row.verdict}{state}"
    if not row.requirement.startswith("flow."):
        yield f"asked {inline(row.asked)}, given {inline(row.given)}"
    # A flow's reason names each source: those that differ by the space are one.
    yield "; ".join(dict.fromkeys(_SPACE.sub("space/*", row.reason).split("; ")))
    for name, text in (("means", row.means), ("remedy", row.remedy)):
        if text:
            yield f"{name}: {_SPACE.sub('space/*', text)}"
    yield f"source: {row.source} ({row.as_of}, {row.confidence})"
    if row.waiver:
        yield f"waiver: {inline(dict(row.waiver))}"


def _once(lines: Iterable[str]) -> Iterator[str]:
    """The lines, where more than a few differ by the space only, the first of them and how many more there are."""
    alike: dict[str, list[str]] = {}
    for line in lines:
        alike.setdefault(_SPACE.sub("space/*", line), []).append(line)
    for same in alike.values():
        if len(same) <= _FEW:
            yield from same
        else:
            yield f"{same[0]} and {len(same) - 1} more spaces"
