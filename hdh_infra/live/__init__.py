"""What is deployed, asked of the servers themselves: OpenStack by its SDK, buckets and their users by S3 and IAM, networks and machines by EC2.

`read_live` gives native resources in the same types and words as an engine's state has them, so that the
same pure `observe` reads both; it gives no meaning to anything. The paths that it puts on resources come
from the state by their ids, and are labels only. What has no reader here (Azure, OVHcloud's own services)
stays as the state has it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hdh_infra.errors import CloudError
from hdh_infra.graph.observation import Native, Natives

if TYPE_CHECKING:
    from hdh_infra.model.measured import Measured
    from hdh_infra.model.platform import Platform
    from hdh_infra.model.target import Target

__all__ = ["has_reader", "leftovers", "measure", "named", "read_live"]
_CLOUDS = frozenset({"openstack", "outscale", "ovhcloud"})


def has_reader(target: Target) -> bool:
    """Whether servers of a target can be asked."""
    from hdh_infra.clouds import of

    return of(target).name in _CLOUDS


def read_live(
    target: Target,
    environment: Mapping[str, str],
    state_natives: Iterable[Native],
    *,
    platform: Platform | None = None,
) -> Natives:
    """What the servers of a deployment answer now, and for types without a reader what the state holds.

    A resource of the state that its server does not know any more is left out. One that lies in the
    project and that the state does not know has a path under `platform/unmanaged/`. Buckets and users of
    others are not looked for: an S3 endpoint is shared by many platforms.

    Args:
        target: the target.
        environment: the variables that credentials and endpoints are taken from (`OS_*`, `AWS_*`); no others are read.
        state_natives: what the engine's state holds.
        platform: the spec, which may name the S3 endpoint of a private offer; else it is the catalogue's.

    Raises:
        CloudError: an endpoint does not answer or refuses the credentials.
    """
    from hdh_infra.clouds import of

    known = tuple(state_natives)
    return Natives(_read(target, environment, known, platform), "live", of(target).identifiers)


def named(target: Target, state_natives: Iterable[Native], live_natives: Iterable[Native]) -> Natives:
    """The state with what its ids are called, as the servers answered: a state holds an image's id and not its name.

    Only names are added; what is deployed stays as the state has it.
    """
    from hdh_infra.clouds import of
    from hdh_infra.compare.side import LOOKED_UP

    names = [native for native in live_natives if native.path.startswith(LOOKED_UP)]
    return Natives([*state_natives, *names], "state", of(target).identifiers)


def leftovers(
    target: Target,
    environment: Mapping[str, str],
    natives_before: Iterable[Native],
    *,
    platform: Platform | None = None,
) -> list[str]:
    """Which of some resources still exist, asked of the servers by their ids, sorted; to prove that `destroy` left nothing.

    Each is written as `path (type id)`. Keys that Barbican made for orders are asked for too; types without a
    reader are not. Arguments and errors as `read_live`.
    """
    from hdh_infra.live import ec2, keys, openstack
    from hdh_infra.live import s3 as buckets
    from hdh_infra.live.answers import plain_id

    before = list(natives_before)
    asked = [native for native in before if native.type in openstack.TYPES | buckets.TYPES | ec2.TYPES.keys()]
    asked += keys.made_by(before)
    ids = {(native.type, plain_id(native.type, native.id)) for native in asked}
    left = [
        native
        for native in _read(target, environment, asked, platform)
        if (native.type, plain_id(native.type, native.id)) in ids
    ]
    return sorted(f"{native.path} ({native.type} {native.id})" for native in left)


def measure(
    target: Target,
    environment: Mapping[str, str],
    platform: Platform,
    *,
    as_of: datetime.date,
    say: Callable[[str], None] = lambda _: None,
) -> Measured:
    """What the endpoints of a target have, asked of themselves; an S3 endpoint is tried on scratch buckets, which are removed.

    A service that does not answer, or may not be asked, is a remark, and what it would have told stays as it was.

    Args:
        target: the target.
        environment: the variables that credentials and endpoints are taken from (`OS_*`, `AWS_*`); no others are read.
        platform: the spec: its name, its endpoint, and what it names by id.
        as_of: the day.
        say: what is told while it lasts.

    Raises:
        CloudError: neither OpenStack nor an S3 endpoint could be asked.
    """
    from hdh_infra.catalogue.load import site
    from hdh_infra.live import asking, probing
    from hdh_infra.live.measuring import measure as facts_of

    place = site(target, platform.with_measured({str(target): _nothing(as_of)}))
    problems: list[CloudError] = []
    said = probed = None
    try:
        said = asking.ask(environment, environment.get("OS_REGION_NAME") or place.service_region("compute"), say)
    except CloudError as error:
        problems.append(error)
    try:
        probed = probing.probe(environment, _endpoint(target, platform), say)
    except CloudError as error:
        problems.append(error)
    if said is None and probed is None:
        raise CloudError(str(target), "; ".join(f"{one.where}: {one.what}" for one in problems), problems[0].remedy)
    found = facts_of(said, probed, place, platform.name, as_of)
    told = tuple(f"{one.where} could not be asked: {one.what}" for one in problems)
    return found.model_copy(update={"remarks": (*told, *found.remarks)})


def _nothing(as_of: datetime.date) -> Measured:
    """So that what was measured before is no part of what is measured now."""
    from hdh_infra.model.measured import Measured

    return Measured(as_of=as_of)


def _read(
    target: Target, environment: Mapping[str, str], known: Sequence[Native], platform: Platform | None
) -> list[Native]:
    from hdh_infra.live import ec2, openstack
    from hdh_infra.live import s3 as buckets

    found: list[Native] = []
    machines = [native for native in known if native.type in ec2.TYPES]
    if machines:
        found += ec2.read(environment, _ec2_endpoint(target), machines)
    if any(native.type in openstack.TYPES for native in known):
        region = environment.get("OS_REGION_NAME") or _site_region(target)
        found += openstack.read(environment, region, known)
    stored = [native for native in known if native.type in buckets.TYPES]
    if stored:
        found += buckets.read(environment, _endpoint(target, platform), stored)
    found += [native for native in known if native.type not in openstack.TYPES | buckets.TYPES | ec2.TYPES.keys()]
    return found


def _site_region(target: Target) -> str:
    from hdh_infra.catalogue.load import site

    return site(target).service_region("compute")


def _ec2_endpoint(target: Target) -> Mapping[str, Any]:
    """The EC2-compatible endpoint of a target; what it lacks is of no matter to questions."""
    from hdh_infra.catalogue.load import site

    place = site(target)
    values = {"ec2Endpoint": place.endpoint("compute"), "region": place.service_region("compute")}
    return {name: value for name, value in values.items() if value is not None}


def _endpoint(target: Target, platform: Platform | None) -> Mapping[str, Any]:
    """The S3 endpoint of a target and how it wants to be spoken to, as the plan's provider has it."""
    from hdh_infra.catalogue.load import site
    from hdh_infra.catalogue.quirks import plugin_settings

    place = site(target)
    values = plugin_settings(place.offer)
    named_here = platform.settings(target).object_store_endpoint if platform is not None else None
    values |= {"endpoint": named_here or place.endpoint("object_store"), "region": place.service_region("object_store")}
    return {name: value for name, value in values.items() if value is not None}
