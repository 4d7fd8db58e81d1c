"""A verdict is the worse of what the catalogue says and of what is observed; what nobody sees is the catalogue's or unknown."""

import datetime
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.catalogue.load import site
from hdh_infra.catalogue.schema import Fact
from hdh_infra.graph.observation import Observation
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, BY_CATALOGUE
from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence, Encryption, Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning.assess import assess
from hdh_infra.planning.lock import update_lock

TARGET = Target.parse("azure:francecentral")
TODAY = datetime.date(2026, 11, 25)
STORE, MACHINE, KEY, ZONE = "zone/a/store/s", "zone/a/machine/m", "key/k", "zone/a"
LEVELS = [level.value for level in Encryption]


def spec(store: dict | None = None, machine: dict | None = None, key: dict | None = None, **more: Any) -> Platform:
    zone = {
        "stores": {"s": {"size": "1TB", "key": "k", **(store or {})}},
        "machines": {"m": {"vcpus": 1, "memory": "1GB", "disk": {"key": "k"}, **(machine or {})}},
    }
    described = {"name": "clinic", "residency": {"countries": ["FR"]}, "keys": {"k": key or {}}, "zones": {"a": zone}}
    return Platform.model_validate({**described, **more})


def fact(attribute: str, value: Any, means: str | None = None) -> Fact:
    return Fact(
        attribute=attribute,
        value=value,
        means=means,
        reason="what a page says of it",
        remedy="ask for more",
        source="a page of the offer",
        as_of=datetime.date(2026, 10, 1),
        confidence=Confidence.unknown if value is None else Confidence.primary,
    )


def judged(
    platform: Platform,
    seen: dict[str, dict[str, Any]] | None,
    *facts: Fact,
    source: str = "plan",
    lock: Lock | None = None,
    expanded: Expanded | None = None,
) -> dict[tuple[str, str], VerdictRow]:
    """The verdicts of a platform on Azure with some facts in place of the catalogue's, and an observation made by hand."""
    place = site(TARGET, platform)
    place = replace(place, facts={**place.facts, **{one.attribute: one for one in facts}})
    found = expanded or expand(platform, TODAY)
    elements = {path: {} for path in found.elements} | (seen or {})
    observed = Observation(str(TARGET), source, {path: one for path, one in elements.items() if one is not None})
    rows = assess(found, lock or update_lock(None, platform, [TARGET]), place, observed, TODAY)
    return {(row.element, row.attribute): row for row in rows}


@given(
    asked=st.sampled_from(LEVELS),
    offered=st.sampled_from([*LEVELS, None]),
    seen=st.sampled_from([*LEVELS, None]),
    means=st.sampled_from([None, "keys sent with each request"]),
)
def test_a_verdict_is_never_better_than_the_catalogue_and_never_better_than_what_is_seen(asked, offered, seen, means):
    store = {"encryption": asked} | ({} if asked in {"customer-key", "external-key"} else {"key": None})
    row = judged(spec(store), {STORE: {"encryption": seen}}, fact("store.encryption", offered, means))[
        STORE, "encryption"
    ]
    assert row.asked == asked
    if asked == "none":
        return
    reached = [Encryption(level).reaches(Encryption(asked)) for level in (offered, seen) if level is not None]
    if row.verdict is Verdict.met:
        assert reached
        assert all(reached)
        assert offered is not None
    if seen is not None and not reached[-1]:
        assert row.verdict is Verdict.not_met or (row.verdict is Verdict.differs and means), row
    if offered is None:
        assert row.verdict in {Verdict.unknown, Verdict.not_met}
    if row.verdict is Verdict.differs:
        assert row.means == means


def test_what_is_given_below_what_the_offer_has_is_not_met_and_says_both():
    """A native override, or a mistake of ours: the catalogue's word does not cover it."""
    seen = {STORE: {"encryption": "provider-key"}}
    row = judged(spec(), seen, fact("store.encryption", "customer-key"))[STORE, "encryption"]
    assert row.verdict is Verdict.not_met
    assert row.given == "provider-key"
    assert "although the offer has it: what a page says of it" in row.reason


