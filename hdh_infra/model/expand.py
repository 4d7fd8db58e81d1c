"""A platform worked out: defaults applied, one entry an element, one entry a flow between two elements.

Clouds lower and comparisons judge what stands here, so that the meaning of a default or of a pattern is
decided once. It deliberately allocates no address and chooses no flavour: that is the lock's.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from hdh_infra.model.elements import Disk, Key, Machine, Store
from hdh_infra.model.paths import PLATFORM, matches, network_path
from hdh_infra.model.platform import Platform, Space, Zone
from hdh_infra.model.scales import Encryption

DEFAULT_KEY = "default"
ElementSpec: TypeAlias = Store | Machine | Key | Zone


@dataclass(frozen=True, slots=True)
class Link:
    """One allowed connection between two elements, worked out from the flows."""

    source: str
    """Path of a machine."""
    to: str
    """Path of a store or machine; of an egress, an address range."""
    protocol: str
    ports: tuple[int | str, ...]

    @property
    def owner(self) -> str:
        """Whose nodes its edges are: the space at either end (the source's first), else the source's zone (law 4)."""
        ends = [network_path(self.source), network_path(self.to)]
        spaces = [end for end in ends if end and end.startswith("space/")]
        return spaces[0] if spaces else ends[0] or PLATFORM

    @property
    def slug(self) -> str:
        """A stable name of the link within its owner, made of its ends, protocol and ports."""
        ports = "-".join(str(port) for port in self.ports)
        return f"{self.source.replace('/', '.')}-to-{self.to.replace('/', '.')}-{self.protocol}-{ports}"


@dataclass(frozen=True)
class Expanded:
    """What a platform asks, element by element; the mappings are sorted by path."""

    platform: Platform
    networks: Mapping[str, Zone]
    stores: Mapping[str, Store]
    machines: Mapping[str, Machine]
    keys: Mapping[str, Key]

    @cached_property
    def elements(self) -> Mapping[str, ElementSpec]:
        """Every element by its path, sorted."""
        return dict(sorted([*self.networks.items(), *self.stores.items(), *self.machines.items(), *self.keys.items()]))

    def key_of(self, path: str) -> str | None:
        """Path of the key that encrypts a store or a machine's disks; None where no customer's key is asked."""
        spec = self.stores.get(path) or self.machines[path].disk
        if not spec.encryption.reaches(Encryption.customer_key):
            return None
        return f"key/{spec.key}" if spec.key else f"{network_path(path)}/key/{DEFAULT_KEY}"

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every allowed connection between elements, sorted, each once; same ends and protocol are one link."""
        return _merged(
            (source, to, flow.protocol, flow.ports)
            for flow in self.platform.flows
            for source in self._machines(flow.source)
            for to in [*self._machines(flow.to), *self._stores(flow.to)]
            if source != to or self.machines[source].count > 1
        )

    @cached_property
    def egress(self) -> tuple[Link, ...]:
        """Every allowed connection to the outside, sorted, each once."""
        return _merged(
            (source, rule.to, rule.protocol, rule.ports)
            for rule in self.platform.egress
            for source in self._machines(rule.source)
        )

    @cached_property
    def data_holders(self) -> Mapping[str, str]:
        """What must not be lost: path to what it is (store, key, disk)."""
        found = dict.fromkeys(self.stores, "store") | dict.fromkeys(self.keys, "key")
        found |= {path: "disk" for path, machine in self.machines.items() if machine.disk.size}
        return dict(sorted(found.items()))

    def _machines(self, pattern: str) -> list[str]:
        """Machines that a pattern means by their own path or by their network's."""
        known = self._found_machines.get(pattern)
        if known is None:
            near = _beginning(self._machine_paths, pattern)
            known = [path for path in near if matches(pattern, path) or matches(pattern, network_path(path) or "")]
            self._found_machines[pattern] = known
        return known

    def _stores(self, pattern: str) -> list[str]:
        return [path for path in _beginning(self._store_paths, pattern) if matches(pattern, path)]

    # A flow names a few elements of many: with 1,000 spaces it must not look at those of all the others.
    @cached_property
    def _machine_paths(self) -> list[str]:
        return sorted(self.machines)

    @cached_property
    def _store_paths(self) -> list[str]:
        return sorted(self.stores)

    @cached_property
    def _found_machines(self) -> dict[str, list[str]]:
        return {}


def _beginning(paths: list[str], pattern: str) -> list[str]:
    """Those of some sorted paths that begin as a pattern does before its first wildcard."""
    literal = pattern.split("*", maxsplit=1)[0]
    return paths[bisect_left(paths, literal) : bisect_left(paths, literal + chr(sys.maxunicode))]


def _port_order(port: int | str) -> tuple[int, int]:
    low, _, high = str(port).partition("-")
    return int(low), int(high or low)


def _merged(found: Iterator[tuple[str, str, str, tuple[int | str, ...]]]) -> tuple[Link, ...]:
    ports: dict[tuple[str, str, str], set[int | str]] = {}
    for source, to, protocol, allowed in found:
        ports.setdefault((source, to, protocol), set()).update(allowed)
    return tuple(
        Link(source, to, protocol, tuple(sorted(allowed, key=_port_order)))
        for (source, to, protocol), allowed in sorted(ports.items())
    )


def _with_defaults(platform: Platform, space: Space) -> Space:
    defaults = platform.spaces.defaults
    return space.model_copy(
        update={"stores": {**defaults.stores, **space.stores}, "machines": {**defaults.machines, **space.machines}}
    )


def expand(platform: Platform) -> Expanded:
    """Work a platform out: spaces with their defaults, implied keys, all by path."""
    networks: dict[str, Zone] = {f"zone/{name}": zone for name, zone in platform.zones.items()}
    networks |= {f"space/{name}": _with_defaults(platform, space) for name, space in platform.spaces.projects.items()}
    stores = {f"{path}/store/{name}": store for path, zone in networks.items() for name, store in zone.stores.items()}
    machines = {
        f"{path}/machine/{name}": machine for path, zone in networks.items() for name, machine in zone.machines.items()
    }
    keys = {f"key/{name}": key for name, key in platform.keys.items()}
    encrypted: list[tuple[str, Store | Disk]] = [*stores.items()]
    encrypted += [(path, machine.disk) for path, machine in machines.items()]
    for path, spec in encrypted:
        if spec.encryption.reaches(Encryption.customer_key) and spec.key is None:
            keys[f"{network_path(path)}/key/{DEFAULT_KEY}"] = Key()
    return Expanded(
        platform,
        dict(sorted(networks.items())),
        dict(sorted(stores.items())),
        dict(sorted(machines.items())),
        dict(sorted(keys.items())),
    )
