"""Rules that tie two parts of a description: references, overlaps, names. One function a rule.

Each rule yields (location, message); the loader puts file, line and column before it. They read the
names that the file has, not only those that were well formed, so that one mistake is not reported twice.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from hdh_infra.errors import Problem
from hdh_infra.model.attributes import REQUIREMENTS
from hdh_infra.model.expand import DEFAULT_KEY
from hdh_infra.model.paths import matches
from hdh_infra.model.platform import Platform

Location: TypeAlias = tuple[str | int, ...]
Found: TypeAlias = Iterator[tuple[Location, str]]
_FEW = 12
_WILDCARDS = frozenset("*")


def told(what: str, word: str, allowed: Iterable[str]) -> str:
    """A message with the nearest right word and what is allowed, the first of it where it is much."""
    words = sorted(set(allowed))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    said = [f"did you mean {close[0]}?"] if close else []
    if words and (len(words) <= _FEW or not close):
        more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
        said.append(f"allowed: {', '.join(words[:_FEW])}{more}")
    return f"{what}; {' '.join(said)}" if said else what


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


def texts(written: Any, *path: str) -> Iterator[tuple[Location, str]]:
    """The texts at a path of a written description, with their places; `*` is every part of a mapping or a list.

    What has another form than it should is passed over: the model tells of it.
    """
    found: list[tuple[Location, Any]] = [((), written)]
    for part in path:
        deeper: list[tuple[Location, Any]] = []
        for at, value in found:
            if isinstance(value, Mapping):
                deeper += [((*at, key), item) for key, item in value.items() if part in {"*", key}]
            elif isinstance(value, (list, tuple)) and part == "*":
                deeper += [((*at, index), item) for index, item in enumerate(value)]
        found = deeper
    yield from ((at, value) for at, value in found if isinstance(value, str))


class _Names:
    """The element paths that a description names, well formed or not."""

    def __init__(self, platform: Platform, written: Mapping[str, Any]) -> None:
        def mapping(value: Any, *path: str) -> dict[str, Any]:
            for part in path:
                value = value.get(part) if isinstance(value, Mapping) else None
            return dict(value) if isinstance(value, Mapping) else {}

        dumped = platform.model_dump(by_alias=True, mode="json")
        self.written: Mapping[str, Any] = written or dumped
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


def check_keys_exist(platform: Platform, names: _Names) -> Found:
    """A store or disk names a key of the platform."""
    del platform
    known = [key.removeprefix("key/") for key in names.keys]
    for holder in (("zones", "*"), ("spaces", "defaults"), ("spaces", "projects", "*")):
        for part in (("stores", "*", "key"), ("machines", "*", "disk", "key")):
            for location, key in texts(names.written, *holder, *part):
                if key not in known:
                    what = f"no key is named {key!r}"
                    yield (
                        location,
                        told(what, key, known) if known else f"{what}: the platform has none; add it under keys:",
                    )


def check_default_key_is_not_named(platform: Platform, names: _Names) -> Found:
    """The name of the implied keys is not free."""
    del names
    if DEFAULT_KEY in platform.keys:
        yield (
            ("keys", DEFAULT_KEY),
            f"{DEFAULT_KEY!r} is the name of the key that a zone or space has of its own: choose another",
        )


def check_flow_ends_exist(platform: Platform, names: _Names) -> Found:
    """Both ends of a flow, and the source of an egress, name something that is there."""
    del platform
    ends = [("flows", end, names.sources) for end in ("from", "source")]
    ends += [("flows", "to", names.everything - set(names.keys))]
    ends += [("egress", end, names.sources) for end in ("from", "source")]
    for part, end, known in ends:
        for location, path in texts(names.written, part, "*", end):
            if not names.known(path, known):
                yield location, told(f"no element is {path!r}", path, known)


def check_egress_is_outside(platform: Platform, names: _Names) -> Found:
    """Inside, a flow is the word; an egress that covers the platform would open it to itself."""
    space = ipaddress.IPv4Network(platform.network.address_space)
    for location, to in texts(names.written, "egress", "*", "to"):
        try:
            overlaps = ipaddress.IPv4Network(to).overlaps(space)
        except ValueError:
            continue  # the model tells of it
        if overlaps:
            yield location, f"{to} overlaps the platform's own {space}: name addresses outside, or write a flow"


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
    del platform
    for location, requirement in texts(names.written, "waivers", "*", "requirement"):
        if requirement not in REQUIREMENTS:
            yield location, told(f"no requirement is {requirement!r}", requirement, REQUIREMENTS)
        elif not REQUIREMENTS[requirement].waivable:
            yield location, f"{requirement} can never be waived: choose a target that meets it"
    implied = {f"{network}/key/{DEFAULT_KEY}" for network in names.networks}
    for location, element in texts(names.written, "waivers", "*", "element"):
        if not any(matches(element, path) for path in names.everything | implied):
            yield location, told(f"no element is {element!r}", element, names.everything)


def check_retired_are_gone(platform: Platform, names: _Names) -> Found:
    """What is retired is no longer described."""
    del platform
    for location, element in texts(names.written, "retire", "*", "element"):
        if element in names.everything:
            yield location, f"{element} is still described: take it out, or drop it here"
