"""Stores as buckets of Scaleway's S3 endpoint, made by our own plugin, and reading them back.

No bucket has rules of age, nor an end of unfinished uploads, which is one too: the HDS contract forbids lifecycle
(pages/object-storage/how-to/host-healthcare-data.mdx, 2025-11-12). A bucket has a policy always, since one without is open to every
application of the project that may handle objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import BUCKET, SERVER_SIDE, bucket_node, bucket_properties, observe_store
from hdh_infra.clouds.documents import BUCKET_ACTIONS, EVERYONE, OBJECT_ACTIONS
from hdh_infra.clouds.naming import bucket_name, plugin_tags
from hdh_infra.clouds.scaleway.identities import accesses_of, application_path, lower_applications
from hdh_infra.clouds.scaleway.key_access import key_of
from hdh_infra.clouds.scaleway.key_paths import KEY_PATH, key_base
from hdh_infra.clouds.scaleway.keys import lower_own_key
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, json_text, ref, text
from hdh_infra.model.scales import Encryption

POLICY_VERSION = "2023-04-17"
_BY_KEY = "aws:kms"


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: a private bucket with versions, lock and encryption, its applications, and where asked a key of its own."""
    yield from lower_own_key(context, path)
    yield from lower_applications(context, path)
    name = bucket_name(context, path)
    properties = bucket_properties(context, path, name)
    # Each bucket is encrypted, whatever is asked: it costs nothing.
    properties["encryption"] = {"algorithm": SERVER_SIDE}
    if (key := key_base(context, path)) is not None:
        properties["encryption"] = {"algorithm": _BY_KEY, "kmsKeyId": ref(f"{key}/{KEY_PATH}")}
    properties |= {"policy": json_text(_policy(context, path, name)), "tags": plugin_tags(context)}
    yield bucket_node(path, properties)


def _policy(context: Context, store: str, name: str) -> dict[str, Value]:
    """Whom the bucket lets do what: its own applications, and who administers buckets where the settings name them."""
    statements: list[Value] = [
        {
            "Effect": "Allow",
            "Principal": {"SCW": text("application_id:{0}", ref(application_path(store, access)))},
            "Action": list(actions),
            "Resource": [f"{name}{tail}"],
        }
        for access in accesses_of(context, store)
        for actions, tail in ((BUCKET_ACTIONS[access], ""), (OBJECT_ACTIONS[access], "/*"))
        if actions
    ]
    if administrators := sorted(set(context.settings.administrators)):
        statements.append(
            {
                "Effect": "Allow",
                "Principal": {"SCW": administrators},
                "Action": [EVERYONE],
                "Resource": [name, f"{name}/*"],
            }
        )
    return {"Version": POLICY_VERSION, "Statement": statements}


def manual_stores(context: Context) -> Iterator[ManualStep]:
    """Who may still administer buckets that have a policy, and what the HDS contract asks beside it."""
    if not context.expanded.stores:
        return
    if not context.settings.administrators:
        yield ManualStep(
            what="deploy with an API key of the organisation's owner, or name the application that deploys under `administrators` of the target (application_id:ID)",
            who="the owner of the organisation",
            command="scw iam application list; targets: {…: {administrators: [application_id:ID]}}",
            proof="the next `hdh preview` reads every bucket",
        )
    yield ManualStep(
        what="sign the HDS contract, and take a support plan of at least Business, before health data come in; encrypt them in the client or send a key with each request (SSE-C) until the contract's page names SSE-KMS",
        who="the controller's representative, and the owners of applications",
        command="scaleway/docs-content pages/object-storage/how-to/host-healthcare-data.mdx (2025-11-12)",
        proof="the signed contract; an object that is fetched with S3's own tools is ciphertext",
    )


def observe_stores(reader: Reader, grants: Mapping[str, list[str] | None]) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says.

    Args:
        reader: the native resources.
        grants: by the native path of a bucket, who may do what with it.
    """
    found = {}
    for element, buckets in reader.elements(BUCKET, "store").items():
        bucket = buckets[0]
        found[element] = {
            **observe_store(bucket, _encryption(reader, bucket), grants.get(bucket.path)),
            **reader.place(buckets, "object_store"),
            "native": reader.paths(element),
        }
    return found


def _encryption(reader: Reader, bucket: Native) -> dict[str, Any]:
    encryption = bucket.properties.get("encryption")
    if not encryption:
        return {"encryption": str(Encryption.none), "key": None}
    key = key_of(reader, bucket) if encryption.get("algorithm") == _BY_KEY else None
    if key is None:
        return {"encryption": str(Encryption.provider_key), "key": None}
    own = key.element == bucket.element
    return {"encryption": str(Encryption.customer_key), "key": None if own else key.element}
