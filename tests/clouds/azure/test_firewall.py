"""The way out by names: what leaves goes through the network's own firewall, and that alone decides which hosts are reached."""

import copy
import datetime
from dataclasses import replace

import pytest

from hdh_infra import contracts
from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.graph.observation import Natives
from hdh_infra.model.paths import network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.planning.lock import update_lock

TARGET = "azure:francecentral"
TODAY = datetime.date(2026, 11, 23)
PLACE = site(Target.parse(TARGET))
LAKE = "zone/lake"
SPARK, PLAIN = f"{LAKE}/machine/spark", f"{LAKE}/machine/plain"
ELSEWHERE = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/firewallPolicies/z"


@pytest.fixture(scope="module")
def named(described):
    found = copy.deepcopy(described)
    found["egress"] = [
        *found["egress"],
        {"from": SPARK, "to": "*.debian.org", "ports": [80, 443]},
        {"from": PLAIN, "to": "pypi.org", "ports": [443]},
        {"from": PLAIN, "to": "198.51.100.0/24", "ports": ["8000-8010"], "protocol": "udp"},
    ]
    return found


@pytest.fixture(scope="module")
def through(named, planned_module):
    return planned_module(named)


@pytest.fixture(scope="module")
def planned_module():
    return lambda one: make_plan(Platform.model_validate(one), TARGET, today=TODAY)


def seen(nodes):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), PLACE)


def with_node(nodes, path, **changes):
    return [replace(one, properties={**one.properties, **changes}) if one.path == path else one for one in nodes]


def rules(plan, change):
    """The plan's nodes with each rule of the lake's firewall changed."""
    collections = [
        {**one, "rules": [change(rule) for rule in one["rules"]]} if one["name"] != "nothing-else" else one
        for one in plan.node(f"{LAKE}/exit/rules").properties["ruleCollections"]
    ]
    return with_node(plan.nodes, f"{LAKE}/exit/rules", ruleCollections=collections)


def out(observed, *sources):
    return {
        (flow.source.rsplit("/", 1)[-1], flow.to, flow.protocol, flow.ports)
        for flow in observed.egress
        if flow.source in (sources or (SPARK, PLAIN))
    }


ASKED = {
    ("spark", "*.debian.org", "tcp", (80, 443)),
    ("plain", "pypi.org", "tcp", (443,)),
    ("plain", "198.51.100.0/24", "udp", ("8000-8010",)),
}


def test_exactly_the_hosts_and_ranges_that_were_asked_are_reached(named, through):
    observed = seen(through.nodes)
    assert out(observed) == ASKED
    assert observed.remarks == ()
    asked = {row.attribute: row.verdict for row in through.verdicts if row.requirement == "egress.host_names"}
    assert asked == {"to *.debian.org tcp": Verdict.met, "to pypi.org tcp": Verdict.met}
    assert {row.verdict for row in through.verdicts if row.requirement == "flow.exact"} == {Verdict.met}
    # Among networks nothing changes: neither who reaches whom, nor the ranges.
    assert (
        observed.flows
        == seen(make_plan(Platform.model_validate({**named, "egress": []}), TARGET, today=TODAY).nodes).flows
    )
    lock = update_lock(None, Platform.model_validate(named), [Target.parse(TARGET)])
    assert observed.elements[LAKE]["address_range"] == lock.addresses[LAKE]
    assert f"{LAKE}/exit" in lock.addresses


