"""What a platform becomes on S3NS, and why it is what was asked."""

import datetime
import re

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds import of
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.credentials import look, rights_for
from hdh_infra.clouds.s3ns.naming import account_name, bucket_name
from hdh_infra.model.expand import expand
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan

TARGET = Target.parse("s3ns:u-france-east1")
TODAY = datetime.date(2026, 11, 25)
KEEPERS = "principalSet://iam.googleapis.com/locations/global/workforcePools/clinic/group/keepers"


def by_path(nodes):
    return {node.path: node for node in nodes}


def rows(platform):
    return {(row.element, row.attribute): row for row in make_plan(platform, TARGET, today=TODAY).verdicts}


def test_there_is_one_network_and_a_subnet_for_each_zone_and_space(clinic):
    assert [node.path for node in clinic if node.type == "gcp:compute/network:Network"] == ["platform/network"]
    subnets = {node.element for node in clinic if node.type == "gcp:compute/subnetwork:Subnetwork"}
    assert subnets == {"zone/lake", "zone/gate", "space/cohort-a", "space/cohort-b"}


def test_no_subnet_and_no_opening_is_there_before_the_last_words(clinic):
    closed = {"platform/filter/deny-in", "platform/filter/deny-out"}
    for node in clinic:
        if node.type == "gcp:compute/subnetwork:Subnetwork" or (
            node.type.endswith(":Firewall") and node.path not in closed
        ):
            assert closed <= set(node.depends_on), node.path


def test_rules_know_machines_by_their_accounts_and_never_by_tags(clinic):
    for node in clinic:
        assert not {"targetTags", "sourceTags", "tags"} & set(node.properties), node.path
        if "allows" in node.properties:
            assert len(node.properties["targetServiceAccounts"]) == 1


def test_what_is_encrypted_waits_for_the_right_of_who_encrypts_it(clinic):
    nodes = by_path(clinic)
    assert "key/lake/use/stores" in nodes["zone/lake/store/data/bucket"].depends_on
    assert "key/lake/use/disks" in nodes["zone/lake/machine/worker/data-disk/0"].depends_on
    assert "key/lake/use/disks" in nodes["zone/lake/machine/adder/instance/0"].depends_on


def test_a_machine_without_an_identity_has_an_account_for_the_rules_and_gets_no_token(described, planned):
    zones = described().model_dump(mode="json", by_alias=True)["zones"]
    zones["gate"]["machines"]["mover"]["identity"] = False
    platform = described(zones=zones)
    instance = by_path(planned(platform))["zone/gate/machine/mover/instance/0"]
    assert instance.properties["serviceAccount"]["scopes"] == []
    assert rows(platform)["zone/gate/machine/mover", "identity"].given is None


def test_a_retention_is_locked_where_nobody_may_shorten_it_and_its_bucket_keeps_no_versions(clinic, described):
    bucket = by_path(clinic)["zone/lake/store/logs/bucket"].properties
    assert bucket["retentionPolicy"] == {"retentionPeriod": str(400 * 86400), "isLocked": True}
    assert bucket["versioning"] == {"enabled": False}
    found = rows(described())
    assert found["zone/lake/store/logs", "retention"].verdict is Verdict.met
    assert found["zone/lake/store/logs", "versioning"].verdict is Verdict.not_met


def test_a_key_in_a_module_is_not_met_and_made_in_software(described):
    keys = {"lake": {"protection": "hsm"}}
    found = rows(described(keys=keys))
    assert found["key/lake", "protection"].verdict is Verdict.not_met
    assert found["key/lake", "protection"].given == "software"


def test_a_store_is_private_and_a_flow_to_it_is_not_exact(described):
    found = rows(described())
    assert found["zone/lake/store/data", "private"].verdict is Verdict.met
    exact = found["zone/lake/store/data", "flows"]
    assert exact.verdict is Verdict.not_met
    assert all("every bucket behind storage.s3nsapis.fr" in one for one in exact.given)


def test_who_may_do_what_with_a_store_and_a_key_is_met(described):
    found = rows(described())
    for element, attribute in (
        ("zone/lake/store/data", "grants"),
        ("key/lake", "users"),
        ("key/lake", "administrators"),
        ("zone/lake", "flow_logs"),
        ("zone/lake", "domain"),
        ("zone/lake/machine/worker", "spread"),
        ("key/lake", "rotation_days"),
        ("key/lake", "grace_days"),
        ("zone/lake/store/data", "expiry"),
    ):
        assert found[element, attribute].verdict is Verdict.met, (element, attribute, found[element, attribute].reason)


