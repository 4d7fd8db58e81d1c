"""Rights: role assignments that a plan makes, and who holds what as read back from those that are there.

Only roles that one resource needs on one other are lowered, scoped to a key or a container. Rights that
people have over the subscription are not the platform's and are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hdh_infra.clouds.azure.naming import assignment, make, token
from hdh_infra.clouds.azure.reading import Reader
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, lookup, ref, text

KEY_USE = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
KEY_ADMINISTRATION = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"
DATA_USE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
ROLES: Mapping[str, str] = {
    KEY_USE: "Key Vault Crypto Service Encryption User",
    KEY_ADMINISTRATION: "Key Vault Crypto Officer",
    DATA_USE: "Storage Blob Data Contributor",
}
"""Ids of built-in roles, the same in every tenant."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def client_config(output: str) -> Value:
    """What only the deployment knows: its tenant and subscription."""
    return lookup("azure-native:authorization:getClientConfig", {}, output, "azure")


def lower_assignment(
    context: Context, path: str, *, role: str, scope: Value, principal: Value, principal_type: str | None
) -> Node:
    """One role for one principal on one scope.

    `principal_type` is stated for identities: without it ARM looks the principal up, and a new one is not yet
    everywhere. For people it is left to ARM, which alone knows whether an id is a user's or a group's.
    """
    definition = "/subscriptions/{0}/providers/Microsoft.Authorization/roleDefinitions/" + role
    properties: dict[str, Value] = {
        "roleAssignmentName": assignment(context, path),
        "scope": scope,
        "roleDefinitionId": text(definition, client_config("subscriptionId")),
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


def observe_rights(reader: Reader) -> tuple[dict[str, list[str]], list[str]]:
    """Who holds which role on what: lines by the native path of the scope, and remarks on what reaches further."""
    rights: dict[str, list[str]] = {}
    remarks: list[str] = []
    for native in reader.of("authorization:RoleAssignment"):
        role = _role(native.properties.get("roleDefinitionId"))
        who = reader.principal(native.properties.get("principalId"))
        line = f"{role}: {who}"
        scope = reader.follow(native.properties.get("scope"))
        if scope is None:
            remarks.append(f"{native.path}: gives {who} the role {role} on {_text(native.properties.get('scope'))}")
        else:
            rights.setdefault(scope.path, []).append(line)
            remarks.extend(_unusual(native, scope, role, who))
    return {path: sorted(lines) for path, lines in rights.items()}, remarks


def _unusual(native: Native, scope: Native, role: str, who: str) -> Iterator[str]:
    usual = {
        token("keyvault:Key"): {ROLES[KEY_USE]},
        token("keyvault:Vault"): {ROLES[KEY_ADMINISTRATION]},
        token("storage:BlobContainer"): {ROLES[DATA_USE]},
    }
    if role not in usual.get(scope.type, set()):
        yield f"{native.path}: gives {who} the role {role} on {scope.path}, more than a key or a container needs"


def _role(value: Value) -> str:
    template = value.get("$format", "") if isinstance(value, Mapping) else str(value)
    found = list(_GUID.finditer(str(template)))
    guid = found[-1][0].lower() if found else str(value)
    return ROLES.get(guid, guid)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else "a scope that is not the platform's"
