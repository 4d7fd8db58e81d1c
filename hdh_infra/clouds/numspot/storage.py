"""Stores as buckets of NumSpot's S3 endpoint, made by our own plugin, and reading them back.

The provider's own bucket has a name and nothing else, so that versions and rules of age need the S3 API. The endpoint is one
for all: only whoever made an object comes to it, until a list (ACL) of the bucket or the object says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import BUCKET, S3_PROVIDER, bucket_properties, observe_bucket
from hdh_infra.clouds.naming import bucket_name
from hdh_infra.clouds.numspot.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.model.scales import Encryption


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, with versions, lock and rules of age as far as the offer goes."""
    properties = bucket_properties(context, path, bucket_name(context, path))
    if context.site.fact("store.retention").value is False:
        # A call that the endpoint does not have would fail in the middle of a deployment.
        properties.pop("objectLock", None)
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
        found[element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            "encryption": str(Encryption.provider_key) if bucket.properties.get("encryption") else _unasked(reader),
            "key": None,
            **observe_bucket(bucket),
            "soft_delete_days": None,
            "redundancy": None,
            "private": False,
            "grants": None,
            "access_log": False,
            "backup": None,
            **reader.place(buckets),
            "native": reader.paths(element),
        }
    return found


def _unasked(reader: Reader) -> str | None:
    """Who holds the key where no encryption is asked by name: nobody says what the endpoint does by itself."""
    return None if reader.site.fact("store.encryption").value is None else str(Encryption.none)
