"""A toy cloud, a hand-made plan and, where there is one, an engine."""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hdh_infra.deploy import operations
from hdh_infra.deploy.request import Request, Result
from hdh_infra.graph.node import Node
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.graph.values import base64_text, json_text, lookup, ref, text
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

ROOT = Node("platform/root", "toy:x:Thing", "toy", {"name": "root"}, outputs=("id", "deep"))
KEY = Node(
    "key/lake/key",
    "toy:x:Key",
    "toy",
    {"name": "key", "root": ref("platform/root")},
    outputs=("id", "deep"),
    protect=True,
)
BUCKET = Node(
    "zone/lake/store/snds/bucket",
    "hdh:s3:Bucket",
    "s3",
    {
        "name": "bucket",
        "leaf": ref("key/lake/key", "deep.leaf[0]"),
        "policy": json_text({"b": 1, "a": [ref("platform/root")]}),
        "text": text("{{{0}}}", ref("platform/root")),
        "data": base64_text(text("hello {0}", "you")),
        "image": lookup("toy:x:getImage", {"name": "debian"}, "id", "toy"),
        "again": lookup("toy:x:getImage", {"name": "debian"}, "id", "toy"),
    },
    protect=True,
)
ACCESS = Node(
    "zone/lake/store/snds/access",
    "toy:x:Access",
    "toy",
    {"name": "access", "bucket": ref("zone/lake/store/snds/bucket")},
    outputs=("id",),
    secret_outputs=("token",),
)
NODES = (ROOT, KEY, BUCKET, ACCESS)


def plan_of(*nodes: Node) -> Plan:
    providers = {"toy": Provider("toy", "1.0.0", {"region": "X", "n": 3}), "s3": Provider("hdh", "0.1.0", {})}
    return Plan("small", "openstack:RegionOne", {}, providers, nodes or NODES)


def platform(**more: Any) -> Platform:
    return Platform.model_validate({"name": "small", "residency": {"countries": ["FR"]}, **more})


@pytest.fixture
def engine_command() -> Path:
    """The engine of this machine; where there is none the tests that need it are skipped, and say so."""
    found = shutil.which("pulumi")
    try:
        engine = import_module("hdh_infra.sandbox.engine")
    except ModuleNotFoundError:
        engine = None
    if engine is not None and (one := engine.find()) is not None:
        found = str(one.command)
    if found is None:
        pytest.skip("there is no Pulumi engine on this machine")
    return Path(found)


@dataclass
class Watched:
    """An observer that writes everything down."""

    done_: list[tuple[str, str]] = field(default_factory=list)
    failed_: dict[str, str] = field(default_factory=dict)
    total_: int = 0

    def total(self, count: int) -> None:
        self.total_ = count

    def started(self, operation: str, path: str, type_: str) -> None:
        pass

    def done(self, operation: str, path: str, type_: str) -> None:
        self.done_.append((operation, path))

    def failed(self, path: str, message: str) -> None:
        self.failed_[path] = message

    def say(self, line: str) -> None:
        pass


@dataclass
class Stack:
    """A stack on the toy cloud, driven as the command line drives it."""

    toy: Any
    request: Request
    plan: Plan
    folder: Path
    watched: Watched = field(default_factory=Watched)

    def up(self) -> Result:
        return operations.up(self.request, self.watched)

    def preview(self) -> Result:
        return operations.preview(self.request, self.watched)

    def refresh(self) -> Result:
        return operations.refresh(self.request, self.watched)

    def destroy(self, *, delete_data: bool = False) -> Result:
        return operations.destroy(self.request, self.watched, delete_data=delete_data)

    def state(self) -> dict[str, Any]:
        return operations.state(self.request)

    def paths(self) -> set[str]:
        return {native.path for native in operations.natives_of_state(self.state())}


@pytest.fixture
def stack(tmp_path: Path, engine_command: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A new stack with a plan of its own, which a test may replace."""
    toy = import_toy()
    (tmp_path / "state").mkdir()
    (tmp_path / "passphrase").write_text("only for this test")
    with toy.served() as (cloud, attach):
        environment = {
            "HOME": str(tmp_path),
            "PATH": os.defpath,
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
            "PULUMI_DEBUG_PROVIDERS": attach,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        request = Request(
            platform=platform(),
            target=Target.parse("openstack:RegionOne"),
            lock=None,
            lock_file=None,
            stack="openstack-RegionOne",
            today=datetime.date(2026, 11, 23),
            environment=environment,
            engine_command=engine_command,
            work_dir=tmp_path / "work",
        )
        made = Stack(cloud, request, plan_of(), tmp_path)
        monkeypatch.setattr(operations, "plan_of", lambda _: made.plan)
        yield made


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return plan_of


def import_toy() -> Any:
    import importlib.util

    spec = importlib.util.spec_from_file_location("hdh_toy_cloud", Path(__file__).with_name("toy.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
