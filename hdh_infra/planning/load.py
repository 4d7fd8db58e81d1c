"""Loading a spec with everything that can be checked before a plan: the model's rules and the catalogue's.

`load` is the library's way in; the command line adds the targets that it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hdh_infra.catalogue.forms import check_value
from hdh_infra.catalogue.load import Site, left_out, site, targets
from hdh_infra.catalogue.schema import ATTRIBUTES
from hdh_infra.clouds import of
from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.check_meaning import place_of
from hdh_infra.model.expand import expand
from hdh_infra.model.load import UNKNOWN_COUNTRY, examine
from hdh_infra.model.measured import Measured
from hdh_infra.model.names import texts, told
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.capacity import check_quotas
from hdh_infra.planning.lock import too_large
from hdh_infra.planning.measured_file import with_measured
from hdh_infra.planning.state_place import state_outside


def load(file: str | Path, *, on: Sequence[str] = (), measured: Mapping[str, Measured] | None = None) -> Platform:
    """Read and check a spec.

    Args:
        file: the YAML.
        on: targets to check it for, beside those that it names itself.
        measured: what was measured of targets; it stands in for the files that the spec names.

    Raises:
        SpecError: with every problem of the file and of the named targets at once.
    """
    found = examine(Path(file))
    platform, problems = found.platform, list(found.problems)
    if platform is not None:
        platform = with_measured(platform, measured or {}, problems)
        problems.extend(check_targets(platform, found.written))
        known = {str(one) for one in targets()}
        named = [Target.parse(one) for one in dict.fromkeys((*platform.targets, *on)) if one in known]
        stands_in = bool(problems) and platform.residency.countries == (UNKNOWN_COUNTRY,)
        problems.extend(check_fits(platform, named, residency=not stands_in))
    problems.extend(check_named(on))
    if problems or platform is None:
        raise SpecError(found.origin.in_order(problems))
    return platform


def check_named(on: Iterable[str]) -> list[Problem]:
    """Targets given by hand exist."""
    known = {str(one) for one in targets()}
    return [Problem("--on", None, None, "", _no_target(name, known)) for name in on if name not in known]


def _no_target(name: str, known: Iterable[str]) -> str:
    """That there is no such target: because its cloud was left out, else with the nearest right word."""
    wrong = next((one for one in left_out() if one.cloud == name.partition(":")[0].partition("/")[0]), None)
    return f"no target is {name!r}: {wrong}" if wrong else told(f"no target is {name!r}", name, known)


def check_targets(platform: Platform, written: Mapping[str, Any] | None = None) -> list[Problem]:
    """The targets, waivers and facts of a spec speak of targets and attributes that the catalogue has.

    Args:
        platform: the spec.
        written: the value of its file, if it has one, whose places in lists are told.
    """
    known = {str(one) for one in targets()}
    view = written or platform.model_dump(by_alias=True, mode="json")
    names = view.get("targets")
    named = [(("targets", name), name) for name in names] if isinstance(names, Mapping) else []
    for part in ("waivers", "facts"):
        named.extend(texts(view, part, "*", "target"))  # type: ignore[arg-type]  # a location's parts differ
    problems = [platform.problem(at, _no_target(name, known)) for at, name in named if name not in known]
    facts = dict(texts(view, "facts", "*", "target"))
    for at, attribute in texts(view, "facts", "*", "attribute"):
        target = facts.get((*at[:-1], "target"))
        if attribute not in ATTRIBUTES:
            problems.append(platform.problem(at, told(f"no attribute is {attribute!r}", attribute, ATTRIBUTES)))
        elif target in known:
            row = site(Target.parse(target)).fact(attribute)
            if row.value is not None:
                what = f"{attribute} of {target} is known ({row.value!r}, {row.source}): a declaration fills an unknown, it overrides nothing"
                problems.append(platform.problem(at, what))
    problems.extend(_declared(platform, known))
    return problems


def _declared(platform: Platform, known: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the values of declared facts, and with flavours of an offer that is not its operator's own."""
    for index, fact in enumerate(platform.facts):
        if fact.attribute in ATTRIBUTES and (wrong := check_value(fact.attribute, fact.value)):
            yield platform.problem(("facts", index, "value"), wrong)
    for name, settings in platform.targets.items():
        if settings.flavours and name in known and not site(Target.parse(name)).offer.private:
            what = f"{name} is no private offer, and its flavours are in the catalogue: take the declared ones out"
            yield platform.problem(("targets", name, "flavours"), what)


def check_fits(platform: Platform, on: Iterable[Target], *, residency: bool = True) -> list[Problem]:
    """Every machine has a flavour and an image on each target, and each target lies in the residency.

    Args:
        platform: the spec.
        on: the targets.
        residency: whether the spec says where data may lie; without it that is not judged.
    """
    problems = []
    expanded = expand(platform)
    for target in on:
        place = site(target, platform)
        country = place.country
        asked = platform.residency.countries
        if country is not None and country not in asked and residency:
            what = (
                f"{target} lies in {country}, and stores and machines may lie in {', '.join(platform.residency.countries)} only: "
                "choose a target there; residency can never be waived"
            )
            at: tuple[str | int, ...] = (
                ("targets", str(target)) if str(target) in platform.targets else ("residency", "countries")
            )
            problems.append(platform.problem(at, what))
        if residency:
            problems.extend(check_state_place(platform, place))
        problems.extend(check_quotas(platform, place))
        problems.extend(check_existing(platform, place))
        if place.offer.refused is not None:
            # It is assessed all the same, and answers nothing.
            continue
        for path, machine in expanded.machines.items():
            if place.flavour(machine.vcpus, int(machine.memory)) is None:
                problems.append(
                    platform.problem(place_of(path), too_large(path, machine.vcpus, int(machine.memory), place))
                )
            if machine.image not in place.offer.images:
                what = told(f"{target} has no image {machine.image!r}", machine.image, place.offer.images)
                problems.append(platform.problem((*place_of(path), "image"), what))
    return problems


def check_state_place(platform: Platform, place: Site) -> Iterator[Problem]:
    """The state that a spec names for a target lies in the residency, as far as the spec alone tells."""
    state = place.settings.state
    outside = state_outside(platform, place, state.backend, state.secrets, {}) if state is not None else ()
    for field, what in outside:
        yield platform.problem(("targets", str(place.target), "state", field), f"{what}; residency can never be waived")


def check_existing(platform: Platform, place: Site) -> Iterator[Problem]:
    """What is named instead of made is of a kind that the cloud has, and a family of images that is used."""
    allowed = of(place.target).existing
    families = {machine.image for machine in expand(platform).machines.values()}
    for path in platform.settings(place.target).existing:
        location = ("targets", str(place.target), "existing", path)
        head, _, family = path.partition("/")
        kind = {"zone": "network", "space": "network"}.get(head, head)
        if kind not in allowed:
            yield platform.problem(
                location, told(f"{place.target} has no {kind} that could be named instead of made", kind, allowed)
            )
        elif kind == "image" and family not in families:
            yield platform.problem(location, told(f"no machine has the image {family!r}", family, families))
