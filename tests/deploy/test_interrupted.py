"""An operation that was killed in the middle: what it had begun is not lost from sight, and the next one goes on."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.end_to_end


def leave_pending(stack):
    """The state as a killed `up` leaves it: the creation of one resource was begun and its end is not known."""
    (file,) = (stack.folder / "state").rglob(f"stacks/**/{stack.request.stack}.json")
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    begun = next(one for one in latest["resources"] if one["urn"].endswith("::zone/lake/store/snds/access"))
    latest["resources"].remove(begun)
    begun.pop("id")
    latest["pending_operations"] = [{"resource": begun, "type": "creating"}]
    file.write_text(json.dumps(state))
    sidecar = file.with_name(f"{file.name}.attrs")
    assert not sidecar.exists(), "what is written in place can be cut off"
    # As plain `pulumi` leaves it, where that was killed.
    sidecar.touch()


def test_up_goes_on_after_an_interrupted_one_and_says_what_was_begun(stack):
    """Invariant: a creation whose end nobody saw is named, and the stack is whole after the next up."""
    stack.up()
    leave_pending(stack)
    found = stack.up()
    assert any("zone/lake/store/snds/access" in remark for remark in found.remarks)
    assert stack.paths() == {node.path for node in stack.plan.nodes}
    assert "pending_operations" not in stack.state()["deployment"]
    # Where a folder stands nobody knows, and that is told each time.
    assert [one for one in stack.up().remarks if not one.startswith("where file://")] == []


def test_refresh_clears_what_was_begun(stack):
    """Invariant: after a refresh nothing is pending."""
    stack.up()
    leave_pending(stack)
    stack.refresh()
    assert "pending_operations" not in stack.state()["deployment"]
