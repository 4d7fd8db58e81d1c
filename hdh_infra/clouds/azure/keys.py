"""Keys: a vault for each key, so that rights and the ninety days of a deleted vault stay with one key.

Only RSA keys that wrap and unwrap are made: storage accounts and disk encryption sets take no others. Key
material is made in the vault and never leaves it, or is brought by a person (`importing`). Managed HSM and external
keys are not lowered. A key that is there already is only named: it gets rights, and nothing of it or of its vault is changed. How
keys are read back stands in `keys_reading`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.azure.audit import lower_use_log
from hdh_infra.clouds.azure.hosts import vault_suffix
from hdh_infra.clouds.azure.importing import is_imported, lower_imported, manual_imports
from hdh_infra.clouds.azure.naming import dotted, group, home, make, region, segment, vault
from hdh_infra.clouds.azure.roles import (
    KEY_USE,
    built_in,
    client_config,
    defined_path,
    holder,
    lower_assignment,
    principal,
)
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.elements import Key
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption, KeyAlgorithm, Protection

SHORTEST_ROTATION = 7
"""Days; Key Vault makes no new version earlier."""
LEFT_DAYS = 90
"""Days from when a new version is due to when the one before expires: what is late can be mended before data stop being read."""
NOTICE_DAYS = 60
"""Days before that expiry from which the vault reports it: a month after the new version was due."""
GRACE_DAYS = 90
"""For how long a deleted vault or key can be had back; the longest that there is."""
_SIZES: Mapping[KeyAlgorithm, int] = {
    KeyAlgorithm.rsa_2048: 2048,
    KeyAlgorithm.rsa_3072: 3072,
    KeyAlgorithm.rsa_4096: 4096,
}
_SIZE = 3072
"""Bits where the spec says nothing, or asks for a symmetric key, which no vault makes."""


def lower_key(context: Context, key: str) -> Iterator[Node]:
    """One key of the platform, with what it lets others do."""
    spec, existing = context.expanded.keys[key], context.existing(key)
    if existing is None or existing.adopt:
        yield from _vault_and_key(context, key, spec)
        yield from lower_use_log(context, key)
    else:
        yield make(
            context,
            f"{key}/key",
            "keyvault:Key",
            {
                "resourceGroupName": segment(existing.id, "resourceGroups"),
                "vaultName": vault(context, key),
                "keyName": key_name(context, key),
                # The contract wants it; nothing is written to a key that is only read.
                "properties": {},
            },
            outputs=("keyUri", "keyUriWithVersion"),
            existing=existing.id,
        )
    yield from _administrators(context, key, spec)
    yield from _users(context, key)


def key_base(context: Context, element: str) -> str | None:
    """What the nodes of the key of a store or of a machine's data disk are pathed under; None where Azure's own key is enough.

    Azure keeps no key for each tenant. A floor of `tenant-key` names no key of the platform, so the element
    gets one of its own, which is more than was asked.
    """
    store = context.expanded.stores.get(element)
    floor = store.encryption if store else context.expanded.machine(element).disk.encryption
    return _base(element, context.expanded.key_of(element), floor)


def system_key_base(context: Context, machine: str) -> str | None:
    """The same of a machine's system disk."""
    expanded = context.expanded
    return _base(machine, expanded.system_key_of(machine), expanded.system_encryption(machine))


def _base(element: str, key: str | None, floor: Encryption) -> str | None:
    return element if key is None and floor is Encryption.tenant_key else key


def lower_own_key(context: Context, element: str, *bases: str | None, holds: bool) -> Iterator[Node]:
    """The key that a store or machine has of its own, where one of its disks or it is encrypted with that.

    Args:
        context: what the lowering reads.
        element: the store or machine.
        bases: what the keys in use are pathed under.
        holds: whether data are encrypted with it, and not only the disk that a machine starts from.
    """
    if element in bases:
        yield from _vault_and_key(context, element, Key(), protect=holds)
        yield from lower_use_log(context, element)
        yield from _administrators(context, element, Key())


def key_name(context: Context, key: str) -> str:
    """The native name of a key in its vault."""
    existing = context.existing(key)
    return segment(existing.id, "keys") if existing else key.rsplit("/", 1)[-1]


def vault_uri(context: Context, key: str) -> Value:
    """Where the vault of a key answers; of one that is there already by its name and the offer's own suffix."""
    if _is_read(context, key):
        return f"https://{vault(context, key)}.{vault_suffix(context.site)}/"
    return ref(f"{key}/vault", "properties.vaultUri")


def vault_id(context: Context, key: str) -> Value:
    """The id of the vault of a key."""
    existing = context.existing(key)
    return _vault_of(existing.id) if existing and not existing.adopt else ref(f"{key}/vault")


