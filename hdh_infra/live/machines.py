"""Nova and Cinder in the words of pulumi-openstack: servers, attachments, server groups, volumes.

A server's interfaces are the ports that Neutron says are its own, whoever attached them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.openstack.naming import IMAGE, INSTANCE, SERVER_GROUP, VOLUME, VOLUME_ATTACH
from hdh_infra.compare.side import LOOKED_UP
from hdh_infra.graph.observation import Native
from hdh_infra.live.answers import Answers, Labels, Wire


def servers(labels: Labels, answers: Answers) -> Iterator[Native]:
    """Servers with their interfaces and disks, attachments, and server groups."""
    ports: dict[str, list[Wire]] = {}
    for port in answers.ports:
        ports.setdefault(port.get("device_id") or "", []).append(port)
    volumes = {one["id"]: one for one in answers.volumes}
    groups = {member: one["id"] for one in answers.server_groups for member in one.get("members") or []}
    for one in answers.servers:
        attached = [
            volumes.get(entry["id"], {"id": entry["id"]})
            for entry in one.get("os-extended-volumes:volumes_attached") or []
        ]
        disks = sorted(attached, key=lambda volume: (_device(volume, one["id"]), volume["id"]))
        image = one.get("image") or {}
        boot = next((disk for disk in disks if not image and str(disk.get("bootable")) == "true"), None)
        flavour = one.get("flavor") or {}
        yield labels.native(
            INSTANCE,
            one["id"],
            {
                "name": one.get("name"),
                "flavorId": flavour.get("id"),
                "flavorName": flavour.get("original_name"),
                "imageId": image.get("id"),
                "availabilityZone": one.get("OS-EXT-AZ:availability_zone"),
                "configDrive": bool(one.get("config_drive")),
                "keyPair": one.get("key_name"),
                "metadata": one.get("metadata"),
                "userData": _start_up(one, labels),
                "powerState": str(one.get("status", "")).lower(),
                "networks": [
                    _wire_of(port) for port in sorted(ports.get(one["id"], []), key=lambda port: str(port["id"]))
                ],
                "blockDevices": [_boot_device(boot)] if boot else [],
                # A server does not say its group: the group says its servers.
                **({"schedulerHints": [{"group": groups[one["id"]]}]} if one["id"] in groups else {}),
            },
        )
        for disk in disks:
            identity = f"{one['id']}/{disk['id']}"
            if disk is not boot or labels.knows(VOLUME_ATTACH, identity):
                yield labels.native(
                    VOLUME_ATTACH,
                    identity,
                    {"instanceId": one["id"], "volumeId": disk["id"], "device": _device(disk, one["id"])},
                )
    for one in answers.server_groups:
        policies = one.get("policies") or ([one["policy"]] if one.get("policy") else [])
        yield labels.native(SERVER_GROUP, one["id"], {"name": one.get("name"), "policies": policies})


def volumes(labels: Labels, answers: Answers) -> Iterator[Native]:
    """Volumes, and the names of the images that they were made of."""
    images: dict[str, str] = {}
    for one in answers.volumes:
        source = one.get("volume_image_metadata") or {}
        if source.get("image_id") and source.get("image_name"):
            images[source["image_id"]] = source["image_name"]
        yield labels.native(
            VOLUME,
            one["id"],
            {
                "name": one.get("name"),
                "size": one.get("size"),
                "volumeType": one.get("volume_type"),
                "imageId": source.get("image_id"),
                "snapshotId": one.get("snapshot_id"),
                "sourceVolId": one.get("source_volid"),
                "encrypted": one.get("encrypted"),
                "availabilityZone": one.get("availability_zone"),
                "metadata": one.get("metadata"),
                "attachments": [
                    {"instanceId": entry.get("server_id"), "device": entry.get("device")}
                    for entry in one.get("attachments") or []
                ],
            },
        )
    for identity, name in sorted(images.items()):
        yield Native(f"{LOOKED_UP}image/{identity}", IMAGE, {"name": name, "region": labels.region}, identity)


def _start_up(server: Wire, labels: Labels) -> str | None:
    """A server's start-up data: Nova shows them to administrators only, so that for others what the state holds of the same server stands in.

    They are given once, with the server. Whoever rebuilds it by hand with others is not seen without an administrator's eyes.
    """
    said = server.get("OS-EXT-SRV-ATTR:user_data")
    if said:
        return base64.b64decode(str(said)).decode("utf-8", errors="replace")
    held = labels.held(INSTANCE, str(server["id"]), "userData")
    return held if isinstance(held, str) else None


def _wire_of(port: Wire) -> dict[str, Any]:
    ips = [ip.get("ip_address") for ip in port.get("fixed_ips") or []]
    address = next((ip for ip in ips if ip and "." in ip), None)
    return {"port": port["id"], "uuid": port.get("network_id"), "fixedIpV4": address}


def _boot_device(volume: Wire) -> dict[str, Any]:
    return {
        "uuid": volume["id"],
        "sourceType": "volume",
        "destinationType": "volume",
        "bootIndex": 0,
        "volumeType": volume.get("volume_type"),
    }


def _device(volume: Wire, server: str) -> str:
    """The device that a volume is on a server; volumes without one come last."""
    return next(
        (
            str(entry["device"])
            for entry in volume.get("attachments") or []
            if entry.get("server_id") == server and entry.get("device")
        ),
        "~",
    )
