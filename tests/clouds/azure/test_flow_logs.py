"""Flow logs: what counts is that all of a network's connections are written, by an identity that may, where they are kept."""

import copy
from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.audit import FLOW_CONTAINER
from hdh_infra.clouds.azure.naming import token
from hdh_infra.graph.observation import Natives
from hdh_infra.model.paths import network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target

TARGET = "azure:francecentral"
LOG = "zone/lake/flow-log"
STORE = "zone/audit/store/logs"
ELSEWHERE = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Storage/storageAccounts/z"


PLACE = site(
    Target.parse(TARGET),
    Platform.model_validate(
        {
            "name": "x",
            "residency": {"countries": ["FR"]},
            "groups": {"reviewers": {"description": "the reviewers of the trial"}},
            "targets": {TARGET: {"groups": {"reviewers": "00000000-0000-4000-8000-0000000000a3"}}},
        }
    ),
)


def seen(nodes):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), PLACE)


def with_node(nodes, path, **changes):
    return [replace(one, properties={**one.properties, **changes}) if one.path == path else one for one in nodes]


def logged(nodes):
    return {path: one["flow_logs"] for path, one in seen(nodes).elements.items() if one["kind"] == "network"}


def test_every_network_is_logged_by_one_identity_into_the_audit_store_whose_grants_stay_as_asked(wide_plan):
    assert set(logged(wide_plan.nodes).values()) == {True}
    writers = [node.path for node in wide_plan.nodes if node.path.endswith("flow-logs/identity")]
    assert writers == ["platform/flow-logs/identity"]
    assert seen(wide_plan.nodes).elements[STORE]["grants"] == ["group/reviewers read"]
    rows = [row for row in wide_plan.verdicts if row.requirement == "network.flow_logs"]
    assert {row.verdict for row in rows} == {Verdict.met}
    assert seen(wide_plan.nodes).remarks == ()


def test_the_network_watcher_is_azures_and_neither_made_nor_in_a_group_of_ours(wide_plan, wide_described, planned_on):
    assert not [node for node in wide_plan.nodes if node.type == token("network:NetworkWatcher")]
    node = wide_plan.node(LOG)
    assert (node.properties["resourceGroupName"], node.properties["networkWatcherName"]) == (
        "NetworkWatcherRG",
        "NetworkWatcher_francecentral",
    )
    named = copy.deepcopy(wide_described)
    named["targets"][TARGET]["existing"] = {
        "network-watcher": "/subscriptions/1/resourceGroups/rg-w/providers/Microsoft.Network/networkWatchers/nw"
    }
    other = planned_on(named, TARGET).node(LOG).properties
    assert (other["resourceGroupName"], other["networkWatcherName"]) == ("rg-w", "nw")
    assert any("Network Watcher" in step.what for step in wide_plan.manual)


def test_what_is_written_lies_under_the_stores_retention_and_can_be_added_to(wide_plan):
    assert f"{STORE}/logs/{FLOW_CONTAINER}" in wide_plan.node(LOG).depends_on
    retention = wide_plan.node(f"{STORE}/logs/{FLOW_CONTAINER}/retention").properties
    assert retention["immutabilityPeriodSinceCreationInDays"] == 365
    # Blocks are added to block blobs here, and to append blobs in the other containers: one word excludes the other.
    assert retention["allowProtectedAppendWritesAll"] is True
    assert retention["allowProtectedAppendWrites"] is False


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (LOG, {"enabled": False}),
        (LOG, {"storageId": ELSEWHERE}),
        (LOG, {"targetResourceId": {"$ref": "zone/audit/network", "output": "id"}}),
        (LOG, {"targetResourceId": {"$ref": "zone/lake/subnet/machines", "output": "id"}}),
        (LOG, {"enabledFilteringCriteria": "dstip=10.0.0.0/8"}),
        (LOG, {"recordTypes": "D"}),
        (LOG, {"identity": {"type": "None"}}),
        (LOG, {"identity": {"type": "UserAssigned", "userAssignedIdentities": ["/subscriptions/x/elsewhere"]}}),
        ("platform/flow-logs/right", {"roleDefinitionId": "/x/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"}),
        ("platform/flow-logs/right", {"scope": {"$ref": "zone/lake/store/snds/account", "output": "id"}}),
        ("platform/flow-logs/right", {"principalId": "00000000-0000-4000-8000-00000000dead"}),
        ("platform/flow-logs/right", {"condition": "@Resource[x] StringEquals 'y'"}),
    ],
)
def test_a_network_is_logged_only_where_all_of_it_is_written_by_whoever_may(wide_plan, path, changes):
    assert logged(with_node(wide_plan.nodes, path, **changes))["zone/lake"] is False


def test_without_an_identity_the_accounts_own_keys_would_have_to_be_on(wide_plan):
    nodes = with_node(wide_plan.nodes, LOG, identity={"type": "None"})
    assert logged(with_node(nodes, f"{STORE}/account", allowSharedKeyAccess=True))["zone/lake"] is True


def test_an_identity_that_something_else_carries_too_is_no_mere_writer_of_logs(wide_plan):
    """A machine that carries it could write and delete what is kept: the store's grants show it."""
    vm = "zone/lake/machine/dumb/0/vm"
    identity = {"$ref": "platform/flow-logs/identity", "output": "id"}
    carried = with_node(wide_plan.nodes, vm, identity={"type": "UserAssigned", "userAssignedIdentities": [identity]})
    assert "zone/lake/machine/dumb write" in seen(carried).elements[STORE]["grants"]
    unused = [node for node in wide_plan.nodes if node.type != token("network:FlowLog")]
    assert "platform write" in seen(unused).elements[STORE]["grants"]


def test_a_space_that_alone_asks_has_a_writer_of_its_own(wide_described, planned_on):
    described = copy.deepcopy(wide_described)
    described["audit"]["flows"] = False
    before = planned_on(described, TARGET)
    assert not [node for node in before.nodes if "flow-log" in node.path and not node.path.startswith(STORE)]
    described["spaces"]["projects"]["open"]["flow_logs"] = True
    after = planned_on(described, TARGET)
    changed = {node.path for node in after.nodes} ^ {node.path for node in before.nodes}
    assert {network_path(path) for path in changed} == {"space/open"}
    assert [path for path, on in logged(after.nodes).items() if on] == ["space/open"]


def test_without_an_audit_store_there_is_nowhere_to_write_and_the_verdict_says_so(described, planned):
    asked = copy.deepcopy(described)
    asked["network"]["flow_logs"] = True
    plan = planned(asked)
    assert not [node for node in plan.nodes if node.type == token("network:FlowLog")]
    rows = [row for row in plan.verdicts if row.requirement == "network.flow_logs"]
    assert {row.verdict for row in rows} == {Verdict.not_met}


def test_the_network_of_somebody_else_is_logged_too(wide_described, planned_on):
    described = copy.deepcopy(wide_described)
    vnet = "/subscriptions/1/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-old"
    described["targets"][TARGET]["existing"] = {"zone/lake": vnet}
    plan = planned_on(described, TARGET)
    assert logged(plan.nodes)["zone/lake"] is True
