"""Each type of an EC2-compatible endpoint through its whole life, on a server that has everything and on one that has not."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from hdh_infra.resources.values import UNKNOWN
from tests.resources.conftest import BOTH, ZONES, Engine

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqm5fcVmXmXz2uQSzqtn3GgKq3u1Vn1c2p0Q2C6Xh6n tests"
DISK = {"volumeSize": 20, "volumeType": "gp2", "deleteOnTermination": True}


class World:
    """A network with its parts, made through the provider as one needs them, and removed in the other order."""

    def __init__(self, fcu: Engine) -> None:
        self.fcu = fcu
        self.made: list[tuple[str, str, dict[str, Any]]] = []
        self.ids: dict[str, str] = {}
        self.name = f"t{uuid.uuid4().hex[:8]}"

    def make(self, kind: str, inputs: dict[str, Any], name: str | None = None) -> tuple[str, dict[str, Any]]:
        token = f"hdh:ec2:{kind}"
        assert self.fcu.check(token, inputs) == {}
        identity, outputs = self.fcu.create(token, inputs, name=f"{self.name}-{name or kind}")
        self.made.append((token, identity, outputs))
        return identity, outputs

    def one(self, kind: str, name: str = "") -> str:
        """The id of one of a kind, made with what it needs."""
        key = name or kind
        if key not in self.ids:
            self.ids[key] = self.make(kind, self.inputs(kind, name), name=key)[0]
        return self.ids[key]

    def inputs(self, kind: str, name: str = "") -> dict[str, Any]:
        tags = {"Name": self.name}
        ranges = {"": "10.7.0.0/16", "Other": "10.8.0.0/16"}
        match kind:
            case "Vpc":
                return {"cidrBlock": ranges[name], "instanceTenancy": "default", "tags": tags}
            case "Subnet":
                return {
                    "vpcId": self.one("Vpc"),
                    "cidrBlock": "10.7.1.0/24",
                    "availabilityZone": ZONES[0],
                    "mapPublicIpOnLaunch": False,
                    "tags": tags,
                }
            case "InternetGateway" | "RouteTable":
                return {"vpcId": self.one("Vpc"), "tags": tags}
            case "Address":
                return {"domain": "vpc", "tags": tags}
            case "AddressAssociation":
                return {"allocationId": self.one("Address"), "instanceId": self.one("Instance")}
            case "NatGateway":
                return {"subnetId": self.one("Subnet"), "allocationId": self.one("Address"), "tags": tags}
            case "Route":
                return {
                    "routeTableId": self.one("RouteTable"),
                    "destinationCidrBlock": "0.0.0.0/0",
                    "gatewayId": self.one("InternetGateway"),
                }
            case "RouteTableAssociation":
                return {"routeTableId": self.one("RouteTable"), "subnetId": self.one("Subnet")}
            case "VpcPeeringConnection":
                return {"vpcId": self.one("Vpc"), "peerVpcId": self.one("Vpc", "Other"), "tags": tags}
            case "VpcEndpoint":
                return {
                    "vpcId": self.one("Vpc"),
                    "serviceName": "com.outscale.cloudgouv-eu-west-1.oos",
                    "routeTableIds": [self.one("RouteTable")],
                    "tags": tags,
                }
            case "SecurityGroup":
                return {
                    "vpcId": self.one("Vpc"),
                    "groupName": self.name + name,
                    "description": "of a test",
                    "tags": tags,
                }
            case "SecurityGroupRule":
                return {
                    "groupId": self.one("SecurityGroup"),
                    "direction": "egress",
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlock": "10.8.0.0/16",
                }
            case "KeyPair":
                return {"keyName": self.name, "publicKeyMaterial": KEY, "tags": tags}
            case "Volume":
                return {"availabilityZone": ZONES[0], "size": 10, "volumeType": "gp2", "tags": tags}
            case "VolumeAttachment":
                return {"volumeId": self.one("Volume"), "instanceId": self.one("Instance"), "device": "/dev/xvdb"}
            case "Instance":
                return {
                    "imageId": self.fcu.invoke("hdh:ec2:getImage", {"name": "Debian-13", "owner": "Outscale"})[
                        "imageId"
                    ],
                    "instanceType": "tinav6.c2r4p2",
                    "subnetId": self.one("Subnet"),
                    "privateIpAddress": "10.7.1.10",
                    "securityGroupIds": [self.one("SecurityGroup")],
                    "keyName": self.one("KeyPair"),
                    "userData": "#cloud-config\nhostname: été\n",
                    "placement": {"availabilityZone": ZONES[0], "tenancy": "default"},
                    "blockDeviceMappings": [{"deviceName": "/dev/sda1", "ebs": DISK}],
                    "sourceDestCheck": True,
                    "disableApiTermination": False,
                    "instanceInitiatedShutdownBehavior": "stop",
                    "tags": tags,
                }
        raise AssertionError(kind)

    def end(self) -> None:
        for token, identity, outputs in reversed(self.made):
            self.fcu.delete(token, identity, outputs)
            assert self.fcu.read(token, identity, outputs)[0] == "", token


KINDS = (
    "Address",
    "AddressAssociation",
    "Instance",
    "InternetGateway",
    "KeyPair",
    "NatGateway",
    "Route",
    "RouteTable",
    "RouteTableAssociation",
    "SecurityGroup",
    "SecurityGroupRule",
    "Subnet",
    "Volume",
    "VolumeAttachment",
    "Vpc",
    "VpcEndpoint",
    "VpcPeeringConnection",
)
UNTOLD = {"KeyPair": {"publicKeyMaterial"}}
"""What no server tells, so that an import cannot know it."""


@pytest.fixture
def world(fcu: Engine):
    found = World(fcu)
    yield found
    found.end()


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_a_thing_is_made_read_imported_and_removed_and_is_what_was_asked(world: World, kind: str) -> None:
    token, fcu = f"hdh:ec2:{kind}", world.fcu
    inputs = world.inputs(kind)
    identity, outputs = world.make(kind, inputs)
    for name, value in inputs.items():
        if name not in ("placement", "blockDeviceMappings"):
            assert outputs[name] == value, name
    again, read, told = fcu.read(token, identity, outputs, inputs)
    assert (again, read) == (identity, outputs)
    assert told == inputs
    assert not fcu.diff(token, read, inputs, inputs).diffs

    imported, _, from_server = fcu.read(token, identity)
    assert imported == identity
    assert not fcu.diff(token, fcu.read(token, identity)[1] | inputs, from_server | inputs, from_server).diffs
    assert {name for name in inputs if name not in from_server} <= UNTOLD.get(kind, set())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_gone_is_told_so_and_removing_it_again_is_well(world: World, kind: str) -> None:
    token = f"hdh:ec2:{kind}"
    identity, outputs = world.make(kind, world.inputs(kind))
    world.made.pop()
    world.fcu.delete(token, identity, outputs)
    assert world.fcu.read(token, identity, outputs) == ("", {}, {})
    world.fcu.delete(token, identity, outputs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_preview_knows_the_inputs_and_not_the_ids(fcu: Engine, kind: str) -> None:
    identity, outputs = fcu.create(f"hdh:ec2:{kind}", {"vpcId": UNKNOWN, "tags": {"a": UNKNOWN}}, preview=True)
    assert identity == ""
    assert outputs["vpcId"] is UNKNOWN
    known = {name for name, value in outputs.items() if value is not UNKNOWN}
    assert known == {"tags"} | ({"domain"} if kind == "Address" else set())
