"""What everything is drawn with: picks, chances, names, a few of many optional fields, backups.

Descriptions are drawn as a file would have them (mappings, texts, numbers) and read by the model, so that
they go through every rule of it. The parts are plain functions of `draw`, and draw whole numbers only: making
and checking a strategy object costs ten times what a draw costs, and a platform has hundreds of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

Described: TypeAlias = dict[str, Any]
"""A part of a description, as its file would have it."""
_T = TypeVar("_T")

_AWKWARD = (
    "a", "b", "lake", "work", "a-1", "a1", "ab-1", "a-b1", "x", "z9", "audit", "hdh",
    # Words that are also parts of paths.
    "store", "space", "zone", "key", "machine", "platform", "group",
    # As long as names may be, and alike up to their ends: clouds cut them.
    "project-of-a-very-long-name-here", "project-of-a-very-long-name-herf", "project-of-a-very-long-namehere",
)  # fmt: skip
_LETTERS = "bcdfgmpst"
_ORDINARY = 999


@cache
def _below(number: int) -> st.SearchStrategy[int]:
    return st.integers(0, number - 1)


def pick(draw: st.DrawFn, these: Sequence[_T]) -> _T:
    """One of these; the first is the simplest."""
    return these[draw(_below(len(these)))] if len(these) > 1 else these[0]


def pick_some(draw: st.DrawFn, these: Sequence[_T], least: int, most: int) -> list[_T]:
    """Some of these, each at most once, as many as there are if they are fewer than asked."""
    left, found = list(these), []
    count = min(len(left), least + draw(_below(most - least + 1)))
    for _ in range(count):
        found.append(left.pop(draw(_below(len(left)))))
    return found


def number(draw: st.DrawFn, low: int, high: int) -> int:
    """A number between two, both included."""
    return low + draw(_below(high - low + 1))


def rarely(draw: st.DrawFn, one_in: int = 4) -> bool:
    """Whether something happens that happens once in so many times; the simplest is that it does not."""
    return draw(_below(one_in)) == one_in - 1


def some_of(draw: st.DrawFn, options: Mapping[str, Callable[[], Any]], most: int = 3) -> Described:
    """A few of many optional fields, often none: what is not given is the most frequent form of a description."""
    if not options or not draw(_below(3)):
        return {}
    return {name: options[name]() for name in pick_some(draw, list(options), 1, min(most, len(options)))}


def draw_name(draw: st.DrawFn) -> str:
    """An ordinary name, or one that has been taken for another or cut to be the same."""
    if draw(_below(2)):
        return f"{pick(draw, _LETTERS)}{draw(_below(_ORDINARY))}"
    return pick(draw, _AWKWARD)


def draw_names(draw: st.DrawFn, least: int, most: int) -> tuple[str, ...]:
    """Different names, so many."""
    found = {draw_name(draw): None for _ in range(number(draw, least, most))}
    for index in range(least - len(found)):
        found[f"{_LETTERS[index % len(_LETTERS)]}x{index}"] = None
    return tuple(found)


def draw_backup(draw: st.DrawFn) -> Described:
    """How something is backed up: each copy is kept at least until the next one."""
    every = pick(draw, [1, 7, 30])
    found: Described = {"every_days": every, "keep_days": every * pick(draw, [12, 1])}
    return found | some_of(draw, {"where": lambda: pick(draw, ["local", "zone", "region"])})
