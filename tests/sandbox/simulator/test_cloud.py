"""What the simulated cloud answers, keeps, forgets and hides; no engine, no process."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from hdh_infra import contracts
from hdh_infra.sandbox.simulator import Cloud, fault
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.differences import differences
from hdh_infra.sandbox.simulator.paths import every, first
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.store import Store
from hdh_infra.sandbox.simulator.wire import UNKNOWN, Secret, decode, encode, masked, plain

VAULT = "azure-native:keyvault:Vault"
KEY = "azure-native:keyvault:Key"
GROUP = "azure-native:resources:ResourceGroup"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
NETWORK = "azure-native:network:VirtualNetwork"
PEERING = "azure-native:network:VirtualNetworkPeering"
USER = "ovh:CloudProject/user:User"
DAY = 86400.0
RG = {"resourceGroupName": "rg", "location": "francecentral"}


def vault(**properties):
    stated = {
        "tenantId": "00000000-0000-4000-8000-000000000001",
        "sku": {"family": "A", "name": "premium"},
        "enablePurgeProtection": True,
        **properties,
    }
    return {**RG, "vaultName": "kv-one", "properties": stated}


def network(name, prefix):
    return {**RG, "virtualNetworkName": name, "addressSpace": {"addressPrefixes": [prefix]}}


class Clock:
    now = 1_000_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as made:
        yield made


@pytest.fixture
def azure(store, clock):
    made = SimulatedCloud("azure-native", store, clock=clock)
    made.create(GROUP, RG)
    return made


@pytest.fixture
def ovh(store, clock):
    return SimulatedCloud("ovh", store, clock=clock)


def test_a_preview_knows_what_was_given_and_nothing_that_the_cloud_makes(azure):
    found = azure.preview(VAULT, vault())
    assert found["properties"]["enablePurgeProtection"] is True
    assert found["properties"]["vaultUri"] == UNKNOWN
    made = azure.preview(IDENTITY, {**RG, "resourceName": "id-one"})
    assert (made["principalId"], made["clientId"]) == (UNKNOWN, UNKNOWN)
    later = azure.preview(KEY, {"resourceGroupName": "rg", "vaultName": UNKNOWN, "keyName": "lake", "properties": {}})
    assert (later["keyUri"], later["keyUriWithVersion"]) == (UNKNOWN, UNKNOWN)


def test_every_output_of_a_type_is_there_or_unknown_in_the_preview_of_its_making(azure):
    for token in contracts.tokens("azure-native"):
        if ":get" not in token:
            assert set(azure.preview(token, {})) == set(contracts.contract(token).outputs), token


def test_what_the_cloud_makes_once_stays_through_changes_and_restarts(azure, store, tmp_path, clock):
    identity = azure.create(IDENTITY, {**RG, "resourceName": "id-one"})
    before = azure.outputs(identity)["principalId"]
    azure.update(identity.id, {**RG, "resourceName": "id-one", "tags": {"a": "b"}})
    store.close()
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as again:
        after = SimulatedCloud("azure-native", again, clock=clock)
        assert after.outputs(after.read(identity.id))["principalId"] == before
        after.delete(identity.id)
        assert after.outputs(after.create(IDENTITY, {**RG, "resourceName": "id-one"}))["principalId"] != before


def test_ids_are_the_same_in_any_case(azure):
    found = azure.create(NETWORK, network("Net", "10.0.0.0/16"))
    assert azure.read(found.id.upper()) is not None
    with pytest.raises(RefusedByCloudError, match="already existing"):
        azure.create(NETWORK, network("nET", "10.0.0.0/16"))


def test_a_deleted_vault_is_kept_until_its_day_and_then_goes(azure, clock, tmp_path):
    azure.create(VAULT, vault(softDeleteRetentionInDays=7))
    azure.create(
        KEY, {"resourceGroupName": "rg", "vaultName": "kv-one", "keyName": "lake", "properties": {"kty": "RSA"}}
    )
    azure.delete(azure.identity(VAULT, vault()))
    kept = [one for one in Cloud(tmp_path, clock).resources(include_deleted=True) if one["deleted_until"]]
    assert [one["deleted_until"] for one in kept] == ["2001-09-16", "2001-09-16"]
    assert VAULT not in {one["type"] for one in Cloud(tmp_path, clock).resources()}
    with pytest.raises(RefusedByCloudError, match="ConflictError"):
        azure.create(VAULT, vault())
    clock.now += 7 * DAY
    azure.create(VAULT, vault())
    assert [one["type"] for one in Cloud(tmp_path, clock).resources(include_deleted=True)] == [GROUP, VAULT]


def test_a_recovered_vault_comes_back_with_its_keys(azure, clock):
    azure.create(VAULT, vault())
    key = azure.create(
        KEY, {"resourceGroupName": "rg", "vaultName": "kv-one", "keyName": "lake", "properties": {"kty": "RSA"}}
    )
    version = azure.outputs(key)["keyUriWithVersion"]
    azure.delete(azure.identity(VAULT, vault()))
    assert azure.read(key.id) is None
    azure.create(VAULT, vault(createMode="recover"))
    assert azure.outputs(azure.read(key.id))["keyUriWithVersion"] == version


def test_a_deleted_group_takes_all_with_it_and_its_vaults_are_kept(azure, store):
    azure.create(VAULT, vault())
    azure.create(NETWORK, network("net", "10.0.0.0/16"))
    azure.delete(azure.identity(GROUP, RG))
    assert [(row.type, row.alive) for row in store.all()] == [(VAULT, False)]


def test_a_peering_is_connected_once_both_halves_are_there(azure):
    networks = [
        azure.create(NETWORK, network(name, prefix))
        for name, prefix in (("net-a", "10.1.0.0/16"), ("net-b", "10.2.0.0/16"))
    ]
    halves = []
    for here, there in (networks, reversed(networks)):
        name = here.id.rsplit("/", 1)[-1]
        inputs = {"resourceGroupName": "rg", "virtualNetworkName": name, "virtualNetworkPeeringName": "to"}
        halves.append(azure.create(PEERING, {**inputs, "remoteVirtualNetwork": {"id": there.id}}))
        states = [azure.outputs(half)["peeringState"] for half in halves]
        assert states == (["Initiated"] if len(halves) == 1 else ["Connected", "Connected"])
    azure.delete(halves[1].id)
    assert azure.outputs(azure.read(halves[0].id))["peeringState"] == "Disconnected"
    azure.delete(halves[0].id)
    again = azure.create(PEERING, {**halves[1].inputs})
    assert azure.outputs(again)["peeringState"] == "Initiated"


def test_what_is_beyond_a_limit_of_its_type_is_refused_in_a_check_and_by_the_cloud(azure):
    """Invariant: names and values of every type are held, whether a rule is about them or not."""
    asked = {**RG, "virtualNetworkName": "n", "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}
    _, failures = azure.check(NETWORK, "x", b"", {}, asked)
    assert [(one.path, one.rule) for one in failures] == [("virtualNetworkName", "azure.limit")]
    with pytest.raises(RefusedByCloudError) as caught:
        azure.create(NETWORK, asked)
    assert caught.value.rule == "azure.limit"


def test_what_lies_in_a_network_and_what_uses_it_stands_in_its_answer_but_never_in_its_inputs(azure):
    net = azure.create(NETWORK, network("net", "10.0.0.0/16"))
    assert azure.outputs(net)["subnets"] == []
    filters = azure.create("azure-native:network:NetworkSecurityGroup", {**RG, "networkSecurityGroupName": "filters"})
    inside = {"resourceGroupName": "rg", "virtualNetworkName": "net", "subnetName": "s", "addressPrefix": "10.0.1.0/24"}
    subnet = azure.create("azure-native:network:Subnet", {**inside, "networkSecurityGroup": {"id": filters.id}})
    (told,) = azure.outputs(azure.read(net.id))["subnets"]
    assert told["id"] == subnet.id
    assert told["addressPrefix"] == "10.0.1.0/24"
    assert azure.outputs(azure.read(filters.id))["subnets"] == [{"id": subnet.id}]
    assert "subnets" not in azure.read(net.id).inputs
    azure.delete(subnet.id)
    assert azure.outputs(azure.read(net.id))["subnets"] == []
    assert "subnets" not in azure.outputs(azure.read(filters.id))


def test_what_an_answer_tells_of_others_is_an_output_of_its_type_and_has_a_source():
    from hdh_infra.sandbox.simulator.knowledge import knowledge

    echoes = knowledge("azure-native").echoes
    assert all(one["source"] for one in echoes)
    for one in echoes:
        for token in one["types"]:
            outputs = contracts.contract(token).outputs
            assert {path.split(".")[0] for path in one["set"]} <= set(outputs), token


def test_an_interface_without_an_address_gets_a_free_one_of_its_subnet(azure):
    azure.create(NETWORK, network("net", "10.0.0.0/16"))
    common = {"resourceGroupName": "rg", "virtualNetworkName": "net"}
    subnet = azure.create(
        "azure-native:network:Subnet", {**common, "subnetName": "s", "addressPrefix": "10.0.1.0/24"}
    ).id
    given = []
    for name in ("one", "two"):
        inputs = {**RG, "networkInterfaceName": name, "ipConfigurations": [{"name": "p", "subnet": {"id": subnet}}]}
        row = azure.create("azure-native:network:NetworkInterface", inputs)
        given.append(first(azure.outputs(row), "ipConfigurations[0].privateIPAddress"))
    assert given == ["10.0.1.4", "10.0.1.5"]


def test_identities_are_given_as_a_list_and_answered_as_a_map(azure):
    identity = azure.create(IDENTITY, {**RG, "resourceName": "id-one"})
    row = azure.create(
        "azure-native:storage:StorageAccount",
        {**RG, "accountName": "st1", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
         "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity.id]}},
    )  # fmt: skip
    answered = azure.outputs(row)["identity"]["userAssignedIdentities"]
    assert answered[identity.id]["principalId"] == azure.outputs(identity)["principalId"]
    assert row.inputs["identity"]["userAssignedIdentities"] == [identity.id]


def test_the_client_s_configuration_is_the_box_s_own_and_stays(azure, store, clock):
    token = "azure-native:authorization:getClientConfig"
    found = azure.invoke(token, {})
    assert set(found) == set(contracts.outputs(token))
    assert SimulatedCloud("azure-native", store, clock=clock).invoke(token, {}) == found
    assert azure.identity(GROUP, RG).startswith(f"/subscriptions/{found['subscriptionId']}/")
    assert azure.invoke("azure-native:network:getServiceTags", {}) is None


def test_a_type_without_a_contract_is_refused_in_the_check(azure):
    _, failures = azure.check("azure-native:network:Nonsense", "n", b"", {}, {})
    assert "no contract" in failures[0].reason


def test_a_check_says_all_that_is_wrong_and_is_silent_about_what_is_unknown(azure):
    wrong = {**vault(softDeleteRetentionInDays=3), "vaultName": "k"}
    _, failures = azure.check(VAULT, "n", b"", {}, wrong)
    assert {one.rule for one in failures} == {"azure.vault.name", "azure.vault.retention"}
    later = {**vault(softDeleteRetentionInDays=UNKNOWN), "vaultName": UNKNOWN}
    assert azure.check(VAULT, "n", b"", {}, later)[1] == []


def test_a_name_that_is_not_given_is_made_once_and_kept(azure):
    inputs, failures = azure.check(GROUP, "lake", b"seed", {}, {"location": "x"})
    assert failures == []
    assert azure.check(GROUP, "lake", b"seed", {}, {"location": "x"})[0] == inputs
    assert azure.check(GROUP, "lake", b"other", inputs, {"location": "x"})[0] == inputs


def test_a_secret_is_sealed_in_the_file_and_masked_for_readers(azure, store, tmp_path):
    token = "azure-native:keyvault:Secret"
    azure.create(VAULT, vault())
    inputs = {"resourceGroupName": "rg", "vaultName": "kv-one", "secretName": "s"}
    row = azure.create(token, {**inputs, "properties": {"value": Secret("hush-hush")}})
    assert plain(azure.outputs(row))["properties"]["value"] == "hush-hush"
    assert isinstance(azure.outputs(row)["properties"]["value"], Secret)
    assert "hush-hush" not in repr(row)
    for file in tmp_path.iterdir():
        assert b"hush-hush" not in file.read_bytes()
    assert "hush-hush" not in repr(Cloud(tmp_path).resources())
    with closing(sqlite3.connect(tmp_path / "cloud.sqlite")) as database:
        assert "$sealed" in database.execute("select inputs from resources where type = ?", (token,)).fetchone()[0]


def test_the_files_are_the_user_s_alone(store, tmp_path):
    for name in ("cloud.sqlite", "cloud.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_change_by_hand_is_seen_at_once_and_undone_by_an_update(azure, tmp_path):
    row = azure.create(NETWORK, network("net", "10.0.0.0/16"))
    Cloud(tmp_path).change(row.id, "enableDdosProtection", value=True)
    Cloud(tmp_path).change(row.id, "provisioningState", "Failed")
    changed = azure.read(row.id)
    assert changed.inputs["enableDdosProtection"] is True
    assert azure.outputs(changed)["provisioningState"] == "Failed"
    azure.update(row.id, network("net", "10.0.0.0/16"))
    assert azure.outputs(azure.read(row.id))["provisioningState"] == "Succeeded"
    Cloud(tmp_path).remove(row.id)
    assert azure.read(row.id) is None
    with pytest.raises(KeyError):
        Cloud(tmp_path).change(row.id, "tags", {})


def test_a_box_that_never_was_has_no_resources(tmp_path):
    assert Cloud(tmp_path / "nothing").resources() == []


def test_a_fault_happens_as_often_as_it_was_asked_for(store, tmp_path):
    fault(tmp_path, "ovh:*", "create", "500", count=2)
    hits = [store.take_fault("create", lambda types: types == "ovh:*") for _ in range(3)]
    assert [one is not None for one in hits] == [True, True, False]
    with pytest.raises(ValueError, match="kind"):
        fault(tmp_path, "ovh:*", "create", "explosion")


def test_ovhcloud_gives_ids_and_keys_of_its_own(ovh):
    inputs = {"serviceName": "p", "description": "d"}
    rows = [ovh.create(USER, inputs) for _ in range(2)]
    assert rows[0].id != rows[1].id
    outputs = ovh.outputs(rows[0])
    assert rows[0].id.isdigit()
    assert isinstance(outputs["password"], Secret)
    credential = ovh.create("ovh:CloudProject/s3Credential:S3Credential", {"serviceName": "p", "userId": rows[0].id})
    assert ovh.outputs(credential)["accessKeyId"] == credential.id
    kms = ovh.create("ovh:Okms/okms:Okms", {"ovhSubsidiary": "FR", "region": "EU_WEST_GRA"})
    assert ovh.outputs(kms)["iam"]["urn"].endswith(kms.id)
    assert ovh.outputs(kms)["restEndpoint"] == "https://eu-west-gra.okms.ovh.net"


def test_the_wire_keeps_secrets_where_they_are_and_numbers_whole():
    value = {"a": [1, 2.5, {"b": Secret({"c": "x"})}], "u": UNKNOWN, "t": True}
    assert decode(encode(value)) == value
    assert masked(value)["a"][2] == {"b": "[secret]"}
    assert plain(value)["a"][2] == {"b": {"c": "x"}}


def test_differences_are_leaves_and_know_what_replaces():
    old = {"vaultName": "a", "properties": {"sku": {"name": "premium"}, "accessPolicies": [1]}, "tags": {"a": "b"}}
    new = {"vaultName": "b", "properties": {"sku": {"name": "standard"}, "accessPolicies": [1, 2]}}
    found = {one.path: (one.kind, one.replaces) for one in differences(VAULT, old, new)}
    assert found == {
        "vaultName": ("update", True),
        "properties.sku.name": ("update", False),
        "properties.accessPolicies[1]": ("add", False),
        "tags": ("delete", False),
    }
    assert differences(VAULT, old, new, ["vaultName", "properties", "tags"]) == []


def test_paths_lead_to_every_item():
    assert every({"a": [{"b": 1}, {"b": 2}, {}]}, "a[*].b") == [1, 2]
    assert first({"a": [{"b": 1}]}, "a[0].b") == 1
    assert first({"a": None}, "a.b", "no") == "no"
