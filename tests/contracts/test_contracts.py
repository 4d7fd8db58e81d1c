"""The contracts: what each kind of wrong property is answered with, and that the shipped data is what the packages say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hdh_infra import contracts
from hdh_infra.contracts import extract
from hdh_infra.graph.values import base64_text, json_text, lookup, ref, secret, text

VAULT = "azure-native:keyvault:Vault"
SUBNET = "azure-native:network:Subnet"
DISK = "azure-native:compute:Disk"
TENANT = "00000000-0000-4000-8000-000000000001"
GOOD_VAULT = {
    "resourceGroupName": "rg",
    "vaultName": "kv-one",
    "location": "francecentral",
    "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "premium"}, "softDeleteRetentionInDays": 90},
}


def vault(**changed):
    return {**GOOD_VAULT, "properties": {**GOOD_VAULT["properties"], **changed}}


def kinds(token, properties):
    return [(found.path, found.kind) for found in contracts.check(token, properties)]


def test_what_keeps_the_contract_breaks_nothing():
    assert contracts.check(VAULT, GOOD_VAULT) == []


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({**GOOD_VAULT, "vautName": "kv-one"}, ("vautName", "unknown")),
        (vault(vaultUrl="x"), ("properties.vaultUrl", "unknown")),
        ({name: one for name, one in GOOD_VAULT.items() if name != "properties"}, ("properties", "missing")),
        (vault(sku={"name": "premium"}), ("properties.sku.family", "missing")),
        (vault(softDeleteRetentionInDays="90"), ("properties.softDeleteRetentionInDays", "type")),
        (vault(softDeleteRetentionInDays=1.5), ("properties.softDeleteRetentionInDays", "type")),
        (vault(enableSoftDelete="true"), ("properties.enableSoftDelete", "type")),
        (vault(accessPolicies={}), ("properties.accessPolicies", "type")),
        (vault(sku=["premium"]), ("properties.sku", "type")),
        (vault(sku={"family": "A", "name": "gold"}), ("properties.sku.name", "enum")),
        (vault(sku={"family": "B", "name": "premium"}), ("properties.sku.family", "open-enum")),
        ({**GOOD_VAULT, "systemData": {}}, ("systemData", "read-only")),
        ({**GOOD_VAULT, "tags": {"a": 1}}, ('tags["a"]', "type")),
    ],
)
def test_every_kind_of_wrong_property_is_named_with_its_path(properties, expected):
    assert kinds(VAULT, properties) == [expected]


def test_all_that_is_wrong_is_said_at_once():
    wrong = {
        "vautName": "kv-one",
        "location": "x",
        "properties": {"tenantId": 1, "sku": {"family": "A", "name": "premium"}},
    }
    assert {kind for _, kind in kinds(VAULT, wrong)} == {"unknown", "missing", "type"}


def test_an_unknown_property_is_answered_with_the_nearest_right_one():
    (found,) = contracts.check(VAULT, vault(enablePurgeProtecton=True))
    assert "enablePurgeProtection" in str(found)


def test_a_type_without_a_contract_is_not_taken_for_a_good_one():
    assert contracts.contract("azure-native:network:Nonsense") is None
    assert contracts.contract("nobody:x:Y") is None
    with pytest.raises(KeyError):
        contracts.check("azure-native:network:Nonsense", {})


@pytest.mark.parametrize(
    "value", [ref("a"), lookup("x:y:z", {}, "id", "p"), secret("n"), "04da6b54-80e4-46f7-96ec-b56ff0331ba9"]
)
def test_what_is_known_later_may_stand_for_any_type(value):
    assert contracts.check(VAULT, vault(softDeleteRetentionInDays=value, sku=value)) == []


def policy(*rules):
    properties = {"objectType": "BackupPolicy", "datasourceTypes": ["Microsoft.Compute/disks"], "policyRules": [*rules]}
    return {"resourceGroupName": "g", "vaultName": "vault", "backupPolicyName": "policy", "properties": properties}


@pytest.mark.parametrize(
    ("rule", "at", "kind"),
    [
        ({"objectType": "AzureRetentionRule", "name": "Default", "isDefault": True, "lifecycles": []}, None, None),
        ({"objectType": "AzureRetentionRule", "name": "Default"}, "lifecycles", "missing"),
        ({"objectType": "AzureRetentionRule", "name": "x", "lifecycles": [], "dataStore": {}}, "dataStore", "unknown"),
        ({"objectType": "AzureRule", "name": "x"}, "objectType", "enum"),
        ({"name": "x"}, "objectType", "missing"),
    ],
)
def test_an_object_of_several_kinds_is_held_against_the_kind_that_it_says_it_is(rule, at, kind):
    found = contracts.check("azure-native:dataprotection:BackupPolicy", policy(rule))
    assert [(one.path, one.kind) for one in found] == ([(f"properties.policyRules[0].{at}", kind)] if at else [])


@pytest.mark.parametrize("value", [text("{0}", 1), json_text({}), base64_text("x")])
def test_a_text_form_is_a_string_and_nothing_else(value):
    assert contracts.check(VAULT, vault(tenantId=value)) == []
    assert kinds(VAULT, vault(softDeleteRetentionInDays=value)) == [("properties.softDeleteRetentionInDays", "type")]


def test_a_secret_of_the_engine_is_looked_into():
    mark = "4dabf18193072939515e22adb298388d"
    wrapped = {mark: "1b47061264138c4ac30d75fd1eb44270", "value": 90}
    assert contracts.check(VAULT, vault(softDeleteRetentionInDays=wrapped)) == []
    assert kinds(VAULT, vault(tenantId=wrapped)) == [("properties.tenantId", "type")]


def test_names_and_places_replace_and_the_rest_does_not():
    assert contracts.replaces(SUBNET, ["subnetName", "addressPrefix"]) == {"subnetName"}
    assert contracts.replaces(VAULT, ["location", "properties.sku.name", "tags"]) == {"location"}
    assert contracts.replaces("azure-native:network:PublicIPAddress", ["sku.name"]) == {"sku.name"}


def test_a_block_that_replaces_when_it_is_added_does_not_when_only_a_member_of_it_changes():
    gateway = "ovh:CloudProject/networkPrivateSubnetV2:NetworkPrivateSubnetV2"
    assert contracts.replaces(gateway, ["allocationPools[0]"]) == {"allocationPools[0]"}
    assert contracts.replaces(gateway, ["allocationPools[0].start"]) == frozenset()
    assert contracts.replaces("openstack:compute/instance:Instance", ["networks[1].port"]) == {"networks[1].port"}


def test_the_sources_of_what_replaces_are_kept_with_it():
    instance = contracts.contract("openstack:compute/instance:Instance")
    assert {"imageId", "imageName"} <= instance.wipes
    assert "adminPass" in instance.secrets
    storage = contracts.contract("ovh:CloudProject/storage:Storage")
    assert "objectLock" in storage.replace_if


def test_every_tracked_type_of_azure_is_replaced_where_its_place_or_its_name_changes():
    for token in contracts.tokens("azure-native"):
        found = contracts.contract(token)
        if "location" in found.inputs and "resourceGroupName" in found.inputs:
            assert {"location", "resourceGroupName"} <= found.replace, token


def test_defaults_that_a_raw_token_loses_are_known_where_they_bear_on_security():
    assert contracts.defaults(VAULT)["properties.enableRbacAuthorization"] is False
    assert contracts.defaults("azure-native:authorization:RoleAssignment")["principalType"] == "User"
    assert contracts.defaults("azure-native:storage:StorageAccount")["networkRuleSet.defaultAction"] == "Allow"


def test_the_interface_version_of_azure_types_is_known():
    assert contracts.contract(VAULT).api == "2024-11-01"
    missing = [
        token for token in contracts.tokens("azure-native") if not contracts.contract(token).api and ":get" not in token
    ]
    assert missing == []


def test_every_reference_of_a_contract_leads_somewhere():
    def visit(found, shapes):
        for shape in shapes.values():
            for inner in (shape, shape.get("items", {}), shape.get("additional", {})):
                for name in [inner["ref"]] if "ref" in inner else inner.get("kinds", {}).values():
                    assert name in found.types, (found.token, name)
            if "properties" in shape:
                visit(found, shape["properties"])

    for package in contracts.packages():
        for token in contracts.tokens(package):
            found = contracts.contract(token)
            visit(found, found.inputs)
            visit(found, found.outputs)
            for shapes in found.types.values():
                visit(found, shapes)


@pytest.mark.parametrize("package", sorted(extract.MODULES))
def test_the_shipped_contracts_are_what_the_installed_packages_say(package):
    if not extract.installed(package):
        pytest.skip(f"{extract.MODULES[package]} is not installed")
    shipped = (extract.DATA / f"{package}.json").read_text(encoding="utf-8")
    assert shipped == extract.written(extract.extract(package)), "python -m hdh_infra.contracts.extract"


CROSS_CHECK = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
from pulumi import _types
from hdh_infra import contracts
CASES = {
    "ovh:CloudProject/s3Credential:S3Credential": ("pulumi_ovh.cloudproject.s3_credential", "S3CredentialArgs"),
    "ovh:Okms/serviceKey:ServiceKey": ("pulumi_ovh.okms.service_key", "ServiceKeyArgs"),
    "openstack:networking/subnet:Subnet": ("pulumi_openstack.networking.subnet", "SubnetArgs"),
    "openstack:compute/instance:Instance": ("pulumi_openstack.compute.instance", "InstanceArgs"),
}
wrong = {}
for token, (module, name) in CASES.items():
    cls = getattr(importlib.import_module(module), name)
    real = {p for p in _types.input_type_py_to_pulumi_names(cls).values()}
    ours = set(contracts.contract(token).inputs)
    if real != ours:
        wrong[token] = sorted(real ^ ours)
print(json.dumps(wrong))
"""


def test_the_contracts_agree_with_the_classes_themselves():
    if not (extract.installed("ovh") and extract.installed("openstack")):
        pytest.skip("the SDK packages are not installed")
    # In a process of its own: the SDK packages stay in memory and warn while they are imported.
    found = subprocess.run(
        [sys.executable, "-c", CROSS_CHECK], capture_output=True, text=True, check=False, timeout=300
    )
    assert (found.returncode, found.stdout.strip()) == (0, "{}"), found.stderr[-2000:]
