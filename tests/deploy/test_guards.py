"""What must hold before anything is deployed: no engine is needed to refuse."""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.deploy import stored
from hdh_infra.deploy.guards import (
    changes_of,
    check_nothing_lost,
    check_nothing_replaced,
    done_in_vain,
    read_current_lock,
    refuse_blocked,
)
from hdh_infra.deploy.stored import needed_by
from hdh_infra.deploy.world import check_backend, check_state, sandbox_of_backend
from hdh_infra.errors import EngineError, RefusedError
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan, Provider, VerdictRow
from hdh_infra.graph.values import fill, form_of, lookup, ref, transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.model.target import Target
from tests.growth import calls

TARGET = Target.parse("openstack:RegionOne")
BUCKET = Node(
    "zone/lake/store/snds/bucket", "hdh:s3:Bucket", "s3", {}, protect=True, aliases=("zone/lake/store/snds/old",)
)
PLAN = Plan("small", str(TARGET), {}, {"s3": Provider("hdh", "0.1.0")}, (BUCKET,))


def platform(**more):
    return Platform.model_validate({"name": "small", "residency": {"countries": ["FR"]}, **more})


def row(verdict, waiver=None):
    return VerdictRow(
        "key/lake", "key.protection", "protection", "hsm", "software", verdict, "no module", "source", "2026-11-23",
        Confidence.primary, remedy="Ask software.", waiver=waiver,
    )  # fmt: skip


@pytest.mark.parametrize("verdict", [Verdict.not_met, Verdict.unknown])
def test_a_verdict_that_blocks_is_refused_with_where_what_and_remedy(verdict):
    """Invariant: nothing is deployed under an unwaived verdict, and every one of them is told."""
    with pytest.raises(RefusedError) as caught:
        refuse_blocked(replace(PLAN, verdicts=(row(verdict), replace(row(verdict), element="key/audit"))))
    assert "2 requirements are not met" in str(caught.value)
    assert f"key.protection ({verdict}): asked hsm, given software\n    for key/lake, key/audit" in str(caught.value)
    assert "Ask software." in str(caught.value)


@pytest.mark.parametrize("in_force", [True, False])
def test_a_waived_verdict_does_not_stop_the_whole(in_force):
    """Invariant: a waiver lets a plan through, and its end stops changes to its element only (`test_ended`)."""
    refuse_blocked(replace(PLAN, verdicts=(row(Verdict.not_met, {"in_force": in_force}),)))


def test_without_a_lock_nothing_is_deployed_and_the_remedy_names_the_command():
    """Invariant: deploying wants a lock that is up to date for the target."""
    with pytest.raises(RefusedError, match="hdh lock SPEC --on openstack:RegionOne"):
        read_current_lock(platform(), TARGET, None)


def test_a_moved_node_is_not_a_lost_one():
    """Invariant: an alias counts as being in the plan."""
    assert check_nothing_lost(PLAN, platform(), ["zone/lake/store/snds/old"], "s") == {}


def test_what_is_retired_goes_by_its_word_and_nothing_else_goes():
    """Invariant: a retired element's data goes; another's stops everything."""
    retired = platform(retire=[{"element": "key/old", "reason": "the study has ended", "data": "keep"}])
    assert check_nothing_lost(PLAN, retired, ["key/old/key"], "s") == {"key/old/key": "keep"}
    with pytest.raises(RefusedError, match="key/other/key"):
        check_nothing_lost(PLAN, retired, ["key/old/key", "key/other/key"], "s")


def test_a_sandbox_and_a_real_backend_refuse_each_other(tmp_path):
    """Invariant: environment and backend are of one world, or nothing starts."""
    (tmp_path / "hdh-sandbox.json").write_text('{"id": "one"}')
    sandbox, real = tmp_path.as_uri(), (tmp_path / "elsewhere").as_uri()
    assert sandbox_of_backend(sandbox) == "one"
    check_backend({"HDH_SANDBOX": "one"}, sandbox)
    check_backend({}, real)
    for environment, backend in (
        ({}, sandbox),
        ({"HDH_SANDBOX": "one"}, real),
        ({"HDH_SANDBOX": "one"}, None),
        ({"HDH_SANDBOX": "two"}, sandbox),
        ({"HDH_SANDBOX": "one"}, "https://example.org"),
    ):
        with pytest.raises(RefusedError, match="nothing was changed"):
            check_backend(environment, backend)


