"""What every type of an EC2-compatible endpoint shares: find what was begun, make, settle, read back, remove.

Such endpoints differ (Amazon's own, Outscale's FCU, moto): what one of them has not is data of the
provider (`ec2Without`), never a case in this code. Nothing here trusts a client token: after a lost answer
what was made is found again by its tags. A digest of what makes the thing another one goes into the
second tag, so that a replacement never takes the thing that it replaces for its own.
"""

from __future__ import annotations

import hashlib
import json
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources import contract
from hdh_infra.resources.clients import code, explain, lacks
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import MARK_TAG, Call, HalfMadeError, ResourceError, ResourceType
from hdh_infra.resources.types.ec2.comparing import narrowed, ordered
from hdh_infra.resources.values import UNKNOWN, Change, differences, is_unknown, join, without_nulls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TOKEN_TAG: Final = "hdh-token"  # noqa: S105 - a tag's key
"""The tag that says which thing of a resource this is: a replacement has another one."""
_RESERVED: Final = ("aws:", "hdh-urn", "hdh-token")
_BUSY: Final = frozenset(
    {
        "DependencyViolation",
        "IncorrectState",
        "InvalidGroup.InUse",
        "InvalidIPAddress.InUse",
        "InvalidState",
        "ResourceInUse",
        "VolumeInUse",
    }
)
"""What a server answers while something that goes too is not gone yet."""
DELETE_SECONDS = 300.0
"""How long a removal waits for what hangs on the thing."""
WAIT_SECONDS = 900.0
"""How long a thing may take to reach the state that is waited for."""
_SEEN_SECONDS: Final = 60.0
_FIRST_LOOK: Final = 0.5
_LONGEST_LOOK: Final = 10.0


def is_gone(error: BaseException) -> bool:
    """Whether the server says that there is no such thing (`InvalidVpcID.NotFound`, `NatGatewayNotFound`)."""
    return code(error).endswith("NotFound")


def first(answers: Sequence[Any]) -> Any:
    """The first of a list, or None of an empty one."""
    return answers[0] if answers else None


def wait_for(call: Call, what: str, ask: Callable[[], Any], seconds: float | None = None) -> Any:
    """Ask until the answer is not None; raises `ResourceError` after a while, or once the engine wants to stop."""
    end, pause = time.monotonic() + (WAIT_SECONDS if seconds is None else seconds), _FIRST_LOOK
    while (found := ask()) is None:
        if time.monotonic() > end:
            raise ResourceError(f"{what} took too long: look at it in the cloud's console, then run the command again")
        call.cancelled.wait(pause)
        call.stop_if_cancelled()
        pause = min(pause * 1.5, _LONGEST_LOOK)
    return found


