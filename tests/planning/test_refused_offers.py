"""An offer that is refused is planned, assessed and compared like every other, and nothing can be deployed to it."""

import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import hdh_infra as hdh
from hdh_infra.catalogue.load import offer_of, site, targets
from hdh_infra.clouds import of
from hdh_infra.compare.comparison import answers, compare_plans
from hdh_infra.deploy.guards import refuse_blocked
from hdh_infra.errors import RefusedError, SpecError
from hdh_infra.graph.plan import Plan
from hdh_infra.model.attributes import ATTRIBUTES, asked
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.refusing import DEPLOYABLE
from hdh_infra.testing.strategies import platforms

TODAY = datetime.date(2026, 11, 25)
REFUSED = [one for one in targets() if offer_of(one).refused is not None]
each_refused = pytest.mark.parametrize("target", REFUSED, ids=str)


@pytest.fixture(scope="module")
def small() -> Platform:
    return hdh.load(Path(__file__).parents[2] / "examples" / "small.yaml")


def test_there_are_offers_that_are_refused_and_each_says_why_and_what_would_serve():
    assert {one.cloud for one in REFUSED} == {"clevercloud", "oodrive"}
    for one in REFUSED:
        assert offer_of(one).refused.remedy
        assert of(one).name == "nothing"


@each_refused
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(platform=platforms())
def test_everything_that_is_asked_of_it_is_not_met_by_the_refusals_own_reason_and_source(target, platform):
    plan, refused = make_plan(platform, target, today=TODAY), offer_of(target).refused
    assert (plan.nodes, plan.manual, plan.flavours, plan.deployable) == ((), (), (), False)
    assert not plan.observation.elements
    told = [row for row in plan.verdicts if not row.requirement.startswith("requires.")]
    assert {(row.verdict, row.reason, row.source, row.as_of, row.given) for row in told} == {
        (Verdict.not_met, refused.reason, refused.source, str(refused.as_of), None)
    }
    lock, expanded = update_lock(None, platform, [target]), expand(platform, TODAY)
    wanted = {
        (path, attribute)
        for path in expanded.elements
        for attribute in ATTRIBUTES[kind_of(path)]
        if asked(expanded, path, lock.addresses.get(path, ""))[attribute] is not None
    }
    assert wanted <= {(row.element, row.attribute) for row in told}
    assert ("platform", "deployable") in {(row.element, row.attribute) for row in told}


@each_refused
def test_managed_services_are_judged_by_its_own_facts(target):
    platform = Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, "requires": ["postgresql", "spark"]})  # fmt: skip
    rows = {row.requirement: row for row in make_plan(platform, target, today=TODAY).verdicts}
    for name in ("postgresql", "spark"):
        fact = site(target).fact(f"requires.{name}")
        verdict = {None: Verdict.unknown, False: Verdict.not_met}.get(fact.value, Verdict.met)
        assert rows[f"requires.{name}"].verdict is verdict


@each_refused
@pytest.mark.parametrize("requirement", ["key.protection", "store.encryption"])
def test_no_waiver_makes_it_deployable_and_one_for_it_is_wrong(target, requirement, small):
    waiver = {"requirement": requirement, "element": "**", "target": str(target), "accept": None, "reason": "we would like it", "until": "2027-06-30"}  # fmt: skip
    waived = Platform.model_validate({**small.model_dump(mode="json", by_alias=True, exclude_none=True), "waivers": [waiver]})  # fmt: skip
    with pytest.raises(SpecError, match="is refused, and no waiver changes that"):
        make_plan(waived, target, today=TODAY)


@each_refused
def test_its_plan_is_read_back_and_refused_by_whoever_would_deploy_it(target, small):
    plan = make_plan(small, target, today=TODAY)
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
    with pytest.raises(RefusedError, match="nothing can be deployed there") as caught:
        refuse_blocked(plan)
    assert offer_of(target).refused.reason.rstrip(".") in str(caught.value)
    assert len(str(caught.value)) < 1500, "said once, and not for each element"


@each_refused
def test_the_lock_keeps_nothing_of_it(target, small):
    other = update_lock(None, small, [])
    assert update_lock(None, small, [target]) == other


@each_refused
def test_it_stands_in_a_comparison_with_nothing_in_it(target, small):
    plans = [make_plan(small, one, today=TODAY) for one in ("azure:francecentral", target)]
    found = compare_plans(small, plans)
    assert not answers(found, "deployable")
    assert not found.equal_flows
    for attributes in found.elements.values():
        for wanted, (_, refused) in attributes.values():
            assert refused.verdict is (Verdict.met if wanted is None else Verdict.not_met)


def test_a_requirement_that_refuses_can_never_be_waived():
    from hdh_infra.model.requirements import REQUIREMENTS

    assert not REQUIREMENTS[DEPLOYABLE].waivable
