"""Names of machines inside the platform: one private zone, a link to each network, and a record for each machine.

Machines do not write their names themselves (auto-registration): a zone takes so only a hundred networks, and
whoever is on a machine could take another's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.azure.hosts import PRIVATE
from hdh_infra.clouds.azure.naming import PLATFORM_GROUP, dashed, group, make
from hdh_infra.clouds.azure.reading import Reader, listed
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM

DOMAIN_ZONE = f"{PLATFORM}/domain"
_SECONDS = 300


def lower_domain(context: Context) -> Iterator[Node]:
    """The platform's own zone of names, where a domain is asked."""
    if shared(context).domain:
        yield make(
            context,
            DOMAIN_ZONE,
            "privatedns:PrivateZone",
            {
                "resourceGroupName": group(context, PLATFORM),
                "privateZoneName": shared(context).domain,
                "location": "Global",
            },
            after=(PLATFORM_GROUP,),
        )


def lower_domain_link(context: Context, network: str) -> Iterator[Node]:
    """What makes the zone answer in one network."""
    if domain := shared(context).domain:
        yield lower_link_of_names(context, f"{network}/domain", domain, network, after=DOMAIN_ZONE)


def lower_link_of_names(context: Context, path: str, zone: str, network: str, *, after: str) -> Node:
    """A link between a private zone and a network, by which machines write nothing."""
    return make(
        context,
        path,
        "privatedns:VirtualNetworkLink",
        {
            "resourceGroupName": group(context, PLATFORM),
            "privateZoneName": zone,
            "virtualNetworkLinkName": dashed(network),
            "location": "Global",
            "registrationEnabled": False,
            "resolutionPolicy": "Default",
            "virtualNetwork": {"id": ref(f"{network}/network")},
        },
        after=(after,),
    )


def lower_name(context: Context, replica: str, name: str, address: str) -> Iterator[Node]:
    """The record of one machine, where a domain is asked."""
    if domain := shared(context).domain:
        yield make(
            context,
            f"{replica}/name",
            "privatedns:PrivateRecordSet",
            {
                "resourceGroupName": group(context, PLATFORM),
                "privateZoneName": domain,
                "recordType": "A",
                "relativeRecordSetName": name,
                "ttl": _SECONDS,
                "aRecords": [{"ipv4Address": address}],
            },
            after=(DOMAIN_ZONE,),
        )


def observe_domains(reader: Reader) -> Mapping[str, str]:
    """By native path of a network, the domains under which every machine in it is found there."""
    answered: dict[str, set[str]] = {}
    for native in reader.of("privatedns:PrivateRecordSet"):
        zone = reader.parent(native)
        if zone is not None:
            answered.setdefault(zone.path, set()).update(
                str(one.get("ipv4Address")) for one in listed(native.properties.get("aRecords"))
            )
    machines = _addresses(reader)
    found: dict[str, set[str]] = {}
    for native in reader.of("privatedns:VirtualNetworkLink"):
        zone, network = reader.parent(native), reader.follow(native.properties.get("virtualNetwork"))
        if zone is None or network is None or reader.name(zone).startswith(PRIVATE):
            continue
        registers = native.properties.get("registrationEnabled") is True
        if registers or machines.get(network.path, set()) <= answered.get(zone.path, set()):
            found.setdefault(network.path, set()).add(reader.name(zone))
    return {path: ", ".join(sorted(names)) for path, names in found.items()}


def _addresses(reader: Reader) -> dict[str, set[str]]:
    """The addresses of machines by native path of their network."""
    found: dict[str, set[str]] = {}
    for native in reader.of("network:NetworkInterface"):
        for one in listed(native.properties.get("ipConfigurations")):
            subnet = reader.follow(one.get("subnet"))
            network = reader.parent(subnet) if subnet else None
            if network is not None:
                found.setdefault(network.path, set()).add(str(one.get("privateIPAddress")))
    return found
