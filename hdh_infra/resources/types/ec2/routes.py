"""`hdh:ec2:RouteTable`, `hdh:ec2:Route` and `hdh:ec2:RouteTableAssociation`: where packets of a subnet go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.clients import code
from hdh_infra.resources.types.base import Call, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first
from hdh_infra.resources.types.ec2.checking import check_cidrs, check_one_of
from hdh_infra.resources.values import without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hdh_infra.resources.contract import Failure

_TARGETS: Final[Mapping[str, str]] = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "instanceId": "InstanceId",
}


class RouteTable(Ec2Type):
    """A list of routes; it begins with the network's own."""

    token: ClassVar[str] = "hdh:ec2:RouteTable"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "route table", "routeTableId", "CreateRouteTable", "route-table"

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one."""
        made = call.clients.ec2.create_route_table(VpcId=inputs["vpcId"], **tagging)
        return str(made["RouteTable"]["RouteTableId"])

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        table = _table(call, identity)
        return table and {"vpcId": table["VpcId"], "tags": table.get("Tags")}

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it."""
        del outputs
        call.clients.ec2.delete_route_table(RouteTableId=identity)


class Route(Ec2Type):
    """One way of a route table; its id is `TABLE/RANGE`."""

    token: ClassVar[str] = "hdh:ec2:Route"  # noqa: S105 - a type token
    noun, making = "route", "CreateRoute"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """A range, and one way."""
        yield from check_cidrs(inputs, "destinationCidrBlock")
        yield from check_one_of(inputs, tuple(_TARGETS))

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A table has one way to a range."""
        return (inputs.get("routeTableId"), inputs.get("destinationCidrBlock"))

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make it, or find it; never turn a way that leads elsewhere."""
        del tagging
        identity = f"{inputs['routeTableId']}/{inputs['destinationCidrBlock']}"
        try:
            call.clients.ec2.create_route(**_request(inputs))
        except Exception as error:
            if code(error) != "RouteAlreadyExists":
                raise
            there = self.look(call, identity) or {}
            if without_nulls(_targets(there)) != without_nulls(_targets(inputs)):
                raise ResourceError(
                    f"route {identity} exists and leads elsewhere: remove it, "
                    f"or import it: pulumi import hdh:ec2:Route NAME {identity}"
                ) from error
        return identity

    def begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """In its table."""
        return self._if_there(call, f"{inputs['routeTableId']}/{inputs['destinationCidrBlock']}")

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """In its table."""
        table, slash, destination = identity.partition("/")
        if not (table and slash and destination):
            raise ResourceError(f"{identity!r} is no id of a route: write TABLE/RANGE")
        found = _table(call, table)
        routes = [one for one in (found or {}).get("Routes", []) if one.get("DestinationCidrBlock") == destination]
        route = first(routes)
        return route and {
            "routeTableId": table,
            "destinationCidrBlock": destination,
            **{name: route.get(theirs) for name, theirs in _TARGETS.items()},
            "state": route.get("State"),
        }

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Turn it."""
        del identity
        if without_nulls(_targets(outputs)) != without_nulls(_targets(inputs)):
            call.clients.ec2.replace_route(**_request(inputs))

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Close it."""
        del outputs
        table, _, destination = identity.partition("/")
        call.clients.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)


class RouteTableAssociation(Ec2Type):
    """Which table a subnet goes by; a subnet has one."""

    token: ClassVar[str] = "hdh:ec2:RouteTableAssociation"  # noqa: S105 - a type token
    noun, identifier, making = "route table association", "associationId", "AssociateRouteTable"

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A subnet has one table."""
        return (inputs.get("subnetId"),)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Associate the two, or find it done; never take a subnet from another table."""
        del tagging
        there = _association(call, "association.subnet-id", "SubnetId", inputs["subnetId"])
        if there is not None:
            if there["RouteTableId"] != inputs["routeTableId"]:
                raise ResourceError(
                    f"subnet {inputs['subnetId']} goes by route table {there['RouteTableId']}: disassociate it there first"
                )
            return str(there["RouteTableAssociationId"])
        made = call.clients.ec2.associate_route_table(RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"])
        return str(made["AssociationId"])

    def begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """At its subnet."""
        there = _association(call, "association.subnet-id", "SubnetId", inputs["subnetId"])
        ours = there is not None and there["RouteTableId"] == inputs["routeTableId"]
        return str(there["RouteTableAssociationId"]) if there and ours else None

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id."""
        name = "association.route-table-association-id"
        found = _association(call, name, "RouteTableAssociationId", identity)
        return found and {"routeTableId": found["RouteTableId"], "subnetId": found.get("SubnetId")}

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Let the subnet go by the network's main table."""
        del outputs
        call.clients.ec2.disassociate_route_table(AssociationId=identity)


def _table(call: Call, identity: str) -> dict[str, Any] | None:
    table: dict[str, Any] | None = first(
        call.clients.ec2.describe_route_tables(RouteTableIds=[identity])["RouteTables"]
    )
    return table


def _association(call: Call, named: str, key: str, value: str) -> dict[str, Any] | None:
    pages = call.clients.ec2.get_paginator("describe_route_tables").paginate(
        Filters=[{"Name": named, "Values": [value]}]
    )
    found: dict[str, Any] | None = first(
        [
            one
            for page in pages
            for table in page["RouteTables"]
            for one in table.get("Associations", [])
            if one.get(key) == value
        ]
    )
    return found


def _targets(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.get(name) for name in _TARGETS}


def _request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    request = {"RouteTableId": inputs["routeTableId"], "DestinationCidrBlock": inputs["destinationCidrBlock"]}
    return request | {theirs: inputs[name] for name, theirs in _TARGETS.items() if inputs.get(name) is not None}
