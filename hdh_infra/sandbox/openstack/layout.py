"""Where one box keeps its files, which ports its services listen on, and its secrets.

It deliberately starts nothing and knows no option of any service.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hdh_infra.errors import CloudError

HOST: Final = "127.0.0.1"
HOME_REGION: Final = "RegionOne"
"""The region in which the services find each other; tenants' regions are added beside it."""
SERVICES: Final = ("keystone", "placement", "barbican", "glance", "neutron", "cinder", "nova")
"""In the order of their ports, from the base port upwards."""
DATABASES: Final = (
    "keystone",
    "placement",
    "barbican",
    "glance",
    "neutron",
    "cinder",
    "nova_api",
    "nova",
    "nova_cell0",
)
ENDPOINTS: Final = {
    "identity": ("keystone", "/v3"),
    "placement": ("placement", ""),
    "key-manager": ("barbican", ""),
    "image": ("glance", ""),
    "network": ("neutron", ""),
    "volumev3": ("cinder", "/v3/%(project_id)s"),
    "block-storage": ("cinder", "/v3/%(project_id)s"),
    "compute": ("nova", "/v2.1"),
}
"""Types of the service catalogue: the service that answers and the path that its clients expect."""
_FORMAT = "hdh-openstack-box/1"


@dataclass(frozen=True)
class Box:
    """One OpenStack: its directory and its first port. All paths follow from the two."""

    directory: Path
    base_port: int

    def port(self, service: str) -> int:
        """The port of a service."""
        return self.base_port + SERVICES.index(service)

    def url(self, service: str) -> str:
        """The address of a service, without a path."""
        return f"http://{HOST}:{self.port(service)}"

    def endpoint(self, kind: str) -> str:
        """The address of a type of service as the catalogue holds it."""
        service, path = ENDPOINTS[kind]
        return self.url(service) + path

    @property
    def identity(self) -> str:
        """The address that clients authenticate at."""
        return self.endpoint("identity")

    def database(self, name: str) -> Path:
        """The file of a database."""
        return self.directory / "db" / f"{name}.sqlite"

    @property
    def etc(self) -> Path:
        """The services' configuration."""
        return self.directory / "etc"

    @property
    def log(self) -> Path:
        """One log a service, and one of the supervisor."""
        return self.directory / "log"

    @property
    def run(self) -> Path:
        """What is true only while the box runs: process ids and readiness."""
        return self.directory / "run"

    def secrets(self) -> Secrets:
        """The box's own secrets."""
        return Secrets(**json.loads((self.directory / "secrets.json").read_text()))

    def save(self, release: str) -> None:
        """Remember the base port and the release that the databases are of."""
        text = json.dumps({"format": _FORMAT, "base_port": self.base_port, "release": release}, indent=1)
        write_private(self.directory / "box.json", text)


@dataclass(frozen=True)
class Secrets:
    """What only this box knows; kept in `secrets.json`, mode 0600."""

    admin: str
    service: str
    barbican_key: str

    @staticmethod
    def generate() -> Secrets:
        """New ones. Passwords stay below the 54 bytes that Keystone's hash takes."""
        return Secrets(
            admin=secrets.token_urlsafe(24),
            service=secrets.token_urlsafe(24),
            barbican_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        )

    def write(self, directory: Path) -> None:
        """Keep them in a box's directory."""
        write_private(directory / "secrets.json", json.dumps(vars(self)))


def saved(directory: Path) -> tuple[Box, str] | None:
    """The box that a directory holds and its release; None where there is none yet.

    Raises:
        CloudError: the directory holds a box that this version cannot read.
    """
    try:
        found = json.loads((directory / "box.json").read_text())
    except FileNotFoundError:
        return None
    if found.get("format") != _FORMAT:
        raise CloudError(str(directory), "holds a box of another format", "Stop it, remove the directory, start again")
    return Box(directory, int(found["base_port"])), str(found["release"])


def make_directories(box: Box) -> None:
    """The directories that the services expect; nobody else may look into them."""
    for name in ("db", "etc", "log", "run", "lock", "tmp", "home/.barbican", "nova", "neutron", "cinder"):
        (box.directory / name).mkdir(parents=True, exist_ok=True)
    for name in ("glance/images", "glance/staging", "glance/tasks", "keystone/fernet-keys", "keystone/credential-keys"):
        (box.directory / name).mkdir(parents=True, exist_ok=True)
    box.directory.chmod(0o700)


def new_key_repositories(box: Box) -> None:
    """New keys for tokens and credentials: 0 is the next one, 1 the one in use."""
    for name in ("fernet-keys", "credential-keys"):
        for number in ("0", "1"):
            key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            write_private(box.directory / "keystone" / name / number, key)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    fresh.replace(path)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the system gives it back if the holder is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
