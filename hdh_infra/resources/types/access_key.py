"""`hdh:iam:AccessKey`: the credentials of one user; the secret is told once, at creation, and kept as a secret.

It cannot be imported (no server tells a secret twice) and deliberately never looks for old keys: a key
whose answer was lost stays with its user and goes with it, or is removed by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hdh_infra.resources.clients import code
from hdh_infra.resources.types.base import Call, ResourceError, ResourceType
from hdh_infra.resources.types.user import NO_SUCH_ENTITY, check_name
from hdh_infra.resources.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hdh_infra.resources.contract import Failure


class AccessKey(ResourceType):
    """One access key."""

    token: ClassVar[str] = "hdh:iam:AccessKey"  # noqa: S105 - a type token

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """The user's name."""
        yield from check_name("userName", inputs.get("userName"))

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Every key is new, so a replacement never meets the old one."""
        del inputs
        return (object(),)

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Only the user is known before."""
        return {**inputs, "accessKeyId": UNKNOWN, "secretAccessKey": UNKNOWN}

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a key."""
        user = inputs["userName"]
        try:
            key = call.clients.iam.create_access_key(UserName=user)["AccessKey"]
        except Exception as error:
            if code(error) == "LimitExceeded":
                raise ResourceError(
                    f"user {user} has as many access keys as the server allows: remove one first"
                ) from error
            raise
        outputs = {"userName": user, "accessKeyId": key["AccessKeyId"], "secretAccessKey": key["SecretAccessKey"]}
        return key["AccessKeyId"], outputs

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The state's own outputs while the server has the key and it is active; None once it is not."""
        if not outputs.get("secretAccessKey"):
            raise ResourceError(
                f"access key {identity} cannot be imported, its secret is told only once: make a new one"
            )
        try:
            pages = call.clients.iam.get_paginator("list_access_keys").paginate(UserName=outputs["userName"])
            active = {
                key["AccessKeyId"]
                for page in pages
                for key in page.get("AccessKeyMetadata", [])
                if key.get("Status", "Active") == "Active"
            }
        except Exception as error:
            if code(error) == NO_SUCH_ENTITY:
                return None
            raise
        return dict(outputs) if identity in active else None

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The user's name."""
        del old_inputs
        return {"userName": outputs["userName"]}

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Nothing of a key can be changed in place."""
        del call, inputs, old_inputs
        raise ResourceError(f"access key {identity} cannot be changed: replace it")

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove the key; it stops to work at once."""
        try:
            call.clients.iam.delete_access_key(UserName=outputs["userName"], AccessKeyId=identity)
        except Exception as error:
            if code(error) != NO_SUCH_ENTITY:
                raise
