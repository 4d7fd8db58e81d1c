"""Who holds what on stores and keys: grants lowered to role assignments, and read back from those that are there.

An assignment counts for what lies below its scope: a container, an account, a vault, a resource group, a
subscription. One under a condition is shown as such, for its condition is not read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.azure.audit import is_audit_store
from hdh_infra.clouds.azure.naming import dotted, token
from hdh_infra.clouds.azure.reading import Reader, is_subscription, listed
from hdh_infra.clouds.azure.roles import (
    BLOB_BACKUP,
    BUILT_IN,
    DATA_READING,
    DATA_USE,
    DISK_BACKUP,
    SNAPSHOTS,
    Role,
    built_in,
    defined_path,
    holder,
    lower_assignment,
)
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Right
from hdh_infra.model.scales import Access

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CONDITIONAL = "under a condition"
_WITHOUT_A_WAY = "without a way"


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """What a machine's identity or a group may do with the objects of a store; nothing for whom Azure does not know."""
    found = holder(context, right.principal)
    if found is None:
        return
    who, principal_type = found
    path = f"{right.owner}/data-use/{dotted(right.principal)}-{dotted(right.store)}"
    role: Value = built_in(DATA_USE)
    if right.access is Access.read:
        role = built_in(DATA_READING)
    elif right.access is Access.append:
        # Not the contributor's role under a condition: conditions hold for data only, and it may delete the container.
        role = ref(defined_path(context, "append", right.owner))
    yield lower_assignment(
        context,
        path if right.access is Access.write else f"{path}-{right.access}",
        role=role,
        # Logs lie in containers of their own, so that reading them is a right on the whole account.
        scope=ref(f"{right.store}/{'account' if is_audit_store(context, right.store) else 'container'}"),
        principal=who,
        principal_type=principal_type,
    )


@final
@dataclass(frozen=True, slots=True)
class Held:
    """One role that somebody holds on something."""

    who: str
    """The element of an identity, `group/NAME`, or the id of somebody who is neither."""
    line: str
    """For people: role and principal."""
    role: Role | None
    """None of a role whose actions are not known."""
    role_id: str
    conditional: bool
    bearer: str | None
    """Native path of what has the identity, where that is the platform's."""
    identity: str
    """Native path of the identity, or the id of a principal that is none of the platform's."""
    distant: bool = False
    """Whether it acts as a machine, over the network, and not as a service of the cloud that Azure trusts."""
    writer: bool = False
    """Whether nothing acts under the identity but flow logs that are written here: Azure, and none of the platform's."""


@dataclass
class Rights:
    """Every role that somebody holds, by what it is held on."""

    by_scope: dict[str, list[Held]] = field(default_factory=dict)
    """By native path."""
    by_group: dict[str, list[Held]] = field(default_factory=dict)
    """By name of a resource group, in small letters."""
    everywhere: list[Held] = field(default_factory=list)
    """On the subscription."""
    remarks: list[str] = field(default_factory=list)

    def on(self, natives: Iterable[Native | None], group: str) -> Iterator[Held]:
        """What is held on something, by its own scopes and those above."""
        for native in natives:
            if native is not None:
                yield from self.by_scope.get(native.path, ())
        yield from self.by_group.get(group, ())
        yield from self.everywhere

    def lines(self, natives: Iterable[Native | None], group: str) -> set[str]:
        """The same, for people."""
        return {one.line for one in self.on(natives, group)}

    def grants(self, natives: Iterable[Native | None], group: str) -> list[str]:
        """Who may do what with the objects of a store: `PRINCIPAL ACCESS`, sorted, without what more includes."""
        found: dict[str, set[str]] = {}
        for one in self.on(natives, group):
            if one.writer:
                continue
            words = one.role.access if one.role else (f"role {one.role_id}",)
            found.setdefault(one.who, set()).update(
                f"{word} {_CONDITIONAL}" if one.conditional else word for word in words
            )
        return sorted(
            f"{who} {word}"
            for who, words in found.items()
            for word in ({str(Access.write)} | {one for one in words if " " in one} if Access.write in words else words)
        )

    def writes(self, identity: str, account: Native) -> bool:
        """Whether an identity may write objects anywhere in an account."""
        return any(
            one.identity == identity
            and one.role is not None
            and Access.write in one.role.access
            and not one.conditional
            for one in (*self.by_scope.get(account.path, ()), *self.everywhere)
        )

    def users(self, natives: Iterable[Native | None], group: str, reaching: Collection[str] | None = None) -> list[str]:
        """Who may use a key, sorted.

        Args:
            natives: the key and what it lies in.
            group: the resource group of these.
            reaching: machines that have a way to it, of the others it is said; None where nobody can say.
        """
        return sorted(
            {
                one.who if reaching is None or not one.distant or one.who in reaching else f"{one.who} {_WITHOUT_A_WAY}"
                for one in self.on(natives, group)
                if one.role is None or one.role.uses
            }
        )

    def administrators(self, natives: Iterable[Native | None], group: str) -> list[str]:
        """Who may rotate, switch off or destroy a key, sorted."""
        return sorted({one.who for one in self.on(natives, group) if one.role is None or one.role.administers})


