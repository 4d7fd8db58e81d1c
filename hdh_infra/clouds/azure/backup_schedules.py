"""What is backed up, how often, how long and in which vault: each store and machine's schedule as Azure Backup can keep it.

What cannot be copied without losing something that was asked has no schedule, and why stands in `backup`. It
lowers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from hdh_infra.clouds.azure.audit import is_audit_store
from hdh_infra.clouds.azure.keys import key_base
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.scales import Redundancy
from hdh_infra.model.store import Backup

Data: TypeAlias = Literal["blobs", "disks"]
WEEK = 7
LONGEST_DISKS = 365
"""Days; 450 snapshots of a disk would be the next limit. Source: backup-managed-disks.md (2025-08-26)."""
LONGEST_BLOBS = 3650
"""Days: ten years. Source: blob-backup-configure-manage.md (2026-01-30)."""
_KEPT = "azure backups"


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
    """Zones cost little and are taken; a second region where it lies in the residency and was asked, or zones were and are none."""
    if shared(context).far_copies and (
        asked.where is Redundancy.region or (asked.where is Redundancy.zone and not zones)
    ):
        return Redundancy.region
    return Redundancy.zone if zones else Redundancy.local


def schedules(context: Context) -> Mapping[str, list[Schedule]]:
    """What is backed up in the vaults of each owner, each schedule once; looked for once, and kept with the context.

    What belongs to the platform depends on zones alone: no space is under its name (law 4).
    """
    found: dict[str, list[Schedule]] | None = context.__dict__.get(_KEPT)
    if found is None:
        expanded = context.expanded
        elements = (*expanded.stores, *expanded.machines, *expanded.kept_disks)
        known = {schedule for one in elements if (schedule := schedule_of(context, one)) is not None}
        found = context.__dict__[_KEPT] = {}
        for schedule in sorted(known):
            found.setdefault(schedule.owner, []).append(schedule)
    return found


__all__ = ["LONGEST_BLOBS", "LONGEST_DISKS", "WEEK", "Data", "Schedule", "schedule_of", "schedules"]
