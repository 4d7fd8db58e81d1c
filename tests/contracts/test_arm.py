"""Azure Resource Manager's own limits: the facts fit the contracts, each refuses what it says, and no plan breaks one."""

from __future__ import annotations

import copy
import datetime
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hdh_infra as hdh
from hdh_infra import contracts
from hdh_infra.contracts.arm import arm_tokens, arm_type, body, breaches, sources
from hdh_infra.graph.values import form_of, ref
from hdh_infra.model.paths import network_path
from hdh_infra.model.platform import Platform
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock_file import lock_file, read_lock

TARGET = "azure:francecentral"
TODAY = datetime.date(2026, 11, 23)
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
REQUIRED = [(token, fact) for token in arm_tokens() for fact in arm_type(token).required]
FACTS = [(token, fact) for token in arm_tokens() for fact in arm_type(token).facts]
IDS = [f"{token.removeprefix('azure-native:')} {fact.path}" for token, fact in FACTS]
ENVELOPE = {"name", "properties", "location", "tags", "identity", "sku", "kind", "zones"}
"""What ARM takes beside `properties`, of the types that plans make."""


def shape_at(token, path):
    """The shape of the contract at a fact's path; None where the type has no such property."""
    found = contracts.contract(token)
    if found is None:
        return None
    parts = path.replace("[]", ".[]").replace("{}", ".{}").replace("#", ".#").split(".")
    return walked(found, {"type": "object", "properties": found.inputs}, parts)


def walked(found, shape, parts):
    """The shape that parts of a path lead to; of one that is of several kinds, the first kind's that has it."""
    shape = found.resolve(shape)
    if not parts or shape["type"] == "any":
        return shape
    part, *rest = parts
    if "kinds" in shape:
        kinds = [walked(found, {"type": "object", "ref": kind}, parts) for kind in shape["kinds"].values()]
        return next((one for one in kinds if one is not None), None)
    if part == "[]":
        return walked(found, shape.get("items", {"type": "any"}), rest)
    if part in {"{}", "#"}:
        return walked(found, shape.get("additional", {"type": "any"}), rest)
    if part in shape.get("properties", {}):
        return walked(found, shape["properties"][part], rest)
    return None


def put(path, value):
    """Properties that have one value, at a fact's path."""
    head, _, rest = path.partition(".")
    name, items = head.removesuffix("[]"), head.endswith("[]")
    if name.endswith(("#", "{}")):
        key, item = (value, "x") if name.endswith("#") else ("key", value)
        return {name.removesuffix("#").removesuffix("{}"): {key: item}}
    inner = put(rest, value) if rest else value
    return {name: [inner] if items else inner}


def wrong_values(fact):
    """What a fact refuses, one for each thing that it says."""
    if fact.length:
        yield "x" * (fact.length[1] + 1)
    if fact.between:
        low, high = fact.between
        yield from ([low - 1] if low is not None else []) + ([high + 1] if high is not None else [])
    if fact.items:
        low, high = fact.items
        size = high + 1
        yield {f"k{index}": "x" for index in range(size)} if fact.path == "tags" else ["x"] * size
    if fact.pattern:
        yield "%&? \n"
    if allowed := fact.values or fact.known:
        yield "Wronge"
        yield from [one.swapcase() for one in allowed if isinstance(one, str) and one.swapcase() not in allowed]
    if fact.refused:
        yield fact.refused[0]
    if fact.variants:
        yield {fact.variants["by"]: "Nonsense"}
        kind = next(name for name in fact.variants if name != "by")
        yield {fact.variants["by"]: kind, "targetFqdn": "x"}


@pytest.mark.parametrize(("token", "fact"), FACTS, ids=IDS)
def test_each_fact_refuses_what_it_says_and_passes_what_is_known_later(token, fact):
    wrong = list(wrong_values(fact))
    assert wrong, "a fact that says nothing"
    for value in wrong:
        found = [one for _, _, one in breaches(token, put(fact.path, value))]
        assert fact in found, value
    if not fact.path.endswith("#"):
        assert fact not in [one for _, _, one in breaches(token, put(fact.path, ref("a/b")))]


