"""The verifier: which rules of a plan a list of nodes breaks. It returns them all and raises nothing.

Two rules are about safety: no foundation node refers to a space's (law 4), and no secret output goes where
people or other services read (law 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Provider
from hdh_infra.graph.values import FORMS, form_of, slots
from hdh_infra.model.paths import network_path

OPEN_PLACES = frozenset({"tags", "userData", "customData", "metadata", "description", "name", "allTags"})
"""Properties that people, logs or machines read in clear."""


def verify(nodes: Sequence[Node], providers: Mapping[str, Provider]) -> list[str]:
    """Every broken rule, as `path: what`; empty for a valid plan. Nodes are in the order that is to be."""
    found: list[str] = []
    by_path: dict[str, Node] = {}
    for node in nodes:
        if node.path in by_path:
            found.append(f"{node.path}: is there twice")
        by_path[node.path] = node
    seen: set[str] = set()
    for node in nodes:
        found.extend(f"{node.path}: {what}" for what in _node(node, by_path, seen, providers))
        seen.add(node.path)
    return found


def _node(node: Node, by_path: Mapping[str, Node], seen: set[str], providers: Mapping[str, Provider]) -> Iterator[str]:
    if node.provider not in providers:
        yield f"has no provider {node.provider}"
    for path in node.depends_on:
        yield from _points(node, path, by_path, seen)
    for at, form in node.forms():
        kind = form_of(form) or ""
        if kind not in FORMS or set(form) != FORMS[kind]:
            yield f"{at} has no form of a plan: {sorted(form)}"
            continue
        if kind == "$format" and slots(form["$format"]) != set(range(len(form["args"]))):
            yield f"{at} names other arguments than it has: {form['$format']!r}"
        if kind == "$lookup" and form["provider"] not in providers:
            yield f"{at} asks a provider that is not there: {form['provider']}"
        if kind == "$ref":
            yield from _points(node, form["$ref"], by_path, seen)
            other = by_path.get(form["$ref"])
            head = form["output"].split(".")[0].split("[")[0]
            if other and head != "id" and head not in other.outputs and head not in other.properties:
                yield f"{at} reads {form['output']} of {other.path}, which does not declare it"
            if other and head in other.secret_outputs and at.split(".")[0].split("[")[0] in OPEN_PLACES:
                yield f"{at} would show the secret {form['output']} of {other.path}"


def _points(node: Node, path: str, by_path: Mapping[str, Node], seen: set[str]) -> Iterator[str]:
    if path not in by_path:
        yield f"refers to {path}, which is not there"
        return
    if path not in seen:
        yield f"refers to {path}, which comes after it"
    mine, other = network_path(node.path), network_path(path)
    if other and other.startswith("space/") and not (mine and mine.startswith("space/")):
        yield f"is shared and refers to {path} of a space"
