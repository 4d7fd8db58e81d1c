"""One native change on NumSpot, and what is seen of it: nothing that opens something goes unseen."""

import json

import pytest

SPARK, CONSOLE = "zone/lake/machine/spark", "zone/administration/machine/console"
DESKTOP_A, DESKTOP_B = "space/cohort-a/machine/desktop", "space/cohort-b/machine/desktop"
SNDS = "zone/lake/store/snds"
WEB = {"vcpus": 2, "memory": "4GB", "identity": False}


def between(observed):
    return {(flow.source, flow.to, flow.protocol, flow.ports) for flow in observed.flows if "/machine/" in flow.to}


def entries(observed):
    return {(flow.to, flow.protocol, flow.ports) for flow in observed.entry if "/machine/" in flow.to}


@pytest.fixture
def neighbours(small):
    """Two machines in one zone, between which nothing is to pass."""
    zones = small().model_dump(mode="json", by_alias=True)["zones"]
    zones["lake"]["machines"]["web"] = WEB
    return small(zones=zones)


def test_what_is_planned_opens_what_was_asked_between_machines_and_no_more(small, deploy):
    observed = deploy(small()).observe()
    assert between(observed) == {(CONSOLE, to, "tcp", (22,)) for to in (SPARK, DESKTOP_A, DESKTOP_B)}
    assert entries(observed) == set()
    assert observed.remarks == ()


def test_machines_of_one_subnet_are_kept_apart(neighbours, deploy):
    assert {(source, to) for source, to, *_ in between(deploy(neighbours).observe())} >= {(CONSOLE, SPARK)}
    assert (SPARK, "zone/lake/machine/web") not in {one[:2] for one in between(deploy(neighbours).observe())}


def test_without_its_tag_a_network_lets_everything_pass_within_a_subnet(neighbours, deploy):
    made = deploy(neighbours)
    tags = made.nodes["platform/vpc"]["tags"]
    made.nodes["platform/vpc"]["tags"] = [one for one in tags if "lan_security_groups" not in one["key"]]
    seen = between(made.observe())
    web = "zone/lake/machine/web"
    assert {(SPARK, web, "tcp", ("1-65535",)), (web, SPARK, "udp", ("1-65535",))} <= seen
    assert (SPARK, CONSOLE) not in {one[:2] for one in seen}


def rule(made, group, **changes):
    made.add(
        "drift/rule",
        "numspot:index/securityGroupRule:SecurityGroupRule",
        **{"securityGroupId": {"$ref": f"{group}/filter", "output": "id"}, "flow": "Inbound", "ipProtocol": "tcp",
           "fromPortRange": 5432, "toPortRange": 5432, "ipRange": "10.64.0.0/16", **changes},
    )  # fmt: skip


def test_a_rule_into_a_machine_alone_opens_nothing_and_with_one_out_of_another_it_does(small, deploy):
    made = deploy(small())
    rule(made, SPARK)
    assert SPARK not in {to for _, to, _, ports in between(made.observe()) if ports == (5432,)}
    made.nodes[f"{DESKTOP_A}/outside/tcp-443-0.0.0.0-0"] |= {"fromPortRange": 1, "toPortRange": 65535}
    assert (DESKTOP_A, SPARK, "tcp", (5432,)) in between(made.observe())


@pytest.mark.parametrize("protocol", ["-1", "any"])
def test_a_rule_of_every_protocol_is_read_as_such(small, deploy, protocol):
    made = deploy(small())
    rule(made, SPARK, flow="Outbound", ipProtocol=protocol, fromPortRange=-1, toPortRange=-1, ipRange="0.0.0.0/0")
    seen = {(flow.source, flow.to, flow.protocol, flow.ports) for flow in made.observe().egress}
    assert (SPARK, "0.0.0.0/0", "udp", ("1-65535",)) in seen


def test_rules_that_stand_in_a_group_itself_count(small, deploy):
    made = deploy(small())
    made.nodes[f"{SPARK}/filter"]["outboundRules"] = [
        {"ipProtocol": "udp", "fromPortRange": 53, "toPortRange": 53, "ipRanges": ["0.0.0.0/0"]}
    ]
    seen = {(flow.source, flow.to, flow.protocol, flow.ports) for flow in made.observe().egress}
    assert (SPARK, "0.0.0.0/0", "udp", (53,)) in seen


