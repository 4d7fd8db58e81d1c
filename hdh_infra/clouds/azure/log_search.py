"""A Log Analytics workspace beside the audit store, for people who search logs; only where the target asks for it.

The audit store is the truth: under the platform's key, and nobody takes anything out of it before its time. A workspace
is a second copy under Microsoft's own key (a key of the customer's needs a dedicated cluster with a commitment of
100 GB a day: learn.microsoft.com/azure/azure-monitor/logs/customer-managed-keys, 2026-04-09), and whoever administers it can shorten how long it keeps. So none is planned unless
`targets: {azure:...: {log_search_days: ...}}` says for how long.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.azure.naming import PLATFORM_GROUP, group, make, region, shortened
from hdh_infra.clouds.azure.reading import Reader, got
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.model.paths import PLATFORM

SEARCH = f"{PLATFORM}/log-search"
_LONGEST_NAME = 63


def is_searched(context: Context) -> bool:
    """Whether logs go to a workspace too."""
    return context.settings.log_search_days is not None and shared(context).logs


def lower_log_search(context: Context) -> Iterator[Node]:
    """The workspace, which answers no public network; diagnostic settings reach it by a channel of Azure's own.

    Source: MicrosoftDocs/azure-docs articles/azure-monitor/logs/private-link-configure.md (2021-08-01), "Exceptions, Diagnostic logs".
    """
    if not is_searched(context):
        return
    yield make(
        context,
        SEARCH,
        "operationalinsights:Workspace",
        {
            "resourceGroupName": group(context, PLATFORM),
            "workspaceName": shortened(f"log-{context.name}-{region(context)}", _LONGEST_NAME),
            "location": region(context),
            "sku": {"name": "PerGB2018"},
            "retentionInDays": context.settings.log_search_days,
            "publicNetworkAccessForIngestion": "Disabled",
            "publicNetworkAccessForQuery": "Disabled",
            "features": {
                # Without it whoever has the workspace's key writes and forges entries.
                "disableLocalAuth": True,
                # Who may read a resource may not therefore read who used it: a right on the workspace is needed.
                "enableLogAccessUsingOnlyResourcePermissions": False,
                "enableDataExport": False,
                "immediatePurgeDataOn30Days": False,
            },
        },
        after=(PLATFORM_GROUP,),
    )


def observe_log_search(reader: Reader) -> Iterator[str]:
    """A remark on every workspace that logs of the platform are copied to, with what it keeps and under whose key."""
    searched = {
        found.path
        for setting in reader.of("monitor:DiagnosticSetting")
        if (found := reader.follow(setting.properties.get("workspaceId"))) is not None
    }
    for native in reader.of("operationalinsights:Workspace"):
        if native.path in searched:
            whose = "a cluster's" if got(native, "features.clusterResourceId") else "Microsoft's"
            days = got(native, "retentionInDays", "an unknown number of")
            country = reader.country(native.properties.get("location"))
            yield f"{native.path}: keeps a second copy of logs for {days} days in {country}, under {whose} key"


__all__ = ["SEARCH", "is_searched", "lower_log_search", "observe_log_search"]
