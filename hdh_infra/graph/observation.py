"""Observation: what a plan, or what is deployed, gives; and the native resources it is read from.

`Natives` lets one pure reader serve plans (references are forms), engine states and live servers
(references are native ids): `follow` finds the resource that a property points at in all three.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, final

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
@dataclass(frozen=True, slots=True, order=True)
class ObservedFlow:
    """Who can reach whom, as a packet would fare; `also_reaches` is what the same opening reaches beyond it."""

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
@dataclass(frozen=True)
class Observation:
    """What is given: elements with the values reached, and who can reach whom.

    Flows are between machines and from machines to stores (paths of elements), one for each pair of ends and
    protocol, sorted; egress goes from a machine to an address range; entry comes from `internet`.
    """

    target: str
    source: Origin
    elements: Mapping[str, Mapping[str, Any]]
    flows: tuple[ObservedFlow, ...] = ()
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
