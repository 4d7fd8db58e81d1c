"""Machines: a VM instance with its adapters and data disk; and reading them back.

There is no filter of any kind: what is on a network reaches everything there (`traffic`). The system disk comes with
the template. A data disk is bound to its VM for good, so that a VM with one is protected with it: both are the data's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.cloudtemple.naming import (
    ADAPTER,
    DISK,
    GET_BACKUP,
    GET_FAMILY,
    GET_TEMPLATE,
    GET_ZONE,
    VM,
    by_name,
    make,
)
from hdh_infra.clouds.cloudtemple.network import counterpart, goes_beyond, segment
from hdh_infra.clouds.cloudtemple.reading import Reader, is_on
from hdh_infra.clouds.naming import native_name
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.base import GIB, gib
from hdh_infra.model.elements import Machine
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Spread

_HEADER = "#cloud-config\n"
_TIMEOUTS = {"create": "60m", "update": "60m", "delete": "60m"}


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element; of a closed space the VMs that hold data disks stay, powered off, since a disk cannot be without its VM."""
    machine = context.expanded.machine(path)
    closed = context.expanded.is_closed(path)
    for index in range(machine.count):
        if closed and not machine.disk.size:
            continue
        yield _vm(context, path, machine, index, closed=closed)
        if not closed and goes_beyond(context, path):
            yield make(
                f"{path}/adapter/{index}",
                ADAPTER,
                {
                    "virtualMachineId": ref(f"{path}/vm/{index}"),
                    "deviceIndex": 1,
                    "networkId": counterpart(context, network_path(path) or ""),
                    "ipAddress": str(context.addresses(path)[index]),
                },
                fixed=True,
            )
        if machine.disk.size:
            yield make(
                f"{path}/data-disk/{index}",
                DISK,
                {
                    "virtualMachineId": ref(f"{path}/vm/{index}"),
                    "name": native_name(context, f"{path}/{index}/data"),
                    "size": gib(int(machine.disk.size)),
                },
                protect=True,
                fixed=True,
                timeouts=_TIMEOUTS,
            )


def _vm(context: Context, path: str, machine: Machine, index: int, *, closed: bool) -> Node:
    native = context.site.offer.native
    flavour = context.flavour(path)
    properties: dict[str, Value] = {
        "name": native_name(context, f"{path}/{index}"),
        "availabilityZoneId": by_name(GET_ZONE, str(native["zone"])),
        "instanceFamilyId": by_name(GET_FAMILY, str(native["families"][flavour.name.split(".", 1)[0]])),
        "templateId": by_name(GET_TEMPLATE, context.image(path).native["name"]),
        "backupPolicyId": by_name(GET_BACKUP, str(native["backup_policy"])),
        "cpu": flavour.vcpus,
        "memory": int(flavour.memory) // GIB,
        "powerState": "off" if closed else "on",
        "osNetworkAdapters": [{"deviceIndex": 0, "networkId": segment(context, network_path(path) or "")}],
    }
    if data := cloud_config(context.expanded.platform.ssh_keys, machine.startup):
        properties["cloudInit"] = {"cloud_config": data}
    return make(
        f"{path}/vm/{index}",
        VM,
        properties,
        # Its disk would go with it.
        protect=bool(machine.disk.size),
        fixed=True,
        # A newer template of the same name is no reason to make a machine anew.
        ignore=("templateId",),
        timeouts=_TIMEOUTS,
    )


def cloud_config(keys: tuple[str, ...], startup: str | None) -> str | None:
    """What a VM is told at its first start, in the one document that it takes: keys, and the start-up data of the spec.

    Args:
        keys: public SSH keys of those who administer the machines.
        startup: a document for cloud-init, or a script.
    """
    lines = "".join(f"\n  - {key}" for key in keys)
    own = f"ssh_authorized_keys:{lines}\n" if keys else ""
    if startup is None:
        return f"{_HEADER}{own}" if own else None
    if startup.startswith("#cloud-config"):
        _, _, rest = startup.partition("\n")
        return startup if "ssh_authorized_keys" in rest else f"{_HEADER}{own}{rest}"
    # JSON is YAML: a script stands in a document as one text.
    script = {"path": "/var/lib/hdh-startup", "permissions": "0700", "content": startup}
    return f"{_HEADER}{own}write_files: {json.dumps([script])}\nruncmd: [[/var/lib/hdh-startup]]\n"


def observe_machines(
    reader: Reader, public: Mapping[str, bool], identities: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Every machine element that has a VM that runs.

    Args:
        reader: the native resources.
        public: by element, whether a public address leads to it.
        identities: by element, by what it is known to the object store.
    """
    known = reader.site.fact("machine.encryption").value
    level = str(known) if known is not None else None
    disks: dict[str, list[int]] = {}
    for disk in reader.natives.of_type(DISK):
        machine = reader.follow(disk.properties.get("virtualMachineId"), VM)
        if machine is not None:
            disks.setdefault(machine.path, []).append(int(disk.properties.get("size") or 0))
    found = {}
    for element, all_machines in reader.elements(VM, "machine").items():
        machines = [one for one in all_machines if is_on(one)]
        if not machines:
            continue
        data = [sum(disks.get(one.path, ())) * GIB for one in machines]
        cpus = [int(one.properties.get("cpu") or 0) for one in machines]
        memories = [int(one.properties.get("memory") or 0) * GIB for one in machines]
        images = {reader.family(one) for one in machines}
        found[element] = {
            "kind": "machine",
            "count": len(machines),
            "vcpus": min(cpus) or None,
            "memory": min(memories) or None,
            "gpu": None,
            "disk": min(data) or None,
            "system_disk": _system_disk([one.properties.get("osDisk") for one in machines]),
            "image": images.pop() if len(images) == 1 else None,
            "encryption": level,
            "key": None,
            "system_encryption": level,
            "system_key": None,
            "spread": str(reader.spread(machines)) if len(machines) > 1 else str(Spread.none),
            "public": public.get(element, False),
            "identity": identities.get(element),
            "startup": None,
            "backup": None,
            **reader.place(machines),
            "native": reader.paths(element),
        }
    return found


def _system_disk(disks: list[Any]) -> int | None:
    """The smallest disk that one of them starts from, where the cloud told it; a plan says nothing of it."""
    sizes = [int(one.get("sizeGb") or 0) if isinstance(one, Mapping) else 0 for one in disks]
    return min(sizes) * GIB if sizes and all(sizes) else None
