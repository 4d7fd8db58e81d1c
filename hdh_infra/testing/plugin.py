"""The pytest plugin: the fixture `hdh_mocks`, and the verdict on a test that used it and proved nothing.

It is loaded in every run of pytest where the library is installed, so it imports nothing heavy until the fixture
is asked for.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hdh_infra.testing.recorder import Recorder


@pytest.fixture
def hdh_mocks() -> Recorder:
    """Mocks of every native type; the test fails if nothing was registered or a check never ran."""
    from hdh_infra.testing.recorder import Recorder

    return Recorder()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """After a test that used the mocks: what it wrote must have run."""
    result = yield
    recorder = getattr(item, "funcargs", {}).get("hdh_mocks")
    if recorder is not None:
        recorder.verify()
    return result
