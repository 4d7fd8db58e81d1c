"""One folder a cloud, the same file names in each: lower and observe side by side.

`cloud(name)` gives the one that a target names; nothing else of the library knows which clouds there are.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdh_infra.clouds.base import Cloud


@functools.cache
def cloud(name: str) -> Cloud:
    """The lowering and reading of one cloud. Raises `ModuleNotFoundError` for a cloud that has none."""
    found: Cloud = importlib.import_module(f"hdh_infra.clouds.{name}").CLOUD
    return found
