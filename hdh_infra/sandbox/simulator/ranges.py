"""Address ranges and ids, as rules compare them."""

from __future__ import annotations

import ipaddress
from typing import Any, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def parent_of(identity: str) -> str:
    """The id that a resource lies in, in small letters."""
    return identity.rsplit("/", 2)[0].lower()


def network(value: Any) -> Network | None:
    """A range; None for what is none, or not known yet."""
    try:
        return ipaddress.ip_network(value) if isinstance(value, str) else None
    except ValueError:
        return None


def within(inner: Network, space: Network | None) -> bool:
    """Whether a range lies in another of its family."""
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(space, ipaddress.IPv4Network):
        return inner.subnet_of(space)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(space, ipaddress.IPv6Network):
        return inner.subnet_of(space)
    return False


def overlap(mine: list[Any], theirs: list[Any]) -> bool:
    """Whether any of some ranges has addresses in common with any of others."""
    networks = [(network(one), network(other)) for one in mine for other in theirs]
    return any(one is not None and other is not None and one.overlaps(other) for one, other in networks)
