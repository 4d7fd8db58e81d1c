"""A platform worked out: defaults applied, floors raised, one entry an element, one entry a pair of ends.

Clouds lower and comparisons judge what stands here, so that the meaning of a default, of a pattern, of an
airlock or of an end date is decided once. It deliberately allocates no address and chooses no flavour: that
is the lock's.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from hdh_infra.model.airlock import RESERVED, Airlock
from hdh_infra.model.elements import Key, Machine, Store
from hdh_infra.model.links import KeyWay, Link, Paths, Right, grouped, merged, strongest
from hdh_infra.model.paths import GROUP, network_path
from hdh_infra.model.platform import Flow, Platform, Space, SpaceFlow, Zone
from hdh_infra.model.raising import Raised, Raising
from hdh_infra.model.scales import Access, Encryption
from hdh_infra.model.settings import is_host
from hdh_infra.model.store import Backup

DEFAULT_KEY = "default"
ElementSpec: TypeAlias = Store | Machine | Key | Zone
STORE_PORT = 443
"""Stores are reached by HTTPS only."""
OWN_MACHINE = "machine/"
"""Where a path of a machine in the same zone or space begins."""
_INSIDE = (OWN_MACHINE, "store/")


@dataclass(frozen=True)
class Expanded:
    """What a platform asks, element by element; the mappings are sorted by path.

    Attributes:
        platform: the spec.
        countries: where data may lie, the narrowest of what is written and of what frameworks ask.
        networks: zones and spaces, spaces with their defaults.
        stores: with the stages of airlocks.
        machines: those that run; none of a closed space.
        keys: with those that zones and spaces have of their own.
        kept_disks: machines of closed spaces, of which the data disks alone are kept.
        closed: spaces past their end.
        airlocks: of each space that has one.
        audit: parts of the audit that are asked.
        raised: floors that frameworks raised.
    """

    platform: Platform
    countries: tuple[str, ...]
    networks: Mapping[str, Zone]
    stores: Mapping[str, Store]
    machines: Mapping[str, Machine]
    keys: Mapping[str, Key]
    kept_disks: Mapping[str, Machine]
    closed: frozenset[str]
    airlocks: Mapping[str, Airlock]
    audit: frozenset[str]
    raised: tuple[Raised, ...]

    @cached_property
    def elements(self) -> Mapping[str, ElementSpec]:
        """Every element by its path, sorted."""
        return dict(sorted([*self.networks.items(), *self.stores.items(), *self.machines.items(), *self.keys.items()]))

    def is_closed(self, path: str) -> bool:
        """Whether a path lies in a space past its end."""
        return bool(self.closed) and network_path(path) in self.closed

    def machine(self, path: str) -> Machine:
        """A machine, running or of a closed space. Raises `KeyError`."""
        return self.machines[path] if path in self.machines else self.kept_disks[path]

    def key_of(self, path: str) -> str | None:
        """Path of the key that encrypts a store or a machine's data disk; None where there is none or no customer's key is asked."""
        store = self.stores.get(path)
        spec = store if store is not None else self.machine(path).disk
        if store is None and self.machine(path).disk.size is None:
            return None
        return self._key(path, spec.encryption, spec.key)

    def system_encryption(self, path: str) -> Encryption:
        """The floor of a machine's system disk."""
        machine = self.machine(path)
        return machine.system_disk.encryption or machine.disk.encryption

    def system_key_of(self, path: str) -> str | None:
        """Path of the key that encrypts a machine's system disk; None where no customer's key is asked."""
        machine = self.machine(path)
        return self._key(path, self.system_encryption(path), machine.system_disk.key or machine.disk.key)

    @staticmethod
    def _key(path: str, floor: Encryption, name: str | None) -> str | None:
        if not floor.reaches(Encryption.customer_key):
            return None
        return f"key/{name}" if name else f"{network_path(path)}/key/{DEFAULT_KEY}"

    @cached_property
    def encrypted_by(self) -> Mapping[str, tuple[str, ...]]:
        """By key, the stores and machines that are encrypted with it."""
        found: dict[str, set[str]] = {}
        for path in self.stores:
            if key := self.key_of(path):
                found.setdefault(key, set()).add(path)
        for path in (*self.machines, *self.kept_disks):
            # A kept disk has no system disk beside it.
            keys = {self.key_of(path)} | ({self.system_key_of(path)} if path in self.machines else set())
            for key in keys - {None}:
                found.setdefault(str(key), set()).add(path)
        return {key: tuple(sorted(paths)) for key, paths in found.items()}

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Every permission to open connections: the spec's, each space's own, and those of airlocks."""
        return (*self.platform.flows, *self._space_flows(), *self._airlock_flows())

    @cached_property
    def latent_flows(self) -> tuple[Flow, ...]:
        """What the defaults would ask of spaces, as patterns: so that shared things are the same with one space more (law 4)."""
        defaults = self.platform.spaces.defaults
        found = [_placed(flow, "space/*") for flow in defaults.flows]
        if defaults.airlock:
            for _, store in defaults.airlock.stores("space/*"):
                found += [
                    _flow(grant.to, f"space/*/store/{RESERVED}*") for grant in store.grants or () if _is_path(grant.to)
                ]
        return tuple({(flow.source, flow.to, flow.protocol, flow.ports): flow for flow in found}.values())

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every allowed connection between elements, sorted, each once; same ends and protocol are one link."""
        return merged(
            (source, to, flow.protocol, flow.ports)
            for flow in self.flows
            for source in self._machine_paths.matching(flow.source)
            for to in [*self._machine_paths.matching(flow.to), *self._store_paths.matching(flow.to)]
            if (source != to or self.machines[source].count > 1) and self._may_use(source, to)
        )

    def _may_use(self, source: str, to: str) -> bool:
        """Whether a way is worth opening: to a store with grants, only for a machine that they give a right.

        Where they give people a right the way is theirs, who work on the machine and come with it.
        """
        granted = self._granted.get(to)
        return granted is None or source in granted or any(one.startswith(GROUP) for one in granted)

    @cached_property
    def _granted(self) -> Mapping[str, frozenset[str]]:
        """By store with grants, the machines and groups that have a right on it."""
        return {
            path: frozenset(one for grant in store.grants for one in self._principals(grant.to))
            for path, store in self.stores.items()
            if store.grants is not None
        }

    @cached_property
    def egress(self) -> tuple[Link, ...]:
        """Every allowed connection to address ranges outside, sorted, each once."""
        return self._outwards(hosts=False)

    @cached_property
    def egress_hosts(self) -> tuple[Link, ...]:
        """Every allowed connection to a host name outside, sorted, each once."""
        return self._outwards(hosts=True)

    @cached_property
    def rights(self) -> tuple[Right, ...]:
        """Who may do what with which store, sorted: by its grants, or where none are given, whoever a flow leads to it."""
        by_flow = (
            Right(link.source, link.to, Access.write)
            for link in self.links
            if link.protocol == "tcp" and link.to in self.stores and self.stores[link.to].grants is None
        )
        by_grant = (
            Right(principal, path, grant.access)
            for path, store in self.stores.items()
            if store.grants and not self.is_closed(path)
            for grant in store.grants
            for principal in self._principals(grant.to)
        )
        return strongest([*by_flow, *by_grant])

    @cached_property
    def rights_on(self) -> Mapping[str, tuple[Right, ...]]:
        """Rights by store."""
        return grouped(self.rights, "store")

    @cached_property
    def rights_of(self) -> Mapping[str, tuple[Right, ...]]:
        """Rights by machine or group."""
        return grouped(self.rights, "principal")

    @cached_property
    def data_holders(self) -> Mapping[str, str]:
        """What must not be lost: path to what it is (store, key, disk)."""
        found = dict.fromkeys(self.stores, "store") | dict.fromkeys(self.keys, "key")
        found |= {path: "disk" for path, machine in self.machines.items() if machine.disk.size}
        found |= dict.fromkeys(self.kept_disks, "disk")
        return dict(sorted(found.items()))

    def users_of(self, key: str) -> tuple[str, ...]:
        """Machines and groups that may use a key themselves, beside what is encrypted with it: those named, and who encrypts before writing."""
        named = {one for to in self.keys[key].users for one in self._principals(to)}
        return tuple(sorted(named | self._client_side_users.get(key, set())))

    @cached_property
    def _client_side_users(self) -> Mapping[str, set[str]]:
        """By key, who has a right on a store whose objects are encrypted with it before they are written."""
        found: dict[str, set[str]] = {}
        for path, store in self.stores.items():
            if store.client_side and (key := self.key_of(path)) is not None:
                found.setdefault(key, set()).update(right.principal for right in self.rights_on.get(path, ()))
        return found

    @cached_property
    def key_ways(self) -> Mapping[str, KeyWay]:
        """By path, each way to a key that machines of one network use themselves; of a space's key inside the space only.

        It is the network's own, so that a space's goes with the space; machines without an identity have no right, and
        need no way.
        """
        found: dict[str, KeyWay] = {}
        for key in self.keys:
            users: dict[str, list[str]] = {}
            for who in self.users_of(key):
                network = network_path(who)
                owner = network_path(key)
                if network and who in self.machines and self.machines[who].identity and owner in {None, network}:
                    users.setdefault(network, []).append(who)
            for network, machines in users.items():
                found[f"{network}/way/{key.replace('/', '.')}"] = KeyWay(network, key, tuple(machines))
        return dict(sorted(found.items()))

    def logged(self, path: str) -> bool:
        """Whether accesses to a store are asked to be logged; the store that keeps the logs is not asked of itself."""
        audit = self.platform.audit
        everywhere = "stores" in self.audit and not (audit and audit.store == path)
        return everywhere or self.stores[path].access_log

    def backup_of(self, path: str) -> Backup | None:
        """How a store or a machine's data disk is to be backed up."""
        settings, audit = self.platform.backup, self.platform.audit
        if path in self.stores:
            store = self.stores[path]
            common = settings.stores
            if common and audit and audit.store == path and store.retention:
                # Copies of logs are kept as long as the logs, whatever is enough for other stores.
                common = common.model_copy(update={"keep_days": max(common.keep_days, store.retention.days)})
            return store.backup or common
        machine = self.machine(path)
        return machine.backup or (settings.disks if machine.disk.size else None)

    def flow_logs(self, network: str) -> bool:
        """Whether a network's connections are asked to be logged."""
        zone = self.networks[network]
        return zone.flow_logs or self.platform.network.flow_logs or "flows" in self.audit

    def _outwards(self, *, hosts: bool) -> tuple[Link, ...]:
        return merged(
            (source, rule.to, rule.protocol, rule.ports)
            for rule in self.platform.egress
            if is_host(rule.to) == hosts
            for source in self._machine_paths.matching(rule.source)
        )

    def _principals(self, to: str) -> list[str]:
        if not to.startswith(GROUP):
            return self._machine_paths.matching(to)
        return [to] if to.removeprefix(GROUP) in self.platform.groups else []

    def _space_flows(self) -> Iterator[Flow]:
        defaults = self.platform.spaces.defaults.flows
        for path, zone in self.networks.items():
            if isinstance(zone, Space) and path not in self.closed:
                yield from (_placed(flow, path) for flow in (*defaults, *zone.flows))

    def _airlock_flows(self) -> Iterator[Flow]:
        for space, airlock in self.airlocks.items():
            if space in self.closed:
                continue
            for name, store in airlock.stores(space):
                for grant in store.grants or ():
                    if _is_path(grant.to):
                        yield _flow(grant.to, f"{space}/store/{name}")

    @cached_property
    def _machine_paths(self) -> Paths:
        return Paths(self.machines, networks=True)

    @cached_property
    def _store_paths(self) -> Paths:
        return Paths((path for path in self.stores if not self.is_closed(path)), networks=False)


