"""What machines are known by: applications of Scaleway's IAM, one for each store and access, and the API keys of them.

A bucket's policy names applications, and stands with the bucket. Were it to name the machines' own, one more space would change
the buckets of zones (law 4). So each store has an application for each access that its description may give, and whoever comes to
have that access is given an API key of it, which is the only thing that comes and goes. IAM lets the application handle objects in
general, and the bucket's policy says of which bucket: both must allow (scaleway/docs-content pages/object-storage/api-cli/
combining-iam-and-object-storage.mdx, 2025-06-12). A server that encrypts with a key of Key Manager asks that the caller may use that
key (pages/object-storage/api-cli/enable-sse-kms.mdx, 2026-06-04). How a key gets into its machine is a manual step.
People are no applications: a right of a group on a store is not lowered.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import need_path
from hdh_infra.clouds.naming import shared_name
from hdh_infra.clouds.scaleway.key_paths import KEY_PATH, key_base, only
from hdh_infra.clouds.scaleway.naming import API_KEY, APPLICATION, POLICY, make, project
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Right
from hdh_infra.model.paths import GROUP, network_path
from hdh_infra.model.scales import Access

STORE_KEY = "/store-key/"
OBJECTS: dict[Access, tuple[str, ...]] = {
    Access.read: ("ObjectStorageObjectsRead",),
    Access.append: ("ObjectStorageObjectsWrite",),
    Access.write: ("ObjectStorageObjectsDelete", "ObjectStorageObjectsRead", "ObjectStorageObjectsWrite"),
}
"""Permission sets that each access needs (pages/iam/reference-content/permission-sets.mdx, 2026-03-20)."""
CIPHERS: dict[Access, tuple[str, ...]] = {
    Access.read: ("KeyManagerKeyDecrypt",),
    Access.append: ("KeyManagerKeyEncrypt",),
    Access.write: ("KeyManagerKeyDecrypt", "KeyManagerKeyEncrypt"),
}
"""What each needs of the key that the bucket is encrypted with."""


def accesses_of(context: Context, store: str) -> list[Access]:
    """The accesses that a store's own description may give; one at least, since a bucket without a policy is open to every application."""
    grants = context.expanded.stores[store].grants
    if grants is None:
        return [Access.write]
    return sorted({grant.access for grant in grants if not grant.to.startswith(GROUP)}) or [Access.read]


def application_path(store: str, access: Access) -> str:
    """Path of the application that has an access to a store."""
    return f"{store}/application/{access}"


def lower_applications(context: Context, store: str) -> Iterator[Node]:
    """The applications of a store and what IAM lets them do."""
    key = key_base(context, store)
    for access in accesses_of(context, store):
        path = application_path(store, access)
        # One name space for a whole organisation.
        name = shared_name(context, path)
        yield make(context, path, APPLICATION, {"name": name, "description": f"May {access} objects of one bucket"})
        rules: list[Value] = [{"projectIds": [project(context)], "permissionSetNames": list(OBJECTS[access])}]
        if key is not None:
            rules.append(
                {
                    "projectIds": [project(context)],
                    "permissionSetNames": list(CIPHERS[access]),
                    "condition": only(context, f"{key}/{KEY_PATH}"),
                }
            )
        yield make(
            context,
            f"{store}/policy/{access}",
            POLICY,
            {
                "name": name,
                "description": f"What the application of {access} needs; its bucket's policy names the bucket",
                "applicationId": ref(path),
                "rules": rules,
            },
        )


def has_key(context: Context, right: Right) -> bool:
    """Whether a right is given by an API key: to a machine that runs and is to have an identity."""
    machine = context.expanded.machines.get(right.principal)
    return machine is not None and machine.identity


def home_of(owner: str, machine: str) -> str:
    """Where what a machine is given has its paths: beside it, or with the network that alone gives it that."""
    return machine if network_path(machine) == owner else need_path(owner, machine)


def lower_right(context: Context, right: Right) -> Iterator[Node]:
    """An API key of the store's application of that access, for one machine."""
    if not has_key(context, right):
        return
    yield make(
        context,
        key_path(right),
        API_KEY,
        {
            "applicationId": ref(application_path(right.store, right.access)),
            # S3 opens the buckets of the key's own project.
            "defaultProjectId": project(context),
            "description": f"{right.principal} for {right.store}, {right.access}",
        },
        outputs=("accessKey", "secretKey"),
        secret=("secretKey",),
    )


def key_path(right: Right) -> str:
    """Path of the API key by which a machine has a right."""
    return f"{home_of(right.owner, right.principal)}{STORE_KEY}{right.store.replace('/', '.')}-{right.access}"


def manual_keys(context: Context) -> Iterator[ManualStep]:
    """Putting each machine's keys into it: no identity reaches a machine without a secret."""
    by_machine: dict[str, list[str]] = {}
    for right in context.expanded.rights:
        if has_key(context, right):
            by_machine.setdefault(right.principal, []).append(key_path(right))
    for machine, paths in by_machine.items():
        yield ManualStep(
            what=f"put the API keys of {machine} into it, and nowhere else: {', '.join(paths)}",
            who="the administrator of the machine",
            command="pulumi stack export --show-secrets, read accessKey and secretKey of each, and write them to /etc/hdh/s3 there (mode 0600), a section each store",
            proof="the machine lists its bucket; with another machine's key it is refused",
        )
