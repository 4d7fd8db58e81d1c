"""Who uses and who administers a key: Barbican's lists and OVHcloud's policies, lowered, read back and judged."""

import pytest

from hdh_infra.graph.observation import Native
from hdh_infra.planning import make_plan

OPENSTACK, OVHCLOUD = "openstack:RegionOne", "ovhcloud:GRA"
GROUPS = {"readers": {"description": "read it"}, "keepers": {"description": "keep it"}}
URN = "urn:v1:eu:identity:group:xx1-ovh/"
TODAY = __import__("datetime").date(2026, 11, 25)


def asking(small, target, **lake):
    ids = {
        OPENSTACK: {"readers": "user-1 user-2", "keepers": "user-3"},
        OVHCLOUD: {"readers": f"{URN}readers", "keepers": f"{URN}keepers"},
    }
    keys = {"lake": {"users": ["group/readers"], **lake}, "projects": {}}
    return small(groups=GROUPS, keys=keys, targets={target: {"groups": ids[target]}})


def rows(platform, target, element="key/lake"):
    found = make_plan(platform, target, today=TODAY).verdicts
    return {row.attribute: row for row in found if row.element == element}


def test_a_list_names_the_users_of_groups_and_never_the_project(small, lower, deploy):
    platform = asking(small, OPENSTACK)
    nodes = {node.path: node for node in lower(platform, OPENSTACK)}
    access = nodes["key/lake/access"].properties
    assert access["users"] == ["user-1", "user-2"]
    assert access["projectAccess"] is False
    assert access["ref"] == {"$ref": "key/lake/order", "output": "secretRef"}
    assert nodes["key/projects/access"].properties["users"] == []
    assert deploy(platform, OPENSTACK).observe().elements["key/lake"]["users"] == ["group/readers"]


def test_a_pair_has_its_list_on_the_container(small, lower):
    nodes = {node.path: node for node in lower(asking(small, OPENSTACK, algorithm="rsa-3072"), OPENSTACK)}
    assert nodes["key/lake/access"].properties["ref"] == {"$ref": "key/lake/order", "output": "containerRef"}


def test_half_a_group_is_no_group_and_is_shown_by_its_id(small, deploy):
    deployed = deploy(asking(small, OPENSTACK), OPENSTACK)
    deployed.nodes["key/lake/access"]["users"] = ["user-1", "user-3"]
    assert deployed.observe().elements["key/lake"]["users"] == ["group/keepers", "user-1"]


def test_a_secret_that_was_stored_says_by_itself_who_reads_it(small, deploy):
    deployed = deploy(small(), OPENSTACK)
    deployed.types["key/lake/order"] = "openstack:keymanager/secretV1:SecretV1"
    del deployed.nodes["key/lake/access"]
    deployed.nodes["key/lake/order"]["acl"] = {"read": {"projectAccess": False, "users": ["eve"]}}
    assert deployed.observe().elements["key/lake"]["users"] == ["eve"]
    del deployed.nodes["key/lake/order"]["acl"]["read"]["projectAccess"]
    assert deployed.observe().elements["key/lake"]["users"] == ["eve", "project"]


def test_readers_that_are_named_differ_and_what_barbican_cannot_name_is_not_met(small):
    """Its maker and the project's admins read it too, which every report says; administrators no list can name."""
    found = rows(asking(small, OPENSTACK, administrators=["keepers"]), OPENSTACK)
    assert (found["users"].verdict, found["users"].given) == ("differs", ["group/readers"])
    assert "maker" in found["users"].means
    assert (found["administrators"].verdict, found["administrators"].given) == ("not-met", [])
    assert "administrators is none, asked was group/keepers" in found["administrators"].reason


@pytest.mark.parametrize("target", [OPENSTACK, OVHCLOUD])
def test_a_machine_or_a_group_without_an_id_is_not_met_and_said_which(small, target):
    platform = asking(small, target, users=["group/readers", "zone/lake/machine/spark"])
    found = rows(platform, target)["users"]
    assert found.verdict == "not-met"
    assert "asked was group/readers, zone/lake/machine/spark" in found.reason
    nameless = platform.model_copy(update={"targets": {}})
    assert rows(nameless, target)["users"].given == []
    assert rows(nameless, target)["users"].verdict == "not-met"


@pytest.mark.parametrize("target", [OPENSTACK, OVHCLOUD])
def test_stores_that_are_not_encrypted_with_the_key_are_told_once_by_their_own_verdict(small, target):
    platform = small(keys={"lake": {}, "projects": {}})
    assert rows(platform, target)["users"].asked == []
    assert rows(platform, target, "zone/lake/store/snds")["encryption"].verdict == "not-met"


