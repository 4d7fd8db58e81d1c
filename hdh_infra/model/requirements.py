"""Every requirement that a verdict can be about: its title, and whether a spec may accept its lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that an offer is asked for, and whether a spec may accept its lack."""

    title: str
    waivable: bool = True


CAPACITY: Mapping[str, str] = {
    "stores": "stores (buckets, storage accounts)",
    "networks": "networks",
    "subnets": "subnets",
    "peerings": "joints between networks",
    "role-assignments": "rights given to identities",
    "rules": "rules of filters",
    "addresses": "addresses of a range",
    "vcpus": "virtual processors",
    "memory": "memory of machines",
    "machines": "machines",
    "volumes": "disks",
    "volume-size": "size of disks together",
    "keys": "keys",
    "security-groups": "filters",
    "route-tables": "tables of routes",
    "ports": "interfaces on networks",
    "private-endpoints": "private endpoints of stores",
    "routers": "routers",
    "floating-addresses": "public addresses",
    "resource-groups": "groups of resources",
    "dns-links": "links of zones of names",
    "users": "identities of machines",
}
"""What limits of offers count: `capacity.NAME`."""
MANAGED: Mapping[str, str] = {
    "kubernetes": "managed Kubernetes",
    "postgresql": "managed PostgreSQL",
    "spark": "managed Spark",
    "log-analysis": "analysis of logs",
    "identity-provider": "identity provider for people",
}
"""Managed services: `requires.NAME`."""

REQUIREMENTS: Mapping[str, Requirement] = {
    "offer.deployable": Requirement("there is something to deploy to", waivable=False),
    "region.country": Requirement("the region lies in a country of the residency", waivable=False),
    "store.encryption": Requirement("who holds the key that encrypts a store"),
    "store.versioning": Requirement("overwritten and deleted objects can be had back"),
    "store.retention": Requirement("objects cannot be changed or deleted before their time"),
    "store.expiry": Requirement("objects go by their age"),
    "store.soft_delete": Requirement("what was deleted can be had back for a time"),
    "store.redundancy": Requirement("how far apart the copies of a store lie"),
    "store.private": Requirement("a store is reached from the platform's own networks only"),
    "store.public": Requirement("nobody reads or writes a store without credentials"),
    "store.grants": Requirement("who may read, append and write is what the grants say"),
    "store.access_log": Requirement("each access to a store is logged"),
    "store.backup": Requirement("a store is copied apart from it"),
    "machine.size": Requirement("processors, memory, disks and number of machines"),
    "machine.gpu": Requirement("graphics processors of a machine"),
    "machine.image": Requirement("the family of the system image"),
    "machine.encryption": Requirement("who holds the key that encrypts a machine's disks"),
    "machine.spread": Requirement("replicas do not share what can fail"),
    "machine.public": Requirement("a machine has no public address"),
    "machine.identity": Requirement("a machine has an identity of its own towards the cloud's services"),
    "machine.startup": Requirement("start-up data reach a machine"),
    "machine.backup": Requirement("data disks are copied apart from the machine"),
    "key.protection": Requirement("what a key is kept in"),
    "key.origin": Requirement("where key material is made"),
    "key.algorithm": Requirement("what a key is used with"),
    "key.rotation": Requirement("a new version is made in time"),
    "key.custody": Requirement("who has the material of a key"),
    "key.grace": Requirement("the destruction of a key can be taken back for a time"),
    "key.access": Requirement("who may use a key and who may administer it"),
    "key.exportable": Requirement("key material cannot leave the service that keeps it"),
    "network.addresses": Requirement("the address range of a zone or space"),
    "network.names": Requirement("machines find each other by name, inside only"),
    "network.entry": Requirement("people get in by a bastion and in no other way"),
    "network.flow_logs": Requirement("connections let through and refused are logged"),
    "flow.exact": Requirement("who can reach whom is what the flows say, no less and no more"),
    "egress.host_names": Requirement("the outside is reached by host name and nothing else of it"),
    "audit.keys": Requirement("each use and change of a key is logged"),
    "audit.administration": Requirement("each change of resources and rights is logged"),
    "audit.store": Requirement("logs are kept apart, and nobody who writes them can delete them"),
    "space.members": Requirement("the people of a project are told apart"),
    "space.closed": Requirement("a space past its end has no entry and no compute, and keeps its data"),
    "airlock.review": Requirement("data moves in and out only when people agreed"),
    **{f"capacity.{name}": Requirement(f"room for the platform's {what}") for name, what in CAPACITY.items()},
    **{f"requires.{name}": Requirement(f"{what} on the same offer") for name, what in MANAGED.items()},
}
"""By the name that verdicts and waivers use."""
