"""What machines are known by at the S3 endpoint, and which buckets their credentials open.

`iam`: the endpoint has users and policies of its own: one user a machine, one policy a right. `keystone`: it
knows Keystone's projects only: EC2 credentials, which open every bucket of the project; that is observed so.
How a key gets into its machine is a manual step: no secret stands in user data. People are no users here: a
right of a group is not lowered.
"""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import S3_PROVIDER, bucket_path
from hdh_infra.clouds.crossing import machine_of
from hdh_infra.clouds.documents import let_in, opened, policy_of
from hdh_infra.clouds.naming import bucket_name, dashed, plugin_tags, shared_name, shortened
from hdh_infra.clouds.openstack.crossing import may_have_rights, need_path, needs_of
from hdh_infra.clouds.openstack.lacks import makes_credentials
from hdh_infra.clouds.openstack.naming import (
    ACCESS_KEY,
    APPLICATION_CREDENTIAL,
    EC2_CREDENTIAL,
    USER,
    USER_POLICY,
    make,
)
from hdh_infra.clouds.openstack.object_store import uses_swift
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.swift import listed_by, lower_credential, opened_by
from hdh_infra.clouds.values import document
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import json_text, ref
from hdh_infra.model.links import Right
from hdh_infra.model.paths import kind_of
from hdh_infra.model.scales import Access

KEYSTONE = "keystone"
BY_ACCESS_KEY = "access-key"


def has_identity(context: Context, machine: str) -> bool:
    """Whether a machine is given credentials: it runs, is to have an identity, and may come to a right on a store."""
    running = context.expanded.machines.get(machine) if makes_credentials(context.site) else None
    return running is not None and running.identity and may_have_rights(context, machine)


def uses_keystone(context: Context) -> bool:
    """Whether the endpoint knows Keystone's projects only; so it is taken where nobody says."""
    return context.site.fact("object_store.identities").value in {None, KEYSTONE}


def holders(context: Context, element: str) -> Iterator[tuple[str, str]]:
    """Where credentials that belong to an element have their paths, and the machine that they are for.

    A machine's own are beside it. Where a space alone gives a zone's machine a right, that machine has further ones,
    which are the space's: they come and go with it, and open nothing else.
    """
    if element in context.expanded.networks:
        mine = element.startswith("space/") and makes_credentials(context.site)
        needs = needs_of(context, element) if mine else {}
        yield from ((need_path(element, machine), machine) for machine, need in needs.items() if need.credentials)
    elif has_identity(context, element):
        yield element, element


def holder_of(context: Context, right: Right) -> str | None:
    """Where the credentials that a right is given to have their paths; None of people, and of machines without."""
    if right.of_group:
        return None
    if has_identity(context, right.principal):
        return right.principal
    mine = right.owner.startswith("space/") and makes_credentials(context.site)
    need = needs_of(context, right.owner).get(right.principal) if mine else None
    return need_path(right.owner, right.principal) if need and need.credentials else None


def lower_identity(context: Context, base: str) -> Iterator[Node]:
    """The credentials of one holder; on Swift each right is a credential by itself."""
    if uses_swift(context.site):
        return
    if uses_keystone(context):
        yield make(
            context,
            f"{base}/credential",
            EC2_CREDENTIAL,
            {},
            outputs=("access", "secret"),
            secret=("secret",),
        )
        return
    user = user_path(base)
    yield Node(
        path=user,
        type=USER,
        provider=S3_PROVIDER,
        properties={"userName": user_name(context, base), "tags": plugin_tags(context)},
        outputs=("arn",),
        delete_before_replace=True,
    )
    yield Node(
        path=f"{base}/access-key",
        type=ACCESS_KEY,
        provider=S3_PROVIDER,
        properties={"userName": ref(user, "userName")},
        outputs=("accessKeyId", "secretAccessKey"),
        secret_outputs=("secretAccessKey",),
    )


def user_path(base: str) -> str:
    """Path of the user that a holder of rights is known as."""
    return f"{base}/user"


def user_name(context: Context, base: str) -> str:
    """The endpoint's users are shared by all of its platforms, so the platform is part of the name."""
    return shared_name(context, base)


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """What a machine's user may do with exactly one bucket, as one policy of the user; on Swift as one credential of its own."""
    base = holder_of(context, right)
    if base is not None and uses_swift(context.site):
        yield from lower_credential(context, right)
        return
    if base is None or uses_keystone(context):
        return
    yield Node(
        path=f"{right.owner}/right/{right.slug}-{right.access}",
        type=USER_POLICY,
        provider=S3_PROVIDER,
        properties={
            "userName": ref(user_path(base), "userName"),
            "policyName": shortened(f"{dashed(right.store)}-{right.access}"),
            "policy": json_text(policy_of({bucket_name(context, right.store): (right.access,)})),
        },
        depends_on=(bucket_path(right.store),),
        delete_before_replace=True,
    )


