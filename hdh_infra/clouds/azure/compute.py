"""Machines: virtual machines without a public address, their disks under disk encryption sets, and their identity.

The data disk is a resource of its own, so that a machine can be made anew around it. No public address, no
password, no extensions: what runs on a machine comes in by its image, its start-up data and by ssh. Of a
closed space the data disk and what encrypts it are all that is left. How machines are read back stands in
`compute_reading`.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator
from typing import final

from hdh_infra.clouds.azure.backup import lower_disk_backup
from hdh_infra.clouds.azure.keys import (
    key_base,
    lower_key_use,
    lower_own_key,
    system_key_base,
    vault_id,
)
from hdh_infra.clouds.azure.names import lower_name
from hdh_infra.clouds.azure.naming import dashed, group, home, make, region, shortened
from hdh_infra.clouds.azure.roles import lower_identity
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, base64_text, ref
from hdh_infra.model.base import gib
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Spread

_LONGEST_HOST_NAME = 63
_LONGEST_NAME = 64
_LONGEST_SET = 80
SSH_KINDS = frozenset({"ssh-ed25519", "ssh-rsa"})
"""Source: learn.microsoft.com/python/api/azure-mgmt-compute `SshEncryptionTypes`: RSA, Ed25519."""
DISK_KIND = "Premium_LRS"
FAULT_DOMAINS = 2
"""Racks that an availability set spreads machines over: every region has so many."""
_UPDATE_DOMAINS = (5, 20)
"""Hosts, at the fewest and at the most, that are never worked on at one time."""


@final
class _Plan:
    """What the nodes of one machine element have in common, worked out once for all its replicas."""

    def __init__(self, context: Context, machine: str) -> None:
        self.context, self.path = context, machine
        self.spec = context.expanded.machine(machine)
        self.closed = context.expanded.is_closed(machine)
        self.words = context.named(machine, f"{dashed(network_path(machine) or '')}-{machine.rsplit('/', 1)[-1]}")
        host = f"{machine.split('/')[1]}-{machine.rsplit('/', maxsplit=1)[-1]}"
        self.host = context.named(machine, host)
        self.group: dict[str, Value] = {"resourceGroupName": group(context, machine)}
        self.common: dict[str, Value] = {**self.group, "location": region(context)}
        self.system_key = None if self.closed else system_key_base(context, machine)
        # The only disk has the place of the data disk's key: a data disk that comes later does not move it.
        self.key = key_base(context, machine) if self.spec.disk.size else self.system_key
        self.zones = shared(context).zones
        self.in_set = self.spec.spread is not Spread.none and not self.zones

    def name(self, end: str, kind: str = "", limit: int = _LONGEST_NAME) -> str:
        return shortened("-".join(filter(None, (f"{kind}{self.words}", end))), limit)

    def zone(self, number: int) -> str | None:
        """The replicas of a machine go round the zones, each machine from a zone of its own."""
        if not self.zones:
            return None
        start = int(hashlib.sha256(self.path.encode()).hexdigest(), 16)
        return self.zones[(start + number) % len(self.zones)]

    @property
    def system_set(self) -> str:
        """Path of the disk encryption set of the system disk."""
        return f"{self.path}/{'disk' if self.system_key == self.key else 'system'}-encryption"


def lower_machine(context: Context, machine: str) -> Iterator[Node]:
    """One machine element: its identities and disk encryption, then each replica."""
    plan = _Plan(context, machine)
    holds = plan.key == machine and plan.spec.disk.size is not None
    yield from lower_own_key(context, machine, plan.key, plan.system_key, holds=holds)
    purposes = ["identity"] if plan.spec.identity and not plan.closed else []
    purposes += ["disk-identity"] if plan.key or plan.system_key else []
    for purpose in purposes:
        yield lower_identity(
            context,
            f"{machine}/{purpose}",
            {**plan.common, "resourceName": shortened(f"id-{plan.name('')}-{purpose}", 128)},
            after=home(machine),
        )
    if plan.key:
        yield from _encryption(plan, "disk", plan.key)
    if plan.system_key and plan.system_key != plan.key:
        yield from _encryption(plan, "system", plan.system_key)
    if plan.in_set and not plan.closed:
        few, many = _UPDATE_DOMAINS
        yield make(
            context,
            f"{machine}/spread",
            "compute:AvailabilitySet",
            {
                **plan.common,
                "availabilitySetName": plan.name("", "avail-", _LONGEST_SET),
                "sku": {"name": "Aligned"},
                "platformFaultDomainCount": FAULT_DOMAINS,
                "platformUpdateDomainCount": min(max(plan.spec.count, few), many),
            },
            after=(home(machine),),
        )
    for number in range(plan.spec.count):
        if plan.spec.disk.size:
            yield _data_disk(plan, number, gib(int(plan.spec.disk.size)))
            yield from lower_disk_backup(context, machine, number, plan.name(f"{number}-data", "disk-"))
        if not plan.closed:
            yield from _replica(plan, number)


def _encryption(plan: _Plan, which: str, key: str) -> Iterator[Node]:
    """The right of the disks' identity to a key, and the set that encrypts disks with it."""
    use = f"{plan.path}/{which}-key-use"
    yield lower_key_use(plan.context, use, key, f"{plan.path}/disk-identity")
    yield make(
        plan.context,
        f"{plan.path}/{which}-encryption",
        "compute:DiskEncryptionSet",
        {
            **plan.common,
            "diskEncryptionSetName": plan.name("system" if which == "system" else "", "des-", _LONGEST_SET),
            "encryptionType": "EncryptionAtRestWithCustomerKey",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [ref(f"{plan.path}/disk-identity")]},
            "activeKey": {
                "keyUrl": ref(f"{key}/key", "keyUriWithVersion"),
                "sourceVault": {"id": vault_id(plan.context, key)},
            },
            "rotationToLatestKeyVersionEnabled": True,
        },
        after=(use,),
    )


