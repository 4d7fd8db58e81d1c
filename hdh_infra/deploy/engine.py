"""The engine by its Automation API: a stack opened, its state moved, its events watched, its errors told in words.

The program is inline and shares project, stack and state with plain `pulumi up` in `stacks/platform`. What is
allowed is decided elsewhere (`operations`, `guards`, `world`); nothing here knows a cloud.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from pulumi import automation
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from hdh_infra.clouds import of
from hdh_infra.deploy import room, sidecars
from hdh_infra.deploy.request import Observer, Request
from hdh_infra.deploy.world import PROJECT, check_backend, sandbox_of
from hdh_infra.errors import EngineError, HdhError
from hdh_infra.sandbox.paths import cache_dir

if TYPE_CHECKING:
    from hdh_infra.deploy.watching import Watch

PASSPHRASE: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
WIND_DOWN_SECONDS: Final = 5.0
_LOCK_OWNER = re.compile(r"created by [^@\s]+@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_ENDED = re.compile(r"^\s*code: -(?P<signal>\d+)\b", re.MULTILINE)
_FULL = re.compile(r"no space left on device|disk quota exceeded|QuotaExceeded|EntityTooLarge", re.IGNORECASE)
_ENVIRONMENT = threading.Condition()
_USERS: Final[dict[str, Any]] = {"count": 0, "variables": None, "before": None}
"""Who uses the environment of this process: operations with the same variables at once, others after them."""


@final
class Engine:
    """One stack, opened for one request."""

    def __init__(self, request: Request, stack: automation.Stack, observer: Observer, backend: str) -> None:
        """Use `opened`, which also sees to environment and errors."""
        self._request = request
        self._stack = stack
        self._observer = observer
        self._backend = backend
        self.remarks: list[str] = []

    def export(self) -> dict[str, Any]:
        """The state; secrets in it stay encrypted."""
        found: dict[str, Any] = json.loads(self._command("stack", "export").stdout)
        return found

    def replace_state(self, deployment: dict[str, Any]) -> None:
        """Put a state in place of the one there is."""
        with tempfile.NamedTemporaryFile(
            "w", suffix=".json", dir=self._stack.workspace.work_dir, encoding="utf-8"
        ) as file:
            json.dump(deployment, file)
            file.flush()
            self._command("stack", "import", "--file", file.name)

    def check_room(self) -> None:
        """Refuse to change a state that has no room. Raises `EngineError`; nothing was changed."""
        room.check(self._backend, _name(self._request))

    def read_again(self, urns: list[str]) -> None:
        """Bring some resources of the state up to what the cloud says of them."""
        self._unlocked(lambda: self._stack.refresh(target=urns, color="never", show_secrets=False))

    def run(self, operation: Callable[[automation.Stack], Any], watch: Watch) -> None:
        """Run one operation. Raises `EngineError` with one line a failed resource; state is kept."""
        with room.watched(self._backend) as watched:
            try:
                self._unlocked(lambda: operation(self._stack))
            except CommandError as error:
                self._explain(error, watch, stopped=watched.stopped)

    def _explain(self, error: CommandError, watch: Watch, *, stopped: bool) -> NoReturn:
        if stopped:
            raise EngineError(
                _name(self._request),
                "no space is left where the state is kept; it was stopped in good order, and what was made is in the state",
                "Make room there and run it again: what was begun is looked for in the cloud",
            ) from None
        raise watch.error(_name(self._request), error, of(self._request.target)) from None

    def _command(self, *arguments: str) -> automation.CommandResult:
        workspace = self._stack.workspace
        words = [*arguments, "--stack", self._stack.name]
        result: automation.CommandResult = self._unlocked(
            lambda: workspace.pulumi_command.run(list(words), workspace.work_dir, workspace.env_vars or {})
        )
        return result

    def _unlocked(self, action: Callable[[], Any]) -> Any:
        """Do it; a lock whose process is gone is taken away once, any other is told about."""
        try:
            return action()
        except ConcurrentUpdateError as error:
            owners = list(_LOCK_OWNER.finditer(str(error)))
            if not owners or not all(
                found["host"] == socket.gethostname() and _is_dead(int(found["pid"])) for found in owners
            ):
                who = ", ".join(f"process {found['pid']} on {found['host']}" for found in owners) or "another update"
                raise EngineError(
                    _name(self._request),
                    f"the stack is locked by {who}",
                    f"Wait for it to end; if it no longer runs: pulumi cancel --stack {self._request.stack}; state is kept",
                ) from None
        self.remarks.append(
            "an interrupted operation had left the stack locked; its process is gone and the lock was taken away"
        )
        self._observer.say(self.remarks[-1])
        self._stack.cancel()
        return action()


@contextlib.contextmanager
def opened(
    request: Request, observer: Observer, program: Callable[[], None] | None = None, *, create: bool
) -> Iterator[Engine | None]:
    """A request's stack; None where it does not exist and is not to be created.

    While it is open the environment of this process is the request's: the inline program and the engine's
    own process see the same variables and no credential of the caller's shell.

    Raises:
        EngineError: no engine, no backend, no passphrase, or the engine refuses.
        RefusedError: the backend belongs to another world.
    """
    inline = _Program(program)
    with _ready(request) as workspace:
        try:
            observer.say(f"opening stack {request.stack}")
            workspace.program = inline
            if create:
                room.check(backend_of(request), _name(request))
            stack = _stack(request, workspace, create=create)
            yield None if stack is None else Engine(request, stack, observer, backend_of(request))
        finally:
            inline.wind_down()


def stacks(request: Request) -> Mapping[str, int]:
    """Every stack of the project that the request's backend holds, and how many resources it has. Raises as `opened` does."""
    with _ready(request) as workspace:
        found = json.loads(_ask(workspace, "stack", "ls", "--json").stdout or "[]")
        return {str(one["name"]).rsplit("/", 1)[-1]: int(one.get("resourceCount") or 0) for one in found}


