"""Stores on an OpenStack without S3: containers of Swift, credentials of Keystone for each right, and what they come to."""

import datetime

import pytest

from hdh_infra.clouds import cloud
from hdh_infra.graph.observation import Natives
from hdh_infra.planning import make_plan
from tests.clouds.deployments import put

TARGET = "openstack:RegionOne"
TODAY = datetime.date(2026, 11, 23)
SNDS, SPARK, WORK = "zone/lake/store/snds", "zone/lake/machine/spark", "space/cohort-a/store/work"
CONTAINER = f"{SNDS}/container"
CREDENTIAL = f"{SPARK}/right/zone.lake.store.snds-write"


def declared(small, *more, grants=None, **changes):
    value = small().model_dump(mode="json", by_alias=True)
    facts = [one for one in value["facts"] if not one["attribute"].startswith(("store.", "object_store."))]
    facts += [
        {
            "target": TARGET,
            "attribute": name,
            "value": given,
            "source": "operator's handbook",
            "as_of": "2026-11-01",
            "by": "x",
        }
        for name, given in (("object_store.api", "swift"), *more)
    ]
    zones = value["zones"]
    if grants is not None:
        zones["lake"]["stores"]["snds"]["grants"] = grants
    return small(facts=facts, zones=zones, **changes)


@pytest.fixture
def deployed(small, deploy):
    return deploy(declared(small), TARGET)


def test_no_bucket_no_user_and_no_endpoint_of_s3_is_planned_where_there_is_no_s3(small, deployed):
    plan = make_plan(declared(small), TARGET, today=TODAY)
    assert plan.providers["s3"].config == {"withoutS3": True}
    assert not [token for token in deployed.types.values() if token.startswith(("hdh:s3:", "hdh:iam:"))]
    containers = {path for path, token in deployed.types.items() if token.endswith(":Container")}
    assert containers == {f"{path}/container" for path in deployed.observe().elements if "/store/" in path}


def test_a_container_holds_data_has_its_versions_and_lists_nobody(small, lower):
    (node,) = [one for one in lower(declared(small), TARGET) if one.path == CONTAINER]
    assert node.protect
    assert (node.properties["containerRead"], node.properties["containerWrite"]) == ("", "")
    assert (node.properties["versioning"], node.properties["forceDestroy"]) == (True, False)


def test_a_right_is_a_credential_for_one_container_that_never_means_the_container_itself_but_for_looking(deployed):
    node = deployed.nodes[CREDENTIAL]
    name = deployed.nodes[CONTAINER]["name"]
    assert node["unrestricted"] is False
    rules = {(one["service"], one["method"], one["path"]["$format"]) for one in node["accessRules"]}
    assert {service for service, _, _ in rules} == {"object-store"}
    base = f"/v1/AUTH_{{0}}/{name}"
    assert {method for _, method, path in rules if path == base} == {"GET", "HEAD"}
    changing = {path for _, method, path in rules if method in {"PUT", "DELETE"}}
    assert changing == {f"{base}/*", f"{base}/*/**"}
    assert not [path for _, _, path in rules if path.endswith(f"{name}/**")], "it would mean CONTAINER/ too"
    assert not {"POST", "COPY", "PATCH"} & {method for _, method, _ in rules}


def test_rights_that_a_space_brings_are_the_spaces_own_nodes(small, lower):
    flows = [{"from": SPARK, "to": "space/*/store/work", "ports": [443]}]
    nodes = lower(declared(small, flows=flows), TARGET)
    credentials = {one.path for one in nodes if one.type.endswith(":ApplicationCredential")}
    assert credentials == {
        f"space/{space}/way/zone.lake.machine.spark/right/space.{space}.store.work-write" for space in ("cohort-a", "cohort-b")
    }  # fmt: skip


def test_reading_is_exact_and_whoever_may_put_is_observed_to_read_everything(small, deploy):
    """A server copies for whoever puts, from any container of the project."""
    reading = deploy(declared(small, grants=[{"to": SPARK, "access": "read"}]), TARGET).observe()
    assert [one for one in reading.elements[SNDS]["grants"] if one.startswith(SPARK)] == [f"{SPARK} read"]
    others = [path for path in reading.elements if path.startswith("space/") and "/store/" in path]
    assert not [one for path in others for one in reading.elements[path]["grants"] if one.startswith(SPARK)]
    for access in ("append", "write"):
        putting = deploy(declared(small, grants=[{"to": SPARK, "access": access}]), TARGET).observe()
        assert f"{SPARK} read" in putting.elements[others[0]]["grants"]
        assert f"{SPARK} {access}" in putting.elements[SNDS]["grants"]


def verdicts(platform):
    rows = make_plan(platform, TARGET, today=TODAY).verdicts
    return {(row.element, row.attribute): row for row in rows}


