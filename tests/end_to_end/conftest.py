"""One sandbox for the suite, in a folder and on ports of its own, and one deployment of the example a target."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TARGETS = ("openstack:RegionOne", "ovhcloud:GRA", "azure:francecentral")
PORT = 15600


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"hdh_end_to_end_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_PLAYING = _load("playing")
_BETWEEN = _load("between")


@pytest.fixture(scope="session")
def playing() -> ModuleType:
    """Users, deployments and the servers' own answers."""
    return _PLAYING


@pytest.fixture(scope="session")
def beside() -> ModuleType:
    """What stands between a deployment and its servers."""
    return _BETWEEN


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is here target by target: each is deployed once, and the file's order is a life."""
    here = Path(__file__).parent
    places = [place for place, item in enumerate(items) if item.path.is_relative_to(here)]
    mine = sorted((items[place] for place in places), key=_target_of)
    hopeless = _no_engine() if mine else ""
    for place, item in zip(places, mine, strict=True):
        if hopeless:
            item.add_marker(pytest.mark.skip(reason=hopeless))
        items[place] = item


def _target_of(item: pytest.Item) -> int:
    chosen = getattr(item, "callspec", None)
    params = chosen.params if chosen else {}
    if "alive" in params:
        return len(TARGETS) + TARGETS.index(params["alive"])
    if "whole" in params:
        return 2 * len(TARGETS) + (params["whole"] == "hospital-eds")
    if "large" in params:
        example, target = params["large"]
        return 3 * len(TARGETS) + 2 * TARGETS.index(target) + (example == "hospital-eds")
    if "small" in params:
        return 4 * len(TARGETS) + sorted(params["small"].parent.iterdir()).index(params["small"])
    return TARGETS.index(params["deployed"]) if "deployed" in params else -1


def _no_engine() -> str:
    """Why there can be no engine here, without building or downloading one; empty where there is or can be."""
    from hdh_infra.sandbox import engine
    from hdh_infra.sandbox.engine import official

    if engine.find() is not None or shutil.which("go") or official.reachable():
        return ""
    return "no end-to-end tests here: no Pulumi engine, no Go to build one, and its download site does not answer"


def _missing() -> str:
    """What cannot be had on this machine, in the words of what would have made it; the engine is asked for first."""
    from hdh_infra.errors import HdhError
    from hdh_infra.sandbox import engine, openstack

    for make in (engine.ensure, engine.ensure_openstack_plugin, openstack.seed):
        try:
            make(lambda line: None)
        except HdhError as error:
            return " ".join(str(error).split())
    return ""


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A user with a sandbox that runs; it is stopped at the end whatever happened."""
    if missing := _missing():
        pytest.skip(f"no end-to-end tests here, the sandbox cannot run: {missing}")
    # Each of two processes beside each other has a sandbox of its own.
    beside = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    port = int(os.environ.get("HDH_SANDBOX_PORT_OF_TESTS", PORT)) + 1000 * beside
    made = _PLAYING.User(tmp_path_factory.mktemp("end_to_end"), port)
    try:
        made.run("hdh", "sandbox", "up").well()
        yield made
    finally:
        made.run("hdh", "sandbox", "down", "--delete")


@pytest.fixture(scope="module", params=TARGETS)
def deployed(user: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The example, deployed once; tests follow one another on it in the order of the file."""
    target = request.param
    made = _PLAYING.Deployment.make(user, target, tmp_path_factory.mktemp(target.split(":")[0]))
    made.before = made.inventory()
    try:
        made.first = made.up()
        # Read while there is something to read: tests look for them when all is gone.
        assert made.secrets
        yield made
    finally:
        # What a failed test left behind must not be there for the next target.
        made.clear()
