"""Everything that a platform can ask beyond flows and encryption: lowered, read back, and seen when it is changed."""

import copy
import datetime
from dataclasses import replace

import pytest

from hdh_infra import contracts
from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.audit import CONTAINERS
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.roles import BUILT_IN, DATA_READING, DATA_USE, DEFINED, KEY_USE
from hdh_infra.graph.observation import Natives
from hdh_infra.model.paths import network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock

TARGET = "azure:francecentral"
TODAY = datetime.date(2026, 11, 23)
GONE = object()
ELSEWHERE = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Storage/storageAccounts/z"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
PENDING = {"status": "Pending"}
# Path of a node, property, value it is changed to, element and attribute that must show it.
SHOWN = [
    ("platform/role/append", "permissions", [{"dataActions": [f"{BLOBS}/*"]}], "zone/lake/store/snds", "grants"),
    ("platform/role/append", "permissions", [{"dataActions": [f"{BLOBS}/add/action", f"{BLOBS}/delete"]}], "zone/lake/store/snds", "grants"),
    ("platform/role/append", "permissions", [{"dataActions": [f"{BLOBS}/*"], "notDataActions": [f"{BLOBS}/write"]}], "zone/lake/store/snds", "grants"),
    ("platform/role/append", "permissions", [], "zone/lake/store/snds", "grants"),
    ("platform/role/key-administration", "permissions", [{"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]}], "key/lake", "users"),
    ("platform/role/key-administration", "permissions", [{"dataActions": ["Microsoft.KeyVault/vaults/keys/read"]}], "key/lake", "administrators"),
    ("zone/lake/data-use/zone.lake.machine.spark-zone.lake.store.snds", "condition", "@Resource[x] StringEquals 'y'", "zone/lake/store/snds", "grants"),
    ("zone/lake/data-use/zone.lake.machine.spark-zone.lake.store.snds", "roleDefinitionId", f"/x/{DATA_READING}", "zone/lake/store/snds", "grants"),
    ("zone/lake/data-use/zone.lake.machine.spark-zone.lake.store.snds", "roleDefinitionId", "/x/00000000-0000-4000-8000-000000000bad", "zone/lake/store/snds", "grants"),
    ("zone/lake/data-use/zone.lake.machine.spark-zone.lake.store.snds", "scope", "/subscriptions/x", "space/open/store/work", "grants"),
    ("zone/lake/data-use/zone.lake.machine.spark-zone.lake.store.snds", "scope", {"$ref": "platform/group", "output": "id"}, "zone/audit/store/logs", "grants"),
    ("zone/lake/data-use/group.researchers-zone.lake.store.snds-read", "principalId", "00000000-0000-4000-8000-00000000dead", "zone/lake/store/snds", "grants"),
    ("key/lake/user/group.researchers", "roleDefinitionId", f"/x/{DATA_USE}", "key/lake", "users"),
    ("key/lake/user/zone.lake.machine.spark", "scope", {"$ref": "space/open/key/default/key", "output": "id"}, "space/open/key/default", "users"),
    ("key/lake/key", "properties.keySize", 2048, "key/lake", "algorithm"),
    ("key/lake/key", "properties.kty", "EC-HSM", "key/lake", "algorithm"),
    ("key/lake/vault", "properties.softDeleteRetentionInDays", 7, "key/lake", "grace_days"),
    ("key/lake/vault", "properties.enablePurgeProtection", False, "key/lake", "grace_days"),
    ("key/lake/vault", "properties.enablePurgeProtection", GONE, "key/lake", "grace_days"),
    ("key/lake/use-log", "logs", [{"category": "AuditEvent", "enabled": False}], "key/lake", "use_log"),
    ("key/lake/use-log", "resourceUri", {"$ref": "key/boot/vault", "output": "id"}, "key/lake", "use_log"),
    ("key/lake/use-log", "storageAccountId", ELSEWHERE, "key/lake", "use_log"),
    ("platform/administration-log", "logs", [{"category": "Policy", "enabled": True}], "platform", "administration_log"),
    ("platform/administration-log", "storageAccountId", GONE, "platform", "administration_log"),
    ("zone/lake/store/snds/access-log", "logs", [{"category": "StorageRead", "enabled": True}], "zone/lake/store/snds", "access_log"),
    ("zone/lake/store/snds/access-log", "storageAccountId", {"$ref": "zone/lake/store/snds/account", "output": "id"}, "zone/lake/store/snds", "access_log"),
    ("zone/lake/store/snds/access-log", "storageAccountId", ELSEWHERE, "zone/lake/store/snds", "access_log"),
    ("zone/lake/store/snds/expiry", "policy", {"rules": []}, "zone/lake/store/snds", "expiry"),
    ("zone/lake/store/snds/expiry", "managementPolicyName+policy.rules.0.enabled", False, "zone/lake/store/snds", "expiry"),
    ("zone/lake/store/snds/expiry", "policy.rules.0.definition.filters.prefixMatch", ["data/"], "zone/lake/store/snds", "expiry"),
    ("zone/lake/store/snds/expiry", "policy.rules.0.definition.filters.prefixMatch", GONE, "zone/lake/store/snds", "expiry"),
    ("zone/lake/store/snds/expiry", "policy.rules.0.definition.actions.baseBlob.delete", {"daysAfterCreationGreaterThan": 90}, "zone/lake/store/snds", "expiry"),
    ("zone/lake/store/snds/expiry", "policy.rules.0.definition.actions.version", GONE, "zone/lake/store/snds", "expiry"),
    ("zone/lake/store/snds/service", "deleteRetentionPolicy", {"enabled": False}, "zone/lake/store/snds", "soft_delete_days"),
    ("zone/lake/store/snds/service", "deleteRetentionPolicy.days", 7, "zone/lake/store/snds", "soft_delete_days"),
    ("zone/lake/store/snds/service", "deleteRetentionPolicy.allowPermanentDelete", True, "zone/lake/store/snds", "soft_delete_days"),
    ("zone/lake/store/snds/service", "containerDeleteRetentionPolicy.days", 7, "zone/lake/store/snds", "soft_delete_days"),
    ("zone/lake/store/snds/account", "sku", {"name": "Standard_LRS"}, "zone/lake/store/snds", "redundancy"),
    ("zone/lake/store/snds/account", "sku", {"name": "Standard_ZRS"}, "zone/lake/store/snds", "redundancy"),
    ("zone/lake/store/snds/account", "publicNetworkAccess", "Enabled", "zone/lake/store/snds", "private"),
    ("zone/lake/store/snds/account", "location", "westeurope", "zone/lake/store/snds", "country"),
    ("zone/lake/store/snds/endpoint", "privateLinkServiceConnections.0.privateLinkServiceConnectionState", PENDING, "zone/lake/store/snds", "private"),
    ("zone/audit/store/logs/account", "networkRuleSet.defaultAction", "Allow", "zone/audit/store/logs", "private"),
    ("zone/audit/store/logs/account", "networkRuleSet.ipRules", [{"iPAddressOrRange": "203.0.113.1"}], "zone/audit/store/logs", "private"),
    ("zone/audit/store/logs/account", "networkRuleSet.resourceAccessRules", [{"resourceId": ELSEWHERE}], "zone/audit/store/logs", "private"),
    ("zone/audit/store/logs/logs/insights-logs-auditevent/retention", "immutabilityPeriodSinceCreationInDays", 7, "zone/audit/store/logs", "retention"),
    ("zone/audit/store/logs/logs/insights-logs-auditevent/retention", "containerName", "other", "zone/audit/store/logs", "retention"),
    ("zone/lake/machine/spark/0/vm", "storageProfile.osDisk.diskSizeGB", 30, "zone/lake/machine/spark", "system_disk"),
    ("zone/lake/machine/spark/0/vm", "storageProfile.osDisk.managedDisk.diskEncryptionSet", GONE, "zone/lake/machine/spark", "system_encryption"),
    ("zone/lake/machine/spark/0/vm", "storageProfile.osDisk.managedDisk.diskEncryptionSet", {"id": {"$ref": "zone/lake/machine/spark/disk-encryption", "output": "id"}}, "zone/lake/machine/spark", "system_key"),
    ("zone/lake/machine/spark/system-encryption", "activeKey.keyUrl", {"$ref": "key/lake/key", "output": "keyUriWithVersion"}, "zone/lake/machine/spark", "system_key"),
    ("zone/lake/machine/spark/0/data", "encryption", {"type": "EncryptionAtRestWithPlatformKey"}, "zone/lake/machine/spark", "encryption"),
    ("zone/lake/machine/spark/0/vm", "zones", GONE, "zone/lake/machine/spark", "spread"),
    ("zone/lake/machine/spark/0/vm", "identity", {"type": "None"}, "zone/lake/machine/spark", "identity"),
    ("zone/lake/machine/dumb/0/vm", "identity", {"type": "UserAssigned", "userAssignedIdentities": [{"$ref": "zone/lake/machine/spark/identity", "output": "id"}]}, "zone/lake/store/snds", "grants"),
    ("zone/administration/machine/console/0/vm", "identity", {"type": "UserAssigned", "userAssignedIdentities": [{"$ref": "zone/lake/store/snds/identity", "output": "id"}]}, "key/lake", "users"),
    ("zone/lake/machine/dumb/0/vm", "identity", {"type": "SystemAssigned"}, "zone/lake/machine/dumb", "identity"),
    ("zone/lake/machine/spark/0/name", "aRecords", [{"ipv4Address": "10.64.99.9"}], "zone/lake", "domain"),
    ("zone/lake/machine/spark/0/name", "privateZoneName", "other.internal", "zone/lake", "domain"),
    ("zone/lake/domain", "virtualNetwork", {"id": ELSEWHERE}, "zone/lake", "domain"),
    ("platform/domain", "privateZoneName", "other.internal", "zone/lake", "domain"),
]  # fmt: skip


def changed(value, path, to):
    """The value with one property changed; a number is a place in a list."""
    head, _, rest = path.partition(".")
    if isinstance(value, list):
        return [changed(one, rest, to) if at == int(head) else one for at, one in enumerate(value)]
    if rest:
        return {**value, head: changed(value.get(head, {}), rest, to)}
    if to is GONE:
        return {name: one for name, one in value.items() if name != head}
    return {**value, head: to}


def with_change(plan, path, name, value):
    node = plan.node(path)
    other = replace(node, properties=changed(node.properties, name.rsplit("+", 1)[-1], value))
    assert other.properties != node.properties
    return [other if one is node else one for one in plan.nodes]


def observed(nodes, place):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), place)


@pytest.fixture(scope="module")
def place(wide):
    return site(Target.parse(TARGET), wide)


@pytest.fixture(scope="module")
def seen(wide_plan, place):
    return observed(wide_plan.nodes, place)


@pytest.mark.parametrize("case", SHOWN, ids=[f"{path} {name}" for path, name, *_ in SHOWN])
def test_a_change_of_what_bears_on_security_shows_in_the_attribute_that_it_is_about(wide_plan, place, seen, case):
    path, name, value, element, attribute = case
    after = observed(with_change(wide_plan, path, name, value), place)
    assert after.elements.get(element, {}).get(attribute) != seen.elements[element][attribute]


def test_what_no_plan_reaches_is_the_lock_of_logs_and_nothing_else(wide_plan):
    unmet = {
        (row.element, row.attribute)
        for row in wide_plan.verdicts
        if row.verdict is not Verdict.met and not row.requirement.startswith(("capacity.", "airlock."))
    }
    assert unmet == {("zone/audit/store/logs", "retention")}


def test_a_plan_as_lowered_is_remarked_on_in_nothing(seen):
    assert seen.remarks == ()
    assert seen.entry == ()


def test_every_node_keeps_the_contract_of_the_sdk(wide_plan):
    wrong = [
        f"{node.path}: {one}"
        for node in wide_plan.nodes
        for one in contracts.check(node.type, node.properties)
        if one.kind != "open-enum"
    ]
    assert wrong == []


def test_one_space_more_or_less_changes_its_own_nodes_only(wide_described):
    target = Target.parse(TARGET)
    fewer = copy.deepcopy(wide_described)
    del fewer["spaces"]["projects"]["open"]
    before, after = Platform.model_validate(fewer), Platform.model_validate(wide_described)
    lock = update_lock(None, before, [target])
    one = {node.path: node for node in make_plan(before, target, lock=lock, today=TODAY).nodes}
    two = {
        node.path: node for node in make_plan(after, target, lock=update_lock(lock, after, [target]), today=TODAY).nodes
    }
    assert {network_path(path) for path in one.keys() | two.keys() if one.get(path) != two.get(path)} == {"space/open"}


def test_a_space_with_an_airlock_of_its_own_brings_its_own_role(wide_described, planned_on):
    """A role that no zone and no default needs is not shared: the first space that needs it would add it for all."""
    airlock = wide_described["spaces"]["defaults"].pop("airlock")
    wide_described["zones"]["lake"]["stores"]["snds"]["grants"] = [{"to": "zone/lake/machine/spark", "access": "write"}]
    wide_described["spaces"]["projects"]["open"]["airlock"] = airlock
    roles = [node.path for node in planned_on(wide_described, TARGET).nodes if node.path.endswith("/role/append")]
    assert roles == ["space/open/role/append"]


def test_of_a_closed_space_the_data_disks_and_stores_are_kept_and_nothing_runs(wide_plan):
    kinds = {
        node.type.removeprefix("azure-native:")
        for node in wide_plan.nodes
        if node.path.startswith("space/ended/machine")
    }
    assert kinds == {
        "compute:Disk",
        "compute:DiskEncryptionSet",
        "managedidentity:UserAssignedIdentity",
        "authorization:RoleAssignment",
    }
    paths = {node.path for node in wide_plan.nodes}
    assert "space/ended/machine/desktop/identity" not in paths
    assert "space/ended/store/work/account" in paths
    assert not [
        path for path in paths if path.startswith(("space/ended/rule", "space/ended/data-use", "space/ended/peering"))
    ]


def test_who_appends_may_neither_read_nor_replace_nor_delete(wide_plan, seen):
    node = wide_plan.node("zone/lake/data-use/zone.lake.machine.feeder-zone.lake.store.snds-append")
    assert node.properties["roleDefinitionId"] == {"$ref": "platform/role/append", "output": "id"}
    (permission,) = wide_plan.node("platform/role/append").properties["permissions"]
    assert permission["dataActions"] == [f"{BLOBS}/add/action"]
    assert permission["actions"] == []
    assert seen.elements["zone/lake/store/snds"]["grants"] == [
        "group/researchers read",
        "zone/lake/machine/feeder append",
        "zone/lake/machine/feeder read",
        "zone/lake/machine/spark write",
    ]


def test_who_administers_a_key_cannot_use_it_and_who_uses_it_cannot_administer_it():
    assert (DEFINED["key-administration"].administers, DEFINED["key-administration"].uses) == (True, False)
    assert (BUILT_IN[KEY_USE].administers, BUILT_IN[KEY_USE].uses) == (False, True)
    assert all(
        role.uses and role.administers
        for role in BUILT_IN.values()
        if role.name in {"Key Vault Crypto Officer", "Key Vault Administrator"}
    )


def test_who_manages_the_subscription_holds_no_data_and_whose_role_is_not_known_is_shown(wide_plan, place, seen):
    path, store = "zone/lake/data-use/zone.lake.machine.spark-zone.lake.store.snds", "zone/audit/store/logs"
    node = wide_plan.node(path)

    def granted(role):
        changed_role = {**node.properties, "scope": "/subscriptions/x", "roleDefinitionId": f"/x/{role}"}
        other = replace(node, properties=changed_role)
        return observed([other if one is node else one for one in wide_plan.nodes], place).elements[store]["grants"]

    assert granted("b24988ac-6180-42a0-ab88-20f7382dd24c") == seen.elements[store]["grants"]
    unknown = "00000000-0000-4000-8000-000000000bad"
    assert f"zone/lake/machine/spark role {unknown}" in granted(unknown)
    assert "zone/lake/machine/spark write" in granted(DATA_USE)


def test_a_machine_that_carries_the_identity_of_its_disks_is_remarked_on(wide_plan, place):
    """The element is the same, and so no attribute shows it: what runs on it could use the disks' key."""
    machine = "zone/lake/machine/feeder"
    both = [{"$ref": f"{machine}/{name}", "output": "id"} for name in ("identity", "disk-identity")]
    nodes = with_change(wide_plan, f"{machine}/0/vm", "identity.userAssignedIdentities", both)
    assert [one for one in observed(nodes, place).remarks if one.startswith(f"{machine}/disk-identity: is carried by")]


def test_a_group_without_an_id_and_a_machine_without_an_identity_hold_nothing_and_the_verdicts_say_so(
    wide_described, planned_on
):
    del wide_described["targets"][TARGET]["groups"]["researchers"]
    plan = planned_on(wide_described, TARGET)
    assert not [node.path for node in plan.nodes if "group.researchers" in node.path]
    unmet = {(row.element, row.attribute) for row in plan.verdicts if row.verdict is Verdict.not_met}
    assert {("zone/lake/store/snds", "grants"), ("key/lake", "users")} <= unmet
    assert "zone/lake/machine/dumb/identity" not in {node.path for node in plan.nodes}


def test_logs_are_kept_under_the_audit_stores_retention_container_by_container(wide_plan):
    retained = {
        node.properties["containerName"]: node.properties["allowProtectedAppendWrites"]
        or node.properties["allowProtectedAppendWritesAll"]
        for node in wide_plan.nodes
        if node.element == "zone/audit/store/logs" and node.type == token("storage:BlobContainerImmutabilityPolicy")
    }
    made = {
        node.properties["containerName"]
        for node in wide_plan.nodes
        if node.element == "zone/audit/store/logs" and node.type == token("storage:BlobContainer")
    }
    assert retained == {"data": False, **dict.fromkeys(made - {"data"}, True)}
    assert made >= set(CONTAINERS)
    (step,) = [step for step in wide_plan.manual if "Lock" in step.what]
    assert {check.args["containerName"] for check in step.checks} == set(retained)
    assert not step.before


def test_a_rule_of_age_does_nothing_under_a_retention_and_the_verdict_says_so(wide_described, planned_on):
    """Azure deletes nothing by age in a container under a retention, not even when it could."""
    wide_described["zones"]["lake"]["stores"]["snds"]["retention"] = {"days": 7, "mode": "governance"}
    rows = planned_on(wide_described, TARGET).verdicts
    given = {row.attribute: (row.given, row.verdict) for row in rows if row.element == "zone/lake/store/snds"}
    assert given["expiry"] == (None, Verdict.not_met)
    assert given["retention"][1] is Verdict.met


def test_an_account_lets_services_of_the_cloud_in_only_where_they_write_logs(wide_plan, place):
    for node in wide_plan.nodes:
        if node.type == token("storage:StorageAccount"):
            logs = node.element == "zone/audit/store/logs"
            assert node.properties["networkRuleSet"]["bypass"] == ("AzureServices" if logs else "None")
    writers = {token("monitor:DiagnosticSetting"), token("network:FlowLog")}
    without = [node for node in wide_plan.nodes if node.type not in writers]
    after = observed(without, place)
    assert after.elements["zone/audit/store/logs"]["private"] is False
    assert "zone/audit/store/logs/account: answers on public networks" in after.remarks


def test_an_audit_store_that_nothing_is_written_to_stays_shut(wide_described, planned_on):
    wide_described["audit"] |= {"stores": False, "keys": False, "administration": False, "flows": False}
    properties = planned_on(wide_described, TARGET).node("zone/audit/store/logs/account").properties
    assert (properties["publicNetworkAccess"], properties["networkRuleSet"]["bypass"]) == ("Disabled", "None")


def test_a_copy_in_a_second_region_is_made_only_where_that_lies_in_the_residency(wide_described, planned_on):
    account = "zone/lake/store/snds/account"
    assert planned_on(wide_described, TARGET).node(account).properties["sku"] == {"name": "Standard_GZRS"}
    south = {**wide_described, "targets": {}}
    assert planned_on(south, "azure:francesouth").node(account).properties["sku"] == {"name": "Standard_GRS"}


def test_a_copy_in_a_country_outside_is_where_the_data_are(wide_plan, place):
    pairs = {"francecentral": "germanywestcentral"}
    abroad = replace(place, offer=place.offer.model_copy(update={"native": {**place.offer.native, "pairs": pairs}}))
    assert observed(wide_plan.nodes, abroad).elements["zone/lake/store/snds"]["country"] == "germanywestcentral"


def test_without_zones_replicas_are_apart_in_an_availability_set(wide_described, planned_on):
    wide_described["zones"]["lake"]["machines"]["spark"]["spread"] = "hosts"
    described = {**wide_described, "targets": {}}
    plan = planned_on(described, "azure:francesouth")
    south = site(Target.parse("azure:francesouth"))
    machine = "zone/lake/machine/spark"
    assert observed(plan.nodes, south).elements[machine]["spread"] == "hosts"
    assert all("zones" not in node.properties for node in plan.nodes)
    for path, name, value in [
        (f"{machine}/spread", "platformFaultDomainCount", 1),
        (f"{machine}/spread", "platformUpdateDomainCount", 1),
        (f"{machine}/0/vm", "availabilitySet", GONE),
    ]:
        assert observed(with_change(plan, path, name, value), south).elements[machine]["spread"] == "none"


def test_a_machine_with_graphics_processors_shows_those_of_its_size(wide_described, planned_on, place):
    wide_described["zones"]["lake"]["machines"]["spark"] = {"vcpus": 8, "memory": "64GB", "gpu": {"model": "a100"}}
    plan = planned_on(wide_described, TARGET)
    assert observed(plan.nodes, place).elements["zone/lake/machine/spark"]["gpu"]["model"] == "a100"
    smaller = with_change(plan, "zone/lake/machine/spark/0/vm", "hardwareProfile.vmSize", "Standard_D8s_v5")
    assert observed(smaller, place).elements["zone/lake/machine/spark"]["gpu"] is None


def test_the_only_disk_of_a_machine_reaches_the_floor_of_its_disks_unless_it_has_one_of_its_own(
    wide_described, planned_on, place
):
    given = observed(planned_on(wide_described, TARGET).nodes, place).elements["zone/lake/machine/feeder"]
    assert (given["encryption"], given["key"], given["system_encryption"]) == (
        "customer-key",
        "key/lake",
        "customer-key",
    )
    wide_described["zones"]["lake"]["machines"]["feeder"]["system_disk"] = {"encryption": "none"}
    given = observed(planned_on(wide_described, TARGET).nodes, place).elements["zone/lake/machine/feeder"]
    assert (given["encryption"], given["key"], given["system_encryption"]) == ("provider-key", None, "provider-key")
    wide_described["zones"]["lake"]["machines"]["feeder"]["disk"]["size"] = "10GB"
    given = observed(planned_on(wide_described, TARGET).nodes, place).elements["zone/lake/machine/feeder"]
    assert (given["encryption"], given["system_encryption"]) == ("customer-key", "provider-key")


def test_start_up_data_reach_the_machine_and_are_remarked_on(wide_described, planned_on, place):
    wide_described["zones"]["lake"]["machines"]["feeder"]["startup"] = "#cloud-config\npackages: [curl]\n"
    plan = planned_on(wide_described, TARGET)
    assert plan.node("zone/lake/machine/feeder/0/vm").properties["osProfile"]["customData"] == {
        "$base64": "#cloud-config\npackages: [curl]\n"
    }
    after = observed(plan.nodes, place)
    assert after.elements["zone/lake/machine/feeder"]["startup"] is None
    assert [remark for remark in after.remarks if "first start" in remark]


def test_names_follow_the_specs_patterns_within_the_limits_and_stay_apart(wide_described, planned_on):
    long = "a" * 30
    wide_described["naming"] = {
        "network": "{platform}-{platform}-{kind}-{name}",
        "store": "{name}-{network}-{kind}",
        "machine": "{platform}-{kind}-{network}-{name}-{platform}",
        "key": "{name}-{network}-{kind}",
    }
    wide_described["spaces"]["projects"] |= {long: {}, f"{long}b": {}}
    plan = planned_on(wide_described, TARGET)
    assert plan.node("zone/lake/network").properties["virtualNetworkName"] == "vnet-wide-wide-zone-lake"
    assert plan.node("zone/lake/store/snds/account").properties["accountName"].startswith("stsndslakezone")
    assert plan.node("key/lake/vault").properties["vaultName"].startswith("kv-lake-platfor-")
    assert plan.node("zone/lake/machine/spark/0/vm").properties["vmName"] == "vm-wide-zone-lake-spark-wide-0"
    for kind, name, longest in [
        ("network:VirtualNetwork", "virtualNetworkName", 64),
        ("network:NetworkSecurityGroup", "networkSecurityGroupName", 80),
        ("compute:VirtualMachine", "vmName", 64),
        ("compute:DiskEncryptionSet", "diskEncryptionSetName", 80),
        ("storage:StorageAccount", "accountName", 24),
        ("keyvault:Vault", "vaultName", 24),
        ("privatedns:PrivateRecordSet", "relativeRecordSetName", 63),
    ]:
        names = [node.properties[name] for node in plan.nodes if node.type == token(kind)]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= longest


@pytest.mark.parametrize("names", [("alpha", "omega"), ("omega", "alpha")])
def test_a_peering_of_two_spaces_is_the_ones_that_open_connections_whatever_their_names(
    wide_described, planned_on, names
):
    source, to = names
    wide_described["spaces"]["projects"] = {source: {}, to: {}}
    flow = {"from": f"space/{source}/machine/desktop", "to": f"space/{to}/machine/desktop", "ports": [8443]}

    def halves(*flows):
        nodes = planned_on({**wide_described, "flows": [*wide_described["flows"], *flows]}, TARGET).nodes
        return {
            node.path
            for node in nodes
            if "/peering/" in node.path and f"space.{to}" in node.path and f"space.{source}" in node.path
        }

    base = f"space/{source}/peering/space.{source}-space.{to}"
    assert halves(flow) == {f"{base}/there", f"{base}/back"}
    assert halves(flow, {**flow, "from": flow["to"], "to": flow["from"]}) == {
        f"{base}/there",
        f"space/{to}/peering/space.{to}-space.{source}/there",
    }
