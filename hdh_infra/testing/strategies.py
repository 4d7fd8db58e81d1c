"""Hypothesis strategies for whole platforms, so that rules can be tried on platforms nobody thought of.

They make what the model accepts and nothing that a catalogue refuses: machines are small, the country is
France. Names, numbers of things, keys, floors and flows vary.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hdh_infra.model.expand import expand
from hdh_infra.model.platform import Platform

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,3})?", fullmatch=True)


def _names(minimum: int, maximum: int) -> st.SearchStrategy[list[str]]:
    return st.lists(NAMES, min_size=minimum, max_size=maximum, unique=True)


@st.composite
def _stores(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"size": draw(st.sampled_from(["10GB", "2TB", "300TB"]))}
    if draw(st.booleans()):
        found["key"] = draw(st.sampled_from(keys))
    elif draw(st.booleans()):
        found["encryption"] = "provider-key"
    found["versioning"] = draw(st.booleans())
    if found["versioning"] and draw(st.booleans()):
        found["retention"] = {
            "days": draw(st.integers(1, 3650)),
            "mode": draw(st.sampled_from(["governance", "compliance"])),
        }
    return found


@st.composite
def _machines(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    disk: dict[str, Any] = {}
    if draw(st.booleans()):
        disk["size"] = draw(st.sampled_from(["10GB", "500GB"]))
    if draw(st.booleans()):
        disk["key"] = draw(st.sampled_from(keys))
    return {
        "count": draw(st.integers(1, 3)),
        "vcpus": draw(st.integers(1, 4)),
        "memory": draw(st.sampled_from(["1GB", "8GB"])),
        "disk": disk,
    }


@st.composite
def _zones(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    return {
        "stores": {name: draw(_stores(keys)) for name in draw(_names(0, 2))},
        "machines": {name: draw(_machines(keys)) for name in draw(_names(0, 2))},
    }


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    """A whole platform: keys, zones, project spaces and flows between what there is."""
    keys = draw(_names(1, 3).filter(lambda names: "default" not in names))
    described: dict[str, Any] = {
        "name": draw(NAMES),
        "residency": {"countries": ["FR"]},
        "keys": {name: {"protection": draw(st.sampled_from(["software", "hsm"]))} for name in keys},
        "zones": {name: draw(_zones(keys)) for name in draw(_names(1, 2))},
        "spaces": {"projects": {name: draw(_zones(keys)) for name in draw(_names(0, 2))}},
    }
    found = expand(Platform.model_validate(described))
    sources, ends = [*found.machines], [*found.machines, *found.stores]
    flows = []
    if sources and ends:
        for _ in range(draw(st.integers(0, 4))):
            source, to = draw(st.sampled_from(sources)), draw(st.sampled_from(ends))
            ports = (
                [443]
                if to in found.stores
                else draw(st.lists(st.sampled_from([22, 443, "8000-8010"]), min_size=1, max_size=2, unique=True))
            )
            flows.append({"from": source, "to": to, "ports": ports})
    return Platform.model_validate({**described, "flows": flows})
