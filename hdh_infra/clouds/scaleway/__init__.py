"""Scaleway put together: its providers, each step of the lowering, and the reading back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.quirks import plugin_settings
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.buckets import S3_PROVIDER
from hdh_infra.clouds.scaleway.audit import manual_audit
from hdh_infra.clouds.scaleway.bastion import lower_bastion
from hdh_infra.clouds.scaleway.compute import lower_machine, observe_machines
from hdh_infra.clouds.scaleway.credentials import RIGHTS, SERVICES, TOO_MUCH
from hdh_infra.clouds.scaleway.iam import Iam
from hdh_infra.clouds.scaleway.identities import lower_right, manual_keys
from hdh_infra.clouds.scaleway.key_access import observe_key_access
from hdh_infra.clouds.scaleway.keys import lower_key, lower_key_users, manual_key_users, observe_keys
from hdh_infra.clouds.scaleway.naming import ACL, PROVIDER, VERSION, zones
from hdh_infra.clouds.scaleway.network import lower_network as lower_wires
from hdh_infra.clouds.scaleway.network import lower_platform as lower_common
from hdh_infra.clouds.scaleway.network import observe_networks
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.scaleway.remedies import REMEDIES
from hdh_infra.clouds.scaleway.rights import observe_rights
from hdh_infra.clouds.scaleway.rules import SERVICE_FLOWS, lower_filter
from hdh_infra.clouds.scaleway.storage import lower_store, manual_stores, observe_stores
from hdh_infra.clouds.scaleway.traffic import observe_traffic
from hdh_infra.clouds.traffic import observation
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Provider
from hdh_infra.model.links import Link

PLUGIN_VERSION = "0.1.0"
"""Of our own plugin."""
_ACCESS_KEY = "access-key"


def providers(context: Context) -> Mapping[str, Provider]:
    """Scaleway's own and that of its S3 endpoint; credentials come from the environment."""
    site = context.site
    config = plugin_settings(site.offer)
    if endpoint := context.settings.object_store_endpoint or site.endpoint("object_store"):
        config["endpoint"] = endpoint
    config["region"] = site.service_region("object_store")
    return {
        PROVIDER: Provider("scaleway", VERSION, {"region": site.region.name, "zone": zones(context)[0]}),
        S3_PROVIDER: Provider("hdh", PLUGIN_VERSION, config),
    }


def lower_platform(context: Context) -> Iterator[Node]:
    """The VPC, its lists, the way outside and the keys of people."""
    yield from lower_common(context)
    yield from lower_filter(context)


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space with its entry, and what it gives machines for keys that they use themselves."""
    yield from lower_wires(context, network)
    yield from lower_bastion(context, network)
    yield from lower_key_users(context, network)


def lower_link(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing of its own: flows between machines stand in the VPC's one list, and flows to stores in rights."""
    del context, link
    return ()


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by Scaleway's meaning of their properties alone."""
    reader = Reader(natives, site)
    iam = Iam(reader)
    opened = observe_rights(reader, iam)
    traffic = observe_traffic(reader, opened)
    known = {machine for some in iam.holders.values() for machine in some}
    elements = {
        **observe_networks(reader, traffic.people),
        **observe_stores(reader, opened.grants),
        **observe_machines(reader, traffic.public, dict.fromkeys(known, _ACCESS_KEY)),
        **observe_keys(reader, observe_key_access(reader, iam, opened.applications)),
    }
    return observation(reader, elements, traffic)


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    yield from manual_stores(context)
    if context.expanded.machines:
        yield ManualStep(
            what="encrypt the data disks inside each machine with LUKS before health data come in, as the HDS contract demands, with a passphrase that a key of the platform wraps",
            who="the administrators of machines",
            command="cryptsetup luksFormat /dev/sda; scaleway/docs-content tutorials/encrypt-volumes",
            proof="`lsblk -f` shows crypto_LUKS on every data disk",
        )
    yield from manual_keys(context)
    yield from manual_key_users(context)
    yield from manual_audit(context)


UNLOWERED: Mapping[str, str] = {}
"""What the offer has and no plan answers yet; what it has not, the catalogue says."""

CLOUD = Cloud(
    name="scaleway",
    providers=providers,
    lower_platform=lower_platform,
    lower_network=lower_network,
    lower_key=lower_key,
    lower_store=lower_store,
    lower_machine=lower_machine,
    lower_link=lower_link,
    lower_right=lower_right,
    lower_egress=lower_link,
    observe=observe,
    service_flows=SERVICE_FLOWS,
    shared_documents=frozenset({ACL}),
    # An image is named by its label only; a project is all that groups resources.
    existing=frozenset({"network", "key", "project"}),
    credentials=SERVICES,
    rights=RIGHTS,
    too_much=TOO_MUCH,
    unlowered=UNLOWERED,
    manual=manual,
    remedies=REMEDIES,
)
