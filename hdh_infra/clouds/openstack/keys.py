"""Keys in Barbican: an order makes one inside the service; and reading them back.

What Barbican keeps a key in it does not tell, so `protection` is observed as null and only the operator's
declaration can answer it. Who reads a key says its list (`hdh:keymanager:Acl`); without one, or with `projectAccess`, whoever
has a role in the project does. Its maker and admins of the project always read it, and they alone delete it and change its list
(barbican 23.0.0 `barbican/common/policies`, read 2026-11-25): no list names administrators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import S3_PROVIDER
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.lacks import makes_keys
from hdh_infra.clouds.openstack.naming import KEY_ACL, KEY_ORDER, SECRET, make
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.paths import GROUP
from hdh_infra.model.scales import KeyAlgorithm, KeyOrigin

PROJECT = "project"
"""Among the users of a key: everybody with a role in its project."""


def lower_key(context: Context, path: str) -> Iterator[Node]:
    """One key: an order for 256 bits, or for a pair of RSA, which Barbican makes and keeps as immutable secrets; nothing where there is no Barbican."""
    if not makes_keys(context.site):
        return
    existing = context.existing(path)
    if existing is not None and not existing.adopt:
        yield make(context, f"{path}/order", KEY_ORDER, {}, outputs=("secretRef",), existing=existing.id)
        return
    algorithm, _, bits = str(context.expanded.keys[path].algorithm or KeyAlgorithm.aes_256).partition("-")
    pair = algorithm == "rsa"
    meta: dict[str, Value] = {"name": native_name(context, path), "algorithm": algorithm, "bitLength": int(bits)}
    if not pair:
        meta |= {"mode": "cbc", "payloadContentType": "application/octet-stream"}
    yield make(
        context,
        f"{path}/order",
        KEY_ORDER,
        {"type": "asymmetric" if pair else "key", "meta": meta},
        outputs=("containerRef",) if pair else ("secretRef",),
        protect=True,
        adopt=existing.id if existing else None,
    )
    yield Node(
        path=f"{path}/access",
        type=KEY_ACL,
        provider=S3_PROVIDER,
        properties={
            "region": context.site.service_region("compute"),
            "ref": ref(f"{path}/order", "containerRef" if pair else "secretRef"),
            "users": readers(context, path),
            "projectAccess": False,
        },
    )


def readers(context: Context, key: str) -> list[str]:
    """Ids of Keystone's users that may read a key: those of the groups that use it. Machines are none."""
    groups = (one.removeprefix(GROUP) for one in context.expanded.users_of(key) if one.startswith(GROUP))
    return sorted({one for name in groups for one in members(context.settings.groups, name)})


def members(groups: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Ids of the users that a group is on this cloud, where neither keys nor buckets know groups."""
    return tuple(groups.get(name, "").replace(",", " ").split())


def observe_keys(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every key element: an order's key was made inside, a secret's payload came from elsewhere; both can be read out."""
    lists: dict[str, Native] = {}
    for acl in reader.natives.of_type(KEY_ACL):
        holder = reader.natives.follow(acl.properties.get("ref"))
        if holder is None:
            reader.remarks.add(f"{acl.path}: says who reads a key that is none of the platform's")
        else:
            lists[holder.path] = acl
    found = {element: _key(reader, natives, KeyOrigin.generated, lists) for element, natives in _of(reader, KEY_ORDER)}
    found |= {element: _key(reader, natives, KeyOrigin.imported, lists) for element, natives in _of(reader, SECRET)}
    return found


def _of(reader: Reader, token: str) -> Iterator[tuple[str, list[Native]]]:
    yield from reader.elements(token, "key").items()


def _key(reader: Reader, natives: list[Native], origin: KeyOrigin, lists: Mapping[str, Native]) -> dict[str, Any]:
    # Of a key that is named and not made a plan shows nothing.
    seen = _algorithm(natives[0].properties) is not None
    return {
        "kind": "key",
        "protection": None,
        "origin": str(origin),
        "algorithm": _algorithm(natives[0].properties),
        "rotation_days": None,
        "custody": None,
        "grace_days": None,
        "users": _users(reader, natives[0], lists) if seen else None,
        # The maker and admins of the project, and no group that a list could name.
        "administrators": [] if seen else None,
        "exportable": True,
        "use_log": False,
        **reader.place(natives),
        "native": reader.paths(natives[0].element),
    }


def _users(reader: Reader, key: Native, lists: Mapping[str, Native]) -> list[str]:
    """Who reads a key beside its maker and the project's admins: groups, other users of Keystone by their id, or the project."""
    acl = lists.get(key.path)
    said = acl.properties if acl is not None else (key.properties.get("acl") or {}).get("read") or {}
    ids = set(map(str, listed(said.get("users"))))
    groups = {name: set(members(reader.site.settings.groups, name)) for name in reader.site.settings.groups}
    whole = {name: some for name, some in groups.items() if some and some <= ids}
    found = {f"{GROUP}{name}" for name in whole} | ids.difference(*whole.values())
    # What is not said is true (openstack:keymanager/secretV1 `acl.read.projectAccess`), and so is a secret without a list.
    return sorted(found if said.get("projectAccess", True) is False else {*found, PROJECT})


def _algorithm(properties: Mapping[str, Any]) -> str | None:
    """What a key is for, in the spec's words: an order says it in its `meta`, a secret by itself."""
    said = properties.get("meta") or properties
    algorithm, bits = said.get("algorithm"), said.get("bitLength")
    return f"{str(algorithm).lower()}-{int(bits)}" if algorithm and bits else None
