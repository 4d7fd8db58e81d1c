"""Microsoft Azure: what a platform becomes there by Azure Resource Manager, and how that is read back.

Names and limits: `naming`, `shared`, `hosts`; networks, peerings and ways out: `network`, `routes`, `subnets`, `addresses`, `endpoints`; filters: `rules`; the entry
for people: `bastion`; the way out by names: `firewall`; names of machines: `names`; stores: `storage`; keys: `keys`,
`importing`, `ways`; machines: `compute`; rights: `roles`, `grants`; logs: `audit`, `log_categories`, `log_search`,
`flow_logs`; copies: `backup`. Reading back: `reading`, `traffic`, `posture`, and a `..._reading` beside what is long.
It knows no Pulumi and no SDK: wire names are those of azure-native, checked against its contract in tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.azure.audit import observe_administration, observe_gaps, observe_logs
from hdh_infra.clouds.azure.backup import manual_backup
from hdh_infra.clouds.azure.backup_reading import Backups
from hdh_infra.clouds.azure.compute import lower_machine, manual_features, manual_logins
from hdh_infra.clouds.azure.compute_reading import observe_machines
from hdh_infra.clouds.azure.credentials import RIGHTS, SERVICES
from hdh_infra.clouds.azure.flow_logs import WATCHER, manual_watcher, observe_flow_logs
from hdh_infra.clouds.azure.grants import lower_right, observe_log_writers, observe_rights
from hdh_infra.clouds.azure.hosts import metadata_host
from hdh_infra.clouds.azure.keys import lower_key, manual_keys
from hdh_infra.clouds.azure.keys_reading import kept, observe_keys, observe_ways
from hdh_infra.clouds.azure.log_search import observe_log_search
from hdh_infra.clouds.azure.naming import PROVIDER, token
from hdh_infra.clouds.azure.network import lower_egress, lower_network, lower_platform, observe_networks
from hdh_infra.clouds.azure.posture import observe_posture
from hdh_infra.clouds.azure.reading import Reader, got
from hdh_infra.clouds.azure.remedies import REMEDIES
from hdh_infra.clouds.azure.storage import lower_link, lower_store, manual_locks
from hdh_infra.clouds.azure.storage_reading import entries, entry_of, observe_stores
from hdh_infra.clouds.azure.traffic import observe_traffic
from hdh_infra.clouds.base import Cloud, Context, ServiceFlow
from hdh_infra.graph.observation import Natives, Observation, ObservedFlow
from hdh_infra.graph.plan import ManualStep, Provider

VERSION = "3.29.0"
"""Of the azure-native plugin, as the SDK package pins it."""
_HOST_SOURCE = "learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16"
_RULES_SOURCE = "learn.microsoft.com/azure/virtual-network/network-security-groups-overview, platform considerations"
_READ = "2026-11-23"
SERVICE_FLOWS = (
    ServiceFlow("name resolution", "168.63.129.16/32", "udp", (53,), _RULES_SOURCE, _READ),
    ServiceFlow("name resolution", "168.63.129.16/32", "tcp", (53,), _RULES_SOURCE, _READ),
    ServiceFlow("the host, for the machine's agent", "168.63.129.16/32", "tcp", (80, 32526), _HOST_SOURCE, _READ),
    ServiceFlow("addresses by DHCP", "168.63.129.16/32", "udp", (67,), _RULES_SOURCE, _READ),
    ServiceFlow("metadata and tokens of identities", "169.254.169.254/32", "tcp", (80,), _RULES_SOURCE, _READ),
)
"""What passes every filter, unless a rule denies it by the service's own word; the clock comes from the host."""
UNLOWERED: Mapping[str, str] = {
    "store.backup": (
        "copies in Azure Backup's vault would lie under Microsoft's key: it takes a customer's key only from a key vault that is open to networks; "
        "nor does it copy append blobs, which logs are, or a store without versions"
    ),
}
"""What the offer has and no plan does."""


def providers(context: Context) -> Mapping[str, Provider]:
    """The one provider; its credentials come from the environment, its cloud's hosts from where the offer says that they are told."""
    project, host = context.settings.project, metadata_host(context.site)
    config: dict[str, Any] = {"subscriptionId": project} if project else {}
    if host:
        config["metadataHost"] = host
    return {PROVIDER: Provider("azure-native", VERSION, config)}


def manual(context: Context) -> Iterator[ManualStep]:
    """What only a person can do, in order."""
    yield from manual_features(context)
    yield from manual_logins(context)
    yield from manual_keys(context)
    yield from manual_backup(context)
    yield from manual_watcher(context)
    yield from manual_locks(context)


def observe(natives: Natives, site: Site) -> Observation:
    """What native resources give, read by Azure's meaning of their properties alone."""
    reader = Reader(natives, site)
    rights, logs = observe_rights(reader), observe_logs(reader)
    backups = Backups(reader, rights)
    traffic = observe_traffic(reader)
    entry = [*traffic.entry, *entries(reader)]
    for native in reader.of("keyvault:Vault"):
        entry.extend(
            entry_of(
                native,
                access=got(native, "properties.publicNetworkAccess", "enabled"),
                rules=got(native, "properties.networkAcls", {}),
                ports=(443,),
            )
        )
    elements = {
        **observe_networks(reader, traffic.people, observe_flow_logs(reader, rights)),
        **observe_stores(reader, rights, logs, backups),
        **observe_machines(reader, backups),
        **observe_keys(reader, rights, logs, traffic.vaults),
        **observe_administration(logs),
    }
    return Observation(
        target=str(site.target),
        source=natives.source,
        elements=dict(sorted(elements.items())),
        flows=traffic.flows,
        service_flows=tuple(
            ObservedFlow("*", f"{flow.address} ({flow.to})", flow.protocol, flow.ports) for flow in SERVICE_FLOWS
        ),
        egress=traffic.egress,
        entry=tuple(sorted(entry)),
        remarks=tuple(
            sorted(
                {
                    *rights.remarks,
                    *traffic.remarks,
                    *observe_posture(reader, logs),
                    *logs.remarks,
                    *observe_gaps(reader, logs),
                    *observe_log_writers(reader, rights, logs.destinations),
                    *observe_log_search(reader),
                    *observe_ways(reader, rights, traffic.vaults),
                }
            )
        ),
        unread=tuple(sorted(reader.unread)),
    )


CLOUD = Cloud(
    name="azure",
    providers=providers,
    lower_platform=lower_platform,
    lower_network=lower_network,
    lower_key=lower_key,
    lower_store=lower_store,
    lower_machine=lower_machine,
    lower_link=lower_link,
    lower_right=lower_right,
    lower_egress=lower_egress,
    observe=observe,
    service_flows=SERVICE_FLOWS,
    protecting=frozenset(map(token, ("storage:BlobServiceProperties", "storage:BlobContainerImmutabilityPolicy"))),
    existing=frozenset({"network", "key", "image", "project", "group", WATCHER}),
    credentials=SERVICES,
    rights=RIGHTS,
    unlowered=UNLOWERED,
    manual=manual,
    remedies=REMEDIES,
    kept=kept,
)
