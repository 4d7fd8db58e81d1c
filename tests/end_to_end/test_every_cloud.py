"""The small platform on every offer that this machine has servers or a simulator for: deployed twice, compared, changed, taken down.

The three grown clouds have more of it in `test_deployed`. Each description in `everywhere/` is the small example with
what its one target needs: settings, and waivers of what that cloud does not reach. The tests of one follow one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import first_regions, offer_of
from hdh_infra.clouds import of
from hdh_infra.model.paths import network_path
from hdh_infra.model.target import Target
from hdh_infra.sandbox.box import sandbox_targets

pytestmark = pytest.mark.end_to_end
HERE = Path(__file__).parent / "everywhere"
EVERYWHERE = sorted(HERE.glob("*.yaml"))
ELSEWHERE = {"azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA"}
"""Deployed by `test_deployed`."""
ADDED = "cohort-z"


def target_of(file: Path) -> str:
    """The one target of a description beside those of the small example that it may include."""
    (target,) = {str(one) for one in hdh.load(file).targets} - ELSEWHERE
    return target


@pytest.fixture(scope="module", params=EVERYWHERE, ids=lambda file: file.stem)
def small(
    user: Any, playing: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """The small platform on one target, deployed once."""
    made = playing.Deployment.of(
        request.param, user, target_of(request.param), tmp_path_factory.mktemp(request.param.stem)
    )
    made.before = made.inventory()
    try:
        made.first = made.up()
        yield made
    finally:
        made.clear()


def test_no_offer_that_can_be_deployed_here_is_left_out():
    offers = {(one.cloud, offer_of(one).name) for one in map(Target.parse, map(target_of, EVERYWHERE))}
    served = {
        (one.cloud, offer_of(one).name) for one in sandbox_targets() if str(one) in set(map(str, first_regions()))
    }
    grown = {(one.cloud, offer_of(one).name) for one in map(Target.parse, ELSEWHERE)}
    assert offers == served - grown


def test_all_of_it_is_there_and_a_second_up_changes_nothing(small):
    created = {step["path"] for step in small.first["steps"] if step["operation"] == "create"}
    assert {node.path for node in small.plan.nodes} <= created
    servers = small.inventory()
    again = small.up()
    assert not again["steps"], again["steps"]
    assert small.inventory() == servers


def test_the_state_gives_every_attribute_and_flow_that_was_promised(small):
    found = small.compare("--require", "no-drift").well().json()
    assert all(not lines for lines in found["drift"].values())
    promised = small.user.run("hdh", "compare", str(small.spec), "--on", small.target, "--format", "json").well().json()
    assert found["elements"].keys() == promised["elements"].keys()
    for side in found["sides"]:
        assert found["flows"]["given"][side] == promised["flows"]["given"][small.target], side
        assert found["egress"]["given"][side] == promised["egress"]["given"][small.target], side


def test_a_space_more_touches_its_own_nodes_alone_and_the_preview_says_so_before(small):
    def add(document: Any) -> None:
        document.setdefault("spaces", {}).setdefault("projects", {})[ADDED] = {"ends": "2029-12-31", "members": 3}
        for settings in document["targets"].values():
            if settings and "accounts" in settings:
                # Where stores know accounts only, a workload that comes brings its own.
                settings["accounts"][f"space/{ADDED}"] = "000000000099"

    small.edit(add)
    small.user.run("hdh", "lock", str(small.spec)).well()
    shown = small.hdh("preview", "--format", "json").well().json()
    done = small.up()
    assert done["steps"] == shown["steps"]
    shared = {node.path for node in small.plan.nodes if node.type in of(Target.parse(small.target)).shared_documents}
    own = [step for step in done["steps"] if step["path"] not in shared]
    assert {(step["operation"], network_path(step["path"])) for step in own} == {("create", f"space/{ADDED}")}
    assert {step["operation"] for step in done["steps"] if step["path"] in shared} <= {"update"}


def test_it_goes_only_with_the_word_for_its_data_and_then_leaves_nothing(small):
    there = small.inventory()
    refused = small.hdh("destroy", "--yes")
    assert refused.code == 1
    assert "it holds data" in refused.all
    assert small.inventory() == there
    small.hdh("destroy", "--yes", "--delete-data").well()
    assert small.inventory() <= small.before
