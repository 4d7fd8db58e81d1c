"""The end of a waiver blocks changes to what it was for, and no others: pure, over plans, changes and states."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hdh_infra as hdh
from hdh_infra.catalogue.load import site
from hdh_infra.deploy.ended import Ended, touches
from hdh_infra.errors import RefusedError
from hdh_infra.graph.diff import Change, Effect, PropertyChange, diff_nodes
from hdh_infra.graph.plan import Plan
from hdh_infra.model.paths import element_of
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.waiving import waived
from hdh_infra.testing.recorder import Recorder

SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"
TARGET = "ovhcloud:GRA"
UNTIL = datetime.date(2027, 6, 30)
STORE = "zone/lake/store/snds"


def platform(**waiver: object) -> Platform:
    """The small platform with one waiver of one store's encryption that ends before all others."""
    value = hdh.load(SMALL).model_dump(mode="json", by_alias=True)
    others = [one for one in value["waivers"] if one["requirement"] != "store.encryption" or one["target"] != TARGET]
    usual = {
        "requirement": "store.encryption",
        "target": TARGET,
        "accept": "provider-key",
        "reason": "until it has KMS",
    }
    mine = [
        {**usual, "element": "space/*/store/work", "until": "2027-11-30"},
        {**usual, "element": STORE, "until": str(UNTIL), **waiver},
    ]
    return Platform.model_validate({**value, "waivers": [*others, *mine]})


def planned(spec: Platform, today: datetime.date) -> Plan:
    return make_plan(spec, TARGET, today=today)


AFTER = UNTIL + datetime.timedelta(days=1)
SPEC = platform()
PLAN = planned(SPEC, AFTER)
PATHS = [node.path for node in PLAN.nodes]
EFFECTS = st.sampled_from(Effect)


def change(path: str, effect: Effect) -> Change:
    return Change(path, "x:y:Z", effect)


@given(
    changes=st.dictionaries(st.sampled_from(PATHS), EFFECTS, max_size=8),
    days=st.integers(-3, 3),
    passed=st.sets(st.integers(1, 3), max_size=2),
)
def test_a_plan_is_refused_after_the_end_where_it_touches_the_element_and_only_there(changes, days, passed):
    """Invariant: whatever else changes, only the waiver's own element decides, and only after its end, but for recorded days."""
    today = UNTIL + datetime.timedelta(days=days)
    records = [{"on": str(UNTIL + datetime.timedelta(days=one)), "reason": "it cannot wait"} for one in sorted(passed)]
    spec = platform(passed=records)
    rows = [row for row in PLAN.verdicts if row.requirement == "store.encryption" and row.element == STORE]
    judged = waived([replace(row, waiver=None) for row in rows], spec, site(Target.parse(TARGET), spec), today)
    ended = Ended.of(replace(PLAN, verdicts=judged), spec)
    found = [change(path, effect) for path, effect in changes.items()]
    expected = days > 0 and days not in passed and any(element_of(one.path) == STORE and touches(one) for one in found)
    if expected:
        with pytest.raises(RefusedError) as caught:
            ended.refuse(found, "s")
        assert not [path for path in changes if element_of(path) != STORE and f"{path} (" in str(caught.value)]
    else:
        ended.refuse(found, "s")
    for path in changes:
        assert (ended.why(path) is not None) == (days > 0 and days not in passed and element_of(path) == STORE)


@pytest.mark.parametrize("effect", Effect)
def test_what_the_engine_does_not_change_touches_nothing(effect):
    assert touches(change("a", effect)) == (effect not in {Effect.move, Effect.options, Effect.ignored})


@pytest.mark.parametrize("by_option", [True, False])
def test_what_a_cloud_ignores_is_asked_of_it_all_the_same(by_option):
    """Invariant: the state and the engine's hook judge alike; what the plan itself leaves to the cloud the engine never asks."""
    one = PropertyChange("attributes", 1, 2, Effect.ignored, by_option=by_option)
    assert touches(replace(change("a", Effect.ignored), properties=(one,))) == (not by_option)


