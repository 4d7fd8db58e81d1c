"""The work of a plan grows with its nodes on every offer; its bounds in time are a benchmark's (`python -m tests.benchmarks`)."""

import datetime

import pytest

from hdh_infra.catalogue.load import first_regions
from hdh_infra.model.platform import Platform
from hdh_infra.planning import make_plan
from tests.growth import calls

TODAY = datetime.date(2026, 11, 23)
FEW, MANY = 15, 60
SLACK = 1.15
"""Four times as many spaces take at most so much more a space: sorting is a little more than linear, and what is quadratic four times."""


def grown(spaces: int) -> Platform:
    """Spaces of one shape, each with a machine, a store of its own and a flow to a central one."""
    names = [f"s{index}" for index in range(spaces)]
    return Platform.model_validate(
        {
            "name": "grown",
            "residency": {"countries": ["FR", "DE", "CH"]},
            "network": {"address_space": "10.0.0.0/8"},
            "keys": {"lake": {}},
            "zones": {"lake": {"stores": {"snds": {"size": "2TB", "key": "lake"}}}},
            "spaces": {
                "defaults": {
                    "stores": {"work": {"size": "1TB", "key": "lake"}},
                    "machines": {"desktop": {"vcpus": 2, "memory": "8GB", "disk": {"size": "100GB", "key": "lake"}}},
                },
                "projects": {name: {"members": 3} for name in names},
            },
            "flows": [
                {"from": f"space/{name}", "to": to, "ports": [443]}
                for name in names
                for to in (f"space/{name}/store/work", "zone/lake/store/snds")
            ],
        }
    )


@pytest.mark.parametrize("target", first_regions(), ids=str)
def test_the_work_of_a_plan_grows_with_its_spaces_and_not_with_their_square(target):
    few, many = grown(FEW), grown(MANY)
    sizes = [len(make_plan(one, target, today=TODAY, nearest=True).nodes) for one in (few, many)]
    work = [calls(lambda one=one: make_plan(one, target, today=TODAY, nearest=True)) for one in (few, many)]
    assert sizes[1] > 3 * sizes[0]
    assert work[1] / sizes[1] < SLACK * work[0] / sizes[0], f"{work} calls for {sizes} nodes"
