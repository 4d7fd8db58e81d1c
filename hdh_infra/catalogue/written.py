"""The text of a cloud's file with the place of each of its parts, for messages.

A catalogue is long and says much once: it has anchors and merges, which a description may not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.origin import Location, Place

_MERGE = "tag:yaml.org,2002:merge"


def read_catalogue(text: str, file: Path) -> tuple[Any, dict[Location, Place], list[Problem]]:
    """The plain value of a catalogue's text, the place of every part, and the keys that it says twice.

    Args:
        text: what the file holds.
        file: how it is called in messages.

    Raises:
        SpecError: it is not YAML.
    """
    # The parser in C, where PyYAML has it, takes a tenth of the time; the data are written so that YAML 1.1 and 1.2 read them alike.
    loader = (yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        places: dict[Location, Place] = {}
        twice: list[Problem] = []
        if node is not None:
            for at, part, again in _parts(node, ()):
                place = Place(file, part.start_mark.line + 1, part.start_mark.column + 1)
                if again:
                    twice.append(place.problem(at, "is said twice: only the last would count, take one out"))
                places.setdefault(at, place)
        value = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        what = getattr(error, "problem", None) or getattr(error, "context", None) or error
        raise SpecError([place.problem((), f"is not YAML: {what}")]) from None
    finally:
        loader.dispose()
    return value, places, twice


def _parts(node: Any, at: Location) -> Iterator[tuple[Location, Any, bool]]:
    """Every part with the node that it begins at, its own before those that are merged in; and whether its key was said before."""
    if not at:
        yield at, node, False
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*at, index), item, False
            yield from _parts(item, (*at, index))
    elif isinstance(node, yaml.MappingNode):
        said: set[str] = set()
        for key, item in node.value:
            if key.tag != _MERGE:
                here = (*at, key.value)
                yield here, key, key.value in said
                said.add(key.value)
                yield from _parts(item, here)
        for key, item in node.value:
            if key.tag == _MERGE:
                for one in item.value if isinstance(item, yaml.SequenceNode) else (item,):
                    yield from ((where, part, False) for where, part, _ in _parts(one, at) if where)


__all__ = ["read_catalogue"]
