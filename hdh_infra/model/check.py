"""Rules that tie two parts of a description: references, overlaps, names. One function a rule.

Each rule yields (location, message); the loader puts file, line and column before it. They read the
names that the file has, not only those that were well formed, so that one mistake is not reported twice.
Rules about what the parts mean together (audit, frameworks, rights) stand in `check_meaning`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from hdh_infra.errors import Problem
from hdh_infra.model.airlock import DIRECTIONS, RESERVED
from hdh_infra.model.expand import DEFAULT_KEY, OWN_MACHINE
from hdh_infra.model.names import Location, Names, texts, told
from hdh_infra.model.paths import GROUP, PLATFORM, kind_of
from hdh_infra.model.platform import Platform
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.settings import is_host

Found: TypeAlias = Iterator[tuple[Location, str]]


def check(platform: Platform, written: Mapping[str, Any] | None = None) -> list[Problem]:
    """Every broken rule of a platform; `written` is the value of its file, if it has one."""
    from hdh_infra.model.check_meaning import MEANINGS

    names = Names(platform, written or {})
    rules = (
        check_keys_exist,
        check_default_key_is_not_named,
        check_flow_ends_exist,
        check_space_flow_ends_exist,
        check_principals_exist,
        check_groups_exist,
        check_stage_names_are_free,
        check_accounts_are_of_machines,
        check_existing_are_named,
        check_egress_is_outside,
        check_addresses,
        check_waivers,
        check_replaced_are_there,
        check_retired_are_gone,
    )
    found = [platform.problem(location, what) for rule in rules for location, what in rule(platform, names)]
    if not found:
        # What parts mean together can be said only of parts that are there.
        found = [platform.problem(location, what) for rule in MEANINGS for location, what in rule(platform)]
    return found


def check_keys_exist(platform: Platform, names: Names) -> Found:
    """A store or disk names a key of the platform."""
    del platform
    known = {key.removeprefix("key/") for key in names.keys}
    for holder in (("zones", "*"), ("spaces", "defaults"), ("spaces", "projects", "*")):
        for part in (
            ("stores", "*", "key"),
            ("machines", "*", "disk", "key"),
            ("machines", "*", "system_disk", "key"),
            ("airlock", "key"),
        ):
            for location, key in texts(names.written, *holder, *part):
                if key not in known:
                    what = f"no key is named {key!r}"
                    yield (
                        location,
                        told(what, key, known) if known else f"{what}: the platform has none; add it under keys:",
                    )


def check_default_key_is_not_named(platform: Platform, names: Names) -> Found:
    """The name of the implied keys is not free."""
    del names
    if DEFAULT_KEY in platform.keys:
        yield (
            ("keys", DEFAULT_KEY),
            f"{DEFAULT_KEY!r} is the name of the key that a zone or space has of its own: choose another",
        )


def check_flow_ends_exist(platform: Platform, names: Names) -> Found:
    """Both ends of a flow, and the source of an egress, name something that is there."""
    del platform
    ends = [("flows", end, names.sources) for end in ("from", "source")]
    ends += [("flows", "to", names.ends)]
    ends += [("egress", end, names.sources) for end in ("from", "source")]
    for part, end, known in ends:
        for location, path in texts(names.written, part, "*", end):
            if not names.known(path, known):
                yield location, told(f"no element is {path!r}", path, known)


def check_space_flow_ends_exist(platform: Platform, names: Names) -> Found:
    """Both ends of a space's own flow name something of the space, or of the platform."""
    del platform
    for holder in (("spaces", "defaults"), ("spaces", "projects", "*")):
        for end in ("from", "source", "to"):
            for location, path in texts(names.written, *holder, "flows", "*", end):
                space = f"space/{location[2]}" if holder[1] == "projects" else None
                yield from _inner_end(names, location, path, space, source=end != "to")


def _inner_end(names: Names, location: Location, path: str, space: str | None, *, source: bool) -> Found:
    inside = path.startswith(("machine/", "store/"))
    if source and not path.startswith("machine/"):
        yield location, f"{path!r} is no machine of the space: write machine/NAME or machine/*"
        return
    if not inside:
        if not names.known(path, names.ends):
            yield location, told(f"no element is {path!r}", path, names.ends)
        return
    spaces = [space] if space else [one for one in names.networks if one.startswith("space/")]
    own = {one for space in spaces for one in names.inside.get(space, ()) if one.startswith("machine/") or not source}
    own |= {
        f"{kind}/{name}"
        for kind, part in (("machine", "machines"), ("store", "stores"))
        for name in names.defaults.get(part, ())
    }
    if not names.known(path, own):
        yield location, told(f"the space has no {path!r}", path, own)


