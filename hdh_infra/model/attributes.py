"""What is asked of each kind of element: every attribute with its relation and the requirement it belongs to.

Observations carry these attributes; assessments and comparisons judge them by the relation. What a spec
does not write but every element must have (nothing public, keys that cannot be exported, the country) is
here too. `asked` says what an element is asked in an observation's own values, `answers` is the only judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.model.base import write_size
from hdh_infra.model.elements import Key, Machine, Store
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import Kind
from hdh_infra.model.platform import Space, Zone
from hdh_infra.model.requirements import REQUIREMENTS, Requirement
from hdh_infra.model.scales import (
    Custody,
    Encryption,
    Protection,
    Redundancy,
    Relation,
    RetentionMode,
    Scale,
    Spread,
)


@final
@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a kind: how given stands to asked, and which requirement it answers."""

    relation: Relation
    requirement: str


def _exact(requirement: str) -> Attribute:
    return Attribute(Relation.exact, requirement)


def _floor(requirement: str) -> Attribute:
    return Attribute(Relation.floor, requirement)


def _untraceable(requirement: str) -> Attribute:
    return Attribute(Relation.untraceable, requirement)


_COUNTRY = _floor("region.country")
ATTRIBUTES: Mapping[Kind, Mapping[str, Attribute]] = {
    "store": {
        "size": _untraceable("store.encryption"),
        "encryption": _floor("store.encryption"),
        "key": _exact("store.encryption"),
        "client_side": _untraceable("store.encryption"),
        "versioning": _exact("store.versioning"),
        "retention": _floor("store.retention"),
        "expiry": _exact("store.expiry"),
        "soft_delete_days": _floor("store.soft_delete"),
        "redundancy": _floor("store.redundancy"),
        "private": _floor("store.private"),
        "public": _exact("store.public"),
        "grants": _exact("store.grants"),
        "access_log": _floor("store.access_log"),
        "backup": _floor("store.backup"),
        "country": _COUNTRY,
    },
    "machine": {
        "count": _exact("machine.size"),
        "vcpus": _floor("machine.size"),
        "memory": _floor("machine.size"),
        "gpu": _floor("machine.gpu"),
        "disk": _floor("machine.size"),
        "system_disk": _floor("machine.size"),
        "image": _exact("machine.image"),
        "encryption": _floor("machine.encryption"),
        "key": _exact("machine.encryption"),
        "system_encryption": _floor("machine.encryption"),
        "system_key": _exact("machine.encryption"),
        "spread": _floor("machine.spread"),
        "public": _exact("machine.public"),
        "identity": _exact("machine.identity"),
        "startup": _untraceable("machine.startup"),
        "backup": _floor("machine.backup"),
        "country": _COUNTRY,
    },
    "key": {
        "protection": _floor("key.protection"),
        "origin": _exact("key.origin"),
        "algorithm": _exact("key.algorithm"),
        "rotation_days": _floor("key.rotation"),
        "custody": _floor("key.custody"),
        "grace_days": _floor("key.grace"),
        "users": _exact("key.access"),
        "administrators": _exact("key.access"),
        "exportable": _exact("key.exportable"),
        "use_log": _floor("audit.keys"),
        "country": _COUNTRY,
    },
    "network": {
        "address_range": _exact("network.addresses"),
        "domain": _exact("network.names"),
        "entry": _exact("network.entry"),
        "flow_logs": _floor("network.flow_logs"),
        "members": _untraceable("space.members"),
        "country": _COUNTRY,
    },
}
SCALES: Mapping[str, type[Scale]] = {
    "encryption": Encryption,
    "system_encryption": Encryption,
    "protection": Protection,
    "redundancy": Redundancy,
    "spread": Spread,
    "custody": Custody,
}
"""Attributes whose values are levels of a scale."""
NULLS_OF_NOTHING = frozenset(
    {
        "key",
        "system_key",
        "retention",
        "rotation_days",
        "disk",
        "gpu",
        "expiry",
        "backup",
        "entry",
        "domain",
        "soft_delete_days",
    }
)
"""Attributes whose observed null means that there is none, and not that nobody can see it."""
BY_CATALOGUE = frozenset(
    {
        "encryption",
        "system_encryption",
        "protection",
        "exportable",
        "redundancy",
        "private",
        "country",
        "identity",
        "custody",
        "grace_days",
    }
)
"""Attributes that follow from the offer itself where no native property shows them, so that the catalogue answers."""
_FREE = frozenset(
    {"algorithm", "users", "administrators", "grants", "domain", "entry", "identity", "key", "system_key"}
)
"""Exact attributes of which nothing is asked where the spec says nothing."""
_WEAKEST: Mapping[str, str] = {name: next(iter(scale)).value for name, scale in SCALES.items()}
"""Floors that everything reaches, even what nobody knows."""
IDENTITY = "managed"
"""The given value of a machine's identity where the cloud itself vouches for it, without a secret."""


def asked(expanded: Expanded, path: str, address_range: str) -> dict[str, Any]:
    """What is asked of one element, attribute by attribute, in an observation's own values; None asks nothing.

    Args:
        expanded: the platform worked out.
        path: the element.
        address_range: of a network, the range that the lock gives it.
    """
    spec = expanded.elements[path]
    if isinstance(spec, Store):
        values = _of_store(expanded, path, spec)
    elif isinstance(spec, Machine):
        values = _of_machine(expanded, path, spec)
    elif isinstance(spec, Key):
        values = _of_key(expanded, path, spec)
    else:
        values = _of_network(expanded, path, spec, address_range)
    values["country"] = list(expanded.countries)
    return values


