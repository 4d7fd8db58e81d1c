"""What the types of an EC2-compatible endpoint do when things differ, fail, were begun before, or belong to somebody else."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from hdh_infra.resources.clients import explain
from hdh_infra.resources.types.base import MARK_TAG, Call
from hdh_infra.resources.types.ec2 import base
from hdh_infra.resources.types.ec2.base import TOKEN_TAG
from hdh_infra.resources.values import UNKNOWN
from tests.resources.conftest import BOTH, WITHOUT, ZONES, ServerError
from tests.resources.test_ec2_lives import World

KINDS = provider_pb2.PropertyDiff


@pytest.fixture
def world(fcu):
    found = World(fcu)
    yield found
    found.end()


def kinds(diff: Any) -> dict[str, int]:
    return {path: one.kind for path, one in diff.detailedDiff.items()}


# --- changes


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Vpc", {"tags": {"a": "b"}}),
        ("Subnet", {"mapPublicIpOnLaunch": True}),
        ("Instance", {"sourceDestCheck": False}),
        ("Instance", {"disableApiTermination": True}),
        ("Instance", {"instanceInitiatedShutdownBehavior": "terminate"}),
        ("Instance", {"instanceType": "tinav6.c4r8p2"}),
        ("VpcEndpoint", {"routeTableIds": []}),
        ("Volume", {"tags": {}}),
    ],
)
def test_what_can_be_changed_in_place_is_and_the_thing_stays(world: World, kind: str, change: dict) -> None:
    token, inputs = f"hdh:ec2:{kind}", world.inputs(kind)
    identity, outputs = world.make(kind, inputs)
    wanted = inputs | change
    diff = world.fcu.diff(token, outputs, wanted, inputs)
    assert set(diff.diffs) == set(change)
    assert not diff.replaces
    updated = world.fcu.update(token, identity, outputs, wanted)
    assert {name: updated[name] for name in change} == change
    assert world.fcu.read(token, identity, updated, wanted)[0] == identity
    assert not world.fcu.diff(token, updated, wanted, wanted).diffs


def test_other_filters_of_a_machine_are_set_in_place_and_their_order_means_nothing(world: World) -> None:
    token, inputs = "hdh:ec2:Instance", world.inputs("Instance")
    identity, outputs = world.make("Instance", inputs)
    second = world.one("SecurityGroup", "Other")
    world.made.append(world.made.pop(-2))
    wanted = inputs | {"securityGroupIds": [second, *inputs["securityGroupIds"]]}
    updated = world.fcu.update(token, identity, outputs, wanted)
    assert updated["securityGroupIds"] == sorted(wanted["securityGroupIds"])
    turned = wanted | {"securityGroupIds": wanted["securityGroupIds"][::-1]}
    assert not world.fcu.diff(token, updated, turned, wanted).diffs


@pytest.mark.parametrize(
    ("kind", "name", "value", "first"),
    [
        ("Vpc", "cidrBlock", "10.9.0.0/16", False),
        ("Subnet", "availabilityZone", ZONES[1], True),
        ("Subnet", "cidrBlock", "10.7.2.0/24", False),
        ("Instance", "imageId", "ami-00000000", True),
        ("Instance", "userData", "#!/bin/sh", True),
        ("Instance", "privateIpAddress", "10.7.1.11", False),
        ("SecurityGroup", "description", "another", True),
        ("Volume", "availabilityZone", ZONES[1], False),
        ("KeyPair", "publicKeyMaterial", "ssh-ed25519 AAAA other", True),
        ("SecurityGroupRule", "toPort", 444, False),
    ],
)
def test_what_makes_another_thing_replaces_and_goes_first_where_both_cannot_be(
    world: World, kind: str, name: str, value: Any, first: bool
) -> None:
    inputs = world.inputs(kind)
    _, outputs = world.make(kind, inputs)
    diff = world.fcu.diff(f"hdh:ec2:{kind}", outputs, inputs | {name: value}, inputs)
    assert list(diff.replaces) == [name]
    assert diff.deleteBeforeReplace is first


def test_an_unknown_id_differs_and_replaces(world: World) -> None:
    inputs = world.inputs("Subnet")
    _, outputs = world.make("Subnet", inputs)
    diff = world.fcu.diff("hdh:ec2:Subnet", outputs, inputs | {"vpcId": UNKNOWN}, inputs)
    assert kinds(diff) == {"vpcId": KINDS.UPDATE_REPLACE}
    assert not diff.deleteBeforeReplace


def test_what_the_server_adds_to_a_disk_is_no_difference_and_what_somebody_changed_is(world: World) -> None:
    inputs = world.inputs("Instance") | {"placement": {"tenancy": "default"}}
    _, outputs = world.make("Instance", inputs)
    assert outputs["blockDeviceMappings"][0]["ebs"]["volumeId"].startswith("vol-")
    assert outputs["placement"]["availabilityZone"] == ZONES[0]
    assert not world.fcu.diff("hdh:ec2:Instance", outputs, inputs, inputs).diffs
    outputs["blockDeviceMappings"][0]["ebs"]["encrypted"] = True
    asked = inputs | {"blockDeviceMappings": [{"deviceName": "/dev/sda1", "ebs": {"encrypted": False}}]}
    assert list(world.fcu.diff("hdh:ec2:Instance", outputs, asked, asked).replaces) == ["blockDeviceMappings"]


def test_a_route_is_turned_in_place(world: World) -> None:
    inputs = world.inputs("Route")
    identity, outputs = world.make("Route", inputs)
    turned = {name: value for name, value in inputs.items() if name != "gatewayId"} | {
        "vpcPeeringConnectionId": world.one("VpcPeeringConnection")
    }
    assert not world.fcu.diff("hdh:ec2:Route", outputs, turned, inputs).replaces
    updated = world.fcu.update("hdh:ec2:Route", identity, outputs, turned)
    assert updated["vpcPeeringConnectionId"] == turned["vpcPeeringConnectionId"]
    assert "gatewayId" not in updated


@BOTH
def test_a_disk_grows_where_the_endpoint_can_and_never_shrinks(world: World, request) -> None:
    token, inputs = "hdh:ec2:Volume", world.inputs("Volume")
    identity, outputs = world.make("Volume", inputs)
    assert not world.fcu.diff(token, outputs, inputs | {"size": 20}, inputs).replaces
    if "without" in request.node.name:
        with pytest.raises(world.fcu.Aborted, match="changes no volume in place: change Size"):
            world.fcu.update(token, identity, outputs, inputs | {"size": 20})
    else:
        assert world.fcu.update(token, identity, outputs, inputs | {"size": 20})["size"] == 20
    with pytest.raises(world.fcu.Aborted, match="cannot shrink to 5") as half:
        world.fcu.update(token, identity, outputs, inputs | {"size": 5})
    assert half.value.half.id == identity


# --- drift


def test_drift_is_read_shown_and_put_right(world: World, ec2) -> None:
    identity, outputs = world.make("Subnet", world.inputs("Subnet"))
    ec2.modify_subnet_attribute(SubnetId=identity, MapPublicIpOnLaunch={"Value": True})
    ec2.create_tags(Resources=[identity], Tags=[{"Key": "by", "Value": "hand"}])
    inputs = world.inputs("Subnet")
    _, read, told = world.fcu.read("hdh:ec2:Subnet", identity, outputs, inputs)
    assert (told["mapPublicIpOnLaunch"], told["tags"]["by"]) == (True, "hand")
    diff = world.fcu.diff("hdh:ec2:Subnet", read, inputs, told)
    assert kinds(diff) == {"mapPublicIpOnLaunch": KINDS.UPDATE, "tags.by": KINDS.DELETE}
    assert world.fcu.update("hdh:ec2:Subnet", identity, read, inputs) == outputs


def test_a_key_that_somebody_replaced_is_not_taken_for_ours(world: World, ec2) -> None:
    inputs = world.inputs("KeyPair")
    identity, outputs = world.make("KeyPair", inputs)
    ec2.delete_key_pair(KeyName=identity)
    ec2.create_key_pair(KeyName=identity, KeyType="ed25519")
    read = world.fcu.read("hdh:ec2:KeyPair", identity, outputs, inputs)[1]
    assert list(world.fcu.diff("hdh:ec2:KeyPair", read, inputs, inputs).replaces) == ["publicKeyMaterial"]


@BOTH
def test_our_marks_are_on_the_server_and_in_no_output(world: World, ec2) -> None:
    identity, outputs = world.make("Vpc", world.inputs("Vpc"))
    tags = {tag["Key"] for tag in ec2.describe_vpcs(VpcIds=[identity])["Vpcs"][0]["Tags"]}
    assert tags == {"Name", MARK_TAG, TOKEN_TAG}
    assert set(outputs["tags"]) == {"Name"}


# --- filters


@BOTH
def test_a_new_group_lets_nothing_in_or_out(world: World, ec2) -> None:
    identity = world.one("SecurityGroup")
    group = ec2.describe_security_groups(GroupIds=[identity])["SecurityGroups"][0]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize(
    "rule",
    [
        {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlock": "10.1.0.0/16"},
        {"protocol": "udp", "fromPort": 53, "toPort": 54, "cidrBlock": "10.1.2.3/32"},
        {"protocol": "icmp", "fromPort": -1, "toPort": -1, "cidrBlock": "10.1.0.0/16"},
        {"protocol": "-1", "cidrBlock": "10.1.0.0/16"},
        {"protocol": "tcp", "fromPort": 443, "toPort": 443, "peerGroupId": "Other"},
        {"protocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": "VpcEndpoint"},
    ],
)
def test_each_kind_of_rule_stands_alone_and_goes_alone(world: World, ec2, direction: str, rule: dict) -> None:
    group = world.one("SecurityGroup")
    if "peerGroupId" in rule:
        rule = rule | {"peerGroupId": world.one("SecurityGroup", "Other")}
    if "prefixListId" in rule:
        rule = rule | {"prefixListId": world.make("VpcEndpoint", world.inputs("VpcEndpoint"))[1]["prefixListId"]}
    beside = {"groupId": group, "direction": direction, "protocol": "tcp", "fromPort": 443, "toPort": 443}
    kept, _ = world.make("SecurityGroupRule", beside | {"cidrBlock": "10.5.0.0/16"}, name="kept")
    inputs = {"groupId": group, "direction": direction, **rule}
    identity, outputs = world.make("SecurityGroupRule", inputs)
    assert outputs == inputs
    assert world.fcu.read("hdh:ec2:SecurityGroupRule", identity)[2] == inputs
    world.fcu.delete("hdh:ec2:SecurityGroupRule", identity, outputs)
    assert world.fcu.read("hdh:ec2:SecurityGroupRule", identity)[0] == ""
    assert world.fcu.read("hdh:ec2:SecurityGroupRule", kept)[0] == kept


@pytest.mark.parametrize(
    ("token", "inputs", "path", "words"),
    [
        ("SecurityGroupRule", {"protocol": "tcp", "fromPort": 1, "toPort": 1}, "cidrBlock", "give one of"),
        ("SecurityGroupRule", {"cidrBlock": "10.0.0.0/8", "peerGroupId": "sg-1"}, "peerGroupId", "not cidrBlock and"),
        ("SecurityGroupRule", {"protocol": "-1", "fromPort": 0, "toPort": 65535}, "fromPort", "has no ports"),
        ("SecurityGroupRule", {"protocol": "tcp"}, "fromPort", "is required for tcp"),
        ("SecurityGroupRule", {"protocol": "tcp", "fromPort": 9, "toPort": 8}, "toPort", "below fromPort 9"),
        ("SecurityGroupRule", {"protocol": "tcp", "fromPort": 0, "toPort": 70000}, "toPort", "from 0 to 65535"),
        ("SecurityGroupRule", {"cidrBlock": "10.0.0.1/8"}, "cidrBlock", "no range"),
        ("SecurityGroupRule", {"direction": "out"}, "direction", "allowed: egress, ingress"),
        ("Vpc", {"cidrBlock": "10.0.0.0"}, "instanceTenancy", "allowed"),
        ("Vpc", {"cidrBlock": "nonsense"}, "cidrBlock", "no range"),
        ("Vpc", {"tags": {"hdh-token": "x"}}, 'tags["hdh-token"]', "reserved"),
        ("Route", {"gatewayId": "igw-1", "natGatewayId": "nat-1"}, "natGatewayId", "not gatewayId and natGatewayId"),
        ("Volume", {"size": 0}, "size", "1 GiB"),
        ("Volume", {"kmsKeyId": "k"}, "kmsKeyId", "encrypted: true"),
        ("Volume", {"volumeType": "fast"}, "volumeType", "allowed"),
        ("KeyPair", {"publicKeyMaterial": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "publicKeyMaterial", "private key"),
        ("KeyPair", {"publicKeyMaterial": "hello"}, "publicKeyMaterial", "no public key"),
        ("Instance", {"securityGroupIds": []}, "securityGroupIds", "at least one"),
        ("Instance", {"userData": "x" * 16385}, "userData", "16384"),
        ("SecurityGroup", {"groupName": "été"}, "groupName", "ASCII"),
    ],
)
def test_wrong_inputs_are_told_with_their_property_before_anything_is_made(
    engine, token: str, inputs: dict, path: str, words: str
) -> None:
    whole = {
        "SecurityGroupRule": {"groupId": "sg-1", "direction": "egress", "protocol": "tcp"},
        "Vpc": {"cidrBlock": "10.0.0.0/16", **({"instanceTenancy": "shared"} if path == "instanceTenancy" else {})},
        "Route": {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"},
        "Volume": {"availabilityZone": "a", "size": 1},
        "KeyPair": {"keyName": "k"},
        "Instance": {"imageId": "ami-1", "instanceType": "t", "subnetId": "s", "securityGroupIds": ["sg-1"]},
        "SecurityGroup": {"vpcId": "vpc-1", "groupName": "g", "description": "d"},
    }[token]
    if token == "SecurityGroupRule" and "cidrBlock" not in words and path not in ("cidrBlock", "direction"):
        whole = whole | {"cidrBlock": "10.0.0.0/8"}
    assert words in engine.check(f"hdh:ec2:{token}", whole | inputs)[path]


# --- what was begun, what fails, what is another's


@BOTH
def test_after_a_lost_answer_the_thing_is_found_again_and_not_made_twice(world: World, ec2) -> None:
    for kind in ("Vpc", "Subnet", "RouteTable", "SecurityGroup", "KeyPair", "Volume", "Address", "Instance"):
        inputs = world.inputs(kind)
        identity, outputs = world.make(kind, inputs)
        again = world.fcu.create(f"hdh:ec2:{kind}", inputs, name=f"{world.name}-{kind}")
        assert again == (identity, outputs), kind
    assert len(ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": [world.name]}])["Volumes"]) == 1
    world.fcu.configure({"ec2Endpoint": "https://x", "region": "cloudgouv-eu-west-1"})


def test_a_replacement_is_a_new_thing_although_the_old_one_is_still_there(world: World) -> None:
    inputs = world.inputs("Vpc")
    first, _ = world.make("Vpc", inputs)
    second, _ = world.make("Vpc", inputs | {"cidrBlock": "10.77.0.0/16"})
    assert first != second


def test_a_forced_replacement_by_the_same_does_not_remove_what_it_took_over(world: World) -> None:
    inputs = world.inputs("Volume")
    identity, outputs = world.make("Volume", inputs)
    assert world.fcu.create("hdh:ec2:Volume", inputs, name=f"{world.name}-Volume")[0] == identity
    world.fcu.delete("hdh:ec2:Volume", identity, outputs)
    assert world.fcu.read("hdh:ec2:Volume", identity, outputs)[0] == identity
    world.fcu.configure({"ec2Endpoint": "https://x", "region": "cloudgouv-eu-west-1"})


def test_a_machine_that_went_is_not_taken_for_one_that_was_begun(world: World) -> None:
    inputs = world.inputs("Instance")
    identity, outputs = world.make("Instance", inputs)
    world.made.pop()
    world.fcu.delete("hdh:ec2:Instance", identity, outputs)
    assert world.make("Instance", inputs)[0] != identity


def test_a_protected_machine_goes_with_its_stack(world: World) -> None:
    world.make("Instance", world.inputs("Instance") | {"disableApiTermination": True})


@pytest.mark.parametrize("kind", ["Vpc", "Subnet", "Volume", "Instance"])
def test_what_fails_after_the_making_is_kept_and_put_right_by_the_next_command(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = world.inputs(kind)
    settled, token = type(world.fcu.servicer._types[f"hdh:ec2:{kind}"]), f"hdh:ec2:{kind}"

    def fails(self: Any, call: Call, identity: str) -> None:
        raise RuntimeError("the line was cut")

    with monkeypatch.context() as broken:
        broken.setattr(settled, "settled", fails)
        with pytest.raises(world.fcu.Aborted, match="the line was cut") as half:
            world.fcu.create(token, inputs, name=f"{world.name}-{kind}")
    identity = half.value.half.id
    updated = world.fcu.update(token, identity, {}, inputs)
    world.made.append((token, identity, updated))
    assert not world.fcu.diff(token, updated, inputs, inputs).diffs


def test_a_group_that_cannot_be_emptied_does_not_stay_with_an_open_door(world: World, ec2, monkeypatch) -> None:
    inputs = world.inputs("SecurityGroup")
    real = world.fcu.servicer._clients.ec2

    class Broken:
        def __getattr__(self, name: str) -> Any:
            if name == "revoke_security_group_egress":
                raise RuntimeError("no right to revoke")
            return getattr(real, name)

    monkeypatch.setitem(world.fcu.servicer._clients._made, "ec2", Broken())
    with pytest.raises(world.fcu.Aborted, match="was removed again: no right to revoke") as error:
        world.fcu.create("hdh:ec2:SecurityGroup", inputs, name=world.name)
    assert error.value.half is None
    names = [{"Name": "group-name", "Values": [world.name]}]
    assert ec2.describe_security_groups(Filters=names)["SecurityGroups"] == []


def test_a_stop_leaves_a_thing_that_the_state_knows(world: World) -> None:
    inputs = world.inputs("Vpc")
    world.fcu.servicer._cancelled.set()
    with pytest.raises(world.fcu.Aborted, match="stopped on request") as half:
        world.fcu.create("hdh:ec2:Vpc", inputs, name=f"{world.name}-Vpc")
    world.fcu.servicer._cancelled.clear()
    identity = half.value.half.id
    world.made.append(("hdh:ec2:Vpc", identity, world.fcu.update("hdh:ec2:Vpc", identity, {}, inputs)))


def test_what_belongs_to_somebody_else_is_not_taken(world: World, ec2) -> None:
    vpc = world.one("Vpc")
    theirs = ec2.create_security_group(VpcId=vpc, GroupName=world.name, Description="theirs")["GroupId"]
    ec2.import_key_pair(KeyName=world.name, PublicKeyMaterial=world.inputs("KeyPair")["publicKeyMaterial"].encode())
    for kind, words in (
        ("SecurityGroup", "exists and is not ours.*pulumi import"),
        ("KeyPair", "exists and is not ours"),
    ):
        with pytest.raises(world.fcu.Aborted, match=words):
            world.fcu.create(f"hdh:ec2:{kind}", world.inputs(kind), name=kind)
    ec2.delete_security_group(GroupId=theirs)
    ec2.delete_key_pair(KeyName=world.name)


def test_a_thing_in_use_is_waited_for_and_then_told(world: World, ec2, monkeypatch: pytest.MonkeyPatch) -> None:
    subnet = world.one("Subnet")
    group = world.one("SecurityGroup")
    image = ec2.describe_images(Owners=["Outscale"])["Images"][0]["ImageId"]
    other = ec2.run_instances(
        ImageId=image, InstanceType="tinav6.c2r4p2", MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group]
    )["Instances"][0]["InstanceId"]
    monkeypatch.setattr(base, "DELETE_SECONDS", 0.2)
    for kind, identity in (("Subnet", subnet), ("SecurityGroup", group)):
        with pytest.raises(world.fcu.Aborted, match="DependencyViolation"):
            world.fcu.delete(f"hdh:ec2:{kind}", identity, {})
    monkeypatch.setattr(base, "DELETE_SECONDS", 30.0)
    threading.Timer(0.3, ec2.terminate_instances, kwargs={"InstanceIds": [other]}).start()
    world.fcu.delete("hdh:ec2:Subnet", subnet, {})
    assert world.fcu.read("hdh:ec2:Subnet", subnet)[0] == ""


def test_an_address_or_a_subnet_in_use_elsewhere_is_not_taken_away(world: World, ec2) -> None:
    world.one("AddressAssociation")
    with pytest.raises(world.fcu.Aborted, match="in use elsewhere"):
        world.fcu.create("hdh:ec2:AddressAssociation", {"allocationId": world.one("Address"), "instanceId": "i-other"})
    world.one("RouteTableAssociation")
    second = world.make("RouteTable", world.inputs("RouteTable"), name="second")[0]
    with pytest.raises(world.fcu.Aborted, match="goes by route table"):
        world.fcu.create(
            "hdh:ec2:RouteTableAssociation", {"routeTableId": second, "subnetId": world.one("Subnet")}, name="second"
        )


def test_an_id_that_is_none_is_told_so(fcu) -> None:
    for kind, identity in (("Route", "rtb-1"), ("SecurityGroupRule", "sg-1/in"), ("VolumeAttachment", "vol-1")):
        with pytest.raises(fcu.Aborted, match="is no id of a"):
            fcu.read(f"hdh:ec2:{kind}", identity)


# --- questions


def test_an_image_is_found_by_its_name_and_never_one_of_several_by_chance(fcu) -> None:
    ask = {"name": "Ubuntu-24.04-*", "owner": "Outscale"}
    with pytest.raises(fcu.Aborted, match=r"2 images with name 'Ubuntu-24\.04-\*', owner 'Outscale'"):
        fcu.invoke("hdh:ec2:getImage", ask)
    newest = fcu.invoke("hdh:ec2:getImage", {**ask, "mostRecent": True})
    assert newest["name"].startswith("Ubuntu-24.04-")
    assert fcu.invoke("hdh:ec2:getImage", {"imageId": newest["imageId"]}) == newest
    with pytest.raises(fcu.Aborted, match="no image with name 'Windows'"):
        fcu.invoke("hdh:ec2:getImage", {"name": "Windows"})


def test_wrong_questions_are_told_with_what_is_allowed(fcu) -> None:
    assert set(fcu.invoke("hdh:ec2:getImage", {"nam": "x"})) == {"nam", "name"}
    with pytest.raises(fcu.Aborted, match="is not a function"):
        fcu.invoke("hdh:ec2:getImages", {})


# --- requests


@BOTH
def test_an_endpoint_is_sent_nothing_that_it_does_not_know(world: World, request) -> None:
    sent: list[tuple[str, set[str]]] = []
    client = world.fcu.servicer._clients.ec2
    client.meta.events.register(
        "before-call.ec2", lambda model, params, **_: sent.append((model.name, set(params["body"])))
    )
    world.one("RouteTable")
    world.one("Volume")
    world.one("Instance")
    names = {f"{operation}.{name}" for operation, names in sent for name in names}
    tagging = {name for name in names if ".TagSpecification" in name}
    tokens = {name for name in names if name.endswith(".ClientToken")}
    if "without" in request.node.name:
        assert tagging == set()
        assert tokens == {"RunInstances.ClientToken"}
        assert {one.partition(".")[0] for one in WITHOUT} >= {"*", "CreateVolume"}
    else:
        assert {name.partition(".")[0] for name in tagging} >= {"CreateRouteTable", "CreateVolume", "RunInstances"}
        assert "CreateTags" not in {operation for operation, _ in sent}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("VcpuLimitExceeded", "a quota of the account"),
        ("UnauthorizedOperation", "lack this right"),
        ("AuthFailure", "set hdh:accessKey"),
        ("InsufficientInstanceCapacity", "no room for this type"),
        ("RequestLimitExceeded", "RunInstances: RequestLimitExceeded: no"),
    ],
)
def test_what_an_endpoint_refuses_is_told_in_one_line_with_what_to_do(code: str, words: str) -> None:
    said = explain(ServerError("RunInstances", code, 400))
    assert words in said
    assert said.startswith(f"RunInstances: {code}: no")
    assert "\n" not in said
    assert ("quota" in said) == (code == "VcpuLimitExceeded")
