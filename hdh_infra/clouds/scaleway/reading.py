"""What of finding one's way among native resources is Scaleway's own: they lie in a region or in a zone, whose name begins with its region's."""

from __future__ import annotations

from hdh_infra.clouds import reading
from hdh_infra.graph.observation import Native


class Reader(reading.Reader):
    """The native resources of one deployment, with what the catalogue says of its site."""

    def region(self, native: Native, service: str = "compute") -> str:
        """The region of a resource, by its own word, else the one that the provider is configured for."""
        zone = native.properties.get("zone")
        return zone.rsplit("-", 1)[0] if isinstance(zone, str) and zone else super().region(native, service)
