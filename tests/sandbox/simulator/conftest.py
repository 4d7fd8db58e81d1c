"""A box with a running simulator, and an engine attached to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from hdh_infra.sandbox import simulator

BASE_PORT = 15420


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a simulator that runs, without anything real behind it."""
    monkeypatch.delenv("HDH_IAM_ENDPOINT", raising=False)
    directory = tmp_path / "box"
    simulator.start(directory, BASE_PORT, ("azure-native", "ovh"), print)
    try:
        yield directory
    finally:
        simulator.stop(directory)


@pytest.fixture
def engine_command() -> Path:
    """The engine of this machine; where there is none the tests that need it are skipped, and say so."""
    try:
        found = import_module("hdh_infra.sandbox.engine").find()
    except ModuleNotFoundError:
        found = None
    command = str(found.command) if found is not None else shutil.which("pulumi")
    if command is None:
        pytest.skip("there is no Pulumi engine on this machine")
    return Path(command)


@pytest.fixture
def engine_environment(tmp_path: Path, box: Path, engine_command: Path) -> dict[str, str]:
    """The environment of an engine that knows this box and nothing else."""
    (tmp_path / "state").mkdir()
    return {
        "HOME": str(tmp_path),
        "PATH": f"{engine_command.parent}:{os.defpath}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "only for this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **simulator.environment(box),
    }
