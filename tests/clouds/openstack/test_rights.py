"""Who may read, append to and write which store: what is lowered for it, and what a user's documents are read as."""

import pytest

from hdh_infra.clouds.documents import opened, policy_of
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.model.scales import Access

TARGETS = ["openstack:RegionOne", "ovhcloud:GRA"]
SPARK = "zone/lake/machine/spark"
CONSOLE = "zone/administration/machine/console"
SNDS = "zone/lake/store/snds"
WAYS = [
    {"from": SPARK, "to": SNDS, "ports": [443]},
    {"from": CONSOLE, "to": SNDS, "ports": [443]},
]


def zones(small, **store):
    found = small().model_dump(mode="json", exclude_none=True)["zones"]
    found["lake"]["stores"]["snds"] |= store
    return found


def to(principal, access):
    return {"to": principal, "access": access}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "grants",
    [
        [to(SPARK, "read")],
        [to(SPARK, "append")],
        [to(SPARK, "read"), to(SPARK, "append")],
        [to(SPARK, "write"), to(CONSOLE, "read")],
        [],
    ],
)
def test_grants_are_observed_as_they_were_asked(small, deploy, target, grants):
    observed = deploy(small(flows=WAYS, zones=zones(small, grants=grants)), target).observe()
    assert observed.elements[SNDS]["grants"] == sorted(f"{one['to']} {one['access']}" for one in grants)


@pytest.mark.parametrize("target", TARGETS)
def test_without_grants_a_flow_is_a_right_to_write(small, deploy, target):
    observed = deploy(small(flows=WAYS), target).observe()
    assert observed.elements[SNDS]["grants"] == [f"{CONSOLE} write", f"{SPARK} write"]


@pytest.mark.parametrize("target", TARGETS)
def test_who_may_put_objects_on_a_bucket_without_versions_may_destroy_them(small, deploy, target):
    """An S3 server puts an object in the place of another: only versions make appending a right of its own."""
    asked = zones(small, grants=[to(SPARK, "append")], versioning=False)
    observed = deploy(small(flows=WAYS, zones=asked), target).observe()
    assert observed.elements[SNDS]["grants"] == [f"{SPARK} write"]


@pytest.mark.parametrize("target", TARGETS)
def test_people_are_no_users_of_the_endpoint_so_that_their_right_is_missing(small, deploy, target):
    asked = zones(small, grants=[to("group/stewards", "read"), to(SPARK, "read")])
    groups = {"stewards": {"description": "who look after the data"}}
    observed = deploy(small(flows=WAYS, zones=asked, groups=groups), target).observe()
    assert observed.elements[SNDS]["grants"] == [f"{SPARK} read"]


def test_credentials_of_keystone_write_every_bucket(small, deploy):
    described = small(flows=WAYS).model_dump(mode="json")["facts"]
    facts = [fact for fact in described if fact["attribute"] != "object_store.identities"]
    observed = deploy(small(flows=WAYS, facts=facts), TARGETS[0]).observe()
    for path, given in observed.elements.items():
        if given["kind"] == "store":
            assert given["grants"] == [f"{CONSOLE} write", f"{SPARK} write"], path


def test_credentials_of_no_machine_are_remarked_and_no_grant(small, deploy):
    deployed = deploy(small(), TARGETS[0])
    before = deployed.observe()
    deployed.add("platform/unmanaged/x", "openstack:identity/ec2CredentialV3:Ec2CredentialV3")
    after = deployed.observe()
    assert after.elements[SNDS]["grants"] == before.elements[SNDS]["grants"]
    assert any("which is no machine" in one for one in after.remarks)


@pytest.mark.parametrize("target", TARGETS)
def test_a_machine_without_an_identity_has_no_credentials(small, lower, deploy, target):
    machines = small().model_dump(mode="json", exclude_none=True)["zones"]
    machines["administration"]["machines"]["console"]["identity"] = False
    plain = small(flows=[WAYS[0]], zones=machines)
    kinds = ("user", "access-key", "credential", "rights")
    assert not [
        node for node in lower(plain, target) if node.path.startswith(tuple(f"{CONSOLE}/{one}" for one in kinds))
    ]
    assert deploy(plain, target).observe().elements[CONSOLE]["identity"] is None


def test_a_right_of_a_zones_mover_on_a_spaces_stage_is_the_spaces_own(small, lower):
    """Law 4: on OpenStack each right is a policy of its own; on OVHcloud it stands in the mover's one document."""
    spaces = small().model_dump(mode="json", exclude_none=True)["spaces"]
    spaces["defaults"]["airlock"] = {"import": True, "review": CONSOLE, "mover": SPARK}
    platform = small(flows=[], spaces=spaces)
    nodes = [node for node in lower(platform, TARGETS[0]) if node.type == "hdh:iam:UserPolicy"]
    stages = [node for node in nodes if "zone.lake.machine.spark" in node.path]
    assert {node.path.split("/right/")[0] for node in stages} == {"space/cohort-a", "space/cohort-b"}
    words = {node.path.rsplit(".", 1)[1] for node in stages if node.path.startswith("space/cohort-a/")}
    assert words == {
        "airlock-import-draft-read",
        "airlock-import-in-review-append",
        "airlock-import-approved-append",
        "airlock-import-rejected-append",
        "airlock-import-blocked-append",
    }
    (document,) = [node for node in lower(platform, TARGETS[1]) if node.path == f"{SPARK}/rights"]
    assert str(document.properties["policy"]).count("airlock-import-draft") == 4


