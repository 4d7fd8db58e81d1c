"""One suite for every cloud: the laws of the design, held on each target of the small platform and on random ones."""

import datetime
import itertools
import json
import re
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hdh_infra as hdh
from hdh_infra import contracts
from hdh_infra.catalogue.load import site, targets
from hdh_infra.clouds import cloud
from hdh_infra.graph.values import walk
from hdh_infra.model.attributes import ATTRIBUTES, answers, asked
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of, network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Relation, Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing.strategies import platforms

TODAY = datetime.date(2026, 11, 25)
TARGETS = [str(target) for target in targets() if target.region in {"francecentral", "RegionOne", "GRA"}]
SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"
SOME = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

pytestmark = pytest.mark.parametrize("target", TARGETS)


@cache
def small() -> Platform:
    return hdh.load(SMALL)


def with_space(platform: Platform, name: str) -> Platform:
    described = platform.model_dump(mode="json", by_alias=True)
    described["spaces"]["projects"][name] = {"members": 1}
    return Platform.model_validate(described)


def test_every_node_keeps_the_contract_of_its_sdk(target):
    """Invariant: no unknown, missing or misspelt property, no wrong type, no closed enum's stranger, and no node without a contract."""
    wrong = []
    for node in make_plan(small(), target, today=TODAY).nodes:
        assert contracts.contract(node.type) is not None, f"{node.path}: {node.type} has no contract"
        wrong.extend(
            f"{node.path}: {one}" for one in contracts.check(node.type, node.properties) if one.kind != "open-enum"
        )
    assert not wrong, "\n".join(wrong)


@SOME
@given(platform=platforms())
def test_every_platform_has_a_valid_plan_that_keeps_the_contracts(target, platform):
    plan = make_plan(platform, target, today=TODAY)
    wrong = [
        f"{node.path}: {one}"
        for node in plan.nodes
        for one in contracts.check(node.type, node.properties)
        if one.kind != "open-enum"
    ]
    assert not wrong, "\n".join(wrong)


@SOME
@given(platform=platforms())
def test_what_is_observed_in_a_plan_answers_what_was_asked_wherever_the_verdict_is_met(target, platform):
    """Law 2: the round trip, attribute by attribute."""
    plan = make_plan(platform, target, today=TODAY)
    observed = observe_plan(plan, platform)
    expanded = expand(platform)
    lock = update_lock(None, platform, [Target.parse(target)])
    assert set(expanded.elements) <= set(observed.elements)
    met = {(row.element, row.attribute) for row in plan.verdicts if row.verdict is Verdict.met}
    for path in expanded.elements:
        wanted = asked(expanded, path, lock.addresses.get(path, ""))
        for attribute, rule in ATTRIBUTES[kind_of(path)].items():
            given_value = observed.elements[path].get(attribute)
            if (path, attribute) not in met:
                continue
            if rule.relation is Relation.untraceable:
                assert given_value is None
            elif given_value is not None:
                encryption = observed.elements[path].get("encryption")
                if attribute == "key" and encryption not in {"customer-key", "external-key"}:
                    continue
                assert answers(kind_of(path), attribute, wanted[attribute], given_value), (
                    path,
                    attribute,
                    wanted[attribute],
                    given_value,
                )


@SOME
@given(platform=platforms())
def test_machines_reach_each_other_exactly_as_the_flows_say(target, platform):
    """Law 2 for flows: nothing that is asked is missing, and nothing between machines is open that nobody asked."""
    expanded = expand(platform)
    observed = observe_plan(make_plan(platform, target, today=TODAY), platform)
    wanted = {(link.source, link.to, link.protocol, link.ports) for link in expanded.links}
    found = {(flow.source, flow.to, flow.protocol, flow.ports) for flow in observed.flows}
    assert wanted <= found
    assert {one for one in found - wanted if one[1] not in expanded.stores} == set()


@SOME
@given(platform=platforms(), rng=st.randoms())
def test_a_plan_does_not_depend_on_the_order_of_the_description(target, platform, rng):
    """Law 1."""

    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            rng.shuffle(items)
            return {key: shuffled(item) for key, item in items}
        return value

    described = platform.model_dump(mode="json", by_alias=True)
    other = shuffled(described)
    rng.shuffle(other["flows"])
    one, two = (make_plan(Platform.model_validate(value), target, today=TODAY) for value in (described, other))
    assert [node.to_json() for node in one.nodes] == [node.to_json() for node in two.nodes]


@SOME
@given(platform=platforms())
def test_one_more_space_touches_its_own_nodes_only(target, platform):
    """Law 4."""
    lock = update_lock(None, platform, [Target.parse(target)])
    before = {node.path: node.to_json() for node in make_plan(platform, target, lock=lock, today=TODAY).nodes}
    after = {
        node.path: node.to_json()
        for node in make_plan(with_space(platform, "zz-added"), target, lock=lock, today=TODAY).nodes
    }
    shared = cloud(Target.parse(target).cloud).shared_documents
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert all(
        path.startswith("space/zz-added") or after.get(path, before.get(path))["type"] in shared for path in changed
    ), changed


def test_the_small_platforms_spaces_are_local_too(target):
    lock = update_lock(None, small(), [Target.parse(target)])
    before = {node.path: node.to_json() for node in make_plan(small(), target, lock=lock, today=TODAY).nodes}
    after = {
        node.path: node.to_json()
        for node in make_plan(with_space(small(), "cohort-z"), target, lock=lock, today=TODAY).nodes
    }
    assert {path for path in before if before[path] != after.get(path)} == set()
    assert all(path.startswith("space/cohort-z") for path in after.keys() - before.keys())
    assert any(path.startswith("space/cohort-z") for path in after)


