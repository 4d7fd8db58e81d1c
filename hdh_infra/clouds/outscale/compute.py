"""Machines: for each replica a VM with a fixed address and its system disk, and a data disk that outlives it; and reading them back.

A VM type says what it is: `tinav7.c4r16p2` has 4 vCores and 16 GiB. Volumes take no key, and no property says whether
what is under them is encrypted (OUTSCALE API 1.42.0 has no such word, read 2026-11-25): it is observed as null. VMs with the same word in
`repulse_server_strict` run on different hosts; the word stands in a section of the user data that OUTSCALE itself reads
and takes out (docs.outscale.com/en/userguide/Configuring-a-VM-with-User-Data-and-OUTSCALE-Tags.html and
Recommendations-for-Ensuring-Resilient-Environments-on-the-OUTSCALE-IaaS.html; outscale/cluster-api-provider-outscale
cloud/utils puts it before the data for cloud-init; read 2026-11-25).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.outscale.naming import GET_IMAGE, INSTANCE, PROVIDER, VOLUME, VOLUME_ATTACHMENT, make, subregion
from hdh_infra.clouds.outscale.network import subnet_path
from hdh_infra.clouds.outscale.reading import Reader, tags_of
from hdh_infra.clouds.outscale.rules import group_path, lower_filter
from hdh_infra.clouds.startup import user_data
from hdh_infra.clouds.values import listed, looked_up
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, lookup, ref
from hdh_infra.model.base import GIB, gib
from hdh_infra.model.elements import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Spread

IMAGE_FAMILY = "image/"
"""Where the name of an image that is named instead of looked up begins, in the settings of a target."""
ROOT, DATA = "/dev/sda1", "/dev/xvdb"
SOFT, STRICT = "osc.fcu.repulse_server", "osc.fcu.repulse_server_strict"
_BEGIN, _END = "-----BEGIN OUTSCALE SECTION-----", "-----END OUTSCALE SECTION-----"
_SECTION = re.compile(f"{_BEGIN}(.*?){_END}", re.DOTALL)
_HIDDEN = "filter_private_section=true"
"""The section is taken out of what the machine itself reads, so that cloud-init finds only its own."""
_TYPE = re.compile(r"tinav\d+\.c(\d+)r(\d+)(?:p[123])?")
_KIND = "gp2"
_MINUTES = {"create": "15m", "delete": "15m"}


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element: its filter, and for each replica a VM and its data disk; of a closed space the data disks alone."""
    machine = context.expanded.machine(path)
    closed = context.expanded.is_closed(path)
    if not closed:
        yield from lower_filter(context, path)
    for index in range(machine.count):
        yield from _data_disk(context, path, machine, index)
        if closed:
            continue
        yield _instance(context, path, machine, index)
        if machine.disk.size:
            yield make(
                context,
                f"{path}/data-disk-attachment/{index}",
                VOLUME_ATTACHMENT,
                {
                    "volumeId": ref(f"{path}/data-disk/{index}"),
                    "instanceId": ref(f"{path}/instance/{index}"),
                    "device": DATA,
                },
                fixed=True,
            )


def _data_disk(context: Context, path: str, machine: Machine, index: int) -> Iterator[Node]:
    """The data disk of one replica, if the machine has any; it stays when the machine goes."""
    if machine.disk.size:
        yield make(
            context,
            f"{path}/data-disk/{index}",
            VOLUME,
            {"availabilityZone": subregion(context), "size": gib(int(machine.disk.size)), "volumeType": _KIND},
            protect=True,
            timeouts=_MINUTES,
        )


def image_id(context: Context, path: str) -> Value:
    """Id of a machine's image: the one that the spec names for its family, else the newest of OUTSCALE's own by its name."""
    family = context.lock.images[str(context.site.target)][path]
    named = context.existing(f"{IMAGE_FAMILY}{family}")
    if named is not None:
        return named.id
    native = context.image(path).native
    return lookup(
        GET_IMAGE, {"name": native["name"], "owner": native["owner"], "mostRecent": True}, "imageId", PROVIDER
    )


def system_disk(context: Context, size: int) -> Mapping[str, Value]:
    """What a VM starts from: as large as is asked, and at least as large as the images are."""
    return {
        "deviceName": ROOT,
        "ebs": {
            "volumeSize": max(int(context.site.offer.native["system_disk_gib"]), gib(size)),
            "volumeType": _KIND,
            # It holds the system alone; what must not be lost is on the data disk.
            "deleteOnTermination": True,
        },
    }


def _instance(context: Context, path: str, machine: Machine, index: int) -> Node:
    network = network_path(path) or ""
    properties: dict[str, Value] = {
        "imageId": image_id(context, path),
        "instanceType": context.flavour(path).name,
        "subnetId": ref(subnet_path(network)),
        "privateIpAddress": str(context.addresses(path)[index]),
        "securityGroupIds": [ref(group_path(path))],
        "placement": {"availabilityZone": subregion(context), "tenancy": "default"},
        "blockDeviceMappings": [system_disk(context, int(machine.system_disk.size or 0))],
        # A machine sends from its own address only.
        "sourceDestCheck": True,
        "disableApiTermination": False,
        "instanceInitiatedShutdownBehavior": "stop",
    }
    if data := startup_data(context, path, machine):
        properties["userData"] = data
    return make(
        context,
        f"{path}/instance/{index}",
        INSTANCE,
        properties,
        after=(f"{network}/routes-link",),
        fixed=True,
        # A newer image of the same name is no reason to make a machine anew.
        ignore=("imageId",),
        timeouts={"create": "30m", "delete": "30m"},
    )


