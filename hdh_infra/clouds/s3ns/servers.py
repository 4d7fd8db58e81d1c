"""An instance with its system disk: the same hardened form for machines, bastions and proxies.

Everything that bears on security or on what a deletion takes with it is stated here, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.s3ns.keys import key_id, use_of_disks
from hdh_infra.clouds.s3ns.naming import INSTANCE, make, zones
from hdh_infra.clouds.s3ns.rules import account_path
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref

DISK_KIND = "hyperdisk-balanced"
_SYSTEM = "system"
METADATA: Mapping[str, str] = {
    # Keys that somebody adds to the whole project open no machine of ours.
    "block-project-ssh-keys": "TRUE",
    "disable-legacy-endpoints": "TRUE",
    "enable-guest-attributes": "FALSE",
    "enable-oslogin": "FALSE",
    "serial-port-enable": "FALSE",
}
"""What every machine is told, whatever the project says: of one key the machine's own word counts."""
USER_DATA = "user-data"
"""The key of the metadata that cloud-init reads."""


def zone_of(context: Context, path: str, number: int = 0) -> str:
    """The zone of a replica: they go round the zones, each machine from a zone of its own."""
    known = zones(context)
    start = int(hashlib.sha256(path.encode()).hexdigest(), 16)
    return known[(start + number) % len(known)]


def instance_node(
    context: Context,
    path: str,
    *,
    name: str,
    zone: str,
    chosen: str,
    place: Mapping[str, Value],
    account: str,
    scopes: Sequence[str] = (),
    metadata: Mapping[str, Value],
    system_gib: int = 0,
    system_key: str | None = None,
    disks: Sequence[Value] = (),
    tags: Sequence[str] = (),
    after: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Node:
    """One instance.

    Args:
        context: what the lowering reads.
        path: of the instance.
        name: its native name.
        zone: where it stands.
        chosen: the path by which the lock chose flavour and image.
        place: of its one interface, the subnet, the address, and what of the outside leads to it.
        account: the path whose account it acts under.
        scopes: what of the APIs it gets tokens for.
        metadata: what it is told.
        system_gib: size of its system disk; at least what images ask.
        system_key: what the key of that disk has its paths below.
        disks: further disks.
        tags: by which routes know it.
        after: paths that must exist before it.
        ignore: properties whose later change is no reason for anything.
    """
    flavour = context.flavour(chosen)
    properties: dict[str, Value] = {
        "name": name,
        "zone": zone,
        "machineType": flavour.name,
        "bootDisk": {
            "autoDelete": True,
            "deviceName": _SYSTEM,
            "initializeParams": {
                "image": _image(context, chosen),
                "type": DISK_KIND,
                "size": max(system_gib, int(context.site.offer.native["system_disk_gib"])),
            },
            **({"kmsKeySelfLink": key_id(system_key)} if system_key else {}),
        },
        "networkInterfaces": [{**place, "stackType": "IPV4_ONLY", "nicType": "GVNIC"}],
        "serviceAccount": {"email": ref(account_path(account), "email"), "scopes": list(scopes)},
        "shieldedInstanceConfig": {"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True},
        "metadata": dict(metadata),
        "canIpForward": False,
        "enableDisplay": False,
        "deletionProtection": False,
        # Another size or account is given to it while it is stopped, and it is not made anew.
        "allowStoppingForUpdate": True,
        "scheduling": {
            "automaticRestart": True,
            # One with graphics processors cannot be moved while it runs.
            "onHostMaintenance": "TERMINATE" if flavour.gpu else "MIGRATE",
            "preemptible": False,
            "provisioningModel": "STANDARD",
        },
    }
    if disks:
        properties["attachedDisks"] = list(disks)
    if tags:
        properties["tags"] = list(tags)
    return make(
        context,
        path,
        INSTANCE,
        properties,
        after=(*after, *((use_of_disks(system_key),) if system_key else ())),
        # A newer image of the same family is no reason to make a machine anew.
        ignore=("bootDisk.initializeParams.image", *ignore),
    )


def _image(context: Context, chosen: str) -> str:
    """The image of a machine's family: the catalogue's, or one that the target names by its id."""
    named = context.existing(f"image/{context.lock.images[str(context.site.target)][chosen]}")
    if named is not None:
        return named.id
    native = context.image(chosen).native
    return f"projects/{native['project']}/global/images/family/{native['family']}"
