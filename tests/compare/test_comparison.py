"""Comparisons say what plans and deployments give, and answer yes only where it is so."""

import dataclasses
import json
import subprocess
import sys

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import site
from hdh_infra.clouds import of
from hdh_infra.compare.comparison import answers, compare_plans, compare_sides
from hdh_infra.compare.side import LOOKED_UP, UNMANAGED, Side
from hdh_infra.errors import SpecError
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.model.attributes import ATTRIBUTES
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import observe_plan
from tests.compare.conftest import EVERYTHING, TODAY, flow

SAID = ("reason", "source", "as_of", "confidence", "means", "remedy", "waiver")
"""What a verdict says beside itself, and a reason of the comparison too."""


@pytest.fixture(scope="module")
def found(small, plans):
    return compare_plans(small, plans)


def deployed(plan, small, source="state", change=lambda natives: natives):
    """A deployment that holds what a plan says, as far as a plan can say it, changed by a function."""
    target = Target.parse(plan.target)
    resources = change([Native(node.path, node.type, node.properties, node.existing) for node in plan.nodes])
    natives = Natives(resources, source, of(target).identifiers)
    return Side.of_deployed(plan.target, natives, of(target).observe(natives, site(target, small)))


def test_the_json_has_every_attribute_of_every_element_for_every_target(found, small):
    said = found.to_json()
    assert said["format"] == "hdh-comparison/1"
    assert said["targets"] == ["azure:francecentral", "openstack:RegionOne"]
    assert set(said["elements"]) == set(expand(small).elements)
    for path, attributes in said["elements"].items():
        assert set(attributes) == set(ATTRIBUTES[kind_of(path)])
        for cell in attributes.values():
            assert set(cell["given"]) == set(cell["verdict"]) == set(cell["why"]) == set(said["targets"])
            reasons = [said["reasons"][place] for place in cell["why"].values()]
            assert all(why["source"] and why["as_of"] and why["reason"] for why in reasons)
    assert len({json.dumps(why) for why in said["reasons"]}) == len(said["reasons"])
    assert json.loads(json.dumps(said)) == said


def test_a_plan_that_reaches_everything_is_deployable_and_flows_as_asked(found):
    said = found.to_json()
    assert said["flows"]["as_asked"] == {"azure:francecentral": True, "openstack:RegionOne": False}
    assert said["flows"]["given"]["azure:francecentral"] == said["flows"]["asked"]
    assert said["deployable"]["azure:francecentral"] is True


def test_a_bucket_endpoint_that_serves_all_the_world_makes_two_targets_unequal(found):
    said = found.to_json()
    assert said["flows"]["equal"] is False
    assert any("every bucket behind" in line for line in said["flows"]["differences"])
    assert not answers(found, "equal-flows")


def test_a_key_that_no_level_asks_for_any_more_is_not_shown_as_met(found):
    cells = found.to_json()["elements"]["zone/lake/store/snds"]
    assert cells["encryption"]["verdict"]["openstack:RegionOne"] != "met"
    assert cells["key"]["verdict"]["openstack:RegionOne"] == cells["encryption"]["verdict"]["openstack:RegionOne"]


def test_every_verdict_of_every_plan_is_in_the_comparison(found, plans):
    """What is met of an element's attribute stands with the attribute; everything else among the verdicts."""
    said = found.to_json()
    for plan in plans:
        by_element = 0
        for row in plan.verdicts:
            attribute = said["elements"].get(row.element, {}).get(row.attribute)
            if row.attribute in {"key", "system_key"} and row.asked is None:
                continue  # answered by the encryption's own verdict
            if attribute is not None:
                assert attribute["verdict"][plan.target] == str(row.verdict)
                why = said["reasons"][attribute["why"][plan.target]]
                assert [why[name] for name in SAID] == [row.to_json()[name] for name in SAID]
                by_element += 1
            if attribute is None or str(row.verdict) != "met":
                assert row.to_json() in said["verdicts"][plan.target]
        assert by_element
        assert len(said["verdicts"][plan.target]) < len(plan.verdicts)


