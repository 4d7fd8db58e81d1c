"""The entry for people: a bastion machine in a Net of its own, joined by a peering with the Net that people get into.

Its range is the lock's further one of the network. Nothing else is near it, and a peering leads to no third Net, so that even a bastion
that is taken over reaches the machines of its network alone, on the port that their groups open to its address. The only public address that
leads to a machine is its own. What it is told at its first start is in `clouds.hardening`, what people can do by it in `clouds.doors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.bastions import is_entered
from hdh_infra.clouds.crossing import has_machines
from hdh_infra.clouds.doors import UPDATES_PORT, Doors, level_of, observe_doors
from hdh_infra.clouds.filters import ANYWHERE, Network
from hdh_infra.clouds.hardening import SESSION_PORT, start_up
from hdh_infra.clouds.outscale.beside import lower_group, lower_net, lower_server, own_address
from hdh_infra.clouds.outscale.rules import METADATA, lower_rule
from hdh_infra.clouds.outscale.wires import BASTION, Wires
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import entry_range


def lower_bastion(context: Context, network: str) -> Iterator[Node]:
    """A network's bastion: where it stands, what it lets through, the machine, its address, and what lets it in."""
    if not is_entered(context.expanded, network):
        return
    base, addresses = f"{network}{BASTION}", context.service_range(entry_range(network))
    yield from lower_net(context, network, base, addresses, joined=has_machines(context, network))
    yield from lower_group(context, base, addresses, f"Filter of the bastion of {network}")
    yield from _rules(context, network, base, addresses)
    told = start_up(context.expanded.platform.ssh_keys, context.address_range(network))
    yield from lower_server(context, base, addresses, entry_range(network), told)


def _rules(context: Context, network: str, base: str, addresses: Network) -> Iterator[Node]:
    mine = base.rstrip("/")

    def rule(path: str, direction: str, peer: str, port: int = SESSION_PORT, *, of: str = mine) -> Node:
        return lower_rule(context, path, of, direction, "tcp", (port, port), {"cidrBlock": peer})

    yield rule(f"{base}updates", "egress", str(ANYWHERE), UPDATES_PORT)
    # A second rule that says the same is refused.
    for one in sorted(set(context.settings.entry_from)) or (str(ANYWHERE),):
        yield rule(f"{base}people/{one.replace('/', '-')}", "ingress", one)
    for machine in (path for path in context.expanded.machines if network_path(path) == network):
        path = f"{base}machine/{machine.rsplit('/', 1)[-1]}"
        for index, address in enumerate(context.addresses(machine)):
            yield rule(f"{path}/out/{index}", "egress", f"{address}/32")
        yield rule(f"{path}/in", "ingress", f"{own_address(addresses)}/32", of=machine)


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
