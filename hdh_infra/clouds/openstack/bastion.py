"""The entry for people: a bastion machine in a network of its own, and how it is read back.

Its range is the lock's further one of the network. The only public address of a plan leads to it; its filter lets people in by SSH, on
to the machines of its network by SSH, and out for its own updates; every machine of the network lets its group in. What it is told
at its first start is in `clouds.hardening`, what people can do by it in `clouds.doors`. How packets fare is read in `traffic`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.doors import UPDATES_PORT, Doors, level_of, observe_doors
from hdh_infra.clouds.filters import ANYWHERE, Network
from hdh_infra.clouds.hardening import SESSION_PORT, start_up
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.crossing import has_bastion
from hdh_infra.clouds.openstack.disks import observe_disks, weakest
from hdh_infra.clouds.openstack.naming import BASTION, FLOATING_IP, GROUP, NETWORK, ROUTER_INTERFACE, SUBNET, make
from hdh_infra.clouds.openstack.network import ROUTER_PATH, external_network
from hdh_infra.clouds.openstack.rules import METADATA, OWN_SUBNET, SERVICE_FLOWS, group_path, lower_rule
from hdh_infra.clouds.openstack.servers import port_node, server_node, start_disk
from hdh_infra.clouds.openstack.wires import Wires
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption
from hdh_infra.model.services import entry_range

_GATEWAY, _OWN = 1, 4


def lower_bastion(context: Context, network: str) -> Iterator[Node]:
    """A network's bastion: where it stands, what it lets through, the machine, its address, and what lets it in."""
    if not has_bastion(context, network):
        return
    base = f"{network}{BASTION}"
    yield from _wires(context, network, base)
    yield from _filter(context, network, base)
    yield port_node(
        context,
        f"{base}port",
        name=native_name(context, f"{network}/bastion"),
        within=base,
        group=f"{base}filter",
        address=_addresses(context, network)[_OWN],
    )
    yield from _machine(context, network, base)
    yield make(
        context,
        f"{base}address",
        FLOATING_IP,
        {
            "description": f"Entry of {network}",
            "pool": external_network(context, "name"),
            "portId": ref(f"{base}port"),
        },
        # Neutron gives an address to a port only where a router leads from its subnet to the outside.
        after=(f"{base}route",),
    )


def _addresses(context: Context, network: str) -> Network:
    return context.service_range(entry_range(network))


def _wires(context: Context, network: str, base: str) -> Iterator[Node]:
    """A network of its own, so that nothing but its filter's openings is near it."""
    addresses = _addresses(context, network)
    name = native_name(context, f"{network}/bastion")
    yield make(context, f"{base}network", NETWORK, {"name": name, "adminStateUp": True, "portSecurityEnabled": True})
    yield make(
        context,
        f"{base}subnet",
        SUBNET,
        {
            "name": name,
            "networkId": ref(f"{base}network"),
            "cidr": str(addresses),
            "ipVersion": 4,
            "gatewayIp": str(addresses[_GATEWAY]),
            "enableDhcp": True,
            "allocationPools": [
                {
                    "start": str(addresses[addresses.num_addresses // 2]),
                    "end": str(ipaddress.IPv4Address(int(addresses.broadcast_address) - 1)),
                }
            ],
        },
        fixed=True,
    )
    yield make(
        context,
        f"{base}route",
        ROUTER_INTERFACE,
        {"routerId": ref(ROUTER_PATH), "subnetId": ref(f"{base}subnet")},
        fixed=True,
    )


def _filter(context: Context, network: str, base: str) -> Iterator[Node]:
    group = f"{base}filter"
    yield make(
        context,
        group,
        GROUP,
        {
            "name": native_name(context, f"{network}/bastion"),
            "description": f"Filter of the bastion of {network}",
            "deleteDefaultRules": True,
        },
    )

    def rule(path: str, direction: str, protocol: str, port: int, peer: Mapping[str, Value], of: str = group) -> Node:
        return lower_rule(context, path, of, direction, protocol=protocol, ports=(port, port), peer=peer)

    subnet = {"remoteIpPrefix": str(_addresses(context, network))}
    for flow in SERVICE_FLOWS:
        # It starts from its configuration drive and needs no metadata service.
        if flow.address == OWN_SUBNET:
            path = f"{base}service/{flow.to.replace(' ', '-')}-{flow.protocol}"
            yield rule(path, "egress", flow.protocol, int(flow.ports[0]), subnet)
    yield rule(f"{base}updates", "egress", "tcp", UPDATES_PORT, {"remoteIpPrefix": str(ANYWHERE)})
    # Neutron refuses a second rule that says the same.
    for one in sorted(set(context.settings.entry_from)) or (str(ANYWHERE),):
        path = f"{base}people/{one.replace('/', '-')}"
        yield rule(path, "ingress", "tcp", SESSION_PORT, {"remoteIpPrefix": one})
    for machine in (path for path in context.expanded.machines if network_path(path) == network):
        theirs = group_path(machine)
        path = f"{base}machine/{machine.rsplit('/', 1)[-1]}"
        yield rule(f"{path}/out", "egress", "tcp", SESSION_PORT, {"remoteGroupId": ref(theirs)})
        yield rule(f"{path}/in", "ingress", "tcp", SESSION_PORT, {"remoteGroupId": ref(group)}, theirs)


def _machine(context: Context, network: str, base: str) -> Iterator[Node]:
    path, name = entry_range(network), native_name(context, f"{network}/bastion")
    # Its log and its host key lie on the disk.
    yield start_disk(context, f"{base}system-disk", name=name, gib=0, floor=Encryption.provider_key, image_of=path)
    yield server_node(
        context,
        f"{base}server",
        name=name,
        flavour_of=path,
        port=f"{base}port",
        disk=f"{base}system-disk",
        metadata={},
        user_data=start_up(context.expanded.platform.ssh_keys, context.address_range(network)),
        after=(f"{base}route",),
    )


def observe_bastions(wires: Wires, flows: Iterable[ObservedFlow]) -> Doors:
    """Where people get in, and what else a bastion opens.

    Args:
        wires: what packets pass.
        flows: between all machines and bastions.
    """
    return observe_doors(
        wires, flows, lambda server: _level(wires, server), beyond=METADATA, remark=wires.reader.remarks.add
    )


def _level(wires: Wires, server: Native) -> str:
    """The word for one bastion, by what it was told at its first start."""
    remarks = wires.reader.remarks
    disks = observe_disks(wires.reader, server, ())
    if weakest(disks.system_levels) == str(Encryption.none):
        remarks.add(f"{server.path}: its disk is not encrypted, and its log and its host key lie there")
    data = server.properties.get("userData")
    if data is None and wires.reader.natives.source != "live":
        data = ""
    return level_of(data, server.path, remarks.add)
