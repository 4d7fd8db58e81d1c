"""Who holds what on buckets and keys: grants lowered to members of roles, and read back from those that are there.

A right of a project counts for every bucket and key of it. One under a condition is shown as such, for its condition is not read.
Beside these Google gives who owns, edits or views the project a right on each new bucket: who has these roles is no part of a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import bucket_path
from hdh_infra.clouds.naming import dotted
from hdh_infra.clouds.s3ns.identities import principal
from hdh_infra.clouds.s3ns.naming import (
    AGENT,
    BUCKET_BINDING,
    BUCKET_MEMBER,
    CUSTOM_ROLE,
    GET_STORAGE_AGENT,
    KEY,
    KEY_BINDING,
    KEY_MEMBER,
    KEY_RING,
    PROJECT_BINDING,
    PROJECT_MEMBER,
    RING_MEMBER,
    make,
)
from hdh_infra.clouds.s3ns.reading import PUBLIC, Reader, got, listed
from hdh_infra.clouds.s3ns.roles import ADMINISTERS, NEITHER, OBJECT_ROLES, ON_OBJECTS, USES
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, form_of, ref
from hdh_infra.model.links import Right
from hdh_infra.model.scales import Access

_CONDITIONAL = "under a condition"
_OWN = "own role"


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """What a machine's account or a group may do with the objects of a store; nothing for whom this cloud does not know."""
    member = principal(context, right.principal)
    if member is None:
        return
    yield make(
        context,
        f"{right.owner}/right/{dotted(right.principal)}-{dotted(right.store)}-{right.access}",
        BUCKET_MEMBER,
        {
            "bucket": ref(bucket_path(right.store), "name"),
            "role": OBJECT_ROLES[right.access],
            "member": member,
        },
    )


@final
@dataclass(frozen=True, slots=True)
class Held:
    """One role that somebody holds on something."""

    who: tuple[str, ...]
    """In the model's words; several where machines share an account."""
    account: str | None
    """Native path of the account; None of whoever is none of the platform's."""
    role: str
    """Its own name; of a role of the platform's own, what it is for."""
    agent: str | None
    """`stores` or `disks`, where it is one of Google's own services."""
    public: bool
    conditional: bool


@final
@dataclass
class Rights:
    """Every role that somebody holds, by native path of what it is held on; `None` is the whole project."""

    by_target: dict[str | None, list[Held]] = field(default_factory=dict)
    rings: dict[str, str] = field(default_factory=dict)
    """By native path of a key, that of its ring."""
    own: dict[str, frozenset[str]] = field(default_factory=dict)
    """By name of a role of the platform's own, its permissions."""

    def on(self, native: Native) -> Iterator[Held]:
        """What is held on something, by its own scope and those above."""
        yield from self.by_target.get(native.path, ())
        ring = self.rings.get(native.path)
        if ring is not None:
            yield from self.by_target.get(ring, ())
        yield from self.by_target.get(None, ())

    def grants(self, bucket: Native) -> list[str]:
        """Who may do what with the objects of a bucket: `PRINCIPAL ACCESS`, sorted, without what more includes."""
        found: dict[str, set[str]] = {}
        for one in self.on(bucket):
            if one.agent is not None:
                continue
            for who in one.who:
                words = {str(access) for access in self._accesses(one)}
                found.setdefault(who, set()).update(
                    f"{word} {_CONDITIONAL}" if one.conditional else word for word in words
                )
        return sorted(
            f"{who} {word}"
            for who, words in found.items()
            for word in ({str(Access.write)} | {one for one in words if " " in one} if Access.write in words else words)
        )

    def accesses(self, bucket: Native) -> Mapping[str, frozenset[str]]:
        """By native path of an account, what it may do with the objects of a bucket; under a condition counts as without one."""
        found: dict[str, frozenset[str]] = {}
        for one in self.on(bucket):
            if one.account is not None and (words := frozenset(map(str, self._accesses(one)))):
                found[one.account] = found.get(one.account, frozenset()) | words
        return found

    def is_public(self, bucket: Native) -> bool:
        """Whether anybody holds a role on it that lets do something with objects."""
        return any(one.public and self._accesses(one) for one in self.on(bucket))

    def users(self, key: Native) -> list[str]:
        """Who may use a key, beside Google's own services; sorted."""
        return sorted({who for one in self.on(key) if one.agent is None and self._uses(one) for who in one.who})

    def using(self, key: Native) -> set[str]:
        """Native paths of the accounts that may use a key."""
        return {one.account for one in self.on(key) if one.account is not None and self._uses(one)}

    def agents(self, key: Native) -> set[str]:
        """Which of Google's own services may use a key."""
        return {one.agent for one in self.on(key) if one.agent is not None and self._uses(one)}

    def administrators(self, key: Native) -> list[str]:
        """Who may make, disable or destroy versions of a key, sorted."""
        return sorted({who for one in self.on(key) if one.agent is None and self._administers(one) for who in one.who})

    def _accesses(self, held: Held) -> Iterable[Access | str]:
        known = ON_OBJECTS.get(held.role)
        if known is not None:
            return known
        permissions = self.own.get(held.role)
        if permissions is None:
            # A role of another service says nothing of objects; one that is not known may say everything.
            return () if _of_other_service(held.role, "storage") else (f"role {held.role}",)
        objects = {one.removeprefix("storage.objects.") for one in permissions if one.startswith("storage.objects.")}
        if {"create", "delete"} <= objects:
            return (Access.write,)
        found: list[Access] = [Access.append] if "create" in objects else []
        return [*found, *([Access.read] if "get" in objects else [])]

    def _uses(self, held: Held) -> bool:
        permissions = self.own.get(held.role)
        if permissions is not None:
            return any(".useTo" in one for one in permissions)
        if held.role in USES:
            return True
        known = held.role in ADMINISTERS | NEITHER or _of_other_service(held.role, "cloudkms")
        return not known

    def _administers(self, held: Held) -> bool:
        permissions = self.own.get(held.role)
        if permissions is not None:
            return any(one.endswith((".destroy", ".update", ".setIamPolicy")) for one in permissions)
        if held.role in ADMINISTERS:
            return True
        known = held.role in USES | NEITHER or _of_other_service(held.role, "cloudkms")
        return not known


