"""What of finding one's way among native resources is OUTSCALE's own: where a thing lies says its subregion.

The name of a subregion is its region's with a letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hdh_infra.clouds import reading
from hdh_infra.graph.observation import Native


class Reader(reading.Reader):
    """The native resources of one deployment, with what the catalogue says of its site."""

    def region(self, native: Native, service: str = "compute") -> str:
        """The region of a resource: that of its subregion, or its own, else the one that the plugin is configured for."""
        placement = native.properties.get("placement")
        zone = native.properties.get("availabilityZone") or (
            placement.get("availabilityZone") if isinstance(placement, Mapping) else None
        )
        return zone[:-1] if isinstance(zone, str) and zone else super().region(native, service)


def tags_of(native: Native) -> Mapping[str, Any]:
    """The tags of a resource; OUTSCALE itself reads some of them."""
    tags = native.properties.get("tags")
    return tags if isinstance(tags, Mapping) else {}
