"""Access logs: who writes them where, on which offer they are asked, and what must hold before they are observed."""

import datetime

import pytest

from hdh_infra.clouds import of
from hdh_infra.planning import make_plan
from tests.clouds.deployments import put

LAKE, LOGS = "zone/lake/store/snds", "zone/audit/store/logs"
WORK = "space/cohort-a/store/work"
BUCKET, TAKING = f"{LAKE}/bucket", f"{LOGS}/bucket"
TODAY = datetime.date(2026, 11, 23)
OVH, OPENSTACK = "ovhcloud:GRA", "openstack:RegionOne"
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
SERVICE = "logging.s3.amazonaws.com"


@pytest.fixture
def logged(small):
    """The small platform with an audit store of which every other store's accesses are asked; facts by attribute."""

    def make(lock=True, encrypted=True, asked=("stores",), **facts):
        value = small().model_dump(mode="json", by_alias=True)
        logs = {
            "size": "1TB",
            "grants": [],
            "encryption": "provider-key" if encrypted else "none",
            "retention": {"days": 365} if lock else None,
        }
        declared = {"store.access_log": True, "object_store.log_target": "any", **facts}
        return small(
            zones={**value["zones"], "audit": {"stores": {"logs": logs}}},
            audit={"store": LOGS, **{part: part in asked for part in ("stores", "keys", "administration", "flows")}},
            facts=[
                *value["facts"],
                *(
                    {
                        "target": OPENSTACK, "attribute": name, "value": given, "source": "operator's handbook",
                        "as_of": "2026-11-01", "by": "operator",
                    }
                    for name, given in declared.items() if given is not None
                ),
            ],
        )  # fmt: skip

    return make


def logs_of(observed):
    return {path: one["access_log"] for path, one in observed.elements.items() if one["kind"] == "store"}


@pytest.mark.parametrize("target", [OVH, OPENSTACK])
def test_every_store_but_the_one_that_keeps_the_logs_writes_its_own_part_of_it(logged, deploy, target):
    deployed = deploy(logged(), target)
    targets = {
        path: properties["logging"]["targetPrefix"]
        for path, properties in deployed.nodes.items()
        if "logging" in properties
    }
    assert targets == {f"{path}/bucket": f"{path}/" for path in logs_of(deployed.observe()) if path != LOGS}
    assert logs_of(deployed.observe()) == {path: path != LOGS for path in logs_of(deployed.observe())}
    assert deployed.nodes[TAKING].get("objectLock"), "the logs lie under a lock"


@pytest.mark.parametrize("target", [OVH, OPENSTACK])
def test_the_verdict_is_met_and_no_grant_shows_the_clouds_own_writing(logged, target):
    plan = make_plan(logged(), target, today=TODAY)
    rows = [row for row in plan.verdicts if row.requirement == "store.access_log" and row.asked]
    assert rows
    assert {str(row.verdict) for row in rows} == {"met"}
    grants = [row for row in plan.verdicts if row.requirement == "store.grants" and row.element == LOGS]
    assert [row.given for row in grants] == [[]]