def test_what_the_offer_does_not_reach_is_told_in_its_own_words_with_its_source_and_remedy():
    seen = {STORE: {"encryption": "provider-key"}}
    row = judged(spec(), seen, fact("store.encryption", "provider-key"))[STORE, "encryption"]
    assert (row.verdict, row.reason, row.source, row.as_of, row.remedy) == (
        Verdict.not_met, "what a page says of it", "a page of the offer", "2026-10-01", "ask for more",
    )  # fmt: skip


@pytest.mark.parametrize("seen", [None, "software"])
def test_a_floor_that_everything_reaches_is_met_where_nobody_knows_what_lies_above_it(seen):
    row = judged(spec(), {KEY: {"protection": seen}}, fact("key.protection", None))[KEY, "protection"]
    assert (row.asked, row.verdict) == ("software", Verdict.met)
    hard = judged(spec(key={"protection": "hsm"}), {KEY: {"protection": "hsm"}}, fact("key.protection", None))
    assert hard[KEY, "protection"].verdict is Verdict.unknown


def test_a_lower_level_is_told_once_and_not_again_by_its_key():
    rows = judged(spec(), {STORE: {"encryption": "provider-key", "key": None}})
    assert rows[STORE, "encryption"].verdict is Verdict.not_met
    assert rows[STORE, "key"].verdict is Verdict.met
    assert rows[STORE, "key"].asked is None


def test_another_key_than_the_asked_one_is_not_met():
    seen = {STORE: {"encryption": "customer-key", "key": "key/other"}}
    assert judged(spec(), seen, fact("store.encryption", "customer-key"))[STORE, "key"].verdict is Verdict.not_met


@pytest.mark.parametrize("value", [None, "customer-key", "provider-key"])
def test_what_follows_from_the_offer_itself_is_the_catalogue_s_where_nothing_native_shows_it(value):
    assert "encryption" in BY_CATALOGUE
    row = judged(spec(), {STORE: {"encryption": None}}, fact("store.encryption", value))[STORE, "encryption"]
    expected = {None: Verdict.unknown, "customer-key": Verdict.met, "provider-key": Verdict.not_met}[value]
    assert (row.verdict, row.source) == (expected, "a page of the offer")


@pytest.mark.parametrize(
    ("source", "verdict"), [("plan", Verdict.not_met), ("state", Verdict.unknown), ("live", Verdict.unknown)]
)
def test_an_identity_that_the_cloud_could_give_and_no_machine_shows_is_not_met_by_the_offer_s_word(source, verdict):
    seen = {MACHINE: {"identity": None}}
    row = judged(spec(), seen, fact("machine.identity", "managed"), source=source)[MACHINE, "identity"]
    assert row.verdict is verdict
    assert judged(spec(), seen, fact("machine.identity", False), source=source)[MACHINE, "identity"].verdict in {
        Verdict.not_met,
        Verdict.differs,
    }


@pytest.mark.parametrize("region", ["moon-1", "GRA, moon-1"])
@pytest.mark.parametrize(
    ("path", "attribute", "offered"),
    [
        (STORE, "country", fact("region.country", "FR")),
        (MACHINE, "country", fact("region.country", "FR")),
        (STORE, "encryption", fact("store.encryption", "customer-key")),
        (STORE, "redundancy", fact("store.redundancy", "zone")),
    ],
)
def test_the_offer_s_word_on_its_own_region_says_nothing_of_what_lies_elsewhere(region, path, attribute, offered):
    """A replica that lies abroad, beside one that does not, is no replica in France."""
    spec_of = spec({"redundancy": "zone"})
    row = judged(spec_of, {path: {attribute: None, "region": region}}, offered)[path, attribute]
    assert (row.verdict, row.given) == (Verdict.unknown, None)
    assert region in row.reason
    assert judged(spec_of, {path: {attribute: None, "region": TARGET.region}}, offered)[path, attribute].verdict is (
        Verdict.met
    )


@pytest.mark.parametrize(
    ("source", "verdict"), [("plan", Verdict.not_met), ("state", Verdict.unknown), ("live", Verdict.unknown)]
)
def test_what_must_show_and_does_not_is_not_given_by_a_plan_and_unknown_of_what_is_deployed(source, verdict):
    """A plan shows all that it makes; a reader of what is deployed may not see all of it."""
    assert "versioning" not in BY_CATALOGUE
    seen = {STORE: {"versioning": None}}
    row = judged(spec(), seen, fact("store.versioning", True), source=source)[STORE, "versioning"]
    assert row.verdict is verdict
    row = judged(spec(), seen, fact("store.versioning", None), source=source)[STORE, "versioning"]
    assert row.verdict is Verdict.unknown