def test_all_that_leaves_goes_to_the_firewall_and_no_gateway_is_made_beside_it(through):
    assert through.node(f"{LAKE}/routes").properties["routes"] == [
        {
            "name": "firewall",
            "addressPrefix": "0.0.0.0/0",
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": {
                "$ref": f"{LAKE}/exit/firewall",
                "output": "ipConfigurations[0].privateIPAddress",
            },
        }
    ]
    gateways = [node.path for node in through.nodes if node.type == token("network:NatGateway")]
    assert gateways == ["zone/administration/outbound/gateway"]
    subnet = through.node(f"{LAKE}/subnet/exit").properties
    assert subnet["subnetName"] == "AzureFirewallSubnet"
    assert not {"networkSecurityGroup", "routeTable", "natGateway"} & set(subnet)
    made = [node for node in through.nodes if "/exit" in node.path]
    assert [node.path for node in made if contracts.check(node.type, node.properties)] == []


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        ({"targetFqdns": ["*"]}, ("plain", "*", "tcp", (443,))),
        ({"targetFqdns": ["pypi.org", "evil.example"]}, ("plain", "evil.example", "tcp", (443,))),
        ({"fqdnTags": ["AzureBackup"]}, ("plain", "fqdnTags AzureBackup", "tcp", (443,))),
        ({"webCategories": ["news"]}, ("plain", "webCategories news", "tcp", (443,))),
        ({"targetUrls": ["pypi.org/simple"]}, ("plain", "pypi.org/simple", "tcp", (443,))),
        ({"sourceAddresses": ["*"]}, ("spark", "pypi.org", "tcp", (443,))),
        ({"sourceAddresses": [], "sourceIpGroups": [ELSEWHERE]}, ("spark", "pypi.org", "tcp", (443,))),
        ({"destinationAddresses": ["*"]}, ("plain", "0.0.0.0/0", "udp", ("8000-8010",))),
        ({"destinationFqdns": ["ntp.example"]}, ("plain", "ntp.example", "udp", ("8000-8010",))),
    ],
)
def test_a_rule_that_is_wider_shows_what_it_opens(through, change, reached):
    """The filter lets TCP on the ports of hosts out to everywhere, so that the firewall's word alone is what is seen."""
    open_filter = {"protocol": "*", "destinationAddressPrefix": "Internet", "destinationPortRanges": ["1-65535"]}
    wide = rules(through, lambda rule: {**rule, **change})
    wide = [
        replace(one, properties={**one.properties, **open_filter}) if one.path == f"{LAKE}/exit/rule" else one
        for one in wide
    ]
    assert reached in out(seen(wide))


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"sourceAddresses": ["10.64.0.0/32"]}, ASKED),
        ({"targetFqdns": ["other.example"]}, {one for one in ASKED if one[2] == "tcp"}),
        ({"protocols": [{"protocolType": "Https", "port": 8443}]}, {one for one in ASKED if one[2] == "tcp"}),
        ({"ipProtocols": ["TCP"]}, {one for one in ASKED if one[2] == "udp"}),
        ({"destinationPorts": ["25"]}, {one for one in ASKED if one[2] == "udp"}),
        ({"destinationAddresses": ["192.0.2.0/24"]}, {one for one in ASKED if one[2] == "udp"}),
    ],
)
def test_a_rule_that_is_narrower_or_another_no_longer_answers_what_was_asked(through, change, lost):
    assert ASKED - out(seen(rules(through, lambda rule: {**rule, **change}))) == lost


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (f"{LAKE}/exit/firewall", {"firewallPolicy": {"id": ELSEWHERE}}),
        (f"{LAKE}/exit/rules", {"firewallPolicyName": "another"}),
        (f"{LAKE}/exit/rules", {"ruleCollections": []}),
        (f"{LAKE}/exit/rule", {"access": "Deny"}),
        (f"{LAKE}/exit/rule", {"destinationAddressPrefix": "VirtualNetwork"}),
    ],
)
def test_without_policy_rules_or_filter_no_host_is_reached(through, path, changes):
    assert not {one for one in out(seen(with_node(through.nodes, path, **changes))) if one[2] == "tcp"}


@pytest.mark.parametrize(
    "changes",
    [
        {
            "routes": [
                {
                    "name": "x",
                    "addressPrefix": "0.0.0.0/0",
                    "nextHopType": "VirtualAppliance",
                    "nextHopIpAddress": "10.9.9.9",
                }
            ]
        },
        {"routes": [{"name": "x", "addressPrefix": "198.51.100.0/24", "nextHopType": "VirtualNetworkGateway"}]},
    ],
)
def test_a_route_past_the_firewall_opens_what_the_filter_alone_lets_out(through, changes):
    observed = seen(with_node(through.nodes, f"{LAKE}/routes", **changes))
    assert ("plain", "0.0.0.0/0", "tcp", (80, 443)) in out(observed)
    assert any(remark.startswith(f"{LAKE}/subnet/machines: has a route to") for remark in observed.remarks)


