"""Holding a node's properties against its contract: every violation at once, each with its path.

Values that are known only later (a plan's forms, the engine's unknown) are taken to be of the right type;
text forms are strings. It judges shapes, and on Azure the limits that Resource Manager sets to a value (`arm`);
rules between properties are the cloud's, and the simulator's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from hdh_infra.contracts.arm import breaches, sources
from hdh_infra.contracts.load import SIGNATURE, UNKNOWN, Contract, Shape, contract
from hdh_infra.graph.values import form_of
from hdh_infra.model.words import nearest

_TEXT_FORMS = frozenset({"$format", "$json", "$base64"})
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "array": (list, tuple),
    "object": (dict, Mapping),
}


@final
@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks a contract."""

    path: str
    kind: Literal["unknown", "missing", "type", "enum", "open-enum", "read-only", "limit"]
    found: str
    remedy: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.path}: {self.found}. {self.remedy}"


def check(token: str, properties: Mapping[str, Any], *, limits: bool = True) -> list[Violation]:
    """Every violation of a type's contract.

    Args:
        token: the type.
        properties: what a node states, in the provider's names.
        limits: whether the cloud's own limits count too, and not only what the provider itself looks at.

    Raises:
        KeyError: the type has no contract.
    """
    found = contract(token)
    if found is None:
        raise KeyError(token)
    violations = list(_object(found, found.inputs, properties, ""))
    told = {one.path for one in violations}
    for path, wrong, fact in breaches(token, properties) if limits else ():
        # What is wrong with an object as a whole is said where it is wrong.
        if not any(one == path or one.startswith(f"{path}.") for one in told):
            remedy = f"Azure Resource Manager says so: {sources()[fact.source]['at']}"
            violations.append(Violation(path, "limit" if fact.known is None else "open-enum", wrong, remedy))
    return violations


def _object(found: Contract, shapes: Mapping[str, Shape], value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    for name, item in value.items():
        path = f"{at}.{name}" if at else name
        if name.startswith("__"):
            continue
        if name not in shapes:
            if not at and name in found.outputs:
                yield Violation(path, "read-only", "is an output and cannot be given", "Leave it out")
            else:
                yield Violation(
                    path, "unknown", f"{found.token} has no such property", nearest(name, shapes) or "Leave it out"
                )
        elif item is not None:
            yield from _value(found, shapes[name], item, path)
    for name, shape in shapes.items():
        if shape.get("required") and value.get(name) is None:
            yield Violation(f"{at}.{name}" if at else name, "missing", "is required and missing", "Give it")


def _value(found: Contract, shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    shape = found.resolve(shape)
    wanted = shape["type"]
    if isinstance(value, Mapping) and SIGNATURE in value:
        if "value" not in value:
            return
        value = value["value"]
    form = form_of(value)
    if value == UNKNOWN or wanted == "any" or (form and form not in _TEXT_FORMS):
        return
    if form:
        if wanted != "string":
            yield Violation(path, "type", f"is a text, wanted is {wanted}", "Give the value itself")
        return
    wrong = (
        not isinstance(value, _TYPES[wanted])
        or (isinstance(value, bool) and wanted != "boolean")
        or (wanted == "integer" and isinstance(value, float) and not value.is_integer())
    )
    if wrong:
        yield Violation(
            path,
            "type",
            f"is {type(value).__name__} {value!r:.60}, wanted is {wanted}",
            f"Give a value of type {wanted}",
        )
        return
    if "enum" in shape and value not in shape["enum"]:
        kind: Literal["open-enum", "enum"] = "open-enum" if shape.get("open") else "enum"
        yield Violation(
            path, kind, f"{value!r} is not one of the known values", nearest(str(value), map(str, shape["enum"]))
        )
    if wanted == "array" and "items" in shape:
        for index, item in enumerate(value):
            yield from _value(found, shape["items"], item, f"{path}[{index}]")
    elif wanted == "object" and "kinds" in shape:
        yield from _kind(found, shape, value, path)
    elif wanted == "object" and "properties" in shape:
        yield from _object(found, shape["properties"], value, path)
    elif wanted == "object" and "additional" in shape:
        for key, item in value.items():
            yield from _value(found, shape["additional"], item, f'{path}["{key}"]')


def _kind(found: Contract, shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """An object of one of several kinds, of which one property says which."""
    by, kinds = shape["by"], shape["kinds"]
    named = value.get(by)
    if named is None:
        yield Violation(f"{path}.{by}", "missing", "is required and missing", f"Give one of {', '.join(sorted(kinds))}")
    elif named not in kinds:
        yield Violation(
            f"{path}.{by}", "enum", f"{named!r} is not one of the known values", nearest(str(named), sorted(kinds))
        )
    else:
        yield from _object(found, found.types[kinds[named]], value, path)
