"""Floors that frameworks raise: what a clause asks above what is written, and which clause it was.

A floor is only ever raised, never lowered. What a spec writes *below* a clause on log retention is an error
and not raised: see `check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.model.frameworks import Clause, clauses
from hdh_infra.model.key import Key
from hdh_infra.model.machine import Machine
from hdh_infra.model.paths import PLATFORM
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Encryption, KeyOrigin, RetentionMode
from hdh_infra.model.store import Retention, Store

AUDIT_PARTS = ("stores", "keys", "administration", "flows")


@final
@dataclass(frozen=True, slots=True)
class Raised:
    """One floor that a clause raised, for reports."""

    element: str
    attribute: str
    before: Any
    after: Any
    framework: str
    clause: str
    says: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in plans and reports."""
        return {
            "element": self.element,
            "attribute": self.attribute,
            "before": self.before,
            "after": self.after,
            "framework": self.framework,
            "clause": self.clause,
            "says": self.says,
        }


class Raising:
    """The floors of one platform's frameworks, and what they raised so far."""

    def __init__(self, platform: Platform) -> None:
        """Find the clauses once."""
        named = platform.frameworks
        self.platform = platform
        self.raised: list[Raised] = []
        self._encryption = _highest(named)
        self._rotation = min(clauses(named, "rotation"), key=lambda one: int(one.value), default=None)
        self._retention = max(clauses(named, "log-retention"), key=lambda one: int(one.value), default=None)
        self._mode = next(iter(clauses(named, "log-mode")), None)

    def countries(self) -> tuple[str, ...]:
        """Where data may lie: what is written, less what a clause does not allow."""
        allowed = tuple(self.platform.residency.countries)
        for clause in clauses(self.platform.frameworks, "residency"):
            left = tuple(one for one in allowed if one in clause.value)
            if left != allowed:
                self._note(PLATFORM, "country", list(allowed), list(left), clause)
                allowed = left
        return allowed

    def audit(self) -> frozenset[str]:
        """Parts of the audit that are asked: what is written and what clauses ask."""
        written = self.platform.audit
        asked = {part for part in AUDIT_PARTS if written and getattr(written, part)}
        for clause in clauses(self.platform.frameworks, "audit"):
            more = set(clause.value) - asked
            if more:
                self._note(PLATFORM, "audit", sorted(asked), sorted(asked | more), clause)
                asked |= more
        return frozenset(asked)

    def store(self, path: str, store: Store) -> Store:
        """A store with its floors raised."""
        level = self._level(path, "encryption", store.encryption)
        if level is not store.encryption:
            store = store.model_copy(update={"encryption": level})
        audit = self.platform.audit
        if audit is None or audit.store != path:
            return store
        before = store.retention
        days = max(before.days if before else 0, int(self._retention.value) if self._retention else 0)
        if not days:
            return store
        mode = before.mode if before else RetentionMode.compliance
        if self._mode:
            mode = max(mode, RetentionMode(self._mode.value), key=lambda one: one.rank)
        after = Retention(days=days, mode=mode)
        clause = self._retention if before is None or before.days < days else self._mode
        if after == before or clause is None:
            return store
        self._note(path, "retention", before and before.model_dump(mode="json"), after.model_dump(mode="json"), clause)
        return store.model_copy(update={"retention": after, "versioning": True})

    def machine(self, path: str, machine: Machine) -> Machine:
        """A machine with the floor of its disks raised; a system disk without one of its own takes the data disk's."""
        disk, system = machine.disk, machine.system_disk
        level = self._level(path, "encryption", disk.encryption)
        own = system.encryption and self._level(path, "system_encryption", system.encryption)
        if level is disk.encryption and own is system.encryption:
            return machine
        return machine.model_copy(
            update={
                "disk": disk.model_copy(update={"encryption": level}),
                "system_disk": system.model_copy(update={"encryption": own}),
            }
        )

    def key(self, path: str, key: Key) -> Key:
        """A key with its lifetime bounded, where its service makes new versions."""
        clause = self._rotation
        if clause is None or key.origin is not KeyOrigin.generated:
            return key
        if key.rotation_days is not None and key.rotation_days <= clause.value:
            return key
        self._note(path, "rotation_days", key.rotation_days, clause.value, clause)
        return key.model_copy(update={"rotation_days": clause.value})

    def _level(self, path: str, attribute: str, level: Encryption) -> Encryption:
        clause = self._encryption
        if clause is None or level.reaches(Encryption(clause.value)):
            return level
        self._note(path, attribute, str(level), clause.value, clause)
        return Encryption(clause.value)

    def _note(self, element: str, attribute: str, before: Any, after: Any, clause: Clause) -> None:
        self.raised.append(Raised(element, attribute, before, after, clause.framework, clause.clause, clause.says))


def _highest(named: tuple[str, ...]) -> Clause | None:
    return max(clauses(named, "encryption"), key=lambda one: Encryption(one.value).rank, default=None)


def floors(raised: tuple[Raised, ...]) -> Mapping[tuple[str, str], Raised]:
    """What was raised by element and attribute; the last clause is the one that counts."""
    return {(one.element, one.attribute): one for one in raised}
