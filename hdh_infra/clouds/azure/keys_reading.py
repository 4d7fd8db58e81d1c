"""Reading keys back: what a key and the vault that it lies in give, and who holds what on them.

A key that is named and not made shows nothing in a plan: what cannot be seen of it is null.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.azure.audit import KEY_CATEGORIES, Logs
from hdh_infra.clouds.azure.grants import Rights
from hdh_infra.clouds.azure.importing import IMPORT
from hdh_infra.clouds.azure.reading import Reader, got, listed, place
from hdh_infra.clouds.azure.ways import PORT
from hdh_infra.graph.observation import Native, Natives, ObservedFlow
from hdh_infra.model.lock import Kept
from hdh_infra.model.paths import PLATFORM, kind_of
from hdh_infra.model.scales import Custody, KeyOrigin, Protection

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
_DAYS = (365, 30, 7, 1)


def observe_keys(
    reader: Reader, rights: Rights, logs: Logs, vaults: Mapping[str, Iterable[ObservedFlow]]
) -> dict[str, dict[str, Any]]:
    """Every key element, from the key and from the vault that it lies in.

    Args:
        reader: what there is.
        rights: who holds what.
        logs: what is logged where.
        vaults: by native path of a vault, which machines reach it.
    """
    found: dict[str, dict[str, Any]] = {}
    for native in reader.of("keyvault:Key"):
        if key_element(native) is None or is_exchange(native):
            continue
        holder = reader.parent(native)
        location = got(holder, "location") if holder else None
        scopes, group = (native, holder), reader.group(native)
        # Resource Manager makes keys; of one that was there before nobody can say where its material is from, and
        # nobody of one that lies beside an exchange key, by which material comes in from outside.
        made = reader.site.settings.existing_of(native.element) is None and not (
            holder and any(map(is_exchange, reader.children(holder, "keyvault:Key")))
        )
        seen = _of_key(native, "kty") is not None
        found[native.element] = {
            "kind": "key",
            "protection": _protection(native, holder) if seen else None,
            "origin": str(KeyOrigin.generated) if made else None,
            "algorithm": _algorithm(native),
            "rotation_days": _rotation_days(native),
            "custody": str(Custody.provider) if made else None,
            "grace_days": _grace_days(holder) if holder else None,
            "users": sorted({*rights.users(scopes, group, _reaching(vaults, holder)), *_policies(holder)}),
            "administrators": rights.administrators(scopes, group) or None,
            "exportable": _exportable(native) if seen else None,
            "use_log": logs.cover(holder, KEY_CATEGORIES) if holder else None,
            "country": reader.country(location),
            "region": place(location),
            "access": sorted({*rights.lines(scopes, group), *_policies(holder)}),
            "native": reader.paths(native.element),
        }
    return found


def _reaching(vaults: Mapping[str, Iterable[ObservedFlow]], holder: Native | None) -> Collection[str] | None:
    """Machines that reach a vault over HTTPS; None of one that cannot be seen."""
    if holder is None:
        return None
    return {
        flow.source for flow in vaults.get(holder.path, ()) if flow.protocol == "tcp" and PORT in _ports(flow.ports)
    }


def _ports(ports: Iterable[int | str]) -> Iterator[int]:
    for port in ports:
        low, _, high = str(port).partition("-")
        yield from range(int(low), int(high or low) + 1)


def observe_ways(reader: Reader, rights: Rights, vaults: Mapping[str, Iterable[ObservedFlow]]) -> Iterator[str]:
    """Remarks on ways without a right, which are one right away from opening something, and on duties that are not apart."""
    for holder in reader.of("keyvault:Vault"):
        scopes = (holder, *reader.children(holder, "keyvault:Key"))
        users = set(rights.users(scopes, reader.group(holder)))
        administrators = set(rights.administrators(scopes, reader.group(holder)))
        for who in sorted(users & administrators):
            yield f"{holder.path}: {who} may both use and administer its keys"
        for who in sorted({flow.source for flow in vaults.get(holder.path, ())} - users - administrators):
            yield f"{holder.path}: is reached by {who}, which has no right there"
        for flow in vaults.get(holder.path, ()):
            if (flow.protocol, set(_ports(flow.ports))) != ("tcp", {PORT}):
                yield f"{holder.path}: is reached by {flow.source} on {flow.protocol} {', '.join(map(str, flow.ports))}, more than a vault answers on"


def is_exchange(native: Native) -> bool:
    """Whether a key is there for nothing but wrapping material that comes in: the operation excludes every other."""
    return [str(one).lower() for one in listed(_of_key(native, "keyOps"))] == [IMPORT]


def _exportable(native: Native) -> bool:
    return _of_key(native, "attributes.exportable") is True or _of_key(native, "releasePolicy") is not None


def _algorithm(native: Native) -> str | None:
    """Kind and size, as the model writes them; another kind by its own name."""
    kind, size = str(_of_key(native, "kty") or "").removesuffix("-HSM"), _of_key(native, "keySize")
    if not kind:
        return None
    # Key Vault makes RSA keys of 2,048 bits where no size is stated.
    return f"rsa-{int(size or 2048)}" if kind == "RSA" else kind.lower()


def _grace_days(holder: Native) -> int:
    """Days for which a deletion can be taken back and nobody can end that earlier."""
    kept = got(holder, "properties.enableSoftDelete", default=True) is True
    held = got(holder, "properties.enablePurgeProtection", default=False) is True
    return int(got(holder, "properties.softDeleteRetentionInDays", 90)) if kept and held else 0


def key_element(native: Native | None) -> str | None:
    """The key of the platform that a native key is; None of one that a store or machine has of its own."""
    known = native and native.element != PLATFORM and kind_of(native.element) == "key"
    return native.element if native and known else None


def _of_key(native: Native, path: str) -> Any:
    """A property of a key: an input is under `properties`, and the provider gives it back beside it."""
    value = got(native, f"properties.{path}")
    return got(native, path) if value is None else value


def _protection(native: Native, holder: Native | None) -> str:
    hsm = (
        str(_of_key(native, "kty")).endswith("-HSM") and got(holder, "properties.sku.name") == "premium"
        if holder
        else False
    )
    return str(Protection.hsm if hsm else Protection.software)


def _rotation_days(native: Native) -> int | None:
    """Days after which a new version is made; None where nothing makes one, or an expired key would come first."""
    expiry = _days(_of_key(native, "rotationPolicy.attributes.expiryTime"))
    for action in listed(_of_key(native, "rotationPolicy.lifetimeActions")):
        wanted = str((action.get("action") or {}).get("type", "")).lower()
        after = _days((action.get("trigger") or {}).get("timeAfterCreate"))
        if wanted == "rotate" and after is not None:
            return after if expiry is None or after < expiry else None
    return None


def _days(duration: Any) -> int | None:
    read = _DURATION.fullmatch(str(duration)) if duration else None
    return (
        sum(int(number) * days for number, days in zip(read.groups(), _DAYS, strict=True) if number) if read else None
    )


def _policies(holder: Native | None) -> list[str]:
    """Vault access policies, which count only where the vault does not use role assignments."""
    if holder is None or got(holder, "properties.enableRbacAuthorization", default=False):
        return []
    return [f"access policy: {one.get('objectId')}" for one in listed(got(holder, "properties.accessPolicies"))]


def kept(natives: Natives, today: datetime.date) -> Iterator[Kept]:
    """Vaults that Azure keeps soft-deleted, with their keys: the name stays taken until the day of the purge.

    Source: learn.microsoft.com/azure/key-vault/general/soft-delete-overview: 7 to 90 days, and with purge protection
    nobody can end it earlier.
    """
    for native in natives.of_type("azure-native:keyvault:Vault"):
        days = int(got(native, "properties.softDeleteRetentionInDays", 90))
        name = got(native, "vaultName") or got(native, "name") or (native.id or native.path).rsplit("/", 1)[-1]
        yield Kept(what=f"keyvault:Vault {name}", element=native.element, until=today + datetime.timedelta(days=days))
