"""Reading the catalogue: one YAML a cloud, each checked whole, and the offer that a target means.

It deliberately reads no network: the facts were read on the day they carry.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue, ValidationError

from hdh_infra.catalogue import sources
from hdh_infra.catalogue.measuring import Difference, differences, with_measured
from hdh_infra.catalogue.schema import ATTRIBUTES, AskedGpu, Catalogue, Fact, Flavour, FlavourGpu, Offer, Region
from hdh_infra.catalogue.sources import CATALOGUE, LeftOut, added, clashing, file_of, names, package_of
from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.measured import Measured
from hdh_infra.model.platform import Platform
from hdh_infra.model.scales import Confidence
from hdh_infra.model.settings import TargetSettings
from hdh_infra.model.target import Target
from hdh_infra.model.words import nearest

COMPUTE = "compute"


@functools.cache
def clouds() -> tuple[str, ...]:
    """Names of the clouds that the catalogue has, sorted; with those that other packages add, unless they are left out."""
    unread = {one.cloud for one in _unread()}
    return tuple(name for name in names() if name not in unread)


def left_out() -> tuple[LeftOut, ...]:
    """Clouds of other packages that cannot be used, with what to do; never one of this package's own."""
    return tuple(sorted((*clashing(), *_unread()), key=str))


def forget() -> None:
    """Read everything again at the next question: packages that add clouds were installed or removed since."""
    sources.forget()
    for known in (clouds, catalogue, _unread):
        known.cache_clear()


@functools.cache
def _unread() -> tuple[LeftOut, ...]:
    """Clouds of other packages whose file cannot be used. Whatever goes wrong with one stays with it."""
    found = []
    for name, point in added().items():
        try:
            wrong = _misnamed(name, catalogue(name))
        except FileNotFoundError:
            wrong = f"there is no {CATALOGUE} in {point.module}"
        except SpecError as error:
            more = len(error.problems) - 1
            wrong = str(error.problems[0]) + (f", and {more} more (`hdh targets --check` says all)" if more else "")
        except Exception as error:  # noqa: BLE001 - another's file may be wrong in any way
            wrong = " ".join(str(error).split()) or type(error).__name__
        if wrong:
            package = package_of(point)
            found.append(LeftOut(name, package, wrong.rstrip("."), f"Update {package}, or uninstall it."))
    return tuple(found)


def _misnamed(name: str, found: Catalogue) -> str | None:
    """What of a file does not go with the rest: its own name, or the lowering that an offer names."""
    if found.cloud != name:
        return f"its {CATALOGUE} is of a cloud {found.cloud!r}"
    for offer in found.offers:
        for word, other in (("lowering", offer.lowering), ("kin", offer.kin)):
            if other and other not in names() and importlib.util.find_spec(f"hdh_infra.clouds.{other}") is None:
                right = nearest(other, names())
                return f"offer {offer.name}: {word} is {other!r}, which is no cloud; {right}".rstrip("; ")
    return None


@functools.cache
def catalogue(cloud: str) -> Catalogue:
    """One cloud's file.

    Raises:
        KeyError: there is no such cloud.
        SpecError: its file is no catalogue, with everything that is wrong in it.
    """
    file = file_of(cloud)
    text = file.read_text(encoding="utf-8")
    import yaml

    # The parser in C, where PyYAML has it, takes a tenth of the time; the data are written so that YAML 1.1 and 1.2 read them alike.
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        found = Catalogue.model_validate(loader(text).get_single_data())
    except (ValidationError, yaml.YAMLError):
        from hdh_infra.catalogue.checking import check_form

        # What is wrong with it is told by line and row, and the offers are not looked at: they are not known.
        raise SpecError(check_form(text, Path(str(file)))) from None
    for offer in found.offers:
        unknown = {fact.attribute for fact in offer.facts} ^ ATTRIBUTES
        if unknown or len(offer.facts) != len(ATTRIBUTES):
            what = (
                f"offer {offer.name}: one row for each attribute, not {sorted(unknown)}; `hdh targets --check` says all"
            )
            raise SpecError([Problem(str(file), None, None, "", what)])
    return found


