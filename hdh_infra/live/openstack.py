"""Neutron, Nova, Cinder, Barbican and Keystone, read into native resources in the words of pulumi-openstack.

Everything of the project is read, and what the state does not know is kept, with a path that says so: a
rule that a person added by hand opens what it opens. Left out is what OpenStack makes by itself: ports of
its own services, an unused default group, nameless secrets (keys of encrypted volumes). No payload and no
secret is ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from hdh_infra.clouds.openstack.naming import (
    EC2_CREDENTIAL,
    FLOATING_IP,
    GROUP,
    IMAGE,
    INSTANCE,
    KEY_ORDER,
    NETWORK,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    RULE,
    SECRET,
    SERVER_GROUP,
    SUBNET,
    VOLUME,
    VOLUME_ATTACH,
)
from hdh_infra.compare.side import LOOKED_UP, UNMANAGED
from hdh_infra.graph.observation import Native
from hdh_infra.live.rest import Rest

Wire: TypeAlias = Mapping[str, Any]
TYPES = frozenset(
    {
        EC2_CREDENTIAL,
        FLOATING_IP,
        GROUP,
        INSTANCE,
        KEY_ORDER,
        NETWORK,
        PORT,
        ROUTER,
        ROUTER_INTERFACE,
        RULE,
        SECRET,
        SERVER_GROUP,
        SUBNET,
        VOLUME,
        VOLUME_ATTACH,
    }
)
"""The types that are asked of the servers."""
_ROUTER_PORTS = frozenset(
    {
        "network:router_interface",
        "network:router_interface_distributed",
        "network:ha_router_replicated_interface",
        "network:router_centralized_snat",
    }
)
_BY_URL = frozenset({KEY_ORDER, SECRET})
# From this version on, a server carries the name of its flavour.
_COMPUTE_VERSION = "2.47"


@final
@dataclass(frozen=True)
class Answers:
    """What the services of a project said, as it stands on the wire; each list as its service names it."""

    networks: Sequence[Wire] = ()
    subnets: Sequence[Wire] = ()
    routers: Sequence[Wire] = ()
    ports: Sequence[Wire] = ()
    groups: Sequence[Wire] = ()
    rules: Sequence[Wire] = ()
    floating_ips: Sequence[Wire] = ()
    servers: Sequence[Wire] = ()
    server_groups: Sequence[Wire] = ()
    volumes: Sequence[Wire] = ()
    orders: Sequence[Wire] = ()
    secrets: Sequence[Wire] = ()
    credentials: Sequence[Wire] = ()


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
    return Answers(
        networks=rest.list("network", "/networks", "networks", mine),
        subnets=rest.list("network", "/subnets", "subnets", mine),
        routers=rest.list("network", "/routers", "routers", mine),
        ports=rest.list("network", "/ports", "ports", mine),
        groups=rest.list("network", "/security-groups", "security_groups", mine),
        rules=rest.list("network", "/security-group-rules", "security_group_rules", mine),
        floating_ips=rest.list("network", "/floatingips", "floatingips", mine),
        servers=rest.list("compute", "/servers/detail", "servers", microversion=_COMPUTE_VERSION),
        server_groups=rest.list("compute", "/os-server-groups", "server_groups"),
        volumes=rest.list("block_storage", "/volumes/detail", "volumes"),
        orders=rest.list("key_manager", "/orders", "orders"),
        secrets=rest.list("key_manager", "/secrets", "secrets"),
        credentials=[one for one in credentials if one.get("tenant_id") == rest.project],
    )


def natives_of(answers: Answers, region: str, known: Iterable[Native] = ()) -> list[Native]:
    """Native resources of what the services said, sorted by path; pure.

    Args:
        answers: what they said.
        region: the region they were asked in.
        known: resources of the state.
    """
    reading = _Reading(answers, region, known)
    return sorted(reading.natives(), key=lambda native: native.path)


def plain_id(token: str, identity: str | None) -> str | None:
    """An id without the URL that Barbican writes before it."""
    return identity.rsplit("/", 1)[-1] if identity and token in _BY_URL else identity


@final
class _Reading:
    """One translation; a method a service."""

    def __init__(self, answers: Answers, region: str, known: Iterable[Native]) -> None:
        self.answers, self.region = answers, region
        self.known: dict[tuple[str, str | None], Native] = {}
        for native in known:
            self.known[native.type, plain_id(native.type, native.id)] = native

    def natives(self) -> Iterator[Native]:
        """All, in no particular order."""
        yield from self._networks()
        yield from self._ports()
        yield from self._groups()
        yield from self._servers()
        yield from self._volumes()
        yield from self._keys()

    def _native(self, token: str, identity: str, properties: Mapping[str, Any]) -> Native:
        held = self.known.get((token, plain_id(token, identity)))
        path = held.path if held is not None else f"{UNMANAGED}{identity}"
        said = {name: value for name, value in properties.items() if value is not None}
        return Native(path, token, {"region": self.region, **said}, held.id if held is not None else identity)

    def _is_known(self, token: str, identity: str) -> bool:
        return (token, plain_id(token, identity)) in self.known

    def _networks(self) -> Iterator[Native]:
        for one in self.answers.networks:
            yield self._native(
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
        for one in self.answers.subnets:
            yield self._native(
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
        for one in self.answers.routers:
            gateway = one.get("external_gateway_info") or {}
            yield self._native(
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

    def _ports(self) -> Iterator[Native]:
        for one in self.answers.ports:
            owner = one.get("device_owner") or ""
            if owner in _ROUTER_PORTS:
                yield self._router_interface(one)
            # Ports of OpenStack's own services carry no machine's packets; one that the state knows is ours all the same.
            if (owner in _ROUTER_PORTS or owner.startswith("network:")) and not self._is_known(PORT, one["id"]):
                continue
            yield self._port(one)
        for one in self.answers.floating_ips:
            yield self._native(
                FLOATING_IP,
                one["id"],
                {
                    "address": one.get("floating_ip_address"),
                    "fixedIp": one.get("fixed_ip_address"),
                    "portId": one.get("port_id"),
                },
            )

    def _router_interface(self, one: Wire) -> Native:
        ips = one.get("fixed_ips") or [{}]
        properties = {"routerId": one.get("device_id"), "subnetId": ips[0].get("subnet_id"), "portId": one["id"]}
        return self._native(ROUTER_INTERFACE, one["id"], properties)

    def _port(self, one: Wire) -> Native:
        ips = one.get("fixed_ips") or []
        groups = sorted(one.get("security_groups") or [])
        return self._native(
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

    def _groups(self) -> Iterator[Native]:
        own = {one["id"] for one in self.answers.groups if self._is_unused_default(one)}
        for one in self.answers.groups:
            if one["id"] not in own:
                yield self._native(
                    GROUP,
                    one["id"],
                    {
                        "name": one.get("name"),
                        "description": one.get("description"),
                        "stateful": one.get("stateful"),
                        "allTags": sorted(one.get("tags") or []),
                    },
                )
        for one in self.answers.rules:
            if one.get("security_group_id") not in own:
                yield self._native(
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

    def _is_unused_default(self, group: Wire) -> bool:
        """Whether it is the group that every project has, and no port and no other group's rule refers to it."""
        identity = group["id"]
        return (
            group.get("name") == "default"
            and not self._is_known(GROUP, identity)
            and not any(identity in (port.get("security_groups") or []) for port in self.answers.ports)
            and not any(
                rule.get("remote_group_id") == identity != rule.get("security_group_id") for rule in self.answers.rules
            )
        )

    def _servers(self) -> Iterator[Native]:
        ports: dict[str, list[Wire]] = {}
        for port in self.answers.ports:
            ports.setdefault(port.get("device_id") or "", []).append(port)
        volumes = {one["id"]: one for one in self.answers.volumes}
        for one in self.answers.servers:
            attached = [
                volumes.get(entry["id"], {"id": entry["id"]})
                for entry in one.get("os-extended-volumes:volumes_attached") or []
            ]
            disks = sorted(attached, key=lambda volume: (_device(volume, one["id"]), volume["id"]))
            image = one.get("image") or {}
            boot = next((disk for disk in disks if not image and str(disk.get("bootable")) == "true"), None)
            flavour = one.get("flavor") or {}
            yield self._native(
                INSTANCE,
                one["id"],
                {
                    "name": one.get("name"),
                    "flavorId": flavour.get("id"),
                    "flavorName": flavour.get("original_name"),
                    "imageId": image.get("id"),
                    "availabilityZone": one.get("OS-EXT-AZ:availability_zone"),
                    "configDrive": bool(one.get("config_drive")),
                    "keyPair": one.get("key_name"),
                    "metadata": one.get("metadata"),
                    "powerState": str(one.get("status", "")).lower(),
                    "networks": [
                        _wire_of(port) for port in sorted(ports.get(one["id"], []), key=lambda port: str(port["id"]))
                    ],
                    "blockDevices": [_boot_device(boot)] if boot else [],
                },
            )
            for disk in disks:
                identity = f"{one['id']}/{disk['id']}"
                if disk is not boot or self._is_known(VOLUME_ATTACH, identity):
                    yield self._native(
                        VOLUME_ATTACH,
                        identity,
                        {"instanceId": one["id"], "volumeId": disk["id"], "device": _device(disk, one["id"])},
                    )
        for one in self.answers.server_groups:
            policies = one.get("policies") or ([one["policy"]] if one.get("policy") else [])
            yield self._native(SERVER_GROUP, one["id"], {"name": one.get("name"), "policies": policies})

    def _volumes(self) -> Iterator[Native]:
        images: dict[str, str] = {}
        for one in self.answers.volumes:
            source = one.get("volume_image_metadata") or {}
            if source.get("image_id") and source.get("image_name"):
                images[source["image_id"]] = source["image_name"]
            yield self._native(
                VOLUME,
                one["id"],
                {
                    "name": one.get("name"),
                    "size": one.get("size"),
                    "volumeType": one.get("volume_type"),
                    "imageId": source.get("image_id"),
                    "snapshotId": one.get("snapshot_id"),
                    "sourceVolId": one.get("source_volid"),
                    "encrypted": one.get("encrypted"),
                    "availabilityZone": one.get("availability_zone"),
                    "metadata": one.get("metadata"),
                    "attachments": [
                        {"instanceId": entry.get("server_id"), "device": entry.get("device")}
                        for entry in one.get("attachments") or []
                    ],
                },
            )
        for identity, name in sorted(images.items()):
            yield Native(f"{LOOKED_UP}image/{identity}", IMAGE, {"name": name, "region": self.region}, identity)

    def _keys(self) -> Iterator[Native]:
        made = {plain_id(SECRET, one.get("secret_ref")) for one in self.answers.orders}
        for one in self.answers.orders:
            identity, meta = str(plain_id(KEY_ORDER, one["order_ref"])), one.get("meta") or {}
            if not meta.get("name") and not self._is_known(KEY_ORDER, identity):
                continue
            yield self._native(
                KEY_ORDER,
                identity,
                {
                    "type": one.get("type"),
                    "status": one.get("status"),
                    "secretRef": one.get("secret_ref"),
                    "meta": {
                        "name": meta.get("name"),
                        "algorithm": meta.get("algorithm"),
                        "bitLength": meta.get("bit_length"),
                        "mode": meta.get("mode"),
                    },
                },
            )
        for one in self.answers.secrets:
            identity = str(plain_id(SECRET, one["secret_ref"]))
            if not self._is_known(SECRET, identity) and (identity in made or not one.get("name")):
                continue
            yield self._native(
                SECRET,
                identity,
                {
                    "name": one.get("name"),
                    "status": one.get("status"),
                    "algorithm": one.get("algorithm"),
                    "bitLength": one.get("bit_length"),
                    "mode": one.get("mode"),
                    "secretType": one.get("secret_type"),
                    "secretRef": one.get("secret_ref"),
                },
            )
        for one in self.answers.credentials:
            # The answer holds the secret as well: it is not taken.
            said = {"access": one["access"], "userId": one.get("user_id"), "projectId": one.get("tenant_id")}
            yield self._native(EC2_CREDENTIAL, one["access"], said)


def _wire_of(port: Wire) -> dict[str, Any]:
    ips = [ip.get("ip_address") for ip in port.get("fixed_ips") or []]
    address = next((ip for ip in ips if ip and "." in ip), None)
    return {"port": port["id"], "uuid": port.get("network_id"), "fixedIpV4": address}


def _boot_device(volume: Wire) -> dict[str, Any]:
    return {
        "uuid": volume["id"],
        "sourceType": "volume",
        "destinationType": "volume",
        "bootIndex": 0,
        "volumeType": volume.get("volume_type"),
    }


def _device(volume: Wire, server: str) -> str:
    """The device that a volume is on a server; volumes without one come last."""
    return next(
        (
            str(entry["device"])
            for entry in volume.get("attachments") or []
            if entry.get("server_id") == server and entry.get("device")
        ),
        "~",
    )
