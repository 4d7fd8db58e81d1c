"""Facts out of answers: what OpenStack's services said and what a probe of S3 found, in the catalogue's own words.

Pure: it asks nobody. What an answer does not settle is left out, so that an unknown stays one; what it cannot show at
all, such as who holds a key that no volume has yet, is never concluded from a name.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from pydantic import JsonValue

from hdh_infra.catalogue.load import Site
from hdh_infra.live.asking import Said
from hdh_infra.live.held import own
from hdh_infra.live.probing import Probed
from hdh_infra.model.base import GIB
from hdh_infra.model.measured import Measured, MeasuredFact, MeasuredFlavour, MeasuredLimit
from hdh_infra.model.scales import Encryption, RetentionMode

_MIB = 2**20
# Flavours with one of these give something that no catalogue and no operator told us of: a device, a bare machine.
_SPECIAL = ("pci_passthrough:alias", "accel:device_profile", "resources:VGPU", "resources:CUSTOM_")
_DISTRO = {"debian": "debian", "ubuntu": "ubuntu"}
_OLD_COMPUTE = (2, 47)
"""From this version on a server tells the name of its flavour, by which a deployment is read back."""
_KEY_MANAGER = "key-manager"
_OVH = "ovh"


def measure(said: Said | None, probed: Probed | None, place: Site, platform: str, as_of: datetime.date) -> Measured:
    """What was measured of a target.

    Args:
        said: what OpenStack answered; None where nobody could ask it.
        probed: what the S3 endpoint does; None likewise.
        place: the target, as the catalogue and the description have it.
        platform: name of the platform, whose own resources are told apart from those of others.
        as_of: the day.
    """
    facts: list[MeasuredFact] = []
    parts: dict[str, Any] = {"sources": {}, "seen": {}, "limits": {}}
    remarks: list[str] = []
    if said is not None:
        services = _Services(said, place, platform)
        facts += services.facts()
        remarks += [*said.remarks, *services.remarks()]
        parts |= services.parts()
    if probed is not None:
        facts += _stores(probed, said, place)
        remarks += [*probed.remarks, *_refusals(probed)]
        parts["quirks"] = dict(_quirks(probed, place))
        parts["sources"]["quirks"] = f"requests to {probed.endpoint}"
        parts["seen"]["s3"] = {name: one.value for name, one in sorted(probed.findings.items())}
    # One attribute, one fact: the first that was found is the surest.
    once = {fact.attribute: fact for fact in reversed(facts)}
    return Measured(
        as_of=as_of,
        facts=tuple(once[name] for name in sorted(once)),
        remarks=tuple(dict.fromkeys(remarks)),
        **parts,
    )


@final
@dataclass(frozen=True)
class _Services:
    """What OpenStack's services said."""

    said: Said
    place: Site
    platform: str

    def parts(self) -> dict[str, Any]:
        """Everything but facts and remarks."""
        said = self.said
        sources = {
            "flavours": self._call("GET /flavors/detail", "compute"),
            "images": self._call("GET /v2/images", "image"),
            "volume_types": self._call("GET /types and /volumes/detail", "block-storage", "volumev3"),
        }
        flavours, images, types = self._flavours(), self._images(), self._volume_types()
        found = {"flavours": flavours, "images": images, "volume_types": types}
        seen: dict[str, JsonValue] = {
            "services": [*sorted({str(one["type"]) for one in said.services})],
            "versions": {name: version for name, version in sorted(said.versions.items()) if version},
        }
        if said.zones is not None:
            seen["availability_zones"] = [*sorted(str(one.get("zoneName")) for one in said.zones)]
        if said.external_networks is not None:
            seen["external_networks"] = [*sorted(str(one.get("name")) for one in said.external_networks)]
        if said.extensions is not None:
            seen["extensions"] = [*said.extensions]
        return {
            **found,
            "limits": dict(self._limits()),
            "sources": {name: call for name, call in sources.items() if found[name] is not None},
            "seen": seen,
        }

    def _call(self, what: str, *kinds: str) -> str:
        url = next((str(one["url"]) for one in self.said.services if one["type"] in kinds), "")
        return f"{what} of {url.split('/v', 1)[0]}" if url else what

    def _has(self, *kinds: str) -> bool:
        return any(one["type"] in kinds for one in self.said.services)

    def facts(self) -> Iterator[MeasuredFact]:
        """Attributes that the services answer for."""
        said = self.said
        network = self._call("GET /v2.0/extensions", "network")
        if said.extensions is not None:
            if "logging" not in said.extensions:
                yield MeasuredFact(attribute="network.flow_logs", value=False, source=f"{network}: no `logging`")
            elif said.loggable is not None:
                call = self._call("GET /v2.0/log/loggable-resources", "network")
                yield MeasuredFact(attribute="network.flow_logs", value="security_group" in said.loggable, source=call)
            if "dns-integration" not in said.extensions:
                yield MeasuredFact(attribute="network.names", value=False, source=f"{network}: no `dns-integration`")
        if self._has("container-infra", "container-infrastructure-management"):
            call = self._call("the catalogue of services", "container-infra", "container-infrastructure-management")
            yield MeasuredFact(attribute="requires.kubernetes", value="Magnum", source=call)
        if any("postgres" in str(one.get("name", "")).lower() for one in said.datastores or []):
            call = self._call("GET /datastores", "database")
            yield MeasuredFact(attribute="requires.postgresql", value="Trove", source=call)
        if self._project_keeps_keys():
            call = self._call(
                "GET /volumes/detail (encryption_key_id) and GET /v1/secrets", "block-storage", "volumev3"
            )
            yield MeasuredFact(attribute="machine.encryption", value=str(Encryption.tenant_key), source=call)
        elif self._nothing_encrypts():
            call = self._call("GET /types/ID/encryption", "block-storage", "volumev3")
            yield MeasuredFact(attribute="machine.encryption", value=str(Encryption.none), source=call)

    def _project_keeps_keys(self) -> bool:
        """Whether the key of every encrypted volume is a secret of this project in Barbican: one a volume, and the tenant's."""
        keys = {_last(one.get("secret_ref")) for one in self.said.holdings.secrets}
        encrypted = [one for one in self.said.volumes or [] if one.get("encrypted")]
        return bool(encrypted) and all(_last(one.get("encryption_key_id")) in keys for one in encrypted)

    def _nothing_encrypts(self) -> bool:
        types = self._volume_types()
        return types is not None and bool(types) and all(flag is False for flag in types.values())

    def _volume_types(self) -> dict[str, bool | None] | None:
        """Each type that the project may use, by its encryption where that is shown, else by a volume of it."""
        said = self.said
        if said.volume_types is None:
            return None
        seen: dict[str, set[bool]] = {}
        for one in said.volumes or []:
            seen.setdefault(str(one.get("volume_type")), set()).add(bool(one.get("encrypted")))
        found: dict[str, bool | None] = {}
        for one in said.volume_types:
            name, shown = str(one.get("name")), said.type_encryption.get(str(one.get("id")))
            if shown is not None:
                found[name] = bool(shown.get("provider"))
            else:
                found[name] = next(iter(seen[name])) if len(seen.get(name, ())) == 1 else None
        return dict(sorted(found.items()))

    def _flavours(self) -> tuple[MeasuredFlavour, ...] | None:
        if self.said.flavours is None:
            return None
        known = {flavour.name for flavour in self.place.offer.flavours}
        return tuple(
            MeasuredFlavour(name=str(one["name"]), vcpus=int(one["vcpus"]), memory=int(one["ram"]) * _MIB)
            for one in sorted(self.said.flavours, key=lambda flavour: str(flavour["name"]))
            if not one.get("OS-FLV-DISABLED:disabled")
            and int(one["vcpus"]) > 0
            and int(one["ram"]) > 0
            and (one["name"] in known or not _special(one))
        )

    def _images(self) -> dict[str, str | None] | None:
        """For each family the image that the catalogue names, or that the description names by its id, or that says to be of it."""
        if self.said.images is None:
            return None
        images = sorted(
            self.said.images, key=lambda one: (str(one.get("created_at")), str(one.get("id"))), reverse=True
        )
        names, ids = (
            {str(one.get("name")) for one in images},
            {str(one.get("id")): str(one.get("name")) for one in images},
        )
        found: dict[str, str | None] = {}
        for family, image in sorted(self.place.offer.images.items()):
            existing = self.place.settings.existing_of(f"image/{family}")
            if existing is not None:
                found[family] = ids.get(existing.id)
            elif image.native.get("name") in names:
                found[family] = image.native["name"]
            else:
                found[family] = next((str(one.get("name")) for one in images if _is_of(one, family)), None)
        return found

    def _limits(self) -> Iterator[tuple[str, MeasuredLimit]]:
        """Quotas by the catalogue's keys, with what is used of them and what of that is this platform's own."""
        said, mine = self.said, own(self.said.holdings, self.platform)
        compute = ((said.compute_limits or {}).get("absolute") or {}) if said.compute_limits else {}
        storage = ((said.volume_limits or {}).get("absolute") or {}) if said.volume_limits else {}
        nova, cinder = self._call("GET /limits", "compute"), self._call("GET /limits", "block-storage", "volumev3")
        neutron = self._call("GET /v2.0/quotas/PROJECT/details", "network")
        keys = {limit.key for limit in self.place.offer.limits}
        rows: list[tuple[str, Any, Any, str]] = [
            ("machines", compute.get("maxTotalInstances"), compute.get("totalInstancesUsed"), nova),
            ("vcpus", compute.get("maxTotalCores"), compute.get("totalCoresUsed"), nova),
            ("memory", _gib(compute.get("maxTotalRAMSize")), _gib(compute.get("totalRAMUsed"), up=True), nova),
            ("server-groups", compute.get("maxServerGroups"), compute.get("totalServerGroupsUsed"), nova),
            ("server-group-members", compute.get("maxServerGroupMembers"), None, nova),
            ("volumes", storage.get("maxTotalVolumes"), storage.get("totalVolumesUsed"), cinder),
            ("volume-size", storage.get("maxTotalVolumeGigabytes"), storage.get("totalGigabytesUsed"), cinder),
            *((key, *_quota(said.network_quotas, word), neutron) for key, word in _NEUTRON.items()),
        ]
        for key, value, used, source in rows:
            if key in keys and isinstance(value, int):
                yield (
                    key,
                    MeasuredLimit(
                        value=max(value, -1),
                        used=used if isinstance(used, int) and used >= 0 else None,
                        own=mine.get(key, 0),
                        source=source,
                    ),
                )

    def remarks(self) -> Iterator[str]:
        """What a person should know that no fact says."""
        said, settings = self.said, self.place.settings
        if not self._has(_KEY_MANAGER):
            yield "there is no key manager (Barbican) in the catalogue of services: no key of the description can be made"
        if said.external_networks is not None:
            names = sorted(str(one.get("name")) for one in said.external_networks)
            if not names:
                yield "there is no external network: nothing can come in, go out or reach the S3 endpoint by a router"
            elif settings.external_network is not None and settings.external_network not in names:
                yield f"there is no external network {settings.external_network}; there are: {', '.join(names)}"
            elif settings.external_network is None and len(names) > 1 and self.place.offer.private:
                yield f"there are several external networks: name one as external_network of the target: {', '.join(names)}"
        for alias, why in _NEEDED.items():
            if said.extensions is not None and alias not in said.extensions:
                yield f"Neutron has no extension {alias}: {why}"
        newest = said.versions.get("compute")
        if newest and tuple(int(part) for part in newest.split(".")) < _OLD_COMPUTE:
            yield f"Nova's newest microversion is {newest}: a deployment is read back by 2.47 and later"
        special = sorted(str(one["name"]) for one in said.flavours or [] if _special(one))
        known = {flavour.name for flavour in self.place.offer.flavours}
        if left := [name for name in special if name not in known]:
            yield f"not chosen from, for they have devices that nobody declared: {', '.join(left)} (declare them under flavours)"
        zones = sorted(str(one.get("zoneName")) for one in said.zones or [])
        if len(zones) > 1:
            yield f"there are {len(zones)} availability zones ({', '.join(zones)}); what they share only the operator can say"
        for word, what in (("orders", "orders"), ("secrets", "secrets")):
            quota = (said.key_quotas or {}).get(word, -1)
            if isinstance(quota, int) and quota >= 0:
                yield f"Barbican grants the project {quota} {what}; each key takes one, and each encrypted volume a secret"


