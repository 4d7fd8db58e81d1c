"""Offers that the lowering of OpenStack serves by their facts alone: what they lack is left out, told, and read back."""

import pytest

from hdh_infra.catalogue.load import offer_of, site
from hdh_infra.clouds import of
from hdh_infra.clouds.openstack.naming import (
    ADDRESS_GROUP,
    EC2_CREDENTIAL,
    FLOATING_IP,
    KEY_ORDER,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    RULE,
    SUBNET,
)
from hdh_infra.graph.observation import Natives
from hdh_infra.graph.values import ref
from hdh_infra.model.platform import DeclaredFact, Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.load import check_fits
from tests.clouds.deployments import TODAY
from tests.clouds.kin.conftest import FILES, described

SNC = "ovhcloud/snc:eu-west-rbx-snc"
HUAWEI = ("opentelekomcloud:eu-de", "flexibleengine:eu-west-0")
each_kin = pytest.mark.parametrize("target", sorted(FILES))


def of_type(nodes, token):
    return [node for node in nodes if node.type == token]


def french(target):
    """The description of a trial, for data that stay in France."""
    return described(target).model_copy(update={"residency": type(described(target).residency)(countries=("FR",))})


@each_kin
def test_openstack_lowers_it_and_the_description_of_its_trial_can_be_deployed(target):
    assert of(Target.parse(target)).name == "openstack"
    plan = make_plan(described(target), target, today=TODAY)
    assert plan.deployable, [row for row in plan.verdicts if row.verdict is Verdict.not_met and not row.waiver]


@pytest.mark.parametrize(
    ("target", "country"),
    [
        ("infomaniak:dc3-a", "CH"),
        ("infomaniak:dc4-a", "CH"),
        ("opentelekomcloud:eu-de", "DE"),
        ("opentelekomcloud:eu-nl", "NL"),
    ],
)
def test_data_that_stay_in_france_are_refused_a_region_elsewhere(target, country):
    place = Target.parse(target)
    platform = french("infomaniak:dc3-a" if place.cloud == "infomaniak" else "opentelekomcloud:eu-de")
    problems = [str(one) for one in check_fits(platform, [place])]
    assert any(f"lies in {country}" in one and "can never be waived" in one for one in problems), problems


@pytest.mark.parametrize("target", [SNC, "ovhcloud/snc:eu-west-sbg-snc", "flexibleengine:eu-west-0"])
def test_a_region_in_france_is_not_refused_for_it(target):
    platform = french(SNC if target.startswith("ovhcloud") else target)
    assert not [one for one in check_fits(platform, [Target.parse(target)]) if "lies in" in str(one)]


@each_kin
def test_a_state_reads_back_as_its_plan(target, state):
    """Ids stand for references and texts for documents: what is observed is the same."""
    platform, where = described(target), Target.parse(target)
    place = site(where, platform)
    natives = state(platform, target)
    for native in natives:
        if native.path.endswith("/outer-port"):
            # The address that the outside gave it.
            native.properties["allFixedIps"] = ["198.18.0.9"]
    plan = make_plan(platform, target, today=TODAY)
    planned = of(where).observe(Natives.of_plan(plan.nodes, of(where).identifiers), place)
    read = of(where).observe(Natives(natives, "state", of(where).identifiers), place)
    assert read.elements == planned.elements
    assert (read.flows, read.egress, read.entry) == (planned.flows, planned.egress, planned.entry)


def test_without_routers_nothing_joins_networks_and_nothing_leads_in(lower):
    nodes = lower(described(SNC), SNC)
    assert not [node.path for node in nodes if node.type in {ROUTER, ROUTER_INTERFACE, FLOATING_IP}]
    assert all(node.properties["noGateway"] for node in of_type(nodes, SUBNET))
    outer = [
        node
        for node in of_type(nodes, PORT)
        if "networkId" in node.properties and "$lookup" in node.properties["networkId"]
    ]
    assert {node.path for node in outer} == {
        f"{network}/exit/outer-port" for network in ("zone/lake", "space/cohort-a", "space/cohort-b")
    }


def test_without_routers_a_flow_between_networks_is_not_met_and_an_entry_neither():
    value = described(SNC).model_dump(mode="json", by_alias=True)
    value["flows"].append({"from": "space/cohort-a", "to": "zone/lake/machine/spark", "ports": [22]})
    value["zones"]["lake"]["entry"] = "bastion"
    plan = make_plan(Platform.model_validate({**value, "waivers": []}), SNC, today=TODAY)
    rows = {(row.element, row.attribute): row for row in plan.verdicts}
    assert rows["zone/lake/machine/spark", "flows"].verdict is Verdict.not_met
    assert "cannot reach" in rows["zone/lake/machine/spark", "flows"].reason
    assert rows["zone/lake", "entry"].verdict is Verdict.not_met
    assert "major release 2" in rows["zone/lake", "entry"].remedy


def test_a_proxy_on_the_outside_leads_to_the_endpoint_with_all_its_buckets_and_lets_nobody_in(deploy):
    here = deploy(described(SNC), SNC)
    observed = here.observe()
    flows = {(flow.source, flow.to): flow.also_reaches for flow in observed.flows}
    everything = "every bucket behind s3-beta.eu-west-rbx-snc.cloud.snc.ovh.net"
    assert flows["zone/lake/machine/spark", "zone/lake/store/snds"] == (everything,)
    assert not [way for way in observed.entry if "/exit" in way.to or "/machine/" in way.to]
    open_door = here.changed()
    open_door.add(
        "zone/lake/exit/more",
        RULE,
        securityGroupId=ref("zone/lake/exit/filter"),
        direction="ingress",
        protocol="tcp",
        portRangeMin=22,
        portRangeMax=22,
        remoteIpPrefix="0.0.0.0/0",
    )
    assert [way.to for way in open_door.observe().entry if "/exit" in way.to] == ["zone/lake/exit"]