def test_a_rule_that_leads_in_and_rules_of_the_firewalls_own_are_remarked_on(through):
    nat = {"ruleCollectionType": "FirewallPolicyNatRuleCollection", "action": {"type": "DNAT"}, "rules": []}
    observed = seen(with_node(through.nodes, f"{LAKE}/exit/rules", ruleCollections=[nat]))
    assert f"{LAKE}/exit/rules: leads from outside to machines" in observed.remarks
    observed = seen(with_node(through.nodes, f"{LAKE}/exit/firewall", networkRuleCollections=[{"name": "x"}]))
    assert any("networkRuleCollections of its own" in remark for remark in observed.remarks)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threatIntelMode", "Alert"),
        ("threatIntelWhitelist", {"fqdns": ["*.example"]}),
        ("basePolicy", {"id": ELSEWHERE}),
        ("sql", {"allowSqlRedirect": True}),
    ],
)
def test_a_policy_that_is_weakened_is_remarked_on(through, name, value):
    assert [
        one
        for one in seen(with_node(through.nodes, f"{LAKE}/exit/policy", **{name: value})).remarks
        if "exit/policy" in one
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {"from": PLAIN, "to": "ntp.example.org", "ports": [123], "protocol": "udp"},
        {"from": PLAIN, "to": "mirror.example.org", "ports": ["8000-8010"]},
        {"from": PLAIN, "to": "mirror.example.org", "ports": [65000]},
    ],
)
def test_what_an_application_rule_cannot_say_is_not_met_and_opens_nothing(described, planned_module, rule):
    one = copy.deepcopy(described)
    one["egress"] = [rule]
    plan = planned_module(one)
    assert [row.verdict for row in plan.verdicts if row.requirement == "egress.host_names"] == [Verdict.not_met]
    assert seen(plan.nodes).egress == ()
    assert not [node for node in plan.nodes if node.type == token("network:AzureFirewall")]


def test_a_space_that_comes_with_hosts_of_its_own_changes_its_own_nodes_only(named, planned_module):
    before = {node.path: node for node in planned_module(named).nodes}
    more = copy.deepcopy(named)
    more["spaces"]["projects"]["cohort-z"] = {"members": 1}
    more["egress"] = [*more["egress"], {"from": "space/cohort-z", "to": "pypi.org", "ports": [443]}]
    platform = Platform.model_validate(more)
    lock = update_lock(None, Platform.model_validate(named), [Target.parse(TARGET)])
    after = {node.path: node for node in make_plan(platform, TARGET, lock=lock, today=TODAY).nodes}
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {network_path(path) for path in changed} == {"space/cohort-z"}
    assert "space/cohort-z/exit/firewall" in changed


def test_a_state_reads_as_the_plan_by_the_address_that_azure_gave(through, named):
    """In a state a route has an address, and only the firewall's own answer says whose it is."""
    nodes = with_node(
        through.nodes,
        f"{LAKE}/routes",
        routes=[
            {
                "name": "firewall",
                "addressPrefix": "0.0.0.0/0",
                "nextHopType": "VirtualAppliance",
                "nextHopIpAddress": "10.64.9.4",
            }
        ],
    )
    given = through.node(f"{LAKE}/exit/firewall").properties["ipConfigurations"][0]
    nodes = with_node(nodes, f"{LAKE}/exit/firewall", ipConfigurations=[{**given, "privateIPAddress": "10.64.9.4"}])
    assert out(seen(nodes)) == ASKED
    assert observe_plan(through, Platform.model_validate(named)).egress == seen(nodes).egress


def collections(plan, **changes):
    """The plan's nodes with its last collection changed, which refuses every host that no rule names."""
    *before, last = plan.node(f"{LAKE}/exit/rules").properties["ruleCollections"]
    return with_node(plan.nodes, f"{LAKE}/exit/rules", ruleCollections=[*before, {**last, **changes}])


def test_the_last_word_comes_last_or_ends_what_is_behind_it(through):
    """A rule that refuses every host, put before those that let some through, leaves the ranges of network rules alone."""
    assert out(seen(collections(through, priority=100))) == {one for one in ASKED if one[2] == "udp"}


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"rules": []}, "exit/firewall: has no last word, and lets hosts of Azure's own pass"),
        ({"action": {"type": "Allow"}}, "exit/firewall: has no last word, and lets hosts of Azure's own pass"),
    ],
)
def test_without_a_last_word_azures_own_hosts_pass_and_it_is_said(through, changes, remark):
    assert f"{LAKE}/{remark}" in seen(collections(through, **changes)).remarks


def test_what_is_refused_in_part_is_not_taken_off_and_said(through):
    *before, last = through.node(f"{LAKE}/exit/rules").properties["ruleCollections"]
    partly = {**last, "name": "partly", "priority": 100, "rules": [{**last["rules"][0], "targetFqdns": ["pypi.org"]}]}
    observed = seen(with_node(through.nodes, f"{LAKE}/exit/rules", ruleCollections=[*before, last, partly]))
    assert out(observed) == ASKED
    assert any("refuses a part" in remark for remark in observed.remarks)