def test_what_swift_has_not_is_not_met_with_the_reason_and_what_nobody_said_is_unknown(small):
    zones = {"lake": {"stores": {"logs": {
        "size": "1TB", "retention": {"days": 30}, "expiry": [{"days": 60}], "access_log": True, "grants": [],
        "soft_delete_days": 7,
    }}}}  # fmt: skip
    facts = [
        {
            "target": TARGET,
            "attribute": name,
            "value": given,
            "source": "operator's handbook",
            "as_of": "2026-11-01",
            "by": "x",
        }
        for name, given in (("object_store.api", "swift"), ("region.country", "FR"))
    ]
    found = verdicts(small(zones=zones, facts=facts, flows=[], spaces={}, keys={}))
    logs = "zone/lake/store/logs"
    for attribute, word in (
        ("retention", "no object lock"), ("expiry", "no rules of age"), ("access_log", "files of its operator"), ("soft_delete_days", "no bin"),
    ):  # fmt: skip
        row = found[logs, attribute]
        assert str(row.verdict) == "not-met", attribute
        assert word in row.reason
    assert str(found[logs, "public"].verdict) == "met"
    assert str(found[logs, "versioning"].verdict) == "unknown", "its operator may not allow it"
    assert str(found[logs, "encryption"].verdict) == "unknown"


def test_encryption_and_versions_are_what_the_operator_declares(small):
    found = verdicts(declared(small, ("store.encryption", "provider-key"), ("store.versioning", True)))
    assert found[SNDS, "encryption"].given == "provider-key"
    assert str(found[SNDS, "encryption"].verdict) == "not-met"
    assert str(found[SNDS, "versioning"].verdict) == "met"


def test_a_store_is_reached_by_its_flow_and_the_opening_is_told_as_wide_as_it_is(deployed):
    flows = {(one.source, one.to): one.also_reaches for one in deployed.observe().flows if one.to == SNDS}
    assert (SPARK, SNDS) in flows
    assert any("Swift" in word for word in flows[SPARK, SNDS])


def test_the_same_is_read_from_a_state(small, state, deployed):
    natives = state(declared(small), TARGET)
    observed = cloud("openstack").observe(Natives(natives, "state"), deployed.place)
    expected = deployed.observe()
    assert {path: one for path, one in observed.elements.items() if one["kind"] == "store"} == {
        path: one for path, one in expected.elements.items() if one["kind"] == "store"
    }
    assert {(one.source, one.to) for one in observed.flows} == {(one.source, one.to) for one in expected.flows}


def rule(method, path, service="object-store"):
    return lambda deployed: deployed.nodes[CREDENTIAL]["accessRules"].append(
        {"service": service, "method": method, "path": path.format(name=deployed.nodes[CONTAINER]["name"])}
    )


def only(method, path):
    return lambda deployed: (put(CREDENTIAL, accessRules=[])(deployed), rule(method, path)(deployed))


MUTATIONS = {
    "anybody may read": put(CONTAINER, containerRead=".r:*"),
    "anybody may read and list": put(CONTAINER, containerRead=".r:*,.rlistings"),
    "whoever says to come from a page may read": put(CONTAINER, containerRead=".r:example.com"),
    "whoever has a token may read": put(CONTAINER, containerRead="*:*"),
    "whoever has a token may write": put(CONTAINER, containerWrite="*:*"),
    "a user may read": put(CONTAINER, containerRead="p1:u1"),
    "a project may write": put(CONTAINER, containerWrite="p1 : *"),
    "a role may read": put(CONTAINER, containerRead="reader"),
    "a container keeps no versions": put(CONTAINER, versioning=False),
    "a container lies elsewhere": put(CONTAINER, region="Elsewhere"),
    "a credential has no rules": put(CREDENTIAL, accessRules=[]),
    "a credential may make others": put(CREDENTIAL, unrestricted=True),
    "a credential opens another service": rule("GET", "/v2.1/servers", "compute"),
    "a credential means every container": rule("GET", "/v1/AUTH_x/*"),
    "a credential means the whole account": rule("GET", "/v1/**"),
    "a credential is gone": lambda d: d.nodes.pop(CREDENTIAL),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_property_changes_what_is_observed(deployed, name):
    after = deployed.changed()
    MUTATIONS[name](after)
    assert after.observe() != deployed.observe()


@pytest.mark.parametrize(
    ("method", "path", "grants"),
    [
        ("GET", "/v1/AUTH_x/{name}/*", ["read"]),
        ("HEAD", "/v1/AUTH_x/{name}", ["read"]),
        ("PUT", "/v1/AUTH_x/{name}/*", ["append", "read"]),
        ("PUT", "/v1/AUTH_x/{name}/**", ["write"]),
        ("PUT", "/v1/AUTH_x/{name}", ["write"]),
        ("POST", "/v1/AUTH_x/{name}", ["write"]),
        ("DELETE", "/v1/AUTH_x/{name}/*/**", ["write"]),
        ("OPTIONS", "/v1/AUTH_x/{name}/*", []),
    ],
)
def test_each_method_and_path_comes_to_what_swift_makes_of_it(deployed, method, path, grants):
    only(method, path)(deployed)
    found = deployed.observe().elements[SNDS]["grants"]
    assert [one.removeprefix(f"{SPARK} ") for one in found if one.startswith(SPARK)] == grants


def test_public_lists_are_public_and_named_ones_are_grants(deployed):
    deployed.nodes[CONTAINER]["containerRead"] = ".r:-bad.example,p1:u1"
    seen = deployed.observe().elements[SNDS]
    assert seen["public"] is False
    assert "p1:u1 read" in seen["grants"]
    deployed.nodes[CONTAINER]["containerRead"] = ".r:*"
    assert deployed.observe().elements[SNDS]["public"] is True
