"""Live and state are put together without losing or inventing anything; errors say what to do and hold no secret."""

import json
from types import SimpleNamespace

import pytest

from hdh_infra import live
from hdh_infra.errors import CloudError
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.live import openstack, s3
from hdh_infra.live.rest import Rest, _pages
from hdh_infra.model.target import Target

TARGET = Target.parse("openstack:RegionOne")
ENVIRONMENT = {
    "OS_AUTH_URL": "http://127.0.0.1:9/v3",
    "OS_USERNAME": "u",
    "OS_PASSWORD": "do-not-show",
    "OS_PROJECT_ID": "p",
}


class RefusedError(Exception):
    """An answer of botocore's that is an error."""

    def __init__(self, code, status=404):
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        self.operation_name = "Ask"


class Bucket:
    """An S3 server with one bucket."""

    def __init__(self, grants=(), policy=None, versioning="Enabled"):
        self.grants, self.policy, self.versioning = grants, policy, versioning

    def head_bucket(self, **asked):
        if asked["Bucket"] != "mine":
            raise RefusedError("404")
        return {"BucketRegion": "gra"}

    def get_bucket_acl(self, **_):
        return {"Owner": {"ID": "owner"}, "Grants": list(self.grants)}

    def get_bucket_versioning(self, **_):
        return {"Status": self.versioning}

    def get_bucket_policy(self, **_):
        if self.policy is None:
            raise RefusedError("NoSuchBucketPolicy")
        return {"Policy": self.policy}

    def __getattr__(self, name):
        def absent(**_):
            raise RefusedError("NotImplemented", 501)

        return absent


class Users:
    """An IAM server with one user, whose key may be inactive."""

    def __init__(self, status="Active"):
        self.status = status

    def get_user(self, **asked):
        if asked["UserName"] != "spark":
            raise RefusedError("NoSuchEntity")
        return {"User": {"UserName": "spark", "Arn": "arn:aws:iam::1:user/spark", "Path": "/"}}

    def get_paginator(self, operation):
        pages = {
            "list_access_keys": [{"AccessKeyMetadata": [{"AccessKeyId": "AK", "Status": self.status}]}],
            "list_user_policies": [{"PolicyNames": ["lake"]}],
        }
        return SimpleNamespace(paginate=lambda **_: pages[operation])

    def get_user_policy(self, **_):
        return {"PolicyDocument": {"Statement": []}}


def clients(bucket=None, users=None):
    return SimpleNamespace(s3=bucket or Bucket(), iam=users or Users(), settings=SimpleNamespace(region="gra"))


BUCKET = Native("zone/lake/store/snds/bucket", "hdh:s3:Bucket", {"bucket": "mine", "versioning": False}, "mine")
KEY = Native(
    "zone/lake/machine/spark/access-key", "hdh:iam:AccessKey", {"userName": "spark", "accessKeyId": "AK"}, "AK"
)
POLICY = Native(
    "zone/lake/flow/rights", "hdh:iam:UserPolicy", {"userName": "spark", "policyName": "lake"}, "spark/lake"
)


def test_a_bucket_is_what_its_server_says_and_not_what_the_state_says():
    (found,) = s3.read_by(clients(), [BUCKET])
    assert (found.path, found.id) == (BUCKET.path, "mine")
    assert (found.properties["versioning"], found.properties["region"]) == (True, "gra")
    assert "policy" not in found.properties


def test_a_bucket_that_is_gone_is_left_out():
    assert (
        s3.read_by(clients(), [Native("zone/lake/store/x/bucket", "hdh:s3:Bucket", {"bucket": "other"}, "other")]) == []
    )


@pytest.mark.parametrize("policy", [None, json.dumps({"Statement": {"Effect": "Deny", "Principal": "*"}})])
def test_an_acl_that_lets_everyone_read_makes_a_store_public(policy):
    from hdh_infra.clouds.openstack.storage import is_public

    grant = {
        "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
        "Permission": "READ",
    }
    (shut,) = s3.read_by(clients(Bucket(policy=policy)), [BUCKET])
    (opened,) = s3.read_by(clients(Bucket(grants=[grant], policy=policy)), [BUCKET])
    assert not is_public(shut)
    assert is_public(opened)
    assert len(json.loads(opened.properties["policy"])["Statement"]) == (2 if policy else 1)


def test_a_question_that_is_refused_is_an_error_and_never_an_answer():
    class Shut(Bucket):
        def get_bucket_policy(self, **_):
            raise RefusedError("AccessDenied", 403)

    with pytest.raises(RefusedError):
        s3.read_by(clients(Shut()), [BUCKET])


def test_a_key_that_was_made_inactive_is_not_there_and_rights_are_read_back():
    found = {native.path: native for native in s3.read_by(clients(), [KEY, POLICY])}
    assert set(found) == {KEY.path, POLICY.path}
    assert json.loads(found[POLICY.path].properties["policy"]) == {"Statement": []}
    assert s3.read_by(clients(users=Users("Inactive")), [KEY]) == []


def test_types_without_a_reader_stay_as_the_state_has_them(monkeypatch):
    kept = Native("key/lake/key", "ovh:Okms/serviceKey:ServiceKey", {"name": "lake"}, "k")
    network = Native("zone/lake/network", "openstack:networking/network:Network", {"name": "old"}, "n")
    said = Native("zone/lake/network", "openstack:networking/network:Network", {"name": "new"}, "n")
    monkeypatch.setattr(openstack, "read", lambda *_: [said])
    found = live.read_live(TARGET, ENVIRONMENT, [kept, network])
    assert list(found) == [kept, said]
    assert found.source == "live"


