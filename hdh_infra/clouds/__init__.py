"""One folder a cloud, the same file names in each: lower and observe side by side.

`of(target)` gives the one that serves a target; nothing else of the library knows which clouds there are.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from hdh_infra.catalogue.load import offer_of
from hdh_infra.catalogue.sources import added, package_of
from hdh_infra.errors import Problem, SpecError

if TYPE_CHECKING:
    from hdh_infra.clouds.base import Cloud
    from hdh_infra.model.target import Target


@functools.cache
def cloud(name: str) -> Cloud:
    """The lowering and reading of one cloud.

    Raises:
        ModuleNotFoundError: there is no such cloud.
        SpecError: another package adds it, and its `CLOUD` cannot be had.
    """
    found: Cloud
    point = added().get(name)
    if point is None:
        found = importlib.import_module(f"hdh_infra.clouds.{name}").CLOUD
        return found
    try:
        found = point.load() if point.attr else importlib.import_module(point.module).CLOUD
        told = None if found.name == name else f"its CLOUD is called {found.name!r}"
    except Exception as error:  # noqa: BLE001 - what another package does when it is imported is its own
        told = f"{type(error).__name__}: {error}"
    if told is not None:
        package = package_of(point)
        what = f"cloud {name!r} of {package} cannot be used ({told}): update {package}, or uninstall it"
        raise SpecError([Problem("--on", None, None, "", what)])
    return found


def of(target: Target) -> Cloud:
    """The lowering and reading that serve a target's offer: those of its own cloud, unless the offer names another's or is refused."""
    offer = offer_of(target)
    if offer is not None and offer.refused is not None:
        return cloud("nothing")
    return cloud(offer.lowering or target.cloud if offer is not None else target.cloud)


def unusable(target: Target) -> str | None:
    """Why a target's cloud cannot be used, in words; None where it can. What another package adds may be wrong in itself."""
    try:
        of(target)
    except SpecError as error:
        return "; ".join(problem.what for problem in error.problems)
    return None
