"""The environment that OpenStack lives in: its own Python packages, pinned, apart from ours.

It deliberately knows nothing of boxes; and it changes nothing once an environment is complete.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.openstack.layout import locked
from hdh_infra.sandbox.paths import cache_dir

PINS: Final = Path(__file__).parent / "requirements.txt"
_PYTHON: Final = (3, 11)
"""The Python that the pins were resolved for."""


def release() -> str:
    """Names the release: databases of another one are not used."""
    return hashlib.sha256(PINS.read_bytes()).hexdigest()[:16]


def pins_digest() -> str:
    """Names the release and the interpreter: an environment of another one is not used."""
    interpreter = f"{sys.base_prefix} {platform.machine()}" if _own_python_fits() else f"any {platform.machine()}"
    return hashlib.sha256(PINS.read_bytes() + interpreter.encode()).hexdigest()[:16]


def home() -> Path:
    """The folder of everything that boxes share."""
    return cache_dir().resolve() / "openstack"


def python(environment: Path) -> Path:
    """The interpreter of an installed environment."""
    return environment / "venv" / "bin" / "python"


def install(say: Callable[[str], None]) -> Path:
    """Install OpenStack's packages once; later calls return at once.

    Built in a folder beside its final place and renamed, so that a killed installation leaves nothing half done.

    Args:
        say: told in one line what is being waited for.

    Returns:
        The folder that holds the environment.

    Raises:
        CloudError: this machine cannot run it, or the packages cannot be had.
    """
    if sys.platform != "linux":
        raise CloudError("sandbox/openstack", f"it does not run on {sys.platform}", "Use a Linux machine or container")
    final = home() / pins_digest()
    if final.exists():
        return final
    with locked(home() / "install.lock"):
        if final.exists():
            return final
        _remove_leftovers("building-")
        building = Path(tempfile.mkdtemp(prefix="building-", dir=home()))
        wanted = sys.executable if _own_python_fits() else ".".join(map(str, _PYTHON))
        say(f"installing OpenStack into {final} (once)")
        _uv("venv", "--quiet", "--relocatable", "--python", wanted, str(building / "venv"))
        _uv("pip", "sync", "--quiet", "--python", str(python(building)), str(PINS))
        say("compiling OpenStack's packages (once, about 20 s)")
        _compile(building, final)
        building.rename(final)
    return final


def _remove_leftovers(prefix: str) -> None:
    """Installations that were killed: the lock is ours, so nobody is at work on them."""
    for leftover in home().glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _own_python_fits() -> bool:
    return sys.version_info[:2] == _PYTHON


def _uv(*arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(  # noqa: S603 - our own interpreter and fixed words
        [sys.executable, "-m", "uv", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise CloudError(
            "sandbox/openstack",
            f"OpenStack's packages cannot be installed: {' / '.join(lines[-4:])}",
            "Check that the package index is reachable and that Python {} and a C compiler are installed, then try again".format(
                ".".join(map(str, _PYTHON))
            ),
        )


def _compile(building: Path, final: Path) -> None:
    """Compile now: at start it would cost 10 s and more, and the machine may have told Python not to keep bytecode."""
    subprocess.run(  # noqa: S603 - the interpreter just made
        [
            str(python(building)),
            "-m",
            "compileall",
            "-q",
            "-j",
            "0",
            "-s",
            str(building),
            "-p",
            str(final),
            str(next((building / "venv" / "lib").glob("python*/site-packages"))),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,  # some packages ship templates that are no Python
    )
