"""Steps by hand: what waits for them, what their proof may be asked of, and that plans without them are read."""

import json
from dataclasses import replace

import pytest

from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Check, ManualStep, Plan, Provider
from hdh_infra.graph.steps import verify_steps, waiting
from hdh_infra.graph.text import text_of
from hdh_infra.graph.values import ref, secret

VAULT = Node("key/lake/vault", "x:y:Vault", "x", {"name": "v"}, outputs=("uri",), secret_outputs=("token",))
KEY = Node("key/lake/key", "x:y:Key", "x", {}, depends_on=("key/lake/vault",))
USE = Node("zone/a/store/s/use", "x:y:Use", "x", {"scope": ref("key/lake/key")})
ACCOUNT = Node("zone/a/store/s/account", "x:y:Account", "x", {}, depends_on=("zone/a/store/s/use",))
OTHER = Node("zone/a/network", "x:y:Network", "x", {})
NODES = (VAULT, OTHER, KEY, USE, ACCOUNT)
CHECK = Check("x:y:getKey", "x", {"vault": ref("key/lake/vault", "name")}, "kty", "RSA-HSM", after=("key/lake/vault",))
STEP = ManualStep("bring it", "its owner", "az", "it is there", "key/lake/import", ("key/lake/key",), (CHECK,))


def rules(*steps):
    return verify_steps(steps, NODES, {"x": 1}.keys())


def plan(*steps):
    return Plan("p", "azure:francecentral", {}, {"x": Provider("x", "1")}, NODES, manual=steps)


def test_what_refers_to_what_waits_waits_too_and_nothing_else():
    assert waiting(NODES, [STEP]) == dict.fromkeys((KEY.path, USE.path, ACCOUNT.path), frozenset({STEP.id}))
    assert waiting(NODES, [ManualStep("a", "b", "c", "d")]) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"id": ""}, "has no id"),
        ({"checks": ()}, "nothing proves it"),
        ({"before": ("key/other/key",)}, "is not there"),
        ({"checks": (replace(CHECK, provider="z"),)}, "no provider|not there: z"),
        ({"checks": (replace(CHECK, after=("zone/b",)),)}, "zone/b, which is not there"),
        ({"checks": (replace(CHECK, after=("zone/a/store/s/account",)),)}, "which waits for it"),
        ({"checks": (replace(CHECK, args={"a": {"$what": 1}}),)}, "no form of a plan"),
        ({"checks": (replace(CHECK, args={"a": secret("s")}),)}, "the secret s"),
        ({"checks": (replace(CHECK, args={"a": ref("key/lake/vault", "token")}),)}, "the secret token"),
        ({"checks": (replace(CHECK, args={"a": ref("key/lake/vault", "nothing")}),)}, "does not declare it"),
    ],
)
def test_each_broken_rule_of_a_step_is_found(change, told):
    found = rules(replace(STEP, **change))
    if told is None:
        assert found == []
    else:
        assert any(part in line for line in found for part in told.split("|")), found


def test_two_steps_of_one_name_are_refused_and_one_may_be_proved_by_what_waits_for_an_earlier():
    assert any("twice" in line for line in rules(STEP, STEP))
    later = replace(STEP, id="zone/a/store/s/step", before=(ACCOUNT.path,), checks=(replace(CHECK, after=(KEY.path,)),))
    assert rules(STEP, later) == []
    assert any("later step" in line for line in rules(later, STEP))


@pytest.mark.parametrize(
    ("value", "found", "proved"),
    [
        (None, "anything", True),
        (None, None, False),
        ("Locked", "locked", True),
        ("Locked", "Unlocked", False),
        (3, 3, True),
    ],
)
def test_an_answer_proves_a_step_by_its_value_or_by_being_there(value, found, proved):
    assert replace(CHECK, value=value).proved_by(found) is proved


def test_a_plan_with_steps_is_its_own_json_and_one_from_before_is_read():
    made = plan(STEP, ManualStep("a", "b", "c", "d"))
    assert Plan.from_json(json.loads(made.dumps())) == made
    older = json.loads(made.dumps())
    for step in older["manual"]:
        for name in ("id", "before", "checks"):
            del step[name]
    assert Plan.from_json(older).manual[1] == made.manual[1]
    assert Plan.from_json(older).manual[0].gates is False


def test_the_text_of_a_plan_says_what_waits():
    assert "before: key/lake/key, and what refers to them" in text_of(plan(STEP))
    assert "before:" not in text_of(plan(ManualStep("a", "b", "c", "d")))
