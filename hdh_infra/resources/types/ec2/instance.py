"""`hdh:ec2:Instance`: a machine in a subnet, with the disks it starts from.

A machine is replaced only for what no endpoint changes; another type of machine needs a stop and a start
and keeps everything else. Disks that the machine was not made with are `hdh:ec2:VolumeAttachment`.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import Call, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first, wait_for
from hdh_infra.resources.types.ec2.volumes import volume
from hdh_infra.resources.values import has_unknown, is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GONE: Final = frozenset({"shutting-down", "terminated"})
_USER_DATA_BYTES: Final = 16384
# What is asked for under a name, and what the server calls it: `describe_instance_attribute` tells these alone.
_ATTRIBUTES: Final[Mapping[str, str]] = {
    "disableApiTermination": "DisableApiTermination",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "userData": "UserData",
}
_PLAIN: Final[Mapping[str, str]] = {
    "privateIpAddress": "PrivateIpAddress",
    "keyName": "KeyName",
    "userData": "UserData",
    "disableApiTermination": "DisableApiTermination",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
}
_DISK: Final[Mapping[str, str]] = {
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
    "iops": "Iops",
    "deleteOnTermination": "DeleteOnTermination",
    "encrypted": "Encrypted",
    "kmsKeyId": "KmsKeyId",
}


class Instance(Ec2Type):
    """A machine."""

    token: ClassVar[str] = "hdh:ec2:Instance"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "instance", "instanceId", "RunInstances", "instance"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """Filters, user data that fits, and disks with one name each."""
        yield from super().check(inputs)
        groups = inputs.get("securityGroupIds")
        if groups is not None and not is_unknown(groups) and not groups:
            yield Failure("securityGroupIds", "name at least one: without, the network's default group lets others in")
        data = inputs.get("userData")
        if isinstance(data, str) and len(data.encode()) > _USER_DATA_BYTES:
            yield Failure("userData", f"has {len(data.encode())} bytes, {_USER_DATA_BYTES} are allowed")
        disks = inputs.get("blockDeviceMappings") or []
        if not has_unknown(disks):
            names = [one["deviceName"] for one in disks]
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield Failure(f"blockDeviceMappings[{index}].deviceName", f"{name!r} is there twice")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Two machines cannot have one address."""
        address = inputs.get("privateIpAddress")
        return (inputs.get("subnetId"), address) if address is not None else super().identity(inputs)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Start one."""
        request = {theirs: inputs[name] for name, theirs in _PLAIN.items() if name in inputs}
        placement = inputs.get("placement") or {}
        if placement:
            names = {"availabilityZone": "AvailabilityZone", "tenancy": "Tenancy"}
            request["Placement"] = {theirs: placement[name] for name, theirs in names.items() if name in placement}
        if inputs.get("blockDeviceMappings"):
            request["BlockDeviceMappings"] = [_disk(one) for one in inputs["blockDeviceMappings"]]
        made = call.clients.ec2.run_instances(
            ImageId=inputs["imageId"],
            InstanceType=inputs["instanceType"],
            MinCount=1,
            MaxCount=1,
            SubnetId=inputs["subnetId"],
            SecurityGroupIds=inputs["securityGroupIds"],
            **request,
            **tagging,
        )
        return str(made["Instances"][0]["InstanceId"])

    def settled(self, call: Call, identity: str) -> None:
        """Running, or stopped by somebody's own will."""
        self._wait(call, identity, frozenset({"running", "stopped"}))

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id; a machine that is going or gone is none, although servers tell of it for an hour."""
        found = _instance(call, identity)
        if found is None or found["State"]["Name"] in _GONE:
            return None
        placement = found.get("Placement") or {}
        return {
            "imageId": found["ImageId"],
            "imageName": _image_name(call, found["ImageId"]),
            "instanceType": found["InstanceType"],
            "subnetId": found.get("SubnetId"),
            "vpcId": found.get("VpcId"),
            "privateIpAddress": found.get("PrivateIpAddress"),
            "privateIp": found.get("PrivateIpAddress"),
            "publicIp": found.get("PublicIpAddress"),
            "state": found["State"]["Name"],
            "securityGroupIds": sorted(one["GroupId"] for one in found.get("SecurityGroups") or []),
            "keyName": found.get("KeyName"),
            "placement": {
                "availabilityZone": placement.get("AvailabilityZone"),
                "tenancy": placement.get("Tenancy") or "default",
            },
            "sourceDestCheck": found.get("SourceDestCheck"),
            "blockDeviceMappings": [_told_disk(call, one) for one in found.get("BlockDeviceMappings") or []],
            "tags": found.get("Tags"),
            **{name: _attribute(call, identity, name) for name in _ATTRIBUTES},
        }

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """One attribute at a time, as the interface wants it; another type needs a stop and a start."""
        ec2 = call.clients.ec2

        def differs(name: str) -> bool:
            return inputs.get(name) is not None and inputs[name] != outputs.get(name)

        if sorted(inputs["securityGroupIds"]) != outputs.get("securityGroupIds"):
            ec2.modify_instance_attribute(InstanceId=identity, Groups=inputs["securityGroupIds"])
        for name, theirs in (
            ("sourceDestCheck", "SourceDestCheck"),
            ("disableApiTermination", "DisableApiTermination"),
            ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior"),
        ):
            if differs(name):
                ec2.modify_instance_attribute(InstanceId=identity, **{theirs: {"Value": inputs[name]}})
        if differs("instanceType"):
            self._stopped(call, identity)
            ec2.modify_instance_attribute(InstanceId=identity, InstanceType={"Value": inputs["instanceType"]})
            ec2.start_instances(InstanceIds=[identity])
            self._wait(call, identity, frozenset({"running"}))

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Terminate it, and wait until its addresses and disks are free.

        Protection from termination keeps other hands off; the stack's own removal lifts it first, as the stack
        has guards of its own (`protect`).
        """
        del outputs
        found = self.look(call, identity)
        if found is not None:
            if found.get("disableApiTermination"):
                call.clients.ec2.modify_instance_attribute(InstanceId=identity, DisableApiTermination={"Value": False})
            call.clients.ec2.terminate_instances(InstanceIds=[identity])

        def gone() -> bool | None:
            there = _instance(call, identity)
            return True if there is None or there["State"]["Name"] == "terminated" else None

        wait_for(call, f"terminating instance {identity}", gone)

    @staticmethod
    def _stopped(call: Call, identity: str) -> None:
        call.clients.ec2.stop_instances(InstanceIds=[identity])
        Instance._wait(call, identity, frozenset({"stopped"}))

    @staticmethod
    def _wait(call: Call, identity: str, wanted: frozenset[str]) -> None:
        def there() -> bool | None:
            found = _instance(call, identity)
            state = found["State"]["Name"] if found else "terminated"
            if state in _GONE:
                reason = ((found or {}).get("StateReason") or {}).get("Message") or "no reason given"
                raise ResourceError(f"instance {identity} is {state}: {reason}")
            return True if state in wanted else None

        wait_for(call, f"instance {identity}", there)