def check_principals_exist(platform: Platform, names: Names) -> Found:
    """Whoever is given a right is a machine, a network of machines or a group that is there."""
    del platform
    homes = (("zones", "*"), ("spaces", "defaults"), ("spaces", "projects", "*"))
    places = [(*home, "stores", "*", "grants", "*", "to") for home in homes]
    for home in (("spaces", "defaults", "airlock"), ("spaces", "projects", "*", "airlock")):
        places += [(*home, end) for end in ("review", "mover")]
        places += [(*home, direction, "outside") for direction in DIRECTIONS]
    groups = {f"{GROUP}{name}" for name in names.groups}
    for place in places:
        for location, to in texts(names.written, *place):
            if "grants" in location and to.startswith(OWN_MACHINE):
                yield from _own_machine(names, location, to)
            elif not names.known(to, names.sources | groups) or (to.startswith(GROUP) and to not in groups):
                yield location, told(f"nobody is {to!r}", to, names.sources | groups)
    keys = (("keys", "*"), ("spaces", "defaults", "key"), ("spaces", "projects", "*", "key"))
    for place in ((*key, "users", "*") for key in keys):
        for location, to in texts(names.written, *place):
            if not names.known(to, names.sources | groups) or (to.startswith(GROUP) and to not in groups):
                yield location, told(f"nobody is {to!r}", to, names.sources | groups)


def _own_machine(names: Names, location: Location, to: str) -> Found:
    """A machine beside the store: of its zone or space or, of a default, of some space."""
    kind = "zone" if location[0] == "zones" else "space"
    network = f"{kind}/{location[1] if kind == 'zone' else location[2]}/"
    of_defaults = kind == "space" and location[1] == "defaults"
    near = {path.split("/", 2)[2] for path in names.machines if path.startswith("space/" if of_defaults else network)}
    near |= {f"{OWN_MACHINE}{name}" for name in names.defaults["machines"]} if kind == "space" else set()
    if not names.known(to, near):
        yield location, told(f"no machine beside it is {to!r}", to, near)


def check_groups_exist(platform: Platform, names: Names) -> Found:
    """Groups that spaces, keys and targets name are described."""
    places: list[tuple[str, ...]] = [
        ("spaces", "defaults", "groups", "*"),
        ("spaces", "projects", "*", "groups", "*"),
        ("keys", "*", "administrators", "*"),
        ("spaces", "defaults", "key", "administrators", "*"),
        ("spaces", "projects", "*", "key", "administrators", "*"),
    ]
    found = [one for place in places for one in texts(names.written, *place)]
    for target, settings in platform.targets.items():
        found += [(("targets", target, "groups", name), name) for name in settings.groups]
    for location, name in found:
        if name not in names.groups:
            what = f"no group is named {name!r}"
            yield location, told(what, name, names.groups) if names.groups else f"{what}: add it under groups:"


def check_stage_names_are_free(platform: Platform, names: Names) -> Found:
    """Stores whose names begin as the stages of an airlock would be taken for them."""
    del names
    spaces = platform.spaces
    places = [(("spaces", "defaults", "stores", name), name) for name in spaces.defaults.stores]
    places += [
        (("spaces", "projects", project, "stores", name), name)  # type: ignore[misc]  # a longer place
        for project, space in spaces.projects.items()
        for name in space.stores
    ]
    for location, name in places:
        if name.startswith(RESERVED):
            yield location, f"{name!r} begins as the stages of an airlock do ({RESERVED}...): choose another name"


def check_existing_are_named(platform: Platform, names: Names) -> Found:
    """What is named instead of made is a network, a key, an image, the project, the group of resources or the network watcher."""
    words = {"project", "group", "network-watcher"}
    known = names.networks | set(names.keys) | words
    for target, settings in platform.targets.items():
        for path in settings.existing:
            if path not in known and not path.startswith("image/"):
                location = ("targets", target, "existing", path)
                yield location, told(f"{path!r} cannot be named instead of made", path, known | {"image/FAMILY"})
        if settings.project and "project" in settings.existing:
            yield (
                ("targets", target, "existing", "project"),
                "is given twice, here and as project: keep one of them",
            )


def check_accounts_are_of_machines(platform: Platform, names: Names) -> Found:
    """An account stands for a machine, or for the machines of a zone or space."""
    known = names.networks | set(names.machines)
    for target, settings in platform.targets.items():
        for path in settings.accounts:
            if path not in known:
                yield ("targets", target, "accounts", path), told(f"{path!r} has no machines", path, known)


def check_egress_is_outside(platform: Platform, names: Names) -> Found:
    """Inside, a flow is the word; an egress that covers the platform would open it to itself."""
    space = ipaddress.IPv4Network(platform.network.address_space)
    for location, to in texts(names.written, "egress", "*", "to"):
        if is_host(to):
            continue
        try:
            overlaps = ipaddress.IPv4Network(to).overlaps(space)
        except ValueError:
            continue  # the model tells of it
        if overlaps:
            yield location, f"{to} overlaps the platform's own {space}: name addresses outside, or write a flow"


