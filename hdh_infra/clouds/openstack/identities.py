"""What machines are known by at the S3 endpoint, and which buckets their credentials open.

`iam`: the endpoint has users and policies of its own: one user a machine, one policy a flow. `keystone`: it
knows Keystone's projects only: EC2 credentials, which open every bucket of the project; that is observed so.
How a key gets into its machine is a manual step: no secret stands in user data.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.crossing import store_flows
from hdh_infra.clouds.openstack.naming import (
    ACCESS_KEY,
    BUCKET,
    EC2_CREDENTIAL,
    S3_PROVIDER,
    USER,
    USER_POLICY,
    bucket_name,
    dashed,
    make,
    native_name,
    plugin_tags,
    shortened,
)
from hdh_infra.clouds.openstack.reading import Reader, document, listed
from hdh_infra.clouds.openstack.storage import bucket_path
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, json_text, ref
from hdh_infra.model.links import Right

KEYSTONE = "keystone"
BY_ACCESS_KEY = "access-key"
BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket")
OBJECT_ACTIONS = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
"""What using a store needs, in words that every server has: no policy, no lock, no deletion of versions, so that a machine
cannot destroy what was written."""
_DATA = frozenset({"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"})
_ARN = "arn:aws:s3:::"
_WILD = frozenset("*?[")


def has_identity(context: Context, machine: str) -> bool:
    """Whether a machine is given credentials: where a flow may lead it to a store."""
    return any(True for _ in store_flows(context, machine))


def uses_keystone(context: Context) -> bool:
    """Whether the endpoint knows Keystone's projects only; so it is taken where nobody says."""
    return context.site.fact("object_store.identities").value in {None, KEYSTONE}


def lower_identity(context: Context, machine: str) -> Iterator[Node]:
    """The credentials of one machine element."""
    if not has_identity(context, machine):
        return
    if uses_keystone(context):
        yield make(
            context,
            f"{machine}/credential",
            EC2_CREDENTIAL,
            {},
            outputs=("access", "secret"),
            secret=("secret",),
        )
        return
    user = user_path(machine)
    yield Node(
        path=user,
        type=USER,
        provider=S3_PROVIDER,
        properties={"userName": user_name(context, machine), "tags": plugin_tags(context)},
        outputs=("arn",),
        delete_before_replace=True,
    )
    yield Node(
        path=f"{machine}/access-key",
        type=ACCESS_KEY,
        provider=S3_PROVIDER,
        properties={"userName": ref(user, "userName")},
        outputs=("accessKeyId", "secretAccessKey"),
        secret_outputs=("secretAccessKey",),
    )


def user_path(machine: str) -> str:
    """Path of the user that a machine is known as."""
    return f"{machine}/user"


def user_name(context: Context, machine: str) -> str:
    """The endpoint's users are shared by all of its platforms, so the platform is part of the name."""
    return native_name(context, machine)


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """What a machine's user may do with exactly one bucket."""
    if uses_keystone(context) or right.of_group:
        return
    yield Node(
        path=f"{right.owner}/right/{right.slug}",
        type=USER_POLICY,
        provider=S3_PROVIDER,
        properties={
            "userName": ref(user_path(right.principal), "userName"),
            "policyName": shortened(f"{dashed(right.store)}-{right.access}"),
            "policy": json_text(policy_of([bucket_name(context, right.store)])),
        },
        depends_on=(bucket_path(right.store),),
        delete_before_replace=True,
    )


def policy_of(buckets: Iterable[str]) -> dict[str, Value]:
    """The document that lets a user use buckets, and nothing else."""
    names = sorted(buckets)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(BUCKET_ACTIONS), "Resource": [f"{_ARN}{name}" for name in names]},
            {"Effect": "Allow", "Action": list(OBJECT_ACTIONS), "Resource": [f"{_ARN}{name}/*" for name in names]},
        ],
    }