def test_a_deployment_without_any_openstack_or_bucket_asks_nobody(monkeypatch):
    monkeypatch.setattr(openstack, "read", lambda *_: pytest.fail("asked"))
    kept = Native("key/lake/vault", "azure-native:keyvault:Vault", {}, "v")
    assert list(live.read_live(Target.parse("azure:francecentral"), {}, [kept])) == [kept]
    assert live.leftovers(Target.parse("azure:francecentral"), {}, [kept]) == []


def test_leftovers_are_what_servers_still_know_of_what_there_was(answers, state, monkeypatch):
    monkeypatch.setattr(
        openstack,
        "read",
        lambda environment, region, known: openstack.natives_of(answers(networks=[], servers=[]), region, known),
    )
    left = live.leftovers(TARGET, ENVIRONMENT, state)
    assert not [line for line in left if line.startswith(("zone/lake/network ", "zone/lake/machine/spark/server"))]
    assert any(line.startswith("key/lake/order (openstack:keymanager/orderV1:OrderV1 ") for line in left)
    assert not [line for line in left if "unmanaged" in line]
    monkeypatch.setattr(openstack, "read", lambda *_: [])
    assert live.leftovers(TARGET, ENVIRONMENT, state) == []


def test_a_key_that_outlives_its_order_is_a_leftover(answers, recorded, monkeypatch):
    order = recorded["orders"][0]
    monkeypatch.setattr(
        openstack,
        "read",
        lambda environment, region, known: openstack.natives_of(answers(orders=[]), region, known),
    )
    before = [Native("key/lake/order", openstack.KEY_ORDER, {"secretRef": order["secret_ref"]}, order["order_ref"])]
    (left,) = live.leftovers(TARGET, ENVIRONMENT, before)
    assert left.startswith("key/lake/order/secret (openstack:keymanager/secretV1:SecretV1 ")


def test_an_endpoint_that_does_not_answer_is_a_cloud_error_without_the_password():
    with pytest.raises(CloudError) as caught:
        Rest(ENVIRONMENT, "RegionOne")
    assert "127.0.0.1:9" in str(caught.value)
    assert "OS_*" in str(caught.value)
    assert "do-not-show" not in str(caught.value)


def test_without_credentials_nothing_is_asked_and_the_remedy_is_said():
    with pytest.raises(CloudError, match="OS_CLOUD"):
        Rest({}, "RegionOne")
    with pytest.raises(CloudError, match="AWS_ACCESS_KEY_ID"):
        s3.read({}, {"endpoint": "http://127.0.0.1:9"}, [BUCKET])


def test_an_s3_endpoint_that_does_not_answer_is_a_cloud_error_without_the_secret():
    environment = {
        "AWS_ACCESS_KEY_ID": "AK",
        "AWS_SECRET_ACCESS_KEY": "do-not-show",
        "HDH_S3_ENDPOINT": "http://127.0.0.1:9",
    }
    with pytest.raises(CloudError) as caught:
        s3.read(environment, {"endpoint": "https://s3.example.org"}, [BUCKET])
    assert "127.0.0.1:9" in str(caught.value)
    assert "do-not-show" not in str(caught.value)


class Pages:
    """A service that gives two items a page, in one of OpenStack's ways of paging."""

    def __init__(self, way):
        self.way, self.items = way, [{"id": str(number)} for number in range(5)]

    def get(self, path, params, microversion):
        ids = [item["id"] for item in self.items]
        start = ids.index(params["marker"]) + 1 if "marker" in params else int(params.get("offset", 0))
        body = {"things": self.items[start : start + 2]}
        if start + 2 < len(self.items):
            body |= {"next": "..."} if self.way == "next" else {"things_links": [{"rel": "next", "href": "..."}]}
        return SimpleNamespace(ok=True, json=lambda: body)


@pytest.mark.parametrize("way", ["next", "links"])
def test_every_page_of_a_list_is_read_once(way):
    found = list(_pages(Pages(way), "/things", "things", {}, None))
    assert [item["id"] for item in found] == ["0", "1", "2", "3", "4"]


def test_a_list_without_a_word_of_a_next_page_is_read_to_its_end():
    class Groups:
        items = [{"id": str(number)} for number in range(5)]  # noqa: RUF012

        def get(self, path, params, microversion):
            start = int(params.get("offset", 0))
            found = self.items[start : start + params["limit"]]
            return SimpleNamespace(ok=True, json=lambda: {"things": found})

    for limit in (2, 5, 7):
        found = list(_pages(Groups(), "/things", "things", {"limit": limit}, None, by_offset=True))
        assert [item["id"] for item in found] == ["0", "1", "2", "3", "4"]


def test_only_targets_with_servers_to_ask_have_a_reader():
    assert live.has_reader(TARGET)
    assert live.has_reader(Target.parse("ovhcloud:GRA"))
    assert not live.has_reader(Target.parse("azure:francecentral"))


def test_a_state_is_told_what_its_images_are_called_and_nothing_else(answers, state):
    from hdh_infra.compare.side import LOOKED_UP

    held = Natives(state, "state")
    said = Natives(openstack.natives_of(answers(), "RegionOne", state), "live")
    found = live.named(TARGET, held, said)
    added = [native for native in found if native not in list(held)]
    assert [native.path.startswith(LOOKED_UP) for native in added] == [True]
    assert found.source == "state"
    assert found.get("zone/lake/network").properties == {}
