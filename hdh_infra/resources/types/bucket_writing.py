"""One setting of a bucket at a time, written to its server, and the order in which they are.

It deliberately decides nothing: what differs is decided in `bucket`, and whether the server kept what it
was given is read back there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources.clients import status
from hdh_infra.resources.dialects import to_server
from hdh_infra.resources.types.base import MARK_TAG, Call, ResourceError
from hdh_infra.resources.types.bucket_lifecycle import request_of
from hdh_infra.resources.types.bucket_logging import acl_request, logging_request
from hdh_infra.resources.types.bucket_reading import BLOCK_PARTS
from hdh_infra.resources.values import without_nulls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NOT_IMPLEMENTED: Final = 501


def _put_versioning(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    status = "Enabled" if inputs["versioning"] else "Suspended"
    call.clients.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


def _put_lock(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    lock = inputs.get("objectLock")
    if lock is None:
        raise ResourceError(f"bucket {name}: an object lock cannot be removed: the bucket must be replaced")
    retention = {"Mode": lock["mode"].upper(), "Days": lock["days"]}
    call.clients.s3.put_object_lock_configuration(
        Bucket=name,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}},
    )


def _put_encryption(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    wanted = inputs.get("encryption")
    if wanted is None:
        call.clients.s3.delete_bucket_encryption(Bucket=name)
        return
    chosen = without_nulls({"SSEAlgorithm": wanted["algorithm"], "KMSMasterKeyID": wanted.get("kmsKeyId")})
    call.clients.s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": chosen}]},
    )


def _put_block(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    if inputs.get("publicAccessBlock"):
        block = dict.fromkeys(BLOCK_PARTS, True)
        call.clients.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    else:
        call.clients.s3.delete_public_access_block(Bucket=name)


def _put_tags(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    tags = {**inputs["tags"], MARK_TAG: call.mark}
    tag_set = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    try:
        call.clients.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_set})
    except Exception as error:
        # A server without tags loses only our own mark; tags that were asked for are never dropped in silence.
        if inputs["tags"] or status(error) != _NOT_IMPLEMENTED:
            raise


def _put_lifecycle(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    rules, abort_days = inputs.get("lifecycle"), inputs.get("abortUploadsDays")
    if not rules and abort_days is None:
        call.clients.s3.delete_bucket_lifecycle(Bucket=name)
        return
    request = request_of(rules or [], abort_days)
    call.clients.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=request)


def _put_acl(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    s3 = call.clients.s3
    request = acl_request(s3.get_bucket_acl(Bucket=name), deliver=bool(inputs.get("logDelivery")))
    s3.put_bucket_acl(Bucket=name, AccessControlPolicy=request)


def _put_logging(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    call.clients.s3.put_bucket_logging(Bucket=name, BucketLoggingStatus=logging_request(inputs.get("logging")))


def _put_policy(call: Call, name: str, inputs: Mapping[str, Any]) -> None:
    if inputs.get("policy") is None:
        call.clients.s3.delete_bucket_policy(Bucket=name)
    else:
        call.clients.s3.put_bucket_policy(Bucket=name, Policy=to_server(inputs["policy"]))


# In this order: the mark first, so that a half-made bucket is known as ours; the policy last, as it may
# take the right to do the rest away.
STEPS: Final[Mapping[str, Callable[[Call, str, Mapping[str, Any]], None]]] = {
    "tags": _put_tags,
    "publicAccessBlock": _put_block,
    "versioning": _put_versioning,
    "objectLock": _put_lock,
    "encryption": _put_encryption,
    "lifecycle": _put_lifecycle,
    "acl": _put_acl,
    "logging": _put_logging,
    "policy": _put_policy,
}
"""How to write each setting, by its input's name."""
