"""What was measured is an input of a plan like any other: read with care, in its digest, and in its verdicts."""

import datetime

import pytest

from hdh_infra.errors import SpecError
from hdh_infra.model.measured import Measured, MeasuredFact, MeasuredFlavour, MeasuredLimit
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.planning import load, make_plan
from hdh_infra.planning.measured_file import read_measured, written

TODAY = datetime.date(2026, 11, 25)
TARGET = "openstack:RegionOne"
SPEC = """
name: tiny
residency: {countries: [FR]}
zones:
  lake:
    stores: {snds: {size: 1TB, versioning: true}}
    machines: {spark: {vcpus: 2, memory: 4GB}}
flows:
  - {from: zone/lake/machine/spark, to: zone/lake/store/snds, ports: [443]}
"""


@pytest.fixture
def spec(tmp_path):
    def make(text=SPEC):
        file = tmp_path / "tiny.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return make


def measured(**parts):
    return Measured(as_of=TODAY, **parts)


def fact(attribute, value):
    return MeasuredFact(attribute=attribute, value=value, source="GET of a test")


def plan_of(file, **parts):
    platform = load(file, measured={TARGET: measured(**parts)} if parts else {})
    return make_plan(platform, TARGET, today=TODAY)


def rows(plan, requirement):
    return [row for row in plan.verdicts if row.requirement == requirement]


def test_a_file_is_read_back_as_it_was_written(tmp_path):
    whole = measured(
        facts=(fact("store.versioning", True),),
        flavours=(MeasuredFlavour(name="m1.tiny", vcpus=1, memory="512MiB"),),
        images={"debian-12": None, "ubuntu-24-04": "noble"},
        volume_types={"luks": None, "plain": False},
        limits={"vcpus": MeasuredLimit(value=-1, used=4, own=2, source="GET /limits")},
        quirks={"tags": True},
        sources={"flavours": "GET /flavors/detail"},
        seen={"s3": {"policy": True}},
        remarks=("Barbican did not answer",),
    )
    file = tmp_path / "measured.yaml"
    file.write_text(written({TARGET: whole}), encoding="utf-8")
    assert read_measured(file) == {TARGET: whole}
    assert written(read_measured(file)) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "nothing measured"),
        ("format: hdh-measured/2\ntargets: {}", "hdh-measured/1"),
        ("format: hdh-measured/1\ntargets: {openstack:RegionTwo: {as_of: 2026-11-25}}", "no target is"),
        (
            "format: hdh-measured/1\ntargets: {'openstack:RegionOne': {as_of: 2026-11-25, facts: [{attribute: region.country, value: FR, source: GET x}]}}",
            "no endpoint can tell region.country",
        ),
        (
            "format: hdh-measured/1\ntargets: {'openstack:RegionOne': {as_of: 2026-11-25, facts: [{attribute: store.retention, value: 3, source: GET x}]}}",
            "store.retention is 3",
        ),
        (
            "format: hdh-measured/1\ntargets: {'openstack:RegionOne': {as_of: 2026-11-25, limits: {volums: {value: 3, source: GET x}}}}",
            "volumes",
        ),
    ],
)
def test_a_wrong_file_is_told_with_its_place_and_what_is_allowed(tmp_path, text, told):
    file = tmp_path / "measured.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_measured(file)
    assert told in str(caught.value)
    assert f"{file}:" in str(caught.value)


def test_a_description_names_its_file_and_everything_that_loads_it_takes_it(spec, tmp_path):
    (tmp_path / "measured.yaml").write_text(written({TARGET: measured(facts=(fact("store.versioning", False),))}))
    named = f"{SPEC}\ntargets: {{'{TARGET}': {{measured: measured.yaml}}}}\n"
    (row,) = rows(make_plan(load(spec(named)), TARGET, today=TODAY), "store.versioning")
    assert (row.verdict, row.confidence) == (Verdict.not_met, Confidence.measured)


def test_a_file_that_is_not_there_or_has_nothing_of_the_target_is_an_error(spec, tmp_path):
    named = spec(f"{SPEC}\ntargets: {{'{TARGET}': {{measured: measured.yaml}}}}\n")
    with pytest.raises(SpecError, match="cannot be read"):
        load(named)
    (tmp_path / "measured.yaml").write_text(written({"ovhcloud:GRA": measured()}))
    with pytest.raises(SpecError, match="has nothing of openstack:RegionOne"):
        load(named)


def test_a_named_file_that_nobody_read_is_never_passed_over(spec):
    from hdh_infra.model.load import load as without_planning

    platform = without_planning(spec(f"{SPEC}\ntargets: {{'{TARGET}': {{measured: measured.yaml}}}}\n"))
    with pytest.raises(SpecError, match="nobody read"):
        make_plan(platform, TARGET, today=TODAY)


def test_the_digest_of_what_was_measured_is_in_the_plan_and_only_then(spec):
    before, after = plan_of(spec()), plan_of(spec(), facts=(fact("store.versioning", True),))
    assert "measured" not in before.digests
    assert after.digests["measured"] != plan_of(spec(), facts=(fact("store.versioning", False),)).digests["measured"]
    assert after.digests["spec"] == before.digests["spec"]
    again = plan_of(spec(), facts=(fact("store.versioning", True),))
    assert again.dumps() == after.dumps()


