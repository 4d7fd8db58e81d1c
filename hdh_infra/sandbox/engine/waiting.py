"""Waiting that shows: a long command with a line at least every 20 seconds, and a lock that two processes respect.

It deliberately decides nothing: what a command is for and what follows when it fails is the caller's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from hdh_infra.errors import EngineError

Say: TypeAlias = Callable[[str], None]
INTERVAL = 15.0
"""Seconds between two lines; less than the 20 that are promised."""
_ADDRESS = re.compile(r"https?://\S+")


def run(
    command: Sequence[str], *, what: str, log: Path, say: Say, limit: float, cwd: Path, env: Mapping[str, str]
) -> None:
    """Run a command, its output in a log file, and say from time to time what it is at.

    Args:
        command: the program and its arguments.
        what: what is being waited for, in words.
        log: takes all that the command writes; kept.
        say: takes one line at a time, the first at once.
        limit: seconds after which the command is ended.
        cwd: the folder that the command runs in.
        env: the command's whole environment.

    Raises:
        EngineError: the command failed, or took longer than the limit.
    """
    say(what)
    started = told = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - the commands of this package, no user's text among them
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                now = time.monotonic()
                if now - started > limit:
                    raise EngineError(
                        "engine", f"{what} took longer than {limit:.0f} s", f"Try again; what was done stands in {log}"
                    )
                if now - told >= INTERVAL and process.returncode is None:
                    told = now
                    say(f"{what}: {now - started:.0f} s{_at(log)}")
        finally:
            _end(process)
    if process.returncode != 0:
        found = last_line(log) or f"it ended with code {process.returncode}"
        raise EngineError("engine", f"{what} failed: {found}", f"All that it wrote stands in {log}")


def last_line(log: Path) -> str:
    """The last line of a log that says something; addresses, which may hold credentials, are left out."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        lines = stream.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    return _ADDRESS.sub("<address>", said[-1])[:200] if said else ""


@contextlib.contextmanager
def alone(lock: Path, what: str, say: Say) -> Iterator[None]:
    """Hold a lock among the processes of this machine; while another holds it, say so."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        started, told = time.monotonic(), float("-inf")
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                now = time.monotonic()
                if now - told >= INTERVAL:
                    told = now
                    say(f"waiting for another process that makes {what}: {now - started:.0f} s")
                time.sleep(0.2)
            else:
                break
        yield


def _at(log: Path) -> str:
    line = last_line(log)
    return f", at {line.removeprefix('go: downloading ')}" if line else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, with all that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
