"""What holds for every plan of any platform on every cloud: contracts, the verifier, protection, nothing secret."""

import datetime
import os
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings

from hdh_infra import contracts
from hdh_infra.graph.values import form_of
from hdh_infra.graph.verify import verify
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of, network_path
from hdh_infra.planning import make_plan
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing.strategies import platforms
from tests.conformance.offering import country_of, without_service

TODAY = datetime.date(2026, 11, 25)
SOME = settings(
    max_examples=int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
NEWER = {"hardwareProfile.vmSize"}
"""Where a cloud knows more values than its SDK: sizes of machines."""
SECRET_NAME = re.compile(
    r"(password|passwd|passphrase|adminPass)$|secret(Key|AccessKey|Value)?$|accessKey$|privateKey|credential(s)?$|token$|connectionString",
    re.IGNORECASE,
)
SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(AKIA|ASIA)[0-9A-Z]{16}\b|AccountKey=|sig=[A-Za-z0-9%]{20}"
)


def literals(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a plan's properties that is written out, with the name of the property that holds it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        if form_of(value) in {"$ref", "$secret", "$lookup"}:
            return
        for key, item in value.items():
            yield from literals(item, key if not key.startswith("$") else name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from literals(item, name)


@SOME
@given(platform=platforms())
def test_every_node_of_every_platform_keeps_its_contract(target, platform):
    """Invariant: no unknown, missing or misspelt property, no wrong type, no enum's stranger, nothing beyond a limit, and no node without a contract."""
    wrong = []
    for node in make_plan(platform, target, today=TODAY).nodes:
        assert contracts.contract(node.type) is not None, f"{node.path}: {node.type} has no contract"
        wrong.extend(
            f"{node.path}: {one}"
            for one in contracts.check(node.type, node.properties)
            if one.kind != "open-enum" or one.path not in NEWER
        )
    assert not wrong, "\n".join(wrong)


@SOME
@given(platform=platforms())
def test_the_verifier_finds_nothing_in_any_plan(target, platform):
    plan = make_plan(platform, target, today=TODAY)
    assert verify(plan.nodes, plan.providers) == []
    assert len({node.path for node in plan.nodes}) == len(plan.nodes)


@SOME
@given(platform=platforms())
def test_every_element_has_a_native_resource_and_every_path_lies_in_a_network_that_is_there(target, platform):
    plan, expanded = make_plan(platform, target, today=TODAY), expand(platform, TODAY)
    absent = set(expanded.elements) - {node.element for node in plan.nodes}
    without = without_service(target, expanded.elements)
    # What a space that no plan makes owns, such as a right, is labelled with it all the same.
    assert absent | {path for path in without if path in expanded.networks} == without
    for node in plan.nodes:
        assert node.path.startswith(("platform/", "key/")) or network_path(node.path) in expanded.networks, node.path


@SOME
@given(platform=platforms())
def test_every_data_holder_is_protected_and_nothing_else_that_runs_is(target, platform):
    """Law 9: a store, key or data disk has a node that the engine refuses to delete."""
    plan, expanded = make_plan(platform, target, today=TODAY), expand(platform, TODAY)
    protected = {node.element for node in plan.nodes if node.protect}
    assert set(expanded.data_holders) - protected == without_service(target, expanded.data_holders)
    machines = {path for path in protected if path != "platform" and "/" in path and kind_of(path) == "machine"}
    assert machines <= set(expanded.data_holders)


@SOME
@given(platform=platforms())
def test_nothing_secret_stands_in_a_plan(target, platform):
    """Law 8: no property that is named like a secret holds a text, and no text looks like one."""
    plan = make_plan(platform, target, today=TODAY)
    found = [
        (node.path, name, value)
        for node in plan.nodes
        for name, value in literals(dict(node.properties))
        if value and (SECRET_NAME.search(name) or SECRET_VALUE.search(value))
    ]
    assert found == []
    assert not SECRET_VALUE.search(plan.dumps())


@SOME
@given(platform=platforms())
def test_nothing_is_public_and_everything_lies_where_the_target_does(target, platform):
    expanded = expand(platform, TODAY)
    observed = observe_plan(make_plan(platform, target, today=TODAY), platform)
    assert [path for path, given_here in observed.elements.items() if given_here.get("public")] == []
    countries = {given_here.get("country") for given_here in observed.elements.values()} - {None}
    # Where a target lies elsewhere than the description allows, it is refused before anything is deployed.
    assert countries <= ({country_of(target)} if country_of(target) else set(expanded.countries))
    assert [way for way in observed.entry if kind_of(way.to) == "machine"] == []
