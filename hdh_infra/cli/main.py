"""`hdh`: the commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import hdh_infra
from hdh_infra.cli import deploying, describing, local
from hdh_infra.errors import HdhError

app = typer.Typer(
    name="hdh",
    help="Describe a health-data platform once, deploy it on several clouds, and compare what each gives.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
describing.add(app)
deploying.add(app)
local.add(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(hdh_infra.__version__)
        raise typer.Exit


@app.callback()
def _hdh(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run a command; an error of the user's, the engine's or a cloud's is a message, never a traceback."""
    try:
        app()
    except HdhError as error:
        sys.stderr.write(f"hdh: {error}\n" if error.where else f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("hdh: stopped by the keyboard; state is kept\n")
        sys.exit(3)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
