"""What machines are known by at OVHcloud's S3 endpoint: users of the project, their keys, one policy document a user.

There is one document a user and no other place for rights, so a machine of a zone that may use a space's store has
that store's bucket in its document: it is updated in place (`shared_documents`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import machine_of
from hdh_infra.clouds.documents import opened, policy_of
from hdh_infra.clouds.naming import bucket_name
from hdh_infra.clouds.openstack.crossing import rights_of_need
from hdh_infra.clouds.openstack.identities import Rights, holders, user_name
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.ovhcloud.naming import CREDENTIAL, POLICY, PROVIDER, USER, project_of
from hdh_infra.clouds.values import document
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import json_text, ref
from hdh_infra.model.links import Right
from hdh_infra.model.scales import Access

ROLE = "objectstore_operator"
_PROJECT_WIDE = frozenset({"administrator"})


def lower_identities(context: Context, element: str) -> Iterator[Node]:
    """The users, keys and rights that belong to an element: of a machine its own, of a space those it gives machines of zones."""
    for base, machine in holders(context, element):
        own = base == machine
        rights = context.expanded.rights_of.get(machine, ()) if own else rights_of_need(context, element, machine)
        yield from _identity(context, base, rights)


def _identity(context: Context, base: str, rights: Iterable[Right]) -> Iterator[Node]:
    """The user, key and rights of one holder."""
    project = project_of(context)
    user = f"{base}/user"
    yield Node(
        path=user,
        type=USER,
        provider=PROVIDER,
        properties={**project, "description": user_name(context, base), "roleNames": [ROLE]},
        secret_outputs=("password",),
    )
    yield Node(
        path=f"{base}/access-key",
        type=CREDENTIAL,
        provider=PROVIDER,
        properties={**project, "userId": ref(user)},
        outputs=("accessKeyId", "secretAccessKey"),
        secret_outputs=("secretAccessKey",),
    )
    accesses: dict[str, set[Access]] = {}
    for right in rights:
        accesses.setdefault(bucket_name(context, right.store), set()).add(right.access)
    yield Node(
        path=f"{base}/rights",
        type=POLICY,
        provider=PROVIDER,
        properties={
            **project,
            "userId": ref(user),
            "policy": json_text({"Statement": policy_of(accesses)["Statement"]}),
        },
        depends_on=(f"{base}/access-key",),
    )


def observe_rights(reader: Reader) -> dict[str, Rights]:
    """By element: which buckets its credentials open. A user without S3 credentials opens nothing."""
    with_key = {
        user.path: user for key in reader.natives.of_type(CREDENTIAL) if (user := _user(reader, key)) is not None
    }
    documents: dict[str, list[Mapping[str, Any]]] = {}
    for policy in reader.natives.of_type(POLICY):
        user = _user(reader, policy)
        if user is not None:
            documents.setdefault(user.path, []).append(document(policy.properties.get("policy")))
    found: dict[str, Rights] = {}
    for path, user in with_key.items():
        roles = {str(one) for one in user.properties.get("roleNames") or [user.properties.get("roleName")]}
        # A bucket belongs to the user that made it, so without a policy only an administrator opens those of others.
        mine = found.setdefault(machine_of(user), Rights())
        mine.add(opened(reader.buckets, documents.get(path, [])))
        mine.everything = mine.everything or bool(roles & _PROJECT_WIDE)
    return found


def _user(reader: Reader, native: Native) -> Native | None:
    return reader.follow(native.properties.get("userId"), USER)
