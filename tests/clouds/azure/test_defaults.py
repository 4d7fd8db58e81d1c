"""What the SDK's classes would have set, and what Azure sets: each default that bears on security is stated in the plan."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hdh_infra import contracts
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.posture import EXPECTATIONS
from hdh_infra.graph.values import form_of

LISTED = YAML(typ="safe").load((Path(__file__).parent / "defaults.yaml").read_text(encoding="utf-8"))
LINES = [(kind, path) for kind, entries in LISTED.items() for path in entries]


def at(value, path):
    """Whether the object around a property is stated, and the values that the property has there; lists are gone through."""
    head, _, rest = path.partition(".")
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from at(item, path)
    elif isinstance(value, Mapping) and not form_of(value):
        if not rest:
            yield value.get(head)
        elif value.get(head) is not None:
            yield from at(value[head], rest)


@pytest.fixture(scope="module")
def nodes(plan, wide_plan, watched_plan):
    found = {}
    for node in (*plan.nodes, *wide_plan.nodes, *watched_plan.nodes):
        if node.existing is None:
            found.setdefault(node.type, []).append(node)
    return found


def test_every_default_of_the_sdk_of_every_planned_type_is_stated_or_has_its_reason(nodes):
    missing = [
        f"{kind.removeprefix('azure-native:')} {path}: {value!r}"
        for kind in nodes
        for path, value in contracts.defaults(kind).items()
        if path not in LISTED.get(kind.removeprefix("azure-native:"), {})
    ]
    assert missing == [], "state it in the node, and in defaults.yaml, or write the reason there"


def test_the_list_names_defaults_that_the_sdk_has_or_says_where_azure_s_own_was_read():
    for kind, path in LINES:
        line, known = LISTED[kind][path], contracts.contract(token(kind))
        assert ("stated" in line) != ("left" in line), (kind, path)
        if known is not None and path not in contracts.defaults(token(kind)):
            said = bool(line.get("read")) and "azure" in line
            assert said, f"{kind} {path} is no default of the SDK: whose, and where was it read?"


@pytest.mark.parametrize(("kind", "path"), LINES, ids=[f"{kind} {path}" for kind, path in LINES])
def test_a_stated_default_is_stated_in_every_node_and_one_that_is_left_is_not(nodes, kind, path):
    if token(kind) not in nodes:
        pytest.skip("no plan here has this type")
    line = LISTED[kind][path]
    found = [(node.path, value) for node in nodes[token(kind)] for value in at(node.properties, path)]
    if "stated" in line:
        wanted = line["stated"]
        several = isinstance(wanted, list) and not isinstance(found[0][1], list)
        wrong = [one for one in found if (one[1] not in wanted if several else one[1] != wanted)]
        assert found
        assert wrong == []
    elif kind != "authorization:RoleAssignment":
        assert [one for one in found if one[1] is not None] == [], "it is stated after all"


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=[f"{one.kind} {one.path}" for one in EXPECTATIONS])
def test_where_azure_would_take_something_weaker_every_node_states_the_other(nodes, expectation):
    """By the table of what weakens: its defaults are Azure's own."""
    if expectation.default in expectation.values or token(expectation.kind) not in nodes:
        return
    unstated = [
        node.path
        for node in nodes[token(expectation.kind)]
        if not [value for value in at(node.properties, expectation.path) if value is not None]
    ]
    assert unstated == []


def test_an_administrator_s_kind_is_the_only_one_that_no_node_says(nodes):
    """The one default that plans leave to ARM in some nodes: an id of which nobody says what it is."""
    silent = [one.path for one in nodes[token("authorization:RoleAssignment")] if "principalType" not in one.properties]
    assert silent
    assert all("/key-administration/" in path for path in silent)
    assert all(
        one.properties["principalType"] in {"ServicePrincipal", "Group"}
        for one in nodes[token("authorization:RoleAssignment")]
        if one.path not in silent
    )