def test_the_mark_in_a_state_is_held_against_the_environment():
    """Invariant: a state remembers its world; one without a platform belongs to none yet."""
    check_state({}, "s", None)
    check_state({}, "s", "")
    check_state({"HDH_SANDBOX": "one"}, "s", "one")
    for environment, mark in (({}, "one"), ({"HDH_SANDBOX": "one"}, ""), ({"HDH_SANDBOX": "one"}, "two")):
        with pytest.raises(RefusedError):
            check_state(environment, "s", mark)


def test_the_place_of_the_state_is_never_chosen_silently():
    """Invariant: without a backend, or without a passphrase, nothing starts, and the message says what to write."""
    from hdh_infra.deploy.engine import backend_of, secrets_of
    from hdh_infra.deploy.request import Request

    request = Request(platform(), TARGET, None, None, "s", datetime.date(2026, 11, 23), {}, Path("pulumi"))
    with pytest.raises(EngineError, match="PULUMI_BACKEND_URL"):
        backend_of(request)
    with pytest.raises(EngineError, match="PULUMI_CONFIG_PASSPHRASE_FILE"):
        secrets_of(request)
    told = platform(targets={str(TARGET): {"state": {"backend": "s3://states", "secrets": "awskms://key"}}})
    assert backend_of(replace(request, platform=told)) == "s3://states"
    assert secrets_of(replace(request, platform=told)) == "awskms://key"
    sandbox = {"HDH_SANDBOX": "one", "PULUMI_BACKEND_URL": "file:///sandbox", "PULUMI_CONFIG_PASSPHRASE": ""}
    assert backend_of(replace(request, platform=told, environment=sandbox)) == "file:///sandbox"
    assert secrets_of(replace(request, platform=told, environment=sandbox)) == "passphrase"


