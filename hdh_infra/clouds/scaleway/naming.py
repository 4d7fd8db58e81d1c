"""Native names, tokens and the node that every file builds; it decides no property of any resource.

Every node carries its region or zone, so that where a thing lies is written on the thing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, lookup

PROVIDER = "scaleway"
VERSION = "1.60.0"
"""Of the scaleway plugin, as the SDK package pins it."""
VPC = "scaleway:network/vpc:Vpc"
PRIVATE_NETWORK = "scaleway:network/privateNetwork:PrivateNetwork"
ACL = "scaleway:network/acl:Acl"
GATEWAY_IP = "scaleway:network/publicGatewayIp:PublicGatewayIp"
GATEWAY = "scaleway:network/publicGateway:PublicGateway"
GATEWAY_NETWORK = "scaleway:network/gatewayNetwork:GatewayNetwork"
PAT_RULE = "scaleway:network/publicGatewayPatRule:PublicGatewayPatRule"
CONNECTOR = "scaleway:network/connector:Connector"
ROUTE = "scaleway:network/route:Route"
INGRESS_RULE = "scaleway:network/ingressRule:IngressRule"
IPAM_IP = "scaleway:ipam/ip:Ip"
SERVER = "scaleway:instance/server:Server"
PRIVATE_NIC = "scaleway:instance/privateNic:PrivateNic"
SECURITY_GROUP = "scaleway:instance/securityGroup:SecurityGroup"
PLACEMENT_GROUP = "scaleway:instance/placementGroup:PlacementGroup"
VOLUME = "scaleway:block/volume:Volume"
KEY = "scaleway:keymanager/key:Key"
APPLICATION = "scaleway:iam/application:Application"
API_KEY = "scaleway:iam/apiKey:ApiKey"
POLICY = "scaleway:iam/policy:Policy"
SSH_KEY = "scaleway:iam/sshKey:SshKey"
GET_PROJECT = "scaleway:account/getProject:getProject"
ZONAL = frozenset({GATEWAY_IP, GATEWAY, GATEWAY_NETWORK, SERVER, PRIVATE_NIC, SECURITY_GROUP, PLACEMENT_GROUP, VOLUME})
"""Types that lie in one zone; those of IAM lie nowhere, the others in a region."""
_OF_IAM = frozenset({APPLICATION, API_KEY, POLICY, SSH_KEY})
_UNTAGGED = frozenset({ACL, GATEWAY_NETWORK, SSH_KEY, API_KEY})
_IN_PROJECT = frozenset(
    {VPC, PRIVATE_NETWORK, GATEWAY_IP, GATEWAY, IPAM_IP, SERVER, SECURITY_GROUP, PLACEMENT_GROUP, VOLUME, KEY, SSH_KEY}
)


def make(
    context: Context,
    path: str,
    token: str,
    properties: Mapping[str, Value],
    *,
    zone: str | None = None,
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
    """One resource of Scaleway, with its place, its project where the spec names one, and the platform's tags.

    Args:
        context: what the lowering reads.
        path: the node's path.
        token: its type.
        properties: wire names to values.
        zone: where a zonal one stands; else in the first zone.
        outputs: what others read from it, beside its id.
        after: paths that must exist before it.
        protect: whether it holds data.
        fixed: its address or attachment is taken once, so that the old one must go first.
        ignore: properties that the cloud changes afterwards.
        secret: outputs that are secret.
        timeouts: longer ones than the provider's own.
        existing: its native id, where it is only referred to: nothing is said of it, and no tag put on it.
        adopt: its native id, where it is there already and taken over.
    """
    place: dict[str, Value] = {}
    if token in ZONAL:
        place["zone"] = zone or zones(context)[0]
    elif token not in _OF_IAM:
        place["region"] = context.site.region.name
    if existing is None and token in _IN_PROJECT and (project := named_project(context)) is not None:
        place["projectId"] = project
    tags = {"tags": tag_list(context)} if token not in _UNTAGGED and existing is None else {}
    return Node(
        path=path,
        type=token,
        provider=PROVIDER,
        properties={**place, **properties, **tags},
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


def zones(context: Context) -> list[str]:
    """Zones of the region, the one for machines that are not spread first."""
    found: list[str] = context.site.offer.native["zones"]
    return found


def tag_list(context: Context) -> list[str]:
    """The platform's tags as Scaleway keeps them: plain words."""
    return sorted(f"{key}={value}" for key, value in context.tags.items())


def named_project(context: Context) -> str | None:
    """Id of the project that the spec names; else the environment has it."""
    named = context.existing("project")
    return context.settings.project or (named.id if named else None)


def project(context: Context) -> Value:
    """Id of the project, asked at deploy time where the spec names none: rights are given within it."""
    return named_project(context) or lookup(GET_PROJECT, {}, "id", PROVIDER)
