"""A probe finds what a server does and not what it says, and leaves nothing behind, however it ends."""

import contextlib
import datetime
import importlib.util
import os
import signal
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError

from hdh_infra.errors import CloudError
from hdh_infra.live import probing, scratch

_SPEC = importlib.util.spec_from_file_location("hdh_serving", Path(__file__).with_name("serving.py"))
serving = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(serving)
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "do-not-show"}
VALUES = {"endpoint": "https://s3.example.org", "region": "gra"}
CALLS = 120
"""More than a whole probe makes."""


@pytest.fixture
def server(monkeypatch):
    made = serving.Server()
    monkeypatch.setattr(probing, "make_client", made.client)
    monkeypatch.setattr(scratch.time, "sleep", made.wait)
    return made


def probe():
    return probing.probe(ENVIRONMENT, VALUES, lambda _: None)


def test_a_server_that_has_everything_is_found_to_have_everything(server):
    found = probe()
    assert {name for name, one in found.findings.items() if one.value is not True} == {"anonymous"}
    assert found.value("anonymous") is False
    assert server.made > 2
    assert server.buckets == {}
    assert found.remarks == ()


def test_the_probe_waits_for_its_own_lock_to_end_before_the_bucket_goes(server):
    probe()
    assert server.now - serving.START >= probing.LOCKED


@pytest.mark.parametrize("feature", sorted(serving.LACKING))
def test_what_a_server_does_not_implement_it_has_not_and_the_rest_is_tried_all_the_same(server, feature):
    server.errors[serving.LACKING[feature]] = ("NotImplemented", 501)
    found = probe()
    assert [name for name, one in found.findings.items() if one.value is False] == sorted(
        {feature, "anonymous"}, key=list(found.findings).index
    )
    assert server.buckets == {}


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("InternalError", 500), ("SlowDown", 503)])
@pytest.mark.parametrize("feature", sorted(serving.LACKING))
def test_a_refusal_or_a_broken_answer_says_nothing_of_a_feature(server, feature, code, status):
    server.errors[serving.LACKING[feature]] = (code, status)
    found = probe()
    assert found.findings[feature].value is None
    assert found.findings[feature].said == code
    assert server.buckets == {}


@pytest.mark.parametrize(
    ("switch", "feature"),
    [
        ("encrypts", "sse-s3"),
        ("locks", "object-lock"),
        ("sums", "checksums"),
        ("hosts", "virtual-hosts"),
        ("iam", "iam"),
    ],
)
def test_what_does_not_work_is_not_there(server, switch, feature):
    setattr(server, switch, False)
    found = probe()
    assert found.value(feature) is False
    assert server.buckets == {}


def test_a_server_that_answers_strangers_is_public(server):
    server.public = True
    assert probe().value("anonymous") is True


def test_a_server_that_takes_a_lock_and_does_not_hold_it_has_none(server, monkeypatch):
    monkeypatch.setattr(serving.Client, "_put_object", _without_lock(serving.Client._put_object))
    found = probe()
    assert (found.value("object-lock"), found.value("governance"), found.value("compliance")) == (True, False, False)


def _without_lock(put):
    def put_object(self, ObjectLockMode=None, ObjectLockRetainUntilDate=None, **words):  # noqa: N803
        return put(self, **words)

    return put_object


def test_a_policy_that_is_kept_and_not_obeyed_is_no_policy(server, monkeypatch):
    monkeypatch.setattr(serving.Client, "_put_bucket_policy", lambda self, **_: None)
    assert probe().value("policy") is False


def test_a_head_that_does_not_say_the_encryption_is_none(server, monkeypatch):
    monkeypatch.setattr(serving.Client, "_head_object", lambda self, **_: {})
    assert probe().value("sse-s3") is False


def test_the_trials_below_are_stopped_at_every_call_of_a_probe(server):
    probe()
    assert len(server.calls) < CALLS


@pytest.mark.parametrize("number", range(1, CALLS))
def test_nothing_is_left_behind_whenever_it_is_interrupted(server, number, heard):
    server.at = lambda call, _: os.kill(os.getpid(), signal.SIGINT) if call == number else None
    before = signal.getsignal(signal.SIGINT)
    with contextlib.suppress(KeyboardInterrupt):
        probe()
    assert server.buckets == {}
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", range(1, CALLS))
def test_nothing_is_left_behind_by_a_connection_that_breaks_once(server, number):
    def breaks(call, _):
        if call == number:
            raise ConnectionClosedError(endpoint_url="https://s3.example.org")

    server.at = breaks
    with contextlib.suppress(CloudError):
        probe()
    assert server.buckets == {}


@pytest.fixture
def heard():
    """The word to stop is heard: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGHUP])
def test_the_word_to_stop_removes_the_buckets_first(server, word):
    def told(_, operation):
        if operation == "put_bucket_lifecycle_configuration":
            os.kill(os.getpid(), word)

    server.at = told
    before = signal.getsignal(word)
    with pytest.raises(KeyboardInterrupt):
        probe()
    assert server.buckets == {}
    assert signal.getsignal(word) == before


def test_a_second_word_to_stop_does_not_stop_the_removal(server, heard):
    def told(_, operation):
        if operation in {"put_bucket_lifecycle_configuration", "delete_bucket"}:
            os.kill(os.getpid(), signal.SIGINT)

    server.at = told
    with pytest.raises(KeyboardInterrupt):
        probe()
    assert server.buckets == {}


def test_what_a_killed_probe_left_is_removed_by_the_next_and_nothing_else_is(server):
    old, new = serving.START - datetime.timedelta(hours=2), serving.START
    for name, made, key in (
        ("hdh-probe-0123456789ab", old, "hdh-probe/plain"),
        ("hdh-probe-aaaaaaaaaaaa", new, "hdh-probe/plain"),
        ("hdh-probe-bbbbbbbbbbbb", old, "a-patients-record"),
        ("hdh-probe-of-a-person", old, "hdh-probe/plain"),
        ("lake", old, "hdh-probe/plain"),
    ):
        server.buckets[name] = serving.Bucket(made, lock=False)
        server.buckets[name].versions.append({"Key": key, "VersionId": "v", "body": b"", "sse": None})
    found = probe()
    assert sorted(server.buckets) == [
        "hdh-probe-aaaaaaaaaaaa",
        "hdh-probe-bbbbbbbbbbbb",
        "hdh-probe-of-a-person",
        "lake",
    ]
    assert [line for line in found.remarks if "0123456789ab" in line]


def test_a_bucket_that_cannot_be_removed_is_told_by_name(server, monkeypatch):
    monkeypatch.setattr(scratch, "_REMOVAL_SECONDS", 0.0)
    server.errors["delete_bucket"] = ("AccessDenied", 403)
    found = probe()
    assert len(server.buckets) == 2
    for name in server.buckets:
        assert any(name in line for line in found.remarks)


def test_who_may_make_no_bucket_is_told_so_without_a_secret(server):
    server.errors["create_bucket"] = ("AccessDenied", 403)
    with pytest.raises(CloudError) as caught:
        probe()
    assert "make and remove buckets" in str(caught.value)
    assert "do-not-show" not in str(caught.value)


def test_without_credentials_nothing_is_tried(server):
    with pytest.raises(CloudError, match="AWS_ACCESS_KEY_ID"):
        probing.probe({}, VALUES, lambda _: None)
    assert server.calls == []
