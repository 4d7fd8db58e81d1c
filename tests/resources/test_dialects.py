"""Policies of Scaleway on the server of the sandbox: written in its words, read back as they were planned, and nowhere else."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.resources.dialects import from_server, to_server
from hdh_infra.resources.types.bucket import Bucket

SANDBOX = {"HDH_S3_POLICIES": "scaleway", "HDH_S3_ENDPOINT": "http://127.0.0.1:1"}
NAMES = st.sampled_from(["application_id:11111111-1111-4111-8111-111111111111", "user_id:2", "*"])
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.just("Allow"),
            "Principal": st.one_of(st.just("*"), st.fixed_dictionaries({"SCW": st.lists(NAMES, min_size=1)})),
            "Action": st.lists(st.sampled_from(["s3:GetObject", "*"]), min_size=1),
            "Resource": st.lists(st.sampled_from(["lake", "lake/*"]), min_size=1),
        }
    ),
    min_size=1,
)


@given(STATEMENTS)
def test_a_policy_reads_back_as_it_was_planned(statements):
    policy = json.dumps({"Version": "2023-04-17", "Statement": statements})
    written = to_server(policy, SANDBOX)
    assert "SCW" not in written
    assert '"lake' not in written
    assert json.loads(from_server(written, SANDBOX)) == json.loads(policy)


def test_nothing_is_translated_for_an_endpoint_that_a_stack_names_nor_of_another_offer():
    policy = json.dumps(
        {"Version": "2023-04-17", "Statement": [{"Principal": {"SCW": "user_id:2"}, "Resource": "lake"}]}
    )
    for environment in ({}, {"HDH_S3_POLICIES": "scaleway"}, {"HDH_S3_ENDPOINT": "http://127.0.0.1:1"}):
        assert to_server(policy, environment) == policy
        assert from_server(policy, environment) == policy
    own = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert to_server(own, SANDBOX) == own
    assert to_server("no json", SANDBOX) == "no json"
    assert from_server(None, SANDBOX) is None


def test_a_key_is_named_by_its_bare_id():
    bare = "11111111-1111-4111-8111-111111111111"

    def key_of(given):
        return Bucket().complete({"bucket": "b", "encryption": {"algorithm": "aws:kms", "kmsKeyId": given}})["encryption"]["kmsKeyId"]  # fmt: skip

    assert key_of(f"fr-par/{bare}") == key_of(bare) == bare
    assert key_of("arn:aws:kms:fr-par:1:key/x") == "arn:aws:kms:fr-par:1:key/x"
    assert key_of("alias/fr-par/lake") == "alias/fr-par/lake"
