"""Backups: what is copied, how often, for how long and where, read back from the policy, the vault and the vault's rights."""

import datetime
from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.contracts.changing import CONTRACTS
from hdh_infra.graph.diff import diff_nodes
from hdh_infra.graph.observation import Natives
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.changes import judged

TARGET = "azure:francecentral"
TODAY = datetime.date(2026, 11, 23)
FOREIGN = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/disks/z"
GROUP = "/subscriptions/x/resourceGroups/y"
DISKS = {"every_days": 1, "keep_days": 30, "where": "zone"}
SHARED = {"every_days": 7, "keep_days": 30, "where": "zone"}
OPEN = {"every_days": 1, "keep_days": 400, "where": "region"}


@pytest.fixture
def place(watched_described):
    return site(Target.parse(TARGET), Platform.model_validate(watched_described))


def observed(nodes, place):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), place)


def with_value(node, path, value):
    def put(here, parts):
        head, *rest = parts
        if isinstance(here, list):
            return [put(one, rest) if index == int(head) else one for index, one in enumerate(here)] if rest else [
                value if index == int(head) else one for index, one in enumerate(here)
            ]  # fmt: skip
        if not rest:
            return {**here, head: value} if value is not None else {k: v for k, v in here.items() if k != head}
        return {**here, head: put(here.get(head) or {}, rest)}

    return replace(node, properties=put(dict(node.properties), path.split(".")))


def changed(plan, path, where, value):
    node = plan.node(path)
    other = with_value(node, where, value)
    assert other != node
    return [other if one is node else one for one in plan.nodes]


def rows(plan, requirement):
    return {row.element: row for row in plan.verdicts if row.requirement == requirement}


def test_what_is_asked_and_can_be_copied_is_copied_as_asked(watched_plan, place):
    given = {
        path: one["backup"] for path, one in observed(watched_plan.nodes, place).elements.items() if "backup" in one
    }
    assert given == {
        "zone/lake/machine/spark": DISKS,
        "zone/lake/machine/plain": DISKS,
        "zone/lake/machine/bare": None,
        "zone/lake/store/snds": None,
        "zone/lake/store/open": OPEN,
        "zone/audit/store/logs": None,
        "space/open/machine/desktop": DISKS,
        "space/open/store/work": None,
        "space/open/store/shared": SHARED,
        "space/ended/store/work": None,
        "space/ended/store/shared": SHARED,
    }
    assert {
        row.verdict for name in ("store.backup", "machine.backup") for row in rows(watched_plan, name).values()
    } == {Verdict.met}


def test_each_data_disk_has_an_instance_that_points_at_it_in_the_vault_of_its_owner(watched_plan):
    for node in watched_plan.nodes:
        if node.path.endswith("/data") and node.type == token("compute:Disk"):
            instance = watched_plan.node(node.path.removesuffix("/data") + "/backup")
            owner = "platform" if node.path.startswith("zone/") else "/".join(node.path.split("/")[:2])
            properties = instance.properties["properties"]
            assert properties["dataSourceInfo"]["resourceID"] == {"$ref": node.path, "output": "id"}
            assert properties["policyInfo"]["policyId"]["$ref"].startswith(f"{owner}/backup/policy/")
            assert instance.protect


def test_a_closed_space_keeps_its_backups(watched_plan):
    kept = {node.path for node in watched_plan.nodes if node.path.startswith("space/ended/")}
    assert {
        "space/ended/machine/desktop/0/backup",
        "space/ended/store/shared/backup",
        "space/ended/backup/vault",
    } <= kept


def test_a_store_under_a_key_of_its_own_is_not_copied_to_where_the_key_would_be_microsofts(planned, watched_described):
    watched_described["zones"]["lake"]["stores"]["snds"]["backup"] = {"every_days": 1, "keep_days": 30}
    plan = planned(watched_described)
    assert not any(node.path.startswith("zone/lake/store/snds/backup") for node in plan.nodes)
    row = rows(plan, "store.backup")["zone/lake/store/snds"]
    assert row.verdict is Verdict.not_met
    assert "would lie under Microsoft's key" in row.reason


@pytest.mark.parametrize(
    ("store", "change"),
    [
        ("zone/lake/store/open", {"versioning": False}),
        ("zone/lake/store/open", {"encryption": "tenant-key"}),
        ("zone/audit/store/logs", {"encryption": "provider-key", "key": None}),
    ],
)
def test_what_azure_backup_cannot_copy_is_not_met_and_said(planned, watched_described, store, change):
    zone, name = store.split("/")[1], store.rsplit("/", maxsplit=1)[-1]
    described = watched_described["zones"][zone]["stores"][name]
    described |= {"backup": {"every_days": 1, "keep_days": 400}, **change}
    plan = planned(watched_described)
    assert not any(node.path == f"{store}/backup" for node in plan.nodes)
    assert rows(plan, "store.backup")[store].verdict is Verdict.not_met


