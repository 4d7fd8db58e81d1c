"""The provider under the real engine: up, up again, drift, refused and forced destroy, secrets in the state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid

import pytest

from hdh_infra.resources import install
from hdh_infra.resources.clients import Clients
from tests.resources.conftest import REGION, ZONES

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def stack_of(engine_folder, box_environment, tmp_path, monkeypatch):
    """A function that makes a stack of an inline program, with our plugin installed into its engine."""
    variables = {
        **box_environment,
        "PATH": f"{engine_folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "only-for-this-test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    folder = install(engine_folder / "pulumi", print)
    assert (folder / "pulumi-resource-hdh").is_file()
    assert install(engine_folder / "pulumi", pytest.fail) == folder
    from pulumi import automation

    return lambda program: automation.create_or_select_stack("tests", "resources", program)


def test_a_platform_of_a_bucket_and_its_user_lives_and_goes(stack_of, s3, iam, tmp_path) -> None:
    import pulumi
    from pulumi import automation

    name = f"tests-{uuid.uuid4().hex[:10]}"
    asked: dict = {"tags": {"a": "b"}, "versioning": True}

    def program() -> None:
        provider = pulumi.ProviderResource(
            "hdh",
            "s3",
            {"endpoint": "https://s3.gra.io.cloud.ovh.net", "region": "gra"},
            pulumi.ResourceOptions(version="0.1.0"),
        )
        options = pulumi.ResourceOptions(provider=provider, version="0.1.0")
        bucket = pulumi.CustomResource("hdh:s3:Bucket", "bucket", {"bucket": name, "arn": None, **asked}, options)
        user = pulumi.CustomResource("hdh:iam:User", "user", {"userName": name}, options)
        outputs = {"userName": user.id, "accessKeyId": None, "secretAccessKey": None}
        key = pulumi.CustomResource("hdh:iam:AccessKey", "key", outputs, options)
        document = pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["s3:GetObject"],
                        "Resource": [pulumi.Output.concat(bucket.arn, "/*")],
                    }
                ],
            }
        )
        pulumi.CustomResource(
            "hdh:iam:UserPolicy", "policy", {"userName": user.id, "policyName": "read", "policy": document}, options
        )
        pulumi.export("secret", key.secretAccessKey)

    stack = stack_of(program)
    assert stack.preview().change_summary == {automation.OpType.CREATE: 6}
    made = stack.up()
    secret = made.outputs["secret"]
    assert secret.secret
    assert [path for path in tmp_path.rglob("*") if path.is_file() and secret.value.encode() in path.read_bytes()] == []
    assert stack.up().summary.resource_changes == {"same": 6}

    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    assert stack.refresh().summary.resource_changes == {"same": 5, "update": 1}
    assert stack.up().summary.resource_changes == {"same": 5, "update": 1}
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"

    s3.put_object(Bucket=name, Key="a", Body=b"1")
    with pytest.raises(automation.CommandError, match="is not empty and is kept"):
        stack.destroy()
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"1"
    asked["forceDestroy"] = True
    stack.up()
    stack.destroy()
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert name not in [user["UserName"] for user in iam.list_users()["Users"]]
    assert stack.export_stack().deployment.get("resources", []) == []


# A process of its own: the Automation API drops a program whose `up` fails with its event loop and sockets open.
HALFWAY = """
import json, os, sys
import pulumi
from pulumi import automation

name, asked = sys.argv[1], json.loads(sys.argv[2])

def program():
    options = pulumi.ResourceOptions(version="0.1.0")
    provider = pulumi.ProviderResource("hdh", "s3", {"region": "gra"}, options)
    options = pulumi.ResourceOptions(version="0.1.0", provider=provider)
    pulumi.CustomResource("hdh:s3:Bucket", "bucket", {"bucket": name, **asked}, options)

stack = automation.create_or_select_stack("halfway", "resources", program)
try:
    answer = {"changes": (stack.destroy() if asked is None else stack.up()).summary.resource_changes}
except automation.CommandError as error:
    answer = {"error": str(error)}
