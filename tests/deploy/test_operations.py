"""What a person asks of a stack, through the real engine, on a toy cloud that is asked afterwards what it holds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hdh_infra.deploy import natives_of_state, operations
from hdh_infra.errors import EngineError, RefusedError
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref

pytestmark = pytest.mark.end_to_end


def things(stack):
    return {name: kind for kind, properties in stack.toy.things.values() for name in [properties["name"]]}


def without(stack, *paths):
    return replace(stack.plan, nodes=tuple(node for node in stack.plan.nodes if node.path not in paths))


def retiring(stack, *words):
    retired = [{"element": element, "reason": "the study has ended", "data": data} for element, data in words]
    platform = stack.request.platform.model_validate(
        {"name": "small", "residency": {"countries": ["FR"]}, "retire": retired}
    )
    return replace(stack.request, platform=platform)


def test_up_deploys_a_plan_and_a_second_up_changes_nothing(stack):
    """Invariant: what is deployed is the plan, and nothing is touched twice."""
    first = stack.up()
    assert first.changes == {"create": 10, "update": 0, "replace": 0, "delete": 0, "same": 0}
    assert things(stack) == {
        "root": "toy:x:Thing",
        "key": "toy:x:Key",
        "bucket": "hdh:s3:Bucket",
        "access": "toy:x:Access",
    }
    calls = [call for call in stack.toy.calls if not call.startswith("invoke")]
    second = stack.up()
    assert second.changes == {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 10}
    assert [call for call in stack.toy.calls if not call.startswith("invoke")] == calls
    assert stack.watched.total_ == 10
    assert len(stack.watched.done_) == 20


def test_forms_arrive_as_what_they_stand_for(stack):
    """Invariant: references, texts, documents and lookups are resolved, each question asked once in a run."""
    stack.up()
    bucket = next(properties for kind, properties in stack.toy.things.values() if kind == "hdh:s3:Bucket")
    root = next(id_ for id_, (kind, _) in stack.toy.things.items() if kind == "toy:x:Thing")
    key = next(id_ for id_, (kind, _) in stack.toy.things.items() if kind == "toy:x:Key")
    assert bucket["leaf"] == f"leaf of {key}"
    assert bucket["policy"] == f'{{"a":["{root}"],"b":1}}'
    assert bucket["text"] == f"{{{root}}}"
    assert bucket["data"] == "aGVsbG8geW91"
    assert bucket["image"] == bucket["again"] == "answer-debian"
    assert stack.toy.calls.count("invoke toy:x:getImage") == 1


def test_preview_changes_nothing_and_says_what_up_would_do(stack):
    """Invariant: a preview of a new platform knows every step, and the cloud is as it was."""
    found = stack.preview()
    assert found.changes["create"] == 10
    assert {step.path for step in found.steps} >= {node.path for node in stack.plan.nodes}
    assert stack.toy.things == {}
    assert stack.paths() == set()


def test_destroy_without_the_word_changes_nothing_at_all(stack):
    """Invariant: where there is data, destroy without the word leaves cloud and state as they were."""
    stack.up()
    before, calls = stack.state(), list(stack.toy.calls)
    with pytest.raises(RefusedError, match=r"zone/lake/store/snds.*--delete-data"):
        stack.destroy()
    assert stack.state() == before
    assert stack.toy.calls == calls


def test_destroy_with_the_word_leaves_nothing_behind_not_even_a_full_bucket(stack):
    """Invariant: after `destroy --delete-data` the cloud and the state are empty."""
    stack.up()
    stack.toy.full = {id_ for id_, (kind, _) in stack.toy.things.items() if kind == "hdh:s3:Bucket"}
    found = stack.destroy(delete_data=True)
    assert found.changes["delete"] == 10
    assert stack.toy.things == {}
    assert stack.state()["deployment"].get("resources") in (None, [])


def test_a_failed_resource_is_told_in_one_line_and_the_rest_is_kept(stack):
    """Invariant: the error names the node's path and the cloud's own words; the next up does only what is missing."""
    stack.toy.broken = {"bucket"}
    with pytest.raises(EngineError) as caught:
        stack.up()
    assert "1 resource failed:\n  zone/lake/store/snds/bucket: the quota is used up" in str(caught.value)
    assert "hdh up" in caught.value.remedy
    assert stack.watched.failed_ == {"zone/lake/store/snds/bucket": "the quota is used up"}
    assert stack.paths() == {"platform/root", "key/lake/key"}
    stack.toy.broken = set()
    assert stack.up().changes["create"] <= 4
    assert len(stack.toy.things) == 4


def test_a_leaf_that_the_cloud_does_not_give_is_an_error_naming_node_and_path(stack):
    """Invariant: a missing output is unknown in a preview, and never a silent None in an up."""
    stack.plan = replace(
        stack.plan,
        nodes=(
            *stack.plan.nodes,
            Node("zone/lake/x", "toy:x:X", "toy", {"name": "x", "y": ref("platform/root", "deep.nothing")}),
        ),
    )
    assert stack.preview().changes["create"] == 11
    with pytest.raises(EngineError, match=r"platform/root: the cloud gave no deep\.nothing"):
        stack.up()
    assert "x" not in things(stack)


def test_a_data_holder_that_the_plan_lost_stops_up_before_anything_changes(stack):
    """Invariant: what the state protects and the plan does not have is an error before the engine starts."""
    stack.up()
    before, calls = stack.state(), list(stack.toy.calls)
    stack.plan = without(stack, "zone/lake/store/snds/access", "zone/lake/store/snds/bucket")
    for operation in (stack.up, stack.preview):
        with pytest.raises(RefusedError, match=r"zone/lake/store/snds/bucket.*retire"):
            operation()
    assert stack.state() == before
    assert stack.toy.calls == calls


def test_retired_data_is_deleted_with_the_word_delete(stack):
    """Invariant: `data: delete` lets exactly the retired data go, full or not."""
    stack.up()
    stack.toy.full = {id_ for id_, (kind, _) in stack.toy.things.items() if kind == "hdh:s3:Bucket"}
    stack.plan = without(stack, "zone/lake/store/snds/access", "zone/lake/store/snds/bucket")
    stack.request = retiring(stack, ("zone/lake/store/snds", "delete"))
    found = stack.preview()
    assert len(stack.toy.things) == 4
    assert any("deleted with what it held" in remark for remark in found.remarks)
    found = stack.up()
    assert set(things(stack)) == {"root", "key"}
    assert ("zone/lake/store/snds/bucket", "delete") in {(step.path, step.operation) for step in found.steps}
    assert stack.up().changes["same"] == sum(stack.up().changes.values())


def test_retired_data_stays_in_the_cloud_with_the_word_keep(stack):
    """Invariant: `data: keep` takes the data out of the stack and leaves it in the cloud, and says so."""
    stack.up()
    stack.plan = without(stack, "zone/lake/store/snds/access", "zone/lake/store/snds/bucket")
    stack.request = retiring(stack, ("zone/lake/store/snds", "keep"))
    stack.preview()
    found = stack.up()
    assert set(things(stack)) == {"root", "key", "bucket"}
    assert stack.paths() == {"platform/root", "key/lake/key"}
    assert any("left in the cloud" in remark for remark in found.remarks)


def test_what_kept_data_needs_stays_too_whatever_is_said_of_it(stack):
    """Invariant: with `data: keep` nothing goes without which the data could not be read: no key, no group that they lie in."""
    stack.up()
    stack.plan = without(stack, "zone/lake/store/snds/access", "zone/lake/store/snds/bucket", "key/lake/key")
    stack.request = retiring(stack, ("zone/lake/store/snds", "keep"), ("key/lake", "delete"))
    stack.preview()
    found = stack.up()
    assert set(things(stack)) == {"root", "key", "bucket"}
    assert stack.paths() == {"platform/root"}
    assert any(one.startswith("key/lake/key: left in the cloud too") for one in found.remarks)


def test_refresh_says_what_somebody_changed_and_changes_nothing_in_the_cloud(stack):
    """Invariant: refresh moves the state to the cloud, never the cloud to the state."""
    stack.up()
    id_, (kind, properties) = next((id_, thing) for id_, thing in stack.toy.things.items() if thing[0] == "toy:x:Thing")
    stack.toy.things[id_] = (kind, {**properties, "name": "renamed by hand"})
    calls = len(stack.toy.calls)
    found = stack.refresh()
    assert [step.path for step in found.steps] == ["platform/root"]
    assert len(stack.toy.calls) == calls
    assert natives_of_state(stack.state()).get("platform/root").properties["name"] == "renamed by hand"


def test_nothing_secret_leaves_the_state(stack):
    """Invariant: neither the exported state nor the natives hold a secret, in clear or encrypted."""
    stack.up()
    written = json.dumps(stack.state())
    assert "secret of" not in written
    assert "ciphertext" not in written
    access = natives_of_state(stack.state()).get("zone/lake/store/snds/access")
    assert access.properties["name"] == "access"
    assert "token" not in access.properties
    for file in stack.folder.joinpath("state").rglob("*.json"):
        assert "secret of" not in file.read_text()


def test_a_state_of_a_sandbox_is_refused_by_the_real_world_and_the_other_way_round(stack):
    """Invariant: every operation looks at the mark first; the state of another world is left as it is."""
    stack.up()
    (stack.folder / "state" / "hdh-sandbox.json").write_text('{"id": "abc"}')
    real = stack.request
    with pytest.raises(RefusedError, match="keeps the state of a sandbox"):
        stack.up()
    stack.request = replace(real, environment={**real.environment, "HDH_SANDBOX": "abc"})
    for operation in (stack.up, stack.preview, stack.refresh, stack.state, lambda: stack.destroy(delete_data=True)):
        with pytest.raises(RefusedError, match="its state is of real clouds"):
            operation()
    assert len(stack.toy.things) == 4


def test_a_stack_that_a_dead_process_left_locked_is_opened_again(stack):
    """Invariant: the lock of a process that is gone does not stop the next operation, and that is said."""
    stack.up()
    leave_locked(stack, pid=2**22 + 1)
    found = stack.up()
    assert any("lock was taken away" in remark for remark in found.remarks)


def test_a_stack_that_a_living_process_holds_is_left_to_it(stack):
    """Invariant: a lock is never taken from a process that runs."""
    import os

    stack.up()
    leave_locked(stack, pid=os.getpid())
    with pytest.raises(EngineError, match=rf"locked by process {os.getpid()}.*pulumi cancel"):
        stack.up()


def leave_locked(stack, pid):
    import socket

    folder = stack.folder / "state" / ".pulumi" / "locks" / "organization" / "hdh-platform" / stack.request.stack
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": pid, "username": "somebody", "hostname": socket.gethostname(), "timestamp": "2026-11-23T10:00:00Z"}
    (folder / "11111111-1111-4111-8111-111111111111.json").write_text(json.dumps(lock))


def test_a_wrong_passphrase_is_told_with_its_remedy(stack):
    """Invariant: credentials that are refused are an error of the engine, in one line, and the state is kept."""
    stack.up()
    (stack.folder / "passphrase").write_text("another")
    with pytest.raises(EngineError, match="passphrase"):
        stack.up()
    assert len(stack.toy.things) == 4


def test_an_engine_that_is_not_there_is_told_with_its_remedy(stack):
    """Invariant: no engine is an error that says what to do."""
    stack.request = replace(stack.request, engine_command=stack.folder / "pulumi")
    with pytest.raises(EngineError, match="no engine"):
        stack.up()


def test_destroying_what_was_never_deployed_says_so_and_makes_no_stack(stack):
    """Invariant: destroy and refresh of a stack that does not exist change nothing and create nothing."""
    assert stack.destroy().remarks == ("there is no stack openstack-RegionOne: nothing is deployed",)
    assert stack.refresh().remarks == ("there is no stack openstack-RegionOne: nothing is deployed",)
    assert operations.state(stack.request) == {}
    assert not list((stack.folder / "state").rglob("openstack-RegionOne.json"))
