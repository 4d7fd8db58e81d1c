"""OpenStack put together: its providers, each step of the lowering, and the reading back, for clouds that derive from it too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.quirks import plugin_settings
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.bastions import bastion_machines
from hdh_infra.clouds.buckets import S3_PROVIDER
from hdh_infra.clouds.endpoint import STORES
from hdh_infra.clouds.exits import exit_machines
from hdh_infra.clouds.openstack.bastion import lower_bastion
from hdh_infra.clouds.openstack.client_side import manual_client_side
from hdh_infra.clouds.openstack.compute import lower_machine as lower_server
from hdh_infra.clouds.openstack.compute import observe_machines
from hdh_infra.clouds.openstack.credentials import RIGHTS, SERVICES, TOO_MUCH
from hdh_infra.clouds.openstack.exit_machine import lower_exit, manual_exits
from hdh_infra.clouds.openstack.exits import exits_of
from hdh_infra.clouds.openstack.identities import (
    BY_ACCESS_KEY,
    Rights,
    holders,
    lower_identity,
    lower_right,
    manual_keys,
    observe_grants,
    observe_rights,
)
from hdh_infra.clouds.openstack.keys import lower_key, observe_keys
from hdh_infra.clouds.openstack.lacks import has_routers
from hdh_infra.clouds.openstack.naming import KEY_ACL, PROVIDER
from hdh_infra.clouds.openstack.network import lower_network as lower_wires
from hdh_infra.clouds.openstack.network import lower_platform, observe_networks
from hdh_infra.clouds.openstack.object_store import uses_swift
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.remedies import REMEDIES
from hdh_infra.clouds.openstack.rules import SERVICE_FLOWS, lower_needs
from hdh_infra.clouds.openstack.rules import lower_link as lower_peers
from hdh_infra.clouds.openstack.storage import lower_store, observe_stores
from hdh_infra.clouds.openstack.traffic import observe_traffic
from hdh_infra.clouds.traffic import observation
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Provider
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link
from hdh_infra.model.machine import Machine

VERSION = "5.5.3"
"""Of the openstack plugin, as the SDK package pins it."""
PLUGIN_VERSION = "0.1.0"
"""Of our own plugin."""


def providers(context: Context) -> Mapping[str, Provider]:
    """OpenStack and the S3 endpoint; credentials come from the environment or `clouds.yaml`."""
    endpoint = context.settings.object_store_endpoint or context.site.endpoint(STORES)
    config = plugin_settings(context.site.offer)
    if endpoint:
        config["endpoint"] = endpoint
    config["region"] = context.site.service_region(STORES)
    openstack = {PROVIDER: Provider("openstack", VERSION, {"region": context.site.service_region("compute")})}
    if uses_swift(context.site):
        # Our own plugin is there for lists of Barbican alone, and asks for no endpoint and no credentials of S3.
        return {**openstack, S3_PROVIDER: Provider("hdh", PLUGIN_VERSION, {"withoutS3": True})}
    return {
        **openstack,
        S3_PROVIDER: Provider("hdh", PLUGIN_VERSION, config),
    }


UNLOWERED: Mapping[str, str] = {
    "store.backup": "no plan of OpenStack copies buckets anywhere yet, whatever service the operator has for it",
    "store.soft_delete": "no plan of OpenStack asks for a bin of deleted objects yet; versions keep what is deleted or overwritten",
    "machine.backup": "no plan of OpenStack has a schedule of volume backups yet: Cinder makes each by an order of its own",
    "network.names": "no plan of OpenStack gives machines names without a Designate that is declared (network.names: designate): Neutron answers for the names of one network only, and may publish them outside",
    "network.flow_logs": "no plan of OpenStack asks Neutron for logs of its filters: pulumi-openstack 5.5.3 has no resource for them, and they go into files of the operator's hosts; a step of the plan says how to switch them on",
    "audit.keys": "no plan of OpenStack brings the audit records of Barbican into a store: they go to the operator's own message bus, and no API asks for them or sends them elsewhere",
    "audit.administration": "no plan of OpenStack brings the audit records of its services into a store: they go to the operator's own message bus, and no API asks for them or sends them elsewhere",
}
"""What no plan answers yet, though an operator may have it."""


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element with its credentials."""
    yield from lower_server(context, path)
    for base, _ in holders(context, path):
        yield from lower_identity(context, base)


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space; with it what a space alone asks of machines of zones."""
    yield from lower_wires(context, network)
    yield from lower_bastion(context, network)
    yield from lower_exit(context, network)
    yield from lower_needs(context, network)
    for base, _ in holders(context, network):
        yield from lower_identity(context, base)


def lower_link(context: Context, link: Link) -> Iterator[Node]:
    """One flow between machines; one to a store needs a right, and the way to it is the machine's filter or a proxy."""
    if link.to not in context.expanded.stores:
        yield from lower_peers(context, link)


def lower_egress(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing of its own: ranges are one set of rules of the machine's group, and hosts are its network's proxy's."""
    del context, link
    return ()


def read_back(
    natives: Natives,
    site: Site,
    *,
    keys: Callable[[Reader], dict[str, dict[str, Any]]] = observe_keys,
    rights: Callable[[Reader], dict[str, Rights]] = observe_rights,
) -> Observation:
    """What native resources give.

    Args:
        natives: of a plan, a state or live servers.
        site: where.
        keys: how the key service is read, which clouds that derive from OpenStack have of their own.
        rights: how credentials and their rights are read, likewise.
    """
    reader = Reader(natives, site)
    known = rights(reader)
    grants = observe_grants(reader, known)
    traffic = observe_traffic(reader, known)
    elements = {
        **observe_networks(reader, traffic.people, traffic.apart),
        **observe_stores(reader, grants),
        **observe_machines(reader, traffic.public, dict.fromkeys(known, BY_ACCESS_KEY), traffic.apart),
        **keys(reader),
    }
    return observation(reader, elements, traffic)


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    if context.site.fact("network.flow_logs").value and any(map(context.expanded.flow_logs, context.expanded.networks)):
        yield ManualStep(
            what="switch Neutron's logs of what filters let through and refuse on, and agree with the operator how they come into the audit store",
            who="a manager of the project (Neutron's policy create_log), and the operator",
            command="for each group that `openstack security group list` has: openstack network log create --resource-type security_group --resource GROUP --event ALL --enable LOG",
            proof="`openstack network log list` has every group, and the operator's files come",
        )
    yield from manual_exits(context)
    yield from manual_keys(context)
    yield from manual_client_side(context)


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by OpenStack's meaning of their properties alone."""
    return read_back(natives, site)


def service_machines(expanded: Expanded, site: Site) -> Mapping[str, Machine]:
    """The machines that a plan makes beside those that are asked: bastions and proxies."""
    images = site.offer.images
    bastions = bastion_machines(expanded, images) if has_routers(site) else {}
    return {**bastions, **exit_machines(exits_of(expanded, site), images)}


CLOUD = Cloud(
    name="openstack",
    # A project is all that groups its resources.
    existing=frozenset({"network", "key", "image", "project"}),
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
    # By what an order made, its list of readers points at it.
    identifiers=("secretRef", "containerRef"),
    protecting=frozenset({KEY_ACL}),
    credentials=SERVICES,
    rights=RIGHTS,
    too_much=TOO_MUCH,
    unlowered=UNLOWERED,
    manual=manual,
    service_machines=service_machines,
    remedies=REMEDIES,
)
