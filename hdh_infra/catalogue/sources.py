"""Where clouds come from: this package's own, and those that other installed packages add by an entry point.

An entry point of the group `hdh_infra.clouds` is called as the cloud is in a target and names the package of
the cloud: its `CLOUD`, and `catalogue.yaml` beside it. Nothing of it is imported before the cloud is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import metadata, resources
from importlib.resources.abc import Traversable

GROUP = "hdh_infra.clouds"
"""The group of entry points by which a package adds a cloud."""
CATALOGUE = "catalogue.yaml"
"""The file of an added cloud, in the package that its entry point names."""


@functools.cache
def added() -> Mapping[str, metadata.EntryPoint]:
    """The clouds that other packages add, by name, sorted.

    Raises:
        ValueError: two packages add a cloud of one name, or one has the name of a cloud of this package.
    """
    own, found = _own(), dict[str, metadata.EntryPoint]()
    for point in metadata.entry_points(group=GROUP):
        other = found.get(point.name)
        if point.name in own or (other is not None and other.value != point.value):
            holder = "hdh_infra itself" if other is None else package_of(other)
            raise ValueError(
                f"cloud {point.name!r} of {package_of(point)} has the name of a cloud of {holder}: uninstall one of them, or have it renamed"
            )
        found[point.name] = point
    return dict(sorted(found.items()))


def package_of(point: metadata.EntryPoint) -> str:
    """The name of the installed package that an entry point belongs to, for messages."""
    return point.dist.name if point.dist is not None else point.value


@functools.cache
def _own() -> Mapping[str, Traversable]:
    folder = resources.files("hdh_infra.catalogue") / "data"
    return {entry.name.removesuffix(".yaml"): entry for entry in folder.iterdir() if entry.name.endswith(".yaml")}


def names() -> tuple[str, ...]:
    """Names of all clouds, sorted. Raises `ValueError` as `added` does."""
    return tuple(sorted({*_own(), *added()}))


def file_of(cloud: str) -> Traversable:
    """The catalogue's file of a cloud. Raises `KeyError` for a cloud that there is not."""
    if cloud in _own():
        return _own()[cloud]
    return resources.files(added()[cloud].module).joinpath(CATALOGUE)
