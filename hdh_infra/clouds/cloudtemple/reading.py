"""Finding one's way among native resources of a plan or a state; no meaning of a right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.cloudtemple.naming import BUCKET
from hdh_infra.clouds.values import looked_up
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import kind_of
from hdh_infra.model.scales import Spread


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
        return {str(one.properties.get("name")): one for one in self.natives.of_type(BUCKET)}

    def bucket_of(self, value: Value) -> Native | None:
        """The bucket that a property means, by reference in a plan and by name elsewhere; None if none of ours is."""
        return self.follow(value, BUCKET) or (self.buckets.get(value) if isinstance(value, str) else None)

    def paths(self, element: str) -> list[str]:
        """Paths of an element's native resources."""
        return self._paths.get(element, [])

    def follow(self, value: Value, token: str) -> Native | None:
        """The resource of a type that a value points at; None if none of ours is."""
        found = self.natives.follow(value)
        return found if found is not None and found.type == token else None

    def elements(self, token: str, kind: str) -> Mapping[str, list[Native]]:
        """Resources of a type by the element that they are labelled with, where it is of a kind; others are remarked."""
        found: dict[str, list[Native]] = {}
        for native in self.natives.of_type(token):
            try:
                fits = kind_of(native.element) == kind
            except ValueError:
                fits = False
            if fits:
                found.setdefault(native.element, []).append(native)
            else:
                self.remarks.add(f"{native.path} ({token}) belongs to no element of the kind {kind}")
        return found

    def family(self, machine: Native) -> str | None:
        """The family of a machine's template: by the name that a plan looks up, and that the cloud tells."""
        name = looked_up(machine.properties.get("templateId")) or machine.properties.get("templateName")
        families = {image.native["name"]: family for family, image in self.site.offer.images.items()}
        return families.get(str(name))

    def spread(self, machines: Sequence[Native]) -> Spread:
        """Whether machines stand in different availability zones: by the name that a plan looks up, and that the cloud tells."""
        zones = [
            looked_up(one.properties.get("availabilityZoneId")) or one.properties.get("availabilityZoneName")
            for one in machines
        ]
        return Spread.zones if all(zones) and len(set(zones)) > 1 else Spread.none

    def place(self) -> dict[str, Any]:
        """Country and region: there is one of each."""
        return {"country": self.site.country, "region": self.site.region.name}


def is_on(machine: Native) -> bool:
    """Whether a machine runs: it does unless it is told to be off."""
    return machine.properties.get("powerState") != "off"


def place_of(value: Value) -> str:
    """What tells one network from another: the name that a plan looks up, or the id that stands there."""
    return str(looked_up(value) or value)
