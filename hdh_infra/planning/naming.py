"""Native names that two elements of a plan would share: after shortening, or by a pattern of the spec's own.

A cloud refuses the second of two things of one name, in the middle of a deployment. Names that a cloud lets
several things have (a network of OpenStack) are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hdh_infra.errors import Problem
from hdh_infra.graph.node import Node
from hdh_infra.model.check_meaning import place_of
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.platform import Platform

_UNIQUE = frozenset({"bucket", "userName", "policyName"})
"""Names that stand in no property whose name ends in `Name` with its scope beside it."""
_SCOPES = frozenset({"scope", "resourceUri"})
_TELLING = _UNIQUE | _SCOPES
_PROJECT = "serviceName"
"""OVHcloud's word for the project that a thing lies in: the same for all of it."""
_SEVERAL = frozenset({"cloudtemple", "numspot", "openstack"})
"""Packages whose clouds tell things apart by ids and not by names."""


def check_names(nodes: Iterable[Node], platform: Platform, target: str) -> Iterator[Problem]:
    """Every two nodes of one type whose names, with what they lie in, are the same."""
    seen: dict[tuple[object, ...], Node] = {}
    for node in nodes:
        if node.type.split(":", 1)[0] in _SEVERAL:
            continue
        said = [(name, value) for name, value in node.properties.items() if name.endswith("Name") or name in _TELLING]
        said.sort(key=lambda item: item[0])
        names = tuple(
            (name, value.lower())
            for name, value in said
            if isinstance(value, str) and name != _PROJECT and name not in _SCOPES
        )
        if not names or (node.type.startswith("hdh:") and not any(name in _UNIQUE for name, _ in names)):
            continue
        # Where a part of the name is an output of another node, that node tells the two apart.
        refs = tuple(
            str(value)
            for name, value in said
            if not isinstance(value, str) and (name.endswith("Name") or name in _SCOPES)
        )
        key = (node.type, names, refs)
        other = seen.setdefault(key, node)
        if other is not node:
            shown = next((value for name, value in names if name in _UNIQUE), names[-1][1])
            element = node.element
            at: tuple[str | int, ...] = () if element == PLATFORM else place_of(element)
            yield platform.problem(
                at,
                f"{element} and {other.element} get one name on {target} ({node.type} {shown!r}): rename one of them, or change the pattern under naming",
            )
