"""Machines: a port with a fixed address, an encrypted system disk of its own, a data disk, a server; and reading them back.

Disks are volumes and never the hypervisor's own, because only volumes have an encrypted type; the data disk
is attached by a resource of its own, so that a new server takes it over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.crossing import leaves
from hdh_infra.clouds.openstack.naming import (
    GET_FLAVOUR,
    GET_IMAGE,
    IMAGE,
    INSTANCE,
    PORT,
    PROVIDER,
    SERVER_GROUP,
    VOLUME,
    VOLUME_ATTACH,
    make,
    native_name,
)
from hdh_infra.clouds.openstack.network import interface_path
from hdh_infra.clouds.openstack.reading import Reader, listed, looked_up
from hdh_infra.clouds.openstack.rules import group_path, lower_filter
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, lookup, ref
from hdh_infra.model.base import GIB, gib
from hdh_infra.model.elements import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption


def volume_type(context: Context, machine: Machine) -> dict[str, Value]:
    """The encrypted type wherever any encryption is asked, however far it reaches (law 3); else the cloud's own."""
    native = context.site.offer.native
    asked = machine.disk.encryption is not Encryption.none
    kind = native["encrypted_volume_type" if asked else "default_volume_type"]
    return {"volumeType": kind} if kind else {}


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element: its filter, and for each replica a port, disks and a server."""
    machine = context.expanded.machines[path]
    yield from lower_filter(context, path)
    if machine.count > 1:
        yield make(
            context,
            f"{path}/spread",
            SERVER_GROUP,
            # Soft: a hard rule would leave replicas without a host where there are fewer hosts than replicas.
            {"name": native_name(context, path), "policies": "soft-anti-affinity"},
        )
    for index in range(machine.count):
        yield from _replica(context, path, machine, index)


def _replica(context: Context, path: str, machine: Machine, index: int) -> Iterator[Node]:
    network = network_path(path) or ""
    name = native_name(context, f"{path}/{index}")
    kind = volume_type(context, machine)
    yield make(
        context,
        f"{path}/port/{index}",
        PORT,
        {
            "name": name,
            "networkId": ref(f"{network}/network"),
            "adminStateUp": True,
            "portSecurityEnabled": True,
            "securityGroupIds": [ref(group_path(path))],
            "fixedIps": [
                {"subnetId": ref(f"{network}/subnet"), "ipAddress": str(context.addresses(path)[index])},
            ],
        },
        fixed=True,
    )
    yield make(
        context,
        f"{path}/system-disk/{index}",
        VOLUME,
        {
            "name": native_name(context, f"{path}/{index}/system"),
            "size": int(context.site.offer.native["system_disk_gib"]),
            **kind,
            "imageId": lookup(
                GET_IMAGE, {"name": context.image(path).native["name"], "mostRecent": True}, "id", PROVIDER
            ),
            "metadata": dict(context.tags),
        },
        # A newer image of the same name is no reason to make a machine anew.
        ignore=("imageId",),
        timeouts={"create": "30m"},
    )
    if machine.disk.size:
        yield make(
            context,
            f"{path}/data-disk/{index}",
            VOLUME,
            {
                "name": native_name(context, f"{path}/{index}/data"),
                "size": gib(int(machine.disk.size)),
                **kind,
                "enableOnlineResize": True,
                "metadata": dict(context.tags),
            },
            protect=True,
            timeouts={"create": "30m"},
        )
        yield make(
            context,
            f"{path}/data-disk-attachment/{index}",
            VOLUME_ATTACH,
            {"instanceId": ref(f"{path}/server/{index}"), "volumeId": ref(f"{path}/data-disk/{index}")},
            fixed=True,
        )
    yield _server(context, path, machine, index, name)


def _server(context: Context, path: str, machine: Machine, index: int, name: str) -> Node:
    network = network_path(path) or ""
    properties: dict[str, Value] = {
        "name": name,
        "flavorId": lookup(GET_FLAVOUR, {"name": context.flavour(path).name}, "id", PROVIDER),
        "networks": [{"port": ref(f"{path}/port/{index}")}],
        "blockDevices": [
            {
                "uuid": ref(f"{path}/system-disk/{index}"),
                "sourceType": "volume",
                "destinationType": "volume",
                "bootIndex": 0,
                "deleteOnTermination": False,
            }
        ],
        # What the first boot needs is then there without the metadata service.
        "configDrive": True,
        "metadata": dict(context.tags),
    }
    if machine.count > 1:
        properties["schedulerHints"] = [{"group": ref(f"{path}/spread")}]
    if keys := context.expanded.platform.ssh_keys:
        lines = "".join(f"\n  - {key}" for key in keys)
        properties["userData"] = f"#cloud-config\nssh_authorized_keys:{lines}\n"
    return make(
        context,
        f"{path}/server/{index}",
        INSTANCE,
        properties,
        after=(interface_path(network),) if leaves(context, network) else (f"{network}/subnet",),
        fixed=True,
        timeouts={"create": "30m", "delete": "30m"},
    )


def observe_machines(
    reader: Reader, public: Mapping[str, bool], identities: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Every machine element that has a server.

    Args:
        reader: the native resources.
        public: by element, whether a public address leads to it.
        identities: by element, by what it is known to other services.
    """
    attached: dict[str, list[Native]] = {}
    for attachment in reader.natives.of_type(VOLUME_ATTACH):
        server = reader.follow(attachment.properties.get("instanceId"), INSTANCE)
        volume = reader.follow(attachment.properties.get("volumeId"), VOLUME)
        if server is not None and volume is not None:
            attached.setdefault(server.path, []).append(volume)
    found = {}
    for element, servers in reader.elements(INSTANCE, "machine").items():
        each = [_disks(reader, server, attached.get(server.path, [])) for server in servers]
        flavours = [reader.site.flavour_named(_flavour(server)) for server in servers]
        levels = [level for disks in each for level in disks.levels]
        images = {disks.image for disks in each}
        place = reader.place([*servers, *(volume for disks in each for volume in disks.volumes)])
        found[element] = {
            "kind": "machine",
            "count": len(servers),
            "vcpus": min((one.vcpus for one in flavours if one), default=None) if all(flavours) else None,
            "memory": min((int(one.memory) for one in flavours if one), default=None) if all(flavours) else None,
            "disk": min(disks.data for disks in each) or None,
            "image": images.pop() if len(images) == 1 else None,
            "encryption": _weakest(levels),
            "key": None,
            "public": public.get(element, False),
            "identity": identities.get(element),
            **place,
            "native": reader.paths(element),
        }
    return found


