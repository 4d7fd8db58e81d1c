"""OUTSCALE put together: its provider, each step of the lowering, and the reading back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.quirks import plugin_settings
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.bastions import bastion_machines
from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.endpoint import STORES
from hdh_infra.clouds.exits import exit_machines, exits_to_hosts
from hdh_infra.clouds.outscale.bastion import lower_bastion
from hdh_infra.clouds.outscale.compute import lower_machine, observe_machines
from hdh_infra.clouds.outscale.credentials import RIGHTS, SERVICES, TOO_MUCH
from hdh_infra.clouds.outscale.exits import lower_exit, manual_exits
from hdh_infra.clouds.outscale.identities import (
    BY_ACCESS_KEY,
    lower_right,
    manual_keys,
    observe_grants,
    observe_rights,
)
from hdh_infra.clouds.outscale.keys import lower_key, manual_client_side
from hdh_infra.clouds.outscale.naming import PROVIDER
from hdh_infra.clouds.outscale.network import lower_network as lower_wires
from hdh_infra.clouds.outscale.network import lower_platform, observe_networks
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.clouds.outscale.remedies import REMEDIES
from hdh_infra.clouds.outscale.rules import SERVICE_FLOWS, lower_link
from hdh_infra.clouds.outscale.storage import lower_store, observe_stores
from hdh_infra.clouds.outscale.traffic import observe_traffic
from hdh_infra.clouds.traffic import observation
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Provider
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.machine import Machine

PLUGIN_VERSION = "0.1.0"
"""Of our own plugin."""
_ENDPOINTS = {"endpoint": STORES, "ec2Endpoint": "compute"}
_NOT_YET = "no plan of OUTSCALE"
UNLOWERED: Mapping[str, str] = {
    "machine.gpu": f"{_NOT_YET} makes a flexible GPU: only the OUTSCALE API has them, and the machine has to be stopped; a step of the plan says how to attach one",
    "machine.backup": f"{_NOT_YET} has a schedule of snapshots: each is made by an order of its own",
}
"""What the offer has, or could have by a machine of one's own, and no plan answers yet."""


def providers(context: Context) -> Mapping[str, Provider]:
    """Our own plugin, sent to OUTSCALE's endpoints of the region; credentials come from the environment."""
    site = context.site
    config: dict[str, Any] = {name: site.endpoint(service) for name, service in _ENDPOINTS.items()}
    config |= plugin_settings(site.offer)
    # Lists of a provider's settings go as they are: what the EC2-compatible endpoint does not know is taken out of requests.
    config["ec2Without"] = list(site.offer.native["ec2_without"])
    config["region"] = site.service_region("compute")
    return {PROVIDER: Provider("hdh", PLUGIN_VERSION, config)}


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space with its bastion, if people get in, and its proxy, if hosts are reached by name."""
    yield from lower_wires(context, network)
    yield from lower_bastion(context, network)
    yield from lower_exit(context, network)


def lower_egress(context: Context, link: Link) -> tuple[()]:
    """Nothing of its own: ranges are one set of rules of the machine's group, and hosts are its network's proxy's."""
    del context, link
    return ()


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by OUTSCALE's meaning of their properties alone."""
    reader = Reader(natives, site)
    rights = observe_rights(reader)
    traffic = observe_traffic(reader, rights)
    elements = {
        **observe_networks(reader, traffic.people, traffic.apart),
        **observe_stores(reader, observe_grants(reader, rights)),
        **observe_machines(reader, traffic.public, dict.fromkeys(rights, BY_ACCESS_KEY), traffic.apart),
    }
    return observation(reader, elements, traffic)


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    for path, machine in context.expanded.machines.items():
        chosen = context.flavour(path).gpu
        if machine.gpu and chosen:
            model = context.site.offer.native["gpus"][chosen.model]
            yield ManualStep(
                what=f"attach {machine.gpu.count} flexible GPU of the model {model} to each replica of {path}",
                who="an administrator of the account",
                command=f"osc-cli api CreateFlexibleGpu --ModelName {model}, in the machine's subregion and for its generation; stop the VM; osc-cli api LinkFlexibleGpu --FlexibleGpuId ID --VmId ID; start it",
                proof="`osc-cli api ReadFlexibleGpus` shows it attached",
            )
    yield from manual_exits(context)
    yield from manual_keys(context)
    yield from manual_client_side(context)


def service_machines(expanded: Expanded, site: Site) -> Mapping[str, Machine]:
    """The machines that a plan makes beside those that are asked: bastions and proxies."""
    images = site.offer.images
    return {**bastion_machines(expanded, images), **exit_machines(exits_to_hosts(expanded), images)}


CLOUD = Cloud(
    name="outscale",
    existing=frozenset({"image"}),
    providers=providers,
    lower_platform=lower_platform,
    lower_network=lower_network,
    lower_key=lower_key,
    lower_store=lower_store,
    lower_machine=lower_machine,
    lower_link=lower_link,
    lower_right=lower_right,
    lower_egress=lower_egress,
    observe=observe,
    service_flows=SERVICE_FLOWS,
    service_machines=service_machines,
    shared_documents=frozenset({BUCKET}),
    unlowered=UNLOWERED,
    credentials=SERVICES,
    rights=RIGHTS,
    too_much=TOO_MUCH,
    manual=manual,
    remedies=REMEDIES,
)
