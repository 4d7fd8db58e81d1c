"""The protocol over a server in memory: differences, secrets, half-made resources, refusals. No network."""

from __future__ import annotations

import json

import pytest
from pulumi.runtime.proto import provider_pb2

from hdh_infra.resources import wire
from hdh_infra.resources.values import UNKNOWN, overlay

BUCKET, KEY = "hdh:s3:Bucket", "hdh:iam:AccessKey"
SOME, NONE = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
KIND = provider_pb2.PropertyDiff
LOCK = {"mode": "compliance", "days": 7}
POLICY = json.dumps(
    {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::abc"}]}
)


def kinds(answer) -> dict:
    return {path: change.kind for path, change in answer.detailedDiff.items()}


def test_a_preview_calls_no_server_and_knows_the_arn(engine, memory) -> None:
    identity, outputs = engine.create(BUCKET, {"bucket": "abc"}, preview=True)
    assert (identity, outputs["arn"], outputs["region"]) == ("", "arn:aws:s3:::abc", UNKNOWN)
    assert engine.create(BUCKET, {"bucket": UNKNOWN}, preview=True)[1]["arn"] is UNKNOWN
    assert memory.called == []


def test_a_created_bucket_has_no_difference_to_its_inputs(engine) -> None:
    inputs = {
        "bucket": "abc",
        "versioning": True,
        "tags": {"a": "b"},
        "encryption": {"algorithm": "AES256"},
        "policy": POLICY,
    }
    _, outputs = engine.create(BUCKET, inputs)
    assert engine.diff(BUCKET, outputs, inputs, inputs).changes == NONE


def test_drift_that_was_read_shows_as_a_difference(engine, memory) -> None:
    inputs = {"bucket": "abc", "versioning": True, "tags": {"a": "b"}}
    _, outputs = engine.create(BUCKET, inputs)
    memory.buckets["abc"]["versioning"] = {"Status": "Suspended"}
    memory.buckets["abc"]["tagging"]["TagSet"].append({"Key": "by", "Value": "hand"})
    memory.buckets["abc"]["policy"] = POLICY
    _, outputs, read_inputs = engine.read(BUCKET, "abc", outputs, inputs)
    answer = engine.diff(BUCKET, outputs, inputs, read_inputs)
    assert kinds(answer) == {"versioning": KIND.UPDATE, "tags.by": KIND.DELETE, "policy": KIND.DELETE}
    assert not answer.replaces


def test_a_new_name_replaces_and_the_new_bucket_is_made_first(engine) -> None:
    _, outputs = engine.create(BUCKET, {"bucket": "abc"})
    answer = engine.diff(BUCKET, outputs, {"bucket": "abd"})
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["bucket"], False)
    assert kinds(answer) == {"bucket": KIND.UPDATE_REPLACE}


@pytest.mark.parametrize(
    ("old", "new", "replaces"), [(None, LOCK, True), (LOCK, None, True), (LOCK, {**LOCK, "days": 9}, False)]
)
def test_only_adding_or_removing_a_lock_replaces_and_then_the_old_bucket_goes_first(engine, old, new, replaces) -> None:
    outputs = {"bucket": "abc", "versioning": True, "tags": {}, "forceDestroy": False, "objectLock": old}
    answer = engine.diff(BUCKET, outputs, {"bucket": "abc", "versioning": True, "objectLock": new})
    assert answer.changes == SOME
    assert (bool(answer.replaces), answer.deleteBeforeReplace) == (replaces, replaces)


def test_an_unknown_input_is_a_difference_and_an_unknown_name_replaces(engine) -> None:
    _, outputs = engine.create(BUCKET, {"bucket": "abc"})
    assert list(engine.diff(BUCKET, outputs, {"bucket": "abc", "policy": UNKNOWN}).diffs) == ["policy"]
    answer = engine.diff(BUCKET, outputs, {"bucket": UNKNOWN})
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["bucket"], False)


def test_encryption_that_a_server_adds_unasked_is_no_difference_but_ours_is_taken_back(engine) -> None:
    outputs = {
        "bucket": "abc",
        "versioning": False,
        "tags": {},
        "forceDestroy": False,
        "encryption": {"algorithm": "AES256"},
    }
    assert engine.diff(BUCKET, outputs, {"bucket": "abc"}, {"bucket": "abc"}).changes == NONE
    asked = {"bucket": "abc", "encryption": {"algorithm": "AES256"}}
    assert list(engine.diff(BUCKET, outputs, {"bucket": "abc"}, asked).diffs) == ["encryption"]


