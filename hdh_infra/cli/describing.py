"""Commands that need no engine: init, validate, schema, lock, assess, plan, compare, observe a plan."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hdh_infra.cli.credentials import credentials
from hdh_infra.cli.options import (
    AssessReport,
    Layout,
    LockFile,
    Measurements,
    On,
    OneFormat,
    Report,
    Spec,
    Today,
    day,
    find_lock,
    read_spec,
    save_lock,
)
from hdh_infra.cli.output import (
    AssessFormat,
    Exit,
    Format,
    ReportFormat,
    Waiting,
    console,
    remarks,
    write_file,
    write_json,
)
from hdh_infra.compare.report.detail import Detail

if TYPE_CHECKING:
    from hdh_infra.compare.side import Side
    from hdh_infra.graph.plan import Plan
    from hdh_infra.model.measured import Measured

_FEW = 4
"""Targets that are assessed before anybody wonders whether it goes on, and whose reasons somebody reads to the end."""


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    for command in (init, validate, schema, lock, credentials, assess, plan, compare):
        app.command()(command)


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path("platform.yaml"),
    name: Annotated[
        str,
        typer.Option(
            "--example",
            metavar="NAME",
            help="Which one: small, hdh-national (150 projects), hospital-eds (a warehouse), ehds-node (permits).",
        ),
    ] = "small",
    layout: Layout = None,
    output: OneFormat = Format.text,
) -> None:
    """Write a commented description to start from.

    The JSON Schema is written beside it, so that editors complete and check it; with --layout a lock that keeps it.
    """
    from hdh_infra.cli.starting import example, write_schema
    from hdh_infra.errors import Problem, SpecError

    text = example(name)
    if file.exists():
        raise SpecError([Problem(str(file), None, None, "", "is there already: name another file")])
    write_file(file, text)
    beside = write_schema(file)
    kept = _first_lock(file, layout) if layout else None
    if output is Format.json:
        written = {"file": str(file), "example": name, "schema": str(beside)}
        write_json({**written, "lock": str(kept), "layout": layout} if kept else written)
    else:
        typer.echo(f"{file} written; look at it with: hdh assess {file}")


def _first_lock(file: Path, layout: Literal["one", "parts"]) -> Path:
    """Write the lock of a new description, which keeps the layout. Raises `SpecError` where there is one already."""
    from hdh_infra.errors import Problem, SpecError
    from hdh_infra.planning import load
    from hdh_infra.planning.lock import update_lock, with_layout
    from hdh_infra.planning.lock_file import new_salt

    kept, there = find_lock(file, None)
    if there is not None:
        raise SpecError([Problem(str(kept), None, None, "", "is there already: say `hdh lock --layout` to change it")])
    save_lock(with_layout(update_lock(None, load(file), (), salt=new_salt()), layout), kept)
    return kept


def validate(spec: Spec, on: On = [], output: OneFormat = Format.text) -> None:
    """Check a description; every problem at once, with its line.

    A waiver that waives nothing any more is a remark.
    """
    from hdh_infra.cli.checking import idle
    from hdh_infra.model.expand import expand
    from hdh_infra.planning import load

    platform = load(spec, on=[one for one in on if one != "all"])
    expanded = expand(platform)
    told = idle(platform, find_lock(spec, None)[1], day(""))
    counts = {
        "networks": len(expanded.networks),
        "stores": len(expanded.stores),
        "machines": len(expanded.machines),
        "keys": len(expanded.keys),
        "flows": len(expanded.links),
    }
    if output is Format.json:
        write_json({"platform": platform.name, "valid": True, **counts, "remarks": told})
    else:
        for line in told:
            remarks().print(line, markup=False, soft_wrap=True)
        typer.echo(f"{spec}: well formed: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def schema(output: OneFormat = Format.json) -> None:
    """Print the JSON Schema of a description, for editors.

    As text it is the reference: each field, its form, its default and its meaning.
    """
    if output is Format.text:
        from hdh_infra.model.reference import reference

        sys.stdout.write(reference())
        return
    from hdh_infra.model.schema import json_schema

    write_json(json_schema())


def lock(
    spec: Spec,
    on: On = [],
    lock_file: LockFile = None,
    output: OneFormat = Format.text,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where the lock is not up to date.")
    ] = False,
    layout: Layout = None,
) -> None:
    """Bring the lock beside a description up to date.

    It remembers what was given once: addresses, flavours, images, short names, data holders.
    """
    from hdh_infra.planning.lock import update_lock, with_layout
    from hdh_infra.planning.lock_file import lock_status, new_salt

    platform, chosen = read_spec(spec, on)
    file, old = find_lock(spec, lock_file)
    new = update_lock(old, platform, chosen, salt=new_salt())
    new = with_layout(new, layout) if layout else new
    changes = list(lock_status(old, new))
    if changes and not check:
        save_lock(new, file)
        changes = [line.replace("would change", "changed").replace("there is no lock", "written") for line in changes]
    if output is Format.json:
        write_json({"file": str(file), "changes": changes, "written": bool(changes) and not check})
    else:
        for line in changes or ["up to date"]:
            typer.echo(f"{file}: {line}")
    if changes and check:
        raise typer.Exit(Exit.no)


def assess(
    spec: Spec,
    on: On = [],
    output: AssessReport = AssessFormat.text,
    today: Today = "",
    lock_file: LockFile = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Ask the endpoints themselves; an S3 endpoint is tried on scratch buckets, which are removed.",
        ),
    ] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="With --live: ask this machine's sandbox.")] = False,
    measured: Measurements = [],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="With --live: write what was measured to this file.")
    ] = None,
    detail: Annotated[
        Detail | None,
        typer.Option(
            "--detail",
            help="How reasons are told: a line each (many targets), whole once a target (few), or verdict by verdict.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say what each target gives and lacks of what is asked.

    Exit 1 where a target named with --on is not deployable.
    """
    from hdh_infra.compare.assessment import assessment, plan_all
    from hdh_infra.planning import make_plan

    found_now: Mapping[str, Measured] = {}
    if live:
        from hdh_infra.cli.measuring import measure_targets

        found_now = measure_targets(spec, on, sandbox=sandbox, out=out)
    elif sandbox or out is not None:
        from hdh_infra.errors import Problem, SpecError

        option = "--sandbox" if sandbox else "--out"
        raise SpecError([Problem(option, None, None, "", "means nothing without --live: nothing is asked")])
    platform, chosen = read_spec(spec, on, files=measured, measured=found_now)
    _, old = find_lock(spec, lock_file)
    now = day(today)
    with Waiting() as say:

        def made() -> Iterator[Plan | Side]:
            for number, target in enumerate(chosen, 1):
                if len(chosen) > _FEW:
                    say(f"{number} of {len(chosen)}: {target}")
                if "all" in on:
                    yield from plan_all(platform, [target], old, now)
                else:
                    yield make_plan(platform, target, lock=old, today=now)

        found = assessment(platform, made(), today=now)
    if output is AssessFormat.json:
        write_json(found.parts())
    elif output is AssessFormat.html:
        from hdh_infra.compare.report.html import assessment_html

        sys.stdout.write(assessment_html(found, detail or Detail.reasons))
    elif output is AssessFormat.markdown:
        from hdh_infra.compare.report.markdown import assessment_markdown

        sys.stdout.write(assessment_markdown(found, detail or Detail.reasons))
    else:
        from hdh_infra.compare.report.terminal import print_assessment

        print_assessment(found, console(), detail or (Detail.reasons if len(chosen) <= _FEW else Detail.short))
    if on and "all" not in on and not all(one.deployable for one in found.sides):
        raise typer.Exit(Exit.no)


