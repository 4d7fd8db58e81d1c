"""Finding one's way among native resources of a plan, a state or a live cloud; no meaning of a filter or right.

A property points at another resource by a form in a plan and by an id elsewhere; what a cloud calls a thing
(flavour, image, network) is a lookup's argument in a plan and a plain property elsewhere. A cloud's own `reading`
says what differs there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Flavour
from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import kind_of


class Resources:
    """The native resources of one deployment, with what the catalogue says of its site."""

    def __init__(self, natives: Natives, site: Site) -> None:
        """Keep both; nothing is worked out before it is asked for."""
        self.natives = natives
        self.site = site
        self.remarks: set[str] = set()
        self.unread: set[str] = set()
        """Machines whose way into a network cannot be read (`Observation.unread`)."""
        self._paths: dict[str, list[str]] = {}
        for native in natives:
            self._paths.setdefault(native.element, []).append(native.path)

    def paths(self, element: str) -> list[str]:
        """Paths of an element's native resources."""
        return self._paths.get(element, [])


class Reader(Resources):
    """Resources that point at each other by id, and what the catalogue knows by name."""

    bucket_type: ClassVar[str] = BUCKET
    bucket_property: ClassVar[str] = "bucket"
    """Where a bucket has its name."""

    @cached_property
    def buckets(self) -> Mapping[str, Native]:
        """Buckets by name."""
        return {str(one.properties.get(self.bucket_property)): one for one in self.natives.of_type(self.bucket_type)}

    def bucket_of(self, value: Value) -> Native | None:
        """The bucket that a property means, by reference in a plan and by name elsewhere; None if none of ours is."""
        return self.follow(value, self.bucket_type) or (self.buckets.get(value) if isinstance(value, str) else None)

    @cached_property
    def flavours(self) -> Mapping[str, Flavour]:
        """Flavours that the catalogue has, by name."""
        return {flavour.name: flavour for flavour in self.site.offer.flavours}

    @cached_property
    def families(self) -> Mapping[str, str]:
        """Families of images by the name that the catalogue has for them."""
        return {image.native["name"]: family for family, image in self.site.offer.images.items()}

    @cached_property
    def named_images(self) -> Mapping[str, str]:
        """Families of images by the id that the spec names for them."""
        named = ((family, self.site.settings.existing_of(f"image/{family}")) for family in self.site.offer.images)
        return {existing.id: family for family, existing in named if existing is not None}

    def follow(self, value: Value, token: str) -> Native | None:
        """The resource of a type that a value points at; None if none of ours is."""
        found = self.natives.follow(value)
        return found if found is not None and found.type == token else None

    def elements(self, token: str, kind: str, apart: Collection[str] = frozenset()) -> Mapping[str, list[Native]]:
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

    def region(self, native: Native, service: str = "compute") -> str:
        """Where a resource lies: its own region, else the one that its provider is configured for."""
        return str(native.properties.get("region") or self.site.service_region(service))

    def country(self, region: str, service: str = "compute") -> str | None:
        """The country of a region by the name that a service gives it; None where nobody says."""
        if region.lower() == self.site.service_region(service).lower():
            return self.site.country
        for other in self.site.offer.regions:
            if region.lower() == other.names.get(service, other.name).lower():
                return other.country
        return None

    def place(self, natives: Iterable[Native], service: str = "compute") -> dict[str, Any]:
        """Countries and regions of resources, all of them; no country where that of one is not known."""
        regions = sorted({self.region(native, service) for native in natives})
        countries = {self.country(region, service) for region in regions}
        known = sorted(one for one in countries if one is not None) if None not in countries else []
        return {"country": ", ".join(known) or None, "region": ", ".join(regions) or None}
