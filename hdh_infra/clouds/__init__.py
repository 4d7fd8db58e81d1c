"""One folder a cloud, the same file names in each: lower and observe side by side.

`of(target)` gives the one that serves a target; nothing else of the library knows which clouds there are.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from hdh_infra.catalogue.load import offer_of
from hdh_infra.catalogue.sources import added, package_of

if TYPE_CHECKING:
    from hdh_infra.clouds.base import Cloud
    from hdh_infra.model.target import Target


@functools.cache
def cloud(name: str) -> Cloud:
    """The lowering and reading of one cloud.

    Raises:
        ModuleNotFoundError: there is no such cloud.
        ValueError: another package adds it, and has no `CLOUD`.
    """
    found: Cloud
    if name in added():
        point = added()[name]
        try:
            found = importlib.import_module(point.module).CLOUD
        except (AttributeError, ImportError) as error:
            raise ValueError(
                f"cloud {name!r} of {package_of(point)} cannot be loaded ({error}): update or uninstall that package"
            ) from error
        return found
    found = importlib.import_module(f"hdh_infra.clouds.{name}").CLOUD
    return found


def of(target: Target) -> Cloud:
    """The lowering and reading that serve a target's offer: those of its own cloud, unless the offer names another's."""
    offer = offer_of(target)
    return cloud(offer.lowering or target.cloud if offer is not None else target.cloud)
