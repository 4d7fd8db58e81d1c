"""Neutron, Nova, Cinder, Barbican and Keystone, read into native resources in the words of pulumi-openstack.

Everything of the project is read, and what the state does not know is kept, with a path that says so: a
rule that a person added by hand opens what it opens. Left out is what OpenStack makes by itself: ports of
its own services, an unused default group, nameless secrets (keys of encrypted volumes). No payload and no
secret is ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.openstack.naming import (
    ADDRESS_GROUP,
    EC2_CREDENTIAL,
    FLOATING_IP,
    GROUP,
    INSTANCE,
    KEY_ACL,
    KEY_ORDER,
    NETWORK,
    PORT,
    PORT_FORWARDING,
    RBAC_POLICY,
    ROUTER,
    ROUTER_INTERFACE,
    ROUTER_ROUTE,
    RULE,
    SECRET,
    SERVER_GROUP,
    SUBNET,
    VOLUME,
    VOLUME_ATTACH,
)
from hdh_infra.graph.observation import Native
from hdh_infra.live import keys, machines, neutron
from hdh_infra.live.answers import Answers, Labels
from hdh_infra.live.rest import Rest

TYPES = frozenset(
    {
        ADDRESS_GROUP,
        EC2_CREDENTIAL,
        FLOATING_IP,
        GROUP,
        INSTANCE,
        KEY_ACL,
        KEY_ORDER,
        NETWORK,
        PORT,
        PORT_FORWARDING,
        RBAC_POLICY,
        ROUTER,
        ROUTER_INTERFACE,
        ROUTER_ROUTE,
        RULE,
        SECRET,
        SERVER_GROUP,
        SUBNET,
        VOLUME,
        VOLUME_ATTACH,
    }
)
"""The types that are asked of the servers."""
_GROUPS = 500
"""Server groups in one answer: Nova gives no link to the next ones."""
# From this version on, a server carries the name of its flavour.
_COMPUTE_VERSION = "2.47"
_ROUTING = "router"
_ADDRESS_GROUPS = "address-group"
_FORWARDING = "floating-ip-port-forwarding"
_SHARING = "rbac-policies"
_AT_ONCE = 50
"""Networks that are named in one question: an address has its length."""


def read(environment: Mapping[str, str], region: str, known: Iterable[Native] = ()) -> list[Native]:
    """Everything that an OpenStack project holds in a region.

    Args:
        environment: `OS_*` variables.
        region: the region.
        known: resources of the state, whose paths their ids give back.

    Raises:
        CloudError: the endpoint does not answer or refuses the credentials.
    """
    return natives_of(ask(Rest(environment, region)), region, known)


def ask(rest: Rest) -> Answers:
    """Ask all services of a project."""
    mine = {"project_id": rest.project}
    # A user's credentials are listed for all of its projects.
    credentials = rest.list("identity", f"/users/{rest.user}/credentials/OS-EC2", "credentials")
    # Older Neutrons have no groups of addresses.
    extensions = {one.get("alias") for one in rest.list("network", "/extensions", "extensions")}
    grouped = _ADDRESS_GROUPS in extensions
    networks = rest.list("network", "/networks", "networks", mine)
    shares = rest.list("network", "/rbac-policies", "rbac_policies", mine) if _SHARING in extensions else []
    ports = rest.list("network", "/ports", "ports", mine)
    if shares or any(one.get("shared") for one in networks):
        ports = [*{one["id"]: one for one in (*ports, *_ports_of_others(rest, networks))}.values()]
    # And some have no routers, and no public addresses that routers give.
    routed = _ROUTING in extensions
    addresses = rest.list("network", "/floatingips", "floatingips", mine) if routed else []
    orders = rest.list("key_manager", "/orders", "orders")
    secrets = rest.list("key_manager", "/secrets", "secrets")
    return Answers(
        networks=networks,
        subnets=rest.list("network", "/subnets", "subnets", mine),
        routers=rest.list("network", "/routers", "routers", mine) if routed else [],
        ports=ports,
        groups=rest.list("network", "/security-groups", "security_groups", mine),
        rules=rest.list("network", "/security-group-rules", "security_group_rules", mine),
        address_groups=rest.list("network", "/address-groups", "address_groups", mine) if grouped else (),
        floating_ips=addresses,
        port_forwardings=_forwardings(rest, addresses) if _FORWARDING in extensions else (),
        rbac_policies=shares,
        servers=rest.list("compute", "/servers/detail", "servers", microversion=_COMPUTE_VERSION),
        server_groups=rest.list("compute", "/os-server-groups", "server_groups", {"limit": _GROUPS}, by_offset=True),
        volumes=rest.list("block_storage", "/volumes/detail", "volumes"),
        orders=orders,
        secrets=secrets,
        key_lists=keys.ask_lists(rest, orders, secrets),
        credentials=[one for one in credentials if one.get("tenant_id") == rest.project],
    )


def _ports_of_others(rest: Rest, networks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Ports on the project's own networks, whosesoever: who owns a network may see them."""
    ids = sorted(str(one["id"]) for one in networks)
    for first in range(0, len(ids), _AT_ONCE):
        yield from rest.list("network", "/ports", "ports", {"network_id": ids[first : first + _AT_ONCE]})


def _forwardings(rest: Rest, addresses: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Ports of public addresses that lead on to machines; an address that a machine has whole has none."""
    return [
        {**one, "floatingip_id": address["id"]}
        for address in addresses
        if not address.get("port_id")
        for one in rest.list("network", f"/floatingips/{address['id']}/port_forwardings", "port_forwardings")
    ]


def natives_of(answers: Answers, region: str, known: Iterable[Native] = ()) -> list[Native]:
    """Native resources of what the services said, sorted by path; pure.

    Args:
        answers: what they said.
        region: the region they were asked in.
        known: resources of the state.
    """
    labels = Labels(region, known)
    parts = (
        neutron.networks,
        neutron.ports,
        neutron.filters,
        machines.servers,
        machines.volumes,
        keys.keys,
    )
    found = [native for part in parts for native in part(labels, answers)]
    return sorted(found, key=lambda native: native.path)
