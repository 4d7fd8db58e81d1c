"""The entry for people: a bastion machine in a subnet beside the network that people get into.

Its range is the lock's further one of the network. The only public address of a plan that leads to a machine is its own; its group lets
people in by SSH, on to the machines of its network by SSH, and out for its own updates; every machine of the network lets its
address in. What it is told at its first start is in `clouds.hardening`, what people can do by it in `clouds.doors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.bastions import is_entered
from hdh_infra.clouds.doors import UPDATES_PORT, Doors, level_of, observe_doors
from hdh_infra.clouds.filters import ANYWHERE
from hdh_infra.clouds.hardening import SESSION_PORT, start_up
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.numspot.beside import has_place, lower_place, lower_server, own_address
from hdh_infra.clouds.numspot.naming import PUBLIC_IP, make
from hdh_infra.clouds.numspot.reading import BASTION, told_text
from hdh_infra.clouds.numspot.rules import IN, METADATA, OUT, lower_rule
from hdh_infra.clouds.numspot.wires import Wires
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import entry_range


def lower_bastion(context: Context, network: str) -> Iterator[Node]:
    """A network's bastion: where it stands, what it lets through, the machine, its address, and what lets it in."""
    if not (is_entered(context.expanded, network) and has_place(context, network, entry_range(network))):
        return
    base, addresses = f"{network}{BASTION}", context.service_range(entry_range(network))
    yield from lower_place(context, base, addresses, public=True)
    session, updates = (SESSION_PORT, SESSION_PORT), (UPDATES_PORT, UPDATES_PORT)
    yield lower_rule(context, f"{base}/updates", base, OUT, "tcp", updates, str(ANYWHERE))
    # A second rule that says the same is refused.
    for one in sorted(set(context.settings.entry_from)) or (str(ANYWHERE),):
        yield lower_rule(context, f"{base}/people/{one.replace('/', '-')}", base, IN, "tcp", session, one)
    for machine in (path for path in context.expanded.machines if network_path(path) == network):
        path = f"{base}/machine/{machine.rsplit('/', 1)[-1]}"
        for index, address in enumerate(context.addresses(machine)):
            yield lower_rule(context, f"{path}/out/{index}", base, OUT, "tcp", session, f"{address}/32")
        yield lower_rule(context, f"{path}/in", machine, IN, "tcp", session, f"{own_address(addresses)}/32")
    told = start_up(context.expanded.platform.ssh_keys, context.address_range(network))
    yield lower_server(context, base, addresses, entry_range(network), told)
    leads_to = {"vmId": ref(f"{base}/server")}
    yield make(context, f"{base}/address", PUBLIC_IP, leads_to, name=native_name(context, base))


def observe_bastions(wires: Wires, flows: Iterable[ObservedFlow]) -> Doors:
    """Where people get in, and what else a bastion opens.

    Args:
        wires: what packets pass.
        flows: between all machines and bastions.
    """
    remark = wires.reader.remarks.add

    def level(server: Native) -> str:
        data = told_text(server)
        return level_of("" if data is None and wires.reader.natives.source != "live" else data, server.path, remark)

    return observe_doors(wires, flows, level, beyond=METADATA, remark=remark)
