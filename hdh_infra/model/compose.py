"""A description built from parts: `include:` names the files that a file's own content is laid over.

Mappings merge by name at every depth, lists add up, everything else is replaced; in a file that includes
others a null takes out what it lies over. It deliberately knows no field but `include`, and the two places
where the model itself gives a null a meaning; what the whole is worth is the loader's to say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.names import told
from hdh_infra.model.origin import Location, Origin, Place
from hdh_infra.model.reading import read_parts, read_text

INCLUDE = "include"
MAX_LEVELS = 10
_MANY = 1000
"""Names of a folder that are looked through for one that is alike."""


def compose(file: Path) -> tuple[dict[str, Any], Origin]:
    """The value of a file laid over those that it includes, and where each part of it is written.

    Raises:
        SpecError: with every problem of the text of all files, and of the way they are put together.
    """
    reading = _Reading({Path(os.path.realpath(file)): Place(file, 1, 1)})
    try:
        found = reading.part(file, (Path(os.path.realpath(file)),))
    except OSError as error:
        what = f"cannot be read ({error.strerror}): name the file of a spec"
        raise SpecError([Problem(str(file), None, None, "", what)]) from None
    origin = Origin(file, found.places if found else {}, tuple(reading.files))
    if found is None or reading.problems:
        raise SpecError(origin.in_order(reading.problems))
    return found.value, origin


@dataclass
class _Part:
    """What a file and those that it includes give."""

    value: dict[str, Any]
    places: dict[Location, Place]


@dataclass
class _Reading:
    """The files of one description: each where it was first met, in order, and all that is wrong with them."""

    met: dict[Path, Place]
    files: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def part(self, file: Path, chain: tuple[Path, ...]) -> _Part | None:
        """What a file gives with what it includes; None, with a problem, of what is no description.

        Args:
            file: the file.
            chain: the real paths from the first file to this one.

        Raises:
            OSError: it cannot be read.
        """
        self.files.append(file)
        try:
            value, places = read_parts(read_text(file), file)
        except SpecError as error:
            self.problems.extend(error.problems)
            return None
        if not isinstance(value, dict):
            found = "nothing" if value is None else f"a {type(value).__name__}"
            form = " that starts with name: and residency:" if len(chain) == 1 else ", and so is a part of one"
            self.problems.append(Place(file, 1, 1).problem((), f"holds {found}: a spec is a mapping{form}"))
            return None
        if INCLUDE not in value:
            return _Part(value, places)
        below = _Part({}, {})
        for at, name in self._names(value.pop(INCLUDE), places):
            part = self._included(file.parent / name, at, places[at], chain)
            if part is not None:
                _Laying(below, part, self.problems, takes_out=False).all()
        _Laying(below, _Part(value, places), self.problems, takes_out=True).all()
        return below

    def _names(self, written: Any, places: Mapping[Location, Place]) -> Iterator[tuple[Location, str]]:
        """The names that are written, each with its place in the file."""
        at: Location = (INCLUDE,)
        entries = (
            {(*at, index): one for index, one in enumerate(written)} if isinstance(written, list) else {at: written}
        )
        if not entries:
            self.problems.append(places[at].problem(at, "names no file: name one, or leave the line out"))
        for here, name in entries.items():
            if isinstance(name, str) and name.strip():
                yield here, name
            else:
                found = f"a {type(name).__name__}" if isinstance(name, (dict, list)) else repr(name)
                self.problems.append(places[here].problem(here, f"found {found}: write the name of a file"))

    def _included(self, path: Path, at: Location, place: Place, chain: tuple[Path, ...]) -> _Part | None:
        real = Path(os.path.realpath(path))
        try:
            wrong = self._refused(path, real, chain)
            if not wrong:
                self.met[real] = place
                return self.part(path, (*chain, real))
        except OSError as error:
            wrong = _unreadable(path, error)
        self.problems.append(place.problem(at, wrong))
        return None

    def _refused(self, path: Path, real: Path, chain: tuple[Path, ...]) -> str:
        """Why a file is not read here; empty where nothing speaks against it. Raises `OSError`."""
        if real in chain:
            way = " -> ".join(one.name for one in (*chain[chain.index(real) :], real))
            return f"{path} would include itself, {way}: take one of these lines out"
        if real in self.met:
            return (
                f"{path} is included already, in {self.met[real]}, and its lists would be added twice: include it "
                "once, before all that need it"
            )
        if len(chain) > MAX_LEVELS:
            return f"{path} lies deeper than {MAX_LEVELS} levels of files: include it further up"
        if path.is_dir():
            return told(f"{path} is a folder: name a file of it", "", _descriptions(path))
        if path.exists() and not path.is_file():
            return f"{path} is no regular file: name one that can be read again"
        return ""


def _unreadable(path: Path, error: OSError) -> str:
    return told(f"{path} cannot be read ({error.strerror}): name a file", path.name, _descriptions(path.parent))


def _descriptions(folder: Path) -> list[str]:
    """Names of the files of a folder that look like descriptions."""
    try:
        with os.scandir(folder) as entries:
            return [one.name for one in islice(entries, _MANY) if one.name.endswith((".yaml", ".yml"))]
    except OSError:
        return []


class _Laying:
    """One part laid over another, which becomes what both give; each place stays known."""

    def __init__(self, base: _Part, over: _Part, problems: list[Problem], *, takes_out: bool) -> None:
        self._base, self._over, self._problems, self._takes_out = base, over, problems, takes_out

    def all(self) -> None:
        """Lay the whole."""
        self._lay(self._base.value, self._over.value, (), ())

    def _lay(self, base: Any, over: Any, at: Location, there: Location) -> Any:
        """What lies at a location of the base in the end; `there` is the location in the other part."""
        if isinstance(base, dict) and isinstance(over, dict):
            self._base.places[at] = self._over.places[there]
            for name, item in over.items():
                here, from_ = (*at, name), (*there, name)
                if item is None and not _null_is_a_word(here):
                    self._take_out(base, name, here, from_)
                elif name in base:
                    base[name] = self._lay(base[name], item, here, from_)
                else:
                    base[name] = self._put(item, here, from_)
            return base
        if isinstance(base, list) and isinstance(over, list):
            if base and not over:
                what = f"adds nothing to the list in {self._base.places[at]}: to take that out, write null"
                self._wrong(there, what)
            self._base.places[at] = self._over.places[there]
            for index, item in enumerate(over):
                base.append(self._copy(item, (*at, len(base)), (*there, index)))
            return base
        self._forget(base, at)
        return self._put(over, at, there)

    def _take_out(self, base: dict[str, Any], name: str, at: Location, there: Location) -> None:
        if not self._takes_out:
            # It includes nothing, so that for itself the null is a value; only what it lies over makes it a question.
            if base.get(name) is None:
                base[name] = self._put(None, at, there)
            else:
                where = self._base.places[at]
                self._wrong(there, f"takes out what {where} has: only a file that includes that one can")
        elif name not in base:
            self._wrong(there, "takes out nothing, for no file that is included has it: leave the line out")
        else:
            self._forget(base.pop(name), at)

    def _put(self, over: Any, at: Location, there: Location) -> Any:
        """Something that lies over nothing."""
        return self._lay({}, over, at, there) if isinstance(over, dict) else self._copy(over, at, there)

    def _copy(self, over: Any, at: Location, there: Location) -> Any:
        """Something as it is: nothing lies under an item of a list, so that nulls are values there."""
        for inside in _parts(over):
            self._base.places[*at, *inside] = self._over.places[*there, *inside]
        return over

    def _forget(self, base: Any, at: Location) -> None:
        for inside in _parts(base):
            self._base.places.pop((*at, *inside), None)

    def _wrong(self, there: Location, what: str) -> None:
        self._problems.append(self._over.places[there].problem(there, what))


def _null_is_a_word(at: Location) -> bool:
    """Whether a null is a value here: it takes a default of all spaces out of one, or is a cloud's own."""
    match at:
        case ("spaces", "projects", _, "stores" | "machines", _) | ("overrides", _, _, *_):
            return True
        case _:
            return False


def _parts(value: Any) -> Iterator[Location]:
    """The locations of a value and of all within it."""
    yield ()
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        for location in _parts(item):
            yield (name, *location)
