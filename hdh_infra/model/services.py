"""Ranges beside those of zones and spaces: a service of the cloud that stands in a network wants one for itself.

A network's own range is all machines and endpoints, and may be smaller than such a service wants. So the lock
gives the service a further range, on every cloud the same, and only where the service is asked. What a cloud
does with it is the cloud's; one that needs none leaves it.
"""

from __future__ import annotations

from hdh_infra.model.expand import Expanded

SERVICE_LENGTH = 26
"""Sixty-four addresses: the smallest that the most demanding cloud takes for its bastion, and for its firewall."""


def entry_range(network: str) -> str:
    """Where the lock has the range of a network's entry for people."""
    return f"{network}/entry"


def service_ranges(expanded: Expanded) -> tuple[str, ...]:
    """Paths of the ranges that a platform's services want, sorted; an ended space keeps its own."""
    return tuple(sorted(entry_range(network) for network, spec in expanded.networks.items() if spec.entry))
