"""Ways out by name: a proxy machine in a subnet beside the network, the only way outside that machines have to hosts by their names.

Its range is the lock's further one of the network; it gets outside by the platform's NAT gateway and has no public address. A machine comes
to a door of its own, by rules of both ends. What each door lets pass stands in the proxy's user data, beside the program that asks
for them (`clouds.exit_program`): a change of it makes the proxy anew. Nobody signs in to it, and no rule lets anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds import exit_reading
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.endpoint import endpoint_host, endpoint_name, endpoint_ranges
from hdh_infra.clouds.exit_program import fitting, items, said_in, start_up_with
from hdh_infra.clouds.exit_reading import Exit, Stores
from hdh_infra.clouds.exits import (
    Door,
    exit_of,
    exit_path,
    exits_to_hosts,
    outside_ports,
    passing_hosts,
    told_step,
)
from hdh_infra.clouds.filters import ANYWHERE, span_name
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.numspot.beside import has_place, lower_place, lower_server, own_address
from hdh_infra.clouds.numspot.naming import VM
from hdh_infra.clouds.numspot.reading import Reader, told_text
from hdh_infra.clouds.numspot.rules import IN, OUT, lower_rule
from hdh_infra.clouds.numspot.wires import Wires
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.model.services import exit_range


def _doors(context: Context, network: str) -> Mapping[str, Door]:
    doors = exits_to_hosts(context.expanded).get(network, {})
    return doors if doors and has_place(context, network, exit_range(network)) else {}


def lower_exit(context: Context, network: str) -> Iterator[Node]:
    """A network's proxy, if it has one, with the doors of every machine that comes to it."""
    doors = _doors(context, network)
    if not doors:
        return
    base, addresses = exit_path(network), context.service_range(exit_range(network))
    yield from lower_place(context, base, addresses, public=False)
    for span in outside_ports(doors):
        path = f"{base}/outside/tcp-{span_name(span)}"
        yield lower_rule(context, path, base, OUT, "tcp", span, str(ANYWHERE))
    for machine, door in doors.items():
        at, span = f"{base}/door/{machine.replace('/', '.')}", (door.port, door.port)
        yield lower_rule(context, f"{at}/out", machine, OUT, "tcp", span, f"{own_address(addresses)}/32")
        for index, address in enumerate(context.addresses(machine)):
            yield lower_rule(context, f"{at}/in/{index}", base, IN, "tcp", span, f"{address}/32")
    told = start_up_with(fitting(items(passing_hosts(doors))))
    yield lower_server(context, base, addresses, base, told)


def manual_exits(context: Context) -> Iterator[ManualStep]:
    """Telling machines of their proxies."""
    for network in exits_to_hosts(context.expanded):
        if doors := _doors(context, network):
            base, address = exit_path(network), own_address(context.service_range(exit_range(network)))
            yield told_step(base, native_name(context, base), address, doors)


def observe_exits(reader: Reader, wires: Wires) -> dict[str, Exit]:
    """Every proxy by its path."""
    servers = [(path, one) for one in reader.natives.of_type(VM) if (path := exit_of(one)) is not None]
    return exit_reading.observe_exits(servers, wires, _told, reader.remarks.add)


def _told(server: Native) -> Mapping[str, Any] | None:
    return said_in(told_text(server))


def stores_behind(reader: Reader) -> Stores:
    """The stores that a way through a proxy can lead to: all of them, for whose key a machine holds no resource says."""
    elements = {bucket.path: bucket.element for bucket in reader.buckets.values()}
    return Stores(
        elements,
        lambda _: set(elements),
        endpoint_host(reader.site),
        endpoint_name(reader.site),
        addresses=endpoint_ranges(reader.site),
    )
