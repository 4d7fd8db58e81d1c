"""Availability zones of an OpenStack whose volumes and servers have to name one: `zones` among the catalogue's native words.

A volume is attached within its zone only, so that a server and its disks have the same; replicas take turns.
"""

from __future__ import annotations

from hdh_infra.clouds.base import Context
from hdh_infra.graph.values import Value


def zone_of(context: Context, index: int = 0) -> dict[str, Value]:
    """The property that puts a server or a disk of one replica into its zone; none where an offer has one zone only."""
    zones = context.site.offer.native.get("zones") or ()
    return {"availabilityZone": str(zones[index % len(zones)])} if zones else {}
