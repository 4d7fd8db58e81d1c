"""What goes through a network's proxy, read back: who comes to which door, and what it lets pass.

A door counts where both filters lead to it, where the server's start-up data are those of a program that is known, and where the
proxy has a way outside. A proxy with another program, or one that cannot be read, is read for the worse: whoever comes to
it at all reaches everything that its own filter lets out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import final

from hdh_infra.clouds.endpoint import STRANGERS
from hdh_infra.clouds.filters import (
    ANYWHERE,
    PROTOCOLS,
    Network,
    Ports,
    intersect,
    passes,
    ports_of,
    subtract,
    union,
    written,
)
from hdh_infra.clouds.openstack.disks import level
from hdh_infra.clouds.openstack.exit_program import Passing, doors, is_known
from hdh_infra.clouds.openstack.exits import endpoint_host
from hdh_infra.clouds.openstack.identities import Rights
from hdh_infra.clouds.openstack.naming import INSTANCE, VOLUME
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.storage import endpoint_name
from hdh_infra.clouds.openstack.wires import Wires, exit_of
from hdh_infra.clouds.reach import INTERNET, Interface, outside
from hdh_infra.clouds.traffic import Way
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.model.scales import Encryption

_ALL_BELOW = "*."


@final
@dataclass
class Exit:
    """One proxy: what its doors let pass, and what its own filter lets out."""

    doors: Mapping[int, Passing] | None
    """None where nobody knows what its program does."""
    interfaces: list[Interface] = field(default_factory=list)


def observe_exits(reader: Reader, wires: Wires) -> dict[str, Exit]:
    """Every proxy by its path."""
    found: dict[str, Exit] = {}
    for server in reader.natives.of_type(INSTANCE):
        path = exit_of(server)
        if path is None:
            continue
        known = is_known(server.properties.get("userData"))
        if not known:
            reader.remarks.add(
                f"{server.path} runs a program that is not known: taken for one that lets everything pass"
            )
        metadata = server.properties.get("metadata")
        lets = doors(metadata if isinstance(metadata, Mapping) else {}) if known else None
        # Two servers under one path are no proxy of ours: the worse of them counts.
        found[path] = Exit(lets if path not in found else None)
        _disk(reader, server)
    for _, one in wires.exits:
        found[one.element].interfaces.append(one)
    return found


def _disk(reader: Reader, server: Native) -> None:
    """Its disk is no machine's, so that no attribute shows how it is encrypted."""
    for device in server.properties.get("blockDevices") or ():
        volume = reader.follow(device.get("uuid"), VOLUME)
        kind = volume.properties.get("volumeType") if volume is not None else None
        if volume is None or level(reader.site, kind) in {None, str(Encryption.none)}:
            reader.remarks.add(f"{server.path} starts from a disk that is not known to be encrypted")


