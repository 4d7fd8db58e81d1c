"""Finding one's way among native resources of a plan, a state or a live project; no meaning of a rule or right.

Google's resources point at each other by id (`projects/P/global/networks/N`), by the URL of the same, by name, and by the e-mail
address of an account. `Reader` follows all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from hdh_infra.clouds.exits import exit_of
from hdh_infra.clouds.reading import Resources
from hdh_infra.clouds.s3ns.naming import ACCOUNT, BUCKET, INSTANCE, KEY, ZONE
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import kind_of

_URL = re.compile(r"https?://[^/]+/(?:compute/|dns/|storage/)?(?:v1|beta|alpha)/", re.IGNORECASE)
_VERSION = re.compile(r"/cryptoKeyVersions/[^/]+$", re.IGNORECASE)
_ZONE = re.compile(r"-[a-z]$")
BASTION = "/bastion"
"""Between a network and the parts of its entry for people, in their paths."""
PUBLIC = frozenset({"allusers", "allauthenticatedusers"})


class Reader(Resources):
    """The native resources of one deployment, with what the catalogue says of its site."""

    @property
    def universe(self) -> str:
        """Domain of this cloud's APIs."""
        return str(self.site.offer.native["universe_domain"])

    def follow(self, value: Value) -> Native | None:
        """The resource that a form, an id, a URL or an address points at."""
        found = self.natives.follow(value)
        if found is not None or not isinstance(value, str):
            return found
        return self.natives.follow(_VERSION.sub("", _URL.sub("", value)))

    def key(self, value: Value) -> Native | None:
        """The key that a property names, with or without a version."""
        found = self.follow(value)
        return found if found is not None and found.type == KEY else None

    @cached_property
    def _buckets(self) -> Mapping[str, Native]:
        return {str(one.properties.get("name")): one for one in self.natives.of_type(BUCKET)}

    def bucket(self, value: Value) -> Native | None:
        """The bucket that a right is on, by reference in a plan and by name elsewhere."""
        if isinstance(value, str):
            return self._buckets.get(value.removeprefix("b/"))
        found = self.follow(value)
        return found if found is not None and found.type == BUCKET else None

    @cached_property
    def _zones(self) -> Mapping[str, Native]:
        return {str(one.properties.get("name")): one for one in self.natives.of_type(ZONE)}

    def zone_of(self, value: Value) -> Native | None:
        """The zone of names that a record lies in."""
        if isinstance(value, str):
            return self._zones.get(value.rsplit("/", 1)[-1])
        return self.follow(value)

    def account(self, value: Value) -> Native | None:
        """The account that a property names: by its address, as a member, or by reference."""
        found = self.follow(value.removeprefix("serviceAccount:") if isinstance(value, str) else value)
        return found if found is not None and found.type == ACCOUNT else None

    @cached_property
    def carriers(self) -> Mapping[str, list[str]]:
        """By native path of an account, the elements whose machines act under it."""
        found: dict[str, set[str]] = {}
        for server in self.natives.of_type(INSTANCE):
            given = server.properties.get("serviceAccount") or {}
            account = self.account(given.get("email"))
            if account is not None and listed(given.get("scopes")):
                found.setdefault(account.path, set()).add(server.element)
        return {path: sorted(elements) for path, elements in found.items()}

    def who(self, member: Value) -> list[str]:
        """Whom a member of a right is, in the model's words: machines that act under an account, `group/NAME`, or the member itself."""
        account = self.account(member)
        if account is not None:
            if account.properties.get("disabled") is True:
                return []
            return self.carriers.get(account.path) or [account.element]
        name = self.site.group_names.get(str(member).lower())
        return [f"group/{name}" if name else str(member)]

    def place(self, natives: Iterable[Native], name: str = "region") -> dict[str, Any]:
        """Countries and regions of resources, all of them."""
        regions = {str(one.properties.get(name) or self.site.region.name).rsplit("/", 1)[-1].lower() for one in natives}
        if name == "zone":
            regions = {_ZONE.sub("", one) for one in regions}
        countries = {self.country(region) for region in regions}
        # A private target's own country may be known to nobody.
        known = [] if None in countries else sorted(map(str, countries))
        return {"country": ", ".join(known) or None, "region": ", ".join(sorted(regions)) or None}

    def place_of_bucket(self, bucket: Native) -> dict[str, Any]:
        """Countries and regions of a bucket: where it is said to lie, and each of two that it is told to lie in."""
        config = bucket.properties.get("customPlacementConfig") or {}
        regions = {
            str(one).lower() for one in (bucket.properties.get("location") or "", *listed(config.get("dataLocations")))
        }
        countries = {self.country(region) for region in regions}
        known = [] if None in countries else sorted(map(str, countries))
        return {"country": ", ".join(known) or None, "region": ", ".join(sorted(regions))}

    def country(self, region: str) -> str | None:
        """The country of a region; the region itself where the catalogue has it not."""
        if region == self.site.region.name.lower():
            return self.site.country
        known = {one.name.lower(): one.country for one in self.site.offer.regions}
        return known.get(region, region)


def element_kind(native: Native) -> str | None:
    """The kind of the element that a resource is labelled with; None of the platform's own."""
    try:
        return kind_of(native.element)
    except ValueError:
        return None


def is_bastion(server: Native) -> bool:
    """Whether an instance is labelled as a network's bastion."""
    return server.path == f"{server.element}{BASTION}/server"


def is_beside(server: Native) -> bool:
    """Whether an instance is labelled as a network's bastion or proxy, and so is no machine."""
    return is_bastion(server) or exit_of(server) is not None


def listed(value: Value) -> list[Any]:
    """The value as a list; nothing is an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def got(native: Native, path: str, default: Any = None) -> Any:
    """A property by its path of names, or what Google takes where it is not stated."""
    here: Any = native.properties
    for name in path.split("."):
        here = here.get(name) if isinstance(here, Mapping) else None
    return default if here is None else here


def last(value: Value) -> str:
    """The last part of a name, id or URL."""
    return str(value or "").rsplit("/", 1)[-1]
