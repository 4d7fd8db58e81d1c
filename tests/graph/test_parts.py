"""Laws of a plan cut into parts: nothing is lost, nothing is there twice, and a part knows of no other space."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdh_infra.errors import RefusedError
from hdh_infra.graph.node import Node
from hdh_infra.graph.order import in_order
from hdh_infra.graph.parts import FOUNDATION, Reference, empty_part, part_of
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.graph.steps import Check, ManualStep
from hdh_infra.graph.values import lookup, ref
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import update_lock, with_layout

PROVIDERS = {"one": Provider("toy", "1"), "two": Provider("hdh", "1"), "asked": Provider("toy", "1")}
TODAY = datetime.date(2026, 11, 23)
TARGETS = ("azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA")


@st.composite
def plans(draw):
    """Plans of a foundation and some spaces, whose nodes refer to their own part and to the foundation."""
    nodes: list[Node] = []
    names = [
        f"{place}/n{number}" for place in ("platform", "zone/a", "space/x", "space/y", "space/z") for number in range(3)
    ]
    for path in draw(st.lists(st.sampled_from(names), unique=True, min_size=1)):
        mine = part_of(path)
        there = [
            one.path
            for one in nodes
            if part_of(one.path) in {mine, FOUNDATION} and (mine != FOUNDATION or part_of(one.path) == mine)
        ]
        read = draw(st.lists(st.sampled_from(there), unique=True, max_size=3)) if there else []
        after = draw(st.lists(st.sampled_from(there), unique=True, max_size=2)) if there else []
        properties = {f"p{number}": ref(one) for number, one in enumerate(read)}
        if draw(st.booleans()):
            properties["asked"] = lookup("toy:x:get", {}, "id", "asked")
        nodes.append(Node(path, "toy:x:T", draw(st.sampled_from(["one", "two"])), properties, depends_on=tuple(after)))
    return Plan("p", "openstack:RegionOne", {"spec": "s"}, PROVIDERS, in_order(nodes))


@given(plans())
@settings(deadline=None)
def test_the_parts_are_the_plan_and_each_node_is_in_one(plan):
    """Invariant: the foundation first, then a part a space; together exactly the plan's nodes, unchanged and in its order."""
    parts = plan.parts()
    assert [part.name for part in parts] == [
        FOUNDATION,
        *sorted({part_of(node.path) for node in plan.nodes} - {FOUNDATION}),
    ]
    found = [node for part in parts for node in part.plan.nodes]
    assert sorted(found, key=plan.nodes.index) == list(plan.nodes)
    for part in parts:
        assert all(part_of(node.path) == part.name for node in part.plan.nodes)
        assert list(part.plan.nodes) == [node for node in plan.nodes if node in part.plan.nodes]


@given(plans())
@settings(deadline=None)
def test_every_reference_is_answered_by_the_part_itself_or_by_the_interface(plan):
    """Invariant: what a part reads is its own or is listed; and nothing is exported that no space reads."""
    interface = set(plan.interface())
    read = set()
    for part in plan.parts():
        own = {node.path for node in part.plan.nodes}
        outside = {Reference(*one) for node in part.plan.nodes for one in node.refs() if one[0] not in own}
        assert outside == set(part.needs)
        assert outside <= interface
        read |= outside
        used = {node.provider for node in part.plan.nodes} | {
            form["provider"] for node in part.plan.nodes for _, form in node.forms() if "$lookup" in form
        }
        assert part.plan.providers.keys() == used
    assert read == interface


@given(plans(), st.sampled_from(["space/x", "space/y", "space/new"]))
@settings(deadline=None)
def test_one_space_more_changes_no_byte_of_another_part(plan, name):
    """Invariant: law 4, for parts: each part's bytes are the same with and without another space."""
    without = replace(plan, nodes=tuple(node for node in plan.nodes if part_of(node.path) != name))
    more = replace(
        without, digests={"spec": "another"}, nodes=(*without.nodes, Node(f"{name}/n", "toy:x:T", "two", {}))
    )
    before = {part.name: part.dumps() for part in without.parts()}
    after = {part.name: part.dumps() for part in more.parts()}
    assert {part: text for part, text in after.items() if part != name} == before


