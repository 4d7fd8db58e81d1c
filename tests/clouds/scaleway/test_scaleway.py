"""What Scaleway has of its own: one list between networks, applications of stores, keys by conditions; and that what is changed shows."""

import datetime

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds import cloud, of
from hdh_infra.clouds.reach import EVERYTHING
from hdh_infra.clouds.scaleway.naming import (
    ACL,
    API_KEY,
    APPLICATION,
    CONNECTOR,
    GATEWAY,
    GATEWAY_NETWORK,
    PAT_RULE,
    POLICY,
    PRIVATE_NETWORK,
    SERVER,
)
from hdh_infra.graph.observation import Natives
from hdh_infra.graph.values import json_text, ref
from hdh_infra.model.platform import Platform
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.testing.changing import with_space

TARGET = "scaleway:fr-par"
TODAY = datetime.date(2026, 11, 25)
SPARK, DESKTOP, CONSOLE = (
    "zone/lake/machine/spark",
    "space/cohort-a/machine/desktop",
    "zone/administration/machine/console",
)
SNDS = "zone/lake/store/snds"
LIST, LIST_V6 = "platform/filter", "platform/filter-v6"


def rich(small):
    """The small platform with grants, people, keys with groups, replicas, rotation, locks and a way outside."""
    value = small().model_dump(mode="json", exclude_none=True)
    zones, spaces = value["zones"], value["spaces"]
    zones["lake"]["stores"]["snds"] |= {
        "grants": [
            {"to": "zone/lake", "access": "write"},
            {"to": "space/*", "access": "read"},
            {"to": "space/cohort-a", "access": "append"},
        ],
        "retention": {"days": 30, "mode": "compliance"},
    }
    zones["lake"]["stores"]["own"] = {"size": "1GB", "encryption": "tenant-key"}
    zones["lake"]["machines"]["spark"] |= {"count": 3, "spread": "zones"}
    zones["administration"] |= {"entry": "bastion"}
    zones["administration"]["machines"]["console"] |= {"count": 2, "spread": "hosts"}
    spaces["projects"]["cohort-b"]["machines"] = {"desktop": {"vcpus": 2, "memory": "8GB", "gpu": {"count": 1}}}
    return small(
        zones=zones,
        spaces=spaces,
        groups={"keepers": {"description": "keep keys"}, "readers": {"description": "read"}},
        ssh_keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q a person"],
        keys={
            "lake": {
                "protection": "hsm",
                "rotation_days": 90,
                "users": ["group/readers", "zone/lake/machine/spark", "space/cohort-a/machine/desktop"],
                "administrators": ["keepers"],
            },
            "projects": {"algorithm": "rsa-3072", "origin": "imported"},
        },
        egress=[{"from": "zone/lake/machine/spark", "to": "198.51.100.0/24", "ports": [443]}],
        targets={TARGET: {"groups": {"keepers": "group-1", "readers": "group-2"}, "entry_from": ["203.0.113.0/24"]}},
    )  # fmt: skip


def nodes_of(platform, lower):
    return {node.path: node for node in lower(platform, TARGET)}


def flows(observed):
    return {(flow.source, flow.to, flow.protocol, flow.ports) for flow in observed.flows}


@pytest.mark.parametrize("which", ["small", "rich"])
def test_a_state_is_read_as_the_plan_that_made_it(small, deploy, state, which):
    platform = small() if which == "small" else rich(small)
    planned = deploy(platform, TARGET).observe()
    held = of(Target.parse(TARGET)).observe(Natives(state(platform), "state"), site(Target.parse(TARGET), platform))
    assert held.elements == planned.elements
    for part in ("flows", "service_flows", "egress", "entry", "remarks"):
        assert getattr(held, part) == getattr(planned, part), part


