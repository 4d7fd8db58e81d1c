"""Plain YAML with file, line and column of every part: no tags that make objects, no anchors, no aliases.

A bomb is made of aliases, and a description needs none. What the reader takes in is bounded: bytes, levels
and parts. libyaml, inside PyYAML, finds the structure; what a value means is YAML 1.2's core schema by
ruamel.yaml, so that `no` is a word and 12:30 is no number. It deliberately knows nothing of a platform:
locks are read here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.tag import Tag

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.origin import Location, Place

MAX_BYTES = 5_000_000
"""A description of 5,000 lines has about 200,000."""
MAX_PARTS = 500_000
"""Values of a file; each takes memory of its own, and 5 MB can hold millions."""
_MAX_DEPTH = 40
_MAX_TOLD = 5
"""Of characters that are no text: a file of another kind has thousands."""
_LONGEST_NAME = 1024
"""YAML's own bound for what stands before a colon in one line."""

_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
_NO_TEXT = re.compile(f"[{_UNSEEN}]")
"""Controls of terminals, what turns the direction of writing, and line ends that only some readers take for such:
what a file says would be other than what its reader sees."""
_NO_VALUE = re.compile(f"[{_UNSEEN}\r]")
"""The same in a value, where an escape such as "\\e" can make them."""
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?= |\r?$)", re.MULTILINE)
"""What git leaves of a merge that nobody has resolved."""
_MERGING = "choose what holds and delete the markers"
_NO_ALIAS = "write the value out, anchors and aliases are not read"
_CORE_TAGS = "tag:yaml.org,2002:"


def read_yaml(file: Path, kind: str = "spec", merging: str = _MERGING) -> tuple[Any, dict[Location, Place]]:
    """The plain value of a YAML file, and the place of every part of it.

    Args:
        file: the file.
        kind: what it should hold, for messages.
        merging: what to do about an unresolved merge, for messages.

    Raises:
        SpecError: with every problem of the text, or of its structure.
    """
    try:
        text = read_text(file, kind)
    except OSError as error:
        what = f"cannot be read ({error.strerror}): name the file of a {kind}"
        raise SpecError([Problem(str(file), None, None, "", what)]) from None
    return read_parts(text, file, kind, merging)