@final
class Through:
    """What machines reach through proxies."""

    def __init__(
        self, wires: Wires, exits: Mapping[str, Exit], rights: Mapping[str, Rights], public: Iterable[str]
    ) -> None:
        """Keep what is read.

        Args:
            wires: interfaces and routes.
            exits: the proxies.
            rights: by element, what its credentials open.
            public: native paths of buckets that are open to whoever asks.
        """
        self.wires, self.exits, self.rights = wires, exits, rights
        self.public = frozenset(public)
        reader = wires.reader
        self.stores = {bucket.path: bucket.element for bucket in reader.buckets.values()}
        self.endpoint = endpoint_host(reader.site)
        self.hosts = {f"{name}.{self.endpoint}": bucket.path for name, bucket in reader.buckets.items()}
        self.everything = f"every bucket behind {endpoint_name(reader.site)}"
        known = reader.site.fact("object_store.addresses").value
        self.addresses = [ipaddress.IPv4Network(str(one)) for one in known] if isinstance(known, list) else []
        self.beyond = tuple(wires.inside)
        self.kept: list[ObservedFlow] = []
        """Flows to a proxy itself that are no door of it."""
        self.egress: dict[tuple[str, str, str], Ports] = {}
        self.to_stores: list[Way] = []

    def follow(self, flow: ObservedFlow) -> None:
        """Take what one observed flow to a proxy comes to."""
        way = self.exits[element_of_end(flow.to)]
        left = ports_of(flow.ports)
        if way.doors is None:
            self._everything(flow.source, way)
            return
        for port, passing in way.doors.items() if flow.protocol == "tcp" else ():
            if intersect(left, ((port, port),)):
                left = subtract(left, ((port, port),))
                self._passing(flow.source, way, passing)
        if left:
            self.kept.append(ObservedFlow(flow.source, flow.to, flow.protocol, written(left)))

    def _passing(self, source: str, way: Exit, passing: Passing) -> None:
        for host, ports in passing.hosts.items():
            if out := intersect(ports, self._out(way, "tcp", ())):
                self._egress(source, host, "tcp", out)
            # Which bucket is asked for, nobody looks at on the way to a host.
            if self._is_endpoint(host) and (out := intersect(ports, self._out(way, "tcp", self.addresses))):
                self._stores(source, self._opened(source), "tcp", out, {self.everything})
        for host, ports in passing.stores.items():
            bucket = self.hosts.get(host)
            if out := intersect(ports, self._out(way, "tcp", self.addresses)):
                if bucket is not None:
                    self._stores(source, self._opened(source) & {bucket}, "tcp", out, set())
                elif self._covers_endpoint(host):
                    self._stores(source, self._opened(source), "tcp", out, {self.everything})
                    self._egress(source, host, "tcp", out)
                else:
                    self._egress(source, host, "tcp", out)

    def _everything(self, source: str, way: Exit) -> None:
        """Whatever a proxy's own filter lets out, for whoever comes to it."""
        for flow in outside(way.interfaces, self.beyond, self.wires.has_way_out):
            self._egress(source, flow.to, flow.protocol, ports_of(flow.ports))
        for protocol in PROTOCOLS:
            if out := self._out(way, protocol, self.addresses):
                self._stores(source, self._opened(source), protocol, out, {self.everything, INTERNET})

    def _out(self, way: Exit, protocol: str, known: Iterable[Network]) -> Ports:
        """The ports on which a proxy gets outside, or to known addresses."""
        found: Ports = ()
        for one in way.interfaces:
            if not self.wires.has_way_out(one):
                continue
            named = {peer for rule in one.rules or () if rule.direction == "out" for peer in rule.peers}
            elsewhere = [peer[0] for peer in named - {ANYWHERE} if not any(peer.subnet_of(own) for own in self.beyond)]
            probes = [network[0] for network in known] or [*STRANGERS[:1], *elsewhere]
            found = union(
                (*found, *(span for probe in probes for span in passes(one.rules, "out", protocol, probe, frozenset())))
            )
        return found

    def _opened(self, source: str) -> set[str]:
        """Native paths of the buckets that a source's credentials open."""
        mine = self.rights.get(element_of_end(source), Rights())
        return set(self.stores) if mine.everything else {*mine.buckets, *self.public}

    def _is_endpoint(self, host: str) -> bool:
        name = host.removeprefix(_ALL_BELOW)
        return self.endpoint is not None and (
            name == self.endpoint or name.endswith(f".{self.endpoint}") or self._covers_endpoint(host)
        )

    def _covers_endpoint(self, host: str) -> bool:
        """Whether a name means every bucket: the endpoint's own, or all below it or below a part of its name."""
        below = host.removeprefix(_ALL_BELOW)
        whole = f".{self.endpoint}"
        return self.endpoint is not None and (host == self.endpoint or (below != host and whole.endswith(f".{below}")))

    def _egress(self, source: str, to: str, protocol: str, ports: Ports) -> None:
        key = (source, to, protocol)
        self.egress[key] = union((*self.egress.get(key, ()), *ports))

    def _stores(self, source: str, buckets: Iterable[str], protocol: str, ports: Ports, beyond: set[str]) -> None:
        if stores := frozenset(self.stores[bucket] for bucket in buckets):
            self.to_stores.append(Way(source, stores, protocol, ports, frozenset(beyond)))


def element_of_end(end: str) -> str:
    """The element of an end of an observed flow, where one replica stands for itself: `path[1]`."""
    return end.partition("[")[0]


__all__ = ["Exit", "Through", "element_of_end", "observe_exits"]
