"""Everything that is wrong with a cloud's file, at once: each with its file, line, offer and row.

The loader stops at a file that is wrong; this says all that a person has to mend in it. It judges whether a row is
there, of its form, sourced, and still held on the day; whether it is true, its source says.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hdh_infra.catalogue.schema import ATTRIBUTES, PRICE_UNITS, Catalogue
from hdh_infra.catalogue.sources import added, file_of, names
from hdh_infra.catalogue.written import read_catalogue
from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.explain import explained, part_at, shown
from hdh_infra.model.origin import Location, Origin

FRAMEWORKS: Mapping[str, str] = {"SecNumCloud": "SecNumCloud-3.2", "HDS": "HDS-2.0"}
"""What every offer says its standing under: how the framework's name begins, and the version that is asked today."""
_SHORTEST = 10
"""Characters of a source that says where to look."""
_NO_SOURCE = frozenset({"todo", "tbd", "none", "n/a", "unknown", "?"})
_ROW_NAMES = ("attribute", "framework", "name", "key")


def check_catalogue(today: datetime.date, clouds: Iterable[str] = ()) -> list[Problem]:
    """Every problem of the files of clouds, file by file.

    Args:
        today: the day that dates are judged by.
        clouds: which; all of them where none is named.
    """
    from hdh_infra.catalogue.load import left_out

    chosen = tuple(clouds)
    found: list[Problem] = []
    told: set[str] = set()
    for cloud in chosen or names():
        try:
            file = file_of(cloud)
            text = file.read_text(encoding="utf-8")
        except (OSError, ImportError):
            # Of another package, which has no such file: said below.
            continue
        if problems := check_text(text, Path(str(file)), cloud, today):
            told.add(cloud)
            found.extend(problems)
    found += [
        Problem(one.package, None, None, "", str(one))
        for one in left_out()
        if one.cloud not in told & set(added()) and (not chosen or one.cloud in chosen)
    ]
    return found


def check_form(text: str, file: Path) -> list[Problem]:
    """What of the text of a cloud's file is not of the form of a catalogue: why it cannot be read at all."""
    try:
        value, places, _ = read_catalogue(text, file)
    except SpecError as error:
        return list(error.problems)
    origin = Origin(file, places)
    return origin.in_order(_named(problem, at, value) for at, problem in _form(value, origin))


def check_text(text: str, file: Path, cloud: str, today: datetime.date) -> list[Problem]:
    """Every problem of the text of one cloud's file.

    Args:
        text: what it holds.
        file: how it is called in messages.
        cloud: the cloud that its name says it is of.
        today: the day that dates are judged by.
    """
    try:
        value, places, twice = read_catalogue(text, file)
    except SpecError as error:
        return list(error.problems)
    origin = Origin(file, places)
    if not isinstance(value, dict):
        return [origin.problem((), f"holds {shown(value)}, and no catalogue: cloud, title, offers")]
    found = [*twice, *(_named(problem, at, value) for at, problem in _form(value, origin))]
    found += [_named(origin.problem(at, what), at, value) for at, what in _lacks(value, cloud, today)]
    return origin.in_order(found)


