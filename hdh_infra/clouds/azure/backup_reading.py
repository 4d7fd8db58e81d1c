"""Reading backups back: what an instance that points at an account or a disk gives, by its policy and its vault.

A backup counts only where all of it is there: an instance under protection, a policy with a schedule and a time
to keep, a vault, and the right of that vault's identity without which each run fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from hdh_infra.clouds.azure.grants import Rights
from hdh_infra.clouds.azure.keys_reading import key_element
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.clouds.azure.roles import BLOB_BACKUP, DISK_BACKUP, SNAPSHOTS
from hdh_infra.graph.observation import Native
from hdh_infra.model.scales import Encryption, Redundancy

Given: TypeAlias = dict[str, Any]
"""`every_days`, `keep_days`, `where`."""
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.+)?")
_DAYS = (365, 28, 7, 1)
"""Of a year, month, week, day, counted short: what is kept for a month is kept for 28 days at least."""
_WHERE: Mapping[str, Redundancy] = {
    "LocallyRedundant": Redundancy.local,
    "ZoneRedundant": Redundancy.zone,
    "GeoRedundant": Redundancy.region,
}
_PROTECTED = frozenset({"", "ConfiguringProtection", "ProtectionConfigured", "UpdatingProtection"})
"""States in which copies are made, or will be; a state is read while protection is still being set up, too.

Source: Azure/bicep-types-az microsoft.dataprotection/2025-01-01/types.md, BackupInstance.currentProtectionState.
"""
_ELSEWHERE = "elsewhere"


@final
@dataclass(frozen=True, slots=True)
class Copies:
    """What lies in a vault of one account."""

    given: Given
    encryption: Encryption
    key: str | None
    country: str | None
    """The furthest place of them."""


@final
class Backups:
    """Every backup that is there, by the native path of what it copies."""

    def __init__(self, reader: Reader, rights: Rights) -> None:
        """Look for them; see `of_account` and `of_disk`."""
        self._reader, self._rights = reader, rights
        self._accounts: dict[str, list[Copies]] = {}
        self._disks: dict[str, list[Given]] = {}
        for instance in reader.of("dataprotection:BackupInstance"):
            self._read(instance)

    def of_account(self, native: Native) -> Copies | None:
        """The copies of an account's blobs; None of one that has none."""
        found = self._accounts.get(native.path)
        return found[0] if found else None

    def of_disk(self, native: Native | None) -> Given | None:
        """The copies of a disk; None of one that has none."""
        found = self._disks.get(native.path) if native else None
        return found[0] if found else None

    def _read(self, instance: Native) -> None:
        reader, vault = self._reader, self._reader.parent(instance)
        source = reader.follow(got(instance, "properties.dataSourceInfo.resourceID"))
        policy = reader.follow(got(instance, "properties.policyInfo.policyId"))
        state = str(got(instance, "properties.currentProtectionState", ""))
        if vault is None or source is None or policy is None or state not in _PROTECTED:
            return
        if not (_fits(reader, vault, policy, instance, source) and _by_its_own_identity(instance, vault)):
            return
        if source.type == token("storage:StorageAccount"):
            given = _scheduled(policy, "VaultStore")
            containers = [
                name
                for one in listed(
                    got(instance, "properties.policyInfo.policyParameters.backupDatasourceParametersList")
                )
                for name in listed(one.get("containersList"))
            ]
            whole = {_container(one) for one in reader.children(source, "storage:BlobContainer")} <= set(containers)
            if given and containers and whole and self._may(vault, BLOB_BACKUP, source):
                self._accounts.setdefault(source.path, []).append(self._copies(vault, given))
        elif source.type == token("compute:Disk"):
            given = _scheduled(policy, "OperationalStore")
            groups = [
                reader.follow(one.get("resourceGroupId"))
                for one in listed(got(instance, "properties.policyInfo.policyParameters.dataStoreParametersList"))
            ]
            rights = self._may(vault, DISK_BACKUP, source) and any(
                one is not None and self._may(vault, SNAPSHOTS, one) for one in groups
            )
            if given and rights:
                zones = reader.site.offer.native["zones"].get(place(source.properties.get("location")))
                where = Redundancy.zone if zones else Redundancy.local
                self._disks.setdefault(source.path, []).append({**given, "where": str(where)})

    def _may(self, vault: Native, role: str, scope: Native) -> bool:
        """Whether the vault's own identity holds a role on something; no other role is taken by Azure Backup."""
        scopes = () if scope.type == token("resources:ResourceGroup") else (scope,)
        return any(
            held.role_id == role and held.bearer == vault.path and not held.conditional
            for held in self._rights.on(scopes, self._reader.group(scope))
        )

    def _copies(self, vault: Native, given: Given) -> Copies:
        kinds = [
            str(one.get("type"))
            for one in listed(got(vault, "properties.storageSettings"))
            if one.get("datastoreType") == "VaultStore"
        ]
        where = min(
            (_WHERE.get(one, Redundancy.local) for one in kinds), default=Redundancy.local, key=lambda one: one.rank
        )
        settings = got(vault, "properties.securitySettings.encryptionSettings", {})
        key = None
        if settings.get("state") == "Enabled":
            key = self._reader.key_at((settings.get("keyVaultProperties") or {}).get("keyUri"))
        return Copies(
            {**given, "where": str(where)},
            Encryption.customer_key if key else Encryption.provider_key,
            key_element(key),
            self._country(vault, where),
        )

    def _country(self, vault: Native, where: Redundancy) -> str | None:
        location = vault.properties.get("location")
        here = self._reader.country(location)
        if where is not Redundancy.region:
            return here
        pairs: Mapping[str, str] = self._reader.site.offer.native.get("pairs", {})
        there = self._reader.country(pairs.get(place(location), _ELSEWHERE))
        return here if there == here else there


