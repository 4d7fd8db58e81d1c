"""The intermediate form: order, verifier (one invalid plan a rule), values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.order import in_order
from hdh_infra.graph.plan import Provider
from hdh_infra.graph.values import fill, get_output, ref, refs, secret, slots, text, transform
from hdh_infra.graph.verify import verify

PROVIDERS = {"p": Provider("p", "1.0.0")}


def node(path: str, *needs: str, **more) -> Node:
    return Node(path, "p:m:T", "p", {"x": [ref(one) for one in needs]}, **more)


@given(st.permutations(["zone/a", "zone/b", "zone/c", "zone/d", "zone/e"]))
def test_the_order_of_nodes_does_not_depend_on_how_they_came(paths):
    needs = {"zone/a": ["zone/e"], "zone/c": ["zone/a", "zone/d"]}
    ordered = in_order(node(path, *needs.get(path, [])) for path in paths)
    assert [one.path for one in ordered] == ["zone/b", "zone/d", "zone/e", "zone/a", "zone/c"]
    assert not verify(ordered, PROVIDERS)


def test_a_cycle_is_named():
    with pytest.raises(ValueError, match=r"zone/a.*zone/b"):
        in_order([node("zone/a", "zone/b"), node("zone/b", "zone/a")])


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([node("zone/a"), node("zone/a")], "is there twice"),
        ([node("zone/a", "zone/b")], "which is not there"),
        ([node("zone/a", "zone/b"), node("zone/b")], "which comes after it"),
        ([node("space/s"), node("zone/a", "space/s")], "refers to space/s of a space"),
        ([node("space/s"), node("platform/a", "space/s")], "refers to space/s of a space"),
        ([Node("zone/a", "t", "q", {})], "has no provider q"),
        ([Node("zone/a", "t", "p", {"x": {"$reff": "zone/b"}})], "has no form of a plan"),
        ([Node("zone/a", "t", "p", {"x": {"$ref": "zone/b"}})], "has no form of a plan"),
        ([Node("zone/a", "t", "p", {"x": text("{0} {2}", "a", "b")})], "names other arguments"),
        ([node("zone/a"), Node("zone/b", "t", "p", {"x": ref("zone/a", "arn")})], "which does not declare it"),
        (
            [
                Node("zone/a", "t", "p", {}, outputs=("password",), secret_outputs=("password",)),
                Node("zone/b", "t", "p", {"tags": {"x": ref("zone/a", "password")}}),
            ],
            "would show the secret",
        ),
    ],
)
def test_each_rule_of_a_plan_is_held(nodes, says):
    assert any(says in one for one in verify(nodes, PROVIDERS))


def test_a_space_may_refer_to_the_foundation_and_to_itself():
    nodes = [node("zone/a"), node("space/s", "zone/a"), node("space/s/store/x/y", "space/s")]
    assert verify(nodes, PROVIDERS) == []


def test_a_template_keeps_braces_and_fills_numbers():
    assert fill("{{a}} {0}/{1}", ["x", "y"]) == "{a} x/y"
    assert slots("{{0}} {1}") == {1}


def test_an_output_is_found_by_its_path_and_missing_is_none():
    outputs = {"properties": {"uri": "u"}, "list": [{"a": 1}]}
    assert get_output(outputs, "properties.uri") == "u"
    assert get_output(outputs, "list[0].a") == 1
    assert get_output(outputs, "properties.none.x") is None


def test_references_are_found_at_any_depth_and_replaced_outermost_first():
    value = {"a": [text("{0}-{1}", ref("x"), ref("y", "arn"))], "b": secret("s")}
    assert set(refs(value)) == {("x", "id"), ("y", "arn")}
    assert transform(value, lambda kind, _: kind) == {"a": ["$format"], "b": "$secret"}


def test_a_reference_is_followed_in_a_plan_and_by_id_in_a_state():
    planned = Natives([Native("zone/a/net", "t", {})], "plan")
    assert planned.follow(ref("zone/a/net")).path == "zone/a/net"
    deployed = Natives([Native("zone/a/net", "t", {"arn": "ARN:x"}, id="ID-1")], "state", identifiers=("arn",))
    assert deployed.follow("id-1").path == "zone/a/net"
    assert deployed.follow("arn:x").path == "zone/a/net"
    assert deployed.follow("other") is None


def test_a_node_reads_back_from_its_json():
    one = Node("zone/a", "t", "p", {"x": 1}, outputs=("arn",), protect=True, timeouts={"create": "30m"})
    assert Node.from_json(one.to_json()) == one
