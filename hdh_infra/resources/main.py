"""The plugin's process: starts the servicer, tells the engine its port, and ends when it should.

It ends on SIGINT and SIGTERM and when the engine that started it is gone, however that died, but lets
running calls finish, so that nothing is left half-made without an answer. It deliberately starts no
other service and listens on loopback only.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_THREADS: Final = 32
# A bucket's policy or a big tag set is far below; gRPC's own 4 MB would refuse a large state's request.
_MESSAGE_BYTES: Final = 400 * 1024 * 1024
_LOOK_SECONDS: Final = 0.5
_FINISH_SECONDS: Final = 60.0


def main() -> None:
    """Serve until told to stop, or until the engine is gone."""
    stop, parent = threading.Event(), os.getppid()
    # SIGINT reaches the plugin together with the engine; one that ignores it costs five seconds a command.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    import grpc
    from pulumi.runtime.proto import provider_pb2_grpc

    from hdh_infra.resources.servicer import Servicer

    servicer = Servicer()
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201 - the protocol: the port alone on the first line
    # Only an engine gives its address; a plugin started by hand, for an engine to attach to, outlives its shell.
    _wait(stop, parent if any(not argument.startswith("-") for argument in sys.argv[1:]) else None)
    end = time.monotonic() + _FINISH_SECONDS
    while servicer.running.count and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS / 5)
    server.stop(grace=None)
    # Idle pool threads and gRPC's own would keep the process: everything is answered, so go.
    os._exit(0)


def _wait(stop: threading.Event, parent: int | None) -> None:
    """Return once told to stop, or once the process that started us is gone."""
    while not stop.wait(_LOOK_SECONDS):
        if parent is not None and os.getppid() != parent:
            return


if __name__ == "__main__":
    main()
