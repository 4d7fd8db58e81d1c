"""Progress of an operation of the engine: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

_EVERY_SECONDS = 5.0


class Progress:
    """Watches an operation (an `Observer` of `hdh_infra.deploy`) and shows how far it is, on standard error."""

    def __init__(self, title: str) -> None:
        """Nothing is shown before the operation begins."""
        self._title = title
        self._total = 0
        self._done = 0
        self._running: dict[str, str] = {}
        self._shown = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        """Begin to show."""
        if sys.stderr.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            from hdh_infra.cli.output import remarks

            self._bar = Bar(
                SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(),
                TextColumn("{task.fields[now]}", style="dim"), console=remarks(), transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task(self._title, total=None, now="")
            self._bar.start()
        else:
            self._line(f"{self._title} ...")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop showing."""
        if self._bar is not None:
            self._bar.stop()

    def total(self, count: int) -> None:
        """How many resources the operation is about to look at."""
        self._total = count
        if self._bar is not None:
            self._bar.update(self._task, total=count)

    def started(self, operation: str, path: str, type_: str) -> None:
        """Work on a resource began."""
        del type_
        if operation != "same":
            self._running[path] = operation
        self._show()

    def done(self, operation: str, path: str, type_: str) -> None:
        """Work on a resource ended well."""
        del operation, type_
        self._done += 1
        self._running.pop(path, None)
        self._show()

    def failed(self, path: str, message: str) -> None:
        """Work on a resource ended with an error."""
        self._running.pop(path, None)
        self._line(f"{path}: {message}")

    def say(self, line: str) -> None:
        """What is being waited for."""
        self._line(line)

    def _show(self) -> None:
        now = next(iter(self._running.items()), None)
        words = f"{now[1]} {now[0]}" if now else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, now=words[:60])
        elif time.monotonic() - self._shown > _EVERY_SECONDS:
            self._shown = time.monotonic()
            self._line(f"{self._title}: {self._done} of {self._total or '?'} {words}".rstrip())

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False)
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
