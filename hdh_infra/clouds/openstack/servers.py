"""A server with its port and the disk that it starts from: the same hardened form for machines, bastions and proxies.

Everything that bears on security or on what a deletion takes with it is stated here, once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.disks import image_id, volume_type
from hdh_infra.clouds.openstack.naming import GET_FLAVOUR, INSTANCE, PORT, PROVIDER, VOLUME, make
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, lookup, ref
from hdh_infra.model.scales import Encryption

_DISK_TIMEOUTS = {"create": "30m"}
_SERVER_TIMEOUTS = {"create": "30m", "delete": "30m"}


def port_node(
    context: Context, path: str, *, name: str, within: str, group: str, address: ipaddress.IPv4Address
) -> Node:
    """A port with one fixed address and one filter, which lets nothing pass that the filter does not.

    Args:
        context: what the lowering reads.
        path: of the port.
        name: its native name.
        within: what its network and subnet have their paths below, with the last slash.
        group: path of the filter.
        address: in the subnet.
    """
    return make(
        context,
        path,
        PORT,
        {
            "name": name,
            "networkId": ref(f"{within}network"),
            "adminStateUp": True,
            "portSecurityEnabled": True,
            "securityGroupIds": [ref(group)],
            "fixedIps": [{"subnetId": ref(f"{within}subnet"), "ipAddress": str(address)}],
        },
        fixed=True,
    )


def start_disk(context: Context, path: str, *, name: str, gib: int, floor: Encryption, image_of: str) -> Node:
    """The disk that a server starts from.

    Args:
        context: what the lowering reads.
        path: of the disk.
        name: its native name.
        gib: its size in GiB; at least what images ask.
        floor: how it is to be encrypted.
        image_of: the path by which the lock chose the image.
    """
    return make(
        context,
        path,
        VOLUME,
        {
            "name": name,
            "size": max(int(context.site.offer.native["system_disk_gib"]), gib),
            **volume_type(context, floor),
            "imageId": image_id(context, image_of),
            # Another type is another disk: no migration behind the plan's back.
            "volumeRetypePolicy": "never",
            "metadata": dict(context.tags),
        },
        # A newer image of the same name is no reason to make a machine anew.
        ignore=("imageId",),
        timeouts=_DISK_TIMEOUTS,
    )


def server_node(
    context: Context,
    path: str,
    *,
    name: str,
    flavour_of: str,
    port: str,
    disk: str,
    metadata: Mapping[str, Value],
    user_data: Value = None,
    spread: str | None = None,
    holds_data: bool = False,
    after: Iterable[str] = (),
    ignore: tuple[str, ...] = (),
) -> Node:
    """A server on one port, started from one disk that outlives it.

    Args:
        context: what the lowering reads.
        path: of the server.
        name: its native name.
        flavour_of: the path by which the lock chose the flavour.
        port: path of its port.
        disk: path of the disk that it starts from.
        metadata: beside the platform's tags.
        user_data: what its first start is told.
        spread: path of the server group that keeps replicas apart.
        holds_data: whether a data disk is attached to it.
        after: paths of what must be there first.
        ignore: properties whose later change is no reason for anything.
    """
    properties: dict[str, Value] = {
        "name": name,
        "flavorId": lookup(GET_FLAVOUR, {"name": context.flavour(flavour_of).name}, "id", PROVIDER),
        "networks": [{"port": ref(port)}],
        "blockDevices": [
            {
                "uuid": ref(disk),
                "sourceType": "volume",
                "destinationType": "volume",
                "bootIndex": 0,
                "deleteOnTermination": False,
            }
        ],
        # What the first boot needs is then there without the metadata service.
        "configDrive": True,
        # What is in memory reaches the data disk before the server goes; one without has nothing to lose.
        "stopBeforeDestroy": holds_data,
        # A cloud that keeps deleted servers for a while keeps ours too.
        "forceDelete": False,
        "metadata": {**context.tags, **metadata},
    }
    if spread is not None:
        properties["schedulerHints"] = [{"group": ref(spread)}]
    if user_data:
        properties["userData"] = user_data
    return make(context, path, INSTANCE, properties, after=after, fixed=True, ignore=ignore, timeouts=_SERVER_TIMEOUTS)
