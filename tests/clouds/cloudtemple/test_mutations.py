"""What is seen of Cloud Temple's resources: all that share a network reach each other, and a change that opens something shows."""

import pytest

SPARK, CONSOLE = "zone/lake/machine/spark", "zone/administration/machine/console"
DESKTOP_A, DESKTOP_B = "space/cohort-a/machine/desktop", "space/cohort-b/machine/desktop"
SNDS, WORK_B = "zone/lake/store/snds", "space/cohort-b/store/work"
VM = "cloudtemple:index/publicCloudVmInstance:PublicCloudVmInstance"
ALL = ("1-65535",)


def between(observed):
    return {(flow.source, flow.to) for flow in observed.flows if "/machine/" in flow.to}


@pytest.fixture
def hollow(small, deploy):
    """Machines without adapters in the VPC: each network by itself."""
    made = deploy(small())
    for path in [path for path in made.nodes if "/adapter/" in path]:
        del made.nodes[path]
    return made


def test_in_the_vpc_everything_reaches_everything_and_the_outside(small, deploy):
    observed = deploy(small()).observe()
    machines = {SPARK, CONSOLE, DESKTOP_A, DESKTOP_B}
    assert between(observed) == {(one, other) for one in machines for other in machines if one != other}
    assert {(flow.source, flow.to, flow.ports) for flow in observed.egress} == {
        (one, "0.0.0.0/0", ALL) for one in machines
    }


def test_networks_of_the_backbone_are_apart(hollow):
    observed = hollow.observe()
    assert between(observed) == set()
    assert observed.egress == ()


def test_two_machines_on_one_network_of_the_backbone_reach_each_other(hollow):
    hollow.nodes[f"{CONSOLE}/vm/0"]["osNetworkAdapters"] = hollow.nodes[f"{SPARK}/vm/0"]["osNetworkAdapters"]
    assert between(hollow.observe()) == {(SPARK, CONSOLE), (CONSOLE, SPARK)}


def test_a_machine_that_is_off_reaches_nothing_and_is_no_machine(small, deploy):
    made = deploy(small())
    made.nodes[f"{SPARK}/vm/0"]["powerState"] = "off"
    observed = made.observe()
    assert SPARK not in observed.elements
    assert not [pair for pair in between(observed) if SPARK in pair]


def test_a_further_adapter_joins_networks(hollow):
    hollow.add(
        "drift/adapter",
        "cloudtemple:index/publicCloudVmNetworkAdapter:PublicCloudVmNetworkAdapter",
        virtualMachineId={"$ref": f"{CONSOLE}/vm/0", "output": "id"},
        networkId=hollow.nodes[f"{SPARK}/vm/0"]["osNetworkAdapters"][0]["networkId"],
        type="private_backbone",
    )
    assert between(hollow.observe()) == {(SPARK, CONSOLE), (CONSOLE, SPARK)}


def test_a_floating_address_makes_a_machine_public(small, deploy):
    made = deploy(small())
    made.add(
        "drift/static",
        "cloudtemple:index/vpcStaticIp:VpcStaticIp",
        macAddress={"$ref": f"{SPARK}/adapter/0", "output": "macAddress"},
    )
    made.add(
        "drift/floating",
        "cloudtemple:index/vpcFloatingIpBinding:VpcFloatingIpBinding",
        floatingIpId="f",
        staticIpId={"$ref": "drift/static", "output": "id"},
    )
    observed = made.observe()
    assert observed.elements[SPARK]["public"] is True
    assert observed.elements[CONSOLE]["public"] is False
    assert {(flow.to, flow.ports) for flow in observed.entry if "/machine/" in flow.to} == {(SPARK, ALL)}


@pytest.mark.parametrize(
    ("change", "public"),
    [
        ({"accessType": "public"}, True),
        ({"accessType": "custom", "whitelists": ["203.0.113.0/24"]}, False),
        ({"accessType": "custom", "whitelists": ["0.0.0.0/0"]}, True),
    ],
)
def test_a_bucket_is_public_where_every_address_comes_to_it(small, deploy, change, public):
    made = deploy(small())
    made.nodes[f"{SNDS}/bucket"] |= change
    assert made.observe().elements[SNDS]["public"] is public


@pytest.mark.parametrize(
    ("role", "access"),
    [("read_only", "read"), ("write_only", "write"), ("read_write", "write"), ("maintainer", "write")],
)
def test_an_entry_of_a_list_is_a_right_and_no_role_appends_only(small, deploy, role, access):
    made = deploy(small())
    made.nodes[f"{WORK_B}/bucket"]["aclEntries"] = [
        {"storageAccount": {"$ref": f"{DESKTOP_A}/account", "output": "name"}, "role": role}
    ]
    observed = made.observe()
    assert f"{DESKTOP_A} {access}" in observed.elements[WORK_B]["grants"]
    assert (DESKTOP_A, WORK_B) in {(flow.source, flow.to) for flow in observed.flows}


def test_an_account_that_nobody_knows_is_told(small, deploy):
    made = deploy(small())
    made.nodes[f"{WORK_B}/bucket"]["aclEntries"] = [{"storageAccount": "somebody", "role": "read_write"}]
    assert [one for one in made.observe().remarks if "somebody" in one]


def test_a_protection_that_was_set_in_the_console_is_seen(small, deploy):
    made = deploy(small())
    made.nodes[f"{SNDS}/bucket"]["retentionPeriod"] = 30
    assert made.observe().elements[SNDS]["retention"] == {"days": 30, "mode": "governance"}


def test_what_an_engine_holds_is_read_like_the_plan(small, deploy, state):
    planned, deployed = deploy(small()).observe(), state(small())
    assert (deployed.flows, deployed.egress, deployed.entry) == (planned.flows, planned.egress, planned.entry)
    differing = {
        (path, name)
        for path, given in planned.elements.items()
        for name, value in given.items()
        if deployed.elements[path].get(name) != value
    }
    # A state without the provider's answers has no names of templates.
    assert {name for _, name in differing} <= {"image"}
