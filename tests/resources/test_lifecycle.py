"""Rules of age of a bucket over a server in memory: what is asked, what is found, and what a person changed by hand."""

from __future__ import annotations

import pytest
from pulumi.runtime.proto import provider_pb2

from hdh_infra.resources.types.bucket_lifecycle import abort_of, rules_of

BUCKET = "hdh:s3:Bucket"
NONE = provider_pb2.DiffResponse.DIFF_NONE
RULES = [{"prefix": "tmp/", "days": 7}, {"days": 365, "oldVersionsDays": 30}]
INPUTS = {"bucket": "abc", "versioning": True, "lifecycle": RULES}


def rule(**parts):
    return {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, **parts}


def test_rules_are_written_as_s3_has_them_and_read_back_without_a_difference(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, INPUTS)
    assert memory.buckets["abc"]["lifecycle"]["Rules"] == [
        {
            "ID": "hdh-0",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": 365},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        },
        {"ID": "hdh-1", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}},
    ]
    assert engine.diff(BUCKET, outputs, INPUTS, INPUTS).changes == NONE
    assert engine.diff(BUCKET, outputs, {**INPUTS, "lifecycle": RULES[::-1]}, INPUTS).changes == NONE


def test_a_rule_is_changed_in_place_and_taken_out_again(engine, memory) -> None:
    _, outputs = engine.create(BUCKET, INPUTS)
    longer = {**INPUTS, "lifecycle": [{"days": 730}]}
    answer = engine.diff(BUCKET, outputs, longer, INPUTS)
    assert (list(answer.diffs), list(answer.replaces)) == (["lifecycle"], [])
    outputs = engine.update(BUCKET, "abc", outputs, longer)
    assert outputs["lifecycle"] == [{"prefix": "", "days": 730}]
    outputs = engine.update(BUCKET, "abc", outputs, {"bucket": "abc", "versioning": True})
    assert "lifecycle" not in outputs
    assert "lifecycle" not in memory.buckets["abc"]


def test_a_rule_that_a_person_added_is_drift_even_where_none_was_asked(engine, memory) -> None:
    inputs = {"bucket": "abc", "versioning": True}
    _, outputs = engine.create(BUCKET, inputs)
    memory.buckets["abc"]["lifecycle"] = {"Rules": [rule(Expiration={"Days": 1})]}
    _, drifted, read_inputs = engine.read(BUCKET, "abc", outputs, inputs)
    assert list(engine.diff(BUCKET, drifted, inputs, read_inputs).diffs) == ["lifecycle"]
    engine.update(BUCKET, "abc", drifted, inputs)
    assert "lifecycle" not in memory.buckets["abc"]


