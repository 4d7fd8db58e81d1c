"""Make the plugin known to an engine.

The plugin is the Python package itself, so what is installed is a small launcher that starts it with the
interpreter of this environment. It is deliberately not copied: after an upgrade of the package the same
launcher starts the new code.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hdh_infra.errors import EngineError
from hdh_infra.resources.contract import PACKAGE, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

BINARY: Final = f"pulumi-resource-{PACKAGE}"
"""The name under which an engine looks for the plugin."""
_SECONDS: Final = 60


def launcher() -> str:
    """The script that starts the plugin with this environment's interpreter, for POSIX shells."""
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m hdh_infra.resources.main "$@"\n'


def write_launcher(folder: Path) -> Path:
    """Put the launcher into `folder` and return it.

    The folder can be named in `Pulumi.yaml` (`plugins: providers: [{name: hdh, path: FOLDER}]`) or stand on PATH.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / BINARY
    if not path.exists() or path.read_text(encoding="utf-8") != launcher():
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(launcher(), encoding="utf-8")
        fresh.chmod(0o755)
        fresh.replace(path)
    return path


def install(engine_command: Path, say: Callable[[str], None]) -> Path:
    """Give the engine our plugin by `pulumi plugin install`; returns the folder that holds it.

    The engine keeps plugins under PULUMI_HOME, which is honoured. Doing it again is well.

    Raises:
        EngineError: the engine cannot be started or refuses the plugin.
    """
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    folder = home / "plugins" / f"resource-{PACKAGE}-v{VERSION}"
    installed = folder / BINARY
    if installed.is_file() and installed.read_text(encoding="utf-8") == launcher():
        return folder
    say(f"installing the plugin {PACKAGE} {VERSION} into the engine")
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / f"{BINARY}-v{VERSION}.tar.gz"
        _pack(archive)
        command = [
            str(engine_command),
            "plugin",
            "install",
            "resource",
            PACKAGE,
            VERSION,
            "--file",
            str(archive),
            "--reinstall",
        ]
        try:
            # The command is the engine that the caller found; nothing of it comes from a spec.
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(
                str(engine_command), f"cannot be run ({error})", "Install Pulumi, or run `hdh sandbox up`"
            ) from error
    if done.returncode != 0:
        words = " ".join(done.stderr.split())
        raise EngineError(
            str(engine_command), f"refuses the plugin {PACKAGE} {VERSION}: {words}", "Use Pulumi 3.100 or later"
        )
    return folder


def _pack(archive: Path) -> None:
    """The launcher alone in a gzipped tar, as `pulumi plugin install --file` wants it."""
    content = launcher().encode()
    entry = tarfile.TarInfo(BINARY)
    entry.size, entry.mode = len(content), 0o755
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(entry, io.BytesIO(content))
