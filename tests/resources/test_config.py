"""The provider's configuration, and how the clients made of it speak."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys

import pytest

from hdh_infra.resources import config
from hdh_infra.resources.clients import Clients
from hdh_infra.resources.values import UNKNOWN

GIVEN = {"endpoint": "https://s3.example.org", "accessKey": "k", "secretKey": "s"}


def paths(values: dict, environment: dict | None = None) -> set[str]:
    return {failure.path for failure in config.check(values, environment or {})}


def test_what_is_missing_is_told_with_the_command_and_the_variable() -> None:
    failures = {failure.path: failure.reason for failure in config.check({}, {})}
    assert set(failures) == {"endpoint", "accessKey", "secretKey"}
    assert "pulumi config set --secret hdh:secretKey" in failures["secretKey"]
    assert "AWS_ACCESS_KEY_ID" in failures["accessKey"]


@pytest.mark.parametrize(
    ("endpoint", "accepted"),
    [
        ("https://s3.gra.io.cloud.ovh.net", True),
        ("http://127.0.0.1:8333", True),
        ("http://[::1]:8333", True),
        ("http://localhost:8333", True),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.1", False),
        ("ftp://s3.example.org", False),
        ("s3.example.org", False),
        ("https://user:pass@s3.example.org", False),
    ],
)
def test_plain_http_is_for_loopback_only(endpoint: str, accepted: bool) -> None:
    assert paths({**GIVEN, "endpoint": endpoint}) == (set() if accepted else {"endpoint"})
    assert paths({**GIVEN, "iamEndpoint": endpoint}) == (set() if accepted else {"iamEndpoint"})


def test_misspelt_names_and_values_are_told() -> None:
    assert paths({**GIVEN, "endpiont": "x", "checksum": "always", "contentMd5": "maybe"}) == {
        "endpiont",
        "checksum",
        "contentMd5",
    }
    assert paths({**GIVEN, "version": "0.1.0", "contentMd5": "true"}) == set()


def test_configuration_wins_over_the_environment_and_the_sandbox_over_both() -> None:
    environment = {"AWS_ENDPOINT_URL_S3": "https://b", "AWS_REGION": "gra", "AWS_ACCESS_KEY_ID": "other"}
    found = config.settings(GIVEN, environment)
    assert (found.endpoint, found.iam_endpoint, found.region, found.access_key) == (
        GIVEN["endpoint"],
        GIVEN["endpoint"],
        "gra",
        "k",
    )
    sandbox = config.settings({**GIVEN, "addressingStyle": "virtual"}, {"HDH_S3_ENDPOINT": "http://127.0.0.1:1"})
    assert (sandbox.endpoint, sandbox.iam_endpoint, sandbox.addressing_style) == (
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
        "path",
    )


def test_a_configuration_that_waits_for_a_resource_is_well_until_it_is_used() -> None:
    waiting = {**GIVEN, "secretKey": UNKNOWN}
    assert paths(waiting) == set()
    with pytest.raises(config.ConfigurationError, match=r"secretKey.*pulumi up"):
        config.settings(waiting, {})


def test_printed_settings_hold_no_secret() -> None:
    assert "hidden" not in repr(config.settings({**GIVEN, "secretKey": "hidden"}, {}))


@pytest.mark.parametrize("wanted", [True, False])
def test_content_md5_replaces_the_newer_checksums_where_it_is_asked_for(wanted: bool) -> None:
    sent = []
    client = Clients({**GIVEN, "contentMd5": wanted}).s3

    def keep(request, **_):
        sent.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.s3", keep)
    with pytest.raises(InterruptedError):
        client.delete_objects(Bucket="abc", Delete={"Objects": [{"Key": "a"}]})
    headers = {name.lower(): value for name, value in sent[0].headers.items()}
    if wanted:
        digest = base64.b64encode(hashlib.md5(sent[0].body).digest()).decode()
        assert headers["content-md5"] in (digest, digest.encode())
    assert any(name.startswith("x-amz-checksum-") for name in headers) is not wanted


def test_importing_the_package_loads_neither_boto3_nor_grpc() -> None:
    code = "import sys, hdh_infra.resources; print(sorted({'boto3', 'grpc', 'pulumi'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_servicer_does_not_load_boto3() -> None:
    code = "import sys, hdh_infra.resources.servicer; print('boto3' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_an_offer_without_s3_is_asked_for_nothing_of_it_and_given_nothing():
    assert config.check({"withoutS3": "true"}, {}) == []
    assert [one.path for one in config.check({"withoutS3": "maybe", **GIVEN}, {})] == ["withoutS3"]
    with pytest.raises(config.ConfigurationError, match="without S3"):
        config.settings({"withoutS3": True, **GIVEN}, {})
