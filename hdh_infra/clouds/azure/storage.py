"""Stores: a storage account with one container, reached through a private endpoint and in no other way.

An account a store, because the customer's key, the network and versioning are the account's. Account keys
and anonymous reading are off: who reads and writes is a role of an identity. Azure locks a retention by an
operation that no deployment does; the plan makes it unlocked and names the manual step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.azure.keys import key_base, key_element, lower_key_use, lower_own_key
from hdh_infra.clouds.azure.naming import account, dotted, group, home, make, region
from hdh_infra.clouds.azure.network import BLOB_ZONE, zones_of
from hdh_infra.clouds.azure.reading import Reader, got, place
from hdh_infra.clouds.azure.roles import DATA_USE, lower_assignment, lower_identity, principal
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link, Right
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption, RetentionMode

CONTAINER = "data"
KEPT_DAYS = 30
"""How long what was deleted or overwritten can be had back where nothing else keeps it."""
_SERVICE: Mapping[str, Value] = {"enabled": True, "keyType": "Account"}


def lower_store(context: Context, store: str) -> Iterator[Node]:
    """One store: account, its blob service, container, retention and private endpoint; first, its right to the key."""
    spec, key = context.expanded.stores[store], key_base(context, store)
    common: dict[str, Value] = {"resourceGroupName": group(context, store), "accountName": account(context, store)}
    yield from lower_own_key(context, store)
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
        {**common, **_account(context), **_encryption(store, key)},
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
            "deleteRetentionPolicy": {"enabled": True, "days": KEPT_DAYS, "allowPermanentDelete": False},
            "containerDeleteRetentionPolicy": {"enabled": True, "days": KEPT_DAYS},
            "restorePolicy": {"enabled": False},
        },
        after=(f"{store}/account",),
    )
    yield make(
        context,
        f"{store}/container",
        "storage:BlobContainer",
        {**common, "containerName": CONTAINER, "publicAccess": "None"},
        after=(f"{store}/account", f"{store}/service"),
        protect=True,
    )
    if spec.retention:
        yield make(
            context,
            f"{store}/retention",
            "storage:BlobContainerImmutabilityPolicy",
            {
                **common,
                "containerName": CONTAINER,
                "immutabilityPolicyName": "default",
                "immutabilityPeriodSinceCreationInDays": spec.retention.days,
                "allowProtectedAppendWrites": False,
                "allowProtectedAppendWritesAll": False,
            },
            after=(f"{store}/container", f"{store}/service"),
        )
    yield from _endpoint(context, store)


def _account(context: Context) -> dict[str, Value]:
    return {
        "location": region(context),
        "kind": "StorageV2",
        # Never a geo-redundant kind: it would copy the data to another region, of Azure's choice.
        "sku": {"name": "Standard_ZRS" if zones_of(context) else "Standard_LRS"},
        "accessTier": "Hot",
        "publicNetworkAccess": "Disabled",
        "networkRuleSet": {
            "defaultAction": "Deny",
            "bypass": "None",
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
    }


def _encryption(store: str, key: str | None) -> dict[str, Value]:
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
                "keyVaultUri": ref(f"{key}/vault", "properties.vaultUri"),
                "keyName": key.rsplit("/", 1)[-1],
            },
        },
    }


def _endpoint(context: Context, store: str) -> Iterator[Node]:
    name = f"pe-{account(context, store)}"
    network = network_path(store)
    yield make(
        context,
        f"{store}/endpoint",
        "network:PrivateEndpoint",
        {
            "resourceGroupName": group(context, store),
            "privateEndpointName": name,
            "location": region(context),
            "customNetworkInterfaceName": f"nic-{name}",
            "subnet": {"id": ref(f"{network}/subnet/endpoints")},
            "ipConfigurations": [
                {
                    "name": "blob",
                    "groupId": "blob",
                    "memberName": "blob",
                    "privateIPAddress": str(context.addresses(store)[0]),
                }
            ],
            "privateLinkServiceConnections": [
                {"name": "blob", "groupIds": ["blob"], "privateLinkServiceId": ref(f"{store}/account")}
            ],
        },
        after=(home(store),),
    )
    yield make(
        context,
        f"{store}/endpoint-names",
        "network:PrivateDnsZoneGroup",
        {
            "resourceGroupName": group(context, store),
            "privateEndpointName": name,
            "privateDnsZoneGroupName": "default",
            "privateDnsZoneConfigs": [{"name": "blob", "privateDnsZoneId": ref(BLOB_ZONE)}],
        },
        after=(f"{store}/endpoint",),
    )


def lower_link(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing of its own: the rules of a link are in `rules`, and what it lets do is a right."""
    del context, link
    return ()


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """What a machine's identity may do with the data of a store."""
    if not right.of_group:
        yield lower_assignment(
            context,
            f"{right.owner}/data-use/{dotted(right.principal)}-{dotted(right.store)}",
            role=DATA_USE,
            scope=ref(f"{right.store}/container"),
            principal=principal(f"{right.principal}/identity"),
            principal_type="ServicePrincipal",
        )


def manual_locks(context: Context) -> Iterator[ManualStep]:
    """The locking of every retention that nobody shall be able to shorten."""
    for path, store in context.expanded.stores.items():
        if store.retention and store.retention.mode is RetentionMode.compliance:
            where = f"--account-name {account(context, path)} --container-name {CONTAINER}"
            show = f"az storage container immutability-policy show {where}"
            yield ManualStep(
                what=f"Lock the retention of {path} ({store.retention.days} days); it can never be shortened or removed afterwards",
                who="whoever answers for the records, with the right Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/lock/action",
                command=f'az storage container immutability-policy lock {where} --if-match "$({show} --query etag --output tsv)"',
                proof=f"{show} --query state gives Locked; `hdh refresh` then observes compliance",
            )


