"""The key service over HTTP on loopback; no S3 server."""

from __future__ import annotations

import base64
import json
import stat
import threading
import urllib.error
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.s3 import keys
from hdh_infra.sandbox.s3.box import Box, Ports
from hdh_infra.sandbox.s3.keyservice import KeyStore, RefusedRequestError, serve


@pytest.fixture
def service(tmp_path):
    """A box whose key service listens on a free port; `call` speaks to it as the S3 server does."""
    box = Box(tmp_path / "box")
    box.make()
    server = serve(box.directory, 0)
    box.keep_ports(Ports(server.server_address[1] - 8))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield box
    server.shutdown()
    server.server_close()
    thread.join()


def call(box: Box, operation: str, body: dict, token: str | None = None) -> dict:
    request = urllib.request.Request(
        f"{keys.endpoint(box.directory)}/v1/transit/{operation}",
        method="PUT",
        data=json.dumps(body).encode(),
        headers={"X-Vault-Token": box.secrets().key_token if token is None else token, "Connection": "close"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)["data"]


def refused(box: Box, operation: str, body: dict, token: str | None = None) -> int:
    with pytest.raises(urllib.error.HTTPError) as raised:
        call(box, operation, body, token)
    with raised.value as error:
        return error.code


PLAIN = {"plaintext": base64.b64encode(b"data key").decode(), "context": "YQ=="}


def test_what_a_key_encrypts_only_that_key_in_that_context_decrypts(service) -> None:
    for name in ("k-1", "k-2"):
        keys.create_key(service.directory, name)
    text = call(service, "encrypt/k-1", PLAIN)["ciphertext"]
    assert call(service, "decrypt/k-1", {"ciphertext": text, "context": "YQ=="}) == {"plaintext": PLAIN["plaintext"]}
    assert refused(service, "decrypt/k-2", {"ciphertext": text, "context": "YQ=="}) == 400
    assert refused(service, "decrypt/k-1", {"ciphertext": text, "context": "Yg=="}) == 400


def test_an_unknown_key_encrypts_nothing_and_is_not_made_by_asking(service) -> None:
    assert refused(service, "encrypt/k-1", PLAIN) == 400
    assert keys.keys(service.directory) == []


@pytest.mark.parametrize("name", ["arn:aws:kms:fr:1:key/3f2c", "a/b/c", "clé-über", "k?x=1"])
def test_a_key_id_of_any_cloud_is_one_key(service, name: str) -> None:
    keys.create_key(service.directory, name)
    keys.create_key(service.directory, name)
    assert keys.keys(service.directory) == [name]
    keys.delete_key(service.directory, name)
    assert keys.keys(service.directory) == []


@pytest.mark.parametrize("token", ["", "wrong"])
def test_nobody_without_the_token_is_answered(service, token: str) -> None:
    keys.create_key(service.directory, "k-1")
    assert refused(service, "encrypt/k-1", PLAIN, token) == 403


@pytest.mark.parametrize("body", [{}, {"plaintext": "not base64"}, {"plaintext": 3}])
def test_a_request_that_is_not_understood_is_refused_and_the_service_goes_on(service, body: dict) -> None:
    keys.create_key(service.directory, "k-1")
    assert refused(service, "encrypt/k-1", body) == 400
    assert call(service, "encrypt/k-1", PLAIN)["ciphertext"]


def test_a_key_id_that_the_s3_server_does_not_take_is_refused(service) -> None:
    for name in ("ab", "a b c", "x" * 101):
        with pytest.raises(ValueError, match="no key id"):
            keys.create_key(service.directory, name)


def test_keys_outlive_the_service_and_a_deleted_one_is_gone_for_good(tmp_path) -> None:
    path = tmp_path / "keys.json"
    store = KeyStore(path)
    store.create("k-1")
    text = store.encrypt("k-1", b"x", b"c")
    assert KeyStore(path).decrypt("k-1", text, b"c") == b"x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.delete("k-1")
    again = KeyStore(path)
    again.create("k-1")
    with pytest.raises(RefusedRequestError):
        again.decrypt("k-1", text, b"c")


@given(st.binary(max_size=64), st.binary(max_size=16))
def test_encrypting_twice_gives_two_texts_and_both_decrypt(tmp_path_factory, plaintext: bytes, context: bytes) -> None:
    store = KeyStore(tmp_path_factory.mktemp("keys") / "keys.json")
    store.create("k-1")
    texts = [store.encrypt("k-1", plaintext, context) for _ in range(2)]
    assert texts[0] != texts[1]
    assert [store.decrypt("k-1", text, context) for text in texts] == [plaintext] * 2


def test_a_box_that_was_never_started_is_told_with_what_to_do(tmp_path) -> None:
    with pytest.raises(CloudError, match="hdh sandbox up"):
        keys.keys(tmp_path)


def test_two_boxes_share_no_secret_and_printing_them_shows_none(tmp_path) -> None:
    boxes = [Box(tmp_path / name) for name in "ab"]
    for box in boxes:
        box.make()
    first, second = (box.secrets() for box in boxes)
    fields = type(first).__slots__
    assert not [name for name in fields if getattr(first, name) == getattr(second, name)]
    assert not [name for name in fields if getattr(first, name) in repr(first)]
    assert boxes[0].secrets() == first
