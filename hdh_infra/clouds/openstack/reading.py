"""What of finding one's way among native resources is OpenStack's own: containers of Swift beside buckets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from hdh_infra.clouds import reading
from hdh_infra.clouds.openstack.naming import CONTAINER
from hdh_infra.graph.observation import Native


class Reader(reading.Reader):
    """The native resources of one deployment, with what the catalogue says of its site."""

    @cached_property
    def buckets(self) -> Mapping[str, Native]:
        """Buckets by name, and containers of Swift, which an offer has in their place."""
        containers = {str(one.properties.get("name")): one for one in self.natives.of_type(CONTAINER)}
        return {str(one.properties.get("bucket")): one for one in self.natives.of_type(self.bucket_type)} | containers
