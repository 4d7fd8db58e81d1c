"""The form of contracts and of changes: what this package ships keeps it, and everything that is not of it is told with its place."""

import copy
import json
from importlib import resources

import pytest

from hdh_infra import contracts
from hdh_infra.contracts import forming
from hdh_infra.contracts.shipped import FILES, OWN_PLUGIN, shipped

TOKEN = "elsewhere:index/thing:Thing"
GOOD = {
    "version": "1.0.0",
    "server": "github://api.github.com/elsewhere/pulumi-elsewhere",
    "tokens": {
        TOKEN: {
            "inputs": {
                "name": {"type": "string", "required": True},
                "size": {"type": "integer", "default": 3},
                "level": {"type": "string", "enum": ["low", "high"]},
                "disks": {"type": "array", "items": {"type": "object", "ref": "Disk"}},
                "labels": {"type": "object", "additional": {"type": "string"}},
            },
            "outputs": {"name": {"type": "string"}, "password": {"type": "string"}},
            "secrets": ["password"],
        }
    },
    "types": {"Disk": {"size": {"type": "integer", "required": True}}},
}
CHANGES = {
    "as_of": "2026-11-26",
    "sources": {"elsewhere": "elsewhere/provider 1.0.0, thing.go"},
    "tokens": {TOKEN: {"replace": ["name", "disks.size"], "ignored": ["labels"], "filled": ["size"]}},
}


def places(wrong):
    return [(".".join(map(str, at)), what) for at, what in wrong]


def changed(value, path, new):
    """A copy with one part put otherwise; `...` takes it out."""
    made = copy.deepcopy(value)
    at = made
    for part in path[:-1]:
        at = at[part]
    if new is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return made


@pytest.mark.parametrize("package", sorted(set(FILES) - {OWN_PLUGIN}))
def test_every_contract_that_is_shipped_is_of_the_form(package, monkeypatch):
    known = shipped(package)
    # As one that nobody had before.
    monkeypatch.setattr(forming, "shipped", lambda _: {"version": known["version"], "tokens": {}, "types": {}})
    monkeypatch.setattr(forming, "FILES", {})
    assert places(forming.wrong_contracts(known, package)) == []


def test_every_line_of_changes_that_is_shipped_names_properties_that_its_type_has(monkeypatch):
    text = (resources.files("hdh_infra.contracts") / "data/changes.json").read_text(encoding="utf-8")
    known = json.loads(text)
    # Lines of types that nothing is lowered to have no contract to be held against.
    known["tokens"] = {token: line for token, line in known["tokens"].items() if contracts.contract(token)}
    monkeypatch.setattr(forming, "shipped_changes", dict)
    assert len(known["tokens"]) > 250
    assert places(forming.wrong_changes(known, {})) == []


def test_what_another_package_brings_is_well_where_it_is_of_the_form():
    assert places(forming.wrong_contracts(GOOD, "elsewhere")) == []
    assert places(forming.wrong_changes(CHANGES, {"elsewhere": GOOD})) == []


