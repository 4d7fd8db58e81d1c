"""The attributes that a file backend keeps beside a state: an engine that is killed while it writes them leaves a file that holds nothing.

The engine's file backend replaces a state in one step, and writes `STATE.attrs` beside it in place (gocloud.dev `fileblob`, `setAttrs`,
read 2026-11-26). Without them it reads a state just as well; with an empty one it reads none: "failed to load checkpoint: EOF".
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

_KEPT: Final = ".pulumi"
_READ: Final = ("*.attrs", "stacks/**/*.attrs", "locks/**/*.attrs")
"""What the engine reads when it opens a stack; history and backups are only written."""


def folder(backend: str) -> Path | None:
    """The folder of a file backend that is there; None for any other."""
    if not backend.startswith("file:"):
        return None
    parts = urlsplit(backend)
    found = Path(unquote(f"{parts.netloc}{parts.path}")).expanduser()
    return found if found.is_dir() else None


def without(backend: str) -> str:
    """The URL by which the engine writes no attributes beside what it keeps in a folder; any other backend as it is."""
    if not backend.startswith("file:"):
        return backend
    parts = urlsplit(backend)
    query = {"metadata": "skip"} | dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query=urlencode(query)))


def mend(backend: str) -> int:
    """Take away the attributes that an engine, killed as it wrote them, left unreadable: how many."""
    place = folder(backend)
    broken = [] if place is None else [*_broken(place / _KEPT)]
    for file in broken:
        file.unlink(missing_ok=True)
    return len(broken)


def _broken(place: Path) -> Iterator[Path]:
    for pattern in _READ:
        for file in place.glob(pattern):
            with contextlib.suppress(OSError):
                try:
                    json.loads(file.read_bytes())
                except ValueError:
                    yield file
