"""`--update-golden` rewrites the plans on record; a missing one is a failure. No property has a deadline: a busy machine is no defect."""

import pytest
from hypothesis import settings

settings.register_profile("hdh", deadline=None)
settings.load_profile("hdh")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden plans")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")
