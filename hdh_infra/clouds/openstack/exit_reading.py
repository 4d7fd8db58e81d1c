"""Proxies on OpenStack, read back: what each was told, and the stores that a way through one leads to; the rest is `clouds.exit_reading`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hdh_infra.clouds import exit_reading
from hdh_infra.clouds.endpoint import endpoint_host, endpoint_ranges
from hdh_infra.clouds.exit_program import is_known
from hdh_infra.clouds.exit_reading import Exit, Stores
from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.openstack.disks import level
from hdh_infra.clouds.openstack.identities import Rights
from hdh_infra.clouds.openstack.naming import INSTANCE, VOLUME
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.storage import endpoint_name
from hdh_infra.clouds.openstack.wires import Wires
from hdh_infra.graph.observation import Native
from hdh_infra.model.scales import Encryption


def observe_exits(reader: Reader, wires: Wires) -> dict[str, Exit]:
    """Every proxy by its path."""
    servers = [(path, one) for one in reader.natives.of_type(INSTANCE) if (path := exit_of(one)) is not None]
    for _, server in servers:
        _disk(reader, server)
    return exit_reading.observe_exits(servers, wires, _told, reader.remarks.add)


def _told(server: Native) -> Mapping[str, Any] | None:
    if not is_known(server.properties.get("userData")):
        return None
    metadata = server.properties.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _disk(reader: Reader, server: Native) -> None:
    """Its disk is no machine's, so that no attribute shows how it is encrypted."""
    for device in server.properties.get("blockDevices") or ():
        volume = reader.follow(device.get("uuid"), VOLUME)
        kind = volume.properties.get("volumeType") if volume is not None else None
        if volume is None or level(reader.site, kind) in {None, str(Encryption.none)}:
            reader.remarks.add(f"{server.path} starts from a disk that is not known to be encrypted")


def stores_behind(reader: Reader, rights: Mapping[str, Rights], public: Iterable[str]) -> Stores:
    """The stores that a way through a proxy can lead to.

    Args:
        reader: the native resources.
        rights: by element, what its credentials open.
        public: native paths of buckets that are open to whoever asks.
    """
    to_all, endpoint = frozenset(public), endpoint_host(reader.site)
    elements = {bucket.path: bucket.element for bucket in reader.buckets.values()}

    def opened(element: str) -> set[str]:
        mine = rights.get(element, Rights())
        return set(elements) if mine.everything else {*mine.buckets, *to_all}

    return Stores(
        elements,
        opened,
        endpoint,
        endpoint_name(reader.site),
        {f"{name}.{endpoint}": bucket.path for name, bucket in reader.buckets.items()},
        endpoint_ranges(reader.site),
    )
