"""Rules that tie two parts of a description: references, overlaps, names. One function a rule.

Each rule yields (location, message); the loader puts file, line and column before it. They read the
names that the file has, not only those that were well formed, so that one mistake is not reported twice.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from hdh_infra.errors import Problem
from hdh_infra.model.attributes import REQUIREMENTS
from hdh_infra.model.expand import DEFAULT_KEY
from hdh_infra.model.paths import matches
from hdh_infra.model.platform import Platform
from hdh_infra.model.words import nearest

Location: TypeAlias = tuple[str | int, ...]
Found: TypeAlias = Iterator[tuple[Location, str]]
_WILDCARDS = frozenset("*?[")


def check(platform: Platform, written: Mapping[str, Any] | None = None) -> list[Problem]:
    """Every broken rule of a platform; `written` is the value of its file, if it has one."""
    names = _Names(platform, written or {})
    rules = (
        check_keys_exist,
        check_default_key_is_not_named,
        check_flow_ends_exist,
        check_egress_is_outside,
        check_addresses,
        check_waivers,
        check_retired_are_gone,
    )
    return [platform.problem(location, what) for rule in rules for location, what in rule(platform, names)]


class _Names:
    """The element paths that a description names, well formed or not."""

    def __init__(self, platform: Platform, written: Mapping[str, Any]) -> None:
        def mapping(value: Any, *path: str) -> dict[str, Any]:
            for part in path:
                value = value.get(part) if isinstance(value, Mapping) else None
            return dict(value) if isinstance(value, Mapping) else {}

        dumped = platform.model_dump(by_alias=True, include={"keys", "zones", "spaces"})
        both = [dumped, written]
        self.keys = sorted({f"key/{name}" for one in both for name in mapping(one, "keys")})
        self.networks: set[str] = set()
        self.stores: set[str] = set()
        self.machines: set[str] = set()
        for one in both:
            defaults = mapping(one, "spaces", "defaults")
            nothing: dict[str, Any] = {}
            inside = [("zone", name, zone, nothing) for name, zone in mapping(one, "zones").items()]
            inside += [("space", name, space, defaults) for name, space in mapping(one, "spaces", "projects").items()]
            for kind, name, zone, common in inside:
                path = f"{kind}/{name}"
                self.networks.add(path)
                self.stores |= {f"{path}/store/{store}" for part in (zone, common) for store in mapping(part, "stores")}
                self.machines |= {
                    f"{path}/machine/{machine}" for part in (zone, common) for machine in mapping(part, "machines")
                }

    @property
    def sources(self) -> set[str]:
        """What a flow can come from."""
        return self.networks | self.machines

    @property
    def everything(self) -> set[str]:
        """Every element."""
        return self.sources | self.stores | set(self.keys)

    def known(self, pattern: str, paths: set[str]) -> bool:
        """Whether an end names something; a pattern may name nothing yet."""
        return bool(_WILDCARDS & set(pattern)) or any(matches(pattern, path) for path in paths)


def _key_users(platform: Platform) -> Iterator[tuple[Location, str]]:
    zones: list[tuple[Location, Any]] = [(("zones", name), zone) for name, zone in platform.zones.items()]
    zones.append((("spaces", "defaults"), platform.spaces.defaults))
    zones += [(("spaces", "projects", name), space) for name, space in platform.spaces.projects.items()]
    for location, zone in zones:
        for name, store in zone.stores.items():
            if store.key:
                yield (*location, "stores", name, "key"), store.key
        for name, machine in zone.machines.items():
            if machine.disk.key:
                yield (*location, "machines", name, "disk", "key"), machine.disk.key


def check_keys_exist(platform: Platform, names: _Names) -> Found:
    """A store or disk names a key of the platform."""
    known = [key.removeprefix("key/") for key in names.keys]
    for location, key in _key_users(platform):
        if key not in known:
            hint = nearest(key, known) or "the platform has no keys: add it under keys:"
            yield location, f"no key is named {key!r}; {hint}"


def check_default_key_is_not_named(platform: Platform, names: _Names) -> Found:
    """The name of the implied keys is not free."""
    del names
    if DEFAULT_KEY in platform.keys:
        yield (
            ("keys", DEFAULT_KEY),
            f"{DEFAULT_KEY!r} is the name of the key that a zone or space has of its own: choose another",
        )


def check_flow_ends_exist(platform: Platform, names: _Names) -> Found:
    """A flow goes from machines to machines or stores that exist."""
    for index, flow in enumerate(platform.flows):
        ends = (("from", flow.source, names.sources), ("to", flow.to, names.sources | names.stores))
        for field, pattern, allowed in ends:
            if not names.known(pattern, allowed):
                yield ("flows", index, field), f"no element is {pattern!r}; {nearest(pattern, allowed)}".rstrip("; ")
    for index, rule in enumerate(platform.egress):
        if not names.known(rule.source, names.sources):
            yield (
                ("egress", index, "from"),
                f"no element is {rule.source!r}; {nearest(rule.source, names.sources)}".rstrip("; "),
            )


def check_egress_is_outside(platform: Platform, names: _Names) -> Found:
    """Inside, a flow is the word; an egress that covers the platform would open it to itself."""
    del names
    space = ipaddress.IPv4Network(platform.network.address_space)
    for index, rule in enumerate(platform.egress):
        if ipaddress.IPv4Network(rule.to).overlaps(space):
            yield (
                ("egress", index, "to"),
                f"{rule.to} overlaps the platform's own {space}: name addresses outside, or write a flow",
            )


def check_addresses(platform: Platform, names: _Names) -> Found:
    """Ranges are private, inside the platform's, and do not overlap; there are enough of them."""
    space = ipaddress.IPv4Network(platform.network.address_space)
    if not space.is_private:
        yield (
            ("network", "address_space"),
            f"{space} is not private: use a range of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )
    chosen: list[tuple[Location, ipaddress.IPv4Network]] = []
    zones = [(("zones", name), zone) for name, zone in platform.zones.items()]
    zones += [(("spaces", "projects", name), space_) for name, space_ in platform.spaces.projects.items()]  # type: ignore[misc]  # longer tuple
    for location, zone in zones:
        if zone.address_range is None:
            continue
        mine, here = ipaddress.IPv4Network(zone.address_range), (*location, "address_range")
        if not mine.subnet_of(space):
            yield (
                here,
                f"{mine} is not inside the platform's {space}: choose one inside, or widen network.address_space",
            )
        for other, range_ in chosen:
            if mine.overlaps(range_):
                yield here, f"{mine} overlaps {range_} of {'.'.join(map(str, other))}: choose another range"
        chosen.append((location, mine))
    wanted, length = len(names.networks), platform.network.prefix_length
    room = 2 ** max(0, length - space.prefixlen) if length >= space.prefixlen else 0
    if wanted > room:
        yield (
            ("network", "prefix_length"),
            f"{wanted} zones and spaces want a /{length} each, and {space} holds {room}: widen address_space or raise prefix_length",
        )


def check_waivers(platform: Platform, names: _Names) -> Found:
    """A waiver names a requirement and an element; residency can never be waived."""
    for index, waiver in enumerate(platform.waivers):
        if waiver.requirement not in REQUIREMENTS:
            yield (
                ("waivers", index, "requirement"),
                f"no requirement is {waiver.requirement!r}; {nearest(waiver.requirement, REQUIREMENTS)}".rstrip("; "),
            )
        elif not REQUIREMENTS[waiver.requirement].waivable:
            yield (
                ("waivers", index, "requirement"),
                f"{waiver.requirement} can never be waived: choose a target that meets it",
            )
        implied = {f"{network}/key/{DEFAULT_KEY}" for network in names.networks}
        if not any(matches(waiver.element, path) for path in names.everything | implied):
            yield (
                ("waivers", index, "element"),
                f"no element is {waiver.element!r}; {nearest(waiver.element, names.everything)}".rstrip("; "),
            )


def check_retired_are_gone(platform: Platform, names: _Names) -> Found:
    """What is retired is no longer described."""
    for index, retired in enumerate(platform.retire):
        if retired.element in names.everything:
            yield ("retire", index, "element"), f"{retired.element} is still described: take it out, or drop it here"