def targets() -> tuple[Target, ...]:
    """Every target of the catalogue; the first offer of a cloud is named without its offer."""
    return tuple(
        Target(cloud, region.name, None if index == 0 else offer.name)
        for cloud in clouds()
        for index, offer in enumerate(catalogue(cloud).offers)
        for region in offer.regions
    )


def first_regions() -> tuple[Target, ...]:
    """The first region of every offer that something can be deployed to: one target an offer."""
    found: dict[tuple[str, str | None], Target] = {}
    for target in targets():
        offer = offer_of(target)
        if offer is not None and offer.refused is None:
            found.setdefault((target.cloud, target.offer), target)
    return tuple(found.values())


def one_of_each(named: Iterable[str] = ()) -> tuple[Target, ...]:
    """One target of every offer, refused ones too: those that are named, else its first region.

    Args:
        named: targets that stand for their offers; several of one offer all count.
    """
    chosen = set(named)
    found: dict[tuple[str, str | None], list[Target]] = {}
    for target in targets():
        found.setdefault((target.cloud, target.offer), []).append(target)
    return tuple(
        one for offer in found.values() for one in ([each for each in offer if str(each) in chosen] or offer[:1])
    )


def offer_of(target: Target) -> Offer | None:
    """The offer that a target names, the first where it names none; None for one that there is not."""
    if target.cloud not in clouds():
        return None
    return next((one for one in catalogue(target.cloud).offers if target.offer in {None, one.name}), None)


def _by_size(flavour: Flavour) -> tuple[int, int, int, float, str]:
    price = math.inf if flavour.price_eur_hour is None else flavour.price_eur_hour
    return flavour.vcpus, int(flavour.memory), flavour.gpu.count if flavour.gpu else 0, price, flavour.name


@dataclass(frozen=True)
class Site:
    """An offer in one of its regions, with what the spec's operators declare of it."""

    target: Target
    offer: Offer
    region: Region
    facts: Mapping[str, Fact]
    settings: TargetSettings = field(default_factory=TargetSettings)
    """What the spec says of the target: ids of groups, what is named instead of made, raised limits."""
    measured: Measured | None = None
    """What was measured of it; facts, flavours and images have it in them already, limits are read here."""
    differences: tuple[Difference, ...] = ()
    """Where that contradicts what was said."""

    @functools.cached_property
    def group_names(self) -> Mapping[str, str]:
        """Groups of people by the cloud's own id, in small letters."""
        return {native.lower(): name for name, native in self.settings.groups.items()}

    def fact(self, attribute: str) -> Fact:
        """The row of one attribute."""
        return self.facts[attribute]

    @property
    def country(self) -> str | None:
        """The country of the region; None where nobody says."""
        value = self.facts["region.country"].value
        return str(value) if value is not None else None

    def service_region(self, service: str) -> str:
        """What a service (compute, storage, keys) calls the region."""
        if service == COMPUTE and self.settings.region_name is not None:
            return self.settings.region_name
        return self.region.names.get(service, self.region.name)

    def endpoint(self, service: str) -> str | None:
        """URL of a service in the region; None where the catalogue has none."""
        template = self.offer.endpoints.get(service)
        if template is None:
            return None
        # A host may be called otherwise than the region that requests are signed for.
        words = {**self.region.names, "region": self.service_region(service)}
        return re.sub(r"\{([a-z0-9_]+)\}", lambda found: words[found[1]], template)

    def flavour(self, vcpus: int, memory: int, gpu: AskedGpu | None = None) -> Flavour | None:
        """The smallest flavour that holds what is asked; None if none does.

        Smallest by processors, memory, number of graphics processors, price (unknown last), name. A flavour
        with graphics processors is taken only where some are asked.
        """
        fits = [
            flavour
            for flavour in self.offer.flavours
            if flavour.vcpus >= vcpus
            and int(flavour.memory) >= memory
            and (flavour.gpu is None if gpu is None else flavour.holds(gpu))
        ]
        return min(fits, key=_by_size, default=None)

    def flavour_named(self, name: str) -> Flavour | None:
        """A flavour by its native name; None where the catalogue has none."""
        return next((flavour for flavour in self.offer.flavours if flavour.name == name), None)