def test_what_is_asked_is_seen_of_everything_that_the_cloud_has(small, deploy):
    found = deploy(rich(small), TARGET).observe().elements
    assert found[SPARK] | {"count": 3, "spread": "zones", "public": False, "identity": "access-key"} == found[SPARK]
    assert found[CONSOLE] | {"count": 2, "spread": "hosts"} == found[CONSOLE]
    assert found["space/cohort-b/machine/desktop"]["gpu"]["count"] == 1
    assert found["zone/administration"]["entry"] == "bastion"
    assert found["key/lake"] | {"protection": "hsm", "rotation_days": 90, "origin": "generated"} == found["key/lake"]
    assert found["key/lake"]["administrators"] == ["group/keepers"]
    assert {"group/readers", SPARK, DESKTOP, SNDS} <= set(found["key/lake"]["users"])
    assert found["key/projects"] | {"origin": "imported", "algorithm": "rsa-3072"} == found["key/projects"]
    assert found[SNDS]["retention"] == {"days": 30, "mode": "compliance"}
    assert f"{SPARK} write" in found[SNDS]["grants"]
    assert {f"{DESKTOP} append", f"{DESKTOP} read"} <= set(found[SNDS]["grants"])
    assert found["zone/lake/store/own"]["encryption"] == "customer-key"


def test_other_regions_are_no_targets_so_that_health_data_stay_in_paris():
    for region in ("nl-ams", "pl-waw", "it-mil"):
        with pytest.raises(ValueError, match="did you mean scaleway:fr-par"):
            site(Target.parse(f"scaleway:{region}"))


def test_a_platform_that_may_not_be_in_france_is_not_deployable(small):
    plan = make_plan(small(residency={"countries": ["DE"]}), TARGET, today=TODAY)
    wrong = [row for row in plan.verdicts if row.requirement == "region.country"]
    assert wrong
    assert all(row.verdict == "not-met" for row in wrong)


def test_one_more_space_changes_the_list_alone_and_only_adds_to_it(small, lower, lock_of):
    """Law 4: the VPC's list is one document for all spaces."""
    platform = rich(small)
    lock = lock_of(platform, TARGET)
    before = {node.path: node.to_json() for node in lower(platform, TARGET, lock)}
    after = {node.path: node.to_json() for node in lower(with_space(platform, "cohort-z"), TARGET, lock)}
    changed = {path for path in before if before[path] != after.get(path)}
    assert changed <= {LIST}
    assert cloud("scaleway").shared_documents == {ACL}
    held, holds = (one[LIST]["properties"]["rules"] for one in (before, after))
    assert all(rule in holds for rule in held)
    assert all(path.startswith("space/cohort-z") for path in after.keys() - before.keys())


def test_networks_come_after_their_lists_so_that_none_is_ever_open(small, lower):
    networks = [node for node in lower(rich(small), TARGET) if node.type == PRIVATE_NETWORK]
    assert networks
    assert all({LIST, LIST_V6} <= set(node.depends_on) for node in networks)


def test_every_line_says_its_source_ports_since_the_provider_sends_none_as_zero(small, lower):
    for path in (LIST, LIST_V6):
        rules = nodes_of(rich(small), lower)[path].properties["rules"]
        assert rules
        assert all(rule["srcPortHigh"] > 0 for rule in rules)


def test_answers_are_told_with_the_flow_that_they_answer(small, deploy):
    (flow,) = [one for one in deploy(small(), TARGET).observe().flows if (one.source, one.to) == (CONSOLE, SPARK)]
    assert (flow.protocol, flow.ports) == ("tcp", (22,))
    assert flow.also_reaches == (f"{CONSOLE} from there, on tcp 32768-65535 (answers)",)


def test_machines_of_one_network_reach_each_other_whatever_the_list_says(small, deploy):
    value = small().model_dump(mode="json", exclude_none=True)
    value["zones"]["lake"]["machines"]["other"] = {"vcpus": 1, "memory": "1GB"}
    platform = small(zones=value["zones"])
    found = flows(deploy(platform, TARGET).observe())
    assert ("zone/lake/machine/other", SPARK, "tcp", ("1-65535",)) in found
    rows = {
        row.element: row.verdict
        for row in make_plan(platform, TARGET, today=TODAY).verdicts
        if row.attribute == "flows"
    }
    assert rows[SPARK] == "not-met"


def test_who_has_a_way_outside_reaches_everything_and_that_is_not_met(small, deploy):
    observed = deploy(rich(small), TARGET).observe()
    assert {flow.protocol for flow in observed.egress if flow.source == SPARK} == {"tcp", "udp"}
    assert all(flow.to == "0.0.0.0/0" for flow in observed.egress)
    assert not [flow for flow in observed.egress if flow.source == CONSOLE]
    rows = [
        row
        for row in make_plan(rich(small), TARGET, today=TODAY).verdicts
        if row.attribute.startswith("egress to 198.51.100.0/24")
    ]
    assert [row.verdict for row in rows] == ["not-met"]
    assert "reaches 0.0.0.0/0" in rows[0].reason
    assert any(EVERYTHING in flow.also_reaches for flow in observed.flows if flow.to == SNDS)


