"""Contracts of a package of one's own by the documented command: from its schema, an installed SDK, a Terraform provider's schema."""

import json
import re

import pytest

from hdh_infra import contracts
from hdh_infra.contracts import extract
from hdh_infra.contracts.making import changes_of, main, of_schema, of_sdk, of_terraform
from hdh_infra.contracts.shipped import shipped
from hdh_infra.resources.schema import as_json

ALL = re.compile(".*")
TERRAFORM = {
    "format_version": "1.0",
    "provider_schemas": {
        "registry.opentofu.org/hall/elsewhere": {
            "resource_schemas": {
                "elsewhere_big_thing": {
                    "version": 0,
                    "block": {
                        "attributes": {
                            "id": {"type": "string", "computed": True},
                            "name": {"type": "string", "required": True},
                            "count_of": {"type": "number", "optional": True, "computed": True},
                            "password": {"type": "string", "computed": True, "sensitive": True},
                            "network": {"type": ["list", "string"], "optional": True},
                            "labels": {"type": ["map", "string"], "optional": True},
                            "anything": {"type": "dynamic", "optional": True},
                            "place": {"type": ["object", {"hall": "string", "row": "number"}], "optional": True},
                            "rule": {"nested_type": {"nesting_mode": "set", "attributes": {"port": {"type": "number", "required": True}}}, "optional": True},
                            "owner": {"nested_type": {"nesting_mode": "single", "attributes": {"mail": {"type": "string", "optional": True}}}, "optional": True},
                        },
                        "block_types": {
                            "disk": {"nesting_mode": "list", "min_items": 1, "block": {"attributes": {"size": {"type": "number", "required": True}}}},
                            "boot": {"nesting_mode": "list", "max_items": 1, "block": {"attributes": {"image_id": {"type": "string", "optional": True}}}},
                        },
                    },
                }
            },
            "data_source_schemas": {
                "elsewhere_big_thing": {"block": {"attributes": {"name": {"type": "string", "required": True}, "id": {"type": "string", "computed": True}}}}
            },
        }
    },
}  # fmt: skip


def test_the_schema_of_a_package_gives_what_its_contracts_are():
    """Our own plugin's schema leads to our own plugin's contracts, as far as a schema can say them."""
    found, changes = of_schema(json.loads(as_json()), ALL)
    known = shipped("hdh")["tokens"]
    assert set(found["tokens"]) == set(known)
    for token, one in known.items():
        made = found["tokens"][token]
        assert set(made["inputs"]) == set(one["inputs"]), token
        assert {name for name, shape in made["inputs"].items() if shape.get("required")} == {
            name for name, shape in one["inputs"].items() if shape.get("required")
        }
        assert set(made["outputs"]) == set(one["outputs"]), token
        assert made["secrets"] == sorted(one["secrets"]), token
        assert changes[token] == (sorted(one["replace"]) or None), token


def test_nested_objects_words_and_unions_of_a_schema_are_judged():
    schema = {
        "name": "elsewhere",
        "version": "1.0.0",
        "pluginDownloadURL": "github://api.github.com/hall",
        "resources": {
            "elsewhere:index:Thing": {
                "inputProperties": {
                    "level": {"oneOf": [{"type": "string"}, {"$ref": "#/types/elsewhere:index:Level"}]},
                    "closed": {"$ref": "#/types/elsewhere:index:Level"},
                    "disks": {"type": "array", "items": {"$ref": "#/types/elsewhere:index:Disk"}},
                    "any": {"$ref": "pulumi.json#/Any"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "requiredInputs": ["disks"],
                "properties": {"disks": {"type": "array", "items": {"$ref": "#/types/elsewhere:index:Disk"}}},
            }
        },
        "functions": {"elsewhere:index:getThing": {"inputs": {"properties": {"id": {"type": "string"}}, "required": ["id"]}, "outputs": {"properties": {"name": {"type": "string"}}}}},
        "types": {
            "elsewhere:index:Level": {"type": "string", "enum": [{"value": "low"}, {"value": "high"}]},
            "elsewhere:index:Disk": {"type": "object", "properties": {"size": {"type": "integer"}, "next": {"$ref": "#/types/elsewhere:index:Disk"}}, "required": ["size"]},
        },
    }  # fmt: skip
    found, changes = of_schema(schema, ALL)
    inputs = found["tokens"]["elsewhere:index:Thing"]["inputs"]
    assert inputs["level"] == {"type": "string", "enum": ["low", "high"], "open": True}
    assert inputs["closed"] == {"type": "string", "enum": ["low", "high"]}
    assert inputs["disks"] == {
        "type": "array",
        "items": {"type": "object", "ref": "elsewhere:index:Disk"},
        "required": True,
    }
    assert inputs["any"] == {"type": "any"}
    assert found["types"]["elsewhere:index:Disk"]["size"] == {"type": "integer", "required": True}
    assert found["tokens"]["elsewhere:index:getThing"]["inputs"]["id"]["required"]
    assert found["server"] == "github://api.github.com/hall"
    # Nothing replaces in it: it does not say, which is not to say that nothing does.
    assert changes_of(found, changes) == {"elsewhere:index:Thing": {"unknown": sorted(inputs)}}


def test_what_replaces_within_a_nested_object_is_found_and_an_id_of_another_packages_resource_is_text():
    schema = {
        "name": "elsewhere",
        "version": "1.0.0",
        "resources": {
            "elsewhere:index:Thing": {
                "inputProperties": {
                    "name": {"type": "string", "willReplaceOnChanges": True},
                    "disks": {"type": "array", "items": {"$ref": "#/types/elsewhere:index%2FDisk:Disk"}},
                    "api": {
                        "oneOf": [
                            {"type": "string"},
                            {"type": "string", "$ref": "#/types/aws:apigateway%2FrestApi:RestApi"},
                        ]
                    },
                },
                "properties": {"ticket": {"type": "string", "replaceOnChanges": True}},
            }
        },
        "types": {
            "elsewhere:index/Disk:Disk": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer", "willReplaceOnChanges": True},
                    "next": {"$ref": "#/types/elsewhere:index%2FDisk:Disk"},
                },
            }
        },
    }
    found, changes = of_schema(schema, ALL)
    assert changes == {"elsewhere:index:Thing": ["disks.size", "name"]}
    assert found["tokens"]["elsewhere:index:Thing"]["inputs"]["api"] == {"type": "string"}


