"""Logs: what has some writes them all to the audit store, nobody who writes can delete, and each weakening shows."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from hdh_infra import load
from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.log_categories import (
    ADMINISTRATION,
    ADMINISTRATION_LEFT_OUT,
    LEFT_OUT,
    LOGS,
    WITHOUT,
    container_of,
)
from hdh_infra.clouds.azure.naming import token
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import update_lock

ACCOUNT = "zone/audit/store/logs/account"
SETTING = token("monitor:DiagnosticSetting")
EXAMPLES = Path(__file__).parents[3] / "examples"
TODAY = datetime.date(2026, 11, 23)
FOREIGN = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Storage/storageAccounts/z"
HUB = "/subscriptions/x/resourceGroups/y/providers/Microsoft.EventHub/namespaces/z/authorizationRules/r"
WORKSPACE = "/subscriptions/x/resourceGroups/y/providers/Microsoft.OperationalInsights/workspaces/z"


@pytest.fixture
def place(watched_described):
    return site(Target.parse("azure:francecentral"), Platform.model_validate(watched_described))


def observed(nodes, place):
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), place)


def watched_by(plan):
    """Path of what is watched, to its setting; a blob service by its account."""
    found = {}
    for node in plan.nodes:
        if node.type == SETTING:
            uri = node.properties["resourceUri"]
            refs = [uri] if "$ref" in uri else uri["args"]
            found["".join(one.get("$ref", "subscription") for one in refs)] = node
    return found


def with_properties(node, **properties):
    return replace(node, properties={**node.properties, **properties})


def exchanged(plan, node, other):
    return [other if one is node else one for one in plan.nodes]


def test_every_planned_type_writes_logs_or_is_known_to_have_none(plan, wide_plan, watched_plan):
    planned = {node.type for one in (plan, wide_plan, watched_plan) for node in one.nodes}
    assert planned <= {token(kind) for kind in (*LOGS, *WITHOUT)}
    assert not set(LOGS) & WITHOUT
    left_out = {tuple(one.split()) for one in LEFT_OUT}
    assert all(kind in {*LOGS, *WITHOUT} for kind, _ in left_out)
    assert not left_out & {(kind, category) for kind, one in LOGS.items() for category in one.categories}
    assert not set(ADMINISTRATION) & set(ADMINISTRATION_LEFT_OUT)


@pytest.fixture(scope="session")
def node_plan():
    return make_plan(load(EXAMPLES / "ehds-node.yaml"), "azure:francecentral", today=TODAY)


@pytest.mark.parametrize("which", ["watched_plan", "node_plan"])
def test_what_has_logs_writes_each_of_them_where_the_audit_asks_for_all(request, which):
    plan = request.getfixturevalue(which)
    settings = watched_by(plan)
    unwritten = []
    for node in plan.nodes:
        logged = next((one for kind, one in LOGS.items() if node.type == token(kind)), None)
        assert logged or node.type in {token(kind) for kind in WITHOUT}
        if logged is None or node.path == "zone/audit/store/logs/service":
            # The store that keeps the logs does not log itself: each entry would make the next one.
            continue
        watched = node.path.removesuffix("/service") + "/account" if logged.word == "stores" else node.path
        setting = settings.pop(watched, None)
        written = [one["category"] for one in setting.properties["logs"] if one["enabled"]] if setting else []
        if tuple(written) != logged.categories:
            unwritten.append(node.path)
    assert unwritten == []
    # What is left is the subscription's activity log.
    (left,) = settings.values()
    assert [one["category"] for one in left.properties["logs"]] == list(ADMINISTRATION)


def test_each_category_has_its_container_under_retention_before_anything_is_written(watched_plan):
    paths = {node.path: node for node in watched_plan.nodes}
    for setting in watched_by(watched_plan).values():
        assert setting.properties["storageAccountId"] == {"$ref": ACCOUNT, "output": "id"}
        for one in setting.properties["logs"]:
            name = "insights-activity-logs" if one["category"] in ADMINISTRATION else container_of(one["category"])
            container = f"zone/audit/store/logs/logs/{name}"
            assert container in setting.depends_on
            assert paths[container].protect
            retention = paths[f"{container}/retention"].properties
            assert retention["immutabilityPeriodSinceCreationInDays"] == 365
            assert retention["allowProtectedAppendWrites"] is True


def test_a_word_of_the_audit_that_is_off_asks_for_nothing(planned, watched_described):
    watched_described["audit"] |= {"flows": False, "administration": False}
    plan = planned(watched_described)
    watched = {node.path: node.type for node in plan.nodes}
    words = {next(one.word for kind, one in LOGS.items() if watched.get(path, "").endswith(kind)) if not path.endswith("/account") else "stores" for path in watched_by(plan)}  # fmt: skip
    assert words == {"stores", "keys"}
    assert not any("networksecuritygroup" in node.path for node in plan.nodes)


def test_without_an_audit_store_there_is_no_setting_and_no_workspace(planned, watched_described):
    del watched_described["audit"]
    types = {node.type for node in planned(watched_described).nodes}
    assert SETTING not in types
    assert token("operationalinsights:Workspace") not in types


def test_a_space_more_changes_nothing_of_what_logs_backs_up_or_searches(watched_described):
    target, lock, plans = Target.parse("azure:francecentral"), None, []
    for _ in range(2):
        platform = Platform.model_validate(watched_described)
        lock = update_lock(lock, platform, [target])
        plans.append({node.path: node for node in make_plan(platform, target, today=TODAY, lock=lock).nodes})
        watched_described["spaces"]["projects"]["third"] = {"members": 1}
    before, after = plans
    assert {path for path, node in after.items() if before.get(path) != node and "/third/" not in path} == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda node: with_properties(node, logs=[]),
        lambda node: with_properties(node, logs=[{**one, "enabled": False} for one in node.properties["logs"]]),
        lambda node: with_properties(node, logs=[{"category": "AllMetrics", "enabled": True}]),
        lambda node: with_properties(node, logs=node.properties["logs"][1:]),
        lambda node: with_properties(node, storageAccountId=FOREIGN),
        lambda node: with_properties(node, resourceUri=FOREIGN),
        lambda node: with_properties(node, eventHubAuthorizationRuleId=HUB),
        lambda node: with_properties(node, workspaceId=WORKSPACE),
        lambda node: with_properties(node, marketplacePartnerId="/subscriptions/x/partner"),
    ],
    ids=["nothing", "disabled", "metrics", "a category less", "other account", "other resource", "event hub", "other workspace", "partner"],
)  # fmt: skip
def test_a_changed_setting_changes_the_observation(watched_plan, place, change):
    seen = observed(watched_plan.nodes, place)
    missed = [
        node.path
        for node in watched_plan.nodes
        if node.type == SETTING and observed(exchanged(watched_plan, node, change(node)), place) == seen
    ]
    assert missed == []


def test_a_setting_less_shows(watched_plan, place):
    seen = observed(watched_plan.nodes, place)
    for node in watched_plan.nodes:
        if node.type == SETTING:
            assert observed([one for one in watched_plan.nodes if one is not node], place) != seen, node.path


def test_logs_of_every_category_at_once_are_taken_for_each(watched_plan, place):
    seen = observed(watched_plan.nodes, place)
    grouped = [
        with_properties(node, logs=[{"categoryGroup": "allLogs", "enabled": True}]) if node.type == SETTING else node
        for node in watched_plan.nodes
    ]
    assert observed(grouped, place) == seen


def test_nobody_in_the_plan_can_write_or_delete_in_the_audit_store(watched_plan, place):
    store = observed(watched_plan.nodes, place).elements["zone/audit/store/logs"]
    assert store["grants"] == ["group/reviewers read"]
    # Azure writes flow logs by the only role that it takes for that; nothing else acts under that identity.
    writer = "Storage Blob Data Contributor: platform/flow-logs/identity"
    assert all(line.startswith("Storage Blob Data Reader: ") for line in store["access"] if line != writer)
    scopes = {
        node.properties["roleDefinitionId"]["$format"].rsplit("/", 1)[-1]
        for node in watched_plan.nodes
        if node.type == token("authorization:RoleAssignment")
        and node.properties["scope"].get("$ref", "").startswith("zone/audit/store/logs/")
        and node.path != "platform/flow-logs/right"
    }
    assert scopes == {"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"}
    account = watched_plan.node(ACCOUNT).properties
    assert account["allowSharedKeyAccess"] is False


@pytest.mark.parametrize("where", ["account", "container", "logs/insights-logs-auditevent"])
def test_somebody_who_could_delete_logs_shows(watched_plan, place, where):
    right = next(
        node
        for node in watched_plan.nodes
        if node.path.startswith("zone/audit/store/logs/data-use") or "zone.audit.store.logs" in node.path
    )
    contributor = {**right.properties["roleDefinitionId"]}
    contributor["$format"] = contributor["$format"].rsplit("/", 1)[0] + "/ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    other = with_properties(
        right, roleDefinitionId=contributor, scope={"$ref": f"zone/audit/store/logs/{where}", "output": "id"}
    )
    after = observed(exchanged(watched_plan, right, other), place)
    assert "group/reviewers write" in after.elements["zone/audit/store/logs"]["grants"]
    assert any("can write and delete where logs are kept" in remark for remark in after.remarks)


def test_logs_are_searched_only_where_the_target_says_so_and_the_copy_is_told(planned, watched_described, watched_plan, place):  # fmt: skip
    assert [
        remark
        for remark in observed(watched_plan.nodes, place).remarks
        if remark == "platform/log-search: keeps a second copy of logs for 90 days in FR, under Microsoft's key"
    ]
    watched_described["targets"]["azure:francecentral"].pop("log_search_days")
    plan = planned(watched_described)
    assert not any(node.type == token("operationalinsights:Workspace") for node in plan.nodes)
    assert not any("workspaceId" in node.properties for node in plan.nodes if node.type == SETTING)
    assert not any("second copy" in remark for remark in observed(plan.nodes, place).remarks)


def test_how_long_and_where_a_workspace_keeps_logs_shows(watched_plan, place):
    node = watched_plan.node("platform/log-search")
    seen = observed(watched_plan.nodes, place)
    for change in ({"retentionInDays": 730}, {"location": "westeurope"}, {"features": {}}):
        assert observed(exchanged(watched_plan, node, with_properties(node, **change)), place) != seen


def test_of_a_network_that_was_there_before_a_plan_says_nothing_and_a_state_what_it_is(
    planned, watched_described, place
):
    there = "/subscriptions/x/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-lake"
    watched_described["targets"]["azure:francecentral"]["existing"] = {"zone/lake": {"id": there}}
    plan = planned(watched_described)
    assert not any(node.path == "zone/lake/network/log" for node in plan.nodes)
    assert not any(remark.startswith("zone/lake/network") for remark in observed(plan.nodes, place).remarks)
    natives = [Native(node.path, node.type, node.properties, node.existing) for node in plan.nodes]
    state = CLOUD.observe(Natives(natives, "state", CLOUD.identifiers), place)
    assert any(remark.startswith("zone/lake/network: does not write all of") for remark in state.remarks)