def test_a_reference_between_spaces_is_refused_with_both_paths():
    """Invariant: no space refers to another, and no foundation to a space; what does is named."""
    a = Node("space/a/n", "toy:x:T", "one", {})
    for node in (
        Node("space/b/n", "toy:x:T", "one", {"peer": ref("space/a/n")}),
        Node("space/b/n", "toy:x:T", "one", {}, depends_on=("space/a/n",)),
        Node("zone/b/n", "toy:x:T", "one", {"peer": ref("space/a/n")}),
        Node("space/b/n", "toy:x:T", "one", {}, existing=ref("space/a/n")),
    ):
        with pytest.raises(RefusedError, match=f"{node.path} refers to space/a/n"):
            Plan("p", "openstack:RegionOne", {}, PROVIDERS, (a, node)).parts()


def test_a_step_is_in_the_parts_that_wait_for_it_and_asks_there_for_what_is_theirs():
    """Invariant: a step stops the parts in which something waits; what is only told is in none."""
    nodes = (
        Node("zone/a/key", "toy:x:T", "one", {}),
        Node("zone/a/store", "toy:x:T", "one", {}),
        Node("space/x/store", "toy:x:T", "one", {}),
    )
    check = Check("toy:x:get", "asked", {"key": ref("zone/a/key")}, "id", after=("zone/a/key",))
    both = ManualStep("import", "who", "how", "proof", "import", ("zone/a/store", "space/x/store"), (check,))
    told = ManualStep("tell", "who", "how", "proof")
    plan = Plan("p", "openstack:RegionOne", {}, PROVIDERS, nodes, manual=(both, told))
    foundation, space = plan.parts()
    assert [step.before for step in foundation.plan.manual] == [("zone/a/store",)]
    assert [step.before for step in space.plan.manual] == [("space/x/store",)]
    assert space.plan.manual[0].checks[0].after == ()
    assert space.needs == plan.interface() == (Reference("zone/a/key", "id"),)
    assert "asked" in space.plan.providers
    assert empty_part(plan, "space/x").plan.nodes == ()


def described(count):
    return Platform.model_validate(
        {
            "name": "grown",
            "residency": {"countries": ["FR"]},
            "keys": {"lake": {}},
            "zones": {"lake": {"stores": {"snds": {"size": "1TB", "key": "lake"}}}, "admin": {"entry": "bastion"}},
            "spaces": {
                "defaults": {"stores": {"work": {"size": "1TB"}}, "machines": {"desk": {"vcpus": 2, "memory": "8GB"}}},
                "projects": {f"s{number}": {"members": 3} for number in range(count)},
            },
            "flows": [{"from": "space/*", "to": "zone/lake/store/snds", "ports": [443]}],
        }
    )


@pytest.mark.parametrize("target", TARGETS)
def test_on_every_cloud_a_platform_can_be_cut_and_one_space_more_is_one_part_more(target):
    """Invariant: no cloud's plan lets a space refer to another; one space more changes no other part's nodes."""
    lock, few, more = None, (), ()
    for count in (2, 3):
        lock = update_lock(lock, described(count), [Target.parse(target)])
        few, more = more, make_plan(described(count), target, lock=lock, today=TODAY).parts()
    assert [part.name for part in more] == [FOUNDATION, "space/s0", "space/s1", "space/s2"]
    before = {part.name: part.dumps() for part in few if part.name != FOUNDATION}
    assert {part.name: part.dumps() for part in more if part.name in before} == before
    # The foundation's own documents for all (a bucket's policy) may name the spaces; its nodes are the same.
    assert [node.path for node in few[0].plan.nodes] == [node.path for node in more[0].plan.nodes]


@pytest.mark.parametrize("target", TARGETS)
def test_the_layout_changes_no_byte_of_a_plan(target):
    """Invariant: how many stacks a platform becomes is no matter of what it is made of."""
    lock = update_lock(None, described(1), ())
    one, parts = (
        make_plan(described(1), target, lock=with_layout(lock, word), today=TODAY) for word in ("one", "parts")
    )
    assert one.dumps() == parts.dumps()
