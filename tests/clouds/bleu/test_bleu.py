"""Bleu is Azure at other hosts: its plans are Azure's but for the region and what is Bleu's, and point to nothing of Microsoft's own cloud."""

import datetime
import json
import re
from dataclasses import replace

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import catalogue, site
from hdh_infra.clouds import cloud, of
from hdh_infra.clouds.azure import CLOUD as AZURE
from hdh_infra.clouds.azure.hosts import blob_zone, vault_zone
from hdh_infra.clouds.bleu import CLOUD
from hdh_infra.graph.observation import Natives
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.assemble import observe_plan
from tests.clouds.azure.test_observing import deployed

BLEU, PUBLIC = "bleu:bleufrancecentral", "azure:francecentral"
TODAY = datetime.date(2026, 11, 23)
MICROSOFTS = re.compile(r"windows\.net|azure\.net|azure\.com|microsoftonline|(?<!bleu)france(central|south)")
"""What belongs to the public cloud: suffixes, hosts, regions."""
VALUE = {
    "name": "trial",
    "residency": {"countries": ["FR"]},
    "network": {"address_space": "10.64.0.0/16", "domain": "trial.internal"},
    "keys": {"lake": {"protection": "hsm", "rotation_days": 365, "users": ["zone/lake/machine/spark"]}},
    "audit": {"store": "zone/audit/store/logs"},
    "zones": {
        "audit": {"stores": {"logs": {"size": "1TB", "key": "lake", "retention": {"days": 365}, "grants": []}}},
        "lake": {
            "stores": {"snds": {"size": "2TB", "key": "lake", "redundancy": "zone"}},
            "machines": {"spark": {"count": 2, "vcpus": 4, "memory": "16GB", "spread": "hosts", "disk": {"size": "200GB", "key": "lake"}}},
        },
        "administration": {"entry": "bastion", "machines": {"console": {"vcpus": 2, "memory": "4GB"}}},
    },
    "spaces": {
        "defaults": {"stores": {"work": {"size": "500GB"}}, "machines": {"desktop": {"vcpus": 2, "memory": "8GB"}}},
        "projects": {"one": {"members": 2}},
    },
    "flows": [
        {"from": "zone/lake/machine/spark", "to": "zone/lake/store/snds", "ports": [443]},
        {"from": "zone/administration", "to": "space/*", "ports": [22]},
    ],
    "egress": [{"from": "zone/lake/machine/spark", "to": "deb.debian.org", "ports": [443]}],
}  # fmt: skip


@pytest.fixture(scope="module")
def platform():
    return Platform.model_validate(VALUE)


@pytest.fixture(scope="module")
def plan(platform):
    return make_plan(platform, BLEU, today=TODAY)


def test_bleu_lowers_as_azure_and_is_asked_for_by_its_own_name():
    assert of(Target.parse(BLEU)) is cloud("bleu") is CLOUD
    assert (CLOUD.lower_store, CLOUD.observe, CLOUD.unlowered) == (AZURE.lower_store, AZURE.observe, AZURE.unlowered)


def test_a_plan_names_nothing_of_microsofts_own_cloud(plan):
    found = {
        (node.path, hit.group(0))
        for node in plan.nodes
        if (hit := MICROSOFTS.search(json.dumps(dict(node.properties))))
    }
    assert found == set()
    assert not MICROSOFTS.search(str(plan.manual))


def test_the_provider_asks_bleu_itself_which_hosts_it_has(plan):
    (provider,) = plan.providers.values()
    assert (provider.package, provider.config["metadataHost"]) == ("azure-native", "management.sovcloud-api.fr")
    assert (
        "metadataHost" not in make_plan(Platform.model_validate(VALUE), PUBLIC, today=TODAY).providers["azure"].config
    )


def test_private_endpoints_are_found_under_zones_of_bleus_suffixes(plan):
    zones = {node.properties["privateZoneName"] for node in plan.nodes if node.type.endswith(":PrivateZone")}
    assert zones == {
        "privatelink.blob.core.sovcloud-api.fr",
        "privatelink.vaultcore.sovcloud-api.fr",
        "trial.internal",
    }
    place = site(Target.parse(BLEU))
    assert {blob_zone(place), vault_zone(place)} < zones


def test_a_plan_has_the_nodes_that_azures_has_where_the_region_has_no_known_zones(platform, plan):
    """Zones of France Central are known and those of Bleu are not: there replicas share an availability set."""
    other = make_plan(platform, "azure:francesouth", today=TODAY)
    assert {(node.path, node.type) for node in plan.nodes} == {(node.path, node.type) for node in other.nodes}


def test_where_no_zones_are_known_a_store_that_asks_for_them_is_copied_to_the_paired_region_in_the_same_country(
    plan, platform
):
    account = next(node for node in plan.nodes if node.path == "zone/lake/store/snds/account")
    assert account.properties["sku"] == {"name": "Standard_GRS"}
    seen = observe_plan(plan, platform).elements["zone/lake/store/snds"]
    assert (seen["redundancy"], seen["country"], seen["region"]) == (
        "region",
        "FR",
        "bleufrancecentral, bleufrancesouth",
    )


