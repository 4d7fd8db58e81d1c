"""Private endpoints: a service of Azure at a fixed address of a network's own, and the names that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hdh_infra.clouds.azure.naming import group, home, make, region
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref


class Service(NamedTuple):
    """What an endpoint leads to."""

    group: str
    """Azure's word for the service of the resource: `blob`, `vault`."""
    member: str
    """Azure's word for the part of it that has the address."""
    resource: str
    """Path of the account or vault."""
    zone: str
    """Path of the private zone that its name is in."""


def lower_private_endpoint(context: Context, network: str, path: str, name: str, service: Service) -> Iterator[Node]:
    """An endpoint in a network's subnet for them, and its record in the service's zone.

    Args:
        context: what the lowering reads.
        network: zone or space that it lies in.
        path: what its nodes are pathed under, and what the lock has its address by.
        name: its native name.
        service: what it leads to.
    """
    common: dict[str, Value] = {"resourceGroupName": group(context, network), "privateEndpointName": name}
    yield make(
        context,
        f"{path}/endpoint",
        "network:PrivateEndpoint",
        {
            **common,
            "location": region(context),
            "customNetworkInterfaceName": f"nic-{name}",
            "subnet": {"id": ref(f"{network}/subnet/endpoints")},
            "ipConfigurations": [
                {
                    "name": service.group,
                    "groupId": service.group,
                    "memberName": service.member,
                    "privateIPAddress": str(context.addresses(path)[0]),
                }
            ],
            "privateLinkServiceConnections": [
                {
                    "name": service.group,
                    "groupIds": [service.group],
                    "privateLinkServiceId": ref(service.resource),
                }
            ],
        },
        after=(home(network),),
    )
    yield make(
        context,
        f"{path}/endpoint-names",
        "network:PrivateDnsZoneGroup",
        {
            **common,
            "privateDnsZoneGroupName": "default",
            "privateDnsZoneConfigs": [{"name": service.group, "privateDnsZoneId": ref(service.zone)}],
        },
        after=(f"{path}/endpoint",),
    )
