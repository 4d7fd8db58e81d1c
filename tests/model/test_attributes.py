"""Every attribute: where it is asked, which relation and requirement it has, and what answers it."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hdh_infra.catalogue.forms import FORMS
from hdh_infra.catalogue.load import first_regions, site, targets
from hdh_infra.catalogue.schema import ATTRIBUTES as FACTS
from hdh_infra.clouds import of
from hdh_infra.model.attributes import (
    ATTRIBUTES,
    BY_CATALOGUE,
    NULLS_OF_NOTHING,
    REQUIREMENTS,
    SCALES,
    answers,
    asked,
    reaches,
)
from hdh_infra.model.elements import Disk, Key, Machine, Store, SystemDisk
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of
from hdh_infra.model.platform import Space, Zone
from hdh_infra.model.requirements import CAPACITY, MANAGED
from hdh_infra.model.scales import Relation
from hdh_infra.testing.strategies import ENDED, platforms

PAIRS = [(kind, name) for kind, table in ATTRIBUTES.items() for name in table]
BY_OBSERVATION = {
    "machine.size": "what flavour and disks were planned is seen, and an offer without one is refused by the lock",
    "machine.image": "an offer without the family is refused by the lock",
    "network.addresses": "the lock gives them, on every offer",
    "space.members": "no cloud counts people",
}
"""Requirements of attributes that no row of the catalogue answers, with the reason."""
OF_THE_WHOLE = {
    "audit.administration",
    "audit.store",
    "airlock.review",
    "space.closed",
    "egress.host_names",
    "flow.exact",
    "offer.deployable",
}
IN_DISKS = {(Disk, "encryption"): "encryption", (Disk, "key"): "key", (Disk, "size"): "disk"} | {
    (SystemDisk, "encryption"): "system_encryption", (SystemDisk, "key"): "system_key", (SystemDisk, "size"): "system_disk",
}  # fmt: skip
NOT_WRITTEN = {"country", "public", "exportable", "use_log"}
"""Attributes that every element is asked without being written, or that another part of the spec asks."""


def with_relation(model: type[BaseModel]) -> dict[str, Relation]:
    return {
        name: one for name, info in model.model_fields.items() for one in info.metadata if isinstance(one, Relation)
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(platform=platforms(), closed=st.booleans())
def test_every_element_is_asked_exactly_the_attributes_of_its_kind(platform, closed):
    expanded = expand(platform, ENDED.replace(year=ENDED.year + 1) if closed else None)
    for path in expanded.elements:
        assert asked(expanded, path, "10.0.0.0/24").keys() == ATTRIBUTES[kind_of(path)].keys()


@pytest.mark.parametrize(("kind", "model"), [("store", Store), ("machine", Machine), ("key", Key)])
def test_every_field_with_a_relation_is_an_attribute_of_that_relation_and_the_reverse(kind, model):
    written = dict(with_relation(model))
    if model is Machine:
        written |= {
            name: relation for (part, field), name in IN_DISKS.items() for relation in [with_relation(part)[field]]
        }
        assert with_relation(Disk).keys() == {field for part, field in IN_DISKS if part is Disk}
        assert with_relation(SystemDisk).keys() == {field for part, field in IN_DISKS if part is SystemDisk}
    table = ATTRIBUTES[kind]
    assert written.keys() == table.keys() - NOT_WRITTEN
    assert {name: table[name].relation for name in written} == written


def test_every_field_of_an_element_has_a_relation_but_those_that_hold_others():
    inner = {"disk", "system_disk"}
    for model in (Store, Machine, Key, Disk, SystemDisk):
        assert model.model_fields.keys() - with_relation(model).keys() <= inner, model


def test_every_attribute_of_a_network_is_a_field_of_zones_or_of_the_platform_s_network():
    fields = Zone.model_fields.keys() | Space.model_fields.keys() | {"domain"}
    assert ATTRIBUTES["network"].keys() - {"country"} <= fields


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_every_attribute_names_a_requirement_that_there_is(kind, name):
    assert ATTRIBUTES[kind][name].requirement in REQUIREMENTS


def test_every_requirement_is_one_of_an_attribute_or_of_the_whole():
    used = {rule.requirement for table in ATTRIBUTES.values() for rule in table.values()} | OF_THE_WHOLE
    used |= {f"capacity.{name}" for name in CAPACITY} | {f"requires.{name}" for name in MANAGED}
    assert REQUIREMENTS.keys() - used == set(), "nobody can be asked this: take it out"
    assert used - REQUIREMENTS.keys() == set()
    for requirement in REQUIREMENTS.values():
        assert len(requirement.title) > 5


def test_words_about_attributes_are_of_attributes():
    names = {name for _, name in PAIRS}
    assert SCALES.keys() <= names
    assert names >= NULLS_OF_NOTHING
    assert names >= BY_CATALOGUE


@pytest.mark.parametrize("target", [str(target) for target in targets()])
def test_the_catalogue_has_a_fact_for_every_requirement_that_a_verdict_looks_up(target):
    facts = next(site(one) for one in targets() if str(one) == target).facts
    wanted = {rule.requirement for table in ATTRIBUTES.values() for rule in table.values()} - BY_OBSERVATION.keys()
    wanted |= {"audit.administration", "flow.exact", "egress.host_names", *(f"requires.{name}" for name in MANAGED)}
    assert wanted - facts.keys() == set()
    assert BY_OBSERVATION.keys() & facts.keys() == set(), "it is answered: take its reason out"
    assert facts.keys() == FORMS.keys() == FACTS


@pytest.mark.parametrize("target", first_regions(), ids=str)
def test_every_requirement_that_a_cloud_does_not_lower_yet_is_one_and_says_why(target):
    for requirement, reason in of(target).unlowered.items():
        assert requirement in REQUIREMENTS
        assert len(reason) > 10


RETENTIONS = [{"days": days, "mode": mode} for days in (1, 30, 365) for mode in ("governance", "compliance")]
BACKUPS = [
    {"every_days": every, "keep_days": keep, "where": where}
    for every in (1, 7)
    for keep in (7, 365)
    for where in ("local", "region")
]
GPUS = [
    {"count": count, "model": model, "memory": memory}
    for count in (1, 2)
    for model in (None, "l4", "a100")
    for memory in (None, 40 * 2**30)
]
NUMBERS = [1, 30, 365]


def values_of(name: str) -> list[Any]:
    """What can be asked of an attribute, and given."""
    if name in SCALES:
        return [level.value for level in SCALES[name]]
    return {"retention": RETENTIONS, "backup": BACKUPS, "gpu": GPUS, "private": [True], "access_log": [True], "use_log": [True], "flow_logs": [True]}.get(name, NUMBERS)  # fmt: skip


FLOORS = [
    (kind, name) for kind, name in PAIRS if ATTRIBUTES[kind][name].relation is Relation.floor and name != "country"
]


@pytest.mark.parametrize(("kind", "name"), FLOORS)
def test_a_floor_is_reached_by_itself_and_what_reaches_more_reaches_less(kind, name):
    """Reflexive and transitive: without both, raising a floor could close a gap."""
    values = values_of(name)
    for one in values:
        assert reaches(name, one, one)
        assert answers(kind, name, one, one)
    for low in values:
        for middle in values:
            for high in values:
                if reaches(name, low, middle) and reaches(name, middle, high):
                    assert reaches(name, low, high), (low, middle, high)


@pytest.mark.parametrize(("kind", "name"), FLOORS)
def test_a_floor_that_asks_nothing_is_answered_by_anything(kind, name):
    for one in (*values_of(name), None):
        assert answers(kind, name, None, one)


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_what_nobody_sees_is_unknown_unless_null_means_nothing(kind, name):
    """An observed null is no yes: it is unknown, or, where null is seen to mean that there is none, a no."""
    relation = ATTRIBUTES[kind][name].relation
    if relation is Relation.untraceable:
        assert answers(kind, name, "anything", None)
        return
    wanted: Any = values_of(name)[-1] if relation is Relation.floor else "asked"
    assert answers(kind, name, wanted, None) is (False if name in NULLS_OF_NOTHING else None)


@pytest.mark.parametrize(
    ("kind", "name"), [one for one in PAIRS if ATTRIBUTES[one[0]][one[1]].relation is Relation.exact]
)
def test_an_exact_attribute_is_answered_by_the_same_and_nothing_else(kind, name):
    assert answers(kind, name, "this", "this")
    assert answers(kind, name, "this", "that") is False


def test_a_country_is_answered_by_one_of_those_that_are_allowed():
    assert answers("store", "country", ["FR", "DE"], "DE")
    assert answers("store", "country", ["FR", "DE"], "US") is False
    assert answers("store", "country", ["FR"], None) is None


def test_a_level_is_never_compared_by_spelling():
    for name, scale in SCALES.items():
        order = [level.value for level in scale]
        for one in order:
            assert [reaches(name, one, other) for other in order] == [
                index >= order.index(one) for index in range(len(order))
            ]


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for one in get_args(annotation) if not isinstance(annotation, UnionType) else annotation.__args__:
        yield from _types(one)


def test_every_attribute_on_a_scale_is_a_field_of_that_scale():
    for (part, field), name in IN_DISKS.items():
        if name in SCALES:
            assert SCALES[name] in set(_types(part.model_fields[field].annotation))
    for model, kind in ((Store, "store"), (Machine, "machine"), (Key, "key")):
        for name in ATTRIBUTES[kind].keys() & SCALES.keys() & model.model_fields.keys():
            assert SCALES[name] in set(_types(model.model_fields[name].annotation))


@pytest.mark.parametrize(("kind", "name"), [("store", "key"), ("machine", "key"), ("machine", "system_key")])
def test_a_key_where_none_is_asked_is_more_than_the_floor_and_no_fault(kind, name):
    """No key is asked below the customer's level, and a higher level is given under some key."""
    assert answers(kind, name, None, "key/any")
    assert answers(kind, name, "key/this", "key/other") is False
    assert answers(kind, name, "key/this", None) is False
