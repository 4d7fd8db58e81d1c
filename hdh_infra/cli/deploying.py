"""Commands that drive the engine: preview, up, refresh, destroy, observe."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, final, get_type_hints

import typer

from hdh_infra.cli.options import LockFile, On, OneFormat, Spec, Today, day
from hdh_infra.cli.output import Exit, Format, Waiting, console, remarks, write_json

if TYPE_CHECKING:
    from hdh_infra.deploy.operations import Request, Result

Stack = Annotated[
    str, typer.Option("--stack", metavar="NAME", help="Name of the stack; without it the target's.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Sandbox = Annotated[
    bool, typer.Option("--sandbox", help="Send it to the clouds of this machine, started where they do not run.")
]
SavePlan = Annotated[
    Path | None,
    typer.Option("--save-plan", metavar="FILE", help="Write what would be done, for `up --plan`.", show_default=False),
]
SavedPlan = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="Do what this file of `preview --save-plan` says, and nothing else.",
        show_default=False,
    ),
]
Parallel = Annotated[
    int | None,
    typer.Option(
        "--parallel",
        metavar="N",
        min=1,
        help="Stacks at once, of a platform in parts; without it what processors and memory carry.",
        show_default=False,
    ),
]
UpdateLock = Annotated[bool, typer.Option("--update-lock", help="Bring the lock up to date first.")]
DeleteData = Annotated[
    bool,
    typer.Option(
        "--delete-data",
        help="The explicit word: stores, keys and disks go too. Without it nothing at all is changed.",
    ),
]


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    for command in (preview, up, refresh, destroy, observe):
        app.command()(command)


@final
@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every command that changes a stack, or says what it would change, is told."""

    spec: Spec
    on: On = field(default_factory=list)
    stack: Stack = ""
    output: OneFormat = Format.text
    today: Today = ""
    lock_file: LockFile = None
    sandbox: Sandbox = False
    parallel: Parallel = None

    def requests(self, *, checked: bool, update_lock: bool = False) -> list[Request]:
        """One request a target; `checked` where the plan and the lock have to be such that it may be deployed."""
        from hdh_infra.cli.requests import requests

        return requests(
            self.spec,
            self.on,
            stack=self.stack,
            lock_file=self.lock_file,
            now=day(self.today),
            sandbox=self.sandbox,
            update_lock=update_lock,
            checked=checked,
            parallel=self.parallel,
        )


