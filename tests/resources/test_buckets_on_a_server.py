"""Buckets on a real S3 server: what the provider says is what the server holds."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from hdh_infra.resources import wire

pytestmark = pytest.mark.end_to_end
BUCKET = "hdh:s3:Bucket"


@pytest.fixture
def name() -> str:
    return f"tests-{uuid.uuid4().hex[:10]}"


def names(s3) -> list[str]:
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def policy(name: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}/*"],
        "Condition": {"StringEquals": {"s3:x-amz-acl": "public-read"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_bucket_is_what_was_asked_and_leaves_nothing(live, s3, name) -> None:
    inputs = {
        "bucket": name,
        "versioning": True,
        "tags": {"cost centre": "4711"},
        "encryption": {"algorithm": "AES256"},
        "policy": policy(name),
    }
    identity, outputs = live.create(BUCKET, inputs)
    assert identity == name
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert {"Key": "cost centre", "Value": "4711"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"][0]["Effect"] == "Deny"
    assert list(live.diff(BUCKET, outputs, inputs, inputs).diffs) == []
    live.delete(BUCKET, name, outputs)
    assert name not in names(s3)


def test_rules_of_age_are_kept_changed_in_place_and_taken_out(live, s3, name) -> None:
    inputs = {"bucket": name, "versioning": True, "lifecycle": [{"prefix": "tmp/", "days": 7}, {"oldVersionsDays": 30}]}
    _, outputs = live.create(BUCKET, inputs)
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert {rule["Filter"]["Prefix"] for rule in rules} == {"", "tmp/"}
    assert list(live.diff(BUCKET, outputs, inputs, inputs).diffs) == []
    longer = {**inputs, "lifecycle": [{"days": 400}]}
    outputs = live.update(BUCKET, name, outputs, longer)
    assert outputs["lifecycle"] == [{"prefix": "", "days": 400}]
    outputs = live.update(BUCKET, name, outputs, {"bucket": name, "versioning": True})
    assert "lifecycle" not in outputs
    live.delete(BUCKET, name, outputs)


def test_the_log_service_and_nobody_else_is_let_in_by_an_acl_and_what_the_server_lacks_is_said(live, s3, name) -> None:
    inputs = {"bucket": name, "logDelivery": True, "logging": {"targetBucket": "elsewhere"}}
    _, outputs = live.create(BUCKET, inputs)
    assert (outputs["logDelivery"], outputs["withheld"]) == (True, ["logging"])
    owner = s3.get_bucket_acl(Bucket=name)["Owner"]["ID"]
    assert [grant["Grantee"].get("ID") for grant in s3.get_bucket_acl(Bucket=name)["Grants"]] == [owner, None, None]
    s3.put_bucket_acl(Bucket=name, ACL="public-read")
    _, drifted, read_inputs = live.read(BUCKET, name, outputs, inputs)
    assert set(live.diff(BUCKET, drifted, inputs, read_inputs).diffs) == {"acl", "logDelivery"}
    outputs = live.update(BUCKET, name, drifted, inputs)
    assert (outputs["logDelivery"], outputs.get("acl")) == (True, None)
    live.delete(BUCKET, name, outputs)


def test_drift_is_read_and_put_back(live, s3, name) -> None:
    inputs = {"bucket": name, "versioning": True, "tags": {"a": "b"}, "policy": policy(name)}
    _, outputs = live.create(BUCKET, inputs)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_policy(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": []})
    _, drifted, read_inputs = live.read(BUCKET, name, outputs, inputs)
    assert set(live.diff(BUCKET, drifted, inputs, read_inputs).diffs) == {"versioning", "policy", "tags"}
    mended = live.update(BUCKET, name, drifted, inputs)
    assert list(live.diff(BUCKET, mended, inputs, inputs).diffs) == []
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    live.delete(BUCKET, name, mended)


def test_an_imported_bucket_has_inputs_that_show_no_changes(live, s3, name) -> None:
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket=name, Policy=policy(name))
    identity, outputs, inputs = live.read(BUCKET, name)
    assert (identity, inputs["versioning"], "tags" in inputs) == (name, True, False)
    assert live.check(BUCKET, inputs) == {}
    assert list(live.diff(BUCKET, outputs, inputs, inputs).diffs) == []
    live.delete(BUCKET, name, outputs)


@pytest.mark.parametrize("versioned", [False, True])
def test_a_bucket_with_objects_is_not_deleted_without_the_word(live, s3, name, versioned: bool) -> None:
    _, outputs = live.create(BUCKET, {"bucket": name, "versioning": versioned})
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    if versioned:  # what remains is an old version and a marker: the listing of objects is empty
        s3.delete_object(Bucket=name, Key="a")
    before = s3.list_object_versions(Bucket=name)["Versions"]
    with pytest.raises(live.Aborted, match="is not empty and is kept: set forceDestroy"):
        live.delete(BUCKET, name, outputs)
    assert s3.list_object_versions(Bucket=name)["Versions"] == before
    forced = live.update(BUCKET, name, outputs, {"bucket": name, "versioning": versioned, "forceDestroy": True})
    s3.create_multipart_upload(Bucket=name, Key="unfinished")
    live.delete(BUCKET, name, forced)
    assert name not in names(s3)


def test_locked_objects_stay_and_are_told_with_their_number_and_date(live, s3, name) -> None:
    lock = {"mode": "compliance", "days": 2}
    inputs = {"bucket": name, "versioning": True, "objectLock": lock, "forceDestroy": True}
    _, outputs = live.create(BUCKET, inputs)
    assert outputs["objectLock"] == lock
    for key in ("a", "b"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
    day = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    with pytest.raises(live.Aborted, match=f"2 object versions locked and kept.*{day}"):
        live.delete(BUCKET, name, outputs)
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"1"


def test_a_lock_is_lengthened_in_place_and_never_removed_in_place(live, s3, name) -> None:
    inputs = {"bucket": name, "versioning": True, "objectLock": {"mode": "governance", "days": 1}}
    _, outputs = live.create(BUCKET, inputs)
    longer = {**inputs, "objectLock": {"mode": "governance", "days": 3}}
    answer = live.diff(BUCKET, outputs, longer, inputs)
    assert (list(answer.diffs), list(answer.replaces)) == (["objectLock"], [])
    assert live.update(BUCKET, name, outputs, longer)["objectLock"]["days"] == 3
    with pytest.raises(live.Aborted, match="cannot be removed"):
        live.update(BUCKET, name, outputs, {"bucket": name, "versioning": True})
    live.delete(BUCKET, name, outputs)


def test_a_public_access_block_that_the_server_lacks_is_a_clear_failure(live, s3, name) -> None:
    with pytest.raises(live.Aborted, match=r"NotImplemented.*leave the property out") as raised:
        live.create(BUCKET, {"bucket": name, "publicAccessBlock": True})
    half = wire.decode(raised.value.half.properties)
    assert half["publicAccessBlock"] is False
    made = live.update(BUCKET, name, half, {"bucket": name})
    assert list(live.diff(BUCKET, made, {"bucket": name}).diffs) == []
    live.delete(BUCKET, name, made)


def test_somebody_elses_bucket_is_not_taken_over_and_our_half_made_one_is(live, s3, name) -> None:
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="theirs", Body=b"1")
    with pytest.raises(live.Aborted, match="exists and is not ours"):
        live.create(BUCKET, {"bucket": name, "versioning": True})
    assert s3.get_bucket_versioning(Bucket=name).get("Status") is None
    s3.delete_object(Bucket=name, Key="theirs")
    # Bare and empty: what a creation leaves that was ended between its first two calls.
    _, outputs = live.create(BUCKET, {"bucket": name, "versioning": True})
    live.delete(BUCKET, name, outputs)


def test_wrong_credentials_are_told_with_what_to_do(live, name, monkeypatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    live.configure({})
    with pytest.raises(live.Aborted, match=r"SignatureDoesNotMatch.*hdh:secretKey"):
        live.create(BUCKET, {"bucket": name})


def test_an_endpoint_that_is_down_is_told_and_is_not_an_absence(live, name, monkeypatch) -> None:
    monkeypatch.setenv("HDH_S3_ENDPOINT", "http://127.0.0.1:9")
    live.configure({})
    with pytest.raises(live.Aborted, match="check the endpoint"):
        live.read(BUCKET, name)
