"""What OVHcloud has of its own: keys, users and their one document, public endpoints; the rest is OpenStack's."""

import datetime

import pytest

from hdh_infra.clouds import cloud
from hdh_infra.model.requirements import REQUIREMENTS
from tests.clouds.deployments import drop, put

TARGET = "ovhcloud:GRA"
SPARK = "zone/lake/machine/spark"
SNDS = "zone/lake/store/snds"
RIGHTS = f"{SPARK}/rights"


def of_type(nodes, name):
    return [node for node in nodes if node.type.endswith(f":{name}")]


def test_networks_and_machines_are_those_of_openstack_but_for_the_endpoints_addresses(small, lower):
    """A cloud that derives from another differs only where it must."""

    def kinds(target):
        return {
            node.path: node.type
            for node in lower(small(), target)
            if node.provider == "openstack" and not node.path.startswith("key/") and "/outside/" not in node.path
        }

    def kinds_without_proxies(target):
        return {path: kind for path, kind in kinds(target).items() if "/exit/" not in path}

    assert kinds_without_proxies(TARGET) == kinds_without_proxies("openstack:RegionOne") == kinds("openstack:RegionOne")


def test_the_domain_of_keys_is_there_before_any_key_so_that_a_spaces_first_key_changes_nothing(small, lower):
    nodes = lower(small(keys={}, zones={"lake": {}}, spaces={}, flows=[]), TARGET)
    assert len(of_type(nodes, "Okms")) == 1
    assert not of_type(nodes, "ServiceKey")


def test_every_key_is_a_protected_service_key_of_256_bits(small, lower):
    keys = of_type(lower(small(), TARGET), "ServiceKey")
    assert {key.element for key in keys} == {"key/lake", "key/projects"}
    assert all(key.protect and key.properties["size"] == 256 for key in keys)


def test_keys_of_rsa_sign_and_encrypt_nothing(small, lower):
    (key,) = [
        one
        for one in of_type(lower(small(keys={"lake": {"algorithm": "rsa-3072"}, "projects": {}}), TARGET), "ServiceKey")
        if one.element == "key/lake"
    ]
    assert (key.properties["type"], key.properties["size"]) == ("RSA", 3072)
    assert key.properties["operations"] == ["sign", "verify"]


def test_what_no_plan_answers_yet_says_so_in_words_that_people_understand():
    for name in ("openstack", "ovhcloud"):
        for requirement, reason in cloud(name).unlowered.items():
            assert requirement in REQUIREMENTS
            assert reason.startswith("no plan of "), requirement


def test_a_user_has_one_document_with_exactly_its_buckets(small, lower):
    nodes = lower(small(), TARGET)
    buckets = {node.element: node.properties["bucket"] for node in of_type(nodes, "Bucket")}
    (rights,) = [node for node in of_type(nodes, "S3Policy") if node.path.startswith("space/cohort-a")]
    statements = rights.properties["policy"]["$json"]["Statement"]
    named = {
        one.split(":::")[1].removesuffix("/*")
        for each in statements
        if each["Effect"] == "Allow"
        for one in each["Resource"]
    }
    assert named == {buckets[SNDS], buckets["space/cohort-a/store/work"]}
    assert {each["Effect"] for each in statements} == {"Allow"}


def test_a_zone_that_uses_a_spaces_store_has_it_in_its_shared_document_and_refers_to_no_node_of_it(small, lower):
    flows = [{"from": SPARK, "to": "space/*/store/work", "ports": [443]}]
    nodes = {node.path: node for node in lower(small(flows=flows), TARGET)}
    assert nodes[RIGHTS].type in cloud("ovhcloud").shared_documents
    text = str(nodes[RIGHTS].properties["policy"])
    assert nodes["space/cohort-a/store/work/bucket"].properties["bucket"] in text
    assert not [path for path in nodes[RIGHTS].depends_on if path.startswith("space/")]


def test_the_project_is_named_where_the_spec_names_it_and_else_left_to_the_environment(small, lower):
    named = lower(small(targets={TARGET: {"project": "5f0e"}}), TARGET)
    assert {node.properties["serviceName"] for node in of_type(named, "S3Credential")} == {"5f0e"}
    assert all("serviceName" not in node.properties for node in of_type(lower(small(), TARGET), "S3Credential"))


def test_the_public_endpoint_is_observed_as_what_it_is(small, deploy):
    observed = deploy(small(targets={TARGET: {"store_proxy": False}}), TARGET).observe()
    assert {observed.elements[flow.to]["private"] for flow in observed.entry} == {False}
    assert {flow.to for flow in observed.entry} == {SNDS, "space/cohort-a/store/work", "space/cohort-b/store/work"}
    stores = [flow for flow in observed.flows if "/store/" in flow.to]
    assert {flow.also_reaches for flow in stores} == {("every bucket behind s3.gra.io.cloud.ovh.net", "internet")}


