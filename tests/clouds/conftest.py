"""The small platform on any target; folders of one target have these for it alone."""

import pytest

from hdh_infra.model.target import Target
from hdh_infra.planning import update_lock
from tests.clouds.deployments import deployment, planned


@pytest.fixture
def lower():
    return planned


@pytest.fixture
def deploy():
    return deployment


@pytest.fixture
def lock_of():
    return lambda platform, target: update_lock(None, platform, [Target.parse(target)])
