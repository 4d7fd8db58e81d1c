"""The small platform on NumSpot, without what it says of other targets."""

import functools

import pytest

from tests.clouds.deployments import as_state, deployment, described, planned

TARGET = "numspot:eu-west-2"


@pytest.fixture
def small():
    return functools.partial(described, facts=[], targets={})


@pytest.fixture
def lower():
    return lambda platform, lock=None: planned(platform, TARGET, lock)


@pytest.fixture
def deploy():
    return functools.partial(deployment, target=TARGET)


@pytest.fixture
def state():
    return functools.partial(as_state, target=TARGET)
