"""From YAML to a platform: every problem of its files at once, each with its line, column and nearest right word.

It deliberately checks nothing that needs a catalogue; `planning.load` adds that. How files are read and put
together stands in `reading` and `compose`, how a problem is told in `explain`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.check import check
from hdh_infra.model.compose import INCLUDE, compose
from hdh_infra.model.explain import explained, has, part_at, real
from hdh_infra.model.origin import Location, Origin
from hdh_infra.model.platform import Platform
from hdh_infra.model.reading import read_yaml

_MAX_ROUNDS = 200
UNKNOWN_COUNTRY = "ZZ"
"""Stands for the countries of a spec that names none, so that the rest of it can be checked. ISO 3166 keeps it free."""
_STAND_INS: Mapping[str | int, Any] = {"name": "unnamed", "residency": {"countries": [UNKNOWN_COUNTRY]}}


@dataclass(frozen=True)
class Examined:
    """A description that was read, as far as it can be made out."""

    platform: Platform | None
    problems: list[Problem]
    """All that is wrong with it, in the order of its files."""
    written: Mapping[str, Any]
    """The composed value as it is written: places in lists are those of this value, never of the platform."""
    origin: Origin


def load(file: str | Path) -> Platform:
    """Read a spec and check all that needs no catalogue.

    Raises:
        SpecError: with every problem of the file, and of those that it includes.
    """
    found = examine(Path(file))
    if found.problems or found.platform is None:
        raise SpecError(found.problems)
    return found.platform


def examine(file: Path) -> Examined:
    """The platform of a file as far as it can be made out, all that is wrong with it, and the value as written.

    What is wrong is taken out and the rest is checked on, so that one mistake does not hide another.
    """
    try:
        value, origin = compose(file)
    except SpecError as error:
        return Examined(None, error.problems, {}, Origin(file, {}))
    problems: list[Problem] = []
    rest: Any = value
    platform = None
    for _ in range(_MAX_ROUNDS):
        try:
            platform = Platform.model_validate(rest, by_alias=True, by_name=False).at(origin)
            break
        except ValidationError as error:
            rest = _kept(value) if rest is value else rest
            wrong = [(_original(rest, detail["loc"]), detail) for detail in error.errors(include_url=False)]
            problems.extend(
                explained(detail, at, value, origin, Platform, also=(INCLUDE,))
                for at, detail in wrong
                if not _our_doing(detail["type"], at, rest, value)
            )
            if not _without(rest, [(detail["loc"], detail["type"]) for _, detail in wrong]):
                break
    if platform is not None:
        problems.extend(check(platform, value))
    return Examined(platform, origin.in_order(problems), value, origin)


class _Kept(list[Any]):
    """A list that something may be taken out of, and that knows where each item stood."""

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__(items)
        self.original = list(range(len(self)))

    def take(self, index: int) -> None:
        """Take one item out."""
        del self[index], self.original[index]


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items()}
    return _Kept(map(_kept, value)) if isinstance(value, list) else value


def _original(rest: Any, location: Location) -> Location:
    """Where a part of what is left stood in the file."""
    at: list[str | int] = []
    here = rest
    for part in location:
        known = has(here, part)
        at.append(here.original[part] if known and isinstance(here, _Kept) and isinstance(part, int) else part)
        here = here[part] if known else None if part != "[key]" and not str(part).startswith("function-") else here
    return tuple(at)


def _our_doing(kind: str, at: Location, rest: Any, value: Any) -> bool:
    """Whether something is only missing, or too few, because it was taken out in an earlier round."""
    if kind == "missing":
        return _written(value, at) and not _has_at(rest, at)
    if kind == "too_short":
        here = part_at(value, real(value, at))
        return isinstance(here, list) and len(here) > 0
    return False


def _has_at(rest: Any, at: Location) -> bool:
    here = rest
    for part in at:
        if isinstance(here, _Kept) and isinstance(part, int):
            part = here.original.index(part) if part in here.original else len(here)  # noqa: PLW2901  # the same item
        if not has(here, part):
            return False
        here = here[part]
    return True


def _without(rest: Any, wrong: Sequence[tuple[Location, str]]) -> bool:
    """Take the wrong parts out, the last first so that indexes hold; whether anything could be taken."""
    targets: set[Location] = set()
    done = False
    for location, kind in wrong:
        at = real(rest, location)
        target = at[:-1] if kind == "missing" else at
        if target:
            targets.add(target)
        elif at and at[0] in _STAND_INS and kind == "missing":
            rest[at[0]] = copy.deepcopy(_STAND_INS[at[0]])
            done = True
    for target in sorted(
        targets, key=lambda at: [(str(part) if isinstance(part, str) else f"{part:09d}") for part in at], reverse=True
    ):
        holder = rest
        for part in target[:-1]:
            holder = holder[part] if has(holder, part) else None
        if not has(holder, target[-1]):
            continue
        if isinstance(holder, _Kept):
            holder.take(int(target[-1]))
        else:
            holder.pop(target[-1])
        done = True
    return done


def _written(value: Any, location: Location) -> bool:
    at = real(value, location)
    return at[-1:] == location[-1:] and has(part_at(value, at[:-1]), location[-1])


__all__ = ["UNKNOWN_COUNTRY", "Examined", "examine", "load", "read_yaml"]