def test_natives_are_inputs_overlaid_by_outputs_without_secrets():
    """Invariant: what the cloud said last wins, and a secret is not there at all."""
    secret = {stored.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    entry = {
        "urn": "urn:pulumi:s::hdh-platform::hdh:platform:Platform$hdh:s3:Bucket::zone/lake/store/snds/bucket",
        "type": "hdh:s3:Bucket",
        "custom": True,
        "id": "b",
        "inputs": {"versioning": True, "policy": "asked", "__defaults": []},
        "outputs": {"policy": "given", "key": secret, "deep": {"list": [secret, 1]}, "__meta": "x"},
    }
    leftover = {**entry, "delete": True, "id": "old"}
    (found,) = stored.natives_of_state({"deployment": {"resources": [entry, leftover]}})
    assert found.id == "b"
    assert found.path == "zone/lake/store/snds/bucket"
    assert found.properties == {"versioning": True, "policy": "given", "deep": {"list": [None, 1]}}


ROOT = Path(__file__).parents[2]
SMALL = ROOT / "examples" / "small.yaml"
TARGETS = ["azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA"]
WHY = "its data were copied elsewhere"
SECRET = {stored.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def resolved(value):
    """A plan's value as the engine has it in a state, with what it notes of its own."""
    match form_of(value):
        case "$ref":
            return f"{value['output']} of {value['$ref']}"
        case "$lookup":
            return f"found {value['$lookup']}"
        case "$secret":
            return SECRET
        case "$format":
            return fill(value["$format"], [str(resolved(one)) for one in value["args"]])
        case "$json":
            return json.dumps(transform(value["$json"], lambda _, form: resolved(form)))
        case "$base64":
            return base64.b64encode(str(resolved(value["$base64"])).encode()).decode()
    if isinstance(value, dict):
        return {"__defaults": [], **{key: resolved(one) for key, one in value.items() if one is not None}}
    if isinstance(value, list):
        return [resolved(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def state_of(plan, **inputs):
    """The export of a stack on which a plan was deployed; `inputs` by path are laid over those of their nodes."""
    return {
        "deployment": {
            "resources": [
                {
                    "urn": f"urn:pulumi:s::hdh-platform::hdh:platform:Zone${node.type}::{node.path}",
                    "type": node.type,
                    "custom": True,
                    "id": f"id of {node.path}",
                    "protect": node.protect,
                    "provider": f"urn:pulumi:s::hdh-platform::pulumi:providers:x::{node.provider}::04da6b54",
                    "inputs": {**resolved(dict(node.properties)), **inputs.get(node.path, {})},
                    "outputs": {},
                }
                for node in plan.nodes
            ]
        }
    }


def found(plan, state, **words):
    return check_nothing_replaced(changes_of(plan, state), platform(**words), "s")


def data_plan(**properties):
    nodes = [
        Node("platform/keys", "ovh:Okms/okms:Okms", "ovh", {"region": "rbx", "displayName": "keys"}),
        Node("key/lake/key", "ovh:Okms/serviceKey:ServiceKey", "ovh", {"okmsId": ref("platform/keys"), "operations": ["encrypt", "decrypt"]}, protect=True),
        Node("zone/lake/store/snds/bucket", "hdh:s3:Bucket", "s3", {"bucket": "a", "versioning": True, "forceDestroy": False}, protect=True),
        Node("zone/lake/machine/m/server", "openstack:compute/instance:Instance", "os", {"imageId": lookup("t", {}, "id", "os"), "imageName": "debian"}),
        Node("zone/lake/machine/m/disk", "openstack:blockstorage/volume:Volume", "os", {"size": 10, "region": "X", "metadata": {"a": "b"}}, protect=True),
    ]  # fmt: skip
    names = {"okms": 0, "key": 1, "bucket": 2, "server": 3, "disk": 4}
    for name, changed in properties.items():
        node = nodes[names[name]]
        nodes[names[name]] = replace(node, properties={**node.properties, **changed})
    return Plan("small", str(TARGET), {}, {"s3": Provider("hdh", "0.1.0")}, tuple(nodes))


@pytest.mark.parametrize("target", TARGETS)
def test_an_unchanged_deployment_never_looks_changed(target):
    """Invariant: no form, no secret, no number and no note of the engine makes a difference."""
    planned = hdh.plan(hdh.load(SMALL), target, today=datetime.date(2026, 11, 23))
    assert changes_of(planned, state_of(planned)) == ()


@pytest.mark.parametrize(
    "inputs",
    [
        {"size": 10.0},
        {"size": "10"},
        {"region": "x"},
        {"metadata": {"a": "b", "__defaults": []}},
        {"metadata": {"a": SECRET}},
        {"snapshotId": "", "backupId": None, "sourceVolId": None, "schedulerHints": []},
        {"name": "made-up-1234", "__defaults": ["name"]},
        {"availabilityZone": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
    ],
)
def test_what_an_engine_and_a_provider_note_in_a_state_is_no_change(inputs):
    """Invariant: filled-in names, empty values, secrets, unknowns, numbers as texts are not refused."""
    planned = data_plan()
    assert found(planned, state_of(planned, **{"zone/lake/machine/m/disk": inputs})) == {}


def test_what_the_contract_says_that_a_provider_fills_is_no_change():
    """Invariant: a project that the environment gave stands in the state and not in the plan."""
    user = Node("zone/lake/machine/m/user", "ovh:CloudProject/user:User", "ovh", {"description": "m"}, protect=True)
    planned = replace(data_plan(), nodes=(user,))
    assert found(planned, state_of(planned, **{user.path: {"serviceName": "5f0e"}})) == {}


def test_another_order_of_the_same_words_is_no_change():
    """Invariant: a cloud gives a set back in its own order."""
    planned = data_plan()
    state = state_of(planned, **{"key/lake/key": {"operations": ["decrypt", "encrypt"]}})
    assert found(planned, state) == {}


@pytest.mark.parametrize(
    ("changed", "path", "says"),
    [
        ({"bucket": {"bucket": "b"}}, "zone/lake/store/snds/bucket", "replaced): bucket: a -> b"),
        ({"bucket": {"objectLock": {"days": 1}}}, "zone/lake/store/snds/bucket", "replaced): objectLock: nothing -> "),
        ({"okms": {"region": "gra"}}, "key/lake/key", "replaced): okmsId: platform/keys is replaced"),
        ({"server": {"imageName": "ubuntu"}}, "zone/lake/machine/m/server", "wiped, though the engine shows an update"),
        ({"disk": {"snapshotId": "s"}}, "zone/lake/machine/m/disk", "replaced): snapshotId"),
    ],
)
def test_a_plan_that_would_replace_or_wipe_data_of_the_state_is_refused_until_the_spec_says_so(changed, path, says):
    """Invariant: nothing that holds data is made anew without the word, whatever the engine would show."""
    state = state_of(data_plan())
    with pytest.raises(RefusedError) as caught:
        found(data_plan(**changed), state)
    assert f"  {path} (" in str(caught.value)
    assert says in str(caught.value)
    assert "Nothing was changed" in str(caught.value)
    assert "replace: {element, reason}" in caught.value.remedy
    element = path.rsplit("/", 1)[0]
    assert set(found(data_plan(**changed), state, replace=[{"element": element, "reason": WHY}])) == {path}


@pytest.mark.parametrize(
    "changed", [{"disk": {"size": 20}}, {"bucket": {"versioning": False}}, {"server": {"userData": "x"}}]
)
def test_what_keeps_the_data_is_not_refused(changed):
    """Invariant: an update in place, and a new machine beside its data disk, lose nothing."""
    assert found(data_plan(**changed), state_of(data_plan())) == {}


def test_a_holder_that_is_no_longer_protected_is_still_one():
    """Invariant: protection in the state counts as much as in the plan, one of both is enough."""
    state, planned = state_of(data_plan()), data_plan(bucket={"bucket": "b"})
    nodes = tuple(replace(node, protect=False) for node in planned.nodes)
    with pytest.raises(RefusedError, match="zone/lake/store/snds/bucket"):
        found(replace(planned, nodes=nodes), state)
    for entry in state["deployment"]["resources"]:
        entry["protect"] = False
    with pytest.raises(RefusedError, match="zone/lake/store/snds/bucket"):
        found(planned, state)


def test_a_holder_of_a_type_that_nobody_knows_is_refused():
    """Invariant: what nobody has read is taken for the worst."""
    odd = Node("zone/a/store/s/x", "toy:x:Odd", "toy", {"name": "a"}, protect=True)
    planned = replace(data_plan(), nodes=(odd,))
    assert found(planned, state_of(planned)) == {}
    changed = replace(planned, nodes=(replace(odd, properties={"name": "b"}),))
    with pytest.raises(RefusedError, match="nobody knows what the change does"):
        found(changed, state_of(planned))


def test_a_moved_data_holder_is_the_same_one_and_is_released_under_both_names():
    """Invariant: an alias leads to the state's own path, for what is let go there."""
    before = data_plan()
    moved = replace(before.nodes[2], path="zone/lake/store/snds/new", aliases=("zone/lake/store/snds/bucket",))
    planned = replace(before, nodes=(*before.nodes[:2], moved, *before.nodes[3:]))
    assert found(planned, state_of(before)) == {}
    changed = replace(
        planned,
        nodes=tuple(replace(node, properties={"bucket": "b"}) if node is moved else node for node in planned.nodes),
    )
    words = {"replace": [{"element": "zone/lake/store/snds", "reason": WHY}]}
    assert set(found(changed, state_of(before), **words)) == {moved.path, "zone/lake/store/snds/bucket"}


def test_what_a_cloud_accepts_and_does_not_do_is_told():
    """Invariant: a key that stays of its kind although the plan has another is not passed over in silence."""
    key = Node(
        "key/lake/key",
        "azure-native:keyvault:Key",
        "azure",
        {"keyName": "lake", "properties": {"kty": "RSA"}},
        protect=True,
    )
    planned = replace(data_plan(), nodes=(key,))
    raised = replace(planned, nodes=(replace(key, properties={"keyName": "lake", "properties": {"kty": "RSA-HSM"}}),))
    assert found(raised, state_of(planned)) == {}
    (line,) = done_in_vain(changes_of(raised, state_of(planned)))
    assert line.startswith("key/lake/key: properties.kty stays as it was")


def test_a_leftover_of_a_replacement_and_a_component_are_not_looked_at():
    """Invariant: only native resources that are there are held against the plan."""
    state = state_of(data_plan())
    leftover = {**state["deployment"]["resources"][2], "delete": True, "inputs": {"bucket": "old"}}
    state["deployment"]["resources"] += [leftover, {"urn": "urn:x::platform", "type": "hdh:platform:Platform"}]
    assert changes_of(data_plan(), state) == ()


def test_an_empty_state_holds_nothing():
    """Invariant: the first deployment is never refused for what is not there."""
    assert found(data_plan(), {}) == {}


def test_a_machine_that_becomes_fewer_needs_the_word_for_its_disk():
    """Invariant: what the spec still describes cannot be retired; `replace` says that its disk may go."""
    kept = replace(data_plan(), nodes=data_plan().nodes[:4])
    protected = ["zone/lake/machine/m/disk"]
    with pytest.raises(RefusedError, match=r"zone/lake/machine/m/disk.*under replace"):
        check_nothing_lost(kept, platform(), protected, "s")
    said = platform(replace=[{"element": "zone/lake/machine/m", "reason": WHY}])
    assert check_nothing_lost(kept, said, protected, "s") == {"zone/lake/machine/m/disk": "delete"}


def test_taking_over_another_thing_than_the_state_has_is_refused():
    """Invariant: the engine deletes what it had where the plan imports another id; the id may be the one it was imported by."""
    before = data_plan()
    state = state_of(before)
    state["deployment"]["resources"][1]["importID"] = "okms/key"
    for adopt, refused in (("okms/key", False), ("id of key/lake/key", False), ("okms/other", True)):
        nodes = tuple(replace(one, adopt=adopt) if one.path == "key/lake/key" else one for one in before.nodes)
        planned = replace(before, nodes=nodes)
        if refused:
            with pytest.raises(RefusedError, match="adopt: id of key/lake/key -> okms/other"):
                found(planned, state)
        else:
            assert found(planned, state) == {}


def test_what_exists_is_the_same_however_a_provider_writes_its_id():
    """Invariant: a thing that is only referred to never looks replaced."""
    before = data_plan()
    planned = replace(before, nodes=(replace(before.nodes[0], existing="OKMS-1"), *before.nodes[1:]))
    state = state_of(planned)
    state["deployment"]["resources"][0] |= {"external": True, "id": "project/okms-1", "inputs": {}}
    assert changes_of(planned, state) == ()


def test_the_work_of_holding_a_state_against_its_plan_grows_with_its_resources():
    before = data_plan()

    def work(spaces):
        nodes = tuple(
            replace(node, path=f"space/s{number}/{node.path}") for number in range(spaces) for node in before.nodes
        )
        planned = replace(before, nodes=nodes)
        state = state_of(planned)
        found = []
        spent = calls(lambda: found.append(changes_of(planned, state)))
        assert found == [()]
        return spent

    assert work(1000) < 12 * work(100)


def test_what_protects_kept_data_and_what_it_lies_in_is_needed_by_it_and_what_reaches_it_is_not():
    """Invariant: of what goes, the settings of kept data and all that it depends on; nothing that depends on it otherwise."""

    def one(path, type_, *on):
        urn = "urn:pulumi:s::p::t::{}".format
        return {"urn": urn(path), "type": type_, "custom": True, "id": path, "dependencies": [urn(each) for each in on]}

    state = {
        "deployment": {
            "resources": [
                one("space/x/group", "a:Group"),
                one("space/x/key/default/key", "a:Key", "space/x/group"),
                one("space/x/store/work/account", "a:Account", "space/x/key/default/key"),
                one("space/x/store/work/service", "a:Versions", "space/x/store/work/account"),
                one("space/x/store/work/endpoint", "a:Endpoint", "space/x/store/work/account"),
                one("zone/lake/store/snds/service", "a:Versions", "zone/lake/store/snds/account"),
                one("zone/lake/store/snds/account", "a:Account"),
            ]
        }
    }
    needed = needed_by(state, {"space/x/store/work/account"}, {"zone/lake/store/snds/account"}, {"a:Versions"})
    assert needed == ["space/x/group", "space/x/key/default/key", "space/x/store/work/service"]
    assert needed_by(state, set(), set(), {"a:Versions"}) == []
