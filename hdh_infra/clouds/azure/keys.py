"""Keys: a vault for each key, so that rights and the ninety days of a deleted vault stay with one key.

Only RSA keys that wrap and unwrap are made: storage accounts and disk encryption sets take no others. Key
material is made in the vault and never leaves it. Managed HSM, imported and external keys are not lowered.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.azure.naming import group, home, make, region, vault
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.clouds.azure.roles import KEY_ADMINISTRATION, KEY_USE, client_config, lower_assignment, principal
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.elements import Key
from hdh_infra.model.lock import Kept
from hdh_infra.model.paths import PLATFORM, kind_of
from hdh_infra.model.scales import Encryption, KeyOrigin, Protection

SHORTEST_ROTATION = 7
"""Days; Key Vault makes no new version earlier."""
_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
_DAYS = (365, 30, 7, 1)


def lower_key(context: Context, key: str) -> Iterator[Node]:
    """One key of the platform."""
    return _vault_and_key(context, key, context.expanded.keys[key])


def key_base(context: Context, element: str) -> str | None:
    """What the nodes of the key of a store or machine are pathed under; None where Azure's own key is enough.

    Azure keeps no key for each tenant. A floor of `tenant-key` names no key of the platform, so the element
    gets one of its own, which is more than was asked.
    """
    key = context.expanded.key_of(element)
    return element if key is None and _floor(context, element) is Encryption.tenant_key else key


def lower_own_key(context: Context, element: str) -> Iterator[Node]:
    """The key that a store or machine has of its own, where it has."""
    if key_base(context, element) == element:
        yield from _vault_and_key(context, element, Key())


def _floor(context: Context, element: str) -> Encryption:
    store = context.expanded.stores.get(element)
    return store.encryption if store else context.expanded.machines[element].disk.encryption


def _vault_and_key(context: Context, key: str, spec: Key) -> Iterator[Node]:
    """A key in a vault of its own that no network reaches but the cloud's own storage services."""
    hsm = spec.protection is Protection.hsm
    common: dict[str, Value] = {"resourceGroupName": group(context, key), "vaultName": vault(context, key)}
    yield make(
        context,
        f"{key}/vault",
        "keyvault:Vault",
        {
            **common,
            "location": region(context),
            "properties": {
                "tenantId": client_config("tenantId"),
                "sku": {"family": "A", "name": "premium" if hsm else "standard"},
                "enableRbacAuthorization": True,
                "accessPolicies": [],
                "enableSoftDelete": True,
                "softDeleteRetentionInDays": 90,
                "enablePurgeProtection": True,
                "enabledForDeployment": False,
                "enabledForDiskEncryption": False,
                "enabledForTemplateDeployment": False,
                "publicNetworkAccess": "disabled",
                # Storage accounts and disk encryption sets come from no network of ours: they pass as trusted services.
                "networkAcls": {
                    "bypass": "AzureServices",
                    "defaultAction": "Deny",
                    "ipRules": [],
                    "virtualNetworkRules": [],
                },
            },
        },
        outputs=("properties",),
        after=(home(key),),
        protect=True,
    )
    yield make(
        context,
        f"{key}/key",
        "keyvault:Key",
        {
            **common,
            "keyName": key.rsplit("/", 1)[-1],
            "properties": {
                "kty": "RSA-HSM" if hsm else "RSA",
                "keySize": 3072,
                "keyOps": ["wrapKey", "unwrapKey"],
                "attributes": {"enabled": True, "exportable": False},
                **_rotation(spec.rotation_days),
            },
        },
        outputs=("keyUri", "keyUriWithVersion"),
        after=(f"{key}/vault",),
        protect=True,
    )
    for administrator in sorted(context.settings.administrators):
        yield lower_assignment(
            context,
            f"{key}/administrator/{administrator}",
            role=KEY_ADMINISTRATION,
            scope=ref(f"{key}/vault"),
            principal=administrator,
            principal_type=None,
        )


def lower_key_use(context: Context, path: str, key: str, identity: str) -> Node:
    """The right of an identity to wrap and unwrap with one key."""
    return lower_assignment(
        context,
        path,
        role=KEY_USE,
        scope=ref(f"{key}/key"),
        principal=principal(identity),
        principal_type="ServicePrincipal",
    )


def _rotation(days: int | None) -> dict[str, Value]:
    if days is None:
        return {}
    trigger = {"timeAfterCreate": f"P{max(days, SHORTEST_ROTATION)}D"}
    return {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "rotate"}, "trigger": trigger}]}}


def observe_keys(reader: Reader, rights: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every key element, from the key and from the vault that it lies in."""
    found: dict[str, dict[str, Any]] = {}
    for native in reader.of("keyvault:Key"):
        if key_element(native) is None:
            continue
        holder = reader.parent(native)
        location = got(holder, "location") if holder else None
        found[native.element] = {
            "kind": "key",
            "protection": _protection(native, holder),
            "origin": str(KeyOrigin.generated),
            "rotation_days": _rotation_days(native),
            "exportable": _of_key(native, "attributes.exportable") is True
            or _of_key(native, "releasePolicy") is not None,
            "country": reader.country(location),
            "region": place(location),
            "access": sorted(
                {*rights.get(native.path, ()), *(rights.get(holder.path, ()) if holder else ()), *_policies(holder)}
            ),
            "native": reader.paths(native.element),
        }
    return found


def key_element(native: Native | None) -> str | None:
    """The key of the platform that a native key is; None of one that a store or machine has of its own."""
    known = native and native.element != PLATFORM and kind_of(native.element) == "key"
    return native.element if native and known else None


def _of_key(native: Native, path: str) -> Any:
    """A property of a key: an input is under `properties`, and the provider gives it back beside it."""
    value = got(native, f"properties.{path}")
    return got(native, path) if value is None else value


def _protection(native: Native, holder: Native | None) -> str:
    hsm = (
        str(_of_key(native, "kty")).endswith("-HSM") and got(holder, "properties.sku.name") == "premium"
        if holder
        else False
    )
    return str(Protection.hsm if hsm else Protection.software)


def _rotation_days(native: Native) -> int | None:
    """Days after which a new version is made; None where nothing makes one, or an expired key would come first."""
    for action in listed(_of_key(native, "rotationPolicy.lifetimeActions")):
        wanted = str((action.get("action") or {}).get("type", "")).lower()
        after = (action.get("trigger") or {}).get("timeAfterCreate")
        read = _DURATION.fullmatch(str(after)) if after else None
        if wanted == "rotate" and read:
            return sum(int(number) * days for number, days in zip(read.groups(), _DAYS, strict=True) if number)
    return None


def _policies(holder: Native | None) -> list[str]:
    """Vault access policies, which count only where the vault does not use role assignments."""
    if holder is None or got(holder, "properties.enableRbacAuthorization", default=False):
        return []
    return [f"access policy: {one.get('objectId')}" for one in listed(got(holder, "properties.accessPolicies"))]


def kept(natives: Natives, today: datetime.date) -> Iterator[Kept]:
    """Vaults that Azure keeps soft-deleted, with their keys: the name stays taken until the day of the purge.

    Source: learn.microsoft.com/azure/key-vault/general/soft-delete-overview: 7 to 90 days, and with purge protection
    nobody can end it earlier.
    """
    for native in natives.of_type("azure-native:keyvault:Vault"):
        days = int(got(native, "properties.softDeleteRetentionInDays", 90))
        name = got(native, "vaultName") or got(native, "name") or (native.id or native.path).rsplit("/", 1)[-1]
        yield Kept(what=f"keyvault:Vault {name}", element=native.element, until=today + datetime.timedelta(days=days))
