"""The example descriptions: they are valid, possible on every target that they name, and what the schema says."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import hdh_infra as hdh
from hdh_infra.cli.starting import EXAMPLES, SCHEMA, schema_text
from hdh_infra.model.airlock import STAGES
from hdh_infra.model.expand import expand
from hdh_infra.model.reading import read_yaml
from hdh_infra.model.schema import json_schema
from hdh_infra.planning import load

FOLDER = Path(__file__).parents[2] / "examples"
FIRST_LINE = f"# yaml-language-server: $schema={SCHEMA}"
TARGETS = ("azure:francecentral", "ovhcloud:GRA", "openstack:RegionOne")
PROJECTS = {"small": 2, "hdh-national": 150, "hospital-eds": 200, "ehds-node": 20}


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_json(value):
    """What an editor's reader makes of a YAML file: a date is a text."""
    return json.loads(json.dumps(value, default=str))


def test_every_description_of_the_folder_is_one_that_init_knows():
    assert {file.stem for file in FOLDER.glob("*.yaml")} == set(EXAMPLES)


def test_the_published_schema_is_the_model_s():
    assert (FOLDER / SCHEMA).read_text(encoding="utf-8") == schema_text(), f"hdh schema > examples/{SCHEMA}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_tells_editors_its_schema_and_readers_that_it_is_no_copy(name):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == FIRST_LINE
    opening = " ".join(text[: text.index("\nname:")].replace("#", " ").split())
    assert "reference model in the style of AzureTRE, no copy of" in opening
    assert "assumption" in opening


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_by_the_schema(name, validator):
    value, _ = read_yaml(FOLDER / f"{name}.yaml")
    assert not [f"{error.json_path}: {error.message}" for error in validator.iter_errors(as_json(value))]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_well_formed_on_every_target_that_it_names(name):
    platform = load(FOLDER / f"{name}.yaml")
    assert set(platform.targets) == set(TARGETS)
    assert len(platform.spaces.projects) == PROJECTS[name]
    assert platform.residency.countries == ("FR",)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "small"])
def test_a_project_of_a_large_example_is_one_line_that_says_when_it_ends_and_for_how_many(name):
    platform = load(FOLDER / f"{name}.yaml")
    lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    for project, space in platform.spaces.projects.items():
        assert space.ends, project
        assert space.members, project
        assert sum(line.startswith(f"    {project}: {{") for line in lines) == 1, project


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "small"])
def test_nothing_leaves_a_project_of_a_large_example_but_by_two_people_s_agreement(name):
    """Each space has an airlock for what leaves, and no space has a way out of the platform of its own."""
    expanded = expand(load(FOLDER / f"{name}.yaml"))
    spaces = {path for path in expanded.networks if path.startswith("space/")}
    assert set(expanded.airlocks) == spaces
    assert all(airlock.gate("export").reviewers >= 2 for airlock in expanded.airlocks.values())
    assert not [link for link in (*expanded.egress, *expanded.egress_hosts) if link.source.startswith("space/")]
    for space in spaces:
        for stage in STAGES:
            assert f"{space}/store/airlock-export-{stage}" in expanded.stores


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "small"])
def test_logs_of_a_large_example_lie_apart_for_a_year_and_nobody_who_writes_them_can_delete_them(name):
    expanded = expand(load(FOLDER / f"{name}.yaml"))
    logs = expanded.stores["zone/audit/store/logs"]
    assert logs.retention.days >= 365
    assert logs.retention.mode == "compliance"
    assert expanded.audit == {"stores", "keys", "administration", "flows"}


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "small"])
def test_every_space_of_a_large_example_has_a_key_of_its_own_in_a_module(name):
    expanded = expand(load(FOLDER / f"{name}.yaml"))
    for path in expanded.networks:
        if path.startswith("space/"):
            key = expanded.keys[f"{path}/key/default"]
            assert key.protection == "hsm"
            assert key.rotation_days == 365
            assert set(expanded.encrypted_by[f"{path}/key/default"]) == {
                one for one in (*expanded.stores, *expanded.machines) if one.startswith(f"{path}/")
            }


def test_the_sizes_of_the_national_platform_are_those_that_are_public():
    platform = load(FOLDER / "hdh-national.yaml")
    lake = platform.zones["lake"].stores
    assert 250e12 <= lake["snds"].size <= 450e12
    assert len(set(lake) - {"snds"}) == 22
    assert platform.spaces.defaults.stores["work"].size == 2e12
    members = [space.members for space in platform.spaces.projects.values()]
    assert 4.5 <= sum(members) / len(members) <= 5.5


def test_the_sizes_of_the_hospitals_are_those_that_are_public():
    platform = load(FOLDER / "hospital-eds.yaml")
    kept = sum(
        int(store.size) for zone in ("identity", "pseudonymised") for store in platform.zones[zone].stores.values()
    )
    assert kept == 170e12
    assert set(platform.requires) == {"kubernetes", "postgresql", "spark", "log-analysis", "identity-provider"}


def test_small_in_python_is_small_in_yaml():
    found = importlib.util.spec_from_file_location("small_example", FOLDER / "small.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    assert module.platform == hdh.load(FOLDER / "small.yaml")


def test_no_example_holds_a_web_address_of_a_schema_or_a_line_too_long_to_read():
    for name in EXAMPLES:
        text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        assert not re.search(r"\$schema=\w+:", text)
        for number, line in enumerate(text.splitlines(), 1):
            if line.lstrip().startswith("#"):
                assert len(line) <= 140, f"{name}.yaml:{number}"
