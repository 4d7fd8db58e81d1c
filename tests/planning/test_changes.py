"""What a change of the spec does, judged: data is refused without a word, and a space touches its own nodes only."""

import datetime
import json
from dataclasses import replace

import pytest

import hdh_infra as hdh
from hdh_infra.errors import SpecError
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.graph.values import ref
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.changes import diff_plans
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.plan_file import read_plan

TODAY = datetime.date(2026, 11, 23)
TARGETS = ["azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA"]
BUCKET = Node("zone/lake/store/snds/bucket", "hdh:s3:Bucket", "s3", {"bucket": "a"}, protect=True)
DOMAIN = Node("platform/keys", "ovh:Okms/okms:Okms", "ovh", {"region": "eu-west-rbx"})
KEY = Node("key/lake/key", "ovh:Okms/serviceKey:ServiceKey", "ovh", {"okmsId": ref("platform/keys")}, protect=True)
SERVER = Node("zone/lake/machine/spark/server/0", "openstack:compute/instance:Instance", "os", {"imageId": "a"})
DISK = Node(
    "zone/lake/machine/spark/data-disk/0", "openstack:blockstorage/volume:Volume", "os", {"size": 1}, protect=True
)
NODES = (DOMAIN, KEY, BUCKET, SERVER, DISK)
PROVIDERS = {key: Provider(package, "1.0.0") for key, package in (("s3", "hdh"), ("ovh", "ovh"), ("os", "openstack"))}
WHY = "moved elsewhere meanwhile"


def plan(*nodes, **more):
    return replace(Plan("small", "ovhcloud:GRA", {}, PROVIDERS, nodes or NODES), **more)


def platform(**more):
    return Platform.model_validate({"name": "small", "residency": {"countries": ["FR"]}, **more})


def changed(node, **properties):
    return plan(*(replace(one, properties={**one.properties, **properties}) if one is node else one for one in NODES))


def diff(new, **words):
    return diff_plans(plan(), new, platform(**words))


def judged(found):
    return {one.change.path: (str(one.change.effect), one.refused, one.word) for one in found.changes}


def test_a_data_holder_that_would_be_made_anew_is_refused_until_the_spec_says_so():
    assert judged(diff(changed(BUCKET, bucket="b"))) == {BUCKET.path: ("replace", True, None)}
    for element in ("zone/lake/store/snds", "**/store/*", BUCKET.path):
        said = diff(changed(BUCKET, bucket="b"), replace=[{"element": element, "reason": WHY}])
        assert judged(said) == {BUCKET.path: ("replace", False, "replace")}
    other = diff(changed(BUCKET, bucket="b"), replace=[{"element": "zone/lake/store/other", "reason": WHY}])
    assert [one.change.path for one in other.refused] == [BUCKET.path]


def test_a_lock_of_objects_that_comes_makes_a_new_bucket_and_one_that_is_changed_does_not():
    locked = {"objectLock": {"mode": "compliance", "days": 5}}
    assert judged(diff(changed(BUCKET, **locked)))[BUCKET.path][0] == "replace"
    longer = {"objectLock": {"mode": "compliance", "days": 9}}
    before, after = changed(BUCKET, **locked), changed(BUCKET, **longer)
    assert judged(diff_plans(before, after, platform())) == {BUCKET.path: ("update", False, None)}


def test_keys_go_with_the_domain_that_they_lie_in():
    assert judged(diff(changed(DOMAIN, region="eu-west-gra"))) == {
        DOMAIN.path: ("replace", False, None),
        KEY.path: ("replace", True, None),
    }


def test_a_machine_that_is_rebuilt_under_the_eyes_of_nobody_is_refused_where_it_has_a_data_disk():
    """Invariant: what the engine shows as an update and loses a disk needs the spec's word."""
    assert judged(diff(changed(SERVER, imageId="b"))) == {SERVER.path: ("wipe", True, None)}
    assert judged(diff(changed(SERVER, userData="b"))) == {SERVER.path: ("replace", False, None)}
    alone = [replace(SERVER, properties={"imageId": image}) for image in ("a", "b")]
    assert judged(diff_plans(plan(alone[0]), plan(alone[1]), platform())) == {SERVER.path: ("wipe", False, None)}