def test_an_unknown_that_was_measured_is_met_or_not_met_and_says_that_it_was_measured(spec):
    (before,) = rows(plan_of(spec()), "store.versioning")
    assert before.verdict is Verdict.unknown
    for value, verdict in ((True, Verdict.met), (False, Verdict.not_met)):
        (after,) = rows(plan_of(spec(), facts=(fact("store.versioning", value),)), "store.versioning")
        assert (after.verdict, after.confidence, after.as_of) == (verdict, Confidence.measured, str(TODAY))


def test_a_machine_gets_a_flavour_that_is_listed_and_the_lock_keeps_it(spec):
    one = MeasuredFlavour(name="operator.small", vcpus=2, memory="4GiB")
    platform = load(spec(), measured={TARGET: measured(flavours=(one,))})
    assert [flavour.name for flavour in make_plan(platform, TARGET, today=TODAY).flavours] == ["operator.small"]


def test_a_machine_that_no_listed_flavour_holds_is_told_so(spec):
    one = MeasuredFlavour(name="operator.small", vcpus=1, memory="4GiB")
    with pytest.raises(SpecError, match=r"the largest is operator\.small"):
        load(spec(), on=[TARGET], measured={TARGET: measured(flavours=(one,))})


def test_a_family_of_images_that_is_not_there_is_not_met(spec):
    there = rows(plan_of(spec(), images={"debian-12": "debian-12", "ubuntu-24-04": "x"}), "machine.image")
    gone = rows(plan_of(spec(), images={"debian-12": None, "ubuntu-24-04": None}), "machine.image")
    assert [row.verdict for row in there] == [Verdict.met]
    assert [row.verdict for row in gone] == [Verdict.not_met]
    assert "existing" in gone[0].remedy


def test_without_an_encrypted_volume_type_no_disk_is_encrypted_and_the_verdict_says_so(spec):
    found = rows(plan_of(spec(), volume_types={"plain": False}), "machine.encryption")
    levels = {row.attribute: (row.given, row.verdict) for row in found if row.attribute.endswith("encryption")}
    assert levels == dict.fromkeys(("encryption", "system_encryption"), ("none", Verdict.not_met))


@pytest.mark.parametrize(
    ("value", "used", "own", "verdict"),
    [
        (2, 0, 0, Verdict.met),
        (2, 1, 0, Verdict.not_met),
        (2, 2, 2, Verdict.met),
        (2, 3, 2, Verdict.not_met),
        (1, 0, 0, Verdict.not_met),
        (-1, 900, 0, Verdict.met),
        (2, None, 0, Verdict.met),
    ],
)
def test_room_is_the_quota_less_what_others_use_and_never_less_what_is_ones_own(spec, value, used, own, verdict):
    limit = MeasuredLimit(value=value, used=used, own=own, source="GET /limits")
    (row,) = rows(plan_of(spec(), limits={"vcpus": limit}), "capacity.vcpus")
    assert (row.asked, row.verdict, row.confidence) == (2, verdict, Confidence.measured)
    if verdict is Verdict.not_met:
        assert "measure again" in row.remedy


def test_a_measured_quota_stands_in_for_the_declared_one(spec):
    text = f"{SPEC}\ntargets: {{'{TARGET}': {{quotas: {{vcpus: 1}}}}}}\n"
    limit = MeasuredLimit(value=20, used=0, source="GET /limits")
    (row,) = rows(plan_of(spec(text), limits={"vcpus": limit}), "capacity.vcpus")
    assert (row.given, row.verdict) == (20, Verdict.met)


def test_a_waiver_of_what_was_measured_to_be_met_is_not_idle(spec):
    waiver = f"{{requirement: store.versioning, element: '**', target: '{TARGET}', accept: unknown, reason: asked of the operator, until: 2027-01-01}}"
    text = f"{SPEC}\nwaivers:\n  - {waiver}\n"
    plan = plan_of(spec(text), facts=(fact("store.versioning", True),))
    assert rows(plan, "store.versioning")[0].verdict is Verdict.met
    assert not [line for line in plan.remarks if "waives nothing" in line]
    declared = f"{text}facts:\n  - {{target: '{TARGET}', attribute: store.versioning, value: true, source: its handbook of 2026, as_of: 2026-11-01, by: operator}}\n"
    assert [line for line in plan_of(spec(declared)).remarks if "waives nothing" in line]


def test_without_a_service_that_makes_keys_no_key_is_met(spec):
    text = f"{SPEC}\nkeys: {{lake: {{}}}}\n"
    for value, verdict in ((None, Verdict.met), (False, Verdict.not_met)):
        facts = {} if value is None else {"facts": (fact("key.origin", value),)}
        found = [row for row in rows(plan_of(spec(text), **facts), "key.origin") if row.attribute == "origin"]
        assert {row.verdict for row in found} == {verdict}
    assert {row.confidence for row in found} == {Confidence.measured}
