"""The catalogue's own rules: whole, sourced, dated, and how much of it is unknown."""

import dataclasses
import datetime
import importlib
import re
from importlib import resources

import pytest
from ruamel.yaml import YAML

from hdh_infra.catalogue.forms import FORMS, check_value
from hdh_infra.catalogue.load import catalogue, clouds, site, targets
from hdh_infra.catalogue.schema import ATTRIBUTES, Catalogue, Fact, Flavour, FlavourGpu
from hdh_infra.clouds import cloud
from hdh_infra.model.attributes import REQUIREMENTS
from hdh_infra.model.base import check_name
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence
from hdh_infra.model.target import Target

READ_BY = datetime.date(2026, 11, 25)
OFFERS = [(name, offer) for name in clouds() for offer in catalogue(name).offers]
NUMSPOT = {
    "audit.administration", "machine.encryption", "object_store.addresses", "object_store.addressing",
    "object_store.log_target", "store.encryption", "store.redundancy",
}  # fmt: skip
UNKNOWN = {
    # What nobody could find out, offer by offer: a number that falls is news, one that grows is a loss.
    ("azure", "public"): set(),
    ("openstack", "private"): {
        "audit.administration", "audit.flows", "audit.keys", "key.protection", "machine.backup", "machine.encryption",
        "machine.gpu", "network.flow_logs", "network.names", "object_store.addresses", "object_store.addressing", "object_store.api",
        "object_store.identities", "object_store.log_target", "region.country", "requires.identity-provider", "requires.kubernetes", "requires.log-analysis",
        "requires.postgresql", "requires.spark", "store.access_log", "store.backup", "store.encryption", "store.expiry",
        "store.grants", "store.private", "store.public", "store.redundancy", "store.retention", "store.soft_delete",
        "store.versioning",
    },
    ("cloudtemple", "vm-instances"): {"machine.encryption", "object_store.addresses", "object_store.log_target"},
    ("numspot", "snc"): NUMSPOT,
    ("numspot", "standard"): NUMSPOT,
    ("ovhcloud", "public-cloud"): {"object_store.addresses"},
}  # fmt: skip

each_offer = pytest.mark.parametrize(("name", "offer"), OFFERS, ids=[f"{name}-{offer.name}" for name, offer in OFFERS])


