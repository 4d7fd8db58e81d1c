"""Machines: for each replica an interface and a virtual machine with a data disk; for all, identities and one disk encryption set.

The data disk is a resource of its own, so that a machine can be made anew around it. No public address, no
password, no extensions: what runs on a machine comes in by its image and by ssh.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hdh_infra.clouds.azure.keys import key_base, key_element, lower_key_use, lower_own_key
from hdh_infra.clouds.azure.naming import dashed, group, home, make, region, shortened
from hdh_infra.clouds.azure.network import zones_of
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.clouds.azure.roles import lower_identity
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.attributes import IDENTITY
from hdh_infra.model.base import GIB, gib
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Encryption

_LONGEST_HOST_NAME = 63
_LONGEST_NAME = 64
DISK_KIND = "Premium_LRS"


def lower_machine(context: Context, machine: str) -> Iterator[Node]:
    """One machine element: its identities and disk encryption, then each replica."""
    key = key_base(context, machine)
    name = _name(machine, "")
    common: dict[str, Value] = {"resourceGroupName": group(context, machine)}
    yield from lower_own_key(context, machine)
    for purpose in ("identity", *(("disk-identity",) if key else ())):
        yield lower_identity(
            context,
            f"{machine}/{purpose}",
            {**common, "resourceName": shortened(f"id-{name}-{purpose}", 128), "location": region(context)},
            after=home(machine),
        )
    if key:
        yield lower_key_use(context, f"{machine}/disk-key-use", key, f"{machine}/disk-identity")
        yield make(
            context,
            f"{machine}/disk-encryption",
            "compute:DiskEncryptionSet",
            {
                **common,
                "diskEncryptionSetName": shortened(f"des-{name}", 80),
                "location": region(context),
                "encryptionType": "EncryptionAtRestWithCustomerKey",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": [ref(f"{machine}/disk-identity")]},
                "activeKey": {
                    "keyUrl": ref(f"{key}/key", "keyUriWithVersion"),
                    "sourceVault": {"id": ref(f"{key}/vault")},
                },
                "rotationToLatestKeyVersionEnabled": True,
            },
            after=(f"{machine}/disk-key-use",),
        )
    for number in range(context.expanded.machines[machine].count):
        yield from _replica(context, machine, number, encrypted=key is not None)


def _replica(context: Context, machine: str, number: int, *, encrypted: bool) -> Iterator[Node]:
    spec, base = context.expanded.machines[machine], f"{machine}/{number}"
    common: dict[str, Value] = {"resourceGroupName": group(context, machine), "location": region(context)}
    zone = _zone(context, machine, number)
    zones: dict[str, Value] = {"zones": [zone]} if zone else {}
    yield make(
        context,
        f"{base}/interface",
        "network:NetworkInterface",
        {
            **common,
            "networkInterfaceName": _name(machine, f"{number}", "nic-"),
            "enableIPForwarding": False,
            "enableAcceleratedNetworking": True,
            "disableTcpStateTracking": False,
            "ipConfigurations": [
                {
                    "name": "primary",
                    "primary": True,
                    "subnet": {"id": ref(f"{network_path(machine)}/subnet/machines")},
                    "privateIPAddress": str(context.addresses(machine)[number]),
                    "privateIPAddressVersion": "IPv4",
                    "privateIPAllocationMethod": "Static",
                }
            ],
        },
        after=(home(machine),),
    )
    if spec.disk.size:
        yield make(
            context,
            f"{base}/data",
            "compute:Disk",
            {
                **common,
                **zones,
                "diskName": _name(machine, f"{number}-data", "disk-"),
                "sku": {"name": DISK_KIND},
                "creationData": {"createOption": "Empty"},
                "diskSizeGB": gib(int(spec.disk.size)),
                "networkAccessPolicy": "DenyAll",
                "publicNetworkAccess": "Disabled",
                "encryption": {
                    "type": "EncryptionAtRestWithCustomerKey",
                    "diskEncryptionSetId": ref(f"{machine}/disk-encryption"),
                }
                if encrypted
                else {"type": "EncryptionAtRestWithPlatformKey"},
            },
            after=(home(machine),),
            protect=True,
        )
    yield make(
        context,
        f"{base}/vm",
        "compute:VirtualMachine",
        {
            **common,
            **zones,
            "vmName": _name(machine, f"{number}", "vm-"),
            "hardwareProfile": {"vmSize": context.flavour(machine).name},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [ref(f"{machine}/identity")]},
            "networkProfile": {
                "networkInterfaces": [{"id": ref(f"{base}/interface"), "primary": True, "deleteOption": "Detach"}]
            },
            "osProfile": _system(context, machine, number),
            "storageProfile": _disks(context, machine, number, encrypted=encrypted),
            "securityProfile": {
                "securityType": "TrustedLaunch",
                "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
                "encryptionAtHost": True,
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
        after=(home(machine),),
    )


def _system(context: Context, machine: str, number: int) -> dict[str, Value]:
    user = context.image(machine).default_user
    keys = context.expanded.platform.ssh_keys or (nobodys_key(context),)
    return {
        "computerName": shortened(
            f"{machine.split('/')[1]}-{machine.rsplit('/', maxsplit=1)[-1]}-{number}", _LONGEST_HOST_NAME
        ),
        "adminUsername": user,
        "allowExtensionOperations": False,
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "provisionVMAgent": True,
            "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
            "ssh": {"publicKeys": [{"path": f"/home/{user}/.ssh/authorized_keys", "keyData": key} for key in keys]},
        },
    }


def _disks(context: Context, machine: str, number: int, *, encrypted: bool) -> dict[str, Value]:
    spec, image = context.expanded.machines[machine], context.image(machine)
    encryption = {"diskEncryptionSet": {"id": ref(f"{machine}/disk-encryption")}} if encrypted else {}
    disks: list[Value] = []
    if spec.disk.size:
        disks.append(
            {
                "lun": 0,
                "createOption": "Attach",
                "caching": "None",
                "deleteOption": "Detach",
                "managedDisk": {"id": ref(f"{machine}/{number}/data")},
            }
        )
    return {
        "imageReference": {name: image.native[name] for name in ("publisher", "offer", "sku", "version")},
        "osDisk": {
            "name": _name(machine, f"{number}-system", "disk-"),
            "createOption": "FromImage",
            "caching": "ReadWrite",
            "deleteOption": "Delete",
            "managedDisk": {"storageAccountType": DISK_KIND, **encryption},
        },
        "dataDisks": disks,
    }


def nobodys_key(context: Context) -> str:
    """A public key that nobody has the private one of.

    Azure makes no Linux machine without password and without a key. These 32 bytes are a digest and no point
    that anybody chose, so that no private key to them is known: nobody can log in, as the spec says.
    """
    digest = hashlib.sha256(f"nobody/{context.lock.salt}/{context.name}".encode()).digest()
    kind = b"ssh-ed25519"
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(digest)) + digest
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} nobody"


def manual_features(context: Context) -> Iterator[ManualStep]:
    """What has to be switched on once in a subscription before machines can be made."""
    if context.expanded.machines:
        feature = "--namespace Microsoft.Compute --name EncryptionAtHost"
        yield ManualStep(
            what="Register encryption at host in the subscription, once; without it no machine of the plan is made",
            who="an owner of the subscription",
            command=f"az feature register {feature} && az provider register --namespace Microsoft.Compute",
            proof=f"az feature show {feature} --query properties.state gives Registered",
        )


def _name(machine: str, end: str, kind: str = "") -> str:
    network, name = network_path(machine) or "", machine.rsplit("/", maxsplit=1)[-1]
    return shortened("-".join(filter(None, (f"{kind}{dashed(network)}", name, end))), _LONGEST_NAME)


def _zone(context: Context, machine: str, number: int) -> str | None:
    """The replicas of a machine go round the zones, each machine from a zone of its own."""
    zones = zones_of(context)
    if not zones:
        return None
    start = int(hashlib.sha256(machine.encode()).hexdigest(), 16)
    return zones[(start + number) % len(zones)]


def observe_machines(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every machine element: the weakest of its replicas in each attribute."""
    replicas: dict[str, list[dict[str, Any]]] = {}
    for native in reader.of("compute:VirtualMachine"):
        replicas.setdefault(native.element, []).append(_observe_one(reader, native))
    return {
        element: {
            "kind": "machine",
            "count": len(found),
            **{name: _least([one[name] for one in found]) for name in ("vcpus", "memory", "disk")},
            "encryption": str(min((one["encryption"] for one in found), key=lambda level: level.rank)),
            **{name: _same([one[name] for one in found]) for name in ("key", "image", "identity", "country")},
            "public": any(one["public"] for one in found),
            "region": ", ".join(sorted({one["region"] for one in found})),
            "logins": sorted({login for one in found for login in one["logins"]}),
            "native": reader.paths(element),
        }
        for element, found in replicas.items()
    }


