"""Stores as buckets of NumSpot's S3 endpoint, made by our own plugin, and reading them back.

The provider's own bucket has a name and nothing else, so that versions and rules of age need the S3 API. The endpoint is one
for all: only whoever made an object comes to it, until a list (ACL) of the bucket or the object says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import BUCKET, bucket_node, bucket_properties, observe_store
from hdh_infra.clouds.naming import bucket_name
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.model.scales import Encryption


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, with versions, lock and rules of age as far as the offer goes."""
    properties = bucket_properties(context, path, bucket_name(context, path))
    if context.site.fact("store.retention").value is False:
        # A call that the endpoint does not have would fail in the middle of a deployment.
        properties.pop("objectLock", None)
    yield bucket_node(path, properties)


def observe_stores(reader: Reader) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says. Who may do what, no bucket tells: keys are made in NumSpot's own console."""
    found = {}
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        found[element] = {
            **observe_store(bucket, _encryption(reader, bucket), None),
            **reader.place(buckets),
            "native": reader.paths(element),
        }
    return found


def _encryption(reader: Reader, bucket: Native) -> dict[str, Any]:
    """Who holds the key where no encryption is asked by name: nobody says what the endpoint does by itself."""
    if bucket.properties.get("encryption"):
        return {"encryption": str(Encryption.provider_key), "key": None}
    unknown = reader.site.fact("store.encryption").value is None
    return {"encryption": None if unknown else str(Encryption.none), "key": None}
