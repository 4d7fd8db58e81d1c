"""Machines: a port with a fixed address, disks, a server, and what keeps replicas apart; and reading them back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.machines import sizes_of
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.crossing import leaves
from hdh_infra.clouds.openstack.disks import (
    attached_volumes,
    lower_attachment,
    lower_data_disk,
    observe_disks,
    weakest,
)
from hdh_infra.clouds.openstack.exits import proxy_of
from hdh_infra.clouds.openstack.names import lower_names
from hdh_infra.clouds.openstack.naming import INSTANCE, SERVER_GROUP, make
from hdh_infra.clouds.openstack.network import interface_path
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.rules import group_path, lower_filter
from hdh_infra.clouds.openstack.servers import port_node, server_node, start_disk
from hdh_infra.clouds.startup import user_data
from hdh_infra.clouds.values import listed, looked_up
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.model.base import gib
from hdh_infra.model.elements import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Spread

HARD = "anti-affinity"
SOFT = "soft-anti-affinity"


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element: its filter, and for each replica a port, disks and a server; of a closed space the data disks alone."""
    machine = context.expanded.machine(path)
    if context.expanded.is_closed(path):
        for index in range(machine.count):
            yield from lower_data_disk(context, path, index)
        return
    yield from lower_filter(context, path)
    if machine.count > 1:
        yield make(
            context,
            f"{path}/spread",
            SERVER_GROUP,
            # Soft where nothing is asked: a hard rule leaves replicas without a host where hosts are fewer than replicas.
            # Zones are taken where an offer has several, whatever is asked; else hosts are the highest that there is (law 3).
            {"name": native_name(context, path), "policies": SOFT if machine.spread is Spread.none else HARD},
        )
    for index in range(machine.count):
        yield _port(context, path, index)
        yield _system_disk(context, path, index)
        yield from lower_data_disk(context, path, index)
        yield from lower_attachment(context, path, index)
        yield _server(context, path, machine, index)
    yield from lower_names(context, path)


def _port(context: Context, path: str, index: int) -> Node:
    return port_node(
        context,
        f"{path}/port/{index}",
        name=native_name(context, f"{path}/{index}"),
        within=f"{network_path(path)}/",
        group=group_path(path),
        address=context.addresses(path)[index],
    )


def _server(context: Context, path: str, machine: Machine, index: int) -> Node:
    network = network_path(path) or ""
    return server_node(
        context,
        f"{path}/server/{index}",
        name=native_name(context, f"{path}/{index}"),
        flavour_of=path,
        port=f"{path}/port/{index}",
        disk=f"{path}/system-disk/{index}",
        # In place, and not in start-up data: a proxy that comes later makes no machine anew.
        metadata={"hdh-proxy": proxy} if (proxy := proxy_of(context, path)) else {},
        user_data=user_data(context.expanded.platform.ssh_keys, machine.startup),
        spread=f"{path}/spread" if machine.count > 1 else None,
        replica=index,
        holds_data=machine.disk.size is not None,
        after=(interface_path(network),) if leaves(context, network) else (f"{network}/subnet",),
    )


def _system_disk(context: Context, path: str, index: int) -> Node:
    """The disk that one replica starts from, at least as large as its image asks."""
    size = context.expanded.machine(path).system_disk.size
    return start_disk(
        context,
        f"{path}/system-disk/{index}",
        name=native_name(context, f"{path}/{index}/system"),
        gib=gib(int(size)) if size else 0,
        floor=context.expanded.system_encryption(path),
        image_of=path,
        replica=index,
    )


def observe_machines(
    reader: Reader, public: Mapping[str, bool], identities: Mapping[str, str], apart: Collection[str] = frozenset()
) -> dict[str, dict[str, Any]]:
    """Every machine element that has a server.

    Args:
        reader: the native resources.
        public: by element, whether a public address leads to it.
        identities: by element, by what it is known to other services.
        apart: native paths of servers that are no machines: bastions.
    """
    attached = attached_volumes(reader)
    found = {}
    for element, servers in reader.elements(INSTANCE, "machine", apart).items():
        each = [observe_disks(reader, server, attached.get(server.path, ())) for server in servers]
        flavours = [reader.flavours.get(_flavour(server)) for server in servers]
        system = weakest(level for disks in each for level in disks.system_levels)
        data = [level for disks in each for level in disks.data_levels]
        sizes = [disks.system for disks in each]
        for server in servers:
            if server.properties.get("forceDelete") is True:
                reader.remarks.add(f"{server.path}: is deleted at once, even where the cloud would keep it for a while")
            if any(one.get("deleteOnTermination") is True for one in listed(server.properties.get("blockDevices"))):
                reader.remarks.add(f"{server.path}: takes a disk with it when it is deleted")
        images = {disks.image for disks in each}
        found[element] = {
            "kind": "machine",
            "count": len(servers),
            **sizes_of(flavours),
            "disk": min(disks.data for disks in each) or None,
            "system_disk": min((size for size in sizes if size), default=None) if all(sizes) else None,
            "image": images.pop() if len(images) == 1 else None,
            "encryption": weakest(data) if data else system,
            "key": None,
            "system_encryption": system,
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
    """What the servers of an element do not share: by zones that they are put in, or by a hard rule of their one group."""
    zones = {str(server.properties.get("availabilityZone") or "") for server in servers}
    if len(zones) > 1 and "" not in zones:
        return Spread.zones
    hints = [[one.get("group") for one in listed(server.properties.get("schedulerHints"))] for server in servers]
    groups = [reader.follow(group, SERVER_GROUP) for some in hints for group in some if group]
    paths = {group.path for group in groups if group is not None}
    if len(servers) > 1 and len(groups) == len(servers) and len(paths) == 1 and groups[0] is not None:
        return Spread.hosts if HARD in listed(groups[0].properties.get("policies")) else Spread.none
    return Spread.none


def _flavour(server: Native) -> str:
    looked = looked_up(server.properties.get("flavorId"))
    return str(looked or server.properties.get("flavorName") or "")
