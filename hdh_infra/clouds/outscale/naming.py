"""Native names, tokens and the node that every file builds; it decides no property of any resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name, plugin_tags
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value

PROVIDER = "ec2"
"""One provider of our own plugin for FCU, EIM and OOS."""
VPC = "hdh:ec2:Vpc"
SUBNET = "hdh:ec2:Subnet"
INTERNET_GATEWAY = "hdh:ec2:InternetGateway"
ADDRESS = "hdh:ec2:Address"
ADDRESS_ASSOCIATION = "hdh:ec2:AddressAssociation"
NAT_GATEWAY = "hdh:ec2:NatGateway"
ROUTE_TABLE = "hdh:ec2:RouteTable"
ROUTE = "hdh:ec2:Route"
ROUTE_TABLE_ASSOCIATION = "hdh:ec2:RouteTableAssociation"
PEERING = "hdh:ec2:VpcPeeringConnection"
ENDPOINT = "hdh:ec2:VpcEndpoint"
GROUP = "hdh:ec2:SecurityGroup"
RULE = "hdh:ec2:SecurityGroupRule"
VOLUME = "hdh:ec2:Volume"
VOLUME_ATTACHMENT = "hdh:ec2:VolumeAttachment"
INSTANCE = "hdh:ec2:Instance"
GET_IMAGE = "hdh:ec2:getImage"
_TAGGED = frozenset(
    {VPC, SUBNET, INTERNET_GATEWAY, ADDRESS, NAT_GATEWAY, ROUTE_TABLE, PEERING, ENDPOINT, GROUP, VOLUME, INSTANCE}
)


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
    tags: Mapping[str, str] | None = None,
    timeouts: Mapping[str, str] | None = None,
) -> Node:
    """One resource, with the platform's tags where FCU keeps them.

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
        tags: further tags, such as those that OUTSCALE itself reads.
        timeouts: longer ones than the plugin's own.
    """
    more = {"tags": {"Name": native_name(context, path), **plugin_tags(context), **(tags or {})}}
    return Node(
        path=path,
        type=token,
        provider=PROVIDER,
        properties={**properties, **(more if token in _TAGGED else {})},
        outputs=tuple(outputs),
        depends_on=tuple(sorted(set(after))),
        protect=protect,
        delete_before_replace=fixed,
        ignore_changes=tuple(ignore),
        timeouts=timeouts or {},
    )


def subregion(context: Context) -> str:
    """The subregion that everything of the plan lies in: a Subnet and a volume are in exactly one."""
    return f"{context.site.service_region('compute')}{context.site.offer.native['subregion']}"
