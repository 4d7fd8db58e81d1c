"""The contract, the check against it and the rules of each type; no server."""

from __future__ import annotations

import json

import pytest

from hdh_infra.resources import contract, schema
from hdh_infra.resources.types import TYPES
from hdh_infra.resources.values import UNKNOWN, canonical_policy

BUCKET, USER, KEY, POLICY = "hdh:s3:Bucket", "hdh:iam:User", "hdh:iam:AccessKey", "hdh:iam:UserPolicy"
STATEMENT = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::a"]}


def test_every_type_has_a_contract_and_every_contract_a_type() -> None:
    assert set(contract.contracts()) == set(TYPES)


def test_what_replaces_is_an_input_and_what_is_secret_an_output() -> None:
    for token, terms in contract.contracts().items():
        assert set(terms) == {"inputs", "outputs", "replace", "secrets"}, token
        assert set(terms["replace"]) <= set(terms["inputs"]), token
        assert set(terms["secrets"]) <= set(terms["outputs"]), token


def test_defaults_satisfy_the_contract() -> None:
    for token, kind in TYPES.items():
        known = contract.contracts()[token]["inputs"]
        assert set(kind.defaults) <= set(known)
        assert [failure for failure in contract.check(token, kind.defaults) if failure.reason != "is required"] == []


def test_the_schema_names_every_type_and_marks_the_secret_outputs() -> None:
    read = json.loads(schema.as_json())["resources"]
    assert set(read) == set(TYPES)
    assert read[KEY]["properties"]["secretAccessKey"]["secret"] is True


@pytest.mark.parametrize(
    ("inputs", "path", "words"),
    [
        ({"buket": "abc"}, "buket", "did you mean 'bucket'"),
        ({}, "bucket", "is required"),
        ({"bucket": 3}, "bucket", "type string, not integer"),
        ({"bucket": "abc", "versioning": 1}, "versioning", "type boolean, not integer"),
        ({"bucket": "abc", "tags": {"a b": 1}}, 'tags["a b"]', "type string, not integer"),
        ({"bucket": "abc", "encryption": {"algorithm": "aes256"}}, "encryption.algorithm", "did you mean 'AES256'"),
        ({"bucket": "abc", "encryption": {"algorithm": "AES256", "kmsKeyId": "k"}}, "encryption.kmsKeyId", "aws:kms"),
        ({"bucket": "abc", "encryption": {}}, "encryption.algorithm", "is required"),
        ({"bucket": "abc", "objectLock": {"mode": "compliance", "days": 1}}, "versioning", "set versioning to true"),
        (
            {"bucket": "abc", "versioning": True, "objectLock": {"mode": "compliance", "days": 0}},
            "objectLock.days",
            "1",
        ),
        ({"bucket": "abc", "objectLock": {"mode": "hard", "days": 1}}, "objectLock.mode", "allowed"),
        ({"bucket": "Abc"}, "bucket", "no bucket name"),
        ({"bucket": "10.0.0.1"}, "bucket", "no bucket name"),
        ({"bucket": "abc", "tags": {"hdh-urn": "x"}}, 'tags["hdh-urn"]', "reserved"),
        ({"bucket": "abc", "policy": "{"}, "policy", "is not JSON"),
        ({"bucket": "abc", "policy": "{}"}, "policy", "at least one Statement"),
    ],
)
def test_a_wrong_bucket_is_answered_with_the_property_and_the_remedy(
    engine, inputs: dict, path: str, words: str
) -> None:
    failures = engine.check(BUCKET, inputs)
    assert words in failures[path]


def test_all_problems_are_told_at_once(engine) -> None:
    assert set(engine.check(BUCKET, {"buket": "a", "tags": {"a": 1}})) == {"buket", "tags.a", "bucket"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"bucket": UNKNOWN},
        {"bucket": "abc", "tags": UNKNOWN},
        {"bucket": "abc", "tags": {"a": UNKNOWN}, "policy": UNKNOWN},
        {"bucket": "abc", "versioning": UNKNOWN, "objectLock": UNKNOWN},
        {"bucket": "abc", "versioning": True, "objectLock": {"mode": "compliance", "days": UNKNOWN}},
        {"bucket": "abc", "encryption": {"algorithm": "aws:kms", "kmsKeyId": UNKNOWN}},
    ],
)
def test_what_is_not_known_yet_is_not_refused(engine, inputs: dict) -> None:
    assert engine.check(BUCKET, inputs) == {}


def test_names_of_users_and_policies_are_checked(engine) -> None:
    assert set(engine.check(USER, {"userName": "a/b", "path": "x"})) == {"userName", "path"}
    assert set(engine.check(POLICY, {"userName": "a", "policyName": "", "policy": "[]"})) == {"policyName", "policy"}
    assert engine.check(KEY, {"userName": UNKNOWN}) == {}


def test_policies_that_mean_the_same_are_one() -> None:
    unwrapped = {**STATEMENT, "Action": "s3:GetObject", "Resource": STATEMENT["Resource"][::-1]}
    assert canonical_policy(json.dumps({"Statement": [STATEMENT]})) == canonical_policy(
        json.dumps({"Statement": unwrapped})
    )
    narrower = {**STATEMENT, "Resource": "arn:aws:s3:::a"}
    assert canonical_policy(json.dumps({"Statement": STATEMENT})) != canonical_policy(
        json.dumps({"Statement": narrower})
    )