def check_addresses(platform: Platform, names: Names) -> Found:
    """Ranges are private, inside the platform's, and do not overlap; there are enough of them."""
    space = ipaddress.IPv4Network(platform.network.address_space)
    if not space.is_private:
        yield (
            ("network", "address_space"),
            f"{space} is not private: use a range of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )
    chosen: list[tuple[ipaddress.IPv4Network, Location]] = []
    zones: list[tuple[Location, str | None]] = [
        (("zones", name), zone.address_range) for name, zone in platform.zones.items()
    ]
    zones += [
        (("spaces", "projects", name), project.address_range) for name, project in platform.spaces.projects.items()
    ]
    for location, written in zones:
        if written is None:
            continue
        mine, here = ipaddress.IPv4Network(written), (*location, "address_range")
        if not mine.subnet_of(space):
            yield (
                here,
                f"{mine} is not inside the platform's {space}: choose one inside, or widen network.address_space",
            )
        chosen.append((mine, location))
    # In the order of the file the later of two overlapping ones is told; sorted, an overlap is always with the one before.
    order = {location: index for index, (_, location) in enumerate(chosen)}
    widest: tuple[ipaddress.IPv4Network, Location] | None = None
    for mine, location in sorted(chosen, key=lambda one: (int(one[0].network_address), one[0].prefixlen)):
        if widest and mine.overlaps(widest[0]):
            later, earlier = (
                ((mine, location), widest) if order[location] > order[widest[1]] else (widest, (mine, location))
            )
            yield (
                (*later[1], "address_range"),
                f"{later[0]} overlaps {earlier[0]} of {'.'.join(map(str, earlier[1]))}: choose another range",
            )
        if widest is None or int(mine.broadcast_address) > int(widest[0].broadcast_address):
            widest = mine, location
    wanted, length = len(names.networks), platform.network.prefix_length
    room = 2 ** max(0, length - space.prefixlen) if length >= space.prefixlen else 0
    if wanted > room:
        yield (
            ("network", "prefix_length"),
            f"{wanted} zones and spaces want a /{length} each, and {space} holds {room}: widen address_space or raise prefix_length",
        )


def check_waivers(platform: Platform, names: Names) -> Found:
    """A waiver names a requirement and an element; residency can never be waived."""
    del platform
    for location, requirement in texts(names.written, "waivers", "*", "requirement"):
        if requirement not in REQUIREMENTS:
            yield location, told(f"no requirement is {requirement!r}", requirement, REQUIREMENTS)
        elif not REQUIREMENTS[requirement].waivable:
            yield location, f"{requirement} can never be waived: choose a target that meets it"
    for location, element in texts(names.written, "waivers", "*", "element"):
        meant = names.waivable.matching(element)
        if not meant:
            yield location, told(f"no element is {element!r}", element, names.everything)
            continue
        requirement = _beside(names.written, location, "requirement")
        known = isinstance(requirement, str) and requirement in REQUIREMENTS
        kinds = _KINDS.get(requirement.split(".", 1)[0]) if known else None
        if kinds and not any(_kind(path) in kinds for path in meant):
            yield (
                location,
                f"waives nothing: {requirement} is asked of {' and '.join(sorted(kinds))} only, and {element!r} means none",
            )


_KINDS: Mapping[str, frozenset[str]] = {
    "store": frozenset({"store"}),
    "machine": frozenset({"machine"}),
    "key": frozenset({"key"}),
    "network": frozenset({"network"}),
    "space": frozenset({"network"}),
    "airlock": frozenset({"network"}),
    "capacity": frozenset({"platform"}),
    "requires": frozenset({"platform"}),
}
"""Kinds of elements that a family of requirements is asked of."""


def _kind(path: str) -> str | None:
    """The kind of what stands at a path; None where a name in it is none, which the model tells of."""
    try:
        return "platform" if path == PLATFORM else kind_of(path)
    except ValueError:
        return None


def _beside(written: Mapping[str, Any], location: Location, name: str) -> Any:
    """Another field of the item of a list that a place lies in."""
    part, index = location[0], location[1]
    items = written.get(str(part))
    item = items[index] if isinstance(items, (list, tuple)) and isinstance(index, int) else None
    return item.get(name) if isinstance(item, Mapping) else None


def check_replaced_are_there(platform: Platform, names: Names) -> Found:
    """What may be made anew is described."""
    del platform
    for location, element in texts(names.written, "replace", "*", "element"):
        if all(path == PLATFORM for path in names.waivable.matching(element)):
            yield location, told(f"no element is {element!r}", element, names.everything)


def check_retired_are_gone(platform: Platform, names: Names) -> Found:
    """What is retired is no longer described."""
    del platform
    for location, element in texts(names.written, "retire", "*", "element"):
        still = names.described.matching(element)
        if still:
            which = still[0] if still[0] == element else f"{element} means {still[0]}, which"
            yield location, f"{which} is still described: take it out, or drop it here"
