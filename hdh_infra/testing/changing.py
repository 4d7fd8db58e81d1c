"""Changes of a platform that laws are about: a space more or less, its end, another name, another order.

Each gives a new platform and leaves the old one as it is. They write a description and read it again, so that
what they make went through the model's validators; whether its parts fit together, `check` says.
"""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Callable, Mapping
from typing import Any

from hdh_infra.model.platform import Platform

UNORDERED = frozenset(
    {
        "flows",
        "egress",
        "grants",
        "users",
        "administrators",
        "expiry",
        "groups",
        "requires",
        "frameworks",
        "facts",
        "waivers",
        "flavours",
    }
)
"""Lists of a description whose order says nothing."""


def described(platform: Platform) -> dict[str, Any]:
    """A platform as its file would have it, to be changed and read again by `Platform.model_validate`."""
    return platform.model_dump(mode="json", by_alias=True)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(key): _each_text(item, change) for key, item in value.items()}
    return [_each_text(item, change) for item in value] if isinstance(value, list) else value


def _moved(text: str, old: str, new: str) -> str:
    return new + text.removeprefix(old) if _names(text, old) else text


def _names(text: Any, path: str) -> bool:
    return isinstance(text, str) and (text == path or text.startswith(f"{path}/"))


def space_of(platform: Platform, name: str, called: str) -> dict[str, Any]:
    """The description of a space as it would be under another name: what it says of itself is of the new one.

    Args:
        platform: the platform that has it.
        name: which space.
        called: the new name.
    """
    space = described(platform)["spaces"]["projects"][name]
    moved: dict[str, Any] = _each_text(space, lambda text: _moved(text, f"space/{name}", f"space/{called}"))
    return moved


def with_space(platform: Platform, name: str, space: Mapping[str, Any] | None = None) -> Platform:
    """A platform with one space more.

    Args:
        platform: as it was.
        name: of the new space.
        space: its description; without it it has the defaults and nothing else.
    """
    value = described(platform)
    value["spaces"]["projects"][name] = dict(space or {})
    return Platform.model_validate(value)


def unnamed(platform: Platform, space: str) -> Platform:
    """The same platform with nothing outside a space that names it or a part of it: no flow, no right, no waiver.

    Patterns stay: they name no space.
    """
    path = f"space/{space}"
    value = described(platform)
    own = value["spaces"]["projects"].pop(space)
    value = _without(value, path)
    value["spaces"]["projects"][space] = own
    return Platform.model_validate(value)


def _without(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without(item, path) for key, item in value.items() if not _names(key, path)}
        return {key: None if _names(item, path) else item for key, item in kept.items()}
    if isinstance(value, list):
        return [_without(item, path) for item in value if not _names(item, path) and not _is_about(item, path)]
    return value


def _is_about(item: Any, path: str) -> bool:
    return isinstance(item, Mapping) and any(_names(item.get(end), path) for end in ("from", "to", "element"))


def without_space(platform: Platform, name: str) -> Platform:
    """A platform with one space less, and the word that its data may leave the stack; see `unnamed`."""
    value = described(unnamed(platform, name))
    del value["spaces"]["projects"][name]
    value["retire"].append({"element": f"space/{name}/**", "reason": "the project is over", "data": "keep"})
    return Platform.model_validate(value)


def ending(platform: Platform, name: str, day: datetime.date | None) -> Platform:
    """A platform, one space of which ends on a day, or never."""
    value = described(platform)
    value["spaces"]["projects"][name]["ends"] = str(day) if day else None
    return Platform.model_validate(value)


def renamed(platform: Platform, old: str, new: str) -> Platform:
    """A platform, one space of which has another name, everywhere that it is named."""
    value = _each_text(described(platform), lambda text: _moved(text, f"space/{old}", f"space/{new}"))
    projects = value["spaces"]["projects"]
    projects[new] = projects.pop(old)
    return Platform.model_validate(value)


def shuffled(platform: Platform, rng: random.Random) -> Platform:
    """An equal platform, described in another order: of every mapping, and of every list whose order says nothing."""

    def mixed(value: Any, name: str = "") -> Any:
        if isinstance(value, Mapping):
            items = [(key, mixed(item, key)) for key, item in value.items()]
            rng.shuffle(items)
            return dict(items)
        if isinstance(value, list):
            value = [mixed(item) for item in value]
            if name in UNORDERED:
                rng.shuffle(value)
        return value

    return Platform.model_validate(mixed(copy.deepcopy(described(platform))))
