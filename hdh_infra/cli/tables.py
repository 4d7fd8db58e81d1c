"""Tables of plans, results and observations, for people: from 80 columns on, nothing cut off."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hdh_infra.model.base import write_size
from hdh_infra.model.wording import listed, value_words

_NAMES = 48
"""Columns that names get at most, so that their types stay near."""
_ATTRIBUTES = 14
_PARTS = 12
"""Parts that are named before they are only counted."""
_UNVERIFIED = " (unverified)"
_SAID_AGAIN = re.compile(r"/[^:/]+:")

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.deploy.operations import Result
    from hdh_infra.deploy.request import OpenStep
    from hdh_infra.graph.node import Node
    from hdh_infra.graph.observation import Observation, ObservedFlow
    from hdh_infra.graph.plan import ChosenFlavour, ManualStep, Plan, VerdictRow


def print_plan(plan: Plan, console: Console) -> None:
    """The native resources of a plan by element, what stands in its way, and what is done by hand."""
    _heading(f"{plan.platform} on {plan.target}: {len(plan.nodes)} native resources", console)
    _nodes(plan.nodes, console, frozenset(plan.unverified))
    console.print()
    if plan.flavours:
        _flavours(plan.flavours, console)
        console.print()
    blocking = [row for row in plan.verdicts if row.blocks and not row.ended]
    ended = [row for row in plan.verdicts if row.ended]
    waived = sum(1 for row in plan.verdicts if row.waiver and not row.blocks)
    refused = next((row for row in blocking if row.requirement == "offer.deployable"), None)
    if plan.deployable:
        console.print("deployable", style="bold green")
    elif refused is not None:
        console.print(Text.assemble(("refused: ", "bold red"), refused.reason))
        if refused.remedy:
            console.print(Text(refused.remedy))
        console.print(Text(f"{refused.source} ({refused.as_of}, {refused.confidence})", style="dim"))
    elif blocking:
        verb = "requirement is" if len(blocking) == 1 else "requirements are"
        console.print(f"not deployable: {len(blocking)} {verb} not met or unknown, and not waived", style="bold red")
        _blocking(blocking, console)
        console.print("`hdh assess` says why, and what to do.", soft_wrap=True)
    if ended:
        verb = "waiver has" if len(ended) == 1 else "waivers have"
        console.print(
            f"not deployable anew: of {len(ended)} requirements the {verb} ended; `up` refuses changes to these elements only",
            style="bold red",
        )
        _blocking(ended, console)
    for line in plan.remarks:
        console.print(Text(line, style="bold yellow"))
    for line in plan.added_words():
        console.print(Text(line), soft_wrap=True)
    for line in plan.unverified_words():
        console.print(Text(line, style="bold yellow"))
    for line in plan.due:
        console.print(Text.assemble(("due: ", "bold yellow"), line))
    if plan.raised:
        clauses = listed(dict.fromkeys(f"{one['framework']} {one['clause']}" for one in plan.raised))
        console.print(f"{len(plan.raised)} floors are raised by {clauses}; `hdh assess` shows which.", soft_wrap=True)
    if waived:
        verb = "verdict is" if waived == 1 else "verdicts are"
        console.print(f"{waived} {verb} waived; `hdh assess` shows the reasons.", soft_wrap=True)
    if plan.manual:
        _by_hand(plan.manual, console)


def _nodes(nodes: Iterable[Node], console: Console, unverified: Collection[str]) -> None:
    """A line a node, `*` where it holds data, `unverified` where its type has no contract; a name too long for its column has its type on the next line."""
    rows = [
        (
            node.element,
            node.path.removeprefix(f"{node.element}/"),
            _type(node.type) + (_UNVERIFIED if node.type in unverified else ""),
            node.protect,
        )
        for node in nodes
    ]
    widest = max((len(type_) for _, _, type_, _ in rows), default=0)
    column = min(max((len(name) for _, name, _, _ in rows), default=0) + 4, max(20, console.width - widest - 1), _NAMES)
    before = ""
    for element, name, type_, protect in sorted(rows):
        if element != before:
            console.print(Text(element, style="bold cyan"))
            before = element
        line = Text.assemble(("* " if protect else "  ", "bold"), name)
        if len(name) + 4 > column:
            console.print(line)
            line = Text()
        line.pad_right(column - len(line))
        line.append(type_, style="dim")
        console.print(line)
    if any(protect for *_, protect in rows):
        console.print("* holds data", style="dim")


def _flavours(flavours: Iterable[ChosenFlavour], console: Console) -> None:
    """The sizes of the machines and what they cost by the hour; what has no known price is left out of the sum, and said."""
    table = _table("machines", "flavour", "vCPU", "memory", "GPU", "EUR/h each", "EUR/h", "as of")
    total, without = 0.0, 0
    for one in flavours:
        sum_ = one.total_eur_hour
        each, all_ = ("unknown", "unknown") if sum_ is None else (f"{one.price_eur_hour:.4f}", f"{sum_:.2f}")
        gpus = str(one.gpus) if one.gpus else ""
        as_of = "" if sum_ is None else one.as_of
        table.add_row(str(one.count), one.name, str(one.vcpus), write_size(one.memory), gpus, each, all_, as_of)
        total, without = (total, without + one.count) if sum_ is None else (total + sum_, without)
    for column in (0, 2, 3, 4, 5, 6):
        table.columns[column].justify = "right"
    console.print(table)
    if total:
        console.print(f"machines: {total:.2f} EUR/h, list price without VAT, nothing else in it")
    if total and without:
        console.print(f"{without} of them are not in the sum: their price is unknown", style="bold yellow")


def _type(token: str) -> str:
    """`openstack:compute/instance:Instance` as `openstack:compute:Instance`: the middle says the end again."""
    return _SAID_AGAIN.sub(":", token)


def _blocking(rows: Iterable[VerdictRow], console: Console) -> None:
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        # What a flow asks is its own ends: told by `assess`, and too long for one line.
        exact = row.requirement.startswith("flow.")
        asked, given = ("", "") if exact else (value_words(row.measure, row.asked), value_words(row.measure, row.given))
        alike.setdefault((str(row.verdict).replace("-", " "), row.requirement, asked, given), []).append(row.element)
    for (verdict, requirement, asked, given), elements in alike.items():
        values = f": asked {asked}, given {given}" if asked or given else ""
        console.print(Text.assemble("  ", (verdict, "bold"), " ", (requirement, "bold"), values))
        console.print(Padding(Text(f"for {listed(elements)}"), (0, 0, 0, 4)))


def _by_hand(steps: Sequence[ManualStep], console: Console) -> None:
    """The steps in their order; those that one person does in one way stand together."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for step in steps:
        alike.setdefault((step.who, step.command, step.proof), []).append(step.what)
    console.print()
    console.print("By hand, in this order", style="bold")
    for number, ((who, command, proof), whats) in enumerate(alike.items(), 1):
        _step(number, whats, {"who": who, "how": command, "proof": proof}, console)
    stops = [step for step in steps if step.gates]
    for step in stops:
        console.print(Text.assemble(("`up` stops ", "bold yellow"), f"before {listed(step.before)} until: {step.what}"))


