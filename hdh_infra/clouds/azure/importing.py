"""Keys whose material a person brings: the exchange key that it is wrapped for, the step, and the key as it is read afterwards.

Resource Manager makes keys and cannot import any: that is an operation of the vault itself. The plan makes a premium
vault and in it an RSA-HSM key whose only operation is `import`; what uses the key waits for the import (ADR 0014),
and the key is read, never written. Source: MicrosoftDocs/azure-docs articles/key-vault/keys/hsm-protected-keys-byok.md
(2020-05-29), read 2026-11-25. The right to import is given to nobody for good: whoever imports knows the material.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.azure.naming import PROVIDER, group, make, token, vault
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Check, ManualStep
from hdh_infra.graph.values import Value, ref, text
from hdh_infra.model.scales import KeyOrigin

IMPORT = "import"
"""The one operation of an exchange key; it excludes every other."""
_EXCHANGE_SIZE = 4096
_OPERATIONS = ("wrapKey", "unwrapKey")


def is_imported(context: Context, key: str) -> bool:
    """Whether a person brings the material of a key that the plan makes a vault for."""
    spec = context.expanded.keys.get(key)
    return spec is not None and spec.origin is KeyOrigin.imported and context.existing(key) is None


def lower_imported(
    context: Context, key: str, name: str, common: Mapping[str, Value], size: int | None
) -> Iterator[Node]:
    """The exchange key, and the key itself, which is there when its step is proved.

    Args:
        context: what the lowering reads.
        key: the key's path.
        name: its native name.
        common: names of the resource group and of the vault.
        size: bits, where the spec asks for them; without it the material says.
    """
    yield make(
        context,
        f"{key}/exchange",
        "keyvault:Key",
        {
            **common,
            "keyName": _exchange(name),
            "properties": {
                "kty": "RSA-HSM",
                "keySize": _EXCHANGE_SIZE,
                "keyOps": [IMPORT],
                "attributes": {"enabled": True, "exportable": False},
            },
        },
        outputs=("keyUriWithVersion",),
        after=(f"{key}/vault",),
    )
    yield make(
        context,
        f"{key}/key",
        "keyvault:Key",
        {
            **common,
            "keyName": name,
            # What the step's proof makes sure of; nothing is written to a key that is only read.
            "properties": {
                "kty": "RSA-HSM",
                **({"keySize": size} if size else {}),
                "keyOps": list(_OPERATIONS),
                "attributes": {"enabled": True, "exportable": False},
            },
        },
        outputs=("keyUri", "keyUriWithVersion"),
        after=(f"{key}/exchange", f"{key}/vault"),
        existing=text("{0}/keys/" + name, ref(f"{key}/vault")),
    )


def manual_imports(context: Context, names: Mapping[str, str], sizes: Mapping[str, int | None]) -> Iterator[ManualStep]:
    """The import of every key whose material a person brings.

    Args:
        context: what the lowering reads.
        names: native name of each such key, by its path.
        sizes: the bits that are asked of it.
    """
    for key, name in names.items():
        holder, size = vault(context, key), sizes[key]
        place = {"resourceGroupName": group(context, key), "vaultName": holder}
        asked = {"kty": "RSA-HSM", "keyOps": list(_OPERATIONS), **({"keySize": size} if size else {})}
        made = (f"{key}/exchange", f"{key}/vault")
        yield ManualStep(
            what=f"Import the material of {key} into the vault {holder} as {name}; nothing is encrypted with it before",
            who="the owner of the material, with a hardware module and its vendor's BYOK tool; for as long as it takes Key Vault Crypto Officer on the vault, whose public endpoint lets their one address through",
            command=f"az keyvault update --name {holder} --public-network-access Enabled --default-action Deny; "
            f"az keyvault network-rule add --name {holder} --ip-address ADDRESS; "
            f"az keyvault key download --vault-name {holder} --name {_exchange(name)} --file exchange.pem; "
            "wrap the key for it with the vendor's tool, offline, into key.byok; "
            f"az keyvault key import --vault-name {holder} --name {name} --byok-file key.byok --ops {' '.join(_OPERATIONS)}; "
            f"az keyvault network-rule remove --name {holder} --ip-address ADDRESS; "
            f"az keyvault update --name {holder} --public-network-access Disabled; and take the role back",
            proof=f"az resource show --ids VAULT/keys/{name} gives kty RSA-HSM and keyOps {', '.join(_OPERATIONS)}, and the vault answers no public network again",
            id=f"{key}/import",
            before=(f"{key}/key",),
            checks=(
                *(
                    Check(token("keyvault:getKey"), PROVIDER, {**place, "keyName": name}, output, value, made)
                    for output, value in asked.items()
                ),
                Check(token("keyvault:getVault"), PROVIDER, place, "properties.publicNetworkAccess", "Disabled", made),
                Check(
                    token("keyvault:getVault"), PROVIDER, place, "properties.networkAcls.defaultAction", "Deny", made
                ),
            ),
        )


def _exchange(name: str) -> str:
    return f"{name}-exchange"
