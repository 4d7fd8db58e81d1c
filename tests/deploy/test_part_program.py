"""`hdh.deploy` in the program of one part: which part it is, what it registers, and what it reads of the foundation."""

from __future__ import annotations

import datetime
from pathlib import Path

import pulumi
import pytest

import hdh_infra as hdh
from hdh_infra.deploy.foundation import READ, stack_of
from hdh_infra.deploy.program import deploy
from hdh_infra.errors import SpecError
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import update_lock, with_layout
from hdh_infra.testing import Recorder
from hdh_infra.testing.recorder import answers_of

TARGET = Target.parse("azure:francecentral")
TODAY = datetime.date(2026, 11, 23)
SMALL = hdh.load(Path(__file__).parents[2] / "examples" / "small.yaml")
LOCK = with_layout(update_lock(None, SMALL, [TARGET]), "parts")
PLAN = make_plan(SMALL, TARGET, lock=LOCK, today=TODAY)
PARTS = {part.name: part for part in PLAN.parts()}
EXPORTED = {one.name: f"/the/{one.name}" for one in PLAN.interface()}


def run(stack, *, part=None, lock=LOCK, exported=EXPORTED, preview=False):
    """What the program of a stack registers, with a foundation that exports these."""
    asked = {READ: lambda args: {"name": args["name"], "outputs": exported, "secretOutputNames": []}}
    recorder = Recorder({**answers_of(PLAN), **asked}, preview=preview)
    recorder.run(lambda: deploy(SMALL, TARGET, lock=lock, today=TODAY, part=part), stack=stack)
    return recorder


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_stack_that_is_called_after_a_part_holds_exactly_that_part(name):
    """Invariant: the stack's name alone says which part it is; nothing of another part is registered."""
    recorder = run(stack_of(TARGET.stack, name))
    assert recorder.natives.keys() == {node.path for node in PARTS[name].plan.nodes}
    assert {args["name"] for token, args in recorder.calls if token == READ} == (
        {f"organization/hdh-platform/{TARGET.stack}.foundation"} if PARTS[name].needs else set()
    )


def test_a_space_is_made_of_what_the_foundation_exports():
    """Invariant: a reference to the foundation is the value that its stack exports."""
    recorder = run("my-own-name.space.cohort-a")
    (node, at, one) = next(
        (node, at, form)
        for node in PARTS["space/cohort-a"].plan.nodes
        for at, form in node.properties.items()
        if isinstance(form, dict) and form.get("$ref", "").startswith("zone/")
    )
    assert recorder.seen[node.path].inputs[at] == f"/the/{one['$ref']}#{one['output']}"


def test_what_the_foundation_does_not_export_is_unknown_in_a_preview_and_an_error_in_an_up():
    """Invariant: a space is never made of nothing; the error says what to deploy first."""
    run(stack_of(TARGET.stack, "space/cohort-a"), exported={}, preview=True)
    with pytest.raises(pulumi.RunError, match=r"exports no [a-zA-Z]+ of it.*Deploy the foundation first"):
        run(stack_of(TARGET.stack, "space/cohort-a"), exported={})


def test_a_program_that_does_not_know_its_part_registers_nothing():
    """Invariant: a platform in parts is never registered whole, nor as a part that it does not have, nor one stack as a part."""
    for stack, part, lock, words in (
        (TARGET.stack, None, LOCK, r"hdh:part: is not set.*azure-francecentral.foundation"),
        (TARGET.stack, "space/cohort", LOCK, "does not have; did you mean space/cohort-"),
        (TARGET.stack, "space/cohort-a", LOCK, "hdh:foundation: is not set"),
        (TARGET.stack, "foundation", with_one(), "the platform is one stack"),
    ):
        with pytest.raises(SpecError, match=words):
            run(stack, part=part, lock=lock)


def with_one():
    """The lock of the same platform as one stack."""
    return update_lock(None, SMALL, [TARGET])
