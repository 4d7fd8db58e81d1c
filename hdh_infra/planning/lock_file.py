"""The lock's file: where it lies, how it is read with care, and how it is written for merging.

It deliberately decides nothing: what a lock becomes is made in `planning.lock`.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from pydantic import ValidationError

from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.lock import Lock
from hdh_infra.model.origin import dotted
from hdh_infra.model.reading import read_yaml


def lock_file(spec: Path) -> Path:
    """The lock of a spec: the file of the same name beside it."""
    return spec.with_suffix(".lock")


def read_lock(file: Path) -> Lock | None:
    """The lock in a file; None where there is none. Raises `SpecError` for one that is damaged."""
    if not file.exists():
        return None
    value, positions = read_yaml(file)
    try:
        return Lock.model_validate(value)
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_url=False):
            at = tuple(detail["loc"])
            while at and at not in positions:
                at = at[:-1]
            what = f"{detail['msg']}: mend the line by hand or from the history of the file; never delete the lock of what is deployed"
            problems.append(Problem(str(file), *positions.get(at, (1, 1)), dotted(tuple(detail["loc"])), what))
        raise SpecError(problems) from None


def write_lock(lock: Lock, file: Path) -> None:
    """Write a lock, sorted, one line a thing, at once or not at all."""
    from ruamel.yaml import YAML

    value = lock.model_dump(mode="json", exclude_defaults=False)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = True  # type: ignore[assignment]  # declared without its type
    yaml.width = 4096
    part = file.with_name(f".{file.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write("# What this platform was given once and keeps. Kept under version control; made by `hdh lock`.\n")
        yaml.dump(value, stream)
    part.replace(file)


def new_salt() -> str:
    """A salt for a new lock, made once by chance."""
    return secrets.token_hex(4)


def lock_status(old: Lock | None, new: Lock) -> tuple[str, ...]:
    """What is not up to date in a lock, in words; empty where nothing is."""
    if old is None:
        return ("there is no lock",)
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return tuple(f"{part} would change" for part in after if before.get(part) != after[part])
