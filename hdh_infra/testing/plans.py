"""Plans for tests: the plan of a platform on a target, with the lock that it would have."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdh_infra.graph.plan import Plan
    from hdh_infra.model.lock import Lock
    from hdh_infra.model.platform import Platform
    from hdh_infra.model.target import Target


def plan_of(
    platform: Platform | str | Path, target: Target | str, *, today: datetime.date, lock: Lock | None = None
) -> Plan:
    """The plan of a platform, deployable or not; no engine, no SDK, no network.

    Args:
        platform: the spec, or its file.
        target: where to.
        today: the day that waivers are judged by.
        lock: what was given before.

    Raises:
        SpecError: the spec is wrong, or does not fit on the target.
    """
    from hdh_infra.planning import load, make_plan

    spec = load(platform) if isinstance(platform, str | Path) else platform
    return make_plan(spec, target, lock=lock, today=today)
