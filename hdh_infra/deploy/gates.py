"""Steps that only a person can do, inside a program: each is asked for when what it is asked of was made.

What waits for a step that is not proved is not registered, and the program ends with an error after everything
else: an engine whose program fails deletes nothing, so that what is there already stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import pulumi

from hdh_infra.deploy.forms import Forms
from hdh_infra.deploy.request import OpenStep
from hdh_infra.errors import WaitingError
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.steps import Check, ManualStep, waiting


@final
@dataclass(frozen=True, slots=True)
class Gates:
    """The steps of a plan, and what waits for them.

    Attributes:
        stopping: steps that something waits for and that are not proved.
        open: steps that nothing waits for and that are not proved.
    """

    stopping: tuple[OpenStep, ...]
    open: tuple[OpenStep, ...]


def register_all(plan: Plan, register: Callable[[Node], None], made: Mapping[str, Any], forms: Forms) -> Gates:
    """Register what may be: first all that waits for nothing, then, step by step, what waited for it.

    Args:
        plan: what is to be.
        register: registers one node; called in the order of the plan.
        made: what was registered so far, by path.
        forms: resolves the arguments of questions.
    """
    held = waiting(plan.nodes, plan.manual)
    for node in plan.nodes:
        if node.path not in held:
            register(node)
    stopping: list[OpenStep] = []
    proved: set[str] = set()
    for step in _asked(plan.manual, gating=True):
        why = _lacks(step, made, forms)
        if why is not None:
            waits = tuple(node.path for node in plan.nodes if step.id in held.get(node.path, ()))
            stopping.append(OpenStep(step, why, waits))
            continue
        proved.add(step.id)
        for node in plan.nodes:
            if node.path not in made and held.get(node.path, frozenset()) <= proved:
                register(node)
    found = [OpenStep(step, why) for step in _asked(plan.manual, gating=False) if (why := _lacks(step, made, forms))]
    return Gates(tuple(stopping), tuple(found))


def halted(plan: Plan, steps: Sequence[OpenStep]) -> WaitingError:
    """The error that a program ends with."""
    count = "1 step waits" if len(steps) == 1 else f"{len(steps)} steps wait"
    lines = [line for number, one in enumerate(steps, 1) for line in _lines(number, one)]
    done = "would be made first" if pulumi.runtime.is_dry_run() else "was made; state is kept"
    return WaitingError(
        f"{plan.platform} on {plan.target}",
        f"{count} for a person, and what comes after them is not made:\n" + "\n".join(lines) + f"\nThe rest {done}",
        "Do what each step says and run it again",
        tuple(steps),
    )


def _lines(number: int, one: OpenStep) -> Iterator[str]:
    yield f"  {number}. {one.step.what}"
    for name, text in (("who", one.step.who), ("how", one.step.command), ("proof", one.step.proof), ("found", one.why)):
        yield f"     {name}: {text}"


def _asked(steps: Iterable[ManualStep], *, gating: bool) -> Iterator[ManualStep]:
    return (step for step in steps if step.checks and step.gates is gating)


def _lacks(step: ManualStep, made: Mapping[str, Any], forms: Forms) -> str | None:
    """Why a step is not proved; None where it is."""
    reasons = [why for check in step.checks if (why := _lack(check, made, forms))]
    return "; ".join(dict.fromkeys(reasons)) or None


def _lack(check: Check, made: Mapping[str, Any], forms: Forms) -> str | None:
    if absent := sorted(path for path in check.needs if path not in made and not forms.is_elsewhere(path)):
        return f"it cannot be asked for before {', '.join(absent)}"
    try:
        known, found = forms.ask(check)
    except Exception as error:  # noqa: BLE001 - whatever a provider says, it is no proof
        # A thing that is not there is an error of the cloud's (404), and so is one that may not be read.
        return _words(error)
    if not known:
        return "it can be asked for only after what comes before it is made"
    if check.proved_by(found):
        return None
    wanted = "something" if check.value is None else repr(check.value)
    return f"{check.output} is {'nothing' if found is None else repr(found)}, not {wanted}"


def _words(error: Exception) -> str:
    return " ".join(str(error).split()).removesuffix(".")
