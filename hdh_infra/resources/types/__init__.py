"""The resource types, one file each, and the table by type token.

A type speaks to a server and knows its quirks; it deliberately knows nothing of gRPC or protobuf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hdh_infra.resources.types.access_key import AccessKey
from hdh_infra.resources.types.bucket import Bucket
from hdh_infra.resources.types.ec2 import KINDS, images
from hdh_infra.resources.types.key_acl import KeyAcl
from hdh_infra.resources.types.user import User
from hdh_infra.resources.types.user_policy import UserPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from hdh_infra.resources.types.base import ResourceType

TYPES: Mapping[str, ResourceType] = {
    kind.token: kind for kind in (Bucket(), User(), AccessKey(), UserPolicy(), KeyAcl(), *KINDS)
}
"""Every type that the provider serves, by token."""
LOOKUPS: Mapping[str, ModuleType] = {images.GET_IMAGE: images}
"""Every question that it answers without making anything, by token: each has `check` and `get`."""