@pytest.mark.parametrize("name", clouds())
def test_yaml_1_1_and_1_2_read_the_file_alike(name):
    """The fast reader is of YAML 1.1, to which `no` is false and 12:30 a number."""
    text = (resources.files("hdh_infra.catalogue") / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    assert Catalogue.model_validate(YAML(typ="safe", pure=True).load(text)) == catalogue(name)


def sourced(offer):
    named = [*offer.images.values(), *offer.qualifications, *offer.prices.values()]
    named += [one for one in (offer.exposure, offer.refused) if one]
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
        families.setdefault(re.split(r"(?<!^ns)[-.]|(?<=[A-Z])\d", flavour.name)[0], []).append(
            (flavour.vcpus, int(flavour.memory))
        )
    assert all(sizes == sorted(set(sizes)) for sizes in families.values()), families


@each_offer
def test_the_smallest_flavour_that_fits_is_chosen(name, offer):
    place = site(next(one for one in targets() if one.cloud == name))
    for flavour in offer.flavours:
        chosen = place.flavour(flavour.vcpus, int(flavour.memory), flavour.gpu)
        assert chosen is not None
        assert (chosen.vcpus, int(chosen.memory)) <= (flavour.vcpus, int(flavour.memory))
        assert chosen.holds(flavour.gpu)
    most = max(flavour.vcpus for flavour in offer.flavours)
    assert place.flavour(most + 1, 1) is None


@each_offer
def test_a_graphics_processor_comes_only_where_it_is_asked(name, offer):
    place = site(next(one for one in targets() if one.cloud == name))
    plain = [flavour for flavour in offer.flavours if flavour.gpu is None]
    for flavour in plain:
        assert place.flavour(flavour.vcpus, int(flavour.memory)).gpu is None
    most = max(flavour.vcpus for flavour in plain)
    assert place.flavour(most + 1, 1) is None
    assert place.flavour(1, 1, FlavourGpu(model="no-such", count=1)) is None
    assert (place.flavour(1, 1, FlavourGpu(count=1)) is not None) is any(flavour.gpu for flavour in offer.flavours)


@each_offer
def test_flavours_with_graphics_processors_go_with_what_the_offer_says_of_them(name, offer):
    with_gpu = [flavour for flavour in offer.flavours if flavour.gpu]
    fact = next(fact for fact in offer.facts if fact.attribute == "machine.gpu")
    assert bool(with_gpu) is (fact.value is True)
    for flavour in with_gpu:
        assert flavour.gpu.model
        assert 8 <= int(flavour.gpu.memory) / 2**30 <= 512


def sized(name, gpu=None, price=None):
    return Flavour(name=name, vcpus=4, memory="16GB", gpu=gpu, price_eur_hour=price, source="a test", as_of=READ_BY, confidence="measured")  # fmt: skip


def test_of_flavours_alike_the_one_with_fewer_graphics_processors_then_the_cheaper_then_the_first_by_name_is_chosen():
    place = site(Target.parse("azure:francecentral"))
    two, one = ({"model": "a100", "count": count, "memory": "80GB"} for count in (2, 1))
    alike = [sized("a", two, 1.0), sized("b", one), sized("c", one, 3.0), sized("e", one, 2.0), sized("d", one, 2.0)]
    for flavours in (alike, alike[::-1]):
        here = dataclasses.replace(place, offer=place.offer.model_copy(update={"flavours": tuple(flavours)}))
        assert here.flavour(4, 1, FlavourGpu(count=1)).name == "d"
        assert here.flavour(4, 1, FlavourGpu(count=2, memory="80GB")).name == "a"
        assert here.flavour(4, 1, FlavourGpu(count=1, memory="81GB")) is None


def test_what_an_operator_does_not_say_of_a_graphics_processor_holds_only_what_does_not_ask_for_it():
    unsaid = FlavourGpu(count=2)
    assert unsaid.holds(FlavourGpu(count=2))
    assert not unsaid.holds(FlavourGpu(count=3))
    assert not unsaid.holds(FlavourGpu(count=1, model="a100"))
    assert not unsaid.holds(FlavourGpu(count=1, memory="1GB"))


def declaring(target, *flavours):
    return Platform.model_validate(
        {
            "name": "hdh",
            "residency": {"countries": ["FR"]},
            "targets": {target: {"flavours": list(flavours)}},
        }
    )


def test_flavours_that_the_operator_of_a_private_offer_declares_come_first_and_take_the_place_of_those_of_their_name():
    target = Target.parse("openstack:RegionOne")
    with_gpu = {"name": "g1", "vcpus": 8, "memory": "64GB", "gpu": {"model": "l4", "count": 2, "memory": "24GB"}}
    place = site(target, declaring(str(target), {"name": "m1.large", "vcpus": 6, "memory": "12GB"}, with_gpu))
    assert [flavour.name for flavour in place.offer.flavours[:2]] == ["g1", "m1.large"], "in order of their names"
    assert [flavour.vcpus for flavour in place.offer.flavours if flavour.name == "m1.large"] == [6]
    assert place.flavour_named("m1.large").confidence is Confidence.declared
    assert place.flavour(1, 1, FlavourGpu(model="l4", count=1)).name == "g1"
    assert place.fact("machine.gpu").value is True
    assert place.fact("machine.gpu").confidence is Confidence.declared
    assert site(target).fact("machine.gpu").value is None


def test_flavours_declared_of_an_offer_that_is_not_private_change_nothing():
    target = Target.parse("azure:francecentral")
    place = site(target, declaring(str(target), {"name": "own", "vcpus": 1, "memory": "1GB"}))
    assert place.offer == site(target).offer


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


def test_every_attribute_answers_a_requirement_or_tells_more_of_one():
    tells = {one for one in ATTRIBUTES if one.startswith("object_store.")} | {"audit.flows"}  # where flow logs can go
    assert set(REQUIREMENTS) >= ATTRIBUTES - tells


@each_offer
def test_what_does_not_reach_the_most_that_there_is_says_what_would_reach_more(name, offer):
    most = {
        "machine.spread": "zones",
        "store.redundancy": "region",
        "key.custody": "customer",
        "network.entry": "bastion",
    }
    worse_when_true = {"store.public", "machine.public", "key.exportable"}
    for fact in offer.facts:
        if fact.attribute in most:
            assert fact.value in {most[fact.attribute], None} or fact.remedy, fact.attribute
        elif isinstance(fact.value, bool) and fact.value is (fact.attribute in worse_when_true):
            assert fact.remedy, f"{fact.attribute} is {fact.value}: what would reach more?"


@each_offer
def test_a_private_offer_says_how_its_operator_declares_what_it_does_not_know(name, offer):
    if offer.private:
        for fact in offer.facts:
            if fact.value is None:
                assert "eclare" in fact.remedy, fact.attribute


def test_every_attribute_of_the_catalogue_has_a_form_that_says_what_is_allowed():
    assert set(FORMS) == ATTRIBUTES
    for form in FORMS.values():
        assert form.allowed
        assert all(form.fits(word) or form.fits([word]) for word in form.words)


@pytest.mark.parametrize(
    ("attribute", "value", "told"),
    [
        ("store.expiry", "yes", "true or false"),
        ("store.expiry", 1, "true or false"),
        ("store.soft_delete", True, "number of days"),
        ("store.soft_delete", -1, "number of days"),
        ("store.redundancy", "zones", "did you mean zone?"),
        ("store.redundancy", False, "one of local, zone, region"),
        ("key.algorithm", "aes-256", "a list of"),
        ("key.algorithm", ["aes-128"], "a list of"),
        ("key.algorithm", [], "a list of"),
        ("key.algorithm", ["aes-256", "aes-256"], "each once"),
        ("network.entry", True, "or false"),
        ("requires.spark", True, "own name"),
        ("region.country", "France", "two capital letters"),
        ("object_store.addresses", ["192.0.2.1/24"], "address ranges"),
        ("object_store.addresses", "public", "private"),
        ("store.expirey", True, "did you mean store.expiry?"),
    ],
)
def test_a_value_of_another_form_is_told_with_what_is_allowed(attribute, value, told):
    assert told in check_value(attribute, value)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("store.soft_delete", 0),
        ("store.soft_delete", False),
        ("store.retention", False),
        ("key.algorithm", ["aes-256", "rsa-3072"]),
        ("object_store.addresses", ["192.0.2.0/24"]),
        ("requires.spark", False),
        ("store.expiry", None),
    ],
)
def test_a_value_of_its_form_is_accepted_and_so_is_unknown(attribute, value):
    assert check_value(attribute, value) is None


def test_a_row_of_another_form_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"store.redundancy is 'zones'.*did you mean zone"):
        Fact(attribute="store.redundancy", value="zones", source="a test", as_of=READ_BY, confidence="primary", reason="for this test")  # fmt: skip


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