def test_an_expiry_is_never_planned_for_the_contract_forbids_it(small, lower):
    value = small().model_dump(mode="json", exclude_none=True)
    value["zones"]["lake"]["stores"]["snds"]["expiry"] = [{"days": 10}]
    bucket = nodes_of(small(zones=value["zones"]), lower)[f"{SNDS}/bucket"]
    assert not {"lifecycle", "abortUploadsDays"} & bucket.properties.keys()


def test_buckets_name_applications_of_their_own_and_administrators_where_the_settings_do(small, lower):
    nodes = nodes_of(small(targets={TARGET: {"administrators": ["application_id:deployer"]}}), lower)
    statements = nodes[f"{SNDS}/bucket"].properties["policy"]["$json"]["Statement"]
    assert statements[-1]["Principal"] == {"SCW": ["application_id:deployer"]}
    assert [one["Principal"]["SCW"]["args"][0]["$ref"] for one in statements[:-1]] == [f"{SNDS}/application/write"] * 2
    assert all("Deny" not in one["Effect"] for one in statements)


def test_no_plan_answers_only_what_the_offer_lacks():
    for requirement, reason in cloud("scaleway").unlowered.items():
        assert requirement in REQUIREMENTS
        assert reason.startswith("no plan of ")


# --- what somebody changes shows


def test_a_list_that_accepts_by_default_opens_every_network(small, deploy):
    changed = deploy(small(), TARGET)
    changed.nodes[LIST]["defaultPolicy"] = "accept"
    # The platform's own addresses have a line that drops, before the ways outside.
    assert (SPARK, CONSOLE, "tcp", ("1-65535",)) not in flows(changed.observe())
    changed.nodes[LIST]["rules"] = []
    assert (SPARK, CONSOLE, "tcp", ("1-65535",)) in flows(changed.observe())


@pytest.mark.parametrize("change", [lambda it: it.nodes.pop(LIST_V6), lambda it: it.nodes[LIST_V6].update(defaultPolicy="accept"), lambda it: it.nodes.pop(LIST)])  # fmt: skip
def test_without_one_of_the_lists_every_network_reaches_every_other(small, deploy, change):
    changed = deploy(small(), TARGET)
    change(changed)
    observed = changed.observe()
    assert ("space/cohort-a/machine/desktop", "space/cohort-b/machine/desktop", "udp", ("1-65535",)) in flows(observed)


def test_a_line_that_is_taken_out_closes_its_flow_and_a_wider_one_before_it_opens_more(small, deploy):
    changed = deploy(small(), TARGET)
    rules = changed.nodes[LIST]["rules"]
    assert (CONSOLE, SPARK, "tcp", (22,)) in flows(changed.observe())
    kept = [rule for rule in rules if rule["dstPortHigh"] != 22]
    changed.nodes[LIST]["rules"] = kept
    assert not [flow for flow in changed.observe().flows if flow.to == SPARK]
    changed.nodes[LIST]["rules"] = [{**rules[0], "source": "10.0.0.0/8", "destination": "10.0.0.0/8", "protocol": "ANY", "dstPortLow": 0, "dstPortHigh": 65535}, *rules]  # fmt: skip
    assert (CONSOLE, SPARK, "udp", ("1-65535",)) in flows(changed.observe())


def test_a_drop_before_a_line_closes_it_unless_it_is_for_some_source_ports_only(small, deploy):
    changed = deploy(small(), TARGET)
    drop = {"protocol": "ANY", "source": "0.0.0.0/0", "destination": "0.0.0.0/0", "action": "drop", "srcPortLow": 0, "srcPortHigh": 65535, "dstPortLow": 0, "dstPortHigh": 65535}  # fmt: skip
    rules = changed.nodes[LIST]["rules"]
    changed.nodes[LIST]["rules"] = [drop, *rules]
    assert not [flow for flow in changed.observe().flows if flow.to == SPARK]
    changed.nodes[LIST]["rules"] = [{**drop, "srcPortHigh": 0}, *rules]
    assert (CONSOLE, SPARK, "tcp", (22,)) in flows(changed.observe())


