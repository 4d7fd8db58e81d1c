"""The abstract things of a platform: store, machine and key, and what is asked of each.

Each field that a cloud answers carries a `Relation` among its annotations: `exact`, `floor` or
`untraceable` (law 2). What is asked of every element without being written (nothing public, keys that
cannot be exported, the country) stands in `attributes`.
"""

from __future__ import annotations

from hdh_infra.model.key import Key
from hdh_infra.model.machine import Disk, Gpu, Machine, SystemDisk
from hdh_infra.model.rights import Grant, Group
from hdh_infra.model.store import Backup, Expiry, Retention, Store

__all__ = [
    "Backup",
    "Disk",
    "Expiry",
    "Gpu",
    "Grant",
    "Group",
    "Key",
    "Machine",
    "Retention",
    "Store",
    "SystemDisk",
]
