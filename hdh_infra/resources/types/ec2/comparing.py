"""What a server holds, cut to what is asked of it, so that what it adds by itself is no difference.

Pure: values in, values out. A list of objects is matched by `deviceName`, the only such list there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEY = "deviceName"


def narrowed(held: Any, wanted: Any) -> Any:
    """The part of `held` that `wanted` speaks of, in the order of `wanted`; all of it where the two do not match."""
    if isinstance(held, Mapping) and isinstance(wanted, Mapping):
        return {name: narrowed(held.get(name), value) for name, value in wanted.items() if value is not None}
    if isinstance(held, list) and isinstance(wanted, list):
        if wanted and all(isinstance(one, Mapping) and _KEY in one for one in wanted):
            by_name = {one.get(_KEY): one for one in held}
            return [narrowed(by_name.get(one[_KEY]), one) for one in wanted]
        return ordered(held)
    return held


def ordered(value: Any) -> Any:
    """A list of texts, sorted: ids have no order; and an object without its nulls. All else as it is."""
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            return sorted(value)
        return [ordered(one) for one in value]
    if isinstance(value, Mapping):
        return {name: ordered(inner) for name, inner in value.items() if inner is not None}
    return value
