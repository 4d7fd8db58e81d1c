"""Policy documents of the S3 endpoint: what lets a user read, append to or write a bucket, and reading them back.

An S3 server knows actions and no words for them: whoever may put an object may put it in the place of another. So
appending is a right of its own only on a bucket that keeps versions, where what was there before stays.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, final

from hdh_infra.clouds.values import document, listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.scales import Access

EVERYONE = "*"
LOG_SERVICE = "logging.s3.amazonaws.com"
"""What S3 calls its own log service in a policy, on Ceph too (ceph/ceph doc/radosgw/bucket_logging.rst, read 2026-11-25)."""
_ARN = "arn:aws:s3:::"
_WILD = frozenset("*?[")
_LOOKING = ("s3:GetBucketLocation", "s3:ListBucket")
BUCKET_ACTIONS: Mapping[Access, tuple[str, ...]] = {Access.write: _LOOKING, Access.read: _LOOKING, Access.append: ()}
OBJECT_ACTIONS: Mapping[Access, tuple[str, ...]] = {
    Access.write: ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    Access.read: ("s3:GetObject",),
    Access.append: ("s3:AbortMultipartUpload", "s3:PutObject"),
}
"""What each access needs, in words that every server has: no policy, no lock, no deletion of versions, so that a machine
cannot destroy what was written."""
_READING = frozenset({"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"})
_PUTTING = frozenset({"s3:PutObject"})
_RULING = frozenset(
    {
        "s3:BypassGovernanceRetention",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutBucketAcl",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutLifecycleConfiguration",
        "s3:PutObjectAcl",
        "s3:PutObjectRetention",
        "s3:PutReplicationConfiguration",
    }
)
"""Deleting, and what lets one get there: whoever sets a bucket's policy or rules of age can have anything deleted."""
_PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "READ": ("s3:ListBucket",),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
    "WRITE_ACP": ("s3:PutBucketAcl",),
    "FULL_CONTROL": ("s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:PutBucketAcl"),
}
"""What each permission of a bucket's ACL lets do (docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html)."""
_DATA = _READING | _PUTTING | _RULING


def policy_of(accesses: Mapping[str, Iterable[Access]]) -> dict[str, Value]:
    """The document that lets a user do with buckets, by name, what is said of each, and nothing else."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": [f"{_ARN}{name}{tail}" for name in names]}
            for access in (Access.write, Access.read, Access.append)
            if (names := sorted(name for name, some in accesses.items() if access in some))
            for actions, tail in ((BUCKET_ACTIONS[access], ""), (OBJECT_ACTIONS[access], "/*"))
            if actions
        ],
    }


def opened(buckets: Mapping[str, Native], documents: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[Access]]:
    """What a user's documents together let it do, by the native path of each bucket that they open.

    Args:
        buckets: those of the deployment, by name.
        documents: the user's, read.
    """
    statements = [statement for one in documents for statement in listed(one.get("Statement"))]
    allow = [_Statement(one) for one in statements if one.get("Effect") == "Allow"]
    deny = [_Statement(one) for one in statements if one.get("Effect") == "Deny" and not one.get("Condition")]
    by_name: dict[str, set[str]] = {}
    wide = [one for one in allow if one.turned or one.patterns]
    for statement in allow:
        for name in statement.names:
            by_name.setdefault(name, set()).update(statement.actions)
    found = {}
    # A document that names a thousand buckets is read once, and not once for each of them.
    for name in buckets if wide else sorted(by_name.keys() & buckets.keys()):
        allowed = by_name.get(name, set()).union(*(one.actions for one in wide if one.reaches(name)))
        allowed.difference_update(*(one.actions for one in deny if one.covers(name)))
        if allowed:
            bucket = buckets[name]
            found[bucket.path] = _access(allowed, bucket)
    return found


def let_in(bucket: Native) -> Iterator[tuple[str, frozenset[Access]]]:
    """Whom a bucket's own policy names and what it lets each do; whoever asks is not among them.

    Conditions, and what the policy denies, are not trusted to narrow it. What its ACL gives a named one counts too.
    """
    for one in bucket.properties.get("acl") or ():
        if actions := set(_PERMISSIONS.get(str(one.get("permission")), ())):
            yield str(one.get("grantee")), _access(actions, bucket)
    for statement in listed(document(bucket.properties.get("policy")).get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        named = principal.values() if isinstance(principal, Mapping) else [principal]
        actions = _Statement(statement).actions
        if _is_delivery(statement, actions):
            continue
        for name in sorted({str(one) for some in named for one in listed(some)} - {EVERYONE}):
            if actions:
                yield name, _access(actions, bucket)


def delivers(taking: Native, logged: Native) -> bool:
    """Whether a bucket's own policy lets the endpoint's log service put the logs of another one into all of it."""
    everything = f"{_ARN}{taking.properties.get('bucket')}/*"
    source = f"{_ARN}{logged.properties.get('bucket')}"
    statements = listed(document(taking.properties.get("policy")).get("Statement"))
    if any(one.get("Effect") == "Deny" and _PUTTING & _actions(one) and not one.get("Condition") for one in statements):
        return False
    return any(
        _is_delivery(one, _actions(one)) and everything in listed(one.get("Resource")) and _holds(one, source)
        for one in statements
        if one.get("Effect") == "Allow"
    )


def _holds(statement: Mapping[str, Any], source: str) -> bool:
    """Whether a statement's condition lets one bucket's logs in; what is not known by name does not."""
    condition = statement.get("Condition") or {}
    patterns = listed((condition.get("ArnLike") or {}).get("aws:SourceArn"))
    known = set(condition) <= {"ArnLike"} and set(condition.get("ArnLike") or {}) <= {"aws:SourceArn"}
    return known and (not condition or any(fnmatch.fnmatchcase(source, str(one)) for one in patterns))


def _is_delivery(statement: Mapping[str, Any], actions: set[str]) -> bool:
    """Whether a statement lets the log service put, and nobody else anything: that is no grant, but the cloud's own writing."""
    principal = statement.get("Principal")
    named = principal.get("Service") if isinstance(principal, Mapping) and set(principal) == {"Service"} else None
    return set(listed(named)) == {LOG_SERVICE} and actions == _PUTTING


