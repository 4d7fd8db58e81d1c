"""Which cloud's hosts a deployment uses: an account, a vault and a zone of names are the platform's own only under its offer's suffixes."""

from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure.hosts import blob_zone, vault_zone
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import observe_plan


def test_zones_of_private_endpoints_follow_from_the_suffixes():
    place = site(Target.parse("azure:francecentral"))
    assert blob_zone(place) == "privatelink.blob.core.windows.net"
    assert vault_zone(place) == "privatelink.vaultcore.azure.net"


def changed(plan, kind, properties):
    """The plan with properties of every node of a type replaced."""
    nodes = tuple(
        replace(node, properties={**node.properties, **properties}) if node.type == f"azure-native:{kind}" else node
        for node in plan.nodes
    )
    return replace(plan, nodes=nodes, read=None)


@pytest.mark.parametrize("name", ["privatelink.blob.core.usgovcloudapi.net", "privatelink.file.core.windows.net"])
def test_a_zone_that_is_not_looked_for_is_remarked_on(plan, platform, name):
    remarks = observe_plan(changed(plan, "privatedns:PrivateZone", {"privateZoneName": name}), platform).remarks
    assert [one for one in remarks if f"writes names into {name}" in one]


@pytest.mark.parametrize(("suffix", "key"), [("vault.azure.net", "key/lake"), ("vault.usgovcloudapi.net", None)])
def test_a_key_is_the_platforms_only_in_a_vault_of_this_cloud(plan, platform, suffix, key):
    account = next(one for one in plan.nodes if one.path == "zone/lake/store/snds/account")
    vault = next(one for one in plan.nodes if one.path == "key/lake/vault")
    encryption = {
        **account.properties["encryption"],
        "keyVaultProperties": {"keyName": "lake", "keyVaultUri": f"https://{vault.properties['vaultName']}.{suffix}/"},
    }
    other = replace(account, properties={**account.properties, "encryption": encryption})
    nodes = tuple(other if one is account else one for one in plan.nodes)
    assert observe_plan(replace(plan, nodes=nodes, read=None), platform).elements["zone/lake/store/snds"]["key"] == key
