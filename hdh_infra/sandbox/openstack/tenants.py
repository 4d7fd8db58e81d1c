"""What a target finds on the sandbox's OpenStack, as data; it deliberately knows no API and no catalogue.

Flavours and volume types have one name space for a whole OpenStack, so tenants that name the same one must mean the
same thing; `check` finds where they do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hdh_infra.errors import CloudError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,62}")


@dataclass(frozen=True)
class Flavor:
    """A size of server. Memory in MiB, root disk in GiB (0: the server boots from a volume)."""

    name: str
    vcpus: int
    ram_mib: int
    disk_gib: int


@dataclass(frozen=True)
class Image:
    """A boot image. `properties` are Glance's own (`os_distro`, `hw_disk_bus`, also `min_disk` and `min_ram`)."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VolumeType:
    """A volume type; an encrypted one gives each volume a key of its own in Barbican (LUKS)."""

    name: str
    encrypted: bool


@dataclass(frozen=True)
class Tenant:
    """One project with one user of the same name, and what they find.

    Attributes:
        name: name of the Keystone project and of its user.
        region: Keystone region in which all services are registered.
        flavors: sizes that this tenant may use.
        images: images shared with this tenant.
        volume_types: volume types that this tenant may use.
        external_network: name of the one external network that this tenant sees.
        on_external: whether its machines may have ports on that network itself.
    """

    name: str
    region: str
    flavors: tuple[Flavor, ...]
    images: tuple[Image, ...]
    volume_types: tuple[VolumeType, ...]
    external_network: str
    on_external: bool = False


def check(tenants: Sequence[Tenant]) -> None:
    """Refuse tenants that one OpenStack cannot hold together. Raises `CloudError` naming the first conflict."""
    flavors: dict[str, tuple[str, Flavor]] = {}
    types: dict[str, tuple[str, VolumeType]] = {}
    names: set[str] = set()
    for tenant in tenants:
        if not _NAME.fullmatch(tenant.name):
            raise CloudError(
                "sandbox/openstack",
                f"{tenant.name!r} is no name of a tenant",
                "Use letters, digits, dots, colons, dashes and underscores, at most 63",
            )
        if tenant.name in names:
            raise CloudError("sandbox/openstack", f"two tenants are named {tenant.name}", "Give each its own name")
        names.add(tenant.name)
        for flavor in tenant.flavors:
            owner, other = flavors.setdefault(flavor.name, (tenant.name, flavor))
            if other != flavor:
                raise _conflict("flavour", flavor.name, owner, tenant.name)
        for kind in tenant.volume_types:
            holder, known = types.setdefault(kind.name, (tenant.name, kind))
            if known != kind:
                raise _conflict("volume type", kind.name, holder, tenant.name)


def _conflict(what: str, name: str, one: str, other: str) -> CloudError:
    return CloudError(
        "sandbox/openstack",
        f"{one} and {other} mean different things by the {what} {name}, which is one for a whole OpenStack",
        "Give them the same values, or start the two tenants in directories of their own",
    )
