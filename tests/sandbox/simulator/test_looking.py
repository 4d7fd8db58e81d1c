"""Data sources: every type that is simulated can be asked for, and what Azure makes by itself is there from the start."""

from __future__ import annotations

from contextlib import closing

import pytest

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.knowledge import knowledge
from hdh_infra.sandbox.simulator.reader import Cloud
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.store import Store

RG = {"resourceGroupName": "rg", "location": "francecentral"}
WATCHER = {"resourceGroupName": "NetworkWatcherRG", "networkWatcherName": "NetworkWatcher_francecentral"}
LOG = "azure-native:network:FlowLog"


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as made:
        yield made


@pytest.fixture
def azure(store):
    made = SimulatedCloud("azure-native", store)
    made.create("azure-native:resources:ResourceGroup", RG)
    return made


def test_a_data_source_gives_what_is_there_and_its_id(azure):
    row = azure.create(
        "azure-native:managedidentity:UserAssignedIdentity", {**RG, "resourceName": "id-one", "tags": {"a": "b"}}
    )
    found = azure.invoke(
        "azure-native:managedidentity:getUserAssignedIdentity", {"resourceGroupName": "rg", "resourceName": "id-one"}
    )
    assert found == {**azure.outputs(row), "id": row.id}
    assert found["principalId"]


def test_what_is_not_there_or_was_deleted_is_not_found(azure):
    token, arguments = "azure-native:keyvault:getVault", {"resourceGroupName": "rg", "vaultName": "kv-one"}
    with pytest.raises(RefusedByCloudError, match="kv-one"):
        azure.invoke(token, arguments)
    properties = {"tenantId": "00000000-0000-4000-8000-000000000001", "sku": {"family": "A", "name": "premium"}}
    row = azure.create("azure-native:keyvault:Vault", {**RG, "vaultName": "kv-one", "properties": properties})
    assert azure.invoke(token, arguments)["properties"]["vaultUri"] == "https://kv-one.vault.azure.net/"
    azure.delete(row.id)
    with pytest.raises(RefusedByCloudError) as caught:
        azure.invoke(token, arguments)
    assert (caught.value.status, caught.value.code) == (404, "ResourceNotFound")


@pytest.mark.parametrize("token", [one for one in contracts.tokens("azure-native") if ":get" not in one])
def test_every_type_can_be_asked_for_by_the_names_in_its_id(azure, token):
    package, module, name = token.split(":")
    kind = knowledge("azure-native").kind(token)
    with pytest.raises(RefusedByCloudError) as caught:
        azure.invoke(f"{package}:{module}:get{name}", dict.fromkeys(kind.parameters, "one"))
    assert caught.value.status == 404


def test_a_data_source_of_no_type_is_not_simulated(azure):
    assert azure.invoke("azure-native:network:getServiceTags", {}) is None
    assert azure.invoke("azure-native:compute:listDisks", {}) is None


def test_the_network_watcher_is_found_but_stands_in_no_list(azure, store, tmp_path):
    found = azure.invoke("azure-native:network:getNetworkWatcher", WATCHER)
    assert found["id"].endswith("/networkWatchers/NetworkWatcher_francecentral")
    assert found["location"] == "francecentral"
    assert azure.invoke("azure-native:network:getNetworkWatcher", WATCHER) == found
    network = azure.create(
        "azure-native:network:VirtualNetwork",
        {**RG, "virtualNetworkName": "net", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
    )
    account = azure.create(
        "azure-native:storage:StorageAccount",
        {**RG, "accountName": "stlogs", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
    )
    log = azure.create(
        LOG, {**WATCHER, "flowLogName": "one", "location": "francecentral", "targetResourceId": network.id, "storageId": account.id, "enabled": True}
    )  # fmt: skip
    assert log.id.startswith(found["id"])
    assert {one["type"].rsplit(":", 1)[1] for one in Cloud(tmp_path).resources()} == {
        "ResourceGroup", "VirtualNetwork", "StorageAccount", "FlowLog",
    }  # fmt: skip


def test_a_watcher_of_no_subscription_of_this_box_is_not_there(azure):
    with pytest.raises(RefusedByCloudError):
        azure.invoke("azure-native:network:getNetworkWatcher", {**WATCHER, "resourceGroupName": "rg"})


@pytest.mark.parametrize(
    ("location", "vaults", "accounts", "modules"),
    [
        ("francecentral", "vault.azure.net", "core.windows.net", "managedhsm.azure.net"),
        ("Bleu France Central", "vault.sovcloud-api.fr", "core.sovcloud-api.fr", "managedhsm.sovcloud-api.fr"),
    ],
)
def test_hosts_are_those_of_the_cloud_that_a_resource_lies_in(azure, location, vaults, accounts, modules):
    there = {"resourceGroupName": "there", "location": location}
    azure.create("azure-native:resources:ResourceGroup", there)
    vault = {"tenantId": "00000000-0000-4000-8000-000000000001", "sku": {"family": "A", "name": "premium"}}
    made = azure.create("azure-native:keyvault:Vault", {**there, "vaultName": "kv-two", "properties": vault})
    assert azure.outputs(made)["properties"]["vaultUri"] == f"https://kv-two.{vaults}/"
    # A key says nothing of where it lies: its vault does.
    key = {"resourceGroupName": "there", "vaultName": "kv-two", "keyName": "lake", "properties": {"kty": "RSA"}}
    found = azure.outputs(azure.create("azure-native:keyvault:Key", key))
    assert found["keyUriWithVersion"].startswith(f"https://kv-two.{vaults}/keys/lake/")
    account = {**there, "accountName": "sttwo", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    found = azure.outputs(azure.create("azure-native:storage:StorageAccount", account))
    assert found["primaryEndpoints"]["blob"] == f"https://sttwo.blob.{accounts}/"
    module = azure.create("azure-native:keyvault:ManagedHsm", {**there, "name": "hsm-two"})
    assert azure.outputs(module)["properties"]["hsmUri"] == f"https://hsm-two.{modules}/"