def test_a_first_deployment_makes_the_element_and_is_refused_for_it():
    """Invariant: no downgrade is deployed anew under a waiver that has ended; the message has all that a person needs."""
    with pytest.raises(RefusedError) as caught:
        Ended.of(PLAN, SPEC).refuse(diff_nodes((), PLAN.nodes, _Nothing()), "small on ovhcloud:GRA (stack s)")
    told = str(caught.value)
    for words in (
        "small on ovhcloud:GRA (stack s)",
        "a waiver has ended",
        "store.encryption (not-met): asked customer-key, given provider-key",
        f"for {STORE}",
        f"waivers[{len(SPEC.waivers) - 1}]: provider-key was accepted until 2027-06-30 (until it has KMS)",
        f"would change: {STORE}/bucket (make)",
        "Nothing was changed",
        "passed: [{on: 2027-07-01, reason: ...}]",
    ):
        assert words in told


class _Nothing:
    def judge(self, token, path, leaves):
        raise AssertionError("nothing was there before")

    def members(self, token):
        return ""


def test_the_message_names_the_line_of_the_description(tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text(SMALL.read_text(encoding="utf-8").replace("until: 2027-11-30", "until: 2027-06-30"))
    spec = hdh.load(file)
    line = next(
        number
        for number, text in enumerate(file.read_text().splitlines(), 1)
        if "key.protection" in text and f"'{TARGET}', accept" in text
    )
    why = Ended.of(planned(spec, AFTER), spec).why("key/lake/service-key")
    assert f"{file}:{line}:" in str(why)


def test_a_waiver_of_the_whole_holds_the_whole_and_one_without_a_resource_what_it_lies_in():
    """Invariant: what has no native resource of its own is never changed in silence."""
    row = next(row for row in PLAN.verdicts if row.ended)
    for element, free, held in (
        ("platform", (), ("platform/router", "space/cohort-a/subnet")),
        ("key/none", (), ("platform/router", "space/cohort-a/subnet")),
        ("space/cohort-a/key/none", ("platform/router", "space/cohort-b/subnet"), ("space/cohort-a/subnet",)),
        (STORE, ("platform/router", "zone/lake/subnet"), (f"{STORE}/bucket",)),
    ):
        spec = platform(element="**") if element != STORE else SPEC
        ended = Ended.of(replace(PLAN, verdicts=(replace(row, element=element),)), spec)
        assert [path for path in free if ended.why(path)] == []
        assert [path for path in held if not ended.why(path)] == []


def test_of_a_flow_what_opens_it_elsewhere_is_held_too_and_of_a_way_out_its_network():
    """Invariant: law 4 puts what opens a flow under who asks for it; a new one is a change to what was waived all the same."""
    row = next(row for row in PLAN.verdicts if row.ended)
    where = "openstack:RegionOne"
    plan = make_plan(SPEC, where, today=AFTER)
    flow = replace(row, requirement="flow.exact", attribute="flows")
    ended = Ended.of(replace(plan, verdicts=(flow,)), platform(requirement="flow.exact", target=where))
    held = {node.path for node in plan.nodes if ended.why(node.path)}
    elsewhere = {path for path in held if element_of(path) != STORE}
    assert held - elsewhere == {f"{STORE}/bucket"}
    assert {element_of(path) for path in elsewhere} == {"zone/lake", "space/cohort-a"}
    assert all("/right/" in path and path.endswith("zone.lake.store.snds-write") for path in elsewhere)
    machine = "space/cohort-a/machine/desktop"
    out = replace(row, requirement="egress.host_names", attribute="to pypi.org tcp", element=machine)
    ended = Ended.of(replace(PLAN, verdicts=(out,)), platform(requirement="egress.host_names", element=machine))
    held = {element_of(path) for path in PATHS if ended.why(path)}
    assert held == {machine, "space/cohort-a"}


def test_under_mocks_nothing_is_registered_that_an_ended_waiver_was_for():
    """Invariant: where no engine asks, all would be made anew, and the whole is refused; a recorded day lets it through."""
    recorder = Recorder()
    with pytest.raises(RefusedError, match="a waiver has ended"):
        recorder.deploy(SPEC, TARGET, today=AFTER)
    assert not recorder.seen
    passed = platform(passed=[{"on": str(AFTER), "reason": "the board said so"}])
    recorder = Recorder()
    recorder.deploy(passed, TARGET, today=AFTER)
    assert f"{STORE}/bucket" in recorder.seen
