"""Disks of machines: Block Storage volumes for data, and the machine's own for its system; and reading them back.

Scaleway encrypts neither and says so (scaleway/docs-content pages/block-storage/how-to/host-healthcare-data.mdx, 2025-11-12): the
level is the catalogue's, for no property tells one. Sizes are in GB of 10^9 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.scaleway.naming import SERVER, VOLUME, make
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value

GB = 10**9


def gigabytes(size: int) -> int:
    """Whole GB that hold a size in bytes."""
    return -(-int(size) // GB)


def disk_path(machine: str, index: int) -> str:
    """Path of one replica's data disk."""
    return f"{machine}/data-disk/{index}"


def lower_data_disk(context: Context, path: str, index: int, zone: str) -> Iterator[Node]:
    """The data disk of one replica, if the machine has any; it stays when the machine goes."""
    disk = context.expanded.machine(path).disk
    if disk.size:
        yield make(
            context,
            disk_path(path, index),
            VOLUME,
            {
                "name": native_name(context, f"{path}/{index}/data"),
                "sizeInGb": gigabytes(int(disk.size)),
                "iops": int(context.site.offer.native["volume_iops"]),
            },
            zone=zone,
            protect=True,
            timeouts={"create": "30m"},
        )


def root_volume(context: Context, path: str) -> Value:
    """The disk that a replica starts from, at least as large as its image asks; it goes with the machine, for it holds no data."""
    native = context.site.offer.native
    size = context.expanded.machine(path).system_disk.size
    least = int(native["system_disk_gib"])
    return {
        "volumeType": str(native["system_volume_type"]),
        "sizeInGb": max(least, gigabytes(int(size))) if size else least,
        "sbsIops": int(native["volume_iops"]),
        "deleteOnTermination": True,
        "boot": False,
    }


@final
@dataclass
class Disks:
    """The disks of one server, as they are."""

    system: int | None = None
    """Bytes of the disk that it starts from; None where it cannot be seen."""
    data: int = 0
    """Bytes of all other disks."""
    volumes: list[Native] = field(default_factory=list)


def observe_disks(reader: Reader, server: Native) -> Disks:
    """The disks of one server: its root volume and what is attached beside it."""
    found = Disks()
    root = server.properties.get("rootVolume")
    if isinstance(root, dict) and root.get("sizeInGb"):
        found.system = int(root["sizeInGb"]) * GB
    if listed(server.properties.get("filesystems")):
        reader.remarks.add(f"{server.path}: has a file system, which other machines may have too (filesystems)")
    for value in listed(server.properties.get("additionalVolumeIds")):
        volume = reader.follow(value, VOLUME)
        if volume is None:
            reader.remarks.add(f"{server.path}: has a volume that is none of the platform's")
            continue
        found.volumes.append(volume)
        found.data += int(volume.properties.get("sizeInGb") or 0) * GB
    return found


def level(reader: Reader) -> str | None:
    """Who holds the key of a volume: the catalogue's word; null is unknown."""
    value = reader.site.fact("machine.encryption").value
    return str(value) if value is not None else None


__all__ = [
    "GB",
    "SERVER",
    "Disks",
    "disk_path",
    "gigabytes",
    "level",
    "lower_data_disk",
    "observe_disks",
    "root_volume",
]
