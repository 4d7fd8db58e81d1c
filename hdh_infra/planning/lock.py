"""Making and keeping the lock: a pure function of the old lock and the spec. Its file is read and written in `lock_file`.

What was given is never taken back or given to another: the range of a removed space stays in the lock until
a person takes the line out, so that no address is reused before its removal was deployed. A new
catalogue changes no flavour and no image that was chosen.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from hdh_infra.catalogue.load import Site, site
from hdh_infra.clouds import of
from hdh_infra.errors import Problem, RefusedError, SpecError
from hdh_infra.model.base import write_size
from hdh_infra.model.check_meaning import place_of
from hdh_infra.model.expand import Expanded, expand
from hdh_infra.model.lock import Kept, Lock
from hdh_infra.model.machine import Gpu
from hdh_infra.model.paths import matches, network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.services import SERVICE_LENGTH, service_ranges
from hdh_infra.model.target import Target

FIRST_HOST = 4
"""Azure reserves the first four addresses of a subnet, OpenStack's gateway is the second: both start behind them."""
RESERVED_AT_END = 2


def update_lock(
    old: Lock | None,
    platform: Platform,
    targets: Iterable[Target],
    *,
    salt: str | None = None,
    nearest: bool = False,
) -> Lock:
    """What the lock becomes for a spec on some targets.

    Args:
        old: the lock so far; None for a new platform.
        platform: the spec.
        targets: targets to choose flavours and images for, beside those that the lock has.
        salt: of a new lock; without it one is derived from the platform's name, which is enough to look at a plan.
        nearest: of a machine that no flavour holds take the largest there is, so that the rest can be looked at.

    Raises:
        SpecError: the platform does not fit into its address space, or no flavour holds a machine.
        RefusedError: a data holder is missing from the spec and was not retired.
    """
    if old and old.platform != platform.name:
        what = f"is of {old.platform}, not of {platform.name}: use the lock of this platform"
        raise SpecError([old.problem(("platform",), what)])
    expanded = expand(platform)
    problems: list[Problem] = []
    base = old or Lock(platform=platform.name, salt=salt or hashlib.sha256(platform.name.encode()).hexdigest()[:8])
    addresses = _addresses(base, expanded, problems)
    hosts = _hosts(base, expanded, addresses, problems)
    flavours, images = dict(base.flavours), dict(base.images)
    for target in sorted(targets):
        try:
            place = site(target, platform)
        except ValueError as error:
            problems.append(platform.problem(("targets",), str(error)))
            continue
        if place.offer.refused is not None:
            # It has no machines to choose for, and nothing is ever deployed there.
            continue
        flavours[str(target)] = _flavours(base, expanded, place, problems, nearest=nearest)
        images[str(target)] = _images(base, expanded, place, problems)
    if problems:
        raise SpecError(problems)
    return base.model_copy(
        update={
            "addresses": addresses,
            "hosts": hosts,
            "flavours": flavours,
            "images": images,
            "data_holders": _data_holders(base, expanded),
        }
    )


def with_layout(lock: Lock, layout: Literal["one", "parts"]) -> Lock:
    """The lock with another layout.

    Raises:
        RefusedError: the platform is in parts. Stacks can be cut and not joined.
    """
    if lock.layout == "parts" and layout == "one":
        raise RefusedError(
            "layout",
            "the platform is in parts: a stack can be cut and not joined",
            "Where nothing of it is deployed, change the line `layout` in the lock by hand; nothing was changed",
        )
    return lock.model_copy(update={"layout": layout})


def _data_holders(base: Lock, expanded: Expanded) -> dict[str, str]:
    lost = missing_data_holders(base, expanded.platform)
    if lost:
        raise RefusedError(
            "data holders",
            f"the lock has {', '.join(f'{path} ({kind})' for path, kind in lost.items())}, and the spec does not",
            "Put it back, or say under retire: {element, reason, data: keep|delete}; nothing was changed",
        )
    return dict(
        sorted(
            {
                **{path: kind for path, kind in base.data_holders.items() if not retired(expanded.platform, path)},
                **expanded.data_holders,
            }.items()
        )
    )