@pytest.mark.parametrize(("token", "fact"), FACTS, ids=IDS)
def test_each_fact_is_about_a_property_that_the_type_has_and_refuses_no_value_that_the_sdk_knows(token, fact):
    if contracts.contract(token) is None:
        pytest.skip("the contract has not this type yet")
    kinds = [one for one in arm_type(token).facts if one.variants and fact.path.startswith(f"{one.path}.")]
    if kinds:
        # The SDK writes an object of several kinds as one of them: its names are those of the kinds.
        outer = max(kinds, key=lambda one: len(one.path))
        name = re.split(r"[.\[]", fact.path.removeprefix(f"{outer.path}."))[0]
        assert any(name in names for kind, names in outer.variants.items() if kind != "by")
        return
    shape = shape_at(token, fact.path)
    everywhere = fact.path in {"tags", "tags#", "tags{}", "location", "zones[]", "identity.type", "resourceGroupName"}
    assert shape is not None or everywhere, "the contract has no such property"
    if shape and (allowed := fact.values or fact.known) and "enum" in shape:
        assert set(shape["enum"]) <= set(allowed), "the SDK knows a value that this refuses"


@pytest.mark.parametrize(("token", "fact"), REQUIRED, ids=[f"{token} {fact.path}" for token, fact in REQUIRED])
def test_what_is_required_is_missed_where_the_object_around_it_is_there_and_only_there(token, fact):
    around, _, _ = fact.path.rpartition(".")
    bare = put(around, {"x": "y"}) if around else {}
    full = put(fact.path, ref("a/b"))
    assert fact in [one for _, _, one in breaches(token, bare)]
    assert fact not in [one for _, _, one in breaches(token, full)]
    if around:
        assert fact not in [one for _, _, one in breaches(token, {})]
    if contracts.contract(token) is not None:
        assert shape_at(token, fact.path) is not None


@pytest.mark.parametrize("token", arm_tokens())
def test_each_type_was_read_in_the_version_that_the_sdk_takes_and_every_source_has_its_day(token):
    known, found = arm_type(token), contracts.contract(token)
    if found is not None:
        assert known.api == found.api, "the SDK takes another version: read its type definitions, and set this one"
        assert {known.name, *known.path} <= set(found.inputs)
    for name in {known.source, *(fact.source for fact in known.facts)}:
        assert set(sources()[name]) == {"at", "edition", "read"}


def test_no_source_is_named_that_nothing_was_read_from():
    used = {arm_type(token).source for token in arm_tokens()} | {fact.source for _, fact in FACTS}
    assert used == set(sources())


@pytest.mark.parametrize("token", arm_tokens())
def test_every_renamed_property_is_one_of_the_sdk_and_every_name_of_the_body_is_reached_from_one(token):
    known, found = arm_type(token), contracts.contract(token)
    if found is None or known.properties is None:
        pytest.skip("nobody has read it, or the contract has not this type yet")
    for path in known.renamed:
        assert shape_at(token, path) is not None, path
    inputs = found.inputs.get("properties", {"properties": found.inputs})
    names = set(found.resolve(inputs)["properties"])
    prefix = "properties." if "properties" in found.inputs else ""
    reached = {known.renamed.get(f"{prefix}{name}", name) for name in names}
    assert known.properties <= reached, "ARM has a name that the SDK does not give: a misreading, or a renaming"


def plans():
    for example in EXAMPLES:
        yield hdh.plan(hdh.load(example), TARGET, lock=read_lock(lock_file(example)), today=TODAY)


def some(plan):
    """The nodes of a plan, of many spaces those with the shortest and the longest names: the others are like them."""
    spaces = sorted(
        {one for node in plan.nodes if (one := network_path(node.path) or "").startswith("space/")}, key=len
    )
    left_out = set(spaces[3:-3])
    return [node for node in plan.nodes if network_path(node.path) not in left_out]


def test_the_plans_of_the_examples_are_requests_that_resource_manager_takes():
    """Every node, turned back into ARM's body: no name that ARM has not, no value that it refuses, and no type unread."""
    wrong, unread = set(), set()
    for plan in plans():
        for node in some(plan):
            known = arm_type(node.type)
            if known is None or known.properties is None:
                unread.add(node.type)
                continue
            written = body(node.type, node.properties)
            strange = set(written) - ENVELOPE | set(written.get("properties", {})) - known.properties
            wrong |= {(node.type, name) for name in strange}
            if node.existing is None:
                wrong |= {(node.type, path, why) for path, why, _ in breaches(node.type, node.properties)}
    assert wrong == set()
    assert unread == set(), "read its ARM type definition and add it to data/azure-arm.yaml"


