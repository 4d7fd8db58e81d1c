"""The entry for people on NumSpot: who gets in by a bastion is computed from its address, routes, filters and start-up data, and from nothing else."""

import datetime

import pytest

from hdh_infra.contracts.changing import CONTRACTS
from hdh_infra.graph.diff import Effect, diff_nodes
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from tests.clouds.deployments import ref

TODAY = datetime.date(2026, 11, 26)
TARGET = "numspot:eu-west-2"
ZONE = "zone/administration"
BASTION = f"{ZONE}/bastion"
CONSOLE = f"{ZONE}/machine/console"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2U= it's: a # key"


def with_entry(small, **more):
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    value["zones"]["administration"]["entry"] = "bastion"
    return small(**{"zones": value["zones"], "ssh_keys": [KEY], **more})


@pytest.fixture
def deployed(small, deploy):
    return deploy(with_entry(small))


def entry(deployed, network=ZONE):
    return deployed.observe().elements[network]["entry"]


def test_the_bastion_leads_to_the_machines_of_its_network_and_opens_nothing_else(small, deploy, deployed):
    without, observed = deploy(small(ssh_keys=[KEY])).observe(), deployed.observe()
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
    own = sorted((flow.source, flow.to) for flow in set(observed.service_flows) - set(without.service_flows))
    assert own == [
        ("internet", f"{ZONE} (entry for people)"),
        (ZONE, "0.0.0.0/0 (updates of the bastion)"),
        (ZONE, "169.254.169.254/32 (metadata)"),
        (ZONE, "the machine's own subnet (addresses by DHCP)"),
        (ZONE, "the machine's own subnet (name resolution)"),
        (ZONE, "the machine's own subnet (name resolution)"),
    ]


def test_a_state_says_the_same(small, deployed, state):
    planned, held = deployed.observe(), state(with_entry(small))
    for part in ("flows", "egress", "entry", "service_flows", "remarks", "elements"):
        assert getattr(held, part) == getattr(planned, part), part


def test_it_stands_in_the_locks_range_and_only_it_has_a_public_address(small, lower):
    platform = with_entry(small)
    lock = update_lock(None, platform, [Target.parse(TARGET)])
    nodes = {node.path: node for node in lower(platform, lock)}
    assert nodes[f"{BASTION}/subnet"].properties["ipRange"] == lock.addresses[f"{ZONE}/entry"]
    assert nodes[f"{BASTION}/server"].properties["type"] == lock.flavours[TARGET][f"{ZONE}/entry"]
    led = [path for path, node in nodes.items() if node.type.endswith(":PublicIp") and "vmId" in node.properties]
    assert led == [f"{BASTION}/address"]


def test_another_key_makes_the_bastion_anew(small, lower):
    """NumSpot would stop the VM and write it down, and cloud-init reads it at the first start only."""
    platform = with_entry(small)
    lock = update_lock(None, platform, [Target.parse(TARGET)])
    before, after = (
        {node.path: node for node in lower(one, lock)} for one in (platform, with_entry(small, ssh_keys=[f"{KEY}2"]))
    )
    assert before[f"{BASTION}/server"].replace_on_changes == ("userData",)
    changes = {one.path: one for one in diff_nodes(before.values(), list(after.values()), CONTRACTS)}
    assert changes[f"{BASTION}/server"].effect is Effect.replace
    assert changes[f"{BASTION}/server"].delete_first


def test_where_the_platforms_network_does_not_reach_there_is_no_bastion_and_it_is_told(small):
    zones = with_entry(small).model_dump(mode="json", by_alias=True, exclude_none=True)["zones"]
    zones["administration"]["address_range"] = "10.80.1.0/24"
    plan = make_plan(small(zones=zones, network={"address_space": "10.64.0.0/10"}), TARGET, today=TODAY)
    assert not [node.path for node in plan.nodes if "/bastion/" in node.path]
    (row,) = [row for row in plan.verdicts if (row.element, row.attribute) == (ZONE, "entry")]
    assert row.verdict == "not-met"


def test_people_come_from_the_ranges_that_the_target_names(small, deploy):
    named = {TARGET: {"entry_from": ["203.0.113.7/32", "198.51.100.0/24", "203.0.113.7/32"]}}
    observed = deploy(with_entry(small, targets=named)).observe()
    people = [flow.source for flow in observed.service_flows if "entry for people" in flow.to]
    assert people == ["198.51.100.0/24", "203.0.113.7/32"]
    assert observed.elements[ZONE]["entry"] == "machine"


