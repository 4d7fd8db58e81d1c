"""Rules that several types share: address ranges, and which of several inputs is given. Pure."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from hdh_infra.resources.contract import Failure
from hdh_infra.resources.values import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def check_cidrs(inputs: Mapping[str, Any], *names: str) -> Iterator[Failure]:
    """Whether each is a range of IPv4 addresses, written from its first one."""
    for name in names:
        value = inputs.get(name)
        if value is None or is_unknown(value):
            continue
        try:
            ipaddress.IPv4Network(value)
        except ValueError:
            yield Failure(name, f"{value!r} is no range of IPv4 addresses: write the first one, as 10.0.0.0/16")


def check_one_of(inputs: Mapping[str, Any], names: Sequence[str]) -> Iterator[Failure]:
    """Whether exactly one is given."""
    given = [name for name in names if inputs.get(name) is not None]
    if not given:
        yield Failure(names[0], f"give one of {', '.join(names)}")
    elif len(given) > 1:
        yield Failure(given[1], f"give one of {', '.join(names)}, not {' and '.join(given)}")
