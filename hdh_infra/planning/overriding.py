"""Native overrides: the spec's own properties laid over what the library says, each known to the type's contract.

A property that a type does not have, or a value of another type, is a mistake of the spec and told with its
place. What an override weakens is not judged here: the finished plan is observed, and a verdict says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hdh_infra.contracts import check, contract
from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import form_of
from hdh_infra.model.names import told
from hdh_infra.model.paths import matches
from hdh_infra.model.platform import Platform


def overridden(nodes: Iterable[Node], platform: Platform) -> tuple[list[Node], tuple[str, ...]]:
    """The nodes with the spec's native overrides merged in, and a line for each property that changed.

    Raises:
        SpecError: an override names no resource, a property that its type does not have, or a value of another type.
    """
    if not platform.overrides:
        return list(nodes), ()
    used: set[str] = set()
    lines: list[str] = []
    changed: list[Node] = []
    problems: list[Problem] = []
    for node in nodes:
        for pattern, properties in platform.overrides.items():
            if not matches(pattern, node.path):
                continue
            used.add(pattern)
            lines.extend(f"{node.path}: {name}" for name in sorted(properties))
            merged = replace(node, properties=_merged(node.properties, properties))
            problems.extend(_wrong(platform, pattern, node, merged, properties))
            node = merged  # noqa: PLW2901 - a chain of overrides
        changed.append(node)
    paths = [node.path for node in changed]
    problems += [
        platform.problem(
            ("overrides", pattern), told("no native resource has this path; `hdh plan` lists them", pattern, paths)
        )
        for pattern in platform.overrides
        if pattern not in used
    ]
    if problems:
        once = {(problem.field, problem.what): problem for problem in problems}
        raise SpecError(list(once.values()))
    return changed, tuple(sorted(lines))


def _wrong(
    platform: Platform, pattern: str, node: Node, merged: Node, properties: Mapping[str, Any]
) -> Iterable[Problem]:
    """What of the overridden properties breaks the contract that the node kept before."""
    if contract(node.type) is None:
        return
    before = {str(one) for one in check(node.type, node.properties)}
    for one in check(node.type, merged.properties):
        head = one.path.split(".")[0].split("[")[0]
        if head in properties and str(one) not in before and one.kind != "open-enum":
            location = ("overrides", pattern, *_written(properties, one.path))
            yield platform.problem(location, f"{node.type}: {one.path} {one.found}; {one.remedy}".rstrip("; "))


def _written(properties: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """As much of a property path as the override itself writes."""
    at: list[str] = []
    here: Any = properties
    for part in path.split("."):
        name = part.split("[")[0]
        if not isinstance(here, Mapping) or name not in here or form_of(here):
            break
        at.append(name)
        here = here[name]
    return tuple(at)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and not form_of(merged[key])
        merged[key] = _merged(merged[key], value) if both else value
    return merged
