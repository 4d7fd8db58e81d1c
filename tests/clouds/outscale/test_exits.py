"""Ways out by name: a proxy machine in a Net beside the network, what it lets pass, and reading it back by what it does."""

import datetime

import pytest

from hdh_infra.clouds.exit_program import said_in, start_up_with
from hdh_infra.clouds.outscale import CLOUD
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from tests.clouds.deployments import drop, put, ref

TODAY = datetime.date(2026, 11, 26)
TARGET = "outscale:eu-west-2"
SPARK, CONSOLE = "zone/lake/machine/spark", "zone/administration/machine/console"
SNDS = "zone/lake/store/snds"
EXIT = "zone/lake/exit"
SERVER = f"{EXIT}/server"
DOOR = f"{EXIT}/door/zone.lake.machine.spark"
PYPI = {"from": SPARK, "to": "pypi.org", "ports": [443]}
DEBIAN = {"from": SPARK, "to": "*.debian.org", "ports": [80, 443]}
ENDPOINT = "oos.eu-west-2.outscale.com"


@pytest.fixture
def asking(small):
    return lambda **changes: small(**{"egress": [PYPI, DEBIAN], **changes})


def rows(platform, requirement):
    return [row for row in make_plan(platform, TARGET, today=TODAY).verdicts if row.requirement == requirement]


def hosts(observed):
    return {(flow.source, flow.to, flow.ports) for flow in observed.egress}


def test_a_host_is_reached_by_its_name_and_nothing_else_is(asking, small, deploy):
    before, observed = deploy(small()).observe(), deploy(asking()).observe()
    assert hosts(observed) == {(SPARK, "pypi.org", (443,)), (SPARK, "*.debian.org", (80, 443))}
    for part in ("flows", "entry", "remarks"):
        assert getattr(observed, part) == getattr(before, part), part
    assert observed.elements.keys() == before.elements.keys()
    assert observed.elements["zone/lake"]["address_range"] == before.elements["zone/lake"]["address_range"]
    found = rows(asking(), "egress.host_names")
    assert {(row.element, row.verdict, row.means is not None) for row in found} == {(SPARK, "differs", True)}


def test_a_state_says_the_same(asking, deploy, state):
    planned = deploy(asking())
    held = CLOUD.observe(Natives(state(asking()), "state", CLOUD.identifiers), planned.place)
    observed = planned.observe()
    for part in ("flows", "egress", "entry", "service_flows", "remarks"):
        assert getattr(held, part) == getattr(observed, part), part


def test_only_the_proxy_has_a_way_outside_and_nobody_comes_to_it_but_by_a_door(asking, deploy):
    nodes = deploy(asking()).nodes
    outside = {path for path, one in nodes.items() if one.get("cidrBlock") == "0.0.0.0/0"}
    assert outside
    assert all(path.startswith(f"{EXIT}/outside/tcp-") for path in outside)
    inward = [path for path, one in nodes.items() if one.get("direction") == "ingress" and path.startswith(f"{EXIT}/")]
    assert inward
    assert all(path.startswith(f"{EXIT}/door/") for path in inward)
    assert "zone/lake/way-out" not in nodes


def test_it_stands_in_the_locks_range_and_is_sized_by_the_lock(asking, lower):
    lock = update_lock(None, asking(), [Target.parse(TARGET)])
    nodes = {node.path: node for node in lower(asking(), lock)}
    assert nodes[f"{EXIT}/network"].properties["cidrBlock"] == lock.addresses[EXIT]
    assert nodes[SERVER].properties["instanceType"] == lock.flavours[TARGET][EXIT]


def test_another_host_changes_the_proxy_alone(asking, small, lower):
    more = asking(egress=[PYPI, DEBIAN, {**PYPI, "to": "cran.r-project.org"}])
    lock = update_lock(None, more, [Target.parse(TARGET)])
    before, after = ({node.path: node for node in lower(one, lock)} for one in (asking(), more))
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {SERVER}


def test_who_administers_machines_is_told_of_each_proxy(asking):
    (step,) = [one for one in make_plan(asking(), TARGET, today=TODAY).manual if EXIT in one.what]
    assert SPARK in step.what
    assert "HTTPS_PROXY" in step.command


def test_udp_is_not_asked_of_a_proxy(small):
    (row,) = rows(small(egress=[{**PYPI, "protocol": "udp"}]), "egress.host_names")
    assert row.verdict == "not-met"


def said(change):
    def mutate(d):
        server = d.nodes[SERVER]
        items = dict(said_in(server["userData"]))
        change(items, next(key for key in items if key.startswith("exit-hosts-")))
        server["userData"] = start_up_with(items)

    return mutate


