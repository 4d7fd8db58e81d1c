"""Finding one's way among native resources of a plan, a state or live answers; no meaning of a filter or right.

A property points at another resource by a form in a plan and by an id elsewhere. Where a thing lies says its
subregion: its name is the region's with a letter.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import kind_of

OBJECTS = "object_store"
"""The service's word in the catalogue: its endpoint, and what it calls the region."""


class Reader:
    """The native resources of one deployment, with what the catalogue says of its site."""

    def __init__(self, natives: Natives, site: Site) -> None:
        """Keep both; nothing is worked out before it is asked for."""
        self.natives = natives
        self.site = site
        self.remarks: set[str] = set()
        self._paths: dict[str, list[str]] = {}
        for native in natives:
            self._paths.setdefault(native.element, []).append(native.path)

    @cached_property
    def buckets(self) -> Mapping[str, Native]:
        """Buckets by name."""
        return {str(one.properties.get("bucket")): one for one in self.natives.of_type(BUCKET)}

    @cached_property
    def families(self) -> Mapping[str, str]:
        """Families of images by the name that the catalogue has for them."""
        return {image.native["name"]: family for family, image in self.site.offer.images.items()}

    @cached_property
    def named_images(self) -> Mapping[str, str]:
        """Families of images by the id that the spec names for them."""
        named = ((family, self.site.settings.existing_of(f"image/{family}")) for family in self.site.offer.images)
        return {existing.id: family for family, existing in named if existing is not None}

    def paths(self, element: str) -> list[str]:
        """Paths of an element's native resources."""
        return self._paths.get(element, [])

    def follow(self, value: Value, token: str) -> Native | None:
        """The resource of a type that a value points at; None if none of ours is."""
        found = self.natives.follow(value)
        return found if found is not None and found.type == token else None

    def elements(self, token: str, kind: str, apart: Container[str] = ()) -> Mapping[str, list[Native]]:
        """Resources of a type by the element that they are labelled with, where it is of a kind; others are remarked.

        Args:
            token: the type.
            kind: the kind of the elements.
            apart: native paths that are part of another thing, and looked at there.
        """
        found: dict[str, list[Native]] = {}
        for native in self.natives.of_type(token):
            if native.path in apart:
                continue
            try:
                fits = kind_of(native.element) == kind
            except ValueError:
                fits = False
            if fits:
                found.setdefault(native.element, []).append(native)
            else:
                self.remarks.add(f"{native.path} ({token}) belongs to no element of the kind {kind}")
        return found

    def region(self, native: Native) -> str:
        """The region of a resource: that of its subregion, or its own, else the one that the plugin is configured for."""
        placement = native.properties.get("placement")
        zone = native.properties.get("availabilityZone") or (
            placement.get("availabilityZone") if isinstance(placement, Mapping) else None
        )
        if isinstance(zone, str) and zone:
            return zone[:-1]
        return str(native.properties.get("region") or self.site.service_region("compute"))

    def country(self, region: str) -> str | None:
        """The country of a region; None where nobody says."""
        if region.lower() == self.site.service_region("compute").lower():
            return self.site.country
        return next((one.country for one in self.site.offer.regions if one.name == region.lower()), None)

    def place(self, natives: Iterable[Native]) -> dict[str, Any]:
        """Country and region of resources; null where they lie in several."""
        regions = {self.region(native) for native in natives}
        if len(regions) != 1:
            return {"country": None, "region": ", ".join(sorted(regions)) or None}
        region = regions.pop()
        return {"country": self.country(region), "region": region}


def tags_of(native: Native) -> Mapping[str, Any]:
    """The tags of a resource; OUTSCALE itself reads some of them."""
    tags = native.properties.get("tags")
    return tags if isinstance(tags, Mapping) else {}
