"""Make, list and destroy the keys that buckets may be encrypted with (`aws:kms`, by the key's name).

A key's name is any text that S3 takes as a key id, so a name that another cloud's key service gave works
here as well. Encrypting is deliberately not offered: the S3 server does that.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.s3.box import Box

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 5
_LONGEST: Final = 100
_SHORTEST: Final = 3


def create_key(directory: Path, name: str) -> None:
    """Make a key; doing it again changes nothing.

    Raises:
        ValueError: SeaweedFS takes names of 3 to 100 characters without spaces only.
        CloudError: the box in `directory` does not run.
    """
    if not _SHORTEST <= len(name) <= _LONGEST or any(character.isspace() for character in name):
        raise ValueError(f"{name!r} is no key id: 3 to 100 characters without spaces")
    _call(directory, "POST", name)


def delete_key(directory: Path, name: str) -> None:
    """Destroy a key: objects under it cannot be read from now on. Raises `CloudError` as `create_key` does."""
    _call(directory, "DELETE", name)


def keys(directory: Path) -> list[str]:
    """The names of all keys. Raises `CloudError` as `create_key` does."""
    found: list[str] = _call(directory, "GET", "")["keys"]
    return found


def endpoint(directory: Path) -> str:
    """URL of the key service; raises `CloudError` for a box that was never started."""
    ports = Box(directory).ports()
    if ports is None:
        raise CloudError("sandbox key service", "was never started", "Run `hdh sandbox up`")
    return f"http://127.0.0.1:{ports.keys}"


def _call(directory: Path, method: str, name: str) -> dict[str, Any]:
    url = f"{endpoint(directory)}/v1/transit/keys/{quote(name, safe='')}"
    token = Box(directory).secrets().key_token
    # Always http on loopback: the URL is made above from a port.
    request = urllib.request.Request(url, method=method, headers={"X-Vault-Token": token})  # noqa: S310
    # A proxy of the user's environment has no business with loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)["data"]
    except urllib.error.HTTPError as error:
        with error:
            raise CloudError(
                "sandbox key service", f"refuses key {name!r} ({error.code})", "Run `hdh sandbox up` again"
            ) from error
    except (urllib.error.URLError, TimeoutError) as error:
        raise CloudError("sandbox key service", "does not answer", "Run `hdh sandbox up`") from error
    return answer
