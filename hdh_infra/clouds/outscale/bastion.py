"""The entry for people: a bastion machine in a Net of its own, joined by a peering with the Net that people get into.

Its range is the lock's further one of the network. Nothing else is near it, and a peering leads to no third Net, so that even a bastion
that is taken over reaches the machines of its network alone, on the port that their groups open to its address. The only public address that
leads to a machine is its own. What it is told at its first start is in `clouds.hardening`, what people can do by it in `clouds.doors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import has_machines
from hdh_infra.clouds.doors import UPDATES_PORT, Doors, level_of, observe_doors
from hdh_infra.clouds.filters import ANYWHERE, Network, ports_of
from hdh_infra.clouds.hardening import SESSION_PORT, start_up
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.outscale.compute import image_id, system_disk
from hdh_infra.clouds.outscale.naming import (
    ADDRESS,
    ADDRESS_ASSOCIATION,
    GROUP,
    INSTANCE,
    INTERNET_GATEWAY,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    VPC,
    make,
    subregion,
)
from hdh_infra.clouds.outscale.network import EVERYWHERE, LAN, network_node, table_path
from hdh_infra.clouds.outscale.rules import METADATA, OWN_NET, SERVICE_FLOWS, lower_rule
from hdh_infra.clouds.outscale.wires import BASTION, Wires
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import ref
from hdh_infra.model.expand import Expanded
from hdh_infra.model.machine import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import entry_range

_OWN = 4
"""Of a Subnet the first four addresses are OUTSCALE's own."""
_IMAGE = "debian-12"


def bastion_machines(expanded: Expanded, site: Site) -> Mapping[str, Machine]:
    """What is asked of each bastion, by the path of its range: the lock chooses flavour and image for it as for any machine."""
    image = _IMAGE if _IMAGE in site.offer.images else min(site.offer.images)
    asked = Machine.model_validate({"vcpus": 1, "memory": "1GiB", "image": image})
    return {entry_range(path): asked for path in expanded.networks if _is_entered(expanded, path)}


def _is_entered(expanded: Expanded, network: str) -> bool:
    return expanded.networks[network].entry is not None and not expanded.is_closed(network)


def lower_bastion(context: Context, network: str) -> Iterator[Node]:
    """A network's bastion: where it stands, what it lets through, the machine, its address, and what lets it in."""
    if not _is_entered(context.expanded, network):
        return
    base = f"{network}{BASTION}"
    yield from _wires(context, network, base)
    yield from _filter(context, network, base)
    yield _machine(context, network, base)
    yield make(context, f"{base}address", ADDRESS, {"domain": "vpc"}, outputs=("allocationId",))
    yield make(
        context,
        f"{base}address-link",
        ADDRESS_ASSOCIATION,
        {"allocationId": ref(f"{base}address", "allocationId"), "instanceId": ref(f"{base}server")},
        # A public address is refused where no internet service belongs to the Net yet.
        after=(f"{base}internet",),
        fixed=True,
    )


def _addresses(context: Context, network: str) -> Network:
    return context.service_range(entry_range(network))


def _wires(context: Context, network: str, base: str) -> Iterator[Node]:
    addresses = str(_addresses(context, network))
    net, table = f"{base}network", f"{base}routes"
    yield make(context, net, VPC, {"cidrBlock": addresses, "instanceTenancy": "default"}, tags=LAN)
    yield make(
        context,
        f"{base}subnet",
        SUBNET,
        {
            "vpcId": ref(net),
            "cidrBlock": addresses,
            "availabilityZone": subregion(context),
            "mapPublicIpOnLaunch": False,
        },
        fixed=True,
    )
    yield make(context, f"{base}internet", INTERNET_GATEWAY, {"vpcId": ref(net)}, fixed=True)
    yield make(context, table, ROUTE_TABLE, {"vpcId": ref(net)})
    ends = {"routeTableId": ref(table), "subnetId": ref(f"{base}subnet")}
    yield make(context, f"{base}routes-link", ROUTE_TABLE_ASSOCIATION, ends, fixed=True)
    out = {"routeTableId": ref(table), "destinationCidrBlock": EVERYWHERE, "gatewayId": ref(f"{base}internet")}
    yield make(context, f"{base}way-out", ROUTE, out, fixed=True)
    if not has_machines(context, network):
        return
    peering = f"{base}peering"
    yield make(context, peering, PEERING, {"vpcId": ref(net), "peerVpcId": ref(network_node(network))}, fixed=True)
    for word, source, to in (
        ("out", table, str(context.address_range(network))),
        ("back", table_path(network), addresses),
    ):
        way = {"routeTableId": ref(source), "destinationCidrBlock": to, "vpcPeeringConnectionId": ref(peering)}
        yield make(context, f"{peering}/{word}", ROUTE, way, fixed=True)


