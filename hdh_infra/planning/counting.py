"""What a plan needs of each limit: its resources counted, or weighed, in the groups that share the limit.

It deliberately judges nothing (`capacity` does). Which resources count and what groups them is written beside
each limit in the catalogue; what one property alone does not tell is worked out by `KEYS` and `WEIGHTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, TypeAlias, final

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Flavour, Limit
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value
from hdh_infra.model.base import GIB

Group: TypeAlias = tuple[str, ...]
_PEERING = "azure-native:network:VirtualNetworkPeering"
_SERVER = "scaleway:instance/server:Server"
_FAMILY = re.compile(r"([A-Za-z]+_)?([A-Za-z]+)\d+(?:-\d+)?([a-z]*)(?:_([A-Z]+\d+))?(?:_(v\d+))?")
_FLAVOURS = ("flavorName", "instanceType", "type", "machineType")
"""What clouds call the size of a machine, where it is a property of the machine itself."""
_ADDRESS_BITS = {".": 32, ":": 128}


@final
@dataclass(frozen=True, slots=True)
class Need:
    """What the fullest group of one limit needs."""

    amount: int
    holder: str | None
    """What the group shares, for people: `vnet-zone-lake`; None where the limit has one group only."""
    room: int | None
    """Size of the group's own range, where that is the limit."""
    unsized: str | None = None
    """A resource whose weight nobody knows, so that the amount is not known either."""


def needs(limits: Iterable[Limit], nodes: Iterable[Node], place: Site) -> Iterator[tuple[Limit, Need]]:
    """Each limit that something is needed of, with the need of its fullest group; equal ones go by name.

    Args:
        limits: of the offer.
        nodes: of the plan; those that are only referred to (`existing`) are not counted.
        place: for the sizes of machines.
    """
    plan = _Plan(nodes, place)
    for limit in limits:
        counted = [node for token in limit.counts for node in plan.by_type.get(token, ())]
        if counted and (found := _need(limit, counted, plan)):
            yield limit, found


