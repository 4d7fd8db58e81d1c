"""Processes that outlive the command that starts them, known by pid and start time.

A pid alone may have been given to another process since; with its start time it is the same process or
none. This module deliberately ends nothing that it has not started.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from hdh_infra.sandbox.s3.box import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SAME_START_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Daemon:
    """A process of a box: `name.pid` remembers it, `name.log` holds what it says."""

    directory: Path
    name: str

    @property
    def log(self) -> Path:
        """What it wrote since its last start."""
        return self.directory / f"{self.name}.log"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start it in a session of its own, without our terminal; returns its pid."""
        with self.log.open("wb") as log:
            # The commands are the sandbox's own; nothing of them comes from a spec.
            process = subprocess.Popen(  # noqa: S603
                command,
                env=dict(environment),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = psutil.Process(process.pid).create_time()
        write_private(self._file, json.dumps({"pid": process.pid, "started": started}))
        # It is the machine's now: without this Python warns that a child still runs.
        process.returncode = 0
        return process.pid

    def pid(self) -> int | None:
        """Its pid while it runs, else None."""
        process = self._process()
        return None if process is None else process.pid

    def stop(self, *, grace: float) -> None:
        """Ask it to end, and after `grace` seconds end it; returns once it is gone."""
        process = self._process()
        if process is not None:
            process.terminate()
            try:
                process.wait(grace)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(grace)
        self._file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last line of its log, for a message."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1] if lines else ""

    @property
    def _file(self) -> Path:
        return self.directory / f"{self.name}.pid"

    def _process(self) -> psutil.Process | None:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            process = psutil.Process(kept["pid"])
            same = abs(process.create_time() - kept["started"]) < _SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
