"""Whose bucket it is: what a creation may go on with, and what it must leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hdh_infra.resources.clients import explain
from hdh_infra.resources.types.base import Call, Live, ResourceError
from hdh_infra.resources.types.bucket_emptying import holds_anything
from hdh_infra.resources.types.bucket_reading import read_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping


class ForeignError(ResourceError):
    """Raised when a bucket is somebody else's: it must not come into the state, from where it could be destroyed."""


def refuse_a_foreign_bucket(call: Call, inputs: Mapping[str, Any]) -> None:
    """Go on only with our own half-made bucket: empty, and marked as this resource's or not marked at all."""
    name = inputs["bucket"]
    try:
        live = read_bucket(call.clients, name)
    except Exception as error:
        raise ResourceError(f"bucket {name} exists and is not ours ({explain(error)}): choose another name") from error
    if live is None:
        raise ResourceError(f"bucket {name} is held by another account or is being deleted: choose another name")
    if not is_ours(call, name, live):
        raise ResourceError(foreign(name))
    if ("objectLock" in live.outputs) != (inputs.get("objectLock") is not None):
        raise ResourceError(
            f"bucket {name} exists with another object lock: delete it by hand if it is yours, or {_import(name)}"
        )


def is_ours(call: Call, name: str, live: Live) -> bool:
    """Whether a bucket is as a creation of this resource leaves it: empty, and marked as its own or not marked at all."""
    bare = live.mark is None and not live.outputs["tags"] and "policy" not in live.outputs
    return (live.mark == call.mark or bare) and not holds_anything(call.clients.s3, name)


def foreign(name: str) -> str:
    """What is told of somebody else's bucket."""
    return f"bucket {name} exists and is not ours: {_import(name)}"


def _import(name: str) -> str:
    return f"choose another name, or import it: pulumi import hdh:s3:Bucket NAME {name}"