def test_a_type_that_nobody_knows_is_taken_for_the_worst_where_it_holds_data():
    odd = [Node("zone/a/store/s/x", "toy:m:Odd", "s3", {"a": value}, protect=True) for value in (1, 2)]
    found = diff_plans(plan(odd[0]), plan(odd[1]), platform())
    assert judged(found) == {"zone/a/store/s/x": ("unknown", True, None)}
    assert "toy:m:Odd has no contract" in found.changes[0].change.because[0]


def test_what_goes_needs_its_word_and_what_becomes_fewer_another():
    without = plan(DOMAIN, KEY, SERVER, DISK)
    assert judged(diff(without)) == {BUCKET.path: ("remove", True, None)}
    assert "retire" in diff(without).refused[0].remedy
    for word in ("keep", "delete"):
        said = diff(without, retire=[{"element": "zone/lake/store/snds", "reason": WHY, "data": word}])
        assert judged(said) == {BUCKET.path: ("remove", False, word)}
    fewer = plan(DOMAIN, KEY, BUCKET, SERVER)
    assert "Ask for as many" in diff(fewer).refused[0].remedy
    said = diff(fewer, replace=[{"element": "zone/lake/machine/spark", "reason": WHY}])
    assert judged(said) == {DISK.path: ("remove", False, "delete")}
    assert judged(diff(without, replace=[{"element": "zone/lake/store/snds", "reason": WHY}]))[BUCKET.path][1]


def test_plans_of_another_platform_or_target_are_refused_with_what_was_found():
    for other, words in (({"platform": "clinic"}, "is of clinic"), ({"target": "ovhcloud:SBG"}, "is of ovhcloud:SBG")):
        with pytest.raises(SpecError, match=words):
            diff_plans(plan(**other), plan(), platform(), file="old.json")


def test_the_json_of_a_difference_is_short_and_whole():
    found = diff(plan(*(replace(one, properties={"bucket": "b" * 500}) if one is BUCKET else one for one in NODES)))
    written = json.loads(json.dumps(found.to_json()))
    assert set(written) == {"format", "platform", "target", "providers", "changes", "counts", "refused"}
    assert written["format"] == "hdh-plan-diff/1"
    assert written["counts"] == {"replace": 1}
    (change,) = written["changes"]
    assert change["properties"][0]["old"] == "a"
    assert len(change["properties"][0]["new"]) == 120
    assert (change["holds_data"], change["refused"], change["word"]) == (True, True, None)
    assert written["refused"][0]["path"] == BUCKET.path
    assert "replace" in written["refused"][0]["remedy"]


def test_a_provider_that_changes_is_told():
    found = diff(plan(providers={**PROVIDERS, "s3": Provider("hdh", "2.0.0")}))
    assert found.to_json()["providers"] == {
        "s3": {
            "old": {"package": "hdh", "version": "1.0.0", "config": {}},
            "new": {"package": "hdh", "version": "2.0.0", "config": {}},
        }
    }


SMALL = "examples/small.yaml"
SPACE = "    cohort-aa: {ends: 2028-06-30, members: 4}\n"
FLOW = "  - {from: space/cohort-aa, to: zone/lake/store/snds, ports: [443]}\n"
RETIRE = "retire:\n  - {element: 'space/cohort-b/**', reason: the study has ended, data: delete}\n"


@pytest.fixture(scope="module")
def small(request):
    return (request.config.rootpath / SMALL).read_text(encoding="utf-8")


def with_another(text):
    text = text.replace("    cohort-a: {", SPACE + "    cohort-a: {", 1)
    return text.replace("\nflows:\n", "\nflows:\n" + FLOW, 1)


def without_b(text):
    return "".join(line for line in text.splitlines(keepends=True) if "cohort-b" not in line) + RETIRE


