"""The process of the simulated cloud: a gRPC server for each package, until it is told to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from concurrent import futures
from contextlib import closing
from pathlib import Path
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from hdh_infra.sandbox.simulator.added import bridged, known
from hdh_infra.sandbox.simulator.backings import from_environment
from hdh_infra.sandbox.simulator.bridging import PLUGIN, Bridge
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.lifecycle import DATABASE, KEY, READY
from hdh_infra.sandbox.simulator.servicer import Servicer
from hdh_infra.sandbox.simulator.store import Store

_LARGEST: Final = 400 * 2**20
"""Bytes of a message: the engine's own limit."""
_WORKERS: Final = 32
_GRACE_SECONDS: Final = 2.0


def serve(directory: Path, ports: Mapping[str, int]) -> None:
    """Serve the box until a signal ends it; says `ready` on its output once all ports answer."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with closing(Store(directory / DATABASE, directory / KEY)) as store:
        servers = []
        for package, port in ports.items():
            playing = bridged() if package == PLUGIN else (package,)
            servicers = {one: _servicer(one, store) for one in playing}
            server = grpc.server(
                futures.ThreadPoolExecutor(_WORKERS), options=[("grpc.max_receive_message_length", _LARGEST)]
            )
            served = Bridge(servicers) if package == PLUGIN else servicers[package]
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(served, server)
            server.add_insecure_port(f"127.0.0.1:{port}")
            server.start()
            servers.append(server)
        print(READY, flush=True)  # noqa: T201 - what the starting command waits for
        ended.wait()
        for server in servers:
            server.stop(_GRACE_SECONDS).wait()


def _servicer(package: str, store: Store) -> Servicer:
    cloud = SimulatedCloud(package, store, backings=from_environment(known(package).backings))
    return Servicer(cloud, store)
