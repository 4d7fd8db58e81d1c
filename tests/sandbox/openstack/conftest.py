"""One real OpenStack for the tests of this room, with two tenants that share names."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hdh_infra.errors import HdhError
from hdh_infra.sandbox import openstack
from hdh_infra.sandbox.openstack import Flavor, Image, Tenant, VolumeType

BASE_PORT = 15150

PRIVATE = Tenant(
    name="openstack-RegionOne",
    region="RegionOne",
    flavors=(Flavor("m1.medium", 2, 4096, 0), Flavor("shared.size", 4, 8192, 0)),
    images=(Image("Debian 12", {"os_distro": "debian", "min_disk": "3"}),),
    volume_types=(VolumeType("ssd", encrypted=False), VolumeType("luks", encrypted=True)),
    external_network="public",
)
PUBLIC = Tenant(
    name="ovhcloud-GRA",
    region="GRA11",
    flavors=(Flavor("b3-8", 2, 8192, 0), Flavor("shared.size", 4, 8192, 0)),
    images=(Image("Debian 12"), Image("Ubuntu 24.04")),
    volume_types=(VolumeType("classic", encrypted=False), VolumeType("luks", encrypted=True)),
    external_network="public",
)


@dataclass(frozen=True)
class BoxForTests:
    """A running box, and clients of it."""

    directory: Path
    start: Callable[[], openstack.Running]
    base_port: int = BASE_PORT
    private: Tenant = PRIVATE
    public: Tenant = PUBLIC
    clients: dict[str, Any] = field(default_factory=dict)

    def connect(self, tenant: Tenant) -> Any:
        """The SDK as one tenant; closed with the box."""
        if tenant.name not in self.clients:
            given = openstack.environment(self.directory, tenant.name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the SDK warns of itself
                import openstack as sdk

                self.clients[tenant.name] = sdk.connection.Connection(
                    auth_type="password",
                    auth={
                        "auth_url": given["OS_AUTH_URL"],
                        "username": given["OS_USERNAME"],
                        "password": given["OS_PASSWORD"],
                        "project_name": given["OS_PROJECT_NAME"],
                        "user_domain_name": given["OS_USER_DOMAIN_NAME"],
                        "project_domain_name": given["OS_PROJECT_DOMAIN_NAME"],
                    },
                    region_name=given["OS_REGION_NAME"],
                )
        return self.clients[tenant.name]


def _say(line: str) -> None:
    os.write(2, f"{line}\n".encode())


@pytest.fixture(scope="session")
def openstack_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxForTests]:
    """A box of its own; what it is made from comes from the shared cache."""
    directory = tmp_path_factory.mktemp("sandbox") / "openstack"

    def start() -> openstack.Running:
        return openstack.start(directory, [PRIVATE, PUBLIC], BASE_PORT, _say)

    try:
        openstack.install(_say)
    except HdhError as error:
        pytest.skip(f"OpenStack cannot be installed here: {error}")
    try:
        start()
        box = BoxForTests(directory, start)
        yield box
        for client in box.clients.values():
            client.close()
    finally:
        openstack.stop(directory)
