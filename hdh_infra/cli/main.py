"""`hdh`: the commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer
import typer.core

import hdh_infra
from hdh_infra.cli import catalogue, deploying, describing, local
from hdh_infra.cli.output import Exit
from hdh_infra.errors import HdhError


class Commands(typer.core.TyperGroup):
    """The commands, with what becomes of an error: a message and an exit code, never a traceback.

    It stands here and not around `app`, because the framework turns an interruption and a closed pipe into
    exit codes of its own.
    """

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # the framework's own, vendored Context
        """Run a command."""
        try:
            answer: object = super().invoke(ctx)
            sys.stdout.flush()
        except HdhError as error:
            sys.stderr.write(f"hdh: {error}\n" if error.where else f"{error}\n")
            sys.exit(error.exit_code)
        except typer.Abort:
            sys.stderr.write("\nhdh: no answer; nothing was changed\n")
            sys.exit(Exit.no)
        except KeyboardInterrupt:
            sys.stderr.write("\nhdh: stopped by the keyboard; state is kept\n")
            sys.exit(Exit.failed)
        except BrokenPipeError:
            # The reader has read enough, as `head` does. What is left is written nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.well)
        return answer


app = typer.Typer(
    name="hdh",
    cls=Commands,
    help="Describe a health-data platform once, deploy it on several clouds, and compare what each gives.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
describing.add(app)
catalogue.add(app)
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


_MANY_OBJECTS = 1_000_000


def main() -> None:
    """Run a command."""
    # A plan of national size is a million small objects that live to the end: looking for cycles among them
    # again and again takes a quarter of the time, and finds none.
    gc.set_threshold(_MANY_OBJECTS, 20, 100)
    app()


if __name__ == "__main__":
    main()
