"""From YAML to a platform: every problem of a file at once, each with its line, column and nearest right word.

It deliberately checks nothing that needs a catalogue; `planning.load` adds that. How the
file is read stands in `reading`.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.check import check, told
from hdh_infra.model.origin import Origin, dotted
from hdh_infra.model.platform import Platform
from hdh_infra.model.reading import Location, read_yaml

_MAX_ROUNDS = 200
UNKNOWN_COUNTRY = "ZZ"
"""Stands for the countries of a spec that names none, so that the rest of it can be checked. ISO 3166 keeps it free."""
_STAND_INS: Mapping[str | int, Any] = {"name": "unnamed", "residency": {"countries": [UNKNOWN_COUNTRY]}}


def load(file: str | Path) -> Platform:
    """Read a spec and check all that needs no catalogue.

    Raises:
        SpecError: with every problem of the file.
    """
    platform, problems, _ = examine(Path(file))
    if problems or platform is None:
        raise SpecError(problems)
    return platform


def examine(file: Path) -> tuple[Platform | None, list[Problem], Mapping[str, Any]]:
    """The platform of a file as far as it can be made out, all that is wrong with it, and the value as written.

    What is wrong is taken out and the rest is checked on, so that one mistake does not hide another. So
    places in lists are those of the written value, never of the platform.
    """
    value, positions = read_yaml(file)
    if not isinstance(value, dict):
        found = "nothing" if value is None else f"a {type(value).__name__}"
        what = f"holds {found}: a spec is a mapping that starts with name: and residency:"
        return None, [Problem(str(file), 1, 1, "", what)], {}
    origin = Origin(file, positions)
    problems: list[Problem] = []
    rest = value
    platform = None
    for _ in range(_MAX_ROUNDS):
        try:
            platform = Platform.model_validate(rest).at(origin)
            break
        except ValidationError as error:
            rest = _kept(value) if rest is value else rest
            wrong = [(_original(rest, detail["loc"]), detail) for detail in error.errors(include_url=False)]
            problems.extend(
                _problem(detail, at, value, origin)
                for at, detail in wrong
                if not _our_doing(detail["type"], at, rest, value)
            )
            if not _without(rest, [(detail["loc"], detail["type"]) for _, detail in wrong]):
                break
    if platform is not None:
        problems.extend(check(platform, value))
    unique = {(problem.line, problem.column, problem.field, problem.what): problem for problem in problems}
    return platform, sorted(unique.values(), key=lambda problem: (problem.line or 0, problem.column or 0)), value


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
        known = _has(here, part)
        at.append(here.original[part] if known and isinstance(here, _Kept) and isinstance(part, int) else part)
        here = here[part] if known else None if part != "[key]" and not str(part).startswith("function-") else here
    return tuple(at)


def _our_doing(kind: str, at: Location, rest: Any, value: Any) -> bool:
    """Whether something is only missing, or too few, because it was taken out in an earlier round."""
    if kind == "missing":
        return _written(value, at) and not _has_at(rest, at)
    if kind == "too_short":
        here = _at(value, _real(value, at))
        return isinstance(here, list) and len(here) > 0
    return False


def _has_at(rest: Any, at: Location) -> bool:
    here = rest
    for part in at:
        if isinstance(here, _Kept) and isinstance(part, int):
            part = here.original.index(part) if part in here.original else len(here)  # noqa: PLW2901  # the same item
        if not _has(here, part):
            return False
        here = here[part]
    return True


def _without(rest: Any, wrong: Sequence[tuple[Location, str]]) -> bool:
    """Take the wrong parts out, the last first so that indexes hold; whether anything could be taken."""
    targets: set[Location] = set()
    done = False
    for location, kind in wrong:
        at = _real(rest, location)
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
            holder = holder[part] if _has(holder, part) else None
        if not _has(holder, target[-1]):
            continue
        if isinstance(holder, _Kept):
            holder.take(int(target[-1]))
        else:
            holder.pop(target[-1])
        done = True
    return done


def _written(value: Any, location: Location) -> bool:
    at = _real(value, location)
    return at[-1:] == location[-1:] and _has(_at(value, at[:-1]), location[-1])


def _at(value: Any, location: Location) -> Any:
    for part in location:
        value = value[part] if _has(value, part) else None
    return value


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _real(value: Any, location: Location) -> Location:
    """The part of a validator's location that the file has: its own labels (`[key]`, union members) left out."""
    at: list[str | int] = []
    here = value
    for part in location:
        if _has(here, part):
            here = here[part]
            at.append(part)
        elif isinstance(here, dict) and isinstance(part, str) and part != "[key]" and not part.startswith("function-"):
            at.append(part)
            break
    return tuple(at)


def _problem(detail: ErrorDetails, at: Location, value: Any, origin: Origin) -> Problem:
    location = _real(value, at)
    kind, found = detail["type"], detail.get("input")
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        what = told(f"{location[-1]!r} is no field here", str(location[-1]), _fields(location[:-1]))
    elif kind == "missing":
        what = "is missing: it has no default"
    elif kind in {"enum", "literal_error"}:
        allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        what = told(f"{found!r} is not known here", str(found), allowed)
    elif kind == "value_error":
        what = str(context.get("error", detail["msg"]))
    else:
        shown = (
            repr(found)
            if not isinstance(found, (dict, list))
            else f"a {'mapping' if isinstance(found, dict) else 'list'}"
        )
        what = f"found {shown}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
    line, column = origin.position(location)
    return Problem(str(origin.file), line, column, dotted(location), what)


@functools.cache
def _schema() -> dict[str, Any]:
    return Platform.model_json_schema()


def _fields(location: Location) -> list[str]:
    """Names of the fields that the model has at a location, by its own JSON Schema."""
    schema = _schema()

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        while True:
            options = [
                option for option in node.get("anyOf", []) + node.get("allOf", []) if option.get("type") != "null"
            ]
            if "$ref" in node:
                node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
            elif len(options) == 1:
                node = options[0]
            else:
                return node

    here = resolved(schema)
    for part in location:
        if isinstance(part, int):
            items = here.get("items", {})
            here = resolved(items if isinstance(items, dict) else {})
        elif part in here.get("properties", {}):
            here = resolved(here["properties"][part])
        else:
            inner: Any = here.get("additionalProperties") or next(iter(here.get("patternProperties", {}).values()), {})
            here = resolved(inner if isinstance(inner, dict) else {})
    return list(here.get("properties", {}))


__all__ = ["UNKNOWN_COUNTRY", "examine", "load", "read_yaml"]
