"""Start, stop and look at the S3 server of a box.

`start` returns only once an object was put and read: SeaweedFS lists buckets some seconds before it can
read objects. Data, users and keys survive `stop` and a crash. HTTPS is deliberately not served: every
port is on loopback, and the plugin takes plain http there only.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.s3.box import DEPLOYER, Box, Ports, write_private
from hdh_infra.sandbox.s3.probe import answers, wait_until_ready
from hdh_infra.sandbox.s3.processes import Daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION: Final = "us-east-1"
"""The region of the deployer's environment; SeaweedFS takes any."""
_READY_SECONDS: Final = 60.0
_PORT_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.1
# SeaweedFS takes a quarter of a minute to end on its own; what is answered is on the disk by then.
_STOP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers.

    Attributes:
        endpoint: URL of S3, and of IAM.
        keys_endpoint: URL of the key service.
        pids: of the S3 server and of the key service.
        seconds: how long `start` took.
    """

    endpoint: str
    keys_endpoint: str
    pids: tuple[int, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """What is true of a box now.

    Attributes:
        started: whether both processes run.
        ready: whether an object can be put and read.
        endpoint: URL of S3; None for a box that never was started.
        log: where the server's own words are.
    """

    started: bool
    ready: bool
    endpoint: str | None
    log: Path

    @property
    def running(self) -> bool:
        """Whether it serves; a process that does not answer does not count."""
        return self.ready

    def __str__(self) -> str:
        """One line for a person."""
        if self.ready:
            return f"S3 and IAM at {self.endpoint}"
        return f"started, but does not answer yet: see {self.log}" if self.started else "stopped"


def start(directory: Path, base_port: int, say: Callable[[str], None]) -> Running:
    """Start the server of the box in `directory` on nine ports from `base_port`; one that runs is left alone.

    Raises:
        CloudError: a port is taken, the server's program is missing, or it does not answer within a minute.
    """
    began = time.monotonic()
    box, ports = Box(directory.resolve()), Ports(base_port)
    box.make()
    with _alone(box):
        server, keys = _daemons(box)
        moved = box.ports() not in (None, ports)
        if moved or server.pid() is None or keys.pid() is None or not answers(_endpoint(ports), box.secrets()):
            _stop(box)
            _refuse_taken_ports(ports)
            say(f"S3 server: starting on 127.0.0.1:{ports.s3}")
            box.keep_ports(ports)
            module = "hdh_infra.sandbox.s3.keyservice"
            keys.start([sys.executable, "-m", module, str(box.directory), str(ports.keys)], _clean_environment(box))
            _write_configuration(box, ports)
            server.start(_command(box, ports), _server_environment(box))
            wait_until_ready(_endpoint(ports), box.secrets(), (server, keys), _READY_SECONDS, say)
        pids = (server.pid() or 0, keys.pid() or 0)
    return Running(_endpoint(ports), f"http://127.0.0.1:{ports.keys}", pids, time.monotonic() - began)


def stop(directory: Path) -> None:
    """Stop the box's processes; its data stays. A box that does not run is well."""
    box = Box(directory.resolve())
    if box.directory.exists():
        with _alone(box):
            _stop(box)


def status(directory: Path) -> Status:
    """How the box is now; asks the server, and changes nothing that stays."""
    box = Box(directory.resolve())
    ports = box.ports()
    server, keys = _daemons(box)
    started = server.pid() is not None and keys.pid() is not None
    endpoint = None if ports is None else _endpoint(ports)
    ready = started and endpoint is not None and answers(endpoint, box.secrets())
    return Status(started, ready, endpoint, server.log)


def environment(directory: Path) -> dict[str, str]:
    """The variables that send a plan to this box as its deployer; they hold the deployer's secret.

    Raises:
        CloudError: the box was never started.
    """
    box = Box(directory.resolve())
    ports = box.ports()
    if ports is None:
        raise CloudError("sandbox S3 server", "was never started", "Run `hdh sandbox up`")
    endpoint, secrets = _endpoint(ports), box.secrets()
    return {
        "HDH_S3_ENDPOINT": endpoint,
        "HDH_IAM_ENDPOINT": endpoint,
        "HDH_KEY_SERVICE": str(box.directory),
        # It takes a request for access logs for one to make the bucket, and answers that it is there.
        "HDH_S3_WITHOUT": "logging",
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ENDPOINT_URL_IAM": endpoint,
        "AWS_ACCESS_KEY_ID": secrets.access_key,
        "AWS_SECRET_ACCESS_KEY": secrets.secret_key,
        "AWS_REGION": REGION,
    }


