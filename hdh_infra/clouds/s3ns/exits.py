"""Ways out by name: a proxy machine in the network, the only way outside that its machines have to hosts by their names.

A rule of Google's by name opens the addresses that the name has at the time, to whatever else answers there, and knows no `*.`; a proxy
lets the name pass and nothing else. What each door lets pass stands in the proxy's own metadata, which change in place. Nobody signs in to
it, and no rule lets anybody.

Source, read 2026-11-26: cloud.google.com/firewall/docs/firewall-policies-rule-details, FQDN objects (no wildcards; up to 32 addresses of a name).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.exit_program import ATTRIBUTE, IN_ATTRIBUTE, is_known, items, start_up
from hdh_infra.clouds.exits import (
    PLACE,
    exit_path,
    exits_to_hosts,
    outside_ports,
    passing_hosts,
    told_step,
)
from hdh_infra.clouds.filters import ANYWHERE, written
from hdh_infra.clouds.s3ns.beside import beside_address, lower_beside, others_told
from hdh_infra.clouds.s3ns.naming import native_name
from hdh_infra.clouds.s3ns.rules import account_path, is_logged, lower_opening
from hdh_infra.clouds.s3ns.servers import USER_DATA
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import ref

_SAID = "meta"


def lower_exit(context: Context, network: str) -> Iterator[Node]:
    """A network's proxy, if it has one, with the doors of every machine that comes to it."""
    doors = exits_to_hosts(context.expanded).get(network)
    if not doors:
        return
    base, logged = exit_path(network), is_logged(context, network)
    said = json.dumps({_SAID: items(passing_hosts(doors))}, sort_keys=True)
    yield from lower_beside(
        context,
        network,
        base,
        chosen=base,
        place=PLACE,
        user_data=start_up(IN_ATTRIBUTE),
        more={ATTRIBUTE: said},
        anew=False,
    )
    outside, ports = {"destinationRanges": [str(ANYWHERE)]}, written(outside_ports(doors))
    yield lower_opening(context, f"{base}/outside", "out", "tcp", ports, outside, base, logged=logged)
    here = [f"{beside_address(context, network, PLACE)}/32"]
    for machine, door in doors.items():
        at = f"{base}/door/{machine.replace('/', '.')}"
        to, source = {"destinationRanges": here}, {"sourceServiceAccounts": [ref(account_path(machine), "email")]}
        yield lower_opening(context, f"{at}/out", "out", "tcp", (door.port,), to, machine, logged=logged)
        yield lower_opening(context, f"{at}/in", "in", "tcp", (door.port,), source, base, logged=logged)


def manual_exits(context: Context) -> Iterator[ManualStep]:
    """Telling machines of their proxies."""
    for network, doors in exits_to_hosts(context.expanded).items():
        base, address = exit_path(network), beside_address(context, network, PLACE)
        yield told_step(base, native_name(context, base), address, doors)


def told(server: Native) -> Mapping[str, Any] | None:
    """The items that a proxy goes by; None where its program is not a known one, or it is told more than that."""
    metadata = server.properties.get("metadata")
    if not isinstance(metadata, Mapping) or not is_known(metadata.get(USER_DATA), IN_ATTRIBUTE):
        return None
    if others_told(metadata, (ATTRIBUTE,)):
        return None
    # The program that finds none, or none that it can read, goes by what it found before.
    try:
        said = json.loads(str(metadata.get(ATTRIBUTE)))
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    found = said.get(_SAID) or {}
    return found if isinstance(found, dict) else None


__all__ = ["lower_exit", "manual_exits", "told"]
