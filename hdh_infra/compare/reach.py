"""Who can reach whom on several sides at once: rows with one cell a side, condensed without loss, and their differences.

A row that every machine of a zone or space has is said of the zone or space, as specs do. What a flow
*also* reaches is a part of its cell: two sides are equal only where that is equal too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from hdh_infra.clouds.filters import ports_of, written
from hdh_infra.graph.observation import Observation, ObservedFlow
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path
from hdh_infra.model.wording import ports_words


@final
@dataclass(frozen=True, slots=True)
class Opening:
    """What one side lets pass between two ends: ports, and what the same opening reaches beside."""

    ports: tuple[int | str, ...]
    also_reaches: tuple[str, ...] = ()

    def words(self, protocol: str) -> str:
        """`tcp 22, 443 (and also every bucket behind ...)`."""
        also = f" (and also {' and '.join(self.also_reaches)})" if self.also_reaches else ""
        return f"{protocol} {ports_words(self.ports)}{also}"


Cells: TypeAlias = tuple[Opening | None, ...]
"""One cell a side, None where nothing passes."""


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One pair of ends and a protocol, with what each side lets pass; ends may be networks, meaning their machines."""

    source: str
    to: str
    protocol: str
    cells: Cells


Ends: TypeAlias = tuple[str, str, str]


def asked_flows(links: Iterable[Link]) -> tuple[ObservedFlow, ...]:
    """What a spec asks, in an observation's words."""
    return tuple(ObservedFlow(link.source, link.to, link.protocol, written(ports_of(link.ports))) for link in links)


def rows(sides: Sequence[Iterable[ObservedFlow]]) -> dict[Ends, Cells]:
    """Every pair of ends of any side, sorted, with one cell a side."""
    found: list[dict[Ends, Opening]] = []
    for flows in sides:
        here: dict[Ends, Opening] = {}
        for flow in flows:
            ports = _plain(flow.ports)
            here[flow.source, flow.to, flow.protocol] = Opening(
                ports, tuple(sorted(flow.also_reaches)) if flow.also_reaches else ()
            )
        found.append(here)
    return {ends: tuple(here.get(ends) for here in found) for ends in sorted({ends for here in found for ends in here})}


@final
class Members:
    """The machines of each zone and space, as a spec or any side knows them."""

    def __init__(self, expanded: Expanded, observations: Iterable[Observation]) -> None:
        """Take them from the spec and from every observation."""
        machines = set(expanded.machines)
        for observed in observations:
            machines |= {path for path, given in observed.elements.items() if given.get("kind") == "machine"}
        self._machines = frozenset(machines)
        self._of: dict[str, set[str]] = {}
        for path in machines:
            self._of.setdefault(network_path(path) or path, set()).add(path)

    def condense(self, found: Mapping[Ends, Cells]) -> list[Row]:
        """The rows, with networks in the place of machines where all machines of the network have the same cells."""
        by_to: dict[tuple[str, str, Cells], set[str]] = {}
        for (source, to, protocol), cells in found.items():
            by_to.setdefault((to, protocol, cells), set()).add(source)
        by_source: dict[tuple[str, str, Cells], set[str]] = {}
        for (to, protocol, cells), sources in by_to.items():
            for source in self._condensed(sources, to):
                by_source.setdefault((source, protocol, cells), set()).add(to)
        result = [
            Row(source, to, protocol, cells)
            for (source, protocol, cells), ends in by_source.items()
            for to in self._condensed(ends, source)
        ]
        return sorted(result, key=lambda row: (row.source, row.to, row.protocol, str(row.cells)))

    def _condensed(self, paths: set[str], other: str) -> set[str]:
        """Some ends with networks in the place of all their machines; a machine need not reach itself."""
        left = set(paths)
        for network in sorted({network_path(path) or path for path in paths if path in self._machines}):
            everyone = self._of[network]
            if (needed := everyone - {other}) and needed <= left:
                left = (left - everyone) | {network}
        return left


def flows_json(found: Iterable[ObservedFlow], members: Members) -> list[dict[str, object]]:
    """One side's flows, condensed, as they stand in a comparison's JSON."""
    result: list[dict[str, object]] = []
    for row in members.condense(rows([found])):
        cell = row.cells[0]
        assert cell is not None
        result.append(ObservedFlow(row.source, row.to, row.protocol, cell.ports, cell.also_reaches).to_json())
    return result


def equal(found: Mapping[Ends, Cells]) -> bool:
    """Whether all sides let the same pass."""
    return all(len(set(cells)) == 1 for cells in found.values())


def differences(found: Sequence[Row], labels: Sequence[str], verb: str) -> Iterator[str]:
    """Each row on which the sides differ, in words.

    Args:
        found: condensed rows.
        labels: the sides' names, in the order of the cells.
        verb: what the source does: `reaches`.
    """
    for row in found:
        groups = _grouped(row.cells, labels)
        if len(groups) == 1:
            continue
        ends = f"{row.source} {verb} {row.to}"
        lean = {None if cell is None else cell.ports for cell in row.cells}
        if len(lean) == 1:
            # The same ports on all sides: what differs is what the opening reaches beside.
            for cell, names in groups:
                if cell is not None and cell.also_reaches:
                    yield (
                        f"on {names} {row.source} also reaches {' and '.join(cell.also_reaches)}, "
                        f"by the opening that lets it reach {row.to} ({row.protocol} {ports_words(cell.ports)})"
                    )
            continue
        parts = [f"{cell.words(row.protocol)} on {names}" if cell else f"not on {names}" for cell, names in groups]
        yield f"{ends}: {'; '.join(parts)}"


def _grouped(cells: Cells, labels: Sequence[str]) -> list[tuple[Opening | None, str]]:
    """The different cells with the names of the sides that have them; nothing comes last."""
    names: dict[Opening | None, list[str]] = {}
    for cell, label in zip(cells, labels, strict=True):
        names.setdefault(cell, []).append(label)
    ordered = sorted(names.items(), key=lambda item: item[0] is None)
    return [(cell, ", ".join(these)) for cell, these in ordered]


def by_space(found: Sequence[Row], spaces: Sequence[str], name: Callable[[Collection[str]], str]) -> list[Row]:
    """Rows that several spaces have alike, said once; for people, never for JSON.

    Args:
        found: condensed rows.
        spaces: paths of all spaces.
        name: what some of them are called together.
    """
    alike: dict[tuple[str, str, str, Cells], list[str]] = {}
    result: list[Row] = []
    known = set(spaces)
    for row in found:
        ends = {network_path(row.source), network_path(row.to)} & known
        if len(ends) == 1:
            (space,) = ends
            assert space is not None
            key = (_without(row.source, space), _without(row.to, space), row.protocol, row.cells)
            alike.setdefault(key, []).append(space)
        else:
            result.append(row)
    for (source, to, protocol, cells), these in alike.items():
        words = name(these)
        result.append(Row(source.replace("\0", words), to.replace("\0", words), protocol, cells))
    return sorted(result, key=lambda row: (row.source, row.to, row.protocol))


def _without(path: str, space: str) -> str:
    return "\0" + path[len(space) :] if path == space or path.startswith(f"{space}/") else path


@functools.lru_cache(maxsize=4096)
def _plain(ports: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Ports in the fewest words; what is no number stays as it is."""
    numbered = all(str(port).replace("-", "").isdigit() for port in ports)
    return written(ports_of(ports)) if numbered else ports
