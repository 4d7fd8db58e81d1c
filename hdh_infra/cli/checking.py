"""What `validate` tells of a description that is well formed: its waivers that waive nothing any more, by their place."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdh_infra.model.lock import Lock
    from hdh_infra.model.platform import Platform


def idle(platform: Platform, lock: Lock | None, today: datetime.date) -> list[str]:
    """A line for each waiver that waives nothing on its target; of a target that no plan can be made for, none."""
    from hdh_infra.catalogue.load import site
    from hdh_infra.compare.assessment import plan_all
    from hdh_infra.graph.plan import Plan
    from hdh_infra.model.target import Target
    from hdh_infra.planning.waiving import idle_waivers

    found: list[str] = []
    for name in dict.fromkeys(waiver.target for waiver in platform.waivers):
        target = Target.parse(name)
        for plan in plan_all(platform, [target], lock, today):
            if isinstance(plan, Plan):
                found += map(str, idle_waivers(plan.verdicts, platform, site(target, platform), today))
    return found