def _instance(call: Call, identity: str) -> dict[str, Any] | None:
    reservations = call.clients.ec2.describe_instances(InstanceIds=[identity])["Reservations"]
    found: dict[str, Any] | None = first([one for reservation in reservations for one in reservation["Instances"]])
    return found


def _image_name(call: Call, image: str) -> str | None:
    """What the machine was made of, in words; None once the image is gone, which machines outlive."""
    found = call.clients.ec2.describe_images(Filters=[{"Name": "image-id", "Values": [image]}])["Images"]
    return str(found[0]["Name"]) if found and found[0].get("Name") else None


def _attribute(call: Call, identity: str, name: str) -> Any:
    """One of those that only a question of its own tells; None where it is not set."""
    answer = call.clients.ec2.describe_instance_attribute(InstanceId=identity, Attribute=name)
    value = (answer.get(_ATTRIBUTES[name]) or {}).get("Value")
    if name != "userData" or not value:
        return value or (value if value is False else None)
    try:
        return base64.b64decode(value, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        # Not ours: a program gives text.
        return str(value)


def _disk(asked: Mapping[str, Any]) -> dict[str, Any]:
    disk = {theirs: asked["ebs"][name] for name, theirs in _DISK.items() if asked["ebs"].get(name) is not None}
    return {"DeviceName": asked["deviceName"], "Ebs": disk}


def _told_disk(call: Call, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A disk of the machine: what it is, is told of the volume only."""
    ebs = mapping.get("Ebs") or {}
    there = (volume(call, ebs["VolumeId"]) if ebs.get("VolumeId") else None) or {}
    told = {
        "volumeId": ebs.get("VolumeId"),
        "volumeSize": there.get("Size"),
        "volumeType": there.get("VolumeType"),
        "iops": there.get("Iops"),
        "deleteOnTermination": ebs.get("DeleteOnTermination"),
        "encrypted": there.get("Encrypted"),
        "kmsKeyId": there.get("KmsKeyId"),
    }
    return {
        "deviceName": mapping["DeviceName"],
        "ebs": {name: value for name, value in told.items() if value is not None},
    }