def startup_data(context: Context, path: str, machine: Machine) -> str | None:
    """User data: what OUTSCALE reads of it for where replicas run, and what cloud-init reads."""
    own = user_data(context.expanded.platform.ssh_keys, machine.startup)
    if machine.count == 1:
        return own
    # Softly where nothing is asked: a hard rule leaves replicas without a host where hosts are fewer than replicas.
    word = SOFT if machine.spread is Spread.none else STRICT
    lines = (_BEGIN, _HIDDEN, f"tags.{word}={native_name(context, path)}", _END)
    return "\n".join((*lines, own or ""))


def section_of(instance: Native) -> dict[str, str]:
    """What OUTSCALE reads of a VM: tags, and those of the section in its user data."""
    found = {str(key): str(value) for key, value in tags_of(instance).items() if str(key).startswith("osc.")}
    data = instance.properties.get("userData")
    for section in _SECTION.findall(data) if isinstance(data, str) else ():
        for line in section.splitlines():
            key, equals, value = line.strip().partition("=")
            if equals:
                found[key.removeprefix("tags.")] = value
    return found


def observe_machines(
    reader: Reader, public: Mapping[str, bool], identities: Mapping[str, str], apart: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every machine element that has a VM.

    Args:
        reader: the native resources.
        public: by element, whether a public address leads to it.
        identities: by element, by what it is known to object storage.
        apart: native paths of VMs that are no machines: bastions.
    """
    attached: dict[str, list[Native]] = {}
    for attachment in reader.natives.of_type(VOLUME_ATTACHMENT):
        volume = reader.follow(attachment.properties.get("volumeId"), VOLUME)
        instance = reader.follow(attachment.properties.get("instanceId"), INSTANCE)
        if volume is not None and instance is not None:
            attached.setdefault(instance.path, []).append(volume)
    found = {}
    for element, instances in reader.elements(INSTANCE, "machine", apart).items():
        sizes = [_size(instance) for instance in instances]
        known = [size for size in sizes if size is not None] if None not in sizes else []
        disks = [_disks(reader, instance, attached.get(instance.path, ())) for instance in instances]
        images = {_family(reader, instance) for instance in instances}
        system = [one for one, _ in disks]
        found[element] = {
            "kind": "machine",
            "count": len(instances),
            "vcpus": min((vcpus for vcpus, _ in known), default=None),
            "memory": min((memory for _, memory in known), default=None),
            "gpu": None,
            "disk": min(data for _, data in disks) or None,
            "system_disk": min(system) if all(system) else None,
            "image": images.pop() if len(images) == 1 else None,
            "encryption": None,
            "key": None,
            "system_encryption": None,
            "system_key": None,
            "spread": str(_spread(instances)),
            "public": public.get(element, False),
            "identity": identities.get(element),
            "startup": None,
            "backup": None,
            **reader.place([*instances, *(volume for one in instances for volume in attached.get(one.path, ()))]),
            "native": reader.paths(element),
        }
    return found


def _size(instance: Native) -> tuple[int, int] | None:
    """Processors and bytes of memory, as the name of the type says."""
    match = _TYPE.fullmatch(str(instance.properties.get("instanceType") or ""))
    return (int(match[1]), int(match[2]) * GIB) if match else None


def _disks(reader: Reader, instance: Native, attached: Iterable[Native]) -> tuple[int, int]:
    """Bytes of the disk that a VM starts from, and of all others."""
    system = data = 0
    own = {volume.id for volume in attached if volume.id}
    for mapping in listed(instance.properties.get("blockDeviceMappings")):
        ebs = mapping.get("ebs") or {}
        size = int(ebs.get("volumeSize") or 0) * GIB
        if mapping.get("deviceName") == ROOT:
            system = size
        elif ebs.get("volumeId") not in own or not own:
            data += size
            if ebs.get("deleteOnTermination") is not False:
                reader.remarks.add(f"{instance.path}: takes a data disk with it when it is deleted")
    data += sum(int(volume.properties.get("size") or 0) * GIB for volume in attached)
    if instance.properties.get("instanceInitiatedShutdownBehavior") == "terminate":
        reader.remarks.add(f"{instance.path}: is deleted when it is shut down from within")
    if instance.properties.get("sourceDestCheck") is False:
        reader.remarks.add(f"{instance.path}: may send from other addresses than its own (sourceDestCheck)")
    return system, data


def _family(reader: Reader, instance: Native) -> str | None:
    value = instance.properties.get("imageId")
    name = looked_up(value) or instance.properties.get("imageName")
    for pattern, family in reader.families.items():
        # A plan looks for the pattern; what is deployed is called by one name that it means.
        if name is not None and (name == pattern or fnmatch.fnmatchcase(str(name), pattern)):
            return family
    return reader.named_images.get(value) if isinstance(value, str) else None


def _spread(instances: list[Native]) -> Spread:
    """What the VMs of an element do not share: subregions that they are put in, or hosts by a hard word that they all have."""
    zones = {str((one.properties.get("placement") or {}).get("availabilityZone") or "") for one in instances}
    if len(zones) > 1 and "" not in zones:
        return Spread.zones
    words = {section_of(one).get(STRICT) for one in instances}
    return Spread.hosts if len(instances) > 1 and len(words) == 1 and None not in words else Spread.none
