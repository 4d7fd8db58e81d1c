"""The outline of a platform: which zones, spaces, stores, machines, keys and groups there are, before what is asked of them.

It is drawn first, so that everything that names something can name what is there. A space that has ended is named
by nothing outside it: from its end on that is refused.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from hypothesis import strategies as st

from hdh_infra.testing.strategies.drawing import draw_names, pick, rarely

ENDED = datetime.date(2020, 6, 30)
"""The end of every space that is closed on any day that a test may take for today."""
OPEN_UNTIL = datetime.date(2090, 6, 30)
"""The end of every space that has one and is open on any such day."""


@final
@dataclass(frozen=True)
class Part:
    """The names of what is in one zone, in one space, or in the defaults of spaces."""

    stores: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Of a space: the defaults that it takes out, `stores/NAME` and `machines/NAME`."""
    ends: datetime.date | None = None

    def with_defaults(self, defaults: Part) -> Part:
        """What a space has with its defaults."""
        stores = {name for name in defaults.stores if f"stores/{name}" not in self.without} | {*self.stores}
        machines = {name for name in defaults.machines if f"machines/{name}" not in self.without} | {*self.machines}
        return Part(tuple(sorted(stores)), tuple(sorted(machines)), (), self.ends)


@final
@dataclass(frozen=True)
class Outline:
    """All the names of a platform."""

    keys: tuple[str, ...]
    groups: tuple[str, ...]
    zones: dict[str, Part]
    defaults: Part
    projects: dict[str, Part]
    audit: str | None
    """The zone that holds the logs and no other store, if there is one."""

    @property
    def open_spaces(self) -> dict[str, Part]:
        """Spaces that have not ended, with their defaults."""
        return {name: part.with_defaults(self.defaults) for name, part in self.projects.items() if part.ends != ENDED}

    @property
    def zone_machines(self) -> list[str]:
        """Paths of machines in zones."""
        return [f"zone/{name}/machine/{one}" for name, part in self.zones.items() for one in part.machines]

    @property
    def space_machines(self) -> list[str]:
        """Paths of machines in open spaces."""
        return [f"space/{name}/machine/{one}" for name, part in self.open_spaces.items() for one in part.machines]

    @property
    def zone_stores(self) -> list[str]:
        """Paths of stores in zones, without that of the logs."""
        found = {name: part for name, part in self.zones.items() if name != self.audit}
        return [f"zone/{name}/store/{one}" for name, part in found.items() for one in part.stores]

    @property
    def space_stores(self) -> list[str]:
        """Paths of stores in open spaces, without the stages of airlocks."""
        return [f"space/{name}/store/{one}" for name, part in self.open_spaces.items() for one in part.stores]

    @property
    def zone_ends(self) -> list[str]:
        """Zones and their machines: what can be the source of a flow, and its end."""
        return [*self.zone_machines, *(f"zone/{name}" for name in self.zones), "zone/*"]

    @property
    def space_patterns(self) -> list[str]:
        """Patterns of spaces and of their machines; none where there is no space."""
        named = sorted({one for part in self.open_spaces.values() for one in part.machines})
        return ["space/*", *(f"space/*/machine/{one}" for one in named)] if self.projects else []

    @property
    def people(self) -> list[str]:
        """Groups, as rights name them."""
        return [f"group/{name}" for name in self.groups]


def _part(draw: st.DrawFn, most: int = 2) -> Part:
    return Part(draw_names(draw, 0, most), draw_names(draw, 0, most))


def _project(draw: st.DrawFn, defaults: Part, *, rich: bool) -> Part:
    found = _part(draw, 1)
    if not rich:
        return found
    removable = [*(f"stores/{one}" for one in defaults.stores), *(f"machines/{one}" for one in defaults.machines)]
    without = tuple(one for one in removable if rarely(draw))
    ends = pick(draw, [None, None, OPEN_UNTIL, ENDED])
    stores = tuple(one for one in found.stores if f"stores/{one}" not in without)
    machines = tuple(one for one in found.machines if f"machines/{one}" not in without)
    return Part(stores, machines, without, ends)


def draw_outline(draw: st.DrawFn, spaces: Sequence[int], *, rich: bool) -> Outline:
    """The names of a small platform.

    Args:
        draw: Hypothesis's own.
        spaces: how many project spaces there are, at least and at most.
        rich: with defaults, groups, ends and a zone of logs.
    """
    keys = draw_names(draw, 0 if rich else 1, 2)
    zones = {name: _part(draw) for name in draw_names(draw, 1, 2)}
    defaults = _part(draw) if rich and spaces[1] else Part()
    projects = {name: _project(draw, defaults, rich=rich) for name in draw_names(draw, spaces[0], spaces[1])}
    groups = draw_names(draw, 0, 2) if rich else ()
    audit = None
    if rich and rarely(draw, 3):
        audit = next(one for one in ("logs", "logs-1", "logs-2") if one not in zones)
        zones[audit] = Part(draw_names(draw, 1, 1), ())
    return Outline(keys, groups, zones, defaults, projects, audit)
