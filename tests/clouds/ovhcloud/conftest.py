"""OVHcloud derives from OpenStack: it is tried on the same platform, and its state is held alike."""

import pytest

from tests.clouds.openstack.conftest import as_state, described


@pytest.fixture
def small():
    return described


@pytest.fixture
def state():
    return as_state
