"""The order of search: an engine on PATH, one kept in the cache, the official installer, a build from Go modules.

It deliberately changes nothing of the user's own Pulumi: home, plugins and login of what runs from here are the cache's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hdh_infra.errors import EngineError
from hdh_infra.sandbox.engine import building, official
from hdh_infra.sandbox.engine.waiting import Say

ON_PATH = "found on PATH"
OFFICIAL = "official installer"
BUILT = "built from Go modules"
MAJOR = "3"


@dataclass(frozen=True)
class Engine:
    """A Pulumi engine of this machine.

    Attributes:
        command: the `pulumi` program.
        origin: "found on PATH", "official installer" or "built from Go modules".
        version: as it says itself, without a leading v.
        directory: holds `pulumi`, `pulumi-language-python`, `pulumi-language-python-exec` and
            `pulumi-resource-pulumi-python`.
    """

    command: Path
    origin: str
    version: str
    directory: Path


def find() -> Engine | None:
    """The engine that is there already: on PATH, else in the cache; None where there is none. Nothing is downloaded."""
    return _on_path() or _kept()


def ensure(say: Say) -> Engine:
    """The engine that is there, else one that is installed or built now.

    Args:
        say: takes one line at a time of what is being waited for.

    Raises:
        EngineError: none is there and none can be had; the remedy says what to install.
    """
    found = find()
    if found is None and official.reachable():
        try:
            official.install(say)
        except EngineError as error:
            say(f"the official installer did not succeed ({error.what}), so the engine is built here")
    if found is None and (found := _kept()) is None:
        building.build(building.ENGINE, say)
        found = _kept()
    assert found is not None
    say(f"the Pulumi engine {found.version}, {found.origin}: {found.command}")
    return found


def ensure_openstack_plugin(say: Say) -> Path:
    """The folder that holds `pulumi-resource-openstack`, downloaded by an official engine or built now.

    Raises:
        EngineError: it is not there and cannot be had; the remedy says what to install.
    """
    binary = building.OPENSTACK.binary
    for folder in (*official.plugin_directories(home()), building.PLUGIN.directory):
        if official.holds(folder, binary):
            return folder
    engine = find()
    if engine is not None and engine.origin != BUILT and official.reachable():
        try:
            return official.install_plugin(engine.command, home(), say)
        except EngineError as error:
            say(f"the plugin could not be downloaded ({error.what}), so it is built here")
    return building.build(building.PLUGIN, say)


def environment(engine: Engine, *plugin_dirs: Path) -> dict[str, str]:
    """The variables with which an engine runs from here: its programs, Python's and the plugins first on PATH.

    Args:
        engine: what `find` or `ensure` gave.
        *plugin_dirs: folders that hold `pulumi-resource-*` programs.
    """
    first = [str(Path(sys.executable).parent), *map(str, plugin_dirs), str(engine.directory)]
    behind = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if one]
    return {
        "PATH": os.pathsep.join(dict.fromkeys([*first, *behind])),
        "PULUMI_HOME": str(home()),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def home() -> Path:
    """The engine's own home, where it keeps plugins and logins: in the cache, not the user's."""
    return building.root() / "home"


def _on_path() -> Engine | None:
    written = shutil.which("pulumi")
    if written is None:
        return None
    command = Path(written)
    # What a package manager links into a common folder has its language hosts beside the real file.
    real = command.resolve()
    if official.holds(real.parent, building.LANGUAGE.binary):
        command = real
    for kept in (_official(), _built()):
        if kept is not None and kept.command.resolve() == real:
            return kept
    version = _version(command, command.stat().st_mtime_ns)
    return Engine(command, ON_PATH, version, command.parent) if version.split(".")[0] == MAJOR else None


def _kept() -> Engine | None:
    return _official() or _built()


def _official() -> Engine | None:
    folder = official.directory()
    if not official.holds(folder, building.CLI.binary):
        return None
    return Engine(folder / building.CLI.binary, OFFICIAL, building.ENGINE_VERSION, folder)


def _built() -> Engine | None:
    if not building.ENGINE.built:
        return None
    folder = building.ENGINE.directory
    return Engine(folder / building.CLI.binary, BUILT, building.ENGINE_VERSION, folder)


@cache
def _version(command: Path, changed: int) -> str:  # noqa: ARG001 - a program that was replaced is asked again
    """What a program says of its version; empty where it says none."""
    try:
        asked = subprocess.run(  # noqa: S603 - the user's own engine
            [str(command), "version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"^v?(\d+\.\d+\.\d+\S*)$", asked.stdout.strip(), re.MULTILINE)
    return found[1] if found and asked.returncode == 0 else ""
