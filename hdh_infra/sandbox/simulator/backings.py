"""Real users and keys on the sandbox's S3 server for what the simulator only pretends: OVHcloud's project users, Scaleway's applications and keys.

Which call is made for which type is data (`backings` in `data/*.yaml`). Without an IAM endpoint nothing is
made and nothing is claimed: the resources exist in the simulator only, and their keys open nothing. Never
used against a real cloud: the endpoint must be on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.s3 import keys
from hdh_infra.sandbox.simulator.paths import first
from hdh_infra.sandbox.simulator.templates import filled
from hdh_infra.sandbox.simulator.wire import Secret, plain

if TYPE_CHECKING:
    from hdh_infra.sandbox.simulator.store import Row

ENDPOINT: Final = "HDH_IAM_ENDPOINT"
KEYS: Final = "HDH_KEY_SERVICE"
"""The folder of the S3 server that has a key service."""
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_GONE: Final = frozenset({"NoSuchEntity", "NoSuchEntityException"})


class BackingError(Exception):
    """Raised when the S3 server does not do what a resource stands for."""


@final
class Backings:
    """Makes, changes and removes what stands behind resources."""

    def __init__(
        self, calls: Mapping[str, Mapping[str, Any]], client: Callable[[], Any], keys: Any | None = None
    ) -> None:
        """Use the calls of the data with a client of IAM, which is made at the first of them, and with a key service where there is one."""
        self._calls, self._make, self._keys = calls, client, keys
        self._client: Any = None

    def create(self, row: Row, outputs: Mapping[str, Any]) -> None:
        """Make what stands behind a new resource; what the server gives is kept in the row. Raises `BackingError`."""
        for step in self._steps(row, "create"):
            answer = self._call(step, row, outputs)
            if "id" in step:
                row.id = str(first(answer, step["id"]))
            for output, path in step.get("take", {}).items():
                value = first(answer, path)
                # Kept as something made once, and a secret among them sealed.
                row.kept[f"={output}"] = Secret(value) if output.lower().startswith("secret") else value

    def update(self, row: Row, outputs: Mapping[str, Any]) -> None:
        """Change it. Raises `BackingError`."""
        for step in self._steps(row, "update"):
            self._call(step, row, outputs)

    def delete(self, row: Row, outputs: Mapping[str, Any]) -> None:
        """Remove it; what is gone is well. Raises `BackingError`."""
        for step in self._steps(row, "delete"):
            self._call(step, row, outputs, gone_is_well=True)

    def _steps(self, row: Row, operation: str) -> list[Mapping[str, Any]]:
        return list(self._calls.get(row.type, {}).get(operation, ()))

    def _call(
        self, step: Mapping[str, Any], row: Row, outputs: Mapping[str, Any], *, gone_is_well: bool = False
    ) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        arguments = filled(step["arguments"], {**plain(row.inputs), **plain(dict(outputs)), "id": row.id})
        if step.get("on") == "keys":
            return self._of_keys(step["call"], arguments)
        if self._client is None:
            self._client = self._make()
        try:
            return getattr(self._client, step["call"])(**arguments)
        except ClientError as error:
            if gone_is_well and error.response.get("Error", {}).get("Code") in _GONE:
                return {}
            raise BackingError(f"the sandbox's S3 server refused {step['call']}: {error}") from error
        except BotoCoreError as error:
            raise BackingError(f"the sandbox's S3 server did not answer {step['call']}: {error}") from error

    def _of_keys(self, call: str, arguments: Mapping[str, Any]) -> Any:
        if self._keys is None:
            return {}
        try:
            return getattr(self._keys, call)(**arguments)
        except CloudError as error:
            raise BackingError(f"the sandbox's key service did not answer {call}: {error}") from error


@final
class KeyService:
    """The key service of one S3 server of the sandbox."""

    def __init__(self, directory: Path) -> None:
        """Of the server in `directory`."""
        self._directory = directory

    def create_key(self, name: str) -> None:
        """Make a key."""
        keys.create_key(self._directory, name)

    def delete_key(self, name: str) -> None:
        """Destroy a key."""
        keys.delete_key(self._directory, name)


def from_environment(
    calls: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str] = os.environ
) -> Backings | None:
    """Backings by what the environment says; None where it names no IAM of this machine."""
    endpoint = environment.get(ENDPOINT, "")
    if urlsplit(endpoint).hostname not in _LOCAL or not environment.get("AWS_SECRET_ACCESS_KEY"):
        return None

    def client() -> Any:
        import boto3
        from botocore.config import Config

        # Its own session with the given keys: nothing of the caller's profiles is looked at.
        session = boto3.session.Session(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        settings = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 2})
        return session.client("iam", endpoint_url=endpoint, config=settings)

    folder = environment.get(KEYS)
    return Backings(calls, client, KeyService(Path(folder)) if folder else None)
