"""Keys whose material a person brings, and what a key's policy says of its versions."""

import copy
from dataclasses import replace

import pytest

from hdh_infra import contracts
from hdh_infra.catalogue.load import site
from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.naming import token
from hdh_infra.clouds.azure.roles import DEFINED
from hdh_infra.graph.observation import Natives
from hdh_infra.graph.steps import waiting
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import observe_plan

TARGET = "azure:francecentral"
KEY = "key/lake"


@pytest.fixture
def brought(wide_described):
    described = copy.deepcopy(wide_described)
    lake = described["keys"]["lake"]
    described["keys"]["lake"] = {
        "origin": "imported",
        "protection": "hsm",
        "algorithm": "rsa-3072",
        "users": lake["users"],
        "administrators": lake["administrators"],
    }
    return described


@pytest.fixture
def brought_plan(brought, planned_on):
    return planned_on(brought, TARGET)


def seen_with(plan, described, path, name, value):
    nodes = [
        replace(node, properties={**node.properties, "properties": {**node.properties["properties"], name: value}})
        if node.path == path
        else node
        for node in plan.nodes
    ]
    place = site(Target.parse(TARGET), Platform.model_validate(described))
    return CLOUD.observe(Natives.of_plan(nodes, CLOUD.identifiers), place)


def test_a_brought_key_lies_in_a_premium_vault_beside_a_key_that_does_nothing_but_wrap_it(brought_plan):
    assert brought_plan.node(f"{KEY}/vault").properties["properties"]["sku"]["name"] == "premium"
    exchange = brought_plan.node(f"{KEY}/exchange").properties["properties"]
    assert (exchange["kty"], exchange["keyOps"]) == ("RSA-HSM", ["import"])
    key = brought_plan.node(f"{KEY}/key")
    assert key.existing == {"$format": "{0}/keys/lake", "args": [{"$ref": f"{KEY}/vault", "output": "id"}]}
    assert not key.protect


def test_whatever_the_key_encrypts_waits_for_it_and_its_vault_does_not(brought_plan):
    held = waiting(brought_plan.nodes, brought_plan.manual)
    encrypted = {f"{element}/account" for element in ("zone/lake/store/snds", "zone/audit/store/logs")}
    assert encrypted | {f"{KEY}/key", "zone/lake/machine/spark/disk-encryption"} <= set(held)
    assert {f"{KEY}/vault", f"{KEY}/exchange", "key/boot/key", "zone/lake/network"}.isdisjoint(held)


def test_the_verdict_names_the_person_and_an_external_key_stays_not_met(brought_plan, brought, planned_on):
    rows = {row.attribute: row for row in brought_plan.verdicts if row.element == KEY}
    assert rows["origin"].verdict is Verdict.differs
    assert "a person imports" in rows["origin"].means
    assert not [row for row in rows.values() if row.blocks]
    brought["keys"]["lake"] |= {"origin": "external"}
    rows = {row.attribute: row for row in planned_on(brought, TARGET).verdicts if row.element == KEY}
    assert rows["origin"].verdict is Verdict.not_met


def test_proofs_ask_what_the_provider_has(brought_plan):
    """Invariant: every question of a step is a data source of the contract, with its own names."""
    checks = [check for step in brought_plan.manual for check in step.checks]
    assert {check.token for check in checks} >= {token("keyvault:getKey"), token("keyvault:getVault")}
    for check in checks:
        known = contracts.contract(check.token)
        assert known is not None, check.token
        assert set(check.args) == set(known.inputs)
        assert check.output.split(".")[0] in known.outputs


def test_a_key_of_another_kind_or_that_may_do_more_is_no_proof(brought_plan):
    step = next(one for one in brought_plan.manual if one.id == f"{KEY}/import")
    asked = {check.output: check for check in step.checks}
    assert asked["kty"].proved_by("RSA-HSM")
    assert not asked["kty"].proved_by("RSA")
    assert asked["keyOps"].proved_by(["unwrapKey", "wrapKey"])
    assert not asked["keyOps"].proved_by(["unwrapKey", "wrapKey", "decrypt"])
    assert not asked["keySize"].proved_by(2048)
    assert not asked["properties.publicNetworkAccess"].proved_by("Enabled")


