"""What an operator declares of a private offer is checked like the catalogue's own rows."""

from hdh_infra.model.platform import Platform
from hdh_infra.planning.load import check_targets

FACT = {"target": "openstack:RegionOne", "source": "operator's handbook", "as_of": "2026-11-01", "by": "operator"}
FLAVOUR = {"name": "g1", "vcpus": 8, "memory": "64GB", "gpu": {"model": "l4", "count": 1, "memory": "24GB"}}


def problems(**parts):
    described = {"name": "hdh", "residency": {"countries": ["FR"]}, **parts}
    return [str(one) for one in check_targets(Platform.model_validate(described))]


def test_a_declared_fact_of_its_attributes_form_is_no_problem():
    facts = [{**FACT, "attribute": "store.redundancy", "value": "zone"}, {**FACT, "attribute": "store.soft_delete", "value": 30}]  # fmt: skip
    assert problems(facts=facts) == []


def test_a_declared_fact_of_another_form_is_told_with_its_place_and_what_is_allowed():
    (told,) = problems(facts=[{**FACT, "attribute": "store.redundancy", "value": "zones"}])
    assert "facts[0].value" in told
    assert "one of local, zone, region" in told
    assert "did you mean zone?" in told


def test_flavours_are_declared_of_private_offers_only():
    assert problems(targets={"openstack:RegionOne": {"flavours": [FLAVOUR]}}) == []
    (told,) = problems(targets={"azure:francecentral": {"flavours": [FLAVOUR]}})
    assert "targets" in told
    assert "no private offer" in told