@pytest.mark.parametrize("change", [{"enableDynamicIp": True}, {"ipId": "fr-par-1/a"}, {"publicIps": [{"id": "a", "address": "51.15.0.1"}]}])  # fmt: skip
def test_a_public_address_shows_and_the_closed_group_still_closes_it(small, deploy, change):
    changed = deploy(small(), TARGET)
    changed.nodes[f"{CONSOLE}/server/0"] |= change
    observed = changed.observe()
    assert observed.elements[CONSOLE]["public"] is True
    assert not [flow for flow in observed.entry if flow.to == CONSOLE]
    changed.nodes["platform/closed/fr-par-1"]["inboundRules"] = [{"action": "accept", "protocol": "TCP", "port": 22, "ipRange": "0.0.0.0/0"}]  # fmt: skip
    assert [(flow.source, flow.ports) for flow in changed.observe().entry if flow.to == CONSOLE] == [
        ("internet", (22,))
    ]
    del changed.nodes[f"{CONSOLE}/server/0"]["securityGroupId"]
    assert any(flow.ports == ("1-65535",) for flow in changed.observe().entry if flow.to == CONSOLE)


def test_a_network_that_opts_in_to_the_default_route_has_a_way_outside(small, deploy):
    changed = deploy(small(), TARGET)
    assert not [flow for flow in changed.observe().egress if flow.source == CONSOLE]
    changed.nodes["zone/administration/network"]["enableDefaultRoutePropagation"] = True
    assert [flow.to for flow in changed.observe().egress if flow.source == CONSOLE] == ["0.0.0.0/0"] * 2
    changed.nodes["platform/outside/attachment"]["ipamConfigs"] = [{"pushDefaultRoute": False}]
    assert not changed.observe().egress


def test_a_bastion_of_the_common_gateway_reaches_every_network_with_its_route(small, deploy):
    changed = deploy(small(), TARGET)
    changed.nodes["platform/outside/gateway"] |= {"bastionEnabled": True}
    observed = changed.observe()
    assert {path for path, one in observed.elements.items() if one.get("entry") == "bastion"} == {"zone/lake", "space/cohort-a", "space/cohort-b"}  # fmt: skip
    people = {flow.source for flow in observed.service_flows if "entry for people" in flow.to}
    assert people == {"internet"}


def test_people_come_from_the_ranges_that_the_gateway_is_told(small, deploy):
    changed = deploy(rich(small), TARGET)

    def sources():
        return {flow.source for flow in changed.observe().service_flows if "entry for people" in flow.to}

    assert sources() == {"203.0.113.0/24"}
    changed.nodes["zone/administration/bastion/gateway"]["allowedIpRanges"] = []
    assert sources() == {"internet"}
    changed.nodes["zone/administration/bastion/gateway"]["bastionEnabled"] = False
    assert changed.observe().elements["zone/administration"]["entry"] is None


def test_a_port_that_a_gateway_passes_on_is_an_entry(small, deploy):
    changed = deploy(small(), TARGET)
    address = changed.nodes[f"{CONSOLE}/address/0"]["address"]
    changed.add("platform/outside/rule", PAT_RULE, gatewayId=ref("platform/outside/gateway"), privateIp=address, privatePort=22, publicPort=2222, protocol="tcp")  # fmt: skip
    observed = changed.observe()
    assert observed.elements[CONSOLE]["public"] is True
    assert ("internet", "tcp", (22,)) in {(flow.source, flow.protocol, flow.ports) for flow in observed.entry if flow.to == CONSOLE}  # fmt: skip


def test_a_way_to_another_vpc_is_remarked(small, deploy):
    changed = deploy(small(), TARGET)
    changed.add("platform/way", CONNECTOR, vpcId=ref("platform/vpc"), targetVpcId="fr-par/other")
    assert any("is not followed here" in remark for remark in changed.observe().remarks)


def grants(deployed, store=SNDS):
    return deployed.observe().elements[store]["grants"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("platform/vpc", {"enableTransitivity": True}),
        (f"{SPARK}/server/0", {"filesystems": [{"filesystemId": "fr-par/11111111-2222-3333-4444-555555555555"}]}),
        (f"{SNDS}/bucket", {"forceDestroy": True}),
    ],
)
def test_what_may_join_spaces_or_lose_data_without_a_flow_is_remarked(small, deploy, path, change):
    made = deploy(rich(small), TARGET)
    before = made.observe().remarks
    made.nodes[path] |= change
    assert [one for one in made.observe().remarks if one not in before and one.startswith(path)]


