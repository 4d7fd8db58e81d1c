"""What must hold before anything is deployed: no engine is needed to refuse."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from hdh_infra.deploy import stored
from hdh_infra.deploy.guards import check_nothing_lost, read_current_lock, refuse_blocked
from hdh_infra.deploy.world import check_backend, check_state, sandbox_of_backend
from hdh_infra.errors import EngineError, RefusedError
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan, Provider, VerdictRow
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.model.target import Target

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


def test_a_waived_verdict_does_not_block():
    """Invariant: a waiver in force lets a plan through, an expired one does not."""
    refuse_blocked(replace(PLAN, verdicts=(row(Verdict.not_met, {"in_force": True}),)))
    with pytest.raises(RefusedError):
        refuse_blocked(replace(PLAN, verdicts=(row(Verdict.not_met, {"in_force": False}),)))


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
