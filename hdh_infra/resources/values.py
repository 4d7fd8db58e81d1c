"""Unknown values, documents and differences: what a value means, apart from how it travels.

Pure and light: no protobuf and no boto3 here, so the rules of a type can be tried without either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Unknown(Enum):
    """The type of `UNKNOWN`, so that a checker can tell it from a value."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that only the deployment will know (a preview's output of something not yet made)."""


def is_unknown(value: Any) -> bool:
    """Whether this very value is unknown; a container with an unknown inside is not."""
    return value is UNKNOWN


def has_unknown(value: Any) -> bool:
    """Whether the value is unknown or holds an unknown at any depth."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return value is UNKNOWN


def canonical_policy(text: str | None) -> Any:
    """A policy document in one form, for comparing: servers reorder lists and unwrap lists of one.

    Returns None for no policy, and the text itself where it is not JSON (it then equals only itself).
    """
    if text is None:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return _canonical(document)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(member) for key, member in sorted(value.items())}
    if isinstance(value, list):
        members = sorted(
            (_canonical(member) for member in value), key=lambda member: json.dumps(member, sort_keys=True)
        )
        return members[0] if len(members) == 1 else members
    return value


def join(path: str, key: str) -> str:
    """The path of `key` under `path`, quoted where the key is not a plain word: `tags["cost centre"]`."""
    if key.isidentifier():
        return f"{path}.{key}" if path else key
    return f'{path}["{key}"]'


@dataclass(frozen=True, slots=True)
class Change:
    """One differing leaf: its path, and whether the new side adds, deletes or changes it."""

    path: str
    kind: str

    @property
    def top(self) -> str:
        """The input that the leaf belongs to."""
        return self.path.split(".", 1)[0].split("[", 1)[0]


def differences(old: Any, new: Any, path: str) -> Iterator[Change]:
    """The leaves in which `new` differs from `old`; an unknown differs from everything."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), join(path, key))
    elif new is UNKNOWN or old != new:
        yield Change(path, "add" if old is None else "delete" if new is None else "update")


def without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not null: null and absent mean the same in every input."""
    return {key: value for key, value in values.items() if value is not None}


def is_under(path: str, ancestor: str) -> bool:
    """Whether a property path is another one or lies below it."""
    return path == ancestor or path.startswith((f"{ancestor}.", f"{ancestor}["))


def overlay(target: dict[str, Any], source: Mapping[str, Any], path: str) -> None:
    """Put the value that `source` has at `path` into `target`, or remove it there; a name or one below a name."""
    top = Change(path, "update").top
    rest = path[len(top) :].removeprefix(".").removeprefix('["').removesuffix('"]')
    if not rest or not isinstance(target.get(top), dict):
        _copy(target, source, top)
        return
    inner = dict(target[top])
    _copy(inner, source.get(top) or {}, rest)
    target[top] = inner


def _copy(target: dict[str, Any], source: Mapping[str, Any], key: str) -> None:
    if source.get(key) is None:
        target.pop(key, None)
    else:
        target[key] = source[key]
