"""What NumSpot's plans hold: one network, filters that are closed, buckets by our plugin, and a provider that another plugin becomes."""

import datetime
import json

import pytest

from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 25)
STANDARD, QUALIFIED = "numspot:eu-west-2", "numspot/snc:cloudgouv-eu-west-1"


@pytest.mark.parametrize("target", [STANDARD, QUALIFIED])
def test_the_provider_is_a_package_that_the_bridge_becomes(small, target):
    plan = make_plan(small(), target, today=TODAY)
    provider = plan.providers["numspot"]
    assert (provider.parameter.plugin, provider.version) == ("terraform-provider", "1.7.3")
    assert json.loads(provider.parameter.value) == {
        "remote": {"url": "registry.opentofu.org/numspot/numspot", "version": "1.7.3"}
    }
    assert Plan.from_json(json.loads(plan.dumps())).providers == plan.providers
    assert all("secret" not in name.lower() for name in provider.config)


def test_a_provider_without_a_parameter_is_written_as_before():
    assert "parameter" not in Provider("azure-native", "3.0.0", {}).to_json()


def test_the_filters_hold_within_subnets_before_the_first_of_them(lower, small):
    nodes = {node.path: node for node in lower(small())}
    assert {"key": "osc.fcu.enable_lan_security_groups", "value": "true"} in nodes["platform/vpc"].properties["tags"]


def test_no_group_states_a_whole_list_of_rules(lower, small):
    groups = [node for node in lower(small()) if node.type.endswith(":SecurityGroup")]
    assert groups
    assert [node.path for node in groups if {"inboundRules", "outboundRules"} & set(node.properties)] == []


def test_no_plan_holds_keys_and_each_thing_asked_of_one_is_told(small):
    plan = make_plan(small(), STANDARD, today=TODAY)
    assert [node.path for node in plan.nodes if node.path.startswith("key/")] == []
    told = {row.requirement: row.verdict for row in plan.verdicts if row.element == "key/lake"}
    assert (told["key.origin"], told["key.protection"], told["key.exportable"]) == ("not-met", "not-met", "met")


def test_every_machine_that_comes_to_stores_has_a_step_for_its_key(small):
    steps = [step.what for step in make_plan(small(), STANDARD, today=TODAY).manual]
    for machine in ("zone/lake/machine/spark", "space/cohort-a/machine/desktop", "space/cohort-b/machine/desktop"):
        assert [one for one in steps if machine in one], machine


def test_a_data_disk_is_attached_by_its_own_property_and_kept(lower, small):
    disks = [node for node in lower(small()) if node.path.endswith("/data-disk/0")]
    assert {node.path.partition("/machine/")[0] for node in disks} >= {"zone/lake", "space/cohort-a", "space/cohort-b"}
    assert all(node.protect and node.properties["linkVm"]["vmId"]["$ref"].endswith("/vm/0") for node in disks)