def _is_path(principal: str) -> bool:
    return not principal.startswith(GROUP)


def _flow(source: str, to: str) -> Flow:
    return Flow(source=source, to=to, ports=(STORE_PORT,))


def _placed(flow: SpaceFlow, space: str) -> Flow:
    """A space's flow with its ends written out."""
    source, to = (f"{space}/{end}" if end.startswith(_INSIDE) else end for end in (flow.source, flow.to))
    return Flow(source=source, to=to, ports=flow.ports, protocol=flow.protocol)


def _placed_grants(store: Store, network: str) -> Store:
    """A store with the grants to machines beside it (`machine/desktop`) written out."""
    if not store.grants or not any(grant.to.startswith(OWN_MACHINE) for grant in store.grants):
        return store
    grants = tuple(
        grant.model_copy(update={"to": f"{network}/{grant.to}"}) if grant.to.startswith(OWN_MACHINE) else grant
        for grant in store.grants
    )
    return store.model_copy(update={"grants": grants})


def _with_defaults(platform: Platform, space: Space) -> Space:
    defaults = platform.spaces.defaults
    return space.model_copy(
        update={
            "stores": _kept({**defaults.stores, **space.stores}),
            "machines": _kept({**defaults.machines, **space.machines}),
            "airlock": space.airlock or defaults.airlock,
            "key": space.key or defaults.key,
            "entry": space.entry or defaults.entry,
            "groups": tuple(sorted({*defaults.groups, *space.groups})),
        }
    )


