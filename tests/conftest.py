"""`--update-golden` rewrites the plans on record; a missing one is a failure. No property has a deadline: a busy machine is no defect."""

from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

settings.register_profile("hdh", deadline=None)
settings.load_profile("hdh")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden plans")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What shares a server or a deployment stays in one process; `make test` runs two such processes beside each other."""
    for item in items:
        if item.path.is_relative_to(TESTS) and (group := _group(item)):
            item.add_marker(pytest.mark.xdist_group(group))


def _group(item):
    folder, *rest = item.path.relative_to(TESTS).parts
    if folder == "end_to_end":
        params = getattr(getattr(item, "callspec", None), "params", {})
        deployment = next((str(params[one]) for one in ("deployed", "alive", "whole") if one in params), "")
        return f"{item.path.stem} {deployment}"
    if folder in {"deploy", "resources", "sandbox"}:
        return "/".join([folder, *rest[:-1]])
    return None
