"""The kinds of rules that are about ranges, addresses and peerings; see `kinds`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.sandbox.simulator.paths import every, first
from hdh_infra.sandbox.simulator.ranges import network, overlap, parent_of, within
from hdh_infra.sandbox.simulator.templates import texts
from hdh_infra.sandbox.simulator.wire import plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.facts import Rule
    from hdh_infra.sandbox.simulator.kinds import Event

_NETWORK: Final = "azure-native:network:"
_RESERVED: Final = 4
"""Addresses at the start of a subnet that are Azure's own; the last is, too."""


def prefix_size(rule: Rule, event: Event) -> str | None:
    """`path`: its prefix is at most `longest` long where the name at `name` matches `named`."""
    given = rule.parameters
    name = first(event.inputs, given["name"], "")
    if not re.fullmatch(given["named"], str(name)):
        return None
    for value in every(event.inputs, given["path"]):
        found = network(value)
        if found is not None and found.prefixlen > given["longest"]:
            return f"{name} is {value}"
    return None


def inside(rule: Rule, event: Event) -> str | None:
    """`path`: its prefixes lie in one of those at `of` of the parent."""
    above = event.world.store.get(parent_of(event.identity))
    spaces = [network(one) for one in every(plain(above.inputs), rule.parameters["of"])] if above else []
    for value in every(event.inputs, rule.parameters["path"]):
        found = network(value)
        if found and above and not any(within(found, space) for space in spaces):
            return str(value)
    return None


def apart(rule: Rule, event: Event) -> str | None:
    """`path`: its prefixes overlap none of a sibling."""
    for other in event.world.siblings(event.token, event.identity):
        if overlap(every(event.inputs, rule.parameters["path"]), every(plain(other.inputs), rule.parameters["path"])):
            return other.id.rsplit("/", 1)[-1]
    return None


def apart_from(rule: Rule, event: Event) -> str | None:
    """What `link` leads to and the parent have no overlapping prefixes at `path`."""
    above = event.world.store.get(parent_of(event.identity))
    mine = every(plain(above.inputs), rule.parameters["path"]) if above else []
    for _, row in event.world.follow(rule.parameters["link"], event):
        if row is not None and overlap(mine, every(plain(row.inputs), rule.parameters["path"])):
            return row.id.rsplit("/", 1)[-1]
    return None


def covers(rule: Rule, event: Event) -> str | None:
    """`path`: its prefixes hold those at `prefix` of everything of the type `of` that lies in it."""
    spaces = [network(one) for one in every(event.inputs, rule.parameters["path"])]
    for other in event.world.store.below(event.identity):
        if other.alive and other.type == rule.parameters["of"]:
            for value in every(plain(other.inputs), rule.parameters["prefix"]):
                found = network(value)
                if found is not None and not any(within(found, space) for space in spaces):
                    return f"{other.id.rsplit('/', 1)[-1]} has {value}"
    return None


def _prefix(inputs: Any) -> Any:
    """The range of a subnet, in any cloud's own word."""
    return first(inputs, "addressPrefix") or first(inputs, "ipCidrRange")


def host(rule: Rule, event: Event) -> str | None:
    """`path`: each item's address at `address` is `inside` its subnet, not `reserved` there, or `free` (`must`); both of the item, or of the whole. A subnet's range is at `prefix`."""
    given = rule.parameters
    for item in every(event.inputs, given["path"]):
        address, subnet = (
            first(item, given["address"]) or first(event.inputs, given["address"]),
            first(item, given["subnet"]) or first(event.inputs, given["subnet"]),
        )
        row = event.world.looker.living(str(subnet)) if subnet else None
        inputs = plain(row.inputs) if row is not None else {}
        prefix = network(first(inputs, given["prefix"]) if "prefix" in given else _prefix(inputs))
        place = _address(address)
        if row is None or place is None or not isinstance(prefix, ipaddress.IPv4Network):
            continue
        if given["must"] == "free":
            for other in event.world.naming(row.id):
                held = [*texts(plain(other.inputs)), *texts(plain(other.kept))]
                if other.id.lower() != event.identity.lower() and str(place) in held:
                    return f"{place} is of {other.id}"
        elif place not in prefix:
            if given["must"] == "inside":
                return f"{place} is not in {prefix}"
        elif given["must"] == "reserved":
            number = int(place) - int(prefix.network_address)
            if number < _RESERVED or number == prefix.num_addresses - 1:
                return f"{place} of {prefix}"
    return None


def peer(rule: Rule, event: Event) -> str | None:
    """The other half of the peering is not left over from one that is gone."""
    mine = parent_of(event.identity)
    for remote in every(event.inputs, rule.parameters["path"]):
        for other in event.world.store.below(f"{remote}/virtualNetworkPeerings"):
            back = str(first(plain(other.inputs), rule.parameters["path"], "")).lower()
            if other.alive and back == mine and event.world.outputs(other).get("peeringState") == "Disconnected":
                return other.id
    return None


def filtered(rule: Rule, event: Event) -> str | None:
    """The filter at `path` has an allowing rule for each of `needs`: a direction, ports, and a word of Azure at one side."""
    for identity in every(event.inputs, rule.parameters["path"]):
        row = event.world.looker.living(str(identity))
        if row is None:
            continue
        inside = [one for one in event.world.store.below(row.id) if one.alive and one.type == f"{_NETWORK}SecurityRule"]
        rules = [*every(plain(row.inputs), "securityRules[*]"), *(plain(one.inputs) for one in inside)]
        for need in rule.parameters["needs"]:
            if not any(_answers(one, need) for one in rules):
                return ", ".join(str(value) for value in need.values())
    return None


def _answers(rule: dict[str, Any], need: Mapping[str, Any]) -> bool:
    ports = [*every(rule, "destinationPortRange"), *every(rule, "destinationPortRanges[*]")]
    sides = {name: value for name, value in need.items() if name.endswith("Prefix")}
    return (
        rule.get("access") == "Allow"
        and rule.get("direction") == need["direction"]
        and all("*" in ports or str(port) in ports for port in need["ports"])
        and all(rule.get(name) == value for name, value in sides.items())
    )


def _address(value: Any) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        return None
