"""Networks, filters and machines of an EC2-compatible endpoint, asked of the servers, in the words of our own provider.

What the state knows is asked for by its id. What lies in a network of the state and is not in the state is
told too, with a path that says so: a rule or a way that a person added opens what it opens. Other networks
of the account are nobody's business here. What every network has by itself (its main route table while it
leads nowhere, its own group while no machine is in it) is left out. No user data is told, for they may hold what is secret, but those that
are word for word a proxy's of ours: these hold what it lets pass, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.clouds.exit_program import said_in
from hdh_infra.errors import CloudError
from hdh_infra.graph.observation import Native
from hdh_infra.live.s3 import given
from hdh_infra.resources import config
from hdh_infra.resources.clients import explain
from hdh_infra.resources.types.base import Call
from hdh_infra.resources.types.ec2 import KINDS
from hdh_infra.resources.types.ec2.security_groups import rule_id, rules_of

if TYPE_CHECKING:
    from hdh_infra.resources.types.ec2 import Ec2Type

TYPES: Final[Mapping[str, Ec2Type]] = {kind.token: kind for kind in KINDS}
"""The types that are asked of the servers."""
_UNMANAGED: Final = "platform/unmanaged/"
_TOLD: Final = "userData"
_VPC, _GROUP, _RULE = "hdh:ec2:Vpc", "hdh:ec2:SecurityGroup", "hdh:ec2:SecurityGroupRule"
_TABLE, _ROUTE, _INSTANCE = "hdh:ec2:RouteTable", "hdh:ec2:Route", "hdh:ec2:Instance"
# What lies in a network: the type, the question, the key of its answer, the id in it, and the filter that names the network.
_IN_A_NETWORK: Final = (
    ("hdh:ec2:Subnet", "describe_subnets", "Subnets", "SubnetId", "vpc-id"),
    (_GROUP, "describe_security_groups", "SecurityGroups", "GroupId", "vpc-id"),
    (_TABLE, "describe_route_tables", "RouteTables", "RouteTableId", "vpc-id"),
    ("hdh:ec2:InternetGateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId", "attachment.vpc-id"),
    ("hdh:ec2:NatGateway", "describe_nat_gateways", "NatGateways", "NatGatewayId", "vpc-id"),
    ("hdh:ec2:VpcEndpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "vpc-id"),
    ("hdh:ec2:VpcPeeringConnection", "describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId", "requester-vpc-info.vpc-id"),
    ("hdh:ec2:VpcPeeringConnection", "describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId", "accepter-vpc-info.vpc-id"),
)  # fmt: skip


def read(environment: Mapping[str, str], values: Mapping[str, Any], known: Iterable[Native]) -> list[Native]:
    """What the servers say of what the state knows, and of what else lies in its networks; what is gone is left out.

    Args:
        environment: `AWS_*` or `OSC_*` variables, and `HDH_EC2_ENDPOINT` where it sends elsewhere.
        values: configuration of the endpoint, as the provider `hdh` takes it.
        known: resources of the state.

    Raises:
        CloudError: there are no credentials, the endpoint does not answer or refuses them.
    """
    call = Call(given(values, environment), "", threading.Event())
    try:
        return list(read_by(call, list(known)))
    except config.ConfigurationError as error:
        remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or OSC_ACCESS_KEY and OSC_SECRET_KEY"
        raise CloudError("the EC2-compatible endpoint", str(error), remedy) from None
    except Exception as error:
        remedy = "Check that the endpoint is up and that the credentials may read networks and machines"
        raise CloudError(call.clients.settings.ec2_endpoint, explain(error), remedy) from error


def read_by(call: Call, known: list[Native]) -> Iterator[Native]:
    """As `read`, by clients that are there; errors are boto3's own."""
    mine = {(one.type, str(one.id)) for one in known}
    for one in known:
        found = TYPES[one.type].read(call, str(one.id), one.properties)
        if found is not None:
            yield _native(one.path, one.type, str(one.id), found)
    networks = [str(one.id) for one in known if one.type == _VPC]
    for token, identity in dict.fromkeys(_there(call, networks)):
        if (token, identity) not in mine:
            found = TYPES[token].read(call, identity, {})
            if found is not None:
                name = identity.replace("/", ":")
                yield _native(f"{_UNMANAGED}{token.rsplit(':', 1)[-1].lower()}/{name}", token, identity, found)


def _native(path: str, token: str, identity: str, found: Mapping[str, Any]) -> Native:
    ours = said_in(found.get(_TOLD)) is not None
    return Native(path, token, {name: value for name, value in found.items() if ours or name != _TOLD}, identity)


def _there(call: Call, networks: list[str]) -> Iterator[tuple[str, str]]:
    """Type and id of everything in some networks."""
    if not networks:
        return
    ec2 = call.clients.ec2
    used: set[str] = set()
    for page in ec2.get_paginator("describe_instances").paginate(Filters=_filters("vpc-id", networks)):
        for machine in (one for reservation in page["Reservations"] for one in reservation["Instances"]):
            yield _INSTANCE, machine["InstanceId"]
            used |= {group["GroupId"] for group in machine.get("SecurityGroups") or []}
    for token, question, key, name, named in _IN_A_NETWORK:
        for page in ec2.get_paginator(question).paginate(Filters=_filters(named, networks)):
            for one in page[key]:
                if _own(token, one, used):
                    continue
                yield token, one[name]
                yield from _inside(token, one)


def _filters(name: str, values: list[str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": values}]


def _own(token: str, one: Mapping[str, Any], used: set[str]) -> bool:
    """Whether the network made it by itself, and nothing uses it."""
    if token == _GROUP:
        return bool(one["GroupName"] == "default" and one["GroupId"] not in used)
    main = token == _TABLE and any(there.get("Main") for there in one.get("Associations") or [])
    return main and not any(_routes(one))


def _inside(token: str, one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What stands in a group or in a route table."""
    if token == _GROUP:
        for rule in rules_of(one):
            yield _RULE, rule_id(rule)
    if token == _TABLE:
        for destination in _routes(one):
            yield _ROUTE, f"{one['RouteTableId']}/{destination}"


def _routes(table: Mapping[str, Any]) -> Iterator[str]:
    """Where the ways of a table lead that it has not by itself."""
    for route in table.get("Routes") or []:
        if route.get("DestinationCidrBlock") and route.get("GatewayId") != "local":
            yield str(route["DestinationCidrBlock"])
