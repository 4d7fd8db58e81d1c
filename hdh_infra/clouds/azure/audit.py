"""Logs of what is done: diagnostic settings that lead to the audit store, and how they are read back.

Azure writes each category into a container that it names itself. The plan makes these containers first, so
that the audit store's retention holds for them too. What is written of connections is made in `flow_logs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.azure.naming import account, make, token
from hdh_infra.clouds.azure.reading import Reader, is_subscription, listed
from hdh_infra.clouds.azure.roles import subscription
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, ref, text
from hdh_infra.model.paths import PLATFORM

STORE_CATEGORIES = ("StorageRead", "StorageWrite", "StorageDelete")
KEY_CATEGORIES = ("AuditEvent",)
ADMINISTRATION_CATEGORIES = ("Administrative", "Policy", "Security")
_CHANGES = ("Administrative",)
"""Where each change of resources and of rights is."""
_ADMINISTRATION_CONTAINER = "insights-activity-logs"
FLOW_CONTAINER = "insights-logs-flowlogflowevent"
"""Where flow logs of virtual networks are written: block blobs, a block added each minute."""
CONTAINERS = (
    _ADMINISTRATION_CONTAINER,
    FLOW_CONTAINER,
    *(f"insights-logs-{category.lower()}" for category in (*STORE_CATEGORIES, *KEY_CATEGORIES)),
)
"""What Azure names the containers that it writes logs to. Source: learn.microsoft.com/azure/azure-monitor/essentials/resource-logs, activity-log."""
_ALL = frozenset({"alllogs", "audit"})
"""Category groups that hold every category which is looked at here."""


def is_audit_store(context: Context, store: str) -> bool:
    """Whether Azure writes logs into a store."""
    return shared(context).audit_store == store


def containers_of(context: Context, store: str) -> Iterator[str]:
    """Names of the containers for logs that a store has, besides the one for objects."""
    if is_audit_store(context, store):
        yield from CONTAINERS


def lower_access_log(context: Context, store: str) -> Iterator[Node]:
    """What writes down each access to a store; none where no other store is named that keeps it."""
    audit = shared(context).audit_store
    if audit is not None and audit != store and context.expanded.logged(store):
        yield _setting(
            context,
            f"{store}/access-log",
            text("{0}/blobServices/default", ref(f"{store}/account")),
            audit,
            STORE_CATEGORIES,
            after=(f"{store}/service",),
        )


def lower_use_log(context: Context, key: str) -> Iterator[Node]:
    """What writes down each use and change of the keys in a vault."""
    audit = shared(context).audit_store
    if audit is not None and "keys" in context.expanded.audit:
        yield _setting(context, f"{key}/use-log", ref(f"{key}/vault"), audit, KEY_CATEGORIES)


def lower_administration_log(context: Context) -> Iterator[Node]:
    """What writes down each change of resources and rights, of the whole subscription."""
    audit = shared(context).audit_store
    if audit is not None and "administration" in context.expanded.audit:
        yield _setting(context, f"{PLATFORM}/administration-log", subscription(), audit, ADMINISTRATION_CATEGORIES)


def _setting(
    context: Context, path: str, watched: Value, audit: str, categories: tuple[str, ...], after: tuple[str, ...] = ()
) -> Node:
    containers = [
        _ADMINISTRATION_CONTAINER if categories is ADMINISTRATION_CATEGORIES else f"insights-logs-{category.lower()}"
        for category in categories
    ]
    return make(
        context,
        path,
        "monitor:DiagnosticSetting",
        {
            # Of the account, so that another platform's setting on the same subscription is another.
            "name": f"hdh-{account(context, audit)}",
            "resourceUri": watched,
            "storageAccountId": ref(f"{audit}/account"),
            "logs": [{"category": category, "enabled": True} for category in categories],
        },
        # Azure makes a container that is not there, and it would be without retention.
        after=(*(f"{audit}/logs/{name}" for name in sorted(set(containers))), *after),
    )


@final
@dataclass
class Logs:
    """Which categories of what are written into an account of the platform."""

    destinations: set[str] = field(default_factory=set)
    """Native paths of accounts that logs are written to."""
    administration: bool = False
    by_watched: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """Native path of what is watched, to native path of an account, to categories in small letters."""

    def cover(self, watched: Native, categories: tuple[str, ...], *, apart: Native | None = None) -> bool:
        """Whether all these categories of something are written to one account, other than `apart`."""
        return any(
            _covers(written, categories)
            for where, written in self.by_watched.get(watched.path, {}).items()
            if apart is None or where != apart.path
        )


def observe_logs(reader: Reader) -> Logs:
    """Every diagnostic setting that leads to an account which is there; of flow logs where they are written to."""
    logs = Logs()
    for native in reader.of("network:FlowLog"):
        where = reader.follow(native.properties.get("storageId"))
        if where is not None and where.type == token("storage:StorageAccount"):
            logs.destinations.add(where.path)
    for native in reader.of("monitor:DiagnosticSetting"):
        where = reader.follow(native.properties.get("storageAccountId"))
        if where is None or where.type != token("storage:StorageAccount"):
            continue
        written = set(_written(native.properties))
        if not written:
            continue
        logs.destinations.add(where.path)
        watched = _watched(native)
        if is_subscription(watched):
            logs.administration |= _covers(written, _CHANGES)
            continue
        found = reader.follow(watched)
        if found is not None and found.type == token("storage:BlobServiceProperties"):
            found = reader.parent(found)
        if found is not None:
            logs.by_watched.setdefault(found.path, {}).setdefault(where.path, set()).update(written)
    return logs


def observe_administration(logs: Logs) -> dict[str, dict[str, Any]]:
    """The platform itself, where changes of its resources and rights are logged."""
    return {PLATFORM: {"kind": PLATFORM, "administration_log": True}} if logs.administration else {}


def _watched(native: Native) -> Value:
    """What a setting is about: stated, or the beginning of its id."""
    if native.id and "/providers/microsoft.insights/" in native.id.lower():
        return native.id[: native.id.lower().rindex("/providers/microsoft.insights/")]
    return native.properties.get("resourceUri")


def _written(properties: Mapping[str, Any]) -> Iterator[str]:
    for one in listed(properties.get("logs")):
        if one.get("enabled") is True:
            yield str(one.get("category") or one.get("categoryGroup") or "").lower()


def _covers(written: set[str], categories: tuple[str, ...]) -> bool:
    return bool(written & _ALL) or {one.lower() for one in categories} <= written


__all__ = [
    "CONTAINERS",
    "FLOW_CONTAINER",
    "KEY_CATEGORIES",
    "STORE_CATEGORIES",
    "Logs",
    "containers_of",
    "is_audit_store",
    "lower_access_log",
    "lower_administration_log",
    "lower_use_log",
    "observe_administration",
    "observe_logs",
]
