"""A network's proxy as native resources: filter, port, disk and server, and the two rules of each door.

Only it has a way outside; a machine has a way to its door and no other. Nobody signs in to it, and no rule lets
anybody: what is wrong with it is read in its console and mended by a new one.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.endpoint import endpoint_host
from hdh_infra.clouds.exit_program import Passing, items, start_up
from hdh_infra.clouds.exits import TELL, exit_path, outside_ports
from hdh_infra.clouds.filters import span_name
from hdh_infra.clouds.naming import bucket_name, native_name
from hdh_infra.clouds.openstack.exits import (
    doors_of,
    exit_address,
    exit_floor,
    exits_of,
)
from hdh_infra.clouds.openstack.lacks import has_routers
from hdh_infra.clouds.openstack.naming import GROUP, PORT, make
from hdh_infra.clouds.openstack.network import external_network, interface_path
from hdh_infra.clouds.openstack.rules import ANYWHERE, group_path, lower_rule, lower_service_rules
from hdh_infra.clouds.openstack.servers import port_node, server_node, start_disk
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import ref


def lower_exit(context: Context, network: str) -> Iterator[Node]:
    """A network's proxy, if it has one, with the doors of every machine that comes to it."""
    doors = doors_of(context, network)
    if not doors:
        return
    base = exit_path(network)
    mine = group_path(base)
    yield make(
        context,
        mine,
        GROUP,
        {
            "name": native_name(context, base),
            "description": f"Filter of the way out of {network}",
            "deleteDefaultRules": True,
        },
    )
    yield from lower_service_rules(context, base)
    for low, high in outside_ports(doors):
        peer = {"remoteIpPrefix": ANYWHERE}
        path = f"{base}/outside/tcp-{span_name((low, high))}"
        yield lower_rule(context, path, mine, "egress", protocol="tcp", ports=(low, high), peer=peer)
    for machine, door in doors.items():
        theirs, at = group_path(machine), f"{base}/door/{machine.replace('/', '.')}"
        ports = (door.port, door.port)
        to, source = {"remoteGroupId": ref(mine)}, {"remoteGroupId": ref(theirs)}
        yield lower_rule(context, f"{at}/out", theirs, "egress", protocol="tcp", ports=ports, peer=to)
        yield lower_rule(context, f"{at}/in", mine, "ingress", protocol="tcp", ports=ports, peer=source)
    yield from _server(context, network)


def _passing(context: Context, network: str) -> dict[int, Passing]:
    endpoint = endpoint_host(context.site)
    return {
        door.port: Passing(
            dict(door.hosts),
            {f"{bucket_name(context, store)}.{endpoint}": ports for store, ports in door.stores.items()},
        )
        for door in doors_of(context, network).values()
    }


def _server(context: Context, network: str) -> Iterator[Node]:
    base = exit_path(network)
    name = native_name(context, base)
    routed = has_routers(context.site)
    outer = () if routed else (f"{base}/outer-port",)
    for path in outer:
        # The outside hands it an address of its own; its filter lets nothing in that does not come by a door.
        yield make(
            context,
            path,
            PORT,
            {
                "name": native_name(context, f"{base}/outer"),
                "networkId": external_network(context),
                "adminStateUp": True,
                # Only a network's owner may say that filters apply; where they did not, no group could be named.
                "securityGroupIds": [ref(group_path(base))],
            },
        )
    yield port_node(
        context,
        f"{base}/port",
        name=name,
        within=f"{network}/",
        group=group_path(base),
        address=exit_address(context, network),
    )
    yield start_disk(
        context,
        f"{base}/system-disk",
        name=native_name(context, f"{base}/system"),
        gib=0,
        floor=exit_floor(context, network),
        image_of=base,
    )
    yield server_node(
        context,
        f"{base}/server",
        name=name,
        flavour_of=base,
        port=f"{base}/port",
        disk=f"{base}/system-disk",
        further_ports=outer,
        metadata=items(_passing(context, network)),
        user_data=start_up(),
        after=(interface_path(network) if routed else f"{network}/subnet",),
        # A newer program is no reason to make a machine anew: whoever wants it replaces the proxy.
        ignore=("userData",),
    )


def manual_exits(context: Context) -> Iterator[ManualStep]:
    """Telling machines of their proxies: start-up data of a machine are constant, and a space's proxy is no zone's to name."""
    for network, doors in exits_of(context.expanded, context.site).items():
        address, name = exit_address(context, network), native_name(context, exit_path(network))
        proxies = ", ".join(f"{machine} http://{address}:{door.port}" for machine, door in doors.items())
        trust = any(door.stores for door in doors.values())
        yield ManualStep(
            what=f"tell each machine its door at {exit_path(network)} (server {name}): {proxies}",
            who="the administrator of the machines",
            command=TELL + (_TRUST if trust else ""),
            proof="what is named passes, and anything else is answered 403 by hdh-exit",
        )


_TRUST = "; take the certificate that the server wrote into its console (openstack console log show), and name its file in AWS_CA_BUNDLE"


__all__ = ["lower_exit", "manual_exits"]
