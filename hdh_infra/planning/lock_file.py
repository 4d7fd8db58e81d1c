"""The lock's file: where it lies, how it is read with care, and how it is written for merging.

A lock is changed by merges and, rarely, by hand; what two branches gave twice must not be deployed. It
deliberately decides nothing: what a lock becomes is made in `planning.lock`.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.explain import explained, shown
from hdh_infra.model.lock import Lock
from hdh_infra.model.origin import Location, Origin
from hdh_infra.model.paths import network_path
from hdh_infra.model.reading import read_yaml

HEADER = "# What this platform was given once and keeps. Kept under version control; made by `hdh lock`.\n"
_MERGING = "keep the lines of both sides, delete the markers, and run `hdh lock`"
_MEND = "mend the line by hand or from the history of the file; never delete the lock of what is deployed"
_TWICE = "keep the one that was deployed, take the other line out, and run `hdh lock`"


def lock_file(spec: Path) -> Path:
    """The lock of a spec: the file of the same name beside it."""
    return spec.with_suffix(".lock")


def read_lock(file: Path) -> Lock | None:
    """The lock in a file; None where there is none.

    Raises:
        SpecError: with every problem of a file that is damaged, or that a merge has given something twice.
    """
    if not file.exists():
        return None
    value, places = read_yaml(file, "lock", _MERGING)
    origin = Origin(file, places)
    if not isinstance(value, dict):
        raise SpecError([origin.problem((), f"holds {shown(value)} and no lock: take it from the history of the file")])
    try:
        lock = Lock.model_validate(value)
    except ValidationError as error:
        problems = [_damage(explained(one, one["loc"], value, origin, Lock)) for one in error.errors(include_url=False)]
        raise SpecError(origin.in_order(problems)) from None
    if given_twice := [origin.problem(at, what) for rule in (_ranges, _hosts) for at, what in rule(lock, origin)]:
        raise SpecError(origin.in_order(given_twice))
    return lock.at(origin)


def _damage(problem: Problem) -> Problem:
    remedy = _MEND
    if problem.field == "salt":
        remedy = "eight of 0-9 and a-f in quotes, made once; take it from the history: another renames every bucket, account and vault"
    return Problem(problem.file, problem.line, problem.column, problem.field, f"{problem.what}; {remedy}")


def _ranges(lock: Lock, origin: Origin) -> Iterator[tuple[Location, str]]:
    """Two branches that each add a network are both given the next free range."""
    widest: tuple[str, ipaddress.IPv4Network] | None = None
    ranges = {path: ipaddress.IPv4Network(one) for path, one in lock.addresses.items()}
    for path, mine in sorted(ranges.items(), key=lambda one: (int(one[1].network_address), one[0])):
        if widest is not None and mine.overlaps(widest[1]):
            lines = sorted((origin.place(("addresses", one)).line, one) for one in (path, widest[0]))
            at: Location = ("addresses", lines[1][1])
            yield (
                at,
                (
                    f"{ranges[lines[1][1]]} overlaps {ranges[lines[0][1]]} of {lines[0][1]} in line {lines[0][0]}: "
                    f"two branches gave the same range; {_TWICE}"
                ),
            )
        if widest is None or mine.broadcast_address > widest[1].broadcast_address:
            widest = (path, mine)


def _hosts(lock: Lock, origin: Origin) -> Iterator[tuple[Location, str]]:
    """Each number of a network belongs to one machine or store, and lies in the network's range."""
    sizes = {path: ipaddress.IPv4Network(one).num_addresses for path, one in lock.addresses.items()}
    taken: dict[tuple[str, int], tuple[str, int]] = {}
    for path, numbers in sorted(lock.hosts.items(), key=lambda one: origin.place(("hosts", one[0])).line):
        network = network_path(path)
        if network is None:
            yield ("hosts", path), f"{path!r} lies in no zone or space; {_MEND}"
            continue
        for index, number in enumerate(numbers):
            at = ("hosts", path, index)
            other = taken.setdefault((network, number), (path, index))
            if other != (path, index):
                line = origin.place(("hosts", *other)).line
                yield at, f"{number} is given to {other[0]} as well, in line {line}: two branches gave it; {_TWICE}"
            elif not 0 < number < sizes.get(network, number + 1):
                yield (
                    at,
                    f"{number} is no address of {network}, {lock.addresses.get(network, 'which has none')}; {_MEND}",
                )


def write_lock(lock: Lock, file: Path) -> None:
    """Write a lock, sorted, one line a thing, at once or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.write_text(written(lock), encoding="utf-8")
    part.replace(file)


def written(lock: Lock) -> str:
    """A lock as its file has it: sorted, one line a thing, so that a merge of two branches keeps the lines of both."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = True  # type: ignore[assignment]  # declared without its type
    yaml.width = 4096
    for kind in (_LineOfList, _LineOfMapping):
        yaml.representer.add_representer(kind, kind.represent)
    stream = StringIO()
    yaml.dump(_lines(lock.model_dump(mode="json")), stream)
    return HEADER + stream.getvalue()


class _LineOfList(list[Any]):
    """A list on one line."""

    @staticmethod
    def represent(representer: Any, items: list[Any]) -> Any:
        """The node of YAML."""
        return representer.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


class _LineOfMapping(dict[str, Any]):
    """A mapping on one line."""

    @staticmethod
    def represent(representer: Any, items: Mapping[str, Any]) -> Any:
        """The node of YAML."""
        return representer.represent_mapping("tag:yaml.org,2002:map", items, flow_style=True)


def _lines(value: Any) -> Any:
    """The same value; what has parts of one thing is one line: a list of plain values, a mapping that a list holds."""
    if isinstance(value, dict):
        return {name: _lines(item) for name, item in value.items()}
    if isinstance(value, list):
        if any(isinstance(item, (dict, list)) for item in value):
            return [_LineOfMapping(item) if isinstance(item, dict) else item for item in value]
        return _LineOfList(value)
    return value


def new_salt() -> str:
    """A salt for a new lock, made once by chance."""
    return secrets.token_hex(4)


def lock_status(old: Lock | None, new: Lock) -> tuple[str, ...]:
    """What is not up to date in a lock, in words; empty where nothing is."""
    if old is None:
        return ("there is no lock",)
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return tuple(f"{part} would change" for part in after if before.get(part) != after[part])
