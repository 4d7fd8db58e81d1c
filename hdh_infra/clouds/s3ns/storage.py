"""Stores as buckets that answer the platform's network alone, and reading them back.

What encrypts a bucket is its default key; who reads and writes is a member of a role on it, and no list on objects. Its filter of
sources lets in who comes from the platform's network and nobody else, whatever right they have: it names the one network and no range
of a space, so that no space more changes a zone's bucket (law 4). A retention holds for every object and is locked as the bucket is made, where
nobody shall shorten it. Google keeps no versions in a bucket with a retention: nothing is overwritten there.

Sources, read 2026-11-25: documentation.s3ns.fr/storage/docs/tpc-differences (2026-08-11) and storage/docs/update-ip-filter;
docs.cloud.google.com/storage/docs/bucket-lock, ip-filtering-overview, soft-delete (7 to 90 days); rules.sonarsource.com RSPEC-6412 (no
versions with a retention).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import bucket_path
from hdh_infra.clouds.s3ns.grants import Rights
from hdh_infra.clouds.s3ns.keys import key_base, key_id, lower_own_key, use_of_stores
from hdh_infra.clouds.s3ns.naming import BUCKET, NETWORK, bucket_name, make, region
from hdh_infra.clouds.s3ns.reading import Reader, element_kind, got, listed
from hdh_infra.clouds.s3ns.rules import ANYWHERE, NETWORK_PATH
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native, ObservedFlow
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.attributes import expiry_of
from hdh_infra.model.scales import Encryption, Redundancy, RetentionMode
from hdh_infra.model.store import Store

KEPT_DAYS = 30
"""How long what was deleted or overwritten can be had back where nothing more is asked."""
SHORTEST_KEPT_DAYS = 7
LONGEST_KEPT_DAYS = 90
_DAY = 86400
_UNFINISHED_DAYS = 7
"""Longer than any upload takes; what was begun and never finished goes then."""
ENABLED = "Enabled"


def lower_store(context: Context, path: str) -> Iterator[Node]:
    """One store: its bucket, and first the right to its key."""
    spec = context.expanded.stores[path]
    key = key_base(path, spec.encryption, context.expanded.key_of(path))
    yield from lower_own_key(context, path, spec.encryption, holds=True)
    kept = min(max(spec.soft_delete_days or 0, KEPT_DAYS), LONGEST_KEPT_DAYS)
    properties: dict[str, Value] = {
        "name": bucket_name(context, path),
        # In capitals, as Google gives it back.
        "location": region(context).upper(),
        "storageClass": "STANDARD",
        "forceDestroy": False,
        "uniformBucketLevelAccess": True,
        "publicAccessPrevention": "enforced",
        "requesterPays": False,
        "enableObjectRetention": False,
        "defaultEventBasedHold": False,
        "versioning": {"enabled": spec.versioning and spec.retention is None},
        "softDeletePolicy": {"retentionDurationSeconds": kept * _DAY},
        "lifecycleRules": list(_lifecycle(spec)),
        "ipFilter": {
            "mode": ENABLED,
            "allowCrossOrgVpcs": False,
            "allowAllServiceAgentAccess": False,
            "vpcNetworkSources": [
                # Every address of the network: what is in it is the platform's.
                {"network": ref(NETWORK_PATH), "allowedIpCidrRanges": [ANYWHERE]}
            ],
        },
    }
    if key:
        properties["encryption"] = {"defaultKmsKeyName": key_id(key)}
    if spec.retention:
        properties["retentionPolicy"] = {
            "retentionPeriod": str(spec.retention.days * _DAY),
            "isLocked": spec.retention.mode is RetentionMode.compliance,
        }
    yield make(
        context,
        bucket_path(path),
        BUCKET,
        properties,
        outputs=("name",),
        after=(use_of_stores(key),) if key else (),
        protect=True,
    )


def _lifecycle(spec: Store) -> Iterator[dict[str, Value]]:
    """The rules of age, and the end of uploads that nobody finished."""
    yield {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": _UNFINISHED_DAYS}}
    for rule in expiry_of(spec):
        where = {"matchesPrefixes": [rule["prefix"]]} if rule["prefix"] else {}
        if rule["days"] is not None:
            yield {"action": {"type": "Delete"}, "condition": {"age": rule["days"], "withState": "LIVE", **where}}
        if rule["old_versions_days"] is not None:
            old = {"daysSinceNoncurrentTime": rule["old_versions_days"], "withState": "ARCHIVED"}
            yield {"action": {"type": "Delete"}, "condition": {**old, **where}}


def observe_stores(reader: Reader, rights: Rights) -> dict[str, dict[str, Any]]:
    """Every store element, by what its bucket says."""
    found: dict[str, dict[str, Any]] = {}
    for bucket in reader.natives.of_type(BUCKET):
        if element_kind(bucket) != "store":
            reader.remarks.add(f"{bucket.path} ({BUCKET}) belongs to no store")
            continue
        level, key = _encryption(reader, bucket)
        location = str(bucket.properties.get("location") or "").lower()
        found[bucket.element] = {
            "kind": "store",
            "size": None,
            "client_side": None,
            "encryption": str(level),
            "key": key,
            "versioning": got(bucket, "versioning.enabled", default=False) is True,
            "retention": _retention(bucket),
            "expiry": _expiry(bucket) or None,
            "soft_delete_days": _kept_days(bucket),
            "redundancy": str(Redundancy.zone) if location == reader.site.region.name.lower() else None,
            "private": is_private(reader, bucket),
            "public": is_public(bucket, rights),
            "grants": rights.grants(bucket),
            "access_log": False,
            "backup": None,
            **reader.place_of_bucket(bucket),
            "native": reader.paths(bucket.element),
        }
    return found


def _encryption(reader: Reader, bucket: Native) -> tuple[Encryption, str | None]:
    """Who holds the key; Google encrypts with one of its own where none is named."""
    name = got(bucket, "encryption.defaultKmsKeyName")
    if not name:
        return Encryption.provider_key, None
    key = reader.key(name)
    return Encryption.customer_key, key.element if key is not None and element_kind(key) == "key" else None


def _retention(bucket: Native) -> dict[str, Any] | None:
    seconds = int(got(bucket, "retentionPolicy.retentionPeriod", 0))
    if seconds < _DAY:
        return None
    locked = got(bucket, "retentionPolicy.isLocked", default=False) is True
    return {"days": seconds // _DAY, "mode": str(RetentionMode.compliance if locked else RetentionMode.governance)}


def _kept_days(bucket: Native) -> int | None:
    """For how long what was deleted can be had back: seven days where nothing is said, none where zero is."""
    seconds = int(got(bucket, "softDeletePolicy.retentionDurationSeconds", SHORTEST_KEPT_DAYS * _DAY))
    return seconds // _DAY or None


def _expiry(bucket: Native) -> list[dict[str, Any]]:
    """The rules of age that delete, by prefix. What narrows one beyond the spec's words stands in `also`, so that it equals no asked rule."""
    rules: dict[str, dict[str, Any]] = {}
    for rule in listed(bucket.properties.get("lifecycleRules")):
        condition = {name: value for name, value in (rule.get("condition") or {}).items() if value}
        if (rule.get("action") or {}).get("type") != "Delete":
            continue
        # A provider's answer says `send...IfZero` of numbers that it was not given.
        condition = {name: value for name, value in condition.items() if not name.startswith("send")}
        age, old = condition.pop("age", None), condition.pop("daysSinceNoncurrentTime", None)
        state, prefixes = condition.pop("withState", "ANY"), listed(condition.pop("matchesPrefixes", None))
        if age is not None and state == "ARCHIVED":
            condition["ageOfOldVersions"], age = age, None
        for prefix in prefixes or [""]:
            here = rules.setdefault(str(prefix), {"prefix": str(prefix), "days": None, "old_versions_days": None})
            if age is not None:
                here["days"] = int(age)
            if old is not None:
                here["old_versions_days"] = int(old)
            if condition:
                here["also"] = sorted(condition)
    return [rules[prefix] for prefix in sorted(rules)]


