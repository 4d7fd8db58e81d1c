"""The Pulumi project to copy, under plain `pulumi up`: the same stack as `hdh up`, in both directions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.deploy import operations
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock, with_layout
from hdh_infra.planning.lock_file import write_lock

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).parents[2]
TARGET = Target.parse("azure:francecentral")


@pytest.fixture
def project(stack, monkeypatch):
    """A copy of `stacks/platform` beside a copy of the small example, with its lock; and the stack of the same request."""
    monkeypatch.undo()  # the plan is the real one
    folder = stack.folder / "my"
    shutil.copytree(ROOT / "stacks" / "platform", folder / "stacks" / "platform")
    (folder / "examples").mkdir()
    spec = folder / "examples" / "small.yaml"
    shutil.copyfile(ROOT / "examples" / "small.yaml", spec)
    platform = hdh.load(spec)
    lock = update_lock(None, platform, [TARGET])
    write_lock(lock, spec.with_suffix(".lock"))
    # The file backend rewrites the state at every step; nothing is killed here, so that may wait for the end.
    fast = {**stack.request.environment, "PULUMI_EXPERIMENTAL": "1", "PULUMI_SKIP_CHECKPOINTS": "1"}
    stack.request = replace(
        stack.request, platform=platform, target=TARGET, lock=lock, stack=TARGET.stack, environment=fast
    )
    return folder / "stacks" / "platform"


def pulumi(stack, project, *words):
    """Run plain Pulumi as a person does; (exit code, what it wrote)."""
    engine = stack.request.engine_command
    if (
        not (engine.parent / "pulumi-language-python-exec").exists()
        and shutil.which("pulumi-language-python-exec") is None
    ):
        pytest.skip("the engine of this machine has no Python language host")
    path = os.pathsep.join([str(Path(sys.executable).parent), str(engine.parent), os.defpath])
    done = subprocess.run(
        [str(engine), *words, "--non-interactive", "--color", "never"],
        cwd=project,
        # The program is of this tree, wherever the interpreter has the package from.
        env={**stack.request.environment, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_plain_pulumi_and_hdh_deploy_the_same_stack(stack, project):
    """Invariant: what one has deployed the other finds unchanged, in both directions."""
    code, written = pulumi(stack, project, "stack", "init", TARGET.stack)
    assert code == 0, written
    code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack)
    assert code == 0, written
    planned = operations.plan_of(stack.request)
    assert len(stack.toy.things) == len(planned.nodes)
    assert stack.paths() == {node.path for node in planned.nodes}
    by_hdh = operations.up(stack.request, stack.watched)
    assert {name: count for name, count in by_hdh.changes.items() if count and name != "same"} == {}
    assert stack.watched.total_ == by_hdh.changes["same"]
    code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack, "--expect-no-changes")
    assert code == 0, written
    assert (
        operations.destroy(stack.request, stack.watched, delete_data=True).changes["delete"] == by_hdh.changes["same"]
    )
    assert stack.toy.things == {}


def test_plain_pulumi_and_hdh_deploy_the_same_parts(stack, project):
    """Invariant: a stack that is called after its part holds it, whoever deploys it; the other finds it unchanged."""
    spec = project.parents[1] / "examples" / "small.yaml"
    lock = with_layout(stack.request.lock, "parts")
    write_lock(lock, spec.with_suffix(".lock"))
    stack.request = replace(stack.request, lock=lock, parallel=2)
    for part in ("foundation", "space.cohort-a"):
        name = f"{TARGET.stack}.{part}"
        code, written = pulumi(stack, project, "stack", "init", name)
        assert code == 0, written
        for word, value in (("target", str(TARGET)), ("spec", "../../examples/small.yaml")):
            pulumi(stack, project, "config", "set", f"hdh:{word}", value, "--stack", name)
        code, written = pulumi(stack, project, "up", "--yes", "--stack", name)
        assert code == 0, written
    planned = {part.name: len(part.plan.nodes) for part in operations.plan_of(stack.request).parts()}
    assert len(stack.toy.things) == planned["foundation"] + planned["space/cohort-a"]
    found = {one.part: one for one in operations.up(stack.request, stack.watched).parts}
    for part in ("foundation", "space/cohort-a"):
        assert {name for name, count in found[part].changes.items() if count} == {"same"}
    assert len(stack.toy.things) == sum(planned.values())


def test_plain_pulumi_refuses_a_description_that_lost_a_data_holder(stack, project):
    """Invariant: law 9 holds in plain `pulumi up` too: it ends with the reason, without a traceback, and nothing was registered."""
    spec = project.parents[1] / "examples" / "small.yaml"
    text = spec.read_text()
    spec.write_text(
        text.replace("      snds: {size: 2TB, key: lake}\n", "").replace("    stores:\n    machines:", "    machines:")
    )
    spec.write_text("\n".join(line for line in spec.read_text().splitlines() if "store/snds" not in line))
    pulumi(stack, project, "stack", "init", TARGET.stack)
    code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack)
    assert code != 0
    assert "zone/lake/store/snds" in written
    assert "nothing was changed" in written
    assert "Traceback" not in written
    assert stack.toy.things == {}


def test_plain_pulumi_refuses_the_state_of_a_sandbox(stack, project):
    """Invariant: the environment of real clouds and a sandbox's state do not meet, without a traceback."""
    (stack.folder / "state" / "hdh-sandbox.json").write_text('{"id": "abc"}')
    pulumi(stack, project, "stack", "init", TARGET.stack)
    code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack)
    assert code != 0
    assert "keeps the state of a sandbox" in written
    assert "Traceback" not in written
    assert stack.toy.things == {}
