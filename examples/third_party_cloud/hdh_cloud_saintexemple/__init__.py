"""The OpenStack of the imaginary hospital Saint-Exemple as a cloud of `hdh_infra`, added from outside by an entry point.

It is OpenStack's kin: what it does otherwise is in `network`, what it signs in to in `credentials`, and everything else is
OpenStack's own. What its own type takes, and what changes of it do, is in `contracts`; how it is played, in `simulator`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from hdh_cloud_saintexemple.credentials import FIREWALL, PASSAGES
from hdh_cloud_saintexemple.network import PROVIDER, lower_network, observe_passages
from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.openstack import CLOUD as OPENSTACK
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.plan import ManualStep, Parameter, Provider

VERSION = "0.3.0"
"""Of the hospital's Terraform provider: that which the contracts were read from."""
BRIDGE_VERSION = "1.4.0"
"""Of the plugin `terraform-provider` that bridges it."""


def providers(context: Context) -> Mapping[str, Provider]:
    """OpenStack's, and the hospital's own for its firewall; the token comes from the environment."""
    bridged = Parameter.terraform("registry.opentofu.org/saint-exemple/saintexemple", VERSION, BRIDGE_VERSION)
    firewall = {"endpoint": str(context.site.offer.native["firewall"])}
    return {**OPENSTACK.providers(context), PROVIDER: Provider("saintexemple", VERSION, firewall, bridged)}


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give: OpenStack's reading, and what the passages are."""
    found = OPENSTACK.observe(natives, site)
    return dataclasses.replace(found, remarks=tuple(sorted((*found.remarks, *observe_passages(natives)))))


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do: the hospital's own step first."""
    yield ManualStep(
        what="have a token of the hospital's firewall made for the project, and set SAINTEXEMPLE_TOKEN",
        who="the hospital's network team",
        command=f"a ticket with the ranges of {', '.join(context.expanded.networks)}, as the lock has them",
        proof="the ticket is closed, and the token opens the list of the project's passages",
    )
    yield from OPENSTACK.manual(context)


CLOUD: Cloud = dataclasses.replace(
    OPENSTACK,
    name="saintexemple",
    providers=providers,
    lower_network=lower_network,
    observe=observe,
    manual=manual,
    credentials=(*OPENSTACK.credentials, FIREWALL),
    rights=(*OPENSTACK.rights, PASSAGES),
)
