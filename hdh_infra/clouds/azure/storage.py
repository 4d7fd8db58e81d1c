"""Stores: a storage account with one container, reached through a private endpoint and in no other way.

An account a store, because the customer's key, the network and versioning are the account's. Account keys
and anonymous reading are off: who reads and writes is a role of an identity (`grants`). Azure locks a
retention by an operation that no deployment does; the plan makes it unlocked and names the manual step.
How a store is read back stands in `storage_reading`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hdh_infra.clouds.azure.audit import FLOW_CONTAINER, containers_of, is_audit_store, lower_access_log
from hdh_infra.clouds.azure.backup import lower_store_backup
from hdh_infra.clouds.azure.endpoints import Service, lower_private_endpoint
from hdh_infra.clouds.azure.keys import key_base, key_name, lower_key_use, lower_own_key, vault_uri
from hdh_infra.clouds.azure.naming import PROVIDER, account, group, home, make, region, token
from hdh_infra.clouds.azure.network import BLOB_ZONE
from hdh_infra.clouds.azure.roles import lower_identity
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Check, ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Redundancy, RetentionMode
from hdh_infra.model.store import Expiry, Store

CONTAINER = "data"
KEPT_DAYS = 30
"""How long what was deleted or overwritten can be had back where nothing else keeps it."""
LONGEST_KEPT_DAYS = 365
LONGEST_SIGNATURE = "01.00:00:00"
"""For how long an access that somebody signed may hold: days, hours, minutes, seconds."""
_SERVICE: Mapping[str, Value] = {"enabled": True, "keyType": "Account"}


def lower_store(context: Context, store: str) -> Iterator[Node]:
    """One store: account, its blob service, container, retention and private endpoint; first, its right to the key."""
    spec, key = context.expanded.stores[store], key_base(context, store)
    kept = min(max(spec.soft_delete_days or 0, KEPT_DAYS), LONGEST_KEPT_DAYS)
    common: dict[str, Value] = {"resourceGroupName": group(context, store), "accountName": account(context, store)}
    yield from lower_own_key(context, store, key, holds=True)
    if key:
        yield lower_identity(
            context,
            f"{store}/identity",
            {
                "resourceGroupName": group(context, store),
                "resourceName": f"id-{account(context, store)}",
                "location": region(context),
            },
            after=home(store),
        )
        yield lower_key_use(context, f"{store}/key-use", key, f"{store}/identity")
    yield make(
        context,
        f"{store}/account",
        "storage:StorageAccount",
        {**common, **_account(context, store), **_encryption(context, store, key)},
        outputs=("primaryEndpoints",),
        after=(home(store), *((f"{store}/key-use",) if key else ())),
        protect=True,
    )
    yield make(
        context,
        f"{store}/service",
        "storage:BlobServiceProperties",
        {
            **common,
            "blobServicesName": "default",
            "isVersioningEnabled": spec.versioning,
            "changeFeed": {"enabled": spec.versioning},
            "deleteRetentionPolicy": {"enabled": True, "days": kept, "allowPermanentDelete": False},
            "containerDeleteRetentionPolicy": {"enabled": True, "days": kept},
            "restorePolicy": {"enabled": False},
        },
        after=(f"{store}/account",),
    )
    yield _container(context, store, f"{store}/container", CONTAINER, common)
    if spec.retention:
        yield _retention(context, store, f"{store}/retention", CONTAINER, spec.retention.days)
    yield from _log_containers(context, store, common, spec)
    if spec.expiry:
        yield _expiry(store, context, common, spec.expiry)
    blobs = Service("blob", "blob", f"{store}/account", BLOB_ZONE)
    yield from lower_private_endpoint(context, network_path(store) or "", store, f"pe-{account(context, store)}", blobs)
    yield from lower_access_log(context, store)
    yield from lower_store_backup(context, store, CONTAINER)


def _log_containers(context: Context, store: str, common: Mapping[str, Value], spec: Store) -> Iterator[Node]:
    """The containers that Azure writes logs to, under the same retention as the store's own."""
    for name in containers_of(context, store):
        path = f"{store}/logs/{name}"
        yield _container(context, store, path, name, common)
        if spec.retention:
            yield _retention(context, store, f"{path}/retention", name, spec.retention.days)


def _container(context: Context, store: str, path: str, name: str, common: Mapping[str, Value]) -> Node:
    return make(
        context,
        path,
        "storage:BlobContainer",
        {**common, "containerName": name, "publicAccess": "None"},
        after=(f"{store}/account", f"{store}/service"),
        protect=True,
    )


def _retention(context: Context, store: str, path: str, container: str, days: int) -> Node:
    logs, blocks = container != CONTAINER, container == FLOW_CONTAINER
    return make(
        context,
        path,
        "storage:BlobContainerImmutabilityPolicy",
        {
            "resourceGroupName": group(context, store),
            "accountName": account(context, store),
            "containerName": container,
            "immutabilityPolicyName": "default",
            "immutabilityPeriodSinceCreationInDays": days,
            # Azure adds to a log for an hour; what was added cannot be changed. Without this it writes none. Flow
            # logs are no append blobs: blocks are added to them. The two words exclude each other.
            "allowProtectedAppendWrites": logs and not blocks,
            "allowProtectedAppendWritesAll": blocks,
        },
        after=(f"{store}/logs/{container}" if logs else f"{store}/container", f"{store}/service"),
    )


