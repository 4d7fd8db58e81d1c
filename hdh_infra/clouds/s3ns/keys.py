"""Keys: a ring and a key in Cloud KMS, who may use it, and reading keys back.

A ring and a key are never deleted: only the versions of a key are, after days in which that can be taken back. So each key has a ring
of its own with the lock's letters in its name, and one that was destroyed comes back under another name. Keys are made in software:
S3NS has no module (documentation.s3ns.fr/kms/docs/tpc-differences, 2026-09-01). What is encrypted with a key is so by Google's own
services, whose agents hold the right to use it; an agent acts only for who may make a disk or write an object.

Sources, read 2026-11-25: cloud.google.com/kms/docs/destroy-restore (24 hours to 120 days, 30 days unless said),
cloud.google.com/kms/docs/key-rotation, documentation.s3ns.fr/storage/docs/encryption/customer-managed-keys.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import dotted
from hdh_infra.clouds.s3ns.grants import Rights
from hdh_infra.clouds.s3ns.identities import disk_agent, principal, storage_agent
from hdh_infra.clouds.s3ns.naming import DISK, INSTANCE, KEY, KEY_MEMBER, KEY_RING, key_name, make, region
from hdh_infra.clouds.s3ns.reading import Reader, element_kind, got, last
from hdh_infra.clouds.s3ns.roles import KEY_USE, administration
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, Natives
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.elements import Key
from hdh_infra.model.lock import Kept
from hdh_infra.model.paths import GROUP, network_path
from hdh_infra.model.scales import Custody, Encryption, KeyOrigin, Protection

GRACE_DAYS = 30
"""For how long the destruction of a version can be taken back, unless more is asked."""
LONGEST_GRACE_DAYS = 120
_DAY = 86400
_SYMMETRIC = "GOOGLE_SYMMETRIC_ENCRYPTION"
_OWN = "own-key"
_MACHINE = "/machine/"


def lower_key(context: Context, key: str) -> Iterator[Node]:
    """One key of the platform, the rights of the services that encrypt with it, and those of people and machines."""
    spec, existing = context.expanded.keys[key], context.existing(key)
    if existing is not None and not existing.adopt:
        yield make(context, f"{key}/key", KEY, {}, existing=existing.id)
    else:
        yield from _ring_and_key(context, key, spec, protect=True, adopt=existing.id if existing else None)
    yield from _agents(context, key)
    for name in spec.administrators:
        member = principal(context, f"{GROUP}{name}")
        if member is not None:
            role = ref(administration(context, key), "name")
            yield _right(context, f"{key}/administration/{name}", key, role, member)
    for who in context.expanded.users_of(key):
        member = principal(context, who)
        if member is not None:
            network = network_path(who) or ""
            # A space's right on a shared key is the space's own (law 4).
            own = network.startswith("space/") and network_path(key) != network
            path = f"{network}/key-user/{dotted(who)}-{dotted(key)}" if own else f"{key}/user/{dotted(who)}"
            yield _right(context, path, key, KEY_USE, member)


def lower_own_key(context: Context, element: str, floor: Encryption, *, holds: bool) -> Iterator[Node]:
    """A key of an element's own, where a key of the tenant's is asked and none is named.

    Args:
        context: what the lowering reads.
        element: a store or machine.
        floor: what is asked of it.
        holds: whether what it encrypts must not be lost.
    """
    if floor is Encryption.tenant_key:
        yield from _ring_and_key(context, f"{element}/{_OWN}", Key(), protect=holds)
        yield from _agents(context, f"{element}/{_OWN}")


def key_base(element: str, floor: Encryption, key: str | None) -> str | None:
    """Where the key that encrypts something has its path: the named one's, or the element's own; None without one."""
    if key is not None:
        return key
    return f"{element}/{_OWN}" if floor is Encryption.tenant_key else None


def key_id(base: str) -> Value:
    """The key itself, as disks and buckets name it."""
    return ref(f"{base}/key")


def use_of_stores(base: str) -> str:
    """Path of Cloud Storage's right to a key: a bucket waits for it."""
    return f"{base}/use/stores"


def use_of_disks(base: str) -> str:
    """Path of Compute Engine's right to a key: a disk waits for it."""
    return f"{base}/use/disks"


def _ring_and_key(context: Context, base: str, spec: Key, *, protect: bool, adopt: str | None = None) -> Iterator[Node]:
    name, days = key_name(context, base), min(max(spec.grace_days or 0, GRACE_DAYS), LONGEST_GRACE_DAYS)
    ring: Value = ref(f"{base}/ring")
    if adopt is None:
        yield make(context, f"{base}/ring", KEY_RING, {"name": name, "location": region(context)})
    else:
        ring, name = adopt.rsplit("/cryptoKeys/", 1)[0], last(adopt)
    properties: dict[str, Value] = {
        "name": name,
        "keyRing": ring,
        "purpose": "ENCRYPT_DECRYPT",
        "importOnly": False,
        "skipInitialVersionCreation": False,
        "destroyScheduledDuration": f"{days * _DAY}s",
        "versionTemplate": {"algorithm": _SYMMETRIC, "protectionLevel": "SOFTWARE"},
    }
    if spec.rotation_days:
        properties["rotationPeriod"] = f"{spec.rotation_days * _DAY}s"
    yield make(context, f"{base}/key", KEY, properties, protect=protect, adopt=adopt)