def test_a_key_is_the_same_by_its_id_and_by_its_arn_and_another_key_is_not(engine) -> None:
    held = {"algorithm": "aws:kms", "kmsKeyId": "arn:aws:kms:eu:1:key/k-1"}
    outputs = {"bucket": "abc", "versioning": False, "tags": {}, "forceDestroy": False, "encryption": held}
    for key, expected in (("k-1", NONE), ("k-2", SOME), ("1", SOME)):
        asked = {"bucket": "abc", "encryption": {"algorithm": "aws:kms", "kmsKeyId": key}}
        assert engine.diff(BUCKET, outputs, asked).changes == expected, key


def test_ignored_changes_are_neither_shown_nor_made(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, {"bucket": "abc", "tags": {"a": "b"}})
    news = {"bucket": "abc", "tags": {"a": "c"}, "versioning": True}
    assert list(engine.diff(BUCKET, outputs, news, ignore=("tags", "versioning")).diffs) == []
    assert list(engine.diff(BUCKET, outputs, news, ignore=("tags.a",)).diffs) == ["versioning"]
    made = engine.update(BUCKET, "abc", outputs, news, ignore=("tags.a",))
    assert (made["tags"], made["versioning"]) == ({"a": "b"}, True)


def test_an_ignored_path_is_copied_or_removed() -> None:
    target = {"tags": {"a": "new", "b": "kept"}, "policy": "new"}
    for path in ('tags["a"]', "policy"):
        overlay(target, {"tags": {"a": "old"}}, path)
    assert target == {"tags": {"a": "old", "b": "kept"}}


def test_a_changed_endpoint_updates_the_provider_and_replaces_nothing(engine) -> None:
    request = provider_pb2.DiffRequest(
        olds=wire.encode({"endpoint": "https://a"}), news=wire.encode({"endpoint": "https://b"})
    )
    answer = engine.servicer.DiffConfig(request, None)
    assert (answer.changes, list(answer.diffs), list(answer.replaces)) == (SOME, ["endpoint"], [])


def test_what_a_program_made_secret_stays_secret_in_every_answer(engine) -> None:
    inputs = wire.encode({"bucket": "abc", "tags": {"a": "b"}})
    inputs.fields["tags"].struct_value.update({"a": {wire.SIGNATURE: wire.SECRET, "value": "hidden"}})
    name = f"urn:pulumi:s::p::{BUCKET}::n"
    checked = engine.servicer.Check(provider_pb2.CheckRequest(urn=name, news=inputs), None)
    assert wire.secret_keys(checked.inputs) == {"tags"}
    for preview in (True, False):
        made = engine.servicer.Create(provider_pb2.CreateRequest(urn=name, properties=inputs, preview=preview), None)
        assert wire.secret_keys(made.properties) == {"tags"}
    request = provider_pb2.ReadRequest(urn=name, id="abc", properties=made.properties, inputs=inputs)
    read = engine.servicer.Read(request, None)
    assert wire.secret_keys(read.properties) == wire.secret_keys(read.inputs) == {"tags"}


def test_the_secret_of_a_key_is_secret_although_no_program_says_so(engine) -> None:
    request = provider_pb2.CreateRequest(
        urn=f"urn:pulumi:s::p::{KEY}::n", properties=wire.encode({"userName": "u"}), preview=True
    )
    assert wire.secret_keys(engine.servicer.Create(request, None).properties) == {"secretAccessKey"}


def test_a_setting_that_the_server_lacks_is_a_failure_and_the_bucket_is_kept_in_state(engine, memory) -> None:
    memory.broken["put_public_access_block"] = ("NotImplemented", 501)
    with pytest.raises(engine.Aborted, match=r"NotImplemented.*leave the property out") as raised:
        engine.create(BUCKET, {"bucket": "abc", "publicAccessBlock": True, "tags": {"a": "b"}})
    half = raised.value.half
    assert half.id == "abc"
    assert wire.decode(half.properties)["tags"] == {"a": "b"}
    assert list(half.reasons) == [str(raised.value)]


def test_a_half_made_bucket_is_finished_by_the_update_whatever_the_state_says(engine, memory) -> None:
    memory.broken["put_bucket_versioning"] = ("InternalError", 500)
    with pytest.raises(engine.Aborted) as raised:
        engine.create(BUCKET, {"bucket": "abc", "versioning": True})
    memory.broken.clear()
    outputs = wire.decode(raised.value.half.properties)
    assert outputs["versioning"] is False
    assert engine.update(BUCKET, "abc", {**outputs, "versioning": True}, {"bucket": "abc", "versioning": True})[
        "versioning"
    ]
    assert memory.buckets["abc"]["versioning"] == {"Status": "Enabled"}


def test_a_setting_that_a_server_drops_in_silence_is_a_failure(engine, memory) -> None:
    memory.deaf.add("put_bucket_encryption")
    with pytest.raises(engine.Aborted, match="accepted encryption but does not show it") as raised:
        engine.create(BUCKET, {"bucket": "abc", "encryption": {"algorithm": "AES256"}})
    assert raised.value.half.id == "abc"


