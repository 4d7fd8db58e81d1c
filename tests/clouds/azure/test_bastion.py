"""The entry for people: who gets in by a bastion is computed from its filter and from the machines', and from nothing else."""

import copy
import datetime
from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.bastion import NEEDS
from hdh_infra.graph.observation import Natives
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import update_lock

TARGET = "azure:francecentral"
PLACE = site(Target.parse(TARGET))
ZONE = "zone/administration"
GONE = object()


def seen(nodes):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), PLACE)


def with_node(plan, path, **changes):
    node = plan.node(path)
    kept = {name: one for name, one in {**node.properties, **changes}.items() if one is not GONE}
    other = replace(node, properties=kept)
    return [other if one is node else one for one in plan.nodes]


def entry(nodes, network=ZONE):
    return seen(nodes).elements[network]["entry"]


def test_the_bastion_leads_to_the_machines_of_its_network_and_opens_nothing_else(plan, platform):
    observed = seen(plan.nodes)
    assert {path: one["entry"] for path, one in observed.elements.items() if one["kind"] == "network"} == {
        "space/cohort-a": None,
        "space/cohort-b": None,
        "zone/administration": "bastion",
        "zone/lake": None,
    }
    assert observed.entry == ()
    assert observed.remarks == ()
    # Its range is the network's as Azure sees it, and none that machines have addresses in.
    lock = update_lock(None, platform, [Target.parse(TARGET)])
    assert plan.node(f"{ZONE}/network").properties["addressSpace"] == {
        "addressPrefixes": [lock.addresses[ZONE], lock.addresses[f"{ZONE}/entry"]]
    }
    assert observed.elements[ZONE]["address_range"] == lock.addresses[ZONE]


def test_its_filter_has_the_documented_rules_and_no_other(plan):
    rules = [node for node in plan.nodes if node.path.startswith(f"{ZONE}/filter/entry/")]
    assert {node.properties["securityRuleName"] for node in rules} == {
        *(need.name for need in NEEDS),
        "deny-in",
        "deny-out",
    }
    subnet = plan.node(f"{ZONE}/subnet/entry")
    assert {node.path for node in rules} <= set(subnet.depends_on)
    assert not {"natGateway", "routeTable"} & set(subnet.properties)


@pytest.mark.parametrize("need", NEEDS, ids=[need.name for need in NEEDS])
def test_a_bastion_whose_filter_lacks_a_rule_lets_nobody_in_and_says_which(plan, need):
    path = f"{ZONE}/filter/entry/{need.name}"
    observed = seen([node for node in plan.nodes if node.path != path])
    assert observed.elements[ZONE]["entry"] is None
    assert f"{ZONE}/bastion: lets nobody in; its filter lacks {need.name}" in observed.remarks


@pytest.mark.parametrize(
    ("change", "entered"),
    [
        ({"destinationPortRanges": ["3389"]}, None),
        ({"sourceAddressPrefixes": ["10.64.0.0/32"]}, None),
        ({"access": "Deny"}, None),
        ({"protocol": "Udp"}, None),
        ({"destinationPortRanges": ["1-65535"]}, "bastion"),
        ({"protocol": "*"}, "bastion"),
        ({"sourceAddressPrefixes": ["10.64.0.0/16"]}, "bastion"),
    ],
)
def test_the_machines_filter_decides_who_comes_by_the_bastion(plan, change, entered):
    observed = seen(with_node(plan, f"{ZONE}/bastion/rule", **change))
    assert observed.elements[ZONE]["entry"] == entered
    if entered and change:
        assert f"{ZONE}/bastion/rule: opens more than the other end does" in observed.remarks


def test_a_machine_that_the_rule_leaves_out_is_told(plan, described, planned):
    machines = {"console": described["zones"]["administration"]["machines"]["console"]}
    more = copy.deepcopy(described)
    more["zones"]["administration"]["machines"]["second"] = machines["console"]
    two = planned(more)
    addresses = two.node(f"{ZONE}/bastion/rule").properties["destinationAddressPrefixes"]
    assert entry(with_node(two, f"{ZONE}/bastion/rule", destinationAddressPrefixes=addresses[:1])) == (
        "bastion, to 1 of 2 machines"
    )


