"""Finding one's way among native resources of a plan, a state or live servers; no meaning of a filter or right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Flavour
from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.numspot.naming import VM, VOLUME
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import kind_of


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
    def flavours(self) -> Mapping[str, Flavour]:
        """Flavours that the catalogue has, by name."""
        return {flavour.name: flavour for flavour in self.site.offer.flavours}

    @cached_property
    def families(self) -> Mapping[str, str]:
        """Families of images by every id that the catalogue or the spec has for them."""
        known = {id_: family for family, image in self.site.offer.images.items() for id_ in image.native.values()}
        named = ((family, self.site.settings.existing_of(f"image/{family}")) for family in self.site.offer.images)
        return {**known, **{existing.id: family for family, existing in named if existing is not None}}

    def paths(self, element: str) -> list[str]:
        """Paths of an element's native resources."""
        return self._paths.get(element, [])

    def follow(self, value: Value, token: str) -> Native | None:
        """The resource of a type that a value points at; None if none of ours is."""
        found = self.natives.follow(value)
        return found if found is not None and found.type == token else None

    def elements(self, token: str, kind: str) -> Mapping[str, list[Native]]:
        """Resources of a type by the element that they are labelled with, where it is of a kind; others are remarked, but for the platform's own."""
        found: dict[str, list[Native]] = {}
        for native in self.natives.of_type(token):
            try:
                fits = kind_of(native.element) == kind
            except ValueError:
                fits = False
            if fits:
                found.setdefault(native.element, []).append(native)
            elif native.element != "platform":
                self.remarks.add(f"{native.path} ({token}) belongs to no element of the kind {kind}")
        return found

    def region(self, native: Native) -> str:
        """Where a resource lies: its sub-region without its letter, else the one that its provider is configured for."""
        properties = native.properties
        placement = properties.get("placement")
        named = placement.get("availabilityZoneName") if isinstance(placement, Mapping) else None
        where = str(named or properties.get("availabilityZoneName") or "")
        if native.type == BUCKET or not where:
            return str(properties.get("region") or self.site.service_region("compute"))
        return where.rstrip("abc")

    def country(self, region: str) -> str | None:
        """The country of a region; None where nobody says."""
        for other in self.site.offer.regions:
            if region == other.names.get("compute", other.name):
                return other.country
        return self.site.country if region == self.site.service_region("compute") else None

    def place(self, natives: Iterable[Native]) -> dict[str, Any]:
        """Country and region of resources; null where they lie in several."""
        regions = {self.region(native) for native in natives}
        if len(regions) != 1:
            return {"country": None, "region": ", ".join(sorted(regions)) or None}
        region = regions.pop()
        return {"country": self.country(region), "region": region}

    @cached_property
    def volumes(self) -> Mapping[str, list[Native]]:
        """Volumes by the native path of the machine that they are attached to."""
        found: dict[str, list[Native]] = {}
        for volume in self.natives.of_type(VOLUME):
            link = volume.properties.get("linkVm")
            machine = self.follow(link.get("vmId"), VM) if isinstance(link, Mapping) else None
            if machine is not None:
                found.setdefault(machine.path, []).append(volume)
        return found


def has_tag(native: Native, key: str) -> bool:
    """Whether a tag is there, whatever its value: some of them are switches of the cloud."""
    return any(isinstance(one, Mapping) and one.get("key") == key for one in listed(native.properties.get("tags")))