def test_what_lies_in_microsofts_own_cloud_lies_in_no_residency(plan, platform):
    nodes = tuple(
        replace(node, properties={**node.properties, "location": "francecentral"})
        if node.path == "space/one/machine/desktop/0/vm"
        else node
        for node in plan.nodes
    )
    assert nodes != plan.nodes
    seen = observe_plan(replace(plan, nodes=nodes, read=None), platform).elements
    assert seen["space/one/machine/desktop"]["country"] == "francecentral"
    assert seen["zone/lake/machine/spark"]["country"] == "FR"


@pytest.mark.parametrize("keep_inputs", [True, False])
def test_a_state_of_bleu_reads_as_the_plan_that_was_deployed(keep_inputs):
    """Locations come back by their other name, and hosts as Bleu's."""
    described = hdh.load("tests/end_to_end/everywhere/bleu.yaml")
    plan, place = make_plan(described, BLEU, today=TODAY), site(Target.parse(BLEU), described)
    rows = deployed(plan, keep_inputs=keep_inputs, vaults="vault.sovcloud-api.fr", location="Bleu France Central")
    state = CLOUD.observe(Natives(rows, "state", CLOUD.identifiers), place)
    assert state.to_json() | {"source": "plan"} == observe_plan(plan, described).to_json()


def test_a_state_whose_vaults_answer_at_microsofts_hosts_has_none_of_the_platforms_keys():
    described = hdh.load("tests/end_to_end/everywhere/bleu.yaml")
    plan, place = make_plan(described, BLEU, today=TODAY), site(Target.parse(BLEU), described)
    rows = deployed(plan, keep_inputs=True, vaults="vault.azure.net", location="Bleu France Central")
    state = CLOUD.observe(Natives(rows, "state", CLOUD.identifiers), place)
    assert {one["key"] for one in state.elements.values() if one["kind"] in {"store", "machine"}} == {None}


def test_a_zone_of_microsofts_own_cloud_is_remarked_on(plan, platform):
    assert not [one for one in observe_plan(plan, platform).remarks if "writes names" in one]
    nodes = tuple(
        replace(node, properties={**node.properties, "privateZoneName": "privatelink.blob.core.windows.net"})
        if node.path == "platform/blob-zone"
        else node
        for node in plan.nodes
    )
    remarks = observe_plan(replace(plan, nodes=nodes, read=None), platform).remarks
    assert [one for one in remarks if "are looked for in privatelink.blob.core.sovcloud-api.fr" in one]


def test_a_key_in_a_vault_of_microsofts_own_cloud_is_none_of_the_platforms(plan, platform):
    account = next(node for node in plan.nodes if node.path == "zone/lake/store/snds/account")
    name = next(node.properties["vaultName"] for node in plan.nodes if node.path == "key/lake/vault")

    def key(suffix):
        given = {"keyName": "lake", "keyVaultUri": f"https://{name}.{suffix}/"}
        encryption = {**account.properties["encryption"], "keyVaultProperties": given}
        other = replace(account, properties={**account.properties, "encryption": encryption})
        nodes = tuple(other if one is account else one for one in plan.nodes)
        return observe_plan(replace(plan, nodes=nodes, read=None), platform).elements[account.element]["key"]

    assert (key("vault.sovcloud-api.fr"), key("vault.azure.net")) == ("key/lake", None)


def test_a_key_that_is_there_already_is_used_at_bleus_host():
    """Only its name is known; where the vault answers follows from the offer."""
    key = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-old/keys/k1"
    value = {**VALUE, "targets": {BLEU: {"existing": {"key/lake": key}}}}
    value["keys"] = {"lake": {"protection": "hsm"}}
    plan = make_plan(Platform.model_validate(value), BLEU, today=TODAY)
    account = next(node for node in plan.nodes if node.path == "zone/lake/store/snds/account")
    assert (
        account.properties["encryption"]["keyVaultProperties"]["keyVaultUri"] == "https://kv-old.vault.sovcloud-api.fr/"
    )


def test_a_person_looks_at_the_hosts_the_sizes_and_the_images_before_anything_else(plan):
    first, second, *_ = plan.manual
    assert "https://management.sovcloud-api.fr/metadata/endpoints" in first.command
    assert "az cloud set --name AzureBleuCloud" in first.command
    assert "core.sovcloud-api.fr" in first.proof
    assert "Standard_D4s_v5" in second.what
    assert "Debian:debian-12:12-gen2:latest" in second.what


def test_what_nobody_knows_of_bleu_is_unknown_and_blocks_until_somebody_accepts_it(platform, plan):
    unknown = {row.requirement for row in plan.verdicts if str(row.verdict) == "unknown"}
    assert {"key.protection", "store.private", "flow.exact", "network.entry", "egress.host_names"} <= unknown
    assert not plan.deployable


def test_everything_that_is_inferred_says_which_source_shows_the_service():
    (offer,) = catalogue("bleu").offers
    inferred = [fact for fact in offer.facts if str(fact.confidence) == "inferred"]
    assert len(inferred) > 15
    shown = re.compile(r"azure-cli|azcopy|AgentBaker|kubernetes-kms|SqlClient|Docker-Provider")
    assert [fact.attribute for fact in inferred if not shown.search(fact.source)] == []


def test_the_smallest_example_can_be_deployed_there_once_the_unknown_is_accepted():
    described = hdh.load("tests/end_to_end/everywhere/bleu.yaml")
    assert make_plan(described, BLEU, today=TODAY).deployable
