"""Tables of plans, results and observations, for people: from 80 columns on, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hdh_infra.compare.words import listed, value_words

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.deploy.operations import Result
    from hdh_infra.graph.observation import Observation, ObservedFlow
    from hdh_infra.graph.plan import ManualStep, Plan, VerdictRow


def print_plan(plan: Plan, console: Console) -> None:
    """The native resources of a plan by element, what stands in its way, and what is done by hand."""
    _heading(f"{plan.platform} on {plan.target}: {len(plan.nodes)} native resources", console)
    table = _table("native resource", "type", "")
    before = ""
    for node in sorted(plan.nodes, key=lambda node: (node.element, node.path)):
        if node.element != before:
            table.add_row(Text(node.element, style="bold cyan"))
            before = node.element
        name = node.path.removeprefix(f"{node.element}/")
        table.add_row(Text(f"  {name}"), node.type, "holds data" if node.protect else "")
    console.print(table)
    console.print()
    blocking = [row for row in plan.verdicts if row.blocks]
    waived = sum(1 for row in plan.verdicts if row.waiver and not row.blocks)
    if plan.deployable:
        console.print("deployable", style="bold green")
    else:
        verb = "requirement is" if len(blocking) == 1 else "requirements are"
        console.print(f"not deployable: {len(blocking)} {verb} not met or unknown, and not waived", style="bold red")
        _blocking(blocking, console)
        console.print("`hdh assess` says why, and what to do.", soft_wrap=True)
    if waived:
        verb = "verdict is" if waived == 1 else "verdicts are"
        console.print(f"{waived} {verb} waived; `hdh assess` shows the reasons.", soft_wrap=True)
    if plan.manual:
        _by_hand(plan.manual, console)


def _blocking(rows: Iterable[VerdictRow], console: Console) -> None:
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        # What a flow asks is its own ends: told by `assess`, and too long for one line.
        exact = row.requirement.startswith("flow.")
        asked, given = (
            ("", "") if exact else (value_words(row.attribute, row.asked), value_words(row.attribute, row.given))
        )
        alike.setdefault((str(row.verdict).replace("-", " "), row.requirement, asked, given), []).append(row.element)
    for (verdict, requirement, asked, given), elements in alike.items():
        values = f": asked {asked}, given {given}" if asked or given else ""
        console.print(Text.assemble("  ", (verdict, "bold"), " ", (requirement, "bold"), values))
        console.print(Padding(Text(f"for {listed(elements)}"), (0, 0, 0, 4)))


def _by_hand(steps: Iterable[ManualStep], console: Console) -> None:
    """The steps in their order; those that one person does in one way stand together."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for step in steps:
        alike.setdefault((step.who, step.command, step.proof), []).append(step.what)
    console.print()
    console.print("By hand, in this order", style="bold")
    for number, ((who, command, proof), whats) in enumerate(alike.items(), 1):
        for index, what in enumerate(whats):
            mark = f"{number}. " if index == 0 else "   "
            console.print(Text.assemble((mark, "bold"), what))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim", min_width=5)
        grid.add_column(overflow="fold")
        for name, text in (("who", who), ("how", command), ("proof", proof)):
            grid.add_row(name, Text(text))
        console.print(Padding(grid, (0, 0, 0, 3)))


def print_result(result: Result, console: Console) -> None:
    """What an operation of the engine changed."""
    changes = ", ".join(f"{count} {name}" for name, count in result.changes.items() if count) or "nothing"
    _heading(f"{result.operation} {result.target} (stack {result.stack}): {changes} in {result.seconds:.1f} s", console)
    if result.steps:
        table = _table("change", "native resource", "type")
        for step in result.steps:
            table.add_row(step.operation, step.path, step.type)
        console.print(table)
    for line in result.remarks:
        console.print(line, markup=False)


def print_observation(observed: Observation, console: Console) -> None:
    """Every element with the values reached, and who can reach whom."""
    _heading(f"{observed.target}, as the {observed.source} has it", console)
    table = _table("element", "attribute", "value")
    for path, attributes in sorted(observed.elements.items()):
        shown = sorted((name, value) for name, value in attributes.items() if name not in {"native", "kind"})
        for index, (name, value) in enumerate(shown):
            table.add_row(Text(path if index == 0 else "", style="bold cyan"), name, Text(_value(name, value)))
    console.print(table)
    _flows("who can reach whom", observed.flows, console)
    _flows("out of the platform", observed.egress, console)
    _flows("into the platform", observed.entry, console)
    for line in observed.remarks:
        console.print(line, markup=False)


def _value(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value)) or "nothing"
    return value_words(name, value)


def _flows(title: str, flows: tuple[ObservedFlow, ...], console: Console) -> None:
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
