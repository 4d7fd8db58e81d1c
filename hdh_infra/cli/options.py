"""Options that several commands share, and reading what they name."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hdh_infra.cli.output import AssessFormat, Format, ReportFormat

if TYPE_CHECKING:
    from hdh_infra.model.lock import Lock
    from hdh_infra.model.measured import Measured
    from hdh_infra.model.platform import Platform
    from hdh_infra.model.target import Target

Spec = Annotated[Path, typer.Argument(metavar="SPEC", help="The platform's description (YAML).", show_default=False)]
On = Annotated[
    list[str],
    typer.Option(
        "--on",
        metavar="TARGET",
        help="Target such as azure:francecentral; may be repeated; `all` is every offer of the catalogue.",
        show_default=False,
    ),
]
OneFormat = Annotated[Format, typer.Option("--format", help="How the answer is written.")]
AssessReport = Annotated[AssessFormat, typer.Option("--format", help="How the report is written.")]
Report = Annotated[ReportFormat, typer.Option("--format", help="How the report is written.")]
Today = Annotated[
    str,
    typer.Option(
        "--today",
        metavar="DAY",
        help="The day that waivers and qualifications are judged by (YYYY-MM-DD); without it, the current one.",
        show_default=False,
    ),
]
LockFile = Annotated[
    Path | None,
    typer.Option("--lock", metavar="FILE", help="The lock; without it the file beside the spec.", show_default=False),
]

Layout = Annotated[
    Literal["one", "parts"] | None,
    typer.Option(
        "--layout",
        help="How it is deployed: as one stack, or as a foundation and one stack a space (`parts`), for large platforms.",
        show_default=False,
    ),
]


def day(text: str) -> datetime.date:
    """The day that an option names. Raises `SpecError`."""
    from hdh_infra.errors import Problem, SpecError

    if not text:
        return datetime.datetime.now(tz=datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise SpecError([Problem("--today", None, None, "", f"{text!r} is no day: write it as 2026-11-23")]) from None


Measurements = Annotated[
    list[Path],
    typer.Option(
        "--measured",
        metavar="FILE",
        help="What was measured, as `assess --live --out` wrote it; may be repeated. A description names it as `measured` of a target.",
        show_default=False,
    ),
]


def read_spec(
    spec: Path,
    on: list[str],
    *,
    default_all: bool = True,
    files: Iterable[Path] = (),
    measured: Mapping[str, Measured] | None = None,
) -> tuple[Platform, list[Target]]:
    """The platform and the targets of a call; without `--on` they are those that the spec names.

    Args:
        spec: the description.
        on: the targets that were named.
        default_all: whether those of the spec stand in where none is.
        files: of what was measured.
        measured: what was measured now, by target.
    """
    from hdh_infra.catalogue.load import one_of_each, targets
    from hdh_infra.errors import Problem, SpecError
    from hdh_infra.model.target import Target
    from hdh_infra.planning import load
    from hdh_infra.planning.measured_file import read_measured

    named = [one for one in on if one != "all"]
    told: dict[str, Measured] = {}
    for file in files:
        told |= read_measured(file)
    platform = load(spec, on=named, measured={**told, **(measured or {})})
    if "all" in on:
        return platform, list(_usable(one_of_each((*platform.targets, *named))))
    chosen = named or (list(platform.targets) if default_all else [])
    if not chosen:
        known = ", ".join(str(one) for one in targets())
        raise SpecError([Problem("--on", None, None, "", f"no target is named: say --on TARGET; allowed: {known}")])
    return platform, [Target.parse(one) for one in dict.fromkeys(chosen)]


def _usable(found: Iterable[Target]) -> Iterator[Target]:
    """Targets whose cloud can be used: one of another package that is broken stands in nobody's way, and is told."""
    from hdh_infra.clouds import unusable

    for target in found:
        why = unusable(target)
        if why is None:
            yield target
        else:
            typer.echo(f"{target} is left out: {why}", err=True)


def save_lock(lock: Lock, file: Path) -> None:
    """Write a lock. Raises `SpecError` where it cannot be written."""
    from hdh_infra.errors import Problem, SpecError
    from hdh_infra.planning.lock_file import write_lock

    try:
        write_lock(lock, file)
    except OSError as error:
        what = f"cannot be written ({error.strerror}): name a file in a folder of yours with --lock"
        raise SpecError([Problem(str(file), None, None, "", what)]) from None


def find_lock(spec: Path, lock_option: Path | None) -> tuple[Path, Lock | None]:
    """The lock's file and what it holds."""
    from hdh_infra.planning.lock_file import lock_file, read_lock

    file = lock_option or lock_file(spec)
    return file, read_lock(file)
