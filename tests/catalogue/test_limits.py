"""The catalogue's limits: sourced, told apart, and about types and words that are known."""

import datetime
import re
import string
from pathlib import Path

import pytest
from pydantic import ValidationError

from hdh_infra.catalogue.load import catalogue, clouds
from hdh_infra.catalogue.schema import Limit, Offer
from hdh_infra.contracts import contract
from hdh_infra.model.base import check_name
from hdh_infra.model.requirements import CAPACITY
from hdh_infra.model.scales import Confidence
from hdh_infra.planning.counting import KEYS, WEIGHTS

READ_BY = datetime.date(2026, 11, 25)
LIMITS = [(cloud, limit) for cloud in clouds() for offer in catalogue(cloud).offers for limit in offer.limits]
KIN = "openstack-kin"
"""The page of the offers that another cloud's lowering serves; each has its limits under a heading of its own."""
PAGES = [
    (cloud if offer.lowering is None else KIN, "" if offer.lowering is None else f"{cloud}/{offer.name}", limit)
    for cloud in clouds()
    for offer in catalogue(cloud).offers
    for limit in offer.limits
]
WRITTEN = {
    "name": "stores", "what": "storage accounts", "scope": "a subscription", "value": 250, "counts": ["a:b:C"],
    "remedy": "Split the platform.", "source": "a page that was read", "as_of": "2026-11-25", "confidence": "primary",
}  # fmt: skip

COUNTED = {
    "azure": {"azure-native"},
    "bleu": {"azure-native"},
    "s3ns": {"gcp"},
    "scaleway": {"hdh", "scaleway"},
}
"""Packages whose types a cloud's limits count; of those that are not here, OpenStack's and its kin's."""

each_limit = pytest.mark.parametrize(
    ("cloud", "limit"), LIMITS, ids=[f"{cloud}-{limit.key}" for cloud, limit in LIMITS]
)


@pytest.mark.parametrize("cloud", clouds())
def test_every_offer_has_limits_of_what_platforms_have_most_of(cloud):
    for offer in (one for one in catalogue(cloud).offers if one.refused is None):
        # Where networks are made by hand and nothing filters, no plan has any of those that could be counted.
        made = set() if offer.native.get("networks") == "named" else {"networks", "rules", "addresses"}
        assert made | {"stores", "machines", "vcpus"} <= {limit.name for limit in offer.limits}


@each_limit
def test_a_limit_belongs_to_a_requirement_and_its_key_can_be_written_as_a_quota(cloud, limit):
    assert limit.name in CAPACITY
    check_name(limit.key)


@each_limit
def test_a_limit_has_a_source_and_was_read_in_the_past(cloud, limit):
    assert len(limit.source.strip()) > 10
    assert datetime.date(2015, 1, 1) <= limit.as_of <= READ_BY
    assert limit.confidence is not Confidence.declared


@each_limit
def test_only_types_that_the_cloud_has_are_counted(cloud, limit):
    for token in limit.counts:
        assert contract(token) is not None, token
        assert token.split(":")[0] in COUNTED.get(cloud, {"openstack", "hdh", "ovh", cloud}), token


@each_limit
def test_what_groups_the_counted_are_properties_that_they_have(cloud, limit):
    """Invariant: a property that is misspelt would put every resource in no group, and nothing would be counted."""
    assert limit.sum is None or limit.sum in WEIGHTS
    for word in limit.per:
        if word in KEYS:
            continue
        assert re.fullmatch(r"[\w.]+(>\w+)?(\|[\w.]+(>\w+)?)*", word), word
        firsts = {path.split(">")[0].split(".")[0] for path in word.split("|")}
        for token in limit.counts:
            assert firsts & set(contract(token).inputs), f"{token} has none of {sorted(firsts)}"


@each_limit
def test_a_request_and_a_split_name_their_numbers_and_nothing_else(cloud, limit):
    slots = {
        "raised_by": {name for _, name, _, _ in string.Formatter().parse(limit.raised_by or "") if name is not None},
        "remedy": {name for _, name, _, _ in string.Formatter().parse(limit.remedy) if name is not None},
    }
    assert slots["raised_by"] <= {"need"}
    assert slots["remedy"] <= {"parts"}
    assert limit.remedy.endswith(".")
    assert not (limit.raised_by or "").endswith("."), "what to do with the answer follows"


@pytest.mark.parametrize(
    ("cloud", "offer", "limit"), PAGES, ids=[f"{offer or cloud}-{limit.key}" for cloud, offer, limit in PAGES]
)
def test_a_limit_is_on_the_page_of_its_cloud_with_its_number_and_how_far_it_can_be_raised(cloud, offer, limit):
    page = (Path(__file__).parents[2] / "docs" / "clouds" / f"{cloud}.md").read_text(encoding="utf-8")
    if offer:
        page = page.partition(f"### Limits of `{offer}`\n")[2].partition("\n#")[0]
    rows = [
        line.split("|")
        for line in page.splitlines()
        if line.startswith("| `") and f"`{limit.key}`" in line.split("|")[1]
    ]
    assert len(rows) == 1, f"docs/clouds/{cloud}.md has {len(rows)} rows for {limit.key}"
    _, _, _, value, raised, source, _ = rows[0]
    known = "unknown" if limit.value is None else f"{limit.value:,}"
    given = f"its size less {limit.reserved}" if limit.size_of else known
    inferred = ", inferred" if limit.confidence is Confidence.inferred else ""
    assert value.strip() == given + inferred
    assert str(limit.as_of) in source
    if limit.maximum is not None:
        assert f"to {limit.maximum:,}" in raised
    assert (raised.strip() == "no") is (limit.raised_by is None and not limit.size_of)


def test_a_limit_is_called_by_its_name_unless_it_says_otherwise():
    assert Limit.model_validate(WRITTEN).key == "stores"
    assert Limit.model_validate(WRITTEN | {"key": "stores-of-a-kind"}).key == "stores-of-a-kind"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": None}, "null and unknown go together"),
        ({"confidence": "unknown"}, "null and unknown go together"),
        ({"maximum": 500}, "says who raises it"),
        ({"maximum": 250, "raised_by": "Ask for {need}"}, "above 250"),
        ({"size_of": "cidr", "per": ["subnetId"]}, "has no value"),
        ({"size_of": "cidr", "value": None}, "grouped by one reference"),
        ({"sum": "bytes"}, "Input should be"),
        ({"counts": []}, "at least 1 item"),
    ],
)
def test_a_limit_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Limit.model_validate(WRITTEN | change)


def test_two_limits_of_one_key_are_refused():
    offer = catalogue("azure").offers[0]
    twice = offer.model_dump(mode="json") | {"limits": [WRITTEN, WRITTEN]}
    with pytest.raises(ValidationError, match="several limits are called stores"):
        Offer.model_validate(twice)