def weakest(backups: Iterable[Given | None]) -> Given | None:
    """What all of several disks have; None where one has no backup."""
    found = list(backups)
    if not found or None in found:
        return None
    given = [one for one in found if one]
    return {
        "every_days": max(one["every_days"] for one in given),
        "keep_days": min(one["keep_days"] for one in given),
        "where": str(min((Redundancy(one["where"]) for one in given), key=lambda one: one.rank)),
    }


def _scheduled(policy: Native, store: str) -> Given | None:
    """How often a policy copies into a kind of store, and how long it keeps; None where it does not."""
    often: list[int] = []
    kept: list[int] = []
    for rule in listed(got(policy, "properties.policyRules")):
        if rule.get("objectType") == "AzureBackupRule" and (rule.get("dataStore") or {}).get("dataStoreType") == store:
            schedule = (rule.get("trigger") or {}).get("schedule") or {}
            often += [
                max(_days(period), 1)
                for period in (str(one).rsplit("/", 1)[-1] for one in listed(schedule.get("repeatingTimeIntervals")))
                if _PERIOD.fullmatch(period)
            ]
        # Beside the default rule there may be rules for some copies: the shortest counts.
        elif rule.get("objectType") == "AzureRetentionRule":
            kept += [
                _days(str((one.get("deleteAfter") or {}).get("duration")))
                for one in listed(rule.get("lifecycles"))
                if (one.get("sourceDataStore") or {}).get("dataStoreType") == store
            ]
    return {"every_days": min(often), "keep_days": min(kept)} if often and kept else None


def _fits(reader: Reader, vault: Native, policy: Native, instance: Native, source: Native) -> bool:
    """Whether vault, policy and what is copied belong together: one vault, one kind of data, one region."""
    kinds = got(policy, "properties.datasourceTypes")
    return (
        reader.parent(policy) is vault
        and kinds == [got(instance, "properties.dataSourceInfo.datasourceType")]
        and place(vault.properties.get("location")) == place(source.properties.get("location"))
    )


def _by_its_own_identity(instance: Native, vault: Native) -> bool:
    """Whether the vault has an identity of its own, and copies under that."""
    own = got(instance, "properties.identityDetails.useSystemAssignedIdentity", default=True) is True
    return own and "SystemAssigned" in str(got(vault, "identity.type", "None"))


def _container(native: Native) -> str:
    return native.id.rsplit("/", 1)[-1] if native.id else str(native.properties.get("containerName"))


def _days(period: str) -> int:
    """Whole days of an ISO 8601 period: `P30D`, `P1W`; hours are none."""
    found = _PERIOD.fullmatch(period)
    return sum(int(count) * days for count, days in zip(found.groups(), _DAYS, strict=True) if count) if found else 0


__all__ = ["Backups", "Copies", "Given", "weakest"]
