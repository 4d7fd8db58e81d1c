"""Packages of the engine that other packages have the simulator play: data in `simulator`, beside the catalogue's file of the cloud that they add.

`PACKAGE.yaml` and `PACKAGE.rules.yaml`, in the form of this package's own. What cannot be played is told whoever asks for its
cloud, and is in the way of no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, final

from hdh_infra import contracts
from hdh_infra.catalogue.load import clouds
from hdh_infra.catalogue.sources import added, folder_of, owner_of
from hdh_infra.contracts.added import brought
from hdh_infra.sandbox.simulator.facts import Knowledge
from hdh_infra.sandbox.simulator.kinds import KINDS
from hdh_infra.sandbox.simulator.knowledge import BRIDGED, PACKAGES, knowledge, read_knowledge

FOLDER: Final = "simulator"
"""Where the data lie in the package of an added cloud."""
_RULES: Final = ".rules.yaml"


@final
@dataclass(frozen=True, slots=True)
class Played:
    """What one package has the simulator play for one cloud that it adds."""

    cloud: str
    owner: str
    """The package with its version, for people."""
    packages: Mapping[str, Knowledge]
    """What is known of each; empty where anything is wrong."""
    wrong: str
    """Why nothing of it can be played; empty where all can."""
    files: tuple[Path, ...]
    """All that it rests on."""

    def of_another_plugin(self, package: str) -> bool:
        """Whether a package is another plugin's, told to become it."""
        return bool(self.packages[package].bridge)


@cache
def played() -> Mapping[str, Played]:
    """What other packages have played, by the cloud that they add; only of those that have data."""
    here, found = set(clouds()), dict[str, Played]()
    for cloud in sorted(added()):
        if cloud in here and (one := _read(cloud)) is not None:
            found[cloud] = one
    for cloud, one in found.items():
        for other in found.values():
            if other.owner != one.owner and (both := sorted(one.packages.keys() & other.packages.keys())):
                wrong = f"{both[0]} is played by {other.owner}, too: uninstall one of the two"
                found[cloud] = Played(cloud, one.owner, {}, wrong, one.files)
    return found


def known(package: str) -> Knowledge:
    """What is known of a package, this one's own or another's. Raises `KeyError` where nobody knows."""
    if package in PACKAGES:
        return knowledge(package)
    return next(one.packages[package] for one in played().values() if package in one.packages)


def packages() -> tuple[str, ...]:
    """Every package that is played: this one's own, then those of others, sorted."""
    return (*PACKAGES, *sorted({name for one in played().values() for name in one.packages}))


def bridged() -> tuple[str, ...]:
    """Those of them that are another plugin's, told to become them."""
    others = {name for one in played().values() for name in one.packages if one.of_another_plugin(name)}
    return (*BRIDGED, *sorted(others))


def forget() -> None:
    """Read again at the next question."""
    played.cache_clear()


def _read(cloud: str) -> Played | None:
    folder = folder_of(cloud) / FOLDER
    files = tuple(sorted(folder.glob("*.yaml")))
    if not files:
        return None
    owner, found = owner_of(cloud) or cloud, dict[str, Knowledge]()
    # A change of its contracts is a change of what is played.
    rests = (*files, *sorted((folder.parent / "contracts").glob("*.json")))
    try:
        for file in files:
            if not file.name.endswith(_RULES):
                package = file.name.removesuffix(".yaml")
                found[package] = _checked(package, file)
    except Exception as error:  # noqa: BLE001 - another's file may be wrong in any way
        said = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        return Played(cloud, owner, {}, " ".join(said.split()) or type(error).__name__, rests)
    return Played(cloud, owner, found, "", rests)


def _checked(package: str, file: Path) -> Knowledge:
    """What two files say of a package. Raises `ValueError` where it cannot be played."""
    if package in PACKAGES:
        raise ValueError(f"hdh_infra plays {package} itself: take {file.name} out")
    found = read_knowledge(package, file, file.with_name(f"{package}{_RULES}"))
    for what in _wrong(found):
        raise ValueError(f"{file.name}: {what}")
    return found


def _wrong(found: Knowledge) -> Iterator[str]:
    """What of the data could not be played, though it can be read."""
    package = found.package
    named = {token for rule in found.rules for token in rule.types} | {*found.kinds, *found.functions}
    named |= {token for one in found.outputs for token in one.types}
    for token in sorted(one for one in named if "*" not in one):
        if token.split(":", 1)[0] != package:
            yield f"{token} is no type of {package}"
        if contracts.contract(token) is None:
            left_out = next((one.told() for one in brought() if one.problems), "")
            yield f"{token} has no contract. {left_out}".rstrip()
    kinds = {name for group in KINDS.values() for name in group}
    for rule in found.rules:
        if rule.kind not in kinds:
            yield f"rule {rule.id}: no rule is of the kind {rule.kind!r}"
    plugin = knowledge(BRIDGED[0]).bridge
    for name in ("plugin", "version"):
        if found.bridge and found.bridge.get(name) != plugin[name]:
            yield f"its bridge's {name} is {found.bridge.get(name)!r}, and the sandbox has {plugin[name]!r}"
    if found.bridge and not isinstance(found.bridge.get("url"), str):
        yield "its bridge has no url"
