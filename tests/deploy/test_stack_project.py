"""The Pulumi project to copy, under plain `pulumi up`: the same stack as `hdh up`, in both directions."""

from __future__ import annotations

import copy
import datetime
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.deploy import operations
from hdh_infra.errors import RefusedError
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


WAIVER = (
    "  - {requirement: key.algorithm, element: key/lake, target: 'azure:francecentral', accept: rsa-3072, "
    "reason: Azure wraps its own AES-256 keys with it, until: 2026-12-31}\n"
)
AFTER = datetime.date(2027, 1, 2)


def test_plain_pulumi_and_hdh_deploy_the_same_stack(stack, project):
    """Invariant: what one has deployed the other finds unchanged, in both directions; the end of a waiver stops neither but for its key."""
    spec = project.parents[1] / "examples" / "small.yaml"
    lake, projects = "  lake: {protection: hsm", "  projects: {"
    text = spec.read_text(encoding="utf-8").replace(lake, f"{lake}, algorithm: aes-256") + WAIVER
    spec.write_text(text, encoding="utf-8")
    stack.request = replace(stack.request, platform=hdh.load(spec))
    code, written = pulumi(stack, project, "stack", "init", TARGET.stack)
    assert code == 0, written
    pulumi(stack, project, "config", "set", "hdh:today", "2026-12-30", "--stack", TARGET.stack)
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
    assert "key.algorithm for key/lake ends in 1 day," in written
    _after_its_end(stack, project, spec, text.replace(lake, f"{lake}, rotation_days: 90"), text.replace(projects, f"{projects}rotation_days: 90"))  # fmt: skip
    assert (
        operations.destroy(stack.request, stack.watched, delete_data=True).changes["delete"] == by_hdh.changes["same"]
    )
    assert stack.toy.things == {}


def _after_its_end(stack, project, spec, held, free):
    """A waiver that has ended: what is deployed stays, its element is not changed, another one is, and the record of a day lets it pass."""
    pulumi(stack, project, "config", "set", "hdh:today", str(AFTER), "--stack", TARGET.stack)
    stack.request = replace(stack.request, today=AFTER)
    code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack, "--expect-no-changes")
    assert code == 0, written
    assert "key.algorithm for key/lake ended on 2026-12-31" in written

    spec.write_text(held, encoding="utf-8")
    stack.request = replace(stack.request, platform=hdh.load(spec))
    before = copy.deepcopy(stack.toy.things)
    # Without the preview it is the step itself that is refused.
    for words in ((), ("--skip-preview",)):
        code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack, *words)
        assert code != 0
        assert "a waiver has ended" in written
        assert "rsa-3072 was accepted until 2026-12-31" in written
        assert stack.toy.things == before
    with pytest.raises(RefusedError, match=r"would change: key/lake/key \(ignored\)"):
        operations.up(stack.request, stack.watched)
    assert stack.toy.things == before

    spec.write_text(free, encoding="utf-8")
    code, written = pulumi(stack, project, "up", "--yes", "--stack", TARGET.stack)
    assert code == 0, written
    assert stack.toy.things != before

    record = f"until: 2026-12-31, passed: [{{on: {AFTER}, reason: the rotation is overdue}}]"
    spec.write_text(held.replace("until: 2026-12-31", record), encoding="utf-8")
    stack.request = replace(stack.request, platform=hdh.load(spec))
    assert operations.up(stack.request, stack.watched).changes["update"] > 0


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
