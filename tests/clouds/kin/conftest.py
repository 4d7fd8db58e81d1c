"""Fixtures of the OpenStack tests, for offers that its lowering serves."""

from pathlib import Path

import pytest

import hdh_infra as hdh
from tests.clouds.openstack.conftest import as_state

EVERYWHERE = Path(__file__).parents[2] / "end_to_end" / "everywhere"
FILES = {
    "flexibleengine:eu-west-0": "flexibleengine.yaml",
    "infomaniak:dc3-a": "infomaniak.yaml",
    "opentelekomcloud:eu-de": "opentelekomcloud.yaml",
    "ovhcloud/snc:eu-west-rbx-snc": "ovhcloud-snc.yaml",
}
"""The description that is deployed in the sandbox on each."""


def described(target):
    """The description of a target's trial."""
    return hdh.load(EVERYWHERE / FILES[target])


@pytest.fixture
def trial():
    return described


@pytest.fixture
def state():
    return as_state
