"""The base of every described thing, and the simple types that the model is made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
)

from hdh_infra.model.scales import Relation

GIB = 2**30


class Spec(BaseModel):
    """Base of every described thing: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=True)


_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")


def check_name(name: str) -> str:
    """A name that every cloud can carry as a part of its own names."""
    if not _NAME.fullmatch(name) or "--" in name:
        raise ValueError(
            f"{name!r} is not a name: 1 to 32 small letters, digits and single hyphens, starting with a letter"
        )
    return name


Name = Annotated[str, AfterValidator(check_name)]


def _size(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGTP]i?B\s*", value):
        raise ValueError(f"{value!r} is not a size: a number with a unit, such as 500GB, 300TB or 64GiB")
    if isinstance(value, (bool, float)) or (
        isinstance(value, int) and not isinstance(value, ByteSize) and value < 2**20
    ):
        raise ValueError(f"{value!r} has no unit: write 500GB, 300TB or 64GiB")
    return value


def write_size(size: int) -> str:
    """A size as people write it, exact: the largest decimal or binary unit that divides it."""
    for unit, power in (("PB", 5), ("TB", 4), ("GB", 3), ("MB", 2), ("KB", 1)):
        if size % 1000**power == 0 and size >= 1000**power:
            return f"{size // 1000**power}{unit}"
        if size % 1024**power == 0 and size >= 1024**power:
            return f"{size // 1024**power}{unit[0]}iB"
    return f"{size}B"


Size = Annotated[ByteSize, BeforeValidator(_size), PlainSerializer(lambda size: write_size(int(size)), return_type=str)]
"""A quantity of bytes, written with its unit: `300TB`, `64GB`, `16GiB`."""


def gib(size: int) -> int:
    """A size in whole GiB, rounded up: clouds sell disks and memory so."""
    return -(-int(size) // GIB)


_PORTS = re.compile(r"(\d{1,5})-(\d{1,5})")
_LAST_PORT = 65535


def _ports(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a port: 1 to {_LAST_PORT}, or a range such as 8000-8010")
    if isinstance(value, int):
        low = high = value
    elif isinstance(value, str) and (found := _PORTS.fullmatch(value)):
        low, high = int(found[1]), int(found[2])
    else:
        raise ValueError(f"{value!r} is not a port: 1 to {_LAST_PORT}, or a range such as 8000-8010")
    if not 1 <= low <= high <= _LAST_PORT:
        raise ValueError(f"{value!r} is not a port: 1 to {_LAST_PORT}, or a range such as 8000-8010")
    return low if low == high else f"{low}-{high}"


Port = Annotated[int | str, BeforeValidator(_ports)]
"""A port, or a range of them: `443`, `"8000-8010"`."""

Exact = Relation.exact
Floor = Relation.floor
Untraceable = Relation.untraceable

Days = Annotated[int, Field(ge=1, le=36500)]


def size(text: str) -> ByteSize:
    """A size written with its unit, for platforms described in Python. Raises `ValueError` for what has none."""
    return TypeAdapter(Size).validate_python(text)
