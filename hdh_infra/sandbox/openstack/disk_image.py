"""A disk image of a few kilobytes that is nevertheless a valid qcow2: an empty disk of a real image's size.

Deliberately without content: no server of the sandbox boots.
"""

from __future__ import annotations

import struct
from typing import Final

GIB: Final = 2**30
_CLUSTER_BITS: Final = 12
_CLUSTER: Final = 1 << _CLUSTER_BITS
_MAGIC: Final = b"QFI\xfb"
_HEADER: Final = ">4sIQIIQIIQQIIQQQQII"
_VERSION: Final = 3
_REFCOUNT_ORDER: Final = 4
"""Reference counts of 2^4 bits."""


def empty_qcow2(size: int) -> bytes:
    """An empty disk of `size` bytes, none of them allocated.

    Cluster 0 is the header, 1 the table of reference counts, 2 its one block; the level-1 table follows.
    """
    entries = _CLUSTER // 8
    level_1 = -(-size // (_CLUSTER * entries))
    level_1_clusters = -(-level_1 * 8 // _CLUSTER)
    header = struct.pack(
        _HEADER,
        _MAGIC,
        _VERSION,
        0,  # no backing file
        0,
        _CLUSTER_BITS,
        size,
        0,  # not encrypted
        level_1,
        3 * _CLUSTER,
        _CLUSTER,
        1,
        0,  # no snapshots
        0,
        0,  # no incompatible, compatible or automatic features
        0,
        0,
        _REFCOUNT_ORDER,
        struct.calcsize(_HEADER),
    )
    used = 3 + level_1_clusters
    counts = struct.pack(f">{used}H", *[1] * used)
    parts = (header, struct.pack(">Q", 2 * _CLUSTER), counts, bytes(level_1_clusters * _CLUSTER))
    return b"".join(part.ljust(_CLUSTER, b"\0") for part in parts)
