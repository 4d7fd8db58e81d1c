"""What holds for a whole platform, and the platform itself, put together and made consistent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from hdh_infra.catalogue.load import site
from hdh_infra.model.expand import OWN_MACHINE, expand
from hdh_infra.model.frameworks import TITLES
from hdh_infra.model.paths import GROUP
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.testing.strategies.drawing import Described, draw_backup, draw_name, pick, pick_some, rarely, some_of
from hdh_infra.testing.strategies.elements import draw_key
from hdh_infra.testing.strategies.networks import (
    draw_common,
    draw_egress,
    draw_flows,
    draw_part,
    draw_space,
    draw_zone,
)
from hdh_infra.testing.strategies.outline import Outline, draw_outline

PRIVATE = "openstack:RegionOne"
"""The target of a private offer, whose operator declares what nobody else can know."""
TARGETS = ("azure:francecentral", PRIVATE, "outscale:eu-west-2", "ovhcloud:GRA", "s3ns:u-france-east1")
_SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPxEuSvKMBzDIqTV9S8yhAAjtuAAxjAX7q1Q7dFmHLe operator"
_DOMAINS = ("hdh.internal", "clinic.example")
_NAMING = {
    "network": "{platform}-{kind}-{name}",
    "store": "{platform}-{kind}-in-{network}-of-{name}",
    "machine": "m-{kind}-in-{network}-of-{name}",
    "key": "{platform}-{kind}-in-{network}-of-{name}",
}
_MANAGED = ("kubernetes", "postgresql", "spark", "log-analysis", "identity-provider")
_SPACES = (("10.64.0.0/12", 24), ("10.0.0.0/8", 24), ("172.16.0.0/12", 25), ("192.168.0.0/16", 26))
_RETIRED = ("space/no-longer-here/**", "zone/no-longer-here/store/data", "key/no-longer-here")
_DECLARED = (
    ("region.country", "FR"),
    ("object_store.identities", "iam"),
    ("object_store.addressing", "virtual"),
    ("object_store.api", "swift"),
    ("object_store.log_target", "any"),
    ("store.encryption", "provider-key"),
    ("store.access_log", True),
)
"""What the operator of the private offer may declare: attributes that the catalogue does not know of it."""


@cache
def _limits(target: str) -> tuple[str, ...]:
    return tuple(sorted(limit.key for limit in site(Target.parse(target)).offer.limits if not limit.size_of))


def _targets(draw: st.DrawFn, outline: Outline) -> Described:
    found: Described = {}
    for target in pick_some(draw, TARGETS, 1, 3):
        settings: Described = {}
        if outline.groups and not rarely(draw):
            settings["groups"] = {one: str(uuid.uuid5(uuid.NAMESPACE_URL, one)) for one in outline.groups}
        if (limits := _limits(target)) and rarely(draw, 2):
            settings["quotas"] = {pick(draw, limits): pick(draw, [5000, 0, 1])}
        if target.startswith("azure:") and rarely(draw, 2):
            settings["log_search_days"] = pick(draw, [30, 90, 730])
        if target == PRIVATE and rarely(draw, 2):
            gpu = {"count": 2, "model": "a100", "memory": "80GB"}
            settings["flavours"] = [
                {"name": "h1.large", "vcpus": 8, "memory": "64GB"},
                {"name": "g1.large", "vcpus": 8, "memory": "64GB", "gpu": gpu},
            ]
        if target == PRIVATE and rarely(draw, 2):
            settings["object_store_endpoint"] = "https://s3.clinic.example"
        if target == PRIVATE and rarely(draw, 2):
            settings["object_store_addresses"] = ["203.0.113.20/32"]
        if target.startswith("outscale:") and not rarely(draw):
            networks = [f"zone/{name}" for name in outline.zones] + [f"space/{name}" for name in outline.projects]
            named = pick_some(draw, networks, 0, len(networks))
            settings["accounts"] = {one: f"{number:012}" for number, one in enumerate(named, 1)}
        if target.startswith("ovhcloud:") and rarely(draw, 2):
            settings["vrack"] = "pn-1000001"
        if not target.startswith("azure:") and rarely(draw, 2):
            settings["entry_from"] = pick(draw, [["198.51.100.0/24"], ["198.51.100.0/25", "203.0.113.7/32"]])
        if rarely(draw, 2):
            settings["store_proxy"] = False
        found[target] = settings
    return found


def _fact(attribute: str, value: object) -> Described:
    said = {"source": "operator's site record", "as_of": "2026-11-01", "by": "operator"}
    return {"target": PRIVATE, "attribute": attribute, "value": value, **said}


def _network(draw: st.DrawFn) -> Described:
    space, length = pick(draw, _SPACES)
    options = {"domain": lambda: pick(draw, _DOMAINS), "flow_logs": lambda: pick(draw, [True, False])}
    return {"address_space": space, "prefix_length": length, **some_of(draw, options)}


def _audit(draw: st.DrawFn, outline: Outline, described: Described) -> Described:
    """The zone of logs, with its store locked, and what is logged. Whoever reads the logs has a flow."""
    zone = str(outline.audit)
    (name,) = outline.zones[zone].stores
    path = f"zone/{zone}/store/{name}"
    store: Described = {"size": "2TB", "retention": {"days": pick(draw, [365, 1000]), "mode": "compliance"}}
    if outline.keys and rarely(draw, 2):
        store["key"] = pick(draw, outline.keys)
    readers = pick_some(draw, [*outline.people, *outline.zone_machines], 0, 2)
    store["grants"] = [{"to": one} for one in readers]
    described["flows"] += [{"from": one, "to": path, "ports": [443]} for one in readers if not one.startswith(GROUP)]
    described["zones"][zone] = {"stores": {name: store}}
    without = pick_some(draw, ["stores", "keys", "administration", "flows"], 0, 2)
    return {"store": path, **dict.fromkeys(without, False)}


def _ways_of_grants(described: Described) -> Iterator[Described]:
    """A flow for each right of machines on a store: without a way a right is a mistake.

    Rights on stores of spaces and of their defaults are those of machines beside them, and their ways are flows of
    the space, which end with it.
    """
    for name, zone in described["zones"].items():
        for store, asked in zone.get("stores", {}).items():
            for to in _granted(asked):
                source = f"zone/{name}/{to}" if to.startswith(OWN_MACHINE) else to
                yield {"from": source, "to": f"zone/{name}/store/{store}", "ports": [443]}
    spaces = {f"space/{name}/": space for name, space in described["spaces"]["projects"].items()}
    for path, space in [*spaces.items(), ("", described["spaces"].get("defaults", {}))]:
        for store, asked in space.get("stores", {}).items():
            for to in _granted(asked):
                space.setdefault("flows", []).append({"from": to.removeprefix(path), "to": f"store/{store}"})


def _granted(store: Described | None) -> list[str]:
    """Machines that are given a right on a store by its own grants."""
    return [grant["to"] for grant in (store or {}).get("grants", ()) if not grant["to"].startswith(GROUP)]


def _with_grants(described: Described) -> set[str]:
    """Paths of the stores that have grants: flows to them are those of who is granted."""
    found = {
        f"zone/{name}/store/{store}"
        for name, zone in described["zones"].items()
        for store, asked in zone.get("stores", {}).items()
        if "grants" in asked
    }
    defaults = described["spaces"].get("defaults", {}).get("stores", {})
    for name, space in described["spaces"]["projects"].items():
        stores = {**defaults, **space.get("stores", {})}
        found |= {f"space/{name}/store/{store}" for store, asked in stores.items() if asked and "grants" in asked}
    return found


def _take_an_identity(draw: st.DrawFn, described: Described) -> None:
    """Take the identity of one machine that no right and no key needs."""
    found = expand(Platform.model_validate(described))
    busy = {*found.rights_of, *(one for key in found.keys for one in found.users_of(key))}
    free = [
        machine
        for kind, homes in (("zone", described["zones"]), ("space", described["spaces"]["projects"]))
        for name, home in homes.items()
        for one, machine in home.get("machines", {}).items()
        if machine and f"{kind}/{name}/machine/{one}" not in busy
    ]
    if free:
        pick(draw, free)["identity"] = False


def _settings(draw: st.DrawFn, outline: Outline) -> Described:
    """A few of the parts that a platform may leave out."""
    retired = {"reason": "given back to its owner", "data": "keep"}
    backups: dict[str, Callable[[], Any]] = {one: lambda: draw_backup(draw) for one in ("stores", "disks")}
    options: dict[str, Callable[[], Any]] = {
        "frameworks": lambda: pick_some(draw, sorted(TITLES), 1, 3),
        "network": lambda: _network(draw),
        "targets": lambda: _targets(draw, outline),
        "egress": lambda: draw_egress(draw, outline),
        "backup": lambda: some_of(draw, backups),
        "naming": lambda: {kind: _NAMING[kind] for kind in pick_some(draw, list(_NAMING), 1, 4)},
        "requires": lambda: pick_some(draw, _MANAGED, 1, 2),
        "residency": lambda: {"countries": pick(draw, [["FR"], ["FR", "DE"], ["IT", "FR"]])},
        "tags": lambda: {"cost-centre": "4711"},
        "ssh_keys": lambda: [_SSH_KEY],
        "facts": lambda: [_fact(*one) for one in pick_some(draw, _DECLARED, 1, 3)],
        "retire": lambda: [{"element": one, **retired} for one in pick_some(draw, _RETIRED, 1, 2)],
    }
    return {name: options[name]() for name in pick_some(draw, list(options), 0, 6)}


def draw_platform(draw: st.DrawFn, spaces: Sequence[int], *, rich: bool) -> Described:
    """A whole platform."""
    outline = draw_outline(draw, spaces, rich=rich)
    principals = [*outline.zone_ends, *outline.space_machines, *outline.space_patterns, *outline.people]
    users = [*outline.zone_ends, *outline.people]
    described: Described = {
        "name": draw_name(draw),
        "residency": {"countries": ["FR"]},
        "keys": {name: draw_key(draw, outline.groups, users, rich=rich) for name in outline.keys},
        "zones": {
            name: draw_zone(draw, part, outline, principals, rich=rich)
            for name, part in outline.zones.items()
            if name != outline.audit
        },
        "spaces": {"projects": {name: draw_space(draw, name, outline, rich=rich) for name in outline.projects}},
    }
    if rich and spaces[1]:
        own = [f"{OWN_MACHINE}{one}" for one in outline.defaults.machines]
        defaults = draw_part(draw, outline.defaults, outline.keys, [*own, *outline.people], rich=True)
        described["spaces"]["defaults"] = defaults | draw_common(draw, outline.defaults, outline, outline.people)
    granted = _with_grants(described)
    flows = [flow for flow in draw_flows(draw, outline, rich=rich) if flow["to"] not in granted]
    described["flows"] = [*flows, *_ways_of_grants(described)]
    if not rich:
        return described
    if outline.groups:
        described["groups"] = {name: {"description": f"those of {name}"} for name in outline.groups}
    described |= _settings(draw, outline)
    if outline.audit:
        described["audit"] = _audit(draw, outline, described)
    if rarely(draw):
        _take_an_identity(draw, described)
    return described