def _access(allowed: set[str], bucket: Native) -> frozenset[Access]:
    """What actions on a bucket's data come to."""
    keeps = bool(bucket.properties.get("versioning")) or bucket.properties.get("objectLock") is not None
    if allowed & _RULING or (allowed & _PUTTING and not keeps):
        return frozenset({Access.write})
    read = {Access.read} if allowed & _READING else set()
    return frozenset(read | ({Access.append} if allowed & _PUTTING else set()))


@final
class _Statement:
    """One statement; what is turned round (`Not...`) is taken for the worse."""

    def __init__(self, statement: Mapping[str, Any]) -> None:
        """Sort its resources into names of buckets and patterns, once."""
        self.turned = "NotAction" in statement or "NotResource" in statement
        self.resources = {str(one) for one in listed(statement.get("Resource"))}
        heads = {resource: _head(resource) for resource in self.resources}
        self.wide = [resource for resource, head in heads.items() if set(head) & _WILD]
        self.patterns = [] if self.turned else [heads[resource] for resource in self.wide]
        self.names = set() if self.turned else {head for head in heads.values() if not set(head) & _WILD}
        self.actions = set(_DATA) if self.turned else _actions(statement)

    def reaches(self, bucket: str) -> bool:
        """Whether an Allow means a bucket by more than its name: it does as soon as it reaches one object of it."""
        return self.turned or any(fnmatch.fnmatchcase(bucket, one) for one in self.patterns)

    def covers(self, bucket: str) -> bool:
        """Whether a Deny means a bucket: only when it reaches all of its objects."""
        everything = f"{_ARN}{bucket}/*"
        return not self.turned and (
            everything in self.resources or any(fnmatch.fnmatchcase(everything, one) for one in self.wide)
        )


def _actions(statement: Mapping[str, Any]) -> set[str]:
    """The actions on data that a statement names."""
    found: set[str] = set()
    for action in (str(one).lower() for one in listed(statement.get("Action"))):
        if set(action) & _WILD:
            found |= {one for word, one in _BY_WORD.items() if fnmatch.fnmatchcase(word, action)}
        elif action in _BY_WORD:
            found.add(_BY_WORD[action])
    return found


_BY_WORD: Mapping[str, str] = {action.lower(): action for action in _DATA}


def _head(resource: str) -> str:
    return resource.removeprefix(_ARN).split("/", 1)[0]
