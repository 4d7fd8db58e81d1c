"""Ranges beside those of zones and spaces: a service of the cloud that stands in a network wants one for itself.

A network's own range is all machines and endpoints, and may be smaller than such a service wants. So the lock
gives the service a further range, on every cloud the same, and only where the service is asked. What a cloud
does with it is the cloud's; one that needs none leaves it.
"""

from __future__ import annotations

from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import network_path

SERVICE_LENGTH = 26
"""Sixty-four addresses: the smallest that the most demanding cloud takes for its bastion, and for its firewall."""


ENTRY_BY_MACHINE = "machine"
"""The catalogue's word of an offer whose entry is a machine that the platform has to make, and no service."""
ENTRY_VCPUS, ENTRY_MEMORY, ENTRY_IMAGE = 1, 1 << 30, "debian-12"
"""What such a machine wants at least: it passes packets on, and unpacks its own updates."""


def entry_range(network: str) -> str:
    """Where the lock has the range of a network's entry for people."""
    return f"{network}/entry"


def exit_range(network: str) -> str:
    """Where the lock has the range of what lets a network out by host names."""
    return f"{network}/exit"


def service_ranges(expanded: Expanded) -> tuple[str, ...]:
    """Paths of the ranges that a platform's services want, sorted; an ended space keeps its own."""
    entries = {entry_range(network) for network, spec in expanded.networks.items() if spec.entry}
    exits = {exit_range(network_path(link.source) or "") for link in expanded.egress_hosts}
    return tuple(sorted(entries | exits))
