"""Makes the seed: databases with schemas, users of the services, the catalogue, and everything that a first start leaves.

A seed is made on the machine that uses it and holds no password: those it was made with are thrown away, and every
box gets its own. It deliberately holds no tenant.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.openstack import layout, packages, settings, supervision
from hdh_infra.sandbox.openstack.layout import Box, Secrets
from hdh_infra.sandbox.openstack.rest import Client

_INSIDE: Final = Path(__file__).parent / "inside"
_MATTERS: Final = ("layout.py", "settings.py", "seeding.py")
"""Modules of ours that decide what is in a seed, beside those of `inside/`."""
_ENTRY_POINTS: Final = (
    f"[neutron.ml2.mechanism_drivers]\n{settings.CODE} = {settings.CODE}.network_driver:BoxMechanismDriver\n"
)
_ROLES: Final = ("service", "creator")
CATALOGUE_NAMES: Final = {
    "placement": "placement",
    "key-manager": "barbican",
    "image": "glance",
    "network": "neutron",
    "volumev3": "cinderv3",
    "block-storage": "cinder",
    "compute": "nova",
}


def digest() -> str:
    """Names a seed: the release and the code of ours that is in it."""
    found = hashlib.sha256(packages.pins_digest().encode())
    here = Path(__file__).parent
    for path in [*sorted(_INSIDE.glob("*.py")), *(here / name for name in _MATTERS)]:
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def seed(say: Callable[[str], None]) -> Path:
    """Make the seed once; later calls return at once.

    Args:
        say: told in one line what is being waited for.

    Returns:
        The seed's folder: `db/`, and `code/` for OpenStack's environment.

    Raises:
        CloudError: OpenStack cannot be installed, or does not start.
    """
    environment = packages.install(say)
    final = packages.home() / f"seed-{digest()}"
    if final.exists():
        return final
    with layout.locked(packages.home() / "seed.lock"):
        if final.exists():
            return final
        for leftover in packages.home().glob("seeding-*"):
            supervision.stop(leftover / "box")
            shutil.rmtree(leftover, ignore_errors=True)
        building = Path(tempfile.mkdtemp(prefix="seeding-", dir=packages.home()))
        _write_code(building / "code", final / "code")
        box = Box(building / "box", _free_base_port())
        try:
            _make(box, building / "code", environment, say)
        finally:
            supervision.stop(box.directory)
        _keep(box, building)
        building.rename(final)
    return final


def plant(seed_directory: Path, box: Box, environment: Path) -> None:
    """Make a new box from the seed, with secrets of its own."""
    layout.make_directories(box)
    (box.directory / "tenants.json").unlink(missing_ok=True)  # of a start that was killed
    for name in layout.DATABASES:
        for leftover in ("-wal", "-shm"):
            box.database(name).with_name(f"{name}.sqlite{leftover}").unlink(missing_ok=True)
        shutil.copyfile(seed_directory / "db" / f"{name}.sqlite", box.database(name))
        box.database(name).chmod(0o600)
    fresh = Secrets.generate()
    fresh.write(box.directory)
    layout.new_key_repositories(box)
    passwords = {"admin": fresh.admin, "service": fresh.service}
    _inside(box, seed_directory / "code", environment, "rekey", str(box.database("keystone")), given=passwords)


def adapt(box: Box) -> None:
    """Put the box's ports and paths into the two tables that hold them; the box does not run."""
    with sqlite3.connect(box.database("keystone")) as connection:
        for kind in layout.ENDPOINTS:
            chosen = "service_id in (select id from service where type = ?)"
            connection.execute(f"update endpoint set url = ? where {chosen}", (box.endpoint(kind), kind))  # noqa: S608 - a constant
    connection.close()
    with sqlite3.connect(box.database("nova_api")) as connection:
        for cell, name in (("cell0", "nova_cell0"), ("cell1", "nova")):
            address = settings.connection(box, name)
            connection.execute("update cell_mappings set database_connection = ? where name = ?", (address, cell))
    connection.close()


def _write_code(building: Path, final: Path) -> None:
    """Our modules under the name that OpenStack's environment knows them by, compiled, with their entry point."""
    package = building / settings.CODE
    package.mkdir(parents=True)
    for path in _INSIDE.glob("*.py"):
        shutil.copyfile(path, package / path.name)
    about = building / f"{settings.CODE}-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {settings.CODE}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(_ENTRY_POINTS)
    compileall.compile_dir(package, quiet=2, stripdir=building, prependdir=final)


def _make(box: Box, code: Path, environment: Path, say: Callable[[str], None]) -> None:
    layout.make_directories(box)
    Secrets.generate().write(box.directory)
    layout.new_key_repositories(box)
    settings.write(box, environment)
    for name in layout.DATABASES:
        box.database(name).touch(mode=0o600)
        with sqlite3.connect(box.database(name)) as connection:
            connection.execute("pragma journal_mode = wal")
        connection.close()
    say("making OpenStack's databases (once, about 20 s)")
    # two at a time: it is pure computing, and small machines have two cores
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [pool.submit(_schema, box, code, environment, name) for name in _SCHEMAS]:
            done.result()
    with sqlite3.connect(box.database("cinder")) as connection:
        # Cinder's default quotas are rows, not options
        connection.execute("update quota_classes set hard_limit = -1 where class_name = 'default'")
    connection.close()
    say("making OpenStack's service users and catalogue (once)")
    supervision.launch(box, code, environment, ("keystone",))
    supervision.wait_until_ready(box, ("keystone",))
    _register(box)
    supervision.stop(box.directory)
    say("starting OpenStack for the first time (once)")
    supervision.launch(box, code, environment, layout.SERVICES)
    supervision.wait_until_ready(box, layout.SERVICES)


