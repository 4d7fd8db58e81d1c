"""Users of OVHcloud projects on the sandbox's S3 server: made with their own key and rights, and nothing claimed without one."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from botocore.exceptions import ClientError

from hdh_infra.sandbox.simulator.backings import BackingError, Backings, from_environment
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.knowledge import knowledge
from hdh_infra.sandbox.simulator.store import Store
from hdh_infra.sandbox.simulator.wire import Secret, plain

CALLS = knowledge("ovh").backings
USER = "ovh:CloudProject/user:User"
CREDENTIAL = "ovh:CloudProject/s3Credential:S3Credential"
POLICY = "ovh:CloudProject/s3Policy:S3Policy"
DOCUMENT = '{"Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["*"]}]}'
ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


class Iam:
    """IAM that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refuses: dict[str, str] = {}

    def __getattr__(self, call: str):
        def done(**arguments):
            self.asked.append((call, arguments))
            if call in self.refuses:
                raise ClientError({"Error": {"Code": self.refuses[call]}}, call)
            return {"AccessKey": {"AccessKeyId": "AKREAL", "SecretAccessKey": "real-secret"}}

        return done


@pytest.fixture
def iam():
    return Iam()


@pytest.fixture
def cloud(tmp_path, iam):
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as store:
        yield SimulatedCloud("ovh", store, backings=Backings(CALLS, lambda: iam))


def test_a_user_s_key_and_policy_are_made_changed_and_removed_for_real(cloud, iam):
    user = cloud.create(USER, {"serviceName": "p"})
    credential = cloud.create(CREDENTIAL, {"serviceName": "p", "userId": user.id})
    policy = cloud.create(POLICY, {"serviceName": "p", "userId": user.id, "policy": DOCUMENT})
    outputs = cloud.outputs(credential)
    assert (credential.id, outputs["accessKeyId"]) == ("AKREAL", "AKREAL")
    assert isinstance(outputs["secretAccessKey"], Secret)
    assert plain(outputs["secretAccessKey"]) == "real-secret"
    written = json.loads(iam.asked[-1][1]["PolicyDocument"])
    assert (written["Version"], len(written["Statement"])) == ("2012-10-17", 1)
    cloud.update(policy.id, {"serviceName": "p", "userId": user.id, "policy": DOCUMENT.replace("s3:*", "s3:GetObject")})
    for row in (policy, credential, user):
        cloud.delete(row.id)
    name = f"ovh-{user.id}"
    assert [call for call, _ in iam.asked] == [
        "create_user", "create_access_key", "put_user_policy", "put_user_policy",
        "delete_user_policy", "delete_access_key", "delete_user",
    ]  # fmt: skip
    assert {arguments["UserName"] for _, arguments in iam.asked} == {name}
    assert iam.asked[5][1]["AccessKeyId"] == "AKREAL"


def test_what_the_server_refuses_is_not_there_and_is_said(cloud, iam):
    iam.refuses["create_user"] = "EntityAlreadyExists"
    with pytest.raises(BackingError, match="create_user"):
        cloud.create(USER, {"serviceName": "p"})
    iam.refuses.clear()
    user = cloud.create(USER, {"serviceName": "p"})
    iam.refuses["delete_user"] = "NoSuchEntity"
    cloud.delete(user.id)
    assert cloud.read(user.id) is None


@pytest.mark.parametrize(
    "environment",
    [{}, {"HDH_IAM_ENDPOINT": "http://127.0.0.1:1"}, {"HDH_IAM_ENDPOINT": "https://iam.example.com", **ADMINISTRATOR}],
)
def test_without_an_iam_of_this_machine_nothing_is_made(environment):
    assert from_environment(CALLS, environment) is None


def test_with_an_iam_of_this_machine_there_are_backings():
    assert from_environment(CALLS, {"HDH_IAM_ENDPOINT": "http://127.0.0.1:1", **ADMINISTRATOR}) is not None


@pytest.mark.end_to_end
def test_a_key_of_a_simulated_user_opens_what_its_policy_says_and_no_more(tmp_path):
    import boto3
    from botocore.config import Config

    from hdh_infra.sandbox import s3

    box = tmp_path / "s3"
    s3.start(box, 15426, print)
    try:
        environment = s3.environment(box)
        endpoint = environment["HDH_IAM_ENDPOINT"]

        def client(access, secret):
            session = boto3.session.Session(access, secret, region_name="us-east-1")
            return session.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))

        admin = client(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        for bucket in ("lake-data", "other-data"):
            admin.create_bucket(Bucket=bucket)
            admin.put_object(Bucket=bucket, Key="x", Body=b"1")
        policy = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::lake-data/*"]}
        with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as store:
            cloud = SimulatedCloud("ovh", store, backings=from_environment(CALLS, environment))
            user = cloud.create(USER, {"serviceName": "p"})
            row = cloud.create(CREDENTIAL, {"serviceName": "p", "userId": user.id})
            document = json.dumps({"Statement": [policy]})
            granted = cloud.create(POLICY, {"serviceName": "p", "userId": user.id, "policy": document})
            keys = plain(cloud.outputs(row))
            reader = client(keys["accessKeyId"], keys["secretAccessKey"])
            assert reader.get_object(Bucket="lake-data", Key="x")["Body"].read() == b"1"
            for refused in (
                lambda: reader.put_object(Bucket="lake-data", Key="y", Body=b"2"),
                lambda: reader.get_object(Bucket="other-data", Key="x"),
            ):
                with pytest.raises(ClientError, match="AccessDenied"):
                    refused()
            for one in (granted, row, user):
                cloud.delete(one.id)
        with pytest.raises(ClientError):
            reader.get_object(Bucket="lake-data", Key="x")
    finally:
        s3.stop(box)


class Keys:
    """A key service that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def create_key(self, name):
        self.asked.append(("create", name))

    def delete_key(self, name):
        self.asked.append(("delete", name))


def test_an_application_of_scaleway_is_a_user_and_a_key_one_of_the_key_service(tmp_path, iam):
    """By the names that the plugin writes into a bucket's policy, and a key by the id that it gives the bucket."""
    keys = Keys()
    backings = Backings(knowledge("scaleway").backings, lambda: iam, keys)
    with closing(Store(tmp_path / "cloud.sqlite", tmp_path / "cloud.key")) as store:
        cloud = SimulatedCloud("scaleway", store, backings=backings)
        application = cloud.create("scaleway:iam/application:Application", {"name": "lake-write"})
        secret = cloud.create("scaleway:iam/apiKey:ApiKey", {"applicationId": application.id})
        made = {"region": "fr-par", "usage": "symmetric_encryption", "algorithm": "aes_256_gcm", "unprotected": True}
        key = cloud.create("scaleway:keymanager/key:Key", made)
        outputs = cloud.outputs(secret)
        assert (secret.id, outputs["accessKey"], plain(outputs["secretKey"])) == ("AKREAL", "AKREAL", "real-secret")
        assert isinstance(outputs["secretKey"], Secret)
        for row in (key, secret, application):
            cloud.delete(row.id)
    assert {arguments["UserName"] for _, arguments in iam.asked} == {f"application_id={application.id}"}
    assert keys.asked == [(what, key.id.removeprefix("fr-par/")) for what in ("create", "delete")]