def manual_keys(context: Context) -> Iterator[ManualStep]:
    """Putting each machine's key into it: the cloud has no identity that it could give a machine without a secret."""
    for machine in context.expanded.machines:
        if has_identity(context, machine):
            yield ManualStep(
                what=f"put the S3 access key of {machine} into it, and nowhere else",
                who="the administrator of the machine",
                command="pulumi stack export --show-secrets, read the two outputs of the machine's access key, and write them to /etc/hdh/s3 there (mode 0600)",
                proof="the machine lists its bucket; with another machine's key it is refused",
            )


@final
@dataclass
class Rights:
    """What one element's credentials open."""

    buckets: set[str] = field(default_factory=set)
    """Native paths of buckets."""
    everything: bool = False
    """Credentials without rights of their own: all that the project has."""


def observe_rights(reader: Reader) -> dict[str, Rights]:
    """By element: which buckets its credentials open. A user without a key opens nothing."""
    found = {native.element: Rights(everything=True) for native in reader.natives.of_type(EC2_CREDENTIAL)}
    users = {str(user.properties.get("userName")): user for user in reader.natives.of_type(USER)}

    def user_of(native: Native) -> Native | None:
        value = native.properties.get("userName")
        return reader.follow(value, USER) or (users.get(value) if isinstance(value, str) else None)

    with_key = {user.path: user for key in reader.natives.of_type(ACCESS_KEY) if (user := user_of(key)) is not None}
    for user in with_key.values():
        found.setdefault(user.element, Rights())
    documents: dict[str, list[Mapping[str, Any]]] = {}
    for policy in reader.natives.of_type(USER_POLICY):
        user = user_of(policy)
        if user is not None and user.path in with_key:
            documents.setdefault(user.element, []).append(document(policy.properties.get("policy")))
    for element, some in documents.items():
        found[element].buckets |= opened(reader, some)
    return found


def opened(reader: Reader, documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """Native paths of the buckets whose data a user's documents together let it use."""
    statements = [statement for one in documents for statement in listed(one.get("Statement"))]
    allow = [one for one in statements if one.get("Effect") == "Allow"]
    deny = [one for one in statements if one.get("Effect") == "Deny" and not one.get("Condition")]
    found = set()
    for bucket in _candidates(reader, allow):
        name = str(bucket.properties.get("bucket"))
        allowed = {action for one in allow for action in _means(one, name, anything=True)}
        allowed -= {action for one in deny for action in _means(one, name, anything=False)}
        if allowed:
            found.add(bucket.path)
    return found


def _candidates(reader: Reader, allow: Iterable[Mapping[str, Any]]) -> Iterable[Native]:
    """Buckets that statements may mean: those they name, or all of them where one has a pattern."""
    names: set[str] = set()
    for statement in allow:
        heads = {_head(str(one)) for one in listed(statement.get("Resource"))}
        if "NotResource" in statement or "NotAction" in statement or any(set(head) & _WILD for head in heads):
            return reader.natives.of_type(BUCKET)
        names |= heads
    by_name = reader.buckets
    return [by_name[name] for name in sorted(names) if name in by_name]


def _means(statement: Mapping[str, Any], bucket: str, *, anything: bool) -> set[str]:
    """The actions on data that a statement names for a bucket; what is turned round (`Not...`) is taken for the worse."""
    if "NotAction" in statement or "NotResource" in statement:
        return set(_DATA) if anything else set()
    resources = [str(one) for one in listed(statement.get("Resource"))]
    # An Allow means a bucket as soon as it reaches one object of it, a Deny only when it reaches all of them.
    if anything:
        hit = any(fnmatch.fnmatchcase(bucket, _head(one)) for one in resources)
    else:
        hit = any(fnmatch.fnmatchcase(f"{_ARN}{bucket}/*", one) for one in resources)
    if not hit:
        return set()
    actions = [str(one) for one in listed(statement.get("Action"))]
    return {action for action in _DATA if any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in actions)}


def _head(resource: str) -> str:
    return resource.removeprefix(_ARN).split("/", 1)[0]
