"""What the plugin adds to a bucket: its own calls of a servicer against bare calls of boto3 for the very same requests.

`python -m tests.benchmarks.buckets` starts the sandbox's S3 server on ports of its own, makes the buckets of a platform as the
engine does (many at a time), notes every request, and has boto3 alone send them all again for other names, in as many
threads, in this process. What the server takes is in both; what is left is the plugin's.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

from hdh_infra.resources import wire
from hdh_infra.resources.clients import Clients
from hdh_infra.resources.servicer import Servicer
from hdh_infra.sandbox import s3

BASE = 15360
THREADS = 16
"""As many at a time: half of what the plugin answers at once."""
BUCKETS = 100
_TOKEN = "hdh:s3:Bucket"


def asked(name: str) -> dict[str, Any]:
    """A store's bucket as plans ask it: versions, a lock, encryption, rules of age."""
    return {
        "bucket": name,
        "versioning": True,
        "objectLock": {"mode": "governance", "days": 1},
        "encryption": {"algorithm": "AES256"},
        "lifecycle": [{"prefix": "tmp/", "days": 7, "oldVersionsDays": 30}],
        "tags": {"platform": "benchmark"},
    }


def by_plugin(servicer: Servicer) -> Callable[[str], None]:
    """Makes a bucket as the engine has it made."""
    from pulumi.runtime.proto import provider_pb2

    def make(name: str) -> None:
        urn = f"urn:pulumi:s::p::{_TOKEN}::{name}"
        properties = wire.encode(asked(name))
        servicer.Check(provider_pb2.CheckRequest(urn=urn, news=properties), None)
        servicer.Create(provider_pb2.CreateRequest(urn=urn, properties=properties), mock.Mock())

    return make


def by_hand(client: Any, requests: list[tuple[str, dict[str, Any]]], known: str) -> Callable[[str], None]:
    """Sends the requests that were noted, for another bucket."""
    text = json.dumps([[operation, arguments] for operation, arguments in requests])

    def make(name: str) -> None:
        for operation, arguments in json.loads(text.replace(known, name)):
            # "There is none" is an answer too.
            with contextlib.suppress(client.exceptions.ClientError):
                getattr(client, operation)(**arguments)

    return make


def noted(client: Any, make: Callable[[str], None], name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every request of one bucket, as boto3 takes it."""
    found: list[tuple[str, dict[str, Any]]] = []
    names = {client.meta.method_to_api_mapping[method]: method for method in client.meta.method_to_api_mapping}

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        found.append((names[model.name], dict(params)))

    client.meta.events.register("provide-client-params.s3", note)
    make(name)
    client.meta.events.unregister("provide-client-params.s3", note)
    return found


def timed(make: Callable[[str], None], prefix: str, threads: int) -> tuple[float, float]:
    """Seconds of the clock and of this process's processors for all buckets."""
    begun, worked = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(make, [f"{prefix}-{index}" for index in range(BUCKETS)]))
    return time.perf_counter() - begun, time.process_time() - worked


def measured() -> dict[str, Any]:
    """Both ways, one after the other, at one and at many at a time."""
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder) / "s3"
        s3.start(box, BASE, lambda _: None)
        try:
            environment = s3.environment(box)
            with mock.patch.dict("os.environ", environment):
                clients = Clients({})
                servicer = Servicer(clients=lambda _values: clients)
                servicer._clients, servicer._cancelled = clients, threading.Event()
                plugin = by_plugin(servicer)
                requests = noted(clients.s3, plugin, "first-one")
                bare = by_hand(clients.s3, requests, "first-one")
                found: dict[str, Any] = {"requests": len(requests), "buckets": BUCKETS}
                for threads in (1, THREADS):
                    # Turn about, and the best of two: other work on the machine counts little.
                    runs = [
                        (timed(plugin, f"p{threads}x{run}", threads), timed(bare, f"b{threads}x{run}", threads))
                        for run in range(2)
                    ]
                    (wall, work), (wall_bare, work_bare) = (min(column) for column in zip(*runs, strict=True))
                    found[str(threads)] = {"plugin": wall, "bare": wall_bare, "work": work, "work_bare": work_bare}
                return found
        finally:
            s3.stop(box)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(), indent=1) + "\n")
