"""What breaks while OpenStack is deployed to, and that the next `up` or `destroy` comes to the right end with nothing orphaned or lost.

Real servers, the real provider and the real engine; between them stands `between.py`, which knows the moment. The tests follow one another on one
deployment; each says what it expects to find.
"""

from __future__ import annotations

import contextlib
import json
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
        on = ("--on", self.made.target, "--stack", self.made.stack, *(() if command == "preview" else ("--yes",)))
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

        def kill() -> bool:
            family = psutil.Process(process.pid).children(recursive=True)
            if not any(one.name() == "pulumi" for one in family):
                # The command itself asks what an earlier one had begun: there is no engine yet.
                fault.count += 1
                fault.early += 1
                return False
            self.left += family
            for one in (
                [one for one in family if one.name() == "pulumi"] if alone else [*family, psutil.Process(process.pid)]
            ):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.send_signal(signal.SIGKILL)
            return True

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
        happened = fault.happened > fault.early
        if happened and alone:
            assert process.returncode == 3, (out, err)
            assert "the engine was ended from outside (signal 9)" in err, err
            assert "what was begun is looked for" in err
        if happened and not alone:
            assert process.returncode == -signal.SIGKILL
        if not happened:
            assert process.returncode == 0, (out, err)
        return happened

    def strays(self) -> set[str]:
        """What is on the servers and in no state."""
        deployment = self.made.pulumi("stack", "export", secret=True).well().json()["deployment"]
        assert not deployment.get("pending_operations")
        assert not [one for one in deployment["resources"] if one["type"] == "hdh:platform:Begun"]
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

    @contextlib.contextmanager
    def operator(self, service: str, within: Any, after: Any) -> Iterator[None]:
        """Quotas of the project, as the operator sets them."""
        path = f"/os-quota-sets/{self.made.openstack.current_project_id}"
        self.made.operate(service, "put", path, json=within)
        try:
            yield
        finally:
            self.made.operate(service, "put", path, json=after)

    @contextlib.contextmanager
    def no_host(self) -> Iterator[None]:
        """No machine of the operator takes servers."""
        services = self.made.operate("compute", "get", "/os-services")["services"]
        (host,) = [one for one in services if one["binary"] == "nova-compute"]
        words = {"binary": host["binary"], "host": host["host"]}
        self.made.operate("compute", "put", "/os-services/disable", json=words)
        try:
            yield
        finally:
            self.made.operate("compute", "put", "/os-services/enable", json=words)

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
            made.clear()
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


def test_a_destroy_after_an_up_that_was_killed_leaves_nothing_of_what_was_begun(trial):
    """With what was begun go the disks and the keys that it took over, and the secrets that Barbican made for them."""
    assert trial.killed(MADE, skip=4, alone=False)
    trial.gone()


# -- one platform through a bad day: each `up` is stopped by something else, and the next goes on from there


def test_services_that_go_down_are_told_and_the_next_up_goes_on_when_they_are_back(trial):
    """Neutron is ended when it has made a network and before it says so, the S3 server is stopped, Cinder is asked too often."""
    import psutil

    from hdh_infra.sandbox import s3

    box = trial.made.user.box
    services = json.loads((box / "openstack" / "run" / "services.json").read_text())

    def fall() -> None:
        s3.stop(box / "s3")
        psutil.Process(services["neutron"]["pid"]).kill()

    trial.when("POST", "network", "/v2.0/networks", then=fall)
    trial.when("POST", "volumes", ".*/volumes", status=429, headers={"Retry-After": "60"}, count=2)
    trial.stops("OpenStack connection error", "did not answer", "got 429", "how often")
    trial.made.user.run("hdh", "sandbox", "up", "--on", TARGET).well()


def test_answers_that_are_lost_are_told_and_what_they_were_about_is_not_made_twice(trial):
    """A subnet and a disk are made and the answer says 503; a group is made and keeps OpenStack's own rules."""
    trial.when("POST", "network", "/v2.0/subnets", status=503, before=False)
    trial.when("POST", "volumes", ".*/volumes", status=503, before=False)
    trial.when("DELETE", "network", "/v2.0/security-group-rules/.*", status=503)
    said = trial.stops("got 503", "passing fault", "Run it again")
    assert said.err.count("What to do: A passing fault") == 1