def test_an_installed_sdk_gives_what_its_contracts_are():
    if not extract.installed("openstack"):
        pytest.skip("pulumi_openstack is not installed")
    one = "openstack:networking/network:Network"
    package, found, changes = of_sdk("pulumi_openstack", re.compile(re.escape(one)))
    assert (package, found["version"]) == ("openstack", contracts.version("openstack"))
    assert found["tokens"] == {one: shipped("openstack")["tokens"][one]}
    # An SDK says nothing of changes.
    assert changes == {one: None}


def test_a_terraform_providers_schema_gives_what_the_bridge_makes_of_it():
    found, changes = of_terraform(TERRAFORM, "elsewhere", "2.1.0", ALL)
    thing = found["tokens"]["elsewhere:index/bigThing:BigThing"]
    assert thing["inputs"] == {
        "name": {"type": "string", "required": True},
        "countOf": {"type": "number"},
        "networks": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additional": {"type": "string"}},
        "anything": {"type": "any"},
        "place": {"type": "object", "properties": {"hall": {"type": "string"}, "row": {"type": "number"}}},
        "rules": {"type": "array", "items": {"type": "object", "properties": {"port": {"type": "number", "required": True}}}},
        "owner": {"type": "object", "properties": {"mail": {"type": "string"}}},
        "disks": {"type": "array", "required": True, "items": {"type": "object", "properties": {"size": {"type": "number", "required": True}}}},
        "boot": {"type": "object", "properties": {"imageId": {"type": "string"}}},
    }  # fmt: skip
    assert thing["secrets"] == ["password"]
    assert "elsewhere:index/getBigThing:getBigThing" in found["tokens"]
    assert changes == {"elsewhere:index/bigThing:BigThing": None}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["schema", "none.json"], "is no file of JSON"),
        (["schema", "empty.json"], "has no type that .* fits"),
        (["schema", "known.json"], "is a type that hdh_infra has a contract of"),
        (["sdk", "no_such_module"], "no_such_module is not installed"),
        (["terraform", "empty.json"], "give --package and --version"),
        (["terraform", "empty.json", "--package", "x", "--version", "1"], "has no schema of a provider x"),
    ],
)
def test_what_it_cannot_be_made_of_is_told_in_a_line(tmp_path, monkeypatch, words, told):
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    thing = {"inputProperties": {}, "properties": {}}
    known = {
        "name": "openstack",
        "version": contracts.version("openstack"),
        "resources": {"openstack:networking/network:Network": thing},
    }
    (tmp_path / "known.json").write_text(json.dumps(known), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=told):
        main([*words, "--into", "made"])
    assert not (tmp_path / "made").exists()


def test_a_file_of_changes_that_is_there_is_never_written_over(tmp_path, capsys):
    (tmp_path / "schema.json").write_text(
        as_json().replace('"hdh:', '"elsewhere:').replace('"name": "hdh"', '"name": "elsewhere"'), encoding="utf-8"
    )
    (tmp_path / "changes.json").write_text("mine", encoding="utf-8")
    main(["schema", str(tmp_path / "schema.json"), "--into", str(tmp_path)])
    assert (tmp_path / "changes.json").read_text(encoding="utf-8") == "mine"
    assert '"elsewhere:s3:Bucket": {"replace": [' in capsys.readouterr().out
