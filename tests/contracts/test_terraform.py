"""What the dynamic bridge makes of a Terraform schema, by rule: tokens, names, and what a change does."""

from __future__ import annotations

import pytest

from hdh_infra import contracts
from hdh_infra.contracts import load
from hdh_infra.contracts.terraform import changes_of, contract_of, plural, token

MACHINE = {
    "attributes": {
        "id": "string",
        "name": {"type": "string", "mode": "required", "force_new": True},
        "size": {"type": "int", "mode": "optional+computed"},
        "private_ips": {"type": "list(string)", "mode": "optional", "force_new": "if_configured"},
        "os_disk": {"type": "list(object)", "mode": "optional", "max": 1, "attributes": {"size_gb": {"type": "int", "mode": "required"}}},
        "acl_entry": {"type": "set(object)", "mode": "optional", "attributes": {"role": {"type": "string", "mode": "required", "values": ["reader"]}}},
        "labels": {"type": "map(string)", "mode": "optional"},
        "access_key": {"type": "string", "mode": "computed", "sensitive": True},
    }
}  # fmt: skip


def test_a_resource_and_a_data_source_have_the_tokens_of_the_bridge():
    """`tokens.SingleModule(prefix, "index", MakeStandard(name))`."""
    assert token("numspot", "numspot_security_group_rule") == "numspot:index/securityGroupRule:SecurityGroupRule"
    assert token("numspot", "numspot_vpcs", function=True) == "numspot:index/getVpcs:getVpcs"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acl_entry", "acl_entries"),
        ("backup_policy", "backup_policies"),
        ("whitelist", "whitelists"),
        ("tags", "tags"),
        ("vpc", "vpcs"),
        ("address", "addresses"),
        ("disk_sizes_gb", "disk_sizes_gbs"),
    ],
)
def test_a_list_is_in_the_plural(name, expected):
    """As `inflector.Pluralize` writes them: compared with the real one for every list of both providers, 2026-11-25."""
    assert plural(name) == expected


def test_a_block_that_occurs_once_at_most_is_an_object_and_other_lists_are_arrays():
    inputs = contract_of(MACHINE)["inputs"]
    assert inputs["osDisk"] == {"type": "object", "properties": {"sizeGb": {"type": "integer", "required": True}}}
    assert inputs["aclEntries"]["items"]["properties"]["role"] == {
        "type": "string",
        "enum": ["reader"],
        "required": True,
    }
    assert inputs["labels"] == {"type": "object", "additional": {"type": "string"}}
    assert inputs["name"]["required"] is True


def test_what_is_computed_alone_is_no_input_and_what_is_sensitive_is_secret():
    found = contract_of(MACHINE)
    assert "accessKey" not in found["inputs"]
    assert found["secrets"] == ["accessKey"]
    assert "id" not in {*found["inputs"], *found["outputs"]}, "the engine has a word of its own for it"
    assert "required" not in found["outputs"]["name"]


def test_what_a_change_does_is_read_from_the_schema():
    assert changes_of(MACHINE) == {"replace": ["name", "privateIps"]}
    assert changes_of({**MACHINE, "update": False})["ignored"] == ["aclEntries", "labels", "osDisk", "size"]


@pytest.mark.parametrize("package", ["numspot", "cloudtemple"])
def test_every_property_that_makes_anew_is_one_of_the_contract(package):
    for one in contracts.tokens(package):
        found = contracts.contract(one)
        assert {path.split(".")[0] for path in (*found.replace, *found.ignored)} <= set(found.inputs), one
        assert found.changes_known or ":get" in one.rsplit("/", 1)[0] or "/get" in one, one


def test_no_credential_of_a_bridged_provider_is_an_output_in_clear():
    for package in ("numspot", "cloudtemple"):
        for one in contracts.tokens(package):
            found = load.contract(one)
            named = {name for name in found.outputs if "secret" in name.lower() and "id" not in name.lower()}
            assert named <= found.secrets, one
