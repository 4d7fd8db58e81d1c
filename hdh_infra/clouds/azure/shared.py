"""What is worked out once for a whole plan, because every element asks for it and the platform does not change.

Where it can it looks at zones and at the spaces' defaults and at no single space, so that what is shared is
the same with one space more (law 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import final

from hdh_infra.clouds.azure.ways import ways
from hdh_infra.clouds.base import Context
from hdh_infra.model.links import KeyWay
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Access, Encryption

_KEPT = "azure shared"
_HIGHEST_PORT = 64000
"""Of an application rule of Azure Firewall."""


@final
class Shared:
    """What one plan's elements have in common."""

    def __init__(self, context: Context) -> None:
        """Look at a context, which keeps it; see `shared`."""
        self._context = context

    @cached_property
    def appends(self) -> bool:
        """Whether zones or the spaces' defaults give somebody the right to append."""
        platform = self._context.expanded.platform
        defaults = platform.spaces.defaults
        stores = [store for zone in platform.zones.values() for store in zone.stores.values()]
        stores += defaults.stores.values()
        if defaults.airlock:
            stores += [store for _, store in defaults.airlock.stores("space/*")]
        return any(grant.access is Access.append for store in stores for grant in store.grants or ())

    @cached_property
    def administers(self) -> bool:
        """Whether the target, the platform's keys or the spaces' defaults name somebody who administers keys."""
        platform = self._context.expanded.platform
        default = platform.spaces.defaults.key
        return bool(
            self._context.settings.administrators
            or any(key.administrators for key in platform.keys.values())
            or (default and default.administrators)
        )

    @cached_property
    def audit_store(self) -> str | None:
        """The store that logs go to; None where none is named."""
        audit = self._context.expanded.platform.audit
        return audit.store if audit and audit.store in self._context.expanded.stores else None

    @cached_property
    def logs_flows(self) -> bool:
        """Whether the platform, its audit or a zone asks for flow logs, so that what writes them is shared."""
        expanded = self._context.expanded
        zones = expanded.platform.zones.values()
        asked = "flows" in expanded.audit or expanded.platform.network.flow_logs or any(one.flow_logs for one in zones)
        return asked and self.audit_store is not None

    @cached_property
    def logs(self) -> bool:
        """Whether anything is written to the audit store; an account that nothing is written to stays shut."""
        expanded, audit = self._context.expanded, self.audit_store
        if audit is None:
            return False
        # Of what networks write and of what is administered there is always something.
        if {"administration", "flows"} & set(expanded.audit) or any(
            expanded.logged(one) for one in expanded.stores if one != audit
        ):
            return True
        if any(expanded.flow_logs(network) for network in expanded.networks):
            return True
        return "keys" in expanded.audit and self._vaults

    @property
    def _vaults(self) -> bool:
        """Whether a vault is made: for a key of the platform, or for an element's own."""
        expanded = self._context.expanded
        floors = [store.encryption for store in expanded.stores.values()]
        for path, machine in (*expanded.machines.items(), *expanded.kept_disks.items()):
            floors += [machine.disk.encryption, expanded.system_encryption(path)]
        return Encryption.tenant_key in floors or any(self._context.existing(key) is None for key in expanded.keys)

    @cached_property
    def zones(self) -> list[str]:
        """Availability zones of the region; empty where it has none."""
        zones: dict[str, list[str]] = self._context.site.offer.native["zones"]
        return list(zones.get(self._context.site.region.name, []))

    @cached_property
    def with_stores(self) -> frozenset[str]:
        """Zones and spaces that have private endpoints: they hold a store, stages of airlocks too, or their machines use a key."""
        stores = frozenset(network_path(store) or "" for store in self._context.expanded.stores)
        return stores | self.ways.keys()

    @cached_property
    def ways(self) -> Mapping[str, Mapping[str, KeyWay]]:
        """By network, the ways of its machines to keys."""
        found: dict[str, dict[str, KeyWay]] = {}
        for path, way in ways(self._context).items():
            found.setdefault(way.network, {})[path] = way
        return found

    @cached_property
    def with_hosts(self) -> frozenset[str]:
        """Zones and spaces whose machines may reach a host by its name, by what a firewall can tell names from."""
        return frozenset(
            network_path(link.source) or ""
            for link in self._context.expanded.egress_hosts
            if link.protocol == "tcp" and all(isinstance(port, int) and port <= _HIGHEST_PORT for port in link.ports)
        )

    @cached_property
    def domain(self) -> str | None:
        """The domain that machines find each other under."""
        return self._context.expanded.platform.network.domain

    @cached_property
    def far_copies(self) -> bool:
        """Whether the region that Azure copies to lies where the platform's data may lie."""
        pairs: dict[str, str] = self._context.site.offer.native.get("pairs", {})
        pair = pairs.get(self._context.site.region.name)
        countries = {region.name: region.country for region in self._context.site.offer.regions}
        return pair is not None and countries.get(pair) in self._context.expanded.countries


def shared(context: Context) -> Shared:
    """What a context's elements have in common; kept with it, as its own cached properties are."""
    found = context.__dict__.get(_KEPT)
    if not isinstance(found, Shared):
        found = context.__dict__[_KEPT] = Shared(context)
    return found
