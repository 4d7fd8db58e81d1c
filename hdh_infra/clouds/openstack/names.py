"""Names of machines inside the platform: records of a zone in Designate, where the operator declares that machines are answered from there.

Neutron's own names are not used: its agents answer for the machines of one network only, under one domain for the whole cloud, and with an outside
name service a network's `dns_domain` is published there. Designate has no zones of one network either: who asks its name servers
is answered, so that it is the operator's word (`network.names: designate`) that only the platform's networks ask them.

Sources, read 2026-11-25: docs.openstack.org/neutron/latest/admin/config-dns-int.html and config-dns-int-ext-serv.html; neutron 29.0.0
`plugins/ml2/extensions/dns_integration.py`; docs.openstack.org/designate/2026.1/user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name
from hdh_infra.clouds.openstack.naming import PORT, RECORD, ZONE, make
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM, kind_of, network_path

DESIGNATE = "designate"
"""The operator's word for a name service that machines of the platform, and nobody else, are answered from."""
DOMAIN_ZONE = f"{PLATFORM}/domain"
_SECONDS = 300


def domain_of(context: Context) -> str | None:
    """The domain that machines are found under; None where none is asked, or no service is declared."""
    asked = context.expanded.platform.network.domain
    return asked if context.site.fact("network.names").value == DESIGNATE else None


def lower_domain(context: Context) -> Iterator[Node]:
    """The platform's zone of names; there with the first word of a domain, whether there is a machine or not."""
    if domain := domain_of(context):
        yield make(
            context,
            DOMAIN_ZONE,
            ZONE,
            {"name": f"{domain}.", "email": f"hostmaster@{domain}", "type": "PRIMARY", "ttl": _SECONDS},
        )


def lower_names(context: Context, machine: str) -> Iterator[Node]:
    """One record a replica: its server's name, and its fixed address."""
    domain = domain_of(context)
    if domain is None or context.expanded.is_closed(machine):
        return
    for index, address in enumerate(context.addresses(machine)[: context.expanded.machine(machine).count]):
        yield make(
            context,
            f"{machine}/name/{index}",
            RECORD,
            {
                "zoneId": ref(DOMAIN_ZONE),
                "name": f"{native_name(context, f'{machine}/{index}')}.{domain}.",
                "type": "A",
                "ttl": _SECONDS,
                "records": [str(address)],
            },
            fixed=True,
        )


def observe_domains(reader: Reader, networks: Mapping[str, object]) -> Mapping[str, str]:
    """By network, the domains under which every machine in it has a record.

    Args:
        reader: the native resources.
        networks: every network element; one without a machine is found under each domain.
    """
    zones = reader.natives.of_type(ZONE)
    if not zones:
        return {}
    answered: dict[str, set[str]] = {zone.path: set() for zone in zones}
    for record in reader.natives.of_type(RECORD):
        zone = reader.follow(record.properties.get("zoneId"), ZONE)
        name = str(record.properties.get("name"))
        if (
            zone is not None
            and record.properties.get("type") == "A"
            and name.endswith(f".{zone.properties.get('name')}")
        ):
            answered[zone.path].update(str(one) for one in listed(record.properties.get("records")))
    machines: dict[str, set[str]] = {}
    for port in reader.natives.of_type(PORT):
        if _is_machine(port.element):
            addresses = {str(one.get("ipAddress")) for one in listed(port.properties.get("fixedIps"))}
            machines.setdefault(network_path(port.element) or "", set()).update(addresses)
    found: dict[str, str] = {}
    for network in networks:
        words = [
            str(zone.properties.get("name")).removesuffix(".")
            for zone in zones
            if machines.get(network, set()) <= answered[zone.path]
        ]
        if words:
            found[network] = ", ".join(sorted(words))
    return found


def _is_machine(element: str) -> bool:
    try:
        return kind_of(element) == "machine"
    except ValueError:
        return False