def test_a_bucket_without_a_policy_is_open_to_every_application_that_handles_objects(small, deploy):
    changed = deploy(small(), TARGET)
    assert grants(changed) == sorted([f"{DESKTOP} write", f"{SPARK} write"])
    del changed.nodes[f"{SNDS}/bucket"]["policy"]
    assert f"{DESKTOP.replace('cohort-a', 'cohort-b')} write" in grants(changed)


def test_a_policy_without_rights_of_iam_opens_nothing_and_rights_without_it_neither(small, deploy):
    changed = deploy(small(), TARGET)
    changed.nodes[f"{SNDS}/policy/write"]["rules"] = []
    assert grants(changed) == []
    changed = deploy(small(), TARGET)
    changed.nodes[f"{SNDS}/policy/write"]["rules"][0]["permissionSetNames"] = ["ObjectStorageObjectsRead"]
    assert grants(changed) == sorted([f"{DESKTOP} read", f"{SPARK} read"])
    statements = changed.nodes[f"{SNDS}/bucket"]["policy"]["$json"]["Statement"]
    changed.nodes[f"{SNDS}/bucket"]["policy"] = json_text({"Version": "2023-04-17", "Statement": statements[:0]})
    assert grants(changed) == []


def test_an_api_key_that_is_taken_away_takes_its_right(small, deploy):
    changed = deploy(small(), TARGET)
    del changed.nodes[f"{SPARK}/store-key/zone.lake.store.snds-write"]
    assert grants(changed) == [f"{DESKTOP} write"]
    assert changed.observe().elements[SPARK]["identity"] is None


def test_whom_a_policy_names_beside_the_platforms_own_is_shown(small, deploy):
    changed = deploy(small(), TARGET)
    document = changed.nodes[f"{SNDS}/bucket"]["policy"]["$json"]
    document["Statement"].append({"Effect": "Allow", "Principal": {"SCW": "user_id:somebody"}, "Action": ["s3:GetObject"], "Resource": ["x/*"]})  # fmt: skip
    assert "user_id:somebody read" in grants(changed)
    document["Statement"][-1]["Principal"] = "*"
    assert changed.observe().elements[SNDS]["public"] is True


def test_appending_counts_as_writing_where_no_version_is_kept(small, deploy):
    value = small().model_dump(mode="json", exclude_none=True)
    value["zones"]["lake"]["stores"]["snds"]["grants"] = [{"to": "zone/lake", "access": "append"}]
    changed = deploy(small(zones=value["zones"]), TARGET)
    assert grants(changed) == [f"{SPARK} append"]
    changed.nodes[f"{SNDS}/bucket"]["versioning"] = False
    assert grants(changed) == [f"{SPARK} write"]


def test_a_condition_that_is_not_known_gives_a_right_on_every_key(small, deploy):
    changed = deploy(rich(small), TARGET)
    keys = {path: set(one["users"]) for path, one in changed.observe().elements.items() if path.startswith("key/")}
    assert "group/readers" not in keys["key/projects"]
    for condition in (None, 'resource.id != "x"', '"fr-par/" + resource.id == "" || true'):
        changed.nodes["key/lake/use/readers"]["rules"][0]["condition"] = condition
        assert "group/readers" in changed.observe().elements["key/projects"]["users"]


def test_a_store_without_the_right_on_its_key_is_no_user_of_it(small, deploy):
    changed = deploy(small(), TARGET)
    assert SNDS in changed.observe().elements["key/lake"]["users"]
    changed.nodes[f"{SNDS}/policy/write"]["rules"].pop()
    assert changed.observe().elements["key/lake"]["users"] == []


def test_an_application_that_opens_no_store_under_a_key_uses_the_key_itself(small, deploy):
    changed = deploy(small(), TARGET)
    assert SPARK not in changed.observe().elements["key/lake"]["users"]
    assert any("ask Key Manager itself" in remark for remark in changed.observe().remarks)
    changed.nodes[f"{SNDS}/bucket"]["encryption"] = {"algorithm": "AES256"}
    assert changed.observe().elements["key/lake"]["users"] == sorted([DESKTOP, SPARK])


def test_who_administers_a_key_by_a_policy_of_everything_is_shown_with_both(small, deploy):
    changed = deploy(small(), TARGET)
    changed.add("platform/more", POLICY, groupId="g", rules=[{"projectIds": ["p"], "permissionSetNames": ["KeyManagerFullAccess"]}])  # fmt: skip
    observed = changed.observe()
    assert observed.elements["key/lake"]["administrators"] == ["group_id:g"]
    assert "group_id:g" in observed.elements["key/lake"]["users"]
    assert any("may both use and administer" in remark for remark in observed.remarks)