def _step(number: int, whats: Iterable[str], rows: Mapping[str, str], console: Console) -> None:
    for index, what in enumerate(whats):
        mark = f"{number}. " if index == 0 else "   "
        console.print(Text.assemble((mark, "bold"), what))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", min_width=5)
    grid.add_column(overflow="fold")
    for name, text in rows.items():
        grid.add_row(name, Text(text))
    console.print(Padding(grid, (0, 0, 0, 3)))


def _open(heading: str, steps: Sequence[OpenStep], console: Console) -> None:
    """Steps of a deployment that are not proved, with what was found instead and what waits."""
    if not steps:
        return
    console.print()
    console.print(heading, style="bold yellow")
    for number, one in enumerate(steps, 1):
        rows = {"who": one.step.who, "how": one.step.command, "proof": one.step.proof, "found": one.why}
        if one.waiting:
            rows["waits"] = (
                f"{len(one.waiting)} native resource{'' if len(one.waiting) == 1 else 's'}: {listed(one.waiting)}"
            )
        _step(number, [one.step.what], rows, console)


def print_result(result: Result, console: Console) -> None:
    """What an operation of the engine changed."""
    changes = ", ".join(f"{count} {name}" for name, count in result.changes.items() if count) or "nothing"
    _heading(f"{result.operation} {result.target} (stack {result.stack}): {changes} in {result.seconds:.1f} s", console)
    if result.parts:
        touched = [one.part for one in result.parts if any(n for name, n in one.changes.items() if name != "same")]
        words = f", changes in {listed(touched, _PARTS)}" if touched else ""
        console.print(f"{len(result.parts)} stacks{words}", style="dim", markup=False)
    if result.steps:
        table = _table("change", "native resource", "type")
        for step in result.steps:
            table.add_row(step.operation, step.path, _type(step.type))
        console.print(table)
    for line in result.remarks:
        console.print(line, markup=False)
    word = "would stop" if result.operation == "preview" else "stopped"
    _open(f"{result.operation} {word} here: do this and run it again; the rest is made", result.stopped, console)
    _open("Not done yet by hand; nothing waits for it", result.open, console)


def print_observation(observed: Observation, console: Console) -> None:
    """Every element with the values reached, and who can reach whom."""
    _heading(f"{observed.target}, as the {observed.source} has it", console)
    for path, attributes in sorted(observed.elements.items()):
        console.print(Text(path, style="bold cyan"))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim", min_width=_ATTRIBUTES)
        grid.add_column(overflow="fold")
        for name, value in sorted(attributes.items()):
            if name not in {"native", "kind"}:
                grid.add_row(name, Text(_value(name, value)))
        console.print(Padding(grid, (0, 0, 0, 2)))
    _flows("who can reach whom", observed.flows, console)
    _flows("out of the platform", observed.egress, console)
    _flows("into the platform", observed.entry, console)
    for line in observed.remarks:
        console.print(line, markup=False)


def _value(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value)) or "nothing"
    return value_words(name, value)


def _flows(title: str, flows: Sequence[ObservedFlow], console: Console) -> None:
    if not flows:
        return
    console.print()
    _heading(title, console)
    table = _table("from", "to", "by", "also reaches")
    for flow in flows:
        ports = ", ".join(map(str, flow.ports))
        table.add_row(flow.source, flow.to, f"{flow.protocol} {ports}", ", ".join(flow.also_reaches))
    console.print(table)


def _heading(text: str, console: Console) -> None:
    console.print(text, style="bold", markup=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
