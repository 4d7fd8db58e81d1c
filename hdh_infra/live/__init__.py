"""What is deployed, asked of the servers themselves: OpenStack by its SDK, buckets and their users by S3 and IAM.

`read_live` gives native resources in the same types and words as an engine's state has them, so that the
same pure `observe` reads both; it gives no meaning to anything. The paths that it puts on resources come
from the state by their ids, and are labels only. What has no reader here (Azure, OVHcloud's own services)
stays as the state has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hdh_infra.graph.observation import Native, Natives

if TYPE_CHECKING:
    from hdh_infra.model.platform import Platform
    from hdh_infra.model.target import Target

__all__ = ["has_reader", "leftovers", "named", "read_live"]
_CLOUDS = frozenset({"openstack", "ovhcloud"})


def has_reader(target: Target) -> bool:
    """Whether servers of a target can be asked."""
    return target.cloud in _CLOUDS


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
    from hdh_infra.clouds import cloud

    known = tuple(state_natives)
    return Natives(_read(target, environment, known, platform), "live", cloud(target.cloud).identifiers)


def named(target: Target, state_natives: Iterable[Native], live_natives: Iterable[Native]) -> Natives:
    """The state with what its ids are called, as the servers answered: a state holds an image's id and not its name.

    Only names are added; what is deployed stays as the state has it.
    """
    from hdh_infra.clouds import cloud
    from hdh_infra.compare.side import LOOKED_UP

    names = [native for native in live_natives if native.path.startswith(LOOKED_UP)]
    return Natives([*state_natives, *names], "state", cloud(target.cloud).identifiers)


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
    from hdh_infra.live import keys, openstack
    from hdh_infra.live import s3 as buckets
    from hdh_infra.live.answers import plain_id

    before = list(natives_before)
    asked = [native for native in before if native.type in openstack.TYPES | buckets.TYPES]
    asked += keys.made_by(before)
    ids = {(native.type, plain_id(native.type, native.id)) for native in asked}
    left = [
        native
        for native in _read(target, environment, asked, platform)
        if (native.type, plain_id(native.type, native.id)) in ids
    ]
    return sorted(f"{native.path} ({native.type} {native.id})" for native in left)


def _read(
    target: Target, environment: Mapping[str, str], known: Sequence[Native], platform: Platform | None
) -> list[Native]:
    from hdh_infra.live import openstack
    from hdh_infra.live import s3 as buckets

    found: list[Native] = []
    if any(native.type in openstack.TYPES for native in known):
        region = environment.get("OS_REGION_NAME") or _site_region(target)
        found += openstack.read(environment, region, known)
    stored = [native for native in known if native.type in buckets.TYPES]
    if stored:
        found += buckets.read(environment, _endpoint(target, platform), stored)
    found += [native for native in known if native.type not in openstack.TYPES | buckets.TYPES]
    return found


def _site_region(target: Target) -> str:
    from hdh_infra.catalogue.load import site

    return site(target).service_region("compute")


def _endpoint(target: Target, platform: Platform | None) -> Mapping[str, Any]:
    """The S3 endpoint of a target and how it wants to be spoken to, as the plan's provider has it."""
    from hdh_infra.catalogue.load import site

    place = site(target)
    values: dict[str, Any] = {
        name: place.offer.quirks[name]
        for name in ("addressingStyle", "checksum", "contentMd5")
        if name in place.offer.quirks
    }
    named_here = platform.settings(target).object_store_endpoint if platform is not None else None
    values |= {"endpoint": named_here or place.endpoint("object_store"), "region": place.region.names.get("storage")}
    return {name: value for name, value in values.items() if value is not None}