def test_a_bastion_that_reaches_a_joined_network_is_that_networks_entry_too(plan):
    """The administration is joined to the lake: a rule there that lets the bastion's range in opens the lake to people."""
    rule = plan.node(f"{ZONE}/bastion/rule")
    spark = plan.node("zone/lake/machine/spark/0/interface").properties["ipConfigurations"][0]["privateIPAddress"]
    into_lake = replace(
        rule,
        path="zone/lake/rule/added",
        properties={
            **rule.properties,
            "networkSecurityGroupName": plan.node("zone/lake/filter/machines").properties["networkSecurityGroupName"],
            "destinationAddressPrefixes": [f"{spark}/32"],
        },
    )
    assert entry([*plan.nodes, into_lake], "zone/lake") == "bastion, to 1 of 3 machines"
    apart = [node for node in plan.nodes if "zone.administration-zone.lake" not in node.path]
    assert entry([*apart, into_lake], "zone/lake") is None


@pytest.mark.parametrize(
    "configuration",
    [
        {"publicIPAddress": GONE},
        {"subnet": {"id": {"$ref": f"{ZONE}/subnet/machines", "output": "id"}}},
        {"subnet": {"id": "/subscriptions/x/elsewhere"}},
    ],
)
def test_a_host_that_nobody_reaches_or_that_stands_elsewhere_is_no_entry(plan, configuration):
    given = plan.node(f"{ZONE}/bastion").properties["ipConfigurations"][0]
    other = {name: one for name, one in {**given, **configuration}.items() if one is not GONE}
    observed = seen(with_node(plan, f"{ZONE}/bastion", ipConfigurations=[other]))
    assert observed.elements[ZONE]["entry"] is None
    assert any(remark.startswith(f"{ZONE}/bastion: ") for remark in observed.remarks)


def test_more_than_the_documented_rules_is_remarked_on(plan):
    need = plan.node(f"{ZONE}/filter/entry/AllowHttpsInbound")
    more = replace(
        need,
        path=f"{ZONE}/filter/entry/ssh",
        properties={**need.properties, "priority": 200, "destinationPortRanges": ["22"]},
    )
    assert f"{ZONE}/filter/entry/ssh: opens more than a bastion needs" in seen([*plan.nodes, more]).remarks


def test_an_ended_space_has_no_entry_and_keeps_its_range(described):
    described = copy.deepcopy(described)
    described["spaces"]["defaults"]["entry"] = "bastion"
    described["spaces"]["projects"]["cohort-b"]["ends"] = "2026-01-31"
    described["flows"] = [flow for flow in described["flows"] if "cohort-b" not in flow["from"] + flow["to"]]
    platform = Platform.model_validate(described)
    lock = update_lock(None, platform, [Target.parse(TARGET)])
    assert {"space/cohort-a/entry", "space/cohort-b/entry"} <= set(lock.addresses)
    plan = make_plan(platform, TARGET, today=datetime.date(2026, 11, 23))
    elements = seen(plan.nodes).elements
    assert elements["space/cohort-a"]["entry"] == "bastion"
    assert elements["space/cohort-b"]["entry"] is None
    closed = [row for row in plan.verdicts if row.requirement == "space.closed"]
    assert [row.verdict for row in closed] == [Verdict.met]


def test_a_network_that_was_there_before_gets_none_and_the_verdict_does_not_guess(described, planned):
    described = copy.deepcopy(described)
    vnet = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/virtualNetworks/z"
    described["targets"][TARGET]["existing"] = {ZONE: vnet}
    plan = planned(described)
    assert not [node for node in plan.nodes if node.path.startswith(f"{ZONE}/bastion")]
    verdict = next(row for row in plan.verdicts if (row.element, row.attribute) == (ZONE, "entry"))
    assert verdict.verdict is Verdict.unknown
