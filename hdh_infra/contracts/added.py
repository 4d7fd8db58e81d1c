"""Contracts that other packages bring for the clouds that they add: read, judged, and never in the way of anything.

They lie beside the catalogue's file of an added cloud, in `contracts`: one file a package of the engine, in the form of
`data/*.json`, and `changes.json`. A type that this package knows stays as it knows it. Where one thing is wrong in what a
package brings, none of its contracts counts: its nodes are *unverified*, and whoever looks is told the file and the place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, final

from hdh_infra.catalogue.load import clouds
from hdh_infra.catalogue.sources import added, folder_of, owner_of
from hdh_infra.catalogue.written import read_catalogue
from hdh_infra.contracts.forming import Wrong, wrong_changes, wrong_contracts
from hdh_infra.contracts.shipped import FILES, OWN_PLUGIN
from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.origin import Origin

FOLDER = "contracts"
"""Where they lie in the package of an added cloud."""
CHANGES = "changes.json"


@final
@dataclass(frozen=True, slots=True)
class Brought:
    """What one package brings for one cloud."""

    cloud: str
    owner: str
    """The package with its version, for people."""
    folder: Path
    files: Mapping[str, Mapping[str, Any]]
    """By the package of the engine, what its file holds; empty where anything is wrong."""
    changes: Mapping[str, Mapping[str, Any]]
    """What changes of each type do, by its token; empty where anything is wrong."""
    problems: tuple[Problem, ...]
    """Everything that is wrong."""

    def told(self) -> str:
        """What is wrong, in one line without the place of the installation; empty where nothing is."""
        if not self.problems:
            return ""
        first = str(self.problems[0]).removeprefix(f"{self.folder.parent}/").rstrip(".")
        more = len(self.problems) - 1
        rest = f", and {more} more (`hdh targets --check` says all)" if more else ""
        return f"contracts of {self.owner} are left out: {first}{rest}"


@cache
def brought() -> tuple[Brought, ...]:
    """What every other package brings for the clouds that it adds, by the name of the cloud."""
    here = set(clouds())
    found = [_read(cloud) for cloud in sorted(added()) if cloud in here]
    return tuple(_apart([one for one in found if one is not None]))


@cache
def file_with(token: str) -> tuple[Mapping[str, Any], str] | None:
    """The file of another package that has the contract of a type, and whose it is; None where none has."""
    package = token.split(":", 1)[0]
    for one in brought():
        file = one.files.get(package)
        if file is not None and token in file["tokens"]:
            return file, one.owner
    return None


@cache
def changes_of(token: str) -> tuple[Mapping[str, Any], str] | None:
    """What another package says of the changes of a type, and which package; None where none does."""
    return next(((one.changes[token], one.owner) for one in brought() if token in one.changes), None)


def packages() -> tuple[str, ...]:
    """Packages of the engine that other packages bring contracts of, and this one does not; sorted."""
    return tuple(sorted({name for one in brought() for name in one.files} - set(FILES)))


def files_of(package: str) -> tuple[Mapping[str, Any], ...]:
    """What other packages hold of one package of the engine."""
    return tuple(one.files[package] for one in brought() if package in one.files)


def problems(chosen: Iterable[str] = ()) -> list[Problem]:
    """Everything that is wrong with what other packages bring.

    Args:
        chosen: for which clouds; for all where none is named.
    """
    named = tuple(chosen)
    return [problem for one in brought() for problem in one.problems if not named or one.cloud in named]


def forget() -> None:
    """Read again at the next question."""
    for known in (brought, file_with, changes_of):
        known.cache_clear()


def _read(cloud: str) -> Brought | None:
    """What is brought for one cloud; None where there is nothing, or no package."""
    owner = owner_of(cloud) or cloud
    try:
        folder = folder_of(cloud)
        listed = sorted((folder / FOLDER).glob("*.json"))
    except (OSError, ImportError):
        return None
    if not listed:
        return None
    files: dict[str, Mapping[str, Any]] = {}
    found: list[Problem] = []
    for file in listed:
        if file.name != CHANGES:
            value, wrong = _file(file)
            package = file.name.removesuffix(".json")
            wrong = wrong or _told(file, wrong_contracts(value, package))
            found += wrong
            if not wrong:
                files[package] = {"types": {}, **value}
    changes: Mapping[str, Mapping[str, Any]] = {}
    # Of a contract that cannot be read nobody can say whether its changes are its own.
    if not found and (folder / FOLDER / CHANGES) in listed:
        value, found = _file(folder / FOLDER / CHANGES)
        found = found or _told(folder / FOLDER / CHANGES, wrong_changes(value, files))
        changes = {} if found else value["tokens"]
    return Brought(cloud, owner, folder, {} if found else files, {} if found else changes, tuple(found))


def _apart(found: list[Brought]) -> list[Brought]:
    """Where two packages say of one type not the same, neither counts, since either might be meant."""
    bad: dict[str, list[Problem]] = {}
    for one in found:
        for other in found:
            if one.owner == other.owner:
                continue
            for package, file in one.files.items():
                theirs = other.files.get(package)
                both = sorted(file["tokens"].keys() & theirs["tokens"].keys()) if theirs else []
                where = str(one.folder / FOLDER / f"{package}.json")
                if theirs is not None and package not in FILES and _whole(file) != _whole(theirs):
                    what = (
                        f"is of another version or another server than that of {other.owner}: uninstall one of the two"
                    )
                    bad.setdefault(one.cloud, []).append(Problem(where, None, None, "version", what))
                for token in both:
                    if theirs is not None and _said(file, token) != _said(theirs, token):
                        what = f"{other.owner} has another contract of it: uninstall one of the two packages"
                        bad.setdefault(one.cloud, []).append(Problem(where, None, None, f"tokens.{token}", what))
            for token in sorted(one.changes.keys() & other.changes.keys()):
                if one.changes[token] != other.changes[token]:
                    what = f"{other.owner} says otherwise what its changes do: uninstall one of the two packages"
                    where = str(one.folder / FOLDER / CHANGES)
                    bad.setdefault(one.cloud, []).append(Problem(where, None, None, f"tokens.{token}", what))
    return [
        Brought(one.cloud, one.owner, one.folder, {}, {}, tuple(bad[one.cloud])) if one.cloud in bad else one
        for one in found
    ]


def _whole(file: Mapping[str, Any]) -> tuple[Any, Any]:
    return file["version"], file.get("server")


def _said(file: Mapping[str, Any], token: str) -> tuple[Any, Any]:
    """A contract with the nested objects that it may be made of."""
    return file["tokens"][token], file["types"]


def _file(file: Path) -> tuple[Any, list[Problem]]:
    """What a file of JSON holds, or why it holds nothing."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(name for name, count in _counted(pairs).items() if count > 1)
        return dict(pairs)

    try:
        value = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=once)
    except json.JSONDecodeError as error:
        return None, [Problem(str(file), error.lineno, error.colno, "", f"is not JSON: {error.msg}")]
    except UnicodeDecodeError:
        return None, [Problem(str(file), None, None, "", "is not a text in UTF-8")]
    except RecursionError:
        return None, [Problem(str(file), None, None, "", "is nested too deeply for contracts")]
    except OSError as error:
        return None, [Problem(str(file), None, None, "", f"cannot be read: {error.strerror}")]
    if twice:
        name = ", ".join(dict.fromkeys(twice))
        return None, [Problem(str(file), None, None, name, "is said twice in one place: only the last would count, take one out")]  # fmt: skip
    return value, []


def _counted(pairs: list[tuple[str, Any]]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for name, _ in pairs:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _told(file: Path, wrong: Wrong) -> list[Problem]:
    """What is wrong, each with its line."""
    found = list(wrong)
    if not found:
        return []
    try:
        places = read_catalogue(file.read_text(encoding="utf-8"), file)[1]
    except (SpecError, RecursionError):
        # JSON that YAML reads otherwise: the path of the field says where.
        places = {}
    origin = Origin(file, places)
    return origin.in_order(origin.problem(at, what) for at, what in found)


__all__ = ["OWN_PLUGIN", "Brought", "brought", "changes_of", "file_with", "files_of", "forget", "packages", "problems"]
