"""The nearest right word, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_FEW = 12
_ALIKE = 0.6
_LONGEST = 200
"""Characters of a word that a nearest one is looked for; no right word is as long."""


def closest(word: str, words: Iterable[str]) -> str | None:
    """The most alike of some words, the first where several are; None where none is alike."""
    if len(word) > _LONGEST:
        return None
    found: str | None = None
    best = _ALIKE
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(word)
    for one in words:
        matcher.set_seq1(one)
        # Upper bounds first: a wrong path of a large platform is held against thousands.
        if matcher.real_quick_ratio() < best or matcher.quick_ratio() < best:
            continue
        ratio = matcher.ratio()
        if ratio > best or (found is None and ratio >= best):
            found, best = one, ratio
    return found


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A hint at the most alike of the allowed words, or at all of them where none is alike and they are few."""
    words = sorted(set(allowed))
    if found := closest(word, words):
        return f"did you mean {found}?"
    return f"allowed: {', '.join(words)}" if 0 < len(words) <= _FEW else ""
