"""The JSON Schema takes what the loader takes, and refuses what an editor can be expected to see."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from hdh_infra.model.load import load
from hdh_infra.model.schema import json_schema
from hdh_infra.testing.strategies import platforms

VALID = Draft202012Validator(json_schema())
BASE = {
    "name": "clinic",
    "residency": {"countries": ["FR"]},
    "zones": {"lake": {"stores": {"raw": {"size": "10TB"}}, "machines": {"compute": {"vcpus": 2, "memory": "8GB"}}}},
    "spaces": {
        "defaults": {"stores": {"work": {"size": "1TB"}}, "machines": {"desktop": {"vcpus": 2, "memory": "8GB"}}},
        "projects": {"cohort-a": {"ends": "2028-06-30", "members": 4}},
    },
    "targets": {"ovhcloud:GRA": {}},
}


def changed(at, value):
    """The base with one part changed; a part of a path that is not there is made."""
    found = copy.deepcopy(BASE)
    *path, last = at.split("/")
    here = found
    for part in path:
        here = here.setdefault(part, {})
    here[last] = value
    return found


def read(tmp_path, value):
    file = tmp_path / "clinic.yaml"
    # JSON is YAML; dates are written without quotes, as people write them.
    text = json.dumps(value, indent=2).replace('"2028-06-30"', "2028-06-30").replace('"2027-01-31"', "2027-01-31")
    file.write_text(text, encoding="utf-8")
    return load(file)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ("zones/lake/stores/raw/size", "1.5TB"),
        ("zones/lake/stores/raw/size", "64GiB"),
        ("zones/lake/stores/raw/retention", {"days": 30}),
        ("zones/lake/stores/raw/grants", [{"to": "zone/lake/machine/compute", "access": "append"}]),
        ("flows", [{"from": "zone/lake", "to": "zone/lake/store/raw", "ports": [443, "8000-8010"]}]),
        ("spaces/projects/cohort-a/stores", {"work": None}),
        ("spaces/projects/cohort-a/machines", {"desktop": None}),
        ("spaces/projects/cohort-a/ends", "2027-01-31"),
        ("spaces/defaults/flows", [{"to": "store/work"}]),
        ("spaces/defaults/airlock", {"import": True, "export": {"reviewers": 2}}),
        ("targets/ovhcloud:GRA/existing", {"zone/lake": "pn-1", "image/debian-12": {"id": "x", "adopt": False}}),
        ("targets/ovhcloud:GRA/quotas", {"stores": 200}),
        ("overrides", {"zone/lake/store/raw/bucket": {"forceDestroy": None}}),
        ("egress", [{"from": "zone/lake", "to": "*.debian.org", "ports": [443]}]),
        ("frameworks", ["HDS-2.0"]),
    ],
)
def test_what_the_loader_takes_the_schema_takes(at, value, tmp_path):
    described = changed(at, value)
    if at.startswith("zones/lake/stores/raw/grants"):
        described["flows"] = [{"from": "zone/lake", "to": "zone/lake/store/raw", "ports": [443]}]
    if at == "frameworks":
        described["audit"] = {"store": "zone/audit/store/logs"}
        described["zones"]["audit"] = {"stores": {"logs": {"size": "1TB", "retention": {"days": 365}}}}
    assert not [error.message for error in VALID.iter_errors(described)]
    read(tmp_path, described)


@pytest.mark.parametrize("included", ["common.yaml", ["common.yaml", "more.yaml"]])
def test_a_file_may_include_others(included):
    assert not list(VALID.iter_errors({**BASE, "include": included}))


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ("zones/lake/stores/raw/encrytion", "none"),
        ("zones/lake/stores/raw/encryption", "secret"),
        ("zones/lake/stores/raw", None),
        ("spaces/defaults/stores/work", None),
        ("frameworks", ["HDS-1"]),
        ("requires", ["oracle"]),
        ("include", []),
        ("residency", {}),
        ("spaces/projects/cohort-a/members", -1),
        ("zones/lake/entry", "vpn"),
    ],
)
def test_what_an_editor_can_see_the_schema_refuses(at, value):
    assert list(VALID.iter_errors(changed(at, value)))


@settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(platform=platforms())
def test_every_platform_as_it_is_written_is_valid_by_the_schema(platform):
    """As few words as there can be: what has its default is left out, as people leave it out."""
    written = platform.model_dump(by_alias=True, mode="json", exclude_defaults=True)
    assert not [f"{error.json_path}: {error.message}" for error in VALID.iter_errors(written)]