def _of_store(expanded: Expanded, path: str, store: Store) -> dict[str, Any]:
    backup = expanded.backup_of(path)
    return {
        "size": write_size(int(store.size)),
        "encryption": store.encryption.value,
        "key": expanded.key_of(path),
        # It asks nothing of a cloud: it is the other means that answers `encryption`.
        "client_side": None,
        "versioning": store.versioning,
        "retention": {"days": store.retention.days, "mode": store.retention.mode.value} if store.retention else None,
        "expiry": expiry_of(store) or None,
        "soft_delete_days": store.soft_delete_days,
        "redundancy": store.redundancy.value,
        "private": True if store.private else None,
        "public": False,
        "grants": [right.words() for right in expanded.rights_on.get(path, ())],
        "access_log": True if expanded.logged(path) else None,
        "backup": backup.model_dump(mode="json") if backup else None,
    }


def expiry_of(store: Store) -> list[dict[str, Any]]:
    """The rules of age of a store, by prefix, in an observation's own form."""
    return [
        {"prefix": rule.prefix, "days": rule.days, "old_versions_days": rule.old_versions_days}
        for rule in sorted(store.expiry, key=lambda one: one.prefix)
    ]


def _of_machine(expanded: Expanded, path: str, machine: Machine) -> dict[str, Any]:
    gpu, backup = machine.gpu, expanded.backup_of(path)
    # Without a data disk the system disk is all there is to encrypt.
    data = machine.disk.size is not None
    level, key = machine.disk.encryption, expanded.key_of(path)
    system_level, system_key = expanded.system_encryption(path), expanded.system_key_of(path)
    return {
        "count": machine.count,
        "vcpus": machine.vcpus,
        "memory": int(machine.memory),
        "gpu": {"count": gpu.count, "model": gpu.model, "memory": int(gpu.memory) if gpu.memory else None}
        if gpu
        else None,
        "disk": int(machine.disk.size) if machine.disk.size else None,
        "system_disk": int(machine.system_disk.size) if machine.system_disk.size else None,
        "image": machine.image,
        "encryption": (level if data else system_level).value,
        "key": key if data else system_key,
        "system_encryption": system_level.value,
        "system_key": system_key,
        "spread": machine.spread.value,
        "public": False,
        "identity": IDENTITY if machine.identity else None,
        "startup": "given" if machine.startup else None,
        "backup": backup.model_dump(mode="json") if backup else None,
    }


def _of_key(expanded: Expanded, path: str, key: Key) -> dict[str, Any]:
    return {
        "protection": key.protection.value,
        "origin": key.origin.value,
        "algorithm": key.algorithm.value if key.algorithm else None,
        "rotation_days": key.rotation_days,
        "custody": key.custody.value if key.custody else None,
        "grace_days": key.grace_days,
        "users": sorted({*expanded.encrypted_by.get(path, ()), *expanded.users_of(path)}),
        "administrators": sorted(f"group/{name}" for name in key.administrators) or None,
        "exportable": False,
        "use_log": True if "keys" in expanded.audit else None,
    }


def _of_network(expanded: Expanded, path: str, zone: Zone, address_range: str) -> dict[str, Any]:
    return {
        "address_range": address_range,
        "domain": expanded.platform.network.domain,
        "entry": zone.entry if path not in expanded.closed else None,
        "flow_logs": True if expanded.flow_logs(path) else None,
        "members": zone.members if isinstance(zone, Space) else None,
    }


def answers(kind: Kind, attribute: str, asked_value: Any, given: Any) -> bool | None:
    """Whether a given value answers an asked one under the attribute's relation; None where nobody can say.

    A floor that asks nothing is answered by anything; what is untraceable is answered by having no trace.
    """
    relation = ATTRIBUTES[kind][attribute].relation
    if relation is Relation.untraceable:
        return True
    if asked_value is None and (relation is Relation.floor or attribute in _FREE):
        return True
    if relation is Relation.floor and _WEAKEST.get(attribute) == asked_value:
        return True
    if given is None:
        if asked_value is not None and attribute not in NULLS_OF_NOTHING:
            return None
        return asked_value is None
    if relation is Relation.exact:
        return bool(given == asked_value)
    return reaches(attribute, asked_value, given)


def reaches(attribute: str, asked_value: Any, given: Any) -> bool:
    """Whether a given value is at least what is asked; neither is null."""
    if scale := SCALES.get(attribute):
        return scale(given).reaches(scale(asked_value))
    match attribute:
        case "country":
            return given in asked_value
        case "retention":
            longer = given["days"] >= asked_value["days"]
            return bool(longer and RetentionMode(given["mode"]).reaches(RetentionMode(asked_value["mode"])))
        case "rotation_days":
            return bool(given <= asked_value)
        case "gpu":
            model = asked_value["model"] in {None, given["model"]}
            return (
                model
                and given["count"] >= asked_value["count"]
                and (given["memory"] or 0) >= (asked_value["memory"] or 0)
            )
        case "backup":
            often = given["every_days"] <= asked_value["every_days"] and given["keep_days"] >= asked_value["keep_days"]
            return bool(often and Redundancy(given["where"]).reaches(Redundancy(asked_value["where"])))
        case _:
            return bool(given >= asked_value)


__all__ = [
    "ATTRIBUTES",
    "BY_CATALOGUE",
    "IDENTITY",
    "NULLS_OF_NOTHING",
    "REQUIREMENTS",
    "SCALES",
    "Attribute",
    "Requirement",
    "answers",
    "asked",
    "expiry_of",
    "reaches",
]