def test_machines_without_groups_share_the_one_of_their_network(small, deploy):
    made = deploy(small())
    for machine in (SPARK, DESKTOP_A):
        del made.nodes[f"{machine}/vm/0"]["securityGroupIds"]
    seen = between(made.observe())
    assert {(DESKTOP_A, SPARK, "tcp", ("1-65535",)), (SPARK, DESKTOP_A, "udp", ("1-65535",))} <= seen
    assert (DESKTOP_B, SPARK) not in {one[:2] for one in seen}


def test_a_public_address_shows_and_lets_in_what_the_group_lets_in(small, deploy):
    made = deploy(small())
    made.add("drift/address", "numspot:index/publicIp:PublicIp", vmId={"$ref": f"{SPARK}/vm/0", "output": "id"})
    made.add(
        "drift/routes",
        "numspot:index/routeTable:RouteTable",
        vpcId={"$ref": "platform/vpc", "output": "id"},
        subnetId={"$ref": "zone/lake/subnet", "output": "id"},
        routes=[{"destinationIpRange": "0.0.0.0/0", "gatewayId": {"$ref": "platform/gateway", "output": "id"}}],
    )
    rule(made, SPARK, ipRange="0.0.0.0/0")
    observed = made.observe()
    assert observed.elements[SPARK]["public"] is True
    assert (SPARK, "tcp", (5432,)) in entries(observed)


def test_a_subnet_that_gives_public_addresses_makes_its_machines_public(small, deploy):
    made = deploy(small())
    made.nodes["zone/lake/subnet"]["mapPublicIpOnLaunch"] = True
    elements = made.observe().elements
    assert elements[SPARK]["public"] is True
    assert elements[CONSOLE]["public"] is False


def test_without_its_route_a_network_has_no_way_out(small, deploy):
    made = deploy(small())
    del made.nodes["zone/lake/routes"], made.types["zone/lake/routes"]
    observed = made.observe()
    assert SPARK not in {flow.source for flow in observed.egress}
    assert SPARK not in {flow.source for flow in observed.flows}


ANYONE = {
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}]
}


@pytest.mark.parametrize("change", [{"acl": [{"grantee": "*", "permission": "READ"}]}, {"policy": json.dumps(ANYONE)}])
def test_a_bucket_that_anyone_reads_is_public(small, deploy, change):
    made = deploy(small())
    made.nodes[f"{SNDS}/bucket"] |= change
    assert made.observe().elements[SNDS]["public"] is True


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (f"{SNDS}/bucket", {"forceDestroy": True}),
        (f"{SNDS}/bucket", {"policy": "no document"}),
        (f"{SPARK}/data-disk/0", {"replaceVolumeOnDownsize": True}),
    ],
)
def test_what_loses_data_or_cannot_be_read_is_remarked(small, deploy, path, change):
    made = deploy(small())
    before = made.observe().remarks
    made.nodes[path] |= change
    assert [one for one in made.observe().remarks if one not in before and one.startswith(path)]


def test_a_policy_that_cannot_be_read_is_taken_to_let_everybody_in(small, deploy):
    made = deploy(small())
    made.nodes[f"{SNDS}/bucket"]["policy"] = {"$ref": "zone/lake/network", "output": "id"}
    assert made.observe().elements[SNDS]["public"] is True


@pytest.mark.parametrize("lock", [{"mode": "compliance"}, {"days": 30}])
def test_a_lock_of_which_half_cannot_be_seen_keeps_nothing(small, deploy, lock):
    made = deploy(small())
    made.nodes[f"{SNDS}/bucket"]["objectLock"] = lock
    assert made.observe().elements[SNDS]["retention"] is None


def test_a_group_by_its_name_is_one_that_nobody_knows_and_lets_everything_through(small, deploy):
    made = deploy(small())
    made.nodes[f"{SPARK}/vm/0"]["securityGroups"] = ["somebody's"]
    observed = made.observe()
    assert any("security group that is not among the resources" in one for one in observed.remarks)
    assert ("1-65535",) in {flow.ports for flow in observed.egress if flow.source == SPARK}


def test_a_bucket_without_versions_keeps_none(small, deploy):
    made = deploy(small())
    made.nodes[f"{SNDS}/bucket"]["versioning"] = False
    assert made.observe().elements[SNDS]["versioning"] is False


def test_what_an_engine_holds_is_read_like_the_plan(small, deploy, state):
    planned, deployed = deploy(small()).observe(), state(small())
    assert (deployed.flows, deployed.egress, deployed.entry) == (planned.flows, planned.egress, planned.entry)
    assert deployed.elements == planned.elements
