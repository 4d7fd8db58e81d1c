"""From YAML to a platform: every problem of a file at once, each with its line, column and nearest right word.

It deliberately checks nothing that needs a catalogue; `planning.load` adds that. Only plain YAML is read:
no tags that make objects, no aliases (a bomb is made of them, and a spec needs none).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.check import check
from hdh_infra.model.platform import Origin, Platform, dotted
from hdh_infra.model.words import nearest

Location: TypeAlias = tuple[str | int, ...]
MAX_BYTES = 20_000_000
_MAX_ROUNDS = 200


def read_yaml(file: Path) -> tuple[Any, dict[Location, tuple[int, int]]]:
    """The plain value of a YAML file, and line and column of every part of it. Raises `SpecError`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    def fail(what: str, line: int | None = None, column: int | None = None) -> SpecError:
        return SpecError([Problem(str(file), line, column, "", what)])

    try:
        if file.stat().st_size > MAX_BYTES:
            raise fail(f"the file has {file.stat().st_size} bytes: a spec has at most {MAX_BYTES}")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise fail(f"cannot be read ({error.strerror}): name the file of a spec") from None
    except UnicodeDecodeError as error:
        raise fail(f"is not UTF-8 text (byte {error.start}): write the spec as UTF-8") from None
    yaml = YAML(typ="safe", pure=True)
    positions: dict[Location, tuple[int, int]] = {}
    problems: list[Problem] = []

    def plain(node: Any, at: Location) -> Any:
        positions.setdefault(at, (node.start_mark.line + 1, node.start_mark.column + 1))
        if getattr(node, "anchor", None):
            problems.append(
                Problem(
                    str(file),
                    *positions[at],
                    dotted(at),
                    f"has an anchor &{node.anchor}: write the value out, anchors and aliases are not read",
                )
            )
        if isinstance(node, ScalarNode):
            return yaml.constructor.construct_object(node, deep=True)
        if isinstance(node, SequenceNode):
            return [plain(item, (*at, index)) for index, item in enumerate(node.value)]
        found: dict[str, Any] = {}
        assert isinstance(node, MappingNode)
        for key_node, value_node in node.value:
            key = str(key_node.value)
            mark = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in found:
                problems.append(Problem(str(file), *mark, dotted((*at, key)), "is written twice: keep one of them"))
            positions[(*at, key)] = mark
            found[key] = plain(value_node, (*at, key))
        return found

    try:
        if "*" in text or "&" in text:
            _refuse_aliases(yaml, text, fail)
        root = yaml.compose(text)
        value = None if root is None else plain(root, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"is not YAML: {error.problem or error.context}"
        raise fail(what, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from None
    except (YAMLError, ValueError) as error:
        raise fail(f"is not YAML: {error}") from None
    except RecursionError:
        raise fail("is nested too deeply: a spec has at most a dozen levels") from None
    if problems:
        raise SpecError(problems)
    return value, positions


def _refuse_aliases(yaml: Any, text: str, fail: Any) -> None:
    from ruamel.yaml.tokens import AliasToken

    for token in yaml.scan(text):
        if isinstance(token, AliasToken):
            mark = token.start_mark
            raise fail(
                f"has an alias *{token.value}: write the value out, anchors and aliases are not read",
                mark.line + 1,
                mark.column + 1,
            )


def load(file: str | Path) -> Platform:
    """Read a spec and check all that needs no catalogue.

    Raises:
        SpecError: with every problem of the file.
    """
    platform, problems = examine(Path(file))
    if problems or platform is None:
        raise SpecError(problems)
    return platform


def examine(file: Path) -> tuple[Platform | None, list[Problem]]:
    """The platform of a file, as far as it can be made out, and all that is wrong with it.

    What is wrong is taken out and the rest is checked on, so that one mistake does not hide another.
    """
    value, positions = read_yaml(file)
    if not isinstance(value, dict):
        found = "nothing" if value is None else f"a {type(value).__name__}"
        return None, [
            Problem(str(file), 1, 1, "", f"holds {found}: a spec is a mapping that starts with name: and residency:")
        ]
    origin = Origin(file, positions)
    problems: list[Problem] = []
    rest = copy.deepcopy(value)
    platform = None
    for _ in range(_MAX_ROUNDS):
        try:
            platform = Platform.model_validate(rest).at(origin)
            break
        except ValidationError as error:
            wrong = error.errors(include_url=False)
            # What was taken out in an earlier round is missing by our own doing.
            told = [detail for detail in wrong if not (detail["type"] == "missing" and _written(value, detail["loc"]))]
            problems.extend(_problem(detail, value, origin) for detail in told)
            if not _without(rest, [(detail["loc"], detail["type"]) for detail in wrong]):
                break
    if platform is not None:
        problems.extend(check(platform, value))
    unique = {(problem.line, problem.column, problem.what): problem for problem in problems}
    return platform, sorted(unique.values(), key=lambda problem: (problem.line or 0, problem.column or 0))


def _without(rest: Any, wrong: Sequence[tuple[Location, str]]) -> bool:
    """Take the wrong parts out, the last first so that indexes hold; whether anything could be taken."""
    done = False
    for location, kind in sorted(set(wrong), key=lambda item: [str(part).rjust(8) for part in item[0]], reverse=True):
        at = _real(rest, location)
        target = at[:-1] if kind == "missing" else at
        if not target:
            continue
        holder = rest
        for part in target[:-1]:
            holder = holder[part]
        if _has(holder, target[-1]):
            holder.pop(target[-1])
            done = True
    return done


def _written(value: Any, location: Location) -> bool:
    return _real(value, location)[-1:] == location[-1:] and _has(_at(value, _real(value, location)[:-1]), location[-1])


def _at(value: Any, location: Location) -> Any:
    for part in location:
        value = value[part]
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


def _problem(detail: ErrorDetails, value: Any, origin: Origin) -> Problem:
    location = _real(value, detail["loc"])
    kind, found = detail["type"], detail.get("input")
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        fields = _fields(location[:-1])
        what = f"is no field here. {nearest(str(location[-1]), fields)}".rstrip()
    elif kind == "missing":
        what = "is missing: it has no default"
    elif kind in {"enum", "literal_error"}:
        allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        hint = nearest(str(found), allowed)
        what = f"{found!r} is not one of {', '.join(allowed)}" + (f"; {hint}" if hint.startswith("did") else "")
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


def _fields(location: Location) -> list[str]:
    """Names of the fields that the model has at a location, by its own JSON Schema."""
    schema = Platform.model_json_schema()

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
            here = resolved(here.get("items", {}))
        elif part in here.get("properties", {}):
            here = resolved(here["properties"][part])
        else:
            inner: Any = here.get("additionalProperties") or next(iter(here.get("patternProperties", {}).values()), {})
            here = resolved(inner if isinstance(inner, dict) else {})
    return list(here.get("properties", {}))
