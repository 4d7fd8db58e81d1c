"""Access logs of a bucket and who may write them, over a server in memory: no server of this machine has them.

SeaweedFS 4.48, the sandbox's, takes PutBucketLogging for CreateBucket (measured 2026-11-25).
"""

from __future__ import annotations

import pytest
from pulumi.runtime.proto import provider_pb2

from hdh_infra.resources import config
from hdh_infra.resources.types.bucket_logging import LOG_DELIVERY, delivery_of, logging_of
from hdh_infra.resources.values import UNKNOWN

BUCKET = "hdh:s3:Bucket"
NONE = provider_pb2.DiffResponse.DIFF_NONE
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
LOGGED = {"bucket": "abc", "logging": {"targetBucket": "logs", "targetPrefix": "abc/"}}
TAKING = {"bucket": "logs", "logDelivery": True}


def grant(name, permission):
    who = {"Type": "Group", "URI": name} if name.startswith("http") else {"Type": "CanonicalUser", "ID": name}
    return {"Grantee": who, "Permission": permission}


def test_logging_is_written_as_s3_has_it_and_read_back_without_a_difference(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, LOGGED)
    assert memory.buckets["abc"]["logging"] == {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "abc/"}}
    assert outputs["logging"] == LOGGED["logging"]
    assert engine.diff(BUCKET, outputs, LOGGED, LOGGED).changes == NONE


def test_a_prefix_that_is_left_out_is_an_empty_one(engine) -> None:
    asked = {"bucket": "abc", "logging": {"targetBucket": "logs"}}
    _, outputs = engine.create(BUCKET, asked)
    assert engine.diff(BUCKET, outputs, asked, asked).changes == NONE
    empty = {"bucket": "abc", "logging": {"targetBucket": "logs", "targetPrefix": ""}}
    assert engine.diff(BUCKET, outputs, empty, asked).changes == NONE


def test_logging_is_changed_in_place_and_switched_off_again(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, LOGGED)
    other = {"bucket": "abc", "logging": {"targetBucket": "others", "targetPrefix": "abc/"}}
    answer = engine.diff(BUCKET, outputs, other, LOGGED)
    assert (list(answer.detailedDiff), list(answer.replaces)) == (["logging.targetBucket"], [])
    outputs = engine.update(BUCKET, "abc", outputs, other)
    assert outputs["logging"]["targetBucket"] == "others"
    outputs = engine.update(BUCKET, "abc", outputs, {"bucket": "abc"})
    assert "logging" not in outputs
    assert memory.buckets["abc"]["logging"] == {}


def test_a_log_that_a_person_sent_elsewhere_is_drift_even_where_none_was_asked(engine, memory) -> None:
    for asked in (LOGGED, {"bucket": "abc"}):
        memory.buckets.clear()
        _, outputs = engine.create(BUCKET, asked)
        memory.buckets["abc"]["logging"] = {"LoggingEnabled": {"TargetBucket": "eve", "TargetPrefix": ""}}
        _, drifted, read_inputs = engine.read(BUCKET, "abc", outputs, asked)
        assert list(engine.diff(BUCKET, drifted, asked, read_inputs).diffs) == ["logging"]


def test_a_log_with_parts_that_have_no_word_never_passes_for_a_plain_one(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, LOGGED)
    held = memory.buckets["abc"]["logging"]["LoggingEnabled"]
    memory.buckets["abc"]["logging"] = {"LoggingEnabled": {**held, "TargetGrants": [grant("eve", "READ")]}}
    _, drifted, _ = engine.read(BUCKET, "abc", outputs, LOGGED)
    assert drifted["logging"]["also"] == "TargetGrants"
    assert list(engine.diff(BUCKET, drifted, LOGGED, LOGGED).detailedDiff) == ["logging.also"]
    plain = {"LoggingEnabled": {**held, "TargetObjectKeyFormat": {"SimplePrefix": {}}}}
    parted = {"LoggingEnabled": {**held, "TargetObjectKeyFormat": {"PartitionedPrefix": {}}}}
    assert logging_of(plain) == LOGGED["logging"]
    assert "also" in (logging_of(parted) or {})


def test_an_imported_bucket_has_its_log_and_its_delivery_as_inputs(engine, memory) -> None:
    engine.create(BUCKET, LOGGED)
    engine.create(BUCKET, TAKING, name="logs")
    for asked in (LOGGED, TAKING):
        name = asked["bucket"]
        _, outputs, inputs = engine.read(BUCKET, name)
        assert inputs == asked
        assert engine.check(BUCKET, inputs) == {}
        assert engine.diff(BUCKET, outputs, inputs, inputs).changes == NONE


