"""Policies of buckets in an offer's own words, for the server of the sandbox, which has S3's words alone.

A Scaleway policy names applications and users by their ids and buckets by their bare names
(scaleway/docs-content pages/object-storage/api-cli/bucket-policy.mdx, 2025-07-30). The sandbox's simulator makes a user of S3 for
each application, by the same name; so the policy that is planned is held by the server, and what it holds reads back as it was planned.
Never used for an endpoint that a stack itself names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hdh_infra.resources import config

_CHOICE: Final = "HDH_S3_POLICIES"
_SCALEWAY: Final = "scaleway"
_VERSIONS: Final = ("2023-04-17", "2012-10-17")
_BUCKET: Final = "arn:aws:s3:::"
_USER: Final = "arn:aws:iam::000000000000:user/"
_BEARER: Final = re.compile(r"(application_id|user_id):(.+)")


def to_server(policy: str, environment: Mapping[str, str] = os.environ) -> str:
    """The policy in the words that the server has."""
    return _translated(policy, _to_statement, _VERSIONS, environment)


def from_server(policy: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """What a server holds, in the words that a plan has; None for no policy."""
    if policy is None:
        return None
    return _translated(policy, _from_statement, (_VERSIONS[1], _VERSIONS[0]), environment)


def _translated(
    policy: str,
    one: Callable[[dict[str, Any]], dict[str, Any]],
    versions: tuple[str, str],
    environment: Mapping[str, str],
) -> str:
    if environment.get(_CHOICE) != _SCALEWAY or not config.is_redirected(environment):
        return policy
    try:
        document = json.loads(policy)
        if document.get("Version") != versions[0]:
            return policy
        statements = [one(statement) for statement in _listed(document["Statement"])]
    except (ValueError, AttributeError, KeyError, TypeError):
        return policy
    return json.dumps({**document, "Version": versions[1], "Statement": statements})


def _to_statement(statement: dict[str, Any]) -> dict[str, Any]:
    named = statement.get("Principal")
    if isinstance(named, dict) and "SCW" in named:
        names = [_BEARER.sub(rf"{_USER}\1=\2", str(one)) for one in _listed(named["SCW"])]
        named = {"AWS": names}
    resources = [f"{_BUCKET}{one}" for one in _listed(statement.get("Resource"))]
    return {**statement, "Principal": named, "Resource": resources}


def _from_statement(statement: dict[str, Any]) -> dict[str, Any]:
    named = statement.get("Principal")
    if isinstance(named, dict) and "AWS" in named:
        names = [str(one).removeprefix(_USER).replace("_id=", "_id:", 1) for one in _listed(named["AWS"])]
        named = {"SCW": names}
    resources = [str(one).removeprefix(_BUCKET) for one in _listed(statement.get("Resource"))]
    return {**statement, "Principal": named, "Resource": resources}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
