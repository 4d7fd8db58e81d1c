"""Logs of what is done: diagnostic settings that lead to the audit store, and how they are read back.

Azure writes each category into a container that it names itself. The plan makes these containers first, so
that the audit store's retention holds for them too. Which categories there are, and which word of `audit`
asks for them, stands in `log_categories`. What is written of connections is made in `flow_logs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hdh_infra.clouds.azure.log_categories import ADMINISTRATION, LOGS, container_of
from hdh_infra.clouds.azure.log_search import SEARCH, is_searched
from hdh_infra.clouds.azure.naming import account, make, token
from hdh_infra.clouds.azure.reading import Reader, is_subscription, listed
from hdh_infra.clouds.azure.roles import subscription
from hdh_infra.clouds.azure.shared import shared
from hdh_infra.clouds.base import Context
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, ref, text
from hdh_infra.model.paths import PLATFORM

STORE_CATEGORIES = LOGS["storage:BlobServiceProperties"].categories
KEY_CATEGORIES = LOGS["keyvault:Vault"].categories
_CHANGES = ("Administrative",)
"""Where each change of resources and of rights is."""
_ADMINISTRATION_CONTAINER = "insights-activity-logs"
FLOW_CONTAINER = "insights-logs-flowlogflowevent"
"""Where flow logs of virtual networks are written: block blobs, a block added each minute."""
CONTAINERS = (
    _ADMINISTRATION_CONTAINER,
    FLOW_CONTAINER,
    *(container_of(category) for category in (*STORE_CATEGORIES, *KEY_CATEGORIES)),
)
"""Of what every platform with an audit store has. Source: learn.microsoft.com/azure/azure-monitor/essentials/resource-logs, activity-log."""
_ALL = frozenset({"alllogs", "audit"})
"""Category groups that hold every category which is looked at here."""


def is_audit_store(context: Context, store: str) -> bool:
    """Whether Azure writes logs into a store."""
    return shared(context).audit_store == store


def containers_of(context: Context, store: str) -> Iterator[str]:
    """Names of the containers for logs that a store has, besides the one for objects."""
    if not is_audit_store(context, store):
        return
    # All of what a word asks for, whether a resource that writes it is there today: the store belongs to a zone,
    # and what a space adds must change nothing of it (law 4).
    asked = (
        container_of(category)
        for one in LOGS.values()
        if one.word in context.expanded.audit
        for category in one.categories
    )
    yield from dict.fromkeys((*CONTAINERS, *asked))


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
    yield from lower_diagnostics(context, f"{key}/vault", "keyvault:Vault", path=f"{key}/use-log")


def lower_diagnostics(context: Context, resource: str, kind: str, *, path: str | None = None) -> Iterator[Node]:
    """What writes down the logs of one resource, where the audit asks for them.

    Args:
        context: what the lowering reads.
        resource: path of its node.
        kind: its module and type, `network:BastionHost`; one of `LOGS`.
        path: of the setting; without it `RESOURCE/log`.
    """
    audit, logged = shared(context).audit_store, LOGS[kind]
    if audit is not None and logged.word in context.expanded.audit:
        yield _setting(context, path or f"{resource}/log", ref(resource), audit, logged.categories)


def lower_administration_log(context: Context) -> Iterator[Node]:
    """What writes down each change of resources and rights, of the whole subscription."""
    audit = shared(context).audit_store
    if audit is not None and "administration" in context.expanded.audit:
        yield _setting(context, f"{PLATFORM}/administration-log", subscription(), audit, ADMINISTRATION)


def _setting(
    context: Context, path: str, watched: Value, audit: str, categories: tuple[str, ...], after: tuple[str, ...] = ()
) -> Node:
    containers = [
        _ADMINISTRATION_CONTAINER if categories is ADMINISTRATION else container_of(category) for category in categories
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
            **({"workspaceId": ref(SEARCH)} if is_searched(context) else {}),
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

    remarks: list[str] = field(default_factory=list)
    """What is sent elsewhere."""

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
        logs.remarks.extend(_elsewhere(reader, native))
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


def observe_gaps(reader: Reader, logs: Logs) -> Iterator[str]:
    """A remark for each resource that does not write what others write by the same word of `audit`.

    Whether a word was asked no native property says; that it was shows in what is written by it.
    """
    by_word: dict[str, list[tuple[Native, tuple[str, ...]]]] = {}
    for kind, logged in LOGS.items():
        # What stores write is an attribute of each.
        if logged.word != "stores":
            by_word.setdefault(logged.word, []).extend(
                # Of what is there already a plan knows its id and no more; its owner says what it logs.
                (one, logged.categories)
                for one in reader.of(kind)
                if reader.natives.source != "plan" or not one.id
            )
    for word, found in by_word.items():
        missing = [(native, categories) for native, categories in found if not logs.cover(native, categories)]
        if len(missing) < len(found) or (word == "administration" and logs.administration):
            for native, categories in missing:
                yield f"{native.path}: does not write all of {', '.join(categories)} into a store, which others of the platform do"


def _elsewhere(reader: Reader, native: Native) -> Iterator[str]:
    """Remarks on where else a setting sends what it writes."""
    for name in ("eventHubAuthorizationRuleId", "marketplacePartnerId", "serviceBusRuleId"):
        if native.properties.get(name):
            yield f"{native.path}: sends logs out of the platform ({name})"
    workspace = native.properties.get("workspaceId")
    if workspace and reader.follow(workspace) is None:
        yield f"{native.path}: sends logs to a workspace that is not the platform's"


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
    "lower_diagnostics",
    "lower_use_log",
    "observe_administration",
    "observe_gaps",
    "observe_logs",
]
