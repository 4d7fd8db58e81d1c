"""Reading machines back: the weakest of the replicas of each, in each attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hdh_infra.clouds.s3ns.naming import ATTACHED_DISK, DISK, INSTANCE
from hdh_infra.clouds.s3ns.reading import Reader, element_kind, got, is_beside, last, listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.attributes import IDENTITY
from hdh_infra.model.base import GIB
from hdh_infra.model.scales import Encryption, Spread

_IMAGE = "image/"


def observe_machines(reader: Reader, public: Mapping[str, bool]) -> dict[str, dict[str, Any]]:
    """Every machine element: the weakest of its replicas in each attribute.

    Args:
        reader: the native resources.
        public: by native path of an instance, whether it has a public address.
    """
    replicas: dict[str, list[Native]] = {}
    for native in reader.natives.of_type(INSTANCE):
        if element_kind(native) == "machine":
            replicas.setdefault(native.element, []).append(native)
        elif not is_beside(native):
            reader.remarks.add(f"{native.path} ({INSTANCE}) belongs to no machine")
    attached = _attached(reader)
    named = {
        one.id.lower(): path.removeprefix(_IMAGE)
        for path in reader.site.settings.existing
        if path.startswith(_IMAGE) and (one := reader.site.settings.existing_of(path)) is not None
    }
    return {
        element: _element(reader, element, servers, attached, named, public) for element, servers in replicas.items()
    }


def _element(
    reader: Reader,
    element: str,
    servers: Sequence[Native],
    attached: Mapping[str, list[Native]],
    named: Mapping[str, str],
    public: Mapping[str, bool],
) -> dict[str, Any]:
    found = [_one(reader, one, attached.get(one.path, ()), named) for one in servers]
    zones = {one["zone"] for one in found}
    return {
        "kind": "machine",
        "count": len(found),
        **{name: _least([one[name] for one in found]) for name in ("vcpus", "memory", "disk", "system_disk")},
        **{
            name: str(min((one[name] for one in found), key=lambda level: level.rank))
            for name in ("encryption", "system_encryption")
        },
        **{name: _same([one[name] for one in found]) for name in ("gpu", "key", "system_key", "image", "identity")},
        "spread": str(Spread.zones if len(zones) > 1 else Spread.none),
        "startup": None,
        "backup": None,
        "public": any(public.get(one.path, False) for one in servers),
        **reader.place([*servers, *(disk for one in found for disk in one["volumes"])], "zone"),
        "native": reader.paths(element),
    }


def _one(reader: Reader, server: Native, attached: Sequence[Native], named: Mapping[str, str]) -> dict[str, Any]:
    flavour = reader.site.flavour_named(last(server.properties.get("machineType")))
    gpu = flavour.gpu if flavour else None
    system = _by_key(reader, got(server, "bootDisk.kmsKeySelfLink"))
    volumes = [*_disks(reader, server), *attached]
    # A machine without a data disk has its system disk only, and what is asked of its disks is asked of that.
    levels = [_by_key(reader, got(one, "diskEncryptionKey.kmsKeySelfLink")) for one in volumes] or [system]
    keys = {key for _, key in levels}
    size = got(server, "bootDisk.initializeParams.size")
    account = server.properties.get("serviceAccount") or {}
    return {
        "vcpus": flavour.vcpus if flavour else None,
        "memory": int(flavour.memory) if flavour else None,
        "gpu": {"count": gpu.count, "model": gpu.model, "memory": int(gpu.memory) if gpu.memory else None}
        if gpu
        else None,
        "disk": sum(int(got(one, "size", 0)) * GIB for one in volumes) or None,
        "system_disk": int(size) * GIB if size else None,
        "image": _image(reader, got(server, "bootDisk.initializeParams.image"), named),
        "encryption": min((level for level, _ in levels), key=lambda level: level.rank),
        "key": keys.pop() if len(keys) == 1 else None,
        "system_encryption": system[0],
        "system_key": system[1],
        "volumes": volumes,
        "zone": last(server.properties.get("zone")),
        # An account without a scope gives no token, nor does one that is switched off.
        "identity": IDENTITY if _gives_tokens(reader, account) else None,
    }


def _gives_tokens(reader: Reader, given: Mapping[str, Any]) -> bool:
    account = reader.account(given.get("email")) if given.get("email") else None
    off = account is not None and account.properties.get("disabled") is True
    return bool(given.get("email")) and bool(listed(given.get("scopes"))) and not off


def _disks(reader: Reader, server: Native) -> Iterator[Native]:
    for one in listed(server.properties.get("attachedDisks")):
        disk = reader.follow(one.get("source"))
        if disk is not None and disk.type == DISK:
            yield disk
        else:
            reader.remarks.add(f"{server.path}: has a disk that is not the platform's")
    if listed(server.properties.get("scratchDisks")):
        reader.remarks.add(f"{server.path}: has a disk of its host's own, under Google's own key")


def _attached(reader: Reader) -> dict[str, list[Native]]:
    """Disks that are attached by resources of their own, by the path of the instance."""
    found: dict[str, list[Native]] = {}
    for one in reader.natives.of_type(ATTACHED_DISK):
        disk, server = reader.follow(one.properties.get("disk")), reader.follow(one.properties.get("instance"))
        if disk is not None and server is not None:
            found.setdefault(server.path, []).append(disk)
    return found


def _by_key(reader: Reader, value: Value) -> tuple[Encryption, str | None]:
    """Who holds the key of a disk, and which it is; Google encrypts every disk with a key of its own where none is named."""
    if not value:
        return Encryption.provider_key, None
    key = reader.key(value)
    return Encryption.customer_key, key.element if key is not None and element_kind(key) == "key" else None


def _image(reader: Reader, value: Value, named: Mapping[str, str]) -> str | None:
    """The family of an image, as it was asked for by its family, or as the one that the family was at the time."""
    text = str(value or "").lower()
    if (own := named.get(text)) is not None:
        return own
    for family, image in reader.site.offer.images.items():
        project, name = image.native["project"].lower(), last(text)
        if f"projects/{project}/" in text and (
            name == image.native["family"] or ("/family/" not in text and name.startswith(image.native["prefix"]))
        ):
            return family
    return None


def _least(values: Sequence[Any]) -> Any:
    return None if any(value is None for value in values) else min(values)


def _same(values: Sequence[Any]) -> Any:
    return values[0] if all(one == values[0] for one in values) else None