def observe_rights(reader: Reader) -> Rights:
    """Every role assignment, with remarks on what reaches further than the platform's own."""
    rights = Rights()
    for native in reader.of("authorization:RoleAssignment"):
        role_id, role = _role(reader, native.properties.get("roleDefinitionId"))
        principal = native.properties.get("principalId")
        line = f"{role.name if role else role_id}: {reader.principal(principal)}"
        conditional = bool(native.properties.get("condition"))
        given = native.properties.get("scope")
        scope, identity = reader.follow(given), reader.principal(principal)
        accounts = reader.log_writers.get(identity)
        writer = scope is not None and accounts == {scope.path} and identity not in reader.carriers
        bearer = reader.bearer(principal)
        held = [
            Held(
                who,
                line,
                role,
                role_id,
                conditional,
                bearer.path if bearer else None,
                identity,
                reader.is_distant(principal, who),
                writer,
            )
            for who in reader.who(principal)
        ]
        if scope is not None and scope.type == token("resources:ResourceGroup"):
            rights.by_group.setdefault(reader.group(scope), []).extend(held)
        elif scope is not None:
            rights.by_scope.setdefault(scope.path, []).extend(held)
        elif is_subscription(given):
            rights.everywhere.extend(held)
        if not _backs_up(scope, held[0], bearer):
            rights.remarks.extend(_unusual(native, scope, held[0], given))
    for native in reader.of("authorization:RoleDefinition"):
        role = _defined(native)
        if not _narrow(role):
            rights.remarks.append(f"{native.path}: lets do more than add objects, or than administer keys")
    for identity, carriers in reader.carriers.items():
        if len({(one.type, one.element) for one in carriers}) > 1:
            rights.remarks.append(f"{identity}: is carried by {', '.join(sorted(one.path for one in carriers))}")
    return rights


def observe_log_writers(reader: Reader, rights: Rights, destinations: Iterable[str]) -> Iterator[str]:
    """A remark for everybody who holds more than reading, or adding, on an account that logs are written to.

    But for Azure itself, which writes flow logs by the role that it wants for that; the retention holds against it too.
    """
    for native in reader.of("storage:StorageAccount"):
        if native.path in destinations:
            scopes = (native, *reader.children(native, "storage:BlobContainer"))
            for held in rights.on(scopes, reader.group(native)):
                if held.writer and held.role_id == DATA_USE:
                    continue
                if held.role is None or {str(Access.write), "delete"} & set(held.role.access):
                    yield f"{native.path}: {held.who} can write and delete where logs are kept"


_USUAL: Mapping[str, Any] = {
    token("keyvault:Key"): lambda role: role.uses != role.administers,
    token("keyvault:Vault"): lambda role: role.administers and not role.uses,
    token("storage:BlobContainer"): lambda role: role.access and "delete" not in role.access and not role.administers,
    token("storage:StorageAccount"): lambda role: role.access == ("read",) and not role.administers,
}


_OF_BACKUP: Mapping[str, str] = {
    BLOB_BACKUP: token("storage:StorageAccount"),
    DISK_BACKUP: token("compute:Disk"),
    SNAPSHOTS: token("resources:ResourceGroup"),
}
"""Roles of a backup vault, and what each is given on."""


def _backs_up(scope: Native | None, held: Held, bearer: Native | None) -> bool:
    """Whether it is what a backup vault's own identity needs, where it needs it."""
    vault = bearer is not None and bearer.type == token("dataprotection:BackupVault")
    return vault and scope is not None and _OF_BACKUP.get(held.role_id) == scope.type


def _unusual(native: Native, scope: Native | None, held: Held, given: Value) -> Iterator[str]:
    if held.writer and held.role_id == DATA_USE:
        return
    if scope is None:
        where = given if isinstance(given, str) else "a scope that is not the platform's"
        yield f"{native.path}: gives {held.line.split(': ', 1)[1]} the role {held.line.split(': ', 1)[0]} on {where}"
    elif held.role is None or not _USUAL.get(scope.type, lambda _: False)(held.role):
        role, who = held.line.split(": ", 1)
        yield f"{native.path}: gives {who} the role {role} on {scope.path}, more than a key or a container needs"


def _narrow(role: Role) -> bool:
    return role.access in {(), ("append",)} and not role.uses


def _role(reader: Reader, value: Value) -> tuple[str, Role | None]:
    """Id and meaning of a role; None where nobody wrote down what it lets do."""
    native = reader.follow(value)
    if native is not None and native.type == token("authorization:RoleDefinition"):
        return native.path, _defined(native)
    template = value.get("$format", "") if isinstance(value, Mapping) else str(value)
    found = [one[0] for one in _GUID.finditer(str(template))]
    guid = found[-1].lower() if found else str(value)
    return guid, BUILT_IN.get(guid)


def _defined(native: Native) -> Role:
    actions: list[str] = []
    barred: list[str] = []
    for one in listed(native.properties.get("permissions")):
        actions += listed(one.get("dataActions"))
        barred += listed(one.get("notDataActions"))
    return Role(str(native.properties.get("roleName", native.path)), tuple(actions), tuple(barred))
