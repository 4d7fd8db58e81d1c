"""A plan as text that a person can review and compare line by line: what is made, what a person does, what is not met.

Spaces of one shape (the same nodes, types and property names) are said once, the others by name; what else is alike is
told by what differs (see `telling`). The digests are left out, since they change with every comment; equal plans give equal text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ChosenFlavour, ManualStep, Plan, VerdictRow
from hdh_infra.graph.telling import Shape, Teller, shape_of
from hdh_infra.graph.words import inline, short
from hdh_infra.model.base import write_size
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Verdict

_SPACE = re.compile(r"\bspace/[^/\s,;]+")
_VALUE = 160
_FEW = 3
"""Elements or steps of different spaces that are listed one by one."""


def text_of(plan: Plan) -> str:
    """The whole plan; ends with a line break."""
    teller = Teller(plan)
    nodes = [list(_shared(plan, teller)), *_spaces(plan, teller)]
    parts = [_head(plan), *nodes, _by_hand(plan.manual), _not_met(plan.verdicts)]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    yield f"{plan.platform} on {plan.target}: {'deployable' if plan.deployable else 'not deployable'}"
    for key, provider in sorted(plan.providers.items()):
        config = f" {inline(dict(provider.config))}" if provider.config else ""
        yield f"provider {key}: {provider.package} {provider.version}{config}"
    yield f"{len(plan.nodes)} native resources"
    for token, count in sorted(Counter(node.type for node in plan.nodes).items()):
        yield f"{count:7} {token}{' (unverified: no contract)' if token in plan.unverified else ''}"
    yield from (f"{one.count:7} x {_size(one)}" for one in plan.flavours)
    yield from plan.added_words()
    yield from (f"overridden: {line}" for line in plan.overridden)
    yield from (f"due: {line}" for line in plan.due)


def _size(flavour: ChosenFlavour) -> str:
    """A size of machine and its price."""
    gpus = f", {flavour.gpus} GPU" if flavour.gpus else ""
    price = "price unknown" if flavour.price_eur_hour is None else f"{flavour.price_eur_hour:.4f} EUR/h each"
    return f"machine {flavour.name} ({flavour.vcpus} vCPU, {write_size(flavour.memory)}{gpus}): {price}"


def _shared(plan: Plan, teller: Teller) -> Iterator[str]:
    """What belongs to no space."""
    yield "== shared"
    yield "(`as PATH`: like that one, but for the lines that follow and for names that follow from its own)"
    yield from teller.nodes(node for node in plan.nodes if _space(node) is None)


def _spaces(plan: Plan, teller: Teller) -> Iterator[list[str]]:
    """The spaces, each shape once."""
    nodes: dict[str, list[Node]] = {}
    for node in plan.nodes:
        space = _space(node)
        if space is not None:
            nodes.setdefault(space, []).append(node)
    shapes: dict[Shape, list[str]] = {}
    for space in sorted(nodes):
        shapes.setdefault(shape_of(space, nodes[space]), []).append(space)
    for first, *others in shapes.values():
        names = ", ".join(one.removeprefix("space/") for one in others)
        more = [f"and {len(others)} more of this shape: {names}"] if others else []
        yield [f"== {first}", *more, *teller.space(first, nodes[first])]


def _space(node: Node) -> str | None:
    network = network_path(node.path)
    return network if network and network.startswith("space/") else None


def _by_hand(steps: Iterable[ManualStep]) -> Iterator[str]:
    """The steps in their order; those of one way stand together, and those that differ by the space once."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    before: dict[tuple[str, str, str], list[str]] = {}
    for step in steps:
        way = (step.who, step.command, step.proof)
        alike.setdefault(way, []).append(step.what)
        before.setdefault(way, []).extend(step.before)
    if alike:
        yield "== by hand, in this order"
    for number, ((who, command, proof), whats) in enumerate(alike.items(), 1):
        for index, what in enumerate(_once(whats)):
            yield f"{f'{number}.' if index == 0 else '':<4}{what}"
        yield from (
            f"    {name}: {' '.join(text.split())}" for name, text in (("who", who), ("how", command), ("proof", proof))
        )
        if stops := before[who, command, proof]:
            yield f"    before: {', '.join(_once(stops))}, and what refers to them"


def _not_met(rows: Sequence[VerdictRow]) -> Iterator[str]:
    """Every verdict that is not met; those of one reason together, and in them those that ask and are given the same."""
    alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for row in rows:
        if row.verdict is not Verdict.met:
            alike.setdefault(tuple(_verdict(row)), {}).setdefault(_values(row), []).append(row.element)
    if alike:
        yield f"== verdicts that are not met: {sum(row.verdict is not Verdict.met for row in rows)} of {len(rows)}"
    for (head, *lines), values in alike.items():
        yield head
        yield from (f"  {words} for {', '.join(_once(elements))}" for words, elements in values.items())
        yield from (f"  {line}" for line in lines)


def _values(row: VerdictRow) -> str:
    """Asked and given, with no name of a space in them; of a flow they are its own ends, which the reason tells."""
    if row.requirement.startswith("flow."):
        return "as it is"
    return f"asked {_without_spaces(short(row.asked, _VALUE))}, given {_without_spaces(short(row.given, _VALUE))}"


def _verdict(row: VerdictRow) -> Iterator[str]:
    """The lines of a verdict but its element and values, with no name of a space in them."""
    state = ", blocks" if row.blocks else ", waived" if row.waiver else ""
    yield f"{row.requirement}: {row.verdict}{state}"
    # A flow's reason names each source: those that differ by the space are one.
    yield "; ".join(dict.fromkeys(_without_spaces(row.reason).split("; ")))
    for name, text in (("means", row.means), ("remedy", row.remedy)):
        if text:
            yield f"{name}: {_without_spaces(text)}"
    yield f"source: {row.source} ({row.as_of}, {row.confidence})"
    if row.waiver:
        yield f"waiver: {inline(dict(row.waiver))}"


def _without_spaces(text: str) -> str:
    return _SPACE.sub("space/*", text)


def _once(lines: Iterable[str]) -> Iterator[str]:
    """The lines, where more than a few differ by the space only, the first of them and how many more there are."""
    alike: dict[str, list[str]] = {}
    for line in lines:
        alike.setdefault(_without_spaces(line), []).append(line)
    for same in alike.values():
        if len(same) <= _FEW:
            yield from same
        else:
            yield f"{same[0]} and {len(same) - 1} more spaces"
