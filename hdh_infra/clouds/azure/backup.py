"""Azure Backup: a vault for the zones and one for each space, a policy for each schedule, an instance for each store and data disk.

An instance is what holds copies: taken away, its copies go. It is protected; the vault and the group of snapshots,
which it depends on, cannot go before it. Disks are copied as incremental snapshots, under the disk's own key, into
a group of their own. Blobs are copied into the vault, which has Microsoft's key: Azure Backup reads blobs by the
vault's system-assigned identity only, which is there after the vault, and takes a key of the customer's by a
user-assigned one only from key vaults that are open to networks. So a store under a key of its own is not copied
there, where its data would lie under less than was asked. What is copied and when stands in `backup_schedules`,
how backups are read back in `backup_reading`.

Sources: MicrosoftDocs/azure-docs articles/backup/blob-backup-support-matrix.md (2024-12-27), blob-backup-configure-manage.md
(2026-01-30), backup-managed-disks.md (2025-08-26), disk-backup-support-matrix.md (2023-03-03),
encryption-at-rest-with-cmk-for-backup-vault.md (2024-03-06); Azure/azure-cli-extensions dataprotection manifests
AzureDisk, AzureBlob (rules, roles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.azure.audit import lower_diagnostics
from hdh_infra.clouds.azure.backup_schedules import WEEK, Data, Schedule, schedule_of, schedules
from hdh_infra.clouds.azure.naming import account, dashed, group, home, make, region, shortened
from hdh_infra.clouds.azure.roles import BLOB_BACKUP, DISK_BACKUP, SNAPSHOTS, built_in, lower_assignment
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.scales import Redundancy

BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
DISKS = "Microsoft.Compute/disks"
_STORES: Mapping[Data, str] = {"blobs": "VaultStore", "disks": "OperationalStore"}
SOFT_DELETED_DAYS = 14
"""For how long deleted copies in a vault can be had back; longer is billed."""
_BEGIN = "2024-01-01T01:00:00+00:00"
"""A Monday: backups begin at this hour of each day, or of each Monday, in UTC. It is no clock, and lies in the past."""
_LONGEST_VAULT = 50
_LONGEST_GROUP = 90
_LONGEST_INSTANCE = 128
_KINDS: Mapping[Redundancy, str] = {
    Redundancy.local: "LocallyRedundant",
    Redundancy.zone: "ZoneRedundant",
    Redundancy.region: "GeoRedundant",
}


def lower_vaults(context: Context, owner: str) -> Iterator[Node]:
    """The vaults of the zones or of a space, what is in them, and the group that snapshots of its disks go to."""
    found = schedules(context).get(owner, [])
    for base in sorted({one.base for one in found}):
        inside = [one for one in found if one.base == base]
        yield _vault(context, base, inside[0])
        yield from lower_diagnostics(context, f"{base}/vault", "dataprotection:BackupVault")
        for one in inside:
            yield _policy(context, one)
    if any(one.data == "disks" for one in found):
        yield from _snapshots(context, owner)


def manual_backup(context: Context) -> Iterator[ManualStep]:
    """What has to be switched on once in a subscription before a vault can be made."""
    if schedules(context):
        provider = "--namespace Microsoft.DataProtection"
        yield ManualStep(
            what="Register Azure Backup in the subscription, once; without it no Backup vault of the plan is made",
            who="an owner of the subscription",
            command=f"az provider register {provider} --wait",
            proof=f"az provider show {provider} --query registrationState gives Registered",
        )


def _vault_name(context: Context, base: str) -> str:
    owner, _, far = base.partition("/backup")
    words = "-".join(filter(None, (context.name, dashed(owner) if owner != PLATFORM else "", far.strip("/"))))
    return shortened(f"bvault-{words}-{region(context)}", _LONGEST_VAULT)


def _vault(context: Context, base: str, schedule: Schedule) -> Node:
    return make(
        context,
        f"{base}/vault",
        "dataprotection:BackupVault",
        {
            **_in(context, base),
            "location": region(context),
            # The only kind that blobs are read by; made with the vault, so that its rights come after it.
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "storageSettings": [{"datastoreType": "VaultStore", "type": _KINDS[schedule.where]}],
                "securitySettings": {
                    "softDeleteSettings": {"state": "On", "retentionDurationInDays": SOFT_DELETED_DAYS},
                    # Unlocked: copies cannot be deleted before their time while it is on, and it can be switched off.
                    "immutabilitySettings": {"state": "Unlocked"},
                },
                "featureSettings": {
                    "crossSubscriptionRestoreSettings": {"state": "Disabled"},
                    "crossRegionRestoreSettings": {"state": "Disabled"},
                },
                "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}},
            },
        },
        outputs=("identity",),
        after=(home(base) if base.startswith("space/") else home(PLATFORM),),
    )


def _in(context: Context, base: str) -> dict[str, Value]:
    return {"resourceGroupName": group(context, base), "vaultName": _vault_name(context, base)}


def _policy(context: Context, schedule: Schedule) -> Node:
    store = {"dataStoreType": _STORES[schedule.data], "objectType": "DataStoreInfoBase"}
    often = "P1W" if schedule.every_days == WEEK else f"P{schedule.every_days}D"
    return make(
        context,
        schedule.policy,
        "dataprotection:BackupPolicy",
        {
            **_in(context, schedule.base),
            "backupPolicyName": schedule.name,
            "properties": {
                "objectType": "BackupPolicy",
                "datasourceTypes": [DISKS if schedule.data == "disks" else BLOBS],
                "policyRules": [
                    {
                        "objectType": "AzureBackupRule",
                        "name": "BackupWeekly" if schedule.every_days == WEEK else "BackupDaily",
                        "backupParameters": {
                            "objectType": "AzureBackupParams",
                            "backupType": "Incremental" if schedule.data == "disks" else "Discrete",
                        },
                        "dataStore": store,
                        "trigger": {
                            "objectType": "ScheduleBasedTriggerContext",
                            "schedule": {"repeatingTimeIntervals": [f"R/{_BEGIN}/{often}"], "timeZone": "UTC"},
                            "taggingCriteria": [
                                {"isDefault": True, "taggingPriority": 99, "tagInfo": {"tagName": "Default"}}
                            ],
                        },
                    },
                    {
                        "objectType": "AzureRetentionRule",
                        "name": "Default",
                        "isDefault": True,
                        "lifecycles": [
                            {
                                "sourceDataStore": store,
                                "deleteAfter": {
                                    "objectType": "AbsoluteDeleteOption",
                                    "duration": f"P{schedule.keep_days}D",
                                },
                                "targetDataStoreCopySettings": [],
                            }
                        ],
                    },
                ],
            },
        },
        after=(f"{schedule.base}/vault",),
    )


def _snapshots(context: Context, owner: str) -> Iterator[Node]:
    """The group of the snapshots, which must not be the disks' own, and what the vault may do there."""
    yield make(
        context,
        f"{owner}/backup/group",
        "resources:ResourceGroup",
        {
            "resourceGroupName": shortened(f"{group(context, owner)}-snapshots", _LONGEST_GROUP),
            "location": region(context),
        },
    )
    yield lower_assignment(
        context,
        f"{owner}/backup/snapshot-right",
        role=built_in(SNAPSHOTS),
        scope=ref(f"{owner}/backup/group"),
        principal=ref(f"{owner}/backup/vault", "identity.principalId"),
        principal_type="ServicePrincipal",
    )


