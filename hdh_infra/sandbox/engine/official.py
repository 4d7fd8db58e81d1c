"""The official installer of Pulumi and its plugin downloads, where a network reaches them.

It deliberately never waits for a network that is not there: one question of at most three seconds comes first.
`HDH_OFFLINE=1` says no without asking.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path

from hdh_infra.sandbox.engine.building import ENGINE_VERSION, OPENSTACK_VERSION, root
from hdh_infra.sandbox.engine.waiting import Say, alone, run

SITE = "https://get.pulumi.com/latest-version"
PATIENCE = 3.0
"""Seconds for the one question whether the site is reached."""
LIMIT = 900.0
"""Seconds for a download of about 150 MB."""
_INSTALL = (
    "import sys; from semver import VersionInfo; from pulumi.automation import PulumiCommand; "
    "PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))"
)


def directory() -> Path:
    """Where the installer puts the engine: in the user's cache, apart from what is built."""
    return root() / f"official-{ENGINE_VERSION}" / "bin"


def reachable() -> bool:
    """Whether the download site answers within three seconds; name resolution, which has no limit of its own, included."""
    if os.environ.get("HDH_OFFLINE", "") not in {"", "0"}:
        return False
    import urllib.request

    answers: list[int] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(SITE, timeout=PATIENCE) as answer:
                answers.append(answer.status)
        except (OSError, ValueError):
            return

    thread = threading.Thread(target=ask, daemon=True, name="engine-site")
    thread.start()
    thread.join(PATIENCE)
    return bool(answers)


def install(say: Say) -> Path:
    """Install the engine with the official installer, as Pulumi's own library calls it, and give its folder.

    Raises:
        EngineError: the installer failed or took too long.
    """
    with alone(root() / "lock", "the Pulumi engine", say):
        if not directory().is_dir():
            with tempfile.TemporaryDirectory(prefix=".installing-", dir=root()) as temporary:
                made = Path(temporary) / "made"
                run(
                    [sys.executable, "-c", _INSTALL, str(made), ENGINE_VERSION],
                    what=f"installing the Pulumi engine {ENGINE_VERSION} with the official installer",
                    log=root() / "official.log",
                    say=say,
                    limit=LIMIT,
                    cwd=Path(temporary),
                    env=os.environ,
                )
                made.rename(directory().parent)
    return directory()


def install_plugin(command: Path, home: Path, say: Say) -> None:
    """Let an engine download the OpenStack plugin into a home.

    Raises:
        EngineError: the download failed or took too long.
    """
    with alone(root() / "lock", "the OpenStack plugin", say):
        run(
            [str(command), "plugin", "install", "resource", "openstack", OPENSTACK_VERSION],
            what=f"downloading pulumi-resource-openstack {OPENSTACK_VERSION}",
            log=root() / "openstack-download.log",
            say=say,
            limit=LIMIT,
            cwd=root(),
            env={**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
