"""What a platform becomes on OUTSCALE, where the laws of conformance do not say it."""

import datetime
import ipaddress

from hdh_infra.clouds.outscale.network import FILTERED
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.resources import config

TODAY = datetime.date(2026, 11, 25)
TARGET = "outscale:eu-west-2"
SPREAD_WORDS = {"none": "osc.fcu.repulse_server=", "hosts": "osc.fcu.repulse_server_strict="}


def of_type(nodes, name):
    return [node for node in nodes if node.type == f"hdh:ec2:{name}"]


def test_every_net_has_filters_that_count_within_its_subnets(small, lower):
    nets = of_type(lower(small()), "Vpc")
    assert nets
    assert all(FILTERED in net.properties["tags"] for net in nets)
    assert all(16 <= ipaddress.IPv4Network(net.properties["cidrBlock"]).prefixlen <= 28 for net in nets)


def test_no_machine_has_a_public_address_and_only_a_network_with_egress_has_a_way_out(small, lower):
    nodes = lower(small(egress=[{"from": "space/cohort-a", "to": "192.0.2.0/24", "ports": [443]}]))
    assert of_type(nodes, "AddressAssociation") == []
    assert all(one.properties["mapPublicIpOnLaunch"] is False for one in of_type(nodes, "Subnet"))
    assert {one.element for one in of_type(nodes, "InternetGateway")} == {"space/cohort-a"}
    (out,) = [one for one in of_type(nodes, "Route") if "gatewayId" in one.properties]
    assert out.properties["routeTableId"] == {"$ref": "space/cohort-a/outbound/routes", "output": "id"}


def test_a_network_without_flows_has_no_peering(small, lower):
    assert of_type(lower(small(flows=[])), "VpcPeeringConnection") == []


def test_rules_name_groups_within_a_net_and_addresses_across(small, lower):
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    value["zones"]["lake"]["machines"]["spark"]["count"] = 2
    flows = [*value["flows"], {"from": "zone/lake", "to": "zone/lake", "ports": [7077]}]
    rules = of_type(lower(small(zones=value["zones"], flows=flows)), "SecurityGroupRule")
    inside = [one for one in rules if one.properties["fromPort"] == 7077]
    across = [one for one in rules if "/in/22" in one.path or "/out/22" in one.path]
    assert inside
    assert across
    assert all("peerGroupId" in one.properties for one in inside)
    assert all(str(one.properties["cidrBlock"]).endswith("/32") for one in across)
    # To both replicas of the one, from the one console: three rules at each end would be one too many.
    lake = [one for one in across if "zone.lake.machine.spark" in one.path]
    assert sorted(one.path.rsplit("/", 3)[-3] + one.path[-1] for one in lake) == ["in0", "out0", "out1"]


def test_replicas_are_told_apart_by_a_word_that_the_machine_does_not_see(small, lower):
    for spread, word in SPREAD_WORDS.items():
        value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
        value["zones"]["lake"]["machines"]["spark"] |= {"count": 2, "spread": spread, "startup": "#!/bin/sh\necho\n"}
        one, other = [
            node.properties["userData"] for node in of_type(lower(small(zones=value["zones"])), "Instance")
            if node.element == "zone/lake/machine/spark"
        ]  # fmt: skip
        assert one == other
        section, _, rest = one.partition("-----END OUTSCALE SECTION-----\n")
        assert f"tags.{word}" in section
        assert "filter_private_section=true" in section
        assert rest == "#!/bin/sh\necho\n"


def test_a_new_space_with_a_right_on_a_zones_store_changes_that_buckets_policy_and_no_other_shared_node(small, lower):
    def with_more(**more):
        value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
        value["spaces"]["projects"] |= {name: {"members": 1} for name in more}
        accounts = value["targets"][TARGET]["accounts"] | {f"space/{one}": number for one, number in more.items()}
        flows = [*value["flows"], {"from": "space/*", "to": "zone/lake/store/snds", "ports": [443]}]
        return small(accounts=accounts, spaces=value["spaces"], flows=flows)

    lock = update_lock(None, with_more(), [Target.parse(TARGET)])
    before, after = (
        {node.path: node.to_json() for node in lower(platform, lock)}
        for platform in (with_more(), with_more(**{"cohort-z": "210000000009"}))
    )
    changed = {path for path in before if before[path] != after.get(path)}
    assert changed == {"zone/lake/store/snds/bucket"}


def test_a_key_has_no_native_and_is_told_as_not_met(small):
    plan = make_plan(small(), TARGET, today=TODAY)
    assert [node for node in plan.nodes if node.element.startswith("key/")] == []
    told = {row.attribute: row.verdict for row in plan.verdicts if row.element == "key/lake"}
    assert told["origin"] == told["protection"] == "not-met"
    assert told["country"] == "met"


def test_a_machine_with_graphics_processors_takes_a_type_that_a_gpu_can_be_attached_to_and_a_step_says_how(small):
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    value["zones"]["lake"]["machines"]["spark"]["gpu"] = {"model": "a100", "memory": "80GB"}
    plan = make_plan(small(zones=value["zones"]), TARGET, today=TODAY)
    (spark,) = [node for node in of_type(plan.nodes, "Instance") if node.element == "zone/lake/machine/spark"]
    assert spark.properties["instanceType"] == "tinav6.c12r64p1"
    (row,) = [row for row in plan.verdicts if (row.element, row.attribute) == ("zone/lake/machine/spark", "gpu")]
    assert row.verdict == "not-met"
    assert any("nvidia-a100-80" in step.command for step in plan.manual)


def test_the_plugin_is_told_what_the_endpoint_does_not_know(small):
    """FCU refuses a request with a parameter that it has not, so that not one thing could be made."""
    (provider,) = make_plan(small(), TARGET, today=TODAY).providers.values()
    assert "*.TagSpecifications" in provider.config["ec2Without"]
    assert config.check({**provider.config, "accessKey": "a", "secretKey": "b"}, {}) == []