def test_every_data_holder_is_protected_and_its_path_is_its_elements(target):
    """Law 9: a store, key or data disk has a node that the engine refuses to delete."""
    plan = make_plan(small(), target, today=TODAY)
    protected = {node.element for node in plan.nodes if node.protect}
    assert set(expand(small()).data_holders) <= protected


def test_no_element_is_without_a_native_resource_and_no_path_leaves_its_network(target):
    plan = make_plan(small(), target, today=TODAY)
    elements = {node.element for node in plan.nodes}
    assert set(expand(small()).elements) <= elements
    for node in plan.nodes:
        assert node.path.startswith(("platform/", "key/")) or network_path(node.path) in expand(small()).networks


def test_nothing_secret_stands_in_a_plan(target):
    """Law 8: secret outputs are read by nothing that is shown, and no property holds a credential in clear."""
    text = make_plan(small(), target, today=TODAY).dumps()
    assert not re.search(r'"(password|adminPassword|adminPass|secretKey|secretAccessKey|accessKey)": "[^"]', text)


def test_every_verdict_that_is_not_met_has_a_reason_a_source_and_a_day(target):
    for row in make_plan(small(), target, today=TODAY).verdicts:
        assert row.source
        assert datetime.date.fromisoformat(row.as_of[:10])
        assert len(row.reason) > 10
        json.dumps(row.to_json())


def test_a_plan_without_waivers_of_what_is_not_met_is_not_deployable_and_still_made(target):
    bare = small().model_copy(update={"waivers": ()})
    plan = make_plan(bare, target, today=TODAY)
    gaps = [row for row in plan.verdicts if row.verdict in {Verdict.not_met, Verdict.unknown}]
    assert plan.deployable == (not gaps)
    assert plan.nodes


def test_an_expired_waiver_waives_nothing(target):
    later = datetime.date(2099, 1, 1)
    assert not any(row.waiver and row.waiver["in_force"] for row in make_plan(small(), target, today=later).verdicts)


def test_raising_a_floor_never_shortens_the_list_of_gaps(target):
    def gaps(encryption: str) -> set[tuple[str, str]]:
        described = small().model_dump(mode="json", by_alias=True)
        described["zones"]["lake"]["stores"]["snds"] = {"size": "2TB", "encryption": encryption}
        described["waivers"] = []
        plan = make_plan(Platform.model_validate(described), target, today=TODAY)
        return {
            (row.element, row.attribute)
            for row in plan.verdicts
            if row.verdict is not Verdict.met and "/key/" not in row.element
        }

    levels = ["none", "provider-key", "tenant-key", "customer-key", "external-key"]
    found = [gaps(level) for level in levels]
    assert all(one <= other for one, other in itertools.pairwise(found))


def test_removing_a_flow_never_adds_one(target):
    def reach(platform: Platform) -> set[tuple[str, str, str]]:
        observed = observe_plan(make_plan(platform, target, today=TODAY), platform)
        return {(flow.source, flow.to, flow.protocol) for flow in (*observed.flows, *observed.egress)}

    whole = reach(small())
    for index in range(len(small().flows)):
        fewer = small().model_copy(update={"flows": small().flows[:index] + small().flows[index + 1 :]})
        assert reach(fewer) <= whole


def test_the_country_of_everything_is_read_from_native_places_and_lies_in_the_residency(target):
    observed = observe_plan(make_plan(small(), target, today=TODAY), small())
    for path, attributes in observed.elements.items():
        assert attributes.get("country") in {"FR", None}, path


def test_nothing_is_public_and_no_machine_has_a_public_address(target):
    observed = observe_plan(make_plan(small(), target, today=TODAY), small())
    assert not [path for path, attributes in observed.elements.items() if attributes.get("public")]
    assert not [flow for flow in observed.entry if kind_of(flow.to) == "machine"]


def test_the_catalogue_has_a_row_with_a_source_for_every_attribute(target):
    for fact in site(Target.parse(target)).facts.values():
        assert fact.source
        assert fact.as_of <= TODAY


def test_every_openstack_type_that_is_lowered_or_looked_up_is_served_by_our_plugin(target):
    """A token that the plugin does not serve is a plan that no engine accepts."""
    table = json.loads((resources.files("hdh_infra.sandbox.engine") / "go" / "openstack" / "tokens.json").read_text())
    served = {token for part in ("resources", "dataSources") for tokens in table[part].values() for token in tokens}
    plan = make_plan(small(), target, today=TODAY)
    asked = {form["$lookup"] for node in plan.nodes for _, form in walk(dict(node.properties)) if "$lookup" in form}
    wanted = {token for token in {node.type for node in plan.nodes} | asked if token.startswith("openstack:")}
    assert wanted <= served
    assert bool(wanted) == (Target.parse(target).cloud != "azure")


def test_names_that_the_world_shares_differ_between_targets(target):
    """Two targets may share one S3 account or one world of vault names: one platform must fit on both at once."""

    def shared(where: str) -> set[str]:
        names = ("bucket", "accountName", "vaultName", "userName")
        return {
            value
            for node in make_plan(small(), where, today=TODAY).nodes
            for name, value in node.properties.items()
            if name in names and isinstance(value, str)
        }

    assert shared(target)
    for other in TARGETS:
        if other != target:
            assert not shared(target) & shared(other)
