"""Asking OpenStack's services what a project may have: each question once, in bounded time, and a service that does not answer is a remark.

It gives no meaning to any answer; `measuring` does. No payload of a secret is asked for and nothing is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, final

from hdh_infra.errors import CloudError
from hdh_infra.live import openstack
from hdh_infra.live.answers import Answers
from hdh_infra.live.rest import Rest

Say: TypeAlias = Callable[[str], None]
SECONDS = 300.0
"""For all questions together; what is left over then is not asked, and said so."""
_WELL = 200
_NOT_THERE = frozenset({0, 404})
_REFUSED = frozenset({401, 403})
# Extra specs of a flavour are shown from 2.61 on (api-ref of Nova, flavors); the key of a volume from 3.64 on (cinder 29.0.0, ENCRYPTION_KEY_ID_IN_DETAILS).
_FLAVOURS = "2.61"
_VOLUME_KEYS = "3.64"


@final
@dataclass(frozen=True)
class Said:
    """What the services answered, as it stands on the wire; None where one did not, or may not."""

    services: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Keystone's catalogue in the region: type, name, URL."""
    versions: Mapping[str, str | None] = field(default_factory=dict)
    """Newest microversions by service."""
    extensions: list[str] | None = None
    """Aliases of Neutron's extensions."""
    loggable: list[str] | None = None
    """What Neutron can log."""
    external_networks: list[dict[str, Any]] | None = None
    network_quotas: Mapping[str, Any] | None = None
    flavours: list[dict[str, Any]] | None = None
    zones: list[dict[str, Any]] | None = None
    compute_limits: Mapping[str, Any] | None = None
    images: list[dict[str, Any]] | None = None
    volume_types: list[dict[str, Any]] | None = None
    type_encryption: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """Of each volume type by id: its encryption, empty where it has none; None where the policy hides it."""
    volume_limits: Mapping[str, Any] | None = None
    volumes: list[dict[str, Any]] | None = None
    key_quotas: Mapping[str, Any] | None = None
    datastores: list[dict[str, Any]] | None = None
    holdings: Answers = field(default_factory=Answers)
    """What the project holds already."""
    remarks: tuple[str, ...] = ()


def ask(environment: Mapping[str, str], region: str, say: Say) -> Said:
    """Ask every service of a project.

    Args:
        environment: `OS_*` variables, or `OS_CLOUD` for an entry of `clouds.yaml`.
        region: the region.
        say: what is told while it lasts.

    Raises:
        CloudError: nobody can sign in: there are no credentials, or Keystone does not answer or refuses them.
    """
    return _Asking(Rest(environment, region), say).all()


