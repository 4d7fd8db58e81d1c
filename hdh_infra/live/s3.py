"""Buckets and the endpoint's users, keys and policies, asked of the servers, in the words of our own provider.

Only what the state knows is asked for: an endpoint is shared, and other platforms' buckets are nobody's
business here. The secret of an access key cannot be asked for and is not there.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, final

from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.openstack.naming import ACCESS_KEY, USER, USER_POLICY
from hdh_infra.errors import CloudError
from hdh_infra.graph.observation import Native
from hdh_infra.resources import config
from hdh_infra.resources.clients import Clients, code, explain, status
from hdh_infra.resources.types.bucket_emptying import holds_anything

TYPES = frozenset({ACCESS_KEY, BUCKET, USER, USER_POLICY})
"""The types that are asked of the servers."""
_EVERYONE = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
# docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html, mapping of ACL permissions and access policy permissions
_ACTIONS = {
    "READ": ("s3:ListBucket",),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_NO_SUCH = frozenset({"NoSuchEntity"})
_NOT_IMPLEMENTED = 501


@final
class _Given(Clients):
    """Clients made of a given environment and no other."""

    def __init__(self, values: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Keep both; nothing is opened yet."""
        super().__init__(values)
        self._environment = environment

    @property
    def settings(self) -> config.Settings:
        """What the clients are made of; raises `config.ConfigurationError`."""
        return config.settings(self._values, self._environment)


def given(values: Mapping[str, Any], environment: Mapping[str, str]) -> Clients:
    """Clients made of a given environment and no other; nothing is opened yet."""
    return _Given(values, environment)


def read(environment: Mapping[str, str], values: Mapping[str, Any], known: Iterable[Native]) -> list[Native]:
    """What the servers say of buckets, users, keys and policies; what is gone is left out.

    Args:
        environment: `AWS_*` variables, and `HDH_S3_ENDPOINT` where it sends elsewhere.
        values: configuration of the endpoint, as the provider `hdh` takes it.
        known: resources of the state.

    Raises:
        CloudError: there are no credentials, the endpoint does not answer or refuses them.
    """
    clients: Clients = _Given(values, environment)
    with _configured(), _answering(clients, "read its buckets and users"):
        return read_by(clients, known)


