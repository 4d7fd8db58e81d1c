"""Encryption in the client: the other means that a description itself names, and never more than that."""

import datetime
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.model.expand import expand
from hdh_infra.model.platform import Platform
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 23)
SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"
SNDS, SPARK, KEY = "zone/lake/store/snds", "zone/lake/machine/spark", "key/lake"
OVH, OPENSTACK, AZURE = "ovhcloud:GRA", "openstack:RegionOne", "azure:francecentral"


def described(client_side=True, level="customer-key", **facts):
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    store = value["zones"]["lake"]["stores"]["snds"]
    store |= {"client_side": client_side, "encryption": level}
    declared = [one for one in value["facts"] if one["attribute"] not in facts]
    declared += [
        {"target": OPENSTACK, "attribute": name, "value": given, "source": "handbook", "as_of": "2026-11-01", "by": "x"}
        for name, given in facts.items() if given is not None
    ]  # fmt: skip
    return Platform.model_validate({**value, "waivers": [], "facts": declared})


def row(platform, target, attribute="encryption"):
    plan = make_plan(platform, target, today=TODAY)
    return next(one for one in plan.verdicts if one.element == SNDS and one.attribute == attribute)


@pytest.mark.parametrize("target", [OVH, OPENSTACK])
def test_a_floor_of_a_customers_key_differs_by_it_and_is_not_met_without_it(target):
    found = row(described(), target)
    assert (str(found.verdict), found.means) == (
        "differs",
        f"encrypted by who writes, before it is written, with {KEY} (client_side)",
    )
    assert "which no property shows" in found.reason
    assert found.given == row(described(client_side=False), target).given, "what the cloud gives is told as it is"
    without = row(described(client_side=False), target)
    assert str(without.verdict) == "not-met"
    assert "client_side" in without.remedy


def test_what_nobody_knows_of_the_server_differs_too_for_it_gets_ciphertext_only():
    assert str(row(described(client_side=False, **{"store.encryption": None}), OPENSTACK).verdict) == "unknown"
    assert str(row(described(**{"store.encryption": None}), OPENSTACK).verdict) == "differs"


@pytest.mark.parametrize("target", [OVH, OPENSTACK, AZURE])
def test_a_key_that_the_cloud_never_holds_is_not_answered_by_it(target):
    assert str(row(described(level="external-key"), target).verdict) == "not-met"


def test_where_the_cloud_itself_takes_the_key_it_is_met_and_nobody_has_to_do_anything():
    assert str(row(described(), AZURE).verdict) == "met"
    assert "client_side" not in str(make_plan(described(), AZURE, today=TODAY).manual)


@pytest.mark.parametrize("target", [OVH, OPENSTACK])
def test_the_plan_says_who_encrypts_what_with_which_key_and_where_it_lies(target):
    (step,) = [one for one in make_plan(described(), target, today=TODAY).manual if SNDS in one.what]
    assert KEY in step.what
    assert SPARK in step.who
    assert {OVH: "datakey", OPENSTACK: "Barbican"}[target] in step.command
    assert "examples/client_side" in step.command
    none = make_plan(described(client_side=False), target, today=TODAY).manual
    assert not [one for one in none if SNDS in one.what]


def test_whoever_has_a_right_on_the_store_may_use_its_key_and_nobody_else():
    expanded = expand(described())
    holders = {right.principal for right in expanded.rights_on[SNDS]}
    assert SPARK in holders
    assert set(expanded.users_of(KEY)) == holders
    assert set(expanded.users_of("key/projects")) == set()
    assert expand(described(client_side=False)).users_of(KEY) == ()


@pytest.mark.parametrize("target", [OVH, OPENSTACK])
def test_it_changes_no_bucket(target):
    with_it, without = (
        {
            node.path: node.properties
            for node in make_plan(described(one), target, today=TODAY).nodes
            if "/store/" in node.path
        }
        for one in (True, False)
    )
    assert with_it == without
