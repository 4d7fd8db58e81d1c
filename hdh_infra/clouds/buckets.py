"""Buckets of an S3 endpoint by our own plugin: what a store asks of one, and what one gives. It knows no cloud.

What an offer's endpoint has not, or has in another way, is its facts and its quirks (`catalogue.quirks`).
Access logs, keys and who may open a bucket are each cloud's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.documents import EVERYONE
from hdh_infra.clouds.values import document, is_unreadable, listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.attributes import expiry_of
from hdh_infra.model.scales import Encryption

BUCKET = "hdh:s3:Bucket"
S3_PROVIDER = "s3"
"""Of our plugin, where it serves an S3 endpoint beside a cloud's own provider."""
SERVER_SIDE = "AES256"
"""Encryption by the endpoint with a key of its own (SSE-S3)."""
_UNFINISHED_DAYS = 7
"""Longer than any upload takes; what was begun and never finished goes then."""
_RULE = {"prefix": "prefix", "days": "days", "old_versions_days": "oldVersionsDays"}
"""A rule of age in the spec's words and in our plugin's."""
_PUBLIC_GROUPS = ("/AllUsers", "/AuthenticatedUsers")


def bucket_path(store: str) -> str:
    """Path of a store's bucket."""
    return f"{store}/bucket"


def bucket_node(store: str, properties: Mapping[str, Value], provider: str = S3_PROVIDER) -> Node:
    """The bucket of a store; it holds data, and its name is taken once, so that the old one must go first."""
    return Node(
        path=bucket_path(store),
        type=BUCKET,
        provider=provider,
        properties=properties,
        outputs=("arn",),
        protect=True,
        delete_before_replace=True,
    )


def bucket_properties(context: Context, path: str, name: str) -> dict[str, Value]:
    """What a store's bucket is asked to be: private, with versions, lock, encryption and rules of age as far as the offer goes.

    Args:
        context: what the lowering reads.
        path: the store.
        name: of the bucket.
    """
    store, quirks = context.expanded.stores[path], context.site.offer.quirks
    properties: dict[str, Value] = {"bucket": name, "versioning": store.versioning, "forceDestroy": False}
    if store.retention:
        # Where a lock has one mode only, that is what it would be whatever is asked.
        mode = str(quirks.get("objectLockMode") or store.retention.mode)
        properties["objectLock"] = {"mode": mode, "days": store.retention.days}
    offered = context.site.fact("store.encryption").value
    if offered not in {None, str(Encryption.none)} and store.encryption is not Encryption.none:
        # Where the endpoint encrypts by its key service alone, with the default key there.
        properties["encryption"] = {"algorithm": str(context.site.offer.native.get("bucket_encryption") or SERVER_SIDE)}
    if store.expiry and may_expire(context):
        properties["lifecycle"] = [
            {_RULE[name]: value for name, value in rule.items() if value is not None} for rule in expiry_of(store)
        ]
    if context.site.fact("store.expiry").value is True and may_expire(context):
        # What nobody finished to write is billed, and seen by no listing of objects.
        properties["abortUploadsDays"] = _UNFINISHED_DAYS
    if quirks.get("publicAccessBlock"):
        properties["publicAccessBlock"] = True
    return properties


def may_expire(context: Context) -> bool:
    """Whether rules of age can be asked of the endpoint: they are, unless the catalogue says that it has none."""
    return (
        context.site.fact("store.expiry").value is not False and context.site.offer.quirks.get("lifecycle") is not False
    )


def observe_store(
    bucket: Native,
    encryption: Mapping[str, Any],
    grants: list[str] | None,
    *,
    private: bool | None = False,
    access_log: str | bool | None = False,
) -> dict[str, Any]:
    """What a store gives by its bucket, but for where it lies.

    Args:
        bucket: the bucket.
        encryption: its `encryption` and `key`, as the cloud means them.
        grants: who may do what with it; None where no resource tells.
        private: whether the endpoint can be reached from the platform's networks only; most serve every customer.
        access_log: where its accesses are logged to.
    """
    return {
        "kind": "store",
        "size": None,
        "client_side": None,
        **encryption,
        **observe_bucket(bucket),
        "soft_delete_days": None,
        "redundancy": None,
        "private": private,
        "grants": grants,
        "access_log": access_log,
        "backup": None,
    }


def observe_bucket(bucket: Native) -> dict[str, Any]:
    """Versions, lock, rules of age, and whether everybody may come in, by what a bucket itself says."""
    lock = bucket.properties.get("objectLock")
    return {
        # A lock protects versions, so a locked bucket has them.
        "versioning": bool(bucket.properties.get("versioning")) or lock is not None,
        # A lock that says no days or no mode keeps nothing by itself.
        "retention": {"days": int(lock["days"]), "mode": str(lock["mode"])}
        if lock and lock.get("days") and lock.get("mode")
        else None,
        "expiry": _expiry(bucket),
        "public": is_public(bucket),
    }


def remarks_on(buckets: Iterable[Native]) -> Iterator[str]:
    """What a reader should know of buckets that no attribute of the model says."""
    for bucket in buckets:
        if bucket.properties.get("forceDestroy") is True:
            yield f"{bucket.path}: goes with all that it holds when it is deleted (forceDestroy)"
        if is_unreadable(bucket.properties.get("policy")):
            yield f"{bucket.path}: its policy cannot be read, and is taken to let everybody in"


def is_public(bucket: Native) -> bool:
    """Whether the bucket's own policy or ACL allows anything to whoever asks; conditions are not trusted to narrow it, nor is a policy that cannot be read."""
    if is_unreadable(bucket.properties.get("policy")) or any(is_public_grantee(name) for name, _ in acl_grants(bucket)):
        return True
    for statement in listed(document(bucket.properties.get("policy")).get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        named = principal.values() if isinstance(principal, Mapping) else [principal]
        if "NotPrincipal" in statement or any(EVERYONE in listed(one) for one in named):
            return True
    return False


def acl_grants(bucket: Native) -> list[tuple[str, str]]:
    """Whom a bucket's ACL lets do what, beside its owner and the log service: names and S3's own permissions."""
    return [(str(one.get("grantee")), str(one.get("permission"))) for one in bucket.properties.get("acl") or ()]


def is_public_grantee(name: str) -> bool:
    """Whether a grantee of an ACL is everybody, or everybody who has any account at all."""
    return name == EVERYONE or name.endswith(_PUBLIC_GROUPS)


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
