"""Steps that only a person can do, through the real engine on a toy cloud: `up` stops there, goes on, and never takes anything away."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hdh_infra.errors import EngineError
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Check, ManualStep
from hdh_infra.graph.values import ref

pytestmark = pytest.mark.end_to_end

IMPORT = ManualStep(
    "bring the key",
    "the key's owner",
    "az import",
    "the key is there",
    id="key/lake/import",
    before=("key/lake/key",),
    checks=(Check("toy:x:getStep", "toy", {"name": "key"}, "state.word", "locked", after=("platform/root",)),),
)
LOCK = ManualStep(
    "lock it",
    "the archivist",
    "az lock",
    "it is locked",
    id="zone/lake/store/snds/lock",
    checks=(Check("toy:x:getStep", "toy", {"name": "lock"}, "state.word", "Locked", after=("platform/root",)),),
)
GATED = {"key/lake/key", "zone/lake/store/snds/bucket", "zone/lake/store/snds/access"}


@pytest.fixture
def gated(stack):
    stack.plan = replace(stack.plan, manual=(IMPORT,))
    return stack


def names(stack):
    return {properties["name"] for _, properties in stack.toy.things.values()}


def test_up_stops_before_what_waits_and_goes_on_when_the_step_is_done(gated):
    first = gated.up()
    assert [(one.step.id, set(one.waiting)) for one in first.stopped] == [("key/lake/import", GATED)]
    assert "404" in first.stopped[0].why
    assert first.to_json()["stopped"][0]["command"] == "az import"
    assert gated.paths() == {"platform/root"}
    again = gated.up()
    assert again.stopped
    assert again.changes["create"] == again.changes["delete"] == 0
    gated.toy.done = {"key"}
    second = gated.up()
    assert not second.stopped
    assert names(gated) == {"root", "key", "bucket", "access"}
    third = gated.up()
    assert {name: count for name, count in third.changes.items() if count} == {"same": 10}


def test_a_gate_never_makes_an_existing_resource_vanish(gated):
    """Invariant: where the proof is gone again, what waits is left alone, and so is what the spec no longer has."""
    gated.toy.done = {"key"}
    extra = Node("zone/lake/extra", "toy:x:Thing", "toy", {"name": "extra"})
    gated.plan = replace(gated.plan, nodes=(*gated.plan.nodes, extra))
    gated.up()
    before = dict(gated.toy.things)
    gated.toy.done = set()
    gated.plan = replace(gated.plan, nodes=tuple(node for node in gated.plan.nodes if node != extra))
    stopped = gated.up()
    assert stopped.stopped
    assert stopped.changes["delete"] == 0
    assert gated.toy.things == before
    assert gated.paths() >= GATED
    assert gated.preview().changes["delete"] == 0
    gated.toy.done = {"key"}
    assert gated.up().changes["delete"] == 1
    assert names(gated) == {"root", "key", "bucket", "access"}


def test_a_preview_says_which_steps_will_stop_it_and_changes_nothing(gated):
    found = gated.preview()
    assert [one.step.id for one in found.stopped] == ["key/lake/import"]
    assert "after what comes before it" in found.stopped[0].why
    assert {step.path for step in found.steps} & GATED == set()
    assert gated.toy.things == {}
    gated.up()
    assert "404" in gated.preview().stopped[0].why
    gated.toy.done = {"key"}
    found = gated.preview()
    assert not found.stopped
    assert {step.path for step in found.steps} >= GATED


def test_what_fails_is_told_as_a_failure_even_where_a_step_is_open(gated):
    gated.toy.broken = {"root"}
    with pytest.raises(EngineError, match="the quota is used up"):
        gated.up()


def test_a_step_that_nothing_waits_for_is_told_and_stops_nothing(stack):
    stack.plan = replace(stack.plan, manual=(LOCK,))
    found = stack.up()
    assert found.stopped == ()
    assert [one.step.id for one in found.open] == ["zone/lake/store/snds/lock"]
    assert names(stack) == {"root", "key", "bucket", "access"}
    stack.toy.done = {"lock"}
    assert stack.up().open == ()


def test_steps_are_asked_one_after_the_other_each_with_what_the_one_before_made(stack):
    second = replace(
        IMPORT,
        id="zone/lake/store/snds/open",
        before=("zone/lake/store/snds/access",),
        checks=(Check("toy:x:getStep", "toy", {"name": ref("key/lake/key", "name")}, "state.word"),),
    )
    first = replace(IMPORT, checks=(replace(IMPORT.checks[0], args={"name": "first"}),))
    stack.plan = replace(stack.plan, manual=(first, second))
    stopped = stack.up().stopped
    assert [one.step.id for one in stopped] == [first.id, second.id]
    assert "key/lake/key" in stopped[1].why
    stack.toy.done = {"first"}
    assert [one.step.id for one in stack.up().stopped] == [second.id]
    assert names(stack) == {"root", "key", "bucket"}
    stack.toy.done = {"first", "key"}
    assert stack.up().stopped == ()
    assert names(stack) == {"root", "key", "bucket", "access"}


def test_destroy_takes_all_away_whatever_is_proved(gated):
    gated.toy.done = {"key"}
    gated.up()
    gated.toy.done = set()
    gated.destroy(delete_data=True)
    assert gated.toy.things == {}
    assert json.dumps(gated.state()["deployment"].get("resources") or []) == "[]"
