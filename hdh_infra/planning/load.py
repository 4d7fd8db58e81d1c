"""Loading a spec with everything that can be checked before a plan: the model's rules and the catalogue's.

`load` is the library's way in; the command line adds the targets that it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hdh_infra.catalogue.load import site, targets
from hdh_infra.catalogue.schema import ATTRIBUTES
from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.expand import expand
from hdh_infra.model.load import examine
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.model.words import nearest
from hdh_infra.planning.lock import _location, too_large


def load(file: str | Path, *, on: Sequence[str] = ()) -> Platform:
    """Read and check a spec.

    Args:
        file: the YAML.
        on: targets to check it for, beside those that it names itself.

    Raises:
        SpecError: with every problem of the file and of the named targets at once.
    """
    platform, problems = examine(Path(file))
    if platform is not None:
        problems.extend(check_targets(platform))
    problems.extend(check_named(on))
    if platform is not None:
        known = {str(one) for one in targets()}
        problems.extend(
            check_fits(platform, [Target.parse(one) for one in dict.fromkeys((*platform.targets, *on)) if one in known])
        )
    if problems or platform is None:
        raise SpecError(list({str(problem): problem for problem in problems}.values()))
    return platform


def check_named(on: Iterable[str]) -> list[Problem]:
    """Targets given by hand exist."""
    known = {str(one) for one in targets()}
    return [
        Problem("--on", None, None, "", f"no target is {name!r}; {nearest(name, known)}".rstrip("; "))
        for name in on
        if name not in known
    ]


def check_targets(platform: Platform) -> list[Problem]:
    """The targets, waivers and facts of a spec speak of targets and attributes that the catalogue has."""
    known = {str(one) for one in targets()}
    named = [(("targets", name), name) for name in platform.targets]
    named += [(("waivers", index, "target"), waiver.target) for index, waiver in enumerate(platform.waivers)]  # type: ignore[misc]  # a location's parts differ
    named += [(("facts", index, "target"), fact.target) for index, fact in enumerate(platform.facts)]  # type: ignore[misc]  # as above
    problems = [
        platform.problem(at, f"no target is {name!r}; {nearest(name, known)}".rstrip("; "))
        for at, name in named
        if name not in known
    ]
    for index, fact in enumerate(platform.facts):
        if fact.attribute not in ATTRIBUTES:
            what = f"no attribute is {fact.attribute!r}; {nearest(fact.attribute, ATTRIBUTES)}".rstrip("; ")
            problems.append(platform.problem(("facts", index, "attribute"), what))
        elif fact.target in known:
            row = site(Target.parse(fact.target)).fact(fact.attribute)
            if row.value is not None:
                what = f"{fact.attribute} of {fact.target} is known ({row.value!r}, {row.source}): a declaration fills an unknown, it overrides nothing"
                problems.append(platform.problem(("facts", index, "attribute"), what))
    return problems


def check_fits(platform: Platform, on: Iterable[Target]) -> list[Problem]:
    """Every machine has a flavour and an image on each target, and each target lies in the residency."""
    problems = []
    expanded = expand(platform)
    for target in on:
        place = site(target, platform)
        country = place.country
        if country is not None and country not in platform.residency.countries:
            what = (
                f"{target} lies in {country}, and stores and machines may lie in {', '.join(platform.residency.countries)} only: "
                "choose a target there; residency can never be waived"
            )
            at: tuple[str | int, ...] = (
                ("targets", str(target)) if str(target) in platform.targets else ("residency", "countries")
            )
            problems.append(platform.problem(at, what))
        for path, machine in expanded.machines.items():
            if place.flavour(machine.vcpus, int(machine.memory)) is None:
                problems.append(
                    platform.problem(_location(path), too_large(path, machine.vcpus, int(machine.memory), place))
                )
            if machine.image not in place.offer.images:
                what = f"{target} has no image {machine.image!r}; {nearest(machine.image, place.offer.images)}".rstrip(
                    "; "
                )
                problems.append(platform.problem((*_location(path), "image"), what))
    return problems