def missing_data_holders(lock: Lock, platform: Platform) -> Mapping[str, str]:
    """Data holders of the lock that the spec neither has nor retires (law 9)."""
    has = expand(platform).data_holders
    return {path: kind for path, kind in lock.data_holders.items() if path not in has and not retired(platform, path)}


def retired(platform: Platform, path: str) -> Literal["keep", "delete"] | None:
    """The word for a data holder that may go; None of one that must stay. The first that means it counts."""
    return next((one.data for one in platform.retire if matches(one.element, path)), None)


def _addresses(base: Lock, expanded: Expanded, problems: list[Problem]) -> dict[str, str]:
    settings = expanded.platform.network
    found = dict(base.addresses)
    for path, zone in expanded.networks.items():
        if zone.address_range:
            if found.get(path, zone.address_range) != zone.address_range:
                at = place_of(path, "address_range")
                problems.append(
                    expanded.platform.problem(
                        at, f"is {zone.address_range}, and the lock gave {found[path]}: a deployed range cannot change"
                    )
                )
            found[path] = zone.address_range
    free = _free(ipaddress.IPv4Network(settings.address_space), settings.prefix_length, found.values())
    for path in expanded.networks:
        if path not in found:
            given = next(free, None)
            if given is None:
                at = ("network", "address_space")
                problems.append(
                    expanded.platform.problem(
                        at, f"{settings.address_space} has no range left for {path}: widen it, or raise prefix_length"
                    )
                )
                return found
            found[path] = str(given)
    _services(expanded, found, problems)
    return dict(sorted(found.items()))


def _services(expanded: Expanded, found: dict[str, str], problems: list[Problem]) -> None:
    """Give each service of a network a range of its own; after the networks', so that none of these moves for it."""
    space = expanded.platform.network.address_space
    free = _free(ipaddress.IPv4Network(space), SERVICE_LENGTH, found.values())
    for path in service_ranges(expanded):
        if path not in found:
            given = next(free, None)
            if given is None:
                what = f"{space} has no /{SERVICE_LENGTH} left for {path}: widen it, or raise prefix_length"
                problems.append(expanded.platform.problem(("network", "address_space"), what))
                return
            found[path] = str(given)