@contextmanager
def _configured() -> Iterator[None]:
    """Tell that nobody says which endpoint, or with which credentials, as an error of a cloud."""
    try:
        yield
    except config.ConfigurationError as error:
        raise CloudError("the S3 endpoint", str(error), "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None


@contextmanager
def _answering(clients: Clients, rights: str) -> Iterator[None]:
    """Tell whatever an endpoint, or the way to it, says as an error of a cloud, with the rights that are needed there."""
    try:
        yield
    except (config.ConfigurationError, CloudError):
        raise
    except Exception as error:
        remedy = f"Check that the endpoint is up and that the credentials may {rights}"
        raise CloudError(clients.settings.endpoint, explain(error), remedy) from error


def lost_keys(
    environment: Mapping[str, str],
    values: Mapping[str, Any],
    begun: Iterable[Native],
    known: Collection[str],
    since: datetime.datetime,
    *,
    change: bool,
) -> dict[str, list[str]]:
    """Access keys that were made for an operation that never learned them: nobody has their secret.

    Args:
        environment: as `read` takes it.
        values: likewise.
        begun: the keys that were begun, with their users.
        known: ids of the keys that the state has.
        since: when the operation began at the earliest.
        change: whether they are deleted.

    Returns:
        Ids by path. Raises as `read`.
    """
    clients: Clients = _Given(values, environment)
    found: dict[str, list[str]] = {}
    with _configured(), _answering(clients, "read its users and delete their keys"):
        for native in begun:
            user = str(native.properties.get("userName"))
            for key in _or_none(partial(_keys_of, clients, user)) or []:
                if key["AccessKeyId"] in known or not _made_since(key.get("CreateDate"), since):
                    continue
                found.setdefault(native.path, []).append(str(key["AccessKeyId"]))
                if change:
                    clients.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    return found


def lost_things(
    environment: Mapping[str, str],
    values: Mapping[str, Any],
    begun: Iterable[Native],
    since: datetime.datetime,
    *,
    change: bool,
) -> dict[str, list[str]] | None:
    """Buckets, users and policies that were made for an operation that never learned it; only what is empty and new.

    Args:
        environment: as `read` takes it.
        values: likewise.
        begun: what was begun, with its inputs.
        since: when the operation began at the earliest.
        change: whether they are deleted.

    Returns:
        Names by path; None where nobody says which endpoint, so that nothing is known. Raises `CloudError` as `read`.
    """
    clients: Clients = _Given(values, environment)
    found: dict[str, list[str]] = {}
    try:
        with _answering(clients, "read and delete its buckets and users"):
            # A policy goes before its user.
            for native in sorted(begun, key=lambda one: one.type != USER_POLICY):
                remove = _LOST[native.type](clients, native.properties, since)
                if remove is None:
                    continue
                found[native.path] = [str(native.properties.get(_NAME[native.type]))]
                if change:
                    remove()
    except config.ConfigurationError:
        return None
    return found


_NAME: Mapping[str, str] = {BUCKET: "bucket", USER: "userName", USER_POLICY: "policyName"}


def _lost_bucket(clients: Clients, wanted: Mapping[str, Any], since: datetime.datetime) -> Callable[[], Any] | None:
    name = wanted.get("bucket")
    mine = [one for one in clients.s3.list_buckets().get("Buckets", []) if one["Name"] == name]
    if not mine or not _made_since(mine[0].get("CreationDate"), since) or holds_anything(clients.s3, str(name)):
        return None
    return partial(clients.s3.delete_bucket, Bucket=name)


def _lost_user(clients: Clients, wanted: Mapping[str, Any], since: datetime.datetime) -> Callable[[], Any] | None:
    name = str(wanted.get("userName"))
    said = _or_none(partial(clients.iam.get_user, UserName=name))
    if said is None or not _made_since(said["User"].get("CreateDate"), since) or _keys_of(clients, name):
        return None
    return partial(clients.iam.delete_user, UserName=name)


def _lost_policy(clients: Clients, wanted: Mapping[str, Any], _: datetime.datetime) -> Callable[[], Any] | None:
    words = {"UserName": wanted.get("userName"), "PolicyName": wanted.get("policyName")}
    said = _or_none(partial(clients.iam.get_user_policy, **words))
    return None if said is None else partial(clients.iam.delete_user_policy, **words)


_LOST: Mapping[str, Callable[[Clients, Mapping[str, Any], datetime.datetime], Callable[[], Any] | None]] = {
    BUCKET: _lost_bucket,
    USER: _lost_user,
    USER_POLICY: _lost_policy,
}


def _made_since(made: datetime.datetime | None, since: datetime.datetime) -> bool:
    """A server that does not say when a key was made leaves it to the user, who is this stack's alone."""
    return made is None or made >= since


def _keys_of(clients: Clients, user: str) -> list[Any]:
    pages = clients.iam.get_paginator("list_access_keys").paginate(UserName=user)
    return [one for page in pages for one in page.get("AccessKeyMetadata", [])]


def read_by(clients: Clients, known: Iterable[Native]) -> list[Native]:
    """As `read`, by clients that are there already. Raises whatever boto3 raises."""
    ask: Mapping[str, Callable[[Clients, Native], dict[str, Any] | None]] = {
        BUCKET: _bucket,
        USER: _user,
        ACCESS_KEY: _access_key,
        USER_POLICY: _user_policy,
    }
    found = []
    for native in sorted(known, key=lambda one: one.path):
        properties = ask[native.type](clients, native)
        if properties is not None:
            found.append(Native(native.path, native.type, properties, native.id))
    return found


def _bucket(clients: Clients, native: Native) -> dict[str, Any] | None:
    from hdh_infra.resources.types.bucket_reading import read_bucket

    name = str(native.properties.get("bucket") or native.id)
    live = read_bucket(clients, name)
    if live is None:
        return None
    grants = _public_grants(clients, name)
    # What the sandbox's server lacks, and the plugin therefore left out, only the state knows.
    withheld = {"withheld": native.properties["withheld"]} if native.properties.get("withheld") else {}
    policy = {"policy": _with_grants(live.outputs.get("policy"), grants, name)} if grants else {}
    return {**live.outputs, **withheld, **policy}


def _with_grants(policy: str | None, grants: list[str], bucket: str) -> str:
    """The bucket's policy with one statement more, that means what the ACL lets everyone do; our provider has no ACLs."""
    document = json.loads(policy) if policy else {"Version": "2012-10-17"}
    held = document.get("Statement", [])
    statement = {
        "Sid": "PublicAcl",
        "Effect": "Allow",
        "Principal": "*",
        "Action": sorted({action for grant in grants for action in _ACTIONS.get(grant, ("s3:*",))}),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    return json.dumps({**document, "Statement": [*(held if isinstance(held, list) else [held]), statement]})


def _public_grants(clients: Clients, bucket: str) -> list[str]:
    """What a bucket's ACL lets everyone do: empty for a private one, and for a server that has no ACLs."""
    try:
        grants = clients.s3.get_bucket_acl(Bucket=bucket).get("Grants", [])
    except Exception as error:
        if status(error) == _NOT_IMPLEMENTED:
            return []
        raise
    return sorted(
        {str(grant.get("Permission")) for grant in grants if grant.get("Grantee", {}).get("URI") in _EVERYONE}
    )


def _user(clients: Clients, native: Native) -> dict[str, Any] | None:
    name = str(native.properties.get("userName") or native.id)
    user = _or_none(lambda: clients.iam.get_user(UserName=name)["User"])
    return None if user is None else {"userName": user["UserName"], "arn": user.get("Arn"), "path": user.get("Path")}


def _access_key(clients: Clients, native: Native) -> dict[str, Any] | None:
    name, key = str(native.properties.get("userName")), str(native.properties.get("accessKeyId") or native.id)

    keys = _or_none(lambda: _keys_of(clients, name)) or []
    mine = next((one for one in keys if one.get("AccessKeyId") == key), None)
    # A key that was made inactive opens nothing: it is as good as gone.
    if mine is None or mine.get("Status") == "Inactive":
        return None
    return {"userName": name, "accessKeyId": key}


def _user_policy(clients: Clients, native: Native) -> dict[str, Any] | None:
    from threading import Event

    from hdh_infra.resources.types.base import Call
    from hdh_infra.resources.types.user_policy import UserPolicy

    user, name = native.properties.get("userName"), native.properties.get("policyName")
    identity = native.id or f"{user}/{name}"
    return UserPolicy().read(Call(clients, native.path, Event()), identity, {})


def _or_none(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception as error:
        if code(error) in _NO_SUCH:
            return None
        raise
