"""Rules about what the parts of a description mean together: audit, frameworks, rights and ways, end dates.

They read a platform whose references are known to be right. One function a rule, as in `check`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from hdh_infra.errors import Problem
from hdh_infra.model.airlock import Airlock
from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.frameworks import clauses
from hdh_infra.model.links import Paths
from hdh_infra.model.paths import GROUP, network_path
from hdh_infra.model.platform import Platform, SpaceFlow
from hdh_infra.model.scales import Access, RetentionMode
from hdh_infra.model.store import Store

Location: TypeAlias = tuple[str | int, ...]
Found: TypeAlias = Iterator[tuple[Location, str]]


def place_of(path: str, *more: str) -> Location:
    """Where an element stands in a spec."""
    kind, name, *rest = path.split("/")
    if kind == "key":
        return ("keys", name, *more)
    head = ("zones", name) if kind == "zone" else ("spaces", "projects", name)
    inner = {"store": "stores", "machine": "machines", "key": "keys"}
    return (*head, *(inner.get(part, part) if index == 0 else part for index, part in enumerate(rest)), *more)


def check_residency_is_left(platform: Platform) -> Found:
    """Some country remains of those that the frameworks allow."""
    left = set(platform.residency.countries)
    for clause in clauses(platform.frameworks, "residency"):
        if not left & clause.value:
            yield (
                ("residency", "countries"),
                (
                    f"{', '.join(sorted(left))} lies outside what {clause.framework} {clause.clause} allows ({clause.says}): "
                    f"name a country of {', '.join(sorted(clause.value))}"
                ),
            )
            return
        left &= clause.value


def check_log_retention(platform: Platform) -> Found:
    """The store of logs keeps them as long as every framework asks."""
    store = _audit_store(platform)
    if platform.audit is None or store is None:
        return
    at = place_of(platform.audit.store)
    asked = max(clauses(platform.frameworks, "log-retention"), key=lambda one: int(one.value), default=None)
    if store.retention and asked and store.retention.days < asked.value:
        yield (
            (*at, "retention", "days"),
            (
                f"{store.retention.days} days are less than {asked.framework} {asked.clause} asks ({asked.says}): "
                f"set days to {asked.value} or more, or leave retention out"
            ),
        )
    for index, rule in enumerate(store.expiry):
        days = min(one for one in (rule.days, rule.old_versions_days) if one is not None)
        if asked and days < asked.value:
            yield (
                (*at, "expiry", index),
                (
                    f"logs would go after {days} days, and {asked.framework} {asked.clause} asks {asked.value} ({asked.says}): "
                    f"raise it to {asked.value} or more"
                ),
            )
    if store.retention is None and asked is None:
        yield (
            at,
            "keeps the logs but has no retention, so that whoever writes them can delete them: give retention: {days: 365, mode: compliance}",
        )
    if store.retention and store.retention.mode is not RetentionMode.compliance:
        yield (
            (*at, "retention", "mode"),
            f"is {store.retention.mode}, and a privileged user could delete the logs: set mode to compliance",
        )


def check_audit_is_apart(platform: Platform) -> Found:
    """Logs lie in a zone of their own, and nothing but the cloud writes there."""
    if platform.audit is None:
        return
    path = platform.audit.store
    at: Location = ("audit", "store")
    kind, _, rest = path.partition("/")
    name, _, store = rest.partition("/store/")
    if kind != "zone" or name not in platform.zones or store not in platform.zones[name].stores:
        known = sorted(f"zone/{zone}/store/{one}" for zone, spec in platform.zones.items() for one in spec.stores)
        yield at, f"no store of a zone is {path!r}; allowed: {', '.join(known) or 'none, there is no store'}"
        return
    zone = platform.zones[name]
    if len(zone.stores) > 1:
        others = ", ".join(sorted(set(zone.stores) - {store}))
        yield at, f"zone/{name} holds {others} as well: logs lie apart from what they watch, in a zone of their own"
    for index, grant in enumerate(zone.stores[store].grants or ()):
        if grant.access is not Access.read:
            yield (
                (*place_of(path), "grants", index),
                f"{grant.to} may {grant.access} where the logs are: only the cloud writes them; give read, or nothing",
            )


def check_audit_store_has_no_writer(platform: Platform) -> Found:
    """A flow to the store of logs without a grant would be a right to write."""
    store = _audit_store(platform)
    if platform.audit is None or store is None or store.grants is not None:
        return
    path = platform.audit.store
    flows: list[tuple[Location, str, str]] = [
        (("flows", index, "to"), flow.source, flow.to) for index, flow in enumerate(platform.flows)
    ]
    homes: list[tuple[Location, str, tuple[SpaceFlow, ...]]] = [
        (("spaces", "defaults"), "each space", platform.spaces.defaults.flows)
    ]
    homes += [
        (("spaces", "projects", name), f"space/{name}", space.flows) for name, space in platform.spaces.projects.items()
    ]
    flows += [((*at, "flows", index, "to"), who, flow.to) for at, who, own in homes for index, flow in enumerate(own)]
    for location, who, to in flows:
        if Paths([path], networks=False).matching(to):
            yield (
                location,
                f"leads to {path}, which has no grants, so that {who} may delete logs: give the store grants: [{{to: ..., access: read}}]",
            )


def check_rights_have_a_way(platform: Platform) -> Found:
    """A right of a machine that no flow leads to the store."""
    stores = {**_stores(platform), **_own_stores(platform)}
    if not any(store.grants for store in stores.values()):
        return
    expanded = expand(platform)
    linked = {(link.source, link.to) for link in expanded.links}
    machines = Paths(expanded.machines, networks=True)
    for path in stores:
        # As worked out, so that a machine beside the store has its path.
        placed = expanded.stores.get(path)
        for index, grant in enumerate((placed.grants or ()) if placed else ()):
            if grant.to.startswith(GROUP) or "*" in grant.to:
                continue
            without = [one for one in machines.matching(grant.to) if (one, path) not in linked]
            if without:
                yield (
                    (*place_of(path), "grants", index),
                    f"{without[0]} may {grant.access} here and no flow leads it here: add to flows: {{from: {grant.to}, to: {path}, ports: [443]}}",
                )


def check_ways_have_a_right(platform: Platform) -> Found:
    """A flow to a store whose grants give its source nothing is no use, and no way is opened for it."""
    expanded = expand(platform)
    machines = Paths(expanded.machines, networks=True)
    for index, flow in enumerate(platform.flows):
        store = expanded.stores.get(flow.to)
        if store is None or store.grants is None or "*" in flow.source:
            continue
        if any(grant.to.startswith(GROUP) for grant in store.grants):
            continue  # people who work on the machine come with a right of their own
        some = machines.matching(flow.source)
        if some and not any(right.principal in some for right in expanded.rights_on.get(flow.to, ())):
            yield (
                ("flows", index, "from"),
                f"{flow.source} has no right on {flow.to}, whose grants name others: add to its grants {{to: {flow.source}, access: read}}, or take the flow out",
            )


def check_rights_have_an_identity(platform: Platform) -> Found:
    """A machine without an identity can be given no right."""
    expanded = expand(platform)
    if all(machine.identity for machine in expanded.machines.values()):
        return
    for path, rights in expanded.rights_of.items():
        if path in expanded.machines and not expanded.machines[path].identity:
            yield (
                (*place_of(path), "identity"),
                f"is false, and {path} may {rights[0].access} {rights[0].store}: set identity to true, or take the flow or grant out",
            )
    for key in expanded.keys:
        for path in expanded.users_of(key):
            if path in expanded.machines and not expanded.machines[path].identity:
                yield (
                    (*place_of(path), "identity"),
                    f"is false, and {path} may use {key}: set identity to true, or take it out of the key's users",
                )


def check_airlock_leads_somewhere(platform: Platform) -> Found:
    """An airlock without a direction is none."""
    airlocks: list[tuple[Location, Airlock | None]] = [
        (("spaces", "defaults", "airlock"), platform.spaces.defaults.airlock)
    ]
    airlocks += [
        (("spaces", "projects", name, "airlock"), space.airlock) for name, space in platform.spaces.projects.items()
    ]
    for location, airlock in airlocks:
        if airlock is not None and not (airlock.imports or airlock.exports):
            yield location, "lets nothing in and nothing out: set import or export to true, or drop airlock"


def check_copies_of_logs_last(platform: Platform) -> Found:
    """A copy that goes before the log itself leaves nothing to hold the log against."""
    store = _audit_store(platform)
    if platform.audit and store and store.backup and store.retention and store.backup.keep_days < store.retention.days:
        yield (
            (*place_of(platform.audit.store), "backup", "keep_days"),
            f"copies of the logs go after {store.backup.keep_days} days, before the logs themselves ({store.retention.days}): raise keep_days",
        )


def _audit_store(platform: Platform) -> Store | None:
    return _stores(platform).get(platform.audit.store) if platform.audit else None


def _own_stores(platform: Platform) -> Mapping[str, Store]:
    """Stores that spaces describe themselves; rights on those of the defaults are every space's."""
    return {
        f"space/{name}/store/{one}": store
        for name, space in platform.spaces.projects.items()
        for one, store in space.stores.items()
        if store is not None
    }


def _stores(platform: Platform) -> Mapping[str, Store]:
    return {
        f"zone/{name}/store/{one}": store for name, zone in platform.zones.items() for one, store in zone.stores.items()
    }


MEANINGS: tuple[Callable[[Platform], Found], ...] = (
    check_residency_is_left,
    check_log_retention,
    check_audit_is_apart,
    check_audit_store_has_no_writer,
    check_rights_have_a_way,
    check_ways_have_a_right,
    check_rights_have_an_identity,
    check_airlock_leads_somewhere,
    check_copies_of_logs_last,
)


def check_dates(platform: Platform, expanded: Expanded, today: datetime.date) -> list[Problem]:
    """Flows that name a space past its end: what they ask cannot be given any more."""
    if not expanded.closed:
        return []
    found = []
    for index, flow in enumerate(platform.flows):
        for end, path in (("from", flow.source), ("to", flow.to)):
            network = network_path(path)
            if network in expanded.closed:
                project = platform.spaces.projects[str(network).split("/", 1)[1]]
                found.append(
                    platform.problem(
                        ("flows", index, end),
                        f"{network} ended on {project.ends} ({today} is past it) and is closed: take the flow out, or prolong the space by its ends",
                    )
                )
    return found