def _free(space: ipaddress.IPv4Network, length: int, taken: Iterable[str]) -> Iterator[ipaddress.IPv4Network]:
    used = sorted((ipaddress.IPv4Network(one) for one in taken), key=lambda one: int(one.network_address))
    step, index = 2 ** (32 - length), 0
    here, end = int(space.network_address), int(space.broadcast_address)
    while here + step - 1 <= end:
        while index < len(used) and int(used[index].broadcast_address) < here:
            index += 1
        if index < len(used) and int(used[index].network_address) < here + step:
            here = -(-(int(used[index].broadcast_address) + 1) // step) * step
            continue
        yield ipaddress.IPv4Network((here, length))
        here += step


def _hosts(
    base: Lock, expanded: Expanded, addresses: Mapping[str, str], problems: list[Problem]
) -> dict[str, tuple[int, ...]]:
    found = dict(base.hosts)
    taken: dict[str, set[int]] = {}
    for path, numbers in found.items():
        taken.setdefault(network_path(path) or "", set()).update(numbers)
    wanted = [(path, machine.count, 0) for path, machine in expanded.machines.items()]
    wanted += [(path, 1, 1) for path in expanded.stores]
    wanted += [(path, 1, 1) for path in expanded.key_ways]
    for path, count, half in wanted:
        network = network_path(path) or ""
        if network not in addresses:
            continue
        size = ipaddress.IPv4Network(addresses[network]).num_addresses // 2
        have = list(found.get(path, ()))
        mine = taken.setdefault(network, set())
        spare = (
            number
            for number in range(half * size + FIRST_HOST, (half + 1) * size - RESERVED_AT_END)
            if number not in mine
        )
        while len(have) < count:
            number = next(spare, None)
            if number is None:
                what = f"{addresses[network]} has no address left for {path}: give the network a wider address_range"
                problems.append(expanded.platform.problem(place_of(path), what))
                break
            mine.add(number)
            have.append(number)
        found[path] = tuple(have)
    return dict(sorted(found.items()))


def _flavours(base: Lock, expanded: Expanded, place: Site, problems: list[Problem], *, nearest: bool) -> dict[str, str]:
    """The flavour of each machine: the one that was chosen while it holds what is asked, else the smallest that does.

    Without a flavour that has the graphics processors asked, it is the one that comes nearest, and the verdict says
    so: a plan is always made, of the most that there is (law 3).
    """
    chosen = dict(base.flavours.get(str(place.target), {}))
    helpers = of(place.target).service_machines(expanded, place)
    for path, machine in {**expanded.machines, **helpers}.items():
        vcpus, memory = machine.vcpus, int(machine.memory)
        flavour = place.flavour(vcpus, memory, machine.gpu)
        if flavour is None and (path in helpers or (nearest and machine.gpu is None)):
            # Of a helper nobody asked for it in so many words: the most that there is must do.
            flavour = max(place.offer.flavours, key=lambda one: (one.gpu is None, int(one.memory), one.vcpus))
        enough = flavour is not None or machine.gpu is None
        if flavour is None and machine.gpu:
            less = (machine.gpu.model_copy(update={"model": None, "memory": None}), Gpu(), None)
            flavour = next((one for gpu in less if (one := place.flavour(vcpus, memory, gpu))), None)
        kept = place.flavour_named(chosen[path]) if path in chosen else None
        if kept and path in helpers:
            continue
        if kept and kept.vcpus >= vcpus and int(kept.memory) >= memory and (kept.holds(machine.gpu) or not enough):
            continue
        if flavour is None:
            problems.append(expanded.platform.problem(place_of(path), too_large(path, vcpus, memory, place)))
        else:
            chosen[path] = flavour.name
    return dict(sorted(chosen.items()))


def too_large(path: str, vcpus: int, memory: int, place: Site) -> str:
    """The message for a machine that no flavour of a site holds."""
    plain = [flavour for flavour in place.offer.flavours if flavour.gpu is None]
    largest = max(plain, key=lambda flavour: (int(flavour.memory), flavour.vcpus))
    return (
        f"{path} asks {vcpus} vCPU and {write_size(memory)}, and no flavour of {place.target} holds it: the largest is "
        f"{largest.name} ({largest.vcpus} vCPU, {write_size(int(largest.memory))}); ask less, or more machines"
    )


def _images(base: Lock, expanded: Expanded, place: Site, problems: list[Problem]) -> dict[str, str]:
    chosen = dict(base.images.get(str(place.target), {}))
    helpers = of(place.target).service_machines(expanded, place)
    for path, machine in {**expanded.machines, **helpers}.items():
        if path in helpers and chosen.get(path) in place.offer.images:
            continue
        if machine.image not in place.offer.images:
            what = f"{place.target} has no image {machine.image}; allowed: {', '.join(sorted(place.offer.images))}"
            problems.append(expanded.platform.problem((*place_of(path), "image"), what))
        elif chosen.get(path) not in place.offer.images or chosen.get(path) != machine.image:
            chosen[path] = machine.image
    return dict(sorted(chosen.items()))


def after_destroy(lock: Lock, target: Target, kept: Iterable[Kept]) -> Lock:
    """The lock after a destruction: what the cloud keeps is listed, and its elements get other names the next time."""
    things = tuple(kept)
    if not things:
        return lock
    name = str(target)
    generations = dict(lock.generations.get(name, {}))
    for element in sorted({one.element for one in things}):
        generations[element] = generations.get(element, 0) + 1
    return lock.model_copy(
        update={
            "generations": {**lock.generations, name: dict(sorted(generations.items()))},
            "kept": {**lock.kept, name: (*lock.kept.get(name, ()), *things)},
        }
    )
