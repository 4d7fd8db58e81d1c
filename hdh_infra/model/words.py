"""The nearest right word, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_FEW = 12


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A hint at the most alike of the allowed words, or at all of them where none is alike and they are few."""
    words = sorted(set(allowed))
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if found:
        return f"did you mean {found[0]}?"
    return f"allowed: {', '.join(words)}" if 0 < len(words) <= _FEW else ""
