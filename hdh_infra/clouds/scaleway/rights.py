"""Who may do what with which bucket, as the endpoint decides it: what IAM allows and the bucket's policy allows as well.

A bucket without a policy is open to whatever application IAM lets handle objects. A policy of the version 2023-04-17 allows and
never denies; what it does not allow is denied to all but the organisation's owner (pages/object-storage/api-cli/bucket-policy.mdx,
2025-07-30). Conditions are not trusted to narrow anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.documents import EVERYONE, let_in
from hdh_infra.clouds.scaleway.iam import APPLICATION_ID, Iam, written
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.values import document, listed
from hdh_infra.graph.observation import Native
from hdh_infra.model.scales import Access

_ALL = frozenset({"delete", "get", "put"})
_PARTS: Mapping[Access, frozenset[str]] = {
    Access.read: frozenset({"get"}),
    Access.append: frozenset({"put"}),
    Access.write: _ALL,
}
"""What each access is made of."""
_SETS: Mapping[str, frozenset[str]] = {
    "AllProductsReadOnly": frozenset({"get"}),
    "ObjectStorageBucketsRead": frozenset(),
    "ObjectStorageObjectsDelete": frozenset({"delete"}),
    "ObjectStorageObjectsRead": frozenset({"get"}),
    "ObjectStorageObjectsWrite": frozenset({"put"}),
    "ObjectStorageReadOnly": frozenset({"get"}),
}
"""What permission sets let do with objects; others of the service, whatever their name, count as everything."""


def _capped(sets: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for one in sets:
        if one in _SETS:
            found |= _SETS[one]
        elif one.startswith(("ObjectStorage", "AllProducts")):
            found |= _ALL
    return frozenset(found)


@final
@dataclass
class Opened:
    """What opens which bucket."""

    applications: dict[str, dict[str, frozenset[Access]]] = field(default_factory=dict)
    """By native path of a bucket and of an application, what this may do."""
    machines: dict[str, dict[str, frozenset[Access]]] = field(default_factory=dict)
    """By machine and native path of a bucket, what its API keys let it do."""
    grants: dict[str, list[str] | None] = field(default_factory=dict)
    """By native path of a bucket, who may do what, as the spec says it; null where its policy cannot be seen."""


def observe_rights(reader: Reader, iam: Iam) -> Opened:
    """Buckets, and who opens each."""
    found = Opened()
    caps = {path: parts for path, sets in iam.sets.items() if (parts := _capped(sets))}
    for bucket in reader.buckets.values():
        mine, others, hidden = _let_in(reader, iam, bucket, caps)
        found.applications[bucket.path] = mine
        words: set[str] = set(others)
        for path, accesses in mine.items():
            for machine in iam.holders.get(path, ()):
                known = found.machines.setdefault(machine, {})
                known[bucket.path] = known.get(bucket.path, frozenset()) | accesses
        for machine in {one for path in mine for one in iam.holders.get(path, ())}:
            accesses = found.machines[machine][bucket.path]
            words |= {f"{machine} {access}" for access in ({Access.write} if Access.write in accesses else accesses)}
        found.grants[bucket.path] = None if hidden else sorted(words)
    return found


def _let_in(
    reader: Reader, iam: Iam, bucket: Native, caps: Mapping[str, frozenset[str]]
) -> tuple[dict[str, frozenset[Access]], list[str], bool]:
    """What our applications may do with one bucket, others in words, and whether its policy is hidden."""
    keeps = bool(bucket.properties.get("versioning")) or bucket.properties.get("objectLock") is not None
    if not document(bucket.properties.get("policy")):
        hidden = "policy" in listed(bucket.properties.get("withheld"))
        if hidden:
            reader.remarks.add(
                f"{bucket.path}: the server of the sandbox takes no policy of Scaleway's: who opens it cannot be seen"
            )
        opened = {path: access for path, parts in caps.items() if (access := _access(parts, keeps=keeps))}
        others = [
            f"{rule.other} {access}"
            for rule in iam.rules
            if rule.other is not None
            for access in _access(_capped(rule.sets), keeps=keeps)
        ]
        return opened, others, hidden
    mine: dict[str, frozenset[Access]] = {}
    strangers: list[str] = []
    trusted = frozenset(reader.site.settings.administrators)
    for principal, accesses in let_in(_in_words(bucket)):
        application = iam.applications.get(principal.removeprefix(APPLICATION_ID))
        if application is None:
            if principal in trusted:
                reader.remarks.add(f"{principal} administers every bucket, as the settings of the target say")
            else:
                strangers += [f"{principal} {access}" for access in accesses]
            continue
        allowed = frozenset(part for access in accesses for part in _PARTS[access])
        both = _access(allowed & caps.get(application.path, frozenset()), keeps=keeps)
        if both:
            mine[application.path] = mine.get(application.path, frozenset()) | both
    return mine, strangers, False


def _access(parts: frozenset[str], *, keeps: bool) -> frozenset[Access]:
    """What parts come to: deleting is writing, and so is putting where nothing keeps what was there before."""
    if "delete" in parts or ("put" in parts and not keeps):
        return frozenset({Access.write})
    return frozenset(access for access, part in ((Access.read, "get"), (Access.append, "put")) if part in parts)


def _in_words(bucket: Native) -> Native:
    """The bucket with the principals of its policy as text, as a cloud has them."""

    def one(statement: Mapping[str, Any]) -> dict[str, Any]:
        principal = statement.get("Principal")
        if isinstance(principal, Mapping):
            principal = {kind: [written(name) for name in listed(some)] for kind, some in principal.items()}
        return {**statement, "Principal": principal if principal is not None else EVERYONE}

    statements = [one(statement) for statement in listed(document(bucket.properties.get("policy")).get("Statement"))]
    return dataclasses.replace(bucket, properties={**bucket.properties, "policy": {"Statement": statements}})
