"""A node whose type has no contract is marked wherever a plan is shown, and deployed all the same."""

import dataclasses
import datetime
import io
from pathlib import Path

import pytest
from rich.console import Console

import hdh_infra as hdh
from hdh_infra.catalogue.load import first_regions
from hdh_infra.cli.tables import print_plan
from hdh_infra.clouds import of
from hdh_infra.compare import assessment, compare_plans
from hdh_infra.compare.report.html import assessment_html
from hdh_infra.compare.report.markdown import assessment_markdown, comparison_markdown
from hdh_infra.compare.report.terminal import print_assessment, print_comparison
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.text import text_of
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan

TODAY = datetime.date(2026, 11, 25)
TARGET = "openstack:RegionOne"
STRANGE = "elsewhere:index:Thing"
ROUTER = "platform/router"


@pytest.fixture(scope="module")
def small():
    return hdh.load(Path(__file__).parents[2] / "examples" / "small.yaml")


@pytest.fixture
def strange(small, monkeypatch):
    """The plan of a cloud that lowers one resource to a type of a provider that no contract was read from."""
    lowering = of(Target.parse(TARGET))

    def lower_platform(context):
        for node in lowering.lower_platform(context):
            yield dataclasses.replace(node, path="platform/thing", type=STRANGE) if node.path == ROUTER else node
            if node.path == ROUTER:
                yield node

    other = dataclasses.replace(lowering, lower_platform=lower_platform)
    monkeypatch.setattr("hdh_infra.planning.assemble.of", lambda _: other)
    return make_plan(small, TARGET, today=TODAY)


def shown(show, value):
    stream = io.StringIO()
    show(value, Console(file=stream, width=120, highlight=False))
    return " ".join(stream.getvalue().split())


def test_such_a_type_is_named_in_the_plan_and_read_back(strange):
    assert strange.unverified == (STRANGE,)
    assert strange.to_json()["unverified"] == [STRANGE]
    assert Plan.from_json(strange.to_json()).unverified == (STRANGE,)
    assert strange.deployable


def test_a_plan_of_before_is_read_as_one_that_says_nothing_of_it(strange):
    before = strange.to_json()
    del before["unverified"]
    assert Plan.from_json(before).unverified == ()


def test_it_is_marked_in_every_text_and_report(strange, small):
    words = f"unverified: 1 native resource has no contract, so that nobody held their properties against what the provider takes: {STRANGE}"
    assert f"{STRANGE} (unverified: no contract)" in text_of(strange)
    assert f"thing {STRANGE} (unverified)" in shown(print_plan, strange).replace("elsewhere:Thing", STRANGE)
    assert words in shown(print_plan, strange)
    compared, assessed = compare_plans(small, [strange]), assessment(small, [strange], today=TODAY)
    assert words in " ".join(compared.to_json()["remarks"][TARGET])
    for text in (
        shown(print_comparison, compared),
        shown(print_assessment, assessed),
        comparison_markdown(compared),
        assessment_markdown(assessed),
        assessment_html(assessed),
    ):
        assert words in text


def test_a_part_marks_what_it_has_itself_and_no_more(strange):
    foundation, *spaces = strange.parts()
    assert foundation.plan.unverified == (STRANGE,)
    assert all(part.plan.unverified == () for part in spaces)


@pytest.mark.parametrize("target", first_regions(), ids=str)
def test_everything_that_this_library_lowers_is_verified(target, small):
    assert make_plan(small, target, today=TODAY).unverified == ()


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_what_an_operation_changed_is_told_with_it(strange, monkeypatch, operation):
    from types import SimpleNamespace

    from hdh_infra.deploy import operations
    from hdh_infra.deploy.request import Result

    done = Result(operation, TARGET, "stack", {"create": 1}, 0.1, (), ("as ever",))
    monkeypatch.setattr(operations, "plan_of", lambda _: strange)
    monkeypatch.setattr(operations, "check_state_place", lambda *_: [])
    monkeypatch.setattr(operations, "in_parts", lambda _: False)
    monkeypatch.setattr(operations, "deploy_stack", lambda *_: done)
    monkeypatch.setattr("hdh_infra.deploy.engine.backend_of", lambda _: "")
    monkeypatch.setattr("hdh_infra.deploy.engine.secrets_of", lambda _: "")
    request = SimpleNamespace(platform=None, target=TARGET, environment={})
    told = getattr(operations, operation)(request, None)
    assert told.remarks == (*strange.unverified_words(), "as ever")
    assert STRANGE in str(told.to_json()["remarks"])
