"""NumSpot put together: its providers, each step of the lowering, and the reading back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.quirks import plugin_settings
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.bastions import bastion_machines
from hdh_infra.clouds.buckets import S3_PROVIDER
from hdh_infra.clouds.crossing import may_have_rights
from hdh_infra.clouds.endpoint import STORES
from hdh_infra.clouds.exits import exit_machines, exits_to_hosts
from hdh_infra.clouds.numspot.bastion import lower_bastion
from hdh_infra.clouds.numspot.compute import lower_machine, observe_machines
from hdh_infra.clouds.numspot.credentials import RIGHTS, SERVICES
from hdh_infra.clouds.numspot.exits import lower_exit, manual_exits
from hdh_infra.clouds.numspot.naming import PROVIDER
from hdh_infra.clouds.numspot.network import lower_network as lower_wires
from hdh_infra.clouds.numspot.network import lower_platform, observe_networks
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.clouds.numspot.rules import SERVICE_FLOWS, lower_link, lower_needs
from hdh_infra.clouds.numspot.storage import lower_store, observe_stores
from hdh_infra.clouds.numspot.traffic import observe_traffic
from hdh_infra.clouds.traffic import observation
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Parameter, Provider
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import Link, Right
from hdh_infra.model.machine import Machine

VERSION = "1.7.3"
"""Of the Terraform provider."""
BRIDGE_VERSION = "1.4.0"
"""Of the plugin `terraform-provider` that bridges it."""
PLUGIN_VERSION = "0.1.0"
"""Of our own plugin."""


def providers(context: Context) -> Mapping[str, Provider]:
    """NumSpot's own and the S3 endpoint; credentials come from the environment."""
    site = context.site
    config = plugin_settings(site.offer)
    config["endpoint"] = context.settings.object_store_endpoint or site.endpoint(STORES)
    config["region"] = site.service_region(STORES)
    bridged = Parameter.terraform("registry.opentofu.org/numspot/numspot", VERSION, BRIDGE_VERSION)
    return {
        PROVIDER: Provider("numspot", VERSION, {"numspotHost": site.endpoint("compute")}, bridged),
        S3_PROVIDER: Provider("hdh", PLUGIN_VERSION, config),
    }


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space, with its bastion, if people get in, its proxy, if hosts are reached by name, and what a space alone asks of machines of zones."""
    yield from lower_wires(context, network)
    yield from lower_bastion(context, network)
    yield from lower_exit(context, network)
    if network.startswith("space/"):
        yield from lower_needs(context, network)


def lower_key(context: Context, path: str) -> tuple[Node, ...]:
    """Nothing: there is no key service that the provider or an S3 call could reach."""
    del context, path
    return ()


def lower_right(context: Context, right: Right) -> tuple[Node, ...]:
    """Nothing: who may do what is said in NumSpot's console, by lists of buckets and by service accounts; a step tells it."""
    del context, right
    return ()


def lower_egress(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing of its own: ranges are one set of rules of the machine's group, and hosts are its network's proxy's."""
    del context, link
    return ()


def manual(context: Context) -> Iterator[ManualStep]:
    """Telling machines of their proxies, and putting each one's key into it: neither the provider nor a VM has an identity that the S3 endpoint knows."""
    yield from manual_exits(context)
    for machine, spec in context.expanded.machines.items():
        if not (spec.identity and may_have_rights(context, machine)):
            continue
        rights = sorted(f"{right.access} {right.store}" for right in context.expanded.rights_of.get(machine, ()))
        yield ManualStep(
            what=f"make a service account with an S3 key for {machine}, let it {', '.join(rights) or 'nothing yet'} by the lists of the buckets, and put the key into the machine, and nowhere else",
            who="whoever administers IAM of the NumSpot organisation, and the administrator of the machine",
            command="POST /iam/organisations/{organisationId}/serviceAccounts/{serviceAccountId}/aksk, then `aws s3api put-bucket-acl` with the S3 id of the account; write the key to /etc/hdh/s3 on the machine (mode 0600), and make a new one before it ends: a key is valid for a year at most",
            proof="the machine lists its bucket; with another machine's key it is refused",
        )


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by NumSpot's meaning of their properties alone."""
    reader = Reader(natives, site)
    traffic = observe_traffic(reader)
    elements = {
        **observe_networks(reader, traffic.people, traffic.apart),
        **observe_stores(reader),
        **observe_machines(reader, traffic.public, traffic.apart),
    }
    return observation(reader, elements, traffic)


def service_machines(expanded: Expanded, site: Site) -> Mapping[str, Machine]:
    """The machines that a plan makes beside those that are asked: bastions and proxies."""
    images = site.offer.images
    return {**bastion_machines(expanded, images), **exit_machines(exits_to_hosts(expanded), images)}


CLOUD = Cloud(
    name="numspot",
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
    identifiers=("bucket",),
    credentials=SERVICES,
    rights=RIGHTS,
    service_machines=service_machines,
    manual=manual,
)
