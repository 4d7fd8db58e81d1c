"""Runs one box: forks its services, says when they are ready, and ends them all together.

`python -m hdh_openstack_box.supervisor DIRECTORY NAME:PORT ...`. It restarts nothing: a service that ended stays
ended and is told in `run/services.json`, so that a fault is seen and not hidden.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import services

_SHARED = [
    "sqlalchemy.orm",
    "alembic",
    "oslo_config.cfg",
    "oslo_db.sqlalchemy.enginefacade",
    "oslo_messaging",
    "oslo_policy.policy",
    "oslo_middleware",
    "oslo_log.log",
    "oslo_serialization.jsonutils",
    "oslo_context.context",
    "keystonemiddleware.auth_token",
    "keystoneauth1.session",
    "webob",
    "routes",
    "paste.deploy",
    "paste.urlmap",
    "stevedore",
    "requests",
    "cryptography.fernet",
    "jsonschema",
    "oslo_versionedobjects.base",
    "oslo_cache",
    "pecan",
    "waitress",
    "dogpile.cache",
    "oslo_concurrency.lockutils",
    "oslo_reports.guru_meditation_report",
    "osprofiler.web",
    "castellan",
    "oslo_limit",
    "cursive",
    "jsonpatch",
    "netaddr",
    "pyparsing",
]
"""Imported once and shared by all children, unchanged, as one copy in memory."""
_BEFORE_SHARED = ("barbican",)
"""It replaces the global configuration object, which the shared packages would have taken hold of."""
_KILL_WITH_PARENT = 1
"""PR_SET_PDEATHSIG."""
_GRACE = 3.0
"""Seconds that services get to end by themselves."""


class Supervisor:
    """The parent of one box's services."""

    def __init__(self, directory: Path, ports: dict[str, int]) -> None:
        """Ports by service; the services are started in this order."""
        self._directory, self._ports = directory, ports
        self._states: dict[str, dict[str, object]] = {}
        self._read, self._write = os.pipe()

    def run(self) -> None:
        """Start all, then wait until told to end or until every service has ended."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        early = [name for name in self._ports if name in _BEFORE_SHARED]
        for name in early:
            self._fork(name)
        _import_shared()
        for name in self._ports:
            if name not in early:
                self._fork(name)
        os.close(self._write)
        with os.fdopen(self._read) as reports:  # ends when no child holds the other side any more
            for report in reports:
                name, state = report.split()
                self._note(name, state)
        while True:
            try:
                pid, _status = os.wait()
            except ChildProcessError:
                return
            self._note_ended(pid)

    def _fork(self, name: str) -> None:
        pid = os.fork()
        if pid == 0:
            self._child(name)
        self._states[name] = {"pid": pid, "state": "starting"}
        self._publish()

    def _child(self, name: str) -> NoReturn:
        try:
            ctypes.CDLL(None).prctl(_KILL_WITH_PARENT, signal.SIGKILL)  # never outlive the supervisor
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            output = os.open(self._directory / "log" / f"{name}.out", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            os.dup2(output, 1)
            os.dup2(output, 2)
            from . import messages, sqlite

            sqlite.install()
            messages.install()
            services.STARTERS[name](self._ports[name])
            os.write(self._write, f"{name} ready\n".encode())
            os.close(self._write)
            while True:
                signal.pause()
        except BaseException:  # noqa: BLE001 - whatever it is, it belongs in the log and the process ends here
            traceback.print_exc()
            os.write(self._write, f"{name} failed\n".encode())
        finally:
            os._exit(1)

    def _note(self, name: str, state: str) -> None:
        self._states[name]["state"] = state
        self._publish()

    def _note_ended(self, pid: int) -> None:
        for name, known in self._states.items():
            if known["pid"] == pid and known["state"] != "failed":
                self._note(name, "ended")

    def _publish(self) -> None:
        target = self._directory / "run" / "services.json"
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps(self._states))
        fresh.replace(target)

    def _end(self, _signal: int, _frame: FrameType | None) -> NoReturn:
        pids = [int(str(known["pid"])) for known in self._states.values()]
        for chosen in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, chosen)
            deadline = time.monotonic() + _GRACE
            while pids and time.monotonic() < deadline:
                pids = [pid for pid in pids if not _reaped(pid)]
                time.sleep(0.02)
        os._exit(0)


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _import_shared() -> None:
    sys.meta_path.insert(0, services.WithoutEventlet())
    from oslo_service import backend

    backend.init_backend(backend.BackendType.THREADING)
    for name in _SHARED:
        importlib.import_module(name)
    from stevedore import _cache

    _cache._c._get_data_for_path(None)  # noqa: SLF001 - one scan of the entry points for all children
    gc.collect()
    gc.freeze()  # the collector would otherwise write to, and so unshare, the children's memory


def main() -> None:
    """Run the box that the command line names."""
    ports = {name: int(port) for name, _, port in (word.partition(":") for word in sys.argv[2:])}
    Supervisor(Path(sys.argv[1]), ports).run()


if __name__ == "__main__":
    main()
