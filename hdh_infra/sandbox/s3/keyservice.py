"""The key service's process: the part of a transit engine's HTTP protocol that SeaweedFS asks for.

`PUT /v1/transit/encrypt/KEY`, `decrypt/KEY`, `GET keys/KEY`; `POST` and `DELETE keys/KEY` make and
destroy a key. AES-256-GCM, the caller's context bound as associated data. It deliberately makes no key
on demand: encrypting with an unknown key fails, as it does on a cloud. Rotation and exporting are not
offered.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hdh_infra.sandbox.s3.box import Box, write_private

_PREFIX: Final = "vault:v1:"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_MOUNT: Final = "/v1/transit/"


class RefusedRequestError(Exception):
    """Raised for a request that is answered with an error.

    Attributes:
        status: the HTTP status to answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.status = status


class KeyStore:
    """Keys by name, kept in one private file; each change is on the disk before it is answered."""

    def __init__(self, path: Path) -> None:
        """Read the keys that are there."""
        self._path = path
        self._lock = threading.Lock()
        self._keys: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def names(self) -> list[str]:
        """All key names, sorted."""
        with self._lock:
            return sorted(self._keys)

    def create(self, name: str) -> None:
        """Make a key; one that is there stays as it is."""
        with self._lock:
            if name not in self._keys:
                self._keys[name] = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
                self._write()

    def delete(self, name: str) -> None:
        """Destroy a key: what it encrypted can never be read again."""
        with self._lock:
            if self._keys.pop(name, None) is not None:
                self._write()

    def encrypt(self, name: str, plaintext: bytes, context: bytes) -> str:
        """The ciphertext in the protocol's form."""
        nonce = os.urandom(_NONCE_BYTES)
        return _PREFIX + base64.b64encode(nonce + self._cipher(name).encrypt(nonce, plaintext, context)).decode()

    def decrypt(self, name: str, ciphertext: str, context: bytes) -> bytes:
        """The plaintext; raises `RefusedRequestError` for another key's or another context's text."""
        try:
            raw = base64.b64decode(ciphertext.removeprefix(_PREFIX), validate=True)
            return self._cipher(name).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise RefusedRequestError(400, "cipher: message authentication failed") from error

    def _cipher(self, name: str) -> AESGCM:
        with self._lock:
            if name not in self._keys:
                raise RefusedRequestError(400, f"encryption key not found: {name}")
            return AESGCM(base64.b64decode(self._keys[name]))

    def _write(self) -> None:
        write_private(self._path, json.dumps(self._keys, sort_keys=True))


class Handler(BaseHTTPRequestHandler):
    """One request; `store` and `token` are set on the subclass that the server uses."""

    protocol_version = "HTTP/1.1"
    store: ClassVar[KeyStore]
    token: ClassVar[str]

    def log_message(self, *_: object) -> None:
        """Say nothing: names of keys are nobody's business."""

    def _answer(self) -> None:
        """Answer any method; errors in the protocol's own form."""
        body: dict[str, Any]
        try:
            status, body = 200, {"data": self._result()}
        except RefusedRequestError as error:
            status, body = error.status, {"errors": [str(error)]}
        except (KeyError, TypeError, ValueError, AttributeError):
            status, body = 400, {"errors": ["the request is not understood"]}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_LIST = _answer  # noqa: N815 - the names that http.server looks for

    def _result(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        body: dict[str, Any] = json.loads(self.rfile.read(length) or b"{}")
        given = self.headers.get("X-Vault-Token") or ""
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            raise RefusedRequestError(403, "permission denied")
        path = urlsplit(self.path).path
        if not path.startswith(_MOUNT):
            raise RefusedRequestError(404, "no such path")
        operation, _, name = unquote(path.removeprefix(_MOUNT)).partition("/")
        context = str(body.get("context") or "").encode()
        if operation == "encrypt":
            return {"ciphertext": self.store.encrypt(name, base64.b64decode(body["plaintext"]), context)}
        if operation == "decrypt":
            return {"plaintext": base64.b64encode(self.store.decrypt(name, body["ciphertext"], context)).decode()}
        if operation == "keys":
            return self._keys(name)
        raise RefusedRequestError(404, "no such path")

    def _keys(self, name: str) -> dict[str, Any]:
        if self.command == "LIST" or not name:
            return {"keys": self.store.names()}
        if self.command in {"POST", "PUT"}:
            self.store.create(name)
        elif self.command == "DELETE":
            self.store.delete(name)
            return {}
        if name not in self.store.names():
            raise RefusedRequestError(404, f"encryption key not found: {name}")
        return {"name": name, "type": "aes256-gcm96"}


def serve(directory: Path, port: int) -> ThreadingHTTPServer:
    """A server for the box in `directory` on loopback; port 0 takes a free one. The caller runs it."""
    box = Box(directory)

    class BoxHandler(Handler):
        store = KeyStore(box.keys_file)
        token = box.secrets().key_token

    return ThreadingHTTPServer(("127.0.0.1", port), BoxHandler)


def main() -> None:
    """Serve the box named on the command line until the process is ended."""
    serve(Path(sys.argv[1]), int(sys.argv[2])).serve_forever()


if __name__ == "__main__":
    main()
