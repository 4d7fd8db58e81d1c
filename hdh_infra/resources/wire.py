"""Protobuf structs to Python and back, as the engine's protocol has them.

Unknown values travel as fixed strings and become `UNKNOWN`; secrets travel as marked objects and are
unwrapped. A secret at any depth makes the whole top-level property secret on the way back: too much
rather than too little. Assets, archives and resource references are refused: no type takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import struct_pb2

from hdh_infra.resources.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks a special object on the wire."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark for a secret, not one
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The unknown string; unknown booleans, numbers, lists and objects have marks of their own."""
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class UnsupportedValueError(ValueError):
    """Raised for a value that no type of this provider takes: an asset, an archive, a resource."""


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as a dict: secrets unwrapped, unknowns as `UNKNOWN`, whole numbers as `int`."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value.fields)
    if kind == "list_value":
        return [_decode(member) for member in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _decode_object(fields: Mapping[str, struct_pb2.Value]) -> Any:
    mark = _mark(fields)
    if mark is None:
        return {key: _decode(member) for key, member in fields.items()}
    if mark in (SECRET, OUTPUT):
        # `in` first: reading a missing key of a protobuf map would insert it.
        return _decode(fields["value"]) if "value" in fields else UNKNOWN
    raise UnsupportedValueError("assets, archives and resources are not taken here: give a plain value")


def _mark(fields: Mapping[str, struct_pb2.Value]) -> str | None:
    return str(fields[SIGNATURE].string_value) if SIGNATURE in fields else None


def secret_keys(struct: struct_pb2.Struct) -> set[str]:
    """The top-level properties that are secret or hold a secret at any depth."""
    return {key for key, value in struct.fields.items() if _is_secret(value)}


def _is_secret(value: struct_pb2.Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return any(map(_is_secret, value.list_value.values))
    if kind != "struct_value":
        return False
    fields = value.struct_value.fields
    if _mark(fields) == SECRET or (_mark(fields) == OUTPUT and "secret" in fields and fields["secret"].bool_value):
        return True
    return any(map(_is_secret, fields.values()))


def encode(values: Mapping[str, Any], secrets: Collection[str] = ()) -> struct_pb2.Struct:
    """A dict as a struct, without its nulls; the properties named in `secrets` are marked as secret."""
    struct = struct_pb2.Struct()
    struct.update(
        {
            key: {SIGNATURE: SECRET, "value": _encode(value)} if key in secrets else _encode(value)
            for key, value in values.items()
            if value is not None
        }
    )
    return struct


def _encode(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING
    if isinstance(value, dict):
        return {key: _encode(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_encode(member) for member in value]
    return value