def reader(*buckets):
    natives = [Native(name, "hdh:s3:Bucket", {"bucket": name, "versioning": True}) for name in buckets]
    return Reader(Natives(natives, "plan"), None)


@pytest.mark.parametrize(
    "accesses",
    [{"a": [Access.read]}, {"a": [Access.append]}, {"a": [Access.read, Access.append], "b": [Access.write]}, {}],
)
def test_a_document_is_read_as_what_it_was_made_of(accesses):
    found = opened(reader("a", "b", "c").buckets, [policy_of(accesses)])
    assert found == {name: frozenset(some) for name, some in accesses.items()}


def test_a_document_never_lets_a_version_go_or_a_rule_change():
    actions = {action for one in policy_of({"a": list(Access)})["Statement"] for action in one["Action"]}
    assert not [one for one in actions if any(word in one for word in ("Version", "Policy", "Acl", "Lifecycle", "*"))]


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["s3:DeleteObject"], {"write"}),
        (["s3:PutBucketPolicy"], {"write"}),
        (["s3:PutLifecycleConfiguration"], {"write"}),
        (["s3:BypassGovernanceRetention"], {"write"}),
        (["S3:putobject"], {"append"}),
        (["s3:Get*"], {"read"}),
        (["s3:*"], {"write"}),
        (["s3:ListBucketVersions"], {"read"}),
    ],
)
def test_every_action_that_ends_in_losing_data_is_writing(actions, expected):
    statement = {"Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::a/*"}
    assert opened(reader("a").buckets, [{"Statement": [statement]}]) == {
        "a": frozenset(Access(one) for one in expected)
    }


def test_a_denial_takes_back_what_it_covers_and_no_more():
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}
    deny = {"Effect": "Deny", "Action": ["s3:*"], "Resource": "arn:aws:s3:::a/*"}
    some = {**deny, "Resource": "arn:aws:s3:::a/old/*"}
    when = {**deny, "Condition": {"IpAddress": {}}}
    assert set(opened(reader("a", "b").buckets, [{"Statement": [allow, deny]}])) == {"b"}
    assert set(opened(reader("a", "b").buckets, [{"Statement": [allow, some]}])) == {"a", "b"}
    assert set(opened(reader("a", "b").buckets, [{"Statement": [allow, when]}])) == {"a", "b"}


OWN = {"import": True, "review": CONSOLE, "mover": SPARK}


def with_own_airlock(small):
    """A platform whose first space alone has an airlock, and names machines of zones that nothing else leads to a store."""
    described = small().model_dump(mode="json", exclude_none=True)["spaces"]
    described["defaults"]["flows"] = []
    described["projects"]["cohort-a"]["airlock"] = OWN
    return small(flows=[], spaces=described)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_space_alone_asks_of_a_zones_machine_is_the_spaces_own(small, lower, lock_of, target):
    """Law 4: further credentials, and a rule that no other space's is the same as; both come and go with the space."""
    platform = with_own_airlock(small)
    without = small(flows=[], spaces={**platform.spaces.model_dump(mode="json"), "projects": {"cohort-b": {}}})
    lock = lock_of(without, target)
    before, after = ({node.path: node for node in lower(one, target, lock)} for one in (without, platform))
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert all(path.startswith("space/cohort-a/") for path in changed), changed
    way, door = (f"space/cohort-a/{part}/{SPARK.replace('/', '.')}" for part in ("way", "exit/door"))
    opened = {
        "openstack:RegionOne": {f"{way}/addresses", f"{way}/outside/tcp-443"},
        "ovhcloud:GRA": {f"{door}/out", f"{door}/in"},
    }
    assert {f"{way}/user", f"{way}/access-key", *opened[target]} <= after.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_space_alone_gives_a_zones_machine_is_observed_as_that_machines(small, deploy, target):
    deployed = deploy(with_own_airlock(small), target)
    observed = deployed.observe()
    stage = "space/cohort-a/store/airlock-import-in-review"
    assert observed.elements[stage]["grants"] == [f"{CONSOLE} read", f"{SPARK} append"]
    assert (SPARK, stage, (443,)) in {(flow.source, flow.to, flow.ports) for flow in observed.flows}
    assert observed.elements[SPARK]["identity"] == "access-key"
    opening = {"openstack:RegionOne": "way/{}/outside/tcp-443", "ovhcloud:GRA": "exit/door/{}/out"}[target]
    del deployed.nodes[f"space/cohort-a/{opening.format(SPARK.replace('/', '.'))}"]
    assert not [flow for flow in deployed.observe().flows if (flow.source, flow.to) == (SPARK, stage)]


@pytest.mark.parametrize("target", TARGETS)
def test_every_key_is_put_into_its_machine_by_a_step_that_a_person_can_follow(small, target):
    import datetime

    from hdh_infra.planning import make_plan

    steps = make_plan(with_own_airlock(small), target, today=datetime.date(2026, 11, 25)).manual
    assert any(f"space/cohort-a/way/{SPARK.replace('/', '.')} into {SPARK}" in step.what for step in steps)
