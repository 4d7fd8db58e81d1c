"""Wakes the listeners of oslo.messaging's in-memory transport; by itself it looks for messages every 50 ms."""

from __future__ import annotations

import threading
import time
from typing import Any

from oslo_messaging._drivers import base, impl_fake

_LONGEST_SLEEP = 1.0
"""Seconds; only the end of a listener is noticed so late, never a message."""


def install() -> None:
    """Change the transport in this process."""
    delivered = threading.Condition()
    deliver = impl_fake.FakeExchange.deliver_message

    def deliver_message(self: Any, *arguments: Any, **named: Any) -> None:
        deliver(self, *arguments, **named)
        with delivered:
            delivered.notify_all()

    def poll(self: Any, timeout: float | None = None) -> Any:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._stopped.is_set():
            with delivered:  # held while looking: a delivery in between would be slept through
                message = _next(self)
                if message is not None:
                    return message
                left = _LONGEST_SLEEP if deadline is None else min(_LONGEST_SLEEP, deadline - time.monotonic())
                if left <= 0:
                    return None
                delivered.wait(left)
        return None

    impl_fake.FakeExchange.deliver_message = deliver_message
    impl_fake.FakeListener.poll = base.batch_poll_helper(poll)


def _next(listener: Any) -> Any:
    for target in listener._targets:  # noqa: SLF001 - the transport has no public place for it
        exchange = listener._exchange_manager.get_exchange(target.exchange)  # noqa: SLF001 - as above
        context, message, reply, requeue = exchange.poll(target, listener._pool)  # noqa: SLF001 - as above
        if message is not None:
            return impl_fake.FakeIncomingMessage(context, message, reply, requeue)
    return None
