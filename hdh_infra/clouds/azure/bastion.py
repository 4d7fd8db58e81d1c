"""The entry for people: an Azure Bastion in a network of its own choice of machines. Reading it back: `bastion_reading`.

It stands in a subnet of its own, `AzureBastionSubnet`, whose range the lock gives beside the network's. What it
lets people do is pared down to a terminal: no copying, no files, no tunnels, no links to share. It records no
session, which the dearer Premium kind does into a store by a signed link; that is not planned. A network that was
there before gets none, since a further range of it is not the platform's to give.

Sources: learn.microsoft.com/azure/bastion/bastion-nsg (2026-02-24), bastion-sku-comparison (2025-11-24),
configuration-settings, bastion-faq; zones of it: availability-zone-regions-include (2025-10-21).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, final

from hdh_infra.clouds.azure.addresses import lower_public_address
from hdh_infra.clouds.azure.audit import lower_diagnostics
from hdh_infra.clouds.azure.naming import (
    filter_name,
    group,
    home,
    make,
    network_words,
    region,
    shortened,
)
from hdh_infra.clouds.azure.rules import ENTRY_PRIORITY, FIRST_PRIORITY, closed, lower_filter
from hdh_infra.clouds.azure.subnets import lower_subnet
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import entry_range

SUBNET = "AzureBastionSubnet"
PART = "entry"
HOST = "bastion"
"""What follows a network in the path of its bastion: `zone/administration/bastion`."""
SESSION_PORT = 22
"""Every image of the catalogue is a Linux: people come by SSH."""
_LONGEST_NAME = 80
ANYTHING = "*"


@final
@dataclass(frozen=True, slots=True)
class Need:
    """One rule that Azure wants in the filter before a bastion."""

    name: str
    direction: Literal["Inbound", "Outbound"]
    source: str
    to: str
    ports: tuple[int, ...]
    protocol: str

    @property
    def far(self) -> str:
        """The end that is not the bastion."""
        return self.source if self.direction == "Inbound" else self.to


NEEDS = (
    Need("AllowHttpsInbound", "Inbound", "Internet", ANYTHING, (443,), "Tcp"),
    Need("AllowGatewayManagerInbound", "Inbound", "GatewayManager", ANYTHING, (443,), "Tcp"),
    Need("AllowAzureLoadBalancerInbound", "Inbound", "AzureLoadBalancer", ANYTHING, (443,), "Tcp"),
    Need("AllowBastionHostCommunication", "Inbound", "VirtualNetwork", "VirtualNetwork", (8080, 5701), ANYTHING),
    # To all that is joined, and both ports: Azure refuses a filter without this rule. What it leads to is
    # decided by the filters of the machines, which let a bastion in by one rule of their own or not at all.
    Need("AllowSshRdpOutbound", "Outbound", ANYTHING, "VirtualNetwork", (22, 3389), ANYTHING),
    Need("AllowAzureCloudOutbound", "Outbound", ANYTHING, "AzureCloud", (443,), "Tcp"),
    Need("AllowBastionCommunication", "Outbound", "VirtualNetwork", "VirtualNetwork", (8080, 5701), ANYTHING),
    Need("AllowHttpOutbound", "Outbound", ANYTHING, "Internet", (80,), ANYTHING),
)
"""All that the filter of a bastion must have, and all that it has. Source: learn.microsoft.com/azure/bastion/bastion-nsg, 2026-02-24."""


def has_bastion(context: Context, network: str) -> bool:
    """Whether a plan makes a bastion in a network: not in one that ended, nor in one that was there before."""
    spec = context.expanded.networks[network]
    return spec.entry == "bastion" and not context.expanded.is_closed(network) and context.existing(network) is None


def lower_bastion(context: Context, network: str, after: Sequence[str]) -> Iterator[Node]:
    """A network's bastion with its filter, subnet and address, and the rule that lets it reach the machines.

    Args:
        context: what the lowering reads.
        network: zone or space.
        after: the subnet that was made last, since two writers of one network at a time are refused.
    """
    if not has_bastion(context, network):
        return
    words, common = network_words(context, network), {"resourceGroupName": group(context, network)}
    filtering = f"{network}/filter/{PART}"
    yield from lower_filter(context, network, PART)
    for number, need in enumerate(NEEDS):
        yield make(
            context,
            f"{filtering}/{need.name}",
            "network:SecurityRule",
            {
                **common,
                "networkSecurityGroupName": filter_name(context, network, PART),
                "securityRuleName": need.name,
                "priority": FIRST_PRIORITY + number,
                "direction": need.direction,
                "access": "Allow",
                "protocol": need.protocol,
                "sourceAddressPrefix": need.source,
                "sourcePortRange": "*",
                "destinationAddressPrefix": need.to,
                "destinationPortRanges": [str(port) for port in need.ports],
            },
            after=(filtering,),
        )
    yield lower_subnet(
        context,
        network,
        PART,
        context.service_range(entry_range(network)),
        {"networkSecurityGroup": {"id": ref(filtering)}},
        after=(*closed(network, PART), *(f"{filtering}/{need.name}" for need in NEEDS), *after),
        name=SUBNET,
    )
    yield from lower_public_address(context, network, f"{network}/{HOST}/address", "pip-bas")
    yield from lower_diagnostics(context, f"{network}/{HOST}", "network:BastionHost")
    yield make(
        context,
        f"{network}/{HOST}",
        "network:BastionHost",
        {
            **common,
            "bastionHostName": shortened(f"bas-{words}", _LONGEST_NAME),
            "location": region(context),
            # Of the kinds with a subnet of their own the first that can be kept from copying out.
            "sku": {"name": "Standard"},
            "scaleUnits": 2,
            "disableCopyPaste": True,
            "enableFileCopy": False,
            "enableIpConnect": False,
            "enableKerberos": False,
            "enablePrivateOnlyBastion": False,
            "enableSessionRecording": False,
            "enableShareableLink": False,
            "enableTunneling": False,
            "ipConfigurations": [
                {
                    "name": "entry",
                    "subnet": {"id": ref(f"{network}/subnet/{PART}")},
                    "publicIPAddress": {"id": ref(f"{network}/{HOST}/address")},
                    "privateIPAllocationMethod": "Dynamic",
                }
            ],
        },
        after=(home(network),),
    )
    machines = [path for path in context.expanded.machines if network_path(path) == network]
    if machines:
        yield make(
            context,
            f"{network}/{HOST}/rule",
            "network:SecurityRule",
            {
                **common,
                "networkSecurityGroupName": filter_name(context, network, "machines"),
                "securityRuleName": "allow-entry-in",
                "priority": ENTRY_PRIORITY,
                "direction": "Inbound",
                "access": "Allow",
                "protocol": "Tcp",
                "sourceAddressPrefixes": [str(context.service_range(entry_range(network)))],
                "sourcePortRange": "*",
                "destinationAddressPrefixes": [
                    str(ipaddress.IPv4Network(one))
                    for one in sorted(one for path in machines for one in context.addresses(path))
                ],
                "destinationPortRanges": [str(SESSION_PORT)],
            },
            after=closed(network, "machines"),
        )


__all__ = [
    "ANYTHING",
    "HOST",
    "NEEDS",
    "PART",
    "SESSION_PORT",
    "SUBNET",
    "Need",
    "has_bastion",
    "lower_bastion",
]
