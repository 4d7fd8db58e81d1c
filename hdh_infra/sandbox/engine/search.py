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
from hdh_infra.sandbox.engine import building, official, plugins
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
    if found is not None:
        return found
    if official.reachable():
        try:
            official.install(say)
        except EngineError as error:
            say(f"the official installer did not succeed ({error.what}), so the engine is built here")
    if (found := _kept()) is None:
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
    if (found := plugins.downloaded()) is not None:
        return found
    engine = None if building.PLUGIN.built else find()
    if engine is not None and engine.origin != BUILT and official.reachable():
        try:
            official.install_plugin(engine.command, plugins.home(), say)
        except EngineError as error:
            say(f"the plugin could not be downloaded ({error.what}), so it is built here")
        if (found := plugins.downloaded()) is not None:
            return found
    return plugins.place(building.build(building.PLUGIN, say))


def environment(engine: Engine, *plugin_dirs: Path) -> dict[str, str]:
    """The variables with which an engine runs from here: Python's programs, plugins and the engine's first on PATH.

    Plugins in the engine's own home are not put on PATH: it finds them there, and warns of each that it takes from PATH.

    Args:
        engine: what `find` or `ensure` gave.
        *plugin_dirs: folders that hold `pulumi-resource-*` programs.
    """
    elsewhere = [str(one) for one in plugin_dirs if not one.is_relative_to(plugins.home())]
    first = [str(Path(sys.executable).parent), *elsewhere, str(engine.directory)]
    behind = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if one]
    return {
        "PATH": os.pathsep.join(dict.fromkeys([*first, *behind])),
        "PULUMI_HOME": str(plugins.home()),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def _on_path() -> Engine | None:
    # A shell that was set up for the sandbox has the cache's engines on PATH, maybe one of earlier sources.
    ours = building.root().resolve()
    folders = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if one]
    users = [one for one in folders if not Path(one).resolve().is_relative_to(ours)]
    written = shutil.which("pulumi", path=os.pathsep.join(users))
    if written is None:
        return None
    command = Path(written)
    # What a package manager links into a common folder has its language hosts beside the real file.
    if (command.resolve().parent / building.LANGUAGE.binary).is_file():
        command = command.resolve()
    version = _version(command, command.stat().st_mtime_ns)
    return Engine(command, ON_PATH, version, command.parent) if version.split(".")[0] == MAJOR else None


def _kept() -> Engine | None:
    return _official() or _built()


def _official() -> Engine | None:
    folder = official.directory()
    if not folder.is_dir():
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
