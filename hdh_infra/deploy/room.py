"""Room for the state where it is a file: nothing is begun without, and what runs is stopped in good order before it is used up.

The engine's file backend writes a state in place of the last one and keeps a copy beside it. On a full disk both were cut off in the middle and could
not be read any more (tried with Pulumi 3.259, 2026-11-25: gocloud.dev `blob.WriteAll` closes what it could not write), and with them went all that the
stack knew of. A state in a bucket is whole or not written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from hdh_infra.deploy.sidecars import folder
from hdh_infra.errors import EngineError

LEAST: Final = 32 * 2**20
"""Bytes without which nothing is begun: a state of ten thousand resources and its copy."""
LOW: Final = 16 * 2**20
"""Bytes at which an operation is stopped: what is under way is still written down."""
_LOOK_SECONDS: Final = 0.25
_ENGINE: Final = "pulumi"


@final
@dataclass
class Watched:
    """Whether an operation was stopped for want of room."""

    stopped: bool = False


def check(backend: str, where: str) -> None:
    """Refuse to begin. Raises `EngineError` where a file backend has no room for the state; nothing was changed."""
    place = folder(backend)
    if place is not None and _free(place) < LEAST:
        raise EngineError(
            where,
            f"where the state is kept {_free(place) // 2**20} MB are free, and a state that finds no room is lost",
            f"Make room for {LEAST // 2**20} MB in {place}, or keep the state in a bucket; nothing was changed",
        )


@contextlib.contextmanager
def watched(backend: str) -> Iterator[Watched]:
    """Look at the room while an operation runs, and stop its engine as Ctrl-C does where little is left."""
    place, found, ended = folder(backend), Watched(), threading.Event()

    def look() -> None:
        while place is not None and not ended.wait(_LOOK_SECONDS):
            if _free(place) < LOW:
                found.stopped = _interrupt()
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield found
    finally:
        ended.set()
        looking.join()


def _free(place: Path) -> int:
    return shutil.disk_usage(place).free


def _interrupt() -> bool:
    """Interrupt the engine that this process runs; False where none is found (or where there is no /proc)."""
    done = False
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == _ENGINE:
                    os.kill(int(pid), signal.SIGINT)
                    done = True
    return done