def test_every_manual_step_says_who_does_what_and_how_it_is_proven(small):
    from hdh_infra.planning import make_plan

    steps = make_plan(small(), TARGET, today=datetime.date(2026, 11, 23)).manual
    assert any("vRack" in step.what for step in steps)
    assert any(SPARK in step.what for step in steps)
    assert all(step.who and step.command and step.proof for step in steps)


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"keys"}, {"/okms/resource"}), ({"administration"}, {"/iam/log/subscription"}), ({"stores", "flows"}, set())],
)
def test_logs_that_no_resource_can_ask_for_are_steps_of_a_person_with_the_call(small, asked, words):
    from hdh_infra.planning import make_plan

    zones = {"audit": {"stores": {"logs": {"size": "1TB", "retention": {"days": 365}, "grants": []}}}}
    parts = {one: one in asked for one in ("stores", "keys", "administration", "flows")}
    platform = small(zones={**small().model_dump(mode="json", by_alias=True)["zones"], **zones}, audit={"store": "zone/audit/store/logs", **parts})  # fmt: skip
    steps = [
        one
        for one in make_plan(platform, TARGET, today=datetime.date(2026, 11, 23)).manual
        if "Logs Data Platform" in one.what
    ]
    assert len(steps) == len(words)
    for step, word in zip(steps, words, strict=True):
        assert word in step.command
        assert "zone/audit/store/logs" in step.what


def test_without_a_named_vrack_everything_on_the_wire_waits_for_the_person_who_attaches_the_project(small):
    from hdh_infra.graph.steps import waiting
    from hdh_infra.planning import make_plan

    plan = make_plan(small(), TARGET, today=datetime.date(2026, 11, 23))
    held = {path for path, steps in waiting(plan.nodes, plan.manual).items() if "vrack" in steps}
    made = {node.path: node.type for node in plan.nodes}
    (check,) = next(step.checks for step in plan.manual if step.id == "vrack")
    on_the_wire = {path for path, token in made.items() if token.rsplit(":")[-1] in {"Network", "Subnet", "Port"}}
    assert on_the_wire
    assert on_the_wire <= held
    assert not {path for path in held if made[path].rsplit(":")[-1] in {"Bucket", "ServiceKey", "User"}}
    # terraform-provider-ovh gives an empty id of a project that is in none.
    assert [check.proved_by(found) for found in ("pn-1", "", None)] == [True, False, False]


def test_a_named_vrack_is_attached_before_any_network_and_no_person_is_asked(small):
    from hdh_infra.planning import make_plan

    named = {TARGET: {"vrack": "pn-1000001", "project": "5f0e"}}
    plan = make_plan(small(targets=named), TARGET, today=datetime.date(2026, 11, 23))
    attached = plan.node("platform/vrack")
    assert attached.properties == {"serviceName": "pn-1000001", "projectId": "5f0e"}
    networks = [node for node in plan.nodes if node.type.endswith(":Network")]
    assert networks
    assert all("platform/vrack" in node.depends_on for node in networks)
    assert not [step for step in plan.manual if step.id == "vrack"]


EVERYTHING = {"$json": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}
MUTATIONS = {
    "the domain of keys lies elsewhere": ("elements", put("platform/keys", region="ca-east-bhs")),
    "a key has no domain": ("elements", put("key/lake/service-key", okmsId="elsewhere")),
    "a key was brought from elsewhere": (
        "elements",
        lambda d: d.types.update({"key/lake/service-key": "ovh:Okms/serviceKeyJWK:ServiceKeyJWK"}),
    ),
    "a bucket lies elsewhere": ("elements", put(f"{SNDS}/bucket", region="bhs")),
    "a bucket is not encrypted": ("elements", drop(f"{SNDS}/bucket", "encryption")),
    "a disk is not encrypted": ("elements", put(f"{SPARK}/data-disk/0", volumeType="high-speed-gen2")),
    "a disk has the cloud's own type": ("elements", drop(f"{SPARK}/data-disk/0", "volumeType")),
    "a document opens every bucket": ("elements", put(RIGHTS, policy=EVERYTHING)),
    "a document lets delete": (
        "elements",
        lambda d: d.nodes[RIGHTS]["policy"]["$json"]["Statement"].append(
            {"Effect": "Allow", "Action": ["s3:PutBucketPolicy"], "Resource": "arn:aws:s3:::*"}
        ),
    ),
    "a user that administers the project writes every bucket": (
        "elements",
        put(f"{SPARK}/user", roleNames=["administrator"]),
    ),
    "a key is shorter": ("elements", put("key/lake/service-key", size=128)),
    "a key is of another kind": ("elements", put("key/lake/service-key", type="RSA")),
    "rules of age delete objects": ("elements", put(f"{SNDS}/bucket", lifecycle=[{"days": 1}])),
    "a document opens nothing": ("flows", put(RIGHTS, policy={"$json": {"Statement": []}})),
    "a document is missing": ("flows", drop(RIGHTS)),
    "a document is another user's": (
        "flows",
        put(RIGHTS, userId={"$ref": "space/cohort-a/machine/desktop/user", "output": "id"}),
    ),
    "a user's key is missing": ("flows", drop(f"{SPARK}/access-key")),
    "a user administers the project": ("elements", put(f"{SPARK}/user", roleNames=["administrator"])),
    "a user administers the project by its single role": (
        "elements",
        lambda d: (
            d.nodes[f"{SPARK}/user"].pop("roleNames"),
            d.nodes[f"{SPARK}/user"].update(roleName="administrator"),
        ),
    ),
    "a port has the project's default group, which lets everything in": (
        "flows",
        drop(f"{SPARK}/port/0", "securityGroupIds"),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_property_changes_what_is_observed(small, deploy, name):
    part, change = MUTATIONS[name]
    before = deploy(small(), TARGET)
    after = before.changed()
    after.types = dict(before.types)
    change(after)
    assert before.observe().to_json()[part] != after.observe().to_json()[part]
