"""The platform of `small.yaml`, written in Python: the same object.

Sizes are the model's own (`size("2TB")`), so that a type checker sees what is written; everything that has a
default is left out, as in the YAML.
"""

from __future__ import annotations

import datetime
from typing import Final

import hdh_infra as hdh
from hdh_infra.model.base import size
from hdh_infra.model.platform import SpaceFlow
from hdh_infra.model.scales import Protection

OPENSTACK: Final = "openstack:RegionOne"
OVHCLOUD: Final = "ovhcloud:GRA"
HANDBOOKS: Final = {
    "region.country": ("FR", "operator's site record"),
    "store.encryption": ("provider-key", "operator's storage handbook"),
    "store.versioning": (True, "operator's storage handbook"),
    "store.retention": ("compliance", "operator's storage handbook"),
    "store.public": (False, "operator's storage handbook"),
    "store.private": (True, "operator's storage handbook"),
    "store.grants": (True, "operator's storage handbook"),
    "machine.encryption": ("tenant-key", "operator's block storage handbook"),
    "key.protection": ("software", "operator's key service handbook"),
    "object_store.identities": ("iam", "operator's storage handbook"),
}

ACCEPTED: Final = (
    (
        OPENSTACK,
        "store.encryption",
        "**/store/*",
        "provider-key",
        "the operator holds the keys of the object store; projects encrypt identifying data themselves until it offers SSE-KMS",
    ),
    (
        OPENSTACK,
        "machine.encryption",
        "**/machine/*",
        "tenant-key",
        "Cinder makes a key of ours for each volume; accepted while it takes no key by name",
    ),
    (
        OPENSTACK,
        "key.protection",
        "key/lake",
        "software",
        "the operator has no HSM behind Barbican yet; ordered for 2027",
    ),
    (OPENSTACK, "key.exportable", "key/*", True, "the creator role is held by two named people of the platform only"),
    (
        OPENSTACK,
        "flow.exact",
        "**/store/*",
        "wider",
        "one S3 endpoint serves every project of this cloud; each machine's key opens its own buckets only",
    ),
    (
        OVHCLOUD,
        "store.encryption",
        "**/store/*",
        "provider-key",
        "SSE-S3 only; projects encrypt identifying data themselves until the offer has SSE-KMS",
    ),
    (
        OVHCLOUD,
        "store.private",
        "**/store/*",
        False,
        "the S3 endpoint is public; no bucket is open to the world, and each machine's key opens its own buckets only",
    ),
    (
        OVHCLOUD,
        "machine.encryption",
        "**/machine/*",
        "provider-key",
        "LUKS with keys of the provider; volumes under our own key wait for a documented way to attach them",
    ),
    (
        OVHCLOUD,
        "key.protection",
        "key/lake",
        "software",
        "this provider asks the service for no HSM yet; the modules' certificate is asked of OVHcloud in writing",
    ),
    (
        OVHCLOUD,
        "flow.exact",
        "**/store/*",
        "wider",
        "the S3 endpoint is public and serves every customer; each machine's key opens its own buckets only",
    ),
)


def disk(key: str, wanted: str | None = None) -> hdh.Disk:
    """A disk under a key."""
    return hdh.Disk(size=size(wanted) if wanted else None, key=key)


def flow(source: str, to: str, port: int) -> hdh.Flow:
    """One permission on one port."""
    return hdh.Flow(source=source, to=to, ports=(port,))


def machine(vcpus: int, memory: str, disk: hdh.Disk) -> hdh.Machine:
    """One machine."""
    return hdh.Machine(vcpus=vcpus, memory=size(memory), disk=disk)


platform = hdh.Platform(
    name="small",
    residency=hdh.Residency(countries=("FR",)),
    network=hdh.NetworkSettings(address_space="10.64.0.0/16"),
    tags={"environment": "example"},
    keys={"lake": hdh.Key(protection=Protection.hsm), "projects": hdh.Key()},
    zones={
        "lake": hdh.Zone(
            stores={"snds": hdh.Store(size=size("2TB"), key="lake")},
            machines={"spark": machine(4, "16GB", disk("lake", "200GB"))},
        ),
        "administration": hdh.Zone(machines={"console": machine(2, "4GB", disk("projects"))}),
    },
    spaces=hdh.Spaces(
        defaults=hdh.SpaceDefaults(
            stores={"work": hdh.Store(size=size("500GB"), key="projects")},
            machines={"desktop": machine(2, "8GB", disk("projects", "100GB"))},
            flows=(SpaceFlow(to="store/work"),),
        ),
        projects={
            "cohort-a": hdh.Space(ends=datetime.date(2028, 6, 30), members=4),
            "cohort-b": hdh.Space(ends=datetime.date(2027, 12, 31), members=2),
        },
    ),
    flows=(
        flow("zone/lake/machine/spark", "zone/lake/store/snds", 443),
        flow("space/cohort-a", "zone/lake/store/snds", 443),
        flow("zone/administration", "zone/lake", 22),
        flow("zone/administration", "space/*", 22),
    ),
    targets={
        "azure:francecentral": hdh.TargetSettings(),
        OPENSTACK: hdh.TargetSettings(object_store_addresses=("198.51.100.20/32",)),
        OVHCLOUD: hdh.TargetSettings(),
    },
    facts=tuple(
        hdh.DeclaredFact(
            target=OPENSTACK,
            attribute=attribute,
            value=value,
            source=source,
            as_of=datetime.date(2026, 11, 1),
            by="operator",
        )
        for attribute, (value, source) in HANDBOOKS.items()
    ),
    waivers=tuple(
        hdh.Waiver(
            requirement=requirement,
            element=element,
            target=target,
            accept=accept,
            reason=reason,
            until=datetime.date(2027, 11, 30),
        )
        for target, requirement, element, accept, reason in ACCEPTED
    ),
)
