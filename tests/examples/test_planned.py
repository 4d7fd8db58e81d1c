"""The example descriptions planned on each target: possible everywhere, and deployable where their comments say so."""

import datetime
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.cli.starting import EXAMPLES
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.lock_file import lock_file, lock_status, read_lock

FOLDER = Path(__file__).parents[2] / "examples"
DEPLOYED = FOLDER.parent / "tests" / "end_to_end"
TODAY = datetime.date(2026, 11, 25)
TARGETS = ("azure:francecentral", "ovhcloud:GRA", "openstack:RegionOne")
LEFT_OPEN = {
    ("hdh-national", "azure:francecentral"): {"capacity.stores", "capacity.role-assignments"},
    ("hdh-national", "ovhcloud:GRA"): {"capacity.stores", "capacity.vcpus", "capacity.memory", "audit.administration"},
    ("hospital-eds", "azure:francecentral"): {"capacity.stores"},
    ("hospital-eds", "ovhcloud:GRA"): {"capacity.stores", "capacity.vcpus", "capacity.memory", "capacity.machines"},
}
"""What does not fit into one subscription or project, or nobody could answer for; all else is met or waived."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_deployable_but_for_what_its_comments_say(name, target):
    """Everything that an offer lacks is waived by name, and no waiver is left over."""
    file = FOLDER / f"{name}.yaml"
    plan = hdh.plan(hdh.load(file), target, lock=read_lock(lock_file(file)), today=TODAY)
    open_rows = {row.requirement for row in plan.verdicts if row.verdict in {"not-met", "unknown"} and not row.waiver}
    assert open_rows == LEFT_OPEN.get((name, target), set())
    assert plan.deployable == (not open_rows)
    assert not idle(plan)


def idle(plan):
    return [line for line in plan.remarks if "waives nothing" in line]


@pytest.mark.parametrize("file", sorted(DEPLOYED.rglob("*.yaml")), ids=lambda file: file.stem)
def test_no_description_that_is_deployed_in_a_test_has_a_waiver_left_over(file):
    """What is only a remark to a user is an error here: what is no longer needed would cover something else one day."""
    platform = hdh.load(file)
    own = {waiver.target for waiver in platform.waivers} - (set(TARGETS) if file.parent != DEPLOYED else set())
    for target in own or platform.targets:
        assert not idle(hdh.plan(platform, target, today=TODAY))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_lock_beside_an_example_is_up_to_date(name):
    file = FOLDER / f"{name}.yaml"
    old = read_lock(lock_file(file))
    assert old is not None, f"hdh lock examples/{name}.yaml"
    new = update_lock(old, hdh.load(file), [Target.parse(one) for one in TARGETS], salt=old.salt)
    assert not list(lock_status(old, new)), f"hdh lock examples/{name}.yaml"


def test_the_permit_that_ended_is_closed_and_keeps_its_data():
    platform = hdh.load(FOLDER / "ehds-node.yaml")
    ended = [name for name, space in platform.spaces.projects.items() if space.ends and space.ends < TODAY]
    assert ended == ["permit-001"]
    plan = hdh.plan(platform, "azure:francecentral", today=TODAY)
    assert {row.verdict.value for row in plan.verdicts if row.requirement == "space.closed"} == {"met"}
    inside = [node.element for node in plan.nodes if node.path.startswith("space/permit-001/")]
    assert "space/permit-001/store/work" in inside
    assert not [
        element for element in inside if "/machine/" in element and element.count("/") == 3 and _runs(plan, element)
    ]


def _runs(plan, element):
    return any(node.type == "azure-native:compute:VirtualMachine" for node in plan.nodes if node.element == element)