def ended_b(text):
    return text.replace("cohort-b: {ends: 2027-12-31", "cohort-b: {ends: 2026-11-01")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("change", "name", "effects"),
    [
        (with_another, "cohort-aa", {"make"}),
        (without_b, "cohort-b", {"remove"}),
        (ended_b, "cohort-b", {"make", "update", "remove", "options", "replace"}),
    ],
    ids=["add", "remove", "end"],
)
def test_adding_ending_or_removing_a_space_touches_only_its_own_nodes(small, tmp_path, target, change, name, effects):
    """Invariant: law 4, by the difference of two plans under one lock."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(small, encoding="utf-8")
    after.write_text(change(small), encoding="utf-8")
    old, new = hdh.load(before), hdh.load(after)
    lock = update_lock(None, old, [Target.parse(target)])
    found = diff_plans(
        hdh.plan(old, target, lock=lock, today=TODAY), hdh.plan(new, target, lock=lock, today=TODAY), new
    )
    assert {one.change.path.split("/")[1] for one in found.changes} <= {name}
    assert all(one.change.path.startswith(f"space/{name}/") for one in found.changes)
    assert {str(one.change.effect) for one in found.changes} <= effects
    assert found.changes or change is ended_b
    assert not found.refused
    assert found.providers == {}


@pytest.mark.parametrize("target", TARGETS)
def test_every_type_that_the_examples_become_is_known_by_what_its_changes_do(request, target):
    """Invariant: no type is lowered of which nobody has read what replaces it."""
    from hdh_infra.contracts import contract

    for example in sorted((request.config.rootpath / "examples").glob("*.yaml")):
        plan = hdh.plan(hdh.load(example), target, today=TODAY)
        unknown = {node.type for node in plan.nodes if not (found := contract(node.type)) or not found.changes_known}
        assert unknown == set(), f"{example.name}: say what they do in hdh_infra/contracts/data/changes.json"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("{", "old.json:1:2 is not JSON"),
        ("[" * 100_000, "is not JSON of a plan"),
        ("[{}, {}]", "is a list of 2, not one plan"),
        ("5", "is int, not a plan"),
        ("{}", "says no format"),
        ('{"format": 3}', "says no format"),
        ('{"format": "hdh-plan/9"}', "is of the format hdh-plan/9, and this version reads hdh-plan/1"),
        ('{"format": "hdh-comparison/1"}', "is of the format hdh-comparison/1, and a plan is hdh-plan/1"),
        ('{"format": "hdh-plan/1", "platform": 5}', "old.json platform: "),
        ('{"format": "hdh-plan/1", "nodes": {}}', "the plan is damaged"),
        (b"\xff\xfe", "is not a text in UTF-8"),
    ],
)
def test_what_is_no_plan_is_refused_with_what_it_is_and_how_to_write_one(tmp_path, text, says):
    file = tmp_path / "old.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as caught:
        read_plan(file)
    assert says in str(caught.value)
    assert "hdh plan SPEC" in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        (lambda plan: plan["nodes"][0].pop("path"), "nodes[0].path"),
        (lambda plan: plan["nodes"][1].update(properties=[]), "nodes[1].properties"),
        (lambda plan: plan["nodes"][1].update(protect="perhaps"), "nodes[1].protect"),
        (lambda plan: plan["nodes"].append(plan["nodes"][0]), "is there twice"),
        (lambda plan: plan["providers"]["s3"].pop("version"), "providers.s3.version"),
        (lambda plan: plan.pop("target"), "target"),
    ],
)
def test_a_damaged_plan_is_refused_with_the_place_of_every_fault(tmp_path, damage, field):
    value = json.loads(plan().dumps())
    damage(value)
    file = tmp_path / "old.json"
    file.write_text(json.dumps(value))
    with pytest.raises(SpecError) as caught:
        read_plan(file)
    assert field in str(caught.value)
    assert "damaged" in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"cannot be read \(No such file"):
        read_plan(tmp_path / "none.json")


def test_a_plan_reads_back_from_its_file(tmp_path):
    file = tmp_path / "old.json"
    file.write_text(plan().dumps())
    assert read_plan(file) == plan()
