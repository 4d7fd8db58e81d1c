"""A bucket as its server describes it, in the words of the contract.

Every "there is none" answer of S3 is its own error code; those codes are read here as absence, and
nothing else is: a refused or failed question raises, so that no right or setting is ever reported as
absent because it could not be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources.clients import code, status
from hdh_infra.resources.dialects import from_server
from hdh_infra.resources.types.base import MARK_TAG, Live
from hdh_infra.resources.types.bucket_lifecycle import abort_of, rules_of
from hdh_infra.resources.types.bucket_logging import delivery_of, logging_of
from hdh_infra.resources.values import without_nulls

if TYPE_CHECKING:
    from collections.abc import Callable

    from hdh_infra.resources.clients import Clients

_GONE: Final = frozenset({"NoSuchBucket", "404", "NotFound"})
_ABSENT: Final = frozenset(
    {
        "NoSuchTagSet",
        "NoSuchBucketPolicy",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchLifecycleConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_NOT_IMPLEMENTED: Final = 501
_DAYS_A_YEAR: Final = 365


def is_gone(error: BaseException) -> bool:
    """Whether the server says that there is no such bucket."""
    return code(error) in _GONE


def read_fresh(clients: Clients, bucket: str) -> Live | None:
    """A bucket that was made a moment ago, by what somebody else's would show; None where that is not bare.

    A new bucket has none of the settings that a plan asks, so that asking for each of them first tells nothing.
    """
    s3 = clients.s3
    tags = _ask(lambda: s3.get_bucket_tagging(Bucket=bucket), {}).get("TagSet")
    if tags or _ask(lambda: s3.get_bucket_policy(Bucket=bucket), {}).get("Policy"):
        return None
    return Live({"bucket": bucket, "arn": f"arn:aws:s3:::{bucket}", "versioning": False, "tags": {}})


def read_bucket(clients: Clients, bucket: str) -> Live | None:
    """Everything the contract names, asked of the server; None where the bucket is not there.

    Raises whatever boto3 raises for a question that is refused or fails.
    """
    s3 = clients.s3
    try:
        # GetBucketEncryption answers "none" for a bucket that is not there: existence is asked first.
        head = s3.head_bucket(Bucket=bucket)
        tags = {
            tag["Key"]: tag["Value"] for tag in _ask(lambda: s3.get_bucket_tagging(Bucket=bucket), {}).get("TagSet", [])
        }
        mark = tags.pop(MARK_TAG, None)
        acl = _ask(lambda: s3.get_bucket_acl(Bucket=bucket), {})
        delivery, others = delivery_of(acl)
        ages = _ask(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket), {})
        outputs = {
            "bucket": bucket,
            "arn": f"arn:aws:s3:::{bucket}",
            "region": _region(clients, bucket, head),
            "owner": acl.get("Owner", {}).get("ID"),
            "logDelivery": delivery,
            "acl": others,
            "logging": logging_of(_ask(lambda: s3.get_bucket_logging(Bucket=bucket), {})),
            "versioning": _ask(lambda: s3.get_bucket_versioning(Bucket=bucket), {}).get("Status") == "Enabled",
            "objectLock": _lock(_ask(lambda: s3.get_object_lock_configuration(Bucket=bucket), {})),
            "encryption": _encryption(_ask(lambda: s3.get_bucket_encryption(Bucket=bucket), {})),
            "lifecycle": rules_of(ages),
            "abortUploadsDays": abort_of(ages),
            "publicAccessBlock": _blocked(_ask(lambda: s3.get_public_access_block(Bucket=bucket), {})),
            "policy": from_server(_ask(lambda: s3.get_bucket_policy(Bucket=bucket), {}).get("Policy")),
            "tags": tags,
        }
    except Exception as error:
        if is_gone(error):
            return None
        raise
    return Live(without_nulls(outputs), mark)


def _ask(question: Callable[[], dict[str, Any]], none: dict[str, Any]) -> dict[str, Any]:
    """The answer, or `none` where the server says that there is no such setting or that it has none at all."""
    try:
        return question()
    except Exception as error:
        if code(error) in _ABSENT or status(error) == _NOT_IMPLEMENTED:
            return none
        raise


def _region(clients: Clients, bucket: str, head: dict[str, Any]) -> str:
    """The bucket's region: said in a header by some servers, by a call in others, else the endpoint's own."""
    named = head.get("BucketRegion")
    if named is None:
        named = _ask(lambda: clients.s3.get_bucket_location(Bucket=bucket), {}).get("LocationConstraint")
    return str(named or clients.settings.region)


def _lock(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The default retention; {} for a bucket made for locks that has no default (a half-made one)."""
    configuration = answer.get("ObjectLockConfiguration")
    if not configuration or configuration.get("ObjectLockEnabled") != "Enabled":
        return None
    retention = configuration.get("Rule", {}).get("DefaultRetention", {})
    days = retention.get("Days") or retention.get("Years", 0) * _DAYS_A_YEAR
    return {"mode": retention["Mode"].lower(), "days": days} if retention else {}


def _encryption(answer: dict[str, Any]) -> dict[str, Any] | None:
    rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    chosen = next(
        (rule["ApplyServerSideEncryptionByDefault"] for rule in rules if "ApplyServerSideEncryptionByDefault" in rule),
        None,
    )
    if chosen is None:
        return None
    return without_nulls({"algorithm": chosen["SSEAlgorithm"], "kmsKeyId": chosen.get("KMSMasterKeyID") or None})


def _blocked(answer: dict[str, Any]) -> bool:
    """True only where all four parts of the block are on: three of four leave a way in."""
    block = answer.get("PublicAccessBlockConfiguration", {})
    return all(block.get(part) is True for part in BLOCK_PARTS)


BLOCK_PARTS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""The four parts of a public access block."""
