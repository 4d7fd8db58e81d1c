"""Stores as buckets of the S3 endpoint, made by our own plugin, and reading them back.

The endpoint is one for all: that a bucket is private is its policy's and ACL's doing, never the network's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.openstack.access_logs import acl_grants, is_public_grantee, log_properties, observe_access_log
from hdh_infra.clouds.openstack.documents import EVERYONE
from hdh_infra.clouds.openstack.naming import BUCKET, KEY_ORDER, S3_PROVIDER, bucket_name, plugin_tags
from hdh_infra.clouds.openstack.reading import Reader, document, listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.attributes import expiry_of
from hdh_infra.model.scales import Encryption

STORES = "object_store"
"""The service's word in the catalogue: its endpoint, and what it calls the region."""
_SERVER_SIDE = "AES256"
_RULE = {"prefix": "prefix", "days": "days", "old_versions_days": "oldVersionsDays"}
"""A rule of age in the spec's words and in our plugin's."""


def bucket_path(store: str) -> str:
    """Path of a store's bucket."""
    return f"{store}/bucket"


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, with versions, lock and encryption as far as the offer goes."""
    store = context.expanded.stores[path]
    quirks = context.site.offer.quirks
    properties: dict[str, Value] = {
        "bucket": bucket_name(context, path),
        "versioning": store.versioning,
        "forceDestroy": False,
    }
    if store.retention:
        properties["objectLock"] = {"mode": str(store.retention.mode), "days": store.retention.days}
    offered = context.site.fact("store.encryption").value
    if offered not in {None, str(Encryption.none)} and store.encryption is not Encryption.none:
        properties["encryption"] = {"algorithm": _SERVER_SIDE}
    if store.expiry and may_expire(context):
        properties["lifecycle"] = [
            {_RULE[name]: value for name, value in rule.items() if value is not None} for rule in expiry_of(store)
        ]
    properties |= log_properties(context, path, properties)
    if quirks.get("publicAccessBlock"):
        properties["publicAccessBlock"] = True
    if quirks.get("tags"):
        properties["tags"] = plugin_tags(context)
    yield Node(
        path=bucket_path(path),
        type=BUCKET,
        provider=S3_PROVIDER,
        properties=properties,
        outputs=("arn",),
        protect=True,
        delete_before_replace=True,
    )


def may_expire(context: Context) -> bool:
    """Whether rules of age can be asked of the endpoint: they are, unless the catalogue says that it has none."""
    return (
        context.site.fact("store.expiry").value is not False and context.site.offer.quirks.get("lifecycle") is not False
    )


def observe_stores(reader: Reader, grants: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says.

    Args:
        reader: the native resources.
        grants: by the native path of a bucket, who may do what with it.
    """
    # One public endpoint serves every customer; of a private offer only its operator knows who reaches it.
    private = None if reader.site.offer.private else False
    found = {}
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        lock = bucket.properties.get("objectLock")
        found[element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            **_encryption(reader, bucket),
            # A lock protects versions, so a locked bucket has them.
            "versioning": bool(bucket.properties.get("versioning")) or lock is not None,
            "retention": {"days": int(lock["days"]), "mode": str(lock["mode"])} if lock else None,
            "expiry": _expiry(bucket),
            "soft_delete_days": None,
            "redundancy": None,
            "private": private,
            "public": is_public(bucket),
            "grants": grants[bucket.path],
            "access_log": observe_access_log(reader, bucket),
            "backup": None,
            **reader.place(buckets, STORES),
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


def _encryption(reader: Reader, bucket: Native) -> dict[str, Any]:
    encryption = bucket.properties.get("encryption")
    if not encryption:
        unknown = reader.site.fact("store.encryption").value is None
        return {"encryption": None if unknown else str(Encryption.none), "key": None}
    if encryption.get("algorithm") == _SERVER_SIDE:
        return {"encryption": str(Encryption.provider_key), "key": None}
    key = reader.follow(encryption.get("kmsKeyId"), KEY_ORDER)
    if key is not None:
        return {"encryption": str(Encryption.customer_key), "key": key.element}
    return {"encryption": str(Encryption.provider_key), "key": None}


def is_public(bucket: Native) -> bool:
    """Whether the bucket's own policy or ACL allows anything to whoever asks; conditions are not trusted to narrow it."""
    if any(is_public_grantee(name) for name, _ in acl_grants(bucket)):
        return True
    for statement in listed(document(bucket.properties.get("policy")).get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        named = principal.values() if isinstance(principal, Mapping) else [principal]
        if "NotPrincipal" in statement or any(EVERYONE in listed(one) for one in named):
            return True
    return False


def endpoint_name(site: Site) -> str:
    """The S3 endpoint in words: its host where the catalogue knows it."""
    url = site.endpoint(STORES)
    return url.partition("://")[2] if url else "the S3 endpoint"
