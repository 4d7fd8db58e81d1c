"""The way out by names: an Azure Firewall in the network whose machines may reach named hosts. Reading it back: `firewall_reading`.

A security group knows addresses only. Where a host name is asked, all that leaves the network goes through a firewall of
its own, in `AzureFirewallSubnet`, and no NAT gateway is made: host names become application rules, address ranges
network rules, both for the single addresses of the machines that may. What no rule names is refused, by a last word
too: without one Azure's own hosts (images, disks, diagnostics) would pass by a rule that is built in. Each network
has its own firewall: none is shared, so that no packet of one network ever passes through another's.

An application rule knows HTTP (port 80) and TLS by the name in it; so what is asked of a host by UDP, or on a range
of ports, is not lowered. Nor is anything in a network that was there before, whose ranges are not the platform's.

Sources: MicrosoftDocs/azure-docs articles/firewall/rule-processing.md (2020-04-10: order, network rules before
application rules, what is not named is denied), infrastructure-fqdns.md (2019-11-19: the rule that is built in);
microsoft/azure-skills, azure-enterprise-infra-planner/references/constraints (2026-08-21: /26, no filter on the
subnet); pulumi_azure_native 3.29.0, network.AzureFirewall, FirewallPolicy and its rules (ports up to 64000).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

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
from hdh_infra.clouds.azure.rules import EXIT_PRIORITY, closed
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.azure.subnets import lower_subnet
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.links import Link
from hdh_infra.model.paths import network_path
from hdh_infra.model.services import exit_range

SUBNET = "AzureFirewallSubnet"
PART = "exit"
FIREWALL = "exit/firewall"
"""What follows a network in the path of its firewall."""
POLICY = "exit/policy"
_HIGHEST_PORT = 64000
HTTP = 80
_LONGEST_NAME = 80
_LAST_PRIORITY = 65000
_LAST_WORD: Value = {
    "ruleType": "ApplicationRule",
    "name": "nothing-else",
    "sourceAddresses": ["*"],
    "targetFqdns": ["*"],
    "protocols": [{"protocolType": "Http", "port": 80}, {"protocolType": "Https", "port": 443}],
    "terminateTLS": False,
}
"""Before the rule that Azure has built in for hosts of its own."""


def is_expressible(link: Link) -> bool:
    """Whether an application rule can say a way to a host."""
    return link.protocol == "tcp" and all(isinstance(port, int) and port <= _HIGHEST_PORT for port in link.ports)


def has_firewall(context: Context, network: str) -> bool:
    """Whether a plan makes a firewall in a network: where a host is asked that a rule can name."""
    return network in shared(context).with_hosts and context.existing(network) is None


def lower_firewall_subnet(context: Context, network: str) -> Iterator[Node]:
    """The firewall with its address, subnet, policy and rules; before the subnets of machines, whose routes lead to it."""
    if not has_firewall(context, network):
        return
    words, common, zones = (
        network_words(context, network),
        {"resourceGroupName": group(context, network)},
        shared(context).zones,
    )
    policy = shortened(f"afwp-{words}", _LONGEST_NAME)
    yield lower_subnet(context, network, PART, context.service_range(exit_range(network)), {}, after=(), name=SUBNET)
    yield from lower_public_address(context, network, f"{network}/exit/address", "pip-afw")
    yield make(
        context,
        f"{network}/{POLICY}",
        "network:FirewallPolicy",
        {
            **common,
            "firewallPolicyName": policy,
            "location": region(context),
            "sku": {"tier": "Standard"},
            "threatIntelMode": "Deny",
            # Application rules go by the name in the request; machines keep Azure's own name servers.
            "dnsSettings": {"enableProxy": False, "servers": []},
            "sql": {"allowSqlRedirect": False},
        },
        after=(home(network),),
    )
    yield make(
        context,
        f"{network}/exit/rules",
        "network:FirewallPolicyRuleCollectionGroup",
        {
            **common,
            "firewallPolicyName": policy,
            "ruleCollectionGroupName": "egress",
            "priority": 200,
            "ruleCollections": _collections(context, network),
        },
        after=(f"{network}/{POLICY}",),
    )
    yield make(
        context,
        f"{network}/{FIREWALL}",
        "network:AzureFirewall",
        {
            **common,
            "azureFirewallName": shortened(f"afw-{words}", _LONGEST_NAME),
            "location": region(context),
            "sku": {"name": "AZFW_VNet", "tier": "Standard"},
            "firewallPolicy": {"id": ref(f"{network}/{POLICY}")},
            "ipConfigurations": [
                {
                    "name": "exit",
                    "subnet": {"id": ref(f"{network}/subnet/{PART}")},
                    "publicIPAddress": {"id": ref(f"{network}/exit/address")},
                }
            ],
            **({"zones": zones} if zones else {}),
        },
        outputs=("ipConfigurations",),
        # Two writers of one policy at a time are refused: its rules first, then who takes them up.
        after=(home(network), f"{network}/exit/rules"),
    )
    yield from lower_diagnostics(context, f"{network}/{FIREWALL}", "network:AzureFirewall")
    yield _filter_rule(context, network)


def next_hop(network: str) -> Value:
    """The address that a network's routes send what leaves to."""
    return ref(f"{network}/{FIREWALL}", "ipConfigurations[0].privateIPAddress")


