"""Observation: what a plan, or what is deployed, gives; and the native resources it is read from.

`Natives` lets one pure reader serve plans (references are forms), engine states and live servers
(references are native ids): `follow` finds the resource that a property points at in all three.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, final, overload

from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, form_of, refs
from hdh_infra.model.paths import element_of

Origin: TypeAlias = Literal["plan", "state", "live"]
FORMAT = "hdh-observation/1"


@final
@dataclass(frozen=True, slots=True)
class Native:
    """One native resource as it was found; `path` is the node's path where it is known."""

    path: str
    type: str
    properties: Mapping[str, Value]
    id: str | None = None

    @property
    def element(self) -> str:
        """The element that it belongs to: a label, never evidence."""
        return element_of(self.path)


class Natives:
    """The native resources of a deployment, found by type, by element and by reference."""

    def __init__(self, resources: Iterable[Native], source: Origin, identifiers: Iterable[str] = ()) -> None:
        """Index resources.

        Args:
            resources: what was found.
            source: where.
            identifiers: names of properties that, like the id, others use to point at a resource (`arn`, `bucket`).
        """
        self.source: Origin = source
        self._all = tuple(sorted(resources, key=lambda native: native.path))
        self._by_path = {native.path: native for native in self._all}
        self._by_type: dict[str, list[Native]] = {}
        self._by_id: dict[str, Native] = {}
        for native in self._all:
            self._by_type.setdefault(native.type, []).append(native)
            for name in ("id", *identifiers):
                value = native.id if name == "id" else native.properties.get(name)
                if isinstance(value, str) and value:
                    self._by_id.setdefault(value.lower(), native)

    @classmethod
    def of_plan(cls, nodes: Iterable[Node], identifiers: Iterable[str] = ()) -> Natives:
        """The resources that a plan will make."""
        return cls(
            (
                Native(node.path, node.type, node.properties, node.existing if isinstance(node.existing, str) else None)
                for node in nodes
            ),
            "plan",
            identifiers,
        )

    def __iter__(self) -> Iterator[Native]:
        """All, by path."""
        return iter(self._all)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    def of_type(self, *types: str) -> list[Native]:
        """All of some types, by path."""
        return [native for one in types for native in self._by_type.get(one, [])]

    def of_element(self, element: str, *types: str) -> list[Native]:
        """Those of an element, of some types or of all."""
        return [native for native in self._all if native.element == element and (not types or native.type in types)]

    def get(self, path: str) -> Native | None:
        """The resource at a node's path."""
        return self._by_path.get(path)

    def follow(self, value: Value) -> Native | None:
        """The resource that a property's value points at, whether by a form or by a native id; None if none does."""
        if isinstance(value, str):
            return self._by_id.get(value.lower())
        if type(value) is dict and (path := value.get("$ref")) is not None:
            return self._by_path.get(path)
        if form_of(value) in {"$ref", "$format", "$json"}:
            for named, _ in refs(value):
                return self._by_path.get(named)
        return None


@final
class ObservedFlow(NamedTuple):
    """Who can reach whom, as a packet would fare; `also_reaches` is what the same opening reaches beyond it.

    A named tuple, which is made and sorted in a quarter of the time of a class of its own: a platform has many.
    """

    source: str
    to: str
    protocol: str
    ports: tuple[int | str, ...]
    also_reaches: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it stands in an observation's JSON."""
        return {
            "from": self.source,
            "to": self.to,
            "protocol": self.protocol,
            "ports": list(self.ports),
            "also_reaches": list(self.also_reaches),
        }


@final
class Crossing(NamedTuple):
    """Each of some sources reaches each of some ends, but never itself, and all by one way."""

    sources: tuple[str, ...]
    to: tuple[str, ...]
    protocol: str
    ports: tuple[int | str, ...]
    also_reaches: tuple[str, ...] = ()

    def flows_of(self, source: str) -> Iterator[ObservedFlow]:
        """Those of one source, which is one of the sources."""
        way = self[2:]
        return (ObservedFlow(source, to, *way) for to in self.to if to != source)


@final
class Flows(Sequence[ObservedFlow]):
    """Flows, sorted, one for each pair of ends and protocol; those of many to many are written out only where one looks.

    Where a cloud cannot tell stores apart, or filters nothing, everybody reaches everything: as many flows as there are machines
    times stores, and still one thing to say.
    """

    __slots__ = ("crossings", "single")

    def __init__(self, single: Iterable[ObservedFlow] = (), crossings: Iterable[Crossing] = ()) -> None:
        """Sort them.

        Args:
            single: each by itself.
            crossings: of many to many; no pair of ends and protocol is in two of them, or among the others.
        """
        self.single = tuple(sorted(single))
        self.crossings = tuple(sorted(crossings))

    def __iter__(self) -> Iterator[ObservedFlow]:
        """All, sorted."""
        if not self.crossings:
            yield from self.single
            return
        single: dict[str, list[ObservedFlow]] = {}
        for flow in self.single:
            single.setdefault(flow.source, []).append(flow)
        crossings: dict[str, list[Crossing]] = {}
        for crossing in self.crossings:
            for source in crossing.sources:
                crossings.setdefault(source, []).append(crossing)
        for source in sorted(single.keys() | crossings.keys()):
            many = (flow for crossing in crossings.get(source, ()) for flow in crossing.flows_of(source))
            yield from sorted((*single.get(source, ()), *many))

    def __len__(self) -> int:
        """How many there are, each pair counted."""
        crossed = sum(len(one.sources) * len(one.to) - len({*one.sources} & {*one.to}) for one in self.crossings)
        return len(self.single) + crossed

    @overload
    def __getitem__(self, index: int) -> ObservedFlow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ObservedFlow, ...]: ...
    def __getitem__(self, index: int | slice) -> ObservedFlow | tuple[ObservedFlow, ...]:
        """By place, which writes all of them out."""
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        """The same flows in the same order are equal, however they are kept."""
        if isinstance(other, Flows) and (self.single, self.crossings) == (other.single, other.crossings):
            return True
        return tuple(self) == tuple(other) if isinstance(other, (Flows, tuple)) else NotImplemented

    def __hash__(self) -> int:
        """As the tuple of them."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """As the tuple of them."""
        return repr(tuple(self))


@final
@dataclass(frozen=True)
class Observation:
    """What is given: elements with the values reached, and who can reach whom.

    Flows are between machines and from machines to stores (paths of elements), one for each pair of ends and
    protocol, sorted; egress goes from a machine to an address range; entry comes from `internet`.
    """

    target: str
    source: Origin
    elements: Mapping[str, Mapping[str, Any]]
    flows: Sequence[ObservedFlow] = ()
    service_flows: tuple[ObservedFlow, ...] = ()
    egress: tuple[ObservedFlow, ...] = ()
    entry: tuple[ObservedFlow, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    """What a reader should know that no attribute says, such as a resource that no element claims."""
    unread: tuple[str, ...] = field(default=())
    """Machines whose way into a network cannot be read: that nothing is seen to reach them says nothing."""

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-observation/1`."""
        return {
            "format": FORMAT,
            "target": self.target,
            "source": self.source,
            "elements": {path: dict(attributes) for path, attributes in sorted(self.elements.items())},
            "flows": [flow.to_json() for flow in self.flows],
            "service_flows": [flow.to_json() for flow in self.service_flows],
            "egress": [flow.to_json() for flow in self.egress],
            "entry": [flow.to_json() for flow in self.entry],
            "remarks": list(self.remarks),
            **({"unread": list(self.unread)} if self.unread else {}),
        }
