"""Where clouds come from: this package's own, and those that other installed packages add by an entry point.

An entry point of the group `hdh_infra.clouds` is called as the cloud is in a target and names the package of
the cloud: its `CLOUD`, and `catalogue.yaml` beside it. Nothing of it is imported before the cloud is asked for: its
file is read where the package lies. What is wrong with one of them is said of it, and never in the way of the others.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import final

GROUP = "hdh_infra.clouds"
"""The group of entry points by which a package adds a cloud."""
CATALOGUE = "catalogue.yaml"
"""The file of an added cloud, in the package that its entry point names."""
_NAME = re.compile(r"[a-z0-9]+")


@final
@dataclass(frozen=True, slots=True)
class LeftOut:
    """A cloud of another package that cannot be used."""

    cloud: str
    """As its entry point calls it, which need not be a name."""
    package: str
    """Whose it is, as it is installed."""
    why: str
    remedy: str

    def __str__(self) -> str:
        """For people, in one line."""
        return f"cloud {self.cloud!r} of {self.package} is left out: {self.why}. {self.remedy}"


@functools.cache
def _found() -> tuple[Mapping[str, metadata.EntryPoint], tuple[LeftOut, ...]]:
    """The entry points that name a cloud of their own, by name, and those that do not."""
    by_name: dict[str, list[metadata.EntryPoint]] = {}
    for point in metadata.entry_points(group=GROUP):
        # One package that lies twice on the path is one.
        if point.value not in {other.value for other in by_name.get(point.name, ())}:
            by_name.setdefault(point.name, []).append(point)
    taken, out = dict[str, metadata.EntryPoint](), list[LeftOut]()
    for name, points in sorted(by_name.items()):
        packages = sorted(map(package_of, points))
        for point in points:
            package = package_of(point)
            others = ", ".join(one for one in packages if one != package)
            if not _NAME.fullmatch(name):
                why, remedy = "its name is no name of a cloud", "Have it called by small letters and digits alone."
            elif name in _own():
                why, remedy = "hdh_infra has a cloud of that name", f"Have it renamed, or uninstall {package}."
            elif len(points) > 1:
                why, remedy = (
                    f"{others or 'it'} adds one of that name, too",
                    "Uninstall one of them, or have it renamed.",
                )
            else:
                taken[name] = point
                continue
            out.append(LeftOut(name, package, why, remedy))
    return taken, tuple(out)


def added() -> Mapping[str, metadata.EntryPoint]:
    """The clouds that other packages add, by name, sorted; whether they can be read is another question."""
    return _found()[0]


def clashing() -> tuple[LeftOut, ...]:
    """Those that are not among them, because of their name."""
    return _found()[1]


def package_of(point: metadata.EntryPoint) -> str:
    """The name of the installed package that an entry point belongs to, for messages."""
    return point.dist.name if point.dist is not None else point.value


@functools.cache
def _own() -> Mapping[str, Traversable]:
    folder = resources.files("hdh_infra.catalogue") / "data"
    return {entry.name.removesuffix(".yaml"): entry for entry in folder.iterdir() if entry.name.endswith(".yaml")}


def names() -> tuple[str, ...]:
    """Names of all clouds, sorted."""
    return tuple(sorted({*_own(), *added()}))


def file_of(cloud: str) -> Traversable:
    """The catalogue's file of a cloud.

    Raises:
        KeyError: there is no such cloud.
        ModuleNotFoundError: another package adds it, and what its entry point names is not there.
    """
    return _own()[cloud] if cloud in _own() else folder_of(cloud) / CATALOGUE


def folder_of(cloud: str) -> Path:
    """Where the package of an added cloud lies, with whatever data it has; nothing of it is imported.

    Raises:
        KeyError: no other package adds such a cloud.
        ModuleNotFoundError: what its entry point names is not there.
    """
    module = added()[cloud].module
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"there is no package {module}", name=module)
    return Path(next(iter(spec.submodule_search_locations)))


def owner_of(cloud: str) -> str | None:
    """The package that adds a cloud, with its version, for people; None for one of this package's own."""
    point = added().get(cloud)
    if point is None:
        return None
    return f"{package_of(point)} {point.dist.version}" if point.dist is not None else package_of(point)


def forget() -> None:
    """Look again at the next question: packages were installed or removed since."""
    _found.cache_clear()
    _own.cache_clear()
