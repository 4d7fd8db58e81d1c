"""Routes: where a subnet's packets go, stated for every subnet that may have a table, and how a packet fares by them.

What leaves a network without a way out is dropped (`None`), so that neither a public address that somebody adds
nor Azure's own way out gets it anywhere. One table of the platform serves all of them: a subscription has 200 in a
region, and a table more for each space would use them up. A network with a way out has a table of its own.
Tables hold their routes themselves: they have one writer, and are never without them, not for a moment.

Azure takes the route with the longest prefix, of equal ones that of the table before its own. Source:
learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from hdh_infra.clouds.azure.firewall_reading import firewall_at
from hdh_infra.clouds.azure.naming import PLATFORM_GROUP, group, home, make, network_words, region, shortened
from hdh_infra.clouds.azure.reading import Reader, listed
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ANYWHERE, Network, Rule, network_of
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.paths import PLATFORM

CLOSED = f"{PLATFORM}/routes"
"""Path of the table of every subnet that nothing leaves."""
SPECIAL = frozenset({"azurebastionsubnet", "azurefirewallsubnet", "gatewaysubnet"})
"""Names, in small letters, of subnets that Azure's own services have to themselves, with routes of their own."""
_LONGEST_NAME = 80
_NOWHERE = "none"
_FIRST = -2
"""Before every rule: what a route drops no rule lets through."""


def lower_closed_routes(context: Context) -> Node:
    """The table of all that has no way out; always there, so that the first network with one changes nothing shared."""
    return make(
        context,
        CLOSED,
        "network:RouteTable",
        {
            "resourceGroupName": group(context, PLATFORM),
            "routeTableName": shortened(f"rt-{context.name}-closed", _LONGEST_NAME),
            "location": region(context),
            "disableBgpRoutePropagation": True,
            "routes": [_route("nowhere", "None")],
        },
        after=(PLATFORM_GROUP,),
    )


def lower_routes(context: Context, network: str, *, exits: bool, hop: Value = None) -> Iterator[Node]:
    """The table of a network's machines where they have a way out.

    What leaves by a firewall is sent to it. Else it has no route: a NAT gateway takes what Azure's own route sends to the Internet, and a route to the Internet
    in a table would do nothing in a subnet without Azure's default way out. It is there to take up none of a gateway.
    """
    if exits or hop is not None:
        yield make(
            context,
            f"{network}/routes",
            "network:RouteTable",
            {
                "resourceGroupName": group(context, network),
                "routeTableName": shortened(f"rt-{network_words(context, network)}", _LONGEST_NAME),
                "location": region(context),
                "disableBgpRoutePropagation": True,
                "routes": [] if hop is None else [_route("firewall", "VirtualAppliance", hop)],
            },
            after=(home(network),),
        )


def _route(name: str, hop: str, address: Value = None) -> dict[str, Value]:
    return {
        "name": name,
        "addressPrefix": str(ANYWHERE),
        "nextHopType": hop,
        **({"nextHopIpAddress": address} if address is not None else {}),
    }


@final
@dataclass(frozen=True, slots=True)
class Hop:
    """One route of a table."""

    to: Network
    kind: str
    """In small letters: `none`, `internet`, `virtualappliance`, `virtualnetworkgateway`, `vnetlocal`."""
    address: Value
    """Of an appliance; a literal, or a reference to what has it."""


@final
@dataclass(frozen=True)
class Routes:
    """How a subnet's packets fare by its table, beside Azure's own routes."""

    hops: tuple[Hop, ...] = ()
    unread: bool = False
    """Whether there is a table that cannot be read, which may lead anywhere."""

    @cached_property
    def closed(self) -> bool:
        """Whether what leaves is dropped: instead of Azure's own route to the Internet, and of parts of it too."""
        return any(hop.to == ANYWHERE and hop.kind == _NOWHERE for hop in self.hops) and not any(
            hop.kind == "internet" for hop in self.hops
        )

    @cached_property
    def dropped(self) -> tuple[Rule, ...]:
        """What routes to parts of the world, or to parts of the platform, drop: no rule of a filter lets it through."""
        return tuple(
            Rule("out", None, peers=(hop.to,), apart=self._within(hop), allow=False, priority=_FIRST)
            for hop in self.hops
            if hop.kind == _NOWHERE and hop.to != ANYWHERE
        )

    def before(self, rules: tuple[Rule, ...] | None) -> tuple[Rule, ...] | None:
        """An interface's rules with what its routes drop denied before all of them."""
        if not self.dropped:
            return rules
        return (*self.dropped, *(rules if rules is not None else (Rule("in", None), Rule("out", None))))

    def leads_out(self, system: Sequence[Network]) -> bool:
        """Whether a route takes what leaves somewhere by itself: to an appliance or a gateway, or nobody knows where.

        Args:
            system: ranges of the network and of those joined to it, which Azure has routes of its own to.
        """
        ways = [hop.to for hop in self.hops if hop.kind in {"virtualappliance", "virtualnetworkgateway"}]
        return self.unread or any(not any(way.subnet_of(own) for own in system) for way in ways)

    def _within(self, hop: Hop) -> tuple[Network, ...]:
        return tuple(one.to for one in self.hops if one.to != hop.to and one.to.subnet_of(hop.to))


def observe_routes(reader: Reader, subnet: Native) -> Routes:
    """The routes of a subnet."""
    pointer = subnet.properties.get("routeTable")
    if not pointer:
        return Routes()
    table = reader.follow(pointer)
    if table is None:
        return Routes(unread=True)
    stated: list[Mapping[str, Any]] = [*listed(table.properties.get("routes"))]
    stated += [one.properties for one in reader.children(table, "network:Route")]
    hops: dict[tuple[str, str], Hop] = {}
    for one in stated:
        prefix = str(one.get("addressPrefix") or "")
        if not prefix[:1].isdigit() or ":" in prefix:
            return Routes(unread=True)  # a service's own word for its addresses
        hop = Hop(
            network_of(prefix),
            str(one.get("nextHopType") or "").lower(),
            one.get("nextHopIpAddress"),
        )
        hops[str(hop.to), hop.kind] = hop
    return Routes(tuple(hops.values()))


def routing_remarks(reader: Reader) -> Iterator[str]:
    """Subnets that no route closes, although nothing is there that leads out of them, and routes that are unusual."""
    for subnet in reader.of("network:Subnet"):
        routes, pointer = observe_routes(reader, subnet), subnet.properties.get("routeTable")
        if reader.name(subnet).lower() in SPECIAL:
            if pointer:
                yield f"{subnet.path}: has a table of routes, where a service of Azure has its own"
        elif not pointer:
            yield f"{subnet.path}: has no table of routes"
        elif routes.unread:
            yield f"{subnet.path}: has routes that were not read"
        elif not subnet.properties.get("natGateway") and not any(hop.to == ANYWHERE for hop in routes.hops):
            yield f"{subnet.path}: has no route that drops what leaves, and no way out"
        for hop in routes.hops:
            if (hop.to, hop.kind) != (ANYWHERE, _NOWHERE) and not _firewall(reader, hop):
                yield f"{subnet.path}: has a route to {hop.to} by {hop.kind}"


def _firewall(reader: Reader, hop: Hop) -> bool:
    """Whether what leaves goes to a firewall whose rules are read."""
    return hop.to == ANYWHERE and hop.kind == "virtualappliance" and firewall_at(reader, hop.address) is not None


__all__ = ["CLOSED", "Routes", "lower_closed_routes", "lower_routes", "observe_routes", "routing_remarks"]
