"""Flows of many to many stand for every flow of them, and are as many and in the same order as if each was written down."""

from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.clouds.filters import union, written
from hdh_infra.clouds.traffic import Way, crossings
from hdh_infra.graph.observation import Crossing, Flows, Observation, ObservedFlow

NAMES = st.sampled_from(
    ["zone/a/machine/m", "zone/a/machine/n[0]", "space/b/machine/m", "space/b/store/s", "zone/c/store/t"]
)
SETS = st.frozensets(NAMES, min_size=1)
PORTS = st.sampled_from([((443, 443),), ((22, 22), (80, 90)), ((1, 65535),)])
BEYOND = st.frozensets(st.sampled_from(["internet", "every bucket"]))
WAYS = st.lists(st.builds(Way, NAMES, SETS, st.sampled_from(["tcp", "udp"]), PORTS, BEYOND), max_size=8)


def plain(ways: list[Way]) -> list[ObservedFlow]:
    """Each machine and store by itself."""
    found: dict[tuple[str, str, str], tuple[tuple[tuple[int, int], ...], frozenset[str]]] = {}
    for way in ways:
        for store in way.stores:
            ports, beyond = found.get((way.source, store, way.protocol), ((), frozenset()))
            found[way.source, store, way.protocol] = (union((*ports, *way.ports)), beyond | way.beyond)
    return sorted(
        ObservedFlow(*key, written(ports), tuple(sorted(beyond)))
        for key, (ports, beyond) in found.items()
        if key[0] != key[1]
    )


@given(WAYS)
def test_ways_put_together_are_each_machines_way_to_each_store(ways):
    assert list(Flows((), crossings(ways))) == plain(ways)


@given(WAYS, st.sets(st.builds(ObservedFlow, st.just("zone/x/machine/own"), NAMES, st.just("tcp"), st.just((22,)))))
def test_flows_are_equal_however_they_are_kept(ways, single):
    flows = Flows(single, crossings(ways))
    each = tuple(sorted((*single, *plain(ways))))
    assert tuple(flows) == each
    assert (flows, hash(flows), len(flows), repr(flows)) == (each, hash(each), len(each), repr(each))
    assert flows == Flows(each)
    assert (each[:1], each[-1:]) == (flows[:1], flows[-1:])
    assert Observation("t", "plan", {}, flows=flows) == Observation("t", "plan", {}, flows=each)
    if each:
        assert flows != Flows(each[1:])
        assert flows[0] == each[0]


def test_nobody_reaches_itself_by_a_way_of_many():
    flows = Flows([ObservedFlow("b", "b", "tcp", (22,))], [Crossing(("a", "b"), ("a", "b"), "tcp", (443,))])
    assert [(flow.source, flow.to, flow.ports) for flow in flows] == [
        ("a", "b", (443,)),
        ("b", "a", (443,)),
        ("b", "b", (22,)),
    ]
