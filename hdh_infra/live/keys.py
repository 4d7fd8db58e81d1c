"""Barbican and Keystone in the words of pulumi-openstack: orders, secrets, EC2 credentials; never a payload or a secret.

Left out are nameless secrets: the keys that encrypted volumes were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.openstack.naming import EC2_CREDENTIAL, KEY_ACL, KEY_ORDER, SECRET
from hdh_infra.graph.observation import Native
from hdh_infra.live.answers import Answers, Labels, Wire, plain_id
from hdh_infra.live.rest import Rest

_NO_LIST: Wire = {"read": {"project-access": True}}
"""What Barbican means by no list, and answers."""


def ask_lists(rest: Rest, orders: Iterable[Wire], secrets: Iterable[Wire]) -> dict[str, Wire]:
    """Who reads what orders made, and named secrets that no order made; one that these credentials may not see is left out."""
    made = {ref for one in orders if (ref := _made_by(one))}
    refs = made | {one["secret_ref"] for one in secrets if one.get("name")}
    found: dict[str, Wire] = {}
    for path in sorted({"/".join(ref.rsplit("/", 2)[-2:]) for ref in refs}):
        covered = [path]
        if path.startswith("containers/"):
            container = rest.get("key_manager", f"/{path}") or {}
            covered += [
                "/".join(str(one["secret_ref"]).rsplit("/", 2)[-2:]) for one in container.get("secret_refs", ())
            ]
        lists = [rest.get("key_manager", f"/{one}/acl") for one in covered]
        if None in lists:
            continue
        rights = [(one or _NO_LIST).get("read") or _NO_LIST["read"] for one in lists]
        users = sorted({str(user) for one in rights for user in one.get("users") or ()})
        project = any(one.get("project-access", True) for one in rights)
        found[path] = {"read": {"users": users, "project-access": project}}
    return found


def _made_by(order: Wire) -> str | None:
    ref = order.get("container_ref") or order.get("secret_ref")
    return str(ref) if ref else None


def keys(labels: Labels, answers: Answers) -> Iterator[Native]:
    """Orders, secrets and EC2 credentials."""
    made = {plain_id(SECRET, one.get("secret_ref")) for one in answers.orders}
    for one in answers.orders:
        identity, meta = str(plain_id(KEY_ORDER, one["order_ref"])), one.get("meta") or {}
        if not meta.get("name") and not labels.knows(KEY_ORDER, identity):
            continue
        yield labels.native(
            KEY_ORDER,
            identity,
            {
                "type": one.get("type"),
                "status": one.get("status"),
                "secretRef": one.get("secret_ref"),
                "containerRef": one.get("container_ref"),
                "meta": {
                    "name": meta.get("name"),
                    "algorithm": meta.get("algorithm"),
                    "bitLength": meta.get("bit_length"),
                    "mode": meta.get("mode"),
                },
            },
        )
        yield from _list(labels, answers, _made_by(one))
    for one in answers.secrets:
        identity = str(plain_id(SECRET, one["secret_ref"]))
        if not labels.knows(SECRET, identity) and (identity in made or not one.get("name")):
            continue
        yield labels.native(
            SECRET,
            identity,
            {
                "name": one.get("name"),
                "status": one.get("status"),
                "algorithm": one.get("algorithm"),
                "bitLength": one.get("bit_length"),
                "mode": one.get("mode"),
                "secretType": one.get("secret_type"),
                "secretRef": one.get("secret_ref"),
                "acl": _acl(answers, one["secret_ref"]),
            },
        )
    for one in answers.credentials:
        # The answer holds the secret as well: it is not taken.
        said = {"access": one["access"], "userId": one.get("user_id"), "projectId": one.get("tenant_id")}
        yield labels.native(EC2_CREDENTIAL, one["access"], said)


def _list(labels: Labels, answers: Answers, ref: str | None) -> Iterator[Native]:
    """The list of what an order made; none where Barbican has none and the state knows of none."""
    path = "/".join(ref.rsplit("/", 2)[-2:]) if ref else ""
    identity, found = f"{labels.region}/{path}", answers.key_lists.get(path)
    if found is None or (
        found == {"read": {"users": [], "project-access": True}} and not labels.knows(KEY_ACL, identity)
    ):
        return
    rights = found["read"]
    said = {"ref": ref, "users": rights["users"], "projectAccess": rights["project-access"]}
    yield labels.native(KEY_ACL, identity, said)


def _acl(answers: Answers, ref: str) -> Mapping[str, Any] | None:
    found = answers.key_lists.get("/".join(ref.rsplit("/", 2)[-2:]))
    if found is None:
        return None
    rights = found["read"]
    return {"read": {"users": rights["users"], "projectAccess": rights["project-access"]}}


def made_by(orders: Iterable[Native]) -> list[Native]:
    """The secrets that Barbican made for orders, which it keeps when the order is deleted."""
    return [
        Native(f"{order.path}/secret", SECRET, {}, str(order.properties["secretRef"]))
        for order in orders
        if order.type == KEY_ORDER and order.properties.get("secretRef")
    ]


def left_by(orders: Iterable[Native]) -> dict[str, str]:
    """By path of an order, what stays when it is deleted, as a path in the service: a secret, or the container of a pair."""
    found: dict[str, str] = {}
    for order in orders:
        ref = order.properties.get("containerRef") or order.properties.get("secretRef")
        if order.type == KEY_ORDER and isinstance(ref, str):
            found[order.path] = "/".join(ref.rsplit("/", 2)[-2:])
    return found
