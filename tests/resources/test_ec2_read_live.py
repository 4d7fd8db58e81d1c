"""What is deployed on an EC2-compatible endpoint, asked of its server: what the state knows, and what somebody added."""

from __future__ import annotations

import os
from typing import Any

import pytest

from hdh_infra.errors import CloudError
from hdh_infra.graph.observation import Native
from hdh_infra.live import ec2 as reader
from tests.resources.conftest import REGION
from tests.resources.test_ec2_lives import KINDS, World

VALUES = {"ec2Endpoint": "https://fcu.eu-west-2.outscale.com", "region": REGION}


@pytest.fixture
def world(fcu):
    found = World(fcu)
    yield found
    found.end()


def natives(world: World) -> list[Native]:
    return [
        Native(f"path/{number}", token, outputs, identity)
        for number, (token, identity, outputs) in enumerate(world.made)
    ]


def live(known: list[Native]) -> dict[str, Native]:
    return {one.path: one for one in reader.read(dict(os.environ), VALUES, known)}


def test_what_the_state_knows_is_told_by_its_paths_and_nothing_else_where_nobody_added_anything(world: World) -> None:
    # A public address is at a gateway or at a machine.
    for kind in (one for one in KINDS if one != "NatGateway"):
        world.one(kind)
    known = natives(world)
    found = live(known)
    assert set(found) == {one.path for one in known}
    refreshed = {path: world.fcu.read(one.type, str(one.id), one.properties)[1] for path, one in found.items()}
    for one in known:
        told, state = dict(found[one.path].properties), refreshed[one.path]
        assert found[one.path].id == one.id
        assert "userData" not in told
        assert told == {name: value for name, value in state.items() if name != "userData"}


def test_what_somebody_added_to_a_network_of_the_state_is_told_and_what_is_elsewhere_is_not(
    world: World, ec2: Any
) -> None:
    for kind in ("Route", "SecurityGroupRule", "Subnet"):
        world.one(kind)
    known = natives(world)
    group, table, gateway = world.one("SecurityGroup"), world.one("RouteTable"), world.one("InternetGateway")
    vpc, subnet = world.one("Vpc"), world.one("Subnet")
    main = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]["RouteTableId"]
    everyone = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=everyone)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.99.0.0/16", GatewayId=gateway)
    ec2.create_route(RouteTableId=main, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    image = ec2.describe_images(Owners=["Outscale"])["Images"][0]["ImageId"]
    own = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = ec2.describe_security_groups(Filters=own)["SecurityGroups"][0]["GroupId"]
    machine = {"ImageId": image, "InstanceType": "tinav6.c2r4p2", "SubnetId": subnet, "SecurityGroupIds": [default]}
    strange = ec2.run_instances(**machine, MinCount=1, MaxCount=1)["Instances"][0]
    elsewhere = ec2.create_vpc(CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]

    found = live(known)
    unmanaged = {path.removeprefix("platform/unmanaged/"): one for path, one in found.items() if "unmanaged" in path}
    assert unmanaged[f"securitygrouprule/{group}:ingress:tcp:22:22:0.0.0.0:0"].properties["cidrBlock"] == "0.0.0.0/0"
    assert unmanaged[f"route/{table}:10.99.0.0:16"].properties["gatewayId"] == gateway
    assert unmanaged[f"route/{main}:0.0.0.0:0"].properties["gatewayId"] == gateway
    assert unmanaged[f"routetable/{main}"].id == main
    assert unmanaged[f"instance/{strange['InstanceId']}"].properties["securityGroupIds"] == [default]
    assert unmanaged[f"securitygroup/{default}"].properties["groupName"] == "default"
    assert unmanaged[f"securitygrouprule/{default}:egress:-1:-:-:0.0.0.0:0"].properties["protocol"] == "-1"
    assert not [one for one in unmanaged.values() if elsewhere in (one.id, one.properties.get("vpcId"))]

    ec2.terminate_instances(InstanceIds=[strange["InstanceId"]])
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.99.0.0/16")
    ec2.delete_route(RouteTableId=main, DestinationCidrBlock="0.0.0.0/0")
    ec2.delete_vpc(VpcId=elsewhere)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    gone = next(one.path for one in known if one.type == "hdh:ec2:Route")
    assert gone not in live(known)


def test_without_credentials_or_a_server_the_reason_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Native("a", "hdh:ec2:Vpc", {}, "vpc-1")]
    with pytest.raises(CloudError, match="accessKey is missing"):
        reader.read({}, VALUES, known)
    environment = {**os.environ, "HDH_EC2_ENDPOINT": "http://127.0.0.1:9"}
    with pytest.raises(CloudError, match="check the endpoint and that it is up"):
        reader.read(environment, VALUES, known)
