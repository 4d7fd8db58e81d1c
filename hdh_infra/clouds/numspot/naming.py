"""Native names, tokens and the node that every file builds; it decides no property of any resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value

PROVIDER = "numspot"
VPC = "numspot:index/vpc:Vpc"
SUBNET = "numspot:index/subnet:Subnet"
ROUTE_TABLE = "numspot:index/routeTable:RouteTable"
INTERNET_GATEWAY = "numspot:index/internetGateway:InternetGateway"
NAT_GATEWAY = "numspot:index/natGateway:NatGateway"
PUBLIC_IP = "numspot:index/publicIp:PublicIp"
GROUP = "numspot:index/securityGroup:SecurityGroup"
RULE = "numspot:index/securityGroupRule:SecurityGroupRule"
VM = "numspot:index/vm:Vm"
VOLUME = "numspot:index/volume:Volume"
NIC = "numspot:index/nic:Nic"
BRIDGE = "numspot:index/computeBridge:ComputeBridge"
_TAGGED = frozenset({VPC, SUBNET, ROUTE_TABLE, INTERNET_GATEWAY, NAT_GATEWAY, PUBLIC_IP, GROUP, VM, VOLUME})


def make(
    context: Context,
    path: str,
    token: str,
    properties: Mapping[str, Value],
    *,
    name: str | None = None,
    outputs: Sequence[str] = (),
    after: Iterable[str] = (),
    protect: bool = False,
    fixed: bool = False,
    ignore: Sequence[str] = (),
    anew: Sequence[str] = (),
    timeouts: Mapping[str, str] | None = None,
) -> Node:
    """One resource of NumSpot with the platform's tags where it keeps them; its name is a tag like any other.

    Args:
        context: what the lowering reads.
        path: the node's path.
        token: its type.
        properties: wire names to values; `tags` are added to the platform's.
        name: what people see it as.
        outputs: what others read from it, beside its id.
        after: paths that must exist before it.
        protect: whether it holds data.
        fixed: its address or attachment is taken once, so that the old one must go first.
        ignore: properties that the cloud changes afterwards.
        anew: properties whose change makes it anew, although the provider would change them in place.
        timeouts: longer ones than the provider's own.
    """
    given = dict(properties)
    if token in _TAGGED:
        more = given.pop("tags", [])
        given["tags"] = [*({"key": key, "value": value} for key, value in sorted(_words(context, name).items())), *more]
    return Node(
        path=path,
        type=token,
        provider=PROVIDER,
        properties=given,
        outputs=tuple(outputs),
        depends_on=tuple(sorted(set(after))),
        protect=protect,
        delete_before_replace=fixed,
        ignore_changes=tuple(ignore),
        replace_on_changes=tuple(anew),
        timeouts=timeouts or {},
    )


def _words(context: Context, name: str | None) -> dict[str, str]:
    return {**context.tags, **({"Name": name} if name else {})}


def zone(context: Context) -> str:
    """The one sub-region that everything lies in: volumes are attached within it only."""
    return f"{context.site.service_region('compute')}{context.site.offer.native['zone']}"
