"""`--update-golden` rewrites the plans on record; a missing one is a failure."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden plans")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")