def manual_keys(context: Context) -> Iterator[ManualStep]:
    """Putting each machine's key into it: the cloud has no identity that it could give a machine without a secret."""
    what = "application credentials" if uses_swift(context.site) else "S3 access key"
    for element in (*context.expanded.machines, *context.expanded.networks):
        for base, machine in holders(context, element):
            yield ManualStep(
                what=f"put the {what} of {base} into {machine}, and nowhere else"
                if base != machine
                else f"put the {what} of {machine} into it, and nowhere else",
                who="the administrator of the machine",
                command="pulumi stack export --show-secrets, read the two outputs of the machine's access key, and write them to /etc/hdh/s3 there (mode 0600)",
                proof="the machine lists its bucket; with another machine's key it is refused",
            )


@final
@dataclass
class Rights:
    """What one element's credentials open."""

    accesses: dict[str, frozenset[Access]] = field(default_factory=dict)
    """By the native path of a bucket, what may be done with it."""
    everything: bool = False
    """Credentials without rights of their own: all that the project has."""

    @property
    def buckets(self) -> KeysView[str]:
        """Native paths of buckets that a document opens in any way."""
        return self.accesses.keys()

    def add(self, more: Mapping[str, frozenset[Access]]) -> None:
        """What a further user of the same element may do."""
        for bucket, some in more.items():
            self.accesses[bucket] = self.accesses.get(bucket, frozenset()) | some


def observe_rights(reader: Reader) -> dict[str, Rights]:
    """By element: what its credentials open. A user without a key opens nothing."""
    found = {machine_of(native): Rights(everything=True) for native in reader.natives.of_type(EC2_CREDENTIAL)}
    for credential in reader.natives.of_type(APPLICATION_CREDENTIAL):
        mine = found.setdefault(machine_of(credential), Rights())
        accesses, everything = opened_by(reader, credential)
        mine.add(accesses)
        mine.everything = mine.everything or everything
    users = {str(user.properties.get("userName")): user for user in reader.natives.of_type(USER)}

    def user_of(native: Native) -> Native | None:
        value = native.properties.get("userName")
        return reader.follow(value, USER) or (users.get(value) if isinstance(value, str) else None)

    with_key = {user.path: user for key in reader.natives.of_type(ACCESS_KEY) if (user := user_of(key)) is not None}
    for user in with_key.values():
        found.setdefault(machine_of(user), Rights())
    documents: dict[str, list[Mapping[str, Any]]] = {}
    for policy in reader.natives.of_type(USER_POLICY):
        user = user_of(policy)
        if user is not None and user.path in with_key:
            documents.setdefault(user.path, []).append(document(policy.properties.get("policy")))
    for path, some in documents.items():
        found[machine_of(with_key[path])].add(opened(reader.buckets, some))
    return found


def add_bucket_policies(reader: Reader, rights: Mapping[str, Rights]) -> dict[str, list[str]]:
    """Rights that buckets' own policies give to the platform's users, put into `rights`; and by bucket, what others are let do."""
    users = {str(user.properties.get("userName")): machine_of(user) for user in reader.natives.of_type(USER)}
    strangers: dict[str, list[str]] = {}
    for bucket in reader.buckets.values():
        for principal, accesses in (*let_in(bucket), *listed_by(bucket)):
            element = users.get(principal.rsplit("/", 1)[-1])
            if element is None:
                strangers.setdefault(bucket.path, []).extend(f"{principal} {access}" for access in accesses)
            elif element in rights:
                # A user without a key uses nothing.
                rights[element].add({bucket.path: accesses})
    return strangers


def observe_grants(reader: Reader, rights: Mapping[str, Rights]) -> Mapping[str, list[str]]:
    """By the native path of a bucket, who may do what with it, as the spec says it; sorted.

    Args:
        reader: the native resources.
        rights: by element, what its credentials open; what buckets' own policies give is added.
    """
    given = add_bucket_policies(reader, rights)
    everywhere: list[str] = []
    for element, mine in rights.items():
        if not _is_machine(element):
            if mine.everything or mine.accesses:
                reader.remarks.add(f"credentials of {element}, which is no machine, open stores: no grant shows them")
            continue
        if mine.everything:
            everywhere.append(f"{element} {Access.write}")
            continue
        for bucket, accesses in mine.accesses.items():
            strongest = {Access.write} if Access.write in accesses else accesses
            given.setdefault(bucket, []).extend(f"{element} {access}" for access in strongest)
    everywhere.sort()
    # Where credentials open every bucket, the stores share one list: of 1,000 machines and stores each has all.
    return {
        path: sorted([*given[path], *everywhere]) if path in given else everywhere
        for path in (bucket.path for bucket in reader.buckets.values())
    }


def _is_machine(element: str) -> bool:
    try:
        return kind_of(element) == "machine"
    except ValueError:
        return False
