"""What a killed operation had begun on an EC2-compatible endpoint is found without the state, and comes to the right end."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

import pytest

from hdh_infra.deploy import stored, unfinished
from hdh_infra.errors import CloudError
from hdh_infra.live import begun_ec2
from hdh_infra.model.target import Target
from tests.resources.conftest import REGION, urn
from tests.resources.test_ec2_lives import KINDS, World

PROVIDER = "urn:pulumi:test::tests::pulumi:providers:hdh::ec2"
INPUTS = {
    "ec2Endpoint": "https://fcu.eu-west-2.outscale.com",
    "region": REGION,
    "ec2Without": '["*.TagSpecifications"]',
}
TAKEN = {"Volume", "VolumeAttachment"}


@pytest.fixture
def world(fcu):
    found = World(fcu)
    yield found
    found.end()


def entry(world: World, kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    token = f"hdh:ec2:{kind}"
    return {
        "urn": urn(token, f"{world.name}-{kind}"),
        "type": token,
        "custom": True,
        "inputs": {**inputs, "__defaults": []},
        "provider": f"{PROVIDER}::1234",
    }


def settled(entries: dict[str, dict[str, Any]], known: Any = (), *, change: bool = True) -> Any:
    return begun_ec2.settle(entries, {PROVIDER: INPUTS}, dict(os.environ), known, change=change)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found_and_taken_over_where_it_holds_data_and_else_deleted(world: World, kind: str) -> None:
    token, inputs = f"hdh:ec2:{kind}", world.inputs(kind)
    before = {"one": entry(world, kind, inputs)}
    assert settled(before).found == {}
    identity, outputs = world.make(kind, inputs)
    assert settled(before, {(token, identity)}).found == {}
    looked = settled(before, change=False)
    assert looked.found == {"one": (identity,)}
    assert world.fcu.read(token, identity, outputs)[0] == identity

    found = settled(before)
    assert found.asked == {"one"}
    assert found.taken == ({"one": identity} if kind in TAKEN else {})
    assert world.fcu.read(token, identity, outputs)[0] == (identity if kind in TAKEN else "")


def test_what_hangs_on_another_is_let_go_first(world: World) -> None:
    order = ("Subnet", "SecurityGroup", "RouteTable", "RouteTableAssociation", "Instance", "SecurityGroupRule")
    entries = {kind: entry(world, kind, world.inputs(kind)) for kind in order if world.one(kind)}
    assert set(settled(entries).found) == set(order)


def test_an_operation_settles_what_was_begun_and_the_state_has_the_disk(world: World) -> None:
    subnet, disk = world.inputs("Subnet"), world.inputs("Volume")
    made = {"Subnet": world.make("Subnet", subnet)[0], "Volume": world.make("Volume", disk)[0]}
    pending = [
        {"type": "creating", "resource": entry(world, kind, inputs)}
        for kind, inputs in (("Subnet", subnet), ("Volume", disk))
    ]
    deployment = {
        "version": 3,
        "deployment": {
            "manifest": {"time": "2026-11-25T10:00:00Z"},
            "resources": [
                {"urn": PROVIDER, "type": "pulumi:providers:hdh", "custom": True, "id": "1234", "inputs": INPUTS}
            ],
            "pending_operations": pending,
        },
    }
    states: list[Any] = [deployment]
    read: list[str] = []
    engine = SimpleNamespace(
        replace_state=states.append, read_again=read.extend, export=lambda: json.loads(json.dumps(states[-1]))
    )
    request = SimpleNamespace(target=Target.parse("azure:francecentral"), environment=dict(os.environ), platform=None)
    after, lines = unfinished.settle(engine, request, deployment)
    kept = {one["type"]: one.get("id") for one in stored.resources(after)}
    assert kept == {"pulumi:providers:hdh": "1234", "hdh:ec2:Volume": made["Volume"]}
    assert read == [pending[1]["resource"]["urn"]]
    assert "was taken over" in next(line for line in lines if made["Volume"] in line)
    assert "was deleted, and it is made anew" in next(line for line in lines if made["Subnet"] in line)
    assert world.fcu.read("hdh:ec2:Subnet", made["Subnet"])[0] == ""


def test_an_endpoint_that_cannot_be_asked_is_told_and_nothing_is_forgotten(world: World) -> None:
    one = {"one": entry(world, "Vpc", {"cidrBlock": "10.0.0.0/16"})}
    with pytest.raises(CloudError, match=r"could not be looked for: .*accessKey is missing"):
        begun_ec2.settle(one, {PROVIDER: INPUTS}, {}, change=True)