def _endpoint(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.s3}"


def _daemons(box: Box) -> tuple[Daemon, Daemon]:
    """The S3 server and the key service."""
    return Daemon(box.directory, "server"), Daemon(box.directory, "keyservice")


@contextmanager
def _alone(box: Box) -> Iterator[None]:
    """One start or stop of a box at a time, over all processes."""
    with (box.directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stop(box: Box) -> None:
    server, keys = _daemons(box)
    server.stop(grace=_STOP_SECONDS)
    keys.stop(grace=_STOP_SECONDS)
    ports = box.ports()
    if ports is not None:
        for service in ("master", "volume", "filer", "s3"):
            # SeaweedFS leaves its sockets behind when it is ended, in the one folder that it knows.
            Path(f"/tmp/seaweedfs-{service}-grpc-{ports.grpc(service)}.sock").unlink(missing_ok=True)  # noqa: S108


def _refuse_taken_ports(ports: Ports) -> None:
    """Raise `CloudError` for the first port that stays taken; a killed server holds its ports a moment longer."""
    end = time.monotonic() + _PORT_SECONDS
    for port in ports.all():
        while _is_taken(port):
            if time.monotonic() > end:
                raise CloudError(
                    "sandbox S3 server",
                    f"port {port} is taken by another program",
                    "Stop that, or choose another base port",
                )
            time.sleep(_LOOK_SECONDS)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _write_configuration(box: Box, ports: Ports) -> None:
    """The one identity that deploys, and the key service; every other identity is made over IAM."""
    secrets = box.secrets()
    configuration: dict[str, Any] = {
        "identities": [
            {
                "name": DEPLOYER,
                "credentials": [{"accessKey": secrets.access_key, "secretKey": secrets.secret_key}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ],
        "kms": {
            "default_provider": "keys",
            "providers": {
                "keys": {
                    "type": "openbao",
                    "address": f"http://127.0.0.1:{ports.keys}",
                    "token": secrets.key_token,
                    "transit_path": "transit",
                    # Without this a deleted key would still open objects from memory.
                    "cache_enabled": False,
                }
            },
        },
    }
    write_private(box.server_configuration, json.dumps(configuration))


def _clean_environment(box: Box) -> dict[str, str]:
    """What a process needs to start; nothing of the user's credentials, and no proxy."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "LC_")) or name == "LANG"}
    return {**kept, "PATH": os.environ.get("PATH", os.defpath), "HOME": str(box.directory)}


def _server_environment(box: Box) -> dict[str, str]:
    """The clean environment and what SeaweedFS takes from there only."""
    secrets = box.secrets()
    return {
        **_clean_environment(box),
        # Without a key of its own SeaweedFS answers 500 to every AES256 put.
        "WEED_S3_SSE_KEK": secrets.objects_key,
        "WEED_JWT_SIGNING_KEY": secrets.signing_key,
        "WEED_JWT_FILER_SIGNING_KEY": secrets.signing_key,
        # One volume a bucket instead of seven: a platform has many small buckets here.
        "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
    }


def _command(box: Box, ports: Ports) -> list[str]:
    """SeaweedFS as one process, all of it on loopback and telling nobody."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if program is None:
        raise CloudError("sandbox S3 server", "the program `weed` is not there", "Install hdh-infra[sandbox]")
    options: dict[str, Any] = {
        "dir": box.data,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        # A restart would else wait up to 20 seconds for an election among one.
        "master.electionTimeout": "1s",
        "master.port": ports.master,
        "master.port.grpc": ports.grpc("master"),
        "volume.port": ports.volume,
        "volume.port.grpc": ports.grpc("volume"),
        "volume.max": 4000,
        "volume.preStopSeconds": 0,
        "filer": "true",
        "filer.port": ports.filer,
        "filer.port.grpc": ports.grpc("filer"),
        # The filer asks for no key: its HTTP side would show all buckets to every user of the machine.
        "filer.disableHttp": "true",
        "filer.localSocket": box.directory / "filer.sock",
        "s3": "true",
        "s3.port": ports.s3,
        "s3.port.grpc": ports.grpc("s3"),
        "s3.localSocket": box.directory / "s3.sock",
        "s3.config": box.server_configuration,
        "s3.iam.readOnly": "false",
        "s3.allowDeleteBucketNotEmpty": "false",
        "s3.autoCreateBucket": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
    }
    return [program, "-logtostderr=true", "server", *(f"-{name}={value}" for name, value in options.items())]