def _observe_one(reader: Reader, native: Native) -> dict[str, Any]:
    flavour = reader.site.flavour_named(str(got(native, "hardwareProfile.vmSize")))
    disks = list(_encrypted_disks(reader, native))
    keys = {key for _, key in disks}
    location = native.properties.get("location")
    return {
        "vcpus": flavour.vcpus if flavour else None,
        "memory": int(flavour.memory) if flavour else None,
        "disk": _data(reader, native),
        "image": _image(reader, native),
        "encryption": min((level for level, _ in disks), key=lambda level: level.rank),
        "key": keys.pop() if len(keys) == 1 else None,
        "public": any(_is_public(one) for one in interfaces(reader, native)),
        "identity": IDENTITY if "Assigned" in str(got(native, "identity.type", "None")) else None,
        "country": reader.country(location),
        "region": place(location),
        "logins": [_fingerprint(one) for one in listed(got(native, "osProfile.linuxConfiguration.ssh.publicKeys"))],
    }


def interfaces(reader: Reader, machine: Native) -> list[Native]:
    """The network interfaces of a virtual machine."""
    given = listed(got(machine, "networkProfile.networkInterfaces"))
    return [found for found in (reader.follow(one) for one in given) if found]


def _encrypted_disks(reader: Reader, native: Native) -> Iterator[tuple[Encryption, str | None]]:
    """For each disk of a machine who holds its key, and which; every disk of Azure is encrypted with some key."""
    yield _by_set(reader, got(native, "storageProfile.osDisk.managedDisk.diskEncryptionSet"))
    for attached in listed(got(native, "storageProfile.dataDisks")):
        managed = attached.get("managedDisk") or {}
        disk = reader.follow(managed)
        if disk is None:
            yield _by_set(reader, managed.get("diskEncryptionSet"))
        elif "CustomerKey" in str(got(disk, "encryption.type", "EncryptionAtRestWithPlatformKey")):
            yield _by_set(reader, got(disk, "encryption.diskEncryptionSetId"))
        else:
            yield Encryption.provider_key, None


