"""`hdh:keymanager:Acl`: who reads a key of Barbican, beside its maker and the admins of its project.

pulumi-openstack gives a list to secrets whose material it stores, and none to the keys that an order makes inside
(5.5.3 `keymanager.SecretV1.acl`, none in `OrderV1`), which are those whose material stands in no state. A list
stands on a secret or on a container. Barbican judges a container and each secret in it apart, so that one
on a container is put on every secret that it names as well, the pair of a key of RSA. Barbican takes users of Keystone and no
groups, and looks none of them up (barbican 23.0.0 `barbican/api/controllers/acls.py`, `barbican/common/policies`, read 2026-11-25).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hdh_infra.resources.contract import Failure
from hdh_infra.resources.keystone import ServiceError
from hdh_infra.resources.types.base import Call, HalfMadeError, ResourceError, ResourceType
from hdh_infra.resources.values import Change, is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REF: Final = re.compile(
    r"(?:https?://\S+/)?(secrets|containers)/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?"
)
_LONGEST: Final = 255
"""Letters of a user's id, as Barbican takes them."""


class KeyAcl(ResourceType):
    """The list of one secret, or of one container and its secrets; its id is `REGION/secrets/UUID` or `REGION/containers/UUID`."""

    token: ClassVar[str] = "hdh:keymanager:Acl"  # noqa: S105 - a type token
    # What Barbican means by no list is the whole project: the other way round here, and always said.
    defaults: ClassVar[Mapping[str, Any]] = {"users": [], "projectAccess": False}

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """A reference to a secret or container, and ids that Barbican takes, each once."""
        ref = inputs.get("ref")
        if isinstance(ref, str) and _REF.fullmatch(ref) is None:
            yield Failure("ref", f"{ref!r} names no secret and no container of Barbican: give the order's secretRef")
        users = inputs.get("users")
        if not isinstance(users, list):
            return
        for index, user in enumerate(users):
            if not is_unknown(user) and not 0 < len(user.strip()) <= _LONGEST:
                yield Failure(f"users[{index}]", f"is no id of a user of Keystone: 1 to {_LONGEST} letters")
        known = [user for user in users if not is_unknown(user)]
        if len(set(known)) != len(known):
            yield Failure("users", "names one twice: give each once")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A list is what it stands on."""
        ref = inputs.get("ref")
        found = _REF.fullmatch(ref) if isinstance(ref, str) else None
        return (inputs.get("region"), found.groups() if found else ref)

    def changes(
        self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> list[Change]:
        """As the base has it; the order of users says nothing, and a reference is the same by any address of the service."""
        same = set()
        if self.identity(outputs) == self.identity(inputs):
            same.add("ref")
        users = inputs.get("users")
        if (
            isinstance(users, list)
            and not any(map(is_unknown, users))
            and sorted(users) == sorted(outputs.get("users") or [])
        ):
            same.add("users")
        return [change for change in super().changes(outputs, old_inputs, inputs) if change.top not in same]

    def preview(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All is known before."""
        return dict(inputs)

    def create(self, call: Call, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Put the list; one that is there already must say the same, for it is another's."""
        place = _Place.parse(f"{inputs['region']}/{inputs['ref']}")
        there = _read(call, place)
        if there is None:
            raise ResourceError(f"{place} is not there: nothing can have a list of its readers; refresh first")
        default = there["projectAccess"] and not there["users"]
        if not default and not _equal(there, inputs):
            raise ResourceError(
                f"{place} has a list of readers that says something else: "
                f"import it: pulumi import {self.token} NAME {place}"
            )
        return str(place), self._put(call, place, inputs)

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The list as Barbican has it; no list reads as the whole project."""
        place = _Place.parse(identity)
        found = _read(call, place)
        return None if found is None else {"region": place.region, "ref": outputs.get("ref") or place.path, **found}

    def inputs_of(self, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
        """All; users in the old order where they are the same."""
        found = {name: outputs[name] for name in ("region", "ref", "users", "projectAccess")}
        before = old_inputs.get("users")
        if isinstance(before, list) and sorted(map(str, before)) == sorted(found["users"]):
            found["users"] = before
        return found

    def update(
        self, call: Call, identity: str, inputs: dict[str, Any], old_inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Put the new list in the old one's place."""
        del old_inputs
        return self._put(call, _Place.parse(identity), inputs)

    def delete(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Take the lists away: what they stood on is the whole project's again, as Barbican has it without one."""
        del outputs
        place = _Place.parse(identity)
        for path in _covered(call, place):
            call.clients.key_manager(place.region).delete(f"/{path}/acl")

    def _put(self, call: Call, place: _Place, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Put and read back; secrets before the container that names them, for their material is what counts."""
        wanted = {"read": {"users": list(inputs["users"]), "project-access": inputs["projectAccess"]}}
        held: dict[str, Any] = {"region": place.region, "ref": inputs["ref"], "users": [], "projectAccess": True}
        begun = False
        try:
            for path in reversed(_covered(call, place)):
                if begun:
                    call.stop_if_cancelled()
                call.clients.key_manager(place.region).put(f"/{path}/acl", wanted)
                begun = True
            found = _read(call, place)
        except (ServiceError, ResourceError) as error:
            if not begun:
                raise
            raise HalfMadeError(str(place), {**held, **(_tried(call, place) or {})}, str(error)) from error
        if found is None or not _equal(found, inputs):
            reason = f"{place}: Barbican keeps another list of readers than it was given: refresh and look at it"
            raise HalfMadeError(str(place), {**held, **(found or {})}, reason)
        return {**held, **found, "users": list(inputs["users"])}


@dataclass(frozen=True, slots=True)
class _Place:
    """What a list stands on: a region, and the path of a secret or container in its service."""

    region: str
    path: str

    @classmethod
    def parse(cls, text: str) -> _Place:
        region, _, ref = text.partition("/")
        found = _REF.fullmatch(ref)
        if not region or found is None:
            raise ResourceError(f"{text!r} is no id of a list: write REGION/secrets/UUID or REGION/containers/UUID")
        return cls(region, "/".join(found.groups()))

    def __str__(self) -> str:
        return f"{self.region}/{self.path}"


def _covered(call: Call, place: _Place) -> list[str]:
    """What one list is put on: itself, and of a container the secrets that it names; [] where it is gone."""
    if place.path.startswith("secrets/"):
        return [place.path]
    found = call.clients.key_manager(place.region).get(f"/{place.path}")
    if found is None:
        return []
    refs = (str(one.get("secret_ref")) for one in found.get("secret_refs") or ())
    return [place.path, *sorted({_Place.parse(f"{place.region}/{ref}").path for ref in refs})]


def _read(call: Call, place: _Place) -> dict[str, Any] | None:
    """Who reads, by any of the lists that it is put on, so that one that was opened by hand shows; None where it is gone."""
    users: set[str] = set()
    project, paths = False, _covered(call, place)
    for path in paths:
        answer = call.clients.key_manager(place.region).get(f"/{path}/acl")
        if answer is None:
            return None
        rights = answer.get("read") or {}
        users |= set(map(str, rights.get("users") or ()))
        project = project or rights.get("project-access", True) is True
    return {"users": sorted(users), "projectAccess": project, "covers": paths} if paths else None


def _tried(call: Call, place: _Place) -> dict[str, Any] | None:
    try:
        return _read(call, place)
    except (ServiceError, ResourceError):
        return None


def _equal(found: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    return bool(found["projectAccess"] == inputs["projectAccess"] and found["users"] == sorted(inputs["users"]))
