"""Tables of plans, results and observations, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.deploy.operations import Result
    from hdh_infra.graph.observation import Observation, ObservedFlow
    from hdh_infra.graph.plan import Plan


def print_plan(plan: Plan, console: Console) -> None:
    """The native resources of a plan by element, and what stands in its way."""
    table = Table(
        "element",
        "native resource",
        "type",
        "holds data",
        title=f"{plan.platform} on {plan.target}: {len(plan.nodes)} native resources",
        title_justify="left",
    )
    before = ""
    for node in sorted(plan.nodes, key=lambda node: (node.element, node.path)):
        table.add_row(
            node.element if node.element != before else "",
            node.path.removeprefix(f"{node.element}/"),
            node.type,
            "yes" if node.protect else "",
        )
        before = node.element
    console.print(table)
    blocking = [row for row in plan.verdicts if row.blocks]
    waived = [row for row in plan.verdicts if row.waiver]
    console.print(
        "deployable"
        if plan.deployable
        else f"not deployable: {len(blocking)} verdicts are not met or unknown and not waived",
        style="bold",
    )
    for row in blocking:
        console.print(
            f"  {row.element} {row.requirement}: asked {row.asked}, given {row.given}: {row.verdict}. {row.reason} ({row.source}, {row.as_of})",
            markup=False,
        )
    if waived:
        console.print(f"{len(waived)} verdicts are waived; `hdh assess` shows them with their reasons")
    for step in plan.manual:
        console.print(f"by hand: {step.what} ({step.who}): {step.command}; proof: {step.proof}", markup=False)


def print_result(result: Result, console: Console) -> None:
    """What an operation of the engine changed."""
    changes = ", ".join(f"{count} {name}" for name, count in result.changes.items() if count) or "nothing"
    console.print(
        f"{result.operation} {result.target} (stack {result.stack}): {changes} in {result.seconds:.1f} s", style="bold"
    )
    if result.steps:
        table = Table("change", "native resource", "type")
        for step in result.steps:
            table.add_row(step.operation, step.path, step.type)
        console.print(table)
    for line in result.remarks:
        console.print(line, markup=False)


def print_observation(observed: Observation, console: Console) -> None:
    """Every element with the values reached, and who can reach whom."""
    table = Table(
        "element",
        "attribute",
        "value",
        title=f"{observed.target}, as the {observed.source} has it",
        title_justify="left",
    )
    for path, attributes in sorted(observed.elements.items()):
        for index, (name, value) in enumerate(
            sorted((name, value) for name, value in attributes.items() if name != "native")
        ):
            table.add_row(path if index == 0 else "", name, str(value))
    console.print(table)
    _flows("who can reach whom", observed.flows, console)
    _flows("out of the platform", observed.egress, console)
    _flows("into the platform", observed.entry, console)
    for line in observed.remarks:
        console.print(line, markup=False)


def _flows(title: str, flows: tuple[ObservedFlow, ...], console: Console) -> None:
    table = Table("from", "to", "protocol", "ports", "also reaches", title=title, title_justify="left")
    for flow in flows:
        table.add_row(
            flow.source, flow.to, flow.protocol, ", ".join(map(str, flow.ports)), ", ".join(flow.also_reaches)
        )
    if flows:
        console.print(table)
