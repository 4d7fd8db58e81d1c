"""Reasons are told so that somebody reads them, and none is lost: what is grouped adds up to what the tables count."""

import datetime
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import hdh_infra as hdh
from hdh_infra.catalogue.load import one_of_each
from hdh_infra.compare import assessment
from hdh_infra.compare.assessment import plan_all
from hdh_infra.compare.report.detail import Detail
from hdh_infra.compare.report.html import assessment_html
from hdh_infra.compare.report.markdown import assessment_markdown
from hdh_infra.compare.report.marks import cut
from hdh_infra.compare.report.reasons import sections
from hdh_infra.compare.report.sentences import room_of
from hdh_infra.compare.report.terminal import print_assessment
from hdh_infra.compare.side import Side
from hdh_infra.graph.observation import Observation
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.scales import Confidence, Verdict
from tests.compare.conftest import TODAY

NATIONAL = Path(__file__).parents[2] / "examples" / "hdh-national.yaml"
UNMET = (Verdict.differs, Verdict.unknown, Verdict.not_met)


@pytest.fixture(scope="module")
def everywhere(small):
    return assessment(small, plan_all(small, one_of_each(small.targets), None, TODAY), today=TODAY)


@pytest.fixture(scope="module")
def national():
    """Six of its 150 projects, two of each kind: they are asked alike."""
    whole = hdh.load(NATIONAL)
    projects = dict(list(whole.spaces.projects.items())[:6])
    platform = whole.model_copy(update={"spaces": whole.spaces.model_copy(update={"projects": projects})})
    return assessment(platform, plan_all(platform, one_of_each(platform.targets), None, TODAY), today=TODAY)


def in_terminal(found, detail, width=120):
    stream = io.StringIO()
    print_assessment(found, Console(file=stream, width=width, highlight=False, emoji=False), detail)
    return stream.getvalue()


def flat(text):
    return "".join(text.split()).replace("\\", "")


def of(side, found):
    """All that is said of one side."""
    planned = not side.unplanned and side.refused is None
    return [
        why for section in found if side in section.sides or (planned and not section.sides) for why in section.whys
    ]


def check_that_they_add_up(sides):
    found = sections(sides)
    for side in sides:
        whys = of(side, found)
        unmet = [row for row in side.verdicts if row.verdict is not Verdict.met]
        assert Counter({verdict: side.count(verdict) for verdict in UNMET if side.count(verdict)}) == sum(
            (Counter({why.verdict: why.rows}) for why in whys), Counter()
        )
        told = {(why.verdict, name, path) for why in whys for name, some in why.elements for path in some}
        assert told == {(row.verdict, row.requirement, row.element) for row in unmet}


ROWS = st.builds(
    VerdictRow,
    element=st.sampled_from(["platform", "key/a", *(f"space/s{n}/store/work" for n in range(5)), "zone/lake/store/x"]),
    requirement=st.sampled_from(["store.private", "flow.exact", "key.access", "capacity.vcpus", "capacity.rules"]),
    attribute=st.sampled_from(["flows", "private", "address_range"]),
    asked=st.sampled_from([None, True, "10.0.0.0/24", ["a read"]]),
    given=st.sampled_from([None, False, 5]),
    verdict=st.sampled_from(list(Verdict)),
    reason=st.one_of(
        st.builds("space/s{}/machine/m reaches it on 443, which nothing asks; {}. A: b".format, st.integers(0, 9), st.text("ab; ,", max_size=6)),
        st.builds("needs {} VMs, and a project has {} by default".format, st.integers(1, 9999), st.integers(0, 99)),
        st.text("ab, ;and1", max_size=12),
    ),
    source=st.sampled_from(["s", "t"]),
    as_of=st.just("2026-11-01"),
    confidence=st.sampled_from(list(Confidence)),
    means=st.sampled_from([None, "otherwise"]),
    remedy=st.one_of(
        st.none(), st.builds("Ask for {} VMs; then write what was granted under targets.a:b: quotas: {{vcpus: {}}}".format, st.integers(1, 9), st.integers(1, 9)), st.text("ab 12,", max_size=8),
    ),
    waiver=st.sampled_from([None, {"in_force": True, "until": "2027-01-01", "reason": "it is small"}]),
)  # fmt: skip


