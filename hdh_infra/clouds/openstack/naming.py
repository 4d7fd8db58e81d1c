"""Native names, tokens and the node that every file builds; it decides no property of any resource.

Every node carries its region: where a thing lies is then written on the thing itself, and not only in the
configuration of a provider that an observation never sees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value

PROVIDER = "openstack"
S3_PROVIDER = "s3"
NETWORK = "openstack:networking/network:Network"
SUBNET = "openstack:networking/subnet:Subnet"
ROUTER = "openstack:networking/router:Router"
ROUTER_INTERFACE = "openstack:networking/routerInterface:RouterInterface"
GROUP = "openstack:networking/secGroup:SecGroup"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
ADDRESS_GROUP = "openstack:networking/addressGroupV2:AddressGroupV2"
PORT = "openstack:networking/port:Port"
FLOATING_IP = "openstack:networking/floatingIp:FloatingIp"
FLOATING_IP_ASSOCIATE = "openstack:networking/floatingIpAssociate:FloatingIpAssociate"
PORT_FORWARDING = "openstack:networking/portForwardingV2:PortForwardingV2"
RBAC_POLICY = "openstack:networking/rbacPolicyV2:RbacPolicyV2"
ROUTER_ROUTE = "openstack:networking/routerRoute:RouterRoute"
PORT_GROUPS = "openstack:networking/portSecGroupAssociate:PortSecGroupAssociate"
ZONE = "openstack:dns/zone:Zone"
RECORD = "openstack:dns/recordSet:RecordSet"
INSTANCE = "openstack:compute/instance:Instance"
INTERFACE_ATTACH = "openstack:compute/interfaceAttach:InterfaceAttach"
SERVER_GROUP = "openstack:compute/serverGroup:ServerGroup"
VOLUME = "openstack:blockstorage/volume:Volume"
VOLUME_ATTACH = "openstack:compute/volumeAttach:VolumeAttach"
IMAGE = "openstack:images/image:Image"
KEY_ORDER = "openstack:keymanager/orderV1:OrderV1"
SECRET = "openstack:keymanager/secretV1:SecretV1"  # noqa: S105 - a type token
EC2_CREDENTIAL = "openstack:identity/ec2CredentialV3:Ec2CredentialV3"
BUCKET = "hdh:s3:Bucket"
USER = "hdh:iam:User"
ACCESS_KEY = "hdh:iam:AccessKey"
USER_POLICY = "hdh:iam:UserPolicy"
KEY_ACL = "hdh:keymanager:Acl"
GET_NETWORK = "openstack:networking/getNetwork:getNetwork"
GET_IMAGE = "openstack:images/getImage:getImage"
GET_FLAVOUR = "openstack:compute/getFlavor:getFlavor"
BASTION = "/bastion/"
"""Between a network and the parts of its entry for people, in their paths."""
WAY = "/way/"
"""In the path of what a space alone asks of a zone's machine; the machine's own path follows, with dots."""
_TAGGED = frozenset({NETWORK, SUBNET, ROUTER, GROUP, PORT, FLOATING_IP})
_DIGEST = 6
NAME_LENGTH = 63
"""Of a server: its name is its host name. Kept for all, so that names look alike."""


def make(
    context: Context,
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
    existing: str | None = None,
    adopt: str | None = None,
) -> Node:
    """One resource of OpenStack, in the region of the target, with the platform's tags where Neutron keeps them.

    Args:
        context: what the lowering reads.
        path: the node's path.
        token: its type.
        properties: wire names to values.
        outputs: what others read from it, beside its id.
        after: paths that must exist before it.
        protect: whether it holds data.
        fixed: its address, name or attachment is taken once, so that the old one must go first.
        ignore: properties that the cloud changes afterwards.
        secret: outputs that are secret.
        timeouts: longer ones than the provider's own.
        existing: its native id, where it is only referred to: nothing is said of it, and no tag put on it.
        adopt: its native id, where it is there already and taken over.
    """
    tags = {"tags": tag_list(context)} if token in _TAGGED and existing is None else {}
    return Node(
        path=path,
        type=token,
        provider=PROVIDER,
        properties={"region": context.site.service_region("compute"), **properties, **tags},
        outputs=tuple(outputs),
        depends_on=tuple(sorted(set(after))),
        protect=protect,
        delete_before_replace=fixed,
        ignore_changes=tuple(ignore),
        secret_outputs=tuple(secret),
        timeouts=timeouts or {},
        existing=existing,
        adopt=adopt,
    )


def tag_list(context: Context) -> list[str]:
    """The platform's tags as Neutron keeps them: plain words, and none with a comma."""
    return sorted(f"{key}={value}".replace(",", ";") for key, value in context.tags.items())


def plugin_tags(context: Context) -> dict[str, str]:
    """The platform's tags as our own plugin takes them, which keeps keys that start with `hdh-` for itself."""
    return {key.removeprefix("hdh-"): value for key, value in context.tags.items()}


def dashed(path: str) -> str:
    """A path as part of a native name."""
    return path.replace("/", "-")


def shortened(name: str, limit: int = NAME_LENGTH) -> str:
    """The name, or its beginning with a digest of all of it where it is too long."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def native_name(context: Context, path: str) -> str:
    """Name of a resource within its project, by the spec's pattern or with the platform in it, for a project may hold several."""
    return shortened(context.named(path, f"{context.name}-{dashed(path)}"))


def shared_name(context: Context, path: str) -> str:
    """Name of what a service keeps for all platforms alike: where it is the spec's own, the lock's letters tell it apart."""
    default = f"{context.name}-{dashed(path)}"
    words = context.named(path, default)
    return shortened(words) if words == default else _with_letters(context, words, path)


def bucket_name(context: Context, store: str) -> str:
    """Name of a store's bucket: shared with the whole world on a public endpoint, so the lock's salt is in it."""
    return _with_letters(context, context.named(store, "-".join((context.name, *store.split("/")[1::2]))), store)


def _with_letters(context: Context, words: str, path: str) -> str:
    short = context.short(path)
    return f"{shortened(words, NAME_LENGTH - len(short) - 1)}-{short}"
