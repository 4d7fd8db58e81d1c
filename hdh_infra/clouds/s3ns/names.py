"""Names of machines inside the platform: one private zone of the network, and a record for each machine.

Google's own names of machines (`VM.ZONE.c.PROJECT.internal`) answer there too, and nowhere else. Only private zones are there at S3NS.
Source: documentation.s3ns.fr/compute/docs/networking/zonal-dns and cloud.google.com/dns/docs/zones/zones-overview, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.s3ns.naming import INSTANCE, RECORD, SUBNET, ZONE, make, native_name
from hdh_infra.clouds.s3ns.reading import Reader, listed
from hdh_infra.clouds.s3ns.rules import NETWORK_PATH
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM, kind_of, network_path

DOMAIN_ZONE = f"{PLATFORM}/domain"
_SECONDS = 300


def lower_domain(context: Context) -> Iterator[Node]:
    """The platform's own zone of names, where a domain is asked."""
    if domain := context.expanded.platform.network.domain:
        yield make(
            context,
            DOMAIN_ZONE,
            ZONE,
            {
                "name": native_name(context, DOMAIN_ZONE),
                "dnsName": f"{domain}.",
                "visibility": "private",
                "privateVisibilityConfig": {"networks": [{"networkUrl": ref(NETWORK_PATH)}]},
                "forceDestroy": False,
            },
            outputs=("name",),
        )


def lower_name(context: Context, machine: str, number: int) -> Iterator[Node]:
    """The record of one replica, where a domain is asked."""
    if domain := context.expanded.platform.network.domain:
        yield make(
            context,
            f"{machine}/name/{number}",
            RECORD,
            {
                "managedZone": ref(DOMAIN_ZONE, "name"),
                "name": f"{native_name(context, f'{machine}/{number}')}.{domain}.",
                "type": "A",
                "ttl": _SECONDS,
                "rrdatas": [str(context.addresses(machine)[number])],
            },
        )


def observe_domains(reader: Reader) -> Mapping[str, str]:
    """By network element, the domains under which every machine in it has a record of a zone that its network asks."""
    seen: dict[str, set[str]] = {}
    machines: dict[str, set[str]] = {}
    for subnet in reader.natives.of_type(SUBNET):
        found = reader.follow(subnet.properties.get("network"))
        machines.setdefault(subnet.element, set())
        if found is not None:
            seen.setdefault(found.path, set()).add(subnet.element)
    zones = [zone for zone in reader.natives.of_type(ZONE) if zone.properties.get("visibility") == "private"]
    if not zones:
        return {}
    for server in reader.natives.of_type(INSTANCE):
        if _is_machine(server.element):
            addresses = {str(one.get("networkIp")) for one in listed(server.properties.get("networkInterfaces"))}
            machines.setdefault(network_path(server.element) or "", set()).update(addresses)
    answered: dict[str, set[str]] = {}
    for record in reader.natives.of_type(RECORD):
        zone = reader.zone_of(record.properties.get("managedZone"))
        name = str(record.properties.get("name"))
        if zone is not None and record.properties.get("type") == "A" and not name.startswith("*"):
            answered.setdefault(zone.path, set()).update(str(one) for one in listed(record.properties.get("rrdatas")))
    domains: dict[str, set[str]] = {}
    for zone in zones:
        if zone.properties.get("dnsName") == f"{reader.universe}.":
            continue
        config = zone.properties.get("privateVisibilityConfig") or {}
        for one in listed(config.get("networks")):
            network = reader.follow(one.get("networkUrl"))
            for element in seen.get(network.path, ()) if network is not None else ():
                if machines.get(element, set()) <= answered.get(zone.path, set()):
                    domains.setdefault(element, set()).add(str(zone.properties.get("dnsName")).removesuffix("."))
    return {element: ", ".join(sorted(some)) for element, some in domains.items()}


def _is_machine(element: str) -> bool:
    try:
        return kind_of(element) == "machine"
    except ValueError:
        return False