def test_nobody_who_administers_keys_may_bring_material_or_use_it():
    """Whoever imports material knows it, and with it what it encrypts."""
    role = DEFINED["key-administration"]
    assert role.administers
    assert not role.uses
    words = (
        "import",
        "export",
        "release",
        "backup",
        "restore",
        "purge",
        "decrypt",
        "unwrap",
        "encrypt",
        "wrap",
        "sign",
    )
    assert not [
        action for action in role.actions for word in words if action.lower().endswith((f"/{word}/action", "*"))
    ]


def test_no_principal_may_both_use_and_administer_a_key(wide_plan):
    """Invariant: of one key nobody has both roles, unless the description says so."""
    holders = {"user": set(), "key-administration": set()}
    for node in wide_plan.nodes:
        for part, found in holders.items():
            if f"/{part}/" in node.path and node.type == token("authorization:RoleAssignment"):
                found.add((node.path.split(f"/{part}/")[0], str(node.properties["principalId"])))
    assert all(holders.values())
    assert not holders["user"] & holders["key-administration"]


def test_whoever_has_both_roles_is_remarked_on_even_under_two_names(wide_described, planned_on, wide_plan, wide):
    """Invariant: an object id among the administrators that is a using group's is the same principal."""
    assert not [one for one in observe_plan(wide_plan, wide).remarks if "both use and administer" in one]
    wide_described["targets"][TARGET]["administrators"] = [wide_described["targets"][TARGET]["groups"]["researchers"]]
    seen = observe_plan(planned_on(wide_described, TARGET), Platform.model_validate(wide_described))
    assert "key/lake/vault: group/researchers may both use and administer its keys" in seen.remarks


def test_a_key_in_a_vault_that_takes_material_shows_no_origin(brought_plan, brought, wide_plan, wide):
    """Invariant: a key that Resource Manager made is generated; beside an exchange key nobody can say."""
    assert observe_plan(wide_plan, wide).elements[KEY]["origin"] == "generated"
    assert observe_plan(brought_plan, Platform.model_validate(brought)).elements[KEY]["origin"] is None
    assert (
        seen_with(wide_plan, wide.model_dump(), "key/boot/key", "keyOps", ["import"]).elements.get("key/boot") is None
    )


def test_a_new_version_comes_long_before_the_old_one_expires(plan, described):
    policy = plan.node(f"{KEY}/key").properties["properties"]["rotationPolicy"]
    assert policy["attributes"] == {"expiryTime": "P455D"}
    assert policy["lifetimeActions"] == [
        {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P365D"}},
        {"action": {"type": "notify"}, "trigger": {"timeBeforeExpiry": "P60D"}},
    ]
    assert "rotationPolicy" not in plan.node("key/projects/key").properties["properties"]
    assert (
        seen_with(plan, described, f"{KEY}/key", "keyOps", ["wrapKey", "unwrapKey"]).elements[KEY]["rotation_days"]
        == 365
    )


@pytest.mark.parametrize(
    ("name", "value", "given"),
    [
        ("rotationPolicy", {"attributes": {"expiryTime": "P1Y"}, "lifetimeActions": [{"action": {"type": "Rotate"}, "trigger": {"timeAfterCreate": "P365D"}}]}, None),
        ("rotationPolicy", {"lifetimeActions": [{"action": {"type": "Rotate"}, "trigger": {"timeAfterCreate": "P365D"}}]}, 365),
        ("rotationPolicy", {"attributes": {"expiryTime": "P2Y"}, "lifetimeActions": [{"action": {"type": "Notify"}, "trigger": {"timeBeforeExpiry": "P30D"}}]}, None),
    ],
)  # fmt: skip
def test_a_rotation_counts_only_where_it_comes_before_the_expiry(plan, described, name, value, given):
    assert seen_with(plan, described, f"{KEY}/key", name, value).elements[KEY]["rotation_days"] == given


def test_a_key_with_a_last_day_of_its_own_is_remarked_on(plan, described):
    attributes = {"enabled": True, "exportable": False, "expires": 1798761600}
    seen = seen_with(plan, described, f"{KEY}/key", "attributes", attributes)
    assert any(remark.startswith(f"{KEY}/key: expires on a day of its own") for remark in seen.remarks)
