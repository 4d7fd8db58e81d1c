"""Filters: rules of the one network, closed at first, and each opening as a resource of its own.

Two rules of the lowest priority deny everything, in and out, so that Google's implied rule that lets everything out never speaks.
An opening names the machines by their service accounts: who may give an account to a machine is a right (`iam.serviceAccounts.actAs`)
and a machine has to stop for it, while a network tag is anybody's who may edit the machine. Outwards a rule knows addresses only.

Sources, read 2026-11-25: cloud.google.com/firewall/docs/firewalls (implied rules, priorities: of equal ones a denial comes first;
accounts of at most 10 sources and 10 targets; always allowed: 169.254.169.254), documentation.s3ns.fr/compute/docs/reference/rest/v1/firewalls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hdh_infra.clouds.base import Context, ServiceFlow
from hdh_infra.clouds.filters import ports_of, written
from hdh_infra.clouds.naming import dotted
from hdh_infra.clouds.s3ns.naming import FIREWALL, make, rule_name
from hdh_infra.clouds.s3ns.shared import services_range
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.expand import STORE_PORT
from hdh_infra.model.links import Link
from hdh_infra.model.paths import PLATFORM, network_path

NETWORK_PATH = f"{PLATFORM}/network"
CLOSED = (f"{PLATFORM}/filter/deny-in", f"{PLATFORM}/filter/deny-out")
OPEN_PRIORITY = 1000
LAST_PRIORITY = 65534
"""The last that a rule may have before the implied ones."""
ANYWHERE = "0.0.0.0/0"
_WORDS = {"in": "INGRESS", "out": "EGRESS"}
_METADATA = "169.254.169.254/32"
_SOURCE = "cloud.google.com/firewall/docs/firewalls, always allowed traffic"
_READ = "2026-11-25"
SERVICE_FLOWS = (
    ServiceFlow("name resolution", _METADATA, "udp", (53,), _SOURCE, _READ),
    ServiceFlow("name resolution", _METADATA, "tcp", (53,), _SOURCE, _READ),
    ServiceFlow("addresses by DHCP", _METADATA, "udp", (67,), _SOURCE, _READ),
    ServiceFlow("metadata and tokens of accounts", _METADATA, "tcp", (80,), _SOURCE, _READ),
    ServiceFlow("time", _METADATA, "udp", (123,), _SOURCE, _READ),
)
"""What no rule can deny."""


def account_path(machine: str) -> str:
    """Path of a machine's service account."""
    return f"{machine}/account"


def lower_closed(context: Context) -> Iterator[Node]:
    """The last word of the network, in both directions, and a record of whatever it refuses."""
    for path, direction in zip(CLOSED, _WORDS, strict=True):
        yield make(
            context,
            path,
            FIREWALL,
            {
                "name": rule_name(context, path),
                "network": ref(NETWORK_PATH),
                "direction": _WORDS[direction],
                "priority": LAST_PRIORITY,
                "denies": [{"protocol": "all"}],
                "disabled": False,
                **({"sourceRanges": [ANYWHERE]} if direction == "in" else {"destinationRanges": [ANYWHERE]}),
                "logConfig": {"metadata": "INCLUDE_ALL_METADATA"},
            },
        )


def lower_link(context: Context, link: Link) -> Iterator[Node]:
    """Both openings of a flow between machines; of one to a store the way to the APIs, for what it may do there is a right."""
    base, logged = f"{link.owner}/flow/{link.slug}", is_logged(context, link.source, link.to)
    to_store = link.to in context.expanded.stores
    ranges = [services_range(context)] if to_store else [f"{one}/32" for one in context.addresses(link.to)]
    yield _opening(context, f"{base}/out", "out", link, {"destinationRanges": ranges}, link.source, logged=logged)
    if not to_store:
        sources = {"sourceServiceAccounts": [ref(account_path(link.source), "email")]}
        yield _opening(context, f"{base}/in", "in", link, sources, link.to, logged=logged)


def lower_egress(context: Context, link: Link) -> Iterator[Node]:
    """What one machine may reach of one range outside."""
    path = f"{link.owner}/outside/{link.slug}"
    logged = is_logged(context, link.source)
    yield _opening(context, path, "out", link, {"destinationRanges": [link.to]}, link.source, logged=logged)


def lower_key_ways(context: Context, network: str) -> Iterator[Node]:
    """For machines of a network that use keys themselves, their way to the APIs: one rule a machine."""
    machines: set[str] = set()
    for way in context.expanded.key_ways.values():
        if way.network == network:
            machines.update(way.machines)
    for machine in sorted(machines):
        link = Link(machine, machine, "tcp", (STORE_PORT,))
        ranges = {"destinationRanges": [services_range(context)]}
        path = f"{network}/way/{dotted(machine)}"
        yield _opening(context, path, "out", link, ranges, machine, logged=is_logged(context, machine))


def is_logged(context: Context, *ends: str) -> bool:
    """Whether a rule writes down what it lets through: where a network at either end asks it."""
    networks = {network_path(end) for end in ends} - {None}
    return any(context.expanded.flow_logs(str(one)) for one in networks)


def _opening(
    context: Context,
    path: str,
    direction: str,
    link: Link,
    peers: Mapping[str, Sequence[Value]],
    of: str,
    *,
    logged: bool,
) -> Node:
    return lower_opening(context, path, direction, link.protocol, link.ports, peers, of, logged=logged)


def lower_opening(
    context: Context,
    path: str,
    direction: str,
    protocol: str,
    ports: Sequence[int | str],
    peers: Mapping[str, Sequence[Value]],
    of: str,
    *,
    logged: bool,
) -> Node:
    """One opening for the machines of one account.

    Args:
        context: what the lowering reads.
        path: of the rule.
        direction: `in` or `out`.
        protocol: tcp or udp.
        ports: in the model's form.
        peers: who is at the other end, in Google's words.
        of: the path whose account the machines act under.
        logged: whether it writes down what it lets through.
    """
    return make(
        context,
        path,
        FIREWALL,
        {
            "name": rule_name(context, path),
            "network": ref(NETWORK_PATH),
            "direction": _WORDS[direction],
            "priority": OPEN_PRIORITY,
            "allows": [{"protocol": protocol, "ports": [str(one) for one in written(ports_of(ports))]}],
            "disabled": False,
            "targetServiceAccounts": [ref(account_path(of), "email")],
            **{name: list(values) for name, values in peers.items()},
            **({"logConfig": {"metadata": "INCLUDE_ALL_METADATA"}} if logged else {}),
        },
        after=CLOSED,
    )
