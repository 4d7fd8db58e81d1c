"""`hdh credentials`: names of variables and rights, never a value; what is missing, and what is too much."""

import datetime
import json
import os

import pytest

from hdh_infra.clouds import cloud, of
from hdh_infra.clouds.credentials import judge, look
from hdh_infra.clouds.openstack.credentials import RIGHTS, TOO_MUCH
from hdh_infra.model.target import Target

OPENSTACK, OVHCLOUD, AZURE = "openstack:RegionOne", "ovhcloud:GRA", "azure:francecentral"
TODAY = datetime.date(2026, 11, 25)
VALUE = "geheim-7f3a91"
"""What stands in every variable of these tests, and must be seen nowhere."""
PREFIXES = ("OS_", "AWS_", "OVH_", "ARM_", "AZURE_", "HDH_S3")
PASSWORD = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME")
KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
ACCOUNT = ("OVH_ENDPOINT", "OVH_CLIENT_ID", "OVH_CLIENT_SECRET")
PRINCIPAL = ("ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID")
WHOLE = {OPENSTACK: (*PASSWORD, *KEY), OVHCLOUD: (*PASSWORD, *KEY, *ACCOUNT), AZURE: PRINCIPAL}


@pytest.fixture
def given(monkeypatch, tmp_path):
    """An environment with these variables and no other of a cloud, and a home of its own."""

    def give(*names, **values):
        for name in os.environ:
            if name.startswith(PREFIXES):
                monkeypatch.delenv(name)
        for name in names:
            monkeypatch.setenv(name, VALUE)
        for name, value in values.items():
            monkeypatch.setenv(name, str(value))

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    give()
    return give


def asked(hdh, small, target, *words):
    answer = hdh("credentials", small, "--on", target, "--format", "json", *words)
    return answer.code, json.loads(answer.out)["targets"][target]


@pytest.mark.parametrize("target", WHOLE)
def test_all_that_is_needed_is_well_and_each_variable_that_is_taken_out_is_named(hdh, small, given, target):
    given(*WHOLE[target])
    code, found = asked(hdh, small, target)
    assert (code, found["well"]) == (0, True)
    needed = set(WHOLE[target]) - {"ARM_SUBSCRIPTION_ID"}
    for name in needed:
        given(*(needed - {name}))
        code, found = asked(hdh, small, target)
        missing = [word for one in found["services"] for word in one["missing"]]
        assert code == 1, name
        # Azure has several ways that lack one thing then: any of them is told.
        assert any(name in word for word in missing) or (target == AZURE and missing), (name, missing)
        assert all(one["complete"] or one["remedy"] for one in found["services"])


@pytest.mark.parametrize("target", WHOLE)
@pytest.mark.parametrize("output", ["text", "json"])
def test_no_value_is_ever_written(hdh, small, given, target, output):
    given(*WHOLE[target], "OS_APPLICATION_CREDENTIAL_SECRET", "AWS_SESSION_TOKEN", "OS_TOKEN", "OVH_CONSUMER_KEY")
    answer = hdh("credentials", small, "--on", target, "--format", output)
    assert answer.code == 0
    assert VALUE not in answer.out + answer.err
    assert WHOLE[target][1] in answer.out


def test_an_entry_of_clouds_yaml_wins_over_the_variables_and_must_be_there(hdh, small, given, tmp_path):
    given(*PASSWORD, *KEY, OS_CLOUD="mine")
    code, found = asked(hdh, small, OPENSTACK)
    assert (code, found["services"][0]["complete"]) == (1, False)
    text = hdh("credentials", small, "--on", OPENSTACK).out
    assert "clouds.yaml" in text
    folder = tmp_path / ".config" / "openstack"
    folder.mkdir(parents=True)
    (folder / "clouds.yaml").write_text(f"clouds: {{other: {{auth: {{password: {VALUE}}}}}}}\n")
    assert asked(hdh, small, OPENSTACK)[0] == 1
    (folder / "clouds.yaml").write_text(f"clouds: {{mine: {{auth: {{password: {VALUE}}}}}}}\n")
    code, found = asked(hdh, small, OPENSTACK)
    assert code == 0
    openstack = found["services"][0]
    assert openstack["way"] == "an entry of clouds.yaml"
    assert openstack["file"] == str(folder / "clouds.yaml")
    assert any("OS_PASSWORD" in one and "not taken" in one for one in openstack["remarks"])
    assert VALUE not in json.dumps(found)


def test_a_password_is_taken_before_an_application_credential_and_that_is_said(given):
    given()
    (openstack, _) = cloud("openstack").credentials
    both = dict.fromkeys((*PASSWORD, "OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_SECRET"), "x")
    found = look(openstack, both)
    assert found.way.words == "a user's password"
    assert any("OS_APPLICATION_CREDENTIAL_SECRET" in one and "not taken" in one for one in found.remarks)
    del both["OS_PASSWORD"]
    assert look(openstack, both).way.words == "an application credential"


