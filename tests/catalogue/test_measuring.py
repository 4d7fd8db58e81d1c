"""What was measured counts: it fills, corrects and never speaks of what no endpoint can tell."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdh_infra.catalogue.forms import FORMS, check_value
from hdh_infra.catalogue.load import digest_input, site
from hdh_infra.catalogue.measuring import MEASURABLE
from hdh_infra.model.measured import Measured, MeasuredFact, MeasuredFlavour, MeasuredLimit
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence
from hdh_infra.model.target import Target

DAY = datetime.date(2026, 11, 25)
OPENSTACK, OVH = Target.parse("openstack:RegionOne"), Target.parse("ovhcloud:GRA")
VALUES = st.sampled_from(
    [True, False, "provider-key", "tenant-key", "compliance", "governance", "iam", "keystone", "FR", "XX", 0]
)


def described(**more):
    return Platform.model_validate({"name": "p", "residency": {"countries": ["FR"]}, **more})


def facts(**values):
    return tuple(
        MeasuredFact(attribute=name.replace("__", "."), value=value, source="GET of a test")
        for name, value in values.items()
    )


def measured(target=OPENSTACK, platform=None, **parts):
    one = Measured(as_of=DAY, **parts)
    return site(target, (platform or described()).with_measured({str(target): one}))


def test_nothing_measured_changes_nothing():
    assert digest_input(measured()) == digest_input(site(OPENSTACK, described()))
    assert measured().differences == ()


def test_what_is_measured_fills_an_unknown_with_its_day_and_its_call():
    row = measured(facts=facts(store__versioning=True)).facts["store.versioning"]
    assert (row.value, row.confidence, row.as_of, row.source) == (True, Confidence.measured, DAY, "GET of a test")
    assert measured(facts=facts(store__versioning=True)).differences == ()


@pytest.mark.parametrize(
    ("attribute", "value"), [("store__retention", False), ("store__access_log", False), ("store__encryption", "none")]
)
def test_where_it_contradicts_the_catalogue_it_counts_and_is_a_difference(attribute, value):
    place = measured(OVH, facts=facts(**{attribute: value}))
    name = attribute.replace("__", ".")
    assert (place.facts[name].value, place.facts[name].confidence) == (value, Confidence.measured)
    (one,) = place.differences
    assert (one.what, one.said, one.measured) == (name, site(OVH).facts[name].value, value)
    assert "was said" in place.facts[name].reason


def test_it_counts_against_a_declaration_too():
    said = {
        "target": str(OPENSTACK),
        "attribute": "store.versioning",
        "value": True,
        "as_of": "2026-11-01",
        "by": "operator",
    }
    platform = described(facts=[{**said, "source": "operator's handbook"}])
    place = measured(platform=platform, facts=facts(store__versioning=False))
    assert place.facts["store.versioning"].value is False
    assert [(one.what, one.by) for one in place.differences] == [("store.versioning", "declared")]


def test_the_same_value_keeps_the_better_of_both_sources():
    primary = measured(OVH, facts=facts(store__versioning=True)).facts["store.versioning"]
    assert primary.confidence is Confidence.primary
    assert "measured the same on 2026-11-25" in primary.source


@settings(max_examples=200)
@given(attribute=st.sampled_from(sorted(FORMS)), value=VALUES, target=st.sampled_from([OPENSTACK, OVH]))
def test_nothing_that_no_endpoint_can_tell_is_ever_changed(attribute, value, target):
    """Residency, who holds a key and what it is kept in stand in documents."""
    one = MeasuredFact(attribute=attribute, value=value, source="GET of a test")
    place, before = measured(target, facts=(one,)), site(target, described())
    if attribute not in MEASURABLE:
        assert place.facts == before.facts
        assert place.differences == ()
    elif check_value(attribute, value) is None:
        assert place.facts[attribute].value == value
    assert place.country == before.country


def test_no_measurable_attribute_speaks_of_residency_or_qualification():
    assert not [
        one
        for one in MEASURABLE
        if one.startswith(("region.", "key.")) or one in {"store.private", "object_store.addresses"}
    ]


def flavour(name, vcpus, memory):
    return MeasuredFlavour(name=name, vcpus=vcpus, memory=memory)


def test_flavours_are_those_that_are_listed_with_what_else_is_known_of_them():
    known = {one.name: one for one in site(OVH).offer.flavours}
    same, other = known["b3-8"], known["b3-16"]
    place = measured(
        OVH,
        flavours=(
            flavour("b3-8", same.vcpus, same.memory),
            flavour("b3-16", other.vcpus + 1, other.memory),
            flavour("x1", 1, "1GiB"),
        ),
    )
    assert [one.name for one in place.offer.flavours] == ["b3-8", "b3-16", "x1"]
    assert place.flavour_named("b3-8") == same
    assert place.flavour_named("b3-16").price_eur_hour is None
    assert place.flavour(1, 2**30).name == "x1"
    told = {one.what for one in place.differences}
    assert {"flavour b3-16", "flavour x1", "flavour b3-32"} <= told
    assert "flavour b3-8" not in told


def test_a_flavour_whose_memory_its_maker_writes_in_gb_keeps_its_processors_and_its_price():
    known = site(OVH).flavour_named("l4-90")
    whole = measured(OVH, flavours=(flavour("l4-90", known.vcpus, int(known.memory) // 2**20 * 2**20),))
    assert whole.flavour_named("l4-90") == known
    assert "flavour l4-90" not in {one.what for one in whole.differences}
    larger = measured(OVH, flavours=(flavour("l4-90", known.vcpus, 90 * 2**30),))
    assert (larger.flavour_named("l4-90").gpu, larger.flavour_named("l4-90").memory) == (known.gpu, 90 * 2**30)
    assert "flavour l4-90" in {one.what for one in larger.differences}


def test_a_declared_flavour_keeps_its_graphics_processors_where_it_is_listed_and_goes_where_it_is_not():
    gpu = {"name": "g1", "vcpus": 8, "memory": "64GiB", "gpu": {"count": 1, "model": "a100"}}
    platform = described(targets={str(OPENSTACK): {"flavours": [gpu]}})
    there = measured(platform=platform, flavours=(flavour("g1", 8, "64GiB"),))
    assert there.offer.flavours[0].gpu.model == "a100"
    gone = measured(platform=platform, flavours=(flavour("m1.large", 4, "8GiB"),))
    assert gone.flavour_named("g1") is None


def test_an_image_has_the_name_that_was_found_and_a_family_that_was_not_is_missing():
    place = measured(images={"debian-12": "Bookworm", "ubuntu-24-04": None})
    assert place.offer.images["debian-12"].native["name"] == "Bookworm"
    assert place.facts["machine.image"].value == ["debian-12"]
    assert {one.what for one in place.differences} == {"image debian-12", "image ubuntu-24-04"}


@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        ({"luks": None, "plain": None}, "luks"),
        ({"luks": True}, "luks"),
        ({"luks": False, "safe": True}, "safe"),
        ({"fast-luks": True, "a-luks": True}, "a-luks"),
        ({"plain": False}, None),
        ({"plain": None}, None),
    ],
)
def test_the_encrypted_volume_type_is_one_that_is_there_and_not_one_that_is_not_encrypted(types, chosen):
    native = measured(volume_types=types).offer.native
    assert native["encrypted_volume_type"] == chosen
    assert all(native["volume_types"].get(name) is not True for name, flag in types.items() if flag is False)


def test_a_quota_that_was_measured_is_a_difference_from_what_was_granted():
    limit = MeasuredLimit(value=20, used=3, own=1, source="GET /limits")
    platform = described(targets={str(OPENSTACK): {"quotas": {"rules": 5000}}})
    place = measured(platform=platform, limits={"vcpus": limit, "rules": limit})
    assert [(one.what, one.said, one.by) for one in place.differences] == [("capacity.rules", 5000, "declared")]


@pytest.mark.parametrize("target", [OPENSTACK, OVH])
def test_where_nothing_is_there_everything_is_a_difference(target):
    offer = site(target).offer
    place = measured(target, flavours=(), images=dict.fromkeys(offer.images), volume_types={})
    kinds = [one.what.rsplit(" ", 1)[0] for one in place.differences]
    assert kinds.count("flavour") == len(offer.flavours)
    assert kinds.count("image") == len(offer.images)
    assert kinds.count("volume type") == len(offer.native["volume_types"])
