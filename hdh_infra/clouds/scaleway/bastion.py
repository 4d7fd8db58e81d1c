"""The entry for people: a Public Gateway of the network's own with an SSH bastion, which gives no way out; and reading it back.

It knows the SSH keys of the project, and people come from the ranges that it is told (scaleway/docs-content
pages/public-gateways/how-to/use-ssh-bastion.mdx, 2025-11-21). It reaches the network that it is attached to, and
every network that receives its default route, which it advertises to none here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ANYWHERE
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.reach import INTERNET
from hdh_infra.clouds.scaleway.naming import GATEWAY, GATEWAY_IP, GATEWAY_NETWORK, PRIVATE_NETWORK, SSH_KEY, make
from hdh_infra.clouds.scaleway.network import ssh_key_path
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import ref

LEVEL = "bastion"
"""The model's word for a managed service."""


def lower_bastion(context: Context, network: str) -> Iterator[Node]:
    """A network's bastion with its address, attached to it alone."""
    if context.expanded.networks[network].entry is None or context.expanded.is_closed(network):
        return
    base = f"{network}/bastion"
    yield make(context, f"{base}/address", GATEWAY_IP, {})
    yield make(
        context,
        f"{base}/gateway",
        GATEWAY,
        {
            "name": native_name(context, base),
            "type": str(context.site.offer.native["gateway_type"]),
            "ipId": ref(f"{base}/address"),
            "bastionEnabled": True,
            "bastionPort": int(context.site.offer.native["bastion_port"]),
            "allowedIpRanges": sorted(set(context.settings.entry_from)) or [str(ANYWHERE)],
            "enableSmtp": False,
        },
        # The keys that the project has when it starts are those that it knows.
        after=[ssh_key_path(number) for number in range(len(context.expanded.platform.ssh_keys))],
        timeouts={"create": "30m", "delete": "30m"},
    )
    yield make(
        context,
        f"{base}/attachment",
        GATEWAY_NETWORK,
        {
            "gatewayId": ref(f"{base}/gateway"),
            "privateNetworkId": ref(f"{network}/network"),
            "enableMasquerade": False,
            "ipamConfigs": [{"pushDefaultRoute": False}],
        },
        fixed=True,
    )


@final
@dataclass
class Gateways:
    """What the Public Gateways of a deployment let in and out."""

    people: dict[str, str] = field(default_factory=dict)
    """By network element, how people get into it."""
    service_flows: list[ObservedFlow] = field(default_factory=list)
    """People in."""
    routed: set[str] = field(default_factory=set)
    """Native paths of Private Networks that have a default route."""


def observe_gateways(reader: Reader) -> Gateways:
    """Where people get in, and which networks have a way out."""
    found = Gateways()
    networks = reader.natives.of_type(PRIVATE_NETWORK)
    everywhere: dict[str, bool] = {}
    for attachment in reader.natives.of_type(GATEWAY_NETWORK):
        gateway = reader.follow(attachment.properties.get("gatewayId"), GATEWAY)
        network = reader.follow(attachment.properties.get("privateNetworkId"), PRIVATE_NETWORK)
        if gateway is None or network is None:
            reader.remarks.add(f"{attachment.path}: joins a gateway and a network that are not both the platform's")
            continue
        reached = [network]
        if _advertises(attachment):
            found.routed.add(network.path)
            vpc = _vpc(reader, network)
            everywhere[vpc] = True
            reached += [one for one in networks if _opts_in(one) and _vpc(reader, one) == vpc]
        if gateway.properties.get("bastionEnabled") is True:
            _people(reader, found, gateway, reached)
    found.routed |= {one.path for one in networks if _opts_in(one) and everywhere.get(_vpc(reader, one))}
    return found


def _people(reader: Reader, found: Gateways, gateway: Native, reached: list[Native]) -> None:
    ranges = [str(one) for one in listed(gateway.properties.get("allowedIpRanges"))]
    # A list that is not set has one entry, everywhere; an address may be written without its length.
    ranges = ranges or [str(ANYWHERE)]
    port = int(gateway.properties.get("bastionPort") or reader.site.offer.native["bastion_port"])
    if not reader.natives.of_type(SSH_KEY) and reader.natives.source == "plan":
        reader.remarks.add(
            f"{gateway.path}: the plan gives the project no SSH key, since the description has no ssh_keys"
        )
    for network in {one.path: one for one in reached}.values():
        found.people[network.element] = LEVEL
        for one in ranges:
            source = INTERNET if one == str(ANYWHERE) else one
            found.service_flows.append(ObservedFlow(source, f"{network.element} (entry for people)", "tcp", (port,)))


def _advertises(attachment: Native) -> bool:
    """Whether a gateway tells a network that it is the way outside; where nobody says, the provider does (ipam_config, push_default_route)."""
    configs = listed(attachment.properties.get("ipamConfigs"))
    return any(one.get("pushDefaultRoute") is True for one in configs)


def _opts_in(network: Native) -> bool:
    return network.properties.get("enableDefaultRoutePropagation") is True


def _vpc(reader: Reader, network: Native) -> str:
    value = network.properties.get("vpcId")
    vpc = reader.natives.follow(value)
    return vpc.path if vpc is not None else str(value)
