"""Values on the engine's wire, both ways: plain JSON in which a secret stays marked at the place where it is.

Every kind of unknown becomes the one string that the engine knows, whole numbers become integers (the
wire has doubles only). Assets, archives and resource references are deliberately not taken: no type that
the simulator serves has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from google.protobuf import struct_pb2

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What is known only after an `up`; in a preview it may stand anywhere."""
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_MARK: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark of a secret, not one
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@final
@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not be seen, where it stands."""

    value: Any

    def __repr__(self) -> str:
        """Without the value."""
        return "Secret(...)"


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as a dict. Raises `ValueError` for assets and the like."""
    return {name: _decoded(value) for name, value in struct.fields.items()}


def _decoded(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _object(value.struct_value.fields)
    if kind == "list_value":
        return [_decoded(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _object(fields: Mapping[str, struct_pb2.Value]) -> Any:
    if _MARK not in fields:
        return {name: _decoded(item) for name, item in fields.items()}
    mark = fields[_MARK].string_value
    # `in` first: reading a name that a protobuf map does not have puts it there.
    value = _decoded(fields["value"]) if "value" in fields else UNKNOWN
    if mark == _SECRET:
        return Secret(value)
    if mark == _OUTPUT:
        return Secret(value) if "secret" in fields and fields["secret"].bool_value else value
    raise ValueError("assets, archives and resources are not taken here: give a plain value")


def encode(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A dict as a struct, without its nulls and with its secrets marked."""
    struct = struct_pb2.Struct()
    struct.update({name: _encoded(value) for name, value in values.items() if value is not None})
    return struct


def _encoded(value: Any) -> Any:
    if isinstance(value, Secret):
        return {_MARK: _SECRET, "value": _encoded(value.value)}
    if isinstance(value, Mapping):
        return {name: _encoded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(item) for item in value]
    return value


def plain(value: Any) -> Any:
    """The value without the marks of its secrets: for the cloud's own use, never to be shown."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is Secret:
        return plain(value.value)
    if isinstance(value, Mapping):
        return {name: item if type(item) in _SCALARS else plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def copied(value: Any) -> Any:
    """A value that may be changed without changing the other; secrets stay marked."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is Secret:
        return Secret(copied(value.value))
    if isinstance(value, Mapping):
        return {name: copied(item) for name, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list | tuple) else value


def masked(value: Any) -> Any:
    """The value with a word in place of each secret, to be shown."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Mapping):
        return {name: masked(item) for name, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list | tuple) else value
