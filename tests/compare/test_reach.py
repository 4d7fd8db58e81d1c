"""Condensing says the same in fewer words, and differences name every side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hdh_infra as hdh
from hdh_infra.compare.reach import Members, by_space, differences, equal, flows_json, rows
from hdh_infra.graph.observation import ObservedFlow
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import network_path
from tests.compare.conftest import EVERYTHING, flow

MACHINES = [
    "zone/a/machine/one",
    "zone/a/machine/two",
    "zone/b/machine/one",
    "space/x/machine/one",
    "space/x/machine/two",
]
ENDS = [*MACHINES, "zone/b/store/s"]


@pytest.fixture(scope="module")
def members():
    machine = hdh.Machine(vcpus=1, memory="2GB")
    store = hdh.Store(size="1TB")
    platform = hdh.Platform(
        name="p",
        residency={"countries": ["FR"]},
        zones={
            "a": hdh.Zone(machines={"one": machine, "two": machine}),
            "b": hdh.Zone(machines={"one": machine}, stores={"s": store}),
        },
        spaces={"projects": {"x": hdh.Space(machines={"one": machine, "two": machine})}},
    )
    return Members(expand(platform), ())


FLOWS = st.lists(
    st.builds(
        ObservedFlow,
        st.sampled_from(MACHINES),
        st.sampled_from(ENDS),
        st.sampled_from(["tcp", "udp"]),
        st.sampled_from([(22,), (443,), (22, 443)]),
        st.sampled_from([(), (EVERYTHING,)]),
    ).filter(lambda one: one.source != one.to),
    unique_by=lambda one: (one.source, one.to, one.protocol),
    max_size=25,
)


def machines_of(end):
    return [path for path in MACHINES if end in {path, network_path(path)}] or [end]


@given(found=FLOWS)
def test_condensed_rows_mean_exactly_the_flows_that_they_stand_for(members, found):
    meant = set()
    for row in members.condense(rows([found])):
        cell = row.cells[0]
        for source in machines_of(row.source):
            for to in machines_of(row.to):
                if source != to:
                    meant.add(ObservedFlow(source, to, row.protocol, cell.ports, cell.also_reaches))
    assert meant == set(found)


@given(found=FLOWS, other=FLOWS)
def test_two_sides_are_equal_exactly_when_their_flows_are(found, other):
    assert equal(rows([found, other])) == (set(found) == set(other))
    assert bool(list(differences([], ["one", "other"], "reaches"))) is False


@given(found=FLOWS, other=FLOWS)
def test_every_inequality_is_said_in_words(members, found, other):
    both = rows([found, other])
    assert bool(list(differences(members.condense(both), ["one", "other"], "reaches"))) is not equal(both)


def test_a_network_stands_for_its_machines_only_where_all_of_them_have_the_flow(members):
    some = flow("zone/a/machine/one", "zone/b/store/s", 443)
    assert flows_json([some], members)[0]["from"] == "zone/a/machine/one"
    both = [some, flow("zone/a/machine/two", "zone/b/store/s", 443)]
    assert [one["from"] for one in flows_json(both, members)] == ["zone/a"]


def test_machines_that_also_reach_something_else_are_not_condensed_with_those_that_do_not(members):
    found = [
        flow("zone/a/machine/one", "zone/b/store/s", 443, also=[EVERYTHING]),
        flow("zone/a/machine/two", "zone/b/store/s", 443),
    ]
    assert [one["from"] for one in flows_json(found, members)] == ["zone/a/machine/one", "zone/a/machine/two"]


def test_ports_next_to_each_other_are_equal_however_they_are_written():
    assert equal(rows([[flow("a", "b", 80, 81)], [flow("a", "b", "80-81")]]))


def test_an_endpoint_that_serves_all_the_world_makes_flows_unequal_and_is_named(members):
    exact = flow("zone/a/machine/one", "zone/b/store/s", 443)
    wider = flow("zone/a/machine/one", "zone/b/store/s", 443, also=[EVERYTHING])
    both = rows([[exact], [wider]])
    assert not equal(both)
    (line,) = differences(members.condense(both), ["azure:x", "ovhcloud:y"], "reaches")
    assert line.startswith(f"on ovhcloud:y zone/a/machine/one also reaches {EVERYTHING}")
    assert "azure" not in line


def test_a_missing_flow_names_the_sides_with_it_and_those_without(members):
    both = rows([[flow("zone/a/machine/one", "zone/b/machine/one", 22)], []])
    (line,) = differences(members.condense(both), ["one", "other"], "reaches")
    assert line == "zone/a/machine/one reaches zone/b: tcp 22 on one; not on other"


def test_what_all_spaces_have_alike_is_said_once_and_what_one_lacks_is_not():
    spaces = ["space/x", "space/y"]
    found = rows(
        [
            [
                flow("space/x", "space/x/store/w", 443),
                flow("space/y", "space/y/store/w", 443),
                flow("space/x", "zone/b/store/s", 443),
            ]
        ]
    )
    from hdh_infra.compare.reach import Row

    merged = by_space(
        [Row(*ends, cells) for ends, cells in found.items()],
        spaces,
        lambda some: "space/*" if len(some) == len(spaces) else next(iter(some)),
    )
    assert {(row.source, row.to) for row in merged} == {("space/*", "space/*/store/w"), ("space/x", "zone/b/store/s")}