def test_delivery_lets_the_log_service_write_and_takes_nothing_from_the_owner(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, TAKING)
    assert memory.buckets["logs"]["acl"]["Grants"] == [
        grant("owner", "FULL_CONTROL"),
        grant(LOG_DELIVERY, "WRITE"),
        grant(LOG_DELIVERY, "READ_ACP"),
    ]
    assert engine.diff(BUCKET, outputs, TAKING, TAKING).changes == NONE
    outputs = engine.update(BUCKET, "logs", outputs, {"bucket": "logs"})
    assert "logDelivery" not in outputs
    assert memory.buckets["logs"]["acl"]["Grants"] == [grant("owner", "FULL_CONTROL")]


@pytest.mark.parametrize("inputs", [TAKING, {"bucket": "logs"}, {"bucket": "logs", "logDelivery": False}])
def test_a_grant_that_a_person_put_into_the_acl_is_drift_and_is_taken_away(engine, memory, inputs) -> None:
    _, outputs = engine.create(BUCKET, inputs)
    before = memory.buckets["logs"]["acl"]["Grants"]
    opened = [*before, grant(EVERYONE, "READ"), grant("eve", "WRITE")]
    memory.buckets["logs"]["acl"] = {**memory.buckets["logs"]["acl"], "Grants": opened}
    _, drifted, read_inputs = engine.read(BUCKET, "logs", outputs, inputs)
    assert drifted["acl"] == [
        {"grantee": "eve", "permission": "WRITE"},
        {"grantee": EVERYONE, "permission": "READ"},
    ]
    answer = engine.diff(BUCKET, drifted, inputs, read_inputs)
    assert (list(answer.diffs), list(answer.replaces)) == (["acl"], [])
    outputs = engine.update(BUCKET, "logs", drifted, inputs)
    assert "acl" not in outputs
    assert memory.buckets["logs"]["acl"]["Grants"] == before


def test_half_of_the_delivery_is_none_and_a_server_without_acls_grants_nobody_anything() -> None:
    half = {"Owner": {"ID": "owner"}, "Grants": [grant("owner", "FULL_CONTROL"), grant(LOG_DELIVERY, "WRITE")]}
    assert delivery_of(half) == (None, None)
    assert delivery_of({}) == (None, None)
    assert delivery_of({"Owner": {}, "Grants": [{"Grantee": {"Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]}) == (None, None)  # fmt: skip


@pytest.mark.parametrize("setting", ["logging", "acl"])
def test_a_server_that_accepts_and_keeps_nothing_leaves_a_half_made_bucket_that_the_state_knows(
    engine, memory, setting
) -> None:
    memory.deaf.add(f"put_bucket_{setting}")
    asked = {"logging": LOGGED, "acl": TAKING}[setting]
    with pytest.raises(engine.Aborted, match="does not show it") as raised:
        engine.create(BUCKET, asked)
    assert raised.value.half.id == asked["bucket"]


def test_a_bucket_that_takes_logs_is_not_logged_itself_and_none_logs_into_itself(engine) -> None:
    itself = {"bucket": "abc", "logging": {"targetBucket": "abc"}}
    assert "without end" in engine.check(BUCKET, itself)["logging.targetBucket"]
    assert "not logged itself" in engine.check(BUCKET, {**LOGGED, "logDelivery": True})["logging"]
    assert engine.check(BUCKET, {"bucket": UNKNOWN, "logging": {"targetBucket": UNKNOWN}}) == {}
    assert engine.check(BUCKET, {"bucket": "abc", "logging": {}}) == {"logging.targetBucket": "is required"}


def test_a_target_that_is_not_known_yet_previews_as_a_change(engine) -> None:
    _, outputs = engine.create(BUCKET, LOGGED)
    asked = {"bucket": "abc", "logging": {"targetBucket": UNKNOWN, "targetPrefix": "abc/"}}
    assert list(engine.diff(BUCKET, outputs, asked, LOGGED).detailedDiff) == ["logging.targetBucket"]


def test_what_the_sandboxs_server_lacks_is_left_out_there_told_so_and_asked_of_every_other(
    engine, memory, monkeypatch
) -> None:
    monkeypatch.setenv("HDH_S3_WITHOUT", "logging")
    assert config.lacking() == frozenset(), "an endpoint that a stack itself names is asked for everything"
    monkeypatch.setenv("HDH_S3_ENDPOINT", "http://127.0.0.1:1")
    _, outputs = engine.create(BUCKET, LOGGED)
    assert "put_bucket_logging" not in memory.called
    assert (outputs.get("logging"), outputs["withheld"]) == (None, ["logging"])
    assert engine.diff(BUCKET, outputs, LOGGED, LOGGED).changes == NONE
    _, outputs, inputs = engine.read(BUCKET, "abc", outputs, LOGGED)
    assert engine.diff(BUCKET, outputs, LOGGED, inputs).changes == NONE
    # Sent to a server that has it, the same stack catches up.
    monkeypatch.delenv("HDH_S3_ENDPOINT")
    assert set(engine.diff(BUCKET, outputs, LOGGED, LOGGED).diffs) == {"logging", "withheld"}
    outputs = engine.update(BUCKET, "abc", outputs, LOGGED)
    assert (outputs["logging"], outputs.get("withheld")) == (LOGGED["logging"], None)