def _by_set(reader: Reader, pointer: Value) -> tuple[Encryption, str | None]:
    used = reader.follow(pointer) if pointer else None
    if used is None or "CustomerKey" not in str(got(used, "encryptionType", "EncryptionAtRestWithCustomerKey")):
        return Encryption.provider_key, None
    key = reader.key_at(got(used, "activeKey.keyUrl"))
    return Encryption.customer_key, key_element(key)


def _data(reader: Reader, native: Native) -> int | None:
    """Size of the data disks together, in bytes; None of a machine without one."""
    sizes: list[int] = []
    for attached in listed(got(native, "storageProfile.dataDisks")):
        disk = reader.follow(attached.get("managedDisk") or {})
        size = got(disk, "diskSizeGB") if disk else attached.get("diskSizeGB")
        if isinstance(size, int | float):
            sizes.append(int(size) * GIB)
    return sum(sizes) or None


def _image(reader: Reader, native: Native) -> str | None:
    given: Mapping[str, Any] = got(native, "storageProfile.imageReference", {})
    for family, image in reader.site.offer.images.items():
        if all(str(given.get(one, "")).lower() == image.native[one].lower() for one in ("publisher", "offer", "sku")):
            return family
    return None


def _is_public(interface: Native) -> bool:
    return any(
        one.get(name)
        for one in listed(got(interface, "ipConfigurations"))
        for name in ("publicIPAddress", "loadBalancerInboundNatRules", "loadBalancerBackendAddressPools")
    )


def _fingerprint(key: Mapping[str, Any]) -> str:
    """As `ssh-keygen -l` shows a key, so that a reader can compare it."""
    parts = str(key.get("keyData", "")).split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (IndexError, ValueError):
        return "unreadable"
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def _least(values: Sequence[Any]) -> Any:
    return None if any(value is None for value in values) else min(values)


def _same(values: Sequence[Any]) -> Any:
    return values[0] if len(set(values)) == 1 else None