def test_our_own_half_made_bucket_is_gone_on_with(engine, memory) -> None:
    memory.broken["put_bucket_versioning"] = ("InternalError", 500)
    with pytest.raises(engine.Aborted):
        engine.create(BUCKET, {"bucket": "abc", "versioning": True})
    memory.broken.clear()
    assert engine.create(BUCKET, {"bucket": "abc", "versioning": True})[0] == "abc"


@pytest.mark.parametrize("settings", [{"tags": {"owner": "else"}}, {"policy": POLICY}])
def test_a_bucket_that_is_not_ours_is_not_taken_over(engine, memory, settings: dict) -> None:
    engine.create(BUCKET, {"bucket": "abc", **settings}, name="another")
    before = json.dumps(memory.buckets)
    with pytest.raises(engine.Aborted, match="exists and is not ours") as raised:
        engine.create(BUCKET, {"bucket": "abc"})
    assert raised.value.half is None
    assert json.dumps(memory.buckets) == before


def test_a_server_without_tags_is_well_until_tags_are_asked_for(engine, memory) -> None:
    memory.broken["put_bucket_tagging"] = ("NotImplemented", 501)
    assert engine.create(BUCKET, {"bucket": "abc"})[1]["tags"] == {}
    with pytest.raises(engine.Aborted, match="NotImplemented"):
        engine.create(BUCKET, {"bucket": "abd", "tags": {"a": "b"}})


def test_a_refused_question_is_an_error_and_never_an_absence(engine, memory) -> None:
    engine.create(BUCKET, {"bucket": "abc"})
    memory.broken["get_bucket_policy"] = ("AccessDenied", 403)
    with pytest.raises(engine.Aborted, match="AccessDenied"):
        engine.read(BUCKET, "abc")


def test_a_bucket_that_is_gone_is_read_as_gone_and_deleted_without_a_word(engine) -> None:
    assert engine.read(BUCKET, "abc") == ("", {}, {})
    engine.delete(BUCKET, "abc", {"bucket": "abc"})


def test_after_cancel_a_creation_stops_between_two_steps_and_says_what_is_there(engine, memory) -> None:
    engine.servicer.Cancel(None, None)
    with pytest.raises(engine.Aborted, match="stopped on request") as raised:
        engine.create(BUCKET, {"bucket": "abc", "versioning": True})
    assert raised.value.half.id == "abc"
    assert "versioning" not in memory.buckets["abc"]


def test_an_unknown_type_is_answered_with_the_nearest_right_word(engine) -> None:
    with pytest.raises(engine.Aborted, match="did you mean 'hdh:s3:Bucket'"):
        engine.check("hdh:s3:Buket", {})


@pytest.mark.parametrize(
    "held",
    [
        {"versions": [{"Key": "a", "VersionId": "1"}]},
        {"tagging": {"TagSet": [{"Key": "by", "Value": "hand"}]}},
        {"tagging": {"TagSet": [{"Key": "hdh-urn", "Value": "another"}]}},
        {"policy": POLICY},
    ],
)
def test_a_bucket_that_its_owner_had_before_is_not_taken_over_where_a_server_calls_that_a_success(
    engine, memory, held
) -> None:
    """Ceph, and AWS in its oldest region, answer 200 to whoever makes a bucket of theirs again."""
    memory.forgiving = True
    memory.buckets["abc"] = dict(held)
    with pytest.raises(engine.Aborted, match="exists and is not ours") as raised:
        engine.create(BUCKET, {"bucket": "abc", "versioning": True})
    assert raised.value.half is None, "what came into the state could be destroyed from there"
    assert memory.buckets["abc"] == held


def test_an_empty_bare_bucket_is_gone_on_with_as_a_creation_leaves_it_that_was_ended_early(engine, memory) -> None:
    memory.forgiving = True
    memory.buckets["abc"] = {}
    assert engine.create(BUCKET, {"bucket": "abc", "versioning": True})[1]["versioning"] is True


def test_a_server_without_versions_is_asked_for_objects(engine, memory) -> None:
    memory.broken["list_object_versions"] = ("NotImplemented", 501)
    _, outputs = engine.create(BUCKET, {"bucket": "abc"})
    engine.delete(BUCKET, "abc", outputs)
    assert "list_objects_v2" in memory.called
    assert memory.buckets == {}


def test_no_error_holds_a_traceback_or_a_second_line(engine, memory) -> None:
    memory.broken["create_bucket"] = ("AccessDenied", 403)
    with pytest.raises(engine.Aborted) as raised:
        engine.create(BUCKET, {"bucket": "abc"})
    assert "\n" not in str(raised.value)
    assert "Traceback" not in str(raised.value)