def _is_read(context: Context, key: str) -> bool:
    """Whether a key is there already and stays its owner's."""
    existing = context.existing(key)
    return existing is not None and not existing.adopt


def _vault_of(key_id: str) -> str:
    return key_id[: key_id.lower().rindex("/keys/")]


def _vault_and_key(context: Context, key: str, spec: Key, *, protect: bool = True) -> Iterator[Node]:
    """A key in a vault of its own that no network reaches but the cloud's own storage services."""
    imported = is_imported(context, key)
    # Material comes in wrapped for a key of the module, so that it is in one whatever was asked.
    hsm = imported or spec.protection is Protection.hsm
    taken = context.existing(key)
    home_group = segment(taken.id, "resourceGroups") if taken else group(context, key)
    common: dict[str, Value] = {"resourceGroupName": home_group, "vaultName": vault(context, key)}
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
                "softDeleteRetentionInDays": GRACE_DAYS,
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
        protect=protect,
        adopt=_vault_of(taken.id) if taken else None,
    )
    if imported:
        yield from lower_imported(context, key, key_name(context, key), common, _asked_size(spec))
        return
    yield make(
        context,
        f"{key}/key",
        "keyvault:Key",
        {
            **common,
            "keyName": key_name(context, key),
            "properties": {
                "kty": "RSA-HSM" if hsm else "RSA",
                "keySize": _asked_size(spec) or _SIZE,
                "keyOps": ["wrapKey", "unwrapKey"],
                "attributes": {"enabled": True, "exportable": False},
                **_rotation(spec.rotation_days),
            },
        },
        outputs=("keyUri", "keyUriWithVersion"),
        after=(f"{key}/vault",),
        protect=protect,
        adopt=taken.id if taken else None,
    )


def _administrators(context: Context, key: str, spec: Key) -> Iterator[Node]:
    """Groups of people, and those whom the target names, who may do all but use it."""
    existing = _is_read(context, key)
    # What is there already has administrators of its own.
    wanted: dict[str, str | None] = {} if existing else dict.fromkeys(context.settings.administrators)
    for name in spec.administrators:
        if native := context.settings.groups.get(name):
            wanted[native] = "Group"
    for native, principal_type in sorted(wanted.items()):
        yield lower_assignment(
            context,
            f"{key}/key-administration/{native}",
            role=ref(defined_path(context, "key-administration", key)),
            scope=ref(f"{key}/key" if existing else f"{key}/vault"),
            principal=native,
            principal_type=principal_type,
        )


def _users(context: Context, key: str) -> Iterator[Node]:
    """Machines and groups that may use it themselves, by the right that services have: it wraps and unwraps."""
    for who in context.expanded.users_of(key):
        found = holder(context, who)
        if found is not None:
            network = network_path(who) or ""
            # A space's right on a shared key is the space's own (law 4).
            own = network.startswith("space/") and network_path(key) != network
            yield lower_assignment(
                context,
                f"{network}/key-user/{dotted(who)}-{dotted(key)}" if own else f"{key}/user/{dotted(who)}",
                role=built_in(KEY_USE),
                scope=ref(f"{key}/key"),
                principal=found[0],
                principal_type=found[1],
            )


def lower_key_use(context: Context, path: str, key: str, identity: str) -> Node:
    """The right of an identity to wrap and unwrap with one key."""
    return lower_assignment(
        context,
        path,
        role=built_in(KEY_USE),
        scope=ref(f"{key}/key"),
        principal=principal(identity),
        principal_type="ServicePrincipal",
    )


def manual_keys(context: Context) -> Iterator[ManualStep]:
    """What only a person can do of keys: bring the material of those that are imported."""
    names = {key: key_name(context, key) for key in context.expanded.keys if is_imported(context, key)}
    return manual_imports(context, names, {key: _asked_size(context.expanded.keys[key]) for key in names})


def _asked_size(spec: Key) -> int | None:
    return _SIZES.get(spec.algorithm) if spec.algorithm else None


def _rotation(days: int | None) -> dict[str, Value]:
    """A new version in time, and an expiry of the one before well after it, which is reported before it comes.

    An expired key still unwraps (MicrosoftDocs/azure-docs about-keys-details.md, date-time controlled operations) and
    wraps nothing; managed disks are taken away from machines an hour after it expired. So a key that nobody rotates
    gets no expiry.
    """
    if days is None:
        return {}
    rotated = max(days, SHORTEST_ROTATION)
    return {
        "rotationPolicy": {
            "attributes": {"expiryTime": f"P{rotated + LEFT_DAYS}D"},
            "lifetimeActions": [
                {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": f"P{rotated}D"}},
                {"action": {"type": "notify"}, "trigger": {"timeBeforeExpiry": f"P{NOTICE_DAYS}D"}},
            ],
        }
    }
