"""The ways in and out and their log, through the engine: made, unchanged by a second deployment, read back, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end
TARGETS = ("azure:francecentral",)
NETWORK = Path(__file__).with_name("network.yaml")


@pytest.fixture(scope="module", params=TARGETS)
def alive(
    user: Any, playing: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """A bastion, a firewall and flow logs, deployed once."""
    made = playing.Deployment.of(NETWORK, user, request.param, tmp_path_factory.mktemp("network"))
    made.before = made.inventory()
    try:
        made.first = made.up()
        yield made
    finally:
        made.clear()


def test_what_was_planned_is_there_and_a_second_up_changes_nothing(alive: Any) -> None:
    created = {step["path"] for step in alive.first["steps"] if step["operation"] == "create"}
    assert {node.path for node in alive.plan.nodes} <= created
    assert {
        "zone/administration/bastion",
        "zone/mirror/exit/firewall",
        "zone/mirror/flow-log",
        "platform/routes",
    } <= created
    assert not alive.up()["steps"]


def test_what_is_deployed_gives_what_was_asked(alive: Any) -> None:
    """The route's next hop is the address that the cloud gave the firewall: only the state knows it."""
    found = alive.compare("--require", "no-drift").well().json()
    assert all(not lines for lines in found["drift"].values())
    for side in found["sides"]:
        assert found["elements"]["zone/administration"]["entry"]["given"][side] == "bastion"
        assert found["elements"]["zone/mirror"]["flow_logs"]["given"][side] is True


def test_all_of_it_goes_again(alive: Any) -> None:
    alive.hdh("destroy", "--yes", "--delete-data").well()
    assert alive.inventory() == alive.before
