"""Access logs of a bucket: where they are written, and whether the log service may write into it.

`logging` belongs to the bucket whose accesses are logged, `logDelivery` to the one that takes the logs: S3 has a group
of its own for the service, which the bucket's ACL lets write objects and read the ACL (docs.aws.amazon.com/AmazonS3/
latest/userguide/enable-server-access-logging.html; ovh/docs s3_server_access_logging, 2023-02-16; read 2026-11-25).
Other grants of an ACL have no word here: whoever gives one by hand opened the bucket, so they are read as drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources.contract import Failure
from hdh_infra.resources.values import is_unknown, without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
"""The group of S3's own log service."""
_DELIVERING: Final = ("WRITE", "READ_ACP")
_WORDS: Final = {"TargetBucket": "targetBucket", "TargetPrefix": "targetPrefix"}


def check_logging(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """Logs go elsewhere: each log that a bucket writes into itself is an access, which is logged again.

    Args:
        inputs: of the bucket; may hold unknowns.
    """
    logging = inputs.get("logging")
    if not isinstance(logging, dict):
        return
    target = logging["targetBucket"]
    if target == inputs.get("bucket") and not is_unknown(target):
        yield Failure("logging.targetBucket", "is the bucket itself: its logs would be logged without end")
    if inputs.get("logDelivery") is True:
        yield Failure("logging", "a bucket that takes logs is not logged itself: leave logging or logDelivery out")


def same_logging(held: Any, asked: Any) -> bool:
    """Whether two settings mean the same: a prefix that is left out is an empty one."""
    if not isinstance(held, dict) or not isinstance(asked, dict):
        return held is None and asked is None
    return {"targetPrefix": "", **without_nulls(held)} == {"targetPrefix": "", **without_nulls(asked)}


def logging_request(logging: Mapping[str, Any] | None) -> dict[str, Any]:
    """The setting as S3 takes it; an empty one switches logging off."""
    if logging is None:
        return {}
    return {
        "LoggingEnabled": {"TargetBucket": logging["targetBucket"], "TargetPrefix": logging.get("targetPrefix") or ""}
    }


def logging_of(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The setting of an answer; None where nothing is logged. Parts without a word here are told by their names."""
    held = answer.get("LoggingEnabled")
    if not held:
        return None
    found = {ours: held.get(native) or "" for native, ours in _WORDS.items()}
    # The plain form of an object's name is what is meant where none is asked.
    form = held.get("TargetObjectKeyFormat")
    more = [name for name in held if name not in _WORDS and held[name]]
    if form is not None and "PartitionedPrefix" not in form:
        more.remove("TargetObjectKeyFormat")
    return {**found, "also": ", ".join(sorted(more))} if more else found


def delivery_of(answer: Mapping[str, Any]) -> tuple[bool | None, list[dict[str, str]] | None]:
    """Of an ACL: whether the log service may write, and what it grants to whomever else but the owner; None for neither."""
    owner = (answer.get("Owner") or {}).get("ID")
    delivering: set[str] = set()
    others = []
    for grant in answer.get("Grants", []):
        who, permission = grant.get("Grantee") or {}, str(grant.get("Permission"))
        name = who.get("URI") or who.get("ID") or who.get("EmailAddress")
        if name == LOG_DELIVERY and permission in _DELIVERING:
            delivering.add(permission)
        # Servers without ACLs answer their owner without an id.
        elif name is not None and owner is not None and name != owner:
            others.append({"grantee": str(name), "permission": permission})
    others.sort(key=lambda one: (one["grantee"], one["permission"]))
    return delivering == set(_DELIVERING) or None, others or None


def acl_request(answer: Mapping[str, Any], *, deliver: bool) -> dict[str, Any]:
    """An ACL that gives its owner everything, the log service what it needs if so asked, and nobody else anything.

    Args:
        answer: the ACL that is there, for its owner.
        deliver: whether logs are to come in.
    """
    owner = {"ID": answer["Owner"]["ID"]}
    grants = [{"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}]
    if deliver:
        group = {"Type": "Group", "URI": LOG_DELIVERY}
        grants += [{"Grantee": group, "Permission": permission} for permission in _DELIVERING]
    return {"Owner": owner, "Grants": grants}
