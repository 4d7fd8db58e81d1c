"""Commands about this machine: the sandbox and the plugin."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from hdh_infra.cli.options import On, OneFormat
from hdh_infra.cli.output import Exit, Format, Waiting, console, write_json

if TYPE_CHECKING:
    from hdh_infra.model.target import Target

sandbox_app = typer.Typer(
    help="Clouds on this machine: a real OpenStack, a real S3 server, a simulator for the rest.", no_args_is_help=True
)
plugin_app = typer.Typer(help="Our plugin for the engine.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    app.add_typer(sandbox_app, name="sandbox", short_help="Clouds on this machine, to try with.")
    app.add_typer(plugin_app, name="plugin")


def _targets(on: list[str]) -> list[Target]:
    from hdh_infra.errors import SpecError
    from hdh_infra.model.target import Target
    from hdh_infra.planning.load import check_named
    from hdh_infra.sandbox.box import needs, sandbox_targets

    if not on or "all" in on:
        return list(sandbox_targets())
    if problems := check_named(on):
        raise SpecError(problems)
    found = [Target.parse(one) for one in on]
    for target in found:
        needs(target)
    return found


@sandbox_app.command("up")
def sandbox_up(on: On = [], output: OneFormat = Format.text) -> None:
    """Start what the targets need, and wait until it answers."""
    from hdh_infra.sandbox import box

    chosen = _targets(on)
    with Waiting() as say:
        box.up(chosen, say)
    _print_status(output)


@sandbox_app.command("down")
def sandbox_down(
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what the servers and the stacks of the sandbox hold, too.")
    ] = False,
    output: OneFormat = Format.text,
) -> None:
    """Stop everything; what the servers hold is kept for the next start."""
    import shutil

    from hdh_infra.sandbox import box
    from hdh_infra.sandbox.paths import sandbox_dir

    with Waiting() as say:
        box.down(say)
        if delete:
            say(f"deleting {sandbox_dir()}")
            shutil.rmtree(sandbox_dir(), ignore_errors=True)
    if output is Format.json:
        write_json({"running": False, "deleted": delete})
    else:
        typer.echo("the sandbox is stopped" + (" and deleted" if delete else ""))


@sandbox_app.command("status")
def sandbox_status(output: OneFormat = Format.text) -> None:
    """Say which services run. Exit 1 if none does."""
    from hdh_infra.sandbox import box

    _print_status(output)
    if not any(service.running for service in box.status()):
        raise typer.Exit(Exit.no)


def _print_status(output: Format) -> None:
    from hdh_infra.sandbox import box

    found = box.status()
    if output is Format.json:
        write_json([{"service": one.name, "running": one.running, "detail": one.detail} for one in found])
        return
    from rich.table import Table

    table = Table("service", "runs", "detail")
    for one in found:
        table.add_row(one.name, "yes" if one.running else "no", one.detail)
    console().print(table)


@sandbox_app.command("env")
def sandbox_env(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The target to stand for.")],
    output: OneFormat = Format.text,
) -> None:
    """Print the variables that send plain `pulumi` to this sandbox.

    For a shell: eval "$(hdh sandbox env TARGET)"
    """
    from hdh_infra.sandbox import box

    (chosen,) = _targets([target])
    with Waiting() as say:
        variables = box.environment(chosen, say)
    unset = [name for name in box.credentials_to_unset(os.environ) if name not in variables]
    if output is Format.json:
        write_json({"unset": unset, "export": dict(sorted(variables.items()))})
        return
    for name in unset:
        typer.echo(f"unset {name}")
    for name, value in sorted(variables.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")


@plugin_app.command("install")
def plugin_install(output: OneFormat = Format.text) -> None:
    """Give the engine our plugin, pulumi-resource-hdh."""
    from hdh_infra import resources
    from hdh_infra.sandbox import engine

    with Waiting() as say:
        found = engine.ensure(say)
        where = resources.install(found.command, say)
    if output is Format.json:
        write_json({"plugin": "pulumi-resource-hdh", "installed": str(where)})
    else:
        typer.echo(f"pulumi-resource-hdh is installed: {where}")
