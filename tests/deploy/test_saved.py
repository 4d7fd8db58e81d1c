"""`up` from a saved preview: what somebody looked at is done, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hdh_infra.deploy import operations
from hdh_infra.errors import EngineError, RefusedError, SpecError
from hdh_infra.graph.node import Node

pytestmark = pytest.mark.end_to_end


def things(stack):
    return {name for _, properties in stack.toy.things.values() for name in [properties["name"]]}


def test_up_from_a_saved_plan_does_what_was_looked_at_and_refuses_everything_else(stack):
    """Invariant: another plan, another stack or a changed cloud stops it; the very same plan passes."""
    file = stack.folder / "saved.json"
    before = replace(stack.request, saved_plan=file)
    with pytest.raises(SpecError, match="no such file"):
        operations.up(before, stack.watched)
    operations.preview(replace(stack.request, save_plan=file), stack.watched)
    written = file.read_text()
    assert "only for this test" not in written
    looked_at = stack.plan
    stack.plan = replace(
        looked_at, nodes=(*looked_at.nodes, Node("zone/x/more", "toy:x:Thing", "toy", {"name": "more"}))
    )
    with pytest.raises(RefusedError, match="another one since it was saved"):
        operations.up(before, stack.watched)
    stack.plan = looked_at
    with pytest.raises(RefusedError, match="saved for the stack"):
        operations.up(replace(before, stack="other"), stack.watched)
    assert stack.toy.things == {}
    assert operations.up(before, stack.watched).changes["create"] == 10
    file.write_text(json.dumps({**json.loads(written), "format": "other"}))
    with pytest.raises(SpecError, match="no hdh-saved-plan/1"):
        operations.up(before, stack.watched)


def test_a_cloud_that_changed_since_the_preview_stops_the_saved_up(stack):
    """Invariant: a step that nobody looked at is not done: the engine stops at it and says so."""
    file = stack.folder / "saved.json"
    stack.up()
    changed = tuple(
        replace(node, properties={**node.properties, "text": "other"}) if node.path.endswith("bucket") else node
        for node in stack.plan.nodes
    )
    stack.plan = replace(stack.plan, nodes=changed)
    found = operations.preview(replace(stack.request, save_plan=file), stack.watched)
    assert found.changes["update"] == 1
    # Somebody deletes a thing by hand: making it again was not looked at.
    gone = next(key for key, (_, properties) in stack.toy.things.items() if properties["name"] == "access")
    del stack.toy.things[gone]
    stack.refresh()
    with pytest.raises(EngineError, match="saved plan") as caught:
        operations.up(replace(stack.request, saved_plan=file), stack.watched)
    assert "preview --save-plan" in str(caught.value)
    assert "access" not in things(stack)
    assert operations.up(stack.request, stack.watched).changes["create"] == 1
