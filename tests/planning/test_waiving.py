"""A waiver accepts one verdict as it is or better, for a time, and nothing else."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.catalogue.load import site
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.platform import Platform
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.scales import Confidence, Encryption, Verdict
from hdh_infra.model.target import Target
from hdh_infra.model.wording import in_days
from hdh_infra.planning.waiving import NOTICE, behind, idle_waivers, waived, waiver_remarks

TARGET = "ovhcloud:GRA"
UNTIL = datetime.date(2027, 6, 30)
ROW = VerdictRow(
    "zone/a/store/s", "store.encryption", "encryption", "customer-key", "provider-key", Verdict.not_met,
    "the offer has no more", "a page", "2026-11-01", Confidence.primary,
)  # fmt: skip


def platform(*waivers: dict) -> Platform:
    usual = {
        "requirement": ROW.requirement,
        "element": ROW.element,
        "target": TARGET,
        "accept": "provider-key",
        "reason": "because we like it",
        "until": str(UNTIL),
    }
    described = {"name": "clinic", "residency": {"countries": ["FR"]}, "waivers": [{**usual, **one} for one in waivers]}
    return Platform.model_validate(described)


def judged(row: VerdictRow, *waivers: dict, today: datetime.date = UNTIL) -> VerdictRow:
    spec = platform(*waivers)
    (found,) = waived([row], spec, site(Target.parse(TARGET), spec), today)
    return found


def told(row: VerdictRow, *waivers: dict, today: datetime.date = UNTIL) -> list[str]:
    spec = platform(*waivers)
    return list(waiver_remarks([row], spec, site(Target.parse(TARGET), spec), today))


def idle(row: VerdictRow, *waivers: dict, today: datetime.date = UNTIL) -> list[str]:
    spec = platform(*waivers)
    return [str(one) for one in idle_waivers([row], spec, site(Target.parse(TARGET), spec), today)]


def test_a_waiver_is_in_force_through_its_last_day_and_shown_but_not_in_force_from_the_next_on():
    on_the_day, after = judged(ROW, {}), judged(ROW, {}, today=UNTIL + datetime.timedelta(days=1))
    assert not on_the_day.blocks
    assert after.blocks
    assert after.waiver == {**on_the_day.waiver, "in_force": False}
    assert on_the_day.waiver["reason"] == "because we like it"


DAYS = st.integers(-60, 60).map(lambda days: UNTIL + datetime.timedelta(days=days))


@given(today=DAYS, passed=st.sets(DAYS, max_size=3))
def test_after_its_end_a_waiver_blocks_and_lets_pass_the_days_that_are_recorded(today, passed):
    """Invariant: a record passes its own day, not the one before or after; every record is in the verdict on every day."""
    records = [{"on": str(one), "reason": "the patch cannot wait"} for one in sorted(passed)]
    row = judged(ROW, {"passed": records}, today=today)
    assert row.blocks == (today > UNTIL and today not in passed)
    assert row.ended == row.blocks
    assert row.waiver["in_force"] == (today <= UNTIL)
    assert row.waiver.get("passed", []) == records
    assert not judged(ROW, {"accept": "external-key", "passed": records}, today=today).ended


@given(today=DAYS)
def test_the_end_of_a_waiver_is_told_thirty_days_ahead_and_ever_after(today):
    """Invariant: nothing is told before; on its last day it is still said to hold, and after it what is refused."""
    lines = told(ROW, {}, today=today)
    assert bool(lines) == (today + NOTICE >= UNTIL)
    if lines:
        ended = today > UNTIL
        assert ("changes to what it was for are refused" in lines[0]) == ended
        assert (f"ended on {UNTIL}" in lines[0]) == ended
        assert (f"ends {in_days((UNTIL - today).days)}" in lines[0]) != ended


def test_a_day_that_was_passed_is_told_with_its_reason_ever_after():
    line = told(ROW, {"passed": [{"on": "2027-07-02", "reason": "said by the board"}]}, today=datetime.date(2027, 9, 1))
    assert "; passed on 2027-07-02: said by the board" in line[0]


def test_of_two_waivers_that_ended_the_one_that_is_passed_today_counts():
    after = UNTIL + datetime.timedelta(days=1)
    waivers = [{"passed": [{"on": str(after), "reason": "it cannot wait"}]}, {"until": "2027-06-29"}]
    for order in (waivers, waivers[::-1]):
        assert not judged(ROW, *order, today=after).blocks


def test_the_waiver_behind_a_verdict_is_found_with_its_place():
    spec = platform({"requirement": "store.public"}, {"reason": "another reason"}, {})
    row = judged(ROW, {}, today=UNTIL + datetime.timedelta(days=1))
    assert behind(row, spec, TARGET) == (2, spec.waivers[2])
    with pytest.raises(LookupError):
        behind(ROW, spec, TARGET)


def test_a_verdict_stays_what_it_is_under_a_waiver():
    assert replace(judged(ROW, {}), waiver=None) == ROW


@pytest.mark.parametrize(
    "other",
    [
        {"requirement": "store.public"},
        {"element": "zone/b/**"},
        {"element": "zone/a/store"},
        {"target": "azure:francecentral"},
        {"target": "ovhcloud:SBG"},
    ],
)
def test_a_waiver_of_something_else_covers_nothing(other):
    assert judged(ROW, other).blocks


@given(given_level=st.sampled_from(Encryption), accepted=st.sampled_from(Encryption))
def test_what_is_given_must_be_what_is_accepted_or_better(given_level, accepted):
    found = judged(replace(ROW, given=str(given_level)), {"accept": str(accepted)})
    assert found.blocks == (not given_level.reaches(accepted))


@pytest.mark.parametrize(
    ("attribute", "given_value", "accept", "covered"),
    [
        ("soft_delete_days", 30, 30, True),
        ("soft_delete_days", 30, 7, True),
        ("soft_delete_days", 7, 30, False),
        ("rotation_days", 90, 365, True),
        ("rotation_days", 365, 90, False),
        ("count", 2, 2, True),
        ("count", 2, 1, False),
        ("retention", {"days": 40, "mode": "governance"}, {"days": 30, "mode": "governance"}, True),
        ("retention", {"days": 20, "mode": "governance"}, {"days": 30, "mode": "governance"}, False),
        ("retention", {"days": 40, "mode": "governance"}, {"days": 30, "mode": "compliance"}, False),
        ("retention", {"days": 40, "mode": "governance"}, {"days": 30}, False),
        ("retention", {"days": 40, "mode": "governance"}, "governance", False),
        ("exportable", True, True, True),
        ("exportable", True, False, False),
        ("identity", "access-key", "access-key", True),
        ("identity", "access-key", "managed", False),
        ("grants", ["zone/a/machine/m write"], ["zone/a/machine/m write"], True),
        ("grants", ["zone/a/machine/m write"], ["zone/a/machine/m read"], False),
    ],
)  # fmt: skip
def test_of_what_is_no_level_the_same_is_accepted_and_of_a_floor_what_is_more(attribute, given_value, accept, covered):
    row = replace(ROW, attribute=attribute, given=given_value)
    assert judged(row, {"accept": accept}).blocks == (not covered)


@pytest.mark.parametrize("nothing", [None, False])
@pytest.mark.parametrize(("accept", "covered"), [(False, True), ("none", True), (None, True), ("software", False), ([], False), ({}, False)])  # fmt: skip
def test_where_nothing_is_given_false_none_and_null_say_so(nothing, accept, covered):
    assert judged(replace(ROW, attribute="entry", given=nothing), {"accept": accept}).blocks == (not covered)


@pytest.mark.parametrize(("accept", "covered"), [("unknown", True), (None, True), ("provider-key", False), (False, False), ([], False)])  # fmt: skip
def test_what_is_unknown_is_accepted_as_unknown_and_as_nothing_else(accept, covered):
    assert judged(replace(ROW, verdict=Verdict.unknown), {"accept": accept}).blocks == (not covered)


@pytest.mark.parametrize(
    ("reason", "covered"),
    [
        ("what lets machines reach it also lets them reach every bucket behind the S3 endpoint", True),
        ("zone/b/machine/m reaches it on 443, which nothing asks", False),
        ("zone/a/machine/m cannot reach it", False),
        ("zone/a/machine/m reaches it on 22, not on 443", False),
    ],
)
def test_a_flow_may_be_wider_by_the_cloud_s_own_grain_and_neither_missing_nor_open_to_somebody_else(reason, covered):
    row = replace(ROW, requirement="flow.exact", attribute="flows", given=["..."], reason=reason)
    waiver = {"requirement": "flow.exact", "accept": "wider"}
    assert judged(row, waiver).blocks == (not covered)
    assert judged(row, {**waiver, "accept": ["..."]}).blocks


def test_residency_can_never_be_waived():
    assert not REQUIREMENTS["region.country"].waivable
    row = replace(ROW, requirement="region.country", attribute="country", given="NL")
    assert judged(row, {"requirement": "region.country", "accept": "NL"}).blocks


@pytest.mark.parametrize("verdict", [Verdict.met, Verdict.differs])
def test_what_needs_no_waiver_gets_none(verdict):
    assert judged(replace(ROW, verdict=verdict), {}).waiver is None


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_waivers_one_in_force_counts_in_any_order(order):
    waivers = [{"until": "2027-01-01"}, {}, {"accept": "external-key"}][::order]
    found = judged(ROW, *waivers)
    assert found.waiver["in_force"]
    assert found.waiver["until"] == str(UNTIL)


def test_a_waiver_that_waives_nothing_is_told_and_one_past_its_end_is_not():
    met = replace(ROW, verdict=Verdict.met)
    (line,) = idle(met, {})
    assert "waivers[0]" in line
    assert "waives nothing: every store.encryption of zone/a/store/s is met on ovhcloud:GRA; take it out" in line
    assert idle(met, {}, today=UNTIL + datetime.timedelta(days=1)) == []
    for today in (UNTIL - 2 * NOTICE, UNTIL, UNTIL + NOTICE):
        (line,) = told(met, {}, today=today)
        assert "waives nothing, since all that it means is met: take it out" in line
        assert "refused" not in line
    assert told(met, {"target": "azure:francecentral"}) == []
    assert idle(met, {"target": "azure:francecentral"}) == []
    assert idle(ROW, {}) == []


def test_a_waiver_that_accepts_too_little_is_no_idle_one():
    """It means a verdict that is open: who accepts what is left shows as a plan that is not deployable, not as a mistake."""
    assert idle(ROW, {"accept": "customer-key"}) == []
    assert told(ROW, {"accept": "customer-key"}, today=UNTIL - 2 * NOTICE) == []
    assert judged(ROW, {"accept": "customer-key"}).blocks


@pytest.mark.parametrize(
    ("seen", "accept", "covered"),
    [
        ("zone/a/machine/m -> pypi.org tcp/443 and also 0.0.0.0/0", "wider", True),
        ("zone/a/machine/m -> pypi.org tcp/443 and also 0.0.0.0/0", "none", False),
        ("zone/a/machine/m -> pypi.org tcp/80", "wider", False),
        (None, "wider", False),
    ],
)
def test_a_host_that_is_reached_among_others_may_be_accepted_as_wider_and_one_that_is_not_reached_may_not(
    seen, accept, covered
):
    """Invariant: `wider` accepts what is opened and more, and never what is missing."""
    reason = "zone/a/machine/m also reaches 0.0.0.0/0 by another opening, and so every host"
    row = replace(
        ROW, element="zone/a/machine/m", requirement="egress.host_names", attribute="to pypi.org tcp", given=seen,
        asked="zone/a/machine/m -> pypi.org tcp/443",
        reason=reason,
    )  # fmt: skip
    waiver = {"requirement": "egress.host_names", "element": "zone/a/machine/m", "accept": accept}
    assert judged(row, waiver).blocks == (not covered)