def read_text(file: Path, kind: str = "spec") -> str:
    """The text of a file, without a mark of byte order.

    Raises:
        OSError: the file cannot be read.
        SpecError: it is too long, not UTF-8, or has characters that are no text.
    """
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise SpecError(
            [Place(file, 1, 1).problem((), f"has more than {MAX_BYTES} bytes: a {kind} has at most so many")]
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        what = f"is not UTF-8 text (byte {error.start}): write the {kind} as UTF-8"
        raise SpecError([_place(file, before, len(before)).problem((), what)]) from None
    if found := list(islice(_NO_TEXT.finditer(text), _MAX_TOLD)):
        raise SpecError([_place(file, text, one.start()).problem((), _unseen(one[0], kind)) for one in found])
    return text


def read_parts(text: str, file: Path, kind: str = "spec", merging: str = _MERGING) -> tuple[Any, dict[Location, Place]]:
    """The plain value of a text, and the place of every part; `read_yaml` says the rest. Raises `SpecError`."""
    if marks := list(_CONFLICT.finditer(text)):
        begun = [one for one in marks if one[0].startswith("<")] or marks[:1]
        what = f"is an unresolved merge ({begun[0][0]}): {merging}"
        raise SpecError([_place(file, text, one.start()).problem((), what) for one in begun])
    parts = _Parts(file, kind)
    try:
        value = parts.document(_events(text))
    except yaml.YAMLError as error:
        parts.problems.append(_not_yaml(error, text, file))
        value = None
    if parts.problems:
        raise SpecError(parts.problems)
    return value, parts.places


def _events(text: str) -> Iterator[Any]:
    # Where PyYAML was built without libyaml its own parser finds the same, more slowly.
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return iter(loader(text).get_event, None)


def _place(file: Path, text: str, index: int) -> Place:
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _unseen(character: str, kind: str) -> str:
    return f"is not text: it has the control character U+{ord(character):04X}; a {kind} is plain text, leave it out"


def _not_yaml(error: Any, text: str, file: Path) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Place(file, 1, 1).problem((), f"is not YAML: {error}")
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    what = f"is not YAML: {error.problem or error.context}"
    if error.context and error.context_mark and error.context_mark.line + 1 != place.line:
        what += f" {error.context} that starts in line {error.context_mark.line + 1}"
    sign = line[place.column - 1 : place.column]
    if place.column > _LONGEST_NAME:
        what += f"; a name before a colon has at most {_LONGEST_NAME} characters"
    elif sign == "\t":
        what += "; indent with spaces, YAML takes no tabs"
    elif sign == ":":
        what += "; a colon after a name has a space behind it, and a value with a colon stands in quotes"
    elif sign and sign in "@`%":
        what += "; write the value in quotes"
    return place.problem((), what)


class _Parts:
    """From the events of a parser to plain values: where each part stands, and what of it is not read."""

    def __init__(self, file: Path, kind: str) -> None:
        self._file, self._kind = file, kind
        self.places: dict[Location, Place] = {}
        self.problems: list[Problem] = []
        self._events: Iterator[Any] = iter(())
        self._anchors: set[str] = set()
        self._known: dict[str, Any] = {}
        core = YAML(typ="safe", pure=True)
        self._resolver, self._constructor = core.resolver, core.constructor

    def document(self, events: Iterator[Any]) -> Any:
        """The value of the only document; None where there is none. Raises `yaml.YAMLError` for what is not YAML."""
        self._events = events
        value: Any = None
        documents = 0
        for event in events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            documents += 1
            if event.version not in {None, (1, 2)}:
                what = f"says YAML {'.'.join(map(str, event.version))}, and is read as 1.2: leave the line out"
                self._wrong(self._at(event), (), what)
            if documents > 1:
                what = f"has another document here: a {self._kind} is one document, take the rest out"
                self._wrong(self._at(event), (), what)
                break
            value = self._value(next(events), ())
        return value

    def _at(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _value(self, event: Any, at: Location) -> Any:
        """The value that begins with an event; None, with a problem, of what is not read."""
        place = self._at(event)
        self.places.setdefault(at, place)
        if len(self.places) > MAX_PARTS:
            raise SpecError(
                [place.problem(at, f"has more than {MAX_PARTS} values: a {self._kind} has at most so many")]
            )
        if isinstance(event, yaml.AliasEvent):
            self._alias(event, at, place)
            return None
        if event.anchor:
            self._anchor(event, at, place)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, at, place)
        if len(at) >= _MAX_DEPTH:
            # At once: whoever writes this has no description in mind, and what follows may be long.
            what = f"is nested too deeply: a {self._kind} has at most {_MAX_DEPTH} levels"
            raise SpecError([*self.problems, place.problem(at, what)])
        return self._sequence(at) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(at)

    def _scalar(self, event: Any, at: Location, place: Place) -> Any:
        text: str = event.value
        plain = event.tag is None and event.implicit[0]
        if plain and text in self._known:
            return self._known[text]
        if event.style == '"' and (unseen := _NO_VALUE.search(text)):
            self._wrong(place, at, _unseen(unseen[0], self._kind))
            return None
        if event.tag is None and not plain:
            return text
        known = event.tag not in {None, "!"}
        tag = Tag(suffix=event.tag) if known else self._resolver.resolve(ScalarNode, text, event.implicit)
        try:
            value = self._constructor.construct_object(ScalarNode(tag, text), deep=True)
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, YAMLError):
            # What a tag or the form of a value promises, and the text does not keep: `!!int x`, 2026-13-45.
            name = str(tag).removeprefix(_CORE_TAGS)
            self._wrong(place, at, f"{text!r} cannot be read as {name}: write it in quotes, without a tag")
            return None
        if plain:
            self._known[text] = value
        return value

    def _sequence(self, at: Location) -> list[Any]:
        found: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._value(event, (*at, len(found))))
        return found

    def _mapping(self, at: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            place = self._at(event)
            if isinstance(event, yaml.CollectionStartEvent):
                self._wrong(place, at, "has a list or a mapping for a name: write a word before the colon")
                key = "?"
                self._value(event, (*at, key))
            else:
                key = self._name(event, at, place)
                if key in found:
                    first = self.places[*at, key]
                    self._wrong(place, (*at, key), f"is written twice, first in line {first.line}: keep one of them")
            self.places[*at, key] = place
            found[key] = self._value(next(self._events), (*at, key))
        return found

    def _name(self, event: Any, at: Location, place: Place) -> str:
        """What stands before a colon, as it is written: names are words, also where a value would be a number or a day."""
        if isinstance(event, yaml.AliasEvent):
            self._alias(event, at, place)
            return f"*{event.anchor}"
        key = str(event.value)
        if event.anchor:
            self._anchor(event, (*at, key), place)
        if event.style == '"' and (unseen := _NO_VALUE.search(key)):
            self._wrong(place, (*at, key), _unseen(unseen[0], self._kind))
        return key

    def _anchor(self, event: Any, at: Location, place: Place) -> None:
        self._anchors.add(event.anchor)
        self._wrong(place, at, f"has an anchor &{event.anchor}: {_NO_ALIAS}")

    def _alias(self, event: Any, at: Location, place: Place) -> None:
        # Where there is an anchor, that was told: a bomb has few anchors and many aliases.
        if event.anchor not in self._anchors:
            self._wrong(place, at, f"is not YAML: no anchor is named &{event.anchor}; {_NO_ALIAS}")

    def _wrong(self, place: Place, at: Location, what: str) -> None:
        self.problems.append(place.problem(at, what))
