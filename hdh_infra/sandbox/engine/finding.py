"""Which engine is used: the one on PATH, then the one built before, then the official installer, then a build.

See docs/engine.md for versions, times and sizes.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from hdh_infra.errors import EngineError
from hdh_infra.sandbox.engine.building import Say, build, digest, locked, module_folder
from hdh_infra.sandbox.paths import cache_dir

VERSION = "3.259.0"
"""Of the engine that is built: the newest whose modules are served (2026-11-23)."""
OPENSTACK_VERSION = "5.5.3"
INSTALLER_HOST = "get.pulumi.com"
_REACH_SECONDS = 3.0
_INSTALL_SECONDS = 300
_LANGUAGE_FILES = (
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-resource-pulumi-python",
    "python/dist/pulumi-analyzer-policy-python",
)


@final
@dataclass(frozen=True, slots=True)
class Engine:
    """A Pulumi engine that can be run."""

    command: Path
    origin: str
    """Where it came from, in words."""
    version: str
    directory: Path
    """Folder of the command and of the language host."""


def find() -> Engine | None:
    """The engine on PATH, else the one in the cache; None where neither is. Does no work."""
    on_path = shutil.which("pulumi")
    if on_path and not Path(on_path).resolve().is_relative_to(cache_dir().resolve()):
        command = Path(on_path)
        return Engine(command, "found on PATH", _version(command), command.parent)
    for folder, origin in ((_installed_folder(), "official installer"), (_built_folder(), "built from Go modules")):
        command = folder / "pulumi"
        if command.exists() and (folder / ".complete").exists():
            return Engine(command, origin, _version(command), folder)
    return None


def ensure(say: Say) -> Engine:
    """An engine that can be run: found, installed or built.

    Raises:
        EngineError: there is none, and none can be had, with what to do.
    """
    found = find()
    if found:
        return found
    with locked(cache_dir() / "engine", say):
        found = find()
        if found is None:
            if _reached(INSTALLER_HOST) and _install(say):
                pass
            else:
                _build(say)
            found = find()
    if found is None:
        raise EngineError(
            "Pulumi engine", "was made and is not found", f"Delete {cache_dir() / 'engine'} and run the command again"
        )
    return found


def ensure_openstack_plugin(say: Say) -> Path:
    """The folder of `pulumi-resource-openstack`: on PATH, built before, or built now. Raises `EngineError`."""
    on_path = shutil.which("pulumi-resource-openstack")
    if on_path:
        return Path(on_path).parent
    folder = cache_dir() / "engine" / f"openstack-{OPENSTACK_VERSION}-{digest('openstack')}"
    command = folder / "pulumi-resource-openstack"
    if not command.exists():
        with locked(cache_dir() / "engine", say):
            if not command.exists():
                build("openstack", ".", command, unsummed="github.com/terraform-provider-openstack", say=say)
    return folder


def environment(engine: Engine, *plugin_folders: Path) -> dict[str, str]:
    """Variables that make the engine and its plugins found, and keep it from asking other sites.

    The running Python's folder comes first: the language host takes `python` from PATH.
    """
    folders = [Path(sys.executable).parent, *plugin_folders, engine.directory]
    path = os.pathsep.join(dict.fromkeys([*map(str, folders), *os.environ.get("PATH", "").split(os.pathsep)]))
    return {
        "PATH": path,
        "PULUMI_HOME": str(cache_dir() / "pulumi-home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def _built_folder() -> Path:
    return cache_dir() / "engine" / f"built-{VERSION}-{digest('cli')}-{digest('language')}"


def _installed_folder() -> Path:
    return cache_dir() / "engine" / "installed" / "bin"


def _version(command: Path) -> str:
    variables: Mapping[str, str] = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        found = subprocess.run(
            [str(command), "version"], env=variables, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(
            str(command), f"does not run: {error}", "Mend or remove it; the engine is looked for on PATH first"
        ) from None
    return found.stdout.strip().removeprefix("v")


def _reached(host: str) -> bool:
    try:
        with socket.create_connection((host, 443), timeout=_REACH_SECONDS):
            return True
    except OSError:
        return False


def _install(say: Say) -> bool:
    """The official installer, into the cache; False where it fails for whatever reason, and a build is tried."""
    say("installing Pulumi with its official installer")
    root = _installed_folder().parent
    script = f"curl -fsSL https://{INSTALLER_HOST} | sh -s -- --install-root {root} --no-edit-path --version {VERSION}"
    try:
        subprocess.run(["sh", "-c", script], check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    (_installed_folder() / ".complete").touch()
    return True


def _build(say: Say) -> None:
    folder = _built_folder()
    flags = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    if not (folder / "pulumi").exists():
        build("cli", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", folder / "pulumi", flags=flags, say=say)
    if not (folder / "pulumi-language-python").exists():
        build(
            "language",
            "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
            folder / "pulumi-language-python",
            say=say,
        )
    module = module_folder("cli", "github.com/pulumi/pulumi/sdk/v3")
    for name in _LANGUAGE_FILES:
        source = module / name
        if source.exists():
            copy = folder / source.name
            shutil.copyfile(source, copy)
            copy.chmod(0o755)
    (folder / ".complete").touch()