def _need(limit: Limit, counted: Sequence[Node], plan: _Plan) -> Need | None:
    weigh = WEIGHTS[limit.sum] if limit.sum else None
    if not limit.per and weigh is None:
        return Need(len(counted), None, None)
    groups: dict[Group, int] = {}
    keys = _grouping(limit.per, plan)
    for node in counted:
        weight = weigh(node, plan) if weigh else 1
        if weight is None:
            return Need(0, None, None, node.path)
        for group in keys(node):
            groups[group] = groups.get(group, 0) + weight
    unit = GIB if limit.sum == "memory" else 1
    rooms = {group: plan.size(group[0], limit.size_of) for group in groups} if limit.size_of else {}
    if limit.size_of:
        groups = {group: amount for group, amount in groups.items() if rooms[group]}
    if not any(groups.values()):
        return None
    fullest = min(groups, key=lambda group: (-groups[group] / (rooms.get(group) or 1), group))
    return Need(-(-groups[fullest] // unit), fullest[-1] if fullest else None, rooms.get(fullest))


@final
class _Plan:
    """The nodes by type and by path, and what is looked up in them."""

    def __init__(self, nodes: Iterable[Node], place: Site) -> None:
        self.flavours = {flavour.name: flavour for flavour in place.offer.flavours}
        self.nodes = [node for node in nodes if node.existing is None]
        self.by_type: dict[str, list[Node]] = {}
        for node in self.nodes:
            self.by_type.setdefault(node.type, []).append(node)

    @cached_property
    def by_path(self) -> Mapping[str, Node]:
        return {node.path: node for node in self.nodes}

    @cached_property
    def peers(self) -> Mapping[Group, frozenset[Group]]:
        """By virtual network, those that are joined to it."""
        found: dict[Group, set[Group]] = {}
        for node in self.by_type.get(_PEERING, ()):
            remote = self.by_path.get(next(_at(node.properties, ("remoteVirtualNetwork", "id")), ""))
            if remote is not None:
                found.setdefault(_network(node), set()).add(_network(remote))
        return {network: frozenset(peers) for network, peers in found.items()}

    def size(self, path: str, name: str) -> int | None:
        """How many addresses a node's range has; None where it is not made here or has none."""
        node = self.by_path.get(path)
        text = node.properties.get(name) if node is not None else None
        if not isinstance(text, str) or not (found := re.fullmatch(r"[0-9a-fA-F]+([.:]).*/(\d+)", text)):
            return None
        return int(2 ** (_ADDRESS_BITS[found[1]] - int(found[2])))


def _grouping(per: Sequence[str], plan: _Plan) -> Callable[[Node], Iterable[Group]]:
    """The groups that a node is in, by the words of a limit's `per`; a node without one of them is in none."""
    if not per:
        return lambda _: ((),)
    if len(per) == 1 and per[0] in KEYS:
        worked_out = KEYS[per[0]]
        return lambda node: worked_out(node, plan)
    if all(word.isidentifier() for word in per):
        return lambda node: _plain(node.properties, per)
    # `a|b>c`: alternatives of (path, property of what is referred to).
    words = [
        [(tuple(path.split(".")), follow) for path, _, follow in (one.partition(">") for one in word.split("|"))]
        for word in per
    ]
    return lambda node: product(*(_first(node, alternatives, plan) for alternatives in words))


def _plain(properties: Mapping[str, Value], names: Sequence[str]) -> Iterable[Group]:
    """The group of a node by properties that are texts of its own, as most are: it is asked very often."""
    found: list[Any] = [properties.get(name) for name in names]
    if all(isinstance(one, str) for one in found):
        return (tuple(found),)
    return product(*(_at(properties, (name,)) for name in names))


def _first(node: Node, alternatives: Sequence[tuple[tuple[str, ...], str]], plan: _Plan) -> Sequence[str]:
    for path, follow in alternatives:
        found = list(_at(node.properties, path))
        if follow:
            referred = [plan.by_path[one] for one in found if one in plan.by_path]
            found = [str(one.properties[follow]) for one in referred if follow in one.properties]
        if found:
            return found
    return ()


def _at(value: Value, path: Sequence[str]) -> Iterator[str]:
    """The texts at a property path, of every item where there is a list; a reference is the path it refers to."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif path:
        if isinstance(value, Mapping) and path[0] in value:
            yield from _at(value[path[0]], path[1:])
    elif isinstance(value, Mapping):
        if "$ref" in value:
            yield str(value["$ref"])
    elif value is not None:
        yield str(value)


def _flavour(node: Node) -> str | None:
    """Name of the size of a machine, in any cloud's own property."""
    properties: Mapping[str, Any] = node.properties
    profile, looked_up = properties.get("hardwareProfile"), properties.get("flavorId")
    if isinstance(profile, Mapping):
        found = profile.get("vmSize")
    else:
        found = next((properties[name] for name in _FLAVOURS if properties.get(name) is not None), None)
    if found is None and isinstance(looked_up, Mapping) and isinstance(looked_up.get("args"), Mapping):
        found = looked_up["args"].get("name")
    return found if isinstance(found, str) else None


def _network(node: Node) -> Group:
    return str(node.properties.get("resourceGroupName")), str(node.properties.get("virtualNetworkName"))


def _family(node: Node, _: _Plan) -> Iterator[Group]:
    """`Dsv5` of `Standard_D2s_v5`: vCPUs are granted by family; a size without this form is a family of its own."""
    name = _flavour(node)
    if name is not None:
        found = _FAMILY.fullmatch(name)
        yield ("".join(part or "" for part in found.groups()[1:]) if found else name,)


def _network_and_peers(node: Node, plan: _Plan) -> Iterator[Group]:
    """The network that an endpoint is in, and those that are joined to it: all of these carry it."""
    for path in _at(node.properties, ("subnet", "id")):
        if subnet := plan.by_path.get(path):
            network = _network(subnet)
            yield network
            yield from plan.peers.get(network, ())


def _of_flavour(what: Callable[[Flavour], int]) -> Callable[[Node, _Plan], int | None]:
    def weigh(node: Node, plan: _Plan) -> int | None:
        flavour = plan.flavours.get(_flavour(node) or "")
        return what(flavour) if flavour is not None else None

    return weigh


def _vcpus(node: Node, plan: _Plan) -> int | None:
    """By the name of the size, or by the number itself where a cloud takes that."""
    number = node.properties.get("cpu")
    return number if isinstance(number, int) else _of_flavour(lambda flavour: flavour.vcpus)(node, plan)


def _volume(node: Node, _: _Plan) -> int | None:
    properties: Mapping[str, Any] = node.properties
    if node.type == _SERVER:
        # The disk that it starts from is a part of it.
        properties = properties.get("rootVolume") or {}
    size = properties.get("size", properties.get("diskSizeGB", properties.get("sizeInGb")))
    return size if isinstance(size, int) else None


def _acl_rules(node: Node, _: _Plan) -> int:
    rules = node.properties.get("rules")
    return len(rules) if isinstance(rules, list) else 0


def _prefixes(side: str) -> Callable[[Node, _Plan], int]:
    def weigh(node: Node, _: _Plan) -> int:
        many = node.properties.get(f"{side}AddressPrefixes")
        return len(many) if isinstance(many, list) and many else 1

    return weigh


KEYS: Mapping[str, Callable[[Node, _Plan], Iterable[Group]]] = {
    "family": _family,
    "network-and-peers": _network_and_peers,
}
"""Words of `per` that are worked out and not read from one property."""

WEIGHTS: Mapping[str, Callable[[Node, _Plan], int | None]] = {
    "vcpus": _vcpus,
    "memory": _of_flavour(lambda flavour: int(flavour.memory)),
    "volume-size": _volume,
    "sources": _prefixes("source"),
    "destinations": _prefixes("destination"),
    "acl-rules": _acl_rules,
}
"""How much a resource weighs, by the words of `sum`; None where nobody knows. Memory in bytes, volumes in the unit that the cloud counts them in."""

__all__ = ["KEYS", "WEIGHTS", "Need", "needs"]