_NEUTRON = {
    "networks": "network",
    "subnets": "subnet",
    "ports": "port",
    "security-groups": "security_group",
    "rules": "security_group_rule",
    "routers": "router",
    "floating-addresses": "floatingip",
}
_NEEDED = {
    "port-security": "ports cannot be closed against forged addresses",
    "security-group": "machines have no filters",
    "router": "networks cannot be joined",
    "security-groups-remote-address-group": "what a space alone asks of a zone's machine cannot be opened",
}
"""Extensions of Neutron that plans rest on."""


def _quota(quotas: Mapping[str, Any] | None, word: str) -> tuple[Any, Any]:
    """A quota and what is used, with reservations: Neutron says one number where it does not show the use."""
    found = (quotas or {}).get(word)
    if isinstance(found, Mapping):
        return found.get("limit"), int(found.get("used", 0)) + int(found.get("reserved", 0))
    return found, None


def _gib(mib: Any, *, up: bool = False) -> Any:
    if not isinstance(mib, int) or mib < 0:
        return mib
    return -(-mib * _MIB // GIB) if up else mib * _MIB // GIB


def _special(flavour: Mapping[str, Any]) -> bool:
    return any(str(name).startswith(_SPECIAL) for name in flavour.get("extra_specs") or {})


def _is_of(image: Mapping[str, Any], family: str) -> bool:
    """Whether an image says by its own properties that it is of a family: `os_distro` and `os_version`, which Nova reads too."""
    distro, _, version = family.partition("-")
    said = str(image.get("os_version") or "").replace(".", "-")
    return (
        distro in _DISTRO and image.get("os_distro") == _DISTRO[distro] and bool(version) and said.startswith(version)
    )


def _last(reference: Any) -> str:
    return str(reference or "").rsplit("/", 1)[-1]


def _stores(probed: Probed, said: Said | None, place: Site) -> Iterator[MeasuredFact]:
    """Attributes of stores, by what the probe could do."""

    def fact(attribute: str, value: JsonValue, *features: str) -> MeasuredFact:
        trials = [
            f"{one.call}{f' ({one.said})' if one.said else ''}"
            for name in features
            if (one := probed.findings.get(name))
        ]
        return MeasuredFact(attribute=attribute, value=value, source=f"{'; '.join(trials)}: {probed.endpoint}")

    if (encrypts := probed.value("sse-s3")) is not None:
        level = Encryption.provider_key if encrypts else Encryption.none
        yield fact("store.encryption", str(level), "sse-s3")
    for attribute, feature in (
        ("store.versioning", "versioning"),
        ("store.expiry", "lifecycle"),
        ("store.access_log", "logging"),
        ("store.public", "anonymous"),
    ):
        if (value := probed.value(feature)) is not None:
            yield fact(attribute, value, feature)
    if probed.value("compliance"):
        yield fact("store.retention", str(RetentionMode.compliance), "object-lock", "compliance")
    elif probed.value("object-lock") is False or probed.value("governance") is False:
        yield fact("store.retention", False, "object-lock", "governance")
    elif probed.value("governance") and probed.value("compliance") is False:
        yield fact("store.retention", str(RetentionMode.governance), "object-lock", "governance", "compliance")
    if place.facts["object_store.identities"].value == _OVH:
        # Users and their rights are OVHcloud's own API; what the endpoint itself has beside it, no plan uses.
        return
    if probed.value("iam"):
        yield fact("object_store.identities", "iam", "iam")
    elif probed.value("iam") is False and said is not None and _of_keystone(probed, said):
        yield MeasuredFact(
            attribute="object_store.identities",
            value="keystone",
            source=f"{probed.endpoint} has no users of its own and takes an EC2 credential of Keystone",
        )


def _of_keystone(probed: Probed, said: Said) -> bool:
    return probed.access_key in {str(one.get("access")) for one in said.holdings.credentials}


def _refusals(probed: Probed) -> Iterator[str]:
    for name, one in sorted(probed.findings.items()):
        if one.value is None and one.said:
            yield f"S3 {name}: not known, {one.call} was answered with {one.said}"


def _quirks(probed: Probed, place: Site) -> Iterator[tuple[str, JsonValue]]:
    """How the endpoint wants to be spoken to, where that is not what the catalogue says; the careful way is kept where it works."""
    said = place.offer.quirks
    for name, feature in (("publicAccessBlock", "access-block"), ("tags", "tagging")):
        value = probed.value(feature)
        if value is not None and value != bool(said.get(name)):
            yield name, value
    if said.get("addressingStyle") == "virtual" and probed.value("virtual-hosts") is False:
        yield "addressingStyle", "path"
    if said.get("checksum") == "when_supported" and probed.value("checksums") is False:
        yield "checksum", "when_required"
    if not said.get("contentMd5") and probed.value("without-md5") is False:
        yield "contentMd5", True