def observe_stores(reader: Reader, rights: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every store element, from its account and what lies in it."""
    found: dict[str, dict[str, Any]] = {}
    for native in reader.of("storage:StorageAccount"):
        containers = reader.children(native, "storage:BlobContainer")
        location = native.properties.get("location")
        encryption, key = _encrypted(reader, native)
        found[native.element] = {
            "kind": "store",
            "size": None,
            "encryption": str(encryption),
            "key": key,
            "versioning": _versioning(reader, native),
            "retention": _retention(reader, native, containers),
            "public": _public(native, containers),
            "country": _country(reader, native),
            "region": place(location) + _copied_to(reader, native),
            "access": sorted({line for one in (native, *containers) for line in rights.get(one.path, ())}),
            "native": reader.paths(native.element),
        }
    return found


def _encrypted(reader: Reader, native: Native) -> tuple[Encryption, str | None]:
    if str(got(native, "encryption.keySource", "Microsoft.Storage")).lower() != "microsoft.keyvault":
        return Encryption.provider_key, None
    given = got(native, "encryption.keyVaultProperties", {})
    key = reader.key(reader.vault(given.get("keyVaultUri")), given.get("keyName"))
    services = got(native, "encryption.services", {})
    # Blobs and files always use the account's key; the others only where it was said at creation.
    whole = all(
        (services.get(name) or {}).get("keyType", "Service") == "Account" for name in ("queue", "table")
    ) and all((services.get(name) or {}).get("keyType", "Account") == "Account" for name in ("blob", "file"))
    if key is None or not whole:
        return (Encryption.customer_key if whole else Encryption.provider_key), key_element(key)
    return Encryption.customer_key, key_element(key)


def _versioning(reader: Reader, native: Native) -> bool:
    services = reader.children(native, "storage:BlobServiceProperties")
    on = any(one.properties.get("isVersioningEnabled") is True for one in services)
    return on and got(native, "isHnsEnabled", default=False) is not True


def _retention(reader: Reader, native: Native, containers: list[Native]) -> dict[str, Any] | None:
    """The weakest retention of the account's containers; None where one has none.

    A policy is unlocked until somebody locks it, and whoever may write policies can shorten or remove it.
    """
    names = {_container_name(one) for one in containers}
    policies = {_container_of(one): one for one in reader.children(native, "storage:BlobContainerImmutabilityPolicy")}
    if not names or not names <= set(policies):
        return None
    days = [got(policies[name], "immutabilityPeriodSinceCreationInDays", 0) for name in names]
    appends = ("allowProtectedAppendWrites", "allowProtectedAppendWritesAll")
    locked = all(policies[name].properties.get("state") == "Locked" for name in names)
    return {
        "days": int(min(days)),
        "mode": str(RetentionMode.compliance if locked else RetentionMode.governance),
        **({"appends": True} if any(policies[n].properties.get(a) is True for n in names for a in appends) else {}),
    }


def _container_name(native: Native) -> str:
    return native.id.rsplit("/", 1)[-1] if native.id else str(native.properties.get("containerName"))


def _container_of(policy: Native) -> str:
    if policy.id and "/containers/" in policy.id:
        return policy.id.split("/containers/")[1].split("/")[0]
    return str(policy.properties.get("containerName"))


def _public(native: Native, containers: list[Native]) -> bool:
    """Whether anybody can read without credentials: the account allows it and a container says so."""
    allowed = got(native, "allowBlobPublicAccess", default=False) is True
    return allowed and any(got(one, "publicAccess", "None") != "None" for one in containers)


def _country(reader: Reader, native: Native) -> str | None:
    here = reader.country(native.properties.get("location"))
    copy = _pair(reader, native)
    return here if copy is None or reader.country(copy) == here else None


def _copied_to(reader: Reader, native: Native) -> str:
    copy = _pair(reader, native)
    return f", {copy}" if copy else ""


def _pair(reader: Reader, native: Native) -> str | None:
    """The second region of a geo-redundant account; `elsewhere` where the catalogue has no pair."""
    if "GRS" not in str(got(native, "sku.name", "Standard_RAGRS")) and "GZRS" not in str(got(native, "sku.name", "")):
        return None
    pairs: Mapping[str, str] = reader.site.offer.native.get("pairs", {})
    return pairs.get(place(native.properties.get("location")), "elsewhere")


def entries(reader: Reader) -> Iterator[ObservedFlow]:
    """The ways in from the Internet that an account itself opens, past every virtual network."""
    for native in reader.of("storage:StorageAccount"):
        ports = (443,) if got(native, "enableHttpsTrafficOnly", default=True) else (80, 443)
        yield from entry_of(
            native,
            access=got(native, "publicNetworkAccess", "Enabled"),
            rules=got(native, "networkRuleSet", {}),
            ports=ports,
        )


def entry_of(
    native: Native, *, access: Any, rules: Mapping[str, Any], ports: tuple[int, ...]
) -> Iterator[ObservedFlow]:
    """Who may come in from outside to a service of the cloud with a firewall of its own."""
    if str(access).lower() == "disabled":
        return
    if str(rules.get("defaultAction") or "Allow") == "Allow":
        yield ObservedFlow("internet", native.element, "tcp", ports)
        return
    for rule in rules.get("ipRules") or ():
        address = rule.get("iPAddressOrRange") or rule.get("value")
        if rule.get("action", "Allow") == "Allow":
            yield ObservedFlow(str(address), native.element, "tcp", ports)


__all__ = [
    "entries",
    "entry_of",
    "lower_link",
    "lower_right",
    "lower_store",
    "manual_locks",
    "observe_stores",
]
