"""Ways out by name: which machine comes to which door of its network's proxy, and what each door lets pass; the same on every cloud.

A network has one proxy, where a host name is asked of a machine of it. A machine comes in at a door of its own, a port; which
machine reaches which door is said by both their filters, what a door lets pass by what the proxy is told. What runs on it
is in `exit_program`, how it is read back in `exit_reading`; what is made of it is each cloud's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import final

from hdh_infra.clouds.exit_program import Passing
from hdh_infra.clouds.filters import Ports, ports_of, union
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.machine import Machine
from hdh_infra.model.paths import network_path

EXIT = "exit"
PLACE = 3
"""Of the proxy's address in its network's range, where it stands in it: the lock gives machines theirs from the fourth on, and the gateway has the first."""
_FIRST_DOOR, _DOORS = 10_000, 22_000
"""Below the ports that a system takes for connections of its own (Linux: from 32768)."""
_HOSTS_ALONE = {"vcpus": 1, "memory": "2GB"}
_WITH_STORES = {"vcpus": 2, "memory": "4GB"}
"""At least; what goes to a store is encrypted twice there."""
IMAGE = "debian-12"
_HTTP, _HTTPS = 80, 443
TELL = "set HTTPS_PROXY there, or `proxies` of boto3"


@final
@dataclass
class Door:
    """Where one machine comes in, and what it is let pass to."""

    port: int
    hosts: dict[str, Ports] = field(default_factory=dict)
    stores: dict[str, Ports] = field(default_factory=dict)
    """By path of a store."""


def exit_path(network: str) -> str:
    """Path of a network's proxy."""
    return f"{network}/{EXIT}"


def exit_of(server: Native) -> str | None:
    """Path of the network's proxy that a server is labelled as; None of any other server."""
    start = f"{server.element}/{EXIT}/"
    return start[:-1] if server.path.startswith(start) else None


def is_expressible(link: Link) -> bool:
    """Whether a proxy can be told a way to a host."""
    return link.protocol == "tcp"


_latest: list[tuple[Expanded, Mapping[str, Mapping[str, Door]]]] = []


def exits_to_hosts(expanded: Expanded) -> Mapping[str, Mapping[str, Door]]:
    """By network that asks hosts by name, and by machine, the door that it comes in at; worked out once for a platform."""
    if not _latest or _latest[0][0] is not expanded:
        _latest[:] = [
            (
                expanded,
                {network: doors_for(some, expanded) for network, some in sorted(asked_of_hosts(expanded).items())},
            )
        ]
    return _latest[0][1]


def asked_of_hosts(expanded: Expanded) -> dict[str, dict[str, list[Link]]]:
    """By network and machine, what is asked of hosts by name and a proxy can be told."""
    asked: dict[str, dict[str, list[Link]]] = {}
    for link in expanded.egress_hosts:
        if is_expressible(link):
            asked.setdefault(network_path(link.source) or "", {}).setdefault(link.source, []).append(link)
    return asked


def doors_for(
    by_source: Mapping[str, Iterable[Link]], expanded: Expanded, endpoint: str | None = None
) -> Mapping[str, Door]:
    """By machine, the door that it comes in at: its number is of the machine's own name, so that it stays when others come.

    Args:
        by_source: what each machine asks.
        expanded: the platform.
        endpoint: the host that stands for every store, where buckets are not known by hosts of their own.
    """
    taken: set[int] = set()
    found = {}
    for source, links in sorted(by_source.items()):
        number = int.from_bytes(hashlib.sha256(source.encode()).digest()[:4], "big") % _DOORS
        while _FIRST_DOOR + number in taken:
            number = (number + 1) % _DOORS
        taken.add(_FIRST_DOOR + number)
        door = found[source] = Door(_FIRST_DOOR + number)
        for link in links:
            to_store = link.to in expanded.stores
            some = door.stores if to_store and endpoint is None else door.hosts
            # An endpoint that knows no bucket by its host name is let pass whole.
            to = endpoint if to_store and endpoint is not None else link.to
            some[to] = union((*some.get(to, ()), *ports_of(link.ports)))
    return found


def passing_hosts(doors: Mapping[str, Door]) -> dict[int, Passing]:
    """What each door lets pass, by its port, where doors lead to hosts alone."""
    return {door.port: Passing(dict(door.hosts)) for door in doors.values()}


def outside_ports(doors: Mapping[str, Door]) -> Ports:
    """The ports on which a proxy reaches outside: those of the web, which its own updates need, and what is asked beside."""
    hosts = (span for door in doors.values() for ports in door.hosts.values() for span in ports)
    return union(((_HTTP, _HTTP), (_HTTPS, _HTTPS), *hosts))


def exit_machines(
    exits: Mapping[str, Mapping[str, Door]], images: Collection[str], image: str = IMAGE
) -> Mapping[str, Machine]:
    """What is asked of each proxy, by its path: the lock chooses flavour and image for it as for any machine.

    Args:
        exits: by network, the doors of its proxy.
        images: families that the offer has.
        image: the family that it has to be of, where the offer has it.
    """
    return {exit_path(network): _asked(doors, images, image) for network, doors in exits.items()}


def _asked(doors: Mapping[str, Door], images: Collection[str], image: str) -> Machine:
    size = _WITH_STORES if any(door.stores for door in doors.values()) else _HOSTS_ALONE
    return Machine.model_validate({**size, "image": image if image in images else min(images)})


def told_step(base: str, name: str, address: object, doors: Mapping[str, Door]) -> ManualStep:
    """Telling machines of their network's proxy: start-up data of a machine are constant.

    Args:
        base: path of the proxy.
        name: what its server is called.
        address: where it stands.
        doors: by machine.
    """
    proxies = ", ".join(f"{machine} http://{address}:{door.port}" for machine, door in doors.items())
    return ManualStep(
        what=f"tell each machine its door at {base} (server {name}): {proxies}",
        who="the administrator of the machines",
        command=TELL,
        proof="what is named passes, and anything else is answered 403 by hdh-exit",
    )
