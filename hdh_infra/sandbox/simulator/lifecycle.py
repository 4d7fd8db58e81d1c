"""Start, stop and look at the simulated cloud of a box: one process, one port for each package.

A port a package, because the engine asks a port for one version and warns where it is not the SDK's. The
process outlives the command that starts it; what the cloud holds outlives the process. Ports are on loopback.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from hdh_infra import contracts
from hdh_infra.errors import CloudError
from hdh_infra.sandbox.s3.box import write_private
from hdh_infra.sandbox.s3.processes import Daemon
from hdh_infra.sandbox.simulator.added import played

DEFAULT_BASE_PORT: Final = 15400
PACKAGES: Final = ("azure-native", "ovh", "terraform-provider", "gcp", "scaleway")
"""What an engine attaches to, in the order of their ports: packages, and the plugin that becomes the bridged ones. A new one comes last."""
DATABASE: Final = "cloud.sqlite"
KEY: Final = "cloud.key"
READY: Final = "ready"
"""What the process writes on its output once every port answers."""
_BOX: Final = "box.json"
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 5.0
_BACKING: Final = ("HDH_IAM_ENDPOINT", "HDH_KEY_SERVICE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@final
@dataclass(frozen=True, slots=True)
class Running:
    """A simulated cloud that answers.

    Attributes:
        ports: of each package.
        pid: of the process.
        seconds: how long `start` took.
    """

    ports: dict[str, int]
    pid: int
    seconds: float


@final
@dataclass(frozen=True, slots=True)
class Status:
    """What is true of a box now.

    Attributes:
        running: whether the process runs and every port answers.
        ports: of each package; empty for a box that never was started.
        log: where the process's words are.
    """

    running: bool
    ports: dict[str, int]
    log: Path

    def __str__(self) -> str:
        """For people."""
        served = ", ".join(f"{package} on 127.0.0.1:{port}" for package, port in self.ports.items())
        return served if self.running else f"stopped; log: {self.log}"


def start(directory: Path, base_port: int, packages: Sequence[str], say: Callable[[str], None]) -> Running:
    """Serve the box in `directory` on one port a package from `base_port`; one that runs so is left alone.

    One that was started by another version of this package is started anew.

    Where the environment names the IAM of the sandbox's S3 server (`HDH_IAM_ENDPOINT` with administrator's
    keys), users of OVHcloud projects are made there too.

    Raises:
        CloudError: a package is not simulated, a port is taken, or the process does not answer within a minute.
    """
    began = time.monotonic()
    # What other packages have played comes after, so that no port of ours moves.
    known = (
        *PACKAGES,
        *sorted({name for one in played().values() for name in one.packages if not one.of_another_plugin(name)}),
    )
    strange = sorted(set(packages) - set(known))
    if strange:
        raise CloudError("simulator", f"{', '.join(strange)} is not simulated", f"Choose of {', '.join(known)}")
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    ports = {package: base_port + known.index(package) for package in packages}
    backing = {name: os.environ[name] for name in _BACKING if name in os.environ}
    wanted = {"ports": ports, "iam": backing.get("HDH_IAM_ENDPOINT"), "code": _code()}
    with _alone(directory):
        daemon = Daemon(directory, "simulator")
        if daemon.pid() is None or _box(directory) != wanted or not all(map(_answers, ports.values())):
            daemon.stop(grace=_STOP_SECONDS)
            _refuse_taken(ports)
            say(f"simulator: starting on 127.0.0.1:{base_port}")
            write_private(directory / _BOX, json.dumps(wanted))
            served = [f"{package}={port}" for package, port in ports.items()]
            command = [sys.executable, "-m", "hdh_infra.sandbox.simulator", "serve", str(directory), *served]
            daemon.start(command, {**_clean_environment(), **backing})
            _wait(daemon, ports)
        return Running(ports, daemon.pid() or 0, time.monotonic() - began)


def stop(directory: Path) -> None:
    """Stop the box's process; what the cloud holds stays. A box that does not run is well."""
    if directory.exists():
        with _alone(directory.resolve()):
            Daemon(directory.resolve(), "simulator").stop(grace=_STOP_SECONDS)


def status(directory: Path) -> Status:
    """How the box is."""
    directory = directory.resolve()
    daemon = Daemon(directory, "simulator")
    found = _box(directory)
    ports: dict[str, int] = found["ports"] if found else {}
    running = daemon.pid() is not None and bool(ports) and all(map(_answers, ports.values()))
    return Status(running, ports, daemon.log)


def environment(directory: Path) -> dict[str, str]:
    """The variables that attach an engine to the box.

    Raises:
        CloudError: the box was never started.
    """
    found = _box(directory.resolve())
    if found is None:
        raise CloudError("simulator", "it was never started", "Start it: hdh sandbox up")
    attached = ",".join(f"{package}:{port}" for package, port in found["ports"].items())
    return {"PULUMI_DEBUG_PROVIDERS": attached}


def _box(directory: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((directory / _BOX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _code() -> str:
    """A digest of what the process runs on, so that an old process does not serve new rules."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(contracts.__file__).parent):
        for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.yaml"), *folder.rglob("*.json")]):
            digest.update(file.name.encode() + file.read_bytes())
    for one in played().values():
        for file in one.files:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _clean_environment() -> dict[str, str]:
    """What Python needs, and nothing that could be a credential."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Only one command at a time starts or stops the box."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refuse_taken(ports: dict[str, int]) -> None:
    for package, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                remedy = "Stop what listens there, or choose other ports: HDH_SANDBOX_PORT"
                raise CloudError("simulator", f"port {port} for {package} is taken", remedy) from error


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(daemon: Daemon, ports: dict[str, int]) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if daemon.pid() is None:
            break
        if READY in daemon.log.read_text(encoding="utf-8", errors="replace").split() and all(
            map(_answers, ports.values())
        ):
            return
        time.sleep(0.05)
    words = daemon.last_words() or "it said nothing"
    daemon.stop(grace=_STOP_SECONDS)
    raise CloudError("simulator", f"it does not answer: {words}", f"Look at {daemon.log}, then start it again")
