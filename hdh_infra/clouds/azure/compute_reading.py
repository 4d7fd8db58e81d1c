"""Reading machines back: the weakest of the replicas of each, in each attribute."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hdh_infra.clouds.azure.backup_reading import Backups, Given, weakest
from hdh_infra.clouds.azure.keys_reading import key_element
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.attributes import IDENTITY
from hdh_infra.model.base import GIB
from hdh_infra.model.scales import Encryption, Spread

_IMAGE = "image/"


def observe_machines(reader: Reader, backups: Backups) -> dict[str, dict[str, Any]]:
    """Every machine element: the weakest of its replicas in each attribute."""
    replicas: dict[str, list[dict[str, Any]]] = {}
    images = {
        one.lower(): path.removeprefix(_IMAGE)
        for path in reader.site.settings.existing
        if path.startswith(_IMAGE) and (one := _id(reader, path))
    }
    for native in reader.of("compute:VirtualMachine"):
        replicas.setdefault(native.element, []).append(_observe_one(reader, native, images, backups))
    return {
        element: {
            "kind": "machine",
            "count": len(found),
            **{name: _least([one[name] for one in found]) for name in ("vcpus", "memory", "disk", "system_disk")},
            **{
                name: str(min((one[name] for one in found), key=lambda level: level.rank))
                for name in ("encryption", "system_encryption")
            },
            **{
                name: _same([one[name] for one in found])
                for name in ("gpu", "key", "system_key", "image", "image_version", "identity")
            },
            "spread": str(_spread(found)),
            "startup": None,
            "backup": weakest(one["backup"] for one in found),
            "public": any(one["public"] for one in found),
            "country": _joined(one["country"] for one in found),
            "region": _joined(one["region"] for one in found),
            "logins": sorted({login for one in found for login in one["logins"]}),
            "native": reader.paths(element),
        }
        for element, found in replicas.items()
    }


def _id(reader: Reader, path: str) -> str:
    found = reader.site.settings.existing_of(path)
    return found.id if found else ""


def _observe_one(reader: Reader, native: Native, images: Mapping[str, str], backups: Backups) -> dict[str, Any]:
    flavour = reader.site.flavour_named(str(got(native, "hardwareProfile.vmSize")))
    gpu = flavour.gpu if flavour else None
    system = _by_set(reader, got(native, "storageProfile.osDisk.managedDisk.diskEncryptionSet"))
    # A machine without a data disk has its system disk only, and what is asked of its disks is asked of that.
    disks = list(_data_disks(reader, native)) or [system]
    keys = {key for _, key in disks}
    location = native.properties.get("location")
    size = got(native, "storageProfile.osDisk.diskSizeGB")
    zones = listed(native.properties.get("zones"))
    return {
        "vcpus": flavour.vcpus if flavour else None,
        "memory": int(flavour.memory) if flavour else None,
        "gpu": {"count": gpu.count, "model": gpu.model, "memory": int(gpu.memory) if gpu.memory else None}
        if gpu
        else None,
        "disk": _data(reader, native),
        "backup": weakest(_copied(reader, native, backups)),
        "system_disk": int(size) * GIB if isinstance(size, int | float) else None,
        "image": _image(reader, native, images),
        # As it was asked: `latest` is whatever was newest when the machine was made.
        "image_version": got(native, "storageProfile.imageReference.version"),
        "encryption": min((level for level, _ in disks), key=lambda level: level.rank),
        "key": keys.pop() if len(keys) == 1 else None,
        "system_encryption": system[0],
        "system_key": system[1],
        "zone": str(zones[0]) if len(zones) == 1 else None,
        "set": reader.follow(native.properties.get("availabilitySet")),
        "public": any(_is_public(one) for one in interfaces(reader, native)),
        "identity": IDENTITY if "Assigned" in str(got(native, "identity.type", "None")) else None,
        "country": reader.country(location),
        "region": place(location),
        "logins": [_fingerprint(one) for one in listed(got(native, "osProfile.linuxConfiguration.ssh.publicKeys"))],
    }


def _joined(places: Iterable[str | None]) -> str | None:
    """All places, of which more than one is no place that anybody asked; None where one is not known."""
    found = set(places)
    return None if None in found else ", ".join(sorted(map(str, found)))


def _spread(replicas: Sequence[Mapping[str, Any]]) -> Spread:
    """What the replicas do not share: they lie in several zones, or apart in one availability set.

    In a set no two machines of different update domains are on one host, and there are so many domains as it says.
    """
    zones = {one["zone"] for one in replicas}
    if len(zones) > 1 and None not in zones:
        return Spread.zones
    together = replicas[0]["set"]
    if together is None or len(replicas) == 1 or any(one["set"] is not together for one in replicas):
        return Spread.none
    racks, hosts = (got(together, f"platform{kind}DomainCount", 1) for kind in ("Fault", "Update"))
    return Spread.hosts if int(racks) > 1 and int(hosts) >= len(replicas) else Spread.none


def interfaces(reader: Reader, machine: Native) -> list[Native]:
    """The network interfaces of a virtual machine."""
    given = listed(got(machine, "networkProfile.networkInterfaces"))
    return [found for found in (reader.follow(one) for one in given) if found]


def _data_disks(reader: Reader, native: Native) -> Iterator[tuple[Encryption, str | None]]:
    """For each data disk of a machine who holds its key, and which; every disk of Azure is encrypted with some key."""
    for attached in listed(got(native, "storageProfile.dataDisks")):
        managed = attached.get("managedDisk") or {}
        disk = reader.follow(managed)
        if disk is None:
            yield _by_set(reader, managed.get("diskEncryptionSet"))
        elif "CustomerKey" in str(got(disk, "encryption.type", "EncryptionAtRestWithPlatformKey")):
            yield _by_set(reader, got(disk, "encryption.diskEncryptionSetId"))
        else:
            yield Encryption.provider_key, None


def _copied(reader: Reader, native: Native, backups: Backups) -> Iterator[Given | None]:
    for attached in listed(got(native, "storageProfile.dataDisks")):
        yield backups.of_disk(reader.follow(attached.get("managedDisk") or {}))


def _by_set(reader: Reader, pointer: Value) -> tuple[Encryption, str | None]:
    used = reader.follow(pointer) if pointer else None
    if used is None or "CustomerKey" not in str(got(used, "encryptionType", "EncryptionAtRestWithCustomerKey")):
        return Encryption.provider_key, None
    key = reader.key_at(got(used, "activeKey.keyUrl"))
    return Encryption.customer_key, key_element(key)


def _data(reader: Reader, native: Native) -> int | None:
    """Size of the data disks together, in bytes; None of a machine without one."""
    sizes: list[int] = []
    for attached in listed(got(native, "storageProfile.dataDisks")):
        disk = reader.follow(attached.get("managedDisk") or {})
        size = got(disk, "diskSizeGB") if disk else attached.get("diskSizeGB")
        if isinstance(size, int | float):
            sizes.append(int(size) * GIB)
    return sum(sizes) or None


def _image(reader: Reader, native: Native, images: Mapping[str, str]) -> str | None:
    given: Mapping[str, Any] = got(native, "storageProfile.imageReference", {})
    if given.get("id"):
        return images.get(str(given["id"]).lower())
    for family, image in reader.site.offer.images.items():
        if all(str(given.get(one, "")).lower() == image.native[one].lower() for one in ("publisher", "offer", "sku")):
            return family
    return None


def _is_public(interface: Native) -> bool:
    return any(
        one.get(name)
        for one in listed(got(interface, "ipConfigurations"))
        for name in ("publicIPAddress", "loadBalancerInboundNatRules", "loadBalancerBackendAddressPools")
    )


def _fingerprint(key: Mapping[str, Any]) -> str:
    """As `ssh-keygen -l` shows a key, so that a reader can compare it."""
    parts = str(key.get("keyData", "")).split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (IndexError, ValueError):
        return "unreadable"
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def _least(values: Sequence[Any]) -> Any:
    return None if any(value is None for value in values) else min(values)


def _same(values: Sequence[Any]) -> Any:
    return values[0] if all(one == values[0] for one in values) else None
