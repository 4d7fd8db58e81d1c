"""Rights: role assignments that a plan makes, the two roles it defines, and who holds what as read back.

What a role lets do is read from its data actions, built-in or defined, and never from its name. Azure has no
role that only adds objects, and none that administers a key without using it: these two are defined. Rights
over management (owner, contributor) are not the platform's and are not looked at; account keys are off and
vaults take role assignments only, so that none of them opens data or keys by itself.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias, final

from hdh_infra.clouds.azure.naming import assignment, make
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, lookup, ref, text
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.scales import Access

Defined: TypeAlias = Literal["append", "key-administration"]
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_KEYS = "Microsoft.KeyVault/vaults/keys"
_POLICIES = "Microsoft.KeyVault/vaults/keyrotationpolicies"

KEY_USE = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
DATA_USE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_BACKUP = "e5e2a7ff-d759-4cd2-bb51-3152d37e2eb1"
DISK_BACKUP = "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24"
SNAPSHOTS = "7efff54f-a5b4-42b5-a1c5-5411624893ce"
DATA_READING = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


@final
@dataclass(frozen=True, slots=True)
class Role:
    """A role as far as data and keys go."""

    name: str
    actions: tuple[str, ...]
    """Data actions, with `*` for any."""
    barred: tuple[str, ...] = ()
    """Data actions taken out again."""

    @property
    def access(self) -> tuple[str, ...]:
        """What it lets do with the objects of a store, in the model's words; `delete` where it only deletes."""
        return _meaning(self.actions, self.barred).access

    @property
    def uses(self) -> bool:
        """Whether it lets decrypt or sign with a key; wrapping needs the public half only."""
        return _meaning(self.actions, self.barred).uses

    @property
    def administers(self) -> bool:
        """Whether it lets make versions of a key, switch it off or destroy it."""
        return _meaning(self.actions, self.barred).administers


