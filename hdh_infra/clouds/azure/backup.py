"""Azure Backup: a vault for the zones and one for each space, a policy for each schedule, an instance for each store and data disk.

An instance is what holds copies: taken away, its copies go. It is protected; the vault and the group of snapshots,
which it depends on, cannot go before it. Disks are copied as incremental snapshots, under the disk's own key, into
a group of their own. Blobs are copied into the vault, which has Microsoft's key: Azure Backup reads blobs by the
vault's system-assigned identity only, which is there after the vault, and takes a key of the customer's by a
user-assigned one only from key vaults that are open to networks. So a store under a key of its own is not copied
there, where its data would lie under less than was asked. How backups are read back stands in `backup_reading`.

Sources: MicrosoftDocs/azure-docs articles/backup/blob-backup-support-matrix.md (2024-12-27), blob-backup-configure-manage.md
(2026-01-30), backup-managed-disks.md (2025-08-26), disk-backup-support-matrix.md (2023-03-03),
encryption-at-rest-with-cmk-for-backup-vault.md (2024-03-06); Azure/azure-cli-extensions dataprotection manifests
AzureDisk, AzureBlob (rules, roles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from hdh_infra.clouds.azure.audit import is_audit_store, lower_diagnostics
from hdh_infra.clouds.azure.keys import key_base
from hdh_infra.clouds.azure.naming import account, dashed, group, home, make, region, shortened
from hdh_infra.clouds.azure.roles import BLOB_BACKUP, DISK_BACKUP, SNAPSHOTS, built_in, lower_assignment
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.scales import Redundancy
from hdh_infra.model.store import Backup

Data: TypeAlias = Literal["blobs", "disks"]
BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
DISKS = "Microsoft.Compute/disks"
_STORES: Mapping[Data, str] = {"blobs": "VaultStore", "disks": "OperationalStore"}
WEEK = 7
LONGEST_DISKS = 365
"""Days; 450 snapshots of a disk would be the next limit. Source: backup-managed-disks.md."""
LONGEST_BLOBS = 3650
"""Days: ten years. Source: blob-backup-configure-manage.md."""
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


class Schedule(NamedTuple):
    """What one policy says, and the vault that it is in."""

    owner: str
    """`platform`, or a space."""
    data: Data
    every_days: int
    keep_days: int
    where: Redundancy

    @property
    def base(self) -> str:
        """Path that the vault and what is in it are under; copies in a second region have a vault of their own."""
        far = self.data == "blobs" and self.where is Redundancy.region
        return f"{self.owner}/backup{'/region' if far else ''}"

    @property
    def name(self) -> str:
        """The policy's name: Azure changes none of a disk's, so that another schedule is another policy."""
        return f"{self.data}-{self.every_days}-{self.keep_days}"

    @property
    def policy(self) -> str:
        """Path of the policy."""
        return f"{self.base}/policy/{self.name}"


def schedule_of(context: Context, element: str) -> Schedule | None:
    """How a store or a machine's data disks are backed up here; None where they are not asked to be, or cannot be."""
    asked = context.expanded.backup_of(element)
    if asked is None:
        return None
    owner = network_path(element) or ""
    owner = owner if owner.startswith("space/") else PLATFORM
    zones = bool(shared(context).zones)
    store = context.expanded.stores.get(element)
    if store is None:
        if not context.expanded.machine(element).disk.size:
            return None
        # Snapshots are zone-redundant where the region has zones, whatever the vault is.
        return Schedule(
            owner, "disks", 1, min(asked.keep_days, LONGEST_DISKS), Redundancy.zone if zones else Redundancy.local
        )
    # Only blobs of stores that keep versions are copied, and no append blobs, which logs are.
    if key_base(context, element) or not store.versioning or is_audit_store(context, element):
        return None
    return Schedule(
        owner,
        "blobs",
        WEEK if asked.every_days >= WEEK else 1,
        min(asked.keep_days, LONGEST_BLOBS),
        _where(context, asked, zones=zones),
    )


def _where(context: Context, asked: Backup, *, zones: bool) -> Redundancy:
    """Zones cost little and are taken; a second region where it was asked and lies in the residency."""
    if asked.where is Redundancy.region and shared(context).far_copies:
        return Redundancy.region
    return Redundancy.zone if zones else Redundancy.local


def _schedules(context: Context, owner: str) -> list[Schedule]:
    """What is backed up in the vaults of an owner, each schedule once; of the platform no space is looked at (law 4)."""
    expanded = context.expanded
    elements = (*expanded.stores, *expanded.machines, *expanded.kept_disks)
    begin = f"{owner}/" if owner != PLATFORM else "zone/"
    found = {schedule_of(context, one) for one in elements if one.startswith(begin)}
    return sorted(one for one in found if one is not None)


def lower_vaults(context: Context, owner: str) -> Iterator[Node]:
    """The vaults of the zones or of a space, what is in them, and the group that snapshots of its disks go to."""
    schedules = _schedules(context, owner)
    for base in sorted({one.base for one in schedules}):
        inside = [one for one in schedules if one.base == base]
        yield _vault(context, base, inside[0])
        yield from lower_diagnostics(context, f"{base}/vault", "dataprotection:BackupVault")
        for one in inside:
            yield _policy(context, one)
    if any(one.data == "disks" for one in schedules):
        yield from _snapshots(context, owner)


def manual_backup(context: Context) -> Iterator[ManualStep]:
    """What has to be switched on once in a subscription before a vault can be made."""
    expanded = context.expanded
    elements = (*expanded.stores, *expanded.machines, *expanded.kept_disks)
    if any(schedule_of(context, one) is not None for one in elements):
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
    "LONGEST_BLOBS",
    "LONGEST_DISKS",
    "Schedule",
    "lower_disk_backup",
    "lower_store_backup",
    "lower_vaults",
    "manual_backup",
    "schedule_of",
]
