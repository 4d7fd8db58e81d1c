"""What the flows and rights of a spec could ever ask of a network on the router: `clouds.crossing` with OpenStack's own ways out.

A zone's way to the router is there where it has machines, for a space's own flow may lead there; the rest follows the
patterns of the platform and of the defaults of spaces (law 4).
"""

from __future__ import annotations

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.crossing import (
    Need,
    crosses,
    has_machines,
    links_from,
    may_have_rights,
    need_path,
    needs_of,
    rights_of_need,
    store_openings,
)
from hdh_infra.clouds.openstack.exits import has_exit
from hdh_infra.clouds.openstack.lacks import has_routers

__all__ = [
    "Need",
    "has_bastion",
    "leaves",
    "links_from",
    "may_have_rights",
    "need_path",
    "needs_of",
    "rights_of_need",
    "store_openings",
]


def has_bastion(context: Context, network: str) -> bool:
    """Whether people get into a network by a bastion: not into one that ended, and not where no router leads to one."""
    entered = context.expanded.networks[network].entry is not None and not context.expanded.is_closed(network)
    return entered and has_routers(context.site)


def leaves(context: Context, network: str) -> bool:
    """Whether a network is on the router: a zone with machines, for a space's own flow may lead there; a space with a flow beyond it, a proxy or an entry."""
    if not has_routers(context.site):
        return False
    if not network.startswith("space/"):
        return has_machines(context, network)
    return (
        network in context.egress_networks
        or has_exit(context, network)
        or (has_bastion(context, network) and has_machines(context, network))
        or crosses(context, network)
    )
