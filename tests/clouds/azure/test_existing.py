"""What is there already: named and left alone, or taken over under the names that it has."""

import pytest

from hdh_infra.deploy import realise
from hdh_infra.errors import SpecError
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing import Recorder

TARGET = "azure:francecentral"
OLD_NETWORK = "/subscriptions/1/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-old"
OLD_KEY = "/subscriptions/1/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv-old/keys/k1"
OLD_IMAGE = "/subscriptions/1/resourceGroups/rg-img/providers/Microsoft.Compute/images/hardened"


@pytest.fixture
def found_there(wide_described):
    described = wide_described
    described["zones"]["lake"]["address_range"] = "10.64.200.0/24"
    described["targets"][TARGET]["existing"] = {
        "zone/lake": OLD_NETWORK,
        "key/lake": OLD_KEY,
        "image/debian-12": OLD_IMAGE,
        "group": "/subscriptions/1/resourceGroups/rg-given",
    }
    return described


def test_what_is_there_already_is_named_and_neither_made_nor_changed(found_there, planned_on):
    plan = planned_on(found_there, TARGET)
    existing = {node.path: node.existing for node in plan.nodes if node.existing}
    assert existing == {
        "zone/lake/network": OLD_NETWORK,
        "key/lake/key": OLD_KEY,
        "platform/group": "/subscriptions/1/resourceGroups/rg-given",
    }
    assert plan.node("zone/lake/network").properties == {
        "resourceGroupName": "rg-net",
        "virtualNetworkName": "vnet-old",
    }
    subnet = plan.node("zone/lake/subnet/machines").properties
    assert (subnet["resourceGroupName"], subnet["virtualNetworkName"]) == ("rg-net", "vnet-old")
    assert plan.node("zone/audit/network").properties["resourceGroupName"] == "rg-given"
    assert "key/lake/vault" not in {node.path for node in plan.nodes}
    vault = plan.node("zone/lake/store/snds/account").properties["encryption"]["keyVaultProperties"]
    assert vault == {"keyVaultUri": "https://kv-old.vault.azure.net/", "keyName": "k1"}
    image = plan.node("zone/lake/machine/spark/0/vm").properties["storageProfile"]["imageReference"]
    assert image == {"id": OLD_IMAGE}


def test_what_is_there_already_is_read_back_as_far_as_a_plan_can_show_it(found_there, planned_on):
    platform = Platform.model_validate(found_there)
    plan = planned_on(found_there, TARGET)
    seen = observe_plan(plan, platform)
    assert seen.elements["zone/lake/store/snds"]["key"] == "key/lake"
    assert seen.elements["zone/lake/machine/spark"]["image"] == "debian-12"
    assert seen.elements["key/lake"]["protection"] is None
    assert seen.remarks == ()
    unknown = {row.element for row in plan.verdicts if row.verdict is Verdict.unknown}
    assert unknown == {"key/lake", "zone/lake"}
    flows = {row.verdict for row in plan.verdicts if row.requirement == "flow.exact"}
    assert flows == {Verdict.met}


def test_what_is_taken_over_is_said_in_full_under_the_names_it_has(found_there, planned_on):
    """Invariant: adopting changes whose it is, never what it is called; the engine imports exactly what is named."""
    found_there["targets"][TARGET]["existing"] = {
        "zone/lake": {"id": OLD_NETWORK, "adopt": True},
        "key/lake": {"id": OLD_KEY, "adopt": True},
        "group": {"id": "/subscriptions/1/resourceGroups/rg-given", "adopt": True},
    }
    plan = planned_on(found_there, TARGET)
    assert not [node.path for node in plan.nodes if node.existing]
    assert {node.path: node.adopt for node in plan.nodes if node.adopt} == {
        "zone/lake/network": OLD_NETWORK,
        "key/lake/key": OLD_KEY,
        "key/lake/vault": OLD_KEY[: OLD_KEY.index("/keys/")],
        "platform/group": "/subscriptions/1/resourceGroups/rg-given",
    }
    network = plan.node("zone/lake/network").properties
    assert (network["resourceGroupName"], network["virtualNetworkName"]) == ("rg-net", "vnet-old")
    assert network["addressSpace"] == {"addressPrefixes": ["10.64.200.0/24"]}
    key = plan.node("key/lake/key")
    assert (key.properties["vaultName"], key.properties["keyName"]) == ("kv-old", "k1")
    assert key.protect


def test_an_id_that_is_not_whole_is_answered_with_what_to_write(found_there, planned_on):
    found_there["targets"][TARGET]["existing"]["zone/lake"] = "vnet-old"
    with pytest.raises(SpecError, match="write the whole id"):
        planned_on(found_there, TARGET)


def test_all_of_it_registers_with_the_engine_and_what_is_there_already_is_read(found_there, planned_on):
    plan = planned_on(found_there, TARGET)
    locked = {"azure-native:storage:getBlobContainerImmutabilityPolicy": {"state": "Locked"}}
    recorder = Recorder(
        locked | {"azure-native:authorization:getClientConfig": {"tenantId": "t", "subscriptionId": "s"}}
    )
    recorder.run(lambda: realise(plan))
    assert set(recorder.natives) == {node.path for node in plan.nodes}
    assert recorder.seen["zone/lake/network"].existing == OLD_NETWORK
    assert recorder.seen["platform/administration-log"].inputs["resourceUri"] == "/subscriptions/s"
    watched = recorder.seen["zone/lake/store/snds/access-log"].inputs["resourceUri"]
    assert watched == "id-of-zone/lake/store/snds/account/blobServices/default"
