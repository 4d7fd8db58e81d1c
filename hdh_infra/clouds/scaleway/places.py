"""Where resources of Scaleway lie: in a region, or in a zone, whose name begins with its region's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.graph.observation import Native


def region_of(reader: Reader, native: Native) -> str:
    """The region of a resource, by its own word, else the one that the provider is configured for."""
    zone = native.properties.get("zone")
    if isinstance(zone, str) and zone:
        return zone.rsplit("-", 1)[0]
    return str(native.properties.get("region") or reader.site.region.name)


def place(reader: Reader, natives: Iterable[Native]) -> dict[str, Any]:
    """Country and region of resources; null where they lie in several."""
    regions = {region_of(reader, native) for native in natives}
    if len(regions) != 1:
        return {"country": None, "region": ", ".join(sorted(regions)) or None}
    region = regions.pop()
    if region == reader.site.region.name:
        return {"country": reader.site.country, "region": region}
    country = next((one.country for one in reader.site.offer.regions if one.name == region), None)
    return {"country": country, "region": region}
