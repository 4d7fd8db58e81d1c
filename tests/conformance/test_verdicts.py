"""Law 3 on every cloud: everything that is asked is answered once, with its reason, and a higher floor is never answered better."""

import datetime
import json
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hdh_infra.graph.plan import Plan
from hdh_infra.model.attributes import ATTRIBUTES, REQUIREMENTS, answers, asked
from hdh_infra.model.expand import expand
from hdh_infra.model.frameworks import TITLES
from hdh_infra.model.paths import kind_of
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence, Relation, Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing.changing import described
from hdh_infra.testing.strategies import platforms
from tests.conformance.offering import without_service

TODAY = datetime.date(2026, 11, 25)
SOME = settings(
    max_examples=int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

ONE_BACKUP = {"every_days": 30, "keep_days": 30, "where": "local"}
LADDERS: dict[tuple[str, str], list[Any]] = {
    ("store", "encryption"): ["none", "provider-key", "tenant-key", "customer-key", "external-key"],
    ("store", "redundancy"): ["local", "zone", "region"],
    ("store", "retention"): [
        None,
        {"days": 30, "mode": "governance"},
        {"days": 30, "mode": "compliance"},
        {"days": 400, "mode": "compliance"},
    ],
    ("store", "soft_delete_days"): [None, 7, 30, 400],
    ("store", "private"): [False, True],
    ("store", "access_log"): [False, True],
    ("store", "backup"): [
        None,
        ONE_BACKUP,
        {**ONE_BACKUP, "keep_days": 365},
        {**ONE_BACKUP, "every_days": 1, "keep_days": 365},
        {"every_days": 1, "keep_days": 365, "where": "zone"},
        {"every_days": 1, "keep_days": 365, "where": "region"},
    ],
    ("machine", "vcpus"): [1, 2, 4],
    ("machine", "memory"): ["1GB", "2GB", "8GB"],
    ("machine", "gpu"): [None, {"count": 1}, {"count": 1, "model": "l4"}, {"count": 2, "model": "l4"}],
    ("machine", "disk.size"): [None, "10GB", "500GB"],
    ("machine", "disk.encryption"): ["none", "provider-key", "tenant-key", "customer-key", "external-key"],
    ("machine", "system_disk.size"): [None, "64GB", "200GB"],
    ("machine", "system_disk.encryption"): ["none", "provider-key", "tenant-key", "customer-key", "external-key"],
    ("machine", "spread"): ["none", "hosts", "zones"],
    ("machine", "backup"): [None, ONE_BACKUP, {"every_days": 1, "keep_days": 365, "where": "region"}],
    ("key", "protection"): ["software", "hsm"],
    ("key", "rotation_days"): [None, 730, 365, 30],
    ("key", "custody"): [None, "provider", "shared", "customer"],
    ("key", "grace_days"): [None, 7, 30, 90, 400],
    ("zone", "flow_logs"): [False, True],
}
"""For every attribute whose values are ordered: what can be asked of it, the weakest first."""
FITTING: dict[tuple[str, str], dict[str, Any]] = {
    ("store", "encryption"): {"key": None, "client_side": False},
    ("store", "retention"): {"versioning": True, "expiry": []},
    ("machine", "disk.encryption"): {"disk.key": None, "system_disk": {}},
    ("machine", "disk.size"): {"backup": None},
    ("machine", "system_disk.encryption"): {"system_disk.key": None},
    ("machine", "spread"): {"count": 2},
    ("machine", "backup"): {"disk.size": "10GB"},
    ("key", "rotation_days"): {"origin": "generated", "custody": None},
    ("key", "custody"): {"origin": "external", "rotation_days": None},
}
"""What must hold beside an attribute for each of its values to be accepted; the same for all of them."""


def put(thing: dict[str, Any], field: str, value: Any) -> None:
    """Set a field, or a field of a field."""
    *outer, last = field.split(".")
    for part in outer:
        thing = thing[part]
    thing[last] = value


def gaps(plan: Plan) -> set[tuple[str, str]]:
    return {(row.element, row.attribute) for row in plan.verdicts if row.verdict is not Verdict.met}


def things(value: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The descriptions of all elements of a kind that a platform writes itself, but for the store of logs."""
    if kind == "key":
        return [key for _, key in sorted(value["keys"].items())]
    if kind == "zone":
        return [zone for _, zone in sorted(value["zones"].items())]
    audit = (value["audit"] or {}).get("store")
    homes = [("zone", name, zone) for name, zone in sorted(value["zones"].items())]
    homes += [("space", name, space) for name, space in sorted(value["spaces"]["projects"].items())]
    return [
        one
        for part, name, home in homes
        for thing, one in sorted(home[f"{kind}s"].items())
        if one and f"{part}/{name}/{kind}/{thing}" != audit
    ]


@SOME
@given(platform=platforms())
def test_everything_that_is_asked_is_answered_once_and_nothing_twice(target, platform):
    """No floor is lowered in silence: what the row says was asked is what the description asks."""
    plan, expanded = make_plan(platform, target, today=TODAY), expand(platform, TODAY)
    counted = Counter((row.element, row.attribute) for row in plan.verdicts)
    assert {one for one, count in counted.items() if count > 1} == set()
    lock = update_lock(None, platform, [Target.parse(target)])
    rows = {(row.element, row.attribute): row for row in plan.verdicts}
    for path in expanded.elements:
        wanted = asked(expanded, path, lock.addresses.get(path, ""))
        for attribute, rule in ATTRIBUTES[kind_of(path)].items():
            row = rows[path, attribute]
            assert row.requirement == rule.requirement
            hidden = attribute in {"key", "system_key"} and row.asked is None
            if attribute == "users":
                # What is not encrypted with the key is told by its encryption's own verdict.
                hidden = set(wanted[attribute]) - set(row.asked) <= set(expanded.encrypted_by.get(path, ()))
            assert row.asked == wanted[attribute] or hidden, (path, attribute)


@SOME
@given(platform=platforms())
def test_every_verdict_says_why_by_which_source_and_of_which_day(target, platform):
    for row in make_plan(platform, target, today=TODAY).verdicts:
        assert row.requirement in REQUIREMENTS
        assert len(row.reason) > 10, row
        assert len(row.source) > 2, row
        assert datetime.date.fromisoformat(row.as_of) <= TODAY, row
        assert row.confidence in set(Confidence), row
        if row.verdict is Verdict.differs:
            assert row.means, row
        elif row.verdict is Verdict.met:
            assert row.remedy is None, row
        json.dumps(row.to_json())


@SOME
@given(platform=platforms())
def test_a_plan_is_made_whatever_is_not_met_and_then_is_not_deployable(target, platform):
    """Without waivers a plan is deployable exactly where nothing is not met and nothing unknown."""
    plan = make_plan(platform, target, today=TODAY)
    elements = expand(platform, TODAY).elements
    assert plan.nodes or set(elements) == without_service(target, elements)
    assert plan.deployable == (not [row for row in plan.verdicts if row.verdict in {Verdict.not_met, Verdict.unknown}])


@SOME
@given(platform=platforms(), ladder=st.sampled_from(sorted(LADDERS)), data=st.data())
def test_raising_a_floor_never_shortens_the_list_of_gaps(target, platform, ladder, data):
    """For every ordered attribute of every kind: whoever asks more is never told of less."""
    kind, field = ladder
    value = described(platform)
    # A framework would raise the lower of the two.
    value["frameworks"] = []
    there = things(value, kind)
    assume(there)
    thing = data.draw(st.sampled_from(there))
    levels = LADDERS[ladder]
    low = data.draw(st.integers(0, len(levels) - 2))
    high = data.draw(st.integers(low + 1, len(levels) - 1))
    for other, fitting in FITTING.get(ladder, {}).items():
        put(thing, other, fitting)
    found = []
    for level in (levels[low], levels[high]):
        put(thing, field, level)
        found.append(gaps(make_plan(Platform.model_validate(value), target, today=TODAY)))
    assert found[0] - found[1] == set(), (levels[low], levels[high])


@SOME
@given(platform=platforms(), named=st.sets(st.sampled_from(sorted(TITLES)), min_size=1, max_size=3))
def test_frameworks_only_ever_raise(target, platform, named):
    """What a text asks comes on top: no floor sinks, no gap goes, and each that was raised names its clause."""
    bare = platform.model_copy(update={"frameworks": ()})
    raised = platform.model_copy(update={"frameworks": tuple(sorted(named))})
    before, after = expand(bare, TODAY), expand(raised, TODAY)
    assert set(before.elements) <= set(after.elements)
    assert set(after.countries) <= set(before.countries)
    follows = {"key", "system_key", "users", "country"}
    for path in before.elements:
        low, high = asked(before, path, ""), asked(after, path, "")
        for attribute, rule in ATTRIBUTES[kind_of(path)].items():
            if low[attribute] != high[attribute] and attribute not in follows and attribute != "versioning":
                assert rule.relation is Relation.floor, (path, attribute)
                assert high[attribute] is not None, (path, attribute)
                assert answers(kind_of(path), attribute, low[attribute], high[attribute]), (path, attribute)
                assert after.raised
    for one in after.raised:
        assert one.framework in named
        assert one.before != one.after
    plans = [make_plan(each, target, today=TODAY) for each in (bare, raised)]
    assert gaps(plans[0]) - gaps(plans[1]) == set()


def powers(access: str) -> set[str]:
    """What a right lets do: whoever may write may read and append as well."""
    return {"read", "append", "write"} if access == "write" else {access}


@SOME
@given(platform=platforms(), data=st.data())
def test_a_grant_that_is_taken_away_never_adds_a_right(target, platform, data):
    value = described(platform)
    granted = [store for store in things(value, "store") if store["grants"]]
    assume(granted)
    store = data.draw(st.sampled_from(granted))
    store["grants"].pop(data.draw(st.integers(0, len(store["grants"]) - 1)))
    fewer = Platform.model_validate(value)

    def asked_rights(one: Platform) -> set[tuple[str, str, str]]:
        rights = expand(one, TODAY).rights
        return {(right.store, right.principal, power) for right in rights for power in powers(right.access)}

    def given_rights(one: Platform) -> set[tuple[str, str, str]]:
        elements = observe_plan(make_plan(one, target, today=TODAY), one).elements
        words = [(path, *word.rsplit(" ", 1)) for path, has in elements.items() for word in has.get("grants") or ()]
        return {(path, principal, power) for path, principal, access in words for power in powers(access)}

    assert asked_rights(fewer) <= asked_rights(platform)
    assert given_rights(fewer) <= given_rights(platform)


@SOME
@given(platform=platforms(), data=st.data())
def test_a_flow_that_is_taken_away_never_adds_a_way(target, platform, data):
    assume(platform.flows)
    index = data.draw(st.integers(0, len(platform.flows) - 1))
    fewer = platform.model_copy(update={"flows": platform.flows[:index] + platform.flows[index + 1 :]})

    def reach(one: Platform) -> set[tuple[str, str, str]]:
        observed = observe_plan(make_plan(one, target, today=TODAY), one)
        return {(flow.source, flow.to, flow.protocol) for flow in (*observed.flows, *observed.egress)}

    assert reach(fewer) <= reach(platform)
