"""Values between the engine and Python."""

from __future__ import annotations

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.resources import wire
from hdh_infra.resources.values import UNKNOWN, has_unknown

VALUES = st.recursive(
    st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def struct(values: dict) -> Struct:
    made = Struct()
    made.update(values)
    return made


def secret(value: object) -> dict:
    return {wire.SIGNATURE: wire.SECRET, "value": value}


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_what_is_encoded_is_decoded_again(values: dict) -> None:
    assert wire.decode(wire.encode(values)) == values


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, min_size=1, max_size=4))
def test_a_secret_property_is_marked_and_still_holds_its_value(values: dict) -> None:
    made = wire.encode(values, set(values))
    assert wire.secret_keys(made) == set(values)
    assert wire.decode(made) == values


@pytest.mark.parametrize("value", [secret("x"), {"a": [secret("x")]}, [{"b": {"c": secret(1)}}]])
def test_a_secret_at_any_depth_makes_the_property_secret(value: object) -> None:
    assert wire.secret_keys(struct({"plain": {"a": "b"}, "hidden": value})) == {"hidden"}


def test_reading_a_struct_does_not_change_it() -> None:
    read = struct({"tags": {"a": "b"}})
    before = read.SerializeToString(deterministic=True)
    wire.decode(read)
    wire.secret_keys(read)
    assert read.SerializeToString(deterministic=True) == before


def test_an_unknown_is_unknown_in_every_type_that_the_engine_sends() -> None:
    for mark in wire._UNKNOWNS:
        assert has_unknown(wire.decode(struct({"a": {"b": [mark]}})))


def test_null_is_left_out_on_the_way_back() -> None:
    assert dict(wire.encode({"a": None, "b": 1}).fields).keys() == {"b"}


def test_an_asset_is_refused() -> None:
    with pytest.raises(wire.UnsupportedValueError, match="plain value"):
        wire.decode(struct({"policy": {wire.SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "{}"}}))
