"""Names of machines: records in a Designate that the operator declares; and what a person does about logs of filters."""

import datetime

import pytest

from hdh_infra.clouds import cloud
from hdh_infra.graph.observation import Natives
from hdh_infra.planning import make_plan

TARGET = "openstack:RegionOne"
CONSOLE = "zone/administration/machine/console"
TODAY = datetime.date(2026, 11, 25)


def declared(small, value="designate", attribute="network.names", **more):
    facts = small().model_dump(mode="json")["facts"]
    said = {"source": "operator's handbook", "as_of": "2026-11-01", "by": "operator"}
    facts.append({"target": TARGET, "attribute": attribute, "value": value, **said})
    return small(facts=facts, network={"domain": "hdh.internal", **more})


def domains(deployed):
    return {path: one["domain"] for path, one in deployed.observe().elements.items() if one["kind"] == "network"}


def test_every_replica_has_a_record_of_its_own_address_in_the_platforms_zone(small, deploy):
    deployed = deploy(declared(small), TARGET)
    records = {path: one for path, one in deployed.nodes.items() if deployed.types[path].endswith(":RecordSet")}
    ports = {path: one for path, one in deployed.nodes.items() if deployed.types[path].endswith(":Port")}
    assert len(records) == len(ports)
    assert {one["records"][0] for one in records.values()} == {
        one["fixedIps"][0]["ipAddress"] for one in ports.values()
    }
    servers = {one["name"] for path, one in deployed.nodes.items() if deployed.types[path].endswith(":Instance")}
    assert {one["name"] for one in records.values()} == {f"{name}.hdh.internal." for name in servers}
    assert set(domains(deployed).values()) == {"hdh.internal"}


def test_a_state_says_the_same(small, deploy, state):
    platform = declared(small)
    deployed = deploy(platform, TARGET)
    lowering = cloud("openstack")
    held = lowering.observe(Natives(state(platform, TARGET), "state", lowering.identifiers), deployed.place)
    assert held.elements == deployed.observe().elements


def test_a_declared_name_service_is_met_and_another_word_is_not(small):
    def row(platform):
        rows = make_plan(platform, TARGET, today=TODAY).verdicts
        return {(one.verdict, one.confidence) for one in rows if one.requirement == "network.names"}

    assert row(declared(small)) == {("met", "declared")}
    ((verdict, _),) = row(declared(small, value=True))
    assert verdict == "not-met"
    assert not [
        node for node in make_plan(declared(small, value=True), TARGET, today=TODAY).nodes if ":dns/" in node.type
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda nodes: nodes.pop(f"{CONSOLE}/name/0"),
        lambda nodes: nodes[f"{CONSOLE}/name/0"].update(records=["192.0.2.1"]),
        lambda nodes: nodes[f"{CONSOLE}/name/0"].update(type="TXT"),
        lambda nodes: nodes[f"{CONSOLE}/name/0"].update(zoneId="elsewhere"),
        lambda nodes: nodes[f"{CONSOLE}/name/0"].update(name="console.example.org."),
    ],
)
def test_a_network_with_a_machine_that_has_no_record_has_no_domain(small, deploy, change):
    deployed = deploy(declared(small), TARGET)
    change(deployed.nodes)
    found = domains(deployed)
    assert found.pop("zone/administration") is None
    assert set(found.values()) == {"hdh.internal"}


def test_who_switches_logs_of_filters_on_is_told_where_they_are_asked_and_there(small):
    def steps(platform):
        return [one for one in make_plan(platform, TARGET, today=TODAY).manual if "logs" in one.what]

    (step,) = steps(declared(small, value=True, attribute="network.flow_logs", flow_logs=True))
    assert "openstack network log create" in step.command
    assert not steps(declared(small, value=True, attribute="network.flow_logs"))
    assert not steps(small(network={"flow_logs": True}))


@pytest.mark.parametrize(("target", "lets"), [(TARGET, "in what is in it"), ("ovhcloud:GRA", "everything in and out")])
def test_a_port_with_the_projects_default_group_is_remarked_on(small, deploy, target, lets):
    deployed = deploy(small(), target)
    del deployed.nodes[f"{CONSOLE}/port/0"]["securityGroupIds"]
    (remark,) = [one for one in deployed.observe().remarks if "default group" in one]
    assert remark.startswith(f"{CONSOLE}/port/0")
    assert remark.endswith(lets)