def export_of(request: Request) -> dict[str, Any]:
    """The state of a stack that is there, read without opening it; secrets in it stay encrypted. Raises as `opened` does."""
    with _ready(request) as workspace:
        found: dict[str, Any] = json.loads(_ask(workspace, "stack", "export", "--stack", request.stack).stdout)
        return found


def remove(request: Request) -> None:
    """Take a stack away that holds no native resource any more. Raises as `opened` does."""
    with _ready(request) as workspace:
        _ask(workspace, "stack", "rm", "--yes", "--force", "--preserve-config", "--stack", request.stack)


def _ask(workspace: automation.LocalWorkspace, *words: str) -> automation.CommandResult:
    result: automation.CommandResult = workspace.pulumi_command.run(
        list(words), workspace.work_dir, workspace.env_vars or {}
    )
    return result


@contextlib.contextmanager
def _ready(request: Request) -> Iterator[automation.LocalWorkspace]:
    """A workspace of the engine in the request's environment, with the errors of both told in our words."""
    backend = backend_of(request)
    check_backend(request.environment, backend)
    provider = secrets_of(request)
    work_dir = _work_dir(request)
    sidecars.mend(backend)
    variables = {
        **request.environment,
        "PULUMI_BACKEND_URL": sidecars.without(backend),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": os.pathsep.join([str(request.engine_command.parent), request.environment.get("PATH", os.defpath)]),
    }
    with _environment(variables):
        try:
            command = automation.PulumiCommand(skip_version_check=True)
            command.command = str(request.engine_command)
            yield automation.LocalWorkspace(
                work_dir=str(work_dir),
                secrets_provider=provider,
                project_settings=automation.ProjectSettings(name=PROJECT, runtime="python", main=str(work_dir)),
                pulumi_command=command,
            )
        except CommandError as error:
            raise explained(_name(request), error) from None
        except FileNotFoundError as error:
            if error.filename not in {"pulumi", str(request.engine_command)}:
                raise
            raise EngineError(
                str(request.engine_command),
                "there is no engine",
                "Install Pulumi, or run `hdh sandbox up`, which brings one",
            ) from None


def backend_of(request: Request) -> str:
    """Where the state is kept: in a sandbox its own place, else the spec's word, else the environment's.

    Raises:
        EngineError: nobody said; none is ever chosen silently.
    """
    said = request.environment.get("PULUMI_BACKEND_URL")
    settings = request.platform.settings(request.target).state
    if settings is not None and sandbox_of(request.environment) is None:
        return settings.backend
    if said:
        return said
    raise EngineError(
        _name(request),
        "nobody said where the state is kept, and the engine's own default is a foreign service that would hold the topology and the secrets",
        f'Write it into the spec, targets: {{"{request.target}": {{state: {{backend: "s3://BUCKET?region=REGION"}}}}}}, '
        "or set PULUMI_BACKEND_URL (file:///FOLDER for a first try)",
    )


def secrets_of(request: Request) -> str:
    """The secrets provider of the stack. Raises `EngineError` where a passphrase is wanted and none is there."""
    settings = request.platform.settings(request.target).state
    provider = settings.secrets if settings is not None and sandbox_of(request.environment) is None else "passphrase"
    if provider == "passphrase" and not any(name in request.environment for name in PASSPHRASE):
        raise EngineError(
            _name(request),
            "secrets of the state are encrypted with a passphrase, and none is set",
            f"Set {PASSPHRASE[1]} to a file that only you can read, or name a key service: targets: "
            f'{{"{request.target}": {{state: {{secrets: "awskms://KEY"}}}}}}',
        )
    return provider


