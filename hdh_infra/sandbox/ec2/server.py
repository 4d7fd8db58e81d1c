"""Start, stop and look at the EC2-compatible server of a box.

One that runs with the same places on the same port is left alone, since stopping it loses what it holds.
It listens on loopback, in plain http, which the plugin takes there only.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.s3.box import PRIVATE_FOLDER, write_private
from hdh_infra.sandbox.s3.processes import Daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_NAME: Final = "sandbox EC2 server"
_READY_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_ANSWER_SECONDS: Final = 10
_STOP_SECONDS: Final = 2.0
_HEALTHY: Final = 200


@dataclass(frozen=True, slots=True)
class Image:
    """A system image that the server knows.

    Attributes:
        name: as a plan looks it up.
        owner: the account or the alias that the plan names with it; empty for any.
    """

    name: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One region with its zones and images.

    Attributes:
        region: its name, in the offer's own words.
        zones: names of its zones; empty for `REGIONa` and `REGIONb`.
        images: what machines start from there.
        types: the types of machines; empty for any.
    """

    region: str
    zones: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers.

    Attributes:
        endpoint: its URL.
        pid: of its process.
        seconds: how long `start` took.
    """

    endpoint: str
    pid: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """What is true of a box now.

    Attributes:
        running: whether it answers.
        endpoint: its URL; None for a box that never was started.
        log: where the server's own words are.
    """

    running: bool
    endpoint: str | None
    log: Path

    def __str__(self) -> str:
        """One line for a person."""
        return f"EC2 at {self.endpoint}, in memory only" if self.running else "stopped; what it held is gone"


def start(directory: Path, places: Iterable[Place], base_port: int, say: Callable[[str], None]) -> Running:
    """Start the server of the box in `directory`; one that serves these places already is left alone.

    Raises:
        CloudError: the port is taken, moto is missing, or it does not answer within a minute.
    """
    began = time.monotonic()
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    wanted = {"port": base_port, "places": [asdict(place) for place in sorted(places, key=lambda one: one.region)]}
    with _alone(directory):
        daemon = Daemon(directory, "server")
        if daemon.pid() is None or _kept(directory) != json.loads(json.dumps(wanted)) or not _answers(base_port):
            if daemon.pid() is not None:
                say("EC2 server: starting again, and what it held is gone")
            daemon.stop(grace=_STOP_SECONDS)
            _refuse_taken(base_port)
            say(f"EC2 server: starting on 127.0.0.1:{base_port}")
            world = directory / "world.json"
            write_private(world, json.dumps(wanted))
            daemon.start([sys.executable, "-m", "hdh_infra.sandbox.ec2.serve", str(world)], _environment(directory))
            _wait(daemon, base_port)
        return Running(_endpoint(base_port), daemon.pid() or 0, time.monotonic() - began)


def stop(directory: Path) -> None:
    """Stop it, and with it all that it holds. A box that does not run is well."""
    directory = directory.resolve()
    if directory.exists():
        with _alone(directory):
            Daemon(directory, "server").stop(grace=_STOP_SECONDS)


def status(directory: Path) -> Status:
    """How the box is now."""
    directory = directory.resolve()
    kept, daemon = _kept(directory), Daemon(directory, "server")
    if kept is None:
        return Status(running=False, endpoint=None, log=daemon.log)
    running = daemon.pid() is not None and _answers(kept["port"])
    return Status(running, _endpoint(kept["port"]), daemon.log)


def environment(directory: Path) -> dict[str, str]:
    """The variables that send networks and machines to this box; users stay where `HDH_IAM_ENDPOINT` says.

    Raises:
        CloudError: the box was never started.
    """
    kept = _kept(directory.resolve())
    if kept is None:
        raise CloudError(_NAME, "was never started", "Run `hdh sandbox up`")
    endpoint = _endpoint(kept["port"])
    return {"HDH_EC2_ENDPOINT": endpoint, "AWS_ENDPOINT_URL_EC2": endpoint}


def _endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _kept(directory: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((directory / "world.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _environment(directory: Path) -> Mapping[str, str]:
    """What the process needs to start; nothing of the user's credentials, and no proxy."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "LC_")) or name == "LANG"}
    return {**kept, "PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory)}


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{_endpoint(port)}/moto-api/data.json", timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == _HEALTHY)
    except (urllib.error.URLError, OSError):
        return False


def _wait(daemon: Daemon, port: int) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not _answers(port):
        if daemon.pid() is None:
            raise CloudError(_NAME, f"ended at once: {daemon.last_words()}", "Install hdh-infra[sandbox]")
        if time.monotonic() > end:
            raise CloudError(_NAME, f"does not answer on port {port}: see {daemon.log}", "Start it again")
        time.sleep(_LOOK_SECONDS)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CloudError(
                _NAME, f"port {port} is taken by another program", "Stop that, or choose another base port"
            ) from error


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One start or stop of a box at a time, over all processes."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