def test_all_native_resources_are_counted_once(found, plans):
    said = found.to_json()
    for plan in plans:
        assert sum(said["natives"][plan.target].values()) == len(plan.nodes)
        by_element = [types[plan.target] for types in said["natives_by_element"].values()]
        assert sum(sum(types.values()) for types in by_element) == len(plan.nodes)


@pytest.mark.parametrize("part", ["flows", "egress", "entry"])
def test_any_opening_more_on_one_side_makes_flows_unequal(small, plans, part):
    observation = observe_plan(plans[0], small)
    more = flow("zone/lake/machine/spark", "203.0.113.0/24", 443)
    other = dataclasses.replace(observation, **{part: (*getattr(observation, part), more)})
    sides = [Side.of_plan(plans[0], observation), dataclasses.replace(Side.of_plan(plans[0], other), label="other")]
    found = compare_sides(small, sides, today=TODAY)
    assert not found.equal_flows
    assert any("203.0.113.0/24" in line for line in found.flow_differences)
    assert found.as_asked(found.sides[0])
    assert not found.as_asked(found.sides[1])


def test_the_same_side_twice_is_equal_in_everything(small, plans):
    one = Side.of_plan(plans[0], observe_plan(plans[0], small))
    found = compare_sides(small, [one, dataclasses.replace(one, label="again")], today=TODAY)
    assert found.equal_flows
    assert found.differences == ()


def test_a_deployment_that_is_as_planned_has_no_drift(small, plans):
    found = compare_sides(small, [deployed(plan, small) for plan in plans], today=TODAY)
    assert found.labels == ("azure:francecentral state", "openstack:RegionOne state")
    assert found.drift == {"azure:francecentral state": (), "openstack:RegionOne state": ()}
    assert answers(found, "no-drift")


def test_a_rule_added_by_hand_is_a_remark_is_drift_and_changes_the_flows(small, plans):
    plan = plans[1]
    group = next(
        node for node in plan.nodes if node.type.endswith(":SecGroup") and node.element == "zone/lake/machine/spark"
    )
    rule = Native(
        f"{UNMANAGED}0f6c",
        "openstack:networking/secGroupRule:SecGroupRule",
        {
            "securityGroupId": {"$ref": group.path, "output": "id"},
            "direction": "egress",
            "ethertype": "IPv4",
            "protocol": "tcp",
            "portRangeMin": 25,
            "portRangeMax": 25,
            "remoteIpPrefix": "0.0.0.0/0",
        },
        "0f6c",
    )
    side = deployed(plan, small, "live", lambda natives: [*natives, rule])
    found = compare_sides(small, [deployed(plan, small), side], today=TODAY)
    assert any("0f6c" in remark and "tcp" in remark for remark in found.sides[1].remarks)
    assert not answers(found, "no-drift")
    assert not found.drift["openstack:RegionOne state"]
    assert not answers(found, "equal-flows")
    assert any("0.0.0.0/0: tcp 25" in line for line in found.flow_differences)


def test_a_resource_that_is_gone_and_a_value_that_changed_are_drift(small, plans):
    plan = plans[1]

    def change(natives):
        kept = [native for native in natives if not native.path.startswith("space/cohort-a/store/")]
        return [
            dataclasses.replace(native, properties={**native.properties, "versioning": False})
            if native.path == "zone/lake/store/snds/bucket"
            else native
            for native in kept
        ]

    found = compare_sides(small, [deployed(plan, small, change=change)], today=TODAY)
    lines = found.drift["openstack:RegionOne state"]
    assert "zone/lake/store/snds versioning: planned yes, found no" in lines
    assert any(line.startswith("space/cohort-a/store/work/bucket") and "not there" in line for line in lines)
    row = next(
        row for row in found.sides[0].verdicts if (row.element, row.attribute) == ("zone/lake/store/snds", "versioning")
    )
    assert str(row.verdict) == "not-met"


