"""An empty cache and a PATH of the test's own, and the engine and plugin of this machine where they are kept."""

import os
from pathlib import Path

import pytest

from hdh_infra.sandbox import engine
from hdh_infra.sandbox.engine import building, official, plugins


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A machine without engine, Go and network; programs may be put into its `bin`."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    monkeypatch.setenv("HDH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    monkeypatch.setenv("PATH", str(bin_))
    monkeypatch.setattr(official, "reachable", lambda: False)
    return tmp_path


@pytest.fixture
def program():
    """Writes a shell script that stands for a program."""

    def write(path: Path, text: str = "exit 1") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def kept_engine():
    """The engine of this machine; made before the tests run, not by them."""
    found = engine.find()
    if found is None:
        pytest.skip("no Pulumi engine on this machine: run `python -m hdh_infra.sandbox.prepare`")
    return found


@pytest.fixture
def kept_plugin():
    """The built OpenStack plugin of this machine, of the sources as they are."""
    if not building.PLUGIN.built:
        pytest.skip("the OpenStack plugin is not built from these sources: run `python -m hdh_infra.sandbox.prepare`")
    return plugins.place(building.PLUGIN.directory) / building.OPENSTACK.binary


@pytest.fixture
def engine_environment(kept_engine, kept_plugin, tmp_path):
    """The environment of a stack of its own, without any cloud's credentials."""
    (tmp_path / "state").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PULUMI_"))}
    return {
        **kept,
        **engine.environment(kept_engine, kept_plugin.parent),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
    }
