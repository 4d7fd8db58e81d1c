"""The example of encrypting before writing, on a real S3 server: what it holds, what comes back, what is refused."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import boto3
import pytest

from hdh_infra.sandbox import s3

pytestmark = pytest.mark.end_to_end
EXAMPLE = Path(__file__).parents[3] / "examples" / "client_side" / "envelope.py"
BASE = 15345
DATA = b"a patient's name, that nobody else may read " * 50
OBJECT = "cohort/2026.parquet"


@pytest.fixture(scope="module")
def envelope():
    spec = importlib.util.spec_from_file_location("envelope", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    directory = tmp_path_factory.mktemp("client-side")
    s3.start(directory, BASE, print)
    yield directory
    s3.stop(directory)


@pytest.fixture(scope="module")
def client(box):
    given = s3.environment(box)
    made = boto3.client(
        "s3",
        endpoint_url=given["HDH_S3_ENDPOINT"],
        region_name="gra",
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    for name in ("snds", "other"):
        made.create_bucket(Bucket=name)
    return made


@pytest.fixture
def key(envelope):
    return envelope.AesKey(os.urandom(32))


@pytest.fixture
def written(envelope, client, key):
    """An object as the server holds it."""
    envelope.write(client, "snds", OBJECT, DATA, key)
    return client.get_object(Bucket="snds", Key=OBJECT)


def put(client, answer, bucket="snds", name=OBJECT, body=None, **about):
    body = answer["Body"].read() if body is None else body
    client.put_object(Bucket=bucket, Key=name, Body=body, Metadata={**answer["Metadata"], **about})


def test_what_is_written_comes_back_and_the_server_never_had_it(envelope, client, key, box) -> None:
    envelope.write(client, "snds", OBJECT, DATA, key)
    assert envelope.read(client, "snds", OBJECT, key) == DATA
    held = client.get_object(Bucket="snds", Key=OBJECT)
    body = held["Body"].read()
    assert DATA[:16] not in body
    volumes = [file for file in box.rglob("*") if file.is_file()]
    assert any(body in file.read_bytes() for file in volumes), "the object is on this disk"
    assert not [file for file in volumes if DATA[:16] in file.read_bytes()]


def test_the_same_data_are_never_the_same_ciphertext(envelope, client, key) -> None:
    bodies = set()
    for _ in range(3):
        envelope.write(client, "snds", OBJECT, DATA, key)
        bodies.add(client.get_object(Bucket="snds", Key=OBJECT)["Body"].read())
    assert len({body[:12] for body in bodies}) == 3
    assert len({body[12:] for body in bodies}) == 3


@pytest.mark.parametrize("place", [0, 11, 12, 500, -1])
def test_one_changed_bit_is_refused(envelope, client, key, written, place) -> None:
    body = bytearray(written["Body"].read())
    body[place] ^= 1
    put(client, written, body=bytes(body))
    with pytest.raises(envelope.RefusedError, match="was changed"):
        envelope.read(client, "snds", OBJECT, key)


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_a_piece_of_it_is_refused(envelope, client, key, written, length) -> None:
    put(client, written, body=written["Body"].read()[:length])
    with pytest.raises(envelope.RefusedError):
        envelope.read(client, "snds", OBJECT, key)


def test_an_object_that_is_put_under_another_name_or_into_another_bucket_is_refused(
    envelope, client, key, written
) -> None:
    body = written["Body"].read()
    for bucket, name in (("snds", "cohort/2025.parquet"), ("other", OBJECT)):
        put(client, written, bucket, name, body)
        with pytest.raises(envelope.RefusedError, match="another name"):
            envelope.read(client, bucket, name, key)


def test_another_key_a_changed_data_key_and_one_of_another_object_are_refused(envelope, client, key, written) -> None:
    with pytest.raises(envelope.RefusedError, match="another key"):
        envelope.read(client, "snds", OBJECT, envelope.AesKey(os.urandom(32)))
    body = written["Body"].read()
    envelope.write(client, "snds", "else", b"x", key)
    foreign = client.get_object(Bucket="snds", Key="else")["Metadata"]["hdh-data-key"]
    own = written["Metadata"]["hdh-data-key"]
    # Another first letter, whatever it was.
    changed = ("B" if own[0] == "A" else "A") + own[1:]
    for wrapped in (changed, "AAAA", foreign):
        put(client, written, body=body, **{"hdh-data-key": wrapped})
        with pytest.raises(envelope.RefusedError):
            envelope.read(client, "snds", OBJECT, key)


def test_what_somebody_planted_in_clear_is_refused(envelope, client, key) -> None:
    client.put_object(Bucket="snds", Key=OBJECT, Body=DATA)
    with pytest.raises(envelope.RefusedError, match="not written by this program"):
        envelope.read(client, "snds", OBJECT, key)


def test_a_key_of_another_size_is_no_key_of_the_platform(envelope) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        envelope.AesKey(bytes(16))