def test_what_is_not_visible_is_drift_only_where_the_catalogue_does_not_answer_for_it(small, plans):
    """No row of the catalogue says in which country a region lies that it does not know; redundancy it answers for, seen or not."""

    def change(natives):
        return [
            dataclasses.replace(native, properties={**native.properties, "region": "elsewhere"})
            if native.type == "hdh:s3:Bucket"
            else dataclasses.replace(native, properties={**native.properties, "imageId": "an id"})
            if native.path.startswith("zone/lake/machine/spark/system-disk")
            else native
            for native in natives
        ]

    found = compare_sides(small, [deployed(plans[1], small, change=change)], today=TODAY)
    lines = found.drift["openstack:RegionOne state"]
    assert [line for line in lines if " country: " not in line] == [
        "zone/lake/machine/spark image: planned debian-12, found not visible",
    ]
    stores = {row.element for row in found.sides[0].verdicts if row.requirement == "store.versioning"}
    assert {line for line in lines if " country: " in line} == {
        f"{path} country: planned FR, found not visible" for path in stores
    }
    rows = [row for row in found.sides[0].verdicts if row.attribute == "country" and row.element in stores]
    assert {str(row.verdict) for row in rows} == {"unknown"}


def test_what_is_only_looked_up_is_no_resource_and_no_drift(small, plans):
    image = Native(f"{LOOKED_UP}image/1", "openstack:images/image:Image", {"name": "Debian 12"}, "1")
    found = compare_sides(small, [deployed(plans[1], small, "live", lambda natives: [*natives, image])], today=TODAY)
    assert len(found.sides[0].natives) == len(plans[1].nodes)
    assert answers(found, "no-drift")


def test_no_drift_is_no_question_to_plans(found):
    with pytest.raises(SpecError, match="--deployed"):
        answers(found, "no-drift")


def test_a_question_that_nobody_knows_and_a_target_named_twice_are_refused(found, small, plans):
    with pytest.raises(SpecError, match="deployable"):
        answers(found, "equality")
    with pytest.raises(SpecError, match="twice"):
        compare_plans(small, [plans[0], plans[0]])
    with pytest.raises(SpecError, match="name a target"):
        compare_plans(small, [])


def test_deployable_is_the_answer_of_all_sides(small, plans):
    assert answers(compare_plans(small, plans[:1]), "deployable")
    assert not answers(compare_plans(small, plans), "deployable") or all(plan.deployable for plan in plans)


def test_the_room_and_the_function_of_one_name_can_both_be_used(small, plans):
    import hdh_infra.compare.comparison

    assert hdh.compare(small, plans[:1]).labels == ("azure:francecentral",)
    assert hdh_infra.compare.comparison.FORMAT == "hdh-comparison/1"


def test_a_side_that_knows_nothing_of_an_element_answers_unknown_and_never_met(small, observed):
    lost = Side.of_deployed("openstack:RegionOne", Natives([], "state"), observed(source="state"))
    found = compare_sides(small, [lost], today=TODAY)
    assert not answers(found, "deployable")
    _, (cell,) = found.elements["zone/lake/store/snds"]["public"]
    assert str(cell.verdict) != "met" or cell.basis == "catalogue"


def test_comparing_imports_neither_an_engine_nor_an_sdk_nor_a_terminal_library():
    code = (
        "import sys, hdh_infra.compare.comparison, hdh_infra.compare.assessment, hdh_infra.compare.report.markdown;"
        "print([name for name in ('pulumi','boto3','openstack','typer','rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_also_reaches_is_part_of_what_a_side_gives(small, observed):
    wide = observed([flow("zone/lake/machine/spark", "zone/lake/store/snds", 443, also=[EVERYTHING])], source="state")
    found = compare_sides(small, [Side.of_deployed("openstack:RegionOne", Natives([], "state"), wide)], today=TODAY)
    (given,) = found.to_json()["flows"]["given"]["openstack:RegionOne state"]
    assert given == {
        "from": "zone/lake",
        "to": "zone/lake/store/snds",
        "protocol": "tcp",
        "ports": [443],
        "also_reaches": [EVERYTHING],
    }