@pytest.mark.parametrize(
    ("path", "properties", "element", "attribute", "value"),
    [
        ("key/lake/key", {"protectionLevel": None}, "key/lake", "protection", "software"),
        ("key/lake/key", {"origin": "external"}, "key/lake", "origin", "imported"),
        ("key/lake/key", {"algorithm": "rsa_oaep_2048_sha256"}, "key/lake", "algorithm", "rsa-2048"),
        ("key/lake/key", {"region": "nl-ams"}, "key/lake", "country", None),
        (f"{SNDS}/bucket", {"encryption": None}, SNDS, "encryption", "none"),
        (f"{SNDS}/bucket", {"encryption": {"algorithm": "AES256"}}, SNDS, "encryption", "provider-key"),
        (f"{SNDS}/bucket", {"encryption": {"algorithm": "aws:kms", "kmsKeyId": "another"}}, SNDS, "key", None),
        (f"{SNDS}/bucket", {"versioning": False}, SNDS, "versioning", False),
        (f"{SNDS}/bucket", {"lifecycle": [{"days": 3}]}, SNDS, "expiry", [{"prefix": "", "days": 3, "old_versions_days": None}]),
        (f"{SPARK}/server/0", {"type": "POP2-2C-8G"}, SPARK, "vcpus", 2),
        (f"{SPARK}/server/0", {"image": "ubuntu_noble"}, SPARK, "image", "ubuntu-24-04"),
        (f"{SPARK}/data-disk/0", {"sizeInGb": 5}, SPARK, "disk", 5 * 10**9),
        (f"{SPARK}/data-disk/0", {"zone": "nl-ams-1"}, SPARK, "country", None),
        ("zone/lake/network", {"ipv4Subnet": {"subnet": "10.99.0.0/24"}}, "zone/lake", "address_range", "10.99.0.0/24"),
    ],
)  # fmt: skip
def test_what_is_changed_natively_shows(small, deploy, path, properties, element, attribute, value):
    changed = deploy(small(), TARGET)
    assert changed.observe().elements[element][attribute] != value
    changed.nodes[path] |= properties
    assert changed.observe().elements[element][attribute] == value


def test_replicas_that_only_prefer_to_stand_apart_are_not_spread(small, deploy):
    changed = deploy(rich(small), TARGET)
    changed.nodes[f"{CONSOLE}/spread"]["policyMode"] = "optional"
    assert changed.observe().elements[CONSOLE]["spread"] == "none"


def test_an_ended_space_keeps_its_data_and_its_keys_and_no_way_in(small, lower):
    value = small().model_dump(mode="json", exclude_none=True)
    value["spaces"]["projects"]["cohort-b"]["ends"] = "2026-01-01"
    nodes = nodes_of(small(spaces=value["spaces"]), lower)
    mine = [node for path, node in nodes.items() if path.startswith("space/cohort-b")]
    assert {"space/cohort-b/store/work/bucket", "space/cohort-b/machine/desktop/data-disk/0"} <= {
        node.path for node in mine
    }
    assert not [node for node in mine if node.type in {SERVER, API_KEY, GATEWAY, GATEWAY_NETWORK}]
    assert [node for node in mine if node.type == APPLICATION]


def test_what_exists_already_is_named_and_not_changed(small, lower):
    existing = {"zone/lake": "fr-par/net", "key/lake": "fr-par/key", "project": "project-1"}
    nodes = nodes_of(small(targets={TARGET: {"existing": existing}}), lower)
    assert nodes["zone/lake/network"].existing == "fr-par/net"
    assert nodes["key/lake/key"].existing == "fr-par/key"
    assert nodes["platform/vpc"].properties["projectId"] == "project-1"
    assert nodes[f"{SNDS}/policy/write"].properties["rules"][0]["projectIds"] == ["project-1"]


def test_every_step_of_a_person_says_who_how_and_the_proof(small):
    platform = rich(small)
    assert isinstance(platform, Platform)
    steps = make_plan(platform, TARGET, today=TODAY).manual
    assert len(steps) >= 5
    assert all(step.what and step.who and step.command and step.proof for step in steps)
