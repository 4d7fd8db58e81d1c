"""The sandbox as a whole: which services a target needs, and the environment that sends a deployment to them.

What each target finds here is what the catalogue says that the real offer has (regions, flavours, images,
volume types, external network), so that the plan that is deployed is the same plan; only endpoints and
credentials differ, and these stand in the environment.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hdh_infra.catalogue.load import Site, offer_of, site, targets
from hdh_infra.catalogue.sources import added
from hdh_infra.errors import CloudError, SpecError
from hdh_infra.errors import Problem as _Problem
from hdh_infra.model.target import Target
from hdh_infra.model.words import nearest
from hdh_infra.sandbox.paths import sandbox_dir

if TYPE_CHECKING:
    from hdh_infra.sandbox.ec2 import Place
    from hdh_infra.sandbox.openstack import Tenant
    from hdh_infra.sandbox.simulator.added import Played

Say: TypeAlias = Callable[[str], None]
MARK = "hdh-sandbox.json"
KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "TERM", "COLUMNS", "TMPDIR", "USER", "LOGNAME", "SHELL", "CI")
KEPT_PREFIXES = (
    "XDG_",
    "HDH_CACHE",
    "HDH_SANDBOX_DIR",
    "UV_",
    "PIP_",
    "GO",
    "PYTHON",
    "SSL_",
    "PULUMI_EXPERIMENTAL",
    "PULUMI_SKIP_CHECKPOINTS",
)
"""The environment of a sandbox deployment holds nothing else of the caller's: no credential, no profile."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the sandbox and how it is."""

    name: str
    running: bool
    detail: str


SERVED: Mapping[str, frozenset[str]] = {
    "azure": frozenset({"simulator:azure-native"}),
    "bleu": frozenset({"simulator:azure-native"}),
    "cloudtemple": frozenset({"simulator:terraform-provider"}),
    "numspot": frozenset({"s3", "simulator:terraform-provider"}),
    "openstack": frozenset({"openstack", "s3"}),
    "outscale": frozenset({"ec2", "s3"}),
    "ovhcloud": frozenset({"openstack", "s3", "simulator:ovh"}),
    "s3ns": frozenset({"simulator:gcp"}),
    "scaleway": frozenset({"s3", "simulator:scaleway"}),
}
"""What serves an offer, by the cloud whose lowering it has: `simulator:` is followed by the package that is simulated."""


def _served(target: Target) -> frozenset[str] | None:
    """What serves a target; None for one that the sandbox does not have."""
    offer = offer_of(target)
    if offer is None or offer.refused is not None:
        return None
    served = SERVED.get(offer.lowering or target.cloud) or SERVED.get(offer.kin or "")
    if (own := _played(target.cloud)) is not None:
        if own.wrong:
            return None
        # One that is nobody's kin has buckets by S3, if any.
        served = (served or frozenset({"s3"})) | _simulators(own)
    if served and "openstack" in served and offer.native.get("zones"):
        # The sandbox's OpenStack has one zone, and would refuse the names of several.
        return None
    return served


def _played(cloud: str) -> Played | None:
    """What the package that adds a cloud has the simulator play for it; most clouds are no added ones."""
    if cloud not in added():
        return None
    from hdh_infra.sandbox.simulator.added import played

    return played().get(cloud)


def _simulators(own: Played) -> frozenset[str]:
    """What is simulated of an added cloud, as in `SERVED`."""
    return frozenset(f"simulator:{'terraform-provider' if own.of_another_plugin(one) else one}" for one in own.packages)


def needs(target: Target) -> frozenset[str]:
    """Services that a target is served by. Raises `SpecError` for a target that the sandbox does not have."""
    served = _served(target)
    if served is None:
        names = list(map(str, sandbox_targets()))
        own = _played(target.cloud)
        why = f": the simulator's data of {own.owner} cannot be used ({own.wrong})" if own and own.wrong else ""
        said = f"the sandbox has no {target}{why}; {nearest(str(target), names)}".rstrip("; ")
        raise SpecError([_Problem("--on", None, None, "", said)])
    return frozenset(one.partition(":")[0] for one in served)


