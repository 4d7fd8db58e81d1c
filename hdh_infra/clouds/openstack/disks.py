"""Disks of machines: volumes of a type that is encrypted where any encryption is asked; and reading them back.

Disks are volumes and never the hypervisor's own, because only volumes have an encrypted type. Cinder shows the
type of a volume and takes no key by name: who holds the key is the type's own, by the catalogue or declared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.naming import GET_IMAGE, IMAGE, PROVIDER, VOLUME, VOLUME_ATTACH, make
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.zones import zone_of
from hdh_infra.clouds.values import listed, looked_up
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, lookup, ref
from hdh_infra.model.base import GIB, gib
from hdh_infra.model.scales import Encryption

IMAGE_FAMILY = "image/"
"""Where the name of an image that is named instead of looked up begins, in the settings of a target."""
_MINUTES = {"create": "30m"}


def volume_type(context: Context, floor: Encryption) -> dict[str, Value]:
    """The encrypted type wherever any encryption is asked, however far it reaches (law 3); else the cloud's own."""
    native = context.site.offer.native
    kind = native["encrypted_volume_type" if floor is not Encryption.none else "default_volume_type"]
    return {"volumeType": kind} if kind else {}


def image_id(context: Context, path: str) -> Value:
    """Id of a machine's image: the one that the spec names for its family, else asked at deploy time by its name."""
    family = context.lock.images[str(context.site.target)][path]
    named = context.existing(f"{IMAGE_FAMILY}{family}")
    if named is not None:
        return named.id
    return lookup(GET_IMAGE, {"name": context.image(path).native["name"], "mostRecent": True}, "id", PROVIDER)


def lower_data_disk(context: Context, path: str, index: int) -> Iterable[Node]:
    """The data disk of one replica, if the machine has any; it stays when the machine goes."""
    disk = context.expanded.machine(path).disk
    if not disk.size:
        return
    yield make(
        context,
        f"{path}/data-disk/{index}",
        VOLUME,
        {
            "name": native_name(context, f"{path}/{index}/data"),
            "size": gib(int(disk.size)),
            **volume_type(context, disk.encryption),
            "enableOnlineResize": True,
            "volumeRetypePolicy": "never",
            "metadata": dict(context.tags),
            **zone_of(context, index),
        },
        protect=True,
        timeouts=_MINUTES,
    )


def lower_attachment(context: Context, path: str, index: int) -> Iterable[Node]:
    """The attachment of a data disk: a resource of its own, so that a new server takes the disk over."""
    if context.expanded.machine(path).disk.size:
        yield make(
            context,
            f"{path}/data-disk-attachment/{index}",
            VOLUME_ATTACH,
            {"instanceId": ref(f"{path}/server/{index}"), "volumeId": ref(f"{path}/data-disk/{index}")},
            fixed=True,
        )


@final
@dataclass
class Disks:
    """The disks of one server, as they are."""

    system_levels: list[str | None] = field(default_factory=list)
    """Of the disk that it starts from, who holds the key; null is unknown."""
    data_levels: list[str | None] = field(default_factory=list)
    """Of each other disk."""
    volumes: list[Native] = field(default_factory=list)
    system: int | None = None
    """Bytes of the disk that it starts from; None where it cannot be seen."""
    data: int = 0
    """Bytes of all other disks."""
    image: str | None = None
    """Family of the image."""


def attached_volumes(reader: Reader) -> dict[str, list[Native]]:
    """Volumes that are attached by resources of their own, by the path of the server."""
    found: dict[str, list[Native]] = {}
    for attachment in reader.natives.of_type(VOLUME_ATTACH):
        volume = reader.follow(attachment.properties.get("volumeId"), VOLUME)
        server = reader.natives.follow(attachment.properties.get("instanceId"))
        if server is not None and volume is not None:
            found.setdefault(server.path, []).append(volume)
    return found


def observe_disks(reader: Reader, server: Native, attached: Iterable[Native]) -> Disks:
    """The disks of one server.

    Args:
        reader: the native resources.
        server: the server.
        attached: volumes that are attached to it by resources of their own.
    """
    found = Disks()
    properties = server.properties
    devices = listed(properties.get("blockDevices"))
    for device in devices:
        boots = device.get("bootIndex", -1) == 0
        volume = reader.follow(device.get("uuid"), VOLUME) if device.get("sourceType") == "volume" else None
        if volume is not None:
            _volume(reader, found, volume, boots=boots)
            continue
        levels = found.system_levels if boots else found.data_levels
        if device.get("destinationType") == "volume" and device.get("sourceType") != "volume":
            levels.append(level(reader.site, device.get("volumeType")))
            if boots:
                found.image = _image(reader, device.get("uuid"))
                found.system = int(device.get("volumeSize") or 0) * GIB or None
        else:
            # The hypervisor's own disk is encrypted by nobody that could be named; an unknown volume by nobody knows whom.
            levels.append(None if device.get("sourceType") == "volume" else str(Encryption.none))
    if not any(device.get("bootIndex", -1) == 0 for device in devices):
        found.system_levels.append(str(Encryption.none))
        found.image = reader.families.get(str(properties.get("imageName"))) or _image(reader, properties.get("imageId"))
    for volume in attached:
        _volume(reader, found, volume, boots=False)
    return found


def _volume(reader: Reader, found: Disks, volume: Native, *, boots: bool) -> None:
    found.volumes.append(volume)
    kept = level(reader.site, volume.properties.get("volumeType"))
    if volume.properties.get("encrypted") is False:
        # Live servers say it of each volume: one that was there before its type was encrypted is not.
        kept = str(Encryption.none)
    size = int(volume.properties.get("size") or 0) * GIB
    if boots:
        found.system_levels.append(kept)
        found.system = size or None
        found.image = _image(reader, volume.properties.get("imageId"))
    else:
        found.data_levels.append(kept)
        found.data += size


def level(site: Site, kind: Any) -> str | None:
    """Who holds the key of a volume type, which Cinder does not show: by the catalogue, or declared; null is unknown."""
    native = site.offer.native
    name = kind or native["default_volume_type"]
    if name is None and native.get("unsaid_volume_type"):
        # The type that a volume gets by itself is not known here, and so not whether it is encrypted.
        known = site.fact("machine.encryption").value
        return str(known) if known is not None else None
    if name is None or native["volume_types"].get(name) is False:
        return str(Encryption.none)
    if name not in native["volume_types"]:
        return None
    known = native["volume_levels"].get(name) or site.fact("machine.encryption").value
    return str(known) if known is not None else None


def weakest(levels: Iterable[str | None]) -> str | None:
    """The weakest of some levels; None where there is none, or one is unknown."""
    all_of_them = list(levels)
    known = [Encryption(one) for one in all_of_them if one is not None]
    return str(min(known, key=lambda one: one.rank)) if known and len(known) == len(all_of_them) else None


def _image(reader: Reader, value: Value) -> str | None:
    image = reader.follow(value, IMAGE)
    name = image.properties.get("name") if image is not None else looked_up(value)
    if (family := reader.families.get(str(name))) is not None:
        return family
    return reader.named_images.get(value) if isinstance(value, str) else None
