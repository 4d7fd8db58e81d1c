"""Element paths: how every abstract thing is named, in specs, plans, observations and reports.

`zone/lake`, `zone/lake/store/snds`, `space/darwin-eu/machine/desktop`, `key/lake`. A native node's path
starts with its element's. In a pattern `*` stands for one part and `**` for any number of parts.
"""

from __future__ import annotations

import functools
import re
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["store", "machine", "key", "network"]
PLATFORM = "platform"
GROUP = "group/"
"""Where the path of a group of people begins; groups are no elements, but rights are given to them."""
_ELEMENT = re.compile(r"(zone|space)/[^/]+(/(store|machine|key)/[^/]+)?|key/[^/]+")
_NETWORK_PARTS = 2
_NETWORKS = frozenset({"zone", "space"})


@functools.lru_cache(maxsize=1 << 16)
def network_path(path: str) -> str | None:
    """The zone or space that a path lies in; None of a platform's own key or node."""
    kind, found, rest = path.partition("/")
    if not found or kind not in _NETWORKS:
        return None
    return f"{kind}/{rest.partition('/')[0]}"


@functools.lru_cache(maxsize=1 << 16)
def kind_of(path: str) -> Kind:
    """The kind of the element at a path. Raises `ValueError` for what is no element."""
    if _ELEMENT.fullmatch(path) is None:
        raise ValueError(f"{path!r} is not the path of an element")
    parts = path.split("/")
    if parts[0] == "key":
        return "key"
    if len(parts) == _NETWORK_PARTS:
        return "network"
    kind = parts[2]
    if kind == "store":
        return "store"
    return "machine" if kind == "machine" else "key"


@functools.lru_cache(maxsize=1 << 16)
def element_of(node_path: str) -> str:
    """The element that a native node's path belongs to; `platform` for what serves the whole."""
    found = _ELEMENT.match(node_path)
    return found[0] if found and (found.end() == len(node_path) or node_path[found.end()] == "/") else PLATFORM


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Part by part, so that nothing within a part can stand for a slash.
    parts = [
        ".*" if part == "**" else "".join("[^/]*" if sign == "*" else re.escape(sign) for sign in part)
        for part in pattern.split("/")
    ]
    return re.compile("/".join(parts))


def matches(pattern: str, path: str) -> bool:
    """Whether a path is meant by a pattern."""
    if "*" not in pattern:
        # Most of a large description are paths as they are: a machine for each takes longer than to compare them.
        return pattern == path
    return _compiled(pattern).fullmatch(path) is not None
