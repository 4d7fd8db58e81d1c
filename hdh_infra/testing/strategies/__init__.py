"""Hypothesis strategies for whole platforms and their parts, so that rules can be tried on platforms nobody thought of.

    @given(platform=platforms())
    def test_no_store_of_ours_is_public(platform):
        plan = plan_of(platform, "azure:francecentral", today=TODAY)
        ...

Every platform that they make is one that the model accepts (`check` finds nothing) and that is refused on none of
`TARGETS`: what it asks may be more than an offer gives, which is a verdict, but machines have a flavour and an image.
They are small, and most fields of most elements are not given. A space that ends did so on `ENDED` or will on
`OPEN_UNTIL`, so that any day between is a good *today*. There are no waivers and no overrides: what is
waived is asked of one offer, and native paths belong to one cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from hdh_infra.model.airlock import Airlock
from hdh_infra.model.key import Key
from hdh_infra.model.machine import Machine
from hdh_infra.model.platform import Platform, Space, Zone
from hdh_infra.model.store import Store
from hdh_infra.testing.strategies.drawing import Described, draw_name
from hdh_infra.testing.strategies.elements import draw_key, draw_machine, draw_store
from hdh_infra.testing.strategies.networks import draw_airlock, draw_space, draw_zone
from hdh_infra.testing.strategies.outline import ENDED, OPEN_UNTIL, Outline, Part
from hdh_infra.testing.strategies.whole import TARGETS, draw_platform


@st.composite
def _drawn(draw: st.DrawFn, function: Callable[..., Described], *given: Any, **named: Any) -> Described:
    return function(draw, *given, **named)


@st.composite
def _names(draw: st.DrawFn) -> str:
    return draw_name(draw)


def names() -> st.SearchStrategy[str]:
    """Names of anything: ordinary ones, and such as have been taken for another or cut to be the same."""
    return _names()


def stores(*, keys: Sequence[str] = (), principals: Sequence[str] = (), rich: bool = True) -> st.SearchStrategy[Store]:
    """Stores.

    Args:
        keys: names of keys of the platform that they may name.
        principals: machines, networks, patterns and `group/NAME` that may be given rights.
        rich: with every field; without it size, encryption, key, versioning and retention.
    """
    return _drawn(draw_store, keys, principals, rich=rich).map(Store.model_validate)


def machines(*, keys: Sequence[str] = (), rich: bool = True) -> st.SearchStrategy[Machine]:
    """Machines, small enough for a flavour of every offer.

    Args:
        keys: names of keys of the platform that their disks may name.
        rich: with every field; without it count, processors, memory and data disk.
    """
    return _drawn(draw_machine, keys, rich=rich).map(Machine.model_validate)


def keys(*, groups: Sequence[str] = (), users: Sequence[str] = (), rich: bool = True) -> st.SearchStrategy[Key]:
    """Keys.

    Args:
        groups: names of groups that may administer them.
        users: machines, networks, patterns and `group/NAME` that may use them.
        rich: with every field; without it what they are kept in.
    """
    return _drawn(draw_key, groups, users, rich=rich).map(Key.model_validate)


def airlocks(
    *, keys: Sequence[str] = (), machines: Sequence[str] = (), people: Sequence[str] = ()
) -> st.SearchStrategy[Airlock]:
    """Airlocks that let something in or out.

    Args:
        keys: names of keys of the platform that the stages may name.
        machines: paths of machines that may hand in, review and move.
        people: `group/NAME` that may hand in and review.
    """
    return _drawn(draw_airlock, keys, machines, people).map(Airlock.model_validate)


def zones(
    *, stores: Sequence[str] = (), machines: Sequence[str] = (), keys: Sequence[str] = ()
) -> st.SearchStrategy[Zone]:
    """Zones with what lives in them; rights on their stores are those of machines beside them.

    Args:
        stores: names of their stores.
        machines: names of their machines.
        keys: names of keys of the platform that may be named.
    """
    part = Part(tuple(stores), tuple(machines))
    alone = Outline(tuple(keys), (), {}, Part(), {}, None)
    return _drawn(draw_zone, part, alone, (), rich=True).map(Zone.model_validate)


def spaces(
    name: str,
    *,
    stores: Sequence[str] = (),
    machines: Sequence[str] = (),
    keys: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> st.SearchStrategy[Space]:
    """Project spaces; rights on their stores are those of their own machines and of people.

    Args:
        name: the project's, as its own paths have it.
        stores: names of their stores.
        machines: names of their machines.
        keys: names of keys of the platform that may be named.
        groups: names of groups of people that may be named.
    """
    outline = Outline(tuple(keys), tuple(groups), {}, Part(), {name: Part(tuple(stores), tuple(machines))}, None)
    return _drawn(draw_space, name, outline, rich=True).map(Space.model_validate)


def platforms(*, rich: bool = True, spaces: tuple[int, int] = (0, 2)) -> st.SearchStrategy[Platform]:
    """Whole platforms.

    Args:
        rich: with every field of the model; without it keys, stores, machines, spaces and flows, as few things as can be.
        spaces: how many project spaces there are, at least and at most.
    """
    return _drawn(draw_platform, spaces, rich=rich).map(Platform.model_validate)


__all__ = [
    "ENDED",
    "OPEN_UNTIL",
    "TARGETS",
    "airlocks",
    "keys",
    "machines",
    "names",
    "platforms",
    "spaces",
    "stores",
    "zones",
]
