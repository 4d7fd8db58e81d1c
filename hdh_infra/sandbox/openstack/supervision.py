"""Starts, watches and ends the processes of one box; it knows neither tenants nor databases.

The supervisor is a process of its own session, so that it outlives the command that started it.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.openstack import layout, packages, settings
from hdh_infra.sandbox.openstack.layout import Box

START_LIMIT: Final = 180.0
"""Seconds after which a box that is not ready is called failed: loaded machines take long."""
_STOP_LIMIT: Final = 15.0


@dataclass(frozen=True)
class ServiceStatus:
    """One service: does its port answer, its process, its address, and its share of memory in MiB."""

    name: str
    listening: bool
    pid: int | None
    url: str
    memory_mib: float


def taken_ports(base: int) -> list[int]:
    """Ports of a box that something else listens on."""
    taken = []
    for port in range(base, base + len(layout.SERVICES)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((layout.HOST, port))
            except OSError:
                taken.append(port)
    return taken


def launch(box: Box, code: Path, environment: Path, services: Sequence[str]) -> None:
    """Start the supervisor in the background; it starts the services."""
    for name in ("services.json", "supervisor.json"):
        (box.run / name).unlink(missing_ok=True)
    words = [f"{name}:{box.port(name)}" for name in services]
    with (box.log / "supervisor.out").open("a") as log:
        process = subprocess.Popen(  # noqa: S603 - the environment's own interpreter
            [str(packages.python(environment)), "-m", f"{settings.CODE}.supervisor", str(box.directory), *words],
            env=settings.environment_variables(box, code, environment),
            cwd=box.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    import psutil

    record = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
    layout.write_private(box.run / "supervisor.json", json.dumps(record))
    process.returncode = 0  # it is to outlive us: Popen must not remark on it at our end


def supervisor(directory: Path) -> Any | None:
    """The running supervisor of a directory, as a `psutil.Process`; None where there is none."""
    import psutil

    try:
        record = json.loads((directory / "run" / "supervisor.json").read_text())
        found = psutil.Process(record["pid"])
        same = abs(found.create_time() - record["created"]) < 1 and found.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return found if same else None


def wait_until_ready(box: Box, services: Sequence[str]) -> None:
    """Wait until every service listens and has started all its parts. Raises `CloudError` with the log to read."""
    deadline = time.monotonic() + START_LIMIT
    while True:
        states = _states(box.directory)
        ready = [name for name in services if states.get(name, {}).get("state") == "ready"]
        if len(ready) == len(services):
            return
        broken = [name for name in services if states.get(name, {}).get("state") in {"failed", "ended"}]
        if broken:
            raise _failed(box, broken[0])
        if supervisor(box.directory) is None:
            raise _failed(box, "supervisor")
        if time.monotonic() > deadline:
            missing = ", ".join(name for name in services if name not in ready)
            raise CloudError(
                "sandbox/openstack", f"not ready after {START_LIMIT:.0f} s: {missing}", f"See the logs in {box.log}"
            )
        time.sleep(0.05)


def stop(directory: Path) -> None:
    """End the supervisor and all that it started; nothing happens where nothing runs."""
    import psutil

    running = supervisor(directory)
    if running is not None:
        try:
            family = [running, *running.children(recursive=True)]
            running.terminate()
        except psutil.NoSuchProcess:
            family = []
        _, left = psutil.wait_procs(family, timeout=_STOP_LIMIT)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=_STOP_LIMIT)
    for name in ("services.json", "supervisor.json"):
        (directory / "run" / name).unlink(missing_ok=True)


def services(box: Box) -> tuple[ServiceStatus, ...]:
    """How every service of a box is."""
    alive = supervisor(box.directory) is not None
    states = _states(box.directory) if alive else {}
    found = []
    for name in layout.SERVICES:
        known = states.get(name, {})
        pid = int(known["pid"]) if known.get("state") in {"ready", "starting"} else None
        listening = pid is not None and _listens(box.port(name))
        found.append(ServiceStatus(name, listening, pid, box.url(name), _memory(pid) if pid else 0.0))
    return tuple(found)


def _states(directory: Path) -> dict[str, dict[str, Any]]:
    try:
        states: dict[str, dict[str, Any]] = json.loads((directory / "run" / "services.json").read_text())
    except FileNotFoundError:
        return {}
    return states


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((layout.HOST, port), timeout=1):
            return True
    except OSError:
        return False


def _memory(pid: int) -> float:
    """Proportional: what is shared with other services counts in parts."""
    import psutil

    try:
        return float(psutil.Process(pid).memory_full_info().pss) / 2**20
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0


def _failed(box: Box, name: str) -> CloudError:
    log = box.log / f"{name}.out"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), "it ended without a word")
    return CloudError("sandbox/openstack", f"{name} did not start: {last[:300]}", f"See the logs in {box.log}")
