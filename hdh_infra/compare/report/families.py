"""Project spaces that are alike, named together, so that 150 of them are told in a line; for people, never for JSON.

All spaces are `space/*`; a few are named; many, but not all, get a letter (`space/*A`) and a line in the
legend that says which they are. A report has one set of families, so that a letter means the same throughout.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import final

from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import network_path
from hdh_infra.model.wording import listed

EVERY_SPACE = "space/*"
_FEW = 3
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHOWN = 12
_NAMED = re.compile(r"\bspace/[^/\s,;:'\]]+")
OWN = "\0"
"""Stands for the one space that a text is about, until it is known which others say the same."""


def space_of(path: str) -> str:
    """The space that a path lies in; empty where it lies in none."""
    network = network_path(path) or ""
    return network if network.startswith("space/") else ""


def hidden(text: str, space: str) -> str:
    """A text with the name of its space left open, to be held against that of another space."""
    if not space or space not in text:
        return text
    text = text.replace(f"{space}/", f"{OWN}/")
    return OWN if text == space else text.replace(f"{space} ", f"{OWN} ")


def general(text: str, space: str) -> str:
    """A text with the name of its space left open, and with other spaces said once where it names many of them.

    What each of 150 spaces does to an element of one space is told as `space/*` does it; JSON has them by name.
    """
    text = hidden(text, space)
    if text.count("space/") <= _FEW or len(set(_NAMED.findall(text))) <= _FEW:
        return text
    clauses = _NAMED.sub(EVERY_SPACE, text).split("; ")
    return "; ".join(dict.fromkeys(", ".join(dict.fromkeys(clause.split(", "))) for clause in clauses))


@final
class Families:
    """The spaces of one platform, and the names of those sets of them that a report speaks of."""

    def __init__(self, platform: Expanded) -> None:
        """Nothing has a letter yet."""
        self.spaces = [path for path in platform.networks if space_of(path)]
        self._letters: dict[frozenset[str], str] = {}

    def name(self, some: Collection[str]) -> str:
        """What a set of spaces is called: `space/*`, `space/*A`, `space/{a, b}` or the path of the only one.

        Args:
            some: the spaces, each as often as it comes; what lies in none has an empty name, and is not named.
        """
        some = {path for path in some if path}
        if len(some) == 1:
            return next(iter(some))
        if len(some) == len(self.spaces):
            return EVERY_SPACE
        if len(some) <= _FEW:
            return f"space/{{{', '.join(path.removeprefix('space/') for path in sorted(some))}}}"
        known = frozenset(some)
        letter = self._letters.get(known)
        if letter is None:
            index = len(self._letters)
            letter = _LETTERS[index % len(_LETTERS)] * (1 + index // len(_LETTERS))
            self._letters[known] = letter
        return f"{EVERY_SPACE}{letter}"

    def legend(self) -> Iterator[str]:
        """Which spaces each letter means, one line a letter."""
        for some, letter in self._letters.items():
            rest = sorted(set(self.spaces) - some)
            if len(rest) < len(some):
                which = f"all {len(self.spaces)} spaces but {listed(rest, _SHOWN)}"
            else:
                which = f"{len(some)} spaces: {listed(sorted(some), _SHOWN)}"
            yield f"{EVERY_SPACE}{letter} means {which}"

    def together(self, paths: Iterable[str]) -> list[str]:
        """Paths of elements with those that spaces have alike said once."""
        alike: dict[str, list[str]] = {}
        for path in paths:
            space = space_of(path)
            alike.setdefault(f"{OWN}{path[len(space) :]}" if space else path, []).append(path)
        return [
            f"{self.name([space_of(path) for path in these])}{rest[1:]}" if rest.startswith(OWN) else rest
            for rest, these in alike.items()
        ]

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Lines about one space each, with those that say the same said once; others as they are."""
        alike: dict[str, list[tuple[str, str]]] = {}
        names = {space.removeprefix("space/"): space for space in self.spaces}
        for line in lines:
            named = _named(line, names)
            space = named[0] if len(named) == 1 else ""
            alike.setdefault(hidden(line, space) if space else line, []).append((space, line))
        for general, these in alike.items():
            spaces = [space for space, _ in these]
            yield general.replace(OWN, self.name(spaces)) if OWN in general else these[0][1]

    def title(self, paths: Sequence[str]) -> str:
        """The heading of elements that are alike: where they lie, and how many they are."""
        if len(paths) == 1:
            return paths[0]
        rest = paths[0].removeprefix(space_of(paths[0]))
        count = f" ({len(paths)} alike)" if len(paths) > _FEW or len(paths) == len(self.spaces) else ""
        return f"{self.name([space_of(path) for path in paths])}{rest}{count}"


def _named(line: str, names: dict[str, str]) -> list[str]:
    """The spaces that a line speaks of, each once."""
    found: dict[str, None] = {}
    for part in line.split("space/")[1:]:
        word = part
        for sign in "/ ,;:)]'\"":
            word = word.partition(sign)[0]
        if word in names:
            found[names[word]] = None
    return list(found)
