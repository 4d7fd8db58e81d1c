"""OVHcloud Public Cloud: OpenStack for networks and machines, S3 buckets, and OVHcloud's own keys and users.

It derives from `openstack` and replaces what differs: `keys` and `identities`. Wire names are those of pulumi-ovh.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.openstack.bastion import lower_bastion
from hdh_infra.clouds.openstack.client_side import manual_client_side
from hdh_infra.clouds.openstack.cloud import CLOUD as OPENSTACK
from hdh_infra.clouds.openstack.cloud import providers as openstack_providers
from hdh_infra.clouds.openstack.cloud import read_back
from hdh_infra.clouds.openstack.compute import lower_machine as lower_server
from hdh_infra.clouds.openstack.exit_machine import lower_exit, manual_exits
from hdh_infra.clouds.openstack.identities import manual_keys
from hdh_infra.clouds.openstack.network import ROUTER_PATH
from hdh_infra.clouds.openstack.network import lower_network as lower_wires
from hdh_infra.clouds.openstack.network import lower_platform as lower_router
from hdh_infra.clouds.openstack.rules import lower_needs
from hdh_infra.clouds.ovhcloud.identities import lower_identities, observe_rights
from hdh_infra.clouds.ovhcloud.keys import lower_domain, lower_key, observe_keys
from hdh_infra.clouds.ovhcloud.naming import IAM_POLICY, POLICY, PROVIDER, VERSION
from hdh_infra.clouds.ovhcloud.vrack import after_vrack, lower_vrack, manual_vrack
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Provider
from hdh_infra.model.links import Right

KEY_SERVICE = "the key service, the service key of {key}, which gives data keys and unwraps them (`datakey`), by a certificate of whoever may"
"""Where a key lies that is used in the client."""


def providers(context: Context) -> Mapping[str, Provider]:
    """Those of OpenStack and OVHcloud's own; credentials come from the environment."""
    return {**openstack_providers(context), PROVIDER: Provider("ovh", VERSION)}


def lower_platform(context: Context) -> Iterator[Node]:
    """The router, the vRack that networks lie in, and the domain of keys."""
    yield from lower_router(context)
    yield from lower_vrack(context)
    yield from lower_domain(context)


def lower_machine(context: Context, path: str) -> Iterator[Node]:
    """One machine element with its user, key and rights."""
    yield from lower_server(context, path)
    yield from lower_identities(context, path)


def lower_network(context: Context, network: str) -> Iterator[Node]:
    """One zone or space; with it what a space alone asks of machines of zones."""
    wires = (
        *lower_wires(context, network),
        *lower_bastion(context, network),
        *lower_exit(context, network),
    )
    yield from after_vrack(context, wires)
    yield from lower_needs(context, network)
    yield from lower_identities(context, network)


def lower_right(context: Context, right: Right) -> tuple[Node, ...]:
    """Nothing of its own: rights on stores stand in the document of the machine's user."""
    del context, right
    return ()


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    yield from manual_vrack(context)
    yield ManualStep(
        what="where the region refuses a router with a gateway, order a Gateway and let the stack take it over",
        who="the owner of the project",
        command=f"ovhcloud API: POST /cloud/project/PROJECT/region/REGION/gateway; pulumi import openstack:networking/router:Router {ROUTER_PATH} ID",
        proof="`openstack router show` has external_gateway_info, and the next preview changes nothing",
    )
    yield from manual_exits(context)
    yield from manual_keys(context)
    yield from manual_client_side(context, KEY_SERVICE)


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by OpenStack's and OVHcloud's meaning of their properties alone."""
    return read_back(natives, site, keys=observe_keys, rights=observe_rights)


UNLOWERED: Mapping[str, str] = {}
"""What the offer has and no plan answers yet; what it has not, the catalogue says."""


CLOUD: Cloud = dataclasses.replace(
    OPENSTACK,
    name="ovhcloud",
    providers=providers,
    lower_platform=lower_platform,
    lower_network=lower_network,
    lower_key=lower_key,
    lower_machine=lower_machine,
    lower_right=lower_right,
    observe=observe,
    protecting=frozenset({IAM_POLICY}),
    unlowered=UNLOWERED,
    shared_documents=frozenset({POLICY}),
    manual=manual,
)
