"""What of finding one's way among native resources is NumSpot's own: ids of images, sub-regions, and volumes that name their machine."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from functools import cached_property

from hdh_infra.clouds import reading
from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.numspot.naming import VM, VOLUME
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import form_of
from hdh_infra.model.paths import PLATFORM

BASTION = "/bastion"
"""Between a network and the parts of its entry for people, in their paths."""


class Reader(reading.Reader):
    """The native resources of one deployment, with what the catalogue says of its site."""

    @cached_property
    def families(self) -> Mapping[str, str]:
        """Families of images by every id that the catalogue or the spec has for them."""
        known = {id_: family for family, image in self.site.offer.images.items() for id_ in image.native.values()}
        return {**known, **self.named_images}

    def elements(self, token: str, kind: str, apart: Collection[str] = frozenset()) -> Mapping[str, list[Native]]:
        """Resources of a type by the element that they are labelled with, where it is of a kind; others are remarked, but for the platform's own."""
        return super().elements(token, kind, {*self.paths(PLATFORM), *apart})

    def region(self, native: Native, service: str = "compute") -> str:
        """Where a resource lies: its sub-region without its letter, else the one that its provider is configured for."""
        properties = native.properties
        placement = properties.get("placement")
        named = placement.get("availabilityZoneName") if isinstance(placement, Mapping) else None
        where = str(named or properties.get("availabilityZoneName") or "")
        if native.type == BUCKET or not where:
            return super().region(native, service)
        return where.rstrip("abc")

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


def told_text(server: Native) -> str | None:
    """What a VM is told at its first start, as text; None where nothing shows it, or it is no text."""
    value = server.properties.get("userData")
    if isinstance(value, Mapping):
        return str(value["$base64"]) if form_of(value) == "$base64" else None
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def has_tag(native: Native, key: str) -> bool:
    """Whether a tag is there, whatever its value: some of them are switches of the cloud."""
    return any(isinstance(one, Mapping) and one.get("key") == key for one in listed(native.properties.get("tags")))