def _agents(context: Context, base: str) -> Iterator[Node]:
    """Both agents hold the right on each key, whatever it encrypts today: so a space's first store changes no shared key."""
    yield _right(context, use_of_stores(base), base, KEY_USE, storage_agent())
    yield _right(context, use_of_disks(base), base, KEY_USE, disk_agent())


def _right(context: Context, path: str, base: str, role: Value, member: Value) -> Node:
    return make(context, path, KEY_MEMBER, {"cryptoKeyId": key_id(base), "role": role, "member": member})


def encrypted_by(reader: Reader) -> Mapping[str, set[str]]:
    """By native path of a key, the elements whose buckets and disks name it."""
    found: dict[str, set[str]] = {}

    def named(value: Value, element: str) -> None:
        key = reader.key(value) if value else None
        if key is not None:
            found.setdefault(key.path, set()).add(element)

    for native in reader.natives:
        if element_kind(native) == "store":
            named(got(native, "encryption.defaultKmsKeyName"), native.element)
    for disk in reader.natives.of_type(DISK):
        named(got(disk, "diskEncryptionKey.kmsKeySelfLink"), disk.element)
    for server in reader.natives.of_type(INSTANCE):
        named(got(server, "bootDisk.kmsKeySelfLink"), server.element)
    return found


def observe_keys(reader: Reader, rights: Rights, reaching: Collection[str]) -> dict[str, dict[str, Any]]:
    """Every key element.

    Args:
        reader: the native resources.
        rights: who holds what on keys.
        reaching: machines that reach the APIs over HTTPS.
    """
    users = encrypted_by(reader)
    found: dict[str, dict[str, Any]] = {}
    for native in reader.natives.of_type(KEY):
        if element_kind(native) != "key":
            continue
        level = str(got(native, "versionTemplate.protectionLevel", "SOFTWARE")).upper()
        # Of one that is named and not made a plan shows nothing.
        seen = got(native, "keyRing") is not None
        made = seen and reader.site.settings.existing_of(native.element) is None
        external = level.startswith("EXTERNAL")
        direct = {
            who if who in reaching or _MACHINE not in who else f"{who} without a way" for who in rights.users(native)
        }
        encrypts = {one for one in users.get(native.path, ()) if _agent_may(rights, native, one)}
        found[native.element] = {
            "kind": "key",
            "protection": str(Protection.hsm if level.startswith("HSM") else Protection.software) if seen else None,
            "origin": _origin(native, external=external) if made else None,
            "algorithm": _algorithm(native) if seen else None,
            "rotation_days": _days(got(native, "rotationPeriod")),
            "custody": str(Custody.customer if external else Custody.provider) if made else None,
            "grace_days": _days(got(native, "destroyScheduledDuration", f"{GRACE_DAYS * _DAY}s")) if seen else None,
            "users": sorted(direct | encrypts),
            "administrators": rights.administrators(native) or None,
            "exportable": False,
            "use_log": False,
            **_place(reader, native),
            "native": reader.paths(native.element),
        }
    return found


def _agent_may(rights: Rights, key: Native, element: str) -> bool:
    """Whether the service that encrypts an element holds the right to: without it nothing can be read or written."""
    service = "stores" if "/store/" in element else "disks"
    return service in rights.agents(key)


def _place(reader: Reader, native: Native) -> dict[str, Any]:
    """A key lies where its ring lies; `global` is all of this cloud, which is one region."""
    ring = reader.follow(native.properties.get("keyRing"))
    location = str(got(ring, "location") if ring else "")
    if not location:
        parts = str(native.properties.get("keyRing") or native.id or "").split("/")
        location = parts[parts.index("locations") + 1] if "locations" in parts[:-1] else reader.site.region.name
    location = location.lower()
    return {"country": reader.site.country if location == "global" else reader.country(location), "region": location}


def _origin(native: Native, *, external: bool) -> str:
    if external:
        return str(KeyOrigin.external)
    return str(KeyOrigin.imported if got(native, "importOnly", default=False) is True else KeyOrigin.generated)


def _algorithm(native: Native) -> str:
    """What it is for, as the model writes it; another kind by its own name."""
    name = str(got(native, "versionTemplate.algorithm", _SYMMETRIC))
    if name in {_SYMMETRIC, "EXTERNAL_SYMMETRIC_ENCRYPTION"}:
        return "aes-256"
    parts = name.split("_")
    size = next((part for part in parts if part.isdigit()), "")
    return f"rsa-{size}" if parts[0] == "RSA" else name.lower()


def _days(duration: Any) -> int | None:
    """Whole days of a duration in seconds, as Google writes it."""
    text = str(duration or "").removesuffix("s")
    return int(float(text)) // _DAY if text else None


def kept(natives: Natives, today: datetime.date) -> Iterator[Kept]:
    """Rings and keys stay for ever with their names, whatever is destroyed of them."""
    del today
    for native in (*natives.of_type(KEY_RING), *natives.of_type(KEY)):
        name = got(native, "name") or last(native.id)
        yield Kept(what=f"{native.type.rsplit(':', 1)[-1]} {name}", element=native.element, until=None)