def _expiry(store: str, context: Context, common: Mapping[str, Value], rules: Sequence[Expiry]) -> Node:
    """The rules of age, each for names that begin with the container's."""
    return make(
        context,
        f"{store}/expiry",
        "storage:ManagementPolicy",
        {
            **common,
            "managementPolicyName": "default",
            "policy": {
                "rules": [
                    {
                        "name": f"expiry{number}",
                        "type": "Lifecycle",
                        "enabled": True,
                        "definition": {
                            "filters": {
                                "blobTypes": ["blockBlob", "appendBlob"],
                                "prefixMatch": [f"{CONTAINER}/{rule.prefix}"],
                            },
                            "actions": {
                                **(
                                    {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": rule.days}}}
                                    if rule.days is not None
                                    else {}
                                ),
                                **(
                                    {"version": {"delete": {"daysAfterCreationGreaterThan": rule.old_versions_days}}}
                                    if rule.old_versions_days is not None
                                    else {}
                                ),
                            },
                        },
                    }
                    for number, rule in enumerate(sorted(rules, key=lambda one: one.prefix))
                ]
            },
        },
        after=(f"{store}/container", f"{store}/service"),
    )


def _sku(context: Context, store: str) -> str:
    """The most redundant kind that is needed: zones cost little and are taken, a second region where it was asked.

    Which region that is, is Azure's choice: it is taken only where it lies in the residency. In a region without zones
    it is what there is beyond one data centre.
    """
    zones = bool(shared(context).zones)
    asked = context.expanded.stores[store].redundancy
    if shared(context).far_copies and (asked is Redundancy.region or (asked is Redundancy.zone and not zones)):
        return "Standard_GZRS" if zones else "Standard_GRS"
    return "Standard_ZRS" if zones else "Standard_LRS"


def _account(context: Context, store: str) -> dict[str, Value]:
    logs = is_audit_store(context, store) and shared(context).logs
    return {
        "location": region(context),
        "kind": "StorageV2",
        "sku": {"name": _sku(context, store)},
        "accessTier": "Hot",
        # What writes logs comes past the network rules and from no network of ours; a disabled endpoint refuses it too.
        "publicNetworkAccess": "Enabled" if logs else "Disabled",
        "networkRuleSet": {
            "defaultAction": "Deny",
            "bypass": "AzureServices" if logs else "None",
            "ipRules": [],
            "virtualNetworkRules": [],
            "resourceAccessRules": [],
        },
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "allowCrossTenantReplication": False,
        "allowedCopyScope": "AAD",
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "isHnsEnabled": False,
        "isSftpEnabled": False,
        "isLocalUserEnabled": False,
        "enableNfsV3": False,
        "dnsEndpointType": "Standard",
        # No names beside the account's own, by which it would be reached over the Internet's routes.
        "routingPreference": {
            "routingChoice": "MicrosoftRouting",
            "publishInternetEndpoints": False,
            "publishMicrosoftEndpoints": False,
        },
        # What an identity signs for somebody else (a user delegation SAS) holds for a day at most; Azure allows seven.
        "sasPolicy": {"expirationAction": "Block", "sasExpirationPeriod": LONGEST_SIGNATURE},
    }


def _encryption(context: Context, store: str, key: str | None) -> dict[str, Value]:
    encryption: dict[str, Value] = {
        "keySource": "Microsoft.Storage",
        "requireInfrastructureEncryption": True,
        # Queues and tables too, which would keep Azure's key; it can be said at creation only.
        "services": {name: dict(_SERVICE) for name in ("blob", "file", "queue", "table")},
    }
    if key is None:
        return {"encryption": encryption, "identity": {"type": "None"}}
    identity = ref(f"{store}/identity")
    return {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]},
        "encryption": {
            **encryption,
            "keySource": "Microsoft.Keyvault",
            "encryptionIdentity": {"encryptionUserAssignedIdentity": identity},
            # No version: the account takes up each new one by itself.
            "keyVaultProperties": {
                "keyVaultUri": vault_uri(context, key),
                "keyName": key_name(context, key),
            },
        },
    }


def lower_link(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing of its own: the rules of a link are in `rules`, and what it lets do is a right."""
    del context, link
    return ()


def manual_locks(context: Context) -> Iterator[ManualStep]:
    """The locking of every retention that nobody shall be able to shorten: one step a store, each container proved."""
    for path, store in context.expanded.stores.items():
        if store.retention and store.retention.mode is RetentionMode.compliance:
            containers = (CONTAINER, *containers_of(context, path))
            policies = {name: f"{path}/logs/{name}" if name != CONTAINER else path for name in containers}
            policy = f"--account-name {account(context, path)} --container-name"
            show = "az storage container immutability-policy show"
            yield ManualStep(
                what=f"Lock the retention of {path} ({store.retention.days} days) in {len(containers)} container{'s' if len(containers) > 1 else ''}; it can never be shortened or removed afterwards",
                who="whoever answers for the records, with the right Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/lock/action",
                command=f"for container in {' '.join(containers)}; do az storage container immutability-policy lock {policy} $container "
                f'--if-match "$({show} {policy} $container --query etag --output tsv)"; done',
                proof=f"{show} {policy} CONTAINER --query state gives Locked for each; `hdh refresh` then observes compliance",
                id=f"{path}/lock",
                checks=tuple(
                    Check(
                        token("storage:getBlobContainerImmutabilityPolicy"),
                        PROVIDER,
                        {
                            "resourceGroupName": group(context, path),
                            "accountName": account(context, path),
                            "containerName": name,
                            "immutabilityPolicyName": "default",
                        },
                        "state",
                        "Locked",
                        (f"{owner}/retention",),
                    )
                    for name, owner in policies.items()
                ),
            )