_SCHEMAS: Final = ("nova", "cinder", "keystone", "neutron", "barbican", "glance", "placement")
"""The longest first."""


def _schema(box: Box, code: Path, environment: Path, service: str) -> None:
    manage = {
        "keystone": ("keystone.cmd.manage", ("--config-file", str(box.etc / "keystone/keystone.conf"))),
        "placement": ("placement.cmd.manage", ("--config-file", str(box.etc / "placement/placement.conf"))),
        "barbican": ("barbican.cmd.barbican_manage", ()),
        "glance": ("glance.cmd.manage", ("--config-file", str(box.etc / "glance/glance-api.conf"))),
        "cinder": ("cinder.cmd.manage", ("--config-file", str(box.etc / "cinder/cinder.conf"))),
        "nova": ("nova.cmd.manage", ("--config-file", str(box.etc / "nova/nova.conf"))),
    }
    url = {name: settings.connection(box, name) for name in layout.DATABASES}
    steps: dict[str, tuple[tuple[str, ...], ...]] = {
        "keystone": (("db_sync",), ("bootstrap", "--bootstrap-region-id", layout.HOME_REGION)),
        "placement": (("db", "sync"),),
        "barbican": (("db", "upgrade", "--db-url", url["barbican"]),),
        "glance": (("db_sync",),),
        "cinder": (("db", "sync"),),
        "nova": (
            ("api_db", "sync"),
            ("cell_v2", "map_cell0", "--database_connection", url["nova_cell0"]),
            ("db", "sync"),
            (
                "cell_v2",
                "create_cell",
                "--name",
                "cell1",
                "--transport-url",
                "fake:/",
                "--database_connection",
                url["nova"],
            ),
        ),
    }
    if service == "neutron":
        _inside(box, code, environment, "schemas", url["neutron"])
        return
    module, general = manage[service]
    start = f"import sys; from {module} import main; sys.argv[0] = {service!r}; sys.exit(main())"
    for step in steps[service]:
        extra = {}
        if step[0] == "bootstrap":  # by environment: arguments are seen by every user of the machine
            extra = {"OS_BOOTSTRAP_PASSWORD": box.secrets().admin}
            extra |= {f"OS_BOOTSTRAP_{kind}_URL": box.identity for kind in ("PUBLIC", "INTERNAL", "ADMIN")}
        _run(box, code, environment, ["-c", start, *general, *step], service, extra=extra)


def _inside(
    box: Box, code: Path, environment: Path, module: str, *arguments: str, given: dict[str, str] | None = None
) -> None:
    _run(box, code, environment, ["-m", f"{settings.CODE}.{module}", *arguments], module, given=given)


def _run(
    box: Box,
    code: Path,
    environment: Path,
    arguments: list[str],
    what: str,
    *,
    given: dict[str, str] | None = None,
    extra: dict[str, str] | None = None,
) -> None:
    variables = {**settings.environment_variables(box, code, environment), **(extra or {})}
    log = box.log / f"make-{what}.log"
    with log.open("a") as stream:
        done = subprocess.run(  # noqa: S603 - the environment's own interpreter
            [str(packages.python(environment)), *arguments],
            env=variables,
            cwd=box.directory,
            input=json.dumps(given or {}).encode(),
            stdout=stream,
            stderr=stream,
            check=False,
        )
    if done.returncode:
        last = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
        raise CloudError(
            "sandbox/openstack", f"{what} could not be prepared: {''.join(last)[:300]}", f"See {log} and {box.log}"
        )


def _register(box: Box) -> None:
    """The services' user, its roles, and where everything is found."""
    with Client(box, "admin", box.secrets().admin, "admin") as admin:
        roles = {one["name"]: one["id"] for one in admin.get("identity", "/roles")["roles"]}
        for name in _ROLES:
            if name not in roles:
                roles[name] = admin.post("identity", "/roles", {"role": {"name": name}})["role"]["id"]
        project = admin.post("identity", "/projects", {"project": {"name": "service", "domain_id": "default"}})
        user = {"name": "service", "domain_id": "default", "password": box.secrets().service}
        made = admin.post("identity", "/users", {"user": user})["user"]["id"]
        for role in ("admin", "service"):
            admin.put("identity", f"/projects/{project['project']['id']}/users/{made}/roles/{roles[role]}")
        for kind, name in CATALOGUE_NAMES.items():
            service = admin.post("identity", "/services", {"service": {"type": kind, "name": name}})
            for interface in ("public", "internal", "admin"):
                endpoint = {
                    "service_id": service["service"]["id"],
                    "interface": interface,
                    "region_id": layout.HOME_REGION,
                    "url": box.endpoint(kind),
                }
                admin.post("identity", "/endpoints", {"endpoint": endpoint})


def _keep(box: Box, building: Path) -> None:
    """Keep the databases alone, each in one file; the passwords of this box are gone with the rest."""
    (building / "db").mkdir()
    for name in layout.DATABASES:
        with sqlite3.connect(box.database(name)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("vacuum")
        connection.close()
        shutil.copyfile(box.database(name), building / "db" / f"{name}.sqlite")
    shutil.rmtree(box.directory)


def _free_base_port() -> int:
    """A run of free ports for the time of making the seed."""
    for _ in range(100):
        base = 20000 + secrets.randbelow(2000) * 5
        if not supervision.taken_ports(base):
            return base
    raise CloudError("sandbox/openstack", "no run of free ports was found", "End some of the servers on this machine")