def _filter(context: Context, network: str, base: str) -> Iterator[Node]:
    mine, addresses = base.rstrip("/"), _addresses(context, network)
    yield make(
        context,
        f"{base}filter",
        GROUP,
        {
            "vpcId": ref(f"{base}network"),
            "groupName": native_name(context, mine),
            "description": f"Filter of the bastion of {network}",
        },
        fixed=True,
    )

    def rule(path: str, direction: str, peer: str, port: int = SESSION_PORT, *, of: str = mine) -> Node:
        return lower_rule(context, path, of, direction, "tcp", (port, port), {"cidrBlock": peer})

    for flow in SERVICE_FLOWS:
        peer = str(addresses) if flow.address == OWN_NET else flow.address
        path = f"{base}service/{flow.to.replace(' ', '-')}-{flow.protocol}"
        (span, *_) = ports_of(flow.ports)
        yield lower_rule(context, path, mine, "egress", flow.protocol, span, {"cidrBlock": peer})
    yield rule(f"{base}updates", "egress", str(ANYWHERE), UPDATES_PORT)
    # A second rule that says the same is refused.
    for one in sorted(set(context.settings.entry_from)) or (str(ANYWHERE),):
        yield rule(f"{base}people/{one.replace('/', '-')}", "ingress", one)
    for machine in (path for path in context.expanded.machines if network_path(path) == network):
        path = f"{base}machine/{machine.rsplit('/', 1)[-1]}"
        for index, address in enumerate(context.addresses(machine)):
            yield rule(f"{path}/out/{index}", "egress", f"{address}/32")
        yield rule(f"{path}/in", "ingress", f"{addresses[_OWN]}/32", of=machine)


def _machine(context: Context, network: str, base: str) -> Node:
    path = entry_range(network)
    return make(
        context,
        f"{base}server",
        INSTANCE,
        {
            "imageId": image_id(context, path),
            "instanceType": context.flavour(path).name,
            "subnetId": ref(f"{base}subnet"),
            "privateIpAddress": str(_addresses(context, network)[_OWN]),
            "securityGroupIds": [ref(f"{base}filter")],
            "placement": {"availabilityZone": subregion(context), "tenancy": "default"},
            "blockDeviceMappings": [system_disk(context, 0)],
            "sourceDestCheck": True,
            "disableApiTermination": False,
            "instanceInitiatedShutdownBehavior": "stop",
            "userData": start_up(context.expanded.platform.ssh_keys, context.address_range(network)),
        },
        after=(f"{base}routes-link", f"{base}way-out"),
        fixed=True,
        ignore=("imageId",),
        timeouts={"create": "30m", "delete": "30m"},
    )


def observe_bastions(wires: Wires, flows: Iterable[ObservedFlow]) -> Doors:
    """Where people get in, and what else a bastion opens.

    Args:
        wires: what packets pass.
        flows: between all machines and bastions.
    """
    remark = wires.reader.remarks.add

    def level(server: Native) -> str:
        data = server.properties.get("userData")
        return level_of("" if data is None and wires.reader.natives.source != "live" else data, server.path, remark)

    return observe_doors(wires, flows, level, beyond=METADATA, remark=remark)
