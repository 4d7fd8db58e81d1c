"""Remarks that take more than one property to see: where a thing lies, what it points at, whom it lets act.

A deployment as lowered gives none of them. `posture` has those that one property says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.azure.hosts import blob_zone, vault_zone
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.graph.observation import Native

_EVERYWHERE = "global"
_ACTING = ("compute:VirtualMachine", "storage:StorageAccount", "compute:DiskEncryptionSet")


def observe_loose_ends(reader: Reader) -> Iterator[str]:
    """Every remark, by the native path that it is about."""
    for native in reader.natives:
        location = native.properties.get("location")
        if isinstance(location, str) and place(location) not in {_EVERYWHERE, place(reader.site.region.name)}:
            yield f"{native.path}: lies in {location}, not in {reader.site.region.name}"
    for native in reader.of(*_ACTING):
        # A list of ids as it is asked, and a map of them as it is given back.
        for pointer in got(native, "identity.userAssignedIdentities", ()):
            if reader.follow(pointer) is None:
                yield f"{native.path}: acts under an identity that is not the platform's"
    for native in reader.of("network:Subnet"):
        pointer = got(native, "networkSecurityGroup")
        if pointer and reader.follow(pointer) is None:
            yield f"{native.path}: has a filter that was not read"
    for native in reader.of("network:NetworkInterface"):
        yield from _addresses(native)
    for native in reader.of("network:PrivateEndpoint"):
        yield from _services(reader, native)
    yield from _names(reader)
    for native in reader.of("compute:DiskEncryptionSet"):
        if reader.key_at(got(native, "activeKey.keyUrl")) is None:
            yield f"{native.path}: encrypts with a key that was not read"
    for native in reader.of("compute:Disk"):
        yield from _disk(reader, native)
    for native in reader.of("storage:BlobServiceProperties"):
        if got(native, "isVersioningEnabled", default=False) and not got(native, "changeFeed.enabled", default=False):
            yield f"{native.path}: keeps versions and no feed of what changed"
    for native in reader.of("authorization:RoleDefinition"):
        if managing := _managing(native):
            yield f"{native.path}: also lets manage resources: {', '.join(managing)}"


def _addresses(native: Native) -> Iterator[str]:
    """Rules are about addresses: one that Azure chooses, or of another kind, may be another machine's tomorrow."""
    for one in listed(got(native, "ipConfigurations")):
        if str(one.get("privateIPAllocationMethod", "Dynamic")) != "Static":
            yield f"{native.path}: has an address that Azure chooses, and rules are about addresses"
        if str(one.get("privateIPAddressVersion", "IPv4")) != "IPv4":
            yield f"{native.path}: has an address that is not IPv4, and no rule is about it"


def _services(reader: Reader, native: Native) -> Iterator[str]:
    """An account answers to several services, each by an endpoint of its own; objects are in one of them."""
    for one in listed(got(native, "privateLinkServiceConnections")):
        service = reader.follow(one.get("privateLinkServiceId"))
        if service is not None and service.type == token("storage:StorageAccount"):
            groups = [str(group) for group in listed(one.get("groupIds"))]
            if groups != ["blob"]:
                yield f"{native.path}: leads to {', '.join(groups) or 'no service'} of the account and not to its objects"


def _names(reader: Reader) -> Iterator[str]:
    """A name in a zone of another cloud, or of another service, is one that nobody asks for: the endpoint is not found."""
    zones = {"blob": blob_zone(reader.site), "vault": vault_zone(reader.site)}
    for native in reader.of("network:PrivateDnsZoneGroup"):
        endpoint = reader.parent(native)
        if endpoint is None:
            continue
        groups = {
            str(group)
            for one in listed(got(endpoint, "privateLinkServiceConnections"))
            for group in listed(one.get("groupIds"))
        }
        asked = sorted(zones[group] for group in groups if group in zones)
        for config in listed(got(native, "privateDnsZoneConfigs")):
            zone = reader.follow(config.get("privateDnsZoneId"))
            if zone is not None and asked and reader.name(zone).lower() not in asked:
                yield f"{native.path}: writes names into {reader.name(zone)}, and they are looked for in {', '.join(asked)}"


def _disk(reader: Reader, native: Native) -> Iterator[str]:
    """What holds of a disk that no machine has any more, too: no element shows it."""
    pointer = got(native, "encryption.diskEncryptionSetId")
    customer = "CustomerKey" in str(got(native, "encryption.type", "EncryptionAtRestWithPlatformKey"))
    if customer and (pointer is None or reader.follow(pointer) is None):
        yield f"{native.path}: names no encryption set that was read"
    if pointer is not None and not customer:
        yield f"{native.path}: names an encryption set and is encrypted without it"


def _managing(native: Native) -> list[str]:
    found: set[str] = set()
    for one in listed(native.properties.get("permissions")):
        actions: Any = listed(one.get("actions"))
        found |= {str(action) for action in actions if not str(action).endswith("/read")}
    return sorted(found)