def is_public(bucket: Native, rights: Rights) -> bool:
    """Whether anybody may read or write: a role is everybody's, and nothing prevents it."""
    prevented = got(bucket, "publicAccessPrevention", "inherited") == "enforced"
    return not prevented and rights.is_public(bucket)


def is_private(reader: Reader, bucket: Native) -> bool:
    """Whether only the platform's own networks are let in."""
    if got(bucket, "ipFilter.mode") != ENABLED or got(bucket, "ipFilter.allowCrossOrgVpcs", default=False) is True:
        return False
    if listed(got(bucket, "ipFilter.publicNetworkSource.allowedIpCidrRanges")):
        return False
    sources = listed(got(bucket, "ipFilter.vpcNetworkSources"))
    networks = [reader.follow(one.get("network")) for one in sources]
    return bool(networks) and all(one is not None and one.type == NETWORK for one in networks)


def entries(reader: Reader) -> Iterator[ObservedFlow]:
    """Who may come in from outside to a bucket; a right is asked of them all the same."""
    for bucket in reader.natives.of_type(BUCKET):
        if got(bucket, "ipFilter.mode") != ENABLED:
            yield ObservedFlow("internet", bucket.element, "tcp", (443,))
            continue
        for one in listed(got(bucket, "ipFilter.publicNetworkSource.allowedIpCidrRanges")):
            yield ObservedFlow(str(one), bucket.element, "tcp", (443,))


def lets_in(reader: Reader, bucket: Native) -> Mapping[str, list[str]] | None:
    """By native path of a network, the ranges of it that a bucket lets in; None where it lets everybody in."""
    if got(bucket, "ipFilter.mode") != ENABLED:
        return None
    found: dict[str, list[str]] = {}
    for one in listed(got(bucket, "ipFilter.vpcNetworkSources")):
        network = reader.follow(one.get("network"))
        if network is not None:
            found.setdefault(network.path, []).extend(map(str, listed(one.get("allowedIpCidrRanges"))))
    return found
