"""What breaks while OpenStack is deployed to, and that the next `up` or `destroy` comes to the right end with nothing orphaned or lost.

Real servers, the real provider and the real engine; between them stands `between.py`, which knows the moment. The tests follow one another on one
deployment; each says what it expects to find.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end
FAULTS = Path(__file__).with_name("faults.yaml")
TARGET = "openstack:RegionOne"
SERVICES = ("identity", "placement", "keys", "images", "network", "volumes", "compute")
PATIENCE = 240


@dataclass
class Trial:
    """The deployment, what stands between it and the servers, and the plugins that killed engines left behind."""

    made: Any
    between: Any
    fault: Any
    left: list[Any] = field(default_factory=list)

    @property
    def ports(self) -> dict[str, int]:
        base = self.made.user.port
        return {**{name: base + number for number, name in enumerate(SERVICES)}, "objects": base + 300}

    @property
    def shell(self) -> dict[str, str]:
        moved = (name for name in self.made.shell if name == "OS_AUTH_URL" or "ENDPOINT" in name)
        return {**self.made.shell, **{name: self.between.moved(self.made.shell[name]) for name in moved}}

    def when(self, verb: str, service: str, path: str, **words: Any) -> Any:
        """A fault at a request, as `when("POST", "network", "/v2.0/subnets", status=503)`."""
        made = self.fault(f"{verb} :{self.ports[service]}{path}", **words)
        self.between.faults.append(made)
        return made

    def hdh(self, command: str, *words: str) -> Any:
        """A command through what stands between."""
        on = ("--on", self.made.target, "--stack", self.made.stack, "--yes")
        return self.made.user.run("hdh", command, str(self.made.spec), *on, *words, shell=self.shell)

    def up(self) -> Any:
        return self.hdh("up", "--format", "json").well().json()

    def stops(self, *told: str) -> Any:
        """An `up` that stops and says so in words."""
        said = self.hdh("up")
        assert said.code == 3, said.all
        assert "Traceback" not in said.err
        assert re.search(r"state is kept", said.err, re.IGNORECASE), said.err
        for one in told:
            assert one in said.err, said.err
        self.between.faults.clear()
        return said

    def killed(self, asked: str, *, skip: int, alone: bool, command: str = "up") -> bool:
        """Run a command whose engine is killed while a server answers; whether it came to that.

        Args:
            asked: the requests that are counted.
            skip: how many of them are let through.
            alone: whether the engine alone is killed; else all that it runs with, as when a machine goes down.
            command: which.
        """
        import psutil

        def kill() -> None:
            family = psutil.Process(process.pid).children(recursive=True)
            self.left += family
            for one in (
                [one for one in family if one.name() == "pulumi"] if alone else [*family, psutil.Process(process.pid)]
            ):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.send_signal(signal.SIGKILL)

        fault = self.fault(asked, then=kill, skip=skip)
        self.between.faults.append(fault)
        shell = self.shell
        on = ("--on", self.made.target, "--stack", self.made.stack, "--yes")
        words = [command, str(self.made.spec), *on, *(["--delete-data"] if command == "destroy" else [])]
        process = subprocess.Popen(
            ["hdh", *words],
            env=shell,
            cwd=self.made.user.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = process.communicate(timeout=PATIENCE)
        self.between.faults.clear()
        if fault.happened and alone:
            assert process.returncode == 3, (out, err)
            assert "the engine was ended from outside (signal 9)" in err, err
            assert "what was begun is looked for" in err
        if fault.happened and not alone:
            assert process.returncode == -signal.SIGKILL
        if not fault.happened:
            assert process.returncode == 0, (out, err)
        return bool(fault.happened)

    def strays(self) -> set[str]:
        """What is on the servers and in no state."""
        deployment = self.made.pulumi("stack", "export", secret=True).well().json()["deployment"]
        assert not deployment.get("pending_operations")
        known = {str(one.get("id")) for one in deployment["resources"]}
        known |= {
            str((one.get("outputs") or {}).get("secretRef")).rsplit("/", 1)[-1] for one in deployment["resources"]
        }
        # Each encrypted disk has a key of its own, which Cinder makes and takes away.
        nameless = [one for one in self.made.listed("key_manager", "/secrets", "secrets") if not one.get("name")]
        known |= {one["secret_ref"].rsplit("/", 1)[-1] for one in nameless}
        there = self.made.inventory() - self.made.before
        return {one for one in there if one.rsplit(" ", 1)[-1].rsplit("/", 1)[-1] not in known}

    def whole(self) -> None:
        """All of the plan is there, once; nothing else is; and nothing is left to do."""
        assert not self.strays()
        held = self.made.pulumi("stack", "export", secret=True).well().json()["deployment"]["resources"]
        assert {node.path for node in self.made.plan.nodes} <= {one["urn"].rsplit("::", 1)[-1] for one in held}
        answer = self.up()
        assert not answer["steps"], answer["steps"]
        groups = {one["id"]: one for one in self.made.listed("network", "/security-groups", "security_groups")}
        rules = self.made.listed("network", "/security-group-rules", "security_group_rules")
        ours = [one for one in rules if groups[one["security_group_id"]]["name"] != "default"]
        planned = [node for node in self.made.plan.nodes if node.type.endswith(":SecGroupRule")]
        assert len(ours) == len(planned), "OpenStack's own rules are in no group"
        servers = self.made.listed("compute", "/servers/detail", "servers")
        assert [one["status"] for one in servers] == ["ACTIVE"]

    def gone(self) -> None:
        self.hdh("destroy", "--delete-data").well()
        assert not self.made.inventory() - self.made.before


@pytest.fixture(scope="module")
def trial(user: Any, playing: Any, beside: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The platform and its servers, with nothing deployed yet."""
    made = playing.Deployment.of(FAULTS, user, TARGET, tmp_path_factory.mktemp("faults"))
    made.before = made.inventory()
    ports = {user.port + number: name for number, name in enumerate(SERVICES)} | {user.port + 300: "objects"}
    with beside.Between(ports).served() as between:
        found = Trial(made, between, beside.Fault)
        try:
            yield found
        finally:
            between.faults.clear()
            made.hdh("destroy", "--yes", "--delete-data")
            for one in found.left:
                with contextlib.suppress(Exception):
                    one.kill()


MADE = r"POST :\d+/(v2\.0/[a-z-]+|v1/orders|v3/\w+/volumes|v2\.1/servers.*|)|PUT :\d+/(.*add_router_interface|faults-[^/]*)"
"""Requests that make something."""
MOMENTS = (0, 3, 6, 1, 4, 2, 5, 0, 3, 1)
"""How many of these each `up` gets through before its engine is killed."""


def test_ups_that_are_killed_at_ten_moments_are_followed_by_one_that_leaves_nothing_over(trial):
    for number, skip in enumerate(MOMENTS):
        if not trial.killed(MADE, skip=skip, alone=number % 2 == 1):
            # All was made before the moment came: it is tried from the beginning.
            trial.gone()
            assert trial.killed(MADE, skip=skip, alone=number % 2 == 1)
    last = trial.up()
    assert any("an interrupted operation was creating it" in line for line in last["remarks"])
    assert not any("look whether" in line for line in last["remarks"])
    trial.whole()


def test_a_destroy_that_is_killed_is_followed_by_one_that_leaves_nothing(trial):
    for skip in (1, 3):
        assert trial.killed(r"DELETE :\d+/.*", skip=skip, alone=skip == 1, command="destroy")
    trial.gone()
