"""Which networks a machine is on: they are made by hand, and looked up by the name that a step of the plan gives them.

Each zone and space has a private network of the backbone: a segment of its own, without a router and without a
filter. A machine whose flows lead beyond it, to another network, a store or outside, has a second adapter on the
network's counterpart in the VPC, whose router joins all of them (Cloud-Temple/docs docs/network/vpc/concepts.md). The first
adapter cannot be on a VPC (provider docs/resources/public_cloud_vm_instance.md, read 2026-11-25).
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.cloudtemple.naming import GET_NETWORK, by_name
from hdh_infra.clouds.crossing import crosses, has_machines, links_from, store_openings
from hdh_infra.clouds.naming import native_name, shortened
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import matches, network_path

IN_VPC = "-vpc"
"""At the end of the name of a network's counterpart in the VPC."""


def segment(context: Context, network: str) -> Value:
    """The private network of the backbone that a zone or space is: named by its id, else looked up by its name."""
    existing = context.existing(network)
    return existing.id if existing is not None else by_name(GET_NETWORK, native_name(context, network))


def counterpart(context: Context, network: str) -> Value:
    """The network of the VPC that a zone's or space's machines are on where their flows lead beyond it."""
    return by_name(GET_NETWORK, vpc_name(context, network))


def vpc_name(context: Context, network: str) -> str:
    """What the counterpart of a network in the VPC is called."""
    return f"{shortened(native_name(context, network), 63 - len(IN_VPC))}{IN_VPC}"


def goes_beyond(context: Context, machine: str) -> bool:
    """Whether a machine is in the VPC too: of a zone by the patterns of the platform and of the spaces' defaults alone (law 4)."""
    if store_openings(context, machine) or any(network_path(one.to) is None for one in links_from(context, machine)):
        return True
    network = network_path(machine) or ""
    if network.startswith("space/"):
        return crosses(context, network)
    flows = (*context.expanded.platform.flows, *context.expanded.latent_flows)
    return any(
        (_means(flow.source, machine) and not _stays(flow.to, network))
        or (_means(flow.to, machine) and not _stays(flow.source, network))
        for flow in flows
    )


def _means(pattern: str, machine: str) -> bool:
    return matches(pattern, machine) or matches(pattern, network_path(machine) or "")


def _stays(pattern: str, network: str) -> bool:
    return network_path(pattern) == network


def manual_networks(context: Context) -> Iterator[ManualStep]:
    """The networks themselves, which the provider only reads."""
    for network in context.expanded.networks:
        if context.existing(network) is None:
            yield ManualStep(
                what=f"order the private network {native_name(context, network)} of the backbone, for {network} alone, and let nothing else of the tenant onto it",
                who="whoever orders networks in Cloud Temple's console",
                command=f"console, Network, private networks; serve {context.address_range(network)} there, from a machine or by fixed addresses: the backbone gives none",
                proof="it is listed by the data source cloudtemple_public_cloud_vm_network, and its machines reach no other network",
            )
        machines = [path for path in context.expanded.machines if network_path(path) == network]
        if has_machines(context, network) and any(goes_beyond(context, path) for path in machines):
            yield ManualStep(
                what=f"order the private network {vpc_name(context, network)} of the platform's VPC with the range {context.address_range(network)}, and let nothing else of the tenant into that VPC",
                who="whoever orders networks in Cloud Temple's console",
                command="console, Network, VPC: one VPC for the platform, its gateway only where machines go outside or to stores, then its private networks",
                proof="it is listed by the data source cloudtemple_public_cloud_vm_network with its VPC",
            )
