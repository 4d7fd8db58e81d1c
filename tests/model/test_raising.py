"""Frameworks: each clause raises one floor, names itself, and lowers nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.frameworks import CLAUSES, EEA, EU, TITLES, Framework, clauses
from hdh_infra.model.platform import Platform
from hdh_infra.model.raising import AUDIT_PARTS, floors
from hdh_infra.model.scales import Encryption, RetentionMode
from hdh_infra.model.settings import Audit
from hdh_infra.testing.strategies import platforms

SOME = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
MACHINE = {"vcpus": 1, "memory": "1GB"}
NAMES = sorted(TITLES)


def raised(*frameworks: str, countries=("FR",), logs=None, **more) -> Expanded:
    zones = {
        "a": {
            "stores": {
                "low": {"size": "1TB", "encryption": "none"},
                "high": {"size": "1TB", "encryption": "external-key"},
            },
            "machines": {
                "m": {**MACHINE, "disk": {"encryption": "provider-key"}, "system_disk": {"encryption": "none"}},
                "n": {**MACHINE, "disk": {"encryption": "none"}},
            },
        },
        "logs": {"stores": {"logs": {"size": "1TB", **(logs or {})}}},
    }
    described = {
        "name": "clinic",
        "residency": {"countries": list(countries)},
        "frameworks": list(frameworks),
        "zones": zones,
    }
    return expand(Platform.model_validate({**described, **more}))


AUDIT = {"audit": {"store": "zone/logs/store/logs", **dict.fromkeys(AUDIT_PARTS, False)}}


def test_every_clause_is_of_a_framework_and_of_a_floor_that_something_raises():
    assert {one.framework for one in CLAUSES} <= TITLES.keys()
    assert set(Framework.__args__) == TITLES.keys()
    floor_of = {"residency": EEA, "log-retention": range(36501), "rotation": range(36501)}
    for one in CLAUSES:
        assert len(one.says) > 20
        if one.floor == "residency":
            assert set(one.value) <= EEA
        elif one.floor == "audit":
            assert set(one.value) <= set(AUDIT_PARTS)
        elif one.floor == "encryption":
            Encryption(one.value)
        elif one.floor == "log-mode":
            RetentionMode(one.value)
        else:
            assert one.value in floor_of[one.floor]
    assert EU < EEA
    assert set(AUDIT_PARTS) == Audit.model_fields.keys() - {"store"}


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda one: f"{one.framework} {one.clause} {one.floor}")
def test_each_clause_alone_raises_its_floor_and_says_so(clause):
    found = raised(clause.framework, countries=("FR", "IS", "US"), **AUDIT)
    named = [
        one
        for one in found.raised
        if (one.framework, one.clause, one.says) == (clause.framework, clause.clause, clause.says)
    ]
    store, audit = found.stores["zone/a/store/low"], found.stores["zone/logs/store/logs"]
    match clause.floor:
        case "residency":
            assert set(found.countries) == {"FR", "IS"} & clause.value
        case "log-retention":
            assert audit.retention.days >= clause.value
        case "log-mode":
            assert audit.retention.mode is RetentionMode.compliance
            # The length comes of another clause, which is named for both; alone there is nothing to lock.
            named = named or [one for one in found.raised if one.attribute == "retention"]
        case "encryption":
            assert store.encryption.reaches(Encryption(clause.value))
        case "rotation":
            assert found.keys["zone/a/key/default"].rotation_days == clause.value
        case "audit":
            assert set(clause.value) <= found.audit
    assert named


def test_the_highest_of_several_clauses_counts_and_is_named():
    found = raised("SecNumCloud-3.2", "SATRE-2.0", "EHDS-2025-327", **AUDIT)
    assert found.stores["zone/a/store/low"].encryption == "customer-key"
    assert found.stores["zone/logs/store/logs"].retention.days == 365
    named = floors(found.raised)
    assert named["zone/a/store/low", "encryption"].framework == "SATRE-2.0"
    assert named["zone/logs/store/logs", "retention"].framework == "EHDS-2025-327"


def test_what_is_above_a_clause_stays_and_is_not_noted():
    found = raised("SATRE-2.0", "EHDS-2025-327", logs={"retention": {"days": 500}}, **AUDIT)
    assert found.stores["zone/a/store/high"].encryption == "external-key"
    assert found.stores["zone/logs/store/logs"].retention.days == 500
    noted = {(one.element, one.attribute) for one in found.raised}
    assert not noted & {("zone/a/store/high", "encryption"), ("zone/logs/store/logs", "retention")}


def test_every_disk_is_raised_also_a_system_disk_that_asks_less_of_itself():
    found = raised("SATRE-2.0")
    for name in ("m", "n"):
        path = f"zone/a/machine/{name}"
        assert found.machines[path].disk.encryption == "customer-key"
        assert found.system_encryption(path) == "customer-key"
        assert found.system_key_of(path) == "zone/a/key/default"
    noted = {(one.element, one.attribute, one.before) for one in found.raised}
    assert ("zone/a/machine/m", "system_encryption", "none") in noted
    assert ("zone/a/machine/n", "system_encryption", "none") not in noted


def test_logs_get_a_retention_and_versions_with_it():
    found = raised("EHDS-2025-327", logs={"versioning": False}, **AUDIT)
    logs = found.stores["zone/logs/store/logs"]
    assert (logs.retention.days, logs.retention.mode, logs.versioning) == (365, "compliance", True)


def test_only_the_store_of_logs_gets_a_retention():
    found = raised("EHDS-2025-327", **AUDIT)
    assert found.stores["zone/a/store/low"].retention is None
    assert raised("EHDS-2025-327").stores["zone/logs/store/logs"].retention is None


def test_a_key_that_its_service_cannot_rotate_is_left_as_it_is():
    keys = {
        "made": {},
        "often": {"rotation_days": 30},
        "seldom": {"rotation_days": 900},
        "brought": {"origin": "imported"},
    }
    found = raised("SecNumCloud-3.2", keys=keys)
    assert {name: found.keys[f"key/{name}"].rotation_days for name in keys} == {
        "made": 365, "often": 30, "seldom": 365, "brought": None,
    }  # fmt: skip


def test_without_a_framework_nothing_is_raised():
    assert raised(**AUDIT).raised == ()


@SOME
@given(platform=platforms(), named=st.permutations(NAMES))
def test_the_order_of_frameworks_says_nothing(platform, named):
    one = expand(platform.model_copy(update={"frameworks": tuple(named)}))
    other = expand(platform.model_copy(update={"frameworks": tuple(NAMES)}))
    assert one.raised == other.raised
    assert one.elements == other.elements
    assert (one.audit, one.countries) == (other.audit, other.countries)


@SOME
@given(platform=platforms(), named=st.sets(st.sampled_from(NAMES)), more=st.sets(st.sampled_from(NAMES)))
def test_one_framework_more_lowers_nothing(platform, named, more):
    few = expand(platform.model_copy(update={"frameworks": tuple(sorted(named))}))
    many = expand(platform.model_copy(update={"frameworks": tuple(sorted(named | more))}))
    assert set(many.countries) <= set(few.countries)
    assert few.audit <= many.audit
    for path, store in few.stores.items():
        assert many.stores[path].encryption.reaches(store.encryption)
        assert store.retention is None or many.stores[path].retention.reaches(store.retention)
    for path, machine in few.machines.items():
        assert many.machines[path].disk.encryption.reaches(machine.disk.encryption)
        assert many.system_encryption(path).reaches(few.system_encryption(path))
    for path, key in few.keys.items():
        if key.rotation_days is not None:
            assert many.keys[path].rotation_days <= key.rotation_days


@SOME
@given(platform=platforms(), named=st.sets(st.sampled_from(NAMES), min_size=1))
def test_everything_that_was_raised_is_noted_and_everything_noted_was(platform, named):
    bare = expand(platform.model_copy(update={"frameworks": ()}))
    found = expand(platform.model_copy(update={"frameworks": tuple(sorted(named))}))
    changed = {path for path, spec in bare.elements.items() if spec != found.elements[path]}
    noted = {one.element for one in found.raised} - {"platform"}
    assert changed <= noted
    assert noted - changed <= found.elements.keys() - bare.elements.keys() | {
        path for path in found.keys if path not in bare.keys
    }
    for one in found.raised:
        assert one.to_json()["clause"] in {clause.clause for clause in CLAUSES if clause.framework == one.framework}


def test_clauses_are_found_by_framework_and_floor():
    assert [one.framework for one in clauses(["EHDS-2025-327", "SecNumCloud-3.2"], "log-retention")] == [
        "SecNumCloud-3.2", "EHDS-2025-327",
    ]  # fmt: skip
    assert clauses([], "residency") == ()