def _data_disk(plan: _Plan, number: int, size: int) -> Node:
    zone = plan.zone(number)
    return make(
        plan.context,
        f"{plan.path}/{number}/data",
        "compute:Disk",
        {
            **plan.common,
            **({"zones": [zone]} if zone else {}),
            "diskName": plan.name(f"{number}-data", "disk-"),
            "sku": {"name": DISK_KIND},
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": size,
            "networkAccessPolicy": "DenyAll",
            "publicNetworkAccess": "Disabled",
            # Were its export ever opened, a link to it alone would not do: who uses it has to be known too.
            "dataAccessAuthMode": "AzureActiveDirectory",
            "encryption": {
                "type": "EncryptionAtRestWithCustomerKey",
                "diskEncryptionSetId": ref(f"{plan.path}/disk-encryption"),
            }
            if plan.key
            else {"type": "EncryptionAtRestWithPlatformKey"},
        },
        after=(home(plan.path),),
        protect=True,
    )


def _replica(plan: _Plan, number: int) -> Iterator[Node]:
    context, base = plan.context, f"{plan.path}/{number}"
    zone, address = plan.zone(number), str(context.addresses(plan.path)[number])
    identity: dict[str, Value] = {"type": "None"}
    if plan.spec.identity:
        identity = {"type": "UserAssigned", "userAssignedIdentities": [ref(f"{plan.path}/identity")]}
    yield make(
        context,
        f"{base}/interface",
        "network:NetworkInterface",
        {
            **plan.common,
            "networkInterfaceName": plan.name(f"{number}", "nic-"),
            "enableIPForwarding": False,
            "enableAcceleratedNetworking": True,
            "disableTcpStateTracking": False,
            "ipConfigurations": [
                {
                    "name": "primary",
                    "primary": True,
                    "subnet": {"id": ref(f"{network_path(plan.path)}/subnet/machines")},
                    "privateIPAddress": address,
                    "privateIPAddressVersion": "IPv4",
                    "privateIPAllocationMethod": "Static",
                }
            ],
        },
        after=(home(plan.path),),
    )
    yield from lower_name(context, base, plan.name(f"{number}", limit=_LONGEST_HOST_NAME), address)
    yield make(
        context,
        f"{base}/vm",
        "compute:VirtualMachine",
        {
            **plan.common,
            **({"zones": [zone]} if zone else {}),
            **({"availabilitySet": {"id": ref(f"{plan.path}/spread")}} if plan.in_set else {}),
            "vmName": plan.name(f"{number}", "vm-"),
            "hardwareProfile": {"vmSize": context.flavour(plan.path).name},
            "identity": identity,
            "networkProfile": {
                "networkInterfaces": [{"id": ref(f"{base}/interface"), "primary": True, "deleteOption": "Detach"}]
            },
            "osProfile": _system(plan, number),
            "storageProfile": _disks(plan, number),
            "securityProfile": {
                "securityType": "TrustedLaunch",
                "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
                "encryptionAtHost": True,
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
        after=(home(plan.path),),
    )


def _system(plan: _Plan, number: int) -> dict[str, Value]:
    context = plan.context
    user = context.image(plan.path).default_user
    keys = _taken_keys(context) or (nobodys_key(context),)
    return {
        "computerName": shortened(f"{plan.host}-{number}", _LONGEST_HOST_NAME),
        "adminUsername": user,
        "allowExtensionOperations": False,
        # Read at the first start only; whoever is on the machine reads it too, so the model keeps secrets out of it.
        **({"customData": base64_text(plan.spec.startup)} if plan.spec.startup else {}),
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "provisionVMAgent": True,
            "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
            "ssh": {"publicKeys": [{"path": f"/home/{user}/.ssh/authorized_keys", "keyData": key} for key in keys]},
        },
    }


def _disks(plan: _Plan, number: int) -> dict[str, Value]:
    size = plan.spec.system_disk.size
    disks: list[Value] = []
    if plan.spec.disk.size:
        disks.append(
            {
                "lun": 0,
                "createOption": "Attach",
                "caching": "None",
                "deleteOption": "Detach",
                "managedDisk": {"id": ref(f"{plan.path}/{number}/data")},
            }
        )
    return {
        "imageReference": _image(plan.context, plan.path),
        "osDisk": {
            "name": plan.name(f"{number}-system", "disk-"),
            "createOption": "FromImage",
            "caching": "ReadWrite",
            "deleteOption": "Delete",
            **({"diskSizeGB": gib(int(size))} if size else {}),
            "managedDisk": {
                "storageAccountType": DISK_KIND,
                **({"diskEncryptionSet": {"id": ref(plan.system_set)}} if plan.system_key else {}),
            },
        },
        "dataDisks": disks,
    }


def _image(context: Context, machine: str) -> dict[str, Value]:
    """The image of the machine's family: the catalogue's, or one that the target names by its id."""
    existing = context.existing(f"image/{context.lock.images[str(context.site.target)][machine]}")
    if existing:
        return {"id": existing.id}
    image = context.image(machine)
    return {name: image.native[name] for name in ("publisher", "offer", "sku", "version")}


def _taken_keys(context: Context) -> tuple[str, ...]:
    """The keys of people that Azure takes: a machine with one of another kind would not be made at all."""
    return tuple(key for key in context.expanded.platform.ssh_keys if key.split(" ", 1)[0] in SSH_KINDS)


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


def manual_logins(context: Context) -> Iterator[ManualStep]:
    """People's keys that machines are made without."""
    for key in sorted(set(context.expanded.platform.ssh_keys) - set(_taken_keys(context))):
        kind, _, rest = key.partition(" ")
        if context.expanded.machines:
            yield ManualStep(
                what=f"Give an Ed25519 or RSA key in ssh_keys in place of the {kind} key {rest.split(' ', 1)[-1][:60]}: Azure takes no other kind, and machines are made without it",
                who="whoever the key is of",
                command="ssh-keygen -t ed25519",
                proof="`hdh plan` no longer names this step",
            )