def explained(where: str, error: CommandError) -> HdhError:
    """An error of the engine's own, without the noise around it."""
    text = str(error)
    ended = _ENDED.search(text)
    if ended is not None:
        return EngineError(
            where,
            f"the engine was ended from outside (signal {ended['signal']}) before it was done",
            "State is kept; run it again: what was begun is looked for in the cloud",
        )
    if _FULL.search(text):
        return EngineError(
            where,
            "the state could not be written: no space is left where it is kept",
            "Make room there and run it again: what was begun is looked for in the cloud",
        )
    stderr = text.split("stderr:", 1)[-1]
    lines = [line.strip() for line in stderr.splitlines() if line.strip().startswith("error:")] or [stderr.strip()]
    what = "; ".join(line.removeprefix("error:").strip() for line in dict.fromkeys(lines)) or text.strip()
    remedy = "State is kept; mend this and run it again"
    if "incorrect passphrase" in text:
        remedy = "Set the passphrase that the stack was made with (PULUMI_CONFIG_PASSPHRASE_FILE); state is kept"
    return EngineError(where, what.rstrip("."), remedy)


@final
class _Stack(automation.Stack):
    """A stack that is not asked, after each operation, for what nobody reads: its outputs, secrets in clear among them, and its history."""

    def outputs(self) -> automation.OutputMap:
        """Nothing."""
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002 - as it is called
        """Nothing: what was done is told by the events."""
        return automation.UpdateSummary("", datetime.datetime.fromtimestamp(0, datetime.UTC), "", {}, {}, "")


def _stack(request: Request, workspace: automation.LocalWorkspace, *, create: bool) -> automation.Stack | None:
    try:
        return _Stack(request.stack, workspace, StackInitMode.SELECT)
    except StackNotFoundError:
        return _Stack(request.stack, workspace, StackInitMode.CREATE) if create else None


@final
class _Program:
    """The inline program, and the end of its event loop where the engine went away before it."""

    def __init__(self, body: Callable[[], None] | None) -> None:
        self._body = body
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._body is not None:
            self._body()

    def wind_down(self) -> None:
        """End what still waits: the Automation API leaves the loop open when the engine stops in the middle."""
        loop, deadline = self._loop, time.monotonic() + WIND_DOWN_SECONDS
        if loop is None:
            return
        while loop.is_running() and time.monotonic() < deadline:
            time.sleep(0.01)
        if loop.is_running() or loop.is_closed():
            return
        # What is cut off here fails once more, and the Automation API would stop the loop for it.
        loop.set_exception_handler(lambda *_: None)
        waiting = asyncio.all_tasks(loop)
        for task in waiting:
            task.cancel()
        while any(not task.done() for task in waiting) and time.monotonic() < deadline:
            # A word to stop that came after its end is still to be heard, once.
            with contextlib.suppress(RuntimeError):
                loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()


def work_dir_of(request: Request) -> Path:
    """The folder of the engine's working files: the request's own, or one of its backend's in the user's cache."""
    if request.work_dir is not None:
        return request.work_dir
    return cache_dir() / "stacks" / hashlib.sha256(backend_of(request).encode()).hexdigest()[:12]


def _work_dir(request: Request) -> Path:
    work_dir = work_dir_of(request)
    work_dir.mkdir(parents=True, exist_ok=True)
    if request.settings is not None:
        shutil.copyfile(request.settings, work_dir / f"Pulumi.{request.stack}.yaml")
    return work_dir


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Exactly these variables: the Automation API starts the engine with this process's own environment.

    Operations that want the same run side by side, as the parts of one platform do; one that wants another waits.
    """
    with _ENVIRONMENT:
        _ENVIRONMENT.wait_for(lambda: _USERS["variables"] in (None, variables))
        if not _USERS["count"]:
            _USERS["variables"], _USERS["before"] = variables, dict(os.environ)
            os.environ.clear()
            os.environ.update(variables)
        _USERS["count"] += 1
    try:
        yield
    finally:
        with _ENVIRONMENT:
            _USERS["count"] -= 1
            if not _USERS["count"]:
                os.environ.clear()
                os.environ.update(_USERS["before"])
                _USERS["variables"] = _USERS["before"] = None
                _ENVIRONMENT.notify_all()


def _name(request: Request) -> str:
    return f"{request.target} (stack {request.stack})"


def _is_dead(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
