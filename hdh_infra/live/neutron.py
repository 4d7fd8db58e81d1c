"""Neutron in the words of pulumi-openstack: networks, routers, ports, public addresses, security groups.

Left out is what Neutron makes for itself: ports of its own services, and the default group where no port uses it.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.openstack.naming import (
    ADDRESS_GROUP,
    FLOATING_IP,
    GROUP,
    NETWORK,
    PORT,
    PORT_FORWARDING,
    RBAC_POLICY,
    ROUTER,
    ROUTER_INTERFACE,
    ROUTER_ROUTE,
    RULE,
    SUBNET,
)
from hdh_infra.graph.observation import Native
from hdh_infra.live.answers import Answers, Labels, Wire

_ROUTER_PORTS = frozenset(
    {
        "network:router_interface",
        "network:router_interface_distributed",
        "network:ha_router_replicated_interface",
        "network:router_centralized_snat",
    }
)


def networks(labels: Labels, answers: Answers) -> Iterator[Native]:
    """Networks, subnets and routers."""
    for one in answers.networks:
        yield labels.native(
            NETWORK,
            one["id"],
            {
                "name": one.get("name"),
                "adminStateUp": one.get("admin_state_up"),
                "portSecurityEnabled": one.get("port_security_enabled"),
                "external": one.get("router:external"),
                "shared": one.get("shared"),
                "mtu": one.get("mtu"),
                "allTags": sorted(one.get("tags") or []),
            },
        )
    for one in answers.subnets:
        yield labels.native(
            SUBNET,
            one["id"],
            {
                "name": one.get("name"),
                "networkId": one.get("network_id"),
                "cidr": one.get("cidr"),
                "ipVersion": one.get("ip_version"),
                "gatewayIp": one.get("gateway_ip"),
                "noGateway": one.get("gateway_ip") is None,
                "enableDhcp": one.get("enable_dhcp"),
                "allocationPools": one.get("allocation_pools"),
                "dnsNameservers": one.get("dns_nameservers"),
                "allTags": sorted(one.get("tags") or []),
            },
        )
    for one in answers.routers:
        gateway = one.get("external_gateway_info") or {}
        yield labels.native(
            ROUTER,
            one["id"],
            {
                "name": one.get("name"),
                "adminStateUp": one.get("admin_state_up"),
                "externalNetworkId": gateway.get("network_id"),
                "enableSnat": gateway.get("enable_snat"),
                "externalFixedIps": [
                    {"subnetId": ip.get("subnet_id"), "ipAddress": ip.get("ip_address")}
                    for ip in gateway.get("external_fixed_ips") or []
                ],
                "allTags": sorted(one.get("tags") or []),
            },
        )
        for route in one.get("routes") or []:
            identity = f"{one['id']}-route-{route.get('destination')}-{route.get('nexthop')}"
            said = {
                "routerId": one["id"],
                "destinationCidr": route.get("destination"),
                "nextHop": route.get("nexthop"),
            }
            yield labels.native(ROUTER_ROUTE, identity, said)
    for one in answers.rbac_policies:
        yield labels.native(
            RBAC_POLICY,
            one["id"],
            {
                "action": one.get("action"),
                "objectType": one.get("object_type"),
                "objectId": one.get("object_id"),
                "targetTenant": one.get("target_tenant") or one.get("target_project"),
            },
        )


def ports(labels: Labels, answers: Answers) -> Iterator[Native]:
    """Ports of machines, interfaces of routers, and public addresses."""
    for one in answers.ports:
        owner = one.get("device_owner") or ""
        if owner in _ROUTER_PORTS:
            yield _router_interface(labels, one)
        # Ports of OpenStack's own services carry no machine's packets; one that the state knows is ours all the same.
        if (owner in _ROUTER_PORTS or owner.startswith("network:")) and not labels.knows(PORT, one["id"]):
            continue
        yield _port(labels, one)
    for one in answers.floating_ips:
        yield labels.native(
            FLOATING_IP,
            one["id"],
            {
                "address": one.get("floating_ip_address"),
                "fixedIp": one.get("fixed_ip_address"),
                "portId": one.get("port_id"),
            },
        )
    for one in answers.port_forwardings:
        yield labels.native(
            PORT_FORWARDING,
            one["id"],
            {
                "floatingipId": one.get("floatingip_id"),
                "internalPortId": one.get("internal_port_id"),
                "internalIpAddress": one.get("internal_ip_address"),
                "internalPort": one.get("internal_port"),
                "externalPort": one.get("external_port"),
                "protocol": one.get("protocol"),
            },
        )


def _router_interface(labels: Labels, one: Wire) -> Native:
    ips = one.get("fixed_ips") or [{}]
    properties = {"routerId": one.get("device_id"), "subnetId": ips[0].get("subnet_id"), "portId": one["id"]}
    return labels.native(ROUTER_INTERFACE, one["id"], properties)


def _port(labels: Labels, one: Wire) -> Native:
    ips = one.get("fixed_ips") or []
    groups = sorted(one.get("security_groups") or [])
    return labels.native(
        PORT,
        one["id"],
        {
            "name": one.get("name"),
            "networkId": one.get("network_id"),
            "adminStateUp": one.get("admin_state_up"),
            "portSecurityEnabled": one.get("port_security_enabled"),
            "securityGroupIds": groups,
            "allSecurityGroupIds": groups,
            # A port that is asked about and has no group has none, whatever groups new ports would be given.
            "noSecurityGroups": not groups,
            "fixedIps": [{"subnetId": ip.get("subnet_id"), "ipAddress": ip.get("ip_address")} for ip in ips],
            "allFixedIps": [ip.get("ip_address") for ip in ips],
            "allowedAddressPairs": [
                {"ipAddress": pair.get("ip_address"), "macAddress": pair.get("mac_address")}
                for pair in one.get("allowed_address_pairs") or []
            ],
            "deviceId": one.get("device_id"),
            "deviceOwner": one.get("device_owner"),
            "allTags": sorted(one.get("tags") or []),
        },
    )


def filters(labels: Labels, answers: Answers) -> Iterator[Native]:
    """Security groups and their rules."""
    own = {one["id"] for one in answers.groups if _is_unused_default(labels, answers, one)}
    for one in answers.groups:
        if one["id"] not in own:
            yield labels.native(
                GROUP,
                one["id"],
                {
                    "name": one.get("name"),
                    "description": one.get("description"),
                    "stateful": one.get("stateful"),
                    "allTags": sorted(one.get("tags") or []),
                },
            )
    for one in answers.address_groups:
        said = {"name": one.get("name"), "addresses": sorted(one.get("addresses") or [])}
        yield labels.native(ADDRESS_GROUP, one["id"], said)
    for one in answers.rules:
        if one.get("security_group_id") not in own:
            yield labels.native(
                RULE,
                one["id"],
                {
                    "securityGroupId": one.get("security_group_id"),
                    "direction": one.get("direction"),
                    "ethertype": one.get("ethertype"),
                    "protocol": one.get("protocol") or "",
                    "portRangeMin": one.get("port_range_min") or 0,
                    "portRangeMax": one.get("port_range_max") or 0,
                    "remoteIpPrefix": one.get("remote_ip_prefix") or "",
                    "remoteGroupId": one.get("remote_group_id") or "",
                    "remoteAddressGroupId": one.get("remote_address_group_id") or "",
                    "description": one.get("description"),
                },
            )


def _is_unused_default(labels: Labels, answers: Answers, group: Wire) -> bool:
    """Whether it is the group that every project has, and no port and no other group's rule refers to it."""
    identity = group["id"]
    return (
        group.get("name") == "default"
        and not labels.knows(GROUP, identity)
        and not any(identity in (port.get("security_groups") or []) for port in answers.ports)
        and not any(rule.get("remote_group_id") == identity != rule.get("security_group_id") for rule in answers.rules)
    )
