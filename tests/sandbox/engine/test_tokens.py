"""The mapping of tokens: every token of the SDK package, with the properties that the package says."""

import json

import pytest

from hdh_infra import contracts
from hdh_infra.sandbox.engine import tokens

MAPPING = json.loads(tokens.FILE.read_text())
NAMED = contracts.tokens("openstack")


def served(kind):
    return [token for tokens_ in MAPPING[kind].values() for token in tokens_]


def test_every_token_of_the_package_is_served_once_and_no_other():
    assert sorted(served("resources") + served("dataSources")) == sorted(NAMED)


def test_resources_and_lookups_are_not_mixed():
    assert not any(map(tokens.is_lookup, served("resources")))
    assert all(map(tokens.is_lookup, served("dataSources")))


def test_the_counts_are_those_of_the_installed_package():
    assert (len(served("resources")), len(served("dataSources"))) == (114, 64)


def test_the_file_is_as_the_generator_writes_it():
    assert tokens.write(MAPPING) == tokens.FILE.read_text()


def entry(token, **changed):
    return {"inputs": tokens.wanted(token)["inputs"], "outputs": tokens.wanted(token)["outputs"], **changed}


def test_a_token_without_a_terraform_name_of_its_properties_is_an_error(monkeypatch):
    token = "openstack:networking/network:Network"
    monkeypatch.setattr(contracts, "tokens", lambda package: (token,))
    found = tokens.mapping({"resources": {"openstack_networking_network_v2": entry(token)}, "dataSources": {}}, {})
    assert found["resources"] == {"openstack_networking_network_v2": [token]}
    with pytest.raises(LookupError, match="networking/network"):
        tokens.mapping(
            {"resources": {"openstack_networking_network_v2": entry(token, inputs={})}, "dataSources": {}}, {}
        )


@pytest.fixture(scope="module")
def tables():
    from hdh_infra.sandbox.engine import building

    if not building.PLUGIN.built:
        pytest.skip("the OpenStack plugin is not built from these sources: run `python -m hdh_infra.sandbox.prepare`")
    return tokens.tables(building.PLUGIN.directory / building.OPENSTACK.binary)


@pytest.fixture(scope="module")
def by_token(tables):
    return {token: entry for kind in tables.values() for entry in kind.values() for token in entry["tokens"]}


@pytest.mark.end_to_end
def test_the_built_plugin_serves_every_token(by_token):
    assert sorted(by_token) == sorted(NAMED)


@pytest.mark.end_to_end
def test_nothing_that_the_terraform_provider_has_is_left_out(tables):
    assert [name for kind in tables.values() for name, entry in kind.items() if not entry["tokens"]] == []


@pytest.mark.end_to_end
@pytest.mark.parametrize("token", NAMED)
def test_names_and_shapes_of_properties_are_those_of_the_package_to_any_depth(by_token, token):
    asked, found = tokens.wanted(token), by_token[token]
    assert found["inputs"] == asked["inputs"]
    assert found["outputs"] == asked["outputs"]
    if not tokens.is_lookup(token):
        assert found["required"] == asked["required"]
        assert found["secrets"] == asked["secrets"]


@pytest.mark.end_to_end
def test_the_mapping_is_what_the_plugin_and_the_package_say(tables):
    assert tokens.mapping(tables, MAPPING["fields"]) == MAPPING
