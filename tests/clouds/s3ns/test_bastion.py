"""The entry for people: who gets in by a bastion is computed from its address, routes, rules and metadata, and from nothing else."""

import copy
import datetime

import pytest

from hdh_infra.clouds import of
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from tests.clouds.deployments import deployed
from tests.clouds.s3ns.conftest import CLINIC

TODAY = datetime.date(2026, 11, 26)
TARGET = Target.parse("s3ns:u-france-east1")
ZONE = "zone/lake"
BASTION = f"{ZONE}/bastion"
SERVER = f"{BASTION}/server"
WORKER, ADDER = f"{ZONE}/machine/worker", f"{ZONE}/machine/adder"


def entered(described, **more):
    zones = copy.deepcopy(CLINIC["zones"])
    zones["lake"]["entry"] = "bastion"
    return described(**{"zones": zones, **more})


@pytest.fixture(scope="module")
def nodes(described, planned):
    return planned(entered(described))


@pytest.fixture
def deployment(nodes, place):
    return deployed(nodes, place)


def entry(deployment, network=ZONE):
    return deployment.observe().elements[network]["entry"]


def test_the_bastion_leads_to_the_machines_of_its_network_and_opens_nothing_else(clinic, place, deployment):
    without, observed = deployed(clinic, place).observe(), deployment.observe()
    networks = {path: one["entry"] for path, one in observed.elements.items() if one["kind"] == "network"}
    assert {path: how for path, how in networks.items() if how} == {ZONE: "machine"}
    for part in ("flows", "egress", "entry", "remarks"):
        assert getattr(observed, part) == getattr(without, part), part
    besides = {"entry", "native"}
    alike = [
        {path: {name: one[name] for name in one.keys() - besides} for path, one in side.elements.items()}
        for side in (observed, without)
    ]
    assert alike[0] == alike[1]
    own = [flow for flow in observed.service_flows if flow not in without.service_flows]
    assert [(flow.source, flow.to, flow.ports) for flow in own] == [
        ("internet", f"{ZONE} (entry for people)", (22,)),
        (ZONE, "0.0.0.0/0 (updates of the bastion)", (80, 443)),
    ]


def test_a_state_says_the_same(nodes, place, deployment, simulated):
    natives = simulated(nodes)
    held = of(TARGET).observe(Natives(natives, "state", of(TARGET).identifiers), place)
    observed = deployment.observe()
    for part in ("flows", "egress", "entry", "service_flows", "remarks"):
        assert getattr(held, part) == getattr(observed, part), part
    assert held.elements[ZONE] == observed.elements[ZONE]


def test_only_the_bastion_has_a_public_address_and_no_machine_has_its_place(nodes):
    by_path = {node.path: node for node in nodes}
    servers = [node for node in nodes if node.type == "gcp:compute/instance:Instance"]
    interfaces = {node.path: node.properties["networkInterfaces"][0] for node in servers}
    assert [path for path, one in interfaces.items() if "accessConfigs" in one] == [SERVER]
    places = [one["networkIp"] for one in interfaces.values()]
    assert len(places) == len(set(places))
    assert by_path[SERVER].properties["serviceAccount"]["scopes"] == []
    assert by_path[f"{BASTION}/route"].properties["tags"] == by_path[SERVER].properties["tags"]