def sandbox_targets() -> tuple[Target, ...]:
    """Every target that the sandbox can stand for."""
    return tuple(target for target in targets() if _served(target) is not None)


def simulated() -> tuple[str, ...]:
    """The packages that the simulator plays, sorted: all of them, so that a target can be added to a sandbox that runs."""
    own = (_played(cloud) for cloud in added())
    served = [*SERVED.values(), *(_simulators(one) for one in own if one is not None)]
    return tuple(sorted({one.partition(":")[2] for each in served for one in each} - {""}))


def up(on: Iterable[Target], say: Say) -> None:
    """Start what the targets need, and wait until it answers. Raises `CloudError` or `EngineError`."""
    wanted = frozenset(service for target in on for service in needs(target))
    directory = _identity()
    if "s3" in wanted:
        from hdh_infra.sandbox import s3

        s3.start(directory / "s3", base_port=_port(300), say=say)
    if "ec2" in wanted:
        from hdh_infra.sandbox import ec2

        ec2.start(directory / "ec2", _places(), base_port=_port(500), say=say)
    if "simulator" in wanted:
        from hdh_infra.sandbox import simulator

        with _environment_of_s3(directory):
            simulator.start(directory / "simulator", base_port=_port(400), packages=simulated(), say=say)
    if "openstack" in wanted:
        from hdh_infra.sandbox import openstack

        tenants = [_tenant(site(target)) for target in sandbox_targets() if "openstack" in needs(target)]
        openstack.start(directory / "openstack", tenants, base_port=_port(0), say=say)


def down(say: Say) -> None:
    """Stop everything; what the servers hold is kept, but what the EC2 server holds, which is in memory only."""
    from hdh_infra.sandbox import ec2, openstack, s3, simulator

    for name, module in (("ec2", ec2), ("simulator", simulator), ("openstack", openstack), ("s3", s3)):
        if (sandbox_dir() / name).exists():
            say(f"stopping {name}")
            module.stop(sandbox_dir() / name)


def status() -> list[Service]:
    """How every service is."""
    from hdh_infra.sandbox import ec2, openstack, s3, simulator

    found = []
    for name, module in (("openstack", openstack), ("s3", s3), ("ec2", ec2), ("simulator", simulator)):
        directory = sandbox_dir() / name
        if not directory.exists():
            found.append(Service(name, running=False, detail="never started"))
            continue
        state = module.status(directory)
        found.append(Service(name, running=state.running, detail=str(state)))
    return found


def environment(target: Target, say: Say) -> dict[str, str]:
    """The variables that send a deployment of a target to this sandbox.

    Raises:
        CloudError: a service that the target needs does not run.
        EngineError: there is no engine and none can be had.
    """
    from hdh_infra.sandbox import engine

    directory = _identity()
    wanted = needs(target)
    for service in status():
        if service.name in wanted and not service.running:
            raise CloudError("sandbox", f"{service.name} does not run", f"Start it: hdh sandbox up --on {target}")
    state = directory / "state"
    found = engine.ensure(say)
    plugins = [Path(sys.executable).parent]
    if "openstack" in wanted:
        plugins.append(engine.ensure_openstack_plugin(say))
    variables = {
        **engine.environment(found, *plugins),
        "HDH_SANDBOX": _read_mark(directory)["id"],
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(directory / "passphrase"),
    }
    if "openstack" in wanted:
        from hdh_infra.sandbox import openstack

        variables |= openstack.environment(directory / "openstack", _tenant(site(target)).name)
    if "s3" in wanted:
        from hdh_infra.sandbox import s3

        variables |= s3.environment(directory / "s3")
    if "ec2" in wanted:
        from hdh_infra.sandbox import ec2

        variables |= ec2.environment(directory / "ec2")
    if "simulator" in wanted:
        from hdh_infra.sandbox import simulator

        variables |= simulator.environment(directory / "simulator")
    if target.cloud == "scaleway":
        # The server of the sandbox knows policies in the words of S3 only.
        variables["HDH_S3_POLICIES"] = "scaleway"
    if target.cloud == "ovhcloud":
        variables["OVH_CLOUD_PROJECT_SERVICE"] = variables.get("OS_PROJECT_ID") or variables.get("OS_TENANT_ID", "")
    return variables