LEAST = {
    "it is told no host": ("egress", said(lambda all_, key: all_.pop(key))),
    "it is told a further host": ("egress", said(lambda all_, key: all_.update({key: f"{all_[key]} example.org:443"}))),
    "it is told the endpoint of stores": ("egress", said(lambda all_, key: all_.update({key: f"{ENDPOINT}:443"}))),
    "it is told all below a part of the endpoint": (
        "egress",
        said(lambda all_, key: all_.update({key: "*.outscale.com:443"})),
    ),
    "an item cannot be read": ("egress", said(lambda all_, key: all_.update({key: f"{all_[key]} ?"}))),
    "the program is another": ("egress", put(SERVER, userData="#!/bin/sh\n")),
    "the program is a little longer": (
        "egress",
        lambda d: d.nodes[SERVER].update(userData=f"{d.nodes[SERVER]['userData']}\n"),
    ),
    "the program cannot be read": ("remarks", drop(SERVER, "userData")),
    "the way to the door is missing": ("egress", drop(f"{DOOR}/out")),
    "the door does not open": ("egress", drop(f"{DOOR}/in/0")),
    "the door is another's": ("egress", put(f"{DOOR}/in/0", fromPort=1, toPort=1)),
    "the door opens to another address": ("egress", put(f"{DOOR}/in/0", cidrBlock="10.64.2.200/32")),
    "the door leads to the proxy's other ports": (
        "flows",
        lambda d: [d.nodes[f"{DOOR}/{end}"].update(fromPort=22) for end in ("in/0", "out")],
    ),
    "no peering leads to it": ("egress", drop(f"{EXIT}/peering/back")),
    "the proxy has no way outside": ("egress", drop(f"{EXIT}/way-out")),
    "the proxy has no public address": ("egress", drop(f"{EXIT}/address-link")),
    "the proxy's filter lets less out": ("egress", drop(f"{EXIT}/outside/tcp-443")),
    "the proxy's filter lets more out": ("service_flows", put(f"{EXIT}/outside/tcp-443", fromPort=1)),
    "anyone comes to the proxy": ("entry", put(f"{DOOR}/in/0", cidrBlock="0.0.0.0/0")),
    "the proxy has a group that nobody knows": ("remarks", put(SERVER, securityGroupIds=["sg-other"])),
    "the machine goes by itself": (
        "egress",
        lambda d: (
            d.add("x/internet", "hdh:ec2:InternetGateway", vpcId=ref("zone/lake/network")),
            d.add(
                "x/route",
                "hdh:ec2:Route",
                routeTableId=ref("zone/lake/routes"),
                destinationCidrBlock="0.0.0.0/0",
                gatewayId=ref("x/internet"),
            ),
            d.add(
                "x/address",
                "hdh:ec2:AddressAssociation",
                instanceId=ref(f"{SPARK}/instance/0"),
                allocationId="eipalloc-1",
            ),
            d.add(
                "x/rule",
                "hdh:ec2:SecurityGroupRule",
                groupId=ref(f"{SPARK}/filter"),
                direction="egress",
                protocol="tcp",
                fromPort=443,
                toPort=443,
                cidrBlock="0.0.0.0/0",
            ),
        ),
    ),
}


@pytest.mark.parametrize("change", LEAST)
def test_a_changed_property_changes_what_is_observed(asking, deploy, change):
    part, mutate = LEAST[change]
    before = deploy(asking())
    after = before.changed()
    mutate(after)
    assert before.observe().to_json()[part] != after.observe().to_json()[part]


@pytest.mark.parametrize("change", ["the program is another", "the program cannot be read"])
def test_a_proxy_of_which_nobody_knows_what_it_does_is_read_for_the_worse(asking, deploy, change):
    deployed = deploy(asking())
    LEAST[change][1](deployed)
    observed = deployed.observe()
    assert (SPARK, "0.0.0.0/0", (80, 443)) in hosts(observed)
    assert any(SERVER in remark for remark in observed.remarks)
    assert any("internet" in flow.also_reaches for flow in observed.flows if (flow.source, flow.to) == (SPARK, SNDS))


def test_an_account_that_opens_a_store_opens_it_through_a_proxy_too(asking, deploy):
    """What a machine's own filter closes, its proxy may open."""
    deployed = deploy(asking())
    deployed.nodes.pop(f"{SPARK}/stores/tcp-443")
    assert not [flow for flow in deployed.observe().flows if (flow.source, flow.to) == (SPARK, SNDS)]
    LEAST["it is told the endpoint of stores"][1](deployed)
    (flow,) = [flow for flow in deployed.observe().flows if (flow.source, flow.to) == (SPARK, SNDS)]
    assert flow.also_reaches == (f"every bucket behind {ENDPOINT}",)


def test_a_proxy_is_no_machine_that_people_get_into(asking, small, deploy):
    """Beside a bastion: the entry reaches every machine of the network, and the proxy is none."""
    zones = small().model_dump(mode="json", by_alias=True, exclude_none=True)["zones"]
    zones["lake"]["entry"] = "bastion"
    observed = deploy(asking(zones=zones)).observe()
    assert observed.elements["zone/lake"]["entry"] == "machine"
    assert not [flow for flow in observed.flows if EXIT in {flow.source, flow.to}]
    assert hosts(observed) == {(SPARK, "pypi.org", (443,)), (SPARK, "*.debian.org", (80, 443))}
