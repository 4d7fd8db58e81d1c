"""What networks hold and what goes between them: zones, project spaces, airlocks, flows, ways out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from hdh_infra.model.expand import OWN_MACHINE
from hdh_infra.testing.strategies.drawing import Described, number, pick, pick_some, rarely, some_of
from hdh_infra.testing.strategies.elements import SIZES, draw_key, draw_machine, draw_store
from hdh_infra.testing.strategies.outline import Outline, Part

_PORTS: tuple[int | str, ...] = (22, 443, 5432, "8000-8010")
_OUTSIDE = ("192.0.2.0/24", "198.51.100.7/32", "pypi.org", "*.debian.org")
_STORE_PORTS = [443]
"""Stores are reached by HTTPS only."""


def _ports(draw: st.DrawFn) -> list[int | str]:
    return pick_some(draw, _PORTS, 1, 2)


def _gate(draw: st.DrawFn, principals: Sequence[str]) -> Described | bool:
    if not rarely(draw, 2):
        return True
    options: dict[str, Callable[[], Any]] = {"reviewers": lambda: number(draw, 1, 9)}
    if principals:
        options["outside"] = lambda: pick(draw, principals)
    return some_of(draw, options)


def draw_airlock(draw: st.DrawFn, keys: Sequence[str], machines: Sequence[str], people: Sequence[str]) -> Described:
    """An airlock that lets something in or out; with or without somebody who is named for it."""
    both = [*machines, *people]
    directions = pick(draw, [("import",), ("export",), ("import", "export")])
    found: Described = {direction: _gate(draw, both) for direction in directions}
    options: dict[str, Callable[[], Any]] = {
        "size": lambda: pick(draw, SIZES),
        "encryption": lambda: pick(draw, ["provider-key", "external-key"]),
    }
    if both:
        options["review"] = lambda: pick(draw, both)
    if machines:
        options["mover"] = lambda: pick(draw, machines)
    more = some_of(draw, options, 4)
    if keys and "encryption" not in more and rarely(draw, 2):
        more["key"] = pick(draw, keys)
    return {**found, **more}


def draw_part(draw: st.DrawFn, part: Part, keys: Sequence[str], principals: Sequence[str], *, rich: bool) -> Described:
    """The stores and machines of a zone, of a space or of the defaults; with nulls for what a space takes out.

    Args:
        draw: Hypothesis's own.
        part: their names.
        keys: names of keys of the platform.
        principals: who can be given rights on the stores.
        rich: with every field.
    """
    found: Described = {
        "stores": {name: draw_store(draw, keys, principals, rich=rich) for name in part.stores},
        "machines": {name: draw_machine(draw, keys, rich=rich) for name in part.machines},
    }
    for one in part.without:
        kind, name = one.split("/")
        found[kind][name] = None
    return {kind: things for kind, things in found.items() if things}


def draw_zone(draw: st.DrawFn, part: Part, outline: Outline, principals: Sequence[str], *, rich: bool) -> Described:
    """A zone."""
    beside = [f"{OWN_MACHINE}{one}" for one in part.machines]
    found = draw_part(draw, part, outline.keys, [*principals, *beside] if rich else (), rich=rich)
    options = {"entry": lambda: "bastion", "flow_logs": lambda: pick(draw, [True, False])}
    return found | (some_of(draw, options) if rich else {})


def _space_flows(draw: st.DrawFn, part: Part, outline: Outline) -> list[Described]:
    sources = ["machine/*", *(f"machine/{one}" for one in part.machines)]
    machines = [*sources, *outline.zone_ends]
    stores = [*(f"store/{one}" for one in part.stores), *outline.zone_stores]
    flows = []
    for _ in range(number(draw, 1, 2)):
        flow: Described = {"to": pick(draw, [*stores, *machines])}
        if rarely(draw, 2):
            flow["from"] = pick(draw, sources)
        if flow["to"] not in stores:
            flow |= some_of(draw, {"ports": lambda: _ports(draw), "protocol": lambda: pick(draw, ["udp", "tcp"])})
        flows.append(flow)
    return flows


def draw_common(draw: st.DrawFn, part: Part, outline: Outline, users: Sequence[str]) -> Described:
    """What both a space and the defaults of spaces may have beside stores and machines."""
    options: dict[str, Callable[[], Any]] = {
        "flows": lambda: _space_flows(draw, part, outline),
        "key": lambda: draw_key(draw, outline.groups, users, rich=True),
        "entry": lambda: "bastion",
    }
    if outline.groups:
        options["groups"] = lambda: pick_some(draw, outline.groups, 1, 2)
    found = some_of(draw, options)
    if rarely(draw):
        found["airlock"] = draw_airlock(draw, outline.keys, outline.zone_machines, outline.people)
    return found


def draw_space(draw: st.DrawFn, name: str, outline: Outline, *, rich: bool) -> Described:
    """A project space; rights on its own stores are those of its machines or of people."""
    part = outline.projects[name]
    whole = part.with_defaults(outline.defaults)
    own = [f"space/{name}/{OWN_MACHINE}{one}" for one in whole.machines]
    beside = [f"{OWN_MACHINE}{one}" for one in whole.machines]
    found = draw_part(draw, part, outline.keys, [*own, *beside, *outline.people] if rich else (), rich=rich)
    if not rich:
        return found
    found |= draw_common(draw, whole, outline, [*own, *outline.people])
    found |= some_of(draw, {"members": lambda: number(draw, 0, 40), "flow_logs": lambda: True}, 2)
    return found | ({"ends": str(part.ends)} if part.ends else {})


def draw_flows(draw: st.DrawFn, outline: Outline, *, rich: bool) -> list[Described]:
    """Flows between what there is.

    Between two spaces they are between two machines by name: a pattern of spaces at both ends would open every
    space to every other.
    """
    machines, stores = [*outline.zone_machines, *outline.space_machines], [*outline.zone_stores, *outline.space_stores]
    sources = [*machines, *(outline.zone_ends if rich else ()), *(outline.space_patterns if rich else ())]
    flows: list[Described] = []
    for _ in range(number(draw, 0, 4) if sources else 0):
        source = pick(draw, sources)
        ends = [*machines, *stores]
        if rich:
            ends += outline.zone_ends if source.startswith("space/") else [*outline.zone_ends, *outline.space_patterns]
        if "*" in source and source.startswith("space/"):
            ends = [one for one in ends if not one.startswith("space/")]
        if not ends:
            continue
        to = pick(draw, ends)
        flow: Described = {"from": source, "to": to, "ports": _STORE_PORTS if to in stores else _ports(draw)}
        if rich and to not in stores and rarely(draw):
            flow["protocol"] = "udp"
        flows.append(flow)
    return flows


def draw_egress(draw: st.DrawFn, outline: Outline) -> list[Described]:
    """Ways to ranges and host names outside."""
    sources = [*outline.zone_ends, *outline.space_machines, *outline.space_patterns]
    found = []
    for to in pick_some(draw, _OUTSIDE, 1, 2):
        way = {"from": pick(draw, sources), "to": to, "ports": _ports(draw)}
        found.append(way | some_of(draw, {"protocol": lambda: pick(draw, ["udp", "tcp"])}))
    return found
