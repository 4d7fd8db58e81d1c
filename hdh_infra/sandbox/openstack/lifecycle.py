"""Start, stop and state of one box: the few calls that the rest of the project uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.openstack import layout, packages, provisioning, seeding, settings, supervision
from hdh_infra.sandbox.openstack.layout import Box
from hdh_infra.sandbox.openstack.supervision import ServiceStatus
from hdh_infra.sandbox.openstack.tenants import Tenant, check


@dataclass(frozen=True)
class Running:
    """A box that runs.

    Attributes:
        directory: its files.
        auth_url: where its clients authenticate.
        seconds: what it took until everything answered and all tenants were there.
    """

    directory: Path
    auth_url: str
    seconds: float


@dataclass(frozen=True)
class Status:
    """How a box is: running means that every service listens."""

    running: bool
    services: tuple[ServiceStatus, ...]

    @property
    def memory_mib(self) -> float:
        """Proportional memory of all services, in MiB."""
        return sum(one.memory_mib for one in self.services)

    def __str__(self) -> str:
        """One line."""
        if self.running:
            return f"{self.services[0].url} and {len(self.services) - 1} more services, {self.memory_mib:.0f} MiB"
        silent = [one.name for one in self.services if not one.listening]
        if not self.services or len(silent) == len(self.services):
            return "does not run"
        return f"does not answer: {', '.join(silent)}"


def start(directory: Path, tenants: Sequence[Tenant], base_port: int, say: Callable[[str], None]) -> Running:
    """Start a box, new from the seed or with what it held before, and wait until everything answers.

    On a running box it only makes tenants that are not there yet.

    Args:
        directory: the box's files; made where there are none.
        tenants: what must be found; what is there stays, and nothing is ever removed.
        base_port: the first of seven ports on 127.0.0.1.
        say: told in one line what is being waited for.

    Raises:
        CloudError: a port is taken, the tenants contradict each other, OpenStack cannot be installed or does not start.
    """
    began = time.monotonic()
    check(tenants)
    directory = directory.resolve()
    with layout.locked(directory / "lock" / "lifecycle"):
        box = _running_box(directory, base_port) or _start_services(directory, base_port, say)
        provisioning.Provisioner(box).ensure(tenants, say)
    return Running(directory, box.identity, time.monotonic() - began)


def stop(directory: Path) -> None:
    """End every process of a box; what it holds is kept. Nothing happens where nothing runs."""
    directory = directory.resolve()
    if not directory.exists():
        return
    with layout.locked(directory / "lock" / "lifecycle"):
        supervision.stop(directory)


def status(directory: Path) -> Status:
    """How every service of a box is; a box that was never started has none."""
    found = layout.saved(directory.resolve())
    services = supervision.services(found[0]) if found else ()
    return Status(bool(services) and all(one.listening for one in services), services)


def environment(directory: Path, tenant: str) -> dict[str, str]:
    """The variables by which OpenStack's clients become one tenant.

    Raises:
        CloudError: there is no such box, or it has no such tenant.
    """
    directory = directory.resolve()
    found = layout.saved(directory)
    if found is None:
        raise CloudError("sandbox/openstack", f"{directory} holds no OpenStack", "Start it: hdh sandbox up")
    known = provisioning.known(directory)
    if known.get(tenant, {}).get("made") is None:
        names = ", ".join(sorted(known)) or "none"
        raise CloudError("sandbox/openstack", f"there is no tenant {tenant}; there are: {names}", "Start it with it")
    one = known[tenant]
    return {
        "OS_AUTH_URL": found[0].identity,
        "OS_IDENTITY_API_VERSION": "3",
        "OS_AUTH_TYPE": "password",
        "OS_USERNAME": tenant,
        "OS_PASSWORD": one["password"],
        "OS_PROJECT_ID": one["project"],
        "OS_PROJECT_NAME": tenant,
        "OS_TENANT_NAME": tenant,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": one["made"]["region"],
        "OS_INTERFACE": "public",
    }


def _running_box(directory: Path, base_port: int) -> Box | None:
    """The box if all of it runs; what is left of a broken one is ended."""
    found = layout.saved(directory)
    if found is None or supervision.supervisor(directory) is None:
        return None
    box = found[0]
    if not all(one.listening for one in supervision.services(box)):
        supervision.stop(directory)
        return None
    if box.base_port != base_port:
        raise CloudError(
            "sandbox/openstack",
            f"it runs on ports from {box.base_port}, not {base_port}",
            "Stop it first: hdh sandbox down",
        )
    return box


def _start_services(directory: Path, base_port: int, say: Callable[[str], None]) -> Box:
    taken = supervision.taken_ports(base_port)
    if taken:
        ports = ", ".join(map(str, taken))
        raise CloudError(
            "sandbox/openstack",
            f"port {ports} on {layout.HOST} is taken by another program",
            "End that program, or choose other ports with HDH_SANDBOX_PORT",
        )
    box = Box(directory, base_port)
    before = layout.saved(directory)
    if before is not None and before[1] != packages.release():
        raise CloudError(
            "sandbox/openstack",
            f"{directory} holds the databases of another release of OpenStack",
            "Destroy what is deployed in it, remove the directory and start again",
        )
    environment = packages.install(say)
    code = seeding.seed(say) / "code"
    if before is None:
        say("making an OpenStack from the seed")
        seeding.plant(code.parent, box, environment)
    layout.make_directories(box)
    settings.write(box, environment)
    seeding.adapt(box)
    box.save(packages.release())
    say("starting OpenStack")
    try:
        supervision.launch(box, code, environment, layout.SERVICES)
        supervision.wait_until_ready(box, layout.SERVICES)
    except BaseException:
        supervision.stop(directory)
        raise
    return box
