"""Native names, tokens and the node that every file builds; it decides no property of any resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import with_letters
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, lookup

PROVIDER = "cloudtemple"
VM = "cloudtemple:index/publicCloudVmInstance:PublicCloudVmInstance"
DISK = "cloudtemple:index/publicCloudVmDisk:PublicCloudVmDisk"
ADAPTER = "cloudtemple:index/publicCloudVmNetworkAdapter:PublicCloudVmNetworkAdapter"
STATIC_IP = "cloudtemple:index/vpcStaticIp:VpcStaticIp"
FLOATING_IP = "cloudtemple:index/vpcFloatingIp:VpcFloatingIp"
BINDING = "cloudtemple:index/vpcFloatingIpBinding:VpcFloatingIpBinding"
BUCKET = "cloudtemple:index/objectStorageBucket:ObjectStorageBucket"
ACCOUNT = "cloudtemple:index/objectStorageStorageAccount:ObjectStorageStorageAccount"
ENTRY = "cloudtemple:index/objectStorageAclEntry:ObjectStorageAclEntry"
GET_NETWORK = "cloudtemple:index/getPublicCloudVmNetwork:getPublicCloudVmNetwork"
GET_ZONE = "cloudtemple:index/getPublicCloudVmAvailabilityZone:getPublicCloudVmAvailabilityZone"
GET_FAMILY = "cloudtemple:index/getPublicCloudVmInstanceFamily:getPublicCloudVmInstanceFamily"
GET_TEMPLATE = "cloudtemple:index/getPublicCloudVmTemplate:getPublicCloudVmTemplate"
GET_BACKUP = "cloudtemple:index/getPublicCloudVmBackupPolicy:getPublicCloudVmBackupPolicy"


def make(
    path: str,
    token: str,
    properties: Mapping[str, Value],
    *,
    outputs: Sequence[str] = (),
    after: Iterable[str] = (),
    protect: bool = False,
    fixed: bool = False,
    ignore: Sequence[str] = (),
    secret: Sequence[str] = (),
    timeouts: Mapping[str, str] | None = None,
) -> Node:
    """One resource of Cloud Temple; none of those that are used here keeps tags.

    Args:
        path: the node's path.
        token: its type.
        properties: wire names to values.
        outputs: what others read from it, beside its id.
        after: paths that must exist before it.
        protect: whether it holds data.
        fixed: its name or address is taken once, so that the old one must go first.
        ignore: properties that the cloud changes afterwards.
        secret: outputs that are secret.
        timeouts: longer ones than the provider's own.
    """
    return Node(
        path=path,
        type=token,
        provider=PROVIDER,
        properties=dict(properties),
        outputs=tuple(outputs),
        depends_on=tuple(sorted(set(after))),
        protect=protect,
        delete_before_replace=fixed,
        ignore_changes=tuple(ignore),
        secret_outputs=tuple(secret),
        timeouts=timeouts or {},
    )


def by_name(token: str, name: str) -> Value:
    """The id of a thing that is there already, asked at deploy time by its name."""
    return lookup(token, {"name": name}, "id", PROVIDER)


def shared_name(context: Context, path: str) -> str:
    """Name of what the object store keeps for all customers alike: buckets and accounts, told apart by the lock's letters."""
    kind = path.split("/")
    default = "-".join((context.name, *(kind[1::2] if "store" in kind else kind)))
    return with_letters(context, context.named(path, default), path)