def test_a_group_is_an_identity_by_federation(clinic):
    right = by_path(clinic)["key/lake/administration/keepers"]
    assert right.properties["member"] == KEEPERS


def test_the_way_of_a_machine_that_uses_a_key_is_no_way_outside(described):
    machines = {"worker": {"vcpus": 2, "memory": "4GB", "disk": {"size": "50GB", "key": "lake"}}}
    keys = {"lake": {"users": ["zone/lake/machine/worker"]}}
    platform = described(keys=keys, zones={"lake": {"machines": machines}}, flows=[], egress=[], spaces={})
    assert observe_plan(make_plan(platform, TARGET, today=TODAY), platform).egress == ()
    assert rows(platform)["key/lake", "users"].verdict is Verdict.met


def test_the_role_of_key_administrators_is_the_spaces_where_only_a_space_needs_it(described, planned):
    """Law 4: a space that comes with keepers of its own key changes nothing beside it."""
    keys = {"lake": {"rotation_days": 90}}
    before = described(keys=keys, zones={}, flows=[], egress=[], spaces={"projects": {"cohort-a": {}}})
    stores = {"work": {"size": "1TB", "encryption": "customer-key"}}
    own = {"cohort-a": {}, "cohort-b": {"stores": stores, "key": {"administrators": ["keepers"]}}}
    after = described(keys=keys, zones={}, flows=[], egress=[], spaces={"projects": own})
    old, new = by_path(planned(before)), by_path(planned(after))
    assert {path for path in old if old[path].to_json() != new[path].to_json()} == set()
    assert all(path.startswith("space/cohort-b") for path in new.keys() - old.keys())
    assert "space/cohort-b/role/key-administration" in new
    assert rows(after)["space/cohort-b/key/default", "administrators"].verdict is Verdict.met


@pytest.mark.parametrize("floor", ["none", "provider-key", "tenant-key", "customer-key"])
def test_a_level_of_encryption_is_reached_from_a_key_of_the_elements_own_on(floor, described, planned):
    zones = {"lake": {"stores": {"data": {"size": "1TB", "encryption": floor, "grants": []}}}}
    platform = described(zones=zones, spaces={}, flows=[], egress=[], keys={})
    assert rows(platform)["zone/lake/store/data", "encryption"].verdict is Verdict.met
    own = [node.path for node in planned(platform) if "own-key" in node.path and node.type.endswith(":CryptoKey")]
    assert own == (["zone/lake/store/data/own-key/key"] if floor == "tenant-key" else [])


def test_names_keep_to_what_the_cloud_takes(described, planned):

    name = "google-of-a-long-name-of-letters"
    platform = described(name=name)
    context = Context(expand(platform), site(TARGET, platform), update_lock(None, platform, [TARGET]))
    assert re.fullmatch(r"[a-z0-9][-a-z0-9]{1,61}[a-z0-9]", bucket_name(context, "zone/lake/store/data"))
    assert "google" not in bucket_name(context, "zone/lake/store/data")
    assert re.fullmatch(r"[a-z][-a-z0-9]{4,28}[a-z0-9]", account_name(context, "zone/lake/machine/worker"))
    for node in planned(platform):
        if node.type.startswith("gcp:compute/") and "name" in node.properties:
            assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", node.properties["name"]), node.path


def test_a_deployment_signs_in_without_a_google_account_and_is_told_its_least_rights():
    cloud = of(TARGET)
    assert look(cloud.credentials[0], {"GOOGLE_APPLICATION_CREDENTIALS": "f", "GOOGLE_PROJECT": "p"}).way is not None
    assert look(cloud.credentials[0], {}).missing == ("GOOGLE_CREDENTIALS or GOOGLE_APPLICATION_CREDENTIALS",)
    names = {right.name for right in rights_for(cloud.rights, ["gcp:storage/bucket:Bucket"])}
    assert any(name.startswith("storage.buckets.exemptFromIpFilter") for name in names)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "googleapi: Error 403: Compute Engine API has not been used in project 1 before, SERVICE_DISABLED",
            "gcloud services enable",
        ),
        (
            "googleapi: Error 409: KeyRing projects/p/locations/l/keyRings/k already exists., alreadyExists",
            "generations",
        ),
        ("ZONE_RESOURCE_POOL_EXHAUSTED", "no room"),
        ("Quota 'C3_CPUS' exceeded. Limit: 8.0 in region u-france-east1.", "S3NS support"),
    ],
)
def test_an_error_of_the_cloud_says_what_to_do(message, told):
    assert told in of(TARGET).remedy(message).words
