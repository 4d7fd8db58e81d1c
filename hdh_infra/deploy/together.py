"""The stacks of one platform side by side: as many at once as the machine carries, one display, one result.

Threads and not processes: the Automation API keeps its settings apart in each program, and what takes the time is the engine's
own process and the cloud behind it. All of them want the same environment (see `engine`). Nothing is decided here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final, TypeVar, final

from hdh_infra.deploy.request import CHANGES, Observer, PartResult, Request, Result
from hdh_infra.errors import EngineError, HdhError

Answer = TypeVar("Answer")
_BYTES_A_STACK: Final = 1_500_000_000
"""What an engine and its providers take at most of a stack of some hundred resources (azure-native alone, half of it)."""
_STACKS_A_PROCESSOR: Final = 2
"""Most of the time a stack waits for its cloud."""


def workers(asked: int | None) -> int:
    """How many stacks at once: what was asked, or what processors and free memory carry."""
    if asked is not None:
        return max(1, asked)
    by_memory = _free_bytes() // _BYTES_A_STACK
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(max(1, min(_STACKS_A_PROCESSOR * mine, by_memory)))


def _free_bytes() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def each(
    names: Iterable[str], work: Callable[[str], Answer], at_once: int
) -> tuple[dict[str, Answer], dict[str, HdhError]]:
    """Do it for each, some at once: what came of those that went well, and the errors of the others, both in the order of the names.

    What fails stops no other. What is no error of ours, and a word from the keyboard, lets those that run come to their end and begins no
    other.
    """
    wanted = list(names)
    done: dict[str, Answer] = {}
    failed: dict[str, HdhError] = {}
    with ThreadPoolExecutor(at_once, thread_name_prefix="stack") as pool:
        running: dict[Future[Answer], str] = {pool.submit(work, name): name for name in wanted}
        left = set(running)
        try:
            while left:
                ended, left = wait(left, return_when=FIRST_COMPLETED)
                for one in ended:
                    try:
                        done[running[one]] = one.result()
                    except HdhError as error:
                        failed[running[one]] = error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {name: done[name] for name in wanted if name in done}, {
        name: failed[name] for name in wanted if name in failed
    }


@final
class Together:
    """An observer of one stack among many: what it sees goes to the one who watches all, who knows the total already."""

    def __init__(self, observer: Observer) -> None:
        """One for all stacks: they take turns."""
        self._observer = observer
        self._turn = threading.Lock()

    def total(self, count: int) -> None:
        """Nothing: the total of all is known before the first begins."""

    def started(self, operation: str, path: str, type_: str) -> None:
        """Pass it on."""
        with self._turn:
            self._observer.started(operation, path, type_)

    def done(self, operation: str, path: str, type_: str) -> None:
        """Pass it on."""
        with self._turn:
            self._observer.done(operation, path, type_)

    def failed(self, path: str, message: str) -> None:
        """Pass it on."""
        with self._turn:
            self._observer.failed(path, message)

    def say(self, line: str) -> None:
        """Pass it on; that a stack is opened is said of one, not of a hundred."""
        if not line.startswith("opening stack"):
            with self._turn:
                self._observer.say(line)


def added(
    operation: str, request: Request, results: Sequence[tuple[str, Result]], seconds: float, remarks: Iterable[str]
) -> Result:
    """The results of the parts as one; a part may have been worked on twice."""
    changes = dict.fromkeys(CHANGES, 0)
    by_part: dict[str, PartResult] = {}
    for part, one in results:
        before = by_part.get(part)
        counts = dict(one.changes)
        if before is not None:
            # The second time what was made the first time is the same.
            counts = {name: before.changes[name] + one.changes[name] for name in CHANGES if name != "same"}
            counts["same"] = min(before.changes["same"], one.changes["same"])
        by_part[part] = PartResult(part, one.stack, counts, one.seconds + (before.seconds if before else 0.0))
    for found in by_part.values():
        for name, number in found.changes.items():
            changes[name] += number
    return Result(
        operation,
        str(request.target),
        request.stack,
        changes,
        seconds,
        tuple(sorted({step for _, one in results for step in one.steps})),
        tuple(dict.fromkeys((*remarks, *(remark for _, one in results for remark in one.remarks)))),
        tuple(step for _, one in results for step in one.stopped),
        tuple(step for _, one in results for step in one.open),
        tuple(by_part.values()),
    )


def failure(request: Request, errors: Mapping[str, HdhError], parts: int, operation: str) -> EngineError:
    """The error of a platform of which some parts failed; the parts that did not are done."""
    if len(errors) == 1 and parts == 1:
        (only,) = errors.values()
        return EngineError(only.where, only.what, only.remedy)
    lines = [f"{part}: {error.what}" for part, error in errors.items()]
    count = "1 part" if len(errors) == 1 else f"{len(errors)} parts"
    return EngineError(
        f"{request.target} (stack {request.stack})",
        f"{count} of {parts} failed, the others are done: {', '.join(errors)}\n" + "\n".join(lines),
        f"Mend what the lines say and run `hdh {operation}` again: it does only what is missing",
    )
