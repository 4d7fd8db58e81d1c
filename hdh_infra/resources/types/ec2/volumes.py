"""`hdh:ec2:Volume` and `hdh:ec2:VolumeAttachment`: a disk that holds data, and the machine that it is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.clients import code
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import Call, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first, is_gone, wait_for
from hdh_infra.resources.values import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OF_USE: Final = frozenset({"available", "in-use"})
_GONE: Final = frozenset({"deleting", "deleted"})
_SPEEDS: Final[Mapping[str, str]] = {"volumeType": "VolumeType", "iops": "Iops"}


class Volume(Ec2Type):
    """A disk of its own."""

    token: ClassVar[str] = "hdh:ec2:Volume"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "volume", "volumeId", "CreateVolume", "volume"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """A size, and a key only where it is used."""
        yield from super().check(inputs)
        size = inputs.get("size")
        if size is not None and not is_unknown(size) and size < 1:
            yield Failure("size", "must be 1 GiB or more")
        if inputs.get("kmsKeyId") is not None and inputs.get("encrypted") is not True:
            yield Failure("kmsKeyId", "needs encrypted: true")

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one."""
        names = {"volumeType": "VolumeType", "iops": "Iops", "encrypted": "Encrypted", "kmsKeyId": "KmsKeyId"}
        asked = {theirs: inputs[name] for name, theirs in names.items() if name in inputs}
        made = call.clients.ec2.create_volume(
            AvailabilityZone=inputs["availabilityZone"], Size=inputs["size"], **asked, **tagging
        )
        return str(made["VolumeId"])

    def settled(self, call: Call, identity: str) -> None:
        """Available."""

        def available() -> bool | None:
            found = volume(call, identity)
            state = found["State"] if found else "deleted"
            if state == "error" or state in _GONE:
                raise ResourceError(f"volume {identity} is {state}: run `pulumi refresh`, then `pulumi up`")
            return True if state in _OF_USE else None

        wait_for(call, f"volume {identity}", available)

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        found = volume(call, identity)
        if found is None or found.get("State") in _GONE:
            return None
        return {
            "availabilityZone": found["AvailabilityZone"],
            "size": found["Size"],
            "volumeType": found.get("VolumeType"),
            "iops": found.get("Iops"),
            "encrypted": bool(found.get("Encrypted", False)),
            "kmsKeyId": found.get("KmsKeyId"),
            "state": found.get("State"),
            "tags": found.get("Tags"),
        }

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Grow it, or make it faster; a disk never shrinks, as that loses what is on it."""
        if inputs["size"] < outputs["size"]:
            raise ResourceError(
                f"volume {identity} has {outputs['size']} GiB and cannot shrink to {inputs['size']}: "
                "make a new one and copy what it holds"
            )
        request = {"Size": inputs["size"]} if inputs["size"] != outputs["size"] else {}
        request |= {
            theirs: inputs[name]
            for name, theirs in _SPEEDS.items()
            if name in inputs and inputs[name] != outputs.get(name)
        }
        if not request:
            return
        if not self.has(call, "ModifyVolume"):
            raise ResourceError(
                f"volume {identity}: this endpoint changes no volume in place: change {', '.join(sorted(request))} "
                "in the cloud's own console, then run `pulumi refresh`"
            )
        call.clients.ec2.modify_volume(VolumeId=identity, **request)

        def done() -> bool | None:
            found = volume(call, identity) or {}
            return True if all(found.get(name) == value for name, value in request.items()) else None

        wait_for(call, f"changing volume {identity}", done)

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it and all that it holds."""
        del outputs
        call.clients.ec2.delete_volume(VolumeId=identity)

        def gone() -> bool | None:
            try:
                found = volume(call, identity)
            except Exception as error:
                if is_gone(error):
                    return True
                raise
            return True if found is None or found.get("State") == "deleted" else None

        wait_for(call, f"removing volume {identity}", gone)


class VolumeAttachment(Ec2Type):
    """A disk at a machine, under a device name; its id is `VOLUME:INSTANCE`."""

    token: ClassVar[str] = "hdh:ec2:VolumeAttachment"  # noqa: S105 - a type token
    noun, making = "volume attachment", "AttachVolume"

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A disk is at one machine."""
        return (inputs.get("volumeId"),)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Attach it, or find it attached; never take it from another machine."""
        del tagging
        there = _attachment(call, inputs["volumeId"])
        if there is None:
            call.clients.ec2.attach_volume(
                VolumeId=inputs["volumeId"], InstanceId=inputs["instanceId"], Device=inputs["device"]
            )
        elif there["InstanceId"] != inputs["instanceId"]:
            raise ResourceError(
                f"volume {inputs['volumeId']} is at instance {there['InstanceId']}: detach it there first"
            )
        return f"{inputs['volumeId']}:{inputs['instanceId']}"

    def settled(self, call: Call, identity: str) -> None:
        """Attached."""
        name = identity.partition(":")[0]

        def attached() -> bool | None:
            there = _attachment(call, name)
            return True if there and there.get("State", "attached") == "attached" else None

        wait_for(call, f"attaching volume {name}", attached)

    def begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """At the disk."""
        return self._if_there(call, f"{inputs['volumeId']}:{inputs['instanceId']}")

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """At the disk."""
        name, colon, instance = identity.partition(":")
        if not (name and colon and instance):
            raise ResourceError(f"{identity!r} is no id of a volume attachment: write VOLUME:INSTANCE")
        there = _attachment(call, name)
        if there is None or there["InstanceId"] != instance:
            return None
        return {"volumeId": name, "instanceId": instance, "device": there.get("Device")}

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Take it off the machine, and wait until the machine has let it go."""
        del outputs
        name, _, instance = identity.partition(":")
        if self.look(call, identity) is None:
            return
        call.clients.ec2.detach_volume(VolumeId=name, InstanceId=instance)

        def detached() -> bool | None:
            return True if _attachment(call, name) is None else None

        wait_for(call, f"detaching volume {name} (is it mounted?)", detached)


def volume(call: Call, identity: str) -> dict[str, Any] | None:
    """A volume as the server tells of it."""
    found: dict[str, Any] | None = first(call.clients.ec2.describe_volumes(VolumeIds=[identity])["Volumes"])
    return found


def _attachment(call: Call, identity: str) -> dict[str, Any] | None:
    try:
        found = volume(call, identity)
    except Exception as error:
        if code(error).endswith("NotFound"):
            return None
        raise
    live = [one for one in (found or {}).get("Attachments") or [] if one.get("State") != "detached"]
    there: dict[str, Any] | None = first(live)
    return there
