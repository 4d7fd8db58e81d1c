"""Ways to keys: machines that use a key themselves reach its vault, nobody else does, and without a way a right is none."""

import copy
import datetime
from dataclasses import replace

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.graph.observation import Natives
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.planning.lock import update_lock

TARGET = "azure:francecentral"
SPARK, WAY = "zone/lake/machine/spark", "zone/lake/way/key.lake"
GONE = object()


@pytest.fixture
def place(wide):
    return site(Target.parse(TARGET), wide)


def after(plan, place, path, **changes):
    """What is seen with one node changed, or gone."""
    nodes = [
        replace(node, properties={**node.properties, **changes}) if node.path == path else node
        for node in plan.nodes
        if changes or node.path != path
    ]
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), place)


def test_each_network_whose_machines_use_a_key_has_an_endpoint_to_its_vault_at_the_locks_address(wide_plan):
    endpoint = wide_plan.node(f"{WAY}/endpoint").properties
    assert endpoint["privateLinkServiceConnections"][0]["privateLinkServiceId"]["$ref"] == "key/lake/vault"
    assert endpoint["privateLinkServiceConnections"][0]["groupIds"] == ["vault"]
    assert endpoint["ipConfigurations"][0]["privateIPAddress"].startswith("10.64.")
    assert wide_plan.node(f"{WAY}/endpoint-names").properties["privateDnsZoneConfigs"][0]["privateDnsZoneId"] == {
        "$ref": "zone/lake/vaults/zone",
        "output": "id",
    }
    zones = [
        node for node in wide_plan.nodes if node.properties.get("privateZoneName") == "privatelink.vaultcore.azure.net"
    ]
    assert {node.path for node in zones} == {"zone/lake/vaults/zone", "zone/lake/vaults/link"}


def test_a_key_that_only_stores_and_disks_are_encrypted_with_has_no_endpoint(plan, wide_plan):
    assert not [node.path for node in plan.nodes if "/way/" in node.path or "/vaults/" in node.path]
    assert not [node.path for node in wide_plan.nodes if "key.boot" in node.path]


def test_users_reach_their_vault_and_nobody_else_does(wide_plan, wide, place):
    seen = observe_plan(wide_plan, wide)
    assert SPARK in seen.elements["key/lake"]["users"]
    assert not [one for one in seen.elements["key/lake"]["users"] if "without a way" in one]
    assert not [remark for remark in seen.remarks if "is reached by" in remark]
    assert not [flow for flow in seen.flows if "vault" in flow.to or flow.to.startswith("key/")]
    assert not [row for row in wide_plan.verdicts if row.element == "key/lake" and row.verdict is not Verdict.met]


PENDING = [
    {
        "name": "vault",
        "groupIds": ["vault"],
        "privateLinkServiceId": {"$ref": "key/lake/vault", "output": "id"},
        "privateLinkServiceConnectionState": {"status": "Pending"},
    }
]
ELSEWHERE = [{**PENDING[0], "privateLinkServiceId": {"$ref": "key/boot/vault", "output": "id"}}]
_OUT = "zone/lake/rule/zone.lake.machines/out"


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (f"{WAY}/endpoint", {}),
        (f"{WAY}/endpoint", {"privateLinkServiceConnections": PENDING}),
        (f"{WAY}/endpoint", {"privateLinkServiceConnections": [{k: v for k, v in ELSEWHERE[0].items() if "State" not in k}]}),
        ("rule out", {"destinationPortRanges": ["80"]}),
        ("rule out", {"access": "Deny"}),
        ("rule in", {"sourceAddressPrefixes": ["10.64.250.250/32"]}),
    ],
)  # fmt: skip
def test_without_a_way_a_right_is_none_and_the_observation_says_so(wide_plan, place, path, changes):
    address = wide_plan.node(f"{WAY}/endpoint").properties["ipConfigurations"][0]["privateIPAddress"]
    if path.startswith("rule"):
        direction = path.split()[1]
        (path,) = [
            node.path
            for node in wide_plan.nodes
            if node.type == token("network:SecurityRule")
            and f"/{direction}/" in node.path
            and any(one.startswith(f"{address}/") for one in node.properties.get("destinationAddressPrefixes", ()))
        ]
    users = after(wide_plan, place, path, **changes).elements["key/lake"]["users"]
    assert f"{SPARK} without a way" in users


def test_a_way_without_a_right_is_remarked_on(wide_plan, place):
    seen = after(wide_plan, place, "key/lake/user/zone.lake.machine.spark")
    # The machine's disks are under the key, by an identity of their own.
    assert "zone/lake/machine/spark" in seen.elements["key/lake"]["users"]
    boot = [{**one, "privateLinkServiceId": {"$ref": "key/boot/vault", "output": "id"}} for one in ELSEWHERE]
    boot = [{name: value for name, value in one.items() if "State" not in name} for one in boot]
    nodes = [node for node in wide_plan.nodes if node.path != "zone/lake/machine/spark/system-key-use"]
    moved = replace(wide_plan, nodes=tuple(nodes))
    seen = after(moved, place, f"{WAY}/endpoint", privateLinkServiceConnections=boot)
    assert any(remark.startswith("key/boot/vault: is reached by zone/lake/machine/spark") for remark in seen.remarks)


def test_one_space_more_that_uses_a_shared_key_changes_its_own_nodes_only(wide_described):
    lock = None

    def planned(description):
        nonlocal lock
        platform = Platform.model_validate(description)
        lock = update_lock(lock, platform, [Target.parse(TARGET)])
        return make_plan(platform, TARGET, lock=lock, today=datetime.date(2026, 11, 23))

    described = copy.deepcopy(wide_described)
    described["keys"]["lake"]["users"] = ["zone/lake/machine/spark", "space/*"]
    before = {node.path: node for node in planned(described).nodes}
    assert "space/open/way/key.lake/endpoint" in before
    assert before["space/open/vaults/zone"].properties["resourceGroupName"].endswith("space-open")
    described["spaces"]["projects"]["second"] = {"members": 2}
    plan = planned(described)
    more = {node.path: node for node in plan.nodes}
    others = {path for path in more if path not in before or more[path] != before[path]}
    assert {path for path in others if not path.startswith("space/second/")} == set()
    own = ("way/key.lake/endpoint", "vaults/link", "key-user/space.second.machine.desktop-key.lake")
    assert {f"space/second/{one}" for one in own} <= others
    assert set(before) <= set(more)
    seen = observe_plan(plan, Platform.model_validate(described))
    assert not [one for one in seen.elements["key/lake"]["users"] if "without a way" in one]
