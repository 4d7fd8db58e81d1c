"""What a platform becomes on Azure: valid, within the limits, local, and read back as it was asked."""

import copy
import datetime
import re

import pytest

from hdh_infra import contracts
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import shortened, token
from hdh_infra.clouds.azure.rules import LAST_PRIORITY, PLACES, Opening, fitted, joined
from hdh_infra.graph.values import refs
from hdh_infra.graph.verify import verify
from hdh_infra.model.attributes import ATTRIBUTES, answers, asked
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of, network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan

TODAY = datetime.date(2026, 11, 23)
LIMITS = {
    "resources:ResourceGroup": ("resourceGroupName", r"[-\w.()]{1,89}[-\w()]"),
    "network:VirtualNetwork": ("virtualNetworkName", r"\w[-\w.]{0,62}\w"),
    "network:NetworkSecurityGroup": ("networkSecurityGroupName", r"\w[-\w.]{0,78}\w"),
    "network:SecurityRule": ("securityRuleName", r"\w[-\w.]{0,78}\w"),
    "network:NetworkInterface": ("networkInterfaceName", r"\w[-\w.]{0,78}\w"),
    "network:PrivateEndpoint": ("privateEndpointName", r"\w[-\w.]{0,62}\w"),
    "network:NatGateway": ("natGatewayName", r"\w[-\w.]{0,78}\w"),
    "network:PublicIPAddress": ("publicIpAddressName", r"\w[-\w.]{0,78}\w"),
    "network:VirtualNetworkPeering": ("virtualNetworkPeeringName", r"\w[-\w.]{0,78}\w"),
    "privatedns:VirtualNetworkLink": ("virtualNetworkLinkName", r"\w[-\w]{0,78}\w"),
    "managedidentity:UserAssignedIdentity": ("resourceName", r"[a-zA-Z0-9][-\w]{2,127}"),
    "keyvault:Vault": ("vaultName", r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"),
    "keyvault:Key": ("keyName", r"[a-zA-Z0-9-]{1,127}"),
    "storage:StorageAccount": ("accountName", r"[a-z0-9]{3,24}"),
    "storage:BlobContainer": ("containerName", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "compute:VirtualMachine": ("vmName", r"[a-zA-Z0-9][-\w.]{0,62}\w"),
    "compute:Disk": ("diskName", r"\w[-\w.]{0,78}\w"),
    "compute:DiskEncryptionSet": ("diskEncryptionSetName", r"[-\w]{1,80}"),
    "authorization:RoleAssignment": ("roleAssignmentName", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


def long_names(described):
    long, described = "a" * 31, copy.deepcopy(described)
    described["name"] = long
    described["targets"] = {}
    described["spaces"]["projects"] = {long: {"machines": {long: {"vcpus": 2, "memory": "8GB"}}}, f"{long}b": {}}
    described["flows"] = [{"from": "space/*", "to": f"space/{long}/store/work", "ports": [443]}]
    described["keys"] |= {f"{long}k": {}}
    return described


def test_every_node_keeps_the_contract_of_the_sdk(plan):
    wrong = [
        f"{node.path}: {one}"
        for node in plan.nodes
        for one in contracts.check(node.type, node.properties)
        if one.kind != "open-enum"
    ]
    assert wrong == []


def test_every_output_that_others_read_is_one_that_the_sdk_names(plan):
    types = {node.path: node.type for node in plan.nodes}
    read = {(types[path], output.split(".")[0]) for node in plan.nodes for path, output in refs(dict(node.properties))}
    assert [(kind, name) for kind, name in sorted(read) if name != "id" and name not in contracts.outputs(kind)] == []


def test_the_plan_keeps_every_rule_of_a_plan(plan):
    assert verify(plan.nodes, plan.providers) == []


def test_what_is_read_back_answers_what_was_asked(platform, plan):
    seen = observe_plan(plan, platform)
    expanded, lock = expand(platform), update_lock(None, platform, [Target.parse(plan.target)])
    wrong = []
    for path in expanded.elements:
        wanted = asked(expanded, path, lock.addresses.get(path, ""))
        wrong.extend(
            (path, attribute, wanted[attribute], seen.elements[path].get(attribute))
            for attribute in ATTRIBUTES[kind_of(path)]
            if not answers(kind_of(path), attribute, wanted[attribute], seen.elements[path].get(attribute))
        )
    assert wrong == []
    assert seen.remarks == ()
    assert seen.entry == ()


def test_every_verdict_of_a_platform_without_compliance_retention_is_met(plan):
    assert [(row.element, row.attribute) for row in plan.verdicts if row.verdict is not Verdict.met] == []
    assert plan.deployable


def test_the_flows_read_back_are_the_flows_asked_and_no_other(platform, plan):
    wanted = {(link.source, link.to, link.protocol, link.ports) for link in expand(platform).links}
    assert {(flow.source, flow.to, flow.protocol, flow.ports) for flow in observe_plan(plan, platform).flows} == wanted


def test_the_way_out_is_where_it_was_asked_and_nowhere_else(platform, plan):
    assert [flow.to_json() for flow in observe_plan(plan, platform).egress] == [
        {
            "from": "zone/administration/machine/console",
            "to": "203.0.113.0/24",
            "protocol": "tcp",
            "ports": [443],
            "also_reaches": [],
        }
    ]
    exits = {
        node.path for node in plan.nodes if node.type in {token("network:NatGateway"), token("network:PublicIPAddress")}
    }
    place = "zone/administration"
    assert exits == {f"{place}/outbound/gateway", f"{place}/outbound/address", f"{place}/bastion/address"}


def test_adding_a_space_changes_only_the_nodes_of_that_space(described):
    before = copy.deepcopy(described)
    del before["spaces"]["projects"]["cohort-a"]
    before["flows"] = [flow for flow in before["flows"] if "cohort-a" not in f"{flow['from']} {flow['to']}"]
    platform, after = Platform.model_validate(before), Platform.model_validate(described)
    target = Target.parse("azure:francecentral")
    lock = update_lock(None, platform, [target])
    one = {node.path: node for node in make_plan(platform, target, lock=lock, today=TODAY).nodes}
    two = {
        node.path: node for node in make_plan(after, target, lock=update_lock(lock, after, [target]), today=TODAY).nodes
    }
    changed = {path for path in one.keys() | two.keys() if one.get(path) != two.get(path)}
    assert {network_path(path) for path in changed} == {"space/cohort-a"}


def test_no_two_rules_of_a_filter_and_direction_have_the_same_priority(plan):
    seen = set()
    for node in plan.nodes:
        if node.type == token("network:SecurityRule"):
            place = tuple(
                node.properties[name]
                for name in ("resourceGroupName", "networkSecurityGroupName", "direction", "priority")
            )
            assert place not in seen
            seen.add(place)
            assert 100 <= node.properties["priority"] <= LAST_PRIORITY


def test_a_space_of_a_chosen_range_far_away_gets_places_of_its_own(described, planned):
    described = copy.deepcopy(described)
    described["network"] = {"address_space": "10.64.0.0/12"}
    described["spaces"]["projects"] |= {
        "far": {"address_range": "10.79.200.0/24"},
        "near": {"address_range": "10.64.0.128/25"},
    }
    test_no_two_rules_of_a_filter_and_direction_have_the_same_priority(planned(described))


def test_more_openings_than_a_space_has_places_for_stay_exact(described):
    described = copy.deepcopy(described)
    described["zones"]["lake"]["machines"] |= {
        f"m{number}": {"vcpus": 2, "memory": "4GB"} for number in range(PLACES + 2)
    }
    described["flows"] += [
        {"from": "space/cohort-a", "to": f"zone/lake/machine/m{number}", "ports": [9000 + number]}
        for number in range(PLACES + 2)
    ]
    platform = Platform.model_validate(described)
    plan = make_plan(platform, "azure:francecentral", today=TODAY)
    wanted = {(link.source, link.to, link.protocol, link.ports) for link in expand(platform).links}
    assert {(flow.source, flow.to, flow.protocol, flow.ports) for flow in observe_plan(plan, platform).flows} == wanted


def test_joined_rules_say_the_same_as_the_links():
    openings = [Opening("tcp", ("443",), (source,), (to,)) for source in "abc" for to in "xy"] + [
        Opening("tcp", ("443",), ("a",), ("z",))
    ]
    rules = joined(openings)
    said = {(rule.protocol, rule.ports, source, to) for rule in rules for source in rule.sources for to in rule.to}
    assert said == {(one.protocol, one.ports, one.sources[0], one.to[0]) for one in openings}
    assert len(rules) == 2
    assert len(fitted(rules, 1)) == 1


@pytest.mark.parametrize("long", [False, True])
def test_names_are_within_the_limits_of_azure_and_tell_resources_apart(described, planned, long):
    plan = planned(long_names(described) if long else described)
    seen = set()
    for node in plan.nodes:
        kind = node.type.removeprefix("azure-native:")
        if kind in LIMITS:
            name, pattern = LIMITS[kind]
            assert re.fullmatch(pattern, node.properties[name]), f"{node.path}: {node.properties[name]}"
            inside = tuple(
                str(node.properties.get(part))
                for part in (
                    "resourceGroupName",
                    "virtualNetworkName",
                    "networkSecurityGroupName",
                    "accountName",
                    "vaultName",
                    "privateZoneName",
                )
            )
            assert (kind, inside, node.properties[name].lower()) not in seen, node.path
            seen.add((kind, inside, node.properties[name].lower()))
        if kind == "compute:VirtualMachine":
            assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", node.properties["osProfile"]["computerName"])


def test_names_of_the_world_differ_by_region_and_by_generation(described):
    platform = Platform.model_validate({**described, "targets": {}})
    here, there = (Target.parse(f"azure:{region}") for region in ("francecentral", "francesouth"))
    lock = update_lock(None, platform, [here, there])
    again = lock.model_copy(update={"generations": {str(here): {"zone/lake/store/snds": 1}}})
    names = {
        make_plan(platform, target, lock=kept, today=TODAY)
        .node("zone/lake/store/snds/account")
        .properties["accountName"]
        for target, kept in ((here, lock), (there, lock), (here, again))
    }
    assert len(names) == 3


def test_a_shortened_name_still_tells_two_long_ones_apart():
    assert shortened("a" * 70 + "1", 64) != shortened("a" * 70 + "2", 64)
    assert len(shortened("a" * 70, 64)) == 64
    assert shortened("short", 64) == "short"


def test_what_holds_data_is_protected_and_nothing_else(plan):
    holders = {"storage:StorageAccount", "storage:BlobContainer", "keyvault:Vault", "keyvault:Key", "compute:Disk"}
    assert {node.type.removeprefix("azure-native:") for node in plan.nodes if node.protect} == holders
    assert all(node.protect for node in plan.nodes if node.type.removeprefix("azure-native:") in holders)


def test_rights_come_before_what_needs_them_and_filters_before_subnets(plan):
    order = {node.path: place for place, node in enumerate(plan.nodes)}
    for path, place in order.items():
        if path.endswith("/key-use"):
            assert place < order[path.replace("/key-use", "/account")]
        if path.endswith("/disk-key-use"):
            assert place < order[path.replace("/disk-key-use", "/disk-encryption")]
        if "/subnet/" in path:
            assert max(order[path.replace("/subnet/", "/filter/") + end] for end in ("/deny-in", "/deny-out")) < place


def test_replicas_go_round_the_zones_with_their_disks(plan):
    zones = [plan.node(f"zone/lake/machine/spark/{number}/vm").properties["zones"] for number in range(2)]
    assert zones[0] != zones[1]
    assert [plan.node(f"zone/lake/machine/spark/{number}/data").properties["zones"] for number in range(2)] == zones


def test_a_region_without_zones_has_none_in_any_property(described):
    plan = make_plan(Platform.model_validate({**described, "targets": {}}), "azure:francesouth", today=TODAY)
    assert [node.path for node in plan.nodes if "zones" in node.properties] == []
    assert plan.node("zone/lake/store/snds/account").properties["sku"] == {"name": "Standard_LRS"}


def test_compliance_is_not_met_before_somebody_locks_it_and_the_step_is_named(described, planned):
    described = copy.deepcopy(described)
    described["zones"]["lake"]["stores"]["logs"]["retention"]["mode"] = "compliance"
    plan = planned(described)
    assert [(row.element, row.attribute, row.verdict) for row in plan.verdicts if row.verdict is not Verdict.met] == [
        ("zone/lake/store/logs", "retention", Verdict.not_met)
    ]
    assert [step.what for step in plan.manual if "zone/lake/store/logs" in step.what]


def test_without_ssh_keys_nobody_can_log_in_and_with_them_only_they_can(described, planned, plan):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzGXl6LJkT0p7bLxkHTf2Xy0OQ0eq3r7W9Yk0mD0QmF someone"
    with_key = planned({**described, "ssh_keys": [key]})
    path = "zone/administration/machine/console/0/vm"
    given = [
        one.node(path).properties["osProfile"]["linuxConfiguration"]["ssh"]["publicKeys"] for one in (plan, with_key)
    ]
    assert given[0][0]["keyData"].endswith(" nobody")
    assert [one["keyData"] for one in given[1]] == [key]


def test_the_same_description_gives_the_same_bytes(described, planned, plan):
    assert planned(described).dumps() == plan.dumps()


def test_service_flows_carry_their_sources():
    assert CLOUD.service_flows
    assert all(flow.source and flow.as_of for flow in CLOUD.service_flows)


def test_a_floor_of_a_tenants_key_is_reached_by_a_key_of_the_elements_own(described, planned):
    described = copy.deepcopy(described)
    described["zones"]["lake"]["stores"]["open"]["encryption"] = "tenant-key"
    described["zones"]["lake"]["machines"]["plain"]["disk"]["encryption"] = "tenant-key"
    plan = planned(described)
    assert plan.deployable
    seen = observe_plan(plan, Platform.model_validate(described)).elements
    for element in ("zone/lake/store/open", "zone/lake/machine/plain"):
        assert plan.node(f"{element}/vault").protect
        assert (seen[element]["encryption"], seen[element]["key"]) == ("customer-key", None)
    assert set(seen) == set(expand(Platform.model_validate(described)).elements)


def test_a_key_of_a_kind_that_azure_refuses_is_left_out_and_its_owner_told(described, planned):
    taken = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzGpV7Rk2mO0m3bWc2sHj7mCCyyfnwFzWyyzVwOO0pK alice"
    refused = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= bob"
    for keys, left in (([taken, refused], [taken]), ([refused], None), ([taken], [taken])):
        plan = planned({**described, "ssh_keys": keys})
        machine = plan.node("zone/administration/machine/console/0/vm").properties["osProfile"]["linuxConfiguration"]
        given = [one["keyData"] for one in machine["ssh"]["publicKeys"]]
        assert given == left if left else refused not in given and len(given) == 1
        told = [step.what for step in plan.manual if "ecdsa" in step.what]
        assert bool(told) is (refused in keys)
        assert all("bob" in what for what in told)
