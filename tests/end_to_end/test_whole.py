"""Platforms of real size on Azure, whole: deployed, left alone, changed a little, compared, taken down.

The tests follow one another on one deployment an example; each leaves it as the next expects it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hdh_infra.model.paths import network_path
from hdh_infra.sandbox.simulator import Cloud

pytestmark = pytest.mark.end_to_end
EXAMPLES = Path(__file__).parents[2] / "examples"
AZURE = "azure:francecentral"
PROJECTS = 10
"""Of the hospital's two hundred: what one subscription takes."""
ENDED, ADDED = "2026-01-31", "one-more"
WHOLE: Mapping[str, tuple[str, str, str]] = {
    "ehds-node": ("permit-011", "zone/catalogue/machine/portal", "linkage"),
    "hospital-eds": ("anaesthesia-3", "zone/airlock/machine/review", "identity"),
}
"""For each example the space that ends, where the flow that is taken out leads from the screens, and the key that is rotated."""
# The engine's file state is written whole at each step, which is the square of so many resources.
FEW_WRITES = {"PULUMI_EXPERIMENTAL": "1", "PULUMI_SKIP_CHECKPOINTS": "1"}


def cut(example: str, folder: Path) -> Path:
    """A copy of an example with no more projects than the subscription takes."""
    yaml = YAML()
    yaml.width = 400
    document = yaml.load((EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8"))
    if example == "hospital-eds":
        projects = document["spaces"]["projects"]
        for name in list(projects)[PROJECTS:]:
            del projects[name]
    made = folder / f"{example}.yaml"
    with made.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    return made


@pytest.fixture(scope="module", params=sorted(WHOLE))
def whole(
    user: Any, playing: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """An example, deployed once."""
    source = cut(request.param, tmp_path_factory.mktemp("source"))
    user.shell.update(FEW_WRITES)
    made = playing.Deployment.of(source, user, AZURE, tmp_path_factory.mktemp(request.param))
    made.before = made.inventory()
    try:
        made.first = made.up()
        yield made
    finally:
        made.clear()
        for name in FEW_WRITES:
            user.shell.pop(name, None)


def steps(answer: Any) -> set[tuple[str, str]]:
    """What a step did, and to what."""
    return {(step["operation"], step["path"]) for step in answer["steps"]}


def test_all_of_it_is_there_and_a_second_up_changes_nothing(whole):
    created = {path for operation, path in steps(whole.first) if operation == "create"}
    assert {node.path for node in whole.plan.nodes} <= created
    assert not whole.up()["steps"]


def test_a_change_touches_what_it_is_about_and_the_preview_says_so_before(whole):
    """A space more, one that ended, a flow less and a key with a new version: at once, since each has its own place."""
    ending, to, key = WHOLE[whole.name]
    (native,) = (one for one in whole.simulated() if one["id"].endswith(f"/keys/{key}"))
    version = f"{native['outputs']['keyUri']}/{'0' * 32}"
    Cloud(whole.user.box / "simulator").change(native["id"], "keyUriWithVersion", version)
    whole.hdh("refresh", "--yes").well()

    def change(document: Any) -> None:
        projects = document["spaces"]["projects"]
        projects[ADDED] = {"ends": "2029-12-31", "members": 3}
        projects[ending]["ends"] = ENDED
        flows = document["flows"]
        flows.remove(next(one for one in flows if one["to"] == to and one["from"].endswith("/screens")))

    whole.edit(change)
    whole.user.run("hdh", "lock", str(whole.spec)).well()
    shown = whole.hdh("preview", "--format", "json").well().json()
    done = whole.up()
    assert steps(done) == steps(shown)
    ended, added = f"space/{ending}", f"space/{ADDED}"
    elsewhere = {(operation, path) for operation, path in steps(done) if network_path(path) not in {ended, added}}
    assert {operation for operation, path in steps(done) if network_path(path) == added} == {"create"}
    assert {operation for operation, path in steps(done) if network_path(path) == ended} <= {"delete", "update"}
    rules = {path for _, path in elsewhere if "/rule/" in path}
    assert {network_path(path) for path in rules} == {"zone/administration", network_path(to)}
    # What encrypts disks follows the new version; stores name the key alone and take its newest.
    assert {path.rsplit("/", 1)[-1] for _, path in elsewhere if path not in rules} <= {
        "disk-encryption",
        "system-encryption",
    }
    assert {operation for operation, path in elsewhere if path not in rules} <= {"update"}


def test_it_lets_through_what_ovhcloud_would_and_gives_what_was_promised(whole):
    found = whole.compare("--on", "ovhcloud:GRA", "--require", "no-drift").well().json()
    assert all(not lines for lines in found["drift"].values())
    sides = {side: found["flows"]["given"][side] for side in found["sides"]}
    assert len(sides) == 2
    machines = [
        {(one["from"], one["to"], one["protocol"], str(one["ports"])) for one in flows if "/store/" not in one["to"]}
        for flows in sides.values()
    ]
    assert machines[0] == machines[1]
    assert machines[0]


def test_it_goes_only_with_the_word_for_its_data_and_then_leaves_nothing(whole):
    there = whole.inventory()
    refused = whole.hdh("destroy", "--yes")
    assert refused.code == 1
    assert "it holds data" in refused.all
    assert whole.inventory() == there
    whole.hdh("destroy", "--yes", "--delete-data").well()
    assert whole.inventory() <= whole.before
