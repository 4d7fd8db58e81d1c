"""`hdh:ec2:SecurityGroup` and `hdh:ec2:SecurityGroupRule`: a group is made without any rule, and each rule stands alone.

EC2 gives every new group a rule that lets everything out. It is revoked before the group is given to
anybody; a group of which that fails is removed again, so that none with an open door stays behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.clients import code, explain
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import MARK_TAG, Call, HalfMadeError, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first
from hdh_infra.resources.types.ec2.checking import check_cidrs, check_one_of
from hdh_infra.resources.values import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OTHERS: Final = ("cidrBlock", "peerGroupId", "prefixListId")
_ALL: Final = "-1"
_PORTS: Final = 65535
_LONGEST_NAME: Final = 255
_ID_PARTS: Final = 6


class SecurityGroup(Ec2Type):
    """A group of machines to which rules apply."""

    token: ClassVar[str] = "hdh:ec2:SecurityGroup"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "security group", "groupId", "CreateSecurityGroup", "security-group"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """Names that every endpoint takes."""
        yield from super().check(inputs)
        for name in ("groupName", "description"):
            value = inputs.get(name)
            if (
                value is not None
                and not is_unknown(value)
                and not (value.isascii() and 0 < len(value) <= _LONGEST_NAME)
            ):
                yield Failure(name, "must have 1 to 255 characters, all of them ASCII")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A name is there once in a network."""
        return (inputs.get("vpcId"), inputs.get("groupName"))

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one, or go on with our own that an endpoint without tags at creation left behind."""
        ec2 = call.clients.ec2
        try:
            made = ec2.create_security_group(
                VpcId=inputs["vpcId"], GroupName=inputs["groupName"], Description=inputs["description"], **tagging
            )
        except Exception as error:
            if code(error) != "InvalidGroup.Duplicate":
                raise
            return self._ours(call, inputs)
        return str(made["GroupId"])

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """As the base has it, and empty."""
        try:
            identity, outputs = super().create(call, inputs)
        except HalfMadeError as half:
            self._empty(call, half.identity)
            raise
        self._empty(call, identity)
        return identity, outputs

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        group = _group(call, identity)
        return group and {
            "vpcId": group.get("VpcId"),
            "groupName": group["GroupName"],
            "description": group.get("Description"),
            "tags": group.get("Tags"),
        }

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it."""
        del outputs
        call.clients.ec2.delete_security_group(GroupId=identity)

    def _ours(self, call: Call, inputs: Mapping[str, Any]) -> str:
        filters = [
            {"Name": "vpc-id", "Values": [inputs["vpcId"]]},
            {"Name": "group-name", "Values": [inputs["groupName"]]},
        ]
        found = call.clients.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        for group in found:
            tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags") or []}
            bare = not tags and not group.get("IpPermissions") and group.get("Description") == inputs["description"]
            if group["GroupName"] == inputs["groupName"] and (tags.get(MARK_TAG) == call.mark or bare):
                return str(group["GroupId"])
        identity = found[0]["GroupId"] if found else "sg-..."
        raise ResourceError(
            f"security group {inputs['groupName']} exists and is not ours: choose another name, "
            f"or import it: pulumi import hdh:ec2:SecurityGroup NAME {identity}"
        )

    def _empty(self, call: Call, identity: str) -> None:
        """Revoke what the endpoint put into the new group; nothing of ours can be in it yet."""
        ec2 = call.clients.ec2
        try:
            group = _group(call, identity) or {}
            if group.get("IpPermissionsEgress"):
                ec2.revoke_security_group_egress(GroupId=identity, IpPermissions=_plain(group["IpPermissionsEgress"]))
            if group.get("IpPermissions"):
                ec2.revoke_security_group_ingress(GroupId=identity, IpPermissions=_plain(group["IpPermissions"]))
        except Exception as error:
            try:
                ec2.delete_security_group(GroupId=identity)
            except Exception as second:  # noqa: BLE001 - whatever it is, both reasons are told
                reason = f"{explain(error)}; it lets everything out and could not be removed ({explain(second)}): remove it by hand"
                raise HalfMadeError(identity, {"groupId": identity}, reason) from error
            raise ResourceError(f"security group {identity} was removed again: {explain(error)}") from error


