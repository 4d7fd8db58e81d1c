"""`hdh:ec2:VpcPeeringConnection` and `hdh:ec2:VpcEndpoint`: what a network reaches without the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.types.base import Call, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

_PENDING: Final = "pending-acceptance"
_GONE: Final = frozenset({"deleted", "deleting", "rejected", "expired", "failed"})


class VpcPeeringConnection(Ec2Type):
    """Two networks of one account joined: asked for, and accepted."""

    token: ClassVar[str] = "hdh:ec2:VpcPeeringConnection"  # noqa: S105 - a type token
    noun, identifier, making, tagged = (
        "peering",
        "vpcPeeringConnectionId",
        "CreateVpcPeeringConnection",
        "vpc-peering-connection",
    )

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Ask for it."""
        made = call.clients.ec2.create_vpc_peering_connection(
            VpcId=inputs["vpcId"], PeerVpcId=inputs["peerVpcId"], **tagging
        )
        return str(made["VpcPeeringConnection"]["VpcPeeringConnectionId"])

    def settled(self, call: Call, identity: str) -> None:
        """Accept it, and wait until it is active."""
        asked = False

        def active() -> bool | None:
            nonlocal asked
            state = self._state(call, identity)
            if state in _GONE:
                raise ResourceError(f"peering {identity} is {state}: run `pulumi refresh`, then `pulumi up`")
            if state == _PENDING and not asked:
                call.clients.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=identity)
                asked = True
                state = self._state(call, identity)
            return True if state == "active" else None

        wait_for(call, f"peering {identity}", active)

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id; one that was refused or removed is none, although servers tell of it for a while."""
        peering = _peering(call, identity)
        if peering is None or peering["Status"]["Code"] in _GONE:
            return None
        return {
            "vpcId": peering["RequesterVpcInfo"]["VpcId"],
            "peerVpcId": peering["AccepterVpcInfo"]["VpcId"],
            "state": peering["Status"]["Code"],
            "tags": peering.get("Tags"),
        }

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Part them."""
        del outputs
        if self.look(call, identity) is not None:
            call.clients.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=identity)

    @staticmethod
    def _state(call: Call, identity: str) -> str:
        peering = _peering(call, identity)
        return "deleted" if peering is None else str(peering["Status"]["Code"])


class VpcEndpoint(Ec2Type):
    """A way from a network to a service of the cloud, through route tables (the gateway kind)."""

    token: ClassVar[str] = "hdh:ec2:VpcEndpoint"  # noqa: S105 - a type token
    noun, identifier, making, tagged = "VPC endpoint", "vpcEndpointId", "CreateVpcEndpoint", "vpc-endpoint"

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one."""
        tables = {"RouteTableIds": inputs["routeTableIds"]} if inputs.get("routeTableIds") else {}
        made = call.clients.ec2.create_vpc_endpoint(
            VpcId=inputs["vpcId"], ServiceName=inputs["serviceName"], **tables, **tagging
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def settled(self, call: Call, identity: str) -> None:
        """Available."""

        def available() -> bool | None:
            endpoint = _endpoint(call, identity)
            state = str(endpoint.get("State", "available")).lower() if endpoint else "deleted"
            if state in _GONE:
                raise ResourceError(f"VPC endpoint {identity} is {state}: run `pulumi refresh`, then `pulumi up`")
            return True if state == "available" else None

        wait_for(call, f"VPC endpoint {identity}", available)

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its id, and by the service's name the list of its addresses."""
        endpoint = _endpoint(call, identity)
        if endpoint is None or str(endpoint.get("State")).lower() in _GONE:
            return None
        return {
            "vpcId": endpoint["VpcId"],
            "serviceName": endpoint["ServiceName"],
            "routeTableIds": sorted(endpoint.get("RouteTableIds") or []),
            "prefixListId": _prefix_list(call, endpoint["ServiceName"]),
            "state": str(endpoint.get("State")).lower(),
            "tags": endpoint.get("Tags"),
        }

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Other route tables."""
        wanted, there = set(inputs.get("routeTableIds") or []), set(outputs.get("routeTableIds") or [])
        request = {"AddRouteTableIds": sorted(wanted - there), "RemoveRouteTableIds": sorted(there - wanted)}
        if "routeTableIds" in inputs and wanted != there:
            call.clients.ec2.modify_vpc_endpoint(
                VpcEndpointId=identity, **{name: value for name, value in request.items() if value}
            )

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it; the answer tells of a failure without being one."""
        del outputs
        if self.look(call, identity) is None:
            return
        left = call.clients.ec2.delete_vpc_endpoints(VpcEndpointIds=[identity]).get("Unsuccessful")
        if left:
            error = left[0].get("Error", {})
            raise ResourceError(f"VPC endpoint {identity}: {error.get('Code')}: {error.get('Message')}")


def _peering(call: Call, identity: str) -> dict[str, Any] | None:
    answer = call.clients.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[identity])
    peering: dict[str, Any] | None = first(answer["VpcPeeringConnections"])
    return peering


def _endpoint(call: Call, identity: str) -> dict[str, Any] | None:
    answer = call.clients.ec2.describe_vpc_endpoints(VpcEndpointIds=[identity])
    endpoint: dict[str, Any] | None = first(answer["VpcEndpoints"])
    return endpoint


def _prefix_list(call: Call, service: str) -> str | None:
    """The addresses of a service, as filters name them; None where the endpoint has no list for it."""
    filters = [{"Name": "prefix-list-name", "Values": [service]}]
    found = call.clients.ec2.describe_prefix_lists(Filters=filters)["PrefixLists"]
    named = first([one for one in found if one.get("PrefixListName") == service])
    return named and str(named["PrefixListId"])