def plan(
    spec: Spec,
    on: On = [],
    output: OneFormat = Format.text,
    today: Today = "",
    lock_file: LockFile = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the plan as JSON to this file (with several targets, into this folder)."),
    ] = None,
    diff: Annotated[
        Path | None,
        typer.Option("--diff", metavar="OLD", help="Show what changes against this plan, as --out wrote it."),
    ] = None,
    measured: Measurements = [],
) -> None:
    """Show a description's native resources, or what it changes.

    Exit 1 where a target named with --on is not deployable, or where --diff shows that data would be lost
    and the description does not say so; the plan is made and written all the same.
    """
    from hdh_infra.errors import Problem, SpecError
    from hdh_infra.planning import make_plan

    platform, chosen = read_spec(spec, on, files=measured)
    _, old = find_lock(spec, lock_file)
    if diff is not None:
        from hdh_infra.cli.changes import target_of
        from hdh_infra.planning.plan_file import read_plan

        before = read_plan(diff)
        chosen = [target_of(before, diff, on, chosen)]
    if out is not None and out.suffix and not out.is_dir() and len(chosen) > 1:
        what = f"names one file, and there are {len(chosen)} targets: name a folder, or one target with --on"
        raise SpecError([Problem("--out", None, None, "", what)])
    plans = [make_plan(platform, target, lock=old, today=day(today)) for target in chosen]
    if out is not None:
        from hdh_infra.model.target import Target

        for one in plans:
            single = len(plans) == 1 and out.suffix and not out.is_dir()
            file = out if single else out / f"{Target.parse(one.target).stack}.json"
            write_file(file, one.dumps())
            remarks().print(f"{file} written", soft_wrap=True)
    refused = False
    if diff is not None:
        from hdh_infra.cli.changes import print_diff
        from hdh_infra.planning.changes import diff_plans

        found = diff_plans(before, plans[0], platform, file=str(diff))
        refused = bool(found.refused)
        if output is Format.json:
            write_json(found.to_json())
        else:
            print_diff(found, console(), str(diff))
    elif out is None and output is Format.json:
        write_json(plans[0].to_json() if len(plans) == 1 else [one.to_json() for one in plans])
    elif out is None:
        from hdh_infra.cli.tables import print_plan

        for one in plans:
            print_plan(one, console())
    if refused or (on and "all" not in on and not all(one.deployable for one in plans)):
        raise typer.Exit(Exit.no)


