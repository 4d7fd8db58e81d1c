"""Where the command line writes: answers to standard output, progress and remarks to standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console


class Exit(IntEnum):
    """Exit codes; the meaning of a number never changes once released."""

    well = 0
    no = 1
    wrong_input = 2
    failed = 3


class Format(StrEnum):
    """How an answer is written."""

    text = "text"
    json = "json"


class ReportFormat(StrEnum):
    """How a report is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


class AssessFormat(StrEnum):
    """How an assessment is written."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"


def console() -> Console:
    """Standard output, for people; as wide as the terminal, or 120 columns elsewhere."""
    from rich.console import Console

    class Answer(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the reader has read enough: `main` decides what that means, for every way of writing

    return Answer(soft_wrap=False, width=None if sys.stdout.isatty() else 120, highlight=False, emoji=False)


def remarks() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, width=None if sys.stderr.isatty() else 120)


def write_file(file: Path, text: str) -> None:
    """Write a file that was asked for, with its folder. Raises `SpecError` where it cannot be written."""
    from hdh_infra.errors import Problem, SpecError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"cannot be written ({error.strerror}): name a file in a folder of yours"
        raise SpecError([Problem(str(file), None, None, "", what)]) from None


_LARGE = 200_000
"""Characters of JSON that nobody reads as they are; indenting more than that takes longer than making it."""


def write_json(value: Any) -> None:
    """JSON on standard output, and nothing else there: indented where a person may read it, else a line a part."""
    if not isinstance(value, dict):
        sys.stdout.write(_json(value) + "\n")
        return
    opening = "{"
    for name, part in value.items():
        sys.stdout.write(f"{opening}\n  {json.dumps(name)}: ")
        if isinstance(part, Iterator):
            _write_parts(part)
        else:
            sys.stdout.write(_json(part))
        opening = ","
    sys.stdout.write("\n}\n" if value else "{}\n")


def _write_parts(parts: Iterator[tuple[str, Any]]) -> None:
    """A mapping whose parts are large, one at a time."""
    opening = "{"
    for name, part in parts:
        sys.stdout.write(f"{opening}\n    {json.dumps(name)}: {_json(part)}")
        opening = ","
    sys.stdout.write("\n  }" if opening == "," else "{}")


def _json(value: Any) -> str:
    # Without an indentation the interpreter's own encoder works, many times faster than the one in Python.
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > _LARGE:
        return text
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).replace("\n", "\n  ")


class Waiting:
    """What is being waited for: a spinner on a terminal, a line each elsewhere; nothing where it is fast."""

    def __init__(self, quiet_seconds: float = 0.4) -> None:
        self._terminal = sys.stderr.isatty()
        self._status: Any = None
        self._started = time.monotonic()
        self._quiet = quiet_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, line: str) -> None:
        """Show one line."""
        if not self._terminal:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
            return
        if self._status is None:
            self._status = remarks().status(line)
            self._status.start()
        self._status.update(line)
