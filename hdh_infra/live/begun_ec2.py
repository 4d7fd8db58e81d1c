"""What an interrupted operation had begun on an EC2-compatible endpoint and no state knows: found by its tags, or by what it is.

A thing carries a digest of its resource's URN and of what makes it another one, so that it is found without
its name. A disk that may hold data, and a disk at its machine, is taken over; all else was in nobody's use
and is deleted, so that it is made whole (a group that was cut off still lets everything out).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.errors import CloudError
from hdh_infra.live.begun import Settled
from hdh_infra.live.s3 import given
from hdh_infra.resources import config
from hdh_infra.resources.clients import explain
from hdh_infra.resources.types.base import Call, ResourceError
from hdh_infra.resources.types.ec2 import KINDS, Ec2Type

if TYPE_CHECKING:
    from hdh_infra.resources.clients import Clients

PREFIX: Final = "hdh:ec2:"
"""What the types of these endpoints begin with."""
_TYPES: Final[Mapping[str, Ec2Type]] = {kind.token: kind for kind in KINDS}
_TAKEN_OVER: Final = frozenset({"hdh:ec2:Volume", "hdh:ec2:VolumeAttachment"})
# In the order in which one lets go of the other.
_DELETED: Final = tuple(
    f"{PREFIX}{kind}"
    for kind in (
        "AddressAssociation",
        "Instance",
        "NatGateway",
        "Address",
        "Route",
        "RouteTableAssociation",
        "VpcEndpoint",
        "VpcPeeringConnection",
        "SecurityGroupRule",
        "SecurityGroup",
        "RouteTable",
        "InternetGateway",
        "Subnet",
        "KeyPair",
        "Vpc",
    )
)


def settle(
    begun: Mapping[str, Mapping[str, Any]],
    providers: Mapping[str, Mapping[str, Any]],
    environment: Mapping[str, str],
    known: Collection[tuple[str, str]] = (),
    *,
    change: bool,
) -> Settled:
    """Find what had been begun, and delete what is not to be taken over.

    Args:
        begun: entries of the state as those would be that were being created, by path.
        providers: inputs of the state's providers, by their URN.
        environment: the variables that credentials and endpoints are taken from.
        known: types and ids of what the state holds.
        change: whether anything may be deleted.

    Raises:
        CloudError: the endpoint does not answer, refuses the credentials, or something of it is in use.
    """
    found: dict[str, str] = {}
    calls = {path: _call(entry, providers, environment) for path, entry in begun.items()}
    for path, entry in begun.items():
        try:
            there = _TYPES[entry["type"]].begun(calls[path], _inputs(entry))
        except Exception as error:
            raise _told(path, error) from error
        if there is not None and (entry["type"], there) not in known:
            found[path] = there
    gone = [path for path in found if begun[path]["type"] not in _TAKEN_OVER]
    for path in sorted(gone, key=lambda one: _DELETED.index(begun[one]["type"])) if change else ():
        try:
            _TYPES[begun[path]["type"]].delete(calls[path], found[path], _inputs(begun[path]))
        except Exception as error:
            raise _told(path, error) from error
    taken = {path: identity for path, identity in found.items() if begun[path]["type"] in _TAKEN_OVER}
    return Settled({path: (identity,) for path, identity in found.items()}, taken, frozenset(begun))


def _call(entry: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str]) -> Call:
    # A provider is named by its URN and its id.
    values = providers.get(str(entry.get("provider") or "").rpartition("::")[0]) or {}
    known = {name: value for name, value in values.items() if isinstance(value, str) and name not in _SECRET}
    clients: Clients = given(known, environment)
    return Call(clients, entry["urn"], threading.Event())


_SECRET: Final = frozenset({"accessKey", "secretKey", "version"})
"""Settings that a state holds as ciphertext, or that are the engine's: credentials come from the environment."""


def _inputs(entry: Mapping[str, Any]) -> dict[str, Any]:
    said = entry.get("inputs") or {}
    return json.loads(json.dumps({name: value for name, value in said.items() if not name.startswith("__")}))  # type: ignore[no-any-return]


def _told(path: str, error: Exception) -> CloudError:
    known = isinstance(error, (config.ConfigurationError, ResourceError))
    return CloudError(
        path,
        f"an interrupted operation was creating it, and it could not be looked for: {str(error) if known else explain(error)}",
        "Check that the endpoint is up and that the credentials are its own; nothing else was changed",
    )


def together(one: Settled, other: Settled) -> Settled:
    """What became of both."""
    return Settled({**one.found, **other.found}, {**one.taken, **other.taken}, one.asked | other.asked)
