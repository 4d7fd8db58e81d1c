"""One box: its folder, its ports and the secrets that were made for it alone.

The secrets are made once, at the first start, and kept in a file that only the user can read. They are
deliberately never printed and never on a command line, where any user of the machine could read them.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_BASE_PORT: Final = 15300
"""First of the nine ports that the product uses."""
DEPLOYER: Final = "deployer"
"""The one identity that exists before anything is deployed."""
PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700


@dataclass(frozen=True, slots=True)
class Ports:
    """The nine ports of a box, all on loopback; S3 and IAM share the first."""

    base: int

    @property
    def s3(self) -> int:
        """S3 and IAM."""
        return self.base

    @property
    def master(self) -> int:
        """SeaweedFS's own: who holds what."""
        return self.base + 1

    @property
    def volume(self) -> int:
        """SeaweedFS's own: the bytes."""
        return self.base + 2

    @property
    def filer(self) -> int:
        """SeaweedFS's own: names; its HTTP side is off, as it asks for no key."""
        return self.base + 3

    @property
    def keys(self) -> int:
        """The key service."""
        return self.base + 8

    def grpc(self, service: str) -> int:
        """The gRPC port beside that of `master`, `volume`, `filer` or `s3`."""
        return self.base + {"master": 4, "volume": 5, "filer": 6, "s3": 7}[service]

    def all(self) -> range:
        """All nine."""
        return range(self.base, self.base + 9)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is secret in a box; each value is made by `secrets`, none has a default."""

    access_key: str
    secret_key: str
    key_token: str
    objects_key: str
    signing_key: str

    def __repr__(self) -> str:
        """Without any of them."""
        return "Secrets(...)"


@dataclass(frozen=True, slots=True)
class Box:
    """The folder of one S3 server and where things are in it."""

    directory: Path

    @property
    def data(self) -> Path:
        """Objects and metadata."""
        return self.directory / "data"

    @property
    def keys_file(self) -> Path:
        """The key service's keys, in clear: the box protects tests, not patients."""
        return self.directory / "keys.json"

    @property
    def server_configuration(self) -> Path:
        """SeaweedFS's identities and key service."""
        return self.directory / "s3.json"

    def make(self) -> None:
        """Make the folders, readable by the user alone."""
        for folder in (self.directory, self.data):
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        self.directory.chmod(PRIVATE_FOLDER)

    def ports(self) -> Ports | None:
        """The ports that the box was last started on; None for one that never was."""
        try:
            return Ports(int(json.loads((self.directory / "box.json").read_text(encoding="utf-8"))["base_port"]))
        except FileNotFoundError:
            return None

    def keep_ports(self, ports: Ports) -> None:
        """Remember the ports for the next question."""
        write_private(self.directory / "box.json", json.dumps({"base_port": ports.base}))

    def secrets(self) -> Secrets:
        """The box's secrets, made at the first call."""
        path = self.directory / "secrets.json"
        try:
            return Secrets(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            made = Secrets(
                access_key="HDH" + secrets.token_hex(8).upper(),
                secret_key=secrets.token_urlsafe(30),
                key_token=secrets.token_urlsafe(30),
                objects_key=secrets.token_hex(32),
                signing_key=secrets.token_hex(32),
            )
            write_private(path, json.dumps(asdict(made)))
            return made


def write_private(path: Path, text: str) -> None:
    """Write a file that only the user can read, whole or not at all, and on the disk before it counts."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
