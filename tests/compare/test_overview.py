"""The table of every requirement on every offer says what the verdicts say, and can be read in any layout."""

import datetime
import html
import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

import hdh_infra as hdh
from hdh_infra.catalogue.load import offer_of, one_of_each, targets
from hdh_infra.compare import assessment
from hdh_infra.compare.assessment import plan_all
from hdh_infra.compare.overview import GROUPS
from hdh_infra.compare.report.families import general, space_of
from hdh_infra.compare.report.html import assessment_html
from hdh_infra.compare.report.markdown import assessment_markdown
from hdh_infra.compare.report.terminal import print_assessment
from hdh_infra.compare.side import Side
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.scales import Verdict
from tests.compare.conftest import TODAY


@pytest.fixture(scope="module")
def everywhere(small):
    return assessment(small, plan_all(small, one_of_each(small.targets), None, TODAY), today=TODAY)


def in_terminal(found, width=120, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_assessment(found, Console(file=stream, width=width, highlight=False, emoji=False))
    stream.seek(0)
    return stream.read()


def test_one_target_stands_for_each_offer_and_the_named_ones_come_first():
    offers = {(one.cloud, one.offer) for one in targets()}
    assert {(one.cloud, one.offer) for one in one_of_each()} == offers
    assert len(one_of_each()) == len(offers)
    named = one_of_each(["azure:francesouth", "azure:francecentral"])
    assert {str(one) for one in named if one.cloud == "azure"} == {"azure:francesouth", "azure:francecentral"}
    assert "azure:francesouth" in map(str, one_of_each(["azure:francesouth"]))
    assert "azure:francecentral" not in map(str, one_of_each(["azure:francesouth"]))


def test_every_requirement_has_a_group():
    assert {requirement.partition(".")[0] for requirement in REQUIREMENTS} == GROUPS.keys()


def is_told(row):
    """Whether a row asks for something, or is not met; nothing asked of what is not there is no tick."""
    return row.verdict is not Verdict.met or bool(row.asked) or (row.asked is not None and row.given is not None)


def test_nothing_asked_of_keys_that_are_not_there_is_no_green_tick(everywhere):
    lines = {line.requirement: line for line in everywhere.overview.lines}
    labels = [side.label for side in everywhere.sides]
    keyless = labels.index("numspot:eu-west-2")
    assert lines["key.exportable"].cells[keyless] is None
    assert lines["key.protection"].cells[keyless].verdict is Verdict.not_met
    assert lines["key.exportable"].cells[labels.index("azure:francecentral")].verdict is Verdict.met


def test_a_cell_is_the_worst_verdict_of_its_elements_and_counts_them(everywhere):
    asked = {row.requirement for side in everywhere.sides for row in side.verdicts if is_told(row)}
    assert [line.requirement for line in everywhere.overview.lines] == [one for one in REQUIREMENTS if one in asked]
    for line in everywhere.overview.lines:
        for side, cell in zip(everywhere.sides, line.cells, strict=True):
            rows = [row for row in side.verdicts if row.requirement == line.requirement and is_told(row)]
            if cell is None:
                assert not rows
                continue
            assert cell.verdict is Verdict.worst(*(row.verdict for row in rows))
            assert sum(cell.counts.values()) == cell.asked == len({row.element for row in rows})
            assert cell.elements == len({row.element for row in rows if row.verdict is cell.verdict})
            assert cell.waived == (
                cell.verdict in {Verdict.not_met, Verdict.unknown} and not any(row.blocks for row in rows)
            )
            # What differs by the space only is one reason.
            said = {general(row.reason, space_of(row.element)) for row in rows if row.verdict is not Verdict.met}
            assert {general(row.reason, space_of(row.element)) for row in cell.reasons} == said


def test_the_json_says_why_of_every_cell_with_source_and_day(everywhere):
    found = json.loads(json.dumps(everywhere.to_json()))["requirements"]
    for requirement, told in found.items():
        assert told["title"] == REQUIREMENTS[requirement].title
        assert told["targets"].keys() == {side.label for side in everywhere.sides}
        for cell in told["targets"].values():
            for why in cell["reasons"] if cell else ():
                assert why["reason"]
                assert why["source"]
                assert datetime.date.fromisoformat(why["as_of"])
            assert cell is None or cell["verdict"] == "met" or cell["reasons"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_in_a_terminal_no_line_is_wider_and_every_requirement_and_column_is_there(everywhere, width):
    text = in_terminal(everywhere, width)
    assert all(len(line) <= width for line in text.splitlines())
    table = text[text.index("Every requirement, every target") : text.index("What is not met")]
    for line in everywhere.overview.lines:
        assert re.search(rf"^ +{re.escape(line.name)}\b", table, re.MULTILINE) or width < 80, line.requirement
    numbers = [word for line in table.splitlines() if re.fullmatch(r"[\s\d]+", line) for word in line.split()]
    assert numbers == [str(number) for number in range(1, len(everywhere.sides) + 1)]


def test_colour_is_not_needed_and_a_terminal_without_unicode_has_plain_marks(everywhere):
    assert "✗" in in_terminal(everywhere)
    plain = in_terminal(everywhere, encoding="ascii")
    assert "\x1b" not in plain
    assert "+ met   ~ differs: met by a named other means   ? unknown   x not met" in plain


def test_many_columns_are_cut_into_blocks_of_their_own(small, everywhere):
    many = [side for _ in range(6) for side in everywhere.sides]
    found = assessment(small, many, today=TODAY)
    text = in_terminal(found, 120)
    assert all(len(line) <= 120 for line in text.splitlines())
    assert text.count("Who reaches whom") > 1


def test_a_refused_offer_is_said_once_in_the_list_and_is_a_no_in_the_table(everywhere):
    for text in (in_terminal(everywhere), assessment_markdown(everywhere), assessment_html(everywhere)):
        flat = " ".join(html.unescape(text).split())
        for side in everywhere.sides:
            if (refused := offer_of(hdh.Target.parse(side.target)).refused) is not None:
                assert "NO, refused" in flat
                # As a remark, and as the one finding of it; a page says it in its cells as well.
                assert (
                    flat.count(f"why {refused.reason}")
                    + flat.count(f"why: {refused.reason}")
                    + flat.count(f"<td>{refused.reason}</td>")
                    == 1
                )


def test_a_country_outside_the_residency_is_a_no_that_no_waiver_changes(small):
    abroad = small.model_copy(update={"residency": small.residency.model_copy(update={"countries": ("DE",)})})
    found = assessment(abroad, plan_all(abroad, one_of_each(), None, TODAY), today=TODAY)
    sides = {side.label: side for side in found.sides}
    assert not sides["ovhcloud:GRA"].deployable
    assert "NO, country" in in_terminal(found)
    (line,) = [line for line in found.overview.lines if line.requirement == "region.country"]
    cell = line.cells[list(sides).index("ovhcloud:GRA")]
    assert (cell.verdict, cell.waived) == (Verdict.not_met, False)


def test_a_target_that_cannot_be_planned_is_a_column_that_says_why():
    full = {"name": "full", "residency": {"countries": ["FR"]}, "network": {"address_space": "10.0.0.0/26", "prefix_length": 27}}  # fmt: skip
    platform = hdh.Platform.model_validate({**full, "zones": {"a": {}, "b": {}, "c": {}}})
    found = assessment(platform, plan_all(platform, one_of_each(), None, TODAY), today=TODAY)
    side = next(side for side in found.sides if side.label == "azure:francecentral")
    assert "has no range left for zone/c" in side.unplanned
    assert not side.deployable
    assert found.to_json()["targets"][side.label]["unplanned"] == side.unplanned
    for text in (in_terminal(found), assessment_markdown(found), assessment_html(found)):
        flat = " ".join(html.unescape(text).split())
        assert "NO plan" in flat
        assert "azure:francecentral: no plan can be made: 10.0.0.0/26 has no range left" in flat


def test_a_machine_that_no_flavour_holds_is_not_met_and_does_not_hide_what_else_an_offer_answers():
    machine = {"vcpus": 512, "memory": "23TB", "disk": {"size": "10GB"}}
    tall = hdh.Platform.model_validate({"name": "tall", "residency": {"countries": ["FR"]}, "zones": {"a": {"machines": {"m": machine}}}})  # fmt: skip
    with pytest.raises(hdh.SpecError, match="no flavour of azure:francecentral holds it"):
        hdh.plan(tall, "azure:francecentral", today=TODAY)
    found = assessment(tall, plan_all(tall, one_of_each(), None, TODAY), today=TODAY)
    lines = {line.requirement: line for line in found.overview.lines}
    for index, side in enumerate(found.sides):
        assert not side.deployable
        assert not side.unplanned
        assert lines["machine.size"].cells[index].verdict is Verdict.not_met
        assert lines["machine.spread"].cells[index] is not None
    assert any(cell.verdict is Verdict.met for cell in lines["machine.public"].cells)


def test_a_plan_is_let_go_before_the_next_is_made(small):
    import gc
    import weakref

    alive = []

    def made():
        for plan in plan_all(small, one_of_each(small.targets)[:4], None, TODAY):
            gc.collect()
            assert not any(one() is not None for one in alive), "an earlier plan is still held"
            alive.append(
                weakref.ref(plan.nodes[0])
                if getattr(plan, "nodes", ()) and hasattr(plan.nodes[0], "__weakref__")
                else weakref.ref(plan)
            )
            yield plan
            del plan

    found = assessment(small, made(), today=TODAY)
    assert len(found.sides) == 4
    assert all(not side.natives and not side.observation.elements for side in found.sides)
    assert sum(side.resources for side in found.sides) > 100


class Page(HTMLParser):
    """What a browser would find: open elements, links, anchors."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self):
        super().__init__()
        self.open, self.links, self.ids, self.wrong = [], set(), set(), []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        self.links |= {named["href"]} if "href" in named else set()
        self.ids |= {named["id"]} if "id" in named else set()
        if tag in {"script", "link", "img", "iframe"} or "src" in named or any(name.startswith("on") for name in named):
            self.wrong.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


def test_the_page_is_well_formed_loads_nothing_and_every_link_leads_somewhere(everywhere):
    page = Page()
    page.feed(assessment_html(everywhere))
    assert page.wrong == []
    assert page.open == []
    assert {f"#{one}" for one in page.ids} >= page.links


def test_what_a_description_says_cannot_become_a_part_of_the_page(small):
    row = next(
        row
        for row in hdh.plan(small, "openstack:RegionOne", today=TODAY).verdicts
        if row.requirement == "key.protection" and row.verdict is Verdict.not_met
    )
    waiver = hdh.Waiver(requirement=row.requirement, element=row.element, target="openstack:RegionOne", accept=row.given, reason="<script>alert(1)</script>", until=TODAY + datetime.timedelta(days=12))  # fmt: skip
    platform = small.model_copy(update={"waivers": (waiver,)})
    text = assessment_html(assessment(platform, [hdh.plan(platform, "openstack:RegionOne", today=TODAY)], today=TODAY))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_side_that_could_not_be_planned_answers_nothing():
    side = Side.not_planned("azure:francecentral", "it is too tall")
    assert (side.deployable, side.verdicts, side.resources) == (False, (), 0)


def test_a_green_tick_that_rests_on_a_conclusion_says_so(small):
    """Whoever decides must see which of them no page of the cloud says."""
    found = assessment(small, plan_all(small, [hdh.Target.parse("s3ns:u-france-east1")], None, TODAY), today=TODAY)
    cells = {line.requirement: line.cells[0] for line in found.overview.lines}
    rows = {}
    for row in found.sides[0].verdicts:
        if row.asked is not None:
            rows.setdefault(row.requirement, []).append(row)
    inferred = {
        name
        for name, some in rows.items()
        if all(row.verdict.value in {"met", "differs"} for row in some)
        and any(row.confidence.value == "inferred" for row in some)
    }
    assert inferred
    assert {name for name, cell in cells.items() if cell is not None and cell.inferred} >= inferred
    told = in_terminal(found)
    assert "✓i" in told
    assert "i: rests on what is inferred" in told
