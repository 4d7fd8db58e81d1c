"""The EC2-compatible server of the sandbox: it is left alone while it serves, and says what it forgets."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from hdh_infra.errors import CloudError
from hdh_infra.resources.clients import Clients
from hdh_infra.sandbox import ec2

REGION = "cloudgouv-eu-west-1"
PLACE = ec2.Place(REGION, (f"{REGION}a",), (ec2.Image("Debian-13", "Outscale"),), ("tinav6.c2r4p2",))


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def box(tmp_path):
    yield tmp_path / "ec2"
    ec2.stop(tmp_path / "ec2")


def client(box, region: str = REGION) -> Any:
    endpoint = ec2.environment(box)["HDH_EC2_ENDPOINT"]
    return Clients({"ec2Endpoint": endpoint, "accessKey": "a", "secretKey": "b", "region": region}).ec2


def test_one_that_serves_is_left_alone_and_one_that_stopped_has_forgotten(box, port) -> None:
    said: list[str] = []
    assert str(ec2.status(box)) == "stopped; what it held is gone"
    with pytest.raises(CloudError, match="was never started"):
        ec2.environment(box)
    first = ec2.start(box, [PLACE], port, said.append)
    made = client(box).create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    assert ec2.start(box, [PLACE], port, said.append).pid == first.pid
    assert client(box).describe_vpcs(VpcIds=[made])["Vpcs"]
    assert ec2.status(box).running

    ec2.stop(box)
    assert not ec2.status(box).running
    again = ec2.start(box, [PLACE], port, said.append)
    assert again.pid != first.pid
    assert made not in [one["VpcId"] for one in client(box).describe_vpcs()["Vpcs"]]

    other = ec2.Place("eu-west-2", (), (ec2.Image("Other"),))
    assert ec2.start(box, [PLACE, other], port, said.append).pid != again.pid
    assert "starting again, and what it held is gone" in " ".join(said)
    zones = client(box, "eu-west-2").describe_availability_zones()["AvailabilityZones"]
    assert [one["ZoneName"] for one in zones] == ["eu-west-2a", "eu-west-2b"]
    assert [one["Name"] for one in client(box, "eu-west-2").describe_images()["Images"]] == ["Other"]
    assert [one["Name"] for one in client(box).describe_images(Owners=["Outscale"])["Images"]] == ["Debian-13"]


def test_a_port_of_another_program_is_told(box) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CloudError, match="is taken by another program"):
            ec2.start(box, [PLACE], taken.getsockname()[1], print)


def test_unknown_images_and_types_and_zones_are_errors_as_on_a_cloud(box, port) -> None:
    ec2.start(box, [PLACE], port, print)
    server = client(box)
    image = server.describe_images(Owners=["Outscale"])["Images"][0]["ImageId"]
    vpc = server.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    subnet = server.create_subnet(VpcId=vpc, CidrBlock="10.3.0.0/24")["Subnet"]["SubnetId"]
    whole = {"ImageId": image, "InstanceType": "tinav6.c2r4p2", "SubnetId": subnet, "MinCount": 1, "MaxCount": 1}
    for wrong, code in (
        ({"ImageId": "ami-12345678"}, "InvalidAMIID.NotFound"),
        ({"InstanceType": "t2.nano"}, "InvalidInstanceType.NotFound"),
        ({"Placement": {"AvailabilityZone": "eu-west-1a"}}, "InvalidParameterValue"),
    ):
        with pytest.raises(server.exceptions.ClientError) as error:
            server.run_instances(**(whole | wrong))
        assert error.value.response["Error"]["Code"] == code
    assert server.run_instances(**whole)["Instances"]
