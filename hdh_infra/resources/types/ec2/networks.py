"""`hdh:ec2:Vpc`, `hdh:ec2:Subnet` and `hdh:ec2:InternetGateway`: a network, its parts, and its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hdh_infra.resources.clients import code
from hdh_infra.resources.types.ec2.base import Ec2Type, first, is_gone, wait_for
from hdh_infra.resources.types.ec2.checking import check_cidrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hdh_infra.resources.contract import Failure
    from hdh_infra.resources.types.base import Call


class Vpc(Ec2Type):
    """A network of its own."""

    token: ClassVar[str] = "hdh:ec2:Vpc"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "VPC", "vpcId", "CreateVpc", "vpc"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """The range."""
        yield from super().check(inputs)
        yield from check_cidrs(inputs, "cidrBlock")

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one."""
        tenancy = {"InstanceTenancy": inputs["instanceTenancy"]} if "instanceTenancy" in inputs else {}
        made = call.clients.ec2.create_vpc(CidrBlock=inputs["cidrBlock"], **tenancy, **tagging)
        return str(made["Vpc"]["VpcId"])

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        vpc = first(call.clients.ec2.describe_vpcs(VpcIds=[identity])["Vpcs"])
        return vpc and {
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc.get("InstanceTenancy"),
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "tags": vpc.get("Tags"),
        }

    def settled(self, call: Call, identity: str) -> None:
        """Available."""

        def available() -> bool | None:
            vpc = first(call.clients.ec2.describe_vpcs(VpcIds=[identity])["Vpcs"])
            return True if vpc and vpc.get("State", "available") == "available" else None

        wait_for(call, f"VPC {identity}", available)

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Other DHCP options."""
        wanted = inputs.get("dhcpOptionsId")
        if wanted and wanted != outputs.get("dhcpOptionsId"):
            call.clients.ec2.associate_dhcp_options(VpcId=identity, DhcpOptionsId=wanted)

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it."""
        del outputs
        call.clients.ec2.delete_vpc(VpcId=identity)


class Subnet(Ec2Type):
    """A part of a network, in one zone."""

    token: ClassVar[str] = "hdh:ec2:Subnet"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "subnet", "subnetId", "CreateSubnet", "subnet"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """The range."""
        yield from super().check(inputs)
        yield from check_cidrs(inputs, "cidrBlock")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Two parts of a network cannot have one range."""
        return (inputs.get("vpcId"), inputs.get("cidrBlock"))

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one."""
        zone = {"AvailabilityZone": inputs["availabilityZone"]} if "availabilityZone" in inputs else {}
        made = call.clients.ec2.create_subnet(VpcId=inputs["vpcId"], CidrBlock=inputs["cidrBlock"], **zone, **tagging)
        return str(made["Subnet"]["SubnetId"])

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        subnet = first(call.clients.ec2.describe_subnets(SubnetIds=[identity])["Subnets"])
        return subnet and {
            "vpcId": subnet["VpcId"],
            "cidrBlock": subnet["CidrBlock"],
            "availabilityZone": subnet.get("AvailabilityZone"),
            "mapPublicIpOnLaunch": bool(subnet.get("MapPublicIpOnLaunch", False)),
            "tags": subnet.get("Tags"),
        }

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Whether machines get public addresses by themselves."""
        wanted = inputs.get("mapPublicIpOnLaunch")
        if wanted is not None and wanted != outputs.get("mapPublicIpOnLaunch"):
            call.clients.ec2.modify_subnet_attribute(SubnetId=identity, MapPublicIpOnLaunch={"Value": wanted})

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it."""
        del outputs
        call.clients.ec2.delete_subnet(SubnetId=identity)


class InternetGateway(Ec2Type):
    """The way of a network to the internet: made, and attached to it."""

    token: ClassVar[str] = "hdh:ec2:InternetGateway"  # noqa: S105 - a type token
    noun, identifier, making, tagged = (
        "internet gateway",
        "internetGatewayId",
        "CreateInternetGateway",
        "internet-gateway",
    )

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A network has one."""
        return (inputs.get("vpcId"),)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one; `change` attaches it."""
        del inputs
        made = call.clients.ec2.create_internet_gateway(**tagging)
        return str(made["InternetGateway"]["InternetGatewayId"])

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        answer = call.clients.ec2.describe_internet_gateways(InternetGatewayIds=[identity])
        gateway = first(answer["InternetGateways"])
        if gateway is None:
            return None
        attached = first(gateway.get("Attachments") or [])
        return {"vpcId": attached and attached["VpcId"], "tags": gateway.get("Tags")}

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Attach it where it hangs at nothing, as after a half-made creation or by another's hand."""
        if outputs.get("vpcId") is None:
            call.clients.ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=inputs["vpcId"])

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Detach it from whatever it hangs at, and remove it."""
        del outputs
        ec2 = call.clients.ec2
        found = self.look(call, identity)
        if found is None:
            return
        if found["vpcId"]:
            try:
                ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=found["vpcId"])
            except Exception as error:
                if not is_gone(error) and code(error) != "Gateway.NotAttached":
                    raise
        ec2.delete_internet_gateway(InternetGatewayId=identity)