def _command(body: Callable[..., None]) -> Callable[..., None]:
    """A command that takes the words of `Asked`, and then those that its body has beside them: each is written once."""
    hints = get_type_hints(Asked, include_extras=True)
    shared = list(inspect.signature(Asked, eval_str=True).parameters)
    own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]

    @functools.wraps(body)
    def command(**words: Any) -> None:
        body(Asked(**{name: words.pop(name) for name in shared}), **words)

    defaults = {one.name: [] if one.default is MISSING else one.default for one in fields(Asked)}
    keyword = inspect.Parameter.KEYWORD_ONLY
    first = [inspect.Parameter(name, keyword, default=defaults[name], annotation=hints[name]) for name in shared]
    first[0] = first[0].replace(default=inspect.Parameter.empty)
    parameters = [*first, *(one.replace(kind=keyword) for one in own)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what `inspect.signature` looks for
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def _one_target(asked: list[Request], option: str, file: Path | None) -> None:
    """A saved plan is of one stack."""
    if file is not None and len(asked) != 1:
        from hdh_infra.errors import Problem, SpecError

        targets = ", ".join(str(one.target) for one in asked)
        what = f"{file} is of one stack, and {len(asked)} are named: {targets}; say --on once"
        raise SpecError([Problem("command line", None, None, option, what)])


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        from hdh_infra.errors import RefusedError

        raise RefusedError(question, "nobody is there to ask", "Say --yes; nothing was changed")
    if not typer.confirm(question):
        remarks().print("nothing was changed")
        raise typer.Exit(Exit.no)


def _finish(results: list[Result], output: Format) -> None:
    if output is Format.json:
        answers = [result.to_json() for result in results]
        write_json(answers[0] if len(answers) == 1 else answers)
        return
    from hdh_infra.cli.tables import print_result

    for result in results:
        print_result(result, console())


@_command
def preview(asked: Asked, update_lock: UpdateLock = False, save_plan: SavePlan = None) -> None:
    """Show what `up` would change."""
    from hdh_infra.deploy import operations

    requests = asked.requests(checked=True, update_lock=update_lock)
    _one_target(requests, "--save-plan", save_plan)
    found = []
    for request in [replace(one, save_plan=save_plan) for one in requests] if save_plan else requests:
        with _progress(f"preview {request.target}") as observer:
            found.append(operations.preview(request, observer))
    _finish(found, asked.output)


@_command
def up(asked: Asked, update_lock: UpdateLock = False, plan: SavedPlan = None, yes: Yes = False) -> None:
    """Deploy a description on its targets."""
    from hdh_infra.cli.afterwards import up_whole
    from hdh_infra.deploy import operations

    requests = asked.requests(checked=True, update_lock=update_lock)
    _one_target(requests, "--plan", plan)
    found = []
    for request in [replace(one, saved_plan=plan) for one in requests] if plan else requests:
        if not yes:
            with _progress(f"preview {request.target}") as observer:
                _finish([operations.preview(request, observer)], Format.text)
        _confirm(f"Deploy {request.platform.name} on {request.target}?", yes=yes)
        with _progress(f"up {request.target}") as observer:
            found.append(up_whole(request, observer))
    _finish(found, asked.output)
    if any(result.stopped for result in found):
        raise typer.Exit(Exit.no)


@_command
def refresh(asked: Asked, yes: Yes = False) -> None:
    """Bring the state up to date with what the cloud really has.

    It changes nothing in the cloud.
    """
    from hdh_infra.deploy import operations

    found = []
    for request in asked.requests(checked=False):
        _confirm(f"Refresh the state of {request.stack}?", yes=yes)
        with _progress(f"refresh {request.target}") as observer:
            found.append(operations.refresh(request, observer))
    _finish(found, asked.output)


@_command
def destroy(asked: Asked, yes: Yes = False, delete_data: DeleteData = False) -> None:
    """Take a deployment down."""
    from hdh_infra.cli.afterwards import destroy_whole

    found = []
    for request in asked.requests(checked=False):
        words = ", with its data" if delete_data else ""
        _confirm(f"Destroy {request.platform.name} on {request.target}{words}?", yes=yes)
        with _progress(f"destroy {request.target}") as observer:
            found.append(destroy_whole(request, observer, delete_data=delete_data))
    _finish(found, asked.output)


def observe(
    spec: Spec,
    on: On = [],
    stack: Stack = "",
    output: OneFormat = Format.json,
    today: Today = "",
    lock_file: LockFile = None,
    sandbox: Sandbox = False,
    planned: Annotated[
        bool, typer.Option("--planned", help="Read the plan instead of what is deployed; needs no engine.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the servers themselves (OpenStack, S3) and not the engine's state.")
    ] = False,
) -> None:
    """Say what a deployment gives, and who can reach whom.

    Every element with the values that are reached, read back from the native resources.
    """
    from hdh_infra.cli.deployed import observe_deployed, observe_planned

    if planned:
        found = observe_planned(spec, on, lock_file, day(today))
    else:
        asked = Asked(spec=spec, on=on, stack=stack, today=today, lock_file=lock_file, sandbox=sandbox)
        requests = asked.requests(checked=False)
        with Waiting():
            found = [observe_deployed(request, live=live) for request in requests]
    if output is Format.json:
        answers = [one.to_json() for one in found]
        write_json(answers[0] if len(answers) == 1 else answers)
        return
    from hdh_infra.cli.tables import print_observation

    for one in found:
        print_observation(one, console())


def _progress(title: str) -> Any:
    from hdh_infra.cli.progress import Progress

    return Progress(title)
