"""Ways out by name: a proxy machine in a Net beside the network, the only way outside that machines have to hosts by their names.

Its range is the lock's further one of the network. A machine comes to a door of its own, by rules of both ends that name addresses, for
a group is known in its own Net only. What each door lets pass stands in the proxy's user data, beside the program that asks for them
(`clouds.exit_program`): a change of it makes the proxy anew. Nobody signs in to it, and no rule lets anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds import exit_reading
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.endpoint import endpoint_host, endpoint_name, endpoint_ranges
from hdh_infra.clouds.exit_program import fitting, items, said_in, start_up_with
from hdh_infra.clouds.exit_reading import Exit, Stores
from hdh_infra.clouds.exits import (
    exit_of,
    exit_path,
    exits_to_hosts,
    outside_ports,
    passing_hosts,
    told_step,
)
from hdh_infra.clouds.filters import ANYWHERE, span_name
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.outscale.beside import lower_group, lower_net, lower_server, own_address
from hdh_infra.clouds.outscale.identities import Rights
from hdh_infra.clouds.outscale.naming import INSTANCE
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.clouds.outscale.rules import lower_rule
from hdh_infra.clouds.outscale.wires import Wires
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.model.services import exit_range


def lower_exit(context: Context, network: str) -> Iterator[Node]:
    """A network's proxy, if it has one, with the doors of every machine that comes to it."""
    doors = exits_to_hosts(context.expanded).get(network)
    if not doors:
        return
    mine = exit_path(network)
    base, addresses = f"{mine}/", context.service_range(exit_range(network))
    yield from lower_net(context, network, base, addresses, joined=True)
    yield from lower_group(context, base, addresses, f"Filter of the way out of {network}")
    for span in outside_ports(doors):
        path, peer = f"{base}outside/tcp-{span_name(span)}", {"cidrBlock": str(ANYWHERE)}
        yield lower_rule(context, path, mine, "egress", "tcp", span, peer)
    for machine, door in doors.items():
        at, span = f"{base}door/{machine.replace('/', '.')}", (door.port, door.port)
        here = {"cidrBlock": f"{own_address(addresses)}/32"}
        yield lower_rule(context, f"{at}/out", machine, "egress", "tcp", span, here)
        for index, address in enumerate(context.addresses(machine)):
            there = {"cidrBlock": f"{address}/32"}
            yield lower_rule(context, f"{at}/in/{index}", mine, "ingress", "tcp", span, there)
    yield from lower_server(context, base, addresses, mine, start_up_with(fitting(items(passing_hosts(doors)))))


def manual_exits(context: Context) -> Iterator[ManualStep]:
    """Telling machines of their proxies."""
    for network, doors in exits_to_hosts(context.expanded).items():
        base, address = exit_path(network), own_address(context.service_range(exit_range(network)))
        yield told_step(base, native_name(context, base), address, doors)


def observe_exits(reader: Reader, wires: Wires) -> dict[str, Exit]:
    """Every proxy by its path."""
    servers = [(path, one) for one in reader.natives.of_type(INSTANCE) if (path := exit_of(one)) is not None]
    return exit_reading.observe_exits(servers, wires, _told, reader.remarks.add)


def _told(server: Native) -> Mapping[str, Any] | None:
    return said_in(server.properties.get("userData"))


def stores_behind(reader: Reader, rights: Mapping[str, Rights], public: Iterable[str]) -> Stores:
    """The stores that a way through a proxy can lead to: whatever is said of the endpoint leads to all of it.

    Args:
        reader: the native resources.
        rights: by element, what its account opens.
        public: native paths of buckets that are open to whoever asks.
    """
    to_all = frozenset(public)

    def opened(element: str) -> set[str]:
        return {*to_all, *(rights[element].accesses if element in rights else ())}

    return Stores(
        {bucket.path: bucket.element for bucket in reader.buckets.values()},
        opened,
        endpoint_host(reader.site),
        endpoint_name(reader.site),
        addresses=endpoint_ranges(reader.site),
    )
