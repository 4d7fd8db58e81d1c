"""Who uses and who administers each key, by policies of IAM: what is written of keys, and what holds for a whole project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import final

from hdh_infra.clouds.scaleway.iam import Iam, Rule
from hdh_infra.clouds.scaleway.key_paths import meant
from hdh_infra.clouds.scaleway.naming import KEY
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.graph.observation import Native

_HARMLESS = frozenset({"AllProductsReadOnly", "KeyManagerReadOnly", "KeyManagerKeyRead"})
_USING = frozenset({"KeyManagerKeyDecrypt", "KeyManagerKeyEncrypt"})
_CHANGING = frozenset({"KeyManagerKeyDelete", "KeyManagerKeyRestore", "KeyManagerKeyWrite"})

DIRECTLY = "whoever has an API key of a store's application can also ask Key Manager itself to encrypt and decrypt with that store's key"
"""The endpoint encrypts in the name of who asks."""


@final
@dataclass
class Held:
    """Who may do what with one key."""

    users: set[str] = field(default_factory=set)
    administrators: set[str] = field(default_factory=set)


def observe_key_access(
    reader: Reader, iam: Iam, stores: Mapping[str, Mapping[str, Iterable[object]]]
) -> dict[str, Held]:
    """By native path of a key.

    Args:
        reader: the native resources.
        iam: policies, applications and API keys.
        stores: by native path of a bucket, the applications that open it.
    """
    keys = reader.natives.of_type(KEY)
    found = {key.path: Held() for key in keys}
    names = {name: key for key in keys for name in (key.path, key.id, (key.id or "").rsplit("/", 1)[-1]) if name}
    names |= {f"{reader.site.region.name}/{name}": key for name, key in names.items() if "/" not in name}
    using: dict[str, set[str]] = {}
    through = _through(reader, stores)
    for rule in iam.rules:
        uses, changes = _does(rule.sets, _USING, _CHANGING), _does(rule.sets, _CHANGING, _USING)
        if not (uses or changes):
            continue
        narrowed = meant(reader, rule.condition, names) if rule.condition else None
        who = _who(iam, rule)
        for key in keys if narrowed is None else narrowed:
            if uses and rule.application is not None:
                using.setdefault(key.path, set()).add(rule.application.path)
            if uses and not (rule.application is not None and (rule.application.path, key.path) in through):
                found[key.path].users |= who
            if changes:
                found[key.path].administrators |= who
    for bucket in reader.buckets.values():
        # A bucket uses its key for an application that may use it, and for nobody else.
        key_used = key_of(reader, bucket)
        if key_used is not None and using.get(key_used.path, set()) & stores.get(bucket.path, {}).keys():
            found[key_used.path].users.add(bucket.element)
    if any(application in using.get(path, ()) for application, path in through):
        reader.remarks.add(DIRECTLY)
    for path, held in found.items():
        for who_both in sorted(held.users & held.administrators):
            reader.remarks.add(f"{path}: {who_both} may both use and administer it")
    return found


def _through(reader: Reader, stores: Mapping[str, Mapping[str, Iterable[object]]]) -> set[tuple[str, str]]:
    """Applications and keys that they use through a bucket that they open: the use is the bucket's."""
    return {
        (application, key.path)
        for bucket in reader.buckets.values()
        if (key := key_of(reader, bucket)) is not None
        for application in stores.get(bucket.path, {})
    }


def key_of(reader: Reader, bucket: Native) -> Native | None:
    """The key of the platform that a bucket is encrypted with; None where there is none."""
    encryption = bucket.properties.get("encryption") or {}
    value = encryption.get("kmsKeyId")
    found = reader.follow(value, KEY)
    if found is None and isinstance(value, str) and value:
        # Servers name a key by its bare id, the provider with its region.
        found = reader.follow(f"{reader.site.region.name}/{value}", KEY)
    return found


def _does(sets: frozenset[str], named: frozenset[str], other: frozenset[str]) -> bool:
    """Whether permission sets let do what is named; those that are not known count as all of it."""
    return any(
        one in named or (one.startswith(("KeyManager", "AllProducts")) and one not in _HARMLESS | other) for one in sets
    )


def _who(iam: Iam, rule: Rule) -> set[str]:
    if rule.application is None:
        return {str(rule.other)}
    return set(iam.holders.get(rule.application.path, ()))