@pytest.mark.parametrize("source", ["plan", "state"])
def test_a_machine_with_a_port_on_the_outside_is_public(deploy, source):
    here = deploy(described(SNC), SNC).changed()
    machine = "zone/lake/machine/spark"
    outside = here.nodes["zone/lake/exit/outer-port"]["networkId"] if source == "plan" else "0f9c3806"
    here.add(
        f"{machine}/port/1",
        PORT,
        networkId=outside,
        securityGroupIds=[ref(f"{machine}/filter")],
        allFixedIps=[] if source == "plan" else ["198.18.0.4"],
    )
    here.nodes[f"{machine}/server/0"]["networks"].append({"port": ref(f"{machine}/port/1")})
    assert here.observe(source).elements[machine]["public"] is True
    assert deploy(described(SNC), SNC).observe(source).elements[machine]["public"] is False


def test_a_region_is_called_as_the_delivery_says():
    value = described(SNC).model_dump(mode="json", by_alias=True)
    value["targets"][SNC] = {"region_name": "pod3.rbx"}
    platform = Platform.model_validate(value)
    plan = make_plan(platform, SNC, today=TODAY)
    assert {node.properties["region"] for node in plan.nodes if node.provider == "openstack"} == {"pod3.rbx"}
    assert plan.providers["openstack"].config["region"] == "pod3.rbx"
    observed = of(Target.parse(SNC)).observe(Natives.of_plan(plan.nodes, ()), site(Target.parse(SNC), platform))
    assert observed.elements["zone/lake/machine/spark"]["country"] == "FR"


@pytest.mark.parametrize("target", [SNC, *HUAWEI])
def test_where_no_key_is_made_each_is_not_met_by_the_offers_own_reason(target, lower):
    assert not of_type(lower(described(target), target), KEY_ORDER)
    rows = [row for row in make_plan(described(target), target, today=TODAY).verdicts if row.element == "key/lake"]
    told = {row.attribute: row for row in rows}
    assert told["protection"].verdict is Verdict.not_met
    assert told["protection"].reason == site(Target.parse(target)).fact("key.protection").reason


@pytest.mark.parametrize("target", HUAWEI)
def test_where_keys_for_machines_have_an_api_of_their_own_no_machine_has_an_identity_and_no_group_of_addresses_is_made(
    target, lower
):
    value = described("infomaniak:dc3-a").model_dump(mode="json", by_alias=True)
    value |= {"targets": {}, "facts": [], "waivers": []}
    # What a space alone asks of a zone's machine.
    value["spaces"]["projects"]["cohort-a"]["flows"] = [
        {"from": "zone/lake/machine/spark", "to": "store/work", "ports": [443]}
    ]
    platform = Platform.model_validate(value)
    nodes = lower(platform, target)
    assert not [node.path for node in nodes if node.type in {EC2_CREDENTIAL, ADDRESS_GROUP} or "iam" in node.type]
    told = {(row.element, row.attribute): row for row in make_plan(platform, target, today=TODAY).verdicts}
    assert told["zone/lake/store/snds", "flows"].verdict is Verdict.not_met
    assert told["zone/lake/machine/spark", "identity"].verdict is Verdict.not_met


@pytest.mark.parametrize("target", HUAWEI)
def test_a_bucket_asks_for_the_key_services_default_key_and_is_read_as_the_providers(target, deploy):
    here = deploy(described(target), target)
    bucket = here.nodes["zone/lake/store/snds/bucket"]
    assert bucket["encryption"] == {"algorithm": "aws:kms"}
    assert here.observe().elements["zone/lake/store/snds"]["encryption"] == "provider-key"
    bare = here.changed()
    del bare.nodes["zone/lake/store/snds/bucket"]["encryption"]
    assert bare.observe().elements["zone/lake/store/snds"]["encryption"] == "none"


@pytest.mark.parametrize("target", [SNC, "infomaniak:dc3-a"])
def test_a_disk_whose_encryption_nobody_documents_is_unknown_until_it_is_declared(target):
    platform, where = described(target), Target.parse(target)
    unsaid = platform.model_copy(update={"facts": (), "waivers": ()})
    said = DeclaredFact.model_validate(
        {
            "target": target, "attribute": "machine.encryption", "value": "provider-key", "source": "an answer in writing",
            "as_of": "2026-11-01", "by": "operator",
        }
    )  # fmt: skip
    for one, level in ((unsaid.model_copy(update={"facts": (said,)}), "provider-key"), (unsaid, None)):
        plan = make_plan(one, target, today=TODAY)
        observed = of(where).observe(Natives.of_plan(plan.nodes, ()), site(where, one))
        assert observed.elements["zone/lake/machine/spark"]["encryption"] == level


def test_the_host_of_an_endpoint_may_be_called_otherwise_than_the_region_that_requests_are_signed_for():
    plan = make_plan(described("infomaniak:dc3-a"), "infomaniak:dc3-a", today=TODAY)
    config = plan.providers["s3"].config
    assert (config["endpoint"], config["region"]) == ("https://s3.pub1.infomaniak.cloud", "dc3-a")


def test_ovhclouds_offers_that_are_refused_say_what_serves_in_their_place():
    for name in ("bare-metal-pod", "hosted-private-cloud"):
        refused = offer_of(Target("ovhcloud", "france", name)).refused
        assert "ovhcloud/snc" in refused.remedy