def _kept(things: Mapping[str, Store | Machine | None]) -> dict[str, Store | Machine]:
    return {name: thing for name, thing in things.items() if thing is not None}


def expand(platform: Platform, today: datetime.date | None = None) -> Expanded:
    """Work a platform out: spaces with their defaults, implied keys, raised floors, all by path.

    Args:
        platform: the spec.
        today: the day that spaces are closed by; without it every space is open, as the lock sees them.
    """
    projects = platform.spaces.projects
    closed = frozenset(
        f"space/{name}" for name, space in projects.items() if today and space.ends and space.ends < today
    )
    for known in _LATEST:
        if known.platform is platform and known.closed == closed:
            return known
    _LATEST.append(made := _expand(platform, closed))
    return made


_LATEST: deque[Expanded] = deque(maxlen=4)
"""What was worked out last, since one command asks for the same several times; a platform is not changed, but made again."""


def _expand(platform: Platform, closed: frozenset[str]) -> Expanded:
    raising = Raising(platform)
    networks: dict[str, Zone] = {f"zone/{name}": zone for name, zone in platform.zones.items()}
    spaces = {f"space/{name}": _with_defaults(platform, space) for name, space in platform.spaces.projects.items()}
    networks |= spaces
    airlocks = {path: space.airlock for path, space in sorted(spaces.items()) if space.airlock}
    stores = {
        f"{path}/store/{name}": _placed_grants(store, path)
        for path, zone in networks.items()
        for name, store in zone.stores.items()
    }
    stores |= {
        f"{path}/store/{name}": store for path, airlock in airlocks.items() for name, store in airlock.stores(path)
    }
    machines = {
        f"{path}/machine/{name}": machine for path, zone in networks.items() for name, machine in zone.machines.items()
    }
    stores = {path: raising.store(path, store) for path, store in sorted(stores.items())}
    machines = {path: raising.machine(path, machine) for path, machine in sorted(machines.items())}
    running = {path: machine for path, machine in machines.items() if network_path(path) not in closed}
    kept = {path: machine for path, machine in machines.items() if path not in running and machine.disk.size}
    countries, audit = raising.countries(), raising.audit()
    # As if nothing had ended: a space keeps its keys past its end, also those that only system disks were under.
    whole = Expanded(
        platform, countries, dict(sorted(networks.items())), stores, machines, {}, {}, frozenset(), airlocks, audit, ()
    )
    keys = {f"key/{name}": key for name, key in platform.keys.items()}
    for path in whole.encrypted_by:
        if path not in keys and path.endswith(f"/key/{DEFAULT_KEY}"):
            space = spaces.get(network_path(path) or "")
            keys[path] = (space.key if space else None) or Key()
    raised_keys = {path: raising.key(path, key) for path, key in sorted(keys.items())}
    return Expanded(
        platform,
        countries,
        whole.networks,
        stores,
        running,
        raised_keys,
        kept,
        closed,
        airlocks,
        audit,
        tuple(raising.raised),
    )