def test_a_null_that_means_that_there_is_none_is_a_no():
    asked = {"retention": {"days": 30}}
    row = judged(spec(asked), {STORE: {"retention": None}}, fact("store.retention", "compliance"))[STORE, "retention"]
    assert row.verdict is Verdict.not_met


def test_an_element_without_a_native_resource_is_not_met_and_says_where_it_was_looked_for():
    rows = judged(spec(), {STORE: None, MACHINE: None, KEY: None, ZONE: None}, source="live")
    for path in (STORE, MACHINE, KEY, ZONE):
        row = rows[path, "native"]
        assert row.verdict is Verdict.not_met
        assert row.reason == f"{path} has no native resource in the live"
        assert not [one for one in rows if one[0] == path and one[1] != "native"]


def test_of_what_is_named_and_not_made_a_plan_says_nothing():
    platform = spec(targets={str(TARGET): {"existing": {"key/k": "/subscriptions/1/x"}}})
    rows = judged(platform, {KEY: {"protection": None, "country": None}})
    assert rows[KEY, "protection"].verdict is Verdict.unknown
    assert "named and not made" in rows[KEY, "protection"].reason
    deployed = judged(platform, {KEY: {"protection": "hsm"}}, fact("key.protection", "hsm"), source="live")
    assert deployed[KEY, "protection"].verdict is Verdict.met


def test_what_has_no_trace_is_met_and_its_row_says_what_was_asked():
    rows = judged(spec(machine={"startup": "#!/bin/sh\n"}), {})
    assert (rows[STORE, "size"].verdict, rows[STORE, "size"].asked) == (Verdict.met, "1TB")
    assert (rows[MACHINE, "startup"].verdict, rows[MACHINE, "startup"].asked) == (Verdict.met, "given")


def test_a_country_outside_the_residency_is_not_met_whoever_says_so():
    abroad = judged(spec(), {STORE: {"country": "NL"}}, fact("region.country", "FR"))[STORE, "country"]
    offered = judged(spec(), {STORE: {"country": None}}, fact("region.country", "NL"))[STORE, "country"]
    assert abroad.verdict is offered.verdict is Verdict.not_met
    assert (
        judged(spec(), {STORE: {"country": None}}, fact("region.country", None))[STORE, "country"].verdict
        is Verdict.unknown
    )


def test_a_met_verdict_has_no_remedy_and_one_that_is_not_has_the_fact_s():
    rows = judged(spec(), {STORE: {"encryption": "customer-key"}}, fact("store.encryption", "customer-key"))
    assert rows[STORE, "encryption"].remedy is None


@given(st.sampled_from([(kind, name) for kind in ATTRIBUTES for name in ATTRIBUTES[kind]]))
def test_of_an_observation_that_sees_nothing_nothing_is_met_but_by_the_catalogue(pair):
    """The empty observation is the worst reader: whatever it answers *met* must be asked of nobody, or known of the offer."""
    kind, name = pair
    rows = judged(
        spec(
            {"retention": {"days": 30}, "soft_delete_days": 7, "redundancy": "zone", "expiry": [{"days": 90}], "backup": {}},
            {"disk": {"size": "10GB", "key": "k"}, "backup": {}, "gpu": {}, "count": 2, "spread": "zones"},
            {"protection": "hsm", "rotation_days": 90, "grace_days": 30, "algorithm": "rsa-3072"},
            network={"domain": "clinic.internal", "flow_logs": True},
        ),
        {},
    )  # fmt: skip
    path = {"store": STORE, "machine": MACHINE, "key": KEY, "network": ZONE}[kind]
    row = rows[path, name]
    if row.verdict is Verdict.met:
        nothing = row.asked is None or row.asked in ([], False, "none")
        assert nothing or name in BY_CATALOGUE or ATTRIBUTES[kind][name].relation == "untraceable", row
