"""Stores as buckets of NumSpot's S3 endpoint, made by our own plugin, and reading them back.

The provider's own bucket has a name and nothing else, so that versions and rules of age need the S3 API. The endpoint is one
for all: only whoever made an object comes to it, until a list (ACL) of the bucket or the object says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.numspot.naming import BUCKET, S3_PROVIDER, bucket_name, plugin_tags
from hdh_infra.clouds.numspot.reading import Reader, listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.attributes import expiry_of
from hdh_infra.model.scales import Encryption

_SERVER_SIDE = "AES256"
_UNFINISHED_DAYS = 7
"""Longer than any upload takes; what was begun and never finished goes then."""
_RULE = {"prefix": "prefix", "days": "days", "old_versions_days": "oldVersionsDays"}
"""A rule of age in the spec's words and in our plugin's."""
_EVERYONE = ("/AllUsers", "/AuthenticatedUsers")


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, with versions, lock and encryption as far as the offer goes."""
    store = context.expanded.stores[path]
    site = context.site
    properties: dict[str, Value] = {
        "bucket": bucket_name(context, path),
        "versioning": store.versioning,
        "forceDestroy": False,
    }
    if store.retention and site.fact("store.retention").value not in {None, False}:
        properties["objectLock"] = {"mode": str(store.retention.mode), "days": store.retention.days}
    if site.fact("store.encryption").value not in {None, str(Encryption.none)}:
        properties["encryption"] = {"algorithm": _SERVER_SIDE}
    if site.fact("store.expiry").value is True:
        if store.expiry:
            properties["lifecycle"] = [
                {_RULE[name]: value for name, value in rule.items() if value is not None} for rule in expiry_of(store)
            ]
        # What nobody finished to write is billed, and seen by no listing of objects.
        properties["abortUploadsDays"] = _UNFINISHED_DAYS
    if site.offer.quirks.get("tags"):
        properties["tags"] = plugin_tags(context)
    yield Node(
        path=f"{path}/bucket",
        type=BUCKET,
        provider=S3_PROVIDER,
        properties=properties,
        outputs=("arn",),
        protect=True,
        delete_before_replace=True,
    )


def observe_stores(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says. Who may do what, no bucket tells: keys are made in NumSpot's own console."""
    found = {}
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        lock = bucket.properties.get("objectLock")
        found[element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            "encryption": _encryption(reader, bucket),
            "key": None,
            # A lock protects versions, so a locked bucket has them.
            "versioning": bool(bucket.properties.get("versioning")) or lock is not None,
            "retention": {"days": int(lock["days"]), "mode": str(lock["mode"])} if lock else None,
            "expiry": _expiry(bucket),
            "soft_delete_days": None,
            "redundancy": None,
            "private": False,
            "public": is_public(bucket),
            "grants": None,
            "access_log": False,
            "backup": None,
            **reader.place(buckets),
            "native": reader.paths(element),
        }
    return found


def is_public(bucket: Native) -> bool:
    """Whether the bucket's own list or policy allows anything to whoever asks; conditions are not trusted to narrow it."""
    if any(str(one.get("grantee")).endswith(("*", *_EVERYONE)) for one in listed(bucket.properties.get("acl"))):
        return True
    policy = str(bucket.properties.get("policy") or "")
    return '"Allow"' in policy and ('"*"' in policy or "NotPrincipal" in policy)


def _encryption(reader: Reader, bucket: Native) -> str | None:
    if bucket.properties.get("encryption"):
        return str(Encryption.provider_key)
    return None if reader.site.fact("store.encryption").value is None else str(Encryption.none)


def _expiry(bucket: Native) -> list[dict[str, Any]] | None:
    """The rules of age, by prefix; null where there are none. Parts that the spec has no word for stand in `also`, so that it equals no asked rule."""
    rules: list[Mapping[str, Any]] = listed(bucket.properties.get("lifecycle"))
    found = [
        {
            **{ours: one.get(native) for ours, native in _RULE.items()},
            "prefix": one.get("prefix") or "",
            **({"also": one["also"]} if one.get("also") else {}),
        }
        for one in rules
    ]
    return sorted(found, key=lambda one: str(one["prefix"])) or None
