"""What a killed operation had begun on the S3 endpoint: found where it is new and empty, and only then deleted."""

from __future__ import annotations

import datetime

import pytest
from botocore.exceptions import ClientError

from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.openstack.naming import USER, USER_POLICY
from hdh_infra.graph.observation import Native
from hdh_infra.live import s3

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
SINCE = NOW - datetime.timedelta(hours=1)
BEGUN = (
    Native("zone/a/store/s/bucket", BUCKET, {"bucket": "mine"}, None),
    Native("zone/a/machine/m/user", USER, {"userName": "m"}, None),
    Native("zone/a/right/m-s-write", USER_POLICY, {"userName": "m", "policyName": "p"}, None),
)


class Server:
    """An endpoint with one bucket and one user, which writes down what it is told to delete."""

    def __init__(self, *, made=NOW, versions=(), keys=(), there=True):
        self.made, self.versions, self.keys, self.there, self.gone = made, list(versions), list(keys), there, []
        self.s3 = self.iam = self
        self.settings = type("Settings", (), {"endpoint": "https://s3.example.org"})

    def __getattr__(self, name):
        if name.startswith("delete_"):
            return lambda **words: self.gone.append((name, *words.values()))
        raise AttributeError(name)

    def list_buckets(self):
        return {"Buckets": [{"Name": "mine", "CreationDate": self.made}] if self.there else []}

    def list_object_versions(self, **_):
        return {"Versions": self.versions}

    def get_user(self, **_):
        return {"User": {"CreateDate": self.made}} if self.there else self._none()

    def get_user_policy(self, **_):
        return {"PolicyDocument": {}} if self.there else self._none()

    def get_paginator(self, _):
        return type("Pages", (), {"paginate": lambda _, **__: [{"AccessKeyMetadata": self.keys}]})()

    @staticmethod
    def _none():
        raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "GetUser")


@pytest.fixture
def lost(monkeypatch):
    def ask(server, *, change=True):
        monkeypatch.setattr(s3, "_Given", lambda *_: server)
        return set(s3.lost_things({}, {}, BEGUN, SINCE, change=change) or ()), server.gone

    return ask


def test_what_is_new_and_holds_nothing_is_deleted_a_policy_before_its_user(lost):
    """Invariant: nothing of a killed operation stays, and nothing is in the way of another's deletion."""
    found, gone = lost(Server())
    assert found == {one.path for one in BEGUN}
    assert gone == [("delete_user_policy", "m", "p"), ("delete_bucket", "mine"), ("delete_user", "m")]


@pytest.mark.parametrize(
    ("server", "stays"),
    [
        (Server(versions=[{"Key": "a"}]), {"zone/a/store/s/bucket"}),
        (Server(keys=[{"AccessKeyId": "x"}]), {"zone/a/machine/m/user"}),
        (Server(made=SINCE - datetime.timedelta(days=1)), {"zone/a/store/s/bucket", "zone/a/machine/m/user"}),
        (Server(there=False), {one.path for one in BEGUN}),
    ],
)
def test_what_holds_something_is_older_or_is_not_there_is_never_deleted(lost, server, stays):
    """Invariant: data and what others use stay, whatever the name says."""
    found, gone = lost(server)
    assert found == {one.path for one in BEGUN} - stays
    assert len(gone) == len(found)


def test_looking_deletes_nothing(lost):
    """Invariant: a refresh changes nothing in the cloud."""
    found, gone = lost(Server(), change=False)
    assert found
    assert gone == []


def test_without_an_endpoint_nothing_is_known_and_nothing_fails():
    """Invariant: what cannot be asked is told as not asked, and stops no operation."""
    assert s3.lost_things({}, {}, BEGUN, SINCE, change=True) is None