class SecurityGroupRule(Ec2Type):
    """One permission of a group; its id is `GROUP/DIRECTION/PROTOCOL/FROM/TO/OTHER`, with `-` for no port."""

    token: ClassVar[str] = "hdh:ec2:SecurityGroupRule"  # noqa: S105 - a type token
    noun, making = "security group rule", "AuthorizeSecurityGroupIngress"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """One other side, and ports where the protocol has them."""
        yield from check_cidrs(inputs, "cidrBlock")
        yield from check_one_of(inputs, _OTHERS)
        protocol, ports = inputs.get("protocol"), [inputs.get("fromPort"), inputs.get("toPort")]
        if is_unknown(protocol) or any(map(is_unknown, ports)):
            return
        if protocol == _ALL:
            if ports != [None, None]:
                yield Failure(
                    "fromPort", "protocol -1 is every protocol and has no ports: leave fromPort and toPort out"
                )
            return
        for name, port in zip(("fromPort", "toPort"), ports, strict=True):
            bottom = -1 if protocol == "icmp" else 0
            if port is None:
                yield Failure(name, f"is required for {protocol}")
            elif not bottom <= port <= _PORTS:
                yield Failure(name, f"{port} is not from {bottom} to {_PORTS}")
        lowest, highest = ports
        if protocol in ("tcp", "udp") and lowest is not None and highest is not None and lowest > highest:
            yield Failure("toPort", f"{highest} is below fromPort {lowest}")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A rule is what it says."""
        names = ("groupId", "direction", "protocol", "fromPort", "toPort", *_OTHERS)
        return tuple(inputs.get(name) for name in names)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Add it; one that says the same is there already after a lost answer."""
        del tagging
        try:
            _permit(call, inputs, "authorize")
        except Exception as error:
            if code(error) != "InvalidPermission.Duplicate":
                raise
        return _rule_id(inputs)

    def begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """Among its group's."""
        return self._if_there(call, _rule_id(inputs))

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """Among its group's; one the server holds together with others is found in them."""
        rule = _rule(identity)
        group = _group(call, rule["groupId"])
        if group is None:
            return None
        held = group["IpPermissionsEgress" if rule["direction"] == "egress" else "IpPermissions"]
        return rule if any(_permits(one, rule) for one in held) else None

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Take it away."""
        del outputs
        _permit(call, _rule(identity), "revoke")


def _group(call: Call, identity: str) -> dict[str, Any] | None:
    group: dict[str, Any] | None = first(
        call.clients.ec2.describe_security_groups(GroupIds=[identity])["SecurityGroups"]
    )
    return group


def _plain(permissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As a request takes them: without the empty lists of an answer, which some endpoints refuse."""
    return [{name: value for name, value in one.items() if value != []} for one in permissions]


def _permit(call: Call, rule: Mapping[str, Any], verb: str) -> None:
    operation = getattr(call.clients.ec2, f"{verb}_security_group_{rule['direction']}")
    operation(GroupId=rule["groupId"], IpPermissions=[_permission(rule)])


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] != _ALL:
        found |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    if rule.get("cidrBlock") is not None:
        found["IpRanges"] = [{"CidrIp": rule["cidrBlock"]}]
    elif rule.get("peerGroupId") is not None:
        found["UserIdGroupPairs"] = [{"GroupId": rule["peerGroupId"]}]
    else:
        found["PrefixListIds"] = [{"PrefixListId": rule["prefixListId"]}]
    return found


def _permits(held: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    if str(held["IpProtocol"]) != rule["protocol"]:
        return False
    if rule["protocol"] != _ALL and (held.get("FromPort"), held.get("ToPort")) != (rule["fromPort"], rule["toPort"]):
        return False
    return (
        any(one.get("CidrIp") == rule.get("cidrBlock", ...) for one in held.get("IpRanges", []))
        or any(one.get("GroupId") == rule.get("peerGroupId", ...) for one in held.get("UserIdGroupPairs", []))
        or any(one.get("PrefixListId") == rule.get("prefixListId", ...) for one in held.get("PrefixListIds", []))
    )


def _rule_id(inputs: Mapping[str, Any]) -> str:
    other = next(inputs[name] for name in _OTHERS if inputs.get(name) is not None)
    ports = ["-" if inputs.get(name) is None else str(inputs[name]) for name in ("fromPort", "toPort")]
    return "/".join([inputs["groupId"], inputs["direction"], inputs["protocol"], *ports, other])


def _rule(identity: str) -> dict[str, Any]:
    parts = identity.split("/", 5)
    try:
        group, direction, protocol, *ports, other = parts
        first_port, last_port = (None if port == "-" else int(port) for port in ports)
    except ValueError:
        parts = []
    if len(parts) != _ID_PARTS or direction not in ("ingress", "egress"):
        raise ResourceError(f"{identity!r} is no id of a rule: write GROUP/DIRECTION/PROTOCOL/FROM/TO/OTHER")
    named = "peerGroupId" if other.startswith("sg-") else "prefixListId" if other.startswith("pl-") else "cidrBlock"
    rule = {"groupId": group, "direction": direction, "protocol": protocol, named: other}
    return rule | ({} if first_port is None else {"fromPort": first_port, "toPort": last_port})