def _weakest(levels: list[str | None]) -> str | None:
    known = [Encryption(one) for one in levels if one is not None]
    return str(min(known, key=lambda one: one.rank)) if known and len(known) == len(levels) else None


class _Disks:
    """The disks of one server: the level of each, the data beyond the system disk, the image of the system."""

    def __init__(self) -> None:
        self.levels: list[str | None] = []
        self.volumes: list[Native] = []
        self.data = 0
        self.image: str | None = None


def _disks(reader: Reader, server: Native, attached: list[Native]) -> _Disks:
    found = _Disks()
    properties = server.properties
    devices = listed(properties.get("blockDevices"))
    for device in devices:
        boots = device.get("bootIndex", -1) == 0
        volume = reader.follow(device.get("uuid"), VOLUME) if device.get("sourceType") == "volume" else None
        if volume is not None:
            _volume(reader, found, volume, boots=boots)
        elif device.get("destinationType") == "volume" and device.get("sourceType") != "volume":
            found.levels.append(level(reader.site, device.get("volumeType")))
            if boots:
                found.image = _image(reader, device.get("uuid"))
        else:
            # The hypervisor's own disk is encrypted by nobody that could be named; an unknown volume by nobody knows whom.
            found.levels.append(None if device.get("sourceType") == "volume" else str(Encryption.none))
    if not any(device.get("bootIndex", -1) == 0 for device in devices):
        found.levels.append(str(Encryption.none))
        found.image = _family(reader.site, properties.get("imageName")) or _image(reader, properties.get("imageId"))
    for volume in attached:
        _volume(reader, found, volume, boots=False)
    return found


def _volume(reader: Reader, found: _Disks, volume: Native, *, boots: bool) -> None:
    found.volumes.append(volume)
    found.levels.append(level(reader.site, volume.properties.get("volumeType")))
    if boots:
        found.image = _image(reader, volume.properties.get("imageId"))
    else:
        found.data += int(volume.properties.get("size") or 0) * GIB


def level(site: Site, kind: Any) -> str | None:
    """Who holds the key of a volume type, which Cinder does not show: by the catalogue, or declared; null is unknown."""
    native = site.offer.native
    name = kind or native["default_volume_type"]
    if name is None or native["volume_types"].get(name) is False:
        return str(Encryption.none)
    if name not in native["volume_types"]:
        return None
    known = native["volume_levels"].get(name) or site.fact("machine.encryption").value
    return str(known) if known is not None else None


def _flavour(server: Native) -> str:
    looked = looked_up(server.properties.get("flavorId"))
    return str(looked or server.properties.get("flavorName") or "")


def _image(reader: Reader, value: Value) -> str | None:
    image = reader.follow(value, IMAGE)
    name = image.properties.get("name") if image is not None else looked_up(value)
    return _family(reader.site, name)


def _family(site: Site, name: Any) -> str | None:
    return next((family for family, image in site.offer.images.items() if image.native["name"] == name), None)