class Ec2Type(ResourceType):
    """A type whose things the endpoint names by ids of its own.

    Subclasses say how one thing is made, looked at, changed and removed; the life around it is here.
    """

    noun: ClassVar[str]
    """What it is called in messages."""
    identifier: ClassVar[str] = ""
    """The output that holds the id; empty where the id is made of the inputs."""
    making: ClassVar[str] = ""
    """The operation that makes it, as `ec2Without` names it."""
    tagged: ClassVar[str] = ""
    """Its name among the kinds of things with tags; empty for one without."""
    kept: ClassVar[tuple[str, ...]] = ()
    """Inputs that no server tells: the state's own are kept."""

    # --- what a subclass says

    @abstractmethod
    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Make one; its id. `tagging` holds the arguments that tag it at once, if the endpoint can."""

    @abstractmethod
    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """Its outputs as the server has them, `tags` as the server's list; None where it is gone."""

    def change(self, call: Call, identity: str, outputs: Mapping[str, Any], inputs: dict[str, Any]) -> None:
        """Set in place what differs, tags apart; what cannot be set in place is never asked of it."""

    @abstractmethod
    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it, once; the base waits for what hangs on it."""

    def settled(self, call: Call, identity: str) -> None:
        """Wait until it is of use, or raise `ResourceError` where it never will be."""

    # --- the life of a resource

    def complete(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """With an empty set of tags where none is said: what others tag is taken away again."""
        return {**({"tags": {}} if self.tagged else {}), **super().complete(inputs)}

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """Tags that the endpoint takes; types add their own rules."""
        tags = inputs.get("tags") or {}
        if not is_unknown(tags):
            for key in tags:
                if not key or key.startswith(_RESERVED):
                    yield Failure(
                        join("tags", key), "tag keys are not empty, and aws:, hdh-urn, hdh-token are reserved"
                    )

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Every one is new, unless a type says what two of them cannot share."""
        del inputs
        return (object(),)

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs; everything else only the server knows."""
        return {**dict.fromkeys(contract.contracts()[self.token]["outputs"], UNKNOWN), **inputs}

    def changes(
        self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> list[Change]:
        """As the base has it; of a structure only what is asked of it counts, and the order of ids does not."""
        found: list[Change] = []
        for name in self.asked(inputs, old_inputs):
            wanted = inputs.get(name)
            found += differences(self._told(name, outputs.get(name), wanted), ordered(wanted), name)
        return found

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Go on with what was begun under this name, or make one; then bring it to what is asked."""
        identity = self._begun(call, inputs)
        if identity is None:
            identity = self.make(call, inputs, self._tagging(call, inputs))
        else:
            call.clients.adopted.add(identity)
        return identity, self._settle(call, identity, inputs, fresh=True)

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """As the server has it."""
        found = self._look(call, identity)
        return None if found is None else self._with_kept(found[0], outputs)

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The old inputs brought up to date; on an import all that the server tells."""
        known = contract.contracts()[self.token]["inputs"]
        before = without_nulls(old_inputs)
        if not before:
            told = {name: outputs[name] for name in known if outputs.get(name) not in (None, {}, [])}
            return {**told, **({"tags": outputs["tags"]} if outputs.get("tags") else {})}
        found = {name: self._told(name, outputs.get(name), value) for name, value in before.items() if name in known}
        if outputs.get("tags"):
            found["tags"] = outputs["tags"]
        return without_nulls(found)

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Set what differs."""
        del old_inputs
        return self._settle(call, identity, inputs)

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it, waiting for what still hangs on it; one that is gone already is well."""
        if identity in call.clients.adopted:
            # A forced replacement of something whose inputs are the same: the new one is this very thing.
            return

        def removed() -> bool | None:
            try:
                self.remove(call, identity, outputs)
            except Exception as error:
                if is_gone(error):
                    return True
                if code(error) not in _BUSY or time.monotonic() > end:
                    raise
                return None
            return True

        end = time.monotonic() + DELETE_SECONDS
        wait_for(call, f"removing {self.noun} {identity}", removed, DELETE_SECONDS + _LONGEST_LOOK)

    def begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """The id of what an interrupted creation with these inputs has made; None where it has made nothing."""
        return self._begun(call, self.complete(inputs))

    # --- for subclasses

    def token_of(self, call: Call, inputs: Mapping[str, Any]) -> str:
        """A digest of the resource's name and of what makes the thing another one."""
        lasting = {name: inputs.get(name) for name in contract.contracts()[self.token]["replace"]}
        text = json.dumps([call.urn, lasting], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def has(self, call: Call, operation: str) -> bool:
        """Whether the endpoint has an operation."""
        return operation not in call.clients.settings.ec2_without

    def tags_of(self, call: Call, inputs: Mapping[str, Any]) -> list[dict[str, str]]:
        """The asked tags and our two marks, as the endpoint takes them."""
        tags = {**inputs.get("tags", {}), MARK_TAG: call.mark, TOKEN_TAG: self.token_of(call, inputs)}
        return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]

    def _tagging(self, call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if not self.tagged or lacks(call.clients.settings.ec2_without, self.making, "TagSpecifications"):
            return {}
        return {"TagSpecifications": [{"ResourceType": self.tagged, "Tags": self.tags_of(call, inputs)}]}

    def _begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """The id of what an earlier creation of this very thing has made, whose answer was lost, by its tags."""
        if not self.tagged:
            return None
        for identity in marked(call, self.token_of(call, inputs)):
            found = self._look(call, identity)
            if found is not None and found[1] == call.mark:
                return identity
        return None

    def _if_there(self, call: Call, identity: str) -> str | None:
        """The id, if there is such a thing."""
        return identity if self._look(call, identity) is not None else None

    def _look(self, call: Call, identity: str) -> tuple[dict[str, Any], str | None] | None:
        """The outputs and the mark; None where it is gone."""
        try:
            found = self.look(call, identity)
        except Exception as error:
            if is_gone(error):
                return None
            raise
        if found is None:
            return None
        mark = None
        if self.tagged:
            tags = {tag["Key"]: tag["Value"] for tag in found.get("tags") or []}
            mark = tags.pop(MARK_TAG, None)
            tags.pop(TOKEN_TAG, None)
            found["tags"] = tags
        if self.identifier:
            found[self.identifier] = identity
        return without_nulls(found), mark

    def _present(self, call: Call, identity: str) -> tuple[dict[str, Any], str | None]:
        found = self._look(call, identity)
        if found is None:
            raise ResourceError(f"{self.noun} {identity} is gone: run `pulumi refresh`, then `pulumi up`")
        return found

    def _settle(self, call: Call, identity: str, inputs: dict[str, Any], *, fresh: bool = False) -> dict[str, Any]:
        """Wait, tag, set what differs and read back; whatever fails leaves a half-made thing in the state.

        What is `fresh` may not be told of yet by every server of the endpoint.
        """
        outputs: dict[str, Any] = dict(inputs)
        if self.identifier:
            outputs[self.identifier] = identity
        try:
            if fresh:
                wait_for(call, f"{self.noun} {identity}", lambda: self._look(call, identity), _SEEN_SECONDS)
            if self.tagged:
                self._tag(call, identity, inputs)
            self.settled(call, identity)
            outputs, _ = self._present(call, identity)
            outputs = self._with_kept(outputs, inputs)
            call.stop_if_cancelled()
            if self._left(outputs, inputs):
                self.change(call, identity, outputs, inputs)
                outputs, _ = self._present(call, identity)
                outputs = self._with_kept(outputs, inputs)
            left = self._left(outputs, inputs)
            if left:
                raise ResourceError(  # noqa: TRY301 - one way out for everything that leaves a half-made thing
                    f"{self.noun} {identity}: the server accepted {', '.join(left)} but does not keep it: "
                    "leave the property out"
                )
        except Exception as error:
            raise HalfMadeError(identity, outputs, explain(error)) from error
        return outputs

    def _left(self, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
        return [change.path for change in self.changes(outputs, {}, inputs)]

    def _tag(self, call: Call, identity: str, inputs: Mapping[str, Any]) -> None:
        """Bring the tags to what is asked; the first thing done, so that it is found again whatever fails."""
        outputs, mark = self._present(call, identity)
        wanted = self.tags_of(call, inputs)
        subject = self._subject(identity, outputs)
        unwanted = sorted(outputs["tags"].keys() - inputs["tags"].keys())
        if unwanted:
            call.clients.ec2.delete_tags(Resources=[subject], Tags=[{"Key": key} for key in unwanted])
        if outputs["tags"] != inputs["tags"] or mark != call.mark:
            call.clients.ec2.create_tags(Resources=[subject], Tags=wanted)

    def _subject(self, identity: str, outputs: Mapping[str, Any]) -> str:
        """The id under which it is tagged."""
        del outputs
        return identity

    def _with_kept(self, outputs: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        return {**{name: told[name] for name in self.kept if told.get(name) is not None}, **outputs}

    @staticmethod
    def _told(name: str, held: Any, wanted: Any) -> Any:
        """What the server holds, as far as it is asked."""
        return held if name == "tags" else narrowed(held, wanted)


def marked(call: Call, token: str) -> list[str]:
    """The ids of everything that carries a token."""
    filters = [{"Name": "key", "Values": [TOKEN_TAG]}, {"Name": "value", "Values": [token]}]
    pages = call.clients.ec2.get_paginator("describe_tags").paginate(Filters=filters)
    # A server may not know a filter and answer more than was asked.
    return sorted(
        {
            tag["ResourceId"]
            for page in pages
            for tag in page["Tags"]
            if tag["Key"] == TOKEN_TAG and tag["Value"] == token
        }
    )
