"""Cloud Temple put together: its provider, each step of the lowering, and the reading back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.cloudtemple.compute import lower_machine as lower_vms
from hdh_infra.clouds.cloudtemple.compute import observe_machines
from hdh_infra.clouds.cloudtemple.credentials import RIGHTS, SERVICES
from hdh_infra.clouds.cloudtemple.naming import PROVIDER
from hdh_infra.clouds.cloudtemple.network import manual_networks
from hdh_infra.clouds.cloudtemple.reading import Reader
from hdh_infra.clouds.cloudtemple.storage import (
    BY_ACCESS_KEY,
    has_account,
    lower_account,
    lower_right,
    lower_store,
    manual_keys,
    manual_stores,
    needs,
    observe_rights,
    observe_stores,
)
from hdh_infra.clouds.cloudtemple.traffic import observe_traffic
from hdh_infra.clouds.traffic import observation
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Parameter, Provider
from hdh_infra.model.links import Link

VERSION = "1.10.0"
"""Of the Terraform provider."""
BRIDGE_VERSION = "1.4.0"
"""Of the plugin `terraform-provider` that bridges it."""

UNLOWERED: Mapping[str, str] = {
    "store.retention": "no plan of Cloud Temple protects a bucket against deletion: the provider reads that setting and cannot write it; a step of the plan says where it is set",
    "store.expiry": "no plan of Cloud Temple sets rules of age: the provider has none, and the S3 API takes them with a global key of the whole tenant only",
    "machine.backup": "no plan of Cloud Temple chooses a policy of backup yet: it says the one that backs nothing up, by its name",
    "network.entry": "no plan of Cloud Temple orders its Bastion, which the provider does not have",
}
"""What no plan answers yet, though the offer has it."""


def providers(context: Context) -> Mapping[str, Provider]:
    """Cloud Temple's own; credentials come from the environment."""
    del context
    bridged = Parameter.terraform("registry.opentofu.org/cloud-temple/cloudtemple", VERSION, BRIDGE_VERSION)
    return {PROVIDER: Provider("cloudtemple", VERSION, {}, bridged)}


def lower_nothing(context: Context, *_: object) -> tuple[Node, ...]:
    """Nothing: what would be made is not the provider's to make."""
    del context
    return ()


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """Nothing of a network itself; with a space the accounts that it alone has zones' machines given."""
    for base, _ in needs(context, network):
        yield lower_account(context, base)


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element with its account."""
    yield from lower_vms(context, path)
    if has_account(context, path):
        yield lower_account(context, path)


def lower_link(context: Context, link: Link) -> tuple[Node, ...]:
    """Nothing: there is no filter, so that nothing has to be opened and nothing can be closed."""
    del context, link
    return ()


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    yield from manual_networks(context)
    yield from manual_keys(context)
    yield from manual_stores(context)


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by Cloud Temple's meaning of their properties alone."""
    reader = Reader(natives, site)
    rights = observe_rights(reader)
    traffic = observe_traffic(reader, rights)
    elements = {
        **observe_stores(reader, rights),
        **observe_machines(reader, traffic.public, dict.fromkeys(rights, BY_ACCESS_KEY)),
    }
    return observation(reader, elements, traffic)


CLOUD = Cloud(
    name="cloudtemple",
    existing=frozenset({"network"}),
    providers=providers,
    lower_platform=lower_nothing,
    lower_network=lower_network,
    lower_key=lower_nothing,
    lower_store=lower_store,
    lower_machine=lower_machine,
    lower_link=lower_link,
    lower_right=lower_right,
    lower_egress=lower_nothing,
    observe=observe,
    service_flows=(),
    identifiers=("name", "macAddress"),
    credentials=SERVICES,
    rights=RIGHTS,
    unlowered=UNLOWERED,
    manual=manual,
)
