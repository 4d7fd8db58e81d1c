"""Plain YAML with line and column of every part: no tags that make objects, no anchors, no aliases.

A bomb is made of aliases, and a description needs none. It deliberately knows nothing of a platform: locks
are read here as well.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml.error import YAMLError

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.origin import dotted

Location: TypeAlias = tuple[str | int, ...]
MAX_BYTES = 20_000_000
_MAX_DEPTH = 40


def read_yaml(file: Path) -> tuple[Any, dict[Location, tuple[int, int]]]:
    """The plain value of a YAML file, and line and column of every part of it. Raises `SpecError`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning
    from ruamel.yaml.reader import ReaderError

    def fail(what: str, line: int | None = None, column: int | None = None) -> SpecError:
        return SpecError([Problem(str(file), line, column, "", what)])

    text = _text(file, fail)
    yaml = YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings():
            # Every anchor is refused below, the first as well as one that is there twice.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"is not YAML: {error.problem or error.context}"
        if "'\\t'" in what:
            what += "; indent with spaces, YAML takes no tabs"
        raise fail(what, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        raise fail(f"is not text: it has the character U+{_code(error.character):04X}", line, column) from None
    except RecursionError:
        raise fail(f"is nested too deeply: a spec has at most {_MAX_DEPTH} levels", *_too_deep(yaml, text)) from None
    plain = _Plain(str(file), yaml.constructor)
    value = None if root is None else plain.value(root, ())
    if plain.problems:
        raise SpecError(plain.problems)
    return value, plain.positions


def _code(character: str | int) -> int:
    return ord(character) if isinstance(character, str) else character


def _text(file: Path, fail: Callable[[str], SpecError]) -> str:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise fail(f"cannot be read ({error.strerror}): name the file of a spec") from None
    if len(raw) > MAX_BYTES:
        raise fail(f"has more than {MAX_BYTES} bytes: a spec has at most so many")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(f"is not UTF-8 text (byte {error.start}): write the spec as UTF-8") from None


def _too_deep(yaml: Any, text: str) -> tuple[int, int]:
    """Line and column of the first part that is too deep. The scanner makes a list of tokens and does not recurse."""
    depth = 0
    for token in yaml.scan(text):
        name = type(token).__name__
        depth += name.endswith(("SequenceStartToken", "MappingStartToken")) - name.endswith("EndToken")
        if depth > _MAX_DEPTH:
            return token.start_mark.line + 1, token.start_mark.column + 1
    return 1, 1


class _Plain:
    """From the nodes of YAML to plain values: where each part stands, and what of it is not read."""

    def __init__(self, file: str, constructor: Any) -> None:
        self._file, self._constructor = file, constructor
        self.positions: dict[Location, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._anchored: set[tuple[int, int]] = set()

    def value(self, node: Any, at: Location) -> Any:
        """The value of a node; None, with a problem, of what is not read."""
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.positions.setdefault(at, place)
        if getattr(node, "anchor", None):
            # Not looked into: what refers to it comes by here as well, and a bomb is made of such. Told once.
            if place in self._anchored:
                return None
            self._anchored.add(place)
            self._wrong(
                place, at, f"has an anchor &{node.anchor}: write the value out, anchors and aliases are not read"
            )
        elif len(at) > _MAX_DEPTH:
            self._wrong(place, at, f"is nested too deeply: a spec has at most {_MAX_DEPTH} levels")
        elif isinstance(node, ScalarNode):
            return self._scalar(node, at)
        elif isinstance(node, SequenceNode):
            return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
        elif isinstance(node, MappingNode):
            return self._mapping(node, at)
        return None

    def _scalar(self, node: Any, at: Location) -> Any:
        try:
            return self._constructor.construct_object(node, deep=True)
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, YAMLError):
            # What a tag or the form of a value promises, and the text does not keep: `!!int x`, 2026-13-45.
            tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
            self._wrong(
                self.positions[at], at, f"{node.value!r} cannot be read as {tag}: write it in quotes, without a tag"
            )
            return None

    def _mapping(self, node: Any, at: Location) -> dict[str, Any]:
        from ruamel.yaml.nodes import ScalarNode

        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, ScalarNode):
                self._wrong(mark, at, "has a list or a mapping for a name: write a word before the colon")
                continue
            key = str(key_node.value)
            if key in found:
                self._wrong(mark, (*at, key), "is written twice: keep one of them")
            self.positions[(*at, key)] = mark
            found[key] = self.value(value_node, (*at, key))
        return found

    def _wrong(self, place: tuple[int, int], at: Location, what: str) -> None:
        self.problems.append(Problem(self._file, *place, dotted(at), what))