def test_use_and_administration_are_policies_apart_on_one_key(small, lower, deploy):
    platform = asking(small, OVHCLOUD, administrators=["keepers"])
    nodes = {node.path: node for node in lower(platform, OVHCLOUD)}
    use, administration = nodes["key/lake/use"].properties, nodes["key/lake/administration"].properties
    assert (use["identities"], administration["identities"]) == ([f"{URN}readers"], [f"{URN}keepers"])
    assert use["resources"] == administration["resources"]
    assert use["resources"][0]["$format"] == "urn:v1:eu:resource:okms:{0}/serviceKey/{1}"
    assert {one.rsplit("/", 1)[-1] for one in use["allows"]} == {"encrypt", "decrypt", "create", "get"}
    # Whoever may update a key makes it extractable; whoever wraps carries others out.
    everything = {*use["allows"], *administration["allows"]}
    assert not {f"okms:apikms:serviceKey/{one}" for one in ("update", "wrapKey", "unwrapKey")} & everything
    assert "key/projects/use" not in nodes
    seen = deploy(platform, OVHCLOUD).observe()
    assert seen.elements["key/lake"]["users"] == ["group/readers"]
    assert seen.elements["key/lake"]["administrators"] == ["group/keepers"]
    assert rows(platform, OVHCLOUD)["users"].verdict == rows(platform, OVHCLOUD)["administrators"].verdict == "met"


def with_policy(change):
    def apply(deployed):
        change(deployed.nodes["key/lake/use"])

    return apply


POLICIES = {
    "names another identity": with_policy(lambda p: p.update(identities=[f"{URN}eve"])),
    "names nobody": with_policy(lambda p: p.update(identities=[])),
    "allows to destroy": with_policy(lambda p: p["allows"].append("okms:apikms:serviceKey/delete")),
    "allows to make it extractable": with_policy(lambda p: p["allows"].append("okms:apikms:serviceKey/update")),
    "allows everything": with_policy(lambda p: p.update(allows=["*"])),
    "allows nothing that counts": with_policy(lambda p: p.update(allows=["okms:apikms:serviceKey/get"])),
    "takes out what it allowed": with_policy(lambda p: p.update(excepts=["okms:apikms:*"])),
    "denies what it allowed": with_policy(lambda p: p.update(denies=["okms:*"])),
    "is of another key": with_policy(lambda p: p.update(resources=["urn:v1:eu:resource:okms:a/serviceKey/b"])),
    "ends": with_policy(lambda p: p.update(expiredAt="2027-01-01T00:00:00Z")),
    "has a condition": with_policy(lambda p: p.update(conditions={"operator": "MATCH"})),
    "gives groups of permissions": with_policy(lambda p: p.update(allows=[], permissionsGroups=["urn:x"])),
    "a second one is of the domain": lambda deployed: deployed.extra.append(
        Native(
            "x/policy",
            "ovh:Iam/policy:Policy",
            {"identities": ["root"], "resources": ["urn:v1:eu:resource:okms:*"], "allows": ["okms:*"]},
        )
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_changed_policy_changes_who_is_seen(small, deploy, name):
    before = deploy(asking(small, OVHCLOUD, administrators=["keepers"]), OVHCLOUD)
    after = before.changed()
    POLICIES[name](after)
    assert before.observe().elements["key/lake"] != after.observe().elements["key/lake"]


def test_who_both_uses_and_administers_is_remarked(small, deploy):
    deployed = deploy(asking(small, OVHCLOUD), OVHCLOUD)
    deployed.nodes["key/lake/use"]["allows"] = ["okms:*"]
    assert any("may both use and administer" in one for one in deployed.observe().remarks)


@pytest.mark.parametrize("target", [OPENSTACK, OVHCLOUD])
def test_a_state_of_rights_on_keys_is_read_as_its_plan(small, deploy, state, target):
    from hdh_infra.catalogue.load import site
    from hdh_infra.clouds import of
    from hdh_infra.graph.observation import Natives
    from hdh_infra.model.target import Target

    platform = asking(small, target, administrators=["keepers"])
    lowering = of(Target.parse(target))
    held = lowering.observe(
        Natives(state(platform, target), "state", lowering.identifiers), site(Target.parse(target), platform)
    )
    assert held.elements["key/lake"] == deploy(platform, target).observe().elements["key/lake"]
    assert held.elements["key/lake"]["users"] == ["group/readers"]