def compare(
    spec: Annotated[
        Path | None, typer.Argument(metavar="SPEC", help="The platform's description (YAML).", show_default=False)
    ] = None,
    on: On = [],
    deployed: Annotated[
        list[str],
        typer.Option(
            "--deployed",
            metavar="STACK",
            help="A deployed stack (STACK or STACK=TARGET) instead of a plan; may be repeated. With --on, plans stand beside it.",
            show_default=False,
        ),
    ] = [],
    output: Report = ReportFormat.text,
    today: Today = "",
    lock_file: LockFile = None,
    require: Annotated[
        str, typer.Option(help="Exit 1 unless: deployable, equal-flows, no-drift.", show_default=False)
    ] = "",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="The deployed stacks are those of this machine's sandbox.")
    ] = False,
    measured: Measurements = [],
) -> None:
    """Set targets side by side: asked, given, who can reach whom.

    Without --deployed it compares plans, and needs neither an engine nor an account.
    """
    from hdh_infra.compare.comparison import REQUIREMENTS_TO_EXIT, answers, compare_plans
    from hdh_infra.errors import Problem, SpecError
    from hdh_infra.model.words import nearest
    from hdh_infra.planning import make_plan

    if require and require not in REQUIREMENTS_TO_EXIT:
        raise SpecError(
            [
                Problem(
                    "--require", None, None, "", f"{require!r} is not known; {nearest(require, REQUIREMENTS_TO_EXIT)}"
                )
            ]
        )
    if deployed:
        from hdh_infra.cli.deployed import compare_deployed

        found = compare_deployed(spec, deployed, on, lock_file, day(today), sandbox=sandbox, files=measured)
    else:
        if spec is None:
            raise SpecError([Problem("SPEC", None, None, "", "is missing: name the description, or --deployed STACK")])
        platform, chosen = read_spec(spec, on, files=measured)
        _, old = find_lock(spec, lock_file)
        found = compare_plans(
            platform, [make_plan(platform, target, lock=old, today=day(today)) for target in chosen], old
        )
    answer = not require or answers(found, require)
    if output is ReportFormat.json:
        write_json(found.to_json())
    elif output is ReportFormat.markdown:
        from hdh_infra.compare.report.markdown import comparison_markdown

        sys.stdout.write(comparison_markdown(found))
    else:
        from hdh_infra.compare.report.terminal import print_comparison

        print_comparison(found, console())
    if not answer:
        remarks().print(f"the answer to {require} is no")
        raise typer.Exit(Exit.no)
