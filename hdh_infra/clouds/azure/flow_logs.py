"""Flow logs: each connection of a network that was let through or refused, written into the audit store.

Of the virtual network, since those of security groups are being retired (no new ones since 2025-06-30). Azure writes
them with an identity of the platform's that holds a role on the audit store, so that the account's own keys stay off. The
Network Watcher is Azure's own, one in each region of a subscription: it is named and neither made nor destroyed.
Nothing deletes what is written: a flow log's own retention would, by a rule of age that it puts on the account.

Sources: learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview (2024-08-02), vnet-flow-logs-managed-identity
(2025-11-18: user-assigned, Storage Blob Data Contributor on the account), network-watcher-create (names).
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.azure.audit import FLOW_CONTAINER
from hdh_infra.clouds.azure.grants import Rights
from hdh_infra.clouds.azure.naming import (
    PLATFORM_GROUP,
    group,
    home,
    make,
    network_words,
    region,
    segment,
    shortened,
    token,
)
from hdh_infra.clouds.azure.reading import Reader, got
from hdh_infra.clouds.azure.roles import DATA_USE, built_in, lower_assignment, lower_identity, principal
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import ref
from hdh_infra.model.paths import PLATFORM

WATCHER = "network-watcher"
"""The word for the Network Watcher under `existing` of a target."""
_LONGEST_NAME = 80


def _logged(context: Context, network: str) -> bool:
    return shared(context).audit_store is not None and context.expanded.flow_logs(network)


def _writer(context: Context, network: str) -> str:
    """Where the identity that writes is: with the platform where zones or all ask for logs, else with the space that does (law 4)."""
    return f"{PLATFORM}/flow-logs" if shared(context).logs_flows else f"{network}/flow-logs"


def lower_flow_log_writer(context: Context, owner: str) -> Iterator[Node]:
    """The identity that flow logs are written with, and its right on the audit store; once for the platform or for a space."""
    audit = shared(context).audit_store
    whole = shared(context).logs_flows
    if audit is None or (whole if owner != PLATFORM else not whole):
        return
    if owner != PLATFORM and not _logged(context, owner):
        return
    base = f"{owner}/flow-logs"
    words = context.name if owner == PLATFORM else network_words(context, owner)
    yield lower_identity(
        context,
        f"{base}/identity",
        {
            "resourceGroupName": group(context, owner),
            "resourceName": shortened(f"id-flow-logs-{words}", _LONGEST_NAME),
            "location": region(context),
        },
        after=PLATFORM_GROUP if owner == PLATFORM else home(owner),
    )
    yield lower_assignment(
        context,
        f"{base}/right",
        role=built_in(DATA_USE),
        scope=ref(f"{audit}/account"),
        principal=principal(f"{base}/identity"),
        principal_type="ServicePrincipal",
    )


def lower_flow_log(context: Context, network: str) -> Iterator[Node]:
    """What writes a network's connections down."""
    audit = shared(context).audit_store
    if audit is None or not _logged(context, network):
        return
    yield from lower_flow_log_writer(context, network)
    writer = _writer(context, network)
    watcher_group, watcher = _watcher(context)
    yield make(
        context,
        f"{network}/flow-log",
        "network:FlowLog",
        {
            "resourceGroupName": watcher_group,
            "networkWatcherName": watcher,
            # Beside those of other platforms in the same watcher.
            "flowLogName": shortened(f"hdh-{context.name}-{network_words(context, network)}", _LONGEST_NAME),
            "location": region(context),
            "targetResourceId": ref(f"{network}/network"),
            "storageId": ref(f"{audit}/account"),
            "enabled": True,
            "format": {"type": "JSON", "version": 2},
            "retentionPolicy": {"enabled": False, "days": 0},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [ref(f"{writer}/identity")]},
        },
        after=(f"{network}/network", f"{audit}/logs/{FLOW_CONTAINER}", f"{writer}/right"),
    )


def manual_watcher(context: Context) -> Iterator[ManualStep]:
    """What a subscription must have before flow logs are written, where any are asked."""
    if any(_logged(context, network) for network in context.expanded.networks):
        watcher_group, watcher = _watcher(context)
        yield ManualStep(
            what=f"Have the resource provider Microsoft.Insights registered and the Network Watcher of the region there, which Azure makes with the first virtual network unless that was switched off ({watcher_group}/{watcher})",
            who="owner of the subscription",
            command=f"az provider register --namespace Microsoft.Insights; az network watcher configure --enabled true --locations {region(context)}",
            proof=f"az provider show --namespace Microsoft.Insights --query registrationState gives Registered; az network watcher list names {watcher}",
        )


def _watcher(context: Context) -> tuple[str, str]:
    """Group and name of the region's Network Watcher: the ones that Azure gives it, or those that the spec names."""
    existing = context.existing(WATCHER)
    if existing:
        return segment(existing.id, "resourceGroups"), segment(existing.id, "networkWatchers")
    return "NetworkWatcherRG", f"NetworkWatcher_{region(context)}"


def observe_flow_logs(reader: Reader, rights: Rights) -> set[str]:
    """Native paths of the networks whose connections are all written into an account of the platform."""
    found: set[str] = set()
    for native in reader.of("network:FlowLog"):
        network = reader.follow(native.properties.get("targetResourceId"))
        account = reader.follow(native.properties.get("storageId"))
        if network is None or account is None or account.type != token("storage:StorageAccount"):
            continue
        keys = got(account, "allowSharedKeyAccess", default=True) is not False
        identities = reader.identities(native)
        writes = any(rights.writes(identity, account) for identity in identities) if identities else keys
        writes = writes and _takes_blocks(reader, account)
        whole = not native.properties.get("enabledFilteringCriteria") and not native.properties.get("recordTypes")
        if (
            network.type == token("network:VirtualNetwork")
            and got(native, "enabled", default=False)
            and writes
            and whole
        ):
            found.add(network.path)
    return found


def _takes_blocks(reader: Reader, account: Native) -> bool:
    """Whether blocks can be added to what is there, as flow logs are written: not under a retention that forbids it."""
    return all(
        one.properties.get("allowProtectedAppendWritesAll") is True
        for one in reader.children(account, "storage:BlobContainerImmutabilityPolicy")
        if FLOW_CONTAINER in {one.properties.get("containerName"), *(one.id or "").split("/")}
    )


__all__ = ["WATCHER", "lower_flow_log", "lower_flow_log_writer", "manual_watcher", "observe_flow_logs"]
