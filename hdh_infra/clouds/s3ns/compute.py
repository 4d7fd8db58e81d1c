"""Machines: instances without a public address, their disks under keys, and the account that they act under.

The data disk is a resource of its own, so that a machine can be made anew around it; the system disk goes with its machine. Hyperdisk
Balanced is the only kind of disk at S3NS. No password, no login by Google's own services (there is neither OS Login nor IAP at S3NS), no
console that takes input, no keys of the project's: who logs in is in the machine's own metadata.

Sources, read 2026-11-25: documentation.s3ns.fr/compute/docs/tpc-differences (2026-08-05); cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.s3ns.identities import SCOPE, lower_account
from hdh_infra.clouds.s3ns.keys import key_base, key_id, lower_own_key, use_of_disks
from hdh_infra.clouds.s3ns.names import lower_name
from hdh_infra.clouds.s3ns.naming import DISK, make, native_name
from hdh_infra.clouds.s3ns.network import subnet_path
from hdh_infra.clouds.s3ns.servers import DISK_KIND, METADATA, instance_node, zone_of
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.base import gib
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption

SMALLEST_DISK_GIB = 10
"""Of the catalogue's images; Hyperdisk Balanced itself begins at 4."""


@final
class _Plan:
    """What the nodes of one machine element have in common, worked out once for all its replicas."""

    def __init__(self, context: Context, machine: str) -> None:
        self.context, self.path = context, machine
        expanded = context.expanded
        self.spec = expanded.machine(machine)
        self.closed = expanded.is_closed(machine)
        self.floor = self.spec.disk.encryption
        self.key = key_base(machine, self.floor, expanded.key_of(machine)) if self.spec.disk.size else None
        self.system_floor = expanded.system_encryption(machine)
        self.system_key = key_base(machine, self.system_floor, expanded.system_key_of(machine))

    def zone(self, number: int) -> str:
        """The replicas of a machine go round the zones, each machine from a zone of its own."""
        return zone_of(self.context, self.path, number)


def lower_machine(context: Context, machine: str) -> Iterator[Node]:
    """One machine element: its account and its own key, then each replica; of a closed space the data disks alone."""
    plan = _Plan(context, machine)
    holds = plan.spec.disk.size is not None and plan.floor is Encryption.tenant_key
    if holds or (not plan.closed and plan.system_floor is Encryption.tenant_key):
        yield from lower_own_key(context, machine, Encryption.tenant_key, holds=holds)
    if not plan.closed:
        yield lower_account(context, machine)
    for number in range(plan.spec.count):
        if plan.spec.disk.size:
            yield _data_disk(plan, number, gib(int(plan.spec.disk.size)))
        if not plan.closed:
            yield from lower_name(context, machine, number)
            yield _instance(plan, number)


def _data_disk(plan: _Plan, number: int, size: int) -> Node:
    path = f"{plan.path}/data-disk/{number}"
    properties: dict[str, Value] = {
        "name": native_name(plan.context, f"{plan.path}/{number}/data"),
        "zone": plan.zone(number),
        "type": DISK_KIND,
        "size": max(size, SMALLEST_DISK_GIB),
        "multiWriter": False,
    }
    if plan.key:
        properties["diskEncryptionKey"] = {"kmsKeySelfLink": key_id(plan.key)}
    return make(plan.context, path, DISK, properties, after=(use_of_disks(plan.key),) if plan.key else (), protect=True)


def _instance(plan: _Plan, number: int) -> Node:
    context, spec = plan.context, plan.spec
    disk: list[Value] = []
    if spec.disk.size:
        disk = [{"source": ref(f"{plan.path}/data-disk/{number}"), "deviceName": "data", "mode": "READ_WRITE"}]
    size = spec.system_disk.size
    return instance_node(
        context,
        f"{plan.path}/instance/{number}",
        name=native_name(context, f"{plan.path}/{number}"),
        zone=plan.zone(number),
        chosen=plan.path,
        place={
            "subnetwork": ref(subnet_path(network_path(plan.path) or "")),
            "networkIp": str(context.addresses(plan.path)[number]),
        },
        account=plan.path,
        scopes=[SCOPE] if spec.identity else [],
        metadata=_metadata(plan),
        system_gib=gib(int(size)) if size else 0,
        system_key=plan.system_key,
        disks=disk,
    )


def _metadata(plan: _Plan) -> dict[str, Value]:
    keys = plan.context.expanded.platform.ssh_keys
    user = plan.context.image(plan.path).default_user
    return {
        **METADATA,
        **({"ssh-keys": "\n".join(f"{user}:{key}" for key in keys)} if keys else {}),
        # Whoever is on the machine reads it too, so the model keeps secrets out of it.
        **({"user-data": plan.spec.startup} if plan.spec.startup else {}),
    }
