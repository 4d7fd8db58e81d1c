"""Where the engine looks for the OpenStack plugin: a downloaded one is taken as it is, a built one is put in its place.

It deliberately does not rely on PATH: the engine takes plugins from there too, but warns of it at every operation.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from hdh_infra.sandbox.engine.building import OPENSTACK, OPENSTACK_VERSION, root

MARK = "built-from"
"""Stands beside a plugin that was built here, and names the build."""


def home() -> Path:
    """The engine's own home, where it keeps plugins and logins: in the cache, not the user's."""
    return root() / "home"


def downloaded() -> Path | None:
    """The folder of a plugin that an engine downloaded, into our home or the user's; None where there is none."""
    users = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    for folder in (_folder(home()), _folder(users)):
        if (folder / OPENSTACK.binary).is_file() and not (folder / MARK).exists():
            return folder
    return None


def place(built: Path) -> Path:
    """Put the built plugin where the engine finds it by name and version, and give that folder.

    Args:
        built: the folder of the build; the plugin is linked from there where the file system can.
    """
    folder = _folder(home())
    if _placed(folder) == built.name:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".placing-", dir=folder.parent.parent) as temporary:
        fresh = Path(temporary) / OPENSTACK.binary
        try:
            os.link(built / OPENSTACK.binary, fresh)
        except OSError:
            shutil.copy2(built / OPENSTACK.binary, fresh)
        mark = Path(temporary) / MARK
        mark.write_text(built.name)
        # The mark goes first and comes last: whoever is stopped between leaves a plugin that is placed again.
        (folder / MARK).write_text("")
        fresh.replace(folder / OPENSTACK.binary)
        mark.replace(folder / MARK)
    return folder


def _folder(of: Path) -> Path:
    return of / "plugins" / f"resource-openstack-v{OPENSTACK_VERSION}"


def _placed(folder: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        if (folder / OPENSTACK.binary).is_file():
            return (folder / MARK).read_text()
    return ""