def test_a_quota_that_is_used_up_is_told_while_a_token_that_ran_out_and_a_slow_answer_are_not(trial):
    with trial.operator("compute", {"quota_set": {"cores": 0}}, {"quota_set": {"cores": -1}}):
        trial.when("POST", "network", "/v2.0/subnets", status=401)
        trial.when("POST", "volumes", ".*/volumes", status=401)
        slow = trial.when("POST", "network", "/v2.0/ports", seconds=6)
        said = trial.stops("Quota exceeded for cores", "A quota of the project is used up", "quotas:")
    assert slow.happened
    assert "401" not in said.err
    assert "1 resource failed" in said.err, "all else was made"


def test_a_server_in_error_is_told_and_made_anew_by_the_next_up(trial):
    with trial.no_host():
        said = trial.stops("unexpected state 'ERROR'", "could not place or start this server")
        assert "nil" not in said.err
        (server,) = trial.made.listed("compute", "/servers/detail", "servers")
        assert server["status"] == "ERROR"
    shown = trial.hdh("preview", "--format", "json").well().json()
    last = trial.up()
    assert {(step["operation"], step["path"]) for step in shown["steps"]} == {
        (step["operation"], step["path"]) for step in last["steps"]
    }
    assert any("half made" in line and "/server/" in line for line in last["remarks"]), last["remarks"]
    (anew,) = trial.made.listed("compute", "/servers/detail", "servers")
    assert anew["id"] != server["id"]
    trial.whole()


def test_a_destroy_that_a_service_refuses_is_told_and_the_next_one_leaves_nothing(trial):
    trial.when("DELETE", "volumes", ".*/volumes/.*", status=503)
    said = trial.hdh("destroy", "--delete-data")
    assert said.code == 3, said.all
    assert "got 503" in said.err
    assert "passing fault" in said.err
    trial.between.faults.clear()
    trial.gone()


FULL = """
set -e
mount -t tmpfs -o size=64m none "$STATE"
cp "$MARK" "$STATE"/
try() {
    hdh up "$SPEC" --on "$TARGET" --stack "$STACK" --yes > "$OUT/$1.out" 2> "$OUT/$1.err" && echo 0 > "$OUT/$1" || echo $? > "$OUT/$1"
}
fill() {
    until [ "$(stat -c %s "$STATE"/.pulumi/stacks/hdh-platform/"$STACK".json || echo 0)" -gt 9000 ]; do sleep 0.1; done 2> /dev/null
    head -c 54m /dev/zero > "$STATE"/ballast
}
head -c 60m /dev/zero > "$STATE"/ballast
try full
rm "$STATE"/ballast
fill &
try filling
wait
rm "$STATE"/ballast
try empty
cp -a "$STATE"/. "$KEPT"/
"""


def test_a_state_whose_disk_is_full_is_told_kept_whole_and_gone_on_with(trial, tmp_path):
    """In a mount namespace of its own the state lies on a disk of 64 MB: full before the first `up`, filled during the second."""
    import shutil

    within = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no user make a mount namespace, so that no small disk can be had without root")
    state = Path(trial.made.shell["PULUMI_BACKEND_URL"].removeprefix("file://"))
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    kept.mkdir()
    shell = {
        **trial.shell,
        "PULUMI_BACKEND_URL": disk.as_uri(),
        "STATE": str(disk),
        "MARK": str(state / "hdh-sandbox.json"),
        "SPEC": str(trial.made.spec),
        "TARGET": TARGET,
        "STACK": trial.made.stack,
        "OUT": str(tmp_path),
        "KEPT": str(kept),
    }
    words = [*within, "sh", "-c", FULL]
    done = subprocess.run(words, env=shell, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    said = {one: (tmp_path / f"{one}.err").read_text() for one in ("full", "filling", "empty")}
    assert {one: (tmp_path / one).read_text().strip() for one in said} == {"full": "3", "filling": "3", "empty": "0"}, (
        said
    )
    assert "where the state is kept 3 MB are free" in said["full"]
    assert "nothing was changed" in said["full"]
    assert "stopped in good order" in said["filling"]
    assert "Make room there" in said["filling"]
    assert "Traceback" not in "".join(said.values())
    shutil.copytree(kept, state, dirs_exist_ok=True)
    trial.whole()
    trial.gone()
