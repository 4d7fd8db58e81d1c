"""The command that shows and checks the catalogue: targets."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hdh_infra.cli.options import On, OneFormat, Today, day
from hdh_infra.cli.output import Exit, Format, console, write_json

if TYPE_CHECKING:
    from hdh_infra.errors import Problem

CHECK_FORMAT = "hdh-catalogue-check/1"


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command()(targets)


def targets(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGET]...", help="Show these in full; without any, all in short.", show_default=False
        ),
    ] = None,
    on: On = [],
    output: OneFormat = Format.text,
    today: Today = "",
    check: Annotated[
        bool,
        typer.Option("--check", help="Look for rows that are missing, without a source or expired; exit 1 for any."),
    ] = False,
) -> None:
    """Show what the catalogue says of offers.

    Regions, qualifications, legal exposure, prices, what is unknown, old or about to end.
    """
    from hdh_infra.catalogue.load import left_out, site
    from hdh_infra.catalogue.load import targets as known
    from hdh_infra.catalogue.showing import Sheet
    from hdh_infra.contracts.added import brought
    from hdh_infra.errors import SpecError
    from hdh_infra.model.target import Target
    from hdh_infra.planning.load import check_named

    now = day(today)
    if check:
        _check(
            now, sorted({one.partition(":")[0].partition("/")[0] for one in (*(named or ()), *on)} - {"all"}), output
        )
        return
    wanted = [one for one in dict.fromkeys((*(named or ()), *on)) if one != "all"]
    if problems := check_named(wanted):
        raise SpecError(problems)
    chosen = list(known()) if "all" in on or not wanted else [Target.parse(one) for one in wanted]
    sheets = [Sheet(site(target), now) for target in chosen]
    for one in left_out():
        typer.echo(str(one), err=True)
    for other in brought():
        if wrong := other.told():
            typer.echo(wrong, err=True)
    if output is Format.json:
        write_json([sheet.to_json() for sheet in sheets])
        return
    from hdh_infra.cli.sheets import print_sheet, print_targets

    if wanted:
        for sheet in sheets:
            print_sheet(sheet, console())
    else:
        print_targets(sheets, console())


def _check(now: datetime.date, clouds: list[str], output: Format) -> None:
    from hdh_infra.catalogue.checking import check_catalogue
    from hdh_infra.catalogue.sources import names
    from hdh_infra.contracts.added import problems
    from hdh_infra.errors import Problem, SpecError
    from hdh_infra.model.words import nearest

    if strange := [one for one in clouds if one not in names()]:
        raise SpecError([Problem("TARGET", None, None, "", f"no cloud is {one!r}; {nearest(one, names())}".rstrip("; ")) for one in strange])  # fmt: skip
    found = [*check_catalogue(now, clouds), *problems(clouds)]
    if output is Format.json:
        write_json({"format": CHECK_FORMAT, "today": str(now), "problems": list(map(_problem, found))})
    else:
        for one in found:
            typer.echo(str(one))
        count = "1 problem" if len(found) == 1 else f"{len(found) or 'no'} problems"
        typer.echo(f"{len(clouds or names())} files of the catalogue, judged by {now}: {count}")
    if found:
        raise typer.Exit(Exit.no)


def _problem(one: Problem) -> dict[str, object]:
    return {"file": one.file, "line": one.line, "column": one.column, "field": one.field, "what": one.what}
