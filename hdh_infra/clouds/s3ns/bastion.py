"""The entry for people: a bastion machine in the network that people get into, for there is neither IAP nor OS Login.

Its rules let people in by SSH from outside, on to the machines of its network by SSH, and out for its own updates; every machine of the
network lets its account in. What it is told at its first start is in `clouds.hardening`, what people can do by it in
`clouds.doors`. How packets fare is read in `traffic`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.bastions import is_entered
from hdh_infra.clouds.doors import level_of, more_than
from hdh_infra.clouds.filters import Ports
from hdh_infra.clouds.hardening import SESSION_PORT, start_up
from hdh_infra.clouds.s3ns.beside import lower_beside, others_told
from hdh_infra.clouds.s3ns.reading import BASTION
from hdh_infra.clouds.s3ns.rules import ANYWHERE, account_path, is_logged, lower_opening
from hdh_infra.clouds.s3ns.servers import USER_DATA
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import entry_range

UPDATES: Ports = ((80, 80), (443, 443))
"""Ubuntu's packages are signed, and had over either."""
_PLACE = 2
"""Of its address in the network's range: the first after Google's own, and the lock gives machines theirs from the fourth on."""


def bastion_path(network: str) -> str:
    """Path of a network's bastion."""
    return f"{network}{BASTION}"


def lower_bastion(context: Context, network: str) -> Iterator[Node]:
    """A network's bastion: the machine with its way in and out, and what lets it in."""
    if not is_entered(context.expanded, network):
        return
    base, logged = bastion_path(network), is_logged(context, network)
    yield from lower_beside(
        context,
        network,
        base,
        chosen=entry_range(network),
        place=_PLACE,
        user_data=start_up(context.expanded.platform.ssh_keys, context.address_range(network)),
        anew=True,
    )
    people = {"sourceRanges": sorted(set(context.settings.entry_from)) or [ANYWHERE]}
    session = (SESSION_PORT,)
    yield lower_opening(context, f"{base}/people", "in", "tcp", session, people, base, logged=logged)
    updates, ports = {"destinationRanges": [ANYWHERE]}, tuple(low for low, _ in UPDATES)
    yield lower_opening(context, f"{base}/updates", "out", "tcp", ports, updates, base, logged=logged)
    for machine in (path for path in context.expanded.machines if network_path(path) == network):
        path = f"{base}/machine/{machine.rsplit('/', 1)[-1]}"
        to = {"destinationRanges": [f"{one}/32" for one in context.addresses(machine)]}
        yield lower_opening(context, f"{path}/out", "out", "tcp", session, to, base, logged=logged)
        source = {"sourceServiceAccounts": [ref(account_path(base), "email")]}
        yield lower_opening(context, f"{path}/in", "in", "tcp", session, source, machine, logged=logged)


def level(server: Native, remark: Callable[[str], None]) -> str:
    """The model's word for one bastion, by what it is told: more than its start-up data may open it to more."""
    metadata = server.properties.get("metadata")
    told = metadata if isinstance(metadata, Mapping) else {}
    found = level_of(told.get(USER_DATA) or "", server.path, remark)
    others = others_told(told)
    for name in others:
        remark(f"{server.path}: it is told more than a bastion needs: {name}")
    return more_than(found) if others else found