def lower_store_backup(context: Context, store: str, container: str) -> Iterator[Node]:
    """What copies a store's blobs into a vault: the vault's right to the account, and the instance."""
    schedule = schedule_of(context, store)
    if schedule is None:
        return
    yield _right(context, store, BLOB_BACKUP, f"{store}/account", schedule)
    source: dict[str, Value] = {
        "datasourceType": BLOBS,
        "resourceID": ref(f"{store}/account"),
        "resourceLocation": region(context),
        "resourceName": account(context, store),
        "resourceType": "Microsoft.Storage/storageAccounts",
    }
    yield _instance(
        context,
        f"{store}/backup",
        schedule,
        account(context, store),
        {
            "dataSourceInfo": {"objectType": "Datasource", **source},
            "dataSourceSetInfo": {"objectType": "DatasourceSet", **source},
        },
        {
            "backupDatasourceParametersList": [
                {"objectType": "BlobBackupDatasourceParameters", "containersList": [container]}
            ]
        },
        after=(f"{store}/backup-right", f"{store}/container", f"{store}/service"),
    )


def lower_disk_backup(context: Context, machine: str, number: int, disk: str) -> Iterator[Node]:
    """What makes snapshots of a data disk: the vault's right to read the disk, and the instance.

    Args:
        context: what the lowering reads.
        machine: the element.
        number: of the replica.
        disk: native name of its data disk.
    """
    schedule, base = schedule_of(context, machine), f"{machine}/{number}"
    if schedule is None:
        return
    yield _right(context, base, DISK_BACKUP, f"{base}/data", schedule)
    yield _instance(
        context,
        f"{base}/backup",
        schedule,
        disk,
        {
            "dataSourceInfo": {
                "objectType": "Datasource",
                "datasourceType": DISKS,
                "resourceID": ref(f"{base}/data"),
                "resourceLocation": region(context),
                "resourceName": disk,
                "resourceType": DISKS,
            }
        },
        {
            "dataStoreParametersList": [
                {
                    "objectType": "AzureOperationalStoreParameters",
                    "dataStoreType": "OperationalStore",
                    "resourceGroupId": ref(f"{schedule.owner}/backup/group"),
                }
            ]
        },
        after=(f"{base}/backup-right", f"{schedule.owner}/backup/snapshot-right"),
    )


def _right(context: Context, path: str, role: str, scope: str, schedule: Schedule) -> Node:
    return lower_assignment(
        context,
        f"{path}/backup-right",
        role=built_in(role),
        scope=ref(scope),
        principal=ref(f"{schedule.base}/vault", "identity.principalId"),
        principal_type="ServicePrincipal",
    )


def _instance(
    context: Context,
    path: str,
    schedule: Schedule,
    name: str,
    source: Mapping[str, Value],
    parameters: Mapping[str, Value],
    after: tuple[str, ...],
) -> Node:
    return make(
        context,
        path,
        "dataprotection:BackupInstance",
        {
            **_in(context, schedule.base),
            "backupInstanceName": shortened(name, _LONGEST_INSTANCE),
            "properties": {
                "objectType": "BackupInstance",
                "friendlyName": name,
                **source,
                "policyInfo": {"policyId": ref(schedule.policy), "policyParameters": dict(parameters)},
                "identityDetails": {"useSystemAssignedIdentity": True},
            },
        },
        after=after,
        # Taking it away takes its copies away.
        protect=True,
    )


__all__ = [
    "BLOBS",
    "DISKS",
    "lower_disk_backup",
    "lower_store_backup",
    "lower_vaults",
    "manual_backup",
]
