"""The OpenStack of the imaginary hospital Saint-Exemple as a cloud of `hdh_infra`, added from outside by an entry point.

It is OpenStack's kin: what it does otherwise is in `network`, and everything else is OpenStack's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hdh_cloud_saintexemple.network import lower_network
from hdh_infra.clouds.base import Cloud, Context
from hdh_infra.clouds.openstack import CLOUD as OPENSTACK
from hdh_infra.graph.plan import ManualStep


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do: the hospital's own step first."""
    yield ManualStep(
        what="have the project's networks let through the hospital's inner firewall",
        who="the hospital's network team",
        command=f"a ticket with the ranges of {', '.join(context.expanded.networks)}, as the lock has them",
        proof="the ticket is closed, and a machine answers on its port 22 where a flow allows it",
    )
    yield from OPENSTACK.manual(context)


CLOUD: Cloud = dataclasses.replace(OPENSTACK, name="saintexemple", lower_network=lower_network, manual=manual)