@pytest.mark.parametrize(
    ("backup", "given"),
    [
        ({"every_days": 1, "keep_days": 366, "where": "zone"}, {"every_days": 1, "keep_days": 365, "where": "zone"}),
        ({"every_days": 1, "keep_days": 30, "where": "region"}, DISKS),
    ],
)
def test_what_snapshots_do_not_reach_is_not_met_with_the_most_that_there_is(planned, watched_described, backup, given):
    watched_described["backup"]["disks"] = backup
    row = rows(planned(watched_described), "machine.backup")["zone/lake/machine/spark"]
    assert (row.verdict, row.given) == (Verdict.not_met, given)
    assert "snapshots" in row.reason


def test_in_a_region_without_zones_copies_are_local_and_said_to_be(watched_described, planned_on):
    watched_described["targets"] = {}
    row = rows(planned_on(watched_described, "azure:francesouth"), "machine.backup")["zone/lake/machine/spark"]
    assert (row.verdict, row.given["where"]) == (Verdict.not_met, "local")


SPARK, INSTANCE = "zone/lake/machine/spark", "zone/lake/machine/spark/1/backup"
POLICY = "platform/backup/policy/disks-1-30"
OPEN_STORE, OPEN_INSTANCE = "zone/lake/store/open", "zone/lake/store/open/backup"
OPEN_POLICY, OPEN_VAULT = "platform/backup/region/policy/blobs-1-400", "platform/backup/region/vault"


@pytest.mark.parametrize(
    ("element", "path", "where", "value", "attribute", "given"),
    [
        (SPARK, INSTANCE, "properties.dataSourceInfo.resourceID", FOREIGN, "backup", None),
        (SPARK, INSTANCE, "properties.policyInfo.policyId", FOREIGN, "backup", None),
        (SPARK, INSTANCE, "properties.currentProtectionState", "ProtectionStopped", "backup", None),
        (SPARK, INSTANCE, "properties.currentProtectionState", "SoftDeleted", "backup", None),
        (SPARK, INSTANCE, "properties.currentProtectionState", "ProtectionConfigured", "backup", DISKS),
        (SPARK, INSTANCE, "properties.policyInfo.policyParameters.dataStoreParametersList.0.resourceGroupId", GROUP, "backup", None),
        (SPARK, INSTANCE, "properties.identityDetails.useSystemAssignedIdentity", False, "backup", None),
        (SPARK, INSTANCE, "properties.dataSourceInfo.datasourceType", "Microsoft.DBforPostgreSQL/servers/databases", "backup", None),
        (SPARK, "platform/backup/vault", "identity.type", "None", "backup", None),
        (SPARK, "platform/backup/vault", "identity", None, "backup", None),
        (SPARK, POLICY, "properties.policyRules.0.trigger.schedule.repeatingTimeIntervals", ["R/2024-01-01T01:00:00+00:00/P3D"], "backup", {**DISKS, "every_days": 3}),
        (SPARK, POLICY, "properties.policyRules.0.trigger.schedule.repeatingTimeIntervals", ["R/2024-01-01T01:00:00+00:00/PT4H"], "backup", DISKS),
        (SPARK, POLICY, "properties.policyRules.0.trigger.schedule.repeatingTimeIntervals", [], "backup", None),
        (SPARK, POLICY, "properties.policyRules.0.dataStore.dataStoreType", "VaultStore", "backup", None),
        (SPARK, POLICY, "properties.policyRules.1.lifecycles.0.deleteAfter.duration", "P7D", "backup", {**DISKS, "keep_days": 7}),
        (SPARK, POLICY, "properties.policyRules.1.lifecycles.0.deleteAfter.duration", "P2M", "backup", {**DISKS, "keep_days": 56}),
        (SPARK, POLICY, "properties.policyRules.1.lifecycles.0.deleteAfter.duration", "P1Y", "backup", {**DISKS, "keep_days": 365}),
        (SPARK, POLICY, "properties.policyRules.1.lifecycles.0.deleteAfter.duration", "for ever", "backup", {**DISKS, "keep_days": 0}),
        (OPEN_STORE, OPEN_INSTANCE, "properties.dataSourceInfo.resourceID", FOREIGN, "backup", None),
        (OPEN_STORE, OPEN_INSTANCE, "properties.policyInfo.policyParameters.backupDatasourceParametersList.0.containersList", ["other"], "backup", None),
        (OPEN_STORE, OPEN_POLICY, "properties.policyRules.0.dataStore.dataStoreType", "OperationalStore", "backup", None),
        (OPEN_STORE, OPEN_POLICY, "properties.policyRules.1.lifecycles.0.deleteAfter.duration", "P1W", "backup", {**OPEN, "keep_days": 7}),
        (OPEN_STORE, OPEN_VAULT, "properties.storageSettings.0.type", "LocallyRedundant", "backup", {**OPEN, "where": "local"}),
        (OPEN_STORE, OPEN_VAULT, "properties.storageSettings", [], "backup", {**OPEN, "where": "local"}),
        (OPEN_STORE, OPEN_VAULT, "location", "westeurope", "backup", None),
    ],
)  # fmt: skip
def test_a_changed_backup_changes_the_observation(watched_plan, place, element, path, where, value, attribute, given):
    after = observed(changed(watched_plan, path, where, value), place).elements[element][attribute]
    assert after == given


