"""Roles: what those that Google has let do with objects and keys, and the one of our own for who administers keys.

`roles/cloudkms.admin` may give itself everything, for it sets rights; who administers a key here makes, disables and destroys versions
and neither uses the key nor gives rights on it. Sources, read 2026-11-25: cloud.google.com/storage/docs/access-control/iam-roles,
cloud.google.com/kms/docs/reference/permissions-and-roles; roles are the same at S3NS (documentation.s3ns.fr/docs/overview/tpc-key-differences).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.s3ns.naming import CUSTOM_ROLE, make, role_name
from hdh_infra.clouds.s3ns.shared import administers
from hdh_infra.graph.node import Node
from hdh_infra.model.paths import PLATFORM, network_path
from hdh_infra.model.scales import Access

KEY_USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
OBJECT_ROLES: Mapping[Access, str] = {
    Access.read: "roles/storage.objectViewer",
    # Creates objects and replaces none: replacing takes storage.objects.delete.
    Access.append: "roles/storage.objectCreator",
    Access.write: "roles/storage.objectUser",
}
_PERMISSIONS = (
    "cloudkms.cryptoKeyVersions.create",
    "cloudkms.cryptoKeyVersions.destroy",
    "cloudkms.cryptoKeyVersions.get",
    "cloudkms.cryptoKeyVersions.list",
    "cloudkms.cryptoKeyVersions.restore",
    "cloudkms.cryptoKeyVersions.update",
    "cloudkms.cryptoKeys.get",
    "cloudkms.cryptoKeys.update",
)
_READS, _ADDS, _WRITES = frozenset({Access.read}), frozenset({Access.append}), frozenset({Access.write})
ON_OBJECTS: Mapping[str, frozenset[Access]] = {
    "roles/storage.objectViewer": _READS,
    "roles/storage.legacyObjectReader": _READS,
    "roles/storage.objectCreator": _ADDS,
    "roles/storage.objectUser": _WRITES,
    "roles/storage.objectAdmin": _WRITES,
    "roles/storage.admin": _WRITES,
    "roles/storage.legacyBucketOwner": _WRITES,
    "roles/storage.legacyBucketWriter": _WRITES,
    "roles/storage.legacyObjectOwner": _WRITES,
    "roles/owner": _WRITES,
    "roles/editor": _WRITES,
    "roles/viewer": _READS,
    "roles/storage.legacyBucketReader": frozenset(),
    "roles/storage.bucketViewer": frozenset(),
}
"""What a role lets do with objects; a role that is not here is told by its name."""
USES = frozenset(
    {
        KEY_USE,
        "roles/cloudkms.cryptoKeyEncrypter",
        "roles/cloudkms.cryptoKeyDecrypter",
        "roles/cloudkms.cryptoOperator",
        "roles/cloudkms.cryptoKeyEncrypterDecrypterViaDelegation",
        "roles/owner",
    }
)
ADMINISTERS = frozenset({"roles/cloudkms.admin", "roles/owner", "roles/editor"})
NEITHER = frozenset({"roles/cloudkms.viewer", "roles/cloudkms.publicKeyViewer", "roles/viewer"})


def administration(context: Context, key: str) -> str:
    """Where the role of who administers a key is: with the platform if its keys or defaults need it, else with the space (law 4)."""
    network = network_path(key) or ""
    owner = network if network.startswith("space/") and not administers(context) else PLATFORM
    return f"{owner}/role/key-administration"


def lower_roles(context: Context) -> Iterator[Node]:
    """The role of who administers keys, once wherever anybody does."""
    wanted = {administration(context, path) for path, key in context.expanded.keys.items() if key.administrators}
    if administers(context):
        wanted.add(administration(context, PLATFORM))
    for path in sorted(wanted):
        yield make(
            context,
            path,
            CUSTOM_ROLE,
            {
                "roleId": role_name(context, path),
                "title": f"{context.name}: administers keys and uses none"[:100],
                "permissions": list(_PERMISSIONS),
                "stage": "GA",
            },
            outputs=("name",),
        )
