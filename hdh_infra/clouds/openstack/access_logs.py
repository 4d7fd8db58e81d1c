"""Access logs of stores: each bucket's own setting, written into the bucket of the audit store; and reading them back.

A log arrives where three things hold: the bucket names another of the platform's, that one lets the endpoint's log
service write, and the endpoint delivers into a bucket with such a lock and such an encryption (`object_store.log_target`).
Who writes is the endpoint itself, by a group of S3's ACLs or by a service of its policies, whichever the offer knows
(quirk `logDelivery`); it is no principal of the spec, so no grant shows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.documents import LOG_SERVICE, delivers
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, json_text, ref
from hdh_infra.model.store import Store

BY_ACL, BY_POLICY = "acl", "policy"
_ANY, _LOCKED, _ENCRYPTED = "any", "locked", "encrypted"


def log_properties(context: Context, path: str, bucket: Mapping[str, Value]) -> dict[str, Value]:
    """What a bucket has for access logs: the audit store's the way in, every logged one the way out.

    Args:
        context: what the lowering reads.
        path: the store.
        bucket: the other properties of its bucket.
    """
    audit = context.expanded.platform.audit
    if audit is None or audit.store not in context.expanded.stores or not _is_offered(context.site):
        return {}
    if path == audit.store:
        # There before the first logged store: a space that asks for logs must change nothing shared.
        return _delivery(context, str(bucket["bucket"]))
    if (
        not context.expanded.logged(path)
        or _takes(context.site, *_asked_of(context.expanded.stores[audit.store], context)) is False
    ):
        return {}
    return {"logging": {"targetBucket": ref(f"{audit.store}/bucket", "bucket"), "targetPrefix": f"{path}/"}}


def observe_access_log(reader: Reader, bucket: Native) -> bool | None:
    """Whether each access to a bucket is written into another one of the platform; None where nobody can say."""
    logging = bucket.properties.get("logging")
    if not isinstance(logging, Mapping):
        if "logging" in (bucket.properties.get("withheld") or ()):
            reader.remarks.add(f"{bucket.path}: access logs were asked and the sandbox's S3 server has none")
            return None
        return None if reader.site.fact("store.access_log").value is None else False
    target = logging.get("targetBucket")
    taking = reader.bucket_of(target)
    if taking is None or taking.path == bucket.path:
        reader.remarks.add(
            f"{bucket.path}: access logs go to {'itself' if taking else target}, which is no other bucket of the platform"
        )
        return False
    if not _lets_in(reader.site, taking, bucket):
        reader.remarks.add(
            f"{taking.path}: access logs are sent to it, and the endpoint's log service may not write them"
        )
        return False
    if logging.get("also"):
        reader.remarks.add(f"{bucket.path}: who reads its access logs is not in the plan's hands ({logging['also']})")
    lock, encryption = taking.properties.get("objectLock"), taking.properties.get("encryption")
    return _takes(reader.site, lock is not None, bool(encryption))


def _is_offered(site: Site) -> bool:
    return site.fact("store.access_log").value is True


def _delivery(context: Context, name: str) -> dict[str, Value]:
    if _by(context.site) == BY_ACL:
        return {"logDelivery": True}
    statement: dict[str, Value] = {
        "Effect": "Allow",
        "Principal": {"Service": LOG_SERVICE},
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}/*"],
    }
    if context.naming.get("store") is None:
        # By the platform's own names only: another customer's bucket must not write its logs here. No space is named.
        statement["Condition"] = {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{context.name}-*"}}
    return {"policy": json_text({"Version": "2012-10-17", "Statement": [statement]})}


def _lets_in(site: Site, taking: Native, logged: Native) -> bool:
    if _by(site) == BY_ACL:
        return taking.properties.get("logDelivery") is True
    return delivers(taking, logged)


def _by(site: Site) -> str:
    return str(site.offer.quirks.get("logDelivery") or BY_POLICY)


def _asked_of(store: Store, context: Context) -> tuple[bool, bool]:
    """Whether the bucket of the audit store is locked, and whether it is encrypted, as the lowering makes it."""
    offered = context.site.fact("store.encryption").value
    return store.retention is not None, offered not in {None, "none"} and str(store.encryption) != "none"


def _takes(site: Site, locked: bool, encrypted: bool) -> bool | None:
    """Whether logs are delivered into a bucket with or without a lock and an encryption; None where nobody says."""
    known = site.fact("object_store.log_target").value
    if not locked and not encrypted:
        return True
    if known is None:
        return None
    return known == _ANY or not ((locked and known != _LOCKED) or (encrypted and known != _ENCRYPTED))
