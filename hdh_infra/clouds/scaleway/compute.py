"""Machines: a reserved address, disks, a server without a public address, its private interface; and reading them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.machines import sizes_of
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.scaleway.disks import disk_path, level, lower_data_disk, observe_disks, root_volume
from hdh_infra.clouds.scaleway.naming import IPAM_IP, PLACEMENT_GROUP, PRIVATE_NIC, SERVER, make, zones
from hdh_infra.clouds.scaleway.network import closed_group
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.startup import user_data
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.elements import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Spread

_APART, _HARD, _SOFT = "max_availability", "enforced", "optional"
_MINUTES = {"create": "30m", "delete": "30m"}


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element: for each replica an address, disks, a server and its interface; of a closed space the data disks alone."""
    machine = context.expanded.machine(path)
    where = _zones(context, machine)
    if context.expanded.is_closed(path):
        for index, zone in enumerate(where):
            yield from lower_data_disk(context, path, index, zone)
        return
    together = machine.count > 1 and len(set(where)) == 1
    if together:
        yield make(
            context,
            f"{path}/spread",
            PLACEMENT_GROUP,
            {
                "name": native_name(context, path),
                "policyType": _APART,
                # Where nothing is asked, replicas start on one host rather than not at all.
                "policyMode": _SOFT if machine.spread is Spread.none else _HARD,
            },
            zone=where[0],
        )
    for index, zone in enumerate(where):
        yield make(
            context,
            f"{path}/address/{index}",
            IPAM_IP,
            {
                "address": str(context.addresses(path)[index]),
                "isIpv6": False,
                "sources": [{"privateNetworkId": ref(f"{network_path(path)}/network")}],
            },
            fixed=True,
        )
        yield from lower_data_disk(context, path, index, zone)
        yield _server(context, path, machine, index, zone=zone, together=together)
        yield make(
            context,
            f"{path}/interface/{index}",
            PRIVATE_NIC,
            {
                "serverId": ref(f"{path}/server/{index}"),
                "privateNetworkId": ref(f"{network_path(path)}/network"),
                "ipamIpIds": [ref(f"{path}/address/{index}")],
            },
            zone=zone,
            fixed=True,
        )


def _zones(context: Context, machine: Machine) -> list[str]:
    """The zone of each replica: in turn where zones are asked, else one; machines with GPUs where these are."""
    if machine.gpu is not None:
        return [str(context.site.offer.native["gpu_zone"])] * machine.count
    known = zones(context)
    if machine.spread is Spread.zones:
        return [known[index % len(known)] for index in range(machine.count)]
    return [known[0]] * machine.count


def _server(context: Context, path: str, machine: Machine, index: int, *, zone: str, together: bool) -> Node:
    properties: dict[str, Value] = {
        "name": native_name(context, f"{path}/{index}"),
        "type": context.flavour(path).name,
        "image": str(context.image(path).native["name"]),
        "rootVolume": root_volume(context, path),
        # Neither a dynamic nor a flexible address: nothing outside leads to it.
        "enableDynamicIp": False,
        "securityGroupId": ref(closed_group(zone)),
        "bootType": "local",
        "protected": False,
        "replaceOnTypeChange": False,
        "state": "started",
    }
    if machine.disk.size:
        properties["additionalVolumeIds"] = [ref(disk_path(path, index))]
    if together:
        properties["placementGroupId"] = ref(f"{path}/spread")
    if data := user_data(context.expanded.platform.ssh_keys, machine.startup):
        properties["cloudInit"] = data
    return make(
        context,
        f"{path}/server/{index}",
        SERVER,
        properties,
        zone=zone,
        fixed=True,
        # A newer image of the same label is no reason to make a machine anew.
        ignore=("image",),
        timeouts=_MINUTES,
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
    encryption, found = level(reader), {}
    for element, servers in reader.elements(SERVER, "machine").items():
        each = [observe_disks(reader, server) for server in servers]
        flavours = [reader.flavours.get(str(server.properties.get("type"))) for server in servers]
        sizes = [disks.system for disks in each]
        images = {reader.families.get(str(server.properties.get("image"))) for server in servers}
        found[element] = {
            "kind": "machine",
            "count": len(servers),
            **sizes_of(flavours),
            "disk": min(disks.data for disks in each) or None,
            "system_disk": min((size for size in sizes if size), default=None) if all(sizes) else None,
            "image": images.pop() if len(images) == 1 else None,
            "encryption": encryption,
            "key": None,
            "system_encryption": encryption,
            "system_key": None,
            "spread": str(_spread(reader, servers)),
            "public": public.get(element, False),
            "identity": identities.get(element),
            "startup": None,
            "backup": None,
            **reader.place([*servers, *(volume for disks in each for volume in disks.volumes)]),
            "native": reader.paths(element),
        }
    return found


def _spread(reader: Reader, servers: list[Native]) -> Spread:
    """What the servers of an element do not share: zones that they are put in, or hosts by an enforced group."""
    where = {str(server.properties.get("zone") or "") for server in servers}
    if len(where) > 1 and "" not in where:
        return Spread.zones
    groups = [reader.follow(server.properties.get("placementGroupId"), PLACEMENT_GROUP) for server in servers]
    paths = {group.path for group in groups if group is not None}
    if len(servers) > 1 and all(groups) and len(paths) == 1 and groups[0] is not None:
        properties = groups[0].properties
        hard = properties.get("policyMode") == _HARD and properties.get("policyType") == _APART
        return Spread.hosts if hard else Spread.none
    return Spread.none
