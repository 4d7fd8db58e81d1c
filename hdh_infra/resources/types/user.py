"""`hdh:iam:User`: a person or a program that an IAM endpoint knows.

A user who still has keys or policies that this stack does not remove first is deliberately kept: some
servers (SeaweedFS 4.48) would delete them all without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.clients import code, explain
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import MARK_TAG, Call, HalfMadeError, ResourceError, ResourceType
from hdh_infra.resources.values import UNKNOWN, is_unknown, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_PATH: Final = re.compile(r"/|/[!-~]{1,510}/")
NO_SUCH_ENTITY: Final = "NoSuchEntity"


def check_name(field: str, name: Any) -> Iterator[Failure]:
    """Whether a user's or a policy's name is one that IAM takes."""
    if name is not None and not is_unknown(name) and not _NAME.fullmatch(name):
        yield Failure(field, f"{name!r} is no name: 1 to 64 letters, digits and _+=,.@-")


class User(ResourceType):
    """A user, its path and its tags."""

    token: ClassVar[str] = "hdh:iam:User"  # noqa: S105 - a type token
    defaults: ClassVar[Mapping[str, Any]] = {"path": "/", "tags": {}}

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """Names, paths and tags as IAM has them."""
        yield from check_name("userName", inputs.get("userName"))
        path = inputs.get("path")
        if path is not None and not is_unknown(path) and not _PATH.fullmatch(path):
            yield Failure("path", f"{path!r} is no path: begin and end it with /")
        tags = inputs.get("tags") or {}
        if not is_unknown(tags):
            for key in tags:
                if not key or key.startswith(("aws:", "hdh-")):
                    yield Failure(join("tags", key), "tag keys are not empty, and aws: and hdh- are reserved")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A user is its name; the path does not make another one."""
        return (inputs.get("userName"),)

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All inputs; the ARN holds the account, which only the server knows."""
        return {**inputs, "arn": UNKNOWN}

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make the user, or go on with our own half-made one."""
        name, iam = inputs["userName"], call.clients.iam
        try:
            iam.create_user(UserName=name, Path=inputs["path"], Tags=_tag_list(call, inputs))
        except Exception as error:
            if code(error) != "EntityAlreadyExists":
                raise
            _refuse_a_foreign_user(call, name)
        return name, self._settle(call, name, inputs)

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The user as the server has it."""
        del outputs
        found = _read(call, identity)
        return None if found is None else found[0]

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Name, and path and tags where they are asked for or not the usual ones."""
        found = {"userName": outputs["userName"]}
        for name, usual in self.defaults.items():
            if old_inputs.get(name) is not None or outputs[name] != usual:
                found[name] = outputs[name]
        return found

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Set the tags; all else is another user."""
        del old_inputs
        return self._settle(call, identity, inputs)

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove the user once it has neither keys nor policies."""
        del outputs
        iam = call.clients.iam
        try:
            _refuse_to_lose(iam, identity)
            iam.delete_user(UserName=identity)
        except Exception as error:
            if code(error) != NO_SUCH_ENTITY:
                raise

    def _settle(self, call: Call, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Bring the tags to what is asked (some servers drop those given at creation) and read back."""
        outputs: dict[str, Any] = {"userName": name}
        try:
            outputs, mark = _present(call, name)
            call.stop_if_cancelled()
            unwanted = sorted(outputs["tags"].keys() - inputs["tags"].keys())
            if unwanted:
                call.clients.iam.untag_user(UserName=name, TagKeys=unwanted)
            if outputs["tags"] != inputs["tags"] or mark != call.mark:
                call.clients.iam.tag_user(UserName=name, Tags=_tag_list(call, inputs))
                outputs, mark = _present(call, name)
            left = [change.path for change in self.changes(outputs, {}, inputs)]
            if left:
                raise ResourceError(  # noqa: TRY301 - one way out for everything that leaves a half-made user
                    f"user {name}: the server accepted {', '.join(left)} but does not keep it: leave the property out"
                )
        except Exception as error:
            raise HalfMadeError(name, outputs, explain(error)) from error
        return outputs


def _refuse_to_lose(iam: Any, name: str) -> None:
    keys = iam.list_access_keys(UserName=name).get("AccessKeyMetadata", [])
    policies = iam.list_user_policies(UserName=name).get("PolicyNames", [])
    if keys or policies:
        raise ResourceError(
            f"user {name} still has {len(keys)} access keys and {len(policies)} policies that this stack did not make: "
            "remove them first"
        )


def _tag_list(call: Call, inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    tags = {**inputs["tags"], MARK_TAG: call.mark}
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _read(call: Call, name: str) -> tuple[dict[str, Any], str | None] | None:
    """The outputs and the mark; None where there is no such user."""
    iam = call.clients.iam
    try:
        user = iam.get_user(UserName=name)["User"]
        pages = iam.get_paginator("list_user_tags").paginate(UserName=name)
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}
    except Exception as error:
        if code(error) == NO_SUCH_ENTITY:
            return None
        raise
    mark = tags.pop(MARK_TAG, None)
    return {"userName": name, "arn": user.get("Arn"), "path": user.get("Path") or "/", "tags": tags}, mark


def _present(call: Call, name: str) -> tuple[dict[str, Any], str | None]:
    found = _read(call, name)
    if found is None:
        raise ResourceError(f"user {name} is gone: run `pulumi refresh`, then `pulumi up`")
    return found


def _refuse_a_foreign_user(call: Call, name: str) -> None:
    """Go on only with a user marked as this resource's, or one with no mark, tag, key or policy at all."""
    outputs, mark = _present(call, name)
    if mark == call.mark:
        return
    iam = call.clients.iam
    used = iam.list_access_keys(UserName=name).get("AccessKeyMetadata") or iam.list_user_policies(UserName=name).get(
        "PolicyNames"
    )
    if mark is not None or outputs["tags"] or used:
        raise ResourceError(
            f"user {name} exists and is not ours: choose another name, or import it: pulumi import hdh:iam:User NAME {name}"
        )
