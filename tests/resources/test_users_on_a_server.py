"""Users, keys and policies on a real server: exactly these rights, tried with the users' own keys."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from hdh_infra.resources.clients import Clients

pytestmark = pytest.mark.end_to_end
BUCKET, USER, KEY, POLICY = "hdh:s3:Bucket", "hdh:iam:User", "hdh:iam:AccessKey", "hdh:iam:UserPolicy"


def document(actions: list[str], resources: list[str]) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}
    )


class Person:
    """A user made through the provider, with its own client."""

    def __init__(self, live, name: str, *documents: str) -> None:
        self.live, self.name = live, name
        self.user = live.create(USER, {"userName": name})
        self.key = live.create(KEY, {"userName": name})
        self.policies = [
            live.create(POLICY, {"userName": name, "policyName": f"p{number}", "policy": text})
            for number, text in enumerate(documents)
        ]
        keys = self.key[1]
        self.clients = Clients({"accessKey": keys["accessKeyId"], "secretKey": keys["secretAccessKey"]})

    def may(self, operation: str, service: str = "s3", **arguments) -> bool:
        try:
            getattr(getattr(self.clients, service), operation)(**arguments)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
                raise
            return False
        return True

    def delete(self) -> None:
        for identity, outputs in self.policies:
            self.live.delete(POLICY, identity, outputs)
        self.live.delete(KEY, *self.key)
        self.live.delete(USER, *self.user)


@pytest.fixture
def pair(live, s3):
    """Two buckets with an object each."""
    names = [f"tests-{uuid.uuid4().hex[:10]}" for _ in range(2)]
    made = [live.create(BUCKET, {"bucket": name, "forceDestroy": True}) for name in names]
    for name in names:
        s3.put_object(Bucket=name, Key="in/x", Body=b"1")
    yield names
    for identity, outputs in made:
        live.delete(BUCKET, identity, outputs)


def test_two_users_have_exactly_the_rights_of_their_policies(live, pair) -> None:
    first, second = pair
    reader = Person(
        live,
        f"reader-{first}",
        document(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::{first}", f"arn:aws:s3:::{first}/*"]),
    )
    writer = Person(live, f"writer-{first}", document(["s3:PutObject"], [f"arn:aws:s3:::{second}/in/*"]))
    try:
        assert reader.may("get_object", Bucket=first, Key="in/x")
        assert reader.may("list_objects_v2", Bucket=first)
        assert writer.may("put_object", Bucket=second, Key="in/y")
        refused = [
            reader.may("put_object", Bucket=first, Key="in/y"),
            reader.may("delete_object", Bucket=first, Key="in/x"),
            reader.may("get_object", Bucket=second, Key="in/x"),
            reader.may("list_objects_v2", Bucket=second),
            reader.may("put_bucket_versioning", Bucket=first, VersioningConfiguration={"Status": "Enabled"}),
            reader.may("delete_bucket", Bucket=first),
            reader.may("create_bucket", Bucket=f"{first}-more"),
            reader.may("list_users", "iam"),
            reader.may("create_access_key", "iam", UserName="deployer"),
            writer.may("put_object", Bucket=second, Key="out"),
            writer.may("get_object", Bucket=second, Key="in/x"),
            writer.may("put_object", Bucket=first, Key="in/y"),
            writer.may("list_objects_v2", Bucket=second),
        ]
        assert not any(refused), refused
    finally:
        reader.delete()
        writer.delete()


def test_a_changed_policy_changes_the_rights_and_a_deleted_key_ends_them(live, pair) -> None:
    first, _ = pair
    read = document(["s3:GetObject"], [f"arn:aws:s3:::{first}/*"])
    person = Person(live, f"user-{first}", read)
    identity, outputs = person.policies[0]
    assert person.may("get_object", Bucket=first, Key="in/x")
    write = {**outputs, "policy": document(["s3:PutObject"], [f"arn:aws:s3:::{first}/*"])}
    assert list(live.diff(POLICY, outputs, write).diffs) == ["policy"]
    person.policies[0] = (identity, live.update(POLICY, identity, outputs, write))
    assert not person.may("get_object", Bucket=first, Key="in/x")
    assert person.may("put_object", Bucket=first, Key="in/x")
    live.delete(KEY, *person.key)
    assert not person.may("put_object", Bucket=first, Key="in/x")
    assert live.read(KEY, person.key[0], person.key[1])[0] == ""
    person.delete()


def test_what_the_server_shows_of_a_policy_is_no_difference_to_what_was_asked(live, pair) -> None:
    first, _ = pair
    person = Person(live, f"user-{first}", document(["s3:GetObject"], [f"arn:aws:s3:::{first}/*"]))
    identity, outputs = person.policies[0]
    read_identity, read, inputs = live.read(POLICY, identity, outputs, outputs)
    assert read_identity == identity
    assert list(live.diff(POLICY, read, outputs, inputs).diffs) == []
    assert live.read(POLICY, f"{person.name}/another")[0] == ""
    person.delete()


def test_a_denial_that_the_server_cannot_keep_is_refused_and_changes_nothing(live, pair, iam) -> None:
    first, _ = pair
    person = Person(live, f"user-{first}")
    denial = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
    with pytest.raises(live.Aborted, match="MalformedPolicyDocument"):
        live.create(POLICY, {"userName": person.name, "policyName": "p", "policy": denial})
    assert iam.list_user_policies(UserName=person.name)["PolicyNames"] == []
    person.delete()


def test_a_user_with_keys_that_others_made_is_kept(live, pair, iam) -> None:
    person = Person(live, f"user-{pair[0]}")
    extra = iam.create_access_key(UserName=person.name)["AccessKey"]["AccessKeyId"]
    live.delete(KEY, *person.key)
    with pytest.raises(live.Aborted, match="still has 1 access keys"):
        live.delete(USER, *person.user)
    iam.delete_access_key(UserName=person.name, AccessKeyId=extra)
    live.delete(USER, *person.user)
    assert live.read(USER, person.name)[0] == ""


def test_tags_of_a_user_are_kept_and_a_path_that_the_server_drops_is_told(live, iam) -> None:
    name = f"user-{uuid.uuid4().hex[:8]}"
    _, outputs = live.create(USER, {"userName": name, "tags": {"space": "a"}})
    assert {"Key": "space", "Value": "a"} in iam.list_user_tags(UserName=name)["Tags"]
    changed = live.update(USER, name, outputs, {"userName": name, "tags": {"other": "b"}})
    assert changed["tags"] == {"other": "b"}
    live.delete(USER, name, changed)
    with pytest.raises(live.Aborted, match="accepted path but does not keep it") as raised:
        live.create(USER, {"userName": name, "path": "/hdh/"})
    assert raised.value.half.id == name
    live.delete(USER, name, {})


def test_a_user_of_somebody_else_is_not_taken_over(live, iam) -> None:
    name = f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.create_access_key(UserName=name)
    with pytest.raises(live.Aborted, match="exists and is not ours"):
        live.create(USER, {"userName": name})
    iam.delete_user(UserName=name)


def test_an_access_key_cannot_be_imported(live) -> None:
    with pytest.raises(live.Aborted, match="cannot be imported"):
        live.read(KEY, "AKIA")