@given(st.lists(st.lists(ROWS, max_size=30), min_size=1, max_size=3))
def test_every_verdict_is_in_exactly_one_group_whatever_it_says(columns):
    check_that_they_add_up(
        [Side(f"cloud:{n}", f"cloud:{n}", "plan", Observation(f"cloud:{n}", "plan", {}), {}, verdicts=tuple(rows)) for n, rows in enumerate(columns)]
    )  # fmt: skip


def test_what_is_told_of_every_offer_adds_up_to_its_column(everywhere, national):
    for one in (everywhere, national):
        check_that_they_add_up(one.sides)
        found = sections(one.sides)
        for index, side in enumerate(one.sides):
            worst = {}
            for why in of(side, found):
                for name, some in why.elements:
                    for path in some:
                        worst[name, path] = Verdict.worst(why.verdict, worst.get((name, path), Verdict.met))
            for line in one.overview.lines:
                cell = line.cells[index]
                here = Counter(verdict for (name, _), verdict in worst.items() if name == line.requirement)
                assert here == {verdict: count for verdict, count in (cell.counts if cell else {}).items() if verdict is not Verdict.met}  # fmt: skip


def test_every_layout_tells_each_group_with_its_numbers_and_every_waiver(national):
    lines = in_terminal(national, Detail.short, 400).partition("What is not met")[2].splitlines()
    # Columns: mark and requirements, day, reason; what does not fit goes on below.
    labels, days, reasons = (
        "".join(line[part] for line in lines) for part in (slice(2, 34), slice(34, 46), slice(47, None))
    )
    short, whole = flat("".join(lines)), flat(in_terminal(national, Detail.reasons, 400))
    written, page = flat(assessment_markdown(national)), flat(assessment_html(national))
    waived = 0
    for section in sections(national.sides):
        for text in (short, whole, written, page):
            assert flat(section.title) in text
        for why in section.whys:
            assert flat(why.what("")) in flat(labels)
            assert why.as_of in days
            for text in (whole, written):
                for part in (why.what(), why.places, why.reason, why.means, why.remedy, why.waiver, why.read):
                    assert flat(part or "").replace("*", "") in text.replace("*", ""), part
            assert flat(why.read).replace("'", "&#x27;") in page
            if why.waiver:
                waived += 1
                assert flat(why.waiver[:80]) in flat(reasons)
    assert waived > 5


def test_the_answer_for_every_offer_is_one_that_somebody_reads_to_the_end(national, everywhere):
    assert len(in_terminal(national, Detail.short).splitlines()) <= 600
    assert len(in_terminal(everywhere, Detail.short).splitlines()) <= 400


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("detail", list(Detail))
def test_no_line_is_wider_than_the_terminal_however_much_is_told(everywhere, width, detail):
    assert all(len(line) <= width for line in in_terminal(everywhere, detail, width).splitlines())


def platform_of(names):
    return hdh.Platform.model_validate(
        {
            "name": "alike", "residency": {"countries": ["FR"]},
            "keys": {"lake": {"protection": "hsm"}},
            "zones": {
                "lake": {"stores": {"snds": {"size": "1TB", "key": "lake"}}, "machines": {"spark": {"vcpus": 2, "memory": "8GB"}}},
                "admin": {"machines": {"console": {"vcpus": 2, "memory": "8GB"}}},
            },
            "spaces": {
                "defaults": {"stores": {"work": {"size": "1TB"}}, "machines": {"desktop": {"vcpus": 2, "memory": "8GB"}, "batch": {"vcpus": 2, "memory": "8GB"}}},
                "projects": {name: {"ends": datetime.date(2028, 6, 30), "members": 2} for name in names},
            },
            "flows": [
                {"from": "space/*", "to": "zone/lake/store/snds", "ports": [443]},
                {"from": "zone/admin", "to": "space/*", "ports": [22]},
                {"from": "zone/lake/machine/spark", "to": "zone/lake/store/snds", "ports": [443]},
            ],
        }
    )  # fmt: skip


