"""Machines: a VM with a fixed address and its data disk; and reading them back.

The disk that a VM starts from comes with its image: the provider only tells it (`block_device_mappings` is computed). A
volume takes no key and no encryption by name. A data disk is attached by its own property, so that a new VM takes it over in place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.machines import sizes_of
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.numspot.naming import VM, VOLUME, make, zone
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.clouds.numspot.rules import group_path, lower_filter
from hdh_infra.clouds.startup import user_data
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, base64_text, ref
from hdh_infra.model.base import GIB, gib
from hdh_infra.model.elements import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Spread

IMAGE_FAMILY = "image/"
_MINUTES = {"create": "30m", "update": "30m", "delete": "30m"}
_VOLUME_TYPE = "gp2"


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element: its filter, and for each replica a VM and its data disk; of a closed space the data disks alone."""
    machine = context.expanded.machine(path)
    closed = context.expanded.is_closed(path)
    if not closed:
        yield from lower_filter(context, path)
    for index in range(machine.count):
        if not closed:
            yield _vm(context, path, machine, index)
        yield from _data_disk(context, path, machine, index, attached=not closed)


def _vm(context: Context, path: str, machine: Machine, index: int) -> Node:
    network = network_path(path) or ""
    properties: dict[str, Value] = {
        "imageId": image_id(context, path),
        "type": context.flavour(path).name,
        "subnetId": ref(f"{network}/subnet"),
        "privateIps": [str(context.addresses(path)[index])],
        "securityGroupIds": [ref(group_path(path))],
        "placement": {"availabilityZoneName": zone(context), "tenancy": "default"},
        # `terminate` would take the VM away when somebody shuts it down from within.
        "initiatedShutdownBehavior": "stop",
        "nestedVirtualization": False,
    }
    if data := user_data(context.expanded.platform.ssh_keys, machine.startup):
        properties["userData"] = base64_text(data)
    return make(
        context,
        f"{path}/vm/{index}",
        VM,
        properties,
        name=native_name(context, f"{path}/{index}"),
        fixed=True,
        # A newer image of the same family is no reason to make a machine anew.
        ignore=("imageId",),
        timeouts=_MINUTES,
    )


def image_id(context: Context, path: str) -> str:
    """Id of a machine's image: the one that the spec names for its family, else the catalogue's."""
    family = context.lock.images[str(context.site.target)][path]
    named = context.existing(f"{IMAGE_FAMILY}{family}")
    return named.id if named is not None else context.image(path).native[context.site.service_region("compute")]


def _data_disk(context: Context, path: str, machine: Machine, index: int, *, attached: bool) -> Iterable[Node]:
    if not machine.disk.size:
        return
    link = {"linkVm": {"vmId": ref(f"{path}/vm/{index}"), "deviceName": "/dev/xvdb"}} if attached else {}
    yield make(
        context,
        f"{path}/data-disk/{index}",
        VOLUME,
        {
            "availabilityZoneName": zone(context),
            "size": gib(int(machine.disk.size)),
            "type": _VOLUME_TYPE,
            # A smaller size is refused instead of making an empty disk in place of this one.
            "replaceVolumeOnDownsize": False,
            **link,
        },
        name=native_name(context, f"{path}/{index}/data"),
        protect=True,
        timeouts=_MINUTES,
    )


def observe_machines(
    reader: Reader, public: Mapping[str, bool], apart: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every machine element that has a VM.

    Args:
        reader: the native resources.
        public: by element, whether a public address leads to it.
        apart: native paths of VMs that are no machines: bastions and proxies.
    """
    known = reader.site.fact("machine.encryption").value
    level = str(known) if known is not None else None
    found = {}
    for element, machines in reader.elements(VM, "machine", apart).items():
        disks = [reader.volumes.get(one.path, []) for one in machines]
        data = [sum(int(one.properties.get("size") or 0) for one in some) * GIB for some in disks]
        flavours = [reader.flavours.get(str(one.properties.get("type"))) for one in machines]
        images = {reader.families.get(str(one.properties.get("imageId"))) for one in machines}
        for one in machines:
            _remark(reader, one)
        for volume in (one for some in disks for one in some):
            if volume.properties.get("replaceVolumeOnDownsize") is True:
                reader.remarks.add(
                    f"{volume.path}: a smaller size makes an empty disk in its place (replaceVolumeOnDownsize)"
                )
        found[element] = {
            "kind": "machine",
            "count": len(machines),
            **sizes_of(flavours),
            "disk": min(data) or None,
            "system_disk": _system_disk(machines),
            "image": images.pop() if len(images) == 1 else None,
            "encryption": level,
            "key": None,
            "system_encryption": level,
            "system_key": None,
            # Nothing of a VM says which host it stands on.
            "spread": str(Spread.none),
            "public": public.get(element, False),
            "identity": None,
            "startup": None,
            "backup": None,
            **reader.place([*machines, *(volume for some in disks for volume in some)]),
            "native": reader.paths(element),
        }
    return found


def _system_disk(machines: Iterable[Native]) -> int | None:
    """The smallest disk that one of them starts from, where the cloud told it; a plan says nothing of it."""
    sizes = []
    for machine in machines:
        devices = [one for one in listed(machine.properties.get("blockDeviceMappings")) if isinstance(one, Mapping)]
        root = machine.properties.get("rootDeviceName")
        sizes.append(
            next(
                (
                    int((one.get("bsu") or {}).get("volumeSize") or 0)
                    for one in devices
                    if one.get("deviceName") == root
                ),
                0,
            )
        )
    return min(sizes) * GIB if sizes and all(sizes) else None


def _remark(reader: Reader, machine: Native) -> None:
    properties = machine.properties
    if properties.get("initiatedShutdownBehavior") == "terminate":
        reader.remarks.add(f"{machine.path}: goes for good when it is shut down from within")
    if properties.get("isSourceDestChecked") is False:
        reader.remarks.add(f"{machine.path}: may send from other addresses than its own (isSourceDestChecked)")
    if properties.get("nestedVirtualization") is True:
        reader.remarks.add(f"{machine.path}: may run machines of its own inside (nestedVirtualization)")