def _hosts(context: Context, network: str) -> list[Link]:
    return [one for one in context.expanded.egress_hosts if network_path(one.source) == network and is_expressible(one)]


def _collections(context: Context, network: str) -> list[Value]:
    names = [
        {
            "ruleType": "ApplicationRule",
            "name": f"host-{number}",
            "sourceAddresses": [str(one) for one in context.addresses(link.source)],
            "targetFqdns": [link.to],
            "protocols": [{"protocolType": "Http" if port == HTTP else "Https", "port": port} for port in link.ports],
            "terminateTLS": False,
        }
        for number, link in enumerate(_hosts(context, network))
    ]
    ranges = [
        {
            "ruleType": "NetworkRule",
            "name": f"range-{number}",
            "ipProtocols": [link.protocol.upper()],
            "sourceAddresses": [str(one) for one in context.addresses(link.source)],
            "destinationAddresses": [link.to],
            "destinationPorts": [str(port) for port in link.ports],
        }
        for number, link in enumerate(one for one in context.expanded.egress if network_path(one.source) == network)
    ]
    return [
        {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": name,
            "priority": priority,
            "action": {"type": action},
            "rules": rules,
        }
        for name, priority, action, rules in (
            ("ranges", 200, "Allow", ranges),
            ("hosts", 300, "Allow", names),
            ("nothing-else", _LAST_PRIORITY, "Deny", [_LAST_WORD]),
        )
        if rules
    ]


def _filter_rule(context: Context, network: str) -> Node:
    """What lets the machines' packets to hosts out of their subnet; which hosts, the firewall says."""
    links = _hosts(context, network)
    return make(
        context,
        f"{network}/exit/rule",
        "network:SecurityRule",
        {
            "resourceGroupName": group(context, network),
            "networkSecurityGroupName": filter_name(context, network, "machines"),
            "securityRuleName": "allow-hosts-out",
            "priority": EXIT_PRIORITY,
            "direction": "Outbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefixes": sorted(
                {str(ipaddress.IPv4Network(one)) for link in links for one in context.addresses(link.source)}
            ),
            "sourcePortRange": "*",
            "destinationAddressPrefix": "Internet",
            "destinationPortRanges": [
                str(port) for port in sorted({int(port) for link in links for port in link.ports})
            ],
        },
        after=closed(network, "machines"),
    )


__all__ = [
    "FIREWALL",
    "PART",
    "POLICY",
    "SUBNET",
    "has_firewall",
    "is_expressible",
    "lower_firewall_subnet",
    "next_hop",
]