OFFERS = [str(one) for one in one_of_each()]


@pytest.mark.parametrize("target", OFFERS)
def test_spaces_that_are_alike_are_told_alike_in_one_order_wherever_their_names_stand(target):
    """The lowering words clauses in one order, whichever of the spaces an element lies in."""
    names = ("aa", "kk", "zz")
    plan = hdh.plan(platform_of(names), target, today=TODAY)
    told = {}
    for row in plan.verdicts:
        space = next((name for name in names if row.element.startswith(f"space/{name}")), None)
        if space is None or row.attribute == "address_range":
            continue
        said = row.reason.replace(f"space/{space}/", "OWN/")
        for name in names:
            said = said.replace(f"space/{name}/", "ANOTHER/")
        said = list(dict.fromkeys(said.split("; ")))
        key = (row.element.replace(f"space/{space}", "OWN"), row.requirement, row.attribute)
        assert told.setdefault(key, said) == said, row.element
    assert told


@pytest.mark.parametrize("target", ["ovhcloud/snc:eu-west-rbx-snc", "cloudtemple:fr1", "scaleway:fr-par"])
def test_more_spaces_that_are_alike_are_no_more_reasons(target):
    told = []
    for count in (5, 20):
        platform = platform_of([f"p{n:02}" for n in range(count)])
        found = assessment(platform, [hdh.plan(platform, target, today=TODAY)], today=TODAY)
        whys = [why for one in sections(found.sides) for why in one.whys]
        told.append([(why.verdict, [name for name, _ in why.elements]) for why in whys if "capacity" not in why.what()])
    assert told[0] == told[1]


def test_a_full_list_is_there_for_whoever_asks_for_it(everywhere):
    text = in_terminal(everywhere, Detail.all)
    assert "Where the verdicts that are met come from" in text
    assert "Where the verdicts that are met come from" not in in_terminal(everywhere, Detail.reasons)
    assert "Verdict by verdict" in assessment_html(everywhere, Detail.all)


def test_limits_that_rest_on_one_source_are_one_sentence_and_one_thing_to_ask_for():
    def row(name, needs, has, ask):
        return VerdictRow(
            "platform", f"capacity.{name}", name, 1, 1, Verdict.not_met, f"needs {needs}, and a project {has}", "s",
            "2026-01-01", Confidence.primary, None, ask,
        )  # fmt: skip

    def asked(what, key, number):
        return f"Ask them for {what}; then write what was granted under targets.a:b: quotas: {{{key}: {number}}}"

    found = room_of(
        [
            row("machines", "191 servers", "has 50 by default", asked("191 servers", "machines", 191)),
            row("vcpus", "1,103 vCPUs", "has 200 by default", asked("1,103 vCPUs", "vcpus", 1103)),
        ]
    )
    assert found == (
        "needs 191 servers (50 by default), 1,103 vCPUs (200 by default), and a project has what stands in brackets",
        "Ask them for 191 servers, 1,103 vCPUs; then write what was granted under quotas of the target: {machines: 191, vcpus: 1103}",
    )
    alone = room_of([row("machines", "191 servers", "has 50 by default", "Split it over 4 platforms, each its own.")])
    assert alone == ("needs 191 servers, and a project has 50 by default", "Split it over 4 platforms, each its own.")
    split = [row(name, "9 x", "has 1", f"Split it over {n} platforms, each its own.") for name, n in (("machines", 4), ("vcpus", 12))]  # fmt: skip
    assert room_of(split)[1] == "Split it over 12 platforms, each its own."


@given(st.text("ab c.;", max_size=80), st.integers(8, 30), st.integers(1, 3))
def test_a_text_that_is_cut_says_so_and_no_line_of_it_is_longer(text, width, lines):
    found = cut(text, width, lines)
    if found != text:
        assert found.endswith(" ...")
        assert flat(text).startswith(flat(found.removesuffix(" ...")))
        assert len(found) <= width * lines
