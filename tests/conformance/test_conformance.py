"""The small example on every cloud, where a person can follow what the laws of the other files say of any platform."""

import datetime
import json
import os
import re
from functools import cache
from importlib import resources
from pathlib import Path

from hypothesis import HealthCheck, given, settings

import hdh_infra as hdh
from hdh_infra import contracts
from hdh_infra.catalogue.load import first_regions, site
from hdh_infra.clouds import of
from hdh_infra.graph.plan import Plan
from hdh_infra.graph.values import walk
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing.changing import with_space
from hdh_infra.testing.strategies import platforms
from tests.conformance.offering import country_of, without_service

TODAY = datetime.date(2026, 11, 25)
SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"
SOME = settings(
    max_examples=int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@cache
def small() -> Platform:
    return hdh.load(SMALL)


def test_every_node_keeps_the_contract_of_its_sdk(target):
    """Invariant: no unknown, missing or misspelt property, no wrong type, no closed enum's stranger, and no node without a contract."""
    wrong = []
    for node in make_plan(small(), target, today=TODAY).nodes:
        assert contracts.contract(node.type) is not None, f"{node.path}: {node.type} has no contract"
        wrong.extend(
            f"{node.path}: {one}" for one in contracts.check(node.type, node.properties) if one.kind != "open-enum"
        )
    assert not wrong, "\n".join(wrong)


def test_somebody_has_read_what_the_changes_of_every_type_do(target):
    """Invariant: no resource of which nobody knows what replaces it or wipes what it holds."""
    types = {node.type for node in make_plan(small(), target, today=TODAY).nodes}
    unknown = {token for token in types if not contracts.contract(token).changes_known}
    assert unknown == set(), "say what they do in changes.json"


def test_the_small_platforms_spaces_are_local_too(target):
    lock = update_lock(None, small(), [Target.parse(target)])
    before = {node.path: node.to_json() for node in make_plan(small(), target, lock=lock, today=TODAY).nodes}
    after = {
        node.path: node.to_json()
        for node in make_plan(with_space(small(), "cohort-z"), target, lock=lock, today=TODAY).nodes
    }
    shared = of(Target.parse(target)).shared_documents
    changed = {path for path in before if before[path] != after.get(path)}
    # What is one document for all spaces grows, and keeps all that it said.
    assert {path for path in changed if before[path]["type"] not in shared} == set()
    assert all(path.startswith("space/cohort-z") for path in after.keys() - before.keys())
    assert any(path.startswith("space/cohort-z") for path in after)


def test_every_data_holder_is_protected_and_its_path_is_its_elements(target):
    """Law 9: a store, key or data disk has a node that the engine refuses to delete."""
    plan = make_plan(small(), target, today=TODAY)
    protected = {node.element for node in plan.nodes if node.protect}
    holders = set(expand(small()).data_holders)
    assert holders - without_service(target, holders) <= protected


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
    # After every waiver's last day, and before the spaces that flows name end.
    later = max(waiver.until for waiver in small().waivers) + datetime.timedelta(days=1)
    assert later < min(space.ends for space in small().spaces.projects.values())
    assert not any(row.waiver and row.waiver["in_force"] for row in make_plan(small(), target, today=later).verdicts)


def test_the_country_of_everything_is_read_from_native_places_and_is_the_targets_own(target):
    observed = observe_plan(make_plan(small(), target, today=TODAY), small())
    for path, attributes in observed.elements.items():
        assert attributes.get("country") in {country_of(target) or "FR", None}, path


def test_nothing_is_public_and_no_machine_has_a_public_address(target):
    observed = observe_plan(make_plan(small(), target, today=TODAY), small())
    assert not [path for path, attributes in observed.elements.items() if attributes.get("public")]
    assert not [flow for flow in observed.entry if kind_of(flow.to) == "machine"]


def test_the_catalogue_has_a_row_with_a_source_for_every_attribute(target):
    for fact in site(Target.parse(target)).facts.values():
        assert fact.source
        assert fact.as_of <= TODAY


def served() -> set[str]:
    """Type tokens of OpenStack that our plugin answers to."""
    table = json.loads((resources.files("hdh_infra.sandbox.engine") / "go" / "openstack" / "tokens.json").read_text())
    return {token for part in ("resources", "dataSources") for tokens in table[part].values() for token in tokens}


def openstack_tokens(plan: Plan) -> set[str]:
    looked_up = {form["$lookup"] for node in plan.nodes for _, form in walk(dict(node.properties)) if "$lookup" in form}
    return {token for token in {node.type for node in plan.nodes} | looked_up if token.startswith("openstack:")}


@SOME
@given(platform=platforms())
def test_every_openstack_type_that_is_lowered_or_looked_up_is_served_by_our_plugin(target, platform):
    """A token that the plugin does not serve is a plan that no engine accepts."""
    for one in (small(), platform):
        plan = make_plan(one, target, today=TODAY)
        wanted = openstack_tokens(plan)
        assert wanted - served() == set()
        assert bool(wanted) == any(provider.package == "openstack" for provider in plan.providers.values())


def world_names(platform: Platform, where: str) -> set[str]:
    """Names that the whole world, or every target of one account, shares."""
    names = ("bucket", "accountName", "vaultName", "userName")
    named = {"gcp:storage/bucket:Bucket": "name"} | dict.fromkeys(
        (
            "cloudtemple:index/objectStorageBucket:ObjectStorageBucket",
            "cloudtemple:index/objectStorageStorageAccount:ObjectStorageStorageAccount",
        ),
        "name",
    )
    return {
        value
        for node in make_plan(platform, where, today=TODAY).nodes
        for name, value in node.properties.items()
        if (name in names or name == named.get(node.type)) and isinstance(value, str)
    }


@SOME
@given(platform=platforms())
def test_names_that_the_world_shares_differ_between_targets(platform):
    """Two targets may share one S3 account or one world of vault names: one platform must fit on all of them at once."""
    holders: dict[str, str] = {}
    for target in map(str, first_regions()):
        for name in world_names(platform, target):
            assert holders.setdefault(name, target) == target, name


def test_every_target_has_names_that_the_world_shares(target):
    """What the test above looks for is there."""
    assert world_names(small(), target)
