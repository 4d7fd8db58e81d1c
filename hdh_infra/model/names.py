"""What a description names, well formed or not, and the message for a word that it does not: all that rules look things up in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from hdh_infra.model.airlock import DIRECTIONS, RESERVED, STAGES
from hdh_infra.model.expand import DEFAULT_KEY
from hdh_infra.model.links import Paths
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.platform import Platform
from hdh_infra.model.words import closest

Location: TypeAlias = tuple[str | int, ...]
_FEW = 13
_WILDCARDS = frozenset("*")


def told(what: str, word: str, allowed: Iterable[str]) -> str:
    """A message with the nearest right word and what is allowed, the first of it where it is much."""
    words = sorted(set(allowed))
    close = closest(word, words)
    said = [f"did you mean {close}?"] if close else []
    if words and (len(words) <= _FEW or not close):
        more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
        said.append(f"allowed: {', '.join(words[:_FEW])}{more}")
    return f"{what}; {' '.join(said)}" if said else what


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


class Names:
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
        self.defaults: dict[str, set[str]] = {"machines": set(), "stores": set()}
        self.groups = {name for one in both for name in mapping(one, "groups")}
        for one in both:
            defaults = mapping(one, "spaces", "defaults")
            shared_airlock = mapping(defaults, "airlock")
            for part in self.defaults:
                self.defaults[part] |= set(mapping(defaults, part))
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
                if kind == "space":
                    airlock = mapping(zone, "airlock") or shared_airlock
                    self.stores |= {
                        f"{path}/store/{RESERVED}{direction}-{stage}"
                        for direction in DIRECTIONS
                        if airlock.get(direction)
                        for stage in STAGES
                    }

    @cached_property
    def sources(self) -> set[str]:
        """What a flow can come from."""
        return self.networks | self.machines

    @cached_property
    def everything(self) -> set[str]:
        """Every element."""
        return self.sources | self.stores | set(self.keys)

    @cached_property
    def ends(self) -> set[str]:
        """What a flow can go to."""
        return self.sources | self.stores

    @cached_property
    def waivable(self) -> Paths:
        """Every element, the implied keys and the platform itself, to be found by pattern."""
        implied = {f"{network}/key/{DEFAULT_KEY}" for network in self.networks}
        return Paths(self.everything | implied | {PLATFORM}, networks=False)

    @cached_property
    def described(self) -> Paths:
        """Every element, to be found by pattern."""
        return Paths(self.everything, networks=False)

    @cached_property
    def inside(self) -> Mapping[str, set[str]]:
        """What each space has, as its own flows name it: `machine/desktop`, `store/work`."""
        found: dict[str, set[str]] = {}
        for path in self.machines | self.stores:
            kind, name, *rest = path.split("/")
            found.setdefault(f"{kind}/{name}", set()).add("/".join(rest))
        return found

    def known(self, pattern: str, paths: set[str]) -> bool:
        """Whether an end names something; a pattern may name nothing yet."""
        return bool(_WILDCARDS & set(pattern)) or pattern in paths
