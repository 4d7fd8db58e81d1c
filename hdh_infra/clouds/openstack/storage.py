"""Stores as buckets of the S3 endpoint, made by our own plugin, and reading them back.

The endpoint is one for all: that a bucket is private is its policy's and ACL's doing, never the network's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import BUCKET, SERVER_SIDE, bucket_node, bucket_properties, observe_store
from hdh_infra.clouds.buckets import is_public as is_public_bucket
from hdh_infra.clouds.endpoint import STORES
from hdh_infra.clouds.endpoint import endpoint_name as s3_endpoint_name
from hdh_infra.clouds.naming import bucket_name, plugin_tags
from hdh_infra.clouds.openstack.access_logs import log_properties, observe_access_log
from hdh_infra.clouds.openstack.naming import CONTAINER, KEY_ORDER
from hdh_infra.clouds.openstack.object_store import uses_swift
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.openstack.swift import is_public_container, lower_container, observe_containers
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.model.scales import Encryption


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket, with versions, lock and encryption as far as the offer goes; a container where it has no S3."""
    if uses_swift(context.site):
        yield from lower_container(context, path)
        return
    properties = bucket_properties(context, path, bucket_name(context, path))
    properties |= log_properties(context, path, properties)
    if context.site.offer.quirks.get("tags"):
        properties["tags"] = plugin_tags(context)
    yield bucket_node(path, properties)


def observe_stores(reader: Reader, grants: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says.

    Args:
        reader: the native resources.
        grants: by the native path of a bucket, who may do what with it.
    """
    # One public endpoint serves every customer; of a private offer only its operator knows who reaches it.
    private = None if reader.site.offer.private else False
    found = observe_containers(reader, grants, private)
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        found[element] = {
            **observe_store(
                bucket,
                _encryption(reader, bucket),
                grants.get(bucket.path),
                private=private,
                access_log=observe_access_log(reader, bucket),
            ),
            **reader.place(buckets, STORES),
            "native": reader.paths(element),
        }
    return found


def _encryption(reader: Reader, bucket: Native) -> dict[str, Any]:
    encryption = bucket.properties.get("encryption")
    if not encryption:
        unknown = reader.site.fact("store.encryption").value is None
        return {"encryption": None if unknown else str(Encryption.none), "key": None}
    if encryption.get("algorithm") == SERVER_SIDE:
        return {"encryption": str(Encryption.provider_key), "key": None}
    key = reader.follow(encryption.get("kmsKeyId"), KEY_ORDER)
    if key is not None:
        return {"encryption": str(Encryption.customer_key), "key": key.element}
    return {"encryption": str(Encryption.provider_key), "key": None}


def is_public(bucket: Native) -> bool:
    """Whether the bucket's own policy or ACL allows anything to whoever asks; conditions are not trusted to narrow it."""
    if bucket.type == CONTAINER:
        return is_public_container(bucket)
    return is_public_bucket(bucket)


def endpoint_name(site: Site) -> str:
    """The endpoint of stores in words: its host where the catalogue knows it."""
    if uses_swift(site):
        return "Swift"
    return s3_endpoint_name(site)
