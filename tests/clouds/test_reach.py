"""Who can reach whom: the shared computation, held against a slow and plain one."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.clouds.filters import ALL_PORTS, Rule, intersect, passes, ports_of, subtract, union, written
from hdh_infra.clouds.reach import Interface, flows, outside

PORTS = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=4
).map(lambda ranges: union(tuple(ranges)))


def members(ports):
    return {port for low, high in ports for port in range(low, high + 1)}


@given(PORTS, PORTS)
def test_port_sets_behave_as_sets_do(one, other):
    assert members(intersect(one, other)) == members(one) & members(other)
    assert members(subtract(one, other)) == members(one) - members(other)
    assert members(union((*one, *other))) == members(one) | members(other)


@given(PORTS)
def test_ports_are_written_so_that_they_read_back_the_same(ports):
    assert ports_of(written(ports)) == ports


def net(text: str) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(text)


def interface(element: str, address: str, rules, groups=(), network="n") -> Interface:
    return Interface(
        element, ipaddress.IPv4Address(address), network, None if rules is None else tuple(rules), frozenset(groups)
    )


ADDRESSES = ["10.0.0.4", "10.0.0.5", "10.0.1.4"]
RULES = st.builds(
    Rule,
    direction=st.sampled_from(["in", "out"]),
    protocol=st.sampled_from([None, "tcp", "udp"]),
    ports=PORTS.map(lambda ports: ports or ALL_PORTS),
    peers=st.lists(st.sampled_from([net("10.0.0.0/24"), net("10.0.1.4/32"), net("0.0.0.0/0")]), max_size=2).map(tuple),
    groups=st.frozensets(st.sampled_from(["g1", "g2"]), max_size=1),
    allow=st.booleans(),
    priority=st.integers(0, 3),
)


@given(st.lists(st.one_of(st.none(), st.lists(RULES, max_size=4)), min_size=3, max_size=3))
def test_flows_are_what_a_packet_by_packet_trial_finds(filters):
    groups = [("g1",), ("g2",), ()]
    nodes = [interface(f"zone/z/machine/m{i}", ADDRESSES[i], filters[i], groups[i]) for i in range(3)]
    found = {
        (flow.source, flow.to, flow.protocol): members(ports_of(flow.ports))
        for flow in flows(nodes, lambda a, b: a is not b)
    }
    for source in nodes:
        for to in nodes:
            if source is to:
                continue
            for protocol in ("tcp", "udp"):
                out = passes(source.rules, "out", protocol, to.address, to.groups)
                into = passes(to.rules, "in", protocol, source.address, source.groups)
                assert found.get((source.element, to.element, protocol), set()) == members(intersect(out, into))


def test_the_first_rule_that_speaks_of_a_packet_decides():
    rules = (Rule("in", "tcp", ((22, 22),), allow=False, priority=100), Rule("in", "tcp", ALL_PORTS, priority=200))
    assert 22 not in members(passes(rules, "in", "tcp", ipaddress.IPv4Address("10.0.0.4"), frozenset())[:1])
    assert passes(rules, "in", "udp", ipaddress.IPv4Address("10.0.0.4"), frozenset()) == ()


def test_what_only_some_replicas_can_do_is_not_what_the_element_can_do():
    allow_in = [Rule("in", "tcp", ((22, 22),), peers=(net("10.0.0.4/32"),))]
    out = [Rule("out", None)]
    nodes = [interface("a", "10.0.0.4", out), interface("a", "10.0.0.5", out), interface("b", "10.0.1.4", allow_in)]
    assert [(flow.source, flow.to) for flow in flows(nodes, lambda a, b: a is not b)] == [("a[0]", "b[0]")]


def test_without_a_route_nothing_flows():
    nodes = [interface("a", "10.0.0.4", None), interface("b", "10.0.1.4", None)]
    assert flows(nodes, lambda a, b: False) == ()
    assert len(flows(nodes, lambda a, b: True)) == 4


def test_no_filter_is_an_opening_to_everywhere_and_a_rule_for_the_inside_is_none():
    inside = [net("10.0.0.0/16")]
    assert [flow.to for flow in outside([interface("a", "10.0.0.4", None)], inside, lambda _: True)] == [
        "0.0.0.0/0"
    ] * 2
    assert (
        outside([interface("a", "10.0.0.4", [Rule("out", "tcp", peers=(net("10.0.1.0/24"),))])], inside, lambda _: True)
        == ()
    )
    assert outside([interface("a", "10.0.0.4", None)], inside, lambda _: False) == ()