def stripped(caller: Mapping[str, str]) -> dict[str, str]:
    """A caller's environment without anything that could be a credential of a real cloud."""
    return {
        name: value
        for name, value in caller.items()
        if name in KEPT_VARIABLES or name == "PATH" or name.startswith(KEPT_PREFIXES)
    }


def credentials_to_unset(caller: Mapping[str, str]) -> list[str]:
    """Variables of a shell that name a real cloud's credentials or endpoints, to be unset in a sandbox shell."""
    prefixes = (
        "OS_",
        "OSC_",
        "AWS_",
        "ARM_",
        "AZURE_",
        "CLOUDSDK_",
        "GOOGLE_",
        "OVH_",
        "SCW_",
        "CLOUDTEMPLE_",
        "NUMSPOT_",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
    )
    return sorted(name for name in caller if name.startswith(prefixes))


def _port(offset: int) -> int:
    base = int(os.environ.get("HDH_SANDBOX_PORT", "15000"))
    return base + offset


def _identity() -> Path:
    directory = sandbox_dir()
    (directory / "state").mkdir(parents=True, exist_ok=True)
    mark = directory / MARK
    if not mark.exists():
        mark.write_text(json.dumps({"id": secrets.token_hex(8)}))
    (directory / "state" / MARK).write_text(mark.read_text())
    passphrase = directory / "passphrase"
    if not passphrase.exists():
        descriptor = os.open(passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(32))
    return directory


def _read_mark(directory: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((directory / MARK).read_text())
    return found


class _environment_of_s3:  # noqa: N801 - a context manager, used as a function
    """The S3 server's address and administrator in the environment, for those that serve identities on it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._before: dict[str, str] = {}

    def __enter__(self) -> None:
        from hdh_infra.sandbox import s3

        self._before = dict(os.environ)
        if (self._directory / "s3").exists():
            os.environ.update(s3.environment(self._directory / "s3"))

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self._before)


def _places() -> list[Place]:
    """The regions of every target that the EC2 server stands for, so that one can be added to a sandbox that runs."""
    from hdh_infra.sandbox.ec2 import Image, Place

    found = []
    for target in sandbox_targets():
        if "ec2" in needs(target):
            offer, region = site(target).offer, site(target).service_region("compute")
            zones = offer.native.get("zones") or {}
            names = zones.get(target.region, ()) if isinstance(zones, Mapping) else ()
            # An image is named as a pattern where a cloud makes a new one every month.
            images = [
                Image(one.native["name"].replace("*", "2026.01"), one.native.get("owner", ""))
                for one in offer.images.values()
            ]
            types = tuple(one.name for one in offer.flavours)
            found.append(Place(region, tuple(map(str, names)), tuple(images), types))
    return found


def _tenant(place: Site) -> Tenant:
    from hdh_infra.sandbox.openstack import Flavor, Image, Tenant, VolumeType

    native = place.offer.native
    return Tenant(
        name=place.target.stack,
        region=place.service_region("compute"),
        flavors=tuple(Flavor(one.name, one.vcpus, int(one.memory) // 2**20, 0) for one in place.offer.flavours),
        images=tuple(Image(one.native["name"], {}) for one in place.offer.images.values()),
        # Of a type that nobody knows of, the sandbox's operator is one who encrypts: a description may declare that.
        volume_types=tuple(
            VolumeType(name, encrypted is not False) for name, encrypted in native["volume_types"].items()
        ),
        external_network=str(native["external_network"]),
        # Where there are no routers, the outside is a network that machines are on.
        on_external=native.get("routers") is False,
    )
