"""What OpenStack says when it refuses leads to what to do, in the services' own words."""

import re

import pytest

from hdh_infra.clouds import cloud
from hdh_infra.clouds.openstack.remedies import REMEDIES

HTTP = "Expected HTTP response code [201 202] when accessing [POST http://c/v2.0/networks], but got {} instead: {}"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (HTTP.format(403, '{"forbidden": {"message": "Quota exceeded for cores: Requested 1, but already used 0 of 0 cores"}}'), "A quota"),
        (HTTP.format(409, '{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: [\'network\']."}}'), "A quota"),
        (HTTP.format(413, '{"overLimit": {"message": "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 1G"}}'), "A quota"),
        ("Error waiting for instance (x) to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'. last error: No valid host was found.", "place or start"),
        ("Error waiting for volume x to become ready: unexpected state 'error', wanted target 'available'", "Nothing is in it"),
        (HTTP.format(429, "{}"), "how often"),
        (HTTP.format(503, "{}"), "passing fault"),
        ('Post "http://c": OpenStack connection error, retries exhausted. Aborting. Last error was: EOF', "did not answer"),
        ('Could not connect to the endpoint URL: "http://c/bucket"', "did not answer"),
        (HTTP.format(401, "{}"), "not accepted any more"),
        (HTTP.format(403, '{"forbidden": {"message": "Policy doesn\'t allow os_compute_api:servers:create to be performed."}}'), "lacks a right"),
        (HTTP.format(409, '{"NeutronError": {"type": "SubnetInUse"}}'), "still uses it"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["openstack", "ovhcloud"])
def test_a_refusal_is_told_with_what_to_do(name, said, words):
    found = cloud(name).remedy(said)
    assert found is not None
    assert words in found.words


def test_what_is_a_mistake_of_the_plan_has_no_remedy():
    assert cloud("openstack").remedy(HTTP.format(400, '{"NeutronError": {"type": "InvalidInput"}}')) is None


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda one: one.pattern[:30])
def test_every_remedy_says_what_to_do_and_where_that_is_written(remedy):
    assert remedy.source
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", remedy.as_of)
    assert not remedy.words.endswith("."), "the sentence is ended where it is told"