def site(target: Target, platform: Platform | None = None) -> Site:
    """The offer and region that a target means. Raises `ValueError` with the nearest right word."""
    known = {str(one) for one in targets()}
    offer = offer_of(target)
    region = next((one for one in offer.regions if one.name == target.region), None) if offer else None
    if offer is None and (wrong := [one for one in left_out() if one.cloud == target.cloud]):
        raise ValueError(f"no target is {target}; {wrong[0]}".rstrip("."))
    if offer is None or region is None:
        raise ValueError(f"no target is {target}; {nearest(str(target), known)}".rstrip("; "))
    facts = {fact.attribute: fact for fact in offer.facts}
    country: JsonValue = region.country
    facts["region.country"] = facts["region.country"].model_copy(
        update={
            "value": country,
            "source": region.source,
            "as_of": region.as_of,
            "confidence": region.confidence if country else Confidence.unknown,
        }
    )
    declared = {fact.attribute: fact for fact in platform.facts if fact.target == str(target)} if platform else {}
    settings = platform.settings(target) if platform else TargetSettings()
    addresses = settings.object_store_addresses
    if addresses and facts["object_store.addresses"].value is None:
        facts["object_store.addresses"] = facts["object_store.addresses"].model_copy(
            update={
                "value": list(addresses),
                "source": "the description, targets: object_store_addresses",
                "confidence": Confidence.declared,
                "reason": "declared for this target in the description",
            }
        )
    flavours = _declared_flavours(settings, region) if offer.private else ()
    if flavours:
        named = {one.name for one in flavours}
        others = (one for one in offer.flavours if one.name not in named)
        offer = offer.model_copy(update={"flavours": (*flavours, *others)})
    if any(one.gpu for one in flavours) and facts["machine.gpu"].value is None:
        facts["machine.gpu"] = facts["machine.gpu"].model_copy(
            update={
                "value": True,
                "source": "the description, targets: flavours",
                "confidence": Confidence.declared,
                "reason": "declared for this target in the description",
            }
        )
    for attribute, row in declared.items():
        if attribute in facts and facts[attribute].value is None:
            facts[attribute] = facts[attribute].model_copy(
                update={
                    "value": row.value,
                    "source": f"{row.source} (declared by {row.by})",
                    "as_of": row.as_of,
                    "confidence": Confidence.declared,
                    "reason": f"declared by {row.by}",
                }
            )
    # What follows from what stores are spoken to in fills an unknown, as a declaration does; a declaration comes first.
    for row in offer.native.get("by_api", {}).get(str(facts["object_store.api"].value), ()):
        if facts[row["attribute"]].value is None:
            facts[row["attribute"]] = Fact.model_validate(row)
    measured = platform.measured(target) if platform else None
    if measured is None and settings.measured is not None:
        raise ValueError(
            f"targets.{target}.measured names {settings.measured}, which nobody read: load the description with `hdh_infra.load`"
        )
    if measured is None:
        return Site(target, offer, region, facts, settings)
    found = differences(offer, facts, settings, measured)
    offer, facts = with_measured(offer, facts, settings, measured)
    return Site(target, offer, region, facts, settings, measured, found)


def _declared_flavours(settings: TargetSettings, region: Region) -> tuple[Flavour, ...]:
    """The flavours that the operator of a private offer has; they are as old as what is known of the region."""
    return tuple(
        Flavour(
            name=one.name,
            vcpus=one.vcpus,
            memory=one.memory,
            gpu=FlavourGpu(model=one.gpu.model, count=one.gpu.count, memory=one.gpu.memory) if one.gpu else None,
            source="the description, targets: flavours",
            as_of=region.as_of,
            confidence=Confidence.declared,
        )
        for one in sorted(settings.flavours, key=lambda flavour: flavour.name)
    )


def digest_input(place: Site) -> str:
    """What of the catalogue a plan depends on, as one text, for the digest in the plan."""
    rows = [fact.model_dump(mode="json") for _, fact in sorted(place.facts.items())]
    return json.dumps(
        [place.offer.model_dump(mode="json", exclude={"facts"}), place.region.model_dump(mode="json"), rows],
        sort_keys=True,
    )


__all__ = [
    "Site",
    "catalogue",
    "clouds",
    "digest_input",
    "first_regions",
    "forget",
    "left_out",
    "offer_of",
    "one_of_each",
    "site",
    "targets",
]
