"""Outputs of a mocked resource, computed from its type's contract: typed, the same each time, unknown in a preview.

Nothing is invented beyond the contract: a type without one gives back its inputs alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pulumi.output import Unknown

from hdh_infra.contracts import Contract, Shape

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's word on the wire for a value that is not known yet."""
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the engine's mark of a secret, not one
_DEEPEST: Final = 2
"""Objects in objects; below it what an SDK describes are whole other resources."""


def outputs_of(found: Contract | None, name: str, inputs: Mapping[str, Any], *, preview: bool) -> dict[str, Any]:
    """The state of a resource: its inputs, and what the cloud adds to them.

    Args:
        found: the contract of its type; None where there is none.
        name: of the resource; every text says where it comes from.
        inputs: as they were given.
        preview: whether nothing was made yet.
    """
    state = {key: value for key, value in inputs.items() if value is not None}
    if found is None:
        return state
    for key, shape in found.outputs.items():
        if key == "id":
            continue
        if key in state:
            state[key] = _completed(found, state[key], found.inputs.get(key), shape, f"{name}#{key}", preview=preview)
            continue
        if key in found.inputs and found.resolve(shape)["type"] in {"object", "array"}:
            # A whole that could have been asked and was not: the cloud's own choice, which no contract tells.
            continue
        value = UNKNOWN if preview else _value(found, shape, f"{name}#{key}", ())
        state[key] = {_SIGNATURE: _SECRET, "value": value} if key in found.secrets else value
    return state


def on_wire(value: Any) -> Any:
    """A value as it goes to the engine: what is unknown as the engine's word for it."""
    if isinstance(value, Mapping):
        return {key: on_wire(item) for key, item in value.items()}
    if isinstance(value, list):
        return [on_wire(item) for item in value]
    return UNKNOWN if isinstance(value, Unknown) else value


def _completed(found: Contract, given: Any, asked: Shape | None, gives: Shape, at: str, *, preview: bool) -> Any:
    """What was given, with the parts inside it that only the cloud gives."""
    if asked is None or not isinstance(given, Mapping) or _SIGNATURE in given:
        return given
    inputs: Mapping[str, Shape] = found.resolve(asked).get("properties", {})
    state = dict(given)
    for name, shape in found.resolve(gives).get("properties", {}).items():
        path = f"{at}.{name}"
        if name in state:
            state[name] = _completed(found, state[name], inputs.get(name), shape, path, preview=preview)
        elif name not in inputs:
            state[name] = UNKNOWN if preview else _value(found, shape, path, ())
    return state


def _value(found: Contract, shape: Shape, at: str, seen: tuple[str, ...]) -> Any:
    """A value of a shape; a shape inside itself ends."""
    if "ref" in shape:
        if shape["ref"] in seen or len(seen) >= _DEEPEST:
            return {}
        seen = (*seen, shape["ref"])
        shape = found.resolve(shape)
    if shape.get("enum"):
        return shape["enum"][0]
    match shape["type"]:
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case "array":
            inside = "items" in shape and len(seen) < _DEEPEST
            return [_value(found, shape["items"], f"{at}[0]", seen)] if inside else []
        case "object":
            properties: Mapping[str, Shape] = shape.get("properties", {})
            return {name: _value(found, one, f"{at}.{name}", seen) for name, one in properties.items()}
        case _:
            return at
