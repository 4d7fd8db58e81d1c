"""`hdh:iam:UserPolicy`: what one user may do, as a policy document inside the user.

The document's meaning is deliberately left to the server, but what the server shows afterwards must be
what was asked: a server that keeps only a part of it (a condition, a denial) is an error here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from hdh_infra.resources.clients import code, explain
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import Call, HalfMadeError, ResourceError, ResourceType
from hdh_infra.resources.types.bucket import check_policy
from hdh_infra.resources.types.user import NO_SUCH_ENTITY, check_name
from hdh_infra.resources.values import Change, canonical_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class UserPolicy(ResourceType):
    """One inline policy of a user; its id is `user/policy`."""

    token: ClassVar[str] = "hdh:iam:UserPolicy"  # noqa: S105 - a type token

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """Names, and a document with statements."""
        yield from check_name("userName", inputs.get("userName"))
        yield from check_name("policyName", inputs.get("policyName"))
        yield from check_policy(inputs.get("policy"))

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A policy is its user and its name."""
        return (inputs.get("userName"), inputs.get("policyName"))

    def changes(
        self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> list[Change]:
        """As the base has it; documents are compared by meaning."""
        found = super().changes(outputs, old_inputs, inputs)
        wanted = inputs.get("policy")
        if isinstance(wanted, str) and canonical_policy(outputs.get("policy")) == canonical_policy(wanted):
            return [change for change in found if change.top != "policy"]
        return found

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All is known before."""
        return dict(inputs)

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Put the policy; a user has at most one of a name, so one that is there must mean the same."""
        identity = f"{inputs['userName']}/{inputs['policyName']}"
        there = _read(call, identity)
        if there is not None and canonical_policy(there["policy"]) != canonical_policy(inputs["policy"]):
            raise ResourceError(
                f"user policy {identity} exists and says something else: choose another name, "
                f"or import it: pulumi import hdh:iam:UserPolicy NAME {identity}"
            )
        return identity, self._put(call, identity, inputs)

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The document as the server has it."""
        del outputs
        return _read(call, identity)

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All; the document in the words of the old inputs where it means the same."""
        found = {name: outputs[name] for name in ("userName", "policyName", "policy")}
        before = old_inputs.get("policy")
        if isinstance(before, str) and canonical_policy(before) == canonical_policy(found["policy"]):
            found["policy"] = before
        return found

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Put the new document in the old one's place."""
        del old_inputs
        return self._put(call, identity, inputs)

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Take the rights away."""
        del outputs
        user, name = _parts(identity)
        try:
            call.clients.iam.delete_user_policy(UserName=user, PolicyName=name)
        except Exception as error:
            if code(error) != NO_SUCH_ENTITY:
                raise

    def _put(self, call: Call, identity: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Put and read back; a refused document changes nothing on the server."""
        user, name = _parts(identity)
        call.clients.iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=inputs["policy"])
        held: dict[str, Any] = {"userName": user, "policyName": name}
        try:
            held = _read(call, identity) or held
        except Exception as error:
            raise HalfMadeError(identity, held, explain(error)) from error
        if canonical_policy(held.get("policy")) != canonical_policy(inputs["policy"]):
            raise HalfMadeError(
                identity,
                held,
                f"user policy {identity}: the server keeps another document than it was given: simplify it",
            )
        return {**held, "policy": inputs["policy"]}


def _parts(identity: str) -> tuple[str, str]:
    user, slash, name = identity.partition("/")
    if not (user and slash and name):
        raise ResourceError(f"{identity!r} is no id of a user policy: write USER/POLICY")
    return user, name


def _read(call: Call, identity: str) -> dict[str, Any] | None:
    """The policy; None where there is none.

    The names are asked first: some servers (SeaweedFS 4.48) answer a policy of any name with all rights of the user.
    """
    user, name = _parts(identity)
    iam = call.clients.iam
    try:
        pages = iam.get_paginator("list_user_policies").paginate(UserName=user)
        if not any(name in page.get("PolicyNames", []) for page in pages):
            return None
        document = iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"]
    except Exception as error:
        if code(error) == NO_SUCH_ENTITY:
            return None
        raise
    # botocore has decoded the document into an object where it could.
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return {"userName": user, "policyName": name, "policy": text}
