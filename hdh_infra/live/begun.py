"""What an interrupted operation had begun on OpenStack and no state knows: found by what it is, then taken over or deleted.

An engine that is killed while a server answers knows that it asked and never learns the id. Found is what hangs on things
that the state knows (a subnet by its network, a port by its address), or what has exactly the name and was made while the
operation ran. What may hold data, and a disk at its machine, is taken over; all else was in nobody's use and is deleted, so that it is made
whole (a group that was cut off has OpenStack's own rules in it). OpenStack refuses to delete what something else uses.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra.clouds.buckets import BUCKET
from hdh_infra.clouds.openstack.naming import (
    ACCESS_KEY,
    ADDRESS_GROUP,
    FLOATING_IP,
    GROUP,
    INSTANCE,
    KEY_ACL,
    KEY_ORDER,
    NETWORK,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    RULE,
    SECRET,
    SERVER_GROUP,
    SUBNET,
    USER,
    USER_POLICY,
    VOLUME,
    VOLUME_ATTACH,
)
from hdh_infra.errors import CloudError
from hdh_infra.live.answers import Answers, Wire, plain_id

if TYPE_CHECKING:
    from hdh_infra.graph.observation import Native
    from hdh_infra.live.rest import Rest
    from hdh_infra.model.platform import Platform
    from hdh_infra.model.target import Target

TAKEN_OVER: Final = frozenset({VOLUME, KEY_ORDER, SECRET, VOLUME_ATTACH})
"""What is never deleted here."""
_DELETED: Final[Mapping[str, tuple[str, str]]] = {
    # In the order in which one lets go of the other.
    INSTANCE: ("compute", "/servers/{0}"),
    FLOATING_IP: ("network", "/floatingips/{0}"),
    ROUTER_INTERFACE: ("network", ""),
    PORT: ("network", "/ports/{0}"),
    RULE: ("network", "/security-group-rules/{0}"),
    GROUP: ("network", "/security-groups/{0}"),
    ADDRESS_GROUP: ("network", "/address-groups/{0}"),
    SUBNET: ("network", "/subnets/{0}"),
    ROUTER: ("network", "/routers/{0}"),
    NETWORK: ("network", "/networks/{0}"),
    SERVER_GROUP: ("compute", "/os-server-groups/{0}"),
}
THINGS: Final = frozenset({BUCKET, USER, USER_POLICY})
"""Of the S3 endpoint: deleted where they are new and hold nothing."""
_SETTLED_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 1.0


@final
@dataclass(frozen=True)
class Settled:
    """What became of what was begun.

    Attributes:
        found: ids in the cloud, by path.
        taken: those that the state is to have, by path.
        asked: paths of types that can be looked for; of the others nothing is known.
    """

    found: Mapping[str, tuple[str, ...]]
    taken: Mapping[str, str]
    asked: frozenset[str]


def settle(
    target: Target,
    environment: Mapping[str, str],
    begun: Iterable[Native],
    known: Iterable[Native],
    since: datetime.datetime,
    *,
    platform: Platform | None = None,
    change: bool,
) -> Settled:
    """Find what had been begun, and delete what is not to be taken over.

    Args:
        target: the target.
        environment: as `read_live` takes it.
        begun: what was begun, with its inputs.
        known: what the state holds.
        since: when the operation began at the earliest.
        platform: as `read_live` takes it.
        change: whether anything may be deleted.

    Raises:
        CloudError: the servers do not answer, something of it is in use, or there are two of what cannot be told apart.
    """
    begun, known = list(begun), list(known)
    found: dict[str, tuple[str, ...]] = {}
    servers = [one for one in begun if one.type in _MATCH]
    if servers:
        from hdh_infra.live import _site_region
        from hdh_infra.live.openstack import ask
        from hdh_infra.live.rest import Rest

        rest = Rest(environment, environment.get("OS_REGION_NAME") or _site_region(target))
        found |= find(ask(rest), servers, known, since)
        if change:
            _delete(rest, [one for one in servers if one.type in _DELETED], found)
    keys = [one for one in begun if one.type == ACCESS_KEY]
    if keys:
        from hdh_infra.live import _endpoint
        from hdh_infra.live.s3 import lost_keys

        ids = {str(one.id) for one in known if one.type == ACCESS_KEY}
        lost = lost_keys(environment, _endpoint(target, platform), keys, ids, since, change=change)
        found |= {path: tuple(one) for path, one in lost.items()}
    things = [one for one in begun if one.type in THINGS]
    if things:
        from hdh_infra.live import _endpoint
        from hdh_infra.live.s3 import lost_things

        gone = lost_things(environment, _endpoint(target, platform), things, since, change=change)
        things = things if gone is not None else []
        found |= {path: tuple(one) for path, one in (gone or {}).items()}
    # A list of readers is its secret's, and goes with it; the next one that is asked stands in its place.
    lists = [one for one in begun if one.type == KEY_ACL]
    taken = {one.path: found[one.path][0] for one in begun if one.type in TAKEN_OVER and found.get(one.path)}
    return Settled(found, taken, frozenset(one.path for one in (*servers, *keys, *things, *lists)))


def find(
    answers: Answers, begun: Iterable[Native], known: Iterable[Native], since: datetime.datetime
) -> dict[str, tuple[str, ...]]:
    """Ids of what was begun, by path; pure.

    Raises:
        CloudError: there are two of what is to be taken over.
    """
    ids = {(one.type, plain_id(one.type, one.id)) for one in known}
    found: dict[str, tuple[str, ...]] = {}
    for one in begun:
        there = [
            identity
            for identity in _MATCH[one.type](answers, one.properties, since)
            if (one.type, plain_id(one.type, identity)) not in ids
        ]
        if one.type in TAKEN_OVER and len(there) > 1:
            raise CloudError(
                one.path,
                f"an interrupted operation was creating it, and the cloud holds it {len(there)} times: {', '.join(there)}",
                "Look which one holds something, and delete the others by hand; nothing was changed",
            )
        if there:
            found[one.path] = tuple(there)
    return found


def _delete(rest: Rest, begun: Iterable[Native], found: Mapping[str, tuple[str, ...]]) -> None:
    order = list(_DELETED)
    for one in sorted(begun, key=lambda native: order.index(native.type)):
        service, path = _DELETED[one.type]
        for identity in found.get(one.path, ()):
            if one.type == ROUTER_INTERFACE:
                router = one.properties["routerId"]
                rest.put(service, f"/routers/{router}/remove_router_interface", {"port_id": identity})
                continue
            rest.delete(service, path.format(identity))
            if one.type == INSTANCE:
                _wait_until_gone(rest, identity)


def _wait_until_gone(rest: Rest, server: str) -> None:
    """Its ports and disks are free again only when it is gone."""
    until = time.monotonic() + _SETTLED_SECONDS
    while any(one["id"] == server for one in rest.list("compute", "/servers", "servers")):
        if time.monotonic() > until:
            raise CloudError(server, "the server is not gone after two minutes", "Look at it, and run it again")
        time.sleep(_LOOK_SECONDS)


# -- what is what


def _recent(one: Wire, since: datetime.datetime) -> bool:
    """Whether it was made since; services write the time in their own ways, always of UTC."""
    said = one.get("created_at") or one.get("created")
    if not said:
        return False
    return datetime.datetime.fromisoformat(str(said)[:19]).replace(tzinfo=datetime.UTC) >= since


def _named(kind: str) -> Callable[[Answers, Mapping[str, Any], datetime.datetime], Iterator[str]]:
    """Things of one list by their name and the time that they were made."""

    def match(answers: Answers, wanted: Mapping[str, Any], since: datetime.datetime) -> Iterator[str]:
        for one in getattr(answers, kind):
            if wanted.get("name") and one.get("name") == wanted["name"] and _recent(one, since):
                yield str(one["id"])

    return match


def _subnets(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    for one in answers.subnets:
        if one["network_id"] == wanted.get("networkId") and one.get("cidr") == wanted.get("cidr"):
            yield str(one["id"])


def _ports(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    for one in answers.ports:
        free = not one.get("device_id") and one["network_id"] == wanted.get("networkId")
        if free and one.get("name") == wanted.get("name"):
            yield str(one["id"])


def _interfaces(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    for one in answers.ports:
        joined = {ip.get("subnet_id") for ip in one.get("fixed_ips") or []}
        if one.get("device_id") == wanted.get("routerId") and wanted.get("subnetId") in joined:
            yield str(one["id"])


_RULE: Final = {
    "securityGroupId": "security_group_id",
    "direction": "direction",
    "ethertype": "ethertype",
    "protocol": "protocol",
    "portRangeMin": "port_range_min",
    "portRangeMax": "port_range_max",
    "remoteIpPrefix": "remote_ip_prefix",
    "remoteGroupId": "remote_group_id",
    "remoteAddressGroupId": "remote_address_group_id",
}


def _rules(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    for one in answers.rules:
        if all(str(one.get(wire) or "") == str(wanted.get(name) or "") for name, wire in _RULE.items()):
            yield str(one["id"])


def _addresses(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    for one in answers.floating_ips:
        if wanted.get("portId") and one.get("port_id") == wanted["portId"]:
            yield str(one["id"])


def _servers(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    """By its ports, which are in the state."""
    mine = {one.get("port") for one in wanted.get("networks") or []} - {None}
    owners = {port.get("device_id") for port in answers.ports if port["id"] in mine}
    for one in answers.servers:
        if one["id"] in owners:
            yield str(one["id"])


def _server_groups(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    """Nova does not say when one was made: one that nothing is in was just made."""
    for one in answers.server_groups:
        if one.get("name") == wanted.get("name") and not one.get("members"):
            yield str(one["id"])


def _attachments(answers: Answers, wanted: Mapping[str, Any], _: datetime.datetime) -> Iterator[str]:
    for one in answers.servers:
        disks = {disk["id"] for disk in one.get("os-extended-volumes:volumes_attached") or []}
        if one["id"] == wanted.get("instanceId") and wanted.get("volumeId") in disks:
            yield f"{one['id']}/{wanted['volumeId']}"


def _orders(answers: Answers, wanted: Mapping[str, Any], since: datetime.datetime) -> Iterator[str]:
    name = (wanted.get("meta") or {}).get("name")
    for one in answers.orders:
        if name and (one.get("meta") or {}).get("name") == name and _recent(one, since):
            yield str(plain_id(KEY_ORDER, one["order_ref"]))


def _secrets(answers: Answers, wanted: Mapping[str, Any], since: datetime.datetime) -> Iterator[str]:
    for one in answers.secrets:
        if wanted.get("name") and one.get("name") == wanted["name"] and _recent(one, since):
            yield str(plain_id(SECRET, one["secret_ref"]))


_MATCH: Final[Mapping[str, Callable[[Answers, Mapping[str, Any], datetime.datetime], Iterator[str]]]] = {
    NETWORK: _named("networks"),
    SUBNET: _subnets,
    ROUTER: _named("routers"),
    ROUTER_INTERFACE: _interfaces,
    GROUP: _named("groups"),
    RULE: _rules,
    ADDRESS_GROUP: _named("address_groups"),
    PORT: _ports,
    FLOATING_IP: _addresses,
    INSTANCE: _servers,
    SERVER_GROUP: _server_groups,
    VOLUME: _named("volumes"),
    VOLUME_ATTACH: _attachments,
    KEY_ORDER: _orders,
    SECRET: _secrets,
}