@final
class _Asking:
    """One round of questions."""

    def __init__(self, rest: Rest, say: Say) -> None:
        self._rest, self._say = rest, say
        self._end = time.monotonic() + SECONDS
        self._remarks: list[str] = []

    def all(self) -> Said:
        """Every question, service by service."""
        rest = self._rest
        services = self._safely("the catalogue of services", rest.services) or []
        self._say("asking Neutron")
        extensions = self._listed("network", "/extensions", "extensions")
        aliases = None if extensions is None else sorted(str(one.get("alias")) for one in extensions)
        loggable = None
        if aliases is not None and "logging" in aliases:
            found = self._listed("network", "/log/loggable-resources", "loggable_resources")
            loggable = None if found is None else [str(one.get("type")) for one in found]
        external = self._listed("network", "/networks", "networks", {"router:external": "true"})
        quotas = self._one("network", f"/quotas/{rest.project}/details.json", "quota")
        if quotas is None:
            quotas = self._one("network", f"/quotas/{rest.project}", "quota")
        self._say("asking Nova")
        flavours = self._listed("compute", "/flavors/detail", "flavors", microversion=_FLAVOURS)
        if flavours is None:
            flavours = self._listed("compute", "/flavors/detail", "flavors")
        zones = self._listed("compute", "/os-availability-zone", "availabilityZoneInfo")
        compute = self._one("compute", "/limits", "limits")
        self._say("asking Glance")
        images = self._listed("image", "/images", "images")
        self._say("asking Cinder")
        types = self._listed("block_storage", "/types", "volume_types")
        encryption = {str(one["id"]): self._encryption(str(one["id"])) for one in types or []}
        volumes = self._listed("block_storage", "/volumes/detail", "volumes", microversion=_VOLUME_KEYS)
        storage = self._one("block_storage", "/limits", "limits")
        self._say("asking Barbican")
        keys = self._one("key_manager", "/quotas", "quotas")
        datastores = None
        if any(one["type"] == "database" for one in services):
            datastores = self._listed("database", "/datastores", "datastores")
        self._say("counting what the project holds")
        holdings = self._safely("what the project holds", lambda: openstack.ask(rest)) or Answers()
        versions = {
            name: self._safely(f"the versions of {name}", partial(rest.microversion, name))
            for name in ("compute", "block_storage", "key_manager")
            if self._there(services, name)
        }
        return Said(
            services=services,
            versions=versions,
            extensions=aliases,
            loggable=loggable,
            external_networks=external,
            network_quotas=quotas,
            flavours=flavours,
            zones=zones,
            compute_limits=compute,
            images=None if images is None else [one for one in images if self._usable(one, rest.project)],
            volume_types=types,
            type_encryption=encryption,
            volume_limits=storage,
            volumes=volumes,
            key_quotas=keys,
            datastores=datastores,
            holdings=holdings,
            remarks=tuple(dict.fromkeys(self._remarks)),
        )

    def _safely(self, what: str, ask: Callable[[], Any]) -> Any:
        """An answer; None with a remark where there is none, or no time for it."""
        if time.monotonic() > self._end:
            self._remarks.append(f"{what}: not asked, {SECONDS:.0f} s were over")
            return None
        try:
            return ask()
        except CloudError as error:
            self._remarks.append(f"{what}: not answered ({error.what})")
            return None

    def _body(self, service: str, path: str, params: Mapping[str, Any] | None, microversion: str | None) -> Any:
        what = f"{service.replace('_', '-')} {path}".replace(self._rest.project, "PROJECT")
        found = self._safely(what, lambda: self._rest.answer(service, path, params, microversion))
        if found is None:
            return None
        status, body = found
        if status == _WELL:
            return body
        if status in _REFUSED:
            self._remarks.append(f"{what}: the credentials may not ask this ({status})")
        elif status not in _NOT_THERE:
            self._remarks.append(f"{what}: answered {status}")
        return None

    def _one(self, service: str, path: str, key: str) -> Any:
        body = self._body(service, path, None, None)
        return body.get(key) if isinstance(body, Mapping) else None

    def _listed(
        self,
        service: str,
        path: str,
        key: str,
        params: Mapping[str, Any] | None = None,
        microversion: str | None = None,
    ) -> Any:
        """A whole collection, page by page; the first page is asked as one question, so that a refusal has its status."""
        first = self._body(service, path, {**(params or {}), "limit": 1} if path in _PAGED else params, microversion)
        if not isinstance(first, Mapping) or key not in first:
            return None
        if path not in _PAGED:
            return first[key]
        return self._safely(f"{service} {path}", lambda: self._rest.list(service, path, key, params, microversion))

    def _encryption(self, identity: str) -> Mapping[str, Any] | None:
        """The encryption of a volume type; most clouds show it to their operators only (cinder 29.0.0 policies/volume_type.py)."""
        found = self._safely(
            "block-storage /types/ID/encryption",
            lambda: self._rest.answer("block_storage", f"/types/{identity}/encryption"),
        )
        return found[1] if found is not None and found[0] == _WELL and isinstance(found[1], Mapping) else None

    @staticmethod
    def _there(services: Sequence[Mapping[str, Any]], name: str) -> bool:
        kinds = {"compute": {"compute"}, "key_manager": {"key-manager"}, "block_storage": {"block-storage", "volumev3"}}
        return any(one["type"] in kinds[name] for one in services)

    @staticmethod
    def _usable(image: Mapping[str, Any], project: str) -> bool:
        """Active, and of the cloud, the project, or somebody whose offer was accepted: anybody may call a community image anything."""
        if image.get("status") != "active" or image.get("os_hidden"):
            return False
        return image.get("visibility") in {"public", "shared"} or image.get("owner") == project


_PAGED = frozenset({"/networks", "/flavors/detail", "/images", "/volumes/detail", "/types"})
"""Collections that come in pages."""