BUILT_IN: Mapping[str, Role] = {
    KEY_USE: Role(
        "Key Vault Crypto Service Encryption User", (f"{_KEYS}/read", f"{_KEYS}/wrap/action", f"{_KEYS}/unwrap/action")
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": Role(
        "Key Vault Crypto User",
        tuple(
            f"{_KEYS}/{name}"
            for name in (
                "read",
                "update/action",
                "backup/action",
                *(f"{use}/action" for use in ("encrypt", "decrypt", "wrap", "unwrap", "sign", "verify")),
            )
        ),
    ),
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": Role("Key Vault Crypto Officer", (f"{_KEYS}/*", f"{_POLICIES}/*")),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": Role("Key Vault Administrator", ("Microsoft.KeyVault/vaults/*",)),
    DATA_READING: Role("Storage Blob Data Reader", (f"{_BLOBS}/read",)),
    DATA_USE: Role(
        "Storage Blob Data Contributor",
        tuple(f"{_BLOBS}/{name}" for name in ("delete", "read", "write", "move/action", "add/action")),
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Role("Storage Blob Data Owner", (f"{_BLOBS}/*",)),
    # Of a backup vault's identity: management only, they copy and do not read.
    BLOB_BACKUP: Role("Storage Account Backup Contributor", ()),
    DISK_BACKUP: Role("Disk Backup Reader", ()),
    SNAPSHOTS: Role("Disk Snapshot Contributor", ()),
    # Management only: none of them opens data or uses a key by itself, while account keys are off and vaults take roles only.
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Role("Owner", ()),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Role("Contributor", ()),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Role("Reader", ()),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": Role("User Access Administrator", ()),
}
"""Built-in roles by their id, the same in every tenant. Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles."""
DEFINED: Mapping[Defined, Role] = {
    # add/action creates, write creates and updates: MicrosoftDocs/azure-docs storage-auth-abac-examples.md.
    "append": Role("adds objects", (f"{_BLOBS}/add/action",)),
    "key-administration": Role(
        "administers keys",
        (
            *(
                f"{_KEYS}/{name}"
                for name in (
                    "read",
                    "create/action",
                    "update/action",
                    "rotate/action",
                    "delete",
                    "recover/action",
                )
            ),
            f"{_POLICIES}/read",
            f"{_POLICIES}/write",
        ),
    ),
}
"""Roles that the platform defines. Source: MicrosoftDocs/azure-docs role-based-access-control/resource-provider-operations.md."""
_DESCRIPTIONS: Mapping[Defined, str] = {
    "append": "New objects only: nothing is read, replaced or deleted.",
    "key-administration": "Keys are rotated, switched off and destroyed, and not used.",
}


@dataclass(frozen=True, slots=True)
class _Meaning:
    access: tuple[str, ...]
    uses: bool
    administers: bool


@functools.cache
def _meaning(actions: tuple[str, ...], barred: tuple[str, ...]) -> _Meaning:
    def lets(action: str) -> bool:
        lowered = action.lower()
        return any(fnmatchcase(lowered, one.lower()) for one in actions) and not any(
            fnmatchcase(lowered, one.lower()) for one in barred
        )

    access = [
        word
        for word, name in ((Access.read, "read"), (Access.append, "add/action"), (Access.write, "write"))
        if lets(f"{_BLOBS}/{name}")
    ]
    if Access.write in access:
        access = [Access.write]
    words = [str(one) for one in access]
    if lets(f"{_BLOBS}/delete") and Access.write not in access:
        words.append("delete")
    return _Meaning(
        tuple(words),
        any(lets(f"{_KEYS}/{name}/action") for name in ("decrypt", "unwrap", "sign", "release")),
        any(
            lets(f"{_KEYS}/{name}")
            for name in (
                "create/action",
                "update/action",
                "rotate/action",
                "import/action",
                "delete",
                "purge/action",
            )
        )
        or lets(f"{_POLICIES}/write"),
    )


def client_config(output: str) -> Value:
    """What only the deployment knows: its tenant and subscription."""
    return lookup("azure-native:authorization:getClientConfig", {}, output, "azure")


def subscription() -> Value:
    """The id of the subscription that is deployed to."""
    return text("/subscriptions/{0}", client_config("subscriptionId"))


def built_in(role: str) -> Value:
    """The id of a built-in role."""
    return text(
        "/subscriptions/{0}/providers/Microsoft.Authorization/roleDefinitions/" + role, client_config("subscriptionId")
    )


def defined_path(context: Context, kind: Defined, owner: str) -> str:
    """Where a role of the platform's own is: with the platform if zones or defaults need it, else with the space that does (law 4)."""
    whole = shared(context).appends if kind == "append" else shared(context).administers
    network = network_path(owner) or ""
    return f"{network if network.startswith('space/') and not whole else PLATFORM}/role/{kind}"


def lower_roles(context: Context) -> Iterator[Node]:
    """Every role that the platform defines, each once and each where it belongs."""
    wanted: dict[str, Defined] = {}
    for right in context.expanded.rights:
        if right.access is Access.append:
            wanted[defined_path(context, "append", right.owner)] = "append"
    for path, key in context.expanded.keys.items():
        if key.administrators or context.settings.administrators:
            wanted[defined_path(context, "key-administration", path)] = "key-administration"
    if shared(context).appends:
        wanted[f"{PLATFORM}/role/append"] = "append"
    if shared(context).administers:
        wanted[f"{PLATFORM}/role/key-administration"] = "key-administration"
    for path, kind in sorted(wanted.items()):
        role = DEFINED[kind]
        yield make(
            context,
            path,
            "authorization:RoleDefinition",
            {
                "roleDefinitionId": assignment(context, path),
                "scope": subscription(),
                # Unique in a tenant, where another platform may have the same name.
                "roleName": f"{context.name} {context.site.target} {context.lock.salt}: {role.name} ({path.split('/role/')[0]})",
                "roleType": "CustomRole",
                "description": _DESCRIPTIONS[kind],
                # A right of a space can be on a zone's store, in another group: so the subscription.
                "assignableScopes": [subscription()],
                "permissions": [
                    {"actions": [], "notActions": [], "dataActions": list(role.actions), "notDataActions": []}
                ],
            },
        )


def lower_assignment(
    context: Context, path: str, *, role: Value, scope: Value, principal: Value, principal_type: str | None
) -> Node:
    """One role for one principal on one scope.

    `principal_type` is stated for identities and groups: without it ARM looks the principal up, and a new one
    is not yet everywhere. For ids of which nobody says what they are it is left to ARM.
    """
    properties: dict[str, Value] = {
        "roleAssignmentName": assignment(context, path),
        "scope": scope,
        "roleDefinitionId": role,
        "principalId": principal,
    }
    if principal_type:
        properties["principalType"] = principal_type
    return make(context, path, "authorization:RoleAssignment", properties)


def lower_identity(context: Context, path: str, properties: Mapping[str, Value], after: str) -> Node:
    """An identity that the cloud itself vouches for, made before what uses it so that its rights are there first."""
    return make(
        context,
        path,
        "managedidentity:UserAssignedIdentity",
        properties,
        outputs=("principalId", "clientId"),
        after=(after,),
    )


def principal(identity: str) -> Value:
    """The principal of an identity node."""
    return ref(identity, "principalId")


def holder(context: Context, who: str) -> tuple[Value, str] | None:
    """The principal of a machine or group with its type; None of one that has none here.

    A machine without an identity of its own and a group whose id the target does not say hold nothing.
    """
    if who.startswith("group/"):
        group = context.settings.groups.get(who.removeprefix("group/"))
        return (group, "Group") if group else None
    return (principal(f"{who}/identity"), "ServicePrincipal") if context.expanded.machines[who].identity else None
