"""What an operator declares of a private offer is checked like the catalogue's own rows."""

from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.load import check_fits, check_targets

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


def test_what_exists_is_of_a_kind_that_the_cloud_has_and_of_a_family_that_is_used():
    def told(target, **existing):
        described = {
            "name": "hdh",
            "residency": {"countries": ["FR"]},
            "zones": {"lake": {"machines": {"m": {"vcpus": 1, "memory": "1GB"}}}},
            "targets": {target: {"existing": existing}},
        }
        return [str(one) for one in check_fits(Platform.model_validate(described), [Target.parse(target)])]

    assert told("azure:francecentral", group="/subscriptions/1/resourceGroups/rg") == []
    (one,) = told("ovhcloud:GRA", group="rg")
    assert "targets.ovhcloud:GRA.existing.group: ovhcloud:GRA has no group that could be named" in one
    assert told("ovhcloud:GRA", **{"image/debian-12": "1"}) == []
    (one,) = told("ovhcloud:GRA", **{"image/debian-13": "1"})
    assert "no machine has the image 'debian-13'; did you mean debian-12?" in one


def test_a_quota_of_a_limit_that_the_offer_has_not_is_told():
    described = {
        "name": "hdh",
        "residency": {"countries": ["FR"]},
        "targets": {"ovhcloud:GRA": {"quotas": {"storse": 300}}},
    }
    (one,) = check_fits(Platform.model_validate(described), [Target.parse("ovhcloud:GRA")])
    assert "targets.ovhcloud:GRA.quotas.storse: ovhcloud:GRA has no limit 'storse'; did you mean stores?" in str(one)