def test_a_file_of_ovhcloud_is_found_where_no_variable_is(hdh, small, given, tmp_path):
    given(*PASSWORD, *KEY)
    assert asked(hdh, small, OVHCLOUD)[0] == 1
    (tmp_path / ".ovh.conf").write_text("[default]\nendpoint=ovh-eu\n")
    code, found = asked(hdh, small, OVHCLOUD)
    assert code == 0
    assert found["services"][2]["file"] == str(tmp_path / ".ovh.conf")


def test_in_a_sandbox_what_is_simulated_wants_no_credentials_and_what_is_real_does(hdh, small, given, monkeypatch):
    monkeypatch.setenv("HDH_SANDBOX", "box-1")
    given(*PASSWORD, *KEY)
    assert asked(hdh, small, OVHCLOUD)[0] == 0
    assert "simulator" in hdh("credentials", small, "--on", AZURE).out
    given(*KEY)
    assert asked(hdh, small, OVHCLOUD)[0] == 1


def test_a_profile_and_a_session_token_are_said_not_to_be_taken(hdh, small, given):
    given(*PASSWORD, *KEY, "AWS_PROFILE", "AWS_SESSION_TOKEN")
    _, found = asked(hdh, small, OPENSTACK)
    assert [one.split(":")[0] for one in found["services"][1]["remarks"]] == ["AWS_PROFILE", "AWS_SESSION_TOKEN"]


def test_without_a_description_everything_that_targets_could_want_is_said(hdh, given):
    given()
    answer = hdh("credentials", "--format", "json")
    assert answer.code == 1
    assert set(json.loads(answer.out)["targets"]) >= set(WHOLE)
    assert hdh("credentials", "--on", "nowhere:X").code == 2


@pytest.mark.parametrize("target", WHOLE)
def test_every_type_that_an_example_becomes_has_a_service_and_a_right(target):
    """What is missing here would be found out by an `up` that fails half way."""
    from pathlib import Path

    import hdh_infra as hdh_library
    from hdh_infra.planning.lock_file import read_lock

    lowering = of(Target.parse(target))
    packages = tuple(one for service in lowering.credentials for one in service.packages)
    rights = tuple(one for right in lowering.rights for one in right.types)
    for file in sorted((Path(__file__).parents[2] / "examples").glob("[se]*.yaml")):
        plan = hdh_library.plan(hdh_library.load(file), target, lock=read_lock(file.with_suffix(".lock")), today=TODAY)
        types = {node.type for node in plan.nodes}
        assert {one for one in types if not one.startswith(packages)} == set()
        assert {one for one in types if not one.startswith(rights)} == set()


@pytest.mark.parametrize("name", ["openstack", "ovhcloud", "azure", "numspot", "cloudtemple"])
def test_every_service_and_right_says_its_source_and_day(name):
    lowering = cloud(name)
    known = {one.name for one in lowering.credentials}
    assert {one.service for one in lowering.rights} <= known
    for one in (*lowering.credentials, *lowering.rights):
        assert len(one.source) > 5
        assert one.as_of >= "2026-11-01"


@pytest.mark.parametrize(
    ("roles", "makes_keys", "lacking", "warned"),
    [
        (("member", "creator"), True, 0, 0),
        (("creator",), True, 1, 0),
        (("reader",), False, 2, 0),
        # Barbican's newer default policies take a member for a creator: what it answers decides.
        (("member",), True, 0, 0),
        (("member",), False, 1, 0),
        (("admin", "member", "creator"), True, 0, 1),
        (("admin",), True, 0, 1),
    ],
)
def test_too_few_roles_are_missing_and_too_many_are_warned_of(roles, makes_keys, lacking, warned):
    found = judge(RIGHTS, roles, makes_keys=makes_keys, too_much=TOO_MUCH)
    assert tuple(map(len, found)) == (lacking, warned)


@pytest.mark.parametrize("name", ["openstack", "ovhcloud", "azure", "numspot", "cloudtemple"])
def test_the_page_of_a_cloud_lists_every_way_and_every_right(name):
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "clouds" / f"{name}.md").read_text(encoding="utf-8")
    lowering = cloud(name)
    for right in lowering.rights:
        assert f"| {right.service} | `{right.name}` | {right.on} | {right.why} |" in text, right.name
    for service in lowering.credentials:
        for way in service.ways:
            for word in way.needs:
                assert f"{way.words}: " in text
                assert all(f"`{one}`" in text for one in word.split("|")), word
