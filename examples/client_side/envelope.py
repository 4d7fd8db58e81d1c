"""Objects that are encrypted before they are written and after they are read: one data key an object, wrapped with the store's key.

What `client_side: true` of a store asks of an application. The bucket holds ciphertext alone: whoever runs the storage, or takes a
copy of it, reads nothing. Cryptography is that of the library `cryptography`: AES-GCM of 256 bits for an object, AES key wrap
(RFC 3394) for its data key. The name of the bucket and of the object are authenticated with it, so that no object passes for another.

An object is held in memory whole, 64 GiB at most; larger data are written as several objects. That an *older* version of the same
object is put back is not noticed here: versions and the lock of the store are there for that. Names of objects are not encrypted.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

if TYPE_CHECKING:
    from openstack.connection import Connection

FORMAT = "hdh-envelope/1"
_FORMAT, _KEY = "hdh-format", "hdh-data-key"
_KEY_BYTES, _NONCE_BYTES = 32, 12


class RefusedError(Exception):
    """Raised when an object is not what was written under its name, or not with this key."""


class KeyHolder(Protocol):
    """Whoever has the store's key. OVHcloud's key service is one by itself: `datakey` gives both forms, `datakey/decrypt` the plain one."""

    def data_key(self) -> tuple[bytes, bytes]:
        """A new data key, plain and wrapped."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """The plain form of a data key. Raises `RefusedError` where this is not the key it was wrapped with."""


class AesKey:
    """A key whose material its user holds in memory, as Barbican gives it to whoever may read it."""

    def __init__(self, material: bytes) -> None:
        """Keep the material, 256 bits of it."""
        if len(material) != _KEY_BYTES:
            raise ValueError(
                f"the key has {len(material)} bytes, not {_KEY_BYTES}: is it the payload of an AES key of 256 bits?"
            )
        self._material = material

    @classmethod
    def from_barbican(cls, connection: Connection, secret_ref: str) -> AesKey:
        """The key of an order, by its `secretRef`; a token without the right to read it is refused by Barbican."""
        answer = connection.key_manager.get(
            f"/secrets/{secret_ref.rstrip('/').rsplit('/', 1)[-1]}/payload",
            headers={"Accept": "application/octet-stream"},
        )
        answer.raise_for_status()
        return cls(answer.content)

    def data_key(self) -> tuple[bytes, bytes]:
        """A new data key, plain and wrapped."""
        plain = AESGCM.generate_key(8 * _KEY_BYTES)
        return plain, aes_key_wrap(self._material, plain)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The plain form of a data key."""
        try:
            return aes_key_unwrap(self._material, wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise RefusedError("its data key was changed, or wrapped with another key") from error


def write(s3: Any, bucket: str, name: str, data: bytes, key: KeyHolder) -> None:
    """Encrypt an object and put it.

    Args:
        s3: a client of boto3.
        bucket: where.
        name: under which name.
        data: what.
        key: whoever has the store's key.
    """
    plain, wrapped = key.data_key()
    # A data key encrypts one object once, so that no nonce comes twice with it.
    nonce = os.urandom(_NONCE_BYTES)
    body = nonce + AESGCM(plain).encrypt(nonce, data, _name(bucket, name))
    about = {_FORMAT: FORMAT, _KEY: base64.b64encode(wrapped).decode()}
    s3.put_object(Bucket=bucket, Key=name, Body=body, Metadata=about, ContentType="application/octet-stream")


def read(s3: Any, bucket: str, name: str, key: KeyHolder) -> bytes:
    """Get an object and decrypt it.

    Args:
        s3: a client of boto3.
        bucket: where.
        name: of the object.
        key: whoever has the store's key.

    Raises:
        RefusedError: it was written without encryption, with another key or under another name, or was changed since.
    """
    answer = s3.get_object(Bucket=bucket, Key=name)
    body, about = answer["Body"].read(), answer["Metadata"]
    # What is not encrypted is refused, not passed on: whoever may write could plant it.
    if about.get(_FORMAT) != FORMAT or _KEY not in about:
        raise RefusedError(f"{bucket}/{name} was not written by this program")
    plain = key.unwrap(base64.b64decode(about[_KEY]))
    try:
        return AESGCM(plain).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _name(bucket, name))
    except (InvalidTag, ValueError) as error:
        raise RefusedError(f"{bucket}/{name} was changed, or written under another name") from error


def _name(bucket: str, name: str) -> bytes:
    return json.dumps([FORMAT, bucket, name]).encode()
