"""Native names, tokens and the node that every file builds; it decides no property of any resource.

Every node carries its region: where a thing lies is then written on the thing itself, and not only in the
configuration of a provider that an observation never sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value

PROVIDER = "openstack"
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
APPLICATION_CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"
CONTAINER = "openstack:objectstorage/container:Container"
USER = "hdh:iam:User"
ACCESS_KEY = "hdh:iam:AccessKey"
USER_POLICY = "hdh:iam:UserPolicy"
GET_SCOPE = "openstack:identity/getAuthScope:getAuthScope"
KEY_ACL = "hdh:keymanager:Acl"
GET_NETWORK = "openstack:networking/getNetwork:getNetwork"
GET_IMAGE = "openstack:images/getImage:getImage"
GET_FLAVOUR = "openstack:compute/getFlavor:getFlavor"
BASTION = "/bastion/"
"""Between a network and the parts of its entry for people, in their paths."""
_TAGGED = frozenset({NETWORK, SUBNET, ROUTER, GROUP, PORT, FLOATING_IP})


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