def test_a_rule_with_parts_that_have_no_word_never_passes_for_a_plain_one(engine, memory) -> None:
    asked = {"bucket": "abc", "lifecycle": [{"days": 30}]}
    _, outputs = engine.create(BUCKET, asked)
    tagged = rule(Filter={"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}, Expiration={"Days": 30})
    memory.buckets["abc"]["lifecycle"] = {"Rules": [tagged]}
    _, drifted, read_inputs = engine.read(BUCKET, "abc", outputs, asked)
    assert drifted["lifecycle"] == [{"prefix": "", "days": 30, "also": "Tags"}]
    assert list(engine.diff(BUCKET, drifted, asked, read_inputs).diffs) == ["lifecycle"]


def test_an_imported_bucket_has_its_rules_as_inputs(engine, memory) -> None:
    memory.buckets["abc"] = {"lifecycle": {"Rules": [rule(Expiration={"Days": 30})]}}
    _, outputs, inputs = engine.read(BUCKET, "abc")
    assert inputs["lifecycle"] == [{"prefix": "", "days": 30}]
    assert engine.check(BUCKET, inputs) == {}
    assert engine.diff(BUCKET, outputs, inputs, inputs).changes == NONE


def test_rules_that_are_switched_off_or_only_end_uploads_delete_no_data() -> None:
    off = rule(Status="Disabled", Expiration={"Days": 1})
    uploads = rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
    assert rules_of({"Rules": [off, uploads]}) is None
    assert rules_of({}) is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (rule(Expiration={"Date": "2027-01-01"}), {"prefix": "", "also": "Date"}),
        ({"Status": "Enabled", "Prefix": "a/", "Expiration": {"Days": 3}}, {"prefix": "a/", "days": 3}),
        (
            rule(NoncurrentVersionExpiration={"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}),
            {"prefix": "", "oldVersionsDays": 3, "also": "NewerNoncurrentVersions"},
        ),
        (rule(Transitions=[{"Days": 3, "StorageClass": "COLD"}]), {"prefix": "", "also": "Transitions"}),
        (rule(Filter={}, Expiration={"Days": 3}), {"prefix": "", "days": 3}),
    ],
)
def test_every_form_of_a_rule_is_read(found, expected) -> None:
    assert rules_of({"Rules": [found]}) == [expected]


@pytest.mark.parametrize(
    ("rules", "at"),
    [
        ([{"prefix": "a"}], "lifecycle[0]"),
        ([{"days": 0}], "lifecycle[0].days"),
        ([{"days": 1}, {"prefix": "", "oldVersionsDays": 2}], "lifecycle[1].prefix"),
        ([{"days": "soon"}], "lifecycle[0].days"),
        ([{"dais": 1}], "lifecycle[0].dais"),
    ],
)
def test_a_rule_that_does_nothing_or_says_two_things_is_refused_with_its_place(engine, rules, at) -> None:
    assert at in engine.check(BUCKET, {**INPUTS, "lifecycle": rules})


def test_old_versions_go_only_where_versions_are_kept(engine) -> None:
    found = engine.check(BUCKET, {"bucket": "abc", "lifecycle": [{"oldVersionsDays": 3}]})
    assert "set versioning to true" in found["lifecycle[0].oldVersionsDays"]


def test_a_server_without_rules_of_age_fails_clearly_and_only_where_they_are_asked(engine, memory) -> None:
    memory.broken = {
        "get_bucket_lifecycle_configuration": ("NotImplemented", 501),
        "put_bucket_lifecycle_configuration": ("NotImplemented", 501),
    }
    engine.create(BUCKET, {"bucket": "abd"})
    with pytest.raises(engine.Aborted, match="leave the property out"):
        engine.create(BUCKET, INPUTS)


UPLOADS = {
    "ID": "hdh-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


def test_unfinished_uploads_end_with_and_without_rules_of_data(engine, memory) -> None:
    asked = {"bucket": "abc", "abortUploadsDays": 7}
    _, outputs = engine.create(BUCKET, asked)
    assert memory.buckets["abc"]["lifecycle"]["Rules"] == [UPLOADS]
    assert (outputs["abortUploadsDays"], outputs.get("lifecycle")) == (7, None)
    assert engine.diff(BUCKET, outputs, asked, asked).changes == NONE
    both = {**asked, "lifecycle": [{"days": 30}]}
    assert list(engine.diff(BUCKET, outputs, both, asked).diffs) == ["lifecycle"]
    outputs = engine.update(BUCKET, "abc", outputs, both)
    assert memory.buckets["abc"]["lifecycle"]["Rules"][0] == UPLOADS
    assert len(memory.buckets["abc"]["lifecycle"]["Rules"]) == 2
    assert list(engine.diff(BUCKET, outputs, {**both, "abortUploadsDays": 3}, both).diffs) == ["abortUploadsDays"]
    outputs = engine.update(BUCKET, "abc", outputs, asked)
    assert memory.buckets["abc"]["lifecycle"]["Rules"] == [UPLOADS]


def test_an_end_of_uploads_that_nobody_asked_is_the_servers_own_and_one_that_was_taken_out_is_drift(
    engine, memory
) -> None:
    plain, asked = {"bucket": "abc"}, {"bucket": "abc", "abortUploadsDays": 7}
    _, outputs = engine.create(BUCKET, plain)
    memory.buckets["abc"]["lifecycle"] = {"Rules": [UPLOADS]}
    _, found, inputs = engine.read(BUCKET, "abc", outputs, plain)
    assert found["abortUploadsDays"] == 7
    assert engine.diff(BUCKET, found, plain, inputs).changes == NONE
    memory.buckets["abc"].pop("lifecycle")
    _, found, inputs = engine.read(BUCKET, "abc", found, asked)
    assert list(engine.diff(BUCKET, found, asked, inputs).diffs) == ["abortUploadsDays"]


def test_an_end_of_some_uploads_never_passes_for_one_of_all(engine) -> None:
    tagged = {**UPLOADS, "Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}}
    for other in ({**UPLOADS, "Status": "Disabled"}, {**UPLOADS, "Filter": {"Prefix": "tmp/"}}, tagged):
        assert abort_of({"Rules": [other]}) is None
    assert (
        abort_of({"Rules": [UPLOADS, {**UPLOADS, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]}) == 3
    )
    assert "1 or more" in engine.check(BUCKET, {"bucket": "abc", "abortUploadsDays": 0})["abortUploadsDays"]
