"""Stores as buckets of OUTSCALE Object Storage (OOS), made by our own plugin, and reading them back.

The endpoint is one for all customers: that a bucket is private is its policy's and ACL's doing, never the network's. What OOS has
of S3: docs.outscale.com/en/userguide/OOS-API-Reference.html, read 2026-11-25. An object lock is always in compliance mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.outscale.identities import EVERYONE, let_in, policy_of
from hdh_infra.clouds.outscale.naming import BUCKET, PROVIDER, bucket_name, plugin_tags
from hdh_infra.clouds.outscale.reading import OBJECTS, Reader, listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, json_text
from hdh_infra.model.attributes import expiry_of
from hdh_infra.model.scales import Encryption, RetentionMode

_SERVER_SIDE = "AES256"
_UNFINISHED_DAYS = 7
"""Longer than any upload takes; what was begun and never finished goes then."""
_RULE = {"prefix": "prefix", "days": "days", "old_versions_days": "oldVersionsDays"}
"""A rule of age in the spec's words and in our plugin's."""
_PUBLIC_GROUPS = ("/AllUsers", "/AuthenticatedUsers")


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, encrypted by OUTSCALE, with versions, lock and rules of age as asked."""
    store = context.expanded.stores[path]
    name = bucket_name(context, path)
    properties: dict[str, Value] = {"bucket": name, "versioning": store.versioning, "forceDestroy": False}
    if store.retention:
        # Of the two modes OOS has this one alone: it reaches the other, and nobody can shorten it.
        properties["objectLock"] = {"mode": str(RetentionMode.compliance), "days": store.retention.days}
    if store.encryption is not Encryption.none:
        properties["encryption"] = {"algorithm": _SERVER_SIDE}
    if store.expiry:
        properties["lifecycle"] = [
            {_RULE[word]: value for word, value in rule.items() if value is not None} for rule in expiry_of(store)
        ]
    # What nobody finished to write is billed, and seen by no listing of objects.
    properties["abortUploadsDays"] = _UNFINISHED_DAYS
    if (policy := policy_of(context, path, name)) is not None:
        properties["policy"] = json_text(policy)
    if context.site.offer.quirks.get("tags"):
        properties["tags"] = plugin_tags(context)
    yield Node(
        path=f"{path}/bucket",
        type=BUCKET,
        provider=PROVIDER,
        properties=properties,
        outputs=("arn",),
        protect=True,
        delete_before_replace=True,
    )


def observe_stores(reader: Reader, grants: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says.

    Args:
        reader: the native resources.
        grants: by the native path of a bucket, who may do what with it.
    """
    found = {}
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        lock = bucket.properties.get("objectLock")
        found[element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            # Of either word OOS has the meaning of AES256 with OUTSCALE's own key.
            "encryption": str(Encryption.provider_key if bucket.properties.get("encryption") else Encryption.none),
            "key": None,
            # A lock protects versions, so a locked bucket has them.
            "versioning": bool(bucket.properties.get("versioning")) or lock is not None,
            "retention": {"days": int(lock["days"]), "mode": str(lock["mode"])} if lock else None,
            "expiry": _expiry(bucket),
            "soft_delete_days": None,
            "redundancy": None,
            "private": False,
            "public": is_public(bucket),
            "grants": grants[bucket.path],
            "access_log": False,
            "backup": None,
            **reader.place(buckets),
            "native": reader.paths(element),
        }
    return found


def _expiry(bucket: Native) -> list[dict[str, Any]] | None:
    """The rules of age, by prefix; null where there are none. Parts that the spec has no word for stand in `also`, so that it equals no asked rule."""
    rules = [
        {
            **{ours: one.get(native) for ours, native in _RULE.items()},
            "prefix": one.get("prefix") or "",
            **({"also": one["also"]} if one.get("also") else {}),
        }
        for one in listed(bucket.properties.get("lifecycle"))
    ]
    return sorted(rules, key=lambda one: str(one["prefix"])) or None


def is_public(bucket: Native) -> bool:
    """Whether the bucket's own policy or ACL allows anything to whoever asks, or to whoever has any account."""
    return any(name == EVERYONE or name.endswith(_PUBLIC_GROUPS) for name, _ in let_in(bucket))


def endpoint_name(site: Site) -> str:
    """The endpoint of stores in words: its host."""
    return str(site.endpoint(OBJECTS)).partition("://")[2]