@pytest.mark.parametrize(
    ("element", "right"),
    [
        (SPARK, "zone/lake/machine/spark/0/backup-right"),
        (SPARK, "platform/backup/snapshot-right"),
        (OPEN_STORE, "zone/lake/store/open/backup-right"),
    ],
)
def test_a_vault_that_may_not_read_backs_nothing_up(watched_plan, place, element, right):
    without = [node for node in watched_plan.nodes if node.path != right]
    assert observed(without, place).elements[element]["backup"] is None
    owner = {"$format": "/x/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "args": []}
    after = observed(changed(watched_plan, right, "roleDefinitionId", owner), place)
    assert after.elements[element]["backup"] is None
    assert any(right in remark for remark in after.remarks)


def test_the_rights_of_a_vault_in_other_hands_are_remarked_on(watched_plan, place):
    for node in watched_plan.nodes:
        if node.path.endswith("backup-right") or node.path.endswith("snapshot-right"):
            other = with_value(node, "principalId", "00000000-0000-4000-8000-00000000dead")
            after = observed([other if one is node else one for one in watched_plan.nodes], place)
            assert any(node.path in remark for remark in after.remarks), node.path


def test_copies_under_a_weaker_key_make_the_store_weaker(watched_plan, place):
    right = watched_plan.node("zone/lake/store/open/backup-right")
    instance = watched_plan.node(OPEN_INSTANCE)
    account = {"$ref": "zone/lake/store/snds/account", "output": "id"}
    moved = {
        right.path: with_value(right, "scope", account),
        instance.path: with_value(instance, "properties.dataSourceInfo.resourceID", account),
    }
    store = observed([moved.get(one.path, one) for one in watched_plan.nodes], place).elements["zone/lake/store/snds"]
    assert (store["backup"], store["encryption"], store["key"]) == (OPEN, "provider-key", None)
    vault = watched_plan.node(OPEN_VAULT)
    key = {"state": "Enabled", "keyVaultProperties": {"keyUri": {"$ref": "key/lake/key", "output": "keyUri"}}}
    moved[vault.path] = with_value(vault, "properties.securitySettings.encryptionSettings", key)
    store = observed([moved.get(one.path, one) for one in watched_plan.nodes], place).elements["zone/lake/store/snds"]
    assert (store["encryption"], store["key"]) == ("customer-key", "key/lake")


def test_one_schedule_is_one_policy_and_another_schedule_another(planned, watched_described):
    machines = watched_described["zones"]["lake"]["machines"]
    machines["plain"]["backup"] = {"every_days": 1, "keep_days": 90}
    plan = planned(watched_described)
    policies = [node.path for node in plan.nodes if node.path.startswith("platform/backup/policy/")]
    assert policies == ["platform/backup/policy/disks-1-30", "platform/backup/policy/disks-1-90"]


def test_a_platform_that_asks_for_no_backup_has_no_vault(plan, wide_plan):
    for one in (plan, wide_plan):
        assert not any("dataprotection" in node.type for node in one.nodes)


def test_backups_are_planned_alike_each_time(watched_described):
    plans = [make_plan(Platform.model_validate(watched_described), TARGET, today=TODAY) for _ in range(2)]
    assert plans[0].nodes == plans[1].nodes


# Leaves that change nothing that is read, and why.
HARMLESS = {
    "resourceGroupName": "where the vault lies; another would be another vault",
    "tags": "never evidence",
    "backupPolicyName": "a name",
    "backupInstanceName": "a name",
    "properties.friendlyName": "a name",
    "properties.objectType": "the form's own name, which the contract holds",
    "properties.dataSourceInfo.objectType": "the same",
    "properties.dataSourceInfo.resourceLocation": "told again: what is pointed at has a location",
    "properties.dataSourceInfo.resourceName": "told again",
    "properties.dataSourceInfo.resourceType": "told again",
    "properties.dataSourceSetInfo": "what the source is part of: the account again",
    "properties.policyInfo.policyParameters.backupDatasourceParametersList.0.objectType": "the form's own name",
    "properties.policyInfo.policyParameters.dataStoreParametersList.0.objectType": "the form's own name",
    "properties.policyInfo.policyParameters.dataStoreParametersList.0.dataStoreType": "disks have snapshots only",
    "properties.policyRules.0.name": "a name",
    "properties.policyRules.1.name": "a name",
    "properties.policyRules.1.isDefault": "the shortest of all rules counts",
    "properties.policyRules.0.backupParameters": "what a copy is made of, which the kind of source says",
    "properties.policyRules.0.dataStore.objectType": "the form's own name",
    "properties.policyRules.0.trigger.objectType": "the form's own name",
    "properties.policyRules.0.trigger.schedule.timeZone": "when in the day",
    "properties.policyRules.0.trigger.taggingCriteria": "the shortest of all rules counts, whatever its tag",
    "properties.policyRules.1.lifecycles.0.sourceDataStore.objectType": "the form's own name",
    "properties.policyRules.1.lifecycles.0.deleteAfter.objectType": "the form's own name",
    "properties.policyRules.1.lifecycles.0.targetDataStoreCopySettings": "copies to an archive come on top",
}


def leaves(value, at=""):
    if isinstance(value, dict) and "$ref" not in value and value:
        for name, one in value.items():
            yield from leaves(one, f"{at}.{name}" if at else name)
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from leaves(one, f"{at}.{index}")
    else:
        yield at, value


@pytest.mark.parametrize("kind", ["BackupVault", "BackupPolicy", "BackupInstance"])
def test_every_leaf_of_a_backup_shows_when_it_is_changed_or_is_harmless_for_a_reason(watched_plan, place, kind):
    seen, missed = observed(watched_plan.nodes, place), set()
    for node in watched_plan.nodes:
        if node.type != token(f"dataprotection:{kind}") or node.element.startswith("space/ended"):
            continue  # nothing runs there whose disk a machine shows
        for where, value in leaves(dict(node.properties)):
            other = {bool: not value, int: 7, str: "Weaker", dict: FOREIGN, list: ["x"]}[type(value)]
            if node.path == "platform/backup/vault" and where.startswith("properties.storageSettings"):
                continue  # of the zones it is disks alone whose copies are in it, and those lie in the disks' region
            if observed(changed(watched_plan, node.path, where, other), place) == seen:
                missed.add(where)
    assert {
        one for one in missed if not any(one == known or one.startswith(f"{known}.") for known in HARMLESS)
    } == set()


def test_another_schedule_changes_instances_in_place_and_replaces_nothing(planned, watched_described, watched_plan):
    watched_described["backup"]["disks"]["keep_days"] = 60
    changes = {one.path: one for one in diff_nodes(watched_plan.nodes, planned(watched_described).nodes, CONTRACTS)}
    effects = {path: str(one.effect) for path, one in changes.items() if path.startswith(("platform", "zone"))}
    assert effects == {
        "platform/backup/policy/disks-1-30": "remove",
        "platform/backup/policy/disks-1-60": "make",
        "zone/lake/machine/plain/0/backup": "update",
        "zone/lake/machine/spark/0/backup": "update",
        "zone/lake/machine/spark/1/backup": "update",
    }


def test_taking_a_backup_out_of_the_description_loses_copies_and_wants_a_word(planned, watched_described, watched_plan):
    del watched_described["backup"]
    for word, refused in ((None, True), ({"element": "**/machine/*", "reason": "copies are kept elsewhere"}, False)):
        watched_described["replace"] = [word] if word else []
        after = planned(watched_described)
        changes = diff_nodes(watched_plan.nodes, after.nodes, CONTRACTS)
        found = judged(changes, Platform.model_validate(watched_described), {node.element for node in after.nodes})
        lost = {one.change.path for one in found if one.endangers and one.refused}
        assert ("zone/lake/machine/plain/0/backup" in lost) == refused
        assert all(path.endswith("/backup") for path in lost)


def test_azure_backup_is_registered_by_hand_where_it_is_used(watched_plan, wide_plan):
    commands = [one.command for one in watched_plan.manual]
    assert "az provider register --namespace Microsoft.DataProtection --wait" in commands
    assert not any("DataProtection" in one.command for one in wide_plan.manual)
