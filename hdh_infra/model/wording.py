"""Values as people read them in reports: sizes with units, ports, retentions; the same words in every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SIZES = frozenset({"memory", "disk", "system_disk"})
_DAYS = frozenset({"rotation_days", "soft_delete_days", "grace_days"})
_NOTHING = {
    **dict.fromkeys(("key", "system_key"), "no key of the customer"),
    **dict.fromkeys(
        (
            "retention",
            "rotation_days",
            "disk",
            "system_disk",
            "gpu",
            "expiry",
            "backup",
            "entry",
            "domain",
            "soft_delete_days",
        ),
        "none",
    ),
}


def value_words(attribute: str, value: Any) -> str:
    """One value of an attribute.

    Args:
        attribute: its name in the model, which tells bytes from numbers.
        value: as observations and assessments hold it; None is nothing, or nothing that can be seen.
    """
    if value is None:
        return _NOTHING.get(attribute, "not visible")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if attribute in _SIZES and isinstance(value, int):
        return _size(value)
    if attribute in _DAYS:
        return f"{value} days"
    if attribute == "backup" and isinstance(value, Mapping):
        often = "day" if value["every_days"] == 1 else f"{value['every_days']} days"
        return f"every {often}, kept {value['keep_days']} days, {value['where']}"
    if attribute == "gpu" and isinstance(value, Mapping):
        memory = f" of {_size(value['memory'])}" if value.get("memory") else ""
        return f"{value['count']} {value.get('model') or 'any'}{memory}"
    if attribute == "expiry" and isinstance(value, (list, tuple)):
        return "; ".join(map(_expiry, value)) or "none"
    if attribute == "retention" and isinstance(value, Mapping):
        return f"{value.get('days')} days, {value.get('mode')}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _size(size: int) -> str:
    """Bytes in the decimal unit that specs are mostly written in, rounded: 100GiB beside 100GB must not look smaller."""
    for unit, power in (("PB", 5), ("TB", 4), ("GB", 3), ("MB", 2)):
        if size >= 1000**power:
            return f"{size / 1000**power:.1f}".removesuffix(".0") + unit
    return f"{size}B"


def _expiry(rule: Mapping[str, Any]) -> str:
    """One rule of age: `tmp/ after 30 days, old versions after 7 days`."""
    parts = [f"after {rule['days']} days"] if rule.get("days") else []
    if rule.get("old_versions_days"):
        parts.append(f"old versions after {rule['old_versions_days']} days")
    return f"{rule.get('prefix') or 'all'} {', '.join(parts)}"


def ports_words(ports: Iterable[int | str]) -> str:
    """`22, 8000-8010`."""
    return ", ".join(map(str, ports))


def listed(items: Iterable[str], most: int = 6) -> str:
    """A list that stays short: the first ones, and how many more there are."""
    all_items = list(items)
    if len(all_items) <= most:
        return ", ".join(all_items)
    return f"{', '.join(all_items[:most])} and {len(all_items) - most} more"


def short_type(token: str) -> str:
    """A native type without its package and module: `Bucket`."""
    return token.rsplit(":", 1)[-1]


def in_days(days: int) -> str:
    """When something comes that is so many days away: `today`, `in 1 day`, `in 12 days`."""
    return "today" if days == 0 else "in 1 day" if days == 1 else f"in {days} days"
