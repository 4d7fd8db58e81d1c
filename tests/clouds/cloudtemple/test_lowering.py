"""What Cloud Temple's plans hold, and what they leave to people: networks that are looked up, and nothing that filters."""

import datetime
import json

import pytest

from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 25)
TARGET = "cloudtemple:fr1"
SPARK, CONSOLE = "zone/lake/machine/spark", "zone/administration/machine/console"
DESKTOP_A = "space/cohort-a/machine/desktop"
NETWORK = "cloudtemple:index/getPublicCloudVmNetwork:getPublicCloudVmNetwork"


@pytest.fixture
def apart(small):
    """One machine in each network, and no flow at all."""
    value = small().model_dump(mode="json", by_alias=True)
    zones, defaults = value["zones"], value["spaces"]["defaults"]
    for zone in zones.values():
        for store in zone["stores"].values():
            store |= {"grants": None}
    defaults["flows"] = []
    return small(zones=zones, spaces={**value["spaces"], "defaults": defaults}, flows=[])


def test_the_provider_is_a_package_that_the_bridge_becomes(small):
    provider = make_plan(small(), TARGET, today=TODAY).providers["cloudtemple"]
    assert provider.parameter.plugin == "terraform-provider"
    assert json.loads(provider.parameter.value) == {
        "remote": {"url": "registry.opentofu.org/cloud-temple/cloudtemple", "version": "1.10.0"}
    }
    assert provider.config == {}


def test_no_network_is_made_and_each_is_ordered_before(small):
    plan = make_plan(small(), TARGET, today=TODAY)
    elements = {node.path for node in plan.nodes}
    assert {"zone/lake", "space/cohort-a"} & {path.rsplit("/", 1)[0] for path in elements} == set()
    steps = " ".join(step.what for step in plan.manual)
    for network in ("zone-lake", "zone-administration", "space-cohort-a", "space-cohort-b"):
        assert f"small-{network} " in steps
        assert f"small-{network}-vpc " in steps


def test_a_network_that_is_named_is_not_ordered_and_not_looked_up(small):
    named = "0b0e0f8e-0000-4000-8000-000000000001"
    platform = small(targets={TARGET: {"existing": {"zone/lake": named}}})
    plan = make_plan(platform, TARGET, today=TODAY)
    (vm,) = [node for node in plan.nodes if node.path == f"{SPARK}/vm/0"]
    assert vm.properties["osNetworkAdapters"] == [{"deviceIndex": 0, "networkId": named}]
    assert [step for step in plan.manual if "small-zone-lake of the backbone" in step.what] == []


def test_a_machine_whose_flows_stay_in_its_network_is_not_in_the_vpc(apart, lower):
    assert [node.path for node in lower(apart) if "/adapter/" in node.path] == []
    assert [node.path for node in lower(apart) if node.path.endswith("/account")] == []


def test_a_machine_that_goes_beyond_has_its_address_in_the_vpc(small, lower):
    nodes = {node.path: node for node in lower(small())}
    adapter = nodes[f"{SPARK}/adapter/0"]
    assert adapter.properties["networkId"]["$lookup"] == NETWORK
    assert adapter.properties["networkId"]["args"] == {"name": "small-zone-lake-vpc"}
    assert adapter.properties["ipAddress"].startswith("10.64.")


def test_a_machine_with_data_is_kept_with_its_disk(small, lower):
    nodes = {node.path: node for node in lower(small())}
    assert nodes[f"{SPARK}/vm/0"].protect
    assert nodes[f"{SPARK}/data-disk/0"].protect
    assert not nodes[f"{CONSOLE}/vm/0"].protect


def test_of_a_space_that_ended_machines_with_data_are_off_and_out_of_the_vpc(small):
    value = small().model_dump(mode="json", by_alias=True)
    value["spaces"]["projects"]["cohort-a"]["ends"] = "2026-11-01"
    flows = [one for one in value["flows"] if "cohort-a" not in one["from"]]
    plan = make_plan(small(spaces=value["spaces"], flows=flows), TARGET, today=TODAY)
    mine = {node.path: node for node in plan.nodes if node.path.startswith("space/cohort-a/")}
    assert mine[f"{DESKTOP_A}/vm/0"].properties["powerState"] == "off"
    assert not [path for path in mine if "/adapter/" in path or path.endswith("/account") or "/right/" in path]
    assert DESKTOP_A not in plan.observation.elements


def test_the_key_of_an_account_is_the_only_secret(small, lower):
    secret = {node.type.rpartition(":")[2]: node.secret_outputs for node in lower(small()) if node.secret_outputs}
    assert secret == {"ObjectStorageStorageAccount": ("accessSecretKey",)}


def test_start_up_data_and_keys_stand_in_one_document(small, lower):
    zones = small().model_dump(mode="json", by_alias=True)["zones"]
    zones["lake"]["machines"]["spark"]["startup"] = "#!/bin/sh\necho 'a: b'\n"
    (vm,) = [node for node in lower(small(zones=zones)) if node.path == f"{SPARK}/vm/0"]
    document = vm.properties["cloudInit"]["cloud_config"]
    assert document.startswith("#cloud-config\n")
    assert "echo 'a: b'" in document


def test_what_one_space_alone_asks_of_a_zone_moves_nothing_of_the_zone_and_is_told():
    """Law 4: a zone's machine is in the VPC by what the platform and the spaces' defaults say."""
    machine = {"vcpus": 1, "memory": "1GB"}
    described = {
        "name": "clinic",
        "residency": {"countries": ["FR"]},
        "zones": {"lake": {"machines": {"spark": machine}}},
        "spaces": {"projects": {"a": {"machines": {"desk": machine}, "flows": [{"to": "zone/lake/machine/spark"}]}}},
    }
    plan = make_plan(Platform.model_validate(described), TARGET, today=TODAY)
    assert "zone/lake/machine/spark/adapter/0" not in {node.path for node in plan.nodes}
    (row,) = [one for one in plan.verdicts if (one.element, one.attribute) == ("zone/lake/machine/spark", "flows")]
    assert row.verdict is Verdict.not_met
    assert row.reason.startswith("space/a/machine/desk cannot reach it")
