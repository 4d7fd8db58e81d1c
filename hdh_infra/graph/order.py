"""Dependency order of nodes, ties by path: the same nodes in any order give the same plan."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from hdh_infra.graph.node import Node


def in_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Nodes in dependency order. Raises `ValueError` naming the paths of a cycle.

    `graphlib` gives no order among those that are ready, so the smallest path is taken from a heap.
    """
    by_path = {node.path: node for node in sorted(nodes, key=lambda node: node.path)}
    needs: dict[str, set[str]] = {}
    for path, node in by_path.items():
        others = {*node.depends_on, *(other for other, _ in node.refs())}
        others.discard(path)
        needs[path] = {one for one in others if one in by_path}
    needed_by: dict[str, list[str]] = {}
    for path, others in needs.items():
        for other in others:
            needed_by.setdefault(other, []).append(path)
    left = {path: len(others) for path, others in needs.items()}
    ready = [path for path, count in left.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[Node] = []
    while ready:
        path = heapq.heappop(ready)
        ordered.append(by_path[path])
        for other in needed_by.get(path, ()):
            left[other] -= 1
            if left[other] == 0:
                heapq.heappush(ready, other)
    if len(ordered) != len(by_path):
        raise ValueError(f"a cycle among {sorted(path for path, count in left.items() if count > 0)}")
    return tuple(ordered)
