"""Waiting for an answer inside a program that is not asynchronous, until the engine has gone away.

Pulumi's own wait of this kind turns the event loop for as long as nothing comes, and where the engine stops in the middle of an
update nothing ever does. So what is waited for is given up as soon as the loop is told to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from pulumi.runtime.sync_await import _sync_await

Answer = TypeVar("Answer")
_SECONDS: Final = 0.1
"""How often it is looked whether the loop is to stop."""


class EngineGoneError(Exception):
    """Raised where the engine stopped before an answer came; the update fails by what it stopped for."""


def waited_for(answer: Awaitable[Answer]) -> Answer:
    """The answer. Raises `EngineGoneError`, and whatever the answer is an error of."""
    return _sync_await(_unless_stopped(answer))


async def _unless_stopped(answer: Awaitable[Answer]) -> Answer:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(answer)
    while not task.done():
        await asyncio.wait({task}, timeout=_SECONDS)
        # No public word tells: `stop` is called by the Automation API when the engine does not answer any more.
        if not task.done() and getattr(loop, "_stopping", False):
            task.cancel()
            raise EngineGoneError("the engine stopped before the answer came")
    return task.result()
