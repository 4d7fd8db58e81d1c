"""What is asked of the whole and of spaces: audit, managed services, airlocks, ends; and flows judged by destination."""

import datetime
from typing import Any

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.graph.observation import Observation, ObservedFlow
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.expand import expand
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning.reaching import flow_rows
from hdh_infra.planning.whole import due, whole

TARGET = Target.parse("azure:francecentral")
TODAY = datetime.date(2026, 11, 25)
MACHINE = {"vcpus": 1, "memory": "1GB"}
STORE = {"size": "1TB"}
LOGS = {"logs": {"stores": {"l": {**STORE, "retention": {"days": 365}}}}}
AUDIT = {"audit": {"store": "zone/logs/store/l"}}


def spec(**more: Any) -> Platform:
    return Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, **more})


def rows(platform: Platform, elements: dict[str, dict[str, Any]] | None = None, **flows: Any) -> list[VerdictRow]:
    observed = Observation(str(TARGET), "plan", elements or {}, **flows)
    return list(whole(expand(platform, TODAY), site(TARGET, platform), observed, TODAY))


def flow(source: str, to: str, *ports: int, beyond: tuple[str, ...] = (), protocol: str = "tcp") -> ObservedFlow:
    return ObservedFlow(source, to, protocol, ports or (443,), beyond)


# Audit.


def test_of_a_platform_that_asks_nothing_of_the_whole_there_is_no_row():
    assert rows(spec(zones={"a": {}})) == []


def test_a_framework_that_asks_for_logs_with_no_store_for_them_is_not_met_and_says_what_to_write():
    (row,) = [one for one in rows(spec(frameworks=["EHDS-2025-327"])) if one.requirement == "audit.store"]
    assert row.verdict is Verdict.not_met
    assert row.asked == ["stores"]
    assert "EHDS-2025-327 Art. 73(1)(e) ask for logs" in row.reason
    assert row.remedy == "Name one: audit: {store: zone/audit/store/logs}"


def test_with_a_store_of_logs_there_is_no_such_row():
    assert not [
        one for one in rows(spec(frameworks=["EHDS-2025-327"], zones=LOGS, **AUDIT)) if one.requirement == "audit.store"
    ]


@pytest.mark.parametrize(("seen", "verdict"), [(True, Verdict.met), (False, Verdict.not_met), (None, Verdict.not_met)])
def test_changes_of_resources_are_logged_only_where_the_plan_shows_it(seen, verdict):
    found = rows(spec(zones=LOGS, **AUDIT), {"platform": {"administration_log": seen}})
    (row,) = [one for one in found if one.requirement == "audit.administration"]
    assert (row.element, row.asked, row.given, row.verdict) == ("platform", True, bool(seen), verdict)


def test_a_part_of_the_audit_that_is_not_asked_is_not_judged():
    audit = {"audit": {**AUDIT["audit"], "administration": False}}
    assert not [one for one in rows(spec(zones=LOGS, **audit)) if one.requirement == "audit.administration"]


# Managed services.


def test_each_managed_service_is_one_row_in_the_order_of_names_whatever_the_description_s():
    one, other = (rows(spec(requires=names)) for names in (["spark", "kubernetes"], ["kubernetes", "spark"]))
    assert one == other
    assert [row.requirement for row in one] == ["requires.kubernetes", "requires.spark"]
    for row in one:
        fact = site(TARGET).facts[row.requirement]
        expected = Verdict.unknown if fact.value is None else Verdict.met if fact.value else Verdict.not_met
        assert (row.given, row.verdict, row.source) == (fact.value, expected, fact.source)


# Airlocks.


def airlock(**more: Any) -> list[VerdictRow]:
    zones = {"z": {"machines": {"m": MACHINE}}}
    groups = {"g": {"description": "people"}}
    return rows(spec(zones=zones, groups=groups, spaces={"projects": {"p": {"airlock": more}}}))


@pytest.mark.parametrize("who", [{"review": "group/g"}, {"mover": "zone/z/machine/m"}])
def test_a_review_is_people_s_work_and_so_differs_where_somebody_is_named(who):
    (row,) = airlock(**{"import": True, "export": {"reviewers": 2}}, **who)
    assert (row.element, row.requirement, row.verdict) == ("space/p", "airlock.review", Verdict.differs)
    assert row.asked == {"import": 1, "export": 2}
    assert row.means


def test_an_airlock_that_nobody_is_named_for_lets_nothing_pass_and_is_not_met():
    (row,) = airlock(**{"import": True})
    assert row.verdict is Verdict.not_met
    assert "nobody is named who reviews or moves data" in row.reason
    assert "airlock: {review: PATH or group/NAME, mover: PATH}" in row.remedy


# Ends.


CLOSED = spec(
    zones={"z": {"machines": {"m": MACHINE}}},
    spaces={"defaults": {"stores": {"s": STORE}, "machines": {"d": {**MACHINE, "disk": {"size": "10GB"}}, "n": MACHINE}}, "projects": {"p": {"ends": "2026-11-24"}, "q": {"ends": "2026-11-25"}}},
)  # fmt: skip


def closed(elements: dict[str, dict[str, Any]] | None = None, **flows: Any) -> VerdictRow:
    (row,) = [one for one in rows(CLOSED, elements, **flows) if one.requirement == "space.closed"]
    assert row.element == "space/p"
    return row


def test_a_closed_space_with_its_data_and_nothing_else_is_met():
    row = closed(
        {"space/p/store/s": {"kind": "store"}, "space/p/key/default": {"kind": "key"}, "space/p": {"kind": "network"}}
    )
    assert (row.asked, row.given, row.verdict) == (True, True, Verdict.met)