def test_the_body_of_a_request_is_nested_and_named_as_arm_has_it():
    account = {
        "resourceGroupName": "rg",
        "accountName": "st1",
        "location": "francecentral",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/a"]},
        "enableHttpsTrafficOnly": True,
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "203.0.113.1"}]},
        "encryption": {
            "keyVaultProperties": {"keyName": "k"},
            "encryptionIdentity": {"encryptionUserAssignedIdentity": "/a"},
        },
    }
    assert body("azure-native:storage:StorageAccount", account) == {
        "name": "st1",
        "location": "francecentral",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a": {}}},
        "properties": {
            "supportsHttpsTrafficOnly": True,
            "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.1"}]},
            "encryption": {"keyvaultproperties": {"keyname": "k"}, "identity": {"userAssignedIdentity": "/a"}},
        },
    }
    port = {
        "networkInterfaceName": "n",
        "resourceGroupName": "rg",
        "ipConfigurations": [{"name": "a", "primary": True}],
    }
    assert body("azure-native:network:NetworkInterface", port) == {
        "name": "n",
        "properties": {"ipConfigurations": [{"name": "a", "properties": {"primary": True}}]},
    }
    policy = {"firewallPolicyName": "p", "resourceGroupName": "rg", "location": "x", "sku": {"tier": "Standard"}}
    assert body("azure-native:network:FirewallPolicy", policy)["properties"] == {"sku": {"tier": "Standard"}}


def test_an_override_that_resource_manager_would_refuse_is_refused_with_its_place():
    described = hdh.load(EXAMPLES[0]).model_dump(mode="json", by_alias=True)
    described["overrides"] = {"**/service": {"deleteRetentionPolicy": {"enabled": True, "days": 400}}}
    with pytest.raises(hdh.SpecError, match="400, allowed are 1 to 365"):
        make_plan(Platform.model_validate(described), TARGET, today=TODAY)


NAMES = st.one_of(
    st.from_regex(r"[a-z](-?[a-z0-9]){0,15}", fullmatch=True),
    st.sampled_from(["a" * 32, "b" + "-c" * 15, "a", "z9", "x" * 31, "a-" * 15 + "ab", "ab" * 8]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(names=st.lists(NAMES, min_size=7, max_size=7, unique=True))
def test_names_of_any_length_become_names_that_resource_manager_takes(names):
    zone, other, space, store, machine, key, platform = names
    disk = {"size": "20GB", "encryption": "customer-key", "key": key}
    described = {
        "name": platform,
        "residency": {"countries": ["FR"]},
        "network": {"address_space": "10.0.0.0/12", "domain": "hdh.internal"},
        "keys": {key: {}},
        "zones": {
            zone: {
                "stores": {store: {"size": "1TB", "key": key, "retention": {"days": 30}}},
                "machines": {machine: {"vcpus": 2, "memory": "4GB", "disk": disk, "count": 2}},
            },
            other: {"machines": {machine: {"vcpus": 2, "memory": "4GB", "disk": disk}}},
        },
        "spaces": {
            "defaults": {
                "stores": {store: {"size": "1TB", "encryption": "tenant-key"}},
                "machines": {machine: {"vcpus": 2, "memory": "4GB"}},
            },
            "projects": {space: {"members": 1}},
        },
        "flows": [
            {"from": f"space/{space}", "to": f"zone/{zone}/store/{store}", "ports": [443]},
            {"from": f"zone/{zone}", "to": f"zone/{other}", "ports": [22]},
        ],
        "egress": [{"from": f"zone/{zone}", "to": "203.0.113.0/24", "ports": [443]}],
    }
    plan = make_plan(Platform.model_validate(described), TARGET, today=TODAY)
    wrong = [(node.path, path, why) for node in plan.nodes for path, why, _ in breaches(node.type, node.properties)]
    assert wrong == []
    named = [
        (node.type, *(node.properties.get(one) for one in (*arm_type(node.type).path, arm_type(node.type).name)))
        for node in plan.nodes
        if not any(form_of(node.properties.get(one)) for one in arm_type(node.type).path)
    ]
    lowered = [tuple(str(part).lower() for part in one) for one in named]
    assert len(set(lowered)) == len(lowered), "two resources of one name"


def test_facts_are_not_changed_by_their_use():
    before = copy.deepcopy([fact for _, fact in FACTS])
    for token, fact in FACTS:
        list(breaches(token, {}))
        assert fact.path
    assert [fact for _, fact in FACTS] == before
