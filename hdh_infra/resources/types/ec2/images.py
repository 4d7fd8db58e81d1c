"""`hdh:ec2:getImage`: the id of an image, by its name and owner; exactly one, or the newest where that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources.contract import Failure, nearest
from hdh_infra.resources.types.base import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hdh_infra.resources.clients import Clients

GET_IMAGE: Final = "hdh:ec2:getImage"
_ARGUMENTS: Final = frozenset({"name", "owner", "imageId", "architecture", "mostRecent"})
_NAMING: Final = ("name", "imageId")
_SHOWN: Final = 5


def check(arguments: Mapping[str, Any]) -> list[Failure]:
    """What the arguments may be; all problems at once."""
    failures = [
        Failure(name, f"unknown argument; {nearest(name, _ARGUMENTS)}")
        for name in sorted(arguments.keys() - _ARGUMENTS)
    ]
    if all(arguments.get(name) is None for name in _NAMING):
        failures.append(Failure("name", "give a name (with * for any characters) or an imageId"))
    return failures


def get(clients: Clients, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for it. Raises `ResourceError` where there is none, or several and `mostRecent` is not asked."""
    request: dict[str, Any] = {}
    if arguments.get("imageId"):
        request["ImageIds"] = [arguments["imageId"]]
    owner = arguments.get("owner")
    # An account is a number; a word is the alias of one, which is a filter of its own.
    if owner and (owner.isdigit() or owner == "self"):
        request["Owners"], owner = [owner], None
    named = {"name": arguments.get("name"), "architecture": arguments.get("architecture"), "owner-alias": owner}
    filters = [{"Name": name, "Values": [value]} for name, value in named.items() if value]
    found = clients.ec2.describe_images(**request, **({"Filters": filters} if filters else {}))["Images"]
    usable = sorted(
        (one for one in found if one.get("State", "available") == "available"),
        key=lambda one: (str(one.get("CreationDate") or ""), one["ImageId"]),
    )
    asked = ", ".join(f"{name} {value!r}" for name, value in sorted(arguments.items()) if value is not None)
    if not usable:
        raise ResourceError(f"no image with {asked}: look at the images of this region and account")
    if len(usable) > 1 and not arguments.get("mostRecent"):
        shown = ", ".join(one["ImageId"] for one in usable[:_SHOWN])
        raise ResourceError(f"{len(usable)} images with {asked} ({shown}): say more, or mostRecent")
    image = usable[-1]
    told = {
        "imageId": image["ImageId"],
        "name": image.get("Name"),
        "ownerId": image.get("OwnerId"),
        "creationDate": str(image["CreationDate"]) if image.get("CreationDate") else None,
        "architecture": image.get("Architecture"),
        "rootDeviceName": image.get("RootDeviceName"),
    }
    return {name: value for name, value in told.items() if value is not None}
