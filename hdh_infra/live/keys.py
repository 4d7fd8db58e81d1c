"""Barbican and Keystone in the words of pulumi-openstack: orders, secrets, EC2 credentials; never a payload or a secret.

Left out are nameless secrets: the keys that encrypted volumes were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hdh_infra.clouds.openstack.naming import EC2_CREDENTIAL, KEY_ORDER, SECRET
from hdh_infra.graph.observation import Native
from hdh_infra.live.answers import Answers, Labels, plain_id


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
            },
        )
    for one in answers.credentials:
        # The answer holds the secret as well: it is not taken.
        said = {"access": one["access"], "userId": one.get("user_id"), "projectId": one.get("tenant_id")}
        yield labels.native(EC2_CREDENTIAL, one["access"], said)


def made_by(orders: Iterable[Native]) -> list[Native]:
    """The secrets that Barbican made for orders, which it keeps when the order is deleted."""
    return [
        Native(f"{order.path}/secret", SECRET, {}, str(order.properties["secretRef"]))
        for order in orders
        if order.type == KEY_ORDER and order.properties.get("secretRef")
    ]
