"""Packages that add clouds, for the tests of this folder."""

import pytest

from tests.adding import install_example, putting_on_path


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A folder that the example is installed in."""
    return install_example(tmp_path_factory.mktemp("site"))


@pytest.fixture
def on_path(monkeypatch):
    """Puts folders of installed packages on the path."""
    yield from putting_on_path(monkeypatch)
