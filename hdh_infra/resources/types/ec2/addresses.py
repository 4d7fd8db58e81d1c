"""`hdh:ec2:Address`, `hdh:ec2:AddressAssociation` and `hdh:ec2:NatGateway`: public addresses and what stands behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.types.base import Call, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDED: Final = frozenset({"deleting", "deleted"})


class Address(Ec2Type):
    """A public address of the account."""

    token: ClassVar[str] = "hdh:ec2:Address"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "public address", "allocationId", "AllocateAddress", "elastic-ip"
    defaults: ClassVar[Mapping[str, Any]] = {"domain": "vpc"}

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Take one."""
        return str(call.clients.ec2.allocate_address(Domain=inputs["domain"], **tagging)["AllocationId"])

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        address = _address(call, identity)
        return address and {
            "publicIp": address["PublicIp"],
            "domain": address.get("Domain"),
            "tags": address.get("Tags"),
        }

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Give it back; another time it will be another address."""
        del outputs
        call.clients.ec2.release_address(AllocationId=identity)


class AddressAssociation(Ec2Type):
    """A public address on a machine; one address is on one machine only."""

    token: ClassVar[str] = "hdh:ec2:AddressAssociation"  # noqa: S105 - a type token
    noun, identifier, making = "address association", "associationId", "AssociateAddress"

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """An address is in one place."""
        return (inputs.get("allocationId"),)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Put it there, or find it there; never take it from another machine."""
        del tagging
        allocation, instance = inputs["allocationId"], inputs["instanceId"]
        there = _address(call, allocation) or {}
        if there.get("AssociationId"):
            if there.get("InstanceId") != instance:
                raise ResourceError(
                    f"public address {there.get('PublicIp')} is in use elsewhere ({there.get('InstanceId') or 'a gateway'}): "
                    "disassociate it there first"
                )
            return str(there["AssociationId"])
        made = call.clients.ec2.associate_address(
            AllocationId=allocation, InstanceId=instance, AllowReassociation=False
        )
        return str(made["AssociationId"])

    def begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """At its address."""
        there = _address(call, inputs["allocationId"]) or {}
        return there.get("AssociationId") if there.get("InstanceId") == inputs["instanceId"] else None

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        filters = [{"Name": "association-id", "Values": [identity]}]
        found = call.clients.ec2.describe_addresses(Filters=filters)["Addresses"]
        address = first([one for one in found if one.get("AssociationId") == identity])
        return address and {
            "allocationId": address["AllocationId"],
            "instanceId": address.get("InstanceId"),
            "publicIp": address["PublicIp"],
        }

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Take it off the machine; it stays the account's."""
        del outputs
        call.clients.ec2.disassociate_address(AssociationId=identity)


class NatGateway(Ec2Type):
    """The address under which a network's machines go out, without being reached."""

    token: ClassVar[str] = "hdh:ec2:NatGateway"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "NAT gateway", "natGatewayId", "CreateNatGateway", "natgateway"

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """An address is in one place."""
        return (inputs.get("allocationId"),)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one."""
        made = call.clients.ec2.create_nat_gateway(
            SubnetId=inputs["subnetId"], AllocationId=inputs["allocationId"], **tagging
        )
        return str(made["NatGateway"]["NatGatewayId"])

    def settled(self, call: Call, identity: str) -> None:
        """Available; one that failed is removed, as nothing repairs it."""

        def available() -> bool | None:
            gateway = _gateway(call, identity)
            state = gateway.get("State") if gateway else "deleted"
            if state == "failed":
                call.clients.ec2.delete_nat_gateway(NatGatewayId=identity)
                reason = (gateway or {}).get("FailureMessage") or "no reason given"
                raise ResourceError(f"NAT gateway {identity} failed and was removed: {reason}")
            return True if state == "available" else None

        wait_for(call, f"NAT gateway {identity}", available)

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id; one that is going or gone is none."""
        gateway = _gateway(call, identity)
        if gateway is None or gateway.get("State") in _ENDED:
            return None
        address = first(gateway.get("NatGatewayAddresses") or []) or {}
        return {
            "subnetId": gateway["SubnetId"],
            "vpcId": gateway.get("VpcId"),
            "allocationId": address.get("AllocationId"),
            "publicIp": address.get("PublicIp"),
            "state": gateway.get("State"),
            "tags": gateway.get("Tags"),
        }

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it, and wait until it has given its address and its subnet free."""
        del outputs
        if self.look(call, identity) is not None:
            call.clients.ec2.delete_nat_gateway(NatGatewayId=identity)

        def gone() -> bool | None:
            gateway = _gateway(call, identity)
            return True if gateway is None or gateway.get("State") == "deleted" else None

        wait_for(call, f"removing NAT gateway {identity}", gone)


def _address(call: Call, allocation: str) -> dict[str, Any] | None:
    found = call.clients.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    address: dict[str, Any] | None = first(found)
    return address


def _gateway(call: Call, identity: str) -> dict[str, Any] | None:
    found = call.clients.ec2.describe_nat_gateways(NatGatewayIds=[identity])["NatGateways"]
    gateway: dict[str, Any] | None = first([one for one in found if one["NatGatewayId"] == identity])
    return gateway