def test_the_log_service_is_let_in_by_what_the_offer_knows(logged, deploy):
    by_acl, by_policy = (deploy(logged(), target).nodes[TAKING] for target in (OVH, OPENSTACK))
    assert by_acl["logDelivery"] is True
    assert "policy" not in by_acl
    assert "logDelivery" not in by_policy
    (statement,) = by_policy["policy"]["$json"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": SERVICE}, ["s3:PutObject"])
    assert statement["Resource"] == [f"arn:aws:s3:::{by_policy['bucket']}/*"]
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::small-*"}}


def test_the_audit_store_is_ready_before_any_store_is_logged_so_that_a_space_changes_nothing_of_it(logged, deploy):
    for target in (OVH, OPENSTACK):
        none, some = (deploy(logged(asked=asked), target).nodes for asked in ((), ("stores",)))
        assert none[TAKING] == some[TAKING]
        assert "logging" not in none[BUCKET]
        assert "logging" in some[BUCKET]


def test_nothing_is_asked_of_an_endpoint_of_which_nobody_said_that_it_has_access_logs(logged, deploy):
    for given, seen in ((None, None), (False, False)):
        platform = logged(**{"store.access_log": given})
        deployed = deploy(platform, OPENSTACK)
        assert not [path for path, properties in deployed.nodes.items() if "logging" in properties]
        assert "policy" not in deployed.nodes[TAKING]
        assert logs_of(deployed.observe())[LAKE] is seen
        rows = [
            row for row in make_plan(platform, OPENSTACK, today=TODAY).verdicts if row.requirement == "store.access_log"
        ]
        verdicts = {str(row.verdict) for row in rows if row.asked}
        assert verdicts == ({"unknown"} if given is None else {"not-met"})


@pytest.mark.parametrize(
    ("takes", "lock", "encrypted", "seen"),
    [
        ("any", True, True, True),
        ("locked", True, False, True),
        ("locked", True, True, False),
        ("encrypted", False, True, True),
        ("encrypted", True, True, False),
        ("plain", True, False, False),
        ("plain", False, False, True),
        (None, False, False, True),
        (None, True, False, None),
        (None, False, True, None),
    ],
)
def test_logs_are_asked_only_where_they_can_arrive_and_what_nobody_knows_stays_unknown(
    logged, deploy, takes, lock, encrypted, seen
):
    deployed = deploy(logged(lock, encrypted, **{"object_store.log_target": takes}), OPENSTACK)
    assert ("logging" in deployed.nodes[BUCKET]) is (seen is not False)
    assert logs_of(deployed.observe())[LAKE] is seen


def drop(path, name):
    return lambda deployed: deployed.nodes[path].pop(name)


def statement(**parts):
    return lambda deployed: deployed.nodes[TAKING]["policy"]["$json"]["Statement"][0].update(parts)


NOT_LOGGED = {
    "a bucket names none": (OVH, drop(BUCKET, "logging")),
    "a bucket logs into somebody else's": (OVH, put(BUCKET, logging={"targetBucket": "eve", "targetPrefix": ""})),
    "a bucket logs into itself": (
        OVH,
        lambda d: put(BUCKET, logging={"targetBucket": d.nodes[BUCKET]["bucket"], "targetPrefix": ""})(d),
    ),
    "the log service may not write": (OVH, drop(TAKING, "logDelivery")),
    "a policy lets the log service in where ACLs count": (
        OVH,
        lambda d: (drop(TAKING, "logDelivery")(d), put(TAKING, policy={"$json": {"Statement": []}})(d)),
    ),
    "there is no policy": (OPENSTACK, drop(TAKING, "policy")),
    "the policy lets another service in": (OPENSTACK, statement(Principal={"Service": "other"})),
    "the policy lets logs of others in": (
        OPENSTACK,
        statement(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::other-*"}}),
    ),
    "the policy has a condition that nobody knows": (
        OPENSTACK,
        statement(Condition={"StringEquals": {"aws:SourceAccount": "1"}}),
    ),
    "the policy means a part of the bucket": (OPENSTACK, statement(Resource="arn:aws:s3:::x/y/*")),
    "the policy takes it back": (
        OPENSTACK,
        lambda d: d.nodes[TAKING]["policy"]["$json"]["Statement"].append(
            {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
        ),
    ),
}


@pytest.mark.parametrize("name", NOT_LOGGED)
def test_a_log_that_cannot_arrive_is_none_and_it_is_said_why(logged, deploy, name):
    target, change = NOT_LOGGED[name]
    before = deploy(logged(), target)
    after = before.changed()
    change(after)
    assert logs_of(before.observe())[LAKE] is True
    assert logs_of(after.observe())[LAKE] is False
    if "logging" in after.nodes[BUCKET]:
        assert after.observe().remarks != before.observe().remarks


def test_the_same_is_read_from_a_state_where_buckets_are_named_and_policies_are_text(logged, state, deploy):
    from hdh_infra.graph.observation import Natives

    for target in (OVH, OPENSTACK):
        platform = logged()
        place = deploy(platform, target).place
        observed = of(place.target).observe(Natives(state(platform, target), "state"), place)
        assert logs_of(observed) == logs_of(deploy(platform, target).observe())


def test_what_the_sandbox_left_out_is_not_known_and_said(logged, deploy):
    deployed = deploy(logged(), OVH)
    del deployed.nodes[BUCKET]["logging"]
    deployed.nodes[BUCKET]["withheld"] = ["logging"]
    observed = deployed.observe()
    assert logs_of(observed)[LAKE] is None
    assert any("the sandbox's S3 server has none" in one for one in observed.remarks)


@pytest.mark.parametrize(
    ("grantee", "permission", "public", "grant"),
    [
        (EVERYONE, "READ", True, f"{EVERYONE} read"),
        ("eve", "FULL_CONTROL", False, "eve write"),
        ("eve", "WRITE_ACP", False, "eve write"),
        ("eve", "READ", False, "eve read"),
        ("eve", "READ_ACP", False, None),
    ],
)
def test_what_an_acl_lets_others_do_is_observed(small, deploy, grantee, permission, public, grant):
    deployed = deploy(small(), OVH)
    before = deployed.observe().elements[LAKE]
    deployed.nodes[BUCKET]["acl"] = [{"grantee": grantee, "permission": permission}]
    after = deployed.observe().elements[LAKE]
    assert after["public"] is public
    assert set(after["grants"]) - set(before["grants"]) == ({grant} if grant else set())