def test_another_key_makes_the_bastion_anew(nodes, described, planned):
    """Metadata change in place, and what is told at the first start is not read again."""
    others = planned(entered(described, ssh_keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2U= another"]))
    names = [{node.path: node.properties.get("name") for node in some}[SERVER] for some in (nodes, others)]
    assert names[0] != names[1]
    assert max(map(len, names)) <= 63


def test_people_come_from_the_ranges_that_the_target_names(described, planned, place):
    named = {str(TARGET): {**CLINIC["targets"][str(TARGET)], "entry_from": ["203.0.113.7/32", "198.51.100.0/24"]}}
    observed = deployed(planned(entered(described, targets=named)), place).observe()
    people = [flow.source for flow in observed.service_flows if "entry for people" in flow.to]
    assert people == ["198.51.100.0/24", "203.0.113.7/32"]
    assert observed.elements[ZONE]["entry"] == "machine"


def test_the_verdict_says_that_it_is_a_machine(described):
    (row,) = [
        row for row in make_plan(entered(described), TARGET, today=TODAY).verdicts
        if (row.element, row.attribute) == (ZONE, "entry")
    ]  # fmt: skip
    assert (row.asked, row.given, row.verdict) == ("bastion", "machine", "differs")
    assert row.means


def put(path, **properties):
    return lambda d: d.nodes[f"{BASTION}/{path}"].update(properties)


def drop(path):
    return lambda d: d.nodes.pop(f"{BASTION}/{path}")


def metadata(**more):
    return lambda d: d.nodes[SERVER]["metadata"].update({name.replace("_", "-"): value for name, value in more.items()})


def unaddressed(deployment):
    deployment.nodes[SERVER]["networkInterfaces"][0].pop("accessConfigs")


NOBODY = {
    "has no public address": unaddressed,
    "lets nobody in": drop("people"),
    "lets people in on another port": put("people", allows=[{"protocol": "tcp", "ports": ["80"]}]),
    "lets people in by another protocol": put("people", allows=[{"protocol": "udp", "ports": ["22"]}]),
    "lets people in after the last word": put("people", priority=65535),
    "refuses instead": lambda d: (
        d.nodes[f"{BASTION}/people"].pop("allows"),
        put("people", denies=[{"protocol": "all"}])(d),
    ),
    "lets in whoever is inside": lambda d: put("people", sourceRanges=[d.nodes[f"{ZONE}/subnet"]["ipCidrRange"]])(d),
}


@pytest.mark.parametrize("change", NOBODY)
def test_a_bastion_that_people_do_not_come_to_from_outside_is_no_entry(deployment, change):
    NOBODY[change](deployment)
    assert entry(deployment) is None


SOME = {
    "is not let out to the machine": drop("machine/adder/out"),
    "is not let in by the machine": drop("machine/adder/in"),
    "has another account": put("server", serviceAccount={"email": "other@project.iam.gserviceaccount.com"}),
}


@pytest.mark.parametrize("change", SOME)
def test_a_bastion_that_does_not_lead_to_all_machines_is_told(deployment, change):
    SOME[change](deployment)
    assert entry(deployment) != "machine"


MORE = {
    "another port is open to the world": ("entry", put("people", allows=[{"protocol": "tcp", "ports": ["22", "80"]}])),
    "every port is open to the world": ("entry", put("people", allows=[{"protocol": "all"}])),
    "it is let out on more ports": ("egress", put("updates", allows=[{"protocol": "tcp", "ports": ["1-443"]}])),
    "its updates come from one range": ("service_flows", put("updates", destinationRanges=["198.51.100.0/24"])),
    "it has no way out": ("service_flows", drop("route")),
    "its route is every machine's": ("elements", lambda d: (d.nodes[f"{BASTION}/route"].pop("tags"), unaddressed(d))),
    "it reaches a machine on more ports": (
        "flows",
        lambda d: [put(f"machine/adder/{end}", allows=[{"protocol": "tcp"}])(d) for end in ("in", "out")],
    ),
    "people come from one range only": ("service_flows", put("people", sourceRanges=["198.51.100.0/24"])),
    "it has a further tag": ("remarks", put("server", tags=["other"])),
    "its rules are not written down": ("elements", lambda d: d.nodes[f"{BASTION}/people"].pop("logConfig")),
    "it takes keys of the project": ("remarks", metadata(block_project_ssh_keys="FALSE")),
}


@pytest.mark.parametrize("change", MORE)
def test_what_a_bastion_opens_beyond_its_work_is_seen(nodes, place, change):
    part, mutate = MORE[change]
    before, after = deployed(nodes, place), deployed(nodes, place)
    mutate(after)
    assert before.observe().to_json()[part] != after.observe().to_json()[part]


@pytest.mark.parametrize(
    "change",
    [
        metadata(ssh_keys="entry:ssh-ed25519 AAAA somebody"),
        metadata(startup_script="#!/bin/sh\n"),
        metadata(user_data="#!/bin/sh\n"),
        lambda d: metadata(user_data=d.nodes[SERVER]["metadata"]["user-data"].replace("PermitTTY no", "PermitTTY yes"))(
            d
        ),
        lambda d: d.nodes[SERVER]["metadata"].pop("user-data"),
    ],
)
def test_a_bastion_that_is_told_otherwise_is_open_to_more(deployment, change):
    change(deployment)
    assert entry(deployment) == "machine, open to more than passing through"
    assert any(SERVER in remark for remark in deployment.observe().remarks)


def test_a_space_that_ended_has_no_entry(described):
    spaces = copy.deepcopy(CLINIC["spaces"])
    spaces["defaults"]["entry"] = "bastion"
    spaces["projects"]["cohort-a"]["ends"] = "2026-01-01"
    plan = make_plan(described(spaces=spaces), TARGET, today=TODAY)
    assert {node.element for node in plan.nodes if "/bastion/" in node.path} == {"space/cohort-b"}