resources = stack.export_stack().deployment.get("resources", [])
answer["ids"] = [resource["id"] for resource in resources if resource["type"] == "hdh:s3:Bucket"]
print(json.dumps(answer), flush=True)
os._exit(0)
"""


def test_a_bucket_that_failed_halfway_is_mended_by_the_next_up(stack_of, s3) -> None:
    name = f"tests-{uuid.uuid4().hex[:10]}"

    def run(asked: dict | None) -> dict:
        command = [sys.executable, "-c", HALFWAY, name, json.dumps(asked)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)

    failed = run({"publicAccessBlock": True})
    assert "NotImplemented" in failed["error"]
    assert failed["ids"] == [name]
    mended = run({})
    assert mended["ids"] == [name]
    assert "create" not in mended["changes"]
    assert run({})["changes"] == {"same": 3}
    assert run(None)["ids"] == []
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_network_with_a_machine_and_its_disk_lives_and_goes(stack_of, ec2_environment, monkeypatch) -> None:
    import pulumi
    from pulumi import automation

    for name, value in ec2_environment.items():
        monkeypatch.setenv(name, value)
    asked: dict = {"instanceType": "tinav6.c2r4p2"}

    def program() -> None:
        options = pulumi.ResourceOptions(version="0.1.0")
        config = {
            "ec2Endpoint": "https://fcu.eu-west-2.outscale.com",
            "region": REGION,
            "ec2Without": '["*.TagSpecifications"]',
        }
        provider = pulumi.ProviderResource("hdh", "ec2", config, options)
        options = pulumi.ResourceOptions(provider=provider, version="0.1.0")

        def make(kind: str, name: str, inputs: dict, *outputs: str) -> pulumi.CustomResource:
            return pulumi.CustomResource(f"hdh:ec2:{kind}", name, {**dict.fromkeys(outputs), **inputs}, options)

        image = pulumi.runtime.invoke_async(
            "hdh:ec2:getImage", {"name": "Debian-*"}, pulumi.InvokeOptions(provider=provider, version="0.1.0")
        )
        tags = {"tags": {"Name": "engine"}}
        vpc = make("Vpc", "vpc", {"cidrBlock": "10.20.0.0/16", **tags})
        subnet = make("Subnet", "subnet", {"vpcId": vpc.id, "cidrBlock": "10.20.0.0/24", "availabilityZone": ZONES[0]})
        gateway = make("InternetGateway", "igw", {"vpcId": vpc.id})
        table = make("RouteTable", "table", {"vpcId": vpc.id})
        make("Route", "route", {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id})
        make("RouteTableAssociation", "goes-by", {"routeTableId": table.id, "subnetId": subnet.id})
        group = make("SecurityGroup", "group", {"vpcId": vpc.id, "groupName": "engine", "description": "of a test"})
        rule = {"direction": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlock": "10.0.0.0/8"}
        make("SecurityGroupRule", "rule", {"groupId": group.id, **rule})
        machine = {
            "imageId": pulumi.Output.from_input(image).apply(lambda found: found["imageId"]),
            "subnetId": subnet.id,
            "privateIpAddress": "10.20.0.9",
            "securityGroupIds": [group.id],
            "blockDeviceMappings": [
                {"deviceName": "/dev/sda1", "ebs": {"volumeSize": 15, "deleteOnTermination": True}}
            ],
        }
        instance = make("Instance", "machine", {**machine, **asked}, "privateIp", "state")
        disk = make("Volume", "disk", {"availabilityZone": ZONES[0], "size": 3, "volumeType": "gp2"})
        make("VolumeAttachment", "at", {"volumeId": disk.id, "instanceId": instance.id, "device": "/dev/xvdb"})
        pulumi.export("address", instance.privateIp)
        pulumi.export("machine", instance.id)

    stack = stack_of(program)
    assert stack.preview().change_summary == {automation.OpType.CREATE: 13}
    made = stack.up()
    assert made.outputs["address"].value == "10.20.0.9"
    assert stack.up().summary.resource_changes == {"same": 13}
    assert stack.refresh().summary.resource_changes == {"same": 13}
    asked["instanceType"] = "tinav6.c4r8p2"
    again = stack.up()
    assert again.summary.resource_changes == {"same": 12, "update": 1}
    assert again.outputs["machine"].value == made.outputs["machine"].value
    stack.destroy()
    assert stack.export_stack().deployment.get("resources", []) == []
    left = Clients({"region": REGION}).ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["engine"]}])["Vpcs"]
    assert left == []