@pytest.mark.parametrize(
    ("path", "new", "place", "told"),
    [
        (["version"], ..., "version", "is not there"),
        (["version"], "", "version", "wanted is that of the package"),
        (["server"], "http://example.org", "server", "begins with https://, github:// or gitlab://"),
        (["tokns"], {}, "tokns", "did you mean tokens?"),
        (["tokens"], {}, "tokens", "is an empty object"),
        (["tokens"], [], "tokens", "is list []"),
        (["types"], 5, "types", "is int 5"),
        (["types", "Disk", "size", "type"], "integr", "types.Disk.size.type", "did you mean integer?"),
        (["types", "Disk"], [1], "types.Disk", "is list [1]"),
        (["tokens", "other:index/thing:Thing"], GOOD["tokens"][TOKEN], "tokens.other:index/thing:Thing", "is no token of a type of elsewhere"),
        (["tokens", TOKEN], None, f"tokens.{TOKEN}", "and no contract"),
        (["tokens", TOKEN, "inputs"], ..., f"tokens.{TOKEN}", "has no inputs"),
        (["tokens", TOKEN, "output"], {}, f"tokens.{TOKEN}.output", "did you mean outputs?"),
        (["tokens", TOKEN, "inputs", "name"], "string", f"tokens.{TOKEN}.inputs.name", "and no shape"),
        (["tokens", TOKEN, "inputs", "name", "required"], "yes", f"tokens.{TOKEN}.inputs.name.required", "wanted is true or false"),
        (["tokens", TOKEN, "inputs", "level", "enum"], [], f"tokens.{TOKEN}.inputs.level.enum", "wanted is a list of values"),
        (["tokens", TOKEN, "inputs", "disks", "items", "ref"], "Disc", f"tokens.{TOKEN}.inputs.disks.items.ref", "none of the types of this file"),
        (["tokens", TOKEN, "inputs", "disks", "items", "type"], "string", f"tokens.{TOKEN}.inputs.disks.items.type", "must be 'object'"),
        (["tokens", TOKEN, "inputs", "labels", "kinds"], {"a": "b"}, f"tokens.{TOKEN}.inputs.labels", "is of several kinds"),
        (["tokens", TOKEN, "secrets"], ["pasword"], f"tokens.{TOKEN}.secrets.0", "which is none of its outputs"),
        (["tokens", TOKEN, "secrets"], [["password"]], f"tokens.{TOKEN}.secrets.0", "which is none of its outputs"),
        (["tokens", TOKEN, "replace"], "nam", f"tokens.{TOKEN}.replace", "wanted is a list of names"),
        (["tokens", TOKEN, "api"], 2024, f"tokens.{TOKEN}.api", "wanted is text"),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_with_a_contract_is_told_with_its_place(path, new, place, told):
    found = places(forming.wrong_contracts(changed(GOOD, path, new), "elsewhere"))
    assert [what for at, what in found if at == place and told in what], found


@pytest.mark.parametrize(
    "value", [None, [], 5, "x", {"tokens": {TOKEN: {"inputs": [], "outputs": [], "replace": [{}], "secrets": {}}}}]
)
def test_whatever_stands_there_instead_is_told_and_never_raised(value):
    assert places(forming.wrong_contracts(value, "elsewhere"))
    assert places(forming.wrong_changes(value, {"elsewhere": GOOD}))


def test_a_type_that_is_known_is_nobody_elses_and_a_package_that_is_known_has_one_version():
    subnet = "openstack:networking/subnet:Subnet"
    file = {
        "version": "0.0.1",
        "server": "https://example.org",
        "tokens": {subnet: GOOD["tokens"][TOKEN]},
        "types": GOOD["types"],
    }
    found = dict(places(forming.wrong_contracts(file, "openstack")))
    assert found[f"tokens.{subnet}"] == "is a type that hdh_infra has a contract of: nobody else's counts, take it out"
    assert f"hdh_infra has contracts of openstack {contracts.version('openstack')}" in found["version"]
    assert "hdh_infra knows that: take it out" in found["server"]
    own = {"version": "0.1.0", "tokens": {"hdh:s3:Thing": GOOD["tokens"][TOKEN]}, "types": GOOD["types"]}
    assert "hdh_infra's own plugin" in dict(places(forming.wrong_contracts(own, "hdh")))["tokens.hdh:s3:Thing"]


@pytest.mark.parametrize(
    ("path", "new", "place", "told"),
    [
        (["as_of"], "", "as_of", "wanted is the day on which the sources were read"),
        (["sources"], {}, "sources", "says not where the changes of types of elsewhere were read"),
        (["sources", "elsewhere"], "", "sources", "says not where"),
        (["tokens"], [], "tokens", "is list []"),
        (["tokens", TOKEN], [], f"tokens.{TOKEN}", "is list []"),
        (["tokens", TOKEN, "replaces"], [], f"tokens.{TOKEN}.replaces", "did you mean replace?"),
        (["tokens", TOKEN, "replace"], ["nam"], f"tokens.{TOKEN}.replace.0", "nam is none of its properties; did you mean name?"),
        (["tokens", TOKEN, "replace"], ["disks.sise"], f"tokens.{TOKEN}.replace.0", "sise is none of its properties; did you mean size?"),
        (["tokens", TOKEN, "replace"], [7], f"tokens.{TOKEN}.replace.0", "wanted is the name of a property"),
        (["tokens", TOKEN, "replace"], "name", f"tokens.{TOKEN}.replace", "wanted is a list of names"),
        (["tokens", TOKEN, "ignored"], ["name"], f"tokens.{TOKEN}.replace.0", "name stands under ignored, too"),
        (["tokens", TOKEN, "replace_if"], ["name"], f"tokens.{TOKEN}.replace_if", "wanted is in which case"),
        (["tokens", TOKEN, "members"], 3, f"tokens.{TOKEN}.members", "wanted is the name of the property"),
        (["tokens", "elsewhere:index/thin:Thin"], {}, "tokens.elsewhere:index/thin:Thin", f"is a type without a contract; did you mean {TOKEN}?"),
        (["tokens", "openstack:compute/instance:Instance"], {}, "tokens.openstack:compute/instance:Instance", "nobody else's line counts"),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_with_a_line_of_changes_is_told_with_its_place(path, new, place, told):
    found = places(forming.wrong_changes(changed(CHANGES, path, new), {"elsewhere": GOOD}))
    assert [what for at, what in found if at == place and told in what], found
