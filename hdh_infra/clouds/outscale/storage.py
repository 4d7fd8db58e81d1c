"""Stores as buckets of OUTSCALE Object Storage (OOS), made by our own plugin, and reading them back.

The endpoint is one for all customers: that a bucket is private is its policy's and ACL's doing, never the network's. What OOS has
of S3: docs.outscale.com/en/userguide/OOS-API-Reference.html, read 2026-11-25. An object lock is always in compliance mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import BUCKET, bucket_node, bucket_properties, observe_store
from hdh_infra.clouds.naming import bucket_name, plugin_tags
from hdh_infra.clouds.outscale.identities import policy_of
from hdh_infra.clouds.outscale.naming import PROVIDER
from hdh_infra.clouds.outscale.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import json_text
from hdh_infra.model.scales import Encryption


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, encrypted by OUTSCALE, with versions, lock and rules of age as asked."""
    name = bucket_name(context, path)
    properties = bucket_properties(context, path, name)
    if (policy := policy_of(context, path, name)) is not None:
        properties["policy"] = json_text(policy)
    if context.site.offer.quirks.get("tags"):
        properties["tags"] = plugin_tags(context)
    yield bucket_node(path, properties, PROVIDER)


def observe_stores(reader: Reader, grants: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says.

    Args:
        reader: the native resources.
        grants: by the native path of a bucket, who may do what with it.
    """
    return {
        element: {
            **observe_store(bucket, _encryption(bucket), grants.get(bucket.path)),
            **reader.place(buckets),
            "native": reader.paths(element),
        }
        for element, buckets in reader.elements(BUCKET, "store").items()
        for bucket in buckets[:1]
    }


def _encryption(bucket: Native) -> dict[str, Any]:
    """Of both words that OOS takes the meaning is AES256 with OUTSCALE's own key."""
    asked = bucket.properties.get("encryption")
    return {"encryption": str(Encryption.provider_key if asked else Encryption.none), "key": None}
