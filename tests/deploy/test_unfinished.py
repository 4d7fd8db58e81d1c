"""What an operation left unfinished, read from a state and found among what the servers answered."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.openstack import naming
from hdh_infra.deploy import stored, unfinished
from hdh_infra.errors import CloudError
from hdh_infra.graph.observation import Native
from hdh_infra.live.answers import Answers
from hdh_infra.live.begun import find

SINCE = datetime.datetime(2026, 11, 25, 10, 0, tzinfo=datetime.UTC)
LATER, EARLIER = "2026-11-25T10:05:00Z", "2026-11-25T09:00:00Z"
URN = "urn:pulumi:s::hdh-platform::{0}::{1}"
RULE = {"security_group_id": "g", "direction": "egress", "ethertype": "IPv4", "protocol": "tcp"}
ANSWERS = Answers(
    networks=[{"id": "n", "name": "lake", "created_at": LATER}, {"id": "o", "name": "old", "created_at": EARLIER}],
    subnets=[{"id": "s", "network_id": "n", "cidr": "10.0.0.0/25"}],
    routers=[{"id": "r", "name": "router", "created_at": LATER}],
    ports=[
        {"id": "p", "name": "port", "network_id": "n", "device_id": ""},
        {"id": "q", "name": "taken", "network_id": "n", "device_id": "m"},
        {"id": "i", "device_id": "r", "network_id": "n", "fixed_ips": [{"subnet_id": "s"}]},
    ],
    groups=[{"id": "g", "name": "spark", "created_at": LATER}],
    rules=[
        {**RULE, "id": "w", "port_range_min": 443, "port_range_max": 443, "remote_ip_prefix": "10.0.0.1/32"},
        {**RULE, "id": "x", "protocol": None, "port_range_min": None, "port_range_max": None, "remote_ip_prefix": None},
    ],
    servers=[{"id": "m", "name": "spark", "os-extended-volumes:volumes_attached": [{"id": "v"}]}],
    server_groups=[{"id": "e", "name": "spread", "members": []}, {"id": "f", "name": "full", "members": ["m"]}],
    volumes=[
        {"id": "v", "name": "disk", "created_at": "2026-11-25T10:05:00.000000"},
        {"id": "t", "name": "twice", "created_at": LATER},
        {"id": "u", "name": "twice", "created_at": LATER},
    ],
    orders=[{"order_ref": "http://k/v1/orders/d", "meta": {"name": "lake"}, "created": LATER}],
)


def found(token: str, inputs: dict[str, Any], *known: Native) -> tuple[str, ...]:
    return find(ANSWERS, [Native("one", token, inputs, None)], known, SINCE).get("one", ())


@pytest.mark.parametrize(
    ("token", "inputs", "there"),
    [
        (naming.NETWORK, {"name": "lake"}, "n"),
        (naming.NETWORK, {"name": "old"}, ""),
        (naming.NETWORK, {"name": "another"}, ""),
        (naming.NETWORK, {}, ""),
        (naming.SUBNET, {"networkId": "n", "cidr": "10.0.0.0/25"}, "s"),
        (naming.SUBNET, {"networkId": "o", "cidr": "10.0.0.0/25"}, ""),
        (naming.ROUTER, {"name": "router"}, "r"),
        (naming.ROUTER_INTERFACE, {"routerId": "r", "subnetId": "s"}, "i"),
        (naming.ROUTER_INTERFACE, {"routerId": "r", "subnetId": "z"}, ""),
        (naming.PORT, {"networkId": "n", "name": "port"}, "p"),
        (naming.PORT, {"networkId": "n", "name": "taken"}, ""),
        (naming.GROUP, {"name": "spark"}, "g"),
        (naming.RULE, {"securityGroupId": "g", "direction": "egress", "ethertype": "IPv4", "protocol": "tcp",
                       "portRangeMin": 443, "portRangeMax": 443, "remoteIpPrefix": "10.0.0.1/32"}, "w"),
        (naming.RULE, {"securityGroupId": "g", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp",
                       "portRangeMin": 443, "portRangeMax": 443, "remoteIpPrefix": "10.0.0.1/32"}, ""),
        (naming.INSTANCE, {"name": "spark", "networks": [{"port": "q"}]}, "m"),
        (naming.INSTANCE, {"name": "spark", "networks": [{"port": "p"}]}, ""),
        (naming.SERVER_GROUP, {"name": "spread"}, "e"),
        (naming.SERVER_GROUP, {"name": "full"}, ""),
        (naming.VOLUME, {"name": "disk"}, "v"),
        (naming.VOLUME_ATTACH, {"instanceId": "m", "volumeId": "v"}, "m/v"),
        (naming.VOLUME_ATTACH, {"instanceId": "m", "volumeId": "t"}, ""),
        (naming.KEY_ORDER, {"meta": {"name": "lake"}}, "d"),
    ],
)  # fmt: skip
def test_what_was_begun_is_found_by_what_it_hangs_on_or_by_its_name_while_it_was_made(token, inputs, there):
    assert found(token, inputs) == ((there,) if there else ())


def test_what_a_state_knows_is_never_taken_for_what_was_begun():
    assert found(naming.NETWORK, {"name": "lake"}, Native("other", naming.NETWORK, {}, "n")) == ()
    order = Native("key/lake/order", naming.KEY_ORDER, {}, "http://k/v1/orders/d")
    assert found(naming.KEY_ORDER, {"meta": {"name": "lake"}}, order) == ()


def test_of_two_that_may_hold_data_none_is_chosen():
    with pytest.raises(CloudError) as caught:
        found(naming.VOLUME, {"name": "twice"})
    assert "t, u" in str(caught.value)
    assert "by hand" in str(caught.value)


def state(**more: Any) -> dict[str, Any]:
    one = {
        "urn": URN.format(naming.INSTANCE, "server"),
        "type": naming.INSTANCE,
        "custom": True,
        "id": "m",
        "created": LATER,
        "modified": LATER,
        "initErrors": ["creating it: ERROR"],
        **more,
    }
    return {"deployment": {"manifest": {"time": LATER}, "resources": [one]}}


@pytest.mark.parametrize(
    ("more", "anew"),
    [
        ({}, True),
        ({"modified": "2026-11-25T11:00:00Z"}, False),
        ({"initErrors": None}, False),
        ({"type": BUCKET}, False),
        ({"delete": True}, False),
    ],
    ids=["created", "updated later", "well", "settled by our own plugin", "on its way out"],
)
def test_what_failed_to_be_created_is_made_anew_and_what_failed_to_be_changed_is_not(more, anew):
    before = state(**more)
    after = unfinished.tainted(before)
    assert unfinished.made_anew(after) == (["server"] if anew else [])
    assert "taint" not in stored.resources(before)[0]


class Kept:
    """An engine that holds a state and does nothing."""

    def __init__(self, deployment: dict[str, Any]) -> None:
        self.deployment = deployment

    def export(self) -> dict[str, Any]:
        return self.deployment

    def replace_state(self, deployment: dict[str, Any]) -> None:
        self.deployment = deployment


def failed(**more: Any) -> SimpleNamespace:
    said = {"urn": URN.format(naming.SUBNET, "subnet"), "type": naming.SUBNET, "inputs": {"cidr": "10.0.0.0/25"}}
    return SimpleNamespace(**{**said, "parent": "urn:p", "provider": "urn:q::1", "protect": False, **more})


def test_a_creation_that_failed_without_an_id_is_remembered_as_begun():
    engine = Kept(state())
    unfinished.remember(engine, [failed()])
    assert [line.split(":")[0] for line in unfinished.lines(engine.deployment)] == ["subnet"]
    assert [one.properties for one in unfinished.begun(engine.deployment)] == [{"cidr": "10.0.0.0/25"}]
    assert unfinished.made_anew(engine.deployment) == ["server"]
    unfinished.remember(engine, [failed()])
    assert len(unfinished.begun(engine.deployment)) == 1


def test_nothing_is_remembered_of_what_has_an_id_and_nothing_secret_ever():
    engine = Kept(state(initErrors=None))
    unfinished.remember(engine, [failed(urn=URN.format(naming.INSTANCE, "server")), failed(inputs={"key": "[secret]"})])
    assert unfinished.begun(engine.deployment) == []


def test_what_was_begun_is_no_native_resource_of_a_state():
    engine = Kept(state(initErrors=None))
    unfinished.remember(engine, [failed()])
    assert [native.path for native in stored.natives_of_state(engine.deployment)] == ["server"]


def test_what_the_engine_itself_had_pending_is_not_lost_when_a_state_is_brought_in():
    begun = {"resource": {"urn": URN.format(naming.NETWORK, "network"), "type": naming.NETWORK}, "type": "creating"}
    pending = state()
    pending["deployment"]["pending_operations"] = [begun]
    engine = Kept(pending)
    unfinished.remember(engine, [])
    assert "pending_operations" not in engine.deployment["deployment"], "an import would drop them without a word"
    assert [native.path for native in unfinished.begun(engine.deployment)] == ["network"]
