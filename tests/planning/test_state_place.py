"""Where a state lies: by its URL, by the description's word, and held against the residency."""

from __future__ import annotations

import pytest

from hdh_infra.catalogue.places import place_of
from hdh_infra.deploy.guards import check_state_place
from hdh_infra.errors import RefusedError, SpecError
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import load
from hdh_infra.planning.state_place import shown

OVH = "ovhcloud:GRA"


def platform(target=OVH, facts=(), **settings):
    return Platform.model_validate(
        {
            "name": "small",
            "residency": {"countries": ["FR"]},
            "targets": {target: settings},
            "facts": list(facts),
        }
    )


@pytest.mark.parametrize(
    ("url", "environment", "country"),
    [
        ("s3://states?region=gra&endpoint=s3.gra.io.cloud.ovh.net", {}, "FR"),
        ("s3://states?endpoint=https://S3.GRA.io.cloud.ovh.net", {}, "FR"),
        ("s3://states", {"AWS_ENDPOINT_URL_S3": "https://s3.gra.io.cloud.ovh.net"}, "FR"),
        ("s3://states?endpoint=s3.gra.io.cloud.ovh.net.evil.example", {}, None),
        ("s3://states?region=eu-west-3", {}, "FR"),
        ("s3://states", {"AWS_REGION": "us-east-1"}, "US"),
        ("s3://states?region=eu-west-3", {"AWS_REGION": "us-east-1"}, "FR"),
        ("s3://states?region=eu-new-9", {}, None),
        ("s3://states", {}, None),
        ("awskms://alias/states?region=eu-west-1", {}, "IE"),
        ("azblob://states?storage_account=one", {}, None),
        ("azurekeyvault://one.vault.azure.net/keys/states", {}, None),
        ("gs://states", {}, None),
        ("https://api.pulumi.com", {}, None),
        ("file:///srv/states", {}, None),
    ],
)
def test_a_place_is_known_by_what_the_url_says_and_never_guessed(url, environment, country):
    """Invariant: a country follows from an endpoint of the catalogue or a region, and from nothing else."""
    found = place_of(url, environment)
    assert found.country == country, found.why
    assert found.why


def test_a_state_outside_the_residency_is_refused_before_anything_starts():
    """Invariant: the residency holds for the state too, whatever is waived, and the reason names the country and its source."""
    for backend in ("s3://states?region=us-east-1", "s3://states?region=eu-west-1"):
        with pytest.raises(RefusedError, match=r"lies in (US|IE)") as caught:
            check_state_place(platform(), Target.parse(OVH), backend, "passphrase", {})
        assert "nothing was changed" in str(caught.value)
    with pytest.raises(RefusedError, match="lies in IE"):
        check_state_place(platform(), Target.parse(OVH), "s3://s?region=eu-west-3", "awskms://k?region=eu-west-1", {})


def test_a_backend_that_nobody_knows_the_place_of_is_refused_until_it_is_declared():
    """Invariant: unknown is no yes; the declaration is of that one backend."""
    backend = "azblob://states?storage_account=one"
    with pytest.raises(RefusedError, match=r"declare state\.country"):
        check_state_place(platform(), Target.parse(OVH), backend, "passphrase", {})
    told = platform(state={"backend": backend, "country": "FR"})
    assert check_state_place(told, Target.parse(OVH), backend, "passphrase", {}) == []
    with pytest.raises(RefusedError, match="not known"):
        check_state_place(told, Target.parse(OVH), "azblob://other", "passphrase", {})
    with pytest.raises(RefusedError, match="lies in US"):
        check_state_place(
            platform(state={"backend": backend, "country": "US"}), Target.parse(OVH), backend, "passphrase", {}
        )


def test_a_declared_country_never_stands_against_a_known_one():
    """Invariant: what the URL says counts, and a declaration that contradicts it is an error."""
    backend = "s3://states?region=us-east-1"
    with pytest.raises(RefusedError, match="FR is declared"):
        check_state_place(
            platform(state={"backend": backend, "country": "FR"}), Target.parse(OVH), backend, "passphrase", {}
        )


def test_a_folder_and_a_key_service_of_unknown_place_are_told_and_do_not_block():
    """Invariant: what is at hand, and a key that opens nothing alone, is a remark."""
    told = check_state_place(
        platform(), Target.parse(OVH), "file:///srv/states", "azurekeyvault://one.vault.azure.net/keys/k", {}
    )
    assert len(told) == 2
    assert all("not known" in one for one in told)


def test_the_endpoint_of_a_private_cloud_stands_where_its_operator_declares_it():
    """Invariant: the S3 endpoint that the description names lies where its target lies."""
    fact = {"target": "openstack:RegionOne", "attribute": "region.country", "value": "FR", "source": "site record",
            "as_of": "2026-11-01", "by": "operator"}  # fmt: skip
    backend = "s3://states?endpoint=s3.one.example"
    where = Target.parse("openstack:RegionOne")
    settings = {"target": str(where), "object_store_endpoint": "https://s3.one.example"}
    assert check_state_place(platform(facts=[fact], **settings), where, backend, "passphrase", {}) == []
    with pytest.raises(RefusedError, match="not known"):
        check_state_place(platform(**settings), where, backend, "passphrase", {})


def test_a_sandbox_keeps_its_state_where_it_is():
    """Invariant: the state of a sandbox is its own and is judged by no residency."""
    environment = {"HDH_SANDBOX": "one"}
    assert check_state_place(platform(), Target.parse(OVH), "file:///sandbox", "passphrase", environment) == []


def test_a_description_with_a_state_abroad_is_wrong_at_its_line(tmp_path):
    """Invariant: what the description alone tells is told when it is read, with line and field."""
    file = tmp_path / "platform.yaml"
    file.write_text(
        "name: small\nresidency: {countries: [FR]}\ntargets:\n  ovhcloud:GRA:\n    state:\n"
        "      backend: s3://states?region=us-east-1\n",
        encoding="utf-8",
    )
    with pytest.raises(SpecError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.field) == (6, "targets.ovhcloud:GRA.state.backend")
    assert "lies in US" in problem.what


def test_a_url_is_shown_without_what_may_be_secret_in_it():
    """Invariant: user, password and unknown parameters of a backend are in no message."""
    text = shown("s3://user:word@states/path?endpoint=one.example&token=abc&region=gra&profile=me")
    assert text == "s3://states/path?endpoint=one.example&region=gra"
