"""The catalogue's own rules: whole, sourced, dated, and how much of it is unknown."""

import datetime
import importlib
import re

import pytest

from hdh_infra.catalogue.load import catalogue, clouds, site, targets
from hdh_infra.catalogue.schema import ATTRIBUTES, Catalogue
from hdh_infra.clouds import cloud
from hdh_infra.model.attributes import REQUIREMENTS
from hdh_infra.model.base import check_name
from hdh_infra.model.scales import Confidence
from hdh_infra.model.target import Target

READ_BY = datetime.date(2026, 11, 23)
OFFERS = [(name, offer) for name in clouds() for offer in catalogue(name).offers]
UNKNOWN = {
    # What nobody could find out, offer by offer: a number that falls is news, one that grows is a loss.
    ("azure", "public"): set(),
    ("openstack", "private"): {
        "key.protection", "machine.encryption", "object_store.addresses", "object_store.identities", "region.country",
        "store.encryption", "store.public", "store.retention", "store.versioning",
    },
    ("ovhcloud", "public-cloud"): {"key.protection", "object_store.addresses"},
}  # fmt: skip

each_offer = pytest.mark.parametrize(("name", "offer"), OFFERS, ids=[f"{name}-{offer.name}" for name, offer in OFFERS])


def sourced(offer):
    named = [*offer.images.values(), *([offer.jurisdiction] if offer.jurisdiction else [])]
    return [*offer.facts, *offer.regions, *offer.flavours, *named]


@each_offer
def test_an_offer_has_one_row_for_each_attribute(name, offer):
    assert sorted(fact.attribute for fact in offer.facts) == sorted(ATTRIBUTES)


@each_offer
def test_every_row_has_a_source_and_was_read_in_the_past(name, offer):
    for row in sourced(offer):
        assert len(row.source.strip()) > 10, row
        assert datetime.date(2015, 1, 1) <= row.as_of <= READ_BY, row


@each_offer
def test_how_much_of_an_offer_is_unknown(name, offer):
    unknown = {fact.attribute for fact in offer.facts if fact.value is None}
    assert unknown == UNKNOWN[name, offer.name]
    assert all((fact.confidence is Confidence.unknown) is (fact.value is None) for fact in offer.facts)


@each_offer
def test_what_is_not_the_highest_says_what_would_reach_more(name, offer):
    for fact in offer.facts:
        if fact.value is None and not fact.attribute.startswith(("region.", "object_store.")):
            assert fact.remedy, f"{fact.attribute} is unknown: whom to ask?"
        if fact.means:
            assert fact.remedy, f"{fact.attribute} is met by other means: what would meet it?"


@each_offer
def test_flavours_are_unique_sensible_and_in_the_order_of_their_size(name, offer):
    names = [flavour.name for flavour in offer.flavours]
    assert len(set(names)) == len(names)
    families = {}
    for flavour in offer.flavours:
        assert flavour.vcpus > 0
        assert 2**28 <= int(flavour.memory) <= 2**43
        assert 0.5 <= int(flavour.memory) / 2**30 / flavour.vcpus <= 32, f"{flavour.name}: GiB a processor"
        families.setdefault(re.split(r"[-.]|(?<=[A-Z])\d", flavour.name)[0], []).append(
            (flavour.vcpus, int(flavour.memory))
        )
    assert all(sizes == sorted(set(sizes)) for sizes in families.values()), families


@each_offer
def test_the_smallest_flavour_that_fits_is_chosen(name, offer):
    place = site(next(one for one in targets() if one.cloud == name))
    for flavour in offer.flavours:
        chosen = place.flavour(flavour.vcpus, int(flavour.memory))
        assert chosen is not None
        assert (chosen.vcpus, int(chosen.memory)) <= (flavour.vcpus, int(flavour.memory))
    most = max(flavour.vcpus for flavour in offer.flavours)
    assert place.flavour(most + 1, 1) is None


@each_offer
def test_a_private_offer_leaves_to_its_operator_what_only_the_operator_knows(name, offer):
    for region in offer.regions:
        assert (region.country is None) is offer.private
        assert re.fullmatch(r"[A-Z]{2}", region.country or "XX")
    assert len({region.name for region in offer.regions}) == len(offer.regions)


def test_an_image_family_can_be_asked_for_and_is_on_every_cloud():
    families = {name: set(offer.images) for name, offer in OFFERS}
    for family in set().union(*families.values()):
        check_name(family)
        assert all(family in one for one in families.values()), family


@each_offer
def test_an_image_says_how_it_is_found_and_who_logs_in(name, offer):
    for image in offer.images.values():
        assert image.native
        assert image.default_user not in {"", "root"}


@pytest.mark.parametrize("name", clouds())
def test_every_cloud_of_the_catalogue_can_be_lowered_to(name):
    module = importlib.import_module(f"hdh_infra.clouds.{name}")
    assert module.CLOUD is cloud(name)
    assert catalogue(name).cloud == name


@pytest.mark.parametrize("target", targets(), ids=str)
def test_every_target_is_read_back_from_its_own_name(target):
    assert Target.parse(str(target)) == target
    assert site(target).target == target
    assert not {":", "/"} & set(target.stack)


def test_stacks_of_different_targets_are_different():
    assert len({target.stack for target in targets()}) == len(targets())


def test_every_attribute_answers_a_requirement_or_tells_of_the_object_store():
    assert {one for one in ATTRIBUTES if not one.startswith("object_store.")} <= set(REQUIREMENTS)


def test_a_file_with_a_row_too_few_is_refused(monkeypatch):
    from hdh_infra.catalogue import load

    whole = Catalogue.model_validate
    monkeypatch.setattr(
        Catalogue,
        "model_validate",
        lambda value: whole({**value, "offers": [{**value["offers"][0], "facts": value["offers"][0]["facts"][1:]}]}),
    )
    load.catalogue.cache_clear()
    try:
        with pytest.raises(ValueError, match="one row for each attribute"):
            load.catalogue("azure")
    finally:
        monkeypatch.undo()
        load.catalogue.cache_clear()