def _form(value: Any, origin: Origin) -> Iterator[tuple[Location, Problem]]:
    """What is not of the form of a catalogue."""
    try:
        Catalogue.model_validate(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            at = tuple(detail["loc"])
            if detail["type"] == "too_short" and part_at(value, at):
                # What is wrong in it is told, and leaves it empty.
                continue
            yield at, explained(detail, at, value, origin, Catalogue)


def _lacks(value: Mapping[str, Any], cloud: str, today: datetime.date) -> Iterator[tuple[Location, str]]:
    """What is of the form, and still not whole."""
    if value.get("cloud") != cloud:
        yield ("cloud",), f"is {value.get('cloud')!r}, and the file is of {cloud}"
    offers = value.get("offers")
    for index, offer in enumerate(offers if isinstance(offers, list) else ()):
        if isinstance(offer, Mapping):
            at: Location = ("offers", index)
            yield from _facts(offer, at)
            yield from _qualifications(offer, at, today)
            yield from _rest(offer, at)
            yield from _sources(offer, at, today)


def _facts(offer: Mapping[str, Any], at: Location) -> Iterator[tuple[Location, str]]:
    rows = [row.get("attribute") for row in _list(offer, "facts")]
    for attribute in sorted(ATTRIBUTES - {str(one) for one in rows}):
        # What a refused offer can do nobody asks of it.
        if not offer.get("refused"):
            yield (*at, "facts"), f"has no row for {attribute}: say what is given, or null with where it was looked for"
    for index, name in enumerate(rows):
        if name in rows[:index]:
            yield (*at, "facts", index, "attribute"), f"is the second row for {name}: one row for each attribute"


def _qualifications(offer: Mapping[str, Any], at: Location, today: datetime.date) -> Iterator[tuple[Location, str]]:
    rows = _list(offer, "qualifications")
    for begins, asked in FRAMEWORKS.items():
        if not any(str(row.get("framework", "")).startswith(begins) for row in rows):
            what = f"has no row for {asked}: say qualified, in-progress, not-qualified, or null with where it was looked for"
            yield (*at, "qualifications"), what
    for index, row in enumerate(rows):
        until = _day(row.get("valid_until"))
        if row.get("status") == "qualified" and until is not None and until < today:
            what = f"{row.get('framework')} is `qualified`, and ended on {until}: look whether it was renewed, else say not-qualified"
            yield (*at, "qualifications", index, "valid_until"), what


def _rest(offer: Mapping[str, Any], at: Location) -> Iterator[tuple[Location, str]]:
    if not offer.get("exposure"):
        yield (*at, "exposure"), "is missing: say whose law reaches the operator, or null where nobody knows"
    prices = offer.get("prices") or {}
    for unit in PRICE_UNITS:
        if unit not in prices:
            yield (*at, "prices"), f"has no row for {unit}: say the list price, or null with where it was looked for"
    if offer.get("refused"):
        return
    for part in ("flavours", "images"):
        if not offer.get(part):
            yield (*at, part), "is empty: a machine needs one, or the offer is refused"


def _sources(offer: Mapping[str, Any], at: Location, today: datetime.date) -> Iterator[tuple[Location, str]]:
    """Rows whose source says nothing, and those that were read on a day that has not come."""
    for location, row in _walk(offer, at):
        source = row.get("source")
        if isinstance(source, str) and (len(source.strip()) < _SHORTEST or source.strip().lower() in _NO_SOURCE):
            yield (*location, "source"), f"{source!r} is no source: name the document, package or page, and its date"
        as_of = _day(row.get("as_of"))
        if as_of is not None and as_of > today:
            yield (*location, "as_of"), f"{as_of} has not come yet: say the day on which it was read"


def _walk(value: Any, at: Location) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if "source" in value and "as_of" in value:
            yield at, value
        for key, item in value.items():
            yield from _walk(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*at, index))


def _list(offer: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    rows = offer.get(part)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _day(value: Any) -> datetime.date | None:
    """A day as a reader of YAML gives it: as a date, or as its text."""
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _named(problem: Problem, at: Location, value: Any) -> Problem:
    """A problem whose field says the offer and the row by name: `public: facts key.protection source`."""
    if at[:1] != ("offers",) or len(at) < 2:  # noqa: PLR2004  # the list, and which of it
        return problem
    offer = part_at(value, at[:2])
    words = []
    for length in range(3, len(at) + 1):
        part = at[length - 1]
        row = part_at(value, at[:length])
        name = next((row[one] for one in _ROW_NAMES if one in row), None) if isinstance(row, Mapping) else None
        words.append(str(part if isinstance(part, str) else name or f"[{part}]"))
    offer_name = offer.get("name") if isinstance(offer, Mapping) else None
    field = f"{offer_name or f'offers[{at[1]}]'}: {' '.join(words)}".rstrip(": ")
    return Problem(problem.file, problem.line, problem.column, field, problem.what)


__all__ = ["FRAMEWORKS", "check_catalogue", "check_form", "check_text"]
