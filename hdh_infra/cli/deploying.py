"""Commands that drive the engine: preview, up, refresh, destroy, observe."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
UpdateLock = Annotated[bool, typer.Option("--update-lock", help="Bring the lock up to date first.")]


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    for command in (preview, up, refresh, destroy, observe):
        app.command()(command)


def _requests(
    spec: Path,
    on: list[str],
    *,
    stack: str,
    lock_file: Path | None,
    today: str,
    sandbox: bool,
    update_lock: bool,
    checked: bool,
) -> list[Request]:
    from hdh_infra.cli.requests import requests

    return requests(
        spec,
        on,
        stack=stack,
        lock_file=lock_file,
        now=day(today),
        sandbox=sandbox,
        update_lock=update_lock,
        checked=checked,
    )


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


def preview(
    spec: Spec,
    on: On = [],
    stack: Stack = "",
    output: OneFormat = Format.text,
    today: Today = "",
    lock_file: LockFile = None,
    sandbox: Sandbox = False,
    update_lock: UpdateLock = False,
    save_plan: SavePlan = None,
) -> None:
    """Show what `up` would change."""
    from hdh_infra.deploy import operations

    asked = _requests(
        spec, on, stack=stack, lock_file=lock_file, today=today, sandbox=sandbox, update_lock=update_lock, checked=True
    )
    _one_target(asked, "--save-plan", save_plan)
    found = []
    for request in [replace(one, save_plan=save_plan) for one in asked] if save_plan else asked:
        with _progress(f"preview {request.target}") as observer:
            found.append(operations.preview(request, observer))
    _finish(found, output)


def up(
    spec: Spec,
    on: On = [],
    stack: Stack = "",
    output: OneFormat = Format.text,
    today: Today = "",
    lock_file: LockFile = None,
    sandbox: Sandbox = False,
    update_lock: UpdateLock = False,
    plan: SavedPlan = None,
    yes: Yes = False,
) -> None:
    """Deploy a description on its targets."""
    from hdh_infra.cli.afterwards import up_whole
    from hdh_infra.deploy import operations

    asked = _requests(
        spec, on, stack=stack, lock_file=lock_file, today=today, sandbox=sandbox, update_lock=update_lock, checked=True
    )
    _one_target(asked, "--plan", plan)
    found = []
    for request in [replace(one, saved_plan=plan) for one in asked] if plan else asked:
        if not yes:
            with _progress(f"preview {request.target}") as observer:
                _finish([operations.preview(request, observer)], Format.text)
        _confirm(f"Deploy {request.platform.name} on {request.target}?", yes=yes)
        with _progress(f"up {request.target}") as observer:
            found.append(up_whole(request, observer))
    _finish(found, output)
    if any(result.stopped for result in found):
        raise typer.Exit(Exit.no)


def refresh(
    spec: Spec,
    on: On = [],
    stack: Stack = "",
    output: OneFormat = Format.text,
    today: Today = "",
    lock_file: LockFile = None,
    sandbox: Sandbox = False,
    yes: Yes = False,
) -> None:
    """Bring the state up to date with what the cloud really has.

    It changes nothing in the cloud.
    """
    from hdh_infra.deploy import operations

    found = []
    for request in _requests(
        spec, on, stack=stack, lock_file=lock_file, today=today, sandbox=sandbox, update_lock=False, checked=False
    ):
        _confirm(f"Refresh the state of {request.stack}?", yes=yes)
        with _progress(f"refresh {request.target}") as observer:
            found.append(operations.refresh(request, observer))
    _finish(found, output)


def destroy(
    spec: Spec,
    on: On = [],
    stack: Stack = "",
    output: OneFormat = Format.text,
    today: Today = "",
    lock_file: LockFile = None,
    sandbox: Sandbox = False,
    yes: Yes = False,
    delete_data: Annotated[
        bool,
        typer.Option(
            "--delete-data",
            help="The explicit word: stores, keys and disks go too. Without it nothing at all is changed.",
        ),
    ] = False,
) -> None:
    """Take a deployment down."""
    from hdh_infra.cli.afterwards import destroy_whole

    found = []
    for request in _requests(
        spec,
        on,
        stack=stack,
        lock_file=lock_file,
        today=today,
        sandbox=sandbox,
        update_lock=False,
        checked=False,
    ):
        words = ", with its data" if delete_data else ""
        _confirm(f"Destroy {request.platform.name} on {request.target}{words}?", yes=yes)
        with _progress(f"destroy {request.target}") as observer:
            found.append(destroy_whole(request, observer, delete_data=delete_data))
    _finish(found, output)


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
        requests = _requests(
            spec, on, stack=stack, lock_file=lock_file, today=today, sandbox=sandbox, update_lock=False, checked=False
        )
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