def _of_other_service(role: str, service: str) -> bool:
    name = role.removeprefix("roles/")
    return role.startswith("roles/") and "." in name and not name.startswith(f"{service}.")


def observe_rights(reader: Reader) -> Rights:
    """Every role on buckets, keys, rings and the project, with remarks on what reaches further than the platform's own."""
    rights = Rights()
    for native in reader.natives.of_type(CUSTOM_ROLE):
        permissions = frozenset(map(str, listed(native.properties.get("permissions"))))
        rights.own[native.path] = permissions
    for key in reader.natives.of_type(KEY):
        ring = reader.follow(key.properties.get("keyRing"))
        if ring is not None and ring.type == KEY_RING:
            rights.rings[key.path] = ring.path
    for kind, name in (
        (BUCKET_MEMBER, "bucket"),
        (BUCKET_BINDING, "bucket"),
        (KEY_MEMBER, "cryptoKeyId"),
        (KEY_BINDING, "cryptoKeyId"),
        (RING_MEMBER, "keyRingId"),
        (PROJECT_MEMBER, None),
        (PROJECT_BINDING, None),
    ):
        for native in reader.natives.of_type(kind):
            _add(reader, rights, native, name)
    return rights


def _add(reader: Reader, rights: Rights, native: Native, name: str | None) -> None:
    path: str | None = None
    if name is not None:
        pointer = native.properties.get(name)
        target = reader.bucket(pointer) if name == "bucket" else reader.follow(pointer)
        if target is None:
            reader.remarks.add(f"{native.path}: gives a right on something that is not the platform's")
            return
        path = target.path
    else:
        reader.remarks.add(f"{native.path}: gives a right on the whole project")
    role = _role(reader, native.properties.get("role"))
    members = listed(native.properties.get("members")) or [native.properties.get("member")]
    for member in members:
        account = reader.account(member)
        rights.by_target.setdefault(path, []).append(
            Held(
                tuple(reader.who(member)),
                account.path if account is not None and account.properties.get("disabled") is not True else None,
                role,
                _agent(reader, member),
                isinstance(member, str) and member.lower() in PUBLIC,
                bool(native.properties.get("condition")),
            )
        )


def _role(reader: Reader, value: Value) -> str:
    """A role by its name, or by the native path of one of the platform's own."""
    if isinstance(value, str):
        for native in reader.natives.of_type(CUSTOM_ROLE):
            if value in {native.id, native.properties.get("name")} and value:
                return native.path
        return value
    found = reader.follow(value)
    return found.path if found is not None else _OWN


def _agent(reader: Reader, member: Any) -> str | None:
    """Which of Google's own services a member is: by who was asked for it, and elsewhere by its address."""
    if form_of(member) == "$lookup":
        return "stores" if member["$lookup"] == GET_STORAGE_AGENT else None
    found = reader.follow(member.removeprefix("serviceAccount:") if isinstance(member, str) else member)
    if found is not None and found.type == AGENT:
        return "disks" if str(got(found, "service")).startswith("compute.") else None
    if not isinstance(member, str):
        return None
    address = member.removeprefix("serviceAccount:").lower()
    host = address.rpartition("@")[2]
    if host.endswith("gserviceaccount.com"):
        # Agents' addresses lie in domains of the cloud itself, `s3ns-system`, where no customer makes accounts.
        system = reader.site.offer.native["system_domain"]
        if host.startswith("compute-system.") and system in host:
            return "disks"
        if host.startswith("gs-project-accounts.") and system in host:
            return "stores"
    return None
