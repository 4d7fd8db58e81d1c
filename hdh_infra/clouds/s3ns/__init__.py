"""S3NS Cloud de Confiance: what a platform becomes on Google's technology in a universe of its own, and how that is read back.

Names: `naming`, `shared`; the network, its routes and the way to the APIs: `network`; filters: `rules`; names of machines: `names`;
accounts and agents: `identities`; roles and rights: `roles`, `grants`; keys: `keys`; stores: `storage`; machines: `compute`, `servers`;
people in and hosts by name out: `bastion`, `exits`, `beside`. Reading back: `reading`, `traffic`, `posture`, and a `..._reading` beside what is long. It knows no Pulumi and no SDK: wire names are those of
pulumi-gcp, checked against its contract in tests. Google's own cloud would be another offer: other places, images and agents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.bastions import bastion_machines
from hdh_infra.clouds.exits import exit_machines, exits_to_hosts
from hdh_infra.clouds.s3ns.bastion import lower_bastion
from hdh_infra.clouds.s3ns.beside import IMAGE
from hdh_infra.clouds.s3ns.compute import lower_machine
from hdh_infra.clouds.s3ns.compute_reading import observe_machines
from hdh_infra.clouds.s3ns.credentials import RIGHTS, SERVICES, TOO_MUCH
from hdh_infra.clouds.s3ns.exits import lower_exit, manual_exits
from hdh_infra.clouds.s3ns.grants import lower_right, observe_rights
from hdh_infra.clouds.s3ns.keys import kept, lower_key, observe_keys
from hdh_infra.clouds.s3ns.naming import PROVIDER, zones
from hdh_infra.clouds.s3ns.network import lower_network as lower_subnet
from hdh_infra.clouds.s3ns.network import lower_platform, observe_networks
from hdh_infra.clouds.s3ns.posture import observe_posture
from hdh_infra.clouds.s3ns.reading import Reader
from hdh_infra.clouds.s3ns.remedies import REMEDIES
from hdh_infra.clouds.s3ns.rules import SERVICE_FLOWS, lower_egress, lower_link
from hdh_infra.clouds.s3ns.storage import entries, lower_store, observe_stores
from hdh_infra.clouds.s3ns.traffic import observe_traffic
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation, ObservedFlow
from hdh_infra.graph.plan import ManualStep, Provider
from hdh_infra.model.expand import Expanded
from hdh_infra.model.machine import Machine

VERSION = "10.2.0"
"""Of the gcp plugin, as the SDK package pins it."""
UNLOWERED: Mapping[str, str] = {
    "store.backup": "no plan of S3NS copies buckets anywhere yet: there is neither a transfer service nor a second region",
    "machine.backup": "no plan of S3NS has a schedule of snapshots yet",
    "store.access_log": "no plan of S3NS brings logs into a store: Cloud Logging there sends none to buckets",
    "audit.keys": "no plan of S3NS brings logs into a store: Cloud Logging there sends none to buckets",
    "audit.administration": "no plan of S3NS brings logs into a store: Cloud Logging there sends none to buckets",
}
"""What no plan answers yet, though the offer may have it."""
_APIS = ("cloudkms", "compute", "dns", "iam", "serviceusage", "storage")


def providers(context: Context) -> Mapping[str, Provider]:
    """The one provider, in this cloud's universe; its credentials come from the environment."""
    project = context.settings.project
    config: dict[str, Any] = {
        "region": context.site.region.name,
        "zone": zones(context)[0],
        "universeDomain": str(context.site.offer.native["universe_domain"]),
        # A label of its own on everything, which no description asks for.
        "addPulumiAttributionLabel": "false",
        **({"project": project} if project else {}),
    }
    return {PROVIDER: Provider("gcp", VERSION, config)}


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space with its bastion, if people get in, and its proxy, if hosts are reached by name."""
    yield from lower_subnet(context, network)
    yield from lower_bastion(context, network)
    yield from lower_exit(context, network)


def service_machines(expanded: Expanded, site: Site) -> Mapping[str, Machine]:
    """The machines that a plan makes beside those that are asked: bastions and proxies."""
    images = site.offer.images
    return {**bastion_machines(expanded, images, IMAGE), **exit_machines(exits_to_hosts(expanded), images, IMAGE)}


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    names = " ".join(f"{one}.googleapis.com" for one in _APIS)
    project = context.settings.project or "s3ns:PROJECT"
    yield ManualStep(
        what="Enable the APIs that the plan uses, once in the project",
        who="an administrator of the project (roles/serviceusage.serviceUsageAdmin)",
        command=f"gcloud services enable {names} --project {project}",
        proof=f"gcloud services list --enabled --project {project} has them all",
    )
    yield from manual_exits(context)


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by Google's meaning of their properties alone."""
    reader = Reader(natives, site)
    rights = observe_rights(reader)
    traffic = observe_traffic(reader, rights)
    elements = {
        **observe_networks(reader, traffic.logged, traffic.people),
        **observe_stores(reader, rights),
        **observe_machines(reader, traffic.public),
        **observe_keys(reader, rights, traffic.reaching),
    }
    return Observation(
        target=str(site.target),
        source=natives.source,
        elements=dict(sorted(elements.items())),
        flows=traffic.flows,
        service_flows=(
            *(ObservedFlow("*", f"{flow.address} ({flow.to})", flow.protocol, flow.ports) for flow in SERVICE_FLOWS),
            *traffic.service_flows,
        ),
        egress=traffic.egress,
        entry=tuple(sorted((*traffic.entry, *entries(reader)))),
        remarks=tuple(sorted({*reader.remarks, *observe_posture(reader)})),
        unread=tuple(sorted(reader.unread)),
    )


CLOUD = Cloud(
    name="s3ns",
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
    identifiers=("email", "selfLink"),
    existing=frozenset({"key", "image"}),
    credentials=SERVICES,
    rights=RIGHTS,
    too_much=TOO_MUCH,
    unlowered=UNLOWERED,
    manual=manual,
    service_machines=service_machines,
    remedies=REMEDIES,
    kept=kept,
)