def test_the_verdict_says_that_it_is_a_machine(small):
    (row,) = [
        row for row in make_plan(with_entry(small), TARGET, today=TODAY).verdicts
        if (row.element, row.attribute) == (ZONE, "entry")
    ]  # fmt: skip
    assert (row.asked, row.given, row.verdict) == ("bastion", "machine", "differs")


def put(path, **properties):
    return lambda d: d.nodes[f"{BASTION}/{path}"].update(properties)


def drop(path):
    return lambda d: d.nodes.pop(f"{BASTION}/{path}")


NOBODY = {
    "has no address": drop("address"),
    "has an address that leads elsewhere": put("address", vmId=ref(f"{CONSOLE}/vm/0")),
    "lets nobody in": drop("people/0.0.0.0-0"),
    "lets people in on another port": put("people/0.0.0.0-0", fromPortRange=80, toPortRange=80),
    "lets people in by another protocol": put("people/0.0.0.0-0", ipProtocol="udp"),
    "lets people out": put("people/0.0.0.0-0", flow="Outbound"),
    "is not let out to the machine": drop("machine/console/out/0"),
    "is not let in by the machine": drop("machine/console/in"),
    "comes to the machine from another address": put("machine/console/in", ipRange="10.64.0.77/32"),
    "stands in another VPC": put("subnet", vpcId="vpc-other"),
}


@pytest.mark.parametrize("change", NOBODY)
def test_a_bastion_that_does_not_lead_from_outside_to_the_machines_is_no_entry(deployed, change):
    NOBODY[change](deployed)
    assert entry(deployed) is None


MORE = {
    "another port is open to the world": ("entry", put("people/0.0.0.0-0", toPortRange=80)),
    "it is let out on more ports": ("egress", put("updates", fromPortRange=1)),
    "its updates come from one range": ("service_flows", put("updates", ipRange="198.51.100.0/24")),
    "it has no way out": ("service_flows", drop("routes")),
    "it reaches the machine on more ports": (
        "flows",
        lambda d: (
            put("machine/console/in", fromPortRange=1)(d),
            put("machine/console/out/0", fromPortRange=1)(d),
        ),
    ),
    "people come from one range only": ("service_flows", put("people/0.0.0.0-0", ipRange="198.51.100.0/24")),
    "it has a group that nobody knows": ("remarks", put("server", securityGroupIds=["sg-other"])),
}


@pytest.mark.parametrize("change", MORE)
def test_what_a_bastion_opens_beyond_its_work_is_seen(small, deploy, change):
    part, mutate = MORE[change]
    before, after = deploy(with_entry(small)), deploy(with_entry(small))
    mutate(after)
    assert getattr(before.observe(), part) != getattr(after.observe(), part)


@pytest.mark.parametrize("old", ["PasswordAuthentication no", "PermitTTY no", "disable_root: true"])
def test_a_bastion_that_is_told_less_is_open_to_more(deployed, old):
    server = deployed.nodes[f"{BASTION}/server"]
    text = server["userData"]["$base64"]
    assert old in text
    server["userData"] = {"$base64": text.replace(old, "")}
    assert entry(deployed) == "machine, open to more than passing through"
    assert any(f"{BASTION}/server" in remark for remark in deployed.observe().remarks)


def test_a_machine_that_does_not_let_the_bastion_in_is_told(small, deploy):
    zones = with_entry(small).model_dump(mode="json", by_alias=True, exclude_none=True)["zones"]
    zones["administration"]["machines"]["second"] = zones["administration"]["machines"]["console"]
    two = deploy(small(zones=zones, ssh_keys=[KEY]))
    assert entry(two) == "machine"
    two.nodes.pop(f"{BASTION}/machine/second/in")
    assert entry(two) == "machine, to 1 of 2 machines"


def test_a_space_that_ended_has_no_entry(small):
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    value["spaces"]["defaults"]["entry"] = "bastion"
    value["spaces"]["projects"]["cohort-a"]["ends"] = "2026-01-01"
    plan = make_plan(small(spaces=value["spaces"], flows=[]), TARGET, today=TODAY)
    assert {node.element for node in plan.nodes if "/bastion/" in node.path} == {"space/cohort-b"}
