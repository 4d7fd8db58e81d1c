"""Reports leave nothing out, in any layout, and say in words what colour says."""

import datetime
import io
import re

import pytest
from rich.console import Console

import hdh_infra as hdh
from hdh_infra.compare import assessment, compare_plans
from hdh_infra.compare.report.content import findings, groups
from hdh_infra.compare.report.families import Families
from hdh_infra.compare.report.markdown import assessment_markdown, comparison_markdown
from hdh_infra.compare.report.terminal import print_assessment, print_comparison
from hdh_infra.model.wording import value_words
from tests.compare.conftest import TODAY


def in_terminal(show, value, width=100, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    show(value, Console(file=stream, width=width, highlight=False))
    stream.seek(0)
    return stream.read()


def plain(text):
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def found(small, plans):
    return compare_plans(small, plans)


@pytest.fixture(scope="module")
def waived(small):
    """The example with one waiver in force that is about to end, and the plan of it."""
    row = next(
        row
        for row in hdh.plan(small, "openstack:RegionOne", today=TODAY).verdicts
        if row.requirement == "key.protection" and str(row.verdict) == "not-met"
    )
    waiver = hdh.Waiver(
        requirement=row.requirement,
        element=row.element,
        target="openstack:RegionOne",
        accept=row.given,
        reason="accepted by the board until the hardware is there",
        until=TODAY + datetime.timedelta(days=12),
    )
    platform = small.model_copy(update={"waivers": (waiver,)})
    return platform, hdh.plan(platform, "openstack:RegionOne", today=TODAY)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(found, width):
    assert all(len(line) <= width for line in in_terminal(print_comparison, found, width).splitlines())


@pytest.mark.parametrize("layout", ["terminal", "markdown"])
def test_every_verdict_that_is_not_met_is_in_every_report_with_reason_and_source(found, layout):
    text = plain(comparison_markdown(found) if layout == "markdown" else in_terminal(print_comparison, found))
    rows = [row for side in found.sides for row in side.verdicts if str(row.verdict) != "met"]
    assert rows
    for row in rows:
        for part in (row.requirement, row.reason, row.source, row.as_of):
            assert plain(part).replace("*", "\\*" if layout == "markdown" else "*") in text, (row.element, part)


def test_a_verdict_of_many_elements_is_said_once_and_names_them(found):
    said = findings(found.sides, Families(found.platform))
    rows = {
        (row.element, row.requirement, side.label)
        for side in found.sides
        for row in side.verdicts
        if str(row.verdict) != "met"
    }
    assert {(path, one.requirement, label) for one in said for path in one.elements for label in one.sides} == rows
    assert len(said) < len(rows)


def test_what_colour_says_stands_there_in_words(found):
    text = in_terminal(print_comparison, found)
    assert "(not met" in text
    assert "NOT EQUAL" in text
    assert "\x1b" not in text


def test_a_terminal_without_unicode_gets_plain_marks(found):
    text = in_terminal(print_comparison, found, encoding="ascii")
    assert "x yes (not met)" in text


def test_elements_that_spaces_have_alike_are_one_group_and_none_is_lost(found):
    titles = [group.title for group in groups(found, Families(found.platform))]
    assert "space/*/store/work (2 alike)" in titles
    assert "zone/lake/store/snds" in titles
    assert len(titles) == len(set(titles))


def test_a_waiver_is_in_the_assessment_and_is_announced_before_it_ends(waived):
    platform, plan = waived
    said = assessment(platform, [plan], today=TODAY)
    assert said.to_json()["targets"]["openstack:RegionOne"]["deployable"] is plan.deployable
    assert "ends in 12 days" in said.to_json()["ending"][0]
    for text in (in_terminal(print_assessment, said), assessment_markdown(said)):
        assert plain("the waiver of key.protection for key/lake ends in 12 days") in plain(text)
        assert plain("waived until") in plain(text)
        assert plain("accepted by the board") in plain(text)
    later = assessment(platform, [plan], today=TODAY - datetime.timedelta(days=40))
    assert later.ending == ()


def test_overrides_and_remarks_are_in_every_report(small):
    path = "zone/lake/store/snds/bucket"
    platform = small.model_copy(update={"overrides": {path: {"versioning": False}}})
    found = compare_plans(platform, [hdh.plan(platform, "openstack:RegionOne", today=TODAY)])
    assert found.to_json()["overrides"]["openstack:RegionOne"] == [f"{path}: versioning"]
    for text in (in_terminal(print_comparison, found), comparison_markdown(found)):
        assert f"native override of {path}: versioning" in " ".join(text.split())
        assert "✗ no (not met)" in text.replace("**", "")


def test_markdown_tables_have_as_many_cells_in_each_row_as_in_their_head(found):
    head = None
    for line in comparison_markdown(found).splitlines():
        if not line.startswith("|"):
            head = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        head = head or cells
        assert cells == head, line


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("memory", 16 * 10**9, "16GB"),
        ("disk", 94 * 2**30, "100.9GB"),
        ("public", False, "no"),
        ("retention", {"days": 365, "mode": "compliance"}, "365 days, compliance"),
        ("retention", None, "none"),
        ("country", ["FR", "DE"], "FR, DE"),
        ("encryption", None, "not visible"),
    ],
)
def test_values_are_written_as_people_write_them(attribute, value, words):
    assert value_words(attribute, value) == words