@pytest.mark.parametrize(
    ("elements", "flows", "what"),
    [
        ({"space/p/machine/n": {"kind": "machine"}}, {}, "space/p/machine/n"),
        ({"space/p": {"kind": "network", "entry": "bastion"}}, {}, "space/p"),
        ({}, {"flows": (flow("zone/z/machine/m", "space/p/store/s"),)}, "zone/z/machine/m -> space/p/store/s"),
        ({}, {"flows": (flow("space/p/machine/n", "zone/z/machine/m"),)}, "space/p/machine/n -> zone/z/machine/m"),
        ({}, {"egress": (flow("space/p/machine/n", "192.0.2.0/24"),)}, "space/p/machine/n -> 192.0.2.0/24"),
    ],
)
def test_whatever_still_runs_or_is_reached_in_a_closed_space_is_named(elements, flows, what):
    row = closed(elements, **flows)
    assert row.verdict is Verdict.not_met
    assert row.reason == f"it ended, and still has {what}"
    assert row.remedy


def test_what_runs_in_another_space_is_not_the_closed_one_s():
    assert closed({"space/q/machine/n": {"kind": "machine"}, "space/pp": {"entry": "bastion"}}).verdict is Verdict.met


def test_data_of_a_closed_space_wait_for_the_word_to_go():
    (line,) = due(expand(CLOSED, TODAY))
    assert line == (
        "space/p ended on 2026-11-24: 1 disk, 1 key, 1 store due; take it out of the spec and say "
        "retire: {element: space/p/**, reason: ..., data: keep|delete}"
    )
    assert list(due(expand(CLOSED, TODAY - datetime.timedelta(days=1)))) == []


# Flows.


FLOWING = spec(
    zones={"a": {"machines": {"m": MACHINE, "n": MACHINE}, "stores": {"s": STORE}}},
    flows=[{"from": "zone/a/machine/m", "to": "zone/a/store/s", "ports": [443]}, {"from": "zone/a/machine/m", "to": "zone/a/machine/n", "ports": [22, 80, 81]}],
    egress=[{"from": "zone/a/machine/m", "to": "192.0.2.0/24", "ports": [443]}, {"from": "zone/a/machine/m", "to": "pypi.org", "ports": [443]}],
)  # fmt: skip
M, N, S = "zone/a/machine/m", "zone/a/machine/n", "zone/a/store/s"
RIGHT = (flow(M, S), flow(M, N, 22, "80-81"))
OUT = (flow(M, "192.0.2.0/24"), flow(M, "pypi.org"))


def reached(flows=RIGHT, egress=OUT) -> dict[tuple[str, str], VerdictRow]:
    observed = Observation(str(TARGET), "plan", {}, flows=flows, egress=egress)
    found = list(flow_rows(expand(FLOWING, TODAY), site(TARGET, FLOWING), observed, TODAY))
    table = {(row.element, row.attribute): row for row in found}
    assert len(table) == len(found), "one row a destination and a way out"
    return table


def test_flows_that_are_as_asked_are_met_however_their_ports_are_written():
    assert {row.verdict for row in reached().values()} == {Verdict.met}
    assert set(reached()) == {(S, "flows"), (N, "flows"), (M, "egress to 192.0.2.0/24 tcp"), (M, "to pypi.org tcp")}


@pytest.mark.parametrize(
    ("flows", "to", "says"),
    [
        ((flow(M, N, 22, 80, 81),), S, "zone/a/machine/m cannot reach it"),
        ((flow(M, S), flow(M, N, 22)), N, "zone/a/machine/m reaches it on 22, not on 22, 80-81"),
        ((*RIGHT, flow(N, S)), S, "zone/a/machine/n reaches it on 443, which nothing asks"),
        ((*RIGHT, flow(N, M, 22)), M, "zone/a/machine/n reaches it on 22, which nothing asks"),
        ((*RIGHT, flow(M, S, protocol="udp")), S, "zone/a/machine/m reaches it on 443, which nothing asks"),
        ((flow(M, S, beyond=("every bucket",)), RIGHT[1]), S, "also lets them reach every bucket"),
    ],
)
def test_each_difference_of_a_destination_is_not_met_and_named(flows, to, says):
    row = reached(flows)[to, "flows"]
    assert row.verdict is Verdict.not_met
    assert says in row.reason


@pytest.mark.parametrize(
    ("egress", "attribute", "says"),
    [
        (OUT[1:], "egress to 192.0.2.0/24 tcp", "zone/a/machine/m cannot reach 192.0.2.0/24"),
        ((flow(M, "192.0.2.0/24", 80), OUT[1]), "egress to 192.0.2.0/24 tcp", "zone/a/machine/m reaches 192.0.2.0/24 on 80, not on 443"),
        ((*OUT, flow(M, "0.0.0.0/0")), "egress to 0.0.0.0/0 tcp", "zone/a/machine/m can reach 0.0.0.0/0, which nothing asks"),
    ],
)  # fmt: skip
def test_each_difference_of_a_way_out_is_one_row_that_is_not_met_and_named(egress, attribute, says):
    row = reached(egress=egress)[M, attribute]
    assert row.verdict is Verdict.not_met
    assert row.reason == says


def test_a_host_name_that_nothing_opens_is_no_yes():
    row = reached(egress=OUT[:1])[M, "to pypi.org tcp"]
    assert row.verdict in {Verdict.not_met, Verdict.unknown}
    assert row.given is None
